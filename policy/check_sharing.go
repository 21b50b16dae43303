package policy

import (
	"github.com/avowhq/avow"
)

// checkRecipients: each receives no more than its purposes use, and is something to us.
func (c *compiler) checkRecipients() {
	names := map[string]string{}
	for i := range c.doc.Recipients {
		e := &c.doc.Recipients[i]
		at, ok := c.p.names.recipients[e.Key]
		if !ok {
			continue
		}
		c.checkRole(e)
		c.checkReceives(e, &c.p.Recipients[at])
		name := fold(c.say(e.Is.Name))
		if other, twice := names[name]; twice && name != "" {
			c.warnf(e.Pos, codeStatedTwice, e.Key, "make one of them", "%s has the same name as %s: one recipient stated twice", quote(e.Key), quote(other))
		}
		names[name] = e.Key
		if _, staff := c.doc.Staff.Get(e.Key); staff {
			c.warnf(e.Pos, codeTwoPlaces, e.Key, "it is one or the other", "%s is a recipient here and a role under `staff`", quote(e.Key))
		}
	}
}

func (c *compiler) checkRole(e *Entry[Recipient]) {
	personal := !c.personal(c.p.resolveAll(e.Is.Receives)).Empty()
	if personal && (e.Is.Role == "" || e.Is.Role == "not-stated") {
		c.warnf(e.Pos, codeNoRole, e.Key, "say under `role` whether it is a processor, a controller or another", "nothing says what %s is to us: a processor, a controller or another", quote(e.Key))
	}
}

func (c *compiler) checkReceives(e *Entry[Recipient], r *CompiledRecipient) {
	switch {
	case len(e.Is.Receives) == 0:
		c.warnf(e.Pos, codeReceivesNothing, e.Key, "list under `receives` what it gets", "nothing says what %s receives, so nothing is given to it", quote(e.Key))
	case c.personal(r.Receives).Empty() || onlyNeeded(e.Is.Receives):
	case r.For.Empty():
		if !r.Receives.And(c.promisedNever(NeverShareUnstated)).Empty() {
			return // reported as a broken promise
		}
		c.warnf(e.Pos, codeReceivesForNothing, e.Key, "list the purposes under `for`", "nothing says what %s receives data for, so nothing is given to it", quote(e.Key))
	default:
		more := c.personal(r.Receives.Minus(c.p.usesOf(r.For)))
		if !more.Empty() {
			c.warnf(e.Is.Receives[0].Pos, codeReceivesMore, e.Key, "list only what those purposes use",
				"%s receives %s, which no purpose it serves uses", quote(e.Key), c.p.describe(more))
		}
	}
}

// onlyNeeded: a contract limits the recipient to what its task needs.
func onlyNeeded(refs DataRefs) bool {
	for _, r := range refs {
		if !r.Needed {
			return false
		}
	}
	return len(refs) > 0
}

// checkDisclosures: each says to whom and what, and gives no more than the recipient may have.
func (c *compiler) checkDisclosures() {
	for i := range c.doc.Disclosures {
		e := &c.doc.Disclosures[i]
		at, ok := c.p.purpose(e.Key)
		if !ok {
			continue
		}
		if e.Is.To.Name == "" || len(e.Is.Gives) == 0 {
			c.warnf(e.Pos, codeDisclosureOpen, e.Key, "write `to` and `gives`", "the disclosure %s does not say to whom or what, so nothing is handed over", quote(e.Key))
			continue
		}
		q := &c.p.Purposes[at]
		if q.To < 0 {
			continue
		}
		if more := usedBy(q).Minus(c.p.Recipients[q.To].Receives); !more.Empty() {
			c.warnf(e.Is.Gives[0].Pos, codeGivesMore, e.Key, "add it to what the recipient receives, or leave it out here",
				"%s gives %s, which %s is not said to receive", quote(e.Key), c.p.describe(more), quote(e.Is.To.Name))
		}
	}
}

// checkTransfers: data leaves a person's country or region under a safeguard that stands (gdpr:44).
func (c *compiler) checkTransfers() {
	for i := range c.doc.Recipients {
		e := &c.doc.Recipients[i]
		at, ok := c.p.names.recipients[e.Key]
		if ok && !c.personal(c.p.Recipients[at].Receives).Empty() && !whereTheLawIs(e.Is.Role) {
			c.checkPlace(e.Pos, e.Key, recipientPlace(&c.p.Recipients[at]), e.Is.Safeguard)
		}
	}
	for i := range c.doc.Staff {
		e := &c.doc.Staff[i]
		at, ok := c.p.names.roles[e.Key]
		if ok && !c.p.Roles[at].For.Empty() {
			c.checkPlace(e.Pos, e.Key, rolePlace(&c.p.Roles[at]), e.Is.Safeguard)
		}
		if e.Is.FollowTheSun.Yes && len(e.Is.In.Regions) == 0 && !e.Is.In.Anywhere {
			c.warnf(e.Pos, codeSunNowhere, e.Key, "list the places under `in`", "the work of %s follows the sun, and nothing says where it goes", quote(e.Key))
		}
	}
	c.checkSafeguards()
}

func (c *compiler) checkPlace(at Pos, name string, l locale, s Safe) {
	from, out := c.leaves(l)
	if !out {
		return
	}
	where := quote(name) + " is outside " + quote(string(from))
	switch {
	case l.unstated:
		where = "nothing says where " + quote(name) + " is"
	case l.anywhere:
		where = quote(name) + " may be anywhere"
	}
	if len(s.AnyOf) > 0 && !l.safeguard.Stands {
		c.warnf(s.Pos, codeSafeguardFallen, l.safeguard.Name, "name one that stands: `standard-clauses`, `binding-rules`, `certification`",
			"%s, and %s is no safeguard that stands: data is not let out to it", where, quote(l.safeguard.Name))
		return
	}
	c.warnf(at, codeNoSafeguard, name, "say where under `in`, and under `safeguard` what protects the data there",
		"%s, and no safeguard stands: data is not let out to it", where)
}

// leaves reports whether data leaves the region of some of the people the named
// laws cover, with nothing standing for them.
func (c *compiler) leaves(l locale) (avow.Region, bool) {
	if l.unstated || l.anywhere {
		return "", !l.safeguard.Stands
	}
	for _, name := range c.p.Regimes {
		f, _ := avow.RegimeByName(name)
		for _, covered := range f.Covers {
			from := avow.Region(covered)
			if leavesFrom(from, l.regions) && !l.safeguard.protects(from) {
				return from, true
			}
		}
	}
	return "", false
}

func leavesFrom(from avow.Region, places []avow.Region) bool {
	for _, to := range places {
		if !to.Within(from) && !avow.Adequate(from, to) {
			return true
		}
	}
	return false
}

// protects reports whether the safeguard stands for people in a region.
func (s Standing) protects(from avow.Region) bool {
	if !s.Stands || len(s.Regions) == 0 {
		return s.Stands
	}
	for _, r := range s.Regions {
		if from.Within(r) {
			return true
		}
	}
	return false
}

// checkSafeguards: what is declared as one is a mechanism of law, stands, and is renewed.
func (c *compiler) checkSafeguards() {
	for i := range c.doc.Safeguards {
		e := &c.doc.Safeguards[i]
		if !e.Is.Stands.Set && c.regime(transferLaw) {
			c.warnf(e.Pos, codeOwnSafeguard, e.Key, "name one of `standard-clauses`, `binding-rules`, `certification`; or write `stands: yes` when you know that it does",
				"%s is a safeguard in words of its own and names none of the mechanisms of gdpr:46", quote(e.Key))
		}
	}
	for i := range c.doc.Schemes {
		if e := &c.doc.Schemes[i]; c.lapsed(&e.Is) {
			c.warnf(e.Is.RenewBy.Pos, codeSchemeLapsed, e.Key, "renew it, and write the new date", "the certification %s was to be renewed before this version takes effect; it no longer counts", quote(e.Key))
		}
	}
	if need := c.standing(c.doc.Transfers.Need); len(c.doc.Transfers.Need.AnyOf) > 0 && !need.Stands {
		c.warnf(c.doc.Transfers.Need.Pos, codeSafeguardFallen, need.Name, "name one that stands", "every transfer needs %s, which is no standing safeguard", quote(need.Name))
	}
}

// transferLaw are the laws that name the mechanisms (gdpr:46, uk-gdpr:46).
func transferLaw(f avow.RegimeFacts) bool { return f.Name == "gdpr" || f.Name == "uk-gdpr" }
