package cases_test

import (
	"slices"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// verified shows that Ann's address is hers.
func (h *house) verified() {
	h.t.Helper()
	h.Check(h.DB.Write(bg, func(tx *store.Tx) error {
		_, err := h.Vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: ann})
		return err
	}))
}

// annID is who Ann is here.
func (h *house) annID() (who avow.ID) {
	h.t.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		found, err := h.Vault.Find(tx, vault.Identity{Kind: vault.Email, Value: ann})
		if err == nil {
			who = found[0].Subject
		}
		return err
	}))
	return who
}

// wish is something that Ann stops by a switch, or allows.
func (h *house) wish(right law.Right, stops string, stands ...string) cases.Wish {
	h.Pass(time.Second)
	w := cases.Wish{Event: avow.NewID(h.Clock()), Subject: h.annID(), Policy: "site", Right: right, Stands: stands, Systems: true}
	if stops != "" {
		w.Stops = []string{stops}
	}
	return w
}

func (h *house) tryOut(w cases.Wish) error {
	return h.DB.Write(bg, func(tx *store.Tx) error { return h.desk.CarryOut(tx, w) })
}

func (h *house) carryOut(w cases.Wish) {
	h.t.Helper()
	h.Check(h.tryOut(w))
}

// asked are Ann's requests, the latest first.
func (h *house) asked() (out []cases.Taken) {
	h.t.Helper()
	open, err := h.desk.List(bg, false, 0, 100)
	h.Check(err)
	ended, err := h.desk.List(bg, true, 0, 100)
	h.Check(err)
	all := append(open, ended...)
	slices.SortStableFunc(all, func(a, b cases.Overview) int { return b.Received.Compare(a.Received) })
	for _, o := range all {
		out = append(out, cases.Taken{ID: o.ID, Number: o.Number})
	}
	return out
}

func (h *house) only() cases.Taken {
	h.t.Helper()
	list := h.asked()
	if len(list) != 1 {
		h.t.Fatalf("there are %d requests, and not 1", len(list))
	}
	return list[0]
}

func (h *house) frozen(want int, when string) {
	h.t.Helper()
	if n := h.shelves.count("desk", "frozen = 1"); n != want {
		h.t.Errorf("%s %d rows are marked, want %d", when, n, want)
	}
}

// weighing counts the weighings that wait.
func (h *house) weighing() (n int) {
	h.t.Helper()
	list, err := h.desk.ToDo(bg, 100)
	h.Check(err)
	for _, x := range list {
		if x.Step.Kind == "weigh" {
			n++
		}
	}
	return n
}

// What a switch stops is weighed by staff and marked in systems like what a request stops, once however often it is told.
func TestSwitchIsCarriedOut(t *testing.T) {
	for _, outweighed := range []bool{false, true} {
		each(t, func(h *house) {
			h.people()
			h.verified()
			before := len(h.letters(ann))
			w := h.wish(law.Object, "debts", "debts")
			h.carryOut(w)
			h.carryOut(w)                                    // the effect again
			h.carryOut(h.wish(law.Object, "debts", "debts")) // the person again
			h.run()
			r := h.only()
			if o := h.state(r); o.Door != cases.Switch || o.State != cases.Running || o.Due.IsZero() || h.weighing() != 1 {
				t.Fatalf("the request is %+v, %d weighings wait", o, h.weighing())
			}
			h.frozen(2, "while it is weighed")
			h.finishTasks(r)
			if n := len(h.letters(ann)); n != before {
				t.Errorf("the person got %d letters", n-before)
			}
			h.Check(h.Register.Do(bg, h.annID(), func(hand *consent.Hand) error {
				_, err := hand.Object(consent.Choice{Policy: "site", Purpose: "debts"})
				return err
			}))
			h.Check(h.desk.Weigh(bg, r.ID, "ivy", "A court has the claim before it.", outweighed))
			h.Pass(25 * time.Hour)
			h.run()
			h.finishTasks(r)
			h.is(r, cases.Closed)
			if n := len(h.letters(ann)); n != before+1 {
				t.Errorf("the person got %d letters of the weighing", n-before)
			}
			h.frozen(map[bool]int{true: 0, false: 2}[outweighed], "at the end")
			h.carryOut(h.wish(law.Object, "")) // allowed
			h.run()
			if n := len(h.asked()); n != map[bool]int{true: 1, false: 2}[outweighed] {
				t.Errorf("after it was allowed there are %d requests", n)
			}
			h.frozen(0, "after it was allowed")
			h.audit()
		})
	}
}

// Whoever turns the switch back ends the weighing, and the marks are taken back, whether or not the request has ended.
func TestSwitchBack(t *testing.T) {
	for _, ended := range []bool{false, true} {
		each(t, func(h *house) {
			h.people()
			h.verified()
			before := len(h.letters(ann))
			h.carryOut(h.wish(law.Object, "debts", "debts"))
			h.run()
			r := h.only()
			if ended {
				h.Check(h.desk.Weigh(bg, r.ID, "ivy", "It stands.", false))
				h.finishTasks(r)
				h.is(r, cases.Closed)
				before++ // what was found
			}
			h.frozen(2, "at first")
			back := h.wish(law.Object, "")
			h.carryOut(back)
			h.carryOut(back)
			h.run()
			if h.weighing() != 0 {
				t.Error("it is still weighed")
			}
			h.frozen(0, "after it was taken back")
			if r = h.asked()[0]; h.state(r).Outcome != "taken back by the person" {
				t.Errorf("the outcome is %q", h.state(r).Outcome)
			}
			h.finishTasks(r)
			h.is(r, cases.Closed)
			if o := h.state(r).Outcome; o != "taken back by the person" {
				t.Errorf("at the end the outcome is %q", o)
			}
			h.carryOut(h.wish(law.Object, "")) // nothing is left to take back
			if n, want := len(h.asked()), map[bool]int{true: 2, false: 1}[ended]; n != want {
				t.Errorf("there are %d requests, want %d", n, want)
			}
			if n := len(h.letters(ann)); n != before {
				t.Errorf("the person got %d letters more", n-before)
			}
			h.audit()
		})
	}
}

// Ten times on and off, with steps done now and then: it ends as the last switch was, with one request open at most.
func TestSwitchFlaps(t *testing.T) {
	for _, last := range []bool{true, false} {
		for _, pace := range []int{1, 3, 100} { // how many switches between two looks of the engine
			each(t, func(h *house) {
				h.people()
				h.verified()
				for i := range 10 {
					w := h.wish(law.Object, "")
					if i%2 == 0 == !last {
						w = h.wish(law.Object, "debts", "debts")
					}
					h.carryOut(w)
					if i%pace == pace-1 {
						h.run()
					}
				}
				h.run()
				if n := h.weighing(); n != map[bool]int{true: 1, false: 0}[last] {
					t.Errorf("%d weighings wait", n)
				}
				h.frozen(map[bool]int{true: 2, false: 0}[last], "at the end")
				open, err := h.desk.List(bg, false, 0, 100)
				h.Check(err)
				if len(open) > 1 {
					t.Errorf("%d requests are open", len(open))
				}
				h.audit()
			})
		}
	}
}

// A switch that is turned while a system is written to waits for the end of that, and then ends as it was turned.
func TestSwitchIsTurnedAfterTheWrite(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.verified()
		h.carryOut(h.wish(law.Object, "debts", "debts"))
		back := h.wish(law.Object, "")
		refused := 0
		h.shelves.cut = func(system string) {
			if err := h.tryOut(back); avow.KindOf(err) == avow.Unavailable && err != nil && system == "desk" {
				refused++
			}
		}
		h.run()
		if h.shelves.cut = nil; refused != 1 {
			t.Fatalf("in the middle of the change it was put off %d times", refused)
		}
		h.carryOut(back)
		h.run()
		h.frozen(0, "after it was taken back")
	})
}

// A mark that stands for another reason stays when a switch is turned back: a restriction, or another objection.
func TestSwitchBackLeavesOtherMarks(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.verified()
		r := h.ask(law.Restrict, ann)
		h.prove(ann)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
		h.carryOut(h.wish(law.Object, "debts", "debts"))
		h.run()
		h.carryOut(h.wish(law.Object, ""))
		h.run()
		h.frozen(2, "while the data is restricted")
	})
	each(t, func(h *house) {
		h.people()
		h.verified()
		h.carryOut(h.wish(law.Object, "debts", "debts"))
		h.carryOut(h.wish(law.Object, "answer", "debts", "answer"))
		h.run()
		h.only() // it is about both
		h.carryOut(h.wish(law.Object, "", "answer"))
		h.run()
		if h.weighing() != 0 {
			t.Error("what was allowed is still weighed")
		}
		h.frozen(2, "while another objection stands")
		h.carryOut(h.wish(law.Object, ""))
		h.run()
		h.frozen(0, "when none stands")
	})
}

// A request that the person made is turned by their switch too: the weighing ends.
func TestSwitchTurnsARequest(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.verified()
		r := h.ask(law.Object, ann, func(a *cases.Ask) { a.Of = []string{"debts"} })
		h.prove(ann)
		h.run()
		h.frozen(2, "while it is weighed")
		h.carryOut(h.wish(law.Object, "debts", "debts"))
		h.only() // what is asked already is not asked again
		h.carryOut(h.wish(law.Object, ""))
		h.run()
		h.must(avow.Conflict, h.desk.Weigh(bg, r.ID, "ivy", "late", true))
		h.frozen(0, "after it was taken back")
		h.finishTasks(r)
		h.is(r, cases.Closed)
	})
}

// Where nothing is left to do beside the gate nobody is bothered.
func TestSwitchWithNothingLeft(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.verified()
		for _, w := range []cases.Wish{h.wish(law.Object, "answer", "answer"), h.wish(law.StopMarketing, "news", "news"), h.wish(law.Object, "")} {
			w.Systems = false
			h.carryOut(w)
		}
		h.carryOut(h.wish(law.Object, "")) // something marks, and nothing was marked
		if list := h.asked(); len(list) != 0 {
			t.Errorf("there are %d requests", len(list))
		}
		w := h.wish(law.Object, "debts", "debts")
		w.Systems = false
		h.carryOut(w)
		h.only() // it is weighed
		signal := h.wish(law.StopMarketing, "news", "news")
		signal.Signal = true
		h.carryOut(signal)
		h.run()
		n := len(h.asked())
		signal.Event = avow.NewID(h.Clock())
		h.carryOut(signal)
		if len(h.asked()) != n || n != 2 {
			t.Errorf("a signal is carried out again and again: %d requests, and %d", n, len(h.asked()))
		}
	})
}

// In the mapped systems the row is marked by a switch, and not any more when it is turned back; while a system is away the last one counts.
func TestMappedSwitch(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		m.Submit(collecttest.Submission("contact", "contact.email", ann, "messages.text", "Is it sold?"))
		m.verified()
		state := func(want, when string) {
			t.Helper()
			if got := m.text("shop", `SELECT state FROM customers ORDER BY id`); got != want {
				t.Errorf("%s the shop says: %s, want %s", when, got, want)
			}
		}
		m.carryOut(m.wish(law.Object, "debts", "debts"))
		m.run()
		state("frozen active", "while it is weighed")
		m.setAway("shop", true)
		m.carryOut(m.wish(law.Object, ""))
		m.run()
		m.carryOut(m.wish(law.Object, "debts", "debts"))
		m.carryOut(m.wish(law.Object, ""))
		m.setAway("shop", false)
		m.Pass(time.Hour)
		m.run()
		state("active active", "after it was taken back")
		r := m.only()
		m.finishTasks(r)
		m.is(r, cases.Closed)
		m.audit()
	})
}
