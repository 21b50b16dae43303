package cases_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/vault"
)

// visit opens somebody's data by the link that goes to their address.
func (h *house) visit(address string) (session string) {
	h.t.Helper()
	h.Check(h.rights.Ask(bg, vault.Identity{Kind: vault.Email, Value: address}))
	for _, l := range h.letters(address) {
		if _, rest, ok := strings.Cut(l.Text, "/privacy/open?t="); ok {
			token, _, _ := strings.Cut(rest, "\n")
			s, err := h.rights.Enter(bg, strings.TrimSpace(token))
			h.Check(err)
			return s.Token
		}
	}
	h.t.Fatalf("no letter opens the data of %s", address)
	return ""
}

// useAgain has somebody in a visit end their restriction.
func (h *house) useAgain(session string) (cases.Taken, error) {
	return h.desk.Take(bg, cases.Ask{Right: cases.Lift, Policy: "site", Door: cases.Centre, Session: session})
}

func (h *house) restriction(session string) cases.Restriction {
	h.t.Helper()
	r, err := h.desk.Restriction(bg, session)
	h.Check(err)
	return r
}

func (h *house) wrote(address, subject string) bool {
	h.t.Helper()
	return slices.ContainsFunc(h.letters(address), func(l mail.Opened) bool { return l.Subject == subject })
}

// Who asked that their data is kept and not used ends that themselves: nothing is waited for, the marks in the systems go first
// and the gate says yes last, and the log says that it was the person.
func TestLiftByThePerson(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		mine := h.visit(ann)
		if r := h.restriction(mine); r != (cases.Restriction{}) {
			t.Errorf("of nothing it is said: %+v", r)
		}
		h.restricted()
		if r := h.restriction(mine); !r.Stands || !r.Mine || r.Policy != "site" || r.Ending != "" {
			t.Errorf("of her restriction it is said: %+v", r)
		}
		h.shelves.setAway("crm", true)
		r, err := h.useAgain(mine)
		h.Check(err)
		h.run()
		h.is(r, cases.Planning)
		if h.debtsMay() || len(h.liftedBy()) != 0 {
			t.Error("something is lifted while a system is away")
		}
		if now := h.restriction(mine); !now.Stands || now.Mine || now.Ending != r.Number {
			t.Errorf("while it ends it is said: %+v", now)
		}
		h.shelves.setAway("crm", false)
		h.Pass(time.Hour)
		mine = h.visit(ann)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
		if !h.debtsMay() || h.shelves.count("desk", "frozen = 1") != 0 {
			t.Error("at the end it is still restricted")
		}
		if got := h.liftedBy(); len(got) != 1 || got[0] != ": " {
			t.Errorf("the log says %q, and not that the person did it", got)
		}
		if h.wrote(ann, "The restriction of your data ends") || !h.wrote(ann, "Your data is used again") {
			t.Error("she was told before what she asked for, or not that it is done")
		}
		if n := h.happened(cases.LiftTold); n != 0 {
			t.Errorf("that she was told before is recorded %d times", n)
		}
		if now := h.restriction(mine); now.Stands || now.Mine || now.Ending != "" {
			t.Errorf("afterwards it is said: %+v", now)
		}
		_, err = h.useAgain(mine)
		h.must(avow.Conflict, err)
		h.restricted()
		if now := h.restriction(mine); !now.Stands || !now.Mine {
			t.Errorf("of a second restriction it is said: %+v", now)
		}
		h.audit()
	})
}

// What staff had restricted, with what somebody asked or alone, is not theirs to end; nor is anybody else's restriction, nor one
// that an erasure needs.
func TestLiftOfWhatIsNotTheirs(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		mine, theirs := h.visit(ann), h.visit(bob)
		byStaff := h.ask(law.Restrict, ann, func(a *cases.Ask) { a.Door, a.By, a.Evidence = cases.Staff, "kim", "a dispute over a bill" })
		h.run()
		h.finishTasks(byStaff)
		h.is(byStaff, cases.Closed)
		refused := func(what, session string, kind avow.ErrorKind) {
			t.Helper()
			_, err := h.useAgain(session)
			h.must(kind, err)
			if r := h.restriction(session); r.Mine {
				t.Errorf("%s: offered: %+v", what, r)
			}
			h.run()
			if h.debtsMay() || h.shelves.count("desk", "frozen = 1") != 2 || len(h.liftedBy()) != 0 {
				t.Errorf("%s: something is lifted", what)
			}
		}
		refused("by staff", mine, avow.Refused)
		h.restricted()
		refused("by staff and the person", mine, avow.Refused)
		refused("somebody else's", theirs, avow.Conflict)

		lifted := h.lift("by telephone")
		h.run()
		h.finishTasks(lifted)
		h.is(lifted, cases.Closed)
		h.Pass(time.Second)
		h.restricted()
		erasure, err := h.desk.Take(bg, cases.Ask{Right: law.Remove, Policy: "site", Door: cases.Centre, Session: mine})
		h.Check(err)
		_, err = h.useAgain(mine)
		h.must(avow.Conflict, err)
		h.Check(h.desk.Cancel(bg, erasure.ID, "kim"))
		if r := h.restriction(mine); !r.Stands || !r.Mine {
			t.Errorf("after what staff restricted was lifted it is said: %+v", r)
		}
		for name, change := range map[string]func(*cases.Ask){
			"no visit":    func(a *cases.Ask) { a.Session, a.Identities = "", []cases.Identity{{Kind: "email", Value: ann}} },
			"another way": func(a *cases.Ask) { a.Door = cases.API },
			"a reason":    func(a *cases.Ask) { a.Reason = cleared },
			"told":        func(a *cases.Ask) { a.Told = "by telephone" },
		} {
			a := cases.Ask{Right: cases.Lift, Policy: "site", Door: cases.Centre, Session: mine}
			change(&a)
			if _, err := h.desk.Take(bg, a); err == nil || avow.KindOf(err) != avow.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.Pass(time.Hour)
		_, err = h.useAgain(mine)
		h.must(avow.Unauthorized, err)
		_, err = h.desk.Restriction(bg, mine)
		h.must(avow.Unauthorized, err)
	})
}

// A lifting that staff have begun, and that waits until the person had time to read of it, goes on when they ask for it themselves.
func TestLiftJoinsThatOfStaff(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.restricted()
		r := h.lift("")
		h.run()
		h.letters(ann) // it leaves
		h.Pass(2 * time.Hour)
		h.run()
		h.is(r, cases.Planning)
		mine := h.visit(ann)
		if now := h.restriction(mine); !now.Mine || now.Ending != "" {
			t.Errorf("while staff lift it is said: %+v", now)
		}
		own, err := h.useAgain(mine)
		h.Check(err)
		h.is(own, cases.Merged)
		if now := h.restriction(mine); now.Mine || now.Ending != r.Number {
			t.Errorf("when she has joined it is said: %+v", now)
		}
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
		if got := h.liftedBy(); !h.debtsMay() || len(got) != 1 || got[0] != ": " {
			t.Errorf("the log says %q", got)
		}
		h.audit()
	})
}

// Until the first change it is cancelled; and who restricted again after staff began to lift is not held up by that when they end it.
func TestLiftByThePersonIsCancelled(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.restricted()
		h.shelves.setAway("crm", true)
		mine := h.visit(ann)
		r, err := h.useAgain(mine)
		h.Check(err)
		h.run()
		h.must(avow.Conflict, h.desk.Refuse(bg, r.ID, "kim", "no"))
		pass, err := h.desk.Enter(bg, mine, r.ID)
		h.Check(err)
		p, err := h.desk.Progress(bg, pass.Token)
		h.Check(err)
		if !p.Cancel {
			t.Errorf("she cannot cancel it: %+v", p)
		}
		h.Check(h.desk.CancelMine(bg, pass.Token))
		h.is(r, cases.Cancelled)
		if now := h.restriction(mine); !now.Stands || !now.Mine || h.debtsMay() {
			t.Errorf("after she cancelled it is said: %+v", now)
		}
		h.shelves.setAway("crm", false)

		stuck := h.lift("")
		h.run()
		h.letters(ann)
		h.Pass(2 * time.Hour)
		h.run()
		h.restricted()
		h.Pass(30 * time.Hour)
		h.run()
		h.is(stuck, cases.Planning)
		own, err := h.useAgain(h.visit(ann))
		h.Check(err)
		h.run()
		h.finishTasks(own)
		h.is(own, cases.Closed)
		if got := h.liftedBy(); !h.debtsMay() || len(got) != 1 || got[0] != ": " {
			t.Errorf("the log says %q", got)
		}
		h.Check(h.desk.Cancel(bg, stuck.ID, "kim"))
		if h.wrote(ann, "The restriction of your data stays") {
			t.Error("she reads that it stays, and it has ended")
		}
		h.audit()
	})
}
