package retain

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/store"
)

const stuckMap = `kind: files
at: somewhere
tables:
  people.csv:
    key: id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email}
    retention: {contact: seen}
`

// stuck is a house with a folder in which one row has no date that anybody can read.
func stuck(t *testing.T) (h *house, write func(string), told *[]string) {
	dir := t.TempDir()
	write = func(rows string) {
		if err := os.WriteFile(filepath.Join(dir, "people.csv"), []byte("id,email,seen\n"+rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("1,ann@x.example,01/02/2020\n2,bob@x.example,2026-01-01\n")
	h = newOther(t, connect.Config{At: dir}, stuckMap)
	told = &[]string{}
	h.desk.Put = func(_ *store.Tx, fresh []Standing, _ avow.ID) error {
		for _, s := range fresh {
			*told = append(*told, fmt.Sprintf("%s.%s %s %d: %s", s.System, s.Table, s.Rule, s.Rows, s.Why))
		}
		return nil
	}
	return h, write, told
}

func (h *house) standing(ended bool) []string {
	h.t.Helper()
	list, err := h.desk.Standing(h.t.Context(), ended)
	h.check(err)
	out := []string{}
	for _, s := range list {
		line := fmt.Sprintf("%s %d rows since %s, last %s, %d runs", s.Table, s.Rows, s.Since.Format(time.DateOnly), s.Last.Format(time.DateOnly), s.Runs)
		if !s.Ended.IsZero() {
			line += ", ended " + s.Ended.Format(time.DateOnly)
		}
		out = append(out, line)
	}
	return out
}

func (h *house) wantStanding(ended bool, want ...string) {
	h.t.Helper()
	if got := h.standing(ended); !slices.Equal(got, want) {
		h.t.Errorf("standing:\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (h *house) nextNight() { h.set(h.clock().AddDate(0, 0, 1)) }

// What a system does not let go of is one finding, put to staff once: it says since when, and
// how many runs have met it, and ends with the first run that does not.
func TestStanding(t *testing.T) {
	h, write, told := stuck(t)
	h.run(Options{Dry: true})
	h.wantStanding(true)
	r := h.run(Options{})
	if len(r.Entries) != 1 || r.Entries[0].Runs != 1 || r.Standing() != 1 {
		t.Errorf("the first run: %+v", r.Entries)
	}
	h.nextNight()
	write("1,ann@x.example,01/02/2020\n2,bob@x.example,2026-01-01\n3,cee@x.example,soon\n")
	h.run(Options{})
	h.wantStanding(false, "people.csv 2 rows since 2026-11-22, last 2026-11-23, 2 runs")
	h.nextNight()
	dry := h.run(Options{Dry: true})
	if e := dry.Entries[0]; e.Runs != 2 || e.Since.Format(time.DateOnly) != "2026-11-22" || e.Rows != 2 {
		t.Errorf("a dry run says %+v", e)
	}
	h.wantStanding(false, "people.csv 2 rows since 2026-11-22, last 2026-11-23, 2 runs")

	h.away = true // nobody looked: nothing has ended
	h.run(Options{})
	h.wantStanding(false, "people.csv 2 rows since 2026-11-22, last 2026-11-23, 2 runs")
	h.away = false
	h.nextNight()
	write("1,ann@x.example,2020-02-01\n2,bob@x.example,2026-01-01\n3,cee@x.example,2026-01-01\n")
	if r = h.run(Options{}); r.Done() != 1 || r.Standing() != 0 {
		t.Errorf("put right: %+v", r)
	}
	h.wantStanding(false)
	h.wantStanding(true, "people.csv 2 rows since 2026-11-22, last 2026-11-23, 2 runs, ended 2026-11-25")
	want := "shop.people.csv contact 1: in `seen` stands no date (as 2026-11-22)"
	if !slices.Equal(*told, []string{want}) {
		t.Errorf("staff were told %q", *told)
	}

	h.nextNight() // it comes back: that is new
	write("1,ann@x.example,01/02/2020\n")
	h.run(Options{})
	h.wantStanding(true, "people.csv 1 rows since 2026-11-26, last 2026-11-26, 1 runs")
	if !slices.Equal(*told, []string{want, want}) {
		t.Errorf("staff were told %q", *told)
	}
	runs, err := h.desk.Runs(t.Context(), 1)
	h.check(err)
	if len(runs) != 1 || runs[0].Standing() != 1 || runs[0].Entries[0].Runs != 1 {
		t.Errorf("the record: %+v", runs)
	}
}

// A row that the database refuses to change stands, in each database, until it lets go.
func TestStandingRow(t *testing.T) {
	eachShop(t, func(h *house) {
		h.customers(2)
		h.src.before = func(int) error { return avow.Errorf(avow.Conflict, "shop: customers: a rule refuses it") }
		for range 2 {
			h.run(Options{})
			h.nextNight()
		}
		h.wantStanding(false, "customers 2 rows since 2026-11-22, last 2026-11-23, 2 runs")
		h.src.before = nil
		h.run(Options{})
		h.wantStanding(false)
		h.wantRows("SELECT count(*) FROM customers", "0")
	})
}

// A calendar counts no more rows of a rule than it may, and says so of every month.
func TestCalendarCountsAtLeast(t *testing.T) {
	h, write, _ := stuck(t)
	write("1,a@x.example,2020-01-01\n2,b@x.example,2020-01-01\n3,c@x.example,2020-01-01\n")
	h.desk.Counted = 2
	list, _, err := h.desk.Calendar(t.Context(), 1)
	h.check(err)
	if len(list) != 2 || list[0].Month != Overdue || list[0].Rows != 2 || !list[0].AtLeast || list[0].Counted != 2 || !list[1].AtLeast || list[1].Rows != 0 {
		t.Errorf("the calendar: %+v", list)
	}
	h.desk.Counted = 3
	list, _, err = h.desk.Calendar(t.Context(), 1)
	h.check(err)
	if len(list) != 1 || list[0].Rows != 3 || list[0].AtLeast || list[0].Counted != 0 {
		t.Errorf("the calendar: %+v", list)
	}
}
