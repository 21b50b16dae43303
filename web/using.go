package web

import (
	"crypto/rand"
	"encoding/json"
	"net/http"

	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/cases"
)

// usingRoutes adds the end of a restriction for whoever asked for it: a page that says what it means, and its button.
func (s *Server) usingRoutes(mux *http.ServeMux, post func(string, http.HandlerFunc)) {
	mux.HandleFunc("GET /privacy/me/use-again", s.useAgain)
	post("/privacy/me/use-again", s.usedAgain)
}

// usingView is the form that ends a restriction.
type usingView struct{ Policy, Title, Once string }

// useAgain shows the form to whoever may send it; to others the page of their data says why they may not.
func (s *Server) useAgain(w http.ResponseWriter, r *http.Request) {
	restriction, err := s.Requests.Restriction(r.Context(), s.session(r))
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	if !restriction.Mine {
		http.Redirect(w, r, "/privacy/me#choices", http.StatusSeeOther)
		return
	}
	v := usingView{Policy: restriction.Policy, Once: rand.Text()}
	if p, err := s.Consent.Version(restriction.Policy, 0); err == nil {
		v.Title = lowerFirst(plain(p, p.Document.Title))
	}
	s.show(w, r, http.StatusOK, "using", page{Title: "Use my data again", Here: "/privacy", NoIndex: true, Is: v})
}

// usedAgain takes down that somebody's data is used again.
func (s *Server) usedAgain(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.visiting(w, r); !ok {
		return
	}
	_, err := s.Requests.Take(r.Context(), cases.Ask{ID: sameForm(cases.Lift, r.PostForm), Right: cases.Lift, Policy: r.PostForm.Get("policy"), Door: cases.Centre, Session: s.session(r)})
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	http.Redirect(w, r, "/privacy/me?done=use-again", http.StatusSeeOther)
}

// endedByThem tells whether it was the person who ended a restriction: staff are named.
func endedByThem(h rights.Happening) bool {
	var said struct{ By string }
	return h.Type == ledger.Unrestricted && len(h.Body) > 0 && json.Unmarshal(h.Body, &said) == nil && said.By == ""
}
