package policy

import (
	"slices"
	"strings"

	"github.com/avowhq/avow"
)

func (c *compiler) compileAgreements() {
	for i := range c.doc.Agreements {
		e := &c.doc.Agreements[i]
		with := c.say(e.Is.With)
		a := CompiledAgreement{Name: e.Key, Wins: cmpText(e.Is.Wins, "where-they-conflict"),
			Clause: c.clause("agreements."+e.Key, e.Pos, sentence("Agreement with "+with, c.say(e.Is.Covers)))}
		for _, s := range e.Is.Says {
			q := c.purposeRef(Ref{Pos: s.Pos, Name: s.Key})
			switch {
			case q >= 0 && s.Is.Yes:
				a.Allows.Add(q)
			case q >= 0:
				a.Denies.Add(q)
			}
		}
		c.p.names.agreements[e.Key] = len(c.p.Agreements)
		c.p.Agreements = append(c.p.Agreements, a)
	}
}

func (c *compiler) compileRetention() {
	rules := c.doc.Retention.Rules
	for i := range rules {
		e := &rules[i]
		title := "How long " + e.Key + " is kept"
		c.p.Retention = append(c.p.Retention, CompiledRetention{
			Name: e.Key, Fields: c.kept(e), OnlyFor: c.keptFor(e.Is.For), Until: e.Is.Until, Then: e.Is.Then,
			Clause: c.clause("retention."+e.Key, e.Pos, sentence(title, c.say(e.Is.Because))),
		})
		c.movesTo(&e.Is.Until, rules.Keys())
	}
}

// keptFor are the purposes a rule keeps data for; naming all is the same as naming none.
func (c *compiler) keptFor(refs Refs) PurposeSet {
	if slices.ContainsFunc(refs, func(r Ref) bool { return r.Name == "all" }) {
		return PurposeSet{}
	}
	return c.purposeRefs(refs)
}

// kept is the data a rule is about: what `of` says, else the category of its
// name, without the parts of it that have a rule of their own.
func (c *compiler) kept(e *Entry[RetentionRule]) FieldSet {
	if len(e.Is.Of) > 0 {
		return c.data(e.Is.Of)
	}
	fields := c.datum(DataRef{Pos: e.Pos, Category: e.Key})
	for _, rule := range c.doc.Retention.Rules {
		if slices.Contains(c.above[rule.Key], e.Key) {
			fields = fields.Minus(c.p.names.categories[rule.Key])
		}
	}
	return fields
}

// movesTo checks the names of rules that data moves to.
func (c *compiler) movesTo(u *Until, rules []string) {
	if u.Form == UntilMoved {
		c.oneOf("retention rule", u.To, rules)
	}
	for i := range u.Of {
		c.movesTo(&u.Of[i], rules)
	}
	for i := range u.Cases {
		c.movesTo(&u.Cases[i].Is, rules)
	}
}

func (c *compiler) compileCookies() {
	for i := range c.doc.Cookies.Each {
		e := &c.doc.Cookies.Each[i]
		if e.Is.By.Name != "us" {
			c.recipientRef(e.Is.By)
		}
		c.p.Cookies = append(c.p.Cookies, CompiledCookie{
			Pattern: e.Key, By: e.Is.By.Name, Purpose: c.purposeRef(e.Is.For), Necessary: e.Is.Necessary.Yes,
			Clause: c.clause("cookies."+e.Key, e.Pos, sentence("Cookie "+e.Key, c.say(e.Is.Says))),
		})
	}
}

func (c *compiler) compileEmbeds() {
	for i := range c.doc.Embeds {
		e := &c.doc.Embeds[i]
		c.recipientRef(e.Is.By)
		c.purposeRef(e.Is.For)
		c.clause("embeds."+e.Key, e.Pos, cmpText(c.say(e.Is.Title), titleOf(e.Key)))
	}
}

var pointKinds = map[string]avow.SubjectKind{"individual": avow.Individual, "business": avow.Business}

func (c *compiler) compilePoints() {
	for i := range c.doc.Collect {
		e := &c.doc.Collect[i]
		c.p.names.points[e.Key] = len(c.p.Points)
		c.p.Points = append(c.p.Points, c.point(e))
	}
}

func (c *compiler) point(e *Entry[CollectionPoint]) CompiledPoint {
	src := &e.Is
	title := cmpText(c.say(src.Title), titleOf(e.Key))
	p := CompiledPoint{
		Name: e.Key, Title: title, Source: c.sourceRef(src.Source),
		Needs: c.data(src.Needs), May: c.data(src.MayHave), Keeps: c.data(src.Keeps), For: c.purposeRefs(src.For),
		As: pointKinds[src.As], Others: src.About.Name != "", Makes: c.makes(src.Makes),
		FromAge: src.FromAge.N, Public: src.Public.Yes, Automatic: src.Automatic.Yes,
		Clause: c.clause("collect."+e.Key, e.Pos, title),
	}
	for _, r := range src.Consent {
		if q := c.purposeRef(r); q >= 0 {
			p.Consent = append(p.Consent, q)
		}
	}
	for _, w := range src.Confirm {
		p.Confirm = append(p.Confirm, c.say(w))
	}
	if src.About.Name != "" && src.About.Name != "others" {
		c.oneOf("category about somebody else", src.About, c.aboutOthers())
	}
	return p
}

func (c *compiler) sourceRef(r Ref) int {
	if i, ok := c.p.names.sources[r.Name]; ok {
		return i
	}
	c.unknown("source", r, c.doc.Sources.Each.Keys())
	return -1
}

func (c *compiler) makes(r Ref) int {
	if r.Name == "" {
		return -1
	}
	c.factRefs(Refs{r})
	if i, ok := c.p.names.facts[r.Name]; ok {
		return i
	}
	return -1
}

func (c *compiler) aboutOthers() []string {
	var list []string
	for _, cat := range c.doc.Data {
		if cat.Is.About == "somebody-else" {
			list = append(list, cat.Key)
		}
	}
	return list
}

// compileConsentRules checks that every rule of `consents` is of a purpose.
func (c *compiler) compileConsentRules() {
	for i := range c.doc.Consents {
		e := &c.doc.Consents[i]
		c.purposeRef(Ref{Pos: e.Pos, Name: e.Key})
		c.clause("consents."+e.Key, e.Pos, cmpText(c.say(e.Is.Asks), "Consent to "+e.Key))
	}
}

func (c *compiler) compileComplaints() {
	c.circles = map[string]bool{}
	steps := c.doc.Complaints.Keys()
	for i := range c.doc.Complaints {
		e := &c.doc.Complaints[i]
		c.oneOf("step of complaints", e.Is.After, steps)
		for _, under := range e.Is.Under {
			c.oneOf("scheme", under, c.doc.Schemes.Keys())
		}
		line, ok := ancestors(e.Key, func(name string) string {
			if s, found := c.doc.Complaints.Get(name); found {
				return s.After.Name
			}
			return ""
		})
		if !ok {
			c.circle(e.Is.After, line, "begin with a step that comes after none", "the complaint steps go round in a circle")
		}
	}
}

// compileEnds marks the purposes of earlier versions that this one ends.
func (c *compiler) compileEnds() {
	for _, r := range c.doc.Ends {
		i, ok := c.p.names.purposes[r.Name]
		switch {
		case ok && c.p.Purposes[i].Declared:
			c.errorf(r.Pos, codeEndsLiving, r.Name, "remove the purpose, or take it out of `ends`", "%s is ended here and declared above", quote(r.Name))
		case ok:
			c.p.Purposes[i].Ended = true
			c.p.Purposes[i].Clause = c.clause("ends."+r.Name, r.Pos, c.p.Purposes[i].Title+" has ended.")
		case c.before != nil:
			c.unknown("purpose of an earlier version", r, c.before.purposeNames())
		}
	}
}

// resolveApprovals checks that those who approve requests are staff.
func (c *compiler) resolveApprovals() {
	for _, r := range c.doc.Rights.Each {
		c.roleRef(r.Is.ApprovedBy)
	}
}

// resolveDocuments checks that every other document has an address under
// `organisation.other-policies`. Without one the notice can name it and not link it.
func (c *compiler) resolveDocuments() {
	refs := append(Refs{c.doc.Cookies.Policy, c.doc.Retention.Schedule, c.doc.Rights.Page}, c.doc.Extends...)
	for _, r := range c.doc.Recipients {
		refs = append(refs, r.Is.List)
		refs = append(refs, documentOrAddress(r.Is.Policy, r.Pos))
	}
	for _, s := range c.doc.Schemes {
		refs = append(refs, documentOrAddress(s.Is.URL, s.Pos))
	}
	for _, s := range c.doc.Complaints {
		refs = append(refs, s.Is.Page)
	}
	known := c.doc.Organisation.OtherPolicies.Keys()
	for _, r := range refs {
		if r.Name != "" && !slices.Contains(known, r.Name) {
			c.warnf(r.Pos, codeNoAddress, r.Name, didYouMean(r.Name, known), "the document %s has no address under `organisation.other-policies`", quote(r.Name))
		}
	}
}

// documentOrAddress is the name of a document; none when the text is an address.
func documentOrAddress(page string, at Pos) Ref {
	if strings.ContainsAny(page, ":/.") {
		return Ref{}
	}
	return Ref{Pos: at, Name: page}
}
