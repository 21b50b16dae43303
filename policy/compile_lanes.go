package policy

import (
	"slices"

	"github.com/avowhq/avow"
)

// openObjectionLanes gives every purpose that can be stopped its lanes: one for
// each topic of its direct marketing, one for the rest, one for `once`. A lane
// an earlier version opened goes on, so that nobody has to object twice.
func (c *compiler) openObjectionLanes() {
	for i := range c.p.Purposes {
		q := &c.p.Purposes[i]
		if !q.Declared || q.Kind == Duty {
			continue
		}
		weighed := restIsWeighed(q.Reasons)
		for r := range q.Reasons {
			q.Reasons[r].ObjectionLane = c.laneOf(i, &q.Reasons[r], weighed)
		}
		if q.Once {
			q.OnceLane = c.objectionLane(ObjectionLane{Purpose: i, Once: true}, i)
		}
	}
}

func (c *compiler) laneOf(purpose int, r *CompiledReason, weighed bool) int {
	switch {
	case r.Marketing:
		return c.objectionLane(ObjectionLane{Purpose: purpose, Topic: r.Topic}, purpose)
	case canObject(r):
		r.Weighed = weighed
		return c.objectionLane(ObjectionLane{Purpose: purpose, Weighed: weighed}, purpose)
	}
	return -1
}

// canObject reports whether an objection takes a ground away (gdpr:21(1)).
func canObject(r *CompiledReason) bool {
	for act := range r.Grounds {
		for kind := range r.Grounds[act] {
			if slices.ContainsFunc(r.Grounds[act][kind], stoppable) {
				return true
			}
		}
	}
	return false
}

func stoppable(g Ground) bool {
	switch g.Basis {
	case avow.LegitimateInterests, avow.PublicTask, avow.Notice, avow.NotStated:
		return true
	}
	return false
}

// restIsWeighed: the reasons of a purpose beside its marketing share a lane,
// and staff may override it only when every one of them allows that.
func restIsWeighed(reasons []CompiledReason) bool {
	any := false
	for i := range reasons {
		if r := &reasons[i]; !r.Marketing && canObject(r) {
			if !r.Weighed {
				return false
			}
			any = true
		}
	}
	return any
}

func (c *compiler) objectionLane(want ObjectionLane, purpose int) int {
	for i, l := range c.p.Objections {
		if l.Purpose == want.Purpose && l.Topic == want.Topic && l.Once == want.Once {
			c.p.Objections[i] = want
			return i
		}
	}
	if !c.room(len(c.p.Objections), MaxObjectionLanes, c.at(purpose), "objections") {
		return -1
	}
	c.p.Objections = append(c.p.Objections, want)
	return len(c.p.Objections) - 1
}

// at is the place of a purpose in the file.
func (c *compiler) at(purpose int) Pos {
	for _, q := range c.purposes {
		if q.index == purpose {
			return q.Pos
		}
	}
	return Pos{Line: c.p.Clauses[c.p.Purposes[purpose].Clause].Line, Column: 1}
}

// openConsentLanes gives every purpose with a consent ground its lane: the one
// of the version before, or a new generation when this version widens the purpose.
func (c *compiler) openConsentLanes() {
	for i := range c.p.Purposes {
		q := &c.p.Purposes[i]
		if !q.Declared || !asksConsent(q) {
			continue
		}
		lane := c.consentLane(i)
		if lane < 0 {
			return
		}
		c.p.Consents[lane].Current = true
		c.consentRule(&c.p.Consents[lane], q.Name)
		q.ConsentLane = lane
		setLane(q, lane)
	}
}

func asksConsent(q *CompiledPurpose) bool {
	found := false
	eachGrounds(q, func(list []Ground) {
		found = found || slices.ContainsFunc(list, func(g Ground) bool { return g.Basis == avow.Consent })
	})
	return found
}

func setLane(q *CompiledPurpose, lane int) {
	eachGrounds(q, func(list []Ground) {
		for i := range list {
			if list[i].Basis == avow.Consent {
				list[i].Lane = lane
			}
		}
	})
}

func eachGrounds(q *CompiledPurpose, f func([]Ground)) {
	for i := range q.Reasons {
		r := &q.Reasons[i]
		for act := range r.Grounds {
			for kind := range r.Grounds[act] {
				f(r.Grounds[act][kind])
			}
		}
		f(r.SpecialGrounds)
		f(r.CriminalGrounds)
	}
}

func (c *compiler) consentLane(purpose int) int {
	if b := c.before; b != nil && purpose < len(b.Purposes) {
		old := b.Purposes[purpose]
		if old.Declared && old.ConsentLane >= 0 && !widens(b, c.p, purpose) {
			return old.ConsentLane
		}
	}
	if !c.room(len(c.p.Consents), MaxConsentLanes, c.at(purpose), "consents") {
		return -1
	}
	generation := 1
	for _, l := range c.p.Consents {
		if l.Purpose == purpose {
			generation = l.Generation + 1
		}
	}
	c.p.Consents = append(c.p.Consents, ConsentLane{Purpose: purpose, Generation: generation, Since: c.p.Number})
	return len(c.p.Consents) - 1
}

func (c *compiler) consentRule(lane *ConsentLane, purpose string) {
	lane.Confirm, lane.LastsFor = "", Period{}
	if rule, ok := c.doc.Consents.Get(purpose); ok {
		lane.Confirm, lane.LastsFor = rule.Confirm, rule.LastsFor
	}
}
