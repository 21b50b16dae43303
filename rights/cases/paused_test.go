package cases_test

import (
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
)

// What ends while the person was asked something is forgotten too: nobody waits for an answer any more.
func TestEndedWhilePausedIsForgotten(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.shelves.setAway("crm", true)
		cancelled := h.ask(law.Remove, ann)
		pass := h.prove(ann)
		h.pause(cancelled, law.Clarification)
		h.Check(h.desk.CancelMine(bg, pass.Token))
		refused := h.ask(law.Remove, bob)
		h.prove(bob)
		h.pause(refused, law.Clarification)
		h.Check(h.desk.Refuse(bg, refused.ID, "ivy", "It is not his."))
		lapsed := h.ask(law.Remove, nobody, byAgent)
		h.run()
		h.pause(lapsed, law.Identity)
		h.Pass(31 * 24 * time.Hour)
		h.Check(h.desk.Watch(bg))
		h.run()
		for r, want := range map[cases.Taken]cases.State{cancelled: cases.Cancelled, refused: cases.Refused, lapsed: cases.Lapsed} {
			h.is(r, want)
			if s := h.step(r, "forget", ""); s.State != "done" {
				t.Errorf("%s: %+v", want, s)
			}
			if o := h.state(r); o.Paused != "" {
				t.Errorf("%s, and still said to wait for %s", want, o.Paused)
			}
			_, err := h.desk.Look(bg, r.ID, "ivy")
			h.must(avow.NotFound, err)
		}
	})
}

// byAgent is a request that an agent brings, who hears of everything.
func byAgent(a *cases.Ask) {
	a.Region, a.Door, a.By, a.Evidence = "GB", cases.Agent, "a union", "a mandate"
}

func (h *house) pause(r cases.Taken, cause law.Cause) {
	h.t.Helper()
	h.Check(h.desk.Pause(bg, r.ID, "ivy", cause, "Which do you mean?"))
}

// Who was asked to show who they are, and does, is waited for no longer.
func TestShownWhilePaused(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann, byAgent)
		h.run()
		h.pause(r, law.Identity)
		h.prove(ann)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
	})
}

// What nobody is told moves no clock; who is asked something is told where to answer.
func TestToldToNobody(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.shelves.setAway("crm", true)
		r := h.ask(law.Copy, ann)
		h.run()
		due := h.state(r).Due
		h.must(avow.Refused, h.desk.Extend(bg, r.ID, "ivy", "there are very many files", law.Date{}))
		h.must(avow.Refused, h.desk.Pause(bg, r.ID, "ivy", law.Clarification, "Which of the two shops do you mean?"))
		if o := h.state(r); !o.Due.Equal(due) || o.Paused != "" {
			t.Errorf("%+v", o)
		}
		pass := h.prove(ann)
		h.pause(r, law.Clarification)
		p, err := h.desk.Progress(bg, pass.Token)
		h.Check(err)
		for _, text := range []string{h.letters(ann)[0].Text, p.Words} {
			if !strings.Contains(text, "privacy@quay.example") || !strings.Contains(text, r.Number) {
				t.Errorf("it does not say where to answer: %s", text)
			}
		}
	})
}

// The letter names the day that ends the time of the law where the person lives, and none after it.
func TestTheDayInTheFirstLetter(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		for region, name := range map[avow.Region]string{"US-CA": "Los Angeles", "NL": "Brussels"} {
			address := strings.ToLower(string(region)) + "@mail.example"
			r := h.ask(law.Copy, address, func(a *cases.Ask) { a.Region, a.Door, a.By, a.Evidence = region, cases.Staff, "ivy", "ticket 12" })
			clock, err := h.desk.Clock(bg, r.ID)
			h.Check(err)
			if want := "before the end of " + clock[0].Respond.On.Long(); !strings.Contains(h.letters(address)[0].Text, want) {
				t.Errorf("in %s it is due %s, and the letter says: %s", name, clock[0].Respond.On.Long(), h.letters(address)[0].Text)
			}
		}
	})
}

// However often somebody has a link sent again, their request comes to its end.
func TestLinksSentAgainAndAgain(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann)
		h.run()
		for range 12 {
			h.Check(h.desk.Send(bg, r.Number))
			h.run()
		}
		var moments int
		h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT count(n) FROM rights_case_moments WHERE case_id = ?`, r.ID).Scan(&moments)
		}))
		if moments > 2 { // asked, and acknowledged; a clock has a thousand at most
			t.Errorf("%d moments, and nobody but the person did anything", moments)
		}
		h.Pass(2 * time.Hour)
		h.Check(h.desk.Send(bg, r.Number))
		h.prove(ann)
		h.run()
		h.finishTasks(r)
		h.is(r, cases.Closed)
	})
}
