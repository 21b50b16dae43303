package policy

import "github.com/avowhq/avow"

// checkPoints holds every way in against its source, its purposes and the people it is for.
func (c *compiler) checkPoints() {
	for i := range c.p.Points {
		e, p := &c.doc.Collect[i], &c.p.Points[i]
		if p.takes().Empty() {
			if len(e.Is.Needs)+len(e.Is.MayHave)+len(e.Is.Keeps) == 0 {
				c.warnf(e.Pos, codePointTakesNothing, e.Key, "list its fields under `needs` or `may-have`", "%s collects nothing", quote(e.Key))
			}
			continue
		}
		c.checkPointSource(e, p)
		c.checkPointPurposes(e, p)
		c.checkPointKind(e, p)
		c.checkPointOthers(e, p)
	}
}

func (c *compiler) checkPointSource(e *Entry[CollectionPoint], p *CompiledPoint) {
	if p.Source < 0 {
		return
	}
	if more := p.takes().Minus(c.p.Sources[p.Source].Yields); !more.Empty() {
		c.warnf(e.Pos, codePointBeyondSource, e.Key, "add it to what the source yields, or leave it out here",
			"%s collects %s, which its source %s is not said to yield", quote(e.Key), c.p.describe(more), quote(e.Is.Source.Name))
	}
}

// asks is every purpose a collection point collects for or asks consent to.
func (p *CompiledPoint) asks() PurposeSet { return p.For.Or(setOf(p.Consent)) }

// checkPointPurposes: nothing is asked for that no purpose of the form uses (gdpr:5(1)(c)).
func (c *compiler) checkPointPurposes(e *Entry[CollectionPoint], p *CompiledPoint) {
	purposes := p.asks()
	if purposes.Empty() {
		if !p.Public && len(e.Is.For)+len(e.Is.Consent) == 0 {
			c.warnf(e.Pos, codePointForNothing, e.Key, "list the purposes under `for`", "nothing says what %s collects data for", quote(e.Key))
		}
		return
	}
	if more := c.personal(p.takes().Minus(c.p.usesOf(purposes))); !more.Empty() {
		c.warnf(e.Pos, codePointBeyondUse, e.Key, "leave it out, or name the purpose that uses it",
			"%s collects %s, which no purpose it collects for uses", quote(e.Key), c.p.describe(more))
	}
}

// checkPointKind: who gives data here is of a kind the purposes are for.
func (c *compiler) checkPointKind(e *Entry[CollectionPoint], p *CompiledPoint) {
	if p.As == avow.KindUnknown {
		return
	}
	p.asks().Each(func(i int) {
		q := &c.p.Purposes[i]
		if !appliesTo(q, p.As) && appliesTo(q, other(p.As)) {
			c.errorf(e.Pos, codePointWrongKind, e.Key, "collect as the other kind, or give the purpose a basis for this one",
				"%s collects as %s for %s, which does not apply to that kind", quote(e.Key), quote(p.As.String()), quote(q.Name))
		}
	})
}

func other(k avow.SubjectKind) avow.SubjectKind {
	if k == avow.Individual {
		return avow.Business
	}
	return avow.Individual
}

func appliesTo(q *CompiledPurpose, k avow.SubjectKind) bool {
	for i := range q.Reasons {
		for _, kinds := range q.Reasons[i].Grounds {
			if len(kinds[k]) > 0 {
				return true
			}
		}
	}
	return false
}

// checkPointOthers: whoever gives data about others confirms that they may.
func (c *compiler) checkPointOthers(e *Entry[CollectionPoint], p *CompiledPoint) {
	var about FieldSet
	p.takes().Each(func(i int) {
		if c.p.Fields[i].Others {
			about.Add(i)
		}
	})
	switch {
	case !p.Others && !about.Empty() && !p.Automatic:
		c.warnf(e.Pos, codeOthersUnmarked, e.Key, "write `about: others`, and what the giver confirms", "%s collects %s, about somebody else, and does not say so", quote(e.Key), c.p.describe(about))
	case p.Others && len(p.Confirm) == 0:
		c.warnf(e.Pos, codeOthersUnconfirmed, e.Key, "write under `confirm` what the giver confirms", "%s takes data about others, and the giver confirms nothing", quote(e.Key))
	}
}
