package policy

import (
	"slices"

	"github.com/avowhq/avow"
)

// checkBases: every purpose says why it is lawful, for somebody.
func (c *compiler) checkBases() {
	c.checkDefaultBasis()
	for _, at := range c.purposes {
		for _, r := range at.reasons {
			c.checkBasis(at, r)
		}
		c.checkFacts(at)
		if q := &c.p.Purposes[at.index]; nobodyIsAllowed(q) {
			c.warnf(at.Pos, codeForNobody, at.Key, "say for whom it is", "%s is not applicable to individuals and not to businesses: it can never be done", quote(at.Key))
		}
	}
}

func (c *compiler) checkDefaultBasis() {
	d := c.doc.DefaultBasis
	if !d.Given {
		return
	}
	n := 0
	for _, at := range c.purposes {
		for _, r := range at.reasons {
			if !r.Basis.Given {
				n++
			}
		}
	}
	if n == 0 || !openBasis(d) {
		return
	}
	c.warnf(d.Pos, codeDefaultBasis, "default-basis", "state the basis of each purpose", "%d %s no lawful basis and rest on the notice alone", n, plural(n, "reason states", "reasons state"))
	if c.regime(demandsBasis) {
		c.warnf(d.Pos, codeBasisDemanded, "default-basis", "state the basis of each purpose", "the law demands a lawful basis for every use (%s)", c.firstRegime(demandsBasis))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// checkBasis warns where a purpose leaves its basis out, and where a law demands it.
func (c *compiler) checkBasis(at placedPurpose, r Reason) {
	pos := r.Basis.Pos
	if !r.Basis.Given {
		if c.doc.DefaultBasis.Given {
			return
		}
		pos = r.Pos
	} else if !openBasis(r.Basis) {
		return
	}
	if c.regime(demandsBasis) {
		c.warnf(pos, codeBasisDemanded, at.Key, "state it under `basis`", "%s states no lawful basis, and the law demands one (%s)", quote(at.Key), c.firstRegime(demandsBasis))
		return
	}
	c.warnf(pos, codeNoBasis, at.Key, "state it under `basis`", "%s states no lawful basis", quote(at.Key))
}

// openBasis reports whether nothing is stated, or the notice alone, for some kind of person.
func openBasis(b Bases) bool {
	open := func(t BasisTerm) bool {
		return t.Law == "" && (t.Basis == avow.NotStated || t.Basis == avow.Notice || t.Basis == avow.BasisNone)
	}
	return slices.ContainsFunc(b.Individual, open) || slices.ContainsFunc(b.Business, open)
}

func nobodyIsAllowed(q *CompiledPurpose) bool {
	allowed := false
	for i := range q.Reasons {
		for _, kinds := range q.Reasons[i].Grounds {
			allowed = allowed || len(kinds[avow.Individual]) > 0 || len(kinds[avow.Business]) > 0
		}
	}
	return !allowed
}

// checkFacts: a condition that nothing can show never holds.
func (c *compiler) checkFacts(at placedPurpose) {
	for _, r := range at.reasons {
		c.checkConditions(r.Basis)
	}
	for _, rule := range []ActRule{at.Is.ToCollect, at.Is.ToKeep, at.Is.ToSend} {
		c.checkConditions(rule.Basis)
	}
}

func (c *compiler) checkConditions(b Bases) {
	for _, t := range append(slices.Clone(b.Individual), b.Business...) {
		for _, ref := range t.If {
			if who, ok := c.doc.People.Get(ref.Name); ok && who.ShownBy.empty() {
				c.warnf(ref.Pos, codeNeverShown, ref.Name, "say under `shown-by` what shows it", "nothing shows who is %s, so this basis never holds", quote(ref.Name))
			}
		}
	}
}
