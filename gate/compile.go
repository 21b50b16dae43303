package gate

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// A table is one version's rules as they stand for one sort of person: the
// conditions that kind, facts and regime decide are decided already.
type table struct {
	*facts
	p        *policy.Policy
	number   int
	rules    *Rules
	from     int64 // Unix milliseconds: when the version comes into force
	next     int64 // and the one after it
	index    int   // of the version
	purposes []purposeRule
}

// purposeRule is a purpose of one version. What every decision reads stands first.
type purposeRule struct {
	exists    bool // declared, and not ended
	ended     bool
	offUntil  bool
	marketing bool // some reason of it is direct marketing
	kind      policy.PurposeKind
	required  byte // a bit per act: the law requires this disclosure
	onceLane  int16
	consent   int16                         // the lane of its consent
	brings    [avow.Acts]policy.Obligations // with a yes
	clause    int32
	steps     [avow.Acts][]step // of each act, one for every reason
	reasons   []reasonRule
	*policy.CompiledPurpose
}

// A step is one reason for one act: 64 bytes, what a decision looks at first.
type step struct {
	fields  policy.FieldSet
	grounds []ground // those whose condition is met, in the policy's order
	clause  int32
	lane    int8 // the objection that stops it; -1
	without Reason
	basis   avow.Basis // that would have to hold, when no ground is there
	flags   uint8
}

const (
	isMarketing   = 1 << iota
	isProfiling   // profiles are made of people
	goesOn        // under a restriction
	hasConditions // on a source
)

// reasonRule is what few decisions look at.
type reasonRule struct {
	*policy.CompiledReason
	special, criminal []ground
}

type ground struct {
	clause int32
	lane   int8 // of a consent; -1
	basis  avow.Basis
	soft   bool // an objection takes it away (gdpr:21(1))
}

func newTable(p *policy.Policy, f *facts, key tableKey) *table {
	t := &table{facts: f, p: p, number: p.Number, index: key.version, purposes: make([]purposeRule, len(p.Purposes))}
	for i := range p.Purposes {
		t.purposes[i] = key.purpose(&p.Purposes[i])
	}
	return t
}

func (k tableKey) purpose(c *policy.CompiledPurpose) purposeRule {
	rule := purposeRule{CompiledPurpose: c, exists: c.Declared && !c.Ended, ended: c.Ended, offUntil: c.OffUntil, kind: c.Kind,
		clause: int32(c.Clause), onceLane: int16(c.OnceLane), consent: int16(c.ConsentLane), brings: bring(c)}
	for i := range c.Reasons {
		r := &c.Reasons[i]
		rule.reasons = append(rule.reasons, reasonRule{r, k.met(r.SpecialGrounds), k.met(r.CriminalGrounds)})
		rule.marketing = rule.marketing || r.Marketing
	}
	for act := range rule.steps {
		for i := range c.Reasons {
			rule.steps[act] = append(rule.steps[act], k.step(c, &c.Reasons[i], act))
		}
		if obliges(rule.steps[act]) {
			rule.required |= 1 << act
		}
	}
	return rule
}

func (k tableKey) step(p *policy.CompiledPurpose, r *policy.CompiledReason, act int) step {
	list := r.Grounds[act][k.kind()]
	out := step{fields: r.Fields, grounds: k.met(list), clause: int32(r.Clause), lane: lane8(r.ObjectionLane, policy.MaxObjectionLanes),
		without: NotForThisKind, flags: flagsOf(p, r)}
	if p.Kind == policy.Duty {
		out.fields = policy.FieldSet{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)} // a duty is about everything that is held
	}
	if i := slices.IndexFunc(list, applicable); i >= 0 {
		out.without, out.basis = NoBasis, list[i].Basis
	}
	if len(list) > 0 {
		out.clause = int32(list[0].Clause)
	}
	return out
}

// lane8 is a lane in a byte; -1 when there is none.
func lane8(lane, bound int) int8 {
	if lane < 0 || lane >= bound {
		return -1
	}
	return int8(lane)
}

func flagsOf(p *policy.CompiledPurpose, r *policy.CompiledReason) (flags uint8) {
	for flag, is := range map[uint8]bool{isMarketing: r.Marketing, isProfiling: r.Profiling,
		goesOn: goesOnUnderRestriction(p, r), hasConditions: len(r.SourceConditions) > 0} {
		if is {
			flags |= flag
		}
	}
	return flags
}

func (k tableKey) kind() int {
	if k.business {
		return int(avow.Business)
	}
	return int(avow.Individual)
}

func applicable(g policy.Ground) bool {
	return g.Basis != avow.NotApplicable && g.Basis != avow.BasisNone
}

func (k tableKey) met(list []policy.Ground) (out []ground) {
	for i := range list {
		g := &list[i]
		if !applicable(*g) || g.Facts != 0 && g.Facts&k.facts == 0 {
			continue
		}
		if g.When == policy.WhereLawAsks && !k.asks || g.When == policy.WhereLawDoesNotAsk && k.asks {
			continue
		}
		lane := int8(-1)
		if g.Basis == avow.Consent {
			if lane = lane8(g.Lane, policy.MaxConsentLanes); lane < 0 {
				continue // a consent nobody can give
			}
		}
		out = append(out, ground{basis: g.Basis, soft: soft(g.Basis), lane: lane, clause: int32(g.Clause)})
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
func goesOnUnderRestriction(p *policy.CompiledPurpose, r *policy.CompiledReason) bool {
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

func obliges(steps []step) bool {
	return slices.ContainsFunc(steps, func(s step) bool {
		return slices.ContainsFunc(s.grounds, func(g ground) bool { return g.basis == avow.LegalObligation })
	})
}
