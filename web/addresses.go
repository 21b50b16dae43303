package web

import (
	"net/http"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/vault"
)

// addressRoutes adds what a person does about the addresses that find them.
func (s *Server) addressRoutes(mux *http.ServeMux, post func(string, http.HandlerFunc)) {
	post("/privacy/addresses", s.addAddress)
	post("/privacy/addresses/remove", s.removeAddress)
	mux.HandleFunc("GET /privacy/address", s.addressLink)
	post("/privacy/address", s.confirmAddress)
	post("/privacy/employer", s.correctEmployer)
}

// addressView is one address of the person, and what they can do about it.
type addressView struct {
	Kind, Label, Value     string
	Verified, Opens, Email bool
	Removable              bool
}

// addAnother is the form for another address, with what was wrong about the last try.
type addAnother struct{ Problem, Address string }

func addressViews(rec rights.Record) (list []addressView) {
	for _, id := range rec.Identities {
		list = append(list, addressView{Kind: id.Kind, Label: fieldLabel(id.Kind), Value: id.Value, Verified: id.Verified,
			Opens: id.Verified && id.Kind == vault.Email, Email: id.Kind == vault.Email, Removable: rec.Removable(id)})
	}
	return list
}

// addAddress sends a link to another address. The answer is the same whoever has it.
func (s *Server) addAddress(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.visiting(w, r); !ok {
		return
	}
	address := strings.TrimSpace(r.PostForm.Get("address"))
	err := s.Rights.AddAddress(r.Context(), s.session(r), vault.Identity{Kind: vault.Email, Value: address})
	if avow.KindOf(err) == avow.Invalid {
		s.showMe(w, r, http.StatusUnprocessableEntity, func(v *meView) {
			v.Another = addAnother{"That is not an e-mail address, or it is yours already. One looks like name@mail.example.", address}
		})
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/privacy/me?done=address-added", http.StatusSeeOther)
}

func (s *Server) removeAddress(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.visiting(w, r); !ok {
		return
	}
	id := vault.Identity{Kind: r.PostForm.Get("kind"), Value: r.PostForm.Get("address")}
	if err := s.Rights.RemoveAddress(r.Context(), s.session(r), id); err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/privacy/me?done=address-removed", http.StatusSeeOther)
}

// linkedView is the page of the link to an added address.
type linkedView struct {
	Token string
	As    []string // the addresses of whoever has the visit; empty when no visit is seen
}

// addressLink is where the link to an added address leads. It changes nothing. A browser that comes
// from a mail page of another site brings no cookie of ours, so that the visit shows only when the
// first button is pressed.
func (s *Server) addressLink(w http.ResponseWriter, r *http.Request) {
	as, err := s.Rights.Addresses(r.Context(), s.session(r))
	if err != nil && avow.KindOf(err) != avow.Unauthorized {
		s.fail(w, r, err)
		return
	}
	s.showLinked(w, r, linkedView{r.URL.Query().Get("t"), as})
}

func (s *Server) showLinked(w http.ResponseWriter, r *http.Request, v linkedView) {
	s.show(w, r, http.StatusOK, "address", page{Title: "Is this address yours?", Here: "/privacy", NoIndex: true, Is: v})
}

// confirmAddress uses the link up, when the person was shown as whom they are here and said yes.
func (s *Server) confirmAddress(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.visiting(w, r); !ok {
		return
	}
	token := r.PostForm.Get("t")
	if r.PostForm.Get("sure") != "yes" {
		as, err := s.Rights.Addresses(r.Context(), s.session(r))
		if err != nil {
			s.turnAway(w, r, err)
			return
		}
		s.showLinked(w, r, linkedView{token, as})
		return
	}
	if err := s.Rights.ConfirmAddress(r.Context(), s.session(r), token); err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/privacy/me?done=address-mine", http.StatusSeeOther)
}

func (s *Server) correctEmployer(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.visiting(w, r); !ok {
		return
	}
	if err := s.Rights.CorrectEmployer(r.Context(), s.session(r), r.PostForm.Get("employer")); err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/privacy/me?done=correct", http.StatusSeeOther)
}
