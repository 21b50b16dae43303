package web

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/vault"
)

// askingRoutes adds what anybody may ask, and how to follow it. Nothing of it needs a visit.
func (s *Server) askingRoutes(mux *http.ServeMux, post func(string, http.HandlerFunc)) {
	mux.HandleFunc("GET /privacy/ask", s.asking)
	mux.HandleFunc("GET /privacy/ask/{right}", s.askForm)
	post("/privacy/ask/{right}", s.ask)

	mux.HandleFunc("GET /privacy/request", s.request)
	post("/privacy/request/link", s.requestLink)
	mux.HandleFunc("GET /privacy/request/open", s.requestOpen)
	post("/privacy/request/open", s.requestEnter)
	post("/privacy/request/code", s.requestCode)
	post("/privacy/request/cancel", s.requestCancel)
	post("/privacy/request/appeal", s.requestAppeal)
	post("/privacy/request/package", s.requestPackage)
	post("/privacy/request/leave", s.requestLeave)

	mux.HandleFunc("GET /privacy/certificate", s.certificate)
	post("/privacy/certificate", s.certificateFile)

	post("/privacy/me/ask", s.meAsk)
	post("/privacy/me/request", s.meRequest)
	s.usingRoutes(mux, post)
}

// askingView is what can be asked, by policy.
type askingView struct {
	Policies []askingPolicy
	Mail     string
}

type askingPolicy struct {
	Name, Title string
	Rights      []rightLink
}

type rightLink struct {
	Href string
	rightWords
}

// asking lists what somebody can ask under the policies and the laws they name.
func (s *Server) asking(w http.ResponseWriter, r *http.Request) {
	v := askingView{Mail: s.site(r.Context()).Mail}
	for _, p := range s.Consent.Policies(s.Now()) {
		one := askingPolicy{Name: p.Name, Title: plain(p, p.Document.Title)}
		for _, right := range s.rightsUnder(p) {
			one.Rights = append(one.Rights, rightLink{"/privacy/ask/" + string(right) + "?policy=" + p.Name, rightsInWords[right]})
		}
		if len(one.Rights) > 0 {
			v.Policies = append(v.Policies, one)
		}
	}
	s.show(w, r, http.StatusOK, "asking", page{Title: "Ask us something", Here: "/privacy", Is: v})
}

// rightsUnder are what a policy names, and the laws that it names, in their usual order.
func (s *Server) rightsUnder(p *policy.Policy) []law.Right {
	has := map[law.Right]bool{}
	for _, e := range p.Document.Rights.Each {
		has[law.Right(e.Key)] = true
	}
	for _, name := range p.Regimes {
		if g, err := s.Requests.Regimes.Regime(name); err == nil {
			for _, right := range g.Rights(law.DateOf(s.Now(), time.UTC)) {
				has[right] = true
			}
		}
	}
	return slices.DeleteFunc(law.Rights(), func(r law.Right) bool { return !has[r] })
}

// askFormView is the form for one right.
type askFormView struct {
	rightWords
	Right   law.Right
	Policy  string
	Once    string
	As      []string // the addresses of whoever has a visit: nothing is to be shown again
	Level   cases.Level
	Fields  []fieldChoice // of a correction
	Of      []tick        // what can be stopped
	Problem string
	Wrong   string // the input it is about: address, field, to
	Address string
	To      string
	From    string
	Wrote   string
}

// fieldChoice is something that can be corrected.
type fieldChoice struct {
	Path, Label string
	Chosen      bool
}

// Proof reports whether somebody shows first who they are.
func (v askFormView) Proof() bool { return v.Level != cases.Nothing && len(v.As) == 0 }

// askable finds the policy and the right of an address.
func (s *Server) askable(r *http.Request, policyName string) (*policy.Policy, law.Right, error) {
	right := law.Right(r.PathValue("right"))
	for _, p := range s.Consent.Policies(s.Now()) {
		if (policyName == "" || p.Name == policyName) && slices.Contains(s.rightsUnder(p), right) {
			return p, right, nil
		}
	}
	return nil, "", avow.Errorf(avow.NotFound, "Nothing is asked at this address.")
}

func (s *Server) askForm(w http.ResponseWriter, r *http.Request) {
	p, right, err := s.askable(r, r.URL.Query().Get("policy"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	as, err := s.Rights.Addresses(r.Context(), s.session(r))
	if err != nil && avow.KindOf(err) != avow.Unauthorized {
		s.fail(w, r, err)
		return
	}
	s.showAskForm(w, r, http.StatusOK, s.buildAskForm(p, right, nil, as))
}

func (s *Server) showAskForm(w http.ResponseWriter, r *http.Request, status int, v askFormView) {
	s.show(w, r, status, "ask", page{Title: v.Title, Here: "/privacy", Is: v})
}

// buildAskForm makes the form from the policy; with what was typed before, when it comes back.
func (s *Server) buildAskForm(p *policy.Policy, right law.Right, typed url.Values, as []string) askFormView {
	v := askFormView{rightWords: rightsInWords[right], Right: right, Policy: p.Name, Once: rand.Text(), As: as, Level: s.Requests.Needs(right, nil),
		Address: typed.Get("address"), To: typed.Get("to"), From: typed.Get("from"), Wrote: typed.Get("wrote")}
	if right == law.Correct {
		v.Fields = fieldChoices(p, typed.Get("field"))
	}
	for _, c := range stoppable(p, right) {
		c.Ticked = slices.Contains(typed["of"], c.Name)
		v.Of = append(v.Of, c)
	}
	return v
}

// fieldChoices are the fields somebody can have corrected.
func fieldChoices(p *policy.Policy, chosen string) (out []fieldChoice) {
	for _, c := range p.Categories {
		c.Fields.Each(func(i int) {
			if f := p.Fields[i]; f.Declared && !f.Others && f.KeptAs == "" {
				out = append(out, fieldChoice{f.Path(), c.Title + ": " + lowerFirst(fieldLabel(f.Name)), f.Path() == chosen})
			}
		})
	}
	return out
}

// stoppable is what a right stops, each a box: none ticked is all of them.
func stoppable(p *policy.Policy, right law.Right) (out []tick) {
	add := func(name, label string) {
		if !slices.ContainsFunc(out, func(t tick) bool { return t.Name == name }) {
			out = append(out, tick{Name: name, ID: "of-" + htmlID(name), Label: label})
		}
	}
	if right == law.Withdraw {
		for _, u := range p.Purposes {
			if u.Declared && u.ConsentLane >= 0 {
				add(u.Name, u.Title)
			}
		}
	}
	if right == law.Object || right == law.StopMarketing {
		for _, t := range p.Topics {
			add(t.Name, "Marketing: "+lowerFirst(t.Title))
		}
	}
	if right == law.Object {
		for _, l := range p.Objections {
			if u := p.Purposes[l.Purpose]; !l.Once && l.Topic == "" && u.Declared {
				add(u.Name, u.Title)
			}
		}
	}
	return out
}

// askedView is what somebody reads who asked. It is the same whoever they are.
type askedView struct {
	Number  string
	Proof   bool // they look into their mail
	Two     bool // in two mailboxes
	Problem string
}

// ask takes a request down. The answer to an address that is known and to one that is not are the same.
func (s *Server) ask(w http.ResponseWriter, r *http.Request) {
	if err := s.readAsk(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	p, right, err := s.askable(r, r.PostForm.Get("policy"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	a := asked(p, right, r.PostForm)
	if r.PostForm.Get("visit") == "yes" {
		s.askInVisit(w, r, a, p)
		return
	}
	taken, err := s.Requests.Take(r.Context(), a)
	if avow.KindOf(err) == avow.Invalid {
		s.showAskForm(w, r, http.StatusUnprocessableEntity, s.wrongAsk(p, right, r.PostForm, nil, err))
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	level := s.Requests.Needs(right, a.Corrections)
	s.showAsked(w, r, http.StatusOK, askedView{Number: taken.Number, Proof: level != cases.Nothing, Two: level == cases.Both})
}

func (s *Server) showAsked(w http.ResponseWriter, r *http.Request, status int, v askedView) {
	title := "We have your request"
	if v.Proof {
		title = "Look at your mail"
	}
	s.show(w, r, status, "asked", page{Title: title, Here: "/privacy", NoIndex: true, Is: v})
}

// readAsk reads a form, when its sender has not sent too many.
func (s *Server) readAsk(w http.ResponseWriter, r *http.Request) error {
	if s.Allow != nil {
		if err := s.Allow(s.Remote(r)); err != nil {
			return err
		}
	}
	return readForm(w, r)
}

// asked is a request as it was typed. Sending the same form again is the same request.
func asked(p *policy.Policy, right law.Right, form url.Values) cases.Ask {
	a := cases.Ask{ID: sameForm(right, form), Right: right, Policy: p.Name, Door: cases.Centre, Of: form["of"], Wrote: strings.TrimSpace(form.Get("wrote"))}
	if address := strings.TrimSpace(form.Get("address")); address != "" {
		a.Identities = []cases.Identity{{Kind: vault.Email, Value: address}}
	}
	if right == law.Correct {
		a.Corrections = []cases.Correction{{Data: form.Get("field"), To: strings.TrimSpace(form.Get("to")), From: strings.TrimSpace(form.Get("from"))}}
	}
	return a
}

// sameForm is an id that nobody finds who does not know all that was typed.
func sameForm(right law.Right, form url.Values) (id avow.ID) {
	if len(form.Get("once")) < 16 {
		return id
	}
	h := sha256.Sum256([]byte("ask\x00" + string(right) + "\x00" + form.Encode()))
	copy(id[:], h[:])
	return id
}

// wrongAsk is the form with what is wrong in it.
func (s *Server) wrongAsk(p *policy.Policy, right law.Right, typed url.Values, as []string, err error) askFormView {
	v := s.buildAskForm(p, right, typed, as)
	v.Problem = wholeSentence(avow.MessageOf(err))
	var e *avow.Error
	if !errors.As(err, &e) {
		return v
	}
	switch e.Field {
	case "identities":
		v.Wrong, v.Problem = "address", "That is not an e-mail address. One looks like name@mail.example."
	case "corrections":
		v.Wrong, v.Problem = "to", wholeSentence(e.Message)
		if n := utf8.RuneCountInString(v.To); strings.TrimSpace(v.To) == "" || n > 2000 {
			v.Problem = "Say what is right, in at most 2,000 characters."
		}
	case "of":
		v.Problem = "Something that you ticked is not on our list any more. Please look at it again."
	case "wrote":
		v.Wrong, v.Problem = "wrote", "That is more than 4,000 characters. Please shorten it."
	}
	return v
}

// askInVisit takes a request of somebody who is known by their visit, and opens it. What is wrong with it stands in the form of the
// policy, with all that they typed.
func (s *Server) askInVisit(w http.ResponseWriter, r *http.Request, a cases.Ask, p *policy.Policy) {
	a.Session, a.Identities = s.session(r), nil
	if a.Session == "" {
		s.turnAway(w, r, avow.Errorf(avow.Unauthorized, "your visit has ended"))
		return
	}
	taken, err := s.Requests.Take(r.Context(), a)
	if avow.KindOf(err) == avow.Invalid {
		as, gone := s.Rights.Addresses(r.Context(), a.Session)
		if gone == nil {
			s.showAskForm(w, r, http.StatusUnprocessableEntity, s.wrongAsk(p, a.Right, r.PostForm, as, err))
			return
		}
		err = gone
	}
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	s.openMine(w, r, taken.ID)
}

// meAsk takes down what somebody asks from the page of their data, for all systems.
func (s *Server) meAsk(w http.ResponseWriter, r *http.Request) {
	if err := s.readAsk(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	right := law.Right(r.PostForm.Get("right"))
	p := s.mappedPolicy()
	if right != law.Copy && right != law.Remove || p == nil {
		s.fail(w, r, avow.Errorf(avow.Invalid, "Nothing is asked by this form."))
		return
	}
	if right == law.Remove && r.PostForm.Get("sure") != "yes" {
		s.fail(w, r, avow.Errorf(avow.Invalid, "Please tick the box that says you are sure. Nothing was erased."))
		return
	}
	s.askInVisit(w, r, cases.Ask{ID: sameForm(right, r.PostForm), Right: right, Policy: p.Name, Door: cases.Centre}, p)
}

// mappedPolicy is the first policy in force whose systems are mapped; nil: none is.
func (s *Server) mappedPolicy() *policy.Policy {
	if s.Requests == nil || s.Mapped == nil {
		return nil
	}
	for _, p := range s.Consent.Policies(s.Now()) {
		if s.Mapped(p.Name) {
			return p
		}
	}
	return nil
}

// meRequest opens a request of whoever has the visit.
func (s *Server) meRequest(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	id, err := avow.ParseID(r.PostForm.Get("request"))
	if err != nil {
		s.fail(w, r, avow.Errorf(avow.NotFound, "There is no such request."))
		return
	}
	s.openMine(w, r, id)
}

func (s *Server) openMine(w http.ResponseWriter, r *http.Request, id avow.ID) {
	pass, err := s.Requests.Enter(r.Context(), s.session(r), id)
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	s.enterRequest(w, r, pass)
}
