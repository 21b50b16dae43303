package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// requestCookie holds the pass for a request, and the key of its certificate.
func (s *Server) requestCookie() string { return s.sessionCookie() + "-request" }

func (s *Server) setRequest(w http.ResponseWriter, value string, expires time.Time) {
	c := &http.Cookie{Name: s.requestCookie(), Value: value, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode, Expires: expires}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Server) pass(r *http.Request) (pass, certificate string) {
	c, err := r.Cookie(s.requestCookie())
	if err != nil {
		return "", ""
	}
	pass, certificate, _ = strings.Cut(c.Value, "~")
	return pass, certificate
}

// enterRequest opens a request for whoever has a pass.
func (s *Server) enterRequest(w http.ResponseWriter, r *http.Request, p cases.Pass) {
	id, err := s.Requests.Holder(r.Context(), p.Token)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.setRequest(w, p.Token+"~"+s.Requests.CertificateKey(id), p.Expires)
	http.Redirect(w, r, "/privacy/request", http.StatusSeeOther)
}

// followView is the door to a request: its number, and the code or a new link.
type followView struct {
	Problem, Number string
	Wrong           bool // the number is
}

// requestView is a request as whoever asked sees it.
type requestView struct {
	cases.Progress
	rightWords
	Done    string // what was just done
	Answer  string // the day, in words
	Clocks  []clockView
	Certify string // the key of its certificate
	Changed bool   // the answer came
	// Complain are those who hear a complaint about it.
	Complain []string
}

var requestDone = map[string]string{
	"cancelled": "It is cancelled, and nothing was changed.",
	"appealed":  "Your appeal is here. Somebody else looks at it again.",
}

// request shows somebody their request, or the door to it.
func (s *Server) request(w http.ResponseWriter, r *http.Request) {
	pass, certificate := s.pass(r)
	if pass == "" {
		s.showFollow(w, r, http.StatusOK, followView{Number: tidyNumber(r.URL.Query().Get("number"))})
		return
	}
	v, err := s.readRequest(r, pass, certificate)
	if err != nil {
		s.turnFrom(w, r, err)
		return
	}
	v.Done = requestDone[r.URL.Query().Get("done")]
	s.show(w, r, http.StatusOK, "request", page{Title: "Your request " + v.Number, Here: "/privacy", NoIndex: true, Is: v})
}

func (s *Server) readRequest(r *http.Request, pass, certificate string) (v requestView, err error) {
	if v.Progress, err = s.Requests.Progress(r.Context(), pass); err != nil {
		return v, err
	}
	id, err := s.Requests.Holder(r.Context(), pass)
	if err != nil {
		return v, err
	}
	clocks, err := s.Requests.Clock(r.Context(), id)
	if err != nil {
		return v, err
	}
	v.rightWords, v.Clocks, v.Changed = rightsInWords[v.Right], clockViews(clocks), v.State.Over()
	if v.Recourse != "" {
		v.Complain = strings.Split(v.Recourse, "; ")
	}
	if !v.Due.IsZero() {
		v.Answer = lastDay(v.Due)
	}
	if v.Right == law.Remove {
		v.Certify = certificate
	}
	return v, nil
}

// turnFrom sends somebody without a pass to the door; of what was erased meanwhile, to its certificate.
func (s *Server) turnFrom(w http.ResponseWriter, r *http.Request, err error) {
	if avow.KindOf(err) != avow.Unauthorized {
		s.fail(w, r, err)
		return
	}
	if _, key := s.pass(r); key != "" {
		if o, err := s.Requests.Certified(r.Context(), key); err == nil && o.State == cases.Closed && o.Right == law.Remove {
			http.Redirect(w, r, "/privacy/certificate?k="+key, http.StatusSeeOther)
			return
		}
	}
	s.setRequest(w, "", time.Time{})
	s.showFollow(w, r, http.StatusUnauthorized, followView{Problem: "This has been open for half an hour, or the request is over. Ask for a new link, or use a code."})
}

func (s *Server) showFollow(w http.ResponseWriter, r *http.Request, status int, v followView) {
	s.show(w, r, status, "follow", page{Title: "Follow a request", Here: "/privacy", NoIndex: true, Is: v})
}

// requestLink sends a new link to whoever a request is about. The answer tells nothing.
func (s *Server) requestLink(w http.ResponseWriter, r *http.Request) {
	if err := s.readAsk(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	number, ok := s.numberOf(w, r)
	if !ok {
		return
	}
	if err := s.Requests.Send(r.Context(), number); err != nil {
		s.fail(w, r, err)
		return
	}
	s.showAsked(w, r, http.StatusOK, askedView{Number: number, Proof: true})
}

// numberOf is the number that somebody typed; what cannot be one is said, because no letter would ever come of it.
func (s *Server) numberOf(w http.ResponseWriter, r *http.Request) (string, bool) {
	typed := r.PostForm.Get("number")
	number := tidyNumber(typed)
	if number == "" {
		s.showFollow(w, r, http.StatusUnprocessableEntity, followView{Number: typed, Wrong: true, Problem: "That is not the number of a request. One has eight digits, as 4821-7730, and stands in every letter about it."})
	}
	return number, number != ""
}

// tidyNumber is a number of a request as it is written: 4821-7730.
func tidyNumber(typed string) string {
	digits := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, typed)
	if len(digits) != 8 {
		return ""
	}
	return digits[:4] + "-" + digits[4:]
}

// requestOpen is where the link of a letter leads. Mail programs open links by themselves, so it changes nothing.
func (s *Server) requestOpen(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "press", page{Title: "Was it you?", Here: "/privacy", NoIndex: true, Is: press{
		Says: "Somebody asked us something about the data of whoever reads this mail.", Action: "/privacy/request/open", Token: r.URL.Query().Get("t"), Button: "Yes, it was me",
		Hint: "The link works once. If it was not you, close this page: nothing is done, and nobody has seen anything."}})
}

// requestEnter uses the link up.
func (s *Server) requestEnter(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	p, err := s.Requests.Confirm(r.Context(), r.PostForm.Get("t"))
	s.entered(w, r, p, err)
}

// requestCode uses the code up.
func (s *Server) requestCode(w http.ResponseWriter, r *http.Request) {
	if err := s.readAsk(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	number, ok := s.numberOf(w, r)
	if !ok {
		return
	}
	p, err := s.Requests.ConfirmCode(r.Context(), number, strings.TrimSpace(r.PostForm.Get("code")))
	if avow.KindOf(err) == avow.Unauthorized && err != nil {
		s.showFollow(w, r, http.StatusUnauthorized, followView{Number: number, Problem: "That code does not open that request: it was used already, is older than 15 minutes, or was tried too often. Ask for a new link."})
		return
	}
	s.entered(w, r, p, err)
}

func (s *Server) entered(w http.ResponseWriter, r *http.Request, p cases.Pass, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if p.Token == "" {
		s.show(w, r, http.StatusOK, "told", page{Title: "Your new address is shown", Here: "/privacy", NoIndex: true, Is: told{Paragraphs: []string{
			"Thank you. The other letter, to the address we know you by, has a link too. When you have used both, your request goes on."}}})
		return
	}
	s.enterRequest(w, r, p)
}

// requestCancel ends a request that was not begun.
func (s *Server) requestCancel(w http.ResponseWriter, r *http.Request) {
	s.onRequest(w, r, "cancelled", func(pass string) error { return s.Requests.CancelMine(r.Context(), pass) })
}

// requestAppeal has a refusal looked at again.
func (s *Server) requestAppeal(w http.ResponseWriter, r *http.Request) {
	s.onRequest(w, r, "appealed", func(pass string) error { return s.Requests.Appeal(r.Context(), pass, r.PostForm.Get("words")) })
}

func (s *Server) onRequest(w http.ResponseWriter, r *http.Request, done string, act func(pass string) error) {
	if err := readForm(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	pass, _ := s.pass(r)
	if err := act(pass); err != nil {
		s.turnFrom(w, r, err)
		return
	}
	http.Redirect(w, r, "/privacy/request?done="+done, http.StatusSeeOther)
}

// requestPackage hands the package over as it is opened. What goes wrong on the way ends the
// connection, so that nobody takes half of one for the whole.
func (s *Server) requestPackage(w http.ResponseWriter, r *http.Request) {
	pass, _ := s.pass(r)
	to := &attachment{w: w, name: "your-data.zip"}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a large one takes its time, and only whoever has a pass comes here
	err := s.Requests.Download(r.Context(), pass, to)
	switch {
	case err != nil && to.begun:
		if !to.gone {
			s.logFailure(r, avow.KindOf(err), err)
		}
		panic(http.ErrAbortHandler)
	case err != nil:
		s.turnFrom(w, r, err)
	}
}

// attachment is an answer that is kept as a file; its headers are written with its first byte.
type attachment struct {
	w     http.ResponseWriter
	name  string
	begun bool
	gone  bool // whoever wanted it
}

func (a *attachment) Write(b []byte) (int, error) {
	if !a.begun {
		a.begun = true
		h := a.w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", `attachment; filename="`+a.name+`"`)
		h.Set("Cache-Control", "no-store")
	}
	n, err := a.w.Write(b)
	a.gone = a.gone || err != nil
	return n, err
}

// requestLeave ends the pass, here and wherever else it is.
func (s *Server) requestLeave(w http.ResponseWriter, r *http.Request) {
	pass, _ := s.pass(r)
	if err := s.Requests.Leave(context.WithoutCancel(r.Context()), pass); err != nil {
		s.fail(w, r, err)
		return
	}
	s.setRequest(w, "", time.Time{})
	http.Redirect(w, r, "/privacy", http.StatusSeeOther)
}
