package consent

import (
	"cmp"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/vault"
)

// fold makes a person's state in one policy's gate out of what is held of them and
// what they have said. It is pure: the same rows give the same state. seen is the
// number of events of the ledger the rows came from.
func fold(versions []*policy.Policy, who vault.Subject, held []gate.Holding, said []choice, now time.Time, seen uint64) gate.State {
	last := versions[len(versions)-1]
	st := gate.State{Subject: who.ID, Kind: who.Kind, Holdings: held, Seen: seen}
	given := foldConsents(&st, last, said, now)
	for _, c := range said {
		switch {
		case c.kind == kindRegion:
			st.Region = avow.Region(c.name)
		case c.kind == kindRestriction:
			st.Restricted = c.state == set
		case c.policy != last.Name:
		case c.kind == kindFact && c.state == set:
			if i, ok := last.Fact(c.name); ok {
				st.Facts |= 1 << i
			}
		case c.kind == kindPurpose || c.kind == kindMarketing || c.kind == kindTopic || c.kind == kindOnce:
			foldObjection(&st, last, c, given)
		}
	}
	return st
}

// consentedTo is that a purpose was consented to: in the person's own count, and when.
type consentedTo struct {
	purpose int
	seq     int64
	at      time.Time
}

// lifts tells whether one of the consents to a purpose lifts an objection to its direct
// marketing: it was said later, and not only brought here later from elsewhere.
func lifts(given []consentedTo, purpose int, objection choice) bool {
	return slices.ContainsFunc(given, func(g consentedTo) bool {
		return g.purpose == purpose && g.seq > objection.seq && !g.at.Before(objection.at)
	})
}

// foldConsents sets the lanes of what was consented to and lists the consents that hold.
func foldConsents(st *gate.State, p *policy.Policy, said []choice, now time.Time) (list []consentedTo) {
	for _, c := range said {
		if c.policy != p.Name || c.kind != kindConsent || c.state != given {
			continue
		}
		purpose, ok := p.Purpose(c.name)
		if !ok {
			continue
		}
		if !c.ends.IsZero() {
			if !c.ends.After(now) {
				continue
			}
			if st.Until.IsZero() || c.ends.Before(st.Until) {
				st.Until = c.ends
			}
		}
		list = append(list, consentedTo{purpose, c.seq, c.at})
		for i, lane := range p.Consents {
			if lane.Purpose == purpose && lane.Generation == c.generation {
				st.Consents |= 1 << i
			}
		}
	}
	return list
}

// foldObjection sets the lanes an objection stops. One to a purpose stops all its
// reasons that can be stopped; one to a topic, or a withdrawal, stops direct
// marketing. Consent given to a purpose afterwards opens its marketing again.
func foldObjection(st *gate.State, p *policy.Policy, c choice, given []consentedTo) {
	if c.state == ended {
		return
	}
	purpose, known := p.Purpose(c.name)
	for i, lane := range p.Objections {
		var stops bool
		switch c.kind {
		case kindTopic:
			stops = !lane.Once && lane.Topic != "" && lane.Topic == c.name
		case kindMarketing:
			stops = known && !lane.Once && lane.Purpose == purpose && marketing(p, i)
		case kindPurpose:
			stops = known && !lane.Once && lane.Purpose == purpose && !(c.state == overridden && lane.Weighed)
		case kindOnce:
			stops = known && lane.Once && lane.Purpose == purpose
		}
		if stops && !(marketing(p, i) && lifts(given, lane.Purpose, c)) {
			st.Objections[i>>6] |= 1 << (i & 63)
		}
	}
}

// marketing reports whether an objection lane stops direct marketing. A purpose may
// have direct marketing without a topic, so the reasons tell.
func marketing(p *policy.Policy, lane int) bool {
	if p.Objections[lane].Topic != "" {
		return true
	}
	return slices.ContainsFunc(p.Purposes[p.Objections[lane].Purpose].Reasons, func(r policy.CompiledReason) bool {
		return r.ObjectionLane == lane && r.Marketing
	})
}

// holdings groups what is held: the same version, source and limits are one holding.
func holdings(versions []*policy.Policy, values []vault.Value) []gate.Holding {
	last := versions[len(versions)-1]
	var list []gate.Holding
	for _, v := range values {
		field, ok := last.Field(v.Category + "." + v.Field)
		if !ok || v.Policy != last.Name {
			continue
		}
		h := gate.Holding{Version: v.Version, Source: -1, Agreement: -1}
		if v.Version >= 1 && v.Version <= len(versions) {
			own := versions[v.Version-1]
			if i, ok := own.FindSource(v.Source); ok {
				h.Source = i
			}
			h.OnlyFor = onlyFor(own, field, v)
		}
		list = addHolding(list, h, field)
	}
	slices.SortFunc(list, func(a, b gate.Holding) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Source, b.Source), slices.Compare(a.OnlyFor[:], b.OnlyFor[:]))
	})
	return list
}

func addHolding(list []gate.Holding, h gate.Holding, field int) []gate.Holding {
	for i := range list {
		if o := &list[i]; o.Version == h.Version && o.Source == h.Source && o.OnlyFor == h.OnlyFor {
			o.Fields.Add(field)
			return list
		}
	}
	h.Fields.Add(field)
	return append(list, h)
}

// onlyFor is the purposes a value is there for, when the schedule keeps the field
// for some purposes only and the value was collected for none beside them (E31).
func onlyFor(p *policy.Policy, field int, v vault.Value) (only policy.PurposeSet) {
	if len(v.Purposes) == 0 {
		return only
	}
	if v.Limited { // an erasure left it for these alone
		return setOf(p, v.Purposes)
	}
	for _, rule := range p.Retention {
		if rule.OnlyFor.Empty() || !rule.Fields.Has(field) || !allIn(p, rule.OnlyFor, v.Purposes) {
			continue
		}
		rule.OnlyFor.Each(only.Add)
	}
	return only
}

func setOf(p *policy.Policy, names []string) (set policy.PurposeSet) {
	for _, n := range names {
		if i, ok := p.Purpose(n); ok {
			set.Add(i)
		}
	}
	return set
}

func allIn(p *policy.Policy, set policy.PurposeSet, names []string) bool {
	for _, n := range names {
		if i, ok := p.Purpose(n); !ok || !set.Has(i) {
			return false
		}
	}
	return true
}
