package web

import (
	"errors"
	"html/template"
	"net/http"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/policy"
)

// maxForm bounds a posted form, in bytes.
const maxForm = 128 << 10

// point finds a collection point: of the policy named, else of the first in force that has it.
func (s *Server) point(policyName, point string) (*policy.Policy, *policy.CompiledPoint, error) {
	for _, p := range s.Consent.Policies(s.Now()) {
		if policyName != "" && p.Name != policyName {
			continue
		}
		if i, ok := p.Point(point); ok && !p.Points[i].Automatic {
			return p, &p.Points[i], nil
		}
	}
	return nil, nil, avow.Errorf(avow.NotFound, "There is no such form here.")
}

// form shows the form of a point, made from the policy.
func (s *Server) form(w http.ResponseWriter, r *http.Request) {
	p, pt, err := s.point(r.URL.Query().Get("policy"), r.PathValue("point"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showForm(w, r, http.StatusOK, p, pt, nil)
}

func (s *Server) showForm(w http.ResponseWriter, r *http.Request, status int, p *policy.Policy, pt *policy.CompiledPoint, back *sent) {
	f := buildForm(p, pt, s.Collect.FormToken(p, pt.Name), back)
	s.show(w, r, status, "form", page{Title: f.Title, Is: f})
}

// readForm reads a posted form of at most maxForm bytes.
func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	if err == nil {
		if err = r.ParseMultipartForm(maxForm); errors.Is(err, http.ErrNotMultipart) {
			err = nil
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return avow.Errorf(avow.TooLarge, "The form is larger than %d bytes. Please shorten what you wrote.", maxForm)
	case err != nil:
		return avow.Errorf(avow.Invalid, "The form did not arrive whole. Please send it again.")
	}
	return nil
}

// collect takes a posted form, and answers with what was kept or with the form and what is wrong.
// A program posts JSON to the same address.
func (s *Server) collect(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") && s.JSON != nil {
		s.JSON(w, r)
		return
	}
	if err := readForm(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	p, pt, err := s.point(r.PostForm.Get(collect.InputPolicy), r.PathValue("point"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	sub, err := collect.Read(pt.Name, r.PostForm)
	if err == nil {
		sub.Policy, sub.RemoteKey, sub.Signals = p.Name, s.Remote(r), signals(r)
		var result collect.Result
		if result, err = s.Collect.Accept(r.Context(), sub); err == nil {
			s.accepted(w, r, p, result)
			return
		}
	}
	if avow.KindOf(err) != avow.Invalid {
		s.fail(w, r, err)
		return
	}
	s.showForm(w, r, http.StatusUnprocessableEntity, p, pt, sentBack(r, err))
}

func sentBack(r *http.Request, err error) *sent {
	b := &sent{values: map[string]string{}, ticked: map[string]bool{}, problem: avow.MessageOf(err)}
	var e *avow.Error
	if errors.As(err, &e) && e.Field != "" {
		b.field, b.problem = e.Field, e.Message
	}
	for name, values := range r.PostForm {
		b.values[name] = strings.Join(values, " ")
		b.ticked[name] = values[0] == "yes"
	}
	return b
}

// signals reads what the browser stands for (w3c-gpc, w3c-dnt).
func signals(r *http.Request) (s avow.Signals) {
	if r.Header.Get("Sec-GPC") == "1" {
		s |= avow.GPC
	}
	if strings.HasPrefix(r.Header.Get("DNT"), "1") {
		s |= avow.DNT
	}
	return s
}

// acceptedView is what somebody reads who gave something.
type acceptedView struct {
	collect.Result
	Fields   []string // labels
	Consents []string // titles
	Notice   string
	Policy   string // title
	Contact  string
}

func (s *Server) accepted(w http.ResponseWriter, r *http.Request, p *policy.Policy, result collect.Result) {
	v := acceptedView{Result: result, Notice: "/policy/" + p.Name, Policy: plain(p, p.Document.Title), Contact: p.Document.Organisation.Contact.Email}
	for _, path := range result.Fields {
		v.Fields = append(v.Fields, fieldOf(path))
	}
	for _, name := range result.Consents {
		if i, ok := p.Purpose(name); ok {
			v.Consents = append(v.Consents, p.Purposes[i].Title)
		}
	}
	s.show(w, r, http.StatusOK, "accepted", page{Title: "Thank you", NoIndex: true, Is: v})
}

// press is a page with one button, because opening a link must change nothing.
type press struct{ Says, Action, Token, Button, Hint string }

// told is a page that says something.
type told struct {
	Paragraphs []string
	Link       *Link
}

// confirm shows what a confirmation link would confirm.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("t")
	p, err := s.Collect.Look(r.Context(), token)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "press", page{Title: "Please confirm", NoIndex: true, Is: press{
		Says: "You said yes to this: " + strings.Join(p.Asks, " "), Action: "/confirm", Token: token, Button: "Yes, I confirm",
		Hint: "If it was not you, close this page. Then nothing happens, and your address is not used for it."}})
}

// confirmed uses the link.
func (s *Server) confirmed(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	if _, err := s.Collect.Confirm(r.Context(), r.PostForm.Get("t")); err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "told", page{Title: "Confirmed", NoIndex: true, Is: told{
		Paragraphs: []string{"Thank you. What you chose counts from now on, and you can take it back at any time."},
		Link:       &Link{"/privacy", "Your data and choices"}}})
}

// welcomeView is what the start page shows.
type welcomeView struct {
	Records template.HTML // their state
	Forms   []Link
}

// welcome is the start page of a server that is not a demo.
func (s *Server) welcome(w http.ResponseWriter, r *http.Request) {
	var forms []Link
	for _, p := range s.Consent.Policies(s.Now()) {
		for _, pt := range p.Points {
			from := p.Sources[pt.Source]
			if !pt.Automatic && !pt.Others && !from.Bought && !from.Automatic && !pt.Needs.Or(pt.May).Empty() {
				forms = append(forms, Link{"/forms/" + pt.Name, firstOf(pt.Title, sentence(pt.Name))})
			}
		}
	}
	s.show(w, r, http.StatusOK, "welcome", page{Title: "Welcome", Is: welcomeView{s.RecordsPart(r.Context()), forms}})
}
