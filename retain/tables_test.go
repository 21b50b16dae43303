package retain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

const (
	ann = "ann@x.example"
	bob = "bob@x.example"
)

// Every rule is carried out in every table whose map names its moment, and nothing else is touched.
func TestTables(t *testing.T) {
	eachShop(t, func(h *house) {
		h.exec(`INSERT INTO customers (id, email, name, seen) VALUES (1, 'ann@x.example', 'Ann', '2020-01-01 10:00:00'), (2, 'bob@x.example', 'Bob', '2026-01-01 10:00:00'), (3, 'cee@x.example', 'Cee', NULL)`,
			`INSERT INTO messages VALUES (1, 1, 'old', '2020-01-01'), (2, 2, 'old', '2026-05-22'), (3, 2, 'new', '2026-05-23')`,
			`INSERT INTO invoices VALUES (1, 'ann@x.example', 'Ann', 5, '2019-01-01', '2019-01-01'), (2, 'ann@x.example', 'Ann', 6, '2020-01-01', '2020-01-01'), (3, 'bob@x.example', 'Bob', 7, '2026-01-01', '2026-01-01'), (4, 'x@x.example', 'X', 8, '2020-01-01', NULL)`,
			`INSERT INTO claims VALUES (1, 'ann@x.example', 'file', '2000-01-01')`, `INSERT INTO notes VALUES (1, 'ann@x.example', 'note')`)
		check := func() {
			h.t.Helper()
			h.wantRows("SELECT id, name FROM customers ORDER BY id", "2|Bob 3|Cee")
			h.wantRows("SELECT id, body FROM messages ORDER BY id", "3|new")
			h.wantRows("SELECT id, email, name, amount FROM invoices ORDER BY id", "1|-|-|- 2|-|Ann|6 3|bob@x.example|Bob|7 4|-|X|8")
			h.wantRows("SELECT file FROM claims", "file")
			h.wantRows("SELECT text FROM notes", "note")
		}
		dry := h.run(Options{Dry: true})
		h.wantRows("SELECT count(*) FROM customers", "3")
		h.wantRows("SELECT id, email, name FROM invoices ORDER BY id", "1|ann@x.example|Ann 2|ann@x.example|Ann 3|bob@x.example|Bob 4|x@x.example|X")
		if n := len(h.src.changes); n > 0 {
			t.Errorf("a dry run made %d changes", n)
		}
		r := h.run(Options{})
		h.wantSaid(r,
			"shop.customers contact: delete email+name 1",
			"shop.invoices contact: clear email 2",
			"shop.invoices contact: clear email+name 1",
			"shop.invoices invoices: clear amount+name 1",
			"shop.messages messages: delete body 2")
		if r.Left() != 0 || r.Done() != 7 {
			t.Errorf("left %d, done %d", r.Left(), r.Done())
		}
		check()
		if len(said(dry)) < len(said(r)) {
			t.Errorf("the dry run said\n  %s", strings.Join(said(dry), "\n  "))
		}
		var unknown []string
		for _, e := range r.Entries {
			if strings.HasPrefix(e.Refused, nobodyKnows) {
				unknown = append(unknown, e.Table+" "+e.Rule)
			}
		}
		if !slices.Equal(unknown, []string{"claims ", "claims claims", "notes "}) {
			t.Errorf("nobody knows of %q", unknown)
		}
		again := h.run(Options{})
		h.wantSaid(again)
		if again.Batches != 0 {
			t.Errorf("the second run made %d changes", again.Batches)
		}
		check()
	})
}

// A dry run gives the statements that a run would send.
func TestDryRunShowsStatements(t *testing.T) {
	eachShop(t, func(h *house) {
		h.exec(`INSERT INTO customers (id, email, name, seen) VALUES (1, 'ann@x.example', 'Ann', '2020-01-01 10:00:00')`)
		var text []string
		h.run(Options{Dry: true, Statements: func(system string, s connect.Statement) error {
			text = append(text, system+": "+s.Text)
			return nil
		}})
		if len(text) != 1 || !strings.Contains(text[0], "DELETE") {
			t.Errorf("statements: %q", text)
		}
		runs, err := h.desk.Runs(t.Context(), 10)
		h.check(err)
		if len(runs) != 0 {
			t.Errorf("a dry run left a record: %+v", runs)
		}
	})
}

func (h *house) customers(n int) {
	h.t.Helper()
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("(%d, 'p%d@x.example', 'P', '2020-01-01 10:00:00')", i+1, i+1))
	}
	h.exec("INSERT INTO customers (id, email, name, seen) VALUES " + strings.Join(list, ", "))
}

// No transaction is larger than a batch, and what was not reached is due at the next run.
func TestBatchesAndStops(t *testing.T) {
	eachShop(t, func(h *house) {
		h.customers(10)
		ctx, cancel := context.WithCancel(t.Context())
		h.src.before = func(n int) error {
			if n == 2 {
				cancel() // between two batches: this one is in doubt, as after a kill
				return avow.Errorf(avow.Canceled, "stopped")
			}
			return nil
		}
		r, err := h.desk.Run(ctx, Options{By: "a test"})
		if avow.KindOf(err) != avow.Canceled {
			t.Fatalf("stopped: %v", err)
		}
		h.wantRows("SELECT count(*) FROM customers", "7")
		if r.Done() != 3 || r.Stopped == "" {
			t.Errorf("the report of a stopped run: %+v", r)
		}
		h.src.before = nil
		h.set(today.Add(time.Minute))
		r = h.run(Options{})
		h.wantSaid(r, "shop.customers contact: delete email+name 7")
		h.wantRows("SELECT count(*) FROM customers", "0")
		if !slices.Equal(h.src.changes, []int{3, 3, 3, 3, 1}) {
			t.Errorf("rows by transaction: %v", h.src.changes)
		}
		runs, err := h.desk.Runs(t.Context(), 10)
		h.check(err)
		if len(runs) != 2 || runs[0].Done() != 7 || runs[1].Stopped == "" || runs[1].Done() != 3 {
			t.Errorf("runs: %+v", runs)
		}
	})
}

// A run that died is taken over when its lease is over, and not before.
func TestOneRunAtATime(t *testing.T) {
	eachShop(t, func(h *house) {
		h.customers(4)
		h.src.before = func(n int) error {
			if n == 1 {
				_, err := h.desk.Run(t.Context(), Options{By: "another"})
				if avow.KindOf(err) != avow.Conflict {
					t.Errorf("a second run: %v", err)
				}
			}
			return nil
		}
		h.run(Options{})
		h.check(h.db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE retain_runs SET ended = NULL, beat = ?", h.now)
			return err
		}))
		if _, err := h.desk.Run(t.Context(), Options{By: "another"}); avow.KindOf(err) != avow.Conflict {
			t.Errorf("beside a run that showed life: %v", err)
		}
		h.set(today.Add(3 * time.Minute))
		h.run(Options{By: "another"})
	})
}

// What the system refuses is told of the row it refuses, and all others go.
func TestRefusedRow(t *testing.T) {
	eachShop(t, func(h *house) {
		h.customers(7)
		h.src.before = nil
		h.exec("INSERT INTO messages VALUES (1, 5, 'young', '2026-11-01')")
		r := h.run(Options{})
		h.wantSaid(r,
			"shop.customers contact: clear email+name 1, refused: delete: 1 row of `messages` that stays points at it by a reference, instead: clear",
			"shop.customers contact: delete email+name 6")
		h.wantRows("SELECT id, email FROM customers", "5|-")
	})
}

// What is held stays and is said: of a person with all that is theirs, of data, of a table, everything.
func TestHolds(t *testing.T) {
	rows := []string{
		`INSERT INTO customers (id, email, name, seen) VALUES (1, 'Ann@x.example', 'Ann', '2020-01-01 10:00:00'), (2, 'bob@x.example', 'Bob', '2020-01-01 10:00:00')`,
		`INSERT INTO messages VALUES (1, 1, 'old', '2020-01-01'), (2, 2, 'old', '2020-01-01')`,
		`INSERT INTO invoices VALUES (1, 'ann@x.example', 'Ann', 5, '2012-01-01', '2012-01-01'), (2, 'bob@x.example', 'Bob', 5, '2012-01-01', '2012-01-01')`}
	person := []find.Identity{{Kind: "email", Value: ann}}
	for _, c := range []struct {
		name      string
		hold      Hold
		said      []string
		customers string
		messages  string
		invoices  string
	}{
		{"a person", Hold{Person: person}, []string{
			"shop.customers contact: delete email+name 1", "shop.customers contact: keep email+name 0, held 1: A claim.",
			"shop.invoices contact: clear email+name 1", "shop.invoices contact: keep email+name 0, held 1: A claim.",
			"shop.invoices invoices: clear amount+name 1", "shop.invoices invoices: keep amount+name 0, held 1: A claim.",
			"shop.messages messages: delete body 1", "shop.messages messages: keep body 0, held 1: A claim."},
			"1|Ann", "1|old", "1|ann@x.example|Ann|5 2|-|-|-"},
		{"a person in one table", Hold{Person: person, Tables: []string{"shop.messages"}}, []string{
			"shop.customers contact: clear email+name 1, refused: delete: 1 row of `messages` that stays points at it by a reference, instead: clear",
			"shop.customers contact: delete email+name 1",
			"shop.invoices contact: clear email+name 2", "shop.invoices invoices: clear amount+name 2",
			"shop.messages messages: delete body 1", "shop.messages messages: keep body 0, held 1: A claim."},
			"1|-", "1|old", "1|-|-|- 2|-|-|-"},
		{"data", Hold{Data: []string{"contact.name", "messages"}}, []string{
			"shop.customers contact: clear email 2", "shop.customers contact: keep name 0, held 2: A claim.",
			"shop.invoices contact: clear email 2", "shop.invoices contact: keep name 0, held 2: A claim.",
			"shop.invoices invoices: clear amount 2", "shop.invoices invoices: keep name 0, held 2: A claim.",
			"shop.messages messages: keep body 0, held 2: A claim."},
			"1|Ann 2|Bob", "1|old 2|old", "1|-|Ann|- 2|-|Bob|-"},
		{"a table", Hold{Tables: []string{"shop.invoices"}}, []string{
			"shop.customers contact: delete email+name 2",
			"shop.invoices contact: keep email+name 0, held 2: A claim.", "shop.invoices invoices: keep amount+name 0, held 2: A claim.",
			"shop.messages messages: delete body 2"},
			"", "", "1|ann@x.example|Ann|5 2|bob@x.example|Bob|5"},
		{"everything", Hold{}, []string{
			"shop.customers contact: keep email+name 0, held 2: A claim.",
			"shop.invoices contact: keep email+name 0, held 2: A claim.", "shop.invoices invoices: keep amount+name 0, held 2: A claim.",
			"shop.messages messages: keep body 0, held 2: A claim."},
			"1|Ann 2|Bob", "1|old 2|old", "1|ann@x.example|Ann|5 2|bob@x.example|Bob|5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachShop(t, func(h *house) {
				h.exec(rows...)
				c.hold.Kind, c.hold.Because, c.hold.By = Legal, "A claim.", "Kim"
				placed, err := h.desk.Place(t.Context(), c.hold)
				h.check(err)
				h.wantSaid(h.run(Options{}), c.said...)
				h.wantRows("SELECT id, coalesce(name, '-') FROM customers ORDER BY id", c.customers)
				h.wantRows("SELECT id, body FROM messages ORDER BY id", c.messages)
				h.wantRows("SELECT id, email, name, amount FROM invoices ORDER BY id", c.invoices)

				_, err = h.desk.Lift(t.Context(), placed.ID, "Kim")
				h.check(err)
				h.run(Options{})
				h.wantRows("SELECT count(*) FROM messages", "0")
				h.wantRows("SELECT count(*) FROM customers", "0")
				h.wantRows("SELECT id, email, name, amount FROM invoices ORDER BY id", "1|-|-|- 2|-|-|-")
			})
		})
	}
}

// A hold that is placed while a run is under way counts from the next batch on.
func TestHoldDuringARun(t *testing.T) {
	eachShop(t, func(h *house) {
		h.customers(10)
		done := make(chan string, 1)
		h.src.before = func(n int) error {
			if n != 2 {
				return nil
			}
			go func() {
				done <- h.placed("p9@x.example", "p5@x.example")
				close(done)
			}()
			for {
				list, err := h.desk.Holds(t.Context(), false)
				if err != nil || len(list) == 2 {
					break
				}
				time.Sleep(time.Millisecond)
			}
			select {
			case <-done:
				t.Error("it counts already, and the batch goes on")
			case <-time.After(4 * looking):
			}
			return nil
		}
		h.run(Options{})
		h.wantRows("SELECT email FROM customers", "p9@x.example")
		if wrong := <-done; wrong != "" {
			t.Error(wrong)
		}
	})
}

// placed places a hold on each of some people, all at once, and says what went wrong.
func (h *house) placed(addresses ...string) string {
	errs := make(chan error, len(addresses))
	for _, a := range addresses {
		go func() {
			_, err := h.desk.Place(context.Background(), Hold{Kind: Audit, Because: "An audit.", By: "Kim", Person: []find.Identity{{Kind: "email", Value: a}}})
			errs <- err
		}()
	}
	var wrong error
	for range addresses {
		wrong = errors.Join(wrong, <-errs)
	}
	if wrong != nil {
		return wrong.Error()
	}
	return ""
}

// A hold that is placed while a batch is planned counts for that batch.
func TestHoldDuringAPlan(t *testing.T) {
	eachShop(t, func(h *house) {
		h.customers(10)
		reads := 0
		h.src.reading = func(r connect.Read) error {
			if r.Table != "customers" || r.Limit == 0 {
				return nil
			}
			if reads++; reads == 2 {
				if wrong := h.placed("p5@x.example"); wrong != "" {
					t.Error(wrong)
				}
			}
			return nil
		}
		r := h.run(Options{})
		h.wantRows("SELECT email FROM customers", "p5@x.example")
		h.wantSaid(r, "shop.customers contact: delete email+name 9", "shop.customers contact: keep email+name 0, held 1: An audit.")
	})
}

// What of a table is restricted cannot be told: then nobody knows whom what is in others is about.
func TestRestrictionThatCannotBeRead(t *testing.T) {
	eachShop(t, func(h *house) {
		h.exec(`INSERT INTO customers (id, email, name, restricted, seen) VALUES (1, 'ann@x.example', 'Ann', 1, '2026-01-01 10:00:00')`,
			`INSERT INTO messages VALUES (1, 1, 'old', '2020-01-01')`)
		h.src.reading = func(r connect.Read) error {
			if r.Table == "customers" && r.When != nil && r.When.Column == "restricted" {
				return avow.Errorf(avow.Forbidden, "it may not be read")
			}
			return nil
		}
		h.run(Options{})
		h.wantRows("SELECT id FROM messages", "1")
		h.src.reading = nil
		h.exec("UPDATE customers SET restricted = 0")
		h.run(Options{})
		h.wantRows("SELECT id FROM messages", "")
	})
}

// Who is known by a number is restricted with all that is theirs, too.
func TestRestrictedByNumber(t *testing.T) {
	eachShop(t, func(h *house) {
		p, err := h.reg.Version("shop", 0)
		h.check(err)
		h.load(p, strings.NewReplacer("identities: {email: email}\n    relation: owns\n    erase: delete\n    columns: {email: contact.email, name: contact.name}", "identities: {id: customer-number}\n    relation: owns\n    erase: delete\n    columns: {email: contact.email, name: contact.name}").Replace(mapText))
		h.exec(`INSERT INTO customers (id, email, name, restricted, seen) VALUES (1, 'ann@x.example', 'Ann', 1, '2026-01-01 10:00:00'), (2, 'bob@x.example', 'Bob', 0, '2026-01-01 10:00:00')`,
			`INSERT INTO messages VALUES (1, 1, 'old', '2020-01-01'), (2, 2, 'old', '2020-01-01')`)
		h.run(Options{})
		h.wantRows("SELECT id FROM messages", "1")
	})
}

// SQLite keeps whatever it is given in a column of dates. What is no date is left, and said.
func TestOddDatesInSQLite(t *testing.T) {
	eachShop(t, func(h *house) {
		if h.shop.Kind != string(datamap.SQLite) {
			return
		}
		h.exec(`INSERT INTO customers (id, email, name, seen) VALUES (1, 'a@x.example', 'A', '2020-01-01 10:00:00'), (2, 'b@x.example', 'B', 1577836800), (3, 'c@x.example', 'C', '01/02/2020'),
			(4, 'd@x.example', 'D', 'yesterday'), (5, 'e@x.example', 'E', NULL), (6, 'f@x.example', 'F', '2026-01-01'), (7, 'g@x.example', 'G', '')`)
		h.wantSaid(h.run(Options{}), "shop.customers contact: delete email+name 1",
			"shop.customers contact: keep email+name 3, refused: in `seen` stands no date (as 2026-11-22), instead: it is left as it is")
		h.wantRows("SELECT name FROM customers ORDER BY id", "B C D E F G")
	})
}

// A run that was cut short while the clock was years ahead, which somebody had taken for right, holds up none for years.
func TestClockThatWasAhead(t *testing.T) {
	eachShop(t, func(h *house) {
		h.customers(3)
		h.leap(today.AddDate(9, 0, 0))
		h.check(h.desk.Today(t.Context(), today.AddDate(9, 0, 0), "Kim"))
		h.src.before = func(int) error { panic("the machine stops") }
		func() {
			defer func() { _ = recover() }()
			h.run(Options{})
		}()
		h.exec("DELETE FROM customers")
		h.customers(3)
		h.src.before = nil
		h.leap(today)
		if _, err := h.desk.Run(t.Context(), Options{By: "a test"}); avow.KindOf(err) != avow.Refused {
			t.Errorf("what somebody said of the day is not held against a clock that went back: %v", err)
		}
		h.check(h.desk.Today(t.Context(), today, "Kim"))
		h.set(today.Add(time.Minute))
		last, err := h.desk.LastRun(t.Context())
		h.check(err)
		if !last.Equal(today) {
			t.Errorf("the last run is said to be of %s", last)
		}
		if r := h.run(Options{}); r.Done() != 3 {
			t.Errorf("%+v", r)
		}
		if last, err = h.desk.LastRun(t.Context()); err != nil || !last.Equal(today.Add(time.Minute)) {
			t.Errorf("the last run is said to be of %s, %v", last, err)
		}
	})
}

// What is restricted stays with all else of whom it is about: by a system's own column, and
// by what they said here.
func TestRestrictedRows(t *testing.T) {
	eachShop(t, func(h *house) {
		h.exec(`INSERT INTO customers (id, email, name, restricted, seen) VALUES (1, 'ann@x.example', 'Ann', 1, '2020-01-01 10:00:00'), (2, 'bob@x.example', 'Bob', 0, '2020-01-01 10:00:00'), (3, 'cee@x.example', 'Cee', NULL, '2020-01-01 10:00:00')`,
			`INSERT INTO messages VALUES (1, 1, 'old', '2020-01-01'), (2, 2, 'old', '2020-01-01'), (3, 3, 'old', '2020-01-01')`)
		cee := h.person("cee@x.example")
		h.restrict(cee)
		h.wantSaid(h.run(Options{}),
			"shop.customers contact: delete email+name 1", "shop.customers contact: keep email+name 0, held 2: "+restricted,
			"shop.messages messages: delete body 1", "shop.messages messages: keep body 0, held 2: "+restricted)
		h.wantRows("SELECT id FROM customers ORDER BY id", "1 3")
		h.wantRows("SELECT id FROM messages ORDER BY id", "1 3")
	})
}

// A system that is away is said, and done at the next run.
func TestSystemAway(t *testing.T) {
	eachShop(t, func(h *house) {
		h.customers(2)
		h.away = true
		r := h.run(Options{})
		if len(r.Away) != 1 || !strings.Contains(r.Away[0], "shop does not answer") || r.Done() != 0 {
			t.Errorf("away: %+v", r)
		}
		h.away = false
		h.src.before = func(int) error { return avow.Errorf(avow.Unavailable, "the connection was cut") }
		if r = h.run(Options{}); len(r.Away) != 1 {
			t.Errorf("away in the middle: %+v", r)
		}
		h.src.before = nil
		if r = h.run(Options{}); r.Done() != 2 || len(r.Away) != 0 {
			t.Errorf("back: %+v", r)
		}
	})
}

// The evidence of a run is in the log, in names and counts, and nothing of anybody.
func TestEvidence(t *testing.T) {
	eachShop(t, func(h *house) {
		h.customers(2)
		placed, err := h.desk.Place(t.Context(), Hold{Kind: Complaint, Because: "A complaint.", By: "Kim", Person: []find.Identity{{Kind: "email", Value: "p1@x.example"}}})
		h.check(err)
		h.run(Options{By: "schedule"})
		_, err = h.desk.Lift(t.Context(), placed.ID, "Kim")
		h.check(err)
		var bodies []string
		h.check(h.db.Read(t.Context(), func(tx *store.Tx) error {
			list, err := h.ledger.Read(tx, 0, 100)
			h.check(err)
			for _, e := range list {
				if !slices.Contains([]ledger.Type{HoldPlaced, Ran, HoldLifted}, e.Type) {
					continue
				}
				opened, err := h.ledger.Open(tx, e)
				h.check(err)
				bodies = append(bodies, string(e.Type)+" "+string(opened.Body))
			}
			return nil
		}))
		if len(bodies) != 3 || !strings.HasPrefix(bodies[0], "hold-placed") || !strings.HasPrefix(bodies[2], "hold-lifted") {
			t.Fatalf("events: %q", bodies)
		}
		var came Report
		h.check(json.Unmarshal([]byte(strings.TrimPrefix(bodies[1], "retention-run ")), &came))
		if came.By != "schedule" || came.Done() != 1 || came.Held() != 1 || !slices.ContainsFunc(came.Entries, func(e Entry) bool { return e.Rows == 1 && e.Before == "2024-11-22" }) {
			t.Errorf("the evidence: %+v", came)
		}
		for _, b := range bodies {
			if strings.Contains(b, "@x.example") {
				t.Errorf("an address stands in %s", b)
			}
		}
	})
}

func TestCalendar(t *testing.T) {
	eachShop(t, func(h *house) {
		h.exec(`INSERT INTO customers (id, email, name, seen) VALUES (1, 'a@x.example', 'A', '2020-01-01 10:00:00'), (2, 'b@x.example', 'B', '2024-11-25 10:00:00'), (3, 'c@x.example', 'C', '2024-12-31 10:00:00'), (4, 'd@x.example', 'D', '2025-01-15 10:00:00'), (5, 'e@x.example', 'E', '2026-01-01 10:00:00')`,
			`INSERT INTO messages VALUES (1, 5, 'x', '2026-05-30'), (2, 5, 'y', '2026-06-01'), (3, 5, 'z', '2026-05-01')`)
		list, away, err := h.desk.Calendar(t.Context(), 3)
		h.check(err)
		var got []string
		for _, m := range list {
			got = append(got, fmt.Sprintf("%s.%s %s %s %d", m.System, m.Table, m.Rule, m.Month, m.Rows))
		}
		want := []string{"shop.customers contact overdue 1", "shop.customers contact 2026-11 1", "shop.customers contact 2027-01 2",
			"shop.messages messages overdue 1", "shop.messages messages 2026-11 1", "shop.messages messages 2026-12 1"}
		if !slices.Equal(got, want) || len(away) > 0 {
			t.Errorf("the calendar is\n  %s\nwant\n  %s\naway %v", strings.Join(got, "\n  "), strings.Join(want, "\n  "), away)
		}
	})
}
