package gate

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// reasons looks for one reason of the purpose that covers all of the part and
// whose basis holds. When there is none, the refusal is of the reason that came furthest.
func (q *query) reasons(p *purposeRule) bool {
	q.no(NotCovered, q.table.p.Number, p.Clause)
	for i := range p.reasons {
		if q.reason(p, &p.reasons[i]) {
			return true
		}
	}
	return false
}

// fails notes why a reason does not do, when it came further than those before it.
func (q *query) fails(why Reason, basis avow.Basis, clause, lane int) bool {
	if why > q.out.Reason {
		q.out = Decision{Reason: why, Basis: basis, Version: q.table.p.Number, Clause: clause, Lane: lane}
	}
	return false
}

func (q *query) reason(p *purposeRule, r *reasonRule) bool {
	if q.mode != byAgreement {
		if !q.duty && !r.Fields.Covers(q.part) {
			return q.fails(NotCovered, 0, r.Clause, -1)
		}
		if len(r.SourceConditions) > 0 && q.blocked(r) {
			return q.fails(SourceNotAllowed, 0, r.Clause, -1)
		}
	}
	if q.table.sensitive {
		if why := q.sensitive(r); why != Undecided {
			return q.fails(why, 0, r.Clause, -1)
		}
	}
	if r.Marketing || r.Profiling {
		if why := q.stopped(p, r); why != Undecided {
			return q.stop(why, r)
		}
	}
	act := &r.acts[q.r.Act]
	if q.mode == byAgreement {
		return q.grounds(p, r, act, []ground{{basis: avow.Contract, lane: -1, clause: q.under.agreement.Clause}})
	}
	return q.grounds(p, r, act, act.grounds)
}

func (q *query) blocked(r *reasonRule) bool {
	return q.group >= 0 && !q.day.blockedFor(q.group, r.CompiledReason).And(q.part).Empty()
}

// gdpr:9, gdpr:10. Special categories and convictions need their own basis on top.
func (q *query) sensitive(r *reasonRule) Reason {
	if !q.part.And(q.table.special).Empty() && !q.any(r.special) {
		return SpecialData
	}
	if !q.part.And(q.table.criminal).Empty() && !q.any(r.criminal) {
		return CriminalData
	}
	return Undecided
}

func (q *query) any(list []ground) bool {
	for i := range list {
		if list[i].lane < 0 || q.consented(list[i].lane) {
			return true
		}
	}
	return false
}

// stopped: what stops a reason whatever its basis. gdpr:21(3) for direct
// marketing; an opt-out by signal; the promise to learn nobody's identity.
func (q *query) stopped(p *purposeRule, r *reasonRule) Reason {
	switch {
	case r.Profiling && q.wouldName(q.table):
		return NoPersonFrom
	case r.Marketing && q.objected(r.ObjectionLane):
		return Objected
	case q.optOut && (r.Marketing || r.Profiling && p.marketing):
		return OptedOut
	}
	return Undecided
}

func (q *query) stop(why Reason, r *reasonRule) bool {
	switch why {
	case Objected:
		return q.fails(why, 0, r.Clause, r.ObjectionLane)
	case NoPersonFrom:
		return q.fails(why, 0, q.table.nameless, -1)
	}
	if why > q.out.Reason {
		q.no(why, q.today.p.Number, q.today.gpc) // a signal is today's
	}
	return false
}

// grounds looks for one basis that holds, in the policy's order.
func (q *query) grounds(p *purposeRule, r *reasonRule, act *actRule, list []ground) bool {
	free := !q.restricted || q.r.Act == avow.Keep || r.goesOn
	for i := range list {
		g := &list[i]
		if q.mode == exempt && !exempted(g.basis) {
			continue
		}
		switch {
		case g.lane >= 0:
			if q.consented(g.lane) {
				return q.yes(p, r, g)
			}
			q.fails(NoConsent, g.basis, g.clause, g.lane)
		case g.soft && q.objected(r.ObjectionLane):
			q.fails(Objected, g.basis, g.clause, r.ObjectionLane)
		case !free:
			q.fails(UnderRestriction, g.basis, g.clause, -1)
		default:
			return q.yes(p, r, g)
		}
	}
	return q.fails(act.without, act.basis, act.clause, -1)
}

func exempted(b avow.Basis) bool {
	return b == avow.LegalObligation || b == avow.VitalInterests || b == avow.Consent
}

func (q *query) yes(p *purposeRule, r *reasonRule, g *ground) bool {
	q.out = Decision{Allowed: true, Reason: ByReason, Basis: g.basis, Version: q.table.p.Number, Clause: g.clause, Lane: g.lane,
		Obligations: p.brings[q.r.Act]}
	if q.mode == byAgreement {
		q.out.Reason, q.out.Version = ByAgreement, q.under.version
	}
	if r.Marketing && q.r.Act == avow.Send {
		q.out.Obligations |= policy.MustCarryUnsubscribe // rfc:8058
	}
	return true
}
