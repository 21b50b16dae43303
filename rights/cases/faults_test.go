package cases_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// fault has the database refuse one of the writes to this room's tables, as a failing disk does.
type fault struct{ h *house }

func (f fault) write(statements ...string) {
	f.h.t.Helper()
	f.h.Check(f.h.DB.Write(bg, func(tx *store.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	}))
}

var faulted = []string{"rights_cases", "rights_case_steps", "rights_case_parts", "rights_case_moments", "rights_case_links", "rights_case_passes",
	"rights_agents", "rights_agent_messages", "rights_agent_requests"}

// install puts a trigger before every write. PostgreSQL counts with a sequence, which
// outlives the failure; SQLite in a table, and fails there again until it is set anew.
func (f fault) install() {
	if f.h.DB.Kind() == store.PostgreSQL {
		f.write("CREATE SEQUENCE faults", "CREATE TABLE fault (at BIGINT NOT NULL)", "INSERT INTO fault VALUES (0)",
			`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN
				IF nextval(''faults'') = (SELECT at FROM fault) THEN RAISE EXCEPTION ''fault''; END IF; RETURN NULL; END'`)
		for _, table := range faulted {
			f.write("CREATE TRIGGER fail_" + table + " BEFORE INSERT OR UPDATE OR DELETE ON " + table + " FOR EACH STATEMENT EXECUTE FUNCTION fail()")
		}
		return
	}
	f.write("CREATE TABLE fault (at INTEGER NOT NULL)", "INSERT INTO fault VALUES (0)")
	for _, table := range faulted {
		for _, what := range []string{"INSERT", "UPDATE", "DELETE"} {
			f.write("CREATE TRIGGER fail_" + what + table + " BEFORE " + what + " ON " + table + ` BEGIN
				UPDATE fault SET at = at - 1;
				SELECT RAISE(ABORT, 'fault') FROM fault WHERE at = 0; END`)
		}
	}
}

func (f fault) set(at int) {
	f.h.t.Helper()
	f.write(fmt.Sprint("UPDATE fault SET at = ", at))
	if f.h.DB.Kind() == store.PostgreSQL {
		f.write("ALTER SEQUENCE faults RESTART")
	}
}

// Every write of an erasure, from its intake to its end, fails once. Whoever asked asks
// again under the same id, what runs by itself runs again, and it comes to the same: erased once, everywhere,
// told once, nobody else touched, the log sound.
func TestEveryWriteFails(t *testing.T) {
	each(t, func(h *house) {
		h.Submit(collecttest.Submission("contact", "contact.email", bob, "contact.name", "Bob Other", "messages.text", "hello"))
		for _, s := range h.shelves.names() {
			h.shelves.put(s, bob, "Bob Other")
		}
		f := fault{h}
		f.install()
		failed := 0
		for at := 1; ; at++ {
			who := fmt.Sprintf("p%d@mail.example", at)
			h.Submit(collecttest.Submission("contact", "contact.email", who, "contact.name", "P", "messages.text", "hello"))
			for _, s := range h.shelves.names() {
				h.shelves.put(s, who, "P")
			}
			f.set(at)
			hit := h.eraseThrough(who, func() { f.set(0) })
			f.set(0)
			h.erasedOnce(who, at)
			if !hit {
				break
			}
			failed++
		}
		if failed < 30 {
			t.Errorf("%d writes failed: the test sees little", failed)
		}
		if n := h.shelves.count("crm", "email = ?", bob); n != 1 {
			t.Errorf("Bob has %d rows", n)
		}
		h.audit()
	})
}

// eraseThrough goes on after each failure as people and schedules do, and tells whether there was one.
func (h *house) eraseThrough(who string, mend func()) (hit bool) {
	h.t.Helper()
	try := func(do func() error) {
		h.t.Helper()
		for range 5 {
			err := do()
			if err == nil {
				return
			}
			hit = true
			mend()
			h.Pass(2 * time.Minute) // leases run out
		}
		h.t.Fatal("it fails again and again")
	}
	id := avow.NewID(h.Clock())
	var r cases.Taken
	try(func() (err error) {
		r, err = h.desk.Take(bg, cases.Ask{ID: id, Right: law.Remove, Policy: "site", Region: "NL", Door: cases.Centre, Identities: []cases.Identity{{Kind: "email", Value: who}}})
		return err
	})
	run := func() error {
		_, err := h.desk.Run(bg)
		for _, s := range h.steps(r) {
			if s.State == "waiting" && s.Trouble != "" {
				err = errors.Join(err, errors.New(s.Trouble))
			}
		}
		return err
	}
	try(run)
	try(func() error { _, err := h.desk.Confirm(bg, h.link(who)); return err })
	try(run)
	for _, s := range h.steps(r) {
		if s.Kind == "task" && s.State == "open" {
			try(func() error { return h.desk.TaskDone(bg, r.ID, s.N, "ivy", "done") })
		}
	}
	try(run)
	h.is(r, cases.Closed)
	return hit
}

func (h *house) erasedOnce(who string, at int) {
	h.t.Helper()
	for _, s := range h.shelves.names() {
		if n := h.shelves.count(s, "email = ?", who); n != 0 {
			h.t.Fatalf("write %d: %s has %d rows", at, s, n)
		}
	}
	ends := 0
	for _, l := range h.letters(who) {
		if l.Subject == "Your data was erased" {
			ends++
		}
	}
	if ends != 1 {
		h.t.Fatalf("write %d: %d letters say that it is done", at, ends)
	}
	left := 0
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT (SELECT count(n) FROM rights_case_parts) + (SELECT count(hash) FROM rights_case_links) + (SELECT count(hash) FROM rights_case_passes)`).Scan(&left)
	}))
	if left != 0 {
		h.t.Fatalf("write %d: %d sealed rows are left of a request that has ended", at, left)
	}
}

// A node stops in the middle of every change, and another opens the same database: each
// step is done, its effect once.
func TestStoppedAndOpenedAgain(t *testing.T) {
	for _, at := range []string{"shop", "crm", "desk"} {
		t.Run(at, func(t *testing.T) {
			each(t, func(h *house) {
				h.people()
				r := h.ask(law.Remove, ann)
				h.run()
				_, err := h.desk.Confirm(bg, h.link(ann))
				h.Check(err)
				ctx, kill := context.WithCancel(bg)
				h.shelves.cut = func(system string) {
					if system == at {
						kill() // after the change, before anything is written down
					}
				}
				h.desk.Run(ctx)
				h.shelves.cut = nil
				h.restart()
				h.run() // its lease is not over
				h.Pass(2 * time.Minute)
				h.run()
				h.finishTasks(r)
				h.is(r, cases.Closed)
				for _, s := range h.shelves.names() {
					if n := h.shelves.count(s, "email = ?", ann); n != 0 {
						t.Errorf("%s has %d rows", s, n)
					}
				}
				h.audit()
			})
		})
	}
}

// Several nodes at once: each step is done by one of them.
func TestTwoNodes(t *testing.T) {
	each(t, func(h *house) {
		var asked []cases.Taken
		for i := range 6 {
			who := fmt.Sprintf("p%d@mail.example", i)
			for _, s := range h.shelves.names() {
				h.shelves.put(s, who, "P")
			}
			asked = append(asked, h.ask(law.Remove, who, func(a *cases.Ask) { a.Door, a.By, a.Evidence = cases.Staff, "ivy", "ticket" }))
		}
		nodes := []*cases.Desk{h.desk, h.newDesk(), h.newDesk()}
		var wg sync.WaitGroup
		for _, d := range nodes {
			wg.Go(func() {
				for range 5 {
					if _, err := d.Run(bg); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for _, r := range asked {
			h.finishTasks(r)
			h.is(r, cases.Closed)
		}
		for _, s := range h.shelves.names() {
			if n := h.shelves.runs[s]; n != 12 { // restricted and erased, six times
				t.Errorf("%s was changed %d times", s, n)
			}
		}
		h.audit()
	})
}

// The answer to a write is lost on the way, or the write is: on PostgreSQL the wire is cut at every so many
// messages of a whole request.
func TestWireIsCut(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.DSN == "" {
			return // SQLite has no wire: TestEveryWriteFails
		}
		w := storetest.NewWire(t, c)
		h := newHouse(t, w.Config(), nil)
		cuts := 0
		for at := 1; at < 400; at += 23 {
			who := fmt.Sprintf("p%d@mail.example", at)
			h.Submit(collecttest.Submission("contact", "contact.email", who, "contact.name", "P", "messages.text", "hello"))
			for _, s := range h.shelves.names() {
				h.shelves.put(s, who, "P")
			}
			w.CutAt(at, storetest.Cut{Seen: at%2 == 0})
			h.eraseThrough(who, func() {})
			if w.Spare() {
				cuts++
			}
			h.erasedOnce(who, at)
		}
		if cuts < 5 {
			t.Errorf("%d cuts", cuts)
		}
		h.audit()
	})
}

// A restored backup of avow's own records: a request whose key is gone meanwhile ends, and holds up nothing.
func TestEndedMeanwhile(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		r := h.ask(law.Remove, ann)
		h.prove(ann)
		h.shelves.setAway("crm", true)
		h.run()
		h.Check(h.Vault.EndKey(bg, r.ID))
		h.Pass(time.Hour)
		h.run()
		h.is(r, cases.Closed)
		other := h.ask(law.Remove, bob)
		h.shelves.setAway("crm", false)
		h.prove(bob)
		h.run()
		h.finishTasks(other)
		h.is(other, cases.Closed)
		h.audit()
	})
}
