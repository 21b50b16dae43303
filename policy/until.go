package policy

import (
	"slices"
	"strings"
)

// unitHours makes periods comparable: a month is taken as 30 days, a year as 365.
var unitHours = map[Unit]int{Hours: 1, Days: 24, Weeks: 7 * 24, Months: 30 * 24, Years: 365 * 24}

// hours is how long a period is, near enough to say which of two is longer.
func (p Period) hours() int { return p.N * unitHours[p.Unit] }

// sameUntil reports whether two ends are the same, wherever they stand.
func sameUntil(a, b Until) bool {
	if a.Form != b.Form || a.Period.N != b.Period.N || a.Period.Unit != b.Period.Unit || a.after() != b.after() ||
		a.Event != b.Event || a.To.Name != b.To.Name || len(a.Of) != len(b.Of) || len(a.Cases) != len(b.Cases) {
		return false
	}
	for i := range a.Of {
		if !sameUntil(a.Of[i], b.Of[i]) {
			return false
		}
	}
	for i := range a.Cases {
		if a.Cases[i].Key != b.Cases[i].Key || !sameUntil(a.Cases[i].Is, b.Cases[i].Is) {
			return false
		}
	}
	return true
}

// after is the event a period counts from.
func (u Until) after() string {
	if u.Form == UntilPeriod && u.After == "" {
		return "collection"
	}
	return u.After
}

// compareEnds is positive when the ends of now are later than those of before or
// cannot be compared with them, negative when they are sooner, 0 when they are the same.
func compareEnds(before, now []Until) int {
	if slices.EqualFunc(before, now, sameUntil) {
		return 0
	}
	if len(before) != 1 || len(now) != 1 {
		return 1
	}
	return compareUntil(before[0], now[0])
}

func compareUntil(before, now Until) int {
	if sameUntil(before, now) {
		return 0
	}
	if d := openness(now) - openness(before); d != 0 {
		return d
	}
	if before.Form == UntilPeriod && now.Form == UntilPeriod && strings.EqualFold(before.after(), now.after()) {
		return now.Period.hours() - before.Period.hours()
	}
	return 1
}

// openness sorts ends by how far they leave them open: one that can be worked
// out, none stated, never.
func openness(u Until) int {
	switch u.Form {
	case UntilForEver:
		return 2
	case UntilNotStated, UntilAbsent, UntilNeeded:
		return 1
	}
	return 0
}
