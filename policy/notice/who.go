package notice

import "github.com/avowhq/avow/policy"

// brief is the notice in a few lines, each leading to its section.
func (b *builder) brief() Section {
	d := b.d
	list := lines(
		b.briefly("brief.data", "data", b.titlesOfData()),
		b.briefly("brief.uses", "uses", b.titlesOfGroups()),
		b.briefSale(),
		b.when(len(d.Recipients) > 0, "brief.recipients", linked(b.say("brief.recipients.link"), "#recipients")),
		b.briefStop(),
		b.when(len(b.p.Regimes) > 0 || len(d.Rights.Each) > 0, "brief.rights", linked(b.say("brief.rights.link"), "#rights")),
		b.briefContact(),
	)
	return Section{ID: "brief", Title: b.say("brief"), Blocks: bullets(list)}
}

func (b *builder) briefly(key, section string, what []Inline) Inline {
	if len(what) == 0 {
		return nil
	}
	return b.say(key, b.semicolons(what), linked(b.say("brief.more"), "#"+section))
}

func (b *builder) titlesOfData() []Inline {
	var out []Inline
	for _, c := range b.d.Data {
		out = append(out, b.text(c.Is.Title))
	}
	return out
}

func (b *builder) titlesOfGroups() []Inline {
	var out []Inline
	for _, g := range b.d.PurposeGroups {
		out = append(out, b.text(g.Is.Title))
	}
	return out
}

func (b *builder) briefSale() Inline {
	sold, rented := b.neverAll(policy.NeverSell), b.neverAll(policy.NeverRent)
	switch {
	case sold && rented:
		return b.say("brief.never-sell-or-rent")
	case sold:
		return b.say("brief.never-sell")
	}
	return nil
}

func (b *builder) neverAll(kind policy.NeverKind) bool {
	for _, n := range b.d.Never {
		for _, data := range n.Data {
			if n.Kind == kind && data.All {
				return true
			}
		}
	}
	return false
}

func (b *builder) briefStop() Inline {
	if !b.anyMarketing() {
		return nil
	}
	return b.say("brief.stop", linked(b.say("brief.stop.link"), "#object"))
}

func (b *builder) briefContact() Inline {
	how := b.contactInline()
	if len(how) == 0 {
		return nil
	}
	return b.say("brief.contact", how)
}

// contactInline is the shortest way to reach somebody about this notice.
func (b *builder) contactInline() Inline {
	o := b.d.Organisation
	switch {
	case o.Officer.Email != "":
		return mailLink(o.Officer.Email)
	case o.Contact.Email != "":
		return mailLink(o.Contact.Email)
	case o.Contact.Page != "":
		return link(o.Contact.Page, o.Contact.Page)
	case o.Contact.Phone != "":
		return phoneLink(o.Contact.Phone)
	}
	return b.text(o.Contact.Post)
}

// who says who makes the promises, which company somebody deals with, and how to
// reach them (gdpr:13(1)(a), gdpr:13(1)(b)).
func (b *builder) who() Section {
	o := b.d.Organisation
	s := Section{ID: "organisation", Title: b.say("who")}
	s.Blocks = append(s.Blocks, paragraph(b.whoWeAre())...)
	if len(b.d.Covers) > 0 {
		s.Blocks = append(s.Blocks, withID("covers", paragraph(b.say("who.covers", b.and(b.texts(b.d.Covers)))))...)
	}
	if o.About != "" {
		s.Blocks = append(s.Blocks, paragraph(b.say("who.about", link(o.About, o.About)))...)
	}
	s.Blocks = append(s.Blocks, withID("extends", paragraph(b.extends()))...)
	s.Blocks = append(s.Blocks, withID("languages", paragraph(b.prevailing()))...)
	if len(o.Entities) == 0 {
		s.Blocks = append(s.Blocks, withID("organisation.controller", paragraph(b.say("entities.controller.one", b.text(o.Name))))...)
	}
	s.Sections = append(s.Sections, nonEmpty(b.entities(), b.contact(), b.officer())...)
	return s
}

func nonEmpty(sections ...Section) []Section {
	var out []Section
	for _, s := range sections {
		if !s.empty() {
			out = append(out, s)
		}
	}
	return out
}

func (b *builder) whoWeAre() Inline {
	return b.say("who.we-are", strong(b.text(b.d.Organisation.Name)))
}

func (b *builder) extends() Inline {
	var names []Inline
	for _, r := range b.d.Extends {
		names = append(names, b.document(r.Name))
	}
	if len(names) == 0 {
		return nil
	}
	return b.say("who.extends", b.and(names))
}

func (b *builder) prevailing() Inline {
	if b.d.Languages.Prevails == "" {
		return nil
	}
	return b.say("who.prevails", b.language(b.d.Languages.Prevails))
}

// entities is the companies of the organisation, by where the reader lives.
func (b *builder) entities() Section {
	o := b.d.Organisation
	s := Section{ID: "organisation.entities", Title: b.say("entities")}
	if len(o.Entities) == 0 {
		return s
	}
	var groups, rest []Group
	for _, e := range o.Entities {
		if e.Is.Serves.EveryoneElse && b.serving() > 1 {
			rest = append(rest, b.entityRow(e)) // after those it is the rest of
			continue
		}
		groups = append(groups, b.entityRow(e))
	}
	groups = append(groups, rest...)
	s.Blocks = append(s.Blocks, withID("organisation.controller", paragraph(b.controller()))...)
	s.Blocks = append(s.Blocks, b.table(b.say("entities.caption"), []string{"entities.where", "entities.company", "entities.law", "entities.courts", "entities.terms"}, groups)...)
	for _, e := range o.Entities {
		s.Blocks = append(s.Blocks, paragraph(b.when(e.Is.ProvidesSitesFor == "group", "entities.sites-for-group", b.company(e.Is)))...)
		if anyPlace(e.Is.RepresentsIn) {
			s.Blocks = append(s.Blocks, paragraph(b.say("entities.represents", b.company(e.Is), b.places(e.Is.RepresentsIn)))...)
		}
	}
	return s
}

// company is an entity's name, with its place when another has the same name.
func (b *builder) company(e policy.Entity) Inline {
	name := b.text(e.Name)
	same := 0
	for _, other := range b.d.Organisation.Entities {
		if b.text(other.Is.Name).String() == name.String() {
			same++
		}
	}
	if same > 1 && given(e.Registered) {
		return b.say("entities.same-name", name, b.text(e.Registered))
	}
	return name
}

func (b *builder) controller() Inline {
	switch b.d.Organisation.Controller {
	case "whoever-collected":
		return b.say("entities.controller.collected")
	case "whoever-serves":
		return b.say("entities.controller.serves")
	}
	if companies := b.d.Organisation.Entities; len(companies) == 1 {
		return b.say("entities.controller.one", b.text(companies[0].Is.Name))
	}
	return b.say("entities.controller.serves")
}

func (b *builder) entityRow(e policy.Entry[policy.Entity]) Group {
	is := e.Is
	where := b.say("entities.collects")
	if anyPlace(is.Serves) {
		where = b.serves(is.Serves)
	}
	company := cell(strong(b.text(is.Name)), capitalised(b.text(is.Registered)),
		b.labelled("entities.office", b.text(is.Office)),
		b.labelled("entities.established", b.places(is.In)),
		b.labelled("entities.vat", plain(is.VAT)))
	law, courts := cell(capitalised(b.text(is.Law))), cell(capitalised(b.text(is.Courts)))
	for _, x := range is.Except {
		who := b.exceptWho(x)
		law = append(law, lines(b.exception(who, x.Law))...)
		courts = append(courts, lines(b.exception(who, x.Courts))...)
	}
	var terms Cell
	for _, t := range is.Terms {
		terms = append(terms, b.say("labelled", b.humanTitle(t.Key), b.text(t.Is)))
	}
	return one(at("organisation", "entities", e.Key), where, company, law, courts, terms)
}

// serves is whom an entity is for; "everyone else" is everybody where no other is named.
func (b *builder) serves(p policy.Places) Inline {
	if p.EveryoneElse && b.serving() == 1 {
		return b.say("entities.everywhere")
	}
	return capitalised(b.places(p))
}

// serving counts the entities that say whom they serve.
func (b *builder) serving() int {
	n := 0
	for _, e := range b.d.Organisation.Entities {
		if anyPlace(e.Is.Serves) {
			n++
		}
	}
	return n
}

func (b *builder) exceptWho(x policy.EntityException) Inline {
	if !anyPlace(x.LivingIn) {
		return b.text(x.Who)
	}
	return b.say("entities.except.living-in", b.text(x.Who), b.or(b.placeList(x.LivingIn)))
}

func (b *builder) exception(who Inline, what policy.Text) Inline {
	if !given(what) {
		return nil
	}
	return b.say("entities.except", who, b.text(what))
}

func (b *builder) contact() Section {
	c := b.d.Organisation.Contact
	s := Section{ID: "organisation.contact", Title: b.say("contact")}
	var page Inline
	if c.Page != "" {
		page = b.page(c.Page)
	}
	s.Blocks = factBlock(
		b.fact("contact.email", mailOrNil(c.Email)),
		b.fact("contact.phone", phoneOrNil(c.Phone)),
		b.fact("contact.post", b.text(c.Post)),
		b.fact("contact.page", page))
	s.Blocks = append(s.Blocks, noteBlock(b.text(c.Advice))...)
	return s
}

// page is a page given by its address, or by the short name of one of our documents.
func (b *builder) page(s string) Inline {
	if _, ok := b.d.Organisation.OtherPolicies.Get(s); ok {
		return b.document(s)
	}
	return link(s, s)
}

func mailOrNil(s string) Inline {
	if s == "" {
		return nil
	}
	return mailLink(s)
}

func phoneOrNil(s string) Inline {
	if s == "" {
		return nil
	}
	return phoneLink(s)
}

func (b *builder) officer() Section {
	o := b.d.Organisation.Officer
	title := b.text(o.Title)
	if len(title) == 0 {
		title = b.say("officer")
	}
	s := Section{ID: "organisation.officer", Title: title}
	s.Blocks = factBlock(
		b.fact("officer.name", plain(o.Name)),
		b.fact("contact.email", mailOrNil(o.Email)),
		b.fact("contact.phone", phoneOrNil(o.Phone)))
	if len(s.Blocks) == 0 && b.demands { // gdpr:13(1)(b)
		s.Blocks = paragraph(b.say("officer.none"))
	}
	return s
}

// officerOr turns the word `dpo` into a link to the officer; anything else is text.
func (b *builder) officerOr(t policy.Text) Inline {
	in := b.text(t)
	o := b.d.Organisation.Officer
	if in.String() != "dpo" {
		return b.fragment(t)
	}
	title := b.text(o.Title)
	if len(title) == 0 {
		title = b.say("officer")
	}
	if o.Email == "" {
		return linked(title, "#organisation.officer")
	}
	return b.say("officer.at", title, mailLink(o.Email))
}
