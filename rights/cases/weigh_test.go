package cases_test

import (
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// debtsMay asks the gate whether Ann's address may be used to recover debts.
func (h *house) debtsMay() bool {
	h.t.Helper()
	var who avow.ID
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		found, err := h.Vault.Find(tx, vault.Identity{Kind: vault.Email, Value: ann})
		if err == nil && len(found) > 0 {
			who = found[0].Subject
		}
		return err
	}))
	g, ok := h.Register.Gate("site")
	if !ok {
		h.t.Fatal("there is no gate")
	}
	q := gate.About(who, -1, h.Clock())
	if why := g.Resolve(&gate.Names{Purpose: "debts", Data: []string{"contact.email"}}, &q); why != gate.Undecided {
		h.t.Fatal(why)
	}
	d, err := h.Register.Decide(bg, "site", &q)
	h.Check(err)
	return d.Allowed
}

// An objection that is weighed: the gate says no and systems mark the rows from the first moment, staff decide with a reason.
func TestObjectionIsWeighed(t *testing.T) {
	for _, c := range []struct {
		name       string
		of         []string
		outweighed bool
		outcome    string
		frozen     int // of Ann's rows at the help desk, at the end
		told       string
	}{
		{"it stands", []string{"debts"}, false, "done", 2, "It is done."},
		{"outweighed", []string{"debts"}, true, "refused: the objection was outweighed", 0, "A court has the claim before it."},
		{"outweighed in part", []string{"debts", "offers"}, true, "partly refused: the objection was outweighed in part", 2, "It is done."},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(h *house) {
				h.people()
				if !h.debtsMay() {
					t.Fatal("debts cannot be recovered from the start")
				}
				r := h.ask(law.Object, ann, func(a *cases.Ask) { a.Of = c.of })
				pass := h.prove(ann)
				h.run()
				h.finishTasks(r)
				h.is(r, cases.Running)
				if h.debtsMay() || h.shelves.count("desk", "frozen = 1") != 2 {
					t.Error("it is weighed, and the use goes on")
				}
				p, err := h.desk.Progress(bg, pass.Token)
				h.Check(err)
				if !strings.Contains(p.Words, "counts already") {
					t.Errorf("the person is told: %s", p.Words)
				}
				h.must(avow.Invalid, h.desk.Weigh(bg, r.ID, "ivy", " ", c.outweighed))
				h.Check(h.desk.Weigh(bg, r.ID, "ivy", "A court has the claim before it.", c.outweighed))
				h.must(avow.Conflict, h.desk.Weigh(bg, r.ID, "ivy", "again", c.outweighed))
				h.run()
				if c.outweighed {
					if h.debtsMay() {
						t.Error("the use goes on before the person could read of it")
					}
					if l := h.letters(ann)[0]; !strings.Contains(l.Text, "not followed: Recover debts") || !strings.Contains(l.Text, "A court has the claim before it.") ||
						!strings.Contains(l.Text, "Autoriteit Persoonsgegevens") {
						t.Errorf("the person is told: %s", l.Text)
					}
					h.is(r, cases.Running)
					h.Pass(25 * time.Hour)
					h.run()
				}
				h.finishTasks(r)
				h.is(r, cases.Closed)
				if o := h.state(r); o.Outcome != c.outcome {
					t.Errorf("the outcome is %q", o.Outcome)
				}
				cert, err := h.desk.Certificate(bg, r.ID)
				h.Check(err)
				want := map[bool]string{true: "weighed and is not followed: Recover debts", false: "weighed and stands: Recover debts"}[c.outweighed]
				if cert.Partial != c.outweighed || !strings.Contains(cert.Text(), want) || strings.Contains(cert.Text(), "A court has") {
					t.Errorf("partial %v, the certificate: %s", cert.Partial, cert.Text())
				}
				if h.debtsMay() != c.outweighed {
					t.Errorf("at the end the gate says %v", h.debtsMay())
				}
				if n := h.shelves.count("desk", "frozen = 1"); n != c.frozen {
					t.Errorf("at the end %d rows are marked", n)
				}
				if l := h.letters(ann)[0]; !strings.Contains(l.Text, c.told) {
					t.Errorf("the last letter says: %s", l.Text)
				}
				h.audit()
			})
		})
	}
}

// What is restricted for a reason of its own stays marked when an objection is outweighed.
func TestRestrictionOutlivesAnObjection(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		for _, right := range []law.Right{law.Restrict, law.Object} {
			r := h.ask(right, ann, func(a *cases.Ask) {
				if right == law.Object {
					a.Of = []string{"debts"}
				}
			})
			h.prove(ann)
			h.run()
			if right == law.Object {
				h.Check(h.desk.Weigh(bg, r.ID, "ivy", "A court has the claim before it.", true))
				h.Pass(25 * time.Hour)
				h.run()
			}
			h.finishTasks(r)
			h.is(r, cases.Closed)
		}
		if n := h.shelves.count("desk", "frozen = 1"); n != 2 {
			t.Errorf("%d rows are marked, and the person's data is restricted", n)
		}
	})
}

// An opt-out under an address that nobody has shown to hold marks the rows under it where the map names a column, and whether
// anybody was found is not seen from what is left to do.
func TestOptOutIsMarked(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		known, unknown := m.ask(law.OptOut, ann), m.ask(law.OptOut, nobody)
		m.run()
		for _, r := range []cases.Taken{known, unknown} {
			m.is(r, cases.Closed)
			for _, s := range m.steps(r) {
				if s.Kind == "task" {
					t.Errorf("a task: %s", s.What)
				}
			}
		}
		if got := m.text("shop", `SELECT email || ' ' || state FROM customers ORDER BY id`); got != "Ann@mail.example unsold bob@mail.example active" {
			t.Errorf("the shop says: %s", got)
		}
		m.audit()
	})
}

// In the mapped systems the rows are marked while an objection is weighed, and the mark is taken back when it was outweighed.
func TestMappedWeighing(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		m.Submit(collecttest.Submission("contact", "contact.email", ann, "contact.name", "Ann Visitor", "messages.text", "Is it sold?"))
		r := m.ask(law.Object, ann, func(a *cases.Ask) { a.Of = []string{"debts"} })
		m.prove(ann)
		m.run()
		state := func() string { return m.text("shop", `SELECT state FROM customers ORDER BY id`) }
		if got := state(); got != "frozen active" {
			t.Errorf("while it is weighed the shop says: %s", got)
		}
		m.Check(m.desk.Weigh(bg, r.ID, "ivy", "A court has the claim before it.", true))
		m.run()
		if got := state(); got != "frozen active" {
			t.Errorf("before the person could read of it the shop says: %s", got)
		}
		m.setAway("shop", true)
		m.Pass(25 * time.Hour)
		m.run()
		m.is(r, cases.Planning)
		m.setAway("shop", false)
		m.Pass(time.Hour)
		m.run()
		if s := m.step(r, "task", "paper"); !strings.Contains(s.What, "Take back what was marked") {
			t.Errorf("people are asked to: %s", s.What)
		}
		m.finishTasks(r)
		m.is(r, cases.Closed)
		if got := state(); got != "active active" {
			t.Errorf("at the end the shop says: %s", got)
		}
		if !m.debtsMay() {
			t.Error("the use does not go on")
		}
		m.audit()
	})
}
