package rights

import (
	"fmt"
	"strings"
	"time"

	"github.com/avowhq/avow/policy"
)

// kept is a rule of the schedule in words.
func kept(r policy.CompiledRetention) string {
	s := until(r.Until)
	if r.Then != "" && r.Then != "not-stated" {
		s += ", then " + strings.ReplaceAll(r.Then, "-", " ")
	}
	return strings.ReplaceAll(r.Name, "-", " ") + ": " + s
}

func until(u policy.Until) string {
	switch u.Form {
	case policy.UntilPeriod:
		return fmt.Sprintf("%s after %s", period(u.Period), strings.ReplaceAll(orElse(u.After, "collection"), "-", " "))
	case policy.UntilEvent:
		return "until " + u.Event
	case policy.UntilLatest:
		return "until the latest of: " + ends(u.Of)
	case policy.UntilEarliest:
		return "until the earliest of: " + ends(u.Of)
	case policy.UntilCases:
		var parts []string
		for _, c := range u.Cases {
			parts = append(parts, "if "+c.Key+", "+until(c.Is))
		}
		return strings.Join(parts, "; ")
	case policy.UntilSchedule:
		return "as the published schedule says"
	case policy.UntilNeeded:
		return "as long as it is needed for its purposes or by law"
	case policy.UntilLegalDuty:
		return "until the legal duty ends"
	case policy.UntilForEver:
		return "without an end"
	case policy.UntilMoved:
		return "then under the rule " + u.To.Name
	}
	return "the notice does not say how long"
}

func ends(list []policy.Until) string {
	var parts []string
	for _, u := range list {
		parts = append(parts, until(u))
	}
	return strings.Join(parts, ", ")
}

func period(p policy.Period) string {
	if p.N == 1 {
		return "1 " + strings.TrimSuffix(string(p.Unit), "s")
	}
	return fmt.Sprintf("%d %s", p.N, p.Unit)
}

// over reports whether a rule's time has certainly ended for something collected at a
// moment. What it depends on beside the calendar only people know.
func over(u policy.Until, from, now time.Time) bool {
	if u.Form != policy.UntilPeriod || u.After != "" && u.After != "collection" {
		return false
	}
	n := u.Period.N
	var end time.Time
	switch u.Period.Unit {
	case policy.Hours:
		end = from.Add(time.Duration(n) * time.Hour)
	case policy.Days:
		end = from.AddDate(0, 0, n)
	case policy.Weeks:
		end = from.AddDate(0, 0, 7*n)
	case policy.Months:
		end = from.AddDate(0, n, 0)
	case policy.Years:
		end = from.AddDate(n, 0, 0)
	default:
		return false
	}
	return !end.After(now)
}
