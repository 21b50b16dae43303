package policy

import (
	"slices"

	"github.com/avowhq/avow"
)

func (c *compiler) checkPurposes() {
	titles := map[string]string{}
	for _, at := range c.purposes {
		c.checkPurposeData(at)
		c.checkResult(at)
		c.checkDecision(at)
		c.checkNothingElse(at)
		title := fold(c.say(at.Is.Title))
		if other, ok := titles[title]; ok && title != "" {
			c.warnf(at.Pos, codeStatedTwice, at.Key, "print one purpose in two groups with `also-listed-in`",
				"%s has the same title as %s: one practice stated twice", quote(at.Key), quote(other))
		}
		titles[title] = at.Key
	}
}

// checkPurposeData: every reason covers some data, and special data has what it needs on top.
func (c *compiler) checkPurposeData(at placedPurpose) {
	reasons := at.reasons
	for i, r := range c.p.Purposes[at.index].Reasons {
		pos := reasons[i].Pos
		if r.Fields.Empty() && len(reasons[i].Uses) == 0 {
			c.errorf(pos, codeNoData, at.Key, "list what it uses under `uses`", "the purpose %s uses no data", quote(at.Key))
		}
		if special := r.Fields.And(c.p.Special); !special.Empty() && len(r.SpecialGrounds) == 0 {
			c.warnf(pos, codeNoForSpecial, at.Key, "say under `for-special` what allows it", "%s uses %s, a special category, and nothing says what allows that (gdpr:9(2)); such data is refused",
				quote(at.Key), c.p.describe(special))
		}
		if criminal := r.Fields.And(c.p.Criminal); !criminal.Empty() && !namesLaw(r.CriminalGrounds) {
			c.warnf(pos, codeNoForCriminal, at.Key, "name the law under `for-criminal`", "%s uses %s, about convictions, and names no law that allows it (gdpr:10); such data is refused",
				quote(at.Key), c.p.describe(criminal))
		}
	}
}

// namesLaw: for data about convictions a law must allow the use.
func namesLaw(grounds []Ground) bool {
	return slices.ContainsFunc(grounds, func(g Ground) bool { return g.Law != "" || g.Basis == avow.LegalObligation })
}

// checkResult: what is anonymous identifies nobody, and service messages are no marketing.
func (c *compiler) checkResult(at placedPurpose) {
	q := &at.Is
	if c.p.Purposes[at.index].Anonymous && q.Identifies == "person" {
		c.errorf(at.Pos, codeAnonymousPerson, at.Key, "remove one of the two", "what %s makes is %s, and it identifies a person", quote(at.Key), q.Makes)
	}
	if q.Sends == "service-messages" && q.DirectMarketing.Yes {
		c.errorf(at.Pos, codeServiceMarketing, at.Key, "make two purposes of it", "%s sends service messages and is direct marketing", quote(at.Key))
	}
}

// checkDecision: who is decided about by a machine alone can ask for a person
// (gdpr:22(3)), and it rests on consent, contract or law (gdpr:22(2)).
func (c *compiler) checkDecision(at placedPurpose) {
	d := at.Is.Decides
	if d.Alone != "yes" && d.Alone != "maybe" {
		return
	}
	if d.HumanReview.empty() {
		c.warnf(d.Pos, codeDecidesAlone, at.Key, "say under `human-review` where to ask for a person",
			"%s lets a machine decide alone, and nobody can ask for a person to look at it (gdpr:22(3))", quote(at.Key))
	}
	q := &c.p.Purposes[at.index]
	if d.Alone == "yes" && restsOn(q, avow.LegitimateInterests, avow.PublicTask, avow.VitalInterests) && !restsOn(q, avow.Consent, avow.Contract, avow.LegalObligation) {
		c.warnf(d.Pos, codeDecidesBasis, at.Key, "rest it on consent, a contract or a law",
			"%s lets a machine decide alone, on another basis than consent, contract or law (gdpr:22(2))", quote(at.Key))
	}
}

func restsOn(q *CompiledPurpose, bases ...avow.Basis) bool {
	found := false
	eachGrounds(q, func(list []Ground) {
		found = found || slices.ContainsFunc(list, func(g Ground) bool { return slices.Contains(bases, g.Basis) })
	})
	return found
}

// checkNothingElse: data of a purpose `and-nothing-else` is used by no other.
func (c *compiler) checkNothingElse(at placedPurpose) {
	if !at.Is.NothingElse.Yes {
		return
	}
	uses := usedBy(&c.p.Purposes[at.index])
	for _, other := range c.purposes {
		both := usedBy(&c.p.Purposes[other.index]).And(uses)
		if other.index != at.index && !both.Empty() {
			c.errorf(other.Pos, codeNothingElse, other.Key, "give it other data", "%s uses %s, which serves %s and nothing else",
				quote(other.Key), c.p.describe(both), quote(at.Key))
		}
	}
}
