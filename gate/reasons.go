package gate

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// reasons looks for one reason of the purpose that covers all of the part and
// whose basis holds. When there is none, the refusal is of the reason that came furthest.
func (c *check) reasons(p *purposeRule) Decision {
	best := refuse(NotCovered, c.table.p.Number, p.Clause)
	for i := range p.reasons {
		out := c.reason(p, &p.reasons[i])
		if out.Allowed {
			return out
		}
		if out.Reason > best.Reason {
			best = out
		}
	}
	return best
}

func (c *check) reason(p *purposeRule, r *reasonRule) Decision {
	t := c.table
	no := Decision{Version: t.p.Number, Clause: r.Clause, Lane: -1}
	if c.mode != byAgreement {
		if !c.duty && !r.Fields.Covers(c.part) {
			no.Reason = NotCovered
			return no
		}
		if t.conditions && c.day != nil && !c.day.blockedFor(c.group, r.CompiledReason).And(c.part).Empty() {
			no.Reason = SourceNotAllowed
			return no
		}
	}
	if no.Reason = c.sensitive(r); no.Reason != Undecided {
		return no
	}
	if why := c.stopped(p, r); why != Undecided {
		return c.stop(no, why, r)
	}
	if c.mode == byAgreement {
		return c.grounds(p, r, []ground{{basis: avow.Contract, lane: -1, clause: c.agreement.agreement.Clause}}, no)
	}
	return c.grounds(p, r, r.acts[c.r.Act].grounds, no)
}

// gdpr:9, gdpr:10. Special categories and convictions need their own basis on top.
func (c *check) sensitive(r *reasonRule) Reason {
	if !c.part.And(c.table.special).Empty() && !c.any(r.special) {
		return SpecialData
	}
	if !c.part.And(c.table.criminal).Empty() && !c.any(r.criminal) {
		return CriminalData
	}
	return Undecided
}

func (c *check) any(list []ground) bool {
	for i := range list {
		if list[i].lane < 0 || c.consented(list[i].lane) {
			return true
		}
	}
	return false
}

// stopped: what stops a reason whatever its basis. gdpr:21(3) for direct
// marketing; an opt-out by signal; the promise to learn nobody's identity.
func (c *check) stopped(p *purposeRule, r *reasonRule) Reason {
	switch {
	case r.Profiling && c.wouldName(c.table):
		return NoPersonFrom
	case r.Marketing && c.objected(r.ObjectionLane):
		return Objected
	case c.optOut && (r.Marketing || r.Profiling && p.marketing):
		return OptedOut
	}
	return Undecided
}

func (c *check) stop(no Decision, why Reason, r *reasonRule) Decision {
	no.Reason = why
	switch why {
	case Objected:
		no.Lane = r.ObjectionLane
	case OptedOut:
		no.Version, no.Clause = c.today.p.Number, c.today.gpc
	case NoPersonFrom:
		no.Clause = c.table.nameless
	}
	return no
}

// grounds looks for one basis that holds, in the policy's order.
func (c *check) grounds(p *purposeRule, r *reasonRule, list []ground, no Decision) Decision {
	act := &r.acts[c.r.Act]
	no.Reason, no.Basis, no.Clause = act.without, act.basis, act.clause
	free := !c.restricted || c.r.Act == avow.Keep || r.goesOn
	objected := c.objected(r.ObjectionLane)
	for i := range list {
		g := &list[i]
		if c.mode == exempt && !exempted(g.basis) {
			continue
		}
		why, at := Undecided, g.lane
		switch {
		case g.lane >= 0 && !c.consented(g.lane):
			why = NoConsent
		case g.soft && objected:
			why, at = Objected, r.ObjectionLane
		case !free && g.lane < 0:
			why = UnderRestriction
		}
		if why == Undecided {
			return c.yes(p, r, g)
		}
		if why > no.Reason {
			no.Reason, no.Basis, no.Clause, no.Lane = why, g.basis, g.clause, at
		}
	}
	return no
}

func exempted(b avow.Basis) bool {
	return b == avow.LegalObligation || b == avow.VitalInterests || b == avow.Consent
}

func (c *check) yes(p *purposeRule, r *reasonRule, g *ground) Decision {
	d := Decision{Allowed: true, Reason: ByReason, Basis: g.basis, Version: c.table.p.Number, Clause: g.clause, Lane: g.lane}
	if c.mode == byAgreement {
		d.Reason, d.Version = ByAgreement, c.agreement.version
	}
	d.Obligations = p.Obligations
	if r.Marketing && c.r.Act == avow.Send {
		d.Obligations |= policy.MustCarryUnsubscribe // rfc:8058
	}
	if p.Anonymous {
		d.Obligations |= policy.MustMakeAnonymous
	}
	if p.Once {
		d.Obligations |= policy.MustUseOnce
	}
	if c.r.Act == avow.Disclose || c.r.Act == avow.Transfer {
		d.Obligations |= policy.MustRecord
	}
	if p.ApprovedBy >= 0 {
		d.Obligations |= policy.MustBeApproved
	}
	return d
}
