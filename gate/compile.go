package gate

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// A table is one version's rules as they stand for one sort of person: the
// conditions that kind, facts and regime decide are decided already.
type table struct {
	*facts
	p        *policy.Policy
	index    int // of the version
	purposes []purposeRule
}

type purposeRule struct {
	*policy.CompiledPurpose
	exists    bool
	marketing bool // some reason of it is direct marketing
	required  byte // a bit per act: the law requires this disclosure
	reasons   []reasonRule
	brings    [avow.Acts]policy.Obligations // with a yes
}

type reasonRule struct {
	*policy.CompiledReason
	goesOn            bool // under a restriction
	special, criminal []ground
	acts              [avow.Acts]actRule
}

// actRule is the grounds of a reason for one act: those whose condition is met, in
// the policy's order, and why there is none when there is none.
type actRule struct {
	grounds []ground
	without Reason
	clause  int
	basis   avow.Basis
}

type ground struct {
	basis  avow.Basis
	soft   bool // an objection takes it away (gdpr:21(1))
	lane   int  // of a consent; -1
	clause int
}

func newTable(p *policy.Policy, f *facts, key tableKey) *table {
	t := &table{facts: f, p: p, index: key.version, purposes: make([]purposeRule, len(p.Purposes))}
	for i := range p.Purposes {
		c := &p.Purposes[i]
		rule := &t.purposes[i]
		rule.CompiledPurpose, rule.exists = c, c.Declared && !c.Ended
		rule.brings = bring(c)
		rule.reasons = make([]reasonRule, len(c.Reasons))
		for j := range c.Reasons {
			rule.reasons[j] = key.reason(c, &c.Reasons[j])
			rule.marketing = rule.marketing || c.Reasons[j].Marketing
			rule.required |= requiredBy(&rule.reasons[j])
		}
	}
	return t
}

func (k tableKey) reason(p *policy.CompiledPurpose, r *policy.CompiledReason) reasonRule {
	out := reasonRule{CompiledReason: r, goesOn: goesOn(p, r)}
	for act := range r.Grounds {
		list := r.Grounds[act][k.kind()]
		rule := &out.acts[act]
		rule.grounds = k.met(list)
		rule.without, rule.basis, rule.clause = NotForThisKind, avow.BasisNone, r.Clause
		if i := firstApplicable(list); i >= 0 {
			rule.without, rule.basis = NoBasis, list[i].Basis
		}
		if len(list) > 0 {
			rule.clause = list[0].Clause
		}
	}
	out.special, out.criminal = k.met(r.SpecialGrounds), k.met(r.CriminalGrounds)
	return out
}

func (k tableKey) kind() int {
	if k.business {
		return int(avow.Business)
	}
	return int(avow.Individual)
}

func firstApplicable(list []policy.Ground) int {
	for i := range list {
		if applicable(&list[i]) {
			return i
		}
	}
	return -1
}

func applicable(g *policy.Ground) bool {
	return g.Basis != avow.NotApplicable && g.Basis != avow.BasisNone
}

func (k tableKey) met(list []policy.Ground) (out []ground) {
	for i := range list {
		g := &list[i]
		if !applicable(g) || g.Facts != 0 && g.Facts&k.facts == 0 {
			continue
		}
		if g.When == policy.WhereLawAsks && !k.asks || g.When == policy.WhereLawDoesNotAsk && k.asks {
			continue
		}
		lane := -1
		if g.Basis == avow.Consent {
			if lane = g.Lane; lane < 0 || lane >= policy.MaxConsentLanes {
				continue // a consent nobody can give
			}
		}
		out = append(out, ground{basis: g.Basis, soft: soft(g.Basis), lane: lane, clause: g.Clause})
	}
	return out
}

// gdpr:21(1). What an objection takes away; contract, consent, law and life remain.
func soft(b avow.Basis) bool {
	switch b {
	case avow.LegitimateInterests, avow.PublicTask, avow.Notice, avow.NotStated:
		return true
	}
	return false
}

// gdpr:18(2). What goes on when data is restricted.
func goesOn(p *policy.CompiledPurpose, r *policy.CompiledReason) bool {
	if p.Kind == policy.Duty {
		switch p.Name {
		case policy.DutyAnswerRequests, policy.DutyKeepProof, policy.DutySuppress:
			return true
		}
	}
	return r.Restricted || r.LegalClaims
}

// bring is what a yes for each act carries.
func bring(p *policy.CompiledPurpose) (out [avow.Acts]policy.Obligations) {
	always := p.Obligations
	if p.Anonymous {
		always |= policy.MustMakeAnonymous
	}
	if p.Once {
		always |= policy.MustUseOnce
	}
	if p.ApprovedBy >= 0 {
		always |= policy.MustBeApproved
	}
	for act := range out {
		out[act] = always
	}
	out[avow.Disclose] |= policy.MustRecord
	out[avow.Transfer] |= policy.MustRecord
	return out
}

func requiredBy(r *reasonRule) (acts byte) {
	for act := range r.acts {
		for _, g := range r.acts[act].grounds {
			if g.basis == avow.LegalObligation {
				acts |= 1 << act
			}
		}
	}
	return acts
}
