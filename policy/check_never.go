package policy

import (
	"slices"

	"github.com/avowhq/avow"
)

// checkNever holds every negative promise against everything else in the file.
func (c *compiler) checkNever() {
	against := map[NeverKind]func(Never, FieldSet){
		NeverSell: c.neverSold, NeverRent: c.neverSold, NeverShareMarketing: c.neverForTheirMarketing,
		NeverShareUnstated: c.neverUnstated, NeverIdentifyFrom: c.neverIdentified, NeverFollow: c.neverFollowed,
		NeverNamePeople: c.neverNamed, NeverOverride: c.neverOverridden, NeverUseFor: c.neverUsedFor,
		NeverDecideAlone: c.neverDecided, NeverCollect: c.neverCollected, NeverTransferOutside: c.neverOutside,
	}
	for _, n := range c.doc.Never {
		if check, ok := against[n.Kind]; ok {
			check(n, c.p.resolveAll(n.Data))
		}
	}
}

func (c *compiler) breaks(n Never, at Pos, by, format string, args ...any) {
	args = append([]any{quote(string(n.Kind)), n.Line}, args...)
	c.errorf(at, codeNeverBroken, by, "change this, or take the promise back", "this breaks `never` %s (line %d): "+format, args...)
}

func (c *compiler) doubts(n Never, at Pos, by, suggest, format string, args ...any) {
	args = append([]any{quote(string(n.Kind)), n.Line}, args...)
	c.warnf(at, codeNeverInDoubt, by, suggest, "this leaves `never` %s (line %d) in doubt: "+format, args...)
}

// promisedNever is the data that promises of one kind are about.
func (c *compiler) promisedNever(kind NeverKind) FieldSet {
	fields, _, _ := c.p.promised(kind)
	return fields
}

// eachReceiver calls f for the recipients that receive any of the data.
func (c *compiler) eachReceiver(fields FieldSet, f func(e *Entry[Recipient], r *CompiledRecipient)) {
	for i := range c.doc.Recipients {
		e := &c.doc.Recipients[i]
		at, ok := c.p.names.recipients[e.Key]
		if ok && !c.p.Recipients[at].Receives.And(fields).Empty() {
			f(e, &c.p.Recipients[at])
		}
	}
}

// neverSold: sale has no word in the language, so only who the recipient is can
// show it. One of no stated role may be paying (ccpa:1798.140(ad)). Selling and
// renting are doubted once.
func (c *compiler) neverSold(n Never, fields FieldSet) {
	if n.Kind == NeverRent {
		fields = fields.Minus(c.promisedNever(NeverSell))
	}
	c.eachReceiver(c.personal(fields), func(e *Entry[Recipient], r *CompiledRecipient) {
		if e.Is.Role == "" || e.Is.Role == "not-stated" {
			c.doubts(n, e.Pos, e.Key, "state its `role`", "%s receives the data and nothing says what it is to us", quote(e.Key))
		}
	})
}

// neverForTheirMarketing: a recipient that is its own master, for a marketing purpose.
func (c *compiler) neverForTheirMarketing(n Never, fields FieldSet) {
	c.eachReceiver(fields, func(e *Entry[Recipient], r *CompiledRecipient) {
		own := e.Is.Role == "controller" || e.Is.Role == "joint-controller" || e.Is.Role == "other-users" || e.Is.Role == "public"
		r.For.Each(func(i int) {
			if own && isMarketingPurpose(&c.p.Purposes[i]) {
				c.breaks(n, e.Pos, e.Key, "%s receives the data on its own account for %s, which is marketing", quote(e.Key), quote(c.p.Purposes[i].Name))
			}
		})
	})
}

func isMarketingPurpose(q *CompiledPurpose) bool {
	return slices.ContainsFunc(q.Reasons, func(r CompiledReason) bool { return r.Marketing })
}

// neverUnstated: every recipient of the data is said to receive it for something.
func (c *compiler) neverUnstated(n Never, fields FieldSet) {
	c.eachReceiver(c.personal(fields), func(e *Entry[Recipient], r *CompiledRecipient) {
		if r.For.Empty() {
			c.breaks(n, e.Pos, e.Key, "nothing says what %s receives the data for", quote(e.Key))
		}
	})
}

// neverIdentified: no purpose, and nothing learned, makes persons out of the data.
func (c *compiler) neverIdentified(n Never, fields FieldSet) {
	for _, at := range c.purposes {
		for i, r := range c.p.Purposes[at.index].Reasons {
			if r.Fields.And(fields).Empty() {
				continue
			}
			if r.Profiling || at.Is.Makes == "profile" || at.Is.Identifies == "person" {
				c.breaks(n, at.reasons[i].Pos, at.Key, "%s makes out persons from %s", quote(at.Key), c.p.describe(r.Fields.And(fields)))
			}
		}
	}
	for i := range c.doc.Enrich {
		e := &c.doc.Enrich[i]
		from := c.p.resolveAll(e.Is.From).And(fields)
		if !from.Empty() && (e.Is.Identifies == "person" || e.Is.Sometimes == "person" || c.learnsWho(&e.Is)) {
			c.breaks(n, e.Pos, e.Key, "%s learns about persons from %s", quote(e.Key), c.p.describe(from))
		}
	}
	c.neverCombined(n, fields)
}

func (c *compiler) learnsWho(e *Enrichment) bool {
	who := false
	c.learns(e).Each(func(i int) { who = who || c.p.Fields[i].Identifies })
	return who
}

// neverCombined: bringing the data together with what says who somebody is identifies them.
func (c *compiler) neverCombined(n Never, fields FieldSet) {
	var who FieldSet
	for i, f := range c.p.Fields {
		if f.Declared && f.Identifies {
			who.Add(i)
		}
	}
	if c.p.CombineAll && !who.Empty() {
		c.doubts(n, c.doc.Combine.Pos, "combine", "name the pairs that may be combined", "data from all sources may be combined, %s among it; the gate refuses that combination", c.p.describe(fields))
	}
	for i, pair := range c.p.CombinePairs {
		if !pair.Fields.And(fields).Empty() && !pair.Fields.And(who).Empty() {
			c.breaks(n, c.doc.Combine.With[i].Pos, c.doc.Combine.With[i].Key, "%s is combined with what says who somebody is", c.p.describe(pair.Fields.And(fields)))
		}
	}
}

// neverFollowed: what others load into our pages before anybody asks lets them follow.
func (c *compiler) neverFollowed(n Never, _ FieldSet) {
	for i := range c.doc.Embeds {
		e := &c.doc.Embeds[i]
		by, ok := c.doc.Recipients.Get(e.Is.By.Name)
		if ok && e.Is.Load == "at-once" && by.Role != "processor" {
			c.breaks(n, e.Pos, e.Key, "%s loads from %s on every page before anybody asks, which lets it follow people", quote(e.Key), quote(e.Is.By.Name))
		}
	}
	for i := range c.doc.Cookies.Each {
		e := &c.doc.Cookies.Each[i]
		if by, ok := c.doc.Recipients.Get(e.Is.By.Name); ok && by.Role != "processor" && by.Role != "on-our-behalf" {
			c.breaks(n, e.Pos, e.Key, "the cookie %s is of %s, which acts on its own account and sees it on other sites", quote(e.Key), quote(e.Is.By.Name))
		}
	}
}

// neverNamed: statistics name nobody, and describe no group so small that they do.
func (c *compiler) neverNamed(n Never, _ FieldSet) {
	for i := range c.doc.Recipients {
		e := &c.doc.Recipients[i]
		at, ok := c.p.names.recipients[e.Key]
		if !ok || e.Is.Role != "public" {
			continue
		}
		c.p.Recipients[at].Receives.Each(func(f int) {
			if c.p.Fields[f].Identifies {
				c.breaks(n, e.Pos, e.Key, "the public receives %s, which says who somebody is", quote(c.p.Fields[f].Path()))
			}
		})
	}
	if !c.doc.Statistics.SmallestGroup.Set {
		c.warnf(n.Pos, codeNoSmallestGroup, "statistics", "write `statistics: {smallest-group: 20}`", "statistics name nobody, and nothing says how small a group they may describe")
	}
}

// neverOverridden: interests are weighed only where somebody can object.
func (c *compiler) neverOverridden(n Never, _ FieldSet) {
	for _, at := range c.purposes {
		if restsOn(&c.p.Purposes[at.index], avow.LegitimateInterests) && !c.canSayNo(at) {
			c.doubts(n, at.Pos, at.Key, "say how to object", "%s rests on our interests and nobody is told how to object", quote(at.Key))
		}
	}
}

func (c *compiler) neverUsedFor(n Never, fields FieldSet) {
	for _, what := range n.What {
		i, ok := c.p.purpose(what.Name)
		if !ok {
			continue
		}
		uses := usedBy(&c.p.Purposes[i])
		if len(n.Data) > 0 {
			uses = uses.And(fields)
		}
		if !uses.Empty() {
			c.breaks(n, c.at(i), what.Name, "%s uses %s", quote(what.Name), c.p.describe(uses))
		}
	}
}

func (c *compiler) neverDecided(n Never, _ FieldSet) {
	for _, at := range c.purposes {
		switch at.Is.Decides.Alone {
		case "yes":
			c.breaks(n, at.Is.Decides.Pos, at.Key, "%s lets a machine decide alone", quote(at.Key))
		case "maybe":
			c.doubts(n, at.Is.Decides.Pos, at.Key, "write `alone: no`", "%s may let a machine decide alone", quote(at.Key))
		}
	}
}

func (c *compiler) neverCollected(n Never, fields FieldSet) {
	for i := range c.p.Points {
		if takes := c.p.Points[i].takes().And(fields); !takes.Empty() {
			c.breaks(n, c.doc.Collect[i].Pos, c.doc.Collect[i].Key, "%s collects %s", quote(c.doc.Collect[i].Key), c.p.describe(takes))
		}
	}
	for i := range c.p.Sources {
		if yields := c.p.Sources[i].Yields.And(fields); !yields.Empty() {
			e := &c.doc.Sources.Each[i]
			c.breaks(n, e.Pos, e.Key, "%s yields %s", quote(e.Key), c.p.describe(yields))
		}
	}
}

func (c *compiler) neverOutside(n Never, _ FieldSet) {
	allowed := make([]avow.Region, len(n.What))
	for i, r := range n.What {
		allowed[i] = avow.Region(r.Name)
	}
	for i := range c.doc.Recipients {
		e := &c.doc.Recipients[i]
		if at, ok := c.p.names.recipients[e.Key]; ok && !whereTheLawIs(e.Is.Role) {
			c.staysInside(n, e.Pos, e.Key, recipientPlace(&c.p.Recipients[at]), allowed)
		}
	}
	for i := range c.doc.Staff {
		e := &c.doc.Staff[i]
		if at, ok := c.p.names.roles[e.Key]; ok {
			c.staysInside(n, e.Pos, e.Key, rolePlace(&c.p.Roles[at]), allowed)
		}
	}
}

func (c *compiler) staysInside(n Never, at Pos, name string, l locale, allowed []avow.Region) {
	if l.unstated {
		c.doubts(n, at, name, "say where under `in`", "nothing says where %s is", quote(name))
		return
	}
	outside := slices.ContainsFunc(l.regions, func(r avow.Region) bool {
		return !slices.ContainsFunc(allowed, r.Within)
	})
	if outside || l.anywhere {
		c.breaks(n, at, name, "%s is elsewhere", quote(name))
	}
}
