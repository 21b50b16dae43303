package cases_test

import (
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

func virginian(a *cases.Ask) { a.Region = "US-VA" }

// What was refused after its plan was approved is planned again when an appeal is granted, and
// that plan nobody has seen.
func TestGrantedAppealIsApprovedAgain(t *testing.T) {
	tuned(t, func(c *cases.Config) { c.TwoPeople = []law.Right{law.Remove} }, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann, virginian)
		pass := h.prove(ann)
		h.run()
		h.is(r, cases.Approval)
		h.Check(h.desk.Approve(bg, r.ID, "max"))
		h.Check(h.desk.Refuse(bg, r.ID, "ivy", "it is unfounded"))
		h.Check(h.desk.Appeal(bg, pass.Token, "it is founded well"))
		h.Check(h.desk.DecideAppeal(bg, r.ID, "sue", "so it is", true))
		h.shelves.put("shop", ann, "Ann Visitor")
		h.run()
		h.is(r, cases.Approval)
		if n := h.shelves.count("shop", "email = ?", ann); n != 3 {
			t.Errorf("%d rows before the second plan was approved", n)
		}
	})
}

// Who showed who they are only with their appeal has as long for it as anybody.
func TestGrantedAppealDoesNotLapse(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann, virginian)
		h.run()
		h.Pass(25 * 24 * time.Hour)
		h.Check(h.desk.Refuse(bg, r.ID, "ivy", "nobody showed who they are"))
		h.Check(h.desk.Send(bg, r.Number))
		pass := h.prove(ann)
		h.Pass(10 * time.Minute)
		h.Check(h.desk.Appeal(bg, pass.Token, "I was away"))
		h.Pass(10 * 24 * time.Hour)
		h.Check(h.desk.DecideAppeal(bg, r.ID, "sue", "so they were", true))
		h.Check(h.desk.Watch(bg))
		h.run()
		h.is(r, cases.Verifying)
		h.Pass(31 * 24 * time.Hour)
		h.Check(h.desk.Watch(bg))
		h.is(r, cases.Lapsed)
	})
}

// A second appeal has a clock of its own, and what an appeal grants is due by that clock.
func TestClockOfAppeals(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.shelves.setAway("crm", true)
		r := h.ask(law.Remove, ann, virginian)
		pass := h.prove(ann)
		h.Check(h.desk.Refuse(bg, r.ID, "ivy", "it is unfounded"))
		h.Check(h.desk.Appeal(bg, pass.Token, "it is founded"))
		first := h.state(r).Due
		h.Pass(40 * 24 * time.Hour)
		h.Check(h.desk.DecideAppeal(bg, r.ID, "max", "it still is unfounded", false))
		h.Pass(10 * 24 * time.Hour)
		h.Check(h.desk.Send(bg, r.Number))
		pass = h.prove(ann)
		h.Check(h.desk.Appeal(bg, pass.Token, "once more"))
		second := h.state(r).Due
		if days := int(second.Sub(first).Hours() / 24); days < 49 {
			t.Errorf("the second appeal is due %d days after the first, which was 50 days before", days)
		}
		h.Check(h.desk.DecideAppeal(bg, r.ID, "sue", "it is founded after all", true))
		if due := h.state(r).Due; !due.Equal(second) {
			t.Errorf("what was granted is due %s, and the appeal was %s", due, second)
		}
		late, err := h.desk.Overdue(bg)
		h.Check(err)
		if len(late) > 0 {
			t.Errorf("%+v", late)
		}
	})
}

// Who refused it decides no appeal, nor approves who brought it, under another spelling of their name.
func TestOneNameInSeveralSpellings(t *testing.T) {
	tuned(t, func(c *cases.Config) { c.TwoPeople = []law.Right{law.Remove} }, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann, func(a *cases.Ask) {
			a.Region, a.Door, a.By, a.Evidence = "US-VA", cases.Staff, "Ivy Green", "ticket 12"
		})
		h.run()
		for _, by := range []string{"ivy green", " Ivy Green ", "IVY  GREEN", "Ivy\u00a0Green"} {
			h.must(avow.Forbidden, h.desk.Approve(bg, r.ID, by))
		}
		h.Check(h.desk.Refuse(bg, r.ID, "Ivy Green", "it is unfounded"))
		h.Check(h.desk.Send(bg, r.Number))
		h.run()
		pass, err := h.desk.Confirm(bg, h.link(ann))
		h.Check(err)
		h.Check(h.desk.Appeal(bg, pass.Token, "it is founded"))
		h.must(avow.Forbidden, h.desk.DecideAppeal(bg, r.ID, "ivy green", "no", false))
	})
}
