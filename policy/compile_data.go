package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/avowhq/avow"
)

func (c *compiler) compileData() {
	for i := range c.doc.Data {
		c.declareCategory(&c.doc.Data[i])
	}
	for i := range c.doc.Data {
		e := &c.doc.Data[i]
		if e.Is.PartOf.Name != "" {
			c.oneOf("data category", e.Is.PartOf, c.doc.Data.Keys())
		}
	}
	c.gatherParts()
}

func (c *compiler) declareCategory(e *Entry[Category]) {
	key := "data." + e.Key
	at := c.clause(key, e.Pos, sentence(c.say(e.Is.Title), c.say(e.Is.Says)))
	var own FieldSet
	for _, f := range e.Is.Fields {
		if i := c.declareField(e, f, at); i >= 0 {
			own.Add(i)
		}
	}
	c.markFields(e)
	c.p.names.categories[e.Key] = own
	c.p.Categories = append(c.p.Categories, CompiledCategory{
		Name: e.Key, Title: c.say(e.Is.Title), Others: e.Is.About == "somebody-else", Clause: at,
	})
}

// declareField gives a field its index: the one it had in an earlier version,
// under this or a former name of its category, or the next free one.
func (c *compiler) declareField(e *Entry[Category], f Ref, at int) int {
	path := e.Key + "." + f.Name
	i, known := c.p.names.fields[path]
	for _, old := range e.Is.Formerly {
		if was, ok := c.p.names.fields[old.Name+"."+f.Name]; ok && !known {
			i, known = was, true
		}
	}
	if known && c.p.Fields[i].Declared {
		c.errorf(f.Pos, codeDuplicate, f.Name, "remove one", "the field %s is declared twice", quote(path))
		return -1
	}
	if !known {
		if !c.room(len(c.p.Fields), MaxFields, f.Pos, "fields") {
			return -1
		}
		i = len(c.p.Fields)
		c.p.Fields = append(c.p.Fields, Field{})
	}
	c.p.names.fields[path] = i
	c.p.Fields[i] = Field{Declared: true, Category: e.Key, Name: f.Name, Others: e.Is.About == "somebody-else", Clause: at}
	return i
}

// markFields carries what a category says of single fields to them.
func (c *compiler) markFields(e *Entry[Category]) {
	cat := &e.Is
	c.eachOwn(e, cat.Identifies, func(i int) { c.p.Fields[i].Identifies = true })
	c.eachOwn(e, cat.MayIdentify, func(i int) { c.p.Fields[i].MayIdentify = true })
	c.eachOwn(e, cat.Criminal, c.p.Criminal.Add)
	c.eachOwn(e, cat.NeverKept, c.p.NeverKept.Add)
	for _, s := range cat.Special {
		c.eachOwn(e, Refs{{Pos: s.Pos, Name: s.Key}}, c.p.Special.Add)
	}
	for _, k := range cat.KeptAs {
		c.eachOwn(e, Refs{{Pos: k.Pos, Name: k.Key}}, func(i int) { c.p.Fields[i].KeptAs = k.Is })
	}
}

// eachOwn calls f for fields a category names of its own; `all` is every one of them.
func (c *compiler) eachOwn(e *Entry[Category], refs Refs, f func(i int)) {
	for _, r := range refs {
		if r.Name == "all" {
			for _, own := range e.Is.Fields {
				c.own(e, own, f)
			}
			continue
		}
		if c.oneOf("field of "+e.Key, r, refNames(e.Is.Fields)) {
			c.own(e, r, f)
		}
	}
}

func (c *compiler) own(e *Entry[Category], r Ref, f func(i int)) {
	if i, ok := c.p.names.fields[e.Key+"."+r.Name]; ok && c.p.Fields[i].Declared {
		f(i)
	}
}

func refNames(refs Refs) []string {
	list := make([]string, len(refs))
	for i, r := range refs {
		list[i] = r.Name
	}
	return list
}

// gatherParts adds to every category the fields of its parts, and of theirs.
func (c *compiler) gatherParts() {
	c.circles = map[string]bool{}
	own := c.p.names.categories
	whole := maps.Clone(own)
	c.above = map[string][]string{}
	for i := range c.doc.Data {
		e := &c.doc.Data[i]
		line, ok := ancestors(e.Key, func(name string) string {
			if cat, found := c.doc.Data.Get(name); found {
				return cat.PartOf.Name
			}
			return ""
		})
		if !ok {
			c.broken = true
			c.circle(e.Is.PartOf, line, "let one of them be a part of nothing", "the category "+quote(e.Key)+" is a part of itself")
			continue
		}
		c.above[e.Key] = line[1:]
		for _, above := range line[1:] {
			whole[above] = whole[above].Or(own[e.Key])
		}
	}
	c.p.names.own, c.p.names.categories = own, whole
	for i := range c.p.Categories {
		c.p.Categories[i].Fields = whole[c.p.Categories[i].Name]
	}
}

// ancestors follows a chain of names upwards, the first included; false when it
// comes back to itself, or is longer than any that people would write.
func ancestors(from string, up func(string) string) ([]string, bool) {
	line := []string{from}
	for at := up(from); at != ""; at = up(at) {
		if slices.Contains(line, at) || len(line) > maxChain {
			return append(line, at), false
		}
		line = append(line, at)
	}
	return line, true
}

var personKinds = map[string]avow.SubjectKind{
	"individual": avow.Individual, "business": avow.Business, "business-contact": avow.Business,
}

func (c *compiler) compilePeople() {
	for i := range c.doc.People {
		e := &c.doc.People[i]
		at, known := c.p.names.facts[e.Key]
		if !known {
			if !c.room(len(c.p.Facts), MaxFacts, e.Pos, "words for people") {
				return
			}
			at = len(c.p.Facts)
			c.p.Facts = append(c.p.Facts, Fact{})
			c.p.names.facts[e.Key] = at
		}
		means := c.say(e.Is.Means)
		c.p.Facts[at] = Fact{Declared: true, Name: e.Key, Means: means, ShownBy: c.say(e.Is.ShownBy),
			Kind: personKinds[e.Is.Kind], Clause: c.clause("people."+e.Key, e.Pos, means)}
	}
}

func (c *compiler) compileSources() {
	all := c.doc.Sources.Each
	for i := range all {
		e := &all[i]
		s := e.Is
		c.oneOf("source", s.PartOf, all.Keys())
		c.p.names.sources[e.Key] = len(c.p.Sources)
		c.p.Sources = append(c.p.Sources, CompiledSource{
			Name: e.Key, Title: c.say(s.Title), Yields: c.data(s.Yields), Bought: s.Bought.Yes, Automatic: s.Automatic.Yes,
			TellThePerson: s.TellThePerson, Clause: c.clause("sources."+e.Key, e.Pos, sentence(c.say(s.Title), c.sayAll(s.Ways))),
		})
	}
	c.circles = map[string]bool{}
	for i := range all {
		c.inheritSource(&all[i], i)
	}
}

// inheritSource gives a source inside another what it does not say itself: when the person is told.
func (c *compiler) inheritSource(e *Entry[Source], i int) {
	line, ok := ancestors(e.Key, func(name string) string {
		if s, found := c.doc.Sources.Each.Get(name); found {
			return s.PartOf.Name
		}
		return ""
	})
	if !ok {
		c.broken = true
		c.circle(e.Is.PartOf, line, "let one of them be a part of nothing", "the source "+quote(e.Key)+" is a part of itself")
		return
	}
	s := &c.p.Sources[i]
	for _, above := range line[1:] {
		up, found := c.doc.Sources.Each.Get(above)
		if !found {
			return
		}
		if s.TellThePerson.N == 0 {
			s.TellThePerson = up.TellThePerson
		}
		if s.Yields.Empty() {
			s.Yields = c.p.resolveAll(up.Yields)
		}
	}
}

// compileCombine records which data may be in one profile.
func (c *compiler) compileCombine() {
	d := c.doc.Combine
	if d.All {
		c.p.CombineAll = true
		c.clause("combine", d.Pos, "Data from all sources may be brought together.")
	}
	for _, pair := range d.With {
		at := c.clause("combine."+pair.Key, pair.Pos, fmt.Sprintf("%s may be brought together with %s.", pair.Key, strings.Join(refNames(pair.Is.With), ", ")))
		fields := c.datum(DataRef{Pos: pair.Pos, Category: pair.Key})
		for _, with := range pair.Is.With {
			fields = fields.Or(c.combinedWith(with))
		}
		c.p.CombinePairs = append(c.p.CombinePairs, CombinePair{Fields: fields, Clause: at})
	}
}

// combinedWith is the other side of a combination: a source, a category or a field.
func (c *compiler) combinedWith(r Ref) FieldSet {
	if i, ok := c.p.names.sources[r.Name]; ok {
		return c.p.Sources[i].Yields
	}
	if set, _, ok := c.p.Data(r.Name); ok {
		return set
	}
	c.unknown("source or data category", r, append(c.doc.Sources.Each.Keys(), c.doc.Data.Keys()...))
	return FieldSet{}
}

func (c *compiler) compileEnrich() {
	for i := range c.doc.Enrich {
		e := &c.doc.Enrich[i]
		c.data(e.Is.From)
		c.purposeRefs(e.Is.For)
		for _, w := range e.Is.Learns {
			c.learned(w)
		}
		c.clause("enrich."+e.Key, e.Pos, sentence("What is learned", c.sayAll(e.Is.Learns)))
	}
}

// learned checks a word of `learns` that looks like a field: `contact.employer`.
func (c *compiler) learned(w Text) {
	category, field, dotted := strings.Cut(w.Plain, ".")
	if _, isData := c.doc.Data.Get(category); dotted && isData {
		c.datum(DataRef{Pos: w.Pos, Category: category, Field: field})
	}
}
