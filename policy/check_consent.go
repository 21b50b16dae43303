package policy

import (
	"slices"

	"github.com/avowhq/avow"
)

// checkConsents: a consent can be given somewhere, counts for something, and stands alone.
func (c *compiler) checkConsents() {
	for _, at := range c.purposes {
		q := &c.p.Purposes[at.index]
		if q.ConsentLane >= 0 && !c.canConsent(at) {
			c.warnf(at.Pos, codeConsentNowhere, at.Key, "ask for it at a collection point (`consent: ["+at.Key+"]`), or give the purpose a `topic`",
				"nobody can consent to %s: no collection point asks, and the preference centre does not show it", quote(at.Key))
		}
	}
	c.checkConsentRules()
	for i := range c.doc.Collect {
		for _, r := range c.doc.Collect[i].Is.Consent {
			c.checkCounts(r)
		}
	}
}

// canConsent: at a collection point, by a topic of the preference centre, by
// switching a feature on, or in the banner for cookies and embeds.
func (c *compiler) canConsent(at placedPurpose) bool {
	q := &c.p.Purposes[at.index]
	if q.OffUntil || slices.ContainsFunc(at.reasons, func(r Reason) bool { return r.Topic.Name != "" }) {
		return true
	}
	return slices.ContainsFunc(c.p.Points, func(p CompiledPoint) bool { return slices.Contains(p.Consent, at.index) }) ||
		slices.ContainsFunc(c.p.Cookies, func(k CompiledCookie) bool { return k.Purpose == at.index }) ||
		slices.ContainsFunc(c.doc.Embeds, func(e Entry[Embed]) bool { return e.Is.For.Name == at.Key })
}

// checkConsentRules: consent is not the price of something else (gdpr:7(4)), and
// is an act of its own (gdpr:7(2)).
func (c *compiler) checkConsentRules() {
	for i := range c.doc.Consents {
		e := &c.doc.Consents[i]
		if !e.Is.Requires.empty() {
			c.warnf(e.Is.Requires.Pos, codeBundledConsent, e.Key, "let each consent be given alone", "consent to %s requires %s: bundled, and not freely given (gdpr:7(4))",
				quote(e.Key), quote(c.say(e.Is.Requires)))
		}
		if !e.Is.GivenBy.empty() {
			c.warnf(e.Is.GivenBy.Pos, codeBundledConsent, e.Key, "give it a box of its own, unticked", "consent to %s is given by %s: an act that means something else (gdpr:7(2))",
				quote(e.Key), quote(c.say(e.Is.GivenBy)))
		}
		c.checkCounts(Ref{Pos: e.Pos, Name: e.Key})
	}
}

func (c *compiler) checkCounts(r Ref) {
	if i, ok := c.p.purpose(r.Name); ok && c.p.Purposes[i].ConsentLane < 0 {
		c.warnf(r.Pos, codeConsentIdle, r.Name, "do not ask, or make consent a basis of the purpose", "consent to %s is asked for and counts for nothing: no basis of it is consent", quote(r.Name))
	}
}

// checkObjections: who is used for legitimate interests or marketed to can say no (gdpr:21).
func (c *compiler) checkObjections() {
	for _, at := range c.purposes {
		if restsOn(&c.p.Purposes[at.index], avow.LegitimateInterests) && !c.canSayNo(at) {
			c.warnf(at.Pos, codeNoObjection, at.Key, "say under `object-by`, `stop` or `rights.object` how to object",
				"%s rests on legitimate interests and nothing says how to object (gdpr:21(1))", quote(at.Key))
		}
		for i, r := range at.reasons {
			c.checkMarketing(at, r, &c.p.Purposes[at.index].Reasons[i])
		}
	}
}

// canSayNo: a way of the purpose's own, or one that holds for all.
func (c *compiler) canSayNo(at placedPurpose) bool {
	q, d := &at.Is, c.doc
	if len(q.Stop)+len(q.ObjectBy)+len(q.OptOut)+len(q.RefuseBy) > 0 || d.Rights.Page.Name != "" {
		return true
	}
	if _, ok := d.Rights.Each.Get("object"); ok {
		return true
	}
	return slices.ContainsFunc(c.p.Purposes[at.index].Reasons, func(r CompiledReason) bool { return r.Marketing && len(d.Stop) > 0 })
}

func (c *compiler) checkMarketing(at placedPurpose, r Reason, compiled *CompiledReason) {
	if !compiled.Marketing {
		if r.Topic.Name != "" {
			c.warnf(r.Topic.Pos, codeMarketingUnmarked, r.Topic.Name, "write `direct-marketing: yes`, or remove the topic",
				"%s has a topic and is not direct marketing: the preference centre does not show it", quote(at.Key))
		}
		return
	}
	if !r.DirectMarketing.Set {
		c.warnf(at.Pos, codeMarketingUnmarked, at.Key, "write `direct-marketing: yes`",
			"%s sends marketing and does not say that it is direct marketing; it is treated as such", quote(at.Key))
	}
	if r.Topic.Name == "" {
		c.warnf(r.Pos, codeNoTopic, at.Key, "write `topic: products`, in the words of the preference centre", "%s is direct marketing without a topic: people can stop it only whole", quote(at.Key))
	}
	if r.Objection == "weighed" {
		c.warnf(r.Pos, codeMarketingWeighed, at.Key, "remove `objection`", "an objection to direct marketing is not weighed (gdpr:21(3)); %s stops", quote(at.Key))
	}
}
