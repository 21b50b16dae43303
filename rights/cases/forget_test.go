package cases_test

import (
	"context"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// What ends before anything was done is forgotten like what was done: the last step comes to its
// end, and nobody tries it for ever.
func TestEndedEarlyIsForgotten(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.shelves.setAway("crm", true)
		cancelled := h.ask(law.Remove, ann)
		pass := h.prove(ann)
		merged := h.ask(law.Remove, ann)
		h.prove(ann)
		h.Check(h.desk.CancelMine(bg, pass.Token))
		lapsed := h.ask(law.Remove, nobody)
		h.run()
		refused := h.ask(law.Remove, bob)
		h.prove(bob)
		h.Check(h.desk.Refuse(bg, refused.ID, "ivy", "It is not his."))
		h.Pass(31 * 24 * time.Hour)
		h.Check(h.desk.Watch(bg))
		h.run()
		for r, want := range map[cases.Taken]cases.State{cancelled: cases.Cancelled, merged: cases.Merged, lapsed: cases.Lapsed, refused: cases.Refused} {
			h.is(r, want)
			if s := h.step(r, "forget", ""); s.State != "done" || s.Tries != 1 {
				t.Errorf("%s: %+v", want, s)
			}
		}
		stuck, err := h.desk.Stuck(bg, 10)
		h.Check(err)
		if len(stuck) > 0 {
			t.Errorf("%+v", stuck)
		}
	})
}

// While the clock is in doubt nothing is forgotten, or lapses, because its time seems over; what an erasure ends at once it ends, and
// reminders go out.
func TestNothingIsForgottenByADoubtfulClock(t *testing.T) {
	doubtful := false
	tuned(t, func(c *cases.Config) {
		c.SureOfClock = func(context.Context) error {
			if doubtful {
				return avow.Errorf(avow.Refused, "the clock is in doubt")
			}
			return nil
		}
	}, func(h *house) {
		doubtful = false
		h.people()
		refused := h.ask(law.Remove, bob)
		h.prove(bob)
		h.Check(h.desk.Refuse(bg, refused.ID, "ivy", "It is not his."))
		unproven := h.ask(law.Copy, nobody)
		erased := h.ask(law.Remove, ann)
		h.run()
		doubtful = true
		h.Pass(366 * 24 * time.Hour)
		h.Check(h.desk.Watch(bg))
		h.run()
		if s := h.step(refused, "forget", ""); s.State == "done" || s.Tries > 0 {
			t.Errorf("forgotten: %+v", s)
		}
		h.is(unproven, cases.Verifying)
		h.Check(h.desk.Cancel(bg, erased.ID, "ivy"))
		h.run()
		if s := h.step(erased, "forget", ""); s.State != "done" {
			t.Errorf("not forgotten: %+v", s)
		}
		doubtful = false
		h.Check(h.desk.Watch(bg))
		h.run()
		if s := h.step(refused, "forget", ""); s.State != "done" {
			t.Errorf("not forgotten: %+v", s)
		}
		h.is(unproven, cases.Lapsed)
	})
}
