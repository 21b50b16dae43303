package gate

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// oneReason: one reason of the purpose covers all the data and its basis holds.
// When none does, the answer is of the reason that came furthest.
func (o oracle) oneReason(p part, v *policy.Policy, use policy.CompiledPurpose, exempt bool) Decision {
	best := o.no(NotCovered, v)
	for _, reason := range use.Reasons {
		d := o.reason(p, v, use, reason, exempt)
		if d.Allowed {
			return d
		}
		if d.Reason > best.Reason {
			best = d
		}
	}
	return best
}

func (o oracle) reason(p part, v *policy.Policy, use policy.CompiledPurpose, r policy.CompiledReason, exempt bool) Decision {
	if p.agreement == nil {
		duty := o.now.Purposes[o.r.Purpose].Kind == policy.Duty
		for _, f := range p.fields {
			if !duty && !r.Fields.Has(f) {
				return o.no(NotCovered, v)
			}
		}
		for _, f := range p.fields {
			if o.onlyFromBarredSource(p, v, r, f) {
				return o.no(SourceNotAllowed, v)
			}
		}
	}
	if slices.ContainsFunc(p.fields, v.Special.Has) && !o.someGround(r.SpecialGrounds, v) {
		return o.no(SpecialData, v)
	}
	if slices.ContainsFunc(p.fields, v.Criminal.Has) && !o.someGround(r.CriminalGrounds, v) {
		return o.no(CriminalData, v)
	}
	alsoMarkets := slices.ContainsFunc(use.Reasons, func(r policy.CompiledReason) bool { return r.Marketing })
	switch {
	case r.Profiling && o.names(v):
		return o.no(NoPersonFrom, v)
	case r.Marketing && o.subject.Objected(r.ObjectionLane):
		return o.no(Objected, v)
	case o.optsOut() && (r.Marketing || r.Profiling && alsoMarkets):
		return o.no(OptedOut, o.now)
	}
	return o.basis(p, v, use, r, exempt)
}

func (o oracle) onlyFromBarredSource(p part, v *policy.Policy, r policy.CompiledReason, field int) bool {
	if p.fresh {
		return false
	}
	for _, h := range p.holdings {
		if h.Fields.Has(field) && !o.barred(h, v, r) {
			return false
		}
	}
	return true
}

func (o oracle) barred(h Holding, v *policy.Policy, r policy.CompiledReason) bool {
	if h.Version < 1 || h.Version > len(o.versions) || h.Source < 0 || h.Source >= len(o.versions[h.Version-1].Sources) {
		return false
	}
	name := o.versions[h.Version-1].Sources[h.Source].Name
	for _, c := range r.SourceConditions {
		met := slices.ContainsFunc(v.Facts, func(f policy.Fact) bool { return f.Declared && f.Name == c.Says && o.hasFact(v, f.Name) })
		if v.Sources[c.Source].Name == name && !met {
			return true
		}
	}
	return false
}

func (o oracle) hasFact(v *policy.Policy, name string) bool {
	for i, f := range v.Facts {
		if f.Name == name && o.subject.Facts&(1<<i) != 0 {
			return true
		}
	}
	return false
}

func (o oracle) someGround(list []policy.Ground, v *policy.Policy) bool {
	return slices.ContainsFunc(list, func(g policy.Ground) bool {
		return o.conditionMet(g, v) && (g.Basis != avow.Consent || o.subject.Consented(g.Lane))
	})
}

// conditionMet: the facts after "if" are shown, and the law is as the ground wants it.
func (o oracle) conditionMet(g policy.Ground, v *policy.Policy) bool {
	if g.Basis == avow.NotApplicable || g.Basis == avow.BasisNone || g.Basis == avow.Consent && g.Lane < 0 {
		return false
	}
	asks := slices.ContainsFunc(o.regimes(v), func(f avow.RegimeFacts) bool { return f.AsksConsent })
	if g.When == policy.WhereLawAsks && !asks || g.When == policy.WhereLawDoesNotAsk && asks {
		return false
	}
	return g.Facts == 0 || g.Facts&o.subject.Facts != 0
}

// basis: any one ground that holds will do, after objection and restriction.
func (o oracle) basis(p part, v *policy.Policy, use policy.CompiledPurpose, r policy.CompiledReason, exempt bool) Decision {
	list := r.Grounds[o.r.Act][o.kind()]
	worst := NotForThisKind
	if slices.ContainsFunc(list, func(g policy.Ground) bool { return g.Basis != avow.NotApplicable && g.Basis != avow.BasisNone }) {
		worst = NoBasis
	}
	if p.agreement != nil {
		list = []policy.Ground{{Basis: avow.Contract, Lane: -1, Clause: p.agreement.Clause}}
	}
	for _, g := range list {
		if !o.conditionMet(g, v) || exempt && g.Basis != avow.LegalObligation && g.Basis != avow.VitalInterests && g.Basis != avow.Consent {
			continue
		}
		why := o.lost(use, r, g)
		if why == Undecided {
			return o.yes(p, v, use, r, g)
		}
		worst = max(worst, why)
	}
	return o.no(worst, v)
}

// lost: consent that is not given; what an objection takes away (gdpr:21(1));
// what a restriction stops (gdpr:18(2)).
func (o oracle) lost(use policy.CompiledPurpose, r policy.CompiledReason, g policy.Ground) Reason {
	if g.Basis == avow.Consent {
		if !o.subject.Consented(g.Lane) {
			return NoConsent
		}
		return Undecided
	}
	weak := []avow.Basis{avow.LegitimateInterests, avow.PublicTask, avow.Notice, avow.NotStated}
	if o.subject.Objected(r.ObjectionLane) && slices.Contains(weak, g.Basis) {
		return Objected
	}
	ownRequest := use.Kind == policy.Duty && use.Name != policy.DutySecure && use.Name != policy.DutyObeyLaw
	if o.subject.Restricted && o.r.Act != avow.Keep && !r.Restricted && !r.LegalClaims && !ownRequest {
		return UnderRestriction
	}
	return Undecided
}

func (o oracle) yes(p part, v *policy.Policy, use policy.CompiledPurpose, r policy.CompiledReason, g policy.Ground) Decision {
	d := Decision{Allowed: true, Reason: ByReason, Basis: g.Basis, Version: v.Number, Clause: g.Clause, Lane: -1, Obligations: use.Obligations}
	if g.Basis == avow.Consent {
		d.Lane = g.Lane
	}
	if p.agreement != nil {
		d.Reason, d.Version = ByAgreement, p.collected
	}
	for with, condition := range map[policy.Obligations]bool{
		policy.MustCarryUnsubscribe: r.Marketing && o.r.Act == avow.Send,
		policy.MustMakeAnonymous:    use.Anonymous,
		policy.MustUseOnce:          use.Once,
		policy.MustRecord:           o.r.Act == avow.Disclose || o.r.Act == avow.Transfer,
		policy.MustBeApproved:       use.ApprovedBy >= 0,
	} {
		if condition {
			d.Obligations |= with
		}
	}
	return d
}
