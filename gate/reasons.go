package gate

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// reasons looks for one reason of the purpose that covers all of the part and
// whose basis holds. When there is none, the refusal is of the reason that came furthest.
func (q *query) reasons(p *purposeRule) bool {
	q.out.Reason = Undecided
	steps := p.steps[q.r.Act]
	for i := range steps {
		s := &steps[i]
		if !covers(&s.fields, &q.part) && q.mode != byAgreement {
			continue
		}
		if s.flags&(isMarketing|isProfiling|hasConditions) != 0 || q.table.sensitive {
			if q.hindered(p, s, &p.reasons[i]) {
				continue
			}
		}
		list := s.grounds
		if q.mode == byAgreement {
			list = []ground{{basis: avow.Contract, lane: -1, clause: int32(q.under.agreement.Clause)}}
		}
		if g := q.ground(s, list); g != nil {
			q.yes(p, s, g)
			return true
		}
	}
	if q.out.Reason == Undecided {
		q.no(NotCovered, q.table.number, int(p.clause))
	}
	return false
}

// fails notes why a reason does not do, when it came further than those before it.
func (q *query) fails(why Reason, basis avow.Basis, clause int32, lane int8) {
	if why > q.out.Reason {
		q.answer(why, basis, q.table.number, int(clause), int(lane))
	}
}

// hindered: what keeps a reason from counting before its basis is looked at.
func (q *query) hindered(p *purposeRule, s *step, r *reasonRule) bool {
	switch {
	case s.flags&hasConditions != 0 && q.mode != byAgreement && q.blocked(r):
		q.fails(SourceNotAllowed, 0, s.clause, -1)
		return true
	case q.table.sensitive:
		if why := q.sensitive(r); why != Undecided {
			q.fails(why, 0, s.clause, -1)
			return true
		}
	}
	return q.stopped(p, s)
}

func (q *query) blocked(r *reasonRule) bool {
	return q.group >= 0 && q.day.blocks(q.group, r.CompiledReason, &q.part)
}

// gdpr:9, gdpr:10. Special categories and convictions need their own basis on top.
func (q *query) sensitive(r *reasonRule) Reason {
	if meet(&q.part, &q.table.special) && !q.any(r.special) {
		return SpecialData
	}
	if meet(&q.part, &q.table.criminal) && !q.any(r.criminal) {
		return CriminalData
	}
	return Undecided
}

func (q *query) any(list []ground) bool {
	for i := range list {
		if list[i].lane < 0 || q.consented(int(list[i].lane)) {
			return true
		}
	}
	return false
}

// stopped: what stops a reason whatever its basis. gdpr:21(3) for direct
// marketing; an opt-out by signal; the promise to learn nobody's identity.
func (q *query) stopped(p *purposeRule, s *step) bool {
	marketing, profiling := s.flags&isMarketing != 0, s.flags&isProfiling != 0
	switch {
	case profiling && q.wouldName(q.table):
		q.fails(NoPersonFrom, 0, int32(q.table.nameless), -1)
	case marketing && q.objected(int(s.lane)):
		q.fails(Objected, 0, s.clause, s.lane)
	case q.optOut && (marketing || profiling && p.marketing):
		if OptedOut > q.out.Reason {
			q.no(OptedOut, q.today.number, q.today.gpc) // a signal is today's
		}
	default:
		return false
	}
	return true
}

// ground looks for one basis that holds, in the policy's order.
func (q *query) ground(s *step, list []ground) *ground {
	for i := range list {
		g := &list[i]
		if q.mode == exempt && !exempted(g.basis) {
			continue
		}
		switch {
		case g.lane >= 0:
			if q.consented(int(g.lane)) {
				return g
			}
			q.fails(NoConsent, g.basis, g.clause, g.lane)
		case g.soft && q.objected(int(s.lane)):
			q.fails(Objected, g.basis, g.clause, s.lane)
		case q.restricted && s.flags&goesOn == 0 && q.r.Act != avow.Keep:
			q.fails(UnderRestriction, g.basis, g.clause, -1)
		default:
			return g
		}
	}
	q.fails(s.without, s.basis, s.clause, -1)
	return nil
}

func exempted(b avow.Basis) bool {
	return b == avow.LegalObligation || b == avow.VitalInterests || b == avow.Consent
}

func (q *query) yes(p *purposeRule, s *step, g *ground) {
	d := q.out
	d.Allowed, d.Reason, d.Basis, d.Obligations = true, ByReason, g.basis, p.brings[q.r.Act]
	d.Version, d.Clause, d.Lane = q.table.number, int(g.clause), int(g.lane)
	if q.mode == byAgreement {
		d.Reason, d.Version = ByAgreement, q.under.version
	}
	if s.flags&isMarketing != 0 && q.r.Act == avow.Send {
		d.Obligations |= policy.MustCarryUnsubscribe // rfc:8058
	}
}
