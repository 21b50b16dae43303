package retain

import (
	"slices"
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

// events are what the periods of an end count from, each once: `collection`, `last-contact`.
func events(u policy.Until) (out []string) {
	add := func(list ...string) {
		for _, e := range list {
			if !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	switch u.Form {
	case policy.UntilPeriod:
		add(after(u))
	case policy.UntilLatest, policy.UntilEarliest:
		for _, of := range u.Of {
			add(events(of)...)
		}
	}
	return out
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
	switch u.Form {
	case policy.UntilPeriod:
		from, ok := moment(after(u))
		if !ok {
			return time.Time{}, false
		}
		return End(from, u.Period), true
	case policy.UntilLatest:
		return pick(u.Of, true, func(of policy.Until) (time.Time, bool) { return endOf(of, moment) }, time.Time.After)
	case policy.UntilEarliest:
		return pick(u.Of, false, func(of policy.Until) (time.Time, bool) { return endOf(of, moment) }, time.Time.Before)
	}
	return time.Time{}, false
}

// cutOff is the day before which a moment must be for an end to have come; all its
// periods count from that moment. False when nobody here knows.
func cutOff(u policy.Until, now time.Time, days bool) (time.Time, bool) {
	switch u.Form {
	case policy.UntilPeriod:
		return Before(u.Period, now, days), true
	case policy.UntilLatest: // the longest has the earliest cut-off
		return pick(u.Of, true, func(of policy.Until) (time.Time, bool) { return cutOff(of, now, days) }, time.Time.Before)
	case policy.UntilEarliest:
		return pick(u.Of, false, func(of policy.Until) (time.Time, bool) { return cutOff(of, now, days) }, time.Time.After)
	}
	return time.Time{}, false
}

// pick is the time that is better than all others; all must be known, or any.
func pick(list []policy.Until, all bool, of func(policy.Until) (time.Time, bool), better func(a, b time.Time) bool) (out time.Time, ok bool) {
	for _, u := range list {
		t, known := of(u)
		switch {
		case !known && all:
			return time.Time{}, false
		case known && (!ok || better(t, out)):
			out, ok = t, true
		}
	}
	return out, ok
}
