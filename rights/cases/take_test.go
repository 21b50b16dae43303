package cases_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/vault"
)

// Whoever asks for somebody they are not learns nothing: not by the answer, not by a number that is
// there already, and not by what they may see.
func TestEnumerationLearnsNothing(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.shelves.put("crm", "only@crm.example", "Only In A System")
		seen := map[string]bool{}
		for _, address := range []string{ann, ann, nobody, "only@crm.example", nobody} {
			r := h.ask(law.Remove, address)
			if r.ID.IsZero() || len(r.Number) != 9 || seen[r.Number] {
				t.Errorf("%s: %+v", address, r)
			}
			seen[r.Number] = true
			h.is(r, cases.Verifying)
			h.run()
			h.is(r, cases.Verifying)
			h.Check(h.desk.Send(bg, r.Number))
			h.run()
			if _, err := h.desk.ConfirmCode(bg, r.Number, "00000000"); avow.KindOf(err) != avow.Unauthorized {
				t.Error(err)
			}
		}
		h.Check(h.desk.Send(bg, "1234-5678"))
		_, wrong := h.desk.ConfirmCode(bg, "1234-5678", "00000000")
		_, right := h.desk.ConfirmCode(bg, "0000-0000", "00000000")
		if wrong.Error() != right.Error() {
			t.Error(wrong, right)
		}
		if len(h.letters(nobody)) != 0 {
			t.Error("somebody unknown got a letter")
		}
		if len(h.letters(ann)) == 0 || len(h.letters("only@crm.example")) == 0 {
			t.Error("somebody known got none")
		}
		// Beyond what is sensible everybody is told the same, known or not.
		for _, address := range []string{bob, "another@mail.example"} {
			for range 5 {
				h.ask(law.Copy, address)
			}
			_, err := h.desk.Take(bg, cases.Ask{Right: law.Copy, Policy: "site", Door: cases.Centre, Identities: []cases.Identity{{Kind: "email", Value: address}}})
			h.must(avow.TooMany, err)
		}
	})
}

// Only what was shown to be theirs is searched for: naming somebody else's address
// or number beside one's own does nothing to them.
func TestTypedIdentitiesAreNotSearched(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann, func(a *cases.Ask) { a.Identities = append(a.Identities, cases.Identity{Kind: "email", Value: bob}) })
		h.prove(ann)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
		for _, s := range h.shelves.names() {
			if n := h.shelves.count(s, "email = ?", bob); n != 2 {
				t.Errorf("%s has %d rows of Bob", s, n)
			}
		}
	})
}

func TestLinksAndCodes(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann)
		h.run()
		token := h.link(ann)
		h.Pass(16 * time.Minute)
		_, err := h.desk.Confirm(bg, token)
		h.must(avow.Unauthorized, err)
		h.Check(h.desk.Send(bg, r.Number))
		h.run()
		code := h.code(ann)
		for range 5 {
			_, err = h.desk.ConfirmCode(bg, r.Number, "99999999")
			h.must(avow.Unauthorized, err)
		}
		_, err = h.desk.ConfirmCode(bg, r.Number, code)
		h.must(avow.Unauthorized, err)
		h.Check(h.desk.Send(bg, r.Number))
		h.run()
		p, err := h.desk.ConfirmCode(bg, r.Number, " "+h.code(ann)+" ")
		h.Check(err)
		_, err = h.desk.ConfirmCode(bg, r.Number, h.code(ann))
		h.must(avow.Unauthorized, err)
		progress, err := h.desk.Progress(bg, p.Token)
		h.Check(err)
		if progress.Number != r.Number || !progress.Cancel {
			t.Errorf("%+v", progress)
		}
		for range 10 {
			h.Check(h.desk.Send(bg, r.Number))
			h.run()
		}
		if n := len(h.letters(ann)); n > 6 {
			t.Errorf("%d letters within an hour", n)
		}
		_, err = h.desk.Progress(bg, "no such pass")
		h.must(avow.Unauthorized, err)
	})
}

// code is the one in the newest letter.
func (h *house) code(address string) string {
	h.t.Helper()
	for _, l := range h.letters(address) {
		if _, rest, ok := strings.Cut(l.Text, "the code "); ok {
			return rest[:8]
		}
	}
	return ""
}

// Two requests of one person for the same are one, whichever way they came.
func TestDuplicatesAreMerged(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.shelves.setAway("crm", true)
		first := h.ask(law.Remove, ann)
		h.prove(ann)
		second := h.ask(law.Remove, "Ann@MAIL.example")
		pass := h.prove(ann)
		h.is(second, cases.Merged)
		if o := h.state(second); o.Into == nil || *o.Into != first.ID {
			t.Errorf("%+v", o)
		}
		p, err := h.desk.Progress(bg, pass.Token)
		h.Check(err)
		if p.Number != first.Number {
			t.Errorf("the pass shows %s", p.Number)
		}
		byStaff := h.ask(law.Remove, ann, func(a *cases.Ask) { a.Door, a.By, a.Evidence = cases.Staff, "ivy", "ticket 12" })
		h.is(byStaff, cases.Merged)
		other := h.ask(law.Copy, ann) // something else
		h.prove(ann)
		if h.state(other).State == cases.Merged {
			t.Error("another right was merged")
		}
		again, err := h.desk.Take(bg, cases.Ask{ID: first.ID, Right: law.Remove, Policy: "site", Door: cases.Centre, Identities: []cases.Identity{{Kind: "email", Value: ann}}})
		h.Check(err)
		if again != first {
			t.Errorf("asked again: %+v", again)
		}
	})
}

// What a later request shows, an earlier one searches by too, while its plan is not made; after that the two stay apart.
func TestMergedWithMore(t *testing.T) {
	each(t, func(h *house) {
		const other = "ann@work.example"
		h.people()
		for _, s := range h.shelves.names() {
			h.shelves.put(s, other, "Ann Visitor")
		}
		by := func(list ...string) func(a *cases.Ask) {
			return func(a *cases.Ask) {
				a.Door, a.By, a.Evidence, a.Identities = cases.Staff, "ivy", "ticket", nil
				for _, value := range list {
					a.Identities = append(a.Identities, cases.Identity{Kind: "email", Value: value})
				}
			}
		}
		h.shelves.setAway("crm", true)
		first := h.ask(law.Remove, "", by(ann))
		h.run()
		second := h.ask(law.Remove, "", by(ann, other))
		h.is(second, cases.Merged)
		h.shelves.setAway("crm", false)
		h.Pass(time.Hour)
		h.run() // the tasks stay open
		late := h.ask(law.Remove, "", by(ann, other, "ann@third.example"))
		if o := h.state(late); o.State == cases.Merged {
			t.Error("what is shown too late was taken into a plan that is made")
		}
		h.finishTasks(first)
		h.is(first, cases.Closed)
		if n := h.shelves.count("desk", "email = ?", other); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// A visit at the desk shows who somebody is; what they type beside is not theirs by that.
func TestVisitor(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.Check(h.rights.Ask(bg, vault.Identity{Kind: vault.Email, Value: ann}))
		_, rest, _ := strings.Cut(h.letters(ann)[0].Text, "/privacy/open?t=")
		token, _, _ := strings.Cut(rest, "\n")
		s, err := h.rights.Enter(bg, strings.TrimSpace(token))
		h.Check(err)
		r := h.ask(law.Remove, bob, func(a *cases.Ask) { a.Session = s.Token })
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
		if h.shelves.count("shop", "email = ?", bob) != 2 || h.shelves.count("shop", "email = ?", ann) != 0 {
			t.Error("the wrong one was erased")
		}
		_, err = h.desk.Take(bg, cases.Ask{Right: law.Remove, Policy: "site", Door: cases.Centre, Session: s.Token})
		h.must(avow.Unauthorized, err)
	})
}

// An agent asks, and the person says that they want it.
func TestAgent(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann, func(a *cases.Ask) {
			a.Door, a.By, a.Evidence = cases.Agent, "Privacy Helpers Ltd", "mandate of 1 March"
		})
		h.run()
		h.is(r, cases.Verifying)
		if text := h.letters(ann)[0].Text; !strings.Contains(text, "Privacy Helpers Ltd") {
			t.Error(text)
		}
		w, err := h.desk.Look(bg, r.ID, "ivy")
		h.Check(err)
		if w.Evidence != "mandate of 1 March" || w.Agent == "" {
			t.Errorf("%+v", w)
		}
		h.Check(h.desk.Vouch(bg, r.ID, "ivy", "the mandate was checked with the notary"))
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
	})
}

func TestWhatCannotBeAsked(t *testing.T) {
	each(t, func(h *house) {
		for name, a := range map[string]cases.Ask{
			"no right":        {Policy: "site", Door: cases.Centre, Identities: []cases.Identity{{Kind: "email", Value: ann}}},
			"no identity":     {Right: law.Copy, Policy: "site", Door: cases.Centre},
			"no door":         {Right: law.Copy, Policy: "site", Identities: []cases.Identity{{Kind: "email", Value: ann}}},
			"no address":      {Right: law.Copy, Policy: "site", Door: cases.Centre, Identities: []cases.Identity{{Kind: "email", Value: "ann"}}},
			"no evidence":     {Right: law.Copy, Policy: "site", Door: cases.Staff, By: "ivy", Identities: []cases.Identity{{Kind: "email", Value: ann}}},
			"no corrections":  {Right: law.Correct, Policy: "site", Door: cases.Centre, Identities: []cases.Identity{{Kind: "email", Value: ann}}},
			"text too long":   {Right: law.Copy, Policy: "site", Door: cases.Centre, Wrote: strings.Repeat("x", 5000), Identities: []cases.Identity{{Kind: "email", Value: ann}}},
			"text not a text": {Right: law.Copy, Policy: "site", Door: cases.Centre, Wrote: "\xff", Identities: []cases.Identity{{Kind: "email", Value: ann}}},
		} {
			if _, err := h.desk.Take(bg, a); avow.KindOf(err) != avow.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := h.desk.Take(bg, cases.Ask{Right: law.Copy, Policy: "none", Door: cases.Centre, Identities: []cases.Identity{{Kind: "email", Value: ann}}})
		h.must(avow.NotFound, err)
		if list, _ := h.desk.List(bg, false, 0, 10); len(list) > 0 {
			t.Errorf("something was kept of what was refused: %+v", list)
		}
	})
}

// What could never be done is refused when it is asked, by the name of what is wrong: later it would wait for ever,
// stop what was not named, or write into systems what finds nobody any more.
func TestWhatCannotBeDoneIsNotTaken(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		for _, c := range []struct {
			field string
			ask   cases.Ask
		}{
			{"of", cases.Ask{Right: law.Object, Of: []string{"offers", "nothing"}}},
			{"of", cases.Ask{Right: law.Withdraw, Of: []string{""}}},
			{"of", cases.Ask{Right: law.StopMarketing, Of: []string{"contact.email"}}},
			{"corrections", cases.Ask{Right: law.Correct, Corrections: []cases.Correction{{Data: "contact.name", To: "Ann"}, {Data: "contact.shoe", To: "38"}}}},
			{"corrections", cases.Ask{Right: law.Correct, Corrections: []cases.Correction{{Data: "contact.name", To: "An\x00n"}}}},
			{"corrections", cases.Ask{Right: law.Correct, Corrections: []cases.Correction{{Data: "contact.name", To: "An\xffn"}}}},
			{"corrections", cases.Ask{Right: law.Correct, Corrections: []cases.Correction{{Data: "contact.name", To: "Ann", From: "An\x1bn"}}}},
			{"corrections", cases.Ask{Right: law.Correct, Corrections: []cases.Correction{{Data: "contact.email", To: "not an address"}}}},
		} {
			a := c.ask
			a.Policy, a.Door, a.By, a.Evidence, a.Identities = "site", cases.Staff, "kim", "ticket 4711", []cases.Identity{{Kind: "email", Value: ann}}
			_, err := h.desk.Take(bg, a)
			h.must(avow.Invalid, err)
			if e := new(avow.Error); !errors.As(err, &e) || e.Field != c.field {
				t.Errorf("%+v: %v", c.ask, err)
			}
		}
		list, err := h.desk.List(bg, false, 0, 10)
		h.Check(err)
		if len(list) != 0 {
			t.Errorf("%d requests were taken", len(list))
		}
		h.ask(law.Object, ann, func(a *cases.Ask) { a.Of = []string{"offers", "news"} })
		h.ask(law.Correct, ann, func(a *cases.Ask) { a.Corrections = []cases.Correction{{Data: "messages.text", To: "two\nlines\t"}} })
	})
}
