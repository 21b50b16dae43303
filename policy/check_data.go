package policy

import "slices"

func (c *compiler) checkData() {
	used := c.p.usesOf(c.p.listed())
	for i := range c.doc.Data {
		e := &c.doc.Data[i]
		whole, own := c.p.names.categories[e.Key], c.p.ownFields(e.Key)
		if whole.Empty() {
			c.warnf(e.Pos, codeNoFields, e.Key, "list them under `fields`", "the category %s has no fields", quote(e.Key))
			continue
		}
		if e.Is.Aggregate.Yes || e.Is.Public.Yes || own.Empty() {
			continue
		}
		if used.And(whole).Empty() && !c.disclosed(whole) {
			c.warnf(e.Pos, codeUnusedCategory, e.Key, "remove it, or name the purpose that uses it", "no purpose uses the category %s", quote(e.Key))
		}
		if c.comesFromNowhere(own) {
			c.warnf(e.Pos, codeNoSource, e.Key, "say under `sources` where it comes from", "the category %s comes from no source", quote(e.Key))
		}
	}
	c.checkNeverKept()
}

func (c *compiler) disclosed(fields FieldSet) bool {
	return slices.ContainsFunc(c.p.Purposes, func(q CompiledPurpose) bool {
		return q.Declared && q.Kind == DisclosureOnEvent && !usedBy(&q).And(fields).Empty()
	})
}

// comesFromNowhere: no source yields it, no way in takes it, nothing learns it.
func (c *compiler) comesFromNowhere(fields FieldSet) bool {
	for _, s := range c.p.Sources {
		if !s.Yields.And(fields).Empty() {
			return false
		}
	}
	for _, p := range c.p.Points {
		if !p.takes().And(fields).Empty() {
			return false
		}
	}
	return !slices.ContainsFunc(c.doc.Enrich, func(e Entry[Enrichment]) bool { return !c.learns(&e.Is).And(fields).Empty() })
}

// takes is everything a collection point may take in.
func (p *CompiledPoint) takes() FieldSet { return p.Needs.Or(p.May).Or(p.Keeps) }

// learns are the fields an enrichment fills, as far as it names fields.
func (c *compiler) learns(e *Enrichment) FieldSet {
	var set FieldSet
	for _, w := range e.Learns {
		if fields, _, ok := c.p.Data(w.Plain); ok {
			set = set.Or(fields)
		}
	}
	return set
}

// checkNeverKept: what is never kept stands in no line that keeps it.
func (c *compiler) checkNeverKept() {
	for i := range c.doc.Collect {
		e := &c.doc.Collect[i]
		c.keepsNeverKept(e.Is.Keeps, e.Key)
	}
	for i := range c.doc.Retention.Rules {
		e := &c.doc.Retention.Rules[i]
		c.keepsNeverKept(e.Is.Of, e.Key)
	}
}

func (c *compiler) keepsNeverKept(refs DataRefs, where string) {
	for _, r := range refs {
		set, _ := c.p.resolve(r)
		if r.Field != "" && !set.And(c.p.NeverKept).Empty() {
			c.errorf(r.Pos, codeKeepsNeverKept, r.Category+"."+r.Field, "take it out here, or out of `never-kept`",
				"%s keeps %s, which is never kept", quote(where), c.p.describe(set))
		}
	}
}

// checkEnrich: something is learned only from data that the purpose it serves uses.
func (c *compiler) checkEnrich() {
	for i := range c.doc.Enrich {
		e := &c.doc.Enrich[i]
		if more := c.p.resolveAll(e.Is.From).Minus(c.p.usesOf(c.purposeRefs(e.Is.For))); !more.Empty() {
			c.warnf(e.Pos, codeEnrichBeyond, e.Key, "let the purpose use it, or leave it out here", "%s learns from %s, which no purpose it serves uses", quote(e.Key), c.p.describe(more))
		}
	}
}

func (c *compiler) checkSources() {
	all := c.doc.Sources.Each
	for i := range c.p.Sources {
		s, e := &c.p.Sources[i], &all[i]
		if s.TellThePerson.N > 0 {
			continue
		}
		if s.Bought {
			c.warnf(e.Pos, codeBoughtNotTold, e.Key, "write `tell-the-person: within 1 month`",
				"data bought from %s is about people whom nobody tells (gdpr:14)", quote(e.Key))
			continue
		}
		if others := c.keptAboutOthers(s.Yields); !others.Empty() {
			c.warnf(e.Pos, codeOthersNotTold, e.Key, "write `tell-the-person: within 1 month`",
				"%s yields %s, which is about somebody else, and nothing says when that person is told (gdpr:14)", quote(e.Key), c.p.describe(others))
		}
	}
}

// keptAboutOthers leaves out what serves one message and nothing else: the message is how the person learns of it.
func (c *compiler) keptAboutOthers(fields FieldSet) FieldSet {
	var others FieldSet
	fields.Each(func(i int) {
		if c.p.Fields[i].Others && !c.onlyOnce(i) {
			others.Add(i)
		}
	})
	return others
}

func (c *compiler) onlyOnce(field int) bool {
	once := false
	for i := range c.p.Purposes {
		q := &c.p.Purposes[i]
		if q.Declared && q.Kind != Duty && usedBy(q).Has(field) {
			if !q.Once {
				return false
			}
			once = true
		}
	}
	return once
}
