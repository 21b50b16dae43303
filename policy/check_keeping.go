package policy

import (
	"strings"
)

// checkRetention: all data about persons has an end, stated once.
func (c *compiler) checkRetention() {
	var covered FieldSet
	for i := range c.p.Retention {
		covered = covered.Or(c.p.Retention[i].Fields)
	}
	for i := range c.doc.Data {
		e := &c.doc.Data[i]
		open := c.personal(c.p.ownFields(e.Key)).Minus(covered).Minus(c.p.NeverKept)
		if !open.Empty() {
			c.warnf(e.Pos, codeNoRetention, e.Key, "write a line for it under `retention`", "nothing says how long %s is kept (gdpr:13(2)(a))", c.p.describe(open))
		}
	}
	for i := range c.doc.Retention.Rules {
		c.checkRule(&c.doc.Retention.Rules[i], &c.p.Retention[i])
	}
	c.checkKeptTwice()
}

func (c *compiler) checkRule(e *Entry[RetentionRule], r *CompiledRetention) {
	if r.Fields.Empty() && len(e.Is.Of) == 0 {
		if _, known := c.doc.Data.Get(e.Key); known && !c.broken {
			c.errorf(e.Pos, codeRetentionOfNothing, e.Key, "remove the line, or say under `of` what it is about", "the retention line %s is about no data", quote(e.Key))
		}
		return
	}
	c.checkKeptFor(e, r)
	then := e.Is.Then == "" || e.Is.Then == "not-stated"
	switch {
	case e.Is.Until.Form == UntilNotStated && then:
		c.warnf(e.Pos, codeRetentionNotStated, e.Key, "write `until` and `then`", "nothing says how long %s is kept, nor what happens then", quote(e.Key))
	case e.Is.Until.Form == UntilNotStated:
		c.warnf(e.Pos, codeRetentionNotStated, e.Key, "write `until`", "nothing says how long %s is kept", quote(e.Key))
	case then && e.Is.Until.ends():
		c.warnf(e.Pos, codeRetentionNotStated, e.Key, "write `then: erase` or `then: anonymise`", "nothing says what happens to %s at the end", quote(e.Key))
	}
	if e.Is.Until.Form == UntilForEver {
		c.warnf(e.Is.Until.Pos, codeForEver, e.Key, "give it an end", "%s is kept for ever (gdpr:5(1)(e))", quote(e.Key))
	}
	if e.Is.Until.Form == UntilSchedule && c.doc.Retention.Schedule.Name == "" {
		c.warnf(e.Is.Until.Pos, codeNoSchedule, e.Key, "name the document under `retention.schedule`", "%s is kept as a schedule says that is not named", quote(e.Key))
	}
}

// checkKeptFor: data kept for single purposes is used by each of them.
func (c *compiler) checkKeptFor(e *Entry[RetentionRule], r *CompiledRetention) {
	r.OnlyFor.Each(func(i int) {
		if q := &c.p.Purposes[i]; usedBy(q).And(r.Fields).Empty() {
			c.warnf(e.Pos, codeKeptForNothing, e.Key, "leave the purpose out, or let it use the data", "%s is kept for %s, which does not use it", quote(e.Key), quote(q.Name))
		}
	})
}

// ends reports whether keeping ends in a way that something must happen then.
func (u Until) ends() bool {
	return u.Form != UntilForEver && u.Form != UntilMoved && u.Form != UntilCases
}

// checkKeptTwice: two ends for the same data and no purpose to tell them apart.
func (c *compiler) checkKeptTwice() {
	for i := range c.p.Retention {
		a := &c.p.Retention[i]
		for j := range c.p.Retention[:i] {
			b := &c.p.Retention[j]
			both := a.Fields.And(b.Fields)
			if both.Empty() || !a.OnlyFor.Empty() || !b.OnlyFor.Empty() || sameUntil(a.Until, b.Until) {
				continue
			}
			c.errorf(c.doc.Retention.Rules[i].Pos, codeKeptTwice, a.Name, "say under `for` what each is kept for",
				"%s and %s give %s two different ends", quote(b.Name), quote(a.Name), c.p.describe(both))
		}
	}
}

// checkCookies: a cookie is necessary or waits for consent (eprivacy:5(3)).
func (c *compiler) checkCookies() {
	for i := range c.p.Cookies {
		k, e := &c.p.Cookies[i], &c.doc.Cookies.Each[i]
		switch {
		case k.Necessary:
		case k.Purpose < 0:
			if e.Is.For.Name == "" {
				c.warnf(e.Pos, codeCookieForNothing, e.Key, "write `for`, or `necessary: yes`", "the cookie %s is not necessary and serves no purpose", quote(e.Key))
			}
		case c.p.Purposes[k.Purpose].ConsentLane < 0 && c.regime(asksForConsent):
			c.warnf(e.Pos, codeCookieNoConsent, e.Key, "make consent a basis of the purpose", "the cookie %s is not necessary, and %s does not ask for consent (eprivacy:5(3))",
				quote(e.Key), quote(e.Is.For.Name))
		}
		for j := range c.p.Cookies[:i] {
			if o := &c.p.Cookies[j]; overlap(o.Pattern, k.Pattern) && (o.Purpose != k.Purpose || o.Necessary != k.Necessary) {
				c.warnf(e.Pos, codeStatedTwice, e.Key, "give each cookie one line", "the cookie %s is also one of %s, which says something else", quote(e.Key), quote(o.Pattern))
			}
		}
	}
}

// overlap reports whether one name can match both patterns.
func overlap(a, b string) bool {
	stemA, wildA := strings.CutSuffix(a, "*")
	stemB, wildB := strings.CutSuffix(b, "*")
	switch {
	case wildA && wildB:
		return strings.HasPrefix(stemA, stemB) || strings.HasPrefix(stemB, stemA)
	case wildA:
		return strings.HasPrefix(b, stemA)
	case wildB:
		return strings.HasPrefix(a, stemB)
	}
	return a == b
}

// checkEmbeds: content of others loads when asked for, or with consent.
func (c *compiler) checkEmbeds() {
	for i := range c.doc.Embeds {
		e := &c.doc.Embeds[i]
		if e.Is.Load == "at-once" && c.regime(asksForConsent) {
			c.warnf(e.Pos, codeEmbedAtOnce, e.Key, "write `load: when-asked` or `load: with-consent`", "%s loads from others before anybody asks or consents (eprivacy:5(3))", quote(e.Key))
		}
		if at, ok := c.p.purpose(e.Is.For.Name); ok && e.Is.Load == "with-consent" && c.p.Purposes[at].ConsentLane < 0 {
			c.warnf(e.Pos, codeConsentIdle, e.Key, "make consent a basis of the purpose", "%s loads with consent to %s, no basis of which is consent", quote(e.Key), quote(e.Is.For.Name))
		}
	}
}
