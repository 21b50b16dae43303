package cases_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// A step that was cut short, by a kill or by a stop, was no try: a request does not wait longer for it. What it met when
// it came to its end counts, and only that.
func TestCutShortIsNoTry(t *testing.T) {
	tuned(t, func(c *cases.Config) { c.Lease = time.Minute }, func(h *house) {
		h.people()
		r := h.ask(law.Restrict, ann)
		h.prove(ann)
		for range 5 {
			h.killed()
			h.stopped()
		}
		if s := h.step(r, "run", "shop"); s.Tries != 0 || s.State != "waiting" || !s.Done.IsZero() || s.Trouble != "" {
			t.Errorf("after ten that were cut short: %+v", s)
		}
		h.shelves.setAway("shop", true)
		h.Pass(2 * time.Minute)
		h.run()
		s := h.step(r, "run", "shop")
		if wait := s.Next.Sub(h.Clock()); s.Tries != 1 || s.Class != "unavailable" || wait != 30*time.Second {
			t.Errorf("after the first failure it waits %v: %+v", wait, s)
		}
		h.Pass(time.Minute)
		h.run()
		s = h.step(r, "run", "shop")
		if wait := s.Next.Sub(h.Clock()); s.Tries != 2 || wait != time.Minute {
			t.Errorf("after the second failure it waits %v: %+v", wait, s)
		}
		h.shelves.setAway("shop", false)
		h.Pass(time.Hour)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
	})
}

// killed runs what is due on a node that is gone in the middle of the shop's step: it has taken the step, changed the shop, and says nothing more.
func (h *house) killed() {
	h.t.Helper()
	h.Pass(2 * time.Minute) // whoever had it shows no life any more
	ctx, cancel := context.WithCancel(bg)
	h.cutAt("shop", func() { runtime.Goexit() })
	if _, err := h.newDesk().Run(ctx); err != nil {
		h.t.Fatal(err)
	}
	cancel()
	h.shelves.cut = nil
}

// stopped runs what is due on a node that is told to stop then.
func (h *house) stopped() {
	h.t.Helper()
	h.Pass(2 * time.Minute)
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	h.cutAt("shop", cancel)
	if _, err := h.newDesk().Run(ctx); err != nil {
		h.t.Fatal(err)
	}
	h.shelves.cut = nil
}

// cutAt does something when a system was changed, and counts on it.
func (h *house) cutAt(system string, do func()) {
	h.t.Helper()
	cut := false
	h.shelves.cut = func(name string) {
		if name == system {
			cut = true
			do()
		}
	}
	h.t.Cleanup(func() {
		if !cut {
			h.t.Error("a step that was to be cut short was not begun")
		}
	})
}
