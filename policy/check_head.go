package policy

import (
	"fmt"
	"time"

	"github.com/avowhq/avow"
)

func (c *compiler) checkHead() {
	d := c.doc
	if !d.EffectiveStated() {
		c.warnf(d.Updated.Pos, codeNoEffective, c.p.Effective.Format(time.DateOnly), "write `effective: …`",
			"nothing says from when this version holds; it is taken to hold from the day it was last changed")
	}
	if updated := d.Updated.begins(); c.p.Effective.Before(updated) {
		c.warnf(d.Effective.Pos, codeEffectiveBeforeUpdated, c.p.Effective.Format(time.DateOnly), "say from when the changed text holds",
			"it takes effect on %s, before it was last changed (%s)", c.p.Effective.Format(time.DateOnly), updated.Format(time.DateOnly))
	}
	if !d.AcceptedBy.empty() {
		c.warnf(d.AcceptedBy.Pos, codeAcceptedBy, c.say(d.AcceptedBy), "ask for consent where a purpose needs it",
			"acceptance by %s is printed and never counts as consent (gdpr:4(11))", quote(c.say(d.AcceptedBy)))
	}
	c.checkSignals()
	for _, r := range d.Regimes {
		if f, ok := avow.RegimeByName(r.Regime); ok && f.Ended != "" {
			c.warnf(r.Pos, codeRegimeEnded, string(r.Regime), "name the law that took its place",
				"%s ended on %s", f.Title, f.Ended)
		}
	}
}

func (c *compiler) checkSignals() {
	s := c.doc.Signals
	at := s.Pos
	if at.Line == 0 {
		at = c.doc.Policy.Pos
	}
	if s.DNT == "" || s.DNT == "not-stated" {
		c.warnf(at, codeDNTNotStated, s.DNT, "write `no-cookies`, `no-optional-cookies` or `ignored` at `signals.dnt`",
			"nothing says what happens when a browser asks not to be tracked")
	}
	if c.p.GPC != SignalIgnored || !c.regime(givesGPCEffect) {
		return
	}
	said := "does not say what Global Privacy Control does"
	if s.GPC == "ignored" {
		said = "ignores Global Privacy Control"
	}
	c.warnf(at, codeGPCRegime, s.GPC, "write `gpc: opt-out`", "the policy %s; by law (%s) it is an opt-out, and it is treated as one for the people that law covers",
		said, c.firstRegime(givesGPCEffect))
}

func (c *compiler) firstRegime(such func(avow.RegimeFacts) bool) string {
	for _, name := range c.p.Regimes {
		if f, ok := avow.RegimeByName(name); ok && f.Ended == "" && such(f) {
			return f.Title
		}
	}
	return ""
}

func (c *compiler) checkOrganisation() {
	o := c.doc.Organisation
	k := o.Contact
	if k.Email == "" && k.Phone == "" && k.Post.empty() && k.Page == "" && o.Officer.Email == "" && o.Officer.Phone == "" {
		c.warnf(o.Pos, codeNoContact, "", "write an address under `organisation.contact`", "nothing says how to reach the organisation (gdpr:13(1)(a))")
	}
	c.checkServed(o)
}

// checkServed: everybody deals with one company, by where they live.
func (c *compiler) checkServed(o Organisation) {
	by := map[avow.Region]string{}
	everyone := ""
	serving := false
	for i := range o.Entities {
		e := &o.Entities[i]
		serving = serving || e.Is.Serves.EveryoneElse || len(e.Is.Serves.Regions) > 0
		if e.Is.Serves.EveryoneElse {
			if everyone != "" {
				c.servedTwice(e, "everyone else", everyone)
			}
			everyone = e.Key
		}
		for _, r := range e.Is.Serves.Regions {
			if other, ok := by[r]; ok && other != e.Key {
				c.servedTwice(e, "people in "+string(r), other)
			}
			by[r] = e.Key
		}
	}
	if serving && everyone == "" {
		c.warnf(o.Entities[0].Pos, codeNobodyServes, "", "let one entity serve `everyone-else`",
			"who lives where no entity serves deals with nobody")
	}
}

func (c *compiler) servedTwice(e *Entry[Entity], who, other string) {
	c.errorf(e.Is.Serves.Pos, codeServedTwice, e.Key, "leave them to one of the two", "%s and %s both serve %s", quote(other), quote(e.Key), who)
}

// checkChildren: below the age a parent decides (gdpr:8).
func (c *compiler) checkChildren() {
	k := c.doc.Children
	if k.For.Yes && k.ConsentBy != "parent" {
		c.warnf(k.Pos, codeChildren, "", "write `consent-by: parent`, with the age under `under`", "the service is meant for children and no parent is asked")
	}
	for i := range c.doc.Collect {
		e := &c.doc.Collect[i]
		if age := e.Is.FromAge; age.Set && k.Under.Set && age.N < k.Under.N && k.ConsentBy != "parent" {
			c.warnf(age.Pos, codeChildren, fmt.Sprint(age.N), "raise the age, or write `children.consent-by: parent`",
				"%s takes data from the age of %d, below %d, and no parent is asked", quote(e.Key), age.N, k.Under.N)
		}
	}
}
