package retain

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// wantDoubt has the schedule carried out, and wants it to end nothing because of these witnesses.
func (h *house) wantDoubt(witnesses ...string) {
	h.t.Helper()
	r, err := h.desk.Run(h.t.Context(), Options{By: "a test"})
	if avow.KindOf(err) != avow.Refused || r == nil {
		h.t.Fatalf("a clock that is wrong ends what there is: %+v, %v", r, err)
	}
	for _, w := range append(witnesses, "avow retain clock --today DAY") {
		if !strings.Contains(err.Error(), w) {
			h.t.Errorf("%q is not said in: %v", w, err)
		}
	}
	if r.Done() != 0 || r.Standing() != 1 || r.Stopped == "" {
		h.t.Errorf("a run that was refused: %+v", r)
	}
}

func (h *house) events() (n int64) {
	h.t.Helper()
	h.check(h.db.Read(h.t.Context(), func(tx *store.Tx) (err error) { n, err = h.ledger.Size(tx); return err }))
	return n
}

// A clock that leaps by years ends nothing, in no system, however long it goes on; once it is right
// again all is as before.
func TestClockThatLeaps(t *testing.T) {
	eachShop(t, func(h *house) {
		told := 0
		h.desk.Put = func(*store.Tx, []Standing, avow.ID) error { told++; return nil }
		h.exec(`INSERT INTO customers (id, email, name, seen) VALUES (1, 'ann@x.example', 'Ann', '2026-11-01 10:00:00')`,
			`INSERT INTO customers (id, email, name, seen) VALUES (2, 'bob@x.example', 'Bob', '2020-11-01 10:00:00')`)
		h.check(h.desk.SureOfClock(t.Context()))
		before := h.events()
		h.leap(today.AddDate(9, 0, 0))
		h.wantDoubt("says 2035-11-22 03:00", "2026-11-22 03:00")
		if h.events() != before {
			t.Error("an event of a wrong time dates all that come after it")
		}
		if r := h.run(Options{Dry: true}); len(r.Entries) == 0 {
			t.Error("a plan is not shown")
		}
		h.person("cee@x.example") // what is recorded meanwhile is no witness
		for range 3 {
			h.leap(h.clock().AddDate(0, 0, 1))
			if err := h.desk.SureOfClock(t.Context()); avow.KindOf(err) != avow.Refused {
				t.Errorf("a wrong time became its own measure: %v", err)
			}
			h.wantDoubt("2026-11-22 03:00")
		}
		h.wantRows("SELECT id FROM customers ORDER BY id", "1 2")
		h.wantStanding(false, "clock 0 rows since 2035-11-22, last 2035-11-25, 4 runs")
		if told != 1 {
			t.Errorf("staff were told %d times", told)
		}

		h.leap(today.AddDate(0, 0, 34)) // a machine that was off for weeks
		last, err := h.desk.LastRun(t.Context())
		h.check(err)
		if !last.IsZero() {
			t.Errorf("the last run is said to be of %s", last)
		}
		h.wantSaid(h.run(Options{}), "shop.customers contact: delete email+name 1")
		h.wantRows("SELECT id FROM customers", "1")
		h.wantStanding(false)
	})
}

// After years in which nobody looked a person says which day it is. Another day than the machine's is refused.
func TestSomebodySaysTheDay(t *testing.T) {
	eachShop(t, func(h *house) {
		h.exec(`INSERT INTO customers (id, email, name, seen) VALUES (1, 'ann@x.example', 'Ann', '2026-11-01 10:00:00')`)
		h.leap(today.AddDate(9, 0, 0))
		h.wantDoubt()
		for _, day := range []time.Time{today, today.AddDate(9, 0, 2)} {
			if err := h.desk.Today(t.Context(), day, "Kim"); avow.KindOf(err) != avow.Refused {
				t.Errorf("%s: %v", day, err)
			}
		}
		h.wantDoubt()
		before := h.events()
		h.check(h.desk.Today(t.Context(), today.AddDate(9, 0, 1), "Kim")) // it is tomorrow where she is
		if h.events() != before+1 {
			t.Error("somebody's word is no event")
		}
		h.wantSaid(h.run(Options{}), "shop.customers contact: delete email+name 1")
	})
}

// The clocks of mapped databases are witnesses: by more than a day none may differ. One that is known to is so still, and no more.
func TestClocksOfSystems(t *testing.T) {
	eachShop(t, func(h *house) {
		h.asks = true
		now := time.Now().UTC()
		h.set(now)
		if r := h.run(Options{}); r.Stopped != "" {
			t.Fatal(r.Stopped)
		}
		h.exec(`INSERT INTO customers (id, email, name, seen) VALUES (1, 'ann@x.example', 'Ann', '2012-11-01 10:00:00')`)
		for _, off := range []int{10, -10} {
			h.set(now.AddDate(0, 0, off))
			if h.shop.Kind == "sqlite" { // it has no clock
				continue
			}
			h.wantDoubt("the clock of shop is " + now.Format(time.DateOnly))
		}
		if h.shop.Kind == "sqlite" {
			return
		}
		h.wantRows("SELECT id FROM customers", "1")
		list, err := h.desk.Clocks(t.Context())
		h.check(err)
		if len(list) != 2 || list[1].Of != "shop" || !list[1].Doubts {
			t.Errorf("the clocks: %+v", list)
		}
		h.check(h.desk.Today(t.Context(), now.AddDate(0, 0, -10), "Kim"))
		if r := h.run(Options{}); r.Done() != 1 {
			t.Errorf("a clock that is known to be off: %+v", r)
		}
		h.set(now)
		h.wantDoubt("the clock of shop is")
		h.check(h.desk.Today(t.Context(), now, "Kim"))
		if r := h.run(Options{}); r.Stopped != "" {
			t.Error(r.Stopped)
		}
	})
}

// avow's own database is a witness where it has a clock of its own.
func TestClockOfOwnDatabase(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		c.Machine = time.Now
		now := time.Now().UTC()
		h := newHouse(t, c, now)
		h.run(Options{})
		h.leap(now.AddDate(0, 0, 2))
		if c.DSN == "" {
			h.run(Options{})
			return
		}
		h.wantDoubt("the clock of avow's own database is " + now.Format(time.DateOnly))
		list, err := h.desk.Clocks(t.Context())
		h.check(err)
		if !slices.ContainsFunc(list, func(k Clock) bool { return k.Of == Own && k.Doubts }) {
			t.Errorf("the clocks: %+v", list)
		}
		h.leap(now)
		h.run(Options{})
	})
}

// Where nobody has looked before, the last event is what a clock is held against.
func TestClockBeforeTheFirstLook(t *testing.T) {
	eachShop(t, func(h *house) {
		h.exec(`INSERT INTO customers (id, email, name, seen) VALUES (1, 'ann@x.example', 'Ann', '2026-11-01 10:00:00')`)
		h.write(func(tx *store.Tx) error {
			_, err := tx.Exec("DELETE FROM retain_clock") // as a program that knew of no such look left it
			return err
		})
		h.leap(today.AddDate(9, 0, 0))
		desk, err := Open(t.Context(), h.desk.Config)
		h.check(err)
		h.desk = desk
		h.wantDoubt("2026-11-22 03:00")
	})
}
