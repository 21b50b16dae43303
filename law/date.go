package law

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Date is a day of the Gregorian calendar, in no time zone. The zero Date is no date.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day it is at t in a zone.
func DateOf(t time.Time, zone *time.Location) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

// ParseDate reads 2026-02-05 (iso8601).
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date; write it like 2026-02-05", s)
	}
	return DateOf(t, time.UTC), nil
}

// IsZero reports whether it is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String is 2026-02-05; no date is empty.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText is String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// Long is the day for people: Thu 5 Feb 2026.
func (d Date) Long() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format("Mon 2 Jan 2006")
}

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Before reports whether d comes before o.
func (d Date) Before(o Date) bool { return d.utc().Before(o.utc()) }

// After reports whether d comes after o.
func (d Date) After(o Date) bool { return d.utc().After(o.utc()) }

// AddDays is the date n days later.
func (d Date) AddDays(n int) Date { return DateOf(d.utc().AddDate(0, 0, n), time.UTC) }

// DaysSince is how many days d is after o.
func (d Date) DaysSince(o Date) int { return int(d.utc().Sub(o.utc()) / (24 * time.Hour)) }

// AddMonths is the same day n months later, or the last day of that month when
// it has no such day (reg1182-71:3(2)(c)): 31 January and a month is 28 February.
func (d Date) AddMonths(n int) Date {
	first := DateOf(time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC), time.UTC)
	last := first.nextMonth().AddDays(-1).Day
	return Date{first.Year, first.Month, min(d.Day, last)}
}

func (d Date) nextMonth() Date {
	return DateOf(time.Date(d.Year, d.Month+1, 1, 0, 0, 0, 0, time.UTC), time.UTC)
}

// Ends is the first moment after the day in a zone: a day there may have 23 or
// 25 hours, and may begin at one o'clock.
func (d Date) Ends(zone *time.Location) time.Time {
	next := d.AddDays(1)
	at := time.Date(next.Year, next.Month, next.Day, 0, 0, 0, 0, zone)
	// Where midnight is skipped, Date may answer with an hour of the day before.
	for DateOf(at, zone).Before(next) {
		at = at.Add(15 * time.Minute)
	}
	return at
}

// Unit is what a period is counted in.
type Unit string

const (
	Days         Unit = "days"
	BusinessDays Unit = "business days" // neither at a weekend nor on a holiday
	Months       Unit = "months"
	AsTold       Unit = "as-told" // the date in the notice to the person; the law fixes none
)

// Period is a number of units. The zero Period is none.
type Period struct {
	N    int
	Unit Unit
}

// longestPeriod bounds a period in any unit.
const longestPeriod = 1000

// ParsePeriod reads `45 days`, `10 business days`, `1 month` or `as-told`.
func ParsePeriod(s string) (Period, error) {
	if s == string(AsTold) {
		return Period{Unit: AsTold}, nil
	}
	number, unit, _ := strings.Cut(s, " ")
	n, err := strconv.Atoi(number)
	switch unit {
	case "day", "business day", "month":
		unit += "s"
	}
	if err != nil || n < 1 || n > longestPeriod || unit != string(Days) && unit != string(BusinessDays) && unit != string(Months) {
		return Period{}, fmt.Errorf("%q is not a period; write it like 45 days, 10 business days, 1 month or as-told", s)
	}
	return Period{n, Unit(unit)}, nil
}

// IsZero reports whether there is no period.
func (p Period) IsZero() bool { return p == Period{} }

// String is `1 month`, `45 days`.
func (p Period) String() string {
	switch {
	case p.IsZero():
		return ""
	case p.Unit == AsTold:
		return "the time told to the person"
	case p.N == 1:
		return "1 " + strings.TrimSuffix(string(p.Unit), "s")
	}
	return fmt.Sprintf("%d %s", p.N, p.Unit)
}

// DayEnding is the day that ends at a moment, when it is midnight in a zone between ten
// hours behind and thirteen ahead of UTC, as in each law here: what is left of a deadline
// where the zone itself was not kept.
func DayEnding(end time.Time) Date { return DateOf(end.Add(-11*time.Hour), time.UTC) }
