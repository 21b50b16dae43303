package collect

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Grounds is what collecting may rest on: what it is for, and what was consented to.
// It is pure, and serves every way in.
type Grounds struct {
	Policy   *policy.Policy
	Kind     avow.SubjectKind
	Purposes []int // of the policy, by index: what the data is for, those consented to among them
	Consents []int // of Purposes, those consented to
}

// Lack is what data of a special category, or about convictions, is missing.
type Lack uint8

// What may be missing.
const (
	LackNothing  Lack = iota
	LackSpecial       // gdpr:9(2)
	LackCriminal      // gdpr:10
)

// Lack tells what a field needs on top of a lawful basis and does not have.
func (g Grounds) Lack(field int) Lack {
	switch {
	case g.Policy.Special.Has(field) && !g.covered(field, func(r *policy.CompiledReason) []policy.Ground { return r.SpecialGrounds }):
		return LackSpecial
	case g.Policy.Criminal.Has(field) && !g.covered(field, func(r *policy.CompiledReason) []policy.Ground { return r.CriminalGrounds }):
		return LackCriminal
	}
	return LackNothing
}

func (g Grounds) covered(field int, grounds func(*policy.CompiledReason) []policy.Ground) bool {
	for _, purpose := range g.Purposes {
		for i := range g.Policy.Purposes[purpose].Reasons {
			r := &g.Policy.Purposes[purpose].Reasons[i]
			if r.Fields.Has(field) && slices.ContainsFunc(grounds(r), func(x policy.Ground) bool { return g.mayHold(purpose, x) }) {
				return true
			}
		}
	}
	return false
}

// mayHold: consent holds when it was given; other grounds have conditions that
// only time shows, so at the door they count.
func (g Grounds) mayHold(purpose int, x policy.Ground) bool {
	switch x.Basis {
	case avow.BasisNone, avow.NotApplicable:
		return false
	case avow.Consent:
		return slices.Contains(g.Consents, purpose)
	}
	return true
}

// Basis is the ground on which a field is collected: of the purposes it is for,
// the first that may hold for this kind of person; BasisNone when none may.
func (g Grounds) Basis(field int) avow.Basis {
	for _, purpose := range g.Purposes {
		if b := g.basisFor(field, purpose); b != avow.BasisNone {
			return b
		}
	}
	return avow.BasisNone
}

func (g Grounds) basisFor(field, purpose int) avow.Basis {
	for i := range g.Policy.Purposes[purpose].Reasons {
		r := &g.Policy.Purposes[purpose].Reasons[i]
		if !r.Fields.Has(field) {
			continue
		}
		for _, x := range r.Grounds[avow.Collect][g.Kind] {
			if g.mayHold(purpose, x) {
				return x.Basis
			}
		}
	}
	return avow.BasisNone
}
