package notice

import (
	"strings"

	"github.com/avowhq/avow/policy"
)

// collected says which data there is (gdpr:14(1)(d)).
func (b *builder) collected() Section {
	s := Section{ID: "data", Title: b.say("data")}
	var list []Item
	for _, c := range b.d.Data {
		list = append(list, Item{ID: at("data", c.Key), Term: b.text(c.Is.Title), Body: b.category(c)})
	}
	s.Blocks = items(FactList, list)
	s.Blocks = append(s.Blocks, withID("provision", paragraph(b.provision()))...)
	return s
}

func (b *builder) category(e policy.Entry[policy.Category]) []Inline {
	c := e.Is
	body := lines(
		b.text(c.Says),
		b.fieldsOf(c),
		b.when(c.About == "somebody-else", "data.somebody-else"),
		b.partOf(c.PartOf),
		b.parts(e.Key),
		b.fieldsThat("data.identifies", c, c.Identifies),
		b.fieldsThat("data.may-identify", c, c.MayIdentify),
		b.labelledList("data.criminal", b.fields(c.Criminal)),
		b.labelledList("data.never-kept", b.fields(c.NeverKept)))
	for _, k := range c.Special {
		body = append(body, b.say("data.special", capitalised(b.fieldOrAll(k.Key)), b.named("special.", k.Is)))
	}
	for _, k := range c.KeptAs {
		body = append(body, b.say("data.kept-as", capitalised(b.fieldOrAll(k.Key)), b.named("kept-as.", k.Is)))
	}
	return append(body, lines(
		sentence(b.text(c.Elsewhere)),
		b.when(c.ReadableByUs.Set && !c.ReadableByUs.Yes, "data.not-readable"),
		b.when(c.Aggregate.Yes, "data.aggregate"),
		b.when(c.Public.Yes, "data.public"))...)
}

func (b *builder) fieldsOf(c policy.Category) Inline {
	if len(c.Fields) < 2 { // one field is what the title says
		return nil
	}
	return b.say("data.fields", b.comma(b.fields(c.Fields)))
}

// fieldsThat names some fields of a category; of a category with one field it says "it".
func (b *builder) fieldsThat(key string, c policy.Category, some policy.Refs) Inline {
	if len(some) == 1 && len(c.Fields) == 1 {
		return b.say(key + ".it")
	}
	return b.labelledList(key, b.fields(some))
}

func (b *builder) labelledList(key string, list []Inline) Inline {
	return b.labelled(key, b.comma(list))
}

func (b *builder) fields(refs policy.Refs) []Inline {
	var out []Inline
	for _, r := range refs {
		out = append(out, b.field(r.Name))
	}
	return out
}

// field is the name of a field as people write it.
func (b *builder) field(name string) Inline { return b.named("field.", name) }

func (b *builder) fieldOrAll(name string) Inline {
	if name == "all" {
		return b.say("data.all-of-it")
	}
	return b.field(name)
}

func (b *builder) partOf(ref policy.Ref) Inline {
	if ref.Name == "" {
		return nil
	}
	return b.say("data.part-of", b.categoryLink(ref.Name))
}

func (b *builder) parts(name string) Inline {
	var parts []Inline
	for _, c := range b.d.Data {
		if c.Is.PartOf.Name == name {
			parts = append(parts, b.categoryLink(c.Key))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return b.say("data.parts", b.and(parts))
}

func (b *builder) categoryLink(name string) Inline {
	c, ok := b.d.Data.Get(name)
	if !ok {
		return plain(b.humanTitle(name))
	}
	return linked(b.text(c.Title), "#"+at("data", name))
}

// provision says whether data must be given (gdpr:13(2)(e)).
func (b *builder) provision() Inline {
	p := b.d.Provision
	if p.Duty == "" && !given(p.IfNotGiven) {
		return b.when(b.demands, "provision.not-stated")
	}
	var duty Inline
	if p.Duty != "" {
		duty = b.say("provision." + p.Duty)
	}
	if !given(p.IfNotGiven) {
		return duty
	}
	return spaced(duty, b.say("provision.if-not-given", sentence(b.text(p.IfNotGiven))))
}

// spaced puts sentences after each other.
func spaced(parts ...Inline) Inline {
	var out Inline
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		if len(out) > 0 {
			out = append(out, Span{Text: " "})
		}
		out = append(out, p...)
	}
	return out
}

// data writes references to data, one line for each category.
func (b *builder) data(refs policy.DataRefs) []Inline {
	var out []Inline
	for i := 0; i < len(refs); i++ {
		r := refs[i]
		if r.All || r.Needed || r.Field == "" {
			out = append(out, b.dataRef(r))
			continue
		}
		group := []Inline{b.field(r.Field)}
		for i+1 < len(refs) && refs[i+1].Category == r.Category && refs[i+1].Field != "" {
			i++
			group = append(group, b.field(refs[i].Field))
		}
		out = append(out, b.someOf(r.Category, group))
	}
	return out
}

// someOf is some fields of a category; of a category with one field, the category.
func (b *builder) someOf(category string, fields []Inline) Inline {
	c, ok := b.d.Data.Get(category)
	if ok && len(c.Fields) == len(fields) {
		return b.categoryLink(category)
	}
	return b.say("data.some-of", b.categoryLink(category), b.comma(fields))
}

func (b *builder) dataRef(r policy.DataRef) Inline {
	switch {
	case r.All:
		return b.say("data.all")
	case r.Needed:
		return b.say("data.needed")
	}
	return b.categoryLink(r.Category)
}

// origins says where data comes from (gdpr:14(2)(f)).
func (b *builder) origins() Section {
	s := Section{ID: "sources", Title: b.say("sources")}
	var groups []Group
	for _, e := range b.d.Sources.Each {
		groups = append(groups, b.sourceRow(e))
	}
	s.Blocks = b.table(b.say("sources.caption"), []string{"sources.from", "sources.how", "sources.what", "sources.more"}, groups)
	if len(b.d.Sources.CollectedBy) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.say("sources.collected-by", b.and(b.texts(b.d.Sources.CollectedBy))))...)
	}
	s.Sections = nonEmpty(b.points())
	return s
}

func (b *builder) sourceRow(e policy.Entry[policy.Source]) Group {
	is := e.Is
	var partOf Inline
	if whole, ok := b.d.Sources.Each.Get(is.PartOf.Name); ok {
		partOf = b.say("sources.part-of", b.text(whole.Title))
	}
	return one(at("sources", e.Key), b.text(is.Title),
		cell(capitalisedAll(b.texts(is.Ways))...),
		cell(capitalisedAll(b.data(is.Yields))...),
		cell(partOf,
			b.when(is.Bought.Yes, "sources.bought"),
			b.when(is.Automatic.Yes, "sources.automatic"),
			b.told(is.TellThePerson),
			b.obtainedTo(is.To)))
}

func (b *builder) told(p policy.Period) Inline {
	if p.N == 0 {
		return nil
	}
	return b.say("sources.told", b.period(p))
}

func (b *builder) obtainedTo(to policy.Words) Inline {
	if len(to) == 0 {
		return nil
	}
	return b.say("sources.to", b.and(b.texts(to)))
}

func capitalisedAll(list []Inline) []Inline {
	for i := range list {
		list[i] = capitalised(list[i])
	}
	return list
}

// points is every way in, with what it asks.
func (b *builder) points() Section {
	s := Section{ID: "collect", Title: b.say("collect")}
	var groups []Group
	for _, e := range b.d.Collect {
		groups = append(groups, b.pointRow(e))
	}
	if len(groups) > 0 {
		s.Blocks = append(paragraph(b.say("collect.intro")),
			b.table(b.say("collect.caption"), []string{"collect.where", "collect.data", "collect.for", "collect.more"}, groups)...)
	}
	return s
}

func (b *builder) pointRow(e policy.Entry[policy.CollectionPoint]) Group {
	is := e.Is
	title := b.text(is.Title)
	if len(title) == 0 {
		title = plain(b.humanTitle(e.Key))
	}
	data := lines(
		b.labelledData("collect.needs", is.Needs),
		b.labelledData("collect.may-have", is.MayHave),
		b.labelledData("collect.keeps", is.Keeps))
	return one(at("collect", e.Key), title, data, cell(b.purposes(is.For)...), b.pointNotes(is))
}

func (b *builder) labelledData(key string, refs policy.DataRefs) Inline {
	return b.labelled(key, b.semicolons(b.data(refs)))
}

func (b *builder) semicolons(parts []Inline) Inline {
	var out Inline
	for i, p := range parts {
		if i > 0 {
			out = concat(out, b.say("list.semicolon"))
		}
		out = concat(out, p)
	}
	return out
}

func (b *builder) pointNotes(is policy.CollectionPoint) Cell {
	var from, confirm, consents, makes Inline
	if src, ok := b.d.Sources.Each.Get(is.Source.Name); ok {
		from = b.say("collect.source", linked(b.text(src.Title), "#"+at("sources", is.Source.Name)))
	}
	if len(is.Confirm) > 0 {
		confirm = b.labelled("collect.confirm", b.semicolons(b.texts(is.Confirm)))
	}
	if len(is.Consent) > 0 {
		consents = b.labelled("collect.consent", b.semicolons(b.purposes(is.Consent)))
	}
	if person, ok := b.d.People.Get(is.Makes.Name); ok {
		makes = b.say("collect.makes", b.text(person.Means))
	}
	return cell(from, b.labelledList("collect.on", b.texts(is.Where)), b.labelledList("collect.by", b.texts(is.By)),
		b.named("collect.as.", is.As), b.when(is.About.Name != "", "collect.about-others"), confirm, consents, makes,
		b.named("collect.recorded.", is.Recorded), b.when(is.Public.Yes, "collect.public"),
		b.when(is.FromAge.N > 0, "collect.from-age", is.FromAge.N), b.when(is.Verify.Yes, "collect.verify"))
}

// purposes names purposes by their titles, each leading to its row.
func (b *builder) purposes(refs policy.Refs) []Inline {
	var out []Inline
	for _, r := range refs {
		out = append(out, b.purposeLink(r.Name))
	}
	return out
}

func (b *builder) purposeLink(name string) Inline {
	if name == "all" {
		return b.say("purposes.all")
	}
	for _, g := range b.d.PurposeGroups {
		if p, ok := g.Is.Purposes.Get(name); ok {
			return linked(b.text(p.Title), "#"+at("purpose-groups", g.Key, "purposes", name))
		}
	}
	if p, ok := b.d.UnlistedPurposes.Get(name); ok {
		return linked(b.text(p.Title), "#"+at("unlisted-purposes", name))
	}
	if _, ok := b.d.Disclosures.Get(name); ok {
		return link(b.humanTitle(name), "#"+at("disclosures", name))
	}
	return b.named("purpose.", strings.TrimSpace(name))
}
