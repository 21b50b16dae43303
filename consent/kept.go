package consent

import (
	"fmt"
	"strings"

	"github.com/avowhq/avow/policy"
)

// Kept says in words how long a version keeps some data, rule by rule.
func Kept(p *policy.Policy, fields policy.FieldSet) []string {
	var list []string
	for _, r := range p.Retention {
		if r.Fields.And(fields).Empty() {
			continue
		}
		line := r.Name + ": " + until(r.Until)
		if r.Then != "" && r.Then != "not-stated" {
			line += ", then " + r.Then
		}
		list = append(list, strings.ReplaceAll(line, "-", " "))
	}
	return list
}

func until(u policy.Until) string {
	switch u.Form {
	case policy.UntilPeriod:
		return period(u.Period) + " after " + firstOf(u.After, "collection")
	case policy.UntilEvent:
		return "until " + u.Event
	case policy.UntilLatest:
		return "until the latest of: " + ends(u.Of)
	case policy.UntilEarliest:
		return "until the earliest of: " + ends(u.Of)
	case policy.UntilCases:
		return cases(u.Cases)
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
	return notStated
}

func ends(list []policy.Until) string {
	var parts []string
	for _, u := range list {
		parts = append(parts, until(u))
	}
	return strings.Join(parts, ", ")
}

func cases(list policy.Entries[policy.Until]) string {
	var parts []string
	for _, c := range list {
		parts = append(parts, "if "+c.Key+", "+until(c.Is))
	}
	return strings.Join(parts, "; ")
}

func period(p policy.Period) string {
	unit := string(p.Unit)
	if p.N == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return fmt.Sprintf("%d %s", p.N, unit)
}
