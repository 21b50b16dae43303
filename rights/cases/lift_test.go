package cases_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
)

const cleared = "What you said of your address was put right."

// restricted has Ann's data kept and not used.
func (h *house) restricted() {
	h.t.Helper()
	r := h.ask(law.Restrict, ann)
	h.prove(ann)
	h.run()
	h.finishTasks(r)
	h.is(r, cases.Closed)
	h.letters(ann) // those of this leave before any that comes later
}

func (h *house) lift(told string) cases.Taken {
	h.t.Helper()
	return h.ask(cases.Lift, ann, func(a *cases.Ask) {
		a.Door, a.By, a.Evidence, a.Reason, a.Told = cases.Staff, "kim", "ticket 12", cleared, told
	})
}

// liftedBy is who lifted a restriction and why, by the log.
func (h *house) liftedBy() (out []string) {
	h.t.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		out = nil
		list, err := h.Ledger.Read(tx, 0, 1000)
		for _, e := range list {
			if e.Type != ledger.Unrestricted {
				continue
			}
			event, err := h.Ledger.Open(tx, e)
			if err != nil {
				return err
			}
			var b struct{ By, Reason string }
			if err := json.Unmarshal(event.Body, &b); err != nil {
				return err
			}
			out = append(out, b.By+": "+b.Reason)
		}
		return err
	}))
	return out
}

// A restriction is lifted after the person was told by a letter that left, and a while later: then the marks go, and the gate says
// yes last of all.
func TestLift(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.restricted()
		if h.debtsMay() || h.shelves.count("desk", "frozen = 1") != 2 {
			t.Fatal("it is not restricted")
		}
		r := h.lift("")
		still := func(when string) {
			t.Helper()
			if h.debtsMay() || h.shelves.count("desk", "frozen = 1") != 2 || len(h.liftedBy()) != 0 {
				t.Errorf("%s something is lifted", when)
			}
			h.is(r, cases.Planning)
		}
		h.run()
		h.Pass(time.Hour)
		h.run()
		still("before the letter left")
		if s := h.step(r, "inform", ""); !strings.Contains(s.Trouble, "has not been handed over") {
			t.Errorf("it is said: %+v", s)
		}
		l := h.letters(ann)[0] // it leaves
		if !strings.Contains(l.Subject, "restriction of your data ends") || !strings.Contains(l.Text, cleared) || !strings.Contains(l.Text, "Autoriteit Persoonsgegevens") {
			t.Errorf("she reads: %s\n%s", l.Subject, l.Text)
		}
		if n := h.happened(cases.LiftTold); n != 0 {
			t.Errorf("that she was told is recorded %d times before the letter was seen to have left", n)
		}
		h.Pass(2 * time.Hour)
		h.run()
		h.run()
		still("when the letter has just left")
		h.shelves.setAway("crm", true)
		h.Pass(25 * time.Hour)
		h.run()
		if h.debtsMay() {
			t.Error("the gate says yes before the marks in the systems are gone")
		}
		h.shelves.setAway("crm", false)
		h.Pass(2 * time.Hour)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
		if !h.debtsMay() || h.shelves.count("desk", "frozen = 1") != 0 {
			t.Error("at the end it is still restricted")
		}
		if got := h.liftedBy(); len(got) != 1 || got[0] != "kim: "+cleared {
			t.Errorf("the log says %q", got)
		}
		if n := h.happened(cases.LiftTold); n != 1 {
			t.Errorf("that she was told is recorded %d times", n)
		}
		h.audit()
	})
}

// Who opens their data while staff are about to end their restriction reads why and from when; no more once they asked for it again.
func TestLiftIsReadBefore(t *testing.T) {
	tuned(t, func(c *cases.Config) { c.AskPage = "https://quay.example/privacy/ask/" }, func(h *house) {
		h.people()
		h.restricted()
		if r := h.restriction(h.visit(ann)); r.Lifted != nil {
			t.Errorf("nobody ends it, and she reads %+v", r.Lifted)
		}
		r := h.lift("")
		h.run()
		if now := h.restriction(h.visit(ann)); !now.Mine || now.Lifted == nil || *now.Lifted != (cases.Lifted{Number: r.Number, Because: cleared}) {
			t.Errorf("before the letter left she reads %+v of %+v", now.Lifted, now)
		}
		l := h.letters(ann)
		if !slices.ContainsFunc(l, func(l mail.Opened) bool {
			return strings.Contains(l.Text, "https://quay.example/privacy/ask/restrict\n")
		}) {
			t.Errorf("no letter says where she can say no: %+v", l)
		}
		h.Pass(2 * time.Hour)
		h.run()
		at := h.step(r, "inform", "").Next
		now := h.restriction(h.visit(ann))
		if !now.Mine || now.Lifted == nil || !now.Lifted.From.Equal(at) || at.IsZero() {
			t.Errorf("when it left she reads %+v; it ends %v", now.Lifted, at)
		}
		if other := h.restriction(h.visit(bob)); other.Lifted != nil {
			t.Errorf("somebody else reads %+v", other.Lifted)
		}
		h.restricted()
		if now := h.restriction(h.visit(ann)); !now.Stands || now.Lifted != nil {
			t.Errorf("she asked for it again, and reads %+v", now.Lifted)
		}
		h.Pass(30 * time.Hour)
		h.run()
		if h.debtsMay() || len(h.liftedBy()) != 0 {
			t.Error("she asked for it again, and it is lifted")
		}
		h.audit()
	})
}

// Where the letter cannot be handed over nothing is lifted, until staff have told the person and say how.
func TestLiftThatCannotBeTold(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.restricted()
		r := h.lift("")
		h.run()
		_, err := mail.GiveUp(bg, h.DB)
		h.Check(err)
		for range 3 {
			h.Pass(30 * time.Hour)
			h.run()
		}
		if h.debtsMay() || h.shelves.count("desk", "frozen = 1") != 2 {
			t.Error("nobody told her, and it is lifted")
		}
		if s := h.step(r, "inform", ""); !strings.Contains(s.Trouble, "could not be handed over") || !s.Mend {
			t.Errorf("it is said: %+v", s)
		}
		again := h.lift("by telephone, on 4 March")
		h.run()
		h.is(again, cases.Merged)
		h.finishTasks(r)
		h.is(r, cases.Closed)
		if !h.debtsMay() || h.shelves.count("desk", "frozen = 1") != 0 {
			t.Error("she was told, and it is still restricted")
		}
		if n := h.happened(cases.LiftTold); n != 1 {
			t.Errorf("that she was told is recorded %d times", n)
		}
	})
}

// Who reads that their restriction ends and asks for it again keeps it.
func TestLiftMeetsANewRestriction(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.restricted()
		r := h.lift("")
		h.run()
		h.letters(ann) // it leaves
		h.Pass(2 * time.Hour)
		h.run()
		h.restricted()
		for range 2 {
			h.Pass(30 * time.Hour)
			h.run()
		}
		if h.debtsMay() || h.shelves.count("desk", "frozen = 1") != 2 {
			t.Error("she asked for it again, and it is lifted")
		}
		if s := h.step(r, "inform", ""); !strings.Contains(s.Trouble, "asked for a restriction again") {
			t.Errorf("it is said: %+v", s)
		}
		h.Check(h.desk.Cancel(bg, r.ID, "kim"))
		if !slices.ContainsFunc(h.letters(ann), func(l mail.Opened) bool { return l.Subject == "The restriction of your data stays" }) {
			t.Error("nobody tells her that it stays")
		}
	})
}

// Who may lift, what has to be said, and what holds it up.
func TestLiftIsForStaff(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.restricted()
		ask := func(change func(*cases.Ask)) error {
			a := cases.Ask{Right: cases.Lift, Policy: "site", Door: cases.Staff, By: "kim", Evidence: "ticket 12", Reason: cleared, Identities: []cases.Identity{{Kind: "email", Value: ann}}}
			change(&a)
			_, err := h.desk.Take(bg, a)
			return err
		}
		for name, change := range map[string]func(*cases.Ask){
			"no reason":      func(a *cases.Ask) { a.Reason = " " },
			"by the person":  func(a *cases.Ask) { a.Door = cases.Centre },
			"by an agent":    func(a *cases.Ask) { a.Door = cases.Agent },
			"no address":     func(a *cases.Ask) { a.Identities = []cases.Identity{{Kind: "phone", Value: "+31201234567"}} },
			"another's word": func(a *cases.Ask) { a.Right = law.Restrict },
		} {
			if err := ask(change); avow.KindOf(err) != avow.Invalid || err == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		erasure := h.ask(law.Remove, ann)
		h.prove(ann)
		r := h.lift("by telephone")
		h.run()
		h.is(r, cases.Planning)
		h.must(avow.Conflict, h.desk.Refuse(bg, r.ID, "kim", "no"))
		h.Check(h.desk.Cancel(bg, r.ID, "kim"))
		h.is(r, cases.Cancelled)
		h.finishTasks(erasure)
	})
}

// In the mapped systems a mark goes where it stands: an opt-out in the same column stays, and so does what an objection marks.
func TestMappedLift(t *testing.T) {
	for _, c := range []struct{ objecting, own bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		objecting, own := c.objecting, c.own
		eachMapped(t, func(m *mapped) {
			m.Submit(collecttest.Submission("contact", "contact.email", ann, "contact.name", "Ann Visitor", "messages.text", "Is it sold?"))
			m.Check(m.exec("shop", `INSERT INTO customers VALUES (3, 'ann@mail.example', 'Ann', 'active')`))
			m.restricted()
			want := "active active unsold"
			if objecting {
				r := m.ask(law.Object, ann, func(a *cases.Ask) { a.Of = []string{"offers"} })
				m.prove(ann)
				m.run()
				m.finishTasks(r)
				m.is(r, cases.Closed)
				want = "frozen active unsold"
			}
			m.Check(m.exec("shop", `UPDATE customers SET state = 'unsold' WHERE id = 3`))
			var r cases.Taken
			if own {
				taken, err := m.useAgain(m.visit(ann))
				m.Check(err)
				r = taken
			} else {
				r = m.lift("by telephone")
			}
			m.run()
			if s := m.step(r, "task", "paper"); !strings.Contains(s.What, "Take back what was marked") {
				t.Errorf("people are asked to: %s", s.What)
			}
			m.finishTasks(r)
			m.is(r, cases.Closed)
			if got := m.text("shop", `SELECT state FROM customers ORDER BY id`); got != want {
				t.Errorf("at the end the shop says: %s, want %s", got, want)
			}
			if !m.debtsMay() {
				t.Error("the gate still says no")
			}
			m.audit()
		})
	}
}
