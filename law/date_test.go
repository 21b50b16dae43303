package law_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/avowhq/avow/law"
)

func date(t *testing.T, s string) law.Date {
	t.Helper()
	if s == "" {
		return law.Date{}
	}
	d, err := law.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestAddMonths(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-01-15", 1, "2026-02-15"},
		{"2026-01-31", 1, "2026-02-28"},
		{"2028-01-31", 1, "2028-02-29"},
		{"2026-01-31", 3, "2026-04-30"},
		{"2026-08-31", 1, "2026-09-30"},
		{"2026-02-28", 1, "2026-03-28"},
		{"2028-02-29", 12, "2029-02-28"},
		{"2026-12-31", 2, "2027-02-28"},
		{"2026-11-30", 3, "2027-02-28"},
	} {
		if got := date(t, c.from).AddMonths(c.n); got.String() != c.want {
			t.Errorf("%s and %d months: got %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

// A day ends when the next begins there, however long it is.
func TestDayEnds(t *testing.T) {
	for _, c := range []struct{ day, zone, want string }{
		{"2026-03-28", "Europe/Brussels", "2026-03-28T23:00:00Z"},   // winter time
		{"2026-03-29", "Europe/Brussels", "2026-03-29T22:00:00Z"},   // a day of 23 hours
		{"2026-10-25", "Europe/Brussels", "2026-10-25T23:00:00Z"},   // a day of 25 hours
		{"2018-11-03", "America/Sao_Paulo", "2018-11-04T03:00:00Z"}, // midnight is skipped
		{"2026-11-22", "Pacific/Kiritimati", "2026-11-22T10:00:00Z"},
		{"2011-12-29", "Pacific/Apia", "2011-12-30T10:00:00Z"}, // the day after is skipped whole
	} {
		z := zone(t, c.zone)
		ends := date(t, c.day).Ends(z)
		if got := ends.UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s: got %s, want %s", c.day, c.zone, got, c.want)
		}
		if last := law.DateOf(ends.Add(-time.Nanosecond), z); last.String() != c.day {
			t.Errorf("%s in %s: the moment before its end is on %s", c.day, c.zone, last)
		}
	}
}

func TestParsePeriod(t *testing.T) {
	for text, want := range map[string]law.Period{
		"1 month": {N: 1, Unit: law.Months}, "2 months": {N: 2, Unit: law.Months}, "45 days": {N: 45, Unit: law.Days},
		"1 day": {N: 1, Unit: law.Days}, "10 business days": {N: 10, Unit: law.BusinessDays}, "as-told": {Unit: law.AsTold},
	} {
		got, err := law.ParsePeriod(text)
		if err != nil || got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "month", "0 days", "-1 days", "1001 days", "1 week", "1.5 months", "10 business", "1  day"} {
		if got, err := law.ParsePeriod(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

// The day a deadline was on is found again from the moment it ended, in every zone of a law.
func TestDayEnding(t *testing.T) {
	regimes, err := law.Load()
	if err != nil {
		t.Fatal(err)
	}
	var zones []string
	for _, g := range regimes.All() {
		zones = slices.AppendSeq(append(zones, g.Zone), maps.Values(g.Zones))
	}
	slices.Sort(zones)
	for _, name := range slices.Compact(zones) {
		zone := zone(t, name)
		for on := (law.Date{Year: 2026, Month: time.January, Day: 1}); on.Year < 2028; on = on.AddDays(1) {
			if got := law.DayEnding(on.Ends(zone).UTC()); got != on {
				t.Fatalf("%s: %s became %s", name, on, got)
			}
		}
	}
}
