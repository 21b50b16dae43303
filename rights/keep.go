package rights

import (
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
	"github.com/avowhq/avow/rights/pack"
	"github.com/avowhq/avow/vault"
)

// Kept is something that must be kept in spite of an erasure (gdpr:17(3)).
type Kept struct {
	Policy  string   `json:"policy"`
	Version int      `json:"noticeVersion"`
	Fields  []string `json:"fields"`  // `contact.name`
	Titles  []string `json:"titles"`  // `Name`
	Values  int      `json:"values"`  // how many
	For     []string `json:"for"`     // titles of the purposes it is kept for, and for nothing else
	Until   string   `json:"until"`   // in words
	Because string   `json:"because"` // the policy's words
}

// mustKeep finds the values that an erasure leaves, each with the names of the
// purposes it is there for from then on. A value stays when it was collected for a purpose
// that a law demands or that is in the public interest (gdpr:17(3)(b)); when the schedule
// keeps its field for named purposes, and one of them it was collected for serves legal claims (gdpr:17(3)(e)) or
// a contract, for which it is still needed (gdpr:17(1)). A rule must say how long, and not be over.
func (w *words) mustKeep(values []vault.Value, now time.Time) ([]Kept, map[avow.ID][]string) {
	list, stay := []Kept{}, map[avow.ID][]string{}
	for _, v := range values {
		p := w.policy(v.Policy, v.Version)
		if p == nil {
			continue
		}
		field, known := p.Field(v.Category + "." + v.Field)
		rule, set := w.ruleThatKeeps(p, v, field, now)
		if !known || rule == nil {
			continue
		}
		set.Each(func(i int) { stay[v.ID] = append(stay[v.ID], p.Purposes[i].Name) })
		list = addKept(list, Kept{Policy: p.Name, Version: p.Number, Fields: []string{v.Category + "." + v.Field}, Values: 1,
			Titles: []string{notice.FieldTitle(p, v.Field, "")}, For: pack.Titles(p, set), Until: notice.Until(p, rule.Until, ""), Because: because(p, rule, set, field)})
	}
	return list, stay
}

// Stop keeps what an erasure would take (gdpr:17(3)(e)).
type Stop struct {
	Because string    // said to the person
	Until   time.Time // zero: until it is lifted
	Data    []string  // categories or fields of the policy; none: everything
}

// hold adds the values that a stop keeps. They are there for nothing but that: the duty to obey the law.
func (w *words) hold(values []vault.Value, stops []Stop, list []Kept, stay map[avow.ID][]string) []Kept {
	for _, v := range values {
		p := w.policy(v.Policy, v.Version)
		if _, stays := stay[v.ID]; stays || p == nil {
			continue
		}
		for _, s := range stops {
			if !s.about(p, v) {
				continue
			}
			stay[v.ID] = []string{policy.DutyObeyLaw}
			duty, _ := p.Purpose(policy.DutyObeyLaw)
			var set policy.PurposeSet
			set.Add(duty)
			list = addKept(list, Kept{Policy: p.Name, Version: p.Number, Fields: []string{v.Category + "." + v.Field}, Values: 1,
				Titles: []string{notice.FieldTitle(p, v.Field, "")}, For: pack.Titles(p, set), Until: s.until(), Because: s.Because})
			break
		}
	}
	for _, s := range stops {
		if len(list) == 0 && len(s.Data) == 0 { // nothing else is held of them: who they are stays
			list = append(list, Kept{Fields: []string{}, Titles: []string{"Who you are"}, For: []string{}, Until: s.until(), Because: s.Because})
		}
	}
	return list
}

func (s Stop) until() string {
	if s.Until.IsZero() {
		return "until the hold on it is lifted"
	}
	return "until " + s.Until.UTC().Format("2 January 2006") + ", or until the hold on it is lifted"
}

func (s Stop) about(p *policy.Policy, v vault.Value) bool {
	if len(s.Data) == 0 {
		return true
	}
	field, ok := p.Field(v.Category + "." + v.Field)
	return ok && slices.ContainsFunc(s.Data, func(name string) bool {
		fields, _, known := p.Data(name)
		return known && fields.Has(field)
	})
}

// ruleThatKeeps is the rule that keeps a value against an erasure, and for which of
// the purposes it was collected for: the rule that names them, when one does.
func (w *words) ruleThatKeeps(p *policy.Policy, v vault.Value, field int, now time.Time) (rule *policy.CompiledRetention, stays policy.PurposeSet) {
	for i := range p.Retention {
		r := &p.Retention[i]
		if field < 0 || !r.Fields.Has(field) || over(r.Until, v.At, now) {
			continue
		}
		set := w.demanded(p, v, field, r)
		if set.Empty() || rule != nil && r.OnlyFor.Empty() {
			continue
		}
		if rule == nil || rule.OnlyFor.Empty() {
			rule = r
		}
		stays = stays.Or(set)
	}
	return rule, stays
}

// demanded is which of the purposes a value was collected for keep it, under one rule.
func (w *words) demanded(p *policy.Policy, v vault.Value, field int, r *policy.CompiledRetention) (set policy.PurposeSet) {
	named := !r.OnlyFor.Empty()
	for _, name := range v.Purposes {
		i, ok := p.Purpose(name)
		if !ok || named && !r.OnlyFor.Has(i) {
			continue
		}
		if slices.ContainsFunc(p.Purposes[i].Reasons, func(reason policy.CompiledReason) bool {
			return reason.Fields.Has(field) && w.holds(reason, named)
		}) {
			set.Add(i)
		}
	}
	return set
}

// holds tells whether a reason stands against an erasure. Named: the schedule names
// the purpose, so the policy has said for how long it needs the value.
func (w *words) holds(r policy.CompiledReason, named bool) bool {
	return slices.ContainsFunc(r.Grounds[avow.Keep][w.kind], func(g policy.Ground) bool {
		switch g.Basis {
		case avow.LegalObligation, avow.PublicTask:
			return true
		case avow.Contract:
			return named
		}
		return named && r.LegalClaims
	})
}

// because is why a value stays: the rule's own words, else those of the purposes.
func because(p *policy.Policy, r *policy.CompiledRetention, set policy.PurposeSet, field int) string {
	if rule, ok := p.Document.Retention.Rules.Get(r.Name); ok {
		if says := notice.Text(p, rule.Because, ""); says != "" {
			return says
		}
	}
	var says []string
	set.Each(func(i int) { says = append(says, pack.Reasons(p, i, field)...) })
	return orElse(strings.Join(says, " "), "The rule "+r.Name+" of the schedule keeps it.")
}

func addKept(list []Kept, k Kept) []Kept {
	for i := range list {
		o := &list[i]
		if o.Policy == k.Policy && o.Version == k.Version && o.Because == k.Because && o.Until == k.Until && slices.Equal(o.For, k.For) {
			o.Fields, o.Titles = with(o.Fields, k.Fields[0]), with(o.Titles, k.Titles[0])
			o.Values++
			return list
		}
	}
	return append(list, k)
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
