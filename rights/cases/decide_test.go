package cases_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// Which states may follow which, whole.
func TestStates(t *testing.T) {
	all := []cases.State{cases.Received, cases.Verifying, cases.Planning, cases.Approval, cases.Running, cases.Checking, cases.Delivering, cases.Closed,
		cases.Refused, cases.Cancelled, cases.Appealed, cases.Merged, cases.Lapsed}
	//                   R V P A R C D C R C A M L
	want := map[cases.State]string{
		cases.Received:   "xxx.x.x.xx.x.",
		cases.Verifying:  ".xx.x.x.xx.xx",
		cases.Planning:   "..xxxxx.xx...",
		cases.Approval:   "..xxx...xx...",
		cases.Running:    "..xxxxx.xx...",
		cases.Checking:   "..x.xxx.xx...",
		cases.Delivering: "......xx.....",
		cases.Closed:     ".......x..x..",
		cases.Refused:    ".......xx.x..",
		cases.Cancelled:  ".........x...",
		cases.Appealed:   ".xx.x.x.x.x..",
		cases.Merged:     "...........x.",
		cases.Lapsed:     "............x",
	}
	for _, from := range all {
		var got strings.Builder
		for _, to := range all {
			got.WriteString(map[bool]string{true: "x", false: "."}[from.May(to)])
		}
		if got.String() != want[from] {
			t.Errorf("%-10s %s, want %s", from, got.String(), want[from])
		}
	}
}

func TestCancel(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.shelves.setAway("crm", true)
		r := h.ask(law.Remove, ann)
		pass := h.prove(ann)
		h.run()
		h.Check(h.desk.CancelMine(bg, pass.Token))
		h.is(r, cases.Cancelled)
		h.shelves.setAway("crm", false)
		h.Pass(time.Hour)
		h.run()
		if h.shelves.count("shop", "email = ? AND frozen = 0", ann) != 2 {
			t.Error("a cancelled request was done")
		}
		h.must(avow.Conflict, h.desk.Cancel(bg, r.ID, "ivy"))
		_, err := h.desk.Look(bg, r.ID, "ivy")
		h.must(avow.NotFound, err) // forgotten
	})
}

// A request of which nothing but tasks is open, and nobody has done one, can be cancelled: the tasks are withdrawn, and staff
// are told. Once one is done it cannot.
func TestCancelWhileTasksAreOpen(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		const cleo = "cleo@mail.example" // known nowhere but, perhaps, on paper
		ask := func(right law.Right, address string) cases.Taken {
			r := h.ask(right, address, func(a *cases.Ask) { a.Door, a.By, a.Evidence = cases.Staff, "kim", "a letter" })
			h.run()
			return r
		}
		for _, right := range []law.Right{law.Remove, law.Copy} {
			r := ask(right, cleo)
			h.is(r, map[law.Right]cases.State{law.Remove: cases.Checking, law.Copy: cases.Running}[right])
			n := h.step(r, "task", "paper").N
			h.Check(h.desk.Cancel(bg, r.ID, "ivy"))
			h.is(r, cases.Cancelled)
			if o := h.state(r).Outcome; o != "cancelled; the person told ivy; 1 task was withdrawn" {
				t.Errorf("%s: it says %q", right, o)
			}
			if l := h.letters(staffMail)[0]; l.Subject != "Request "+r.Number+" was cancelled: 1 task was withdrawn" || !strings.Contains(l.Text, "archive: Look into the paper files.") {
				t.Errorf("%s: staff are told %q, %s", right, l.Subject, l.Text)
			}
			h.must(avow.Conflict, h.desk.TaskDone(bg, r.ID, n, "ivy", "done"))
			open, err := h.desk.ToDo(bg, 10)
			h.Check(err)
			if len(open) != 0 {
				t.Errorf("%s: still to do: %+v", right, open)
			}
		}
		h.shelves.hits = []cases.Hit{{System: "shop", Table: "people", Column: "name", Rows: 1}} // a second task
		done := ask(law.Remove, cleo)
		h.Check(h.desk.TaskDone(bg, done.ID, h.step(done, "task", "paper").N, "ivy", "shredded"))
		h.must(avow.Refused, h.desk.Cancel(bg, done.ID, "ivy"))
	})
}

func TestRefusalAndAppeal(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		for _, c := range []struct {
			region avow.Region
			appeal bool
		}{{"NL", false}, {"US-VA", true}} {
			r := h.ask(law.Remove, ann, func(a *cases.Ask) { a.Region = c.region })
			pass := h.prove(ann)
			h.shelves.setAway("crm", true) // so that nothing is done yet
			h.must(avow.Invalid, h.desk.Refuse(bg, r.ID, "ivy", ""))
			h.refuseInTime(r)
			letter := h.letters(ann)[0].Text
			if !strings.Contains(letter, "manifestly unfounded") || strings.Contains(letter, "Autoriteit") != (c.region == "NL") {
				t.Error(letter)
			}
			p, err := h.desk.Progress(bg, pass.Token)
			h.Check(err)
			if p.Appeal != c.appeal || p.Reason == "" || p.Recourse == "" {
				t.Errorf("%s: %+v", c.region, p)
			}
			h.appealed(r, pass, c.appeal)
			h.shelves.setAway("crm", false)
		}
	})
}

func (h *house) refuseInTime(r cases.Taken) {
	h.t.Helper()
	if h.state(r).State == cases.Running || h.state(r).State == cases.Checking {
		h.t.Fatal("it was begun before the test could refuse it")
	}
	h.Check(h.desk.Refuse(bg, r.ID, "ivy", "it is manifestly unfounded"))
	h.is(r, cases.Refused)
}

// appealed is what comes after a refusal, by the law.
func (h *house) appealed(r cases.Taken, pass cases.Pass, can bool) {
	h.t.Helper()
	err := h.desk.Appeal(bg, pass.Token, "it is founded well")
	if !can {
		h.must(avow.Refused, err)
		return
	}
	h.Check(err)
	h.is(r, cases.Appealed)
	h.must(avow.Conflict, h.desk.Appeal(bg, pass.Token, "again"))
	clock, err := h.desk.Clock(bg, r.ID)
	h.Check(err)
	if clock[0].Appeal.IsZero() || !h.state(r).Due.Equal(clock[0].Appeal.Ends) {
		h.t.Errorf("the appeal has no clock: %s", clock[0].Explain())
	}
	h.must(avow.Forbidden, h.desk.DecideAppeal(bg, r.ID, "ivy", "no", false))
	h.Check(h.desk.DecideAppeal(bg, r.ID, "max", "it still is unfounded", false))
	h.is(r, cases.Refused)
	h.Check(h.desk.Appeal(bg, pass.Token, "once more"))
	h.Check(h.desk.DecideAppeal(bg, r.ID, "sue", "it is founded after all", true))
	h.shelves.setAway("crm", false)
	h.Pass(time.Hour)
	h.run()
	h.finishTasks(r)
	h.is(r, cases.Closed)
	if n := h.shelves.count("shop", "email = ?", ann); n != 0 {
		h.t.Errorf("%d rows after a granted appeal", n)
	}
}

// The clock of the law, with what was asked of the person, and the extension.
func TestClock(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.shelves.setAway("crm", true)
		r := h.ask(law.Copy, ann, func(a *cases.Ask) { a.Region = "GB" })
		h.Pass(48 * time.Hour) // the mail lies
		h.prove(ann)
		before := h.state(r).Due
		h.Check(h.desk.Pause(bg, r.ID, "ivy", law.Clarification, "Which of the two shops do you mean?"))
		h.must(avow.Conflict, h.desk.Pause(bg, r.ID, "ivy", law.Clarification, "Well?"))
		h.shelves.setAway("crm", false)
		h.Pass(10 * 24 * time.Hour)
		h.run()
		if s := h.state(r).State; s == cases.Closed {
			t.Error("it went on while it was paused")
		}
		h.Check(h.desk.Resume(bg, r.ID, "ivy"))
		after := h.state(r).Due
		if after.Sub(before) < 7*24*time.Hour { // the Act of 2025 stops the clock; before, Easter had moved the day
			t.Errorf("due %s before the pause and %s after", before, after)
		}
		h.Check(h.desk.Extend(bg, r.ID, "ivy", "there are very many files", law.Date{}))
		if !h.state(r).Due.After(after) {
			t.Error("no more time")
		}
		h.must(avow.Refused, h.desk.Extend(bg, r.ID, "ivy", "still many", law.Date{}))
		clock, err := h.desk.Clock(bg, r.ID)
		h.Check(err)
		if len(clock) != 1 || clock[0].Regime.Name != "uk-gdpr" || !strings.Contains(clock[0].Explain(), "these days do not count") {
			t.Errorf("%v", clock[0].Explain())
		}
	})
}

func TestRemindersAndOverdue(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann)
		h.prove(ann)
		h.shelves.setAway("crm", true)
		heads := map[string]int{}
		for range 45 {
			h.Pass(24 * time.Hour)
			h.Check(h.desk.Watch(bg))
			h.Check(h.desk.Watch(bg))
			h.letters(staffMail)
		}
		for _, l := range h.letters(staffMail) {
			heads[strings.ReplaceAll(l.Subject, r.Number, "N")]++
			if strings.Contains(l.Text+l.Subject, "ann@") {
				t.Error("a letter to staff holds a value: " + l.Text)
			}
		}
		if len(heads) < 5 || heads["OVERDUE: request N should have been answered"] < 10 {
			t.Errorf("%v", heads)
		}
		late, err := h.desk.Overdue(bg)
		h.Check(err)
		if len(late) != 1 || late[0].Number != r.Number {
			t.Errorf("%+v", late)
		}
		states, overdue, err := h.desk.Counts(bg)
		h.Check(err)
		if overdue != 1 || len(states) == 0 {
			t.Error(states, overdue)
		}
	})
}

func TestLapse(t *testing.T) {
	each(t, func(h *house) {
		r := h.ask(law.Remove, nobody)
		h.run()
		h.Pass(31 * 24 * time.Hour)
		h.Check(h.desk.Watch(bg))
		h.run()
		h.is(r, cases.Lapsed)
		_, err := h.desk.Look(bg, r.ID, "ivy")
		h.must(avow.NotFound, err)
	})
}

// Whatever happens in whichever order: an answer is due by the law's own reckoning, never before
// the receipt, an extension never shortens, and the list of what is overdue agrees with it.
func TestClockProperties(t *testing.T) {
	each(t, func(h *house) {
		h.shelves.setAway("crm", true)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range 12 {
			region := []avow.Region{"NL", "GB", "US-CA", "US-VA", "", "JP"}[i%6]
			r := h.ask([]law.Right{law.Copy, law.Remove}[i%2], fmt.Sprintf("p%d@mail.example", i), func(a *cases.Ask) {
				a.Region, a.Door, a.By, a.Evidence = region, cases.Staff, "ivy", "ticket"
			})
			for range 6 {
				h.Pass(time.Duration(rng.IntN(12*24)) * time.Hour)
				before := h.state(r)
				switch rng.IntN(3) {
				case 0:
					h.desk.Pause(bg, r.ID, "ivy", law.Clarification, "which?")
				case 1:
					h.desk.Resume(bg, r.ID, "ivy")
				case 2:
					if err := h.desk.Extend(bg, r.ID, "ivy", "many files", law.Date{}); err == nil && !h.state(r).Due.After(before.Due) {
						t.Errorf("%s: an extension made it %s of %s", region, h.state(r).Due, before.Due)
					}
				}
				h.clockAgrees(r)
			}
		}
	})
}

func (h *house) clockAgrees(r cases.Taken) {
	h.t.Helper()
	o := h.state(r)
	if !o.Due.After(o.Received) {
		h.t.Errorf("due %s, received %s", o.Due, o.Received)
	}
	clocks, err := h.desk.Clock(bg, r.ID)
	h.Check(err)
	late, err := h.desk.Overdue(bg)
	h.Check(err)
	listed, overdue := false, len(clocks) == 0 && !h.Clock().Before(o.Due)
	for _, l := range late {
		listed = listed || l.ID == r.ID
	}
	for _, c := range clocks {
		overdue = overdue || c.Standing == law.Overdue || c.Standing == law.Refusal
	}
	if listed != overdue {
		h.t.Errorf("listed as overdue: %v, and the law says %v", listed, overdue)
	}
}
