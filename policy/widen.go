package policy

import (
	"slices"

	"github.com/avowhq/avow"
)

// widens reports whether a purpose promises less in the later version than in
// the earlier: more data, a reason the old ones do not cover, a weaker basis, a
// recipient or place more, or longer keeping of what it uses. A consent given to
// the earlier version does not speak for that.
func widens(before, after *Policy, purpose int) bool {
	old, now := &before.Purposes[purpose], &after.Purposes[purpose]
	return reasonsWiden(old, now) || receiversWiden(before, after, purpose) ||
		staffWidens(before, after, purpose) || keptLonger(before, after, purpose)
}

func usedBy(q *CompiledPurpose) FieldSet {
	var all FieldSet
	for i := range q.Reasons {
		all = all.Or(q.Reasons[i].Fields)
	}
	return all
}

// reasonsWiden: every reason must be covered by one of before, in data and in grounds.
func reasonsWiden(old, now *CompiledPurpose) bool {
	for i := range now.Reasons {
		r := &now.Reasons[i]
		if !slices.ContainsFunc(old.Reasons, func(was CompiledReason) bool { return coversReason(&was, r) }) {
			return true
		}
	}
	return old.Once && !now.Once || old.Anonymous && !now.Anonymous || old.OffUntil && !now.OffUntil
}

// coversReason reports whether everything a reason allows was allowed by another before.
func coversReason(was, now *CompiledReason) bool {
	if !was.Fields.Covers(now.Fields) || flagsWiden(was, now) {
		return false
	}
	for act := range now.Grounds {
		for kind := range now.Grounds[act] {
			if !coversGrounds(was.Grounds[act][kind], now.Grounds[act][kind]) {
				return false
			}
		}
	}
	return coversGrounds(was.SpecialGrounds, now.SpecialGrounds) && coversGrounds(was.CriminalGrounds, now.CriminalGrounds)
}

func flagsWiden(was, now *CompiledReason) bool {
	return now.Profiling && !was.Profiling || was.Marketing && !now.Marketing || now.Weighed && !was.Weighed ||
		now.Restricted && !was.Restricted || now.LegalClaims && !was.LegalClaims
}

func coversGrounds(was, now []Ground) bool {
	for _, g := range now {
		if !slices.ContainsFunc(was, func(w Ground) bool { return coversGround(w, g) }) {
			return false
		}
	}
	return true
}

// coversGround: the same basis under the same or a wider condition. Asking for
// consent in place of another basis promises more.
func coversGround(was, now Ground) bool {
	if now.Basis != avow.Consent && (was.Basis != now.Basis || was.Law != now.Law) {
		return false
	}
	if was.When != Always && was.When != now.When {
		return false
	}
	return was.Facts == 0 || now.Facts != 0 && now.Facts&^was.Facts == 0
}

// receiversWiden looks at who receives data for the purpose, which, and where.
func receiversWiden(before, after *Policy, purpose int) bool {
	uses := usedBy(&after.Purposes[purpose])
	for i := range after.Recipients {
		now := &after.Recipients[i]
		if !now.Declared || !now.For.Has(purpose) {
			continue
		}
		if i >= len(before.Recipients) || !before.Recipients[i].Declared || !before.Recipients[i].For.Has(purpose) {
			return true
		}
		old := &before.Recipients[i]
		if !old.Receives.Covers(now.Receives.And(uses)) || placeWidens(recipientPlace(old), recipientPlace(now)) ||
			old.Processor && !now.Processor {
			return true
		}
	}
	return false
}

// locale is where a recipient or role is, and what stands behind a transfer there.
type locale struct {
	regions            []avow.Region
	anywhere, unstated bool
	safeguard          Standing
}

func recipientPlace(r *CompiledRecipient) locale {
	return locale{r.Places, r.Anywhere, r.NotStated, r.Safeguard}
}

func rolePlace(r *CompiledRole) locale { return locale{r.Places, r.Anywhere, false, r.Safeguard} }

func placeWidens(old, now locale) bool {
	abroad := len(now.regions) > 0 || now.anywhere || now.unstated
	return regionsWiden(old, now) || abroad && old.safeguard.Stands && !now.safeguard.Stands
}

// regionsWiden: a place more, or one that nobody can tell.
func regionsWiden(old, now locale) bool {
	if old.anywhere || old.unstated {
		return false
	}
	if now.anywhere || now.unstated {
		return true
	}
	return slices.ContainsFunc(now.regions, func(r avow.Region) bool {
		return !slices.ContainsFunc(old.regions, func(was avow.Region) bool { return r.Within(was) })
	})
}

func staffWidens(before, after *Policy, purpose int) bool {
	for i := range after.Roles {
		now := &after.Roles[i]
		if !now.Declared || !now.For.Has(purpose) || i >= len(before.Roles) {
			continue
		}
		if old := &before.Roles[i]; old.Declared && placeWidens(rolePlace(old), rolePlace(now)) {
			return true
		}
	}
	return false
}

// keptLonger reports whether any of the data a purpose uses is kept longer for it,
// or until an end that cannot be compared with the one before.
func keptLonger(before, after *Policy, purpose int) bool {
	longer := false
	usedBy(&after.Purposes[purpose]).Each(func(i int) {
		if i < len(before.Fields) && before.Fields[i].Declared {
			longer = longer || after.keeps(i, purpose) && compareEnds(before.ends(i, purpose), after.ends(i, purpose)) > 0
		}
	})
	return longer
}

// keeps reports whether a field is there for a purpose: not when every line of the
// schedule about it keeps it for others.
func (p *Policy) keeps(field, purpose int) bool {
	lines := 0
	for _, r := range p.Retention {
		if r.Fields.Has(field) {
			lines++
		}
	}
	return lines == 0 || len(p.ends(field, purpose)) > 0
}

// ends are the ends of keeping a field for a purpose, in the order of the file.
func (p *Policy) ends(field, purpose int) []Until {
	var list []Until
	for _, r := range p.Retention {
		if r.Fields.Has(field) && (r.OnlyFor.Empty() || r.OnlyFor.Has(purpose)) {
			list = append(list, r.Until)
		}
	}
	return list
}
