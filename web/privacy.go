package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/vault"
)

// sessionCookie holds the secret of a visit. It says nothing about who it is.
func (s *Server) sessionCookie() string {
	if s.secure {
		return "__Host-avow"
	}
	return "avow"
}

func (s *Server) setSession(w http.ResponseWriter, token string, expires time.Time) {
	c := &http.Cookie{Name: s.sessionCookie(), Value: token, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode, Expires: expires}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Server) session(r *http.Request) string {
	c, err := r.Cookie(s.sessionCookie())
	if err != nil {
		return ""
	}
	return c.Value
}

type privacyView struct {
	Problem, Address string
	Wrong            bool // the address is
}

// privacy is the door of the privacy centre.
func (s *Server) privacy(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "privacy", page{Title: "Your data and choices", Here: "/privacy", Is: privacyView{}})
}

// privacyLink sends a link to an address. Whether the address is known changes neither
// the answer nor what it takes to give it: the letter leaves later.
func (s *Server) privacyLink(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	address := strings.TrimSpace(r.PostForm.Get("address"))
	err := s.Rights.Ask(r.Context(), vault.Identity{Kind: vault.Email, Value: address})
	switch avow.KindOf(err) {
	case avow.Invalid:
		s.show(w, r, http.StatusUnprocessableEntity, "privacy", page{Title: "Your data and choices", Here: "/privacy",
			Is: privacyView{"That is not an e-mail address. One looks like name@mail.example.", address, true}})
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "told", page{Title: "Look at your mail", Here: "/privacy", Is: told{Paragraphs: []string{
		"If we hold anything under that address, a letter with a link is on its way to it.",
		"The link works once, within 15 minutes. Nothing arrived? Then we hold nothing under that address, or you have asked very often."}}})
}

// privacyOpen is where a link leads. Mail programs open links by themselves, so it changes nothing.
func (s *Server) privacyOpen(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "press", page{Title: "Open your data", Here: "/privacy", NoIndex: true, Is: press{
		Says: "You asked to see and change what is held about you.", Action: "/privacy/open", Token: r.URL.Query().Get("t"), Button: "Open it",
		Hint: "The link works once. Nobody but whoever reads your mail can use it."}})
}

// privacyEnter uses the link up.
func (s *Server) privacyEnter(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	v, err := s.Rights.Enter(r.Context(), r.PostForm.Get("t"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.setSession(w, v.Token, v.Expires)
	http.Redirect(w, r, "/privacy/me", http.StatusSeeOther)
}

// meView is everything of a person, in words.
type meView struct {
	Address string
	Done    string // what was just changed
	Choices []consent.Preferences
	Held    []heldView
	Stays   []rights.Kept // in spite of an erasure
	History folded[historyView]
	Older   int // events that the history here does not go back to

	Addresses []addressView
	Another   addAnother
	Employer  string // for whom they act, when that is held

	Requests folded[requestRow] // of theirs
	Most     int                // requests are listed, and there may be older ones; 0: these are all
	Systems  bool               // a copy and an erasure are requests that cover other systems too
	Once     string             // of the forms that ask

	Restriction cases.Restriction
	Lifted      *liftedView // how staff are about to end it
}

// What is listed openly of somebody who has much; the rest is folded away.
const (
	newestRequests = 10
	newestEvents   = 20
)

// folded is a list of which only the newest are seen at first.
type folded[T any] struct{ Newest, Earlier []T }

func fold[T any](list []T, newest int) folded[T] {
	n := min(len(list), newest)
	return folded[T]{list[:n], list[n:]}
}

type liftedView struct{ Number, Because, From string }

// requestRow is a request in the list of whoever asked.
type requestRow struct{ ID, Number, Title, Words, When string }

type heldView struct {
	Title      string
	Rows       []rowView
	Kept       []string
	Recipients string
}

type rowView struct {
	ID, Label, Path, Value, Source, When, For, Notice string
	Version                                           int
	Lines                                             bool // it has several
	Fixed                                             bool // it finds the person, and changes by showing that they hold the new one
}

type historyView struct {
	When, What, Notice string
	Event              string // whose receipt can be had; empty when its time is over
}

// doneWords say what a redirect after a change is told by.
var doneWords = map[string]string{
	"choice":  "Your choice is kept, and true from now on.",
	"correct": "It is corrected.",

	"use-again": "We have it: your data is used again as soon as all our systems know. You can follow that under “Your requests”.",

	"address-added":   "A link is on its way to that address. Use it within 15 minutes, in this browser; until then the address opens nothing.",
	"address-mine":    "The address is yours: a link to your data can be sent there from now on.",
	"address-removed": "The address is removed. No link to your data is sent there any more.",
}

// me shows everything held. The look itself is recorded.
func (s *Server) me(w http.ResponseWriter, r *http.Request) {
	s.showMe(w, r, http.StatusOK, func(v *meView) { v.Done = doneWords[r.URL.Query().Get("done")] })
}

func (s *Server) showMe(w http.ResponseWriter, r *http.Request, status int, with func(*meView)) {
	rec, err := s.Rights.See(r.Context(), s.session(r))
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	choices, err := s.Consent.State(r.Context(), rec.Subject)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := meView{Choices: choices, Stays: rec.MustKeep, Addresses: addressViews(rec), Employer: rec.Employer}
	with(&v)
	for _, id := range rec.Identities {
		v.Address = firstOf(v.Address, id.Value)
	}
	for _, c := range rec.Categories {
		v.Held = append(v.Held, s.held(c))
	}
	v.History, v.Older = fold(s.history(rec.History), newestEvents), rec.Earlier
	if err := s.addRequests(r, &v); err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, r, status, "me", page{Title: "Your data and choices", Here: "/privacy", Wide: true, NoIndex: true, Is: v})
}

// addRequests adds what they have asked.
func (s *Server) addRequests(r *http.Request, v *meView) error {
	if s.Requests == nil {
		return nil
	}
	v.Systems, v.Once = s.mappedPolicy() != nil, rand.Text()
	var err error
	if v.Restriction, err = s.Requests.Restriction(r.Context(), s.session(r)); err != nil {
		return err
	}
	if l := v.Restriction.Lifted; l != nil {
		v.Lifted = &liftedView{Number: l.Number, Because: l.Because}
		if !l.From.IsZero() {
			v.Lifted.From = day(l.From)
		}
	}
	list, err := s.Requests.Mine(r.Context(), s.session(r))
	var rows []requestRow
	for _, m := range list {
		row := requestRow{m.ID.String(), m.Number, rightsInWords[m.Right].Title, m.Words, "Received " + m.Received.UTC().Format("2 January 2006")}
		if m.Closed.IsZero() && !m.Due.IsZero() {
			row.When += ", answered by the end of " + lastDay(m.Due)
		}
		rows = append(rows, row)
	}
	v.Requests = fold(rows, newestRequests)
	if len(list) == cases.MostMine {
		v.Most = cases.MostMine
	}
	return err
}

// turnAway sends somebody without a visit to the door.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	if avow.KindOf(err) == avow.Unauthorized {
		s.setSession(w, "", time.Time{})
		s.show(w, r, http.StatusUnauthorized, "privacy", page{Title: "Your data and choices", Here: "/privacy", NoIndex: true,
			Is: privacyView{Problem: "Please open your link first, or ask for a new one: a visit lasts half an hour."}})
		return
	}
	s.fail(w, r, err)
}

func (s *Server) held(c rights.Category) heldView {
	v := heldView{Title: c.Title, Recipients: strings.Join(c.Recipients, ", ")}
	for _, k := range c.Kept {
		v.Kept = append(v.Kept, upperFirst(k)+".")
	}
	for _, h := range c.Values {
		v.Rows = append(v.Rows, s.row(c, h))
	}
	return v
}

func (s *Server) row(c rights.Category, h rights.Held) rowView {
	path := c.Name + "." + h.Field
	row := rowView{ID: "correct-" + h.ID.String(), Label: firstOf(h.Label, fieldLabel(h.Field)), Path: path, Value: h.Value, Lines: strings.Contains(h.Value, "\n"), Source: h.Source, When: day(h.At),
		Version: h.Version, Notice: fmt.Sprintf("/policy/%s/versions/%d", c.Policy, h.Version), Fixed: true}
	var uses []string
	for _, u := range h.Purposes {
		uses = append(uses, u.Title)
	}
	row.For = strings.Join(uses, "; ")
	if p, err := s.Consent.Version(c.Policy, h.Version); err == nil {
		if i, ok := p.Field(path); ok {
			row.Fixed = p.Fields[i].Identifies || p.Fields[i].KeptAs != ""
		}
	}
	return row
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// history is what happened, the newest first.
func (s *Server) history(list []rights.Happening) []historyView {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b rights.Happening) int { return cmp.Compare(b.Index, a.Index) })
	var out []historyView
	for _, h := range list {
		v := historyView{When: day(h.At), What: firstOf(happenings[h.Type], h.Words, sentence(string(h.Type)))}
		if endedByThem(h) {
			v.What = "You had your data used again"
		}
		if h.Opens {
			v.Event = h.ID.String()
		}
		if p, err := s.Consent.Version(h.Policy, h.Version); h.Policy != "" && err == nil {
			v.Notice = fmt.Sprintf("under the %s, version %d", lowerFirst(plain(p, p.Document.Title)), h.Version)
		}
		out = append(out, v)
	}
	return out
}

// happenings are events in words a person uses; the others have those of their room.
var happenings = map[ledger.Type]string{
	ledger.Collected: "You gave data", ledger.ConsentGiven: "You said yes", ledger.ConsentConfirmed: "You confirmed your yes",
	ledger.ConsentWithdrawn: "You took your yes back", ledger.ConsentRefused: "You said no", ledger.Objected: "You objected",
	ledger.ObjectionEnded: "You allowed it again", ledger.ObjectionOverridden: "Your objection was weighed, and outweighed",
	ledger.Restricted: "Use of your data was restricted", ledger.Unrestricted: "The restriction was lifted",
	ledger.LinkSent: "A link was sent to your address", ledger.IdentityVerified: "You showed that the address is yours",
	ledger.Joined:    "Two records were shown to be about you",
	ledger.Corrected: "A value was corrected", ledger.Erased: "Data was erased",
	ledger.Disclosed: "Data was disclosed", ledger.Sent: "A message was sent to you", ledger.LookedAt: "Staff looked at your data",
	ledger.UsedOnce: "Data was used, once", ledger.Expired: "Data was erased because its time was over",
}

// choiceButtons are the buttons of the privacy centre and what each does.
var choiceButtons = []struct {
	name  string
	topic bool
	do    func(h *consent.Hand, c consent.Choice) (*ledger.Receipt, error)
}{
	{"withdraw", false, (*consent.Hand).Withdraw},
	{"give", false, (*consent.Hand).Give},
	{"stop-topic", true, (*consent.Hand).Object},
	{"allow-topic", true, (*consent.Hand).Allow},
	{"object", false, (*consent.Hand).Object},
	{"allow", false, (*consent.Hand).Allow},
}

// choices keeps what a button says; when the answer is sent, it is true in the gate.
func (s *Server) choices(w http.ResponseWriter, r *http.Request) {
	subject, ok := s.visiting(w, r)
	if !ok {
		return
	}
	for _, b := range choiceButtons {
		what := r.PostForm.Get(b.name)
		if what == "" {
			continue
		}
		c := consent.Choice{Policy: r.PostForm.Get("policy"), Way: "privacy centre"}
		if b.topic {
			c.Topic = what
		} else {
			c.Purpose = what
		}
		err := s.Consent.Do(r.Context(), subject, func(h *consent.Hand) error {
			_, err := b.do(h, c)
			return err
		})
		if avow.KindOf(err) == avow.NotFound && err != nil {
			if _, gone := s.Rights.Who(r.Context(), s.session(r)); gone != nil { // another visit of theirs erased them meanwhile
				err = gone
			}
		}
		if err != nil {
			s.turnAway(w, r, err)
			return
		}
		http.Redirect(w, r, "/privacy/me?done=choice", http.StatusSeeOther)
		return
	}
	s.fail(w, r, avow.Errorf(avow.Invalid, "No choice was made. Please go back and press one of the buttons."))
}

// visiting reads a posted form of somebody with a visit.
func (s *Server) visiting(w http.ResponseWriter, r *http.Request) (avow.ID, bool) {
	if err := readForm(w, r); err != nil {
		s.fail(w, r, err)
		return avow.ID{}, false
	}
	subject, err := s.Rights.Who(r.Context(), s.session(r))
	if err != nil {
		s.turnAway(w, r, err)
		return avow.ID{}, false
	}
	return subject, true
}

// copy hands over the package. It is made whole before the first byte is sent, so
// that nobody gets half of one.
func (s *Server) copy(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	if err := s.Rights.Copy(r.Context(), s.session(r), &b); err != nil {
		s.turnAway(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="your-data.zip"`)
	h.Set("Cache-Control", "no-store")
	w.Write(b.Bytes())
}

// receipt hands over the receipt of one event.
func (s *Server) receipt(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.visiting(w, r); !ok {
		return
	}
	event, err := avow.ParseID(r.PostForm.Get("event"))
	if err != nil {
		s.fail(w, r, avow.Errorf(avow.NotFound, "There is no such event."))
		return
	}
	receipt, err := s.Rights.Receipt(r.Context(), s.session(r), event)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	b, err := json.MarshalIndent(receipt, "", "  ")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="receipt-%d.json"`, receipt.Proof.Index))
	h.Set("Cache-Control", "no-store")
	w.Write(append(b, '\n'))
}

// correct puts a new value in the place of one.
func (s *Server) correct(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.visiting(w, r); !ok {
		return
	}
	err := s.Rights.Correct(r.Context(), s.session(r), r.PostForm.Get("field"), r.PostForm.Get("value"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/privacy/me?done=correct", http.StatusSeeOther)
}

// erase erases whoever has the visit, and says what stays and why.
func (s *Server) erase(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.visiting(w, r); !ok {
		return
	}
	if r.PostForm.Get("sure") != "yes" {
		s.fail(w, r, avow.Errorf(avow.Invalid, "Please tick the box that says you are sure. Nothing was erased."))
		return
	}
	done, err := s.Rights.Erase(r.Context(), s.session(r))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.setSession(w, "", time.Time{})
	s.show(w, r, http.StatusOK, "erased", page{Title: "Erased", Here: "/privacy", NoIndex: true, Is: done})
}

// leave ends the visit.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) {
	if err := s.Rights.Leave(context.WithoutCancel(r.Context()), s.session(r)); err != nil && !errors.Is(err, context.Canceled) {
		s.fail(w, r, err)
		return
	}
	s.setSession(w, "", time.Time{})
	http.Redirect(w, r, "/privacy", http.StatusSeeOther)
}
