package cases_test

import (
	"strings"
	"testing"

	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// again erases Ann, while an application writes her name back into her invoice, so many times
// right after it was erased: by then nothing else leads to the invoice.
func (m *mapped) again(times int) cases.Taken {
	m.t.Helper()
	m.Check(m.exec("shop", `DELETE FROM orders WHERE customer_id = 1`))
	m.Check(m.exec("shop", `DELETE FROM customers WHERE id = 1`))
	m.Check(m.exec("crm", `DELETE FROM contacts`))
	m.Check(m.exec("desk", `DELETE FROM tickets`))
	r := m.ask(law.Remove, ann)
	m.run()
	for range times {
		m.meddling = append(m.meddling, write{"shop", `UPDATE invoices SET name = 'Ann Visitor' WHERE id = 20`})
	}
	_, err := m.desk.Confirm(bg, m.link(ann))
	m.Check(err)
	m.run()
	return r
}

// A check that found something left is not followed by one that finds nothing because the
// erasure took the way to it: what was captured is judged, and done, in every round.
func TestWhatACheckFoundIsNotForgotten(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		r := m.again(9)
		if s := m.step(r, "task", ""); !strings.Contains(s.What, "still there, in shop.invoices") {
			t.Errorf("people are told: %+v", s)
		}
		if got := m.text("shop", `SELECT name FROM invoices WHERE id = 20`); got != "Ann Visitor" {
			t.Fatalf("the application did not write: %s", got)
		}
		checks := 0
		for _, s := range m.steps(r) {
			if s.Kind != "check" {
				continue
			}
			if checks++; s.State != "partial" {
				t.Errorf("check %d is %s: %s", checks, s.State, s.Outcome)
			}
		}
		if checks != 3 {
			t.Errorf("%d checks", checks)
		}
		m.finishTasks(r)
		cert, err := m.desk.Certificate(bg, r.ID)
		m.Check(err)
		if text := cert.Text(); len(cert.Systems) != 1 || strings.Contains(text, "what should be gone is gone") {
			t.Errorf("%+v\n%s", cert.Systems, text)
		}
		for _, l := range m.letters(ann) {
			if strings.Contains(l.Text, "what should be gone is gone") {
				t.Errorf("she is told that all is gone: %s", l.Text)
			}
		}
	})
}

// What came back once is erased in the second round.
func TestWhatCameBackIsErasedAgain(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		r := m.again(1)
		m.finishTasks(r)
		m.is(r, cases.Closed)
		if got := m.text("shop", `SELECT name FROM invoices WHERE id = 20`); got != "erased" {
			t.Errorf("the invoice says %s", got)
		}
		cert, err := m.desk.Certificate(bg, r.ID)
		m.Check(err)
		if len(cert.Systems) != 1 || len(cert.Checked) != 3 || cert.Checked[0].Left != 1 || cert.Checked[1].Left != 0 {
			t.Errorf("%+v %+v", cert.Systems, cert.Checked)
		}
	})
}

// A text that names the person in a row of theirs, which no rule is about, is a failure in
// every round, also when nothing leads to the row any more.
func TestTheirOwnRowsStayTheirsInEveryRound(t *testing.T) {
	eachMapped(t, func(m *mapped) {
		m.Check(m.exec("shop", `ALTER TABLE invoices ADD COLUMN extra TEXT`))
		m.Check(m.exec("shop", `UPDATE invoices SET extra = '{"to":"ann@mail.example"}' WHERE id = 20`))
		r := m.again(0)
		sweeps := 0
		for _, s := range m.steps(r) {
			if strings.Contains(s.What, "not theirs") {
				t.Errorf("her own invoice is said to be somebody else's: %s", s.What)
			}
			if s.Kind != "sweep" {
				continue
			}
			if sweeps++; s.State != "partial" || !strings.Contains(string(s.Outcome), `"owned":true`) {
				t.Errorf("sweep %d is %s: %s", sweeps, s.State, s.Outcome)
			}
		}
		if s := m.step(r, "task", ""); sweeps != 3 || !strings.Contains(s.What, "still named in texts that are theirs") {
			t.Errorf("%d sweeps, and people are told %q", sweeps, s.What)
		}
	})
}

// Tasks that people did, or have still to do, are not given again in a further round.
func TestTasksAreGivenOnce(t *testing.T) {
	each(t, func(h *house) {
		for address, done := range map[string]bool{ann: true, bob: false} {
			h.shelves.put("shop", address, "Somebody")
			r := h.ask(law.Remove, address)
			h.shelves.cut = func(string) { // while the shop is worked in
				for _, s := range h.steps(r) {
					if done && s.About == "paper" && s.State == "open" {
						h.Check(h.desk.TaskDone(bg, r.ID, s.N, "ivy", "shredded"))
					}
				}
			}
			h.shelves.left = 1 // the first check finds something, and another round begins
			h.prove(address)
			h.run()
			var tasks []cases.Step
			rounds := 0
			for _, s := range h.steps(r) {
				rounds = max(rounds, s.Round)
				if s.Kind == "task" && s.About == "paper" {
					tasks = append(tasks, s)
				}
			}
			if rounds != 2 || len(tasks) != 1 || (tasks[0].State == "done") != done {
				t.Errorf("%d rounds, and the archive is asked %+v", rounds, tasks)
			}
			h.finishTasks(r)
			h.is(r, cases.Closed)
		}
	})
}
