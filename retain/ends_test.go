package retain

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/avowhq/avow/policy"
)

func on(t *testing.T, text string) time.Time {
	t.Helper()
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	t.Fatalf("%q is no time", text)
	return time.Time{}
}

func TestEnd(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		unit policy.Unit
		want string
	}{
		{"2026-01-31", 1, policy.Months, "2026-02-28"},
		{"2028-01-31", 1, policy.Months, "2028-02-29"},
		{"2026-01-30 10:00", 1, policy.Months, "2026-03-01"}, // the whole of the last day
		{"2026-03-31", 13, policy.Months, "2027-04-30"},
		{"2024-02-29", 1, policy.Years, "2025-02-28"},
		{"2024-02-29", 4, policy.Years, "2028-02-29"},
		{"2026-12-15", 24, policy.Months, "2028-12-15"},
		{"2026-02-27", 2, policy.Days, "2026-03-01"},
		{"2026-02-27 23:59", 2, policy.Days, "2026-03-02"},
		{"2026-02-27", 2, policy.Weeks, "2026-03-13"},
		{"2026-02-27 23:30", 2, policy.Hours, "2026-02-28 01:30"},
	} {
		if got := End(on(t, c.from), policy.Period{N: c.n, Unit: c.unit}); !got.Equal(on(t, c.want)) {
			t.Errorf("%d %s after %s: %s, want %s", c.n, c.unit, c.from, got, c.want)
		}
	}
}

func TestBefore(t *testing.T) {
	for _, c := range []struct {
		now  string
		n    int
		unit policy.Unit
		days bool
		want string
	}{
		{"2026-02-28 03:00", 1, policy.Months, true, "2026-02-01"}, // the 28th to the 31st of January are over
		{"2026-02-27 03:00", 1, policy.Months, true, "2026-01-28"},
		{"2026-02-28 03:00", 1, policy.Months, false, "2026-01-28"}, // of moments within a day the day must be past
		{"2026-03-01 03:00", 1, policy.Months, false, "2026-02-01"},
		{"2028-02-29 03:00", 4, policy.Years, true, "2024-03-01"},
		{"2025-02-28 03:00", 1, policy.Years, true, "2024-03-01"},
		{"2026-03-31 03:00", 1, policy.Months, true, "2026-03-01"},
		{"2026-03-30 03:00", 1, policy.Months, true, "2026-03-01"},
		{"2026-11-22 03:00", 30, policy.Days, true, "2026-10-24"},
		{"2026-11-22 03:00", 30, policy.Days, false, "2026-10-23"},
		{"2026-11-22 03:00", 12, policy.Hours, false, "2026-11-21 15:00"},
	} {
		if got := Before(policy.Period{N: c.n, Unit: c.unit}, on(t, c.now), c.days); !got.Equal(on(t, c.want)) {
			t.Errorf("%s, %d %s, days %v: %s, want %s", c.now, c.n, c.unit, c.days, got, c.want)
		}
	}
}

// Nothing that is before a cut-off has not ended, and what has ended for a day is before it.
func TestBeforeAndEndAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	units := []policy.Unit{policy.Hours, policy.Days, policy.Weeks, policy.Months, policy.Years}
	for range 20_000 {
		p := policy.Period{N: 1 + r.IntN(40), Unit: units[r.IntN(len(units))]}
		now := time.Unix(1_600_000_000+r.Int64N(400_000_000), 0).UTC()
		for _, days := range []bool{true, false} {
			cut := Before(p, now, days)
			for _, offset := range []time.Duration{-1, -day / 2, -day, -3 * day, 0, 1, day / 3, day, 40 * day} {
				m := cut.Add(offset)
				if days {
					m = dayOf(m)
				}
				if m.Before(cut) && End(m, p).After(now) {
					t.Fatalf("%v at %s: %s is before %s, and ends only %s", p, now, m, cut, End(m, p))
				}
				if !m.Before(cut) && !End(m, p).After(now.Add(-2*day)) {
					t.Fatalf("%v at %s: %s is not before %s, and ended %s", p, now, m, cut, End(m, p))
				}
			}
		}
	}
}

func months(n int) policy.Until {
	return policy.Until{Form: policy.UntilPeriod, Period: policy.Period{N: n, Unit: policy.Months}}
}

func TestSeveralPeriods(t *testing.T) {
	duty := policy.Until{Form: policy.UntilLegalDuty}
	latest := func(of ...policy.Until) policy.Until { return policy.Until{Form: policy.UntilLatest, Of: of} }
	earliest := func(of ...policy.Until) policy.Until { return policy.Until{Form: policy.UntilEarliest, Of: of} }
	from, now := on(t, "2026-01-15"), on(t, "2026-11-22 03:00")
	for _, c := range []struct {
		name      string
		until     policy.Until
		end, over string // empty: nobody here knows
	}{
		{"a period", months(2), "2026-03-15", "2026-09-23"},
		{"the last", latest(months(2), months(5)), "2026-06-15", "2026-06-23"},
		{"the first", earliest(months(2), months(5)), "2026-03-15", "2026-09-23"},
		{"the last, one unknown", latest(months(2), duty), "", ""},
		{"the first, one unknown", earliest(months(2), duty), "2026-03-15", "2026-09-23"},
		{"nested", latest(earliest(months(9), months(3)), months(2)), "2026-04-15", "2026-08-23"},
		{"a duty", duty, "", ""},
		{"an event", policy.Until{Form: policy.UntilEvent, Event: "switched off"}, "", ""},
		{"for ever", policy.Until{Form: policy.UntilForEver}, "", ""},
		{"by what became of it", policy.Until{Form: policy.UntilCases}, "", ""},
	} {
		end, known := endOf(c.until, func(string) (time.Time, bool) { return from, true })
		if known != (c.end != "") || known && !end.Equal(on(t, c.end)) {
			t.Errorf("%s: it ends %s (%v), want %s", c.name, end, known, c.end)
		}
		cut, known := cutOff(c.until, now, true)
		if known != (c.over != "") || known && !cut.Equal(on(t, c.over)) {
			t.Errorf("%s: the cut-off is %s (%v), want %s", c.name, cut, known, c.over)
		}
	}
}
