package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/retain"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// The schedule is carried out once in the night, and not by day.
func TestRetainByNight(t *testing.T) {
	s, _ := startPlain(t, t.TempDir(), func(c *serverConfig) { c.RetainAt = -1 }, "harbour-demo/policy.yaml")
	count := func() int {
		t.Helper()
		list, err := s.retain.Runs(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := count()
	hour := time.Now().UTC().Hour()
	for _, c := range []struct{ at, want int }{{-1, 0}, {(hour + 12) % 24, 0}, {hour, 1}, {hour, 1}} {
		if err := s.retainAfter(t.Context(), c.at); err != nil {
			t.Fatal(err)
		}
		if got := count() - before; got != c.want {
			t.Errorf("at %d of the clock, %d hours after the hour of the night: %d runs, want %d", hour, (hour-c.at+24)%24, got, c.want)
		}
	}
	list, err := s.retain.Runs(t.Context(), 1)
	if err != nil || len(list) != 1 || list[0].By != "schedule" || list[0].Ended.IsZero() {
		t.Errorf("the last run: %+v, %v", list, err)
	}
}

// exports is a folder with a policy and a mapped file of people in which these rows stand.
func exports(t *testing.T, rows string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"policy.yaml": fmt.Sprintf(quayPolicy, ""), "systems/exports.yaml": `system: exports
kind: files
at: exports
tables:
  people.csv:
    key: id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, name: contact.name}
    retention: {contact: seen}
`, "exports/people.csv": "id,email,name,seen\n" + rows} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// What a system does not let go of is put to staff once, by a letter and in the log; after
// that it is a number.
func TestStandingIsPutToStaffOnce(t *testing.T) {
	dir := exports(t, "1,ann@visitor.example,Ann,01/02/2020\n")
	office, stop, err := openPostOffice()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s, book := startPlain(t, t.TempDir(), func(c *serverConfig) {
		c.RetainAt, c.Policy, c.Systems, c.StaffMail, c.SMTP = -1, []string{filepath.Join(dir, "policy.yaml")}, dir, "team@quay.example", "smtp+plain://"+office.addr
	})
	if err := s.retainAfter(t.Context(), time.Now().UTC().Hour()); err != nil {
		t.Fatal(err)
	}
	office.wait(t, "team@quay.example", "exports.people.csv, contact: 1 row, since .*, met in 1 run: in `seen` stands no date")
	if _, err := s.retain.Run(t.Context(), retain.Options{By: "Kim"}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.metrics.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{"avow_retention_standing 1\n", "avow_retention_standing_rows 1\n"} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("metrics do not say %q", line)
		}
	}
	if n := len(office.to("team@quay.example")); n != 1 {
		t.Errorf("%d letters to staff", n)
	}
	log := book.String()
	if n := strings.Count(log, "RETENTION: a system does not let go"); n != 1 || !strings.Contains(log, `"standing":1`) {
		t.Errorf("the log says it %d times: %s", n, log)
	}
	if strings.Contains(log, "ann@visitor") || strings.Contains(office.to("team@quay.example")[0].Text, "ann@") {
		t.Error("somebody's address stands in the log or the letter")
	}
}

// A calendar that stopped counting says so, of every month.
func TestMonthsCountedInPart(t *testing.T) {
	var out strings.Builder
	err := writeMonths(&out, []retain.Month{{System: "shop", Table: "visits", Rule: "visits", Month: "overdue", Rows: 1_000_000, AtLeast: true, Counted: 1_000_000},
		{System: "shop", Table: "visits", Rule: "visits", Month: "2026-12", AtLeast: true, Counted: 1_000_000}, {System: "shop", Table: "orders", Rule: "orders", Month: "2026-12", Rows: 999}})
	want := "overdue  shop.visits, visits: at least 1,000,000 rows (1,000,000 of this rule were counted, and no more)\n" +
		"2026-12  shop.visits, visits: at least 0 rows (1,000,000 of this rule were counted, and no more)\n2026-12  shop.orders, orders: 999 rows\n"
	if err != nil || out.String() != want {
		t.Errorf("the calendar:\n%s%v", out.String(), err)
	}
}

// A machine whose clock leaps by years, under a server that runs: nothing ends, here or in the systems, by the schedule, by a command or
// by what ends records; it is told wherever somebody looks, and ends with the clock, or with somebody's word.
func TestClockThatLeaps(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, db store.Config) {
		kept := "1,ann@visitor.example,Ann," + time.Now().AddDate(0, -1, 0).Format(time.DateOnly) + "\n"
		folderOf := exports(t, kept)
		var leapt atomic.Int64
		clock := func() time.Time { return time.Now().Add(time.Duration(leapt.Load())) }
		office, stop, err := openPostOffice()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		var w where
		s, book := startPlain(t, t.TempDir(), func(c *serverConfig) {
			c.Database, c.clock = db.DSN, clock
			c.RetainAt, c.Policy, c.Systems, c.StaffMail, c.SMTP = -1, []string{filepath.Join(folderOf, "policy.yaml")}, folderOf, "team@quay.example", "smtp+plain://"+office.addr
			w = c.where
		})
		c := newCaller(t, s)
		c.do(get, "/readyz", "").wants(t, "ready", 200, `"clock":"ok"`)
		size := func() (n int64) {
			t.Helper()
			if err := s.db.Read(t.Context(), func(tx *store.Tx) (err error) { n, err = s.ledger.Size(tx); return err }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := size()

		leapt.Store(int64(9 * 365 * 24 * time.Hour))
		tonight := clock().UTC().Hour()
		for range 2 { // the second finds that the night's run was refused
			if err := s.retainAfter(t.Context(), tonight); avow.KindOf(err) != avow.Refused || !strings.Contains(err.Error(), "avow retain clock --today DAY") {
				t.Fatalf("the schedule by a clock that leapt: %v", err)
			}
		}
		if err := s.expireRecords(t.Context()); avow.KindOf(err) != avow.Refused {
			t.Errorf("records by a clock that leapt: %v", err)
		}
		at := atCounter{folder{Policy: filepath.Join(folderOf, "policy.yaml")}, w}
		var out, wrong strings.Builder
		term := &terminal{strings.NewReader(""), &out, &wrong}
		if err := (&retainRunCommand{atCounter: at}).Run(t.Context(), term); avow.KindOf(err) != avow.Refused {
			t.Errorf("avow retain run by a clock that leapt: %v", err)
		}
		if err := (&retainClockCommand{atCounter: at}).Run(t.Context(), term); err != outcome(exitWrong) || !strings.Contains(out.String(), "SPEAKS AGAINST IT") {
			t.Errorf("avow retain clock: %v, %s", err, out.String())
		}
		if err := (&retainClockCommand{atCounter: at, Today: time.Now().Format(time.DateOnly)}).Run(t.Context(), term); avow.KindOf(err) != avow.Refused {
			t.Errorf("a clock that leapt, and somebody who says which day it is: %v", err)
		}
		alone := atCounter{folder{Policy: filepath.Join(t.TempDir(), "policy.yaml")}, w} // nothing is mapped
		if err := (&retainClockCommand{atCounter: alone}).Run(t.Context(), term); err != outcome(exitWrong) || !strings.Contains(wrong.String(), "NO SYSTEM IS ASKED") {
			t.Errorf("avow retain clock without systems: %v, %s", err, wrong.String())
		}
		if n := size(); n != before {
			t.Errorf("%d events of a wrong time", n-before)
		}
		rows, err := os.ReadFile(filepath.Join(folderOf, "exports", "people.csv"))
		if err != nil || !strings.HasSuffix(string(rows), kept) {
			t.Errorf("what is left: %q, %v", rows, err)
		}
		c.do(get, "/readyz", "").wants(t, "ready, with a clock in doubt", 200, "the clock of this machine says "+clock().UTC().Format(time.DateOnly))
		office.wait(t, "team@quay.example", "the clock of this machine is too far from what it said when it was last looked at")
		if n := len(office.to("team@quay.example")); n != 1 {
			t.Errorf("%d letters to staff", n)
		}
		if !strings.Contains(book.String(), "was not carried out to its end") || !strings.Contains(book.String(), "RETENTION: ") {
			t.Errorf("the log: %s", book.String())
		}
		list, err := s.retain.Runs(t.Context(), 10)
		if err != nil || len(list) != 2 || !strings.Contains(list[0].Stopped, "nothing ends") {
			t.Errorf("the runs: %+v, %v", list, err)
		}

		if err := (&retainClockCommand{atCounter: at, Today: clock().Format(time.DateOnly)}).Run(t.Context(), term); err != nil {
			t.Errorf("somebody says that the clock is right: %v", err)
		}
		out.Reset()
		if err := (&retainRunCommand{atCounter: at}).Run(t.Context(), term); err != nil || !strings.Contains(out.String(), "delete 1 row") {
			t.Errorf("avow retain run: %v, %s", err, out.String())
		}
		if err := s.retainAfter(t.Context(), -1); err != nil {
			t.Error(err)
		}
	})
}
