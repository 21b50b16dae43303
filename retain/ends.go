package retain

import (
	"time"

	"github.com/avowhq/avow/policy"
)

const day = 24 * time.Hour

// End is when a period ends that counts from a moment. Months are the calendar's: a month
// after the 31st is the last day of a shorter month. A period of days or longer ends at
// 00:00 UTC, of a moment within a day at the next.
func End(from time.Time, p policy.Period) time.Time {
	from = from.UTC()
	if p.Unit == policy.Hours {
		return from.Add(time.Duration(p.N) * time.Hour)
	}
	start := dayOf(from)
	end := start
	switch p.Unit {
	case policy.Days:
		end = start.AddDate(0, 0, p.N)
	case policy.Weeks:
		end = start.AddDate(0, 0, 7*p.N)
	case policy.Months:
		end = addMonths(start, p.N)
	default:
		end = addMonths(start, 12*p.N)
	}
	if !from.Equal(start) {
		end = end.AddDate(0, 0, 1)
	}
	return end
}

func dayOf(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func addMonths(t time.Time, n int) time.Time {
	out := t.AddDate(0, n, 0)
	if out.Day() != t.Day() {
		out = out.AddDate(0, 0, -out.Day()) // the last day of the month before
	}
	return out
}

// Before is the cut-off of a period: what counts from a moment before it is over by now.
// days: the moments are days without a time.
func Before(p policy.Period, now time.Time, days bool) time.Time {
	now = now.UTC()
	switch {
	case p.Unit == policy.Hours && !days:
		return now.Add(-time.Duration(p.N) * time.Hour)
	case p.Unit == policy.Hours:
		return dayOf(now.Add(-time.Duration(p.N)*time.Hour)).AddDate(0, 0, 1)
	}
	today := dayOf(now)
	if !days {
		today = today.AddDate(0, 0, -1) // whatever the hour of the last day, it is over
	}
	last := back(today, p)
	for last = last.AddDate(0, 0, 4); End(last, p).After(today); {
		last = last.AddDate(0, 0, -1)
	}
	return last.AddDate(0, 0, 1)
}

// back is about a period before a day.
func back(d time.Time, p policy.Period) time.Time {
	switch p.Unit {
	case policy.Days:
		return d.AddDate(0, 0, -p.N)
	case policy.Weeks:
		return d.AddDate(0, 0, -7*p.N)
	case policy.Months:
		return d.AddDate(0, -p.N, 0)
	}
	return d.AddDate(-p.N, 0, 0)
}

func after(u policy.Until) string {
	if u.After == "" {
		return collection
	}
	return u.After
}

// What avow knows by itself.
const (
	collection  = "collection"
	lastContact = "last-contact"
)

// endOf is when an end comes, by the moments that are known; false when nobody here knows.
func endOf(u policy.Until, moment func(event string) (time.Time, bool)) (time.Time, bool) {
	return last(u, time.Time.After, func(of policy.Until) (time.Time, bool) {
		from, ok := moment(after(of))
		if !ok {
			return time.Time{}, false
		}
		return End(from, of.Period), true
	})
}

// cutOff is the day before which a moment must be for an end to have come; all its
// periods count from that moment. False when nobody here knows.
func cutOff(u policy.Until, now time.Time, days bool) (time.Time, bool) {
	// The longest period has the earliest cut-off.
	return last(u, time.Time.Before, func(of policy.Until) (time.Time, bool) { return Before(of.Period, now, days), true })
}

// last finds among the periods of an end the one by which it comes: of `latest` the last, which all
// must be known for; of `earliest` the first of those that are known. False when nobody here knows.
func last[T any](u policy.Until, later func(a, b T) bool, of func(policy.Until) (T, bool)) (out T, ok bool) {
	inner := func(u policy.Until) (T, bool) { return last(u, later, of) }
	switch u.Form {
	case policy.UntilPeriod:
		return of(u)
	case policy.UntilLatest:
		return pick(u.Of, true, inner, later)
	case policy.UntilEarliest:
		return pick(u.Of, false, inner, func(a, b T) bool { return later(b, a) })
	}
	return out, false
}

// pick is the one that is better than all others; all must be known, or any.
func pick[T any](list []policy.Until, all bool, of func(policy.Until) (T, bool), better func(a, b T) bool) (out T, ok bool) {
	for _, u := range list {
		t, known := of(u)
		switch {
		case !known && all:
			var none T
			return none, false
		case known && (!ok || better(t, out)):
			out, ok = t, true
		}
	}
	return out, ok
}
