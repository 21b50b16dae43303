package notice

import (
	"encoding/hex"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// complaints are the steps of a complaint, in their order, and the authority
// that can always be asked (gdpr:13(2)(d), gdpr:77).
func (b *builder) complaints() Section {
	s := Section{ID: "complaints", Title: b.say("complaints")}
	levels, choice := b.levels()
	if len(levels) > 1 {
		intro := "complaints.intro"
		if choice {
			intro = "complaints.intro.choose"
		}
		s.Blocks = paragraph(b.say(intro))
	}
	for i, level := range levels {
		s.Sections = append(s.Sections, Section{ID: at("complaints.step", itoa(i+1)), Title: b.say("complaints.step", i+1), Blocks: items(FactList, level)})
	}
	s.Sections = append(s.Sections, nonEmpty(b.authorities())...)
	return s
}

func (b *builder) authorities() Section {
	s := Section{ID: "complaints.authorities", Title: b.say("complaints.authorities")}
	var list []Item
	for _, r := range b.inForce() {
		if b.has("authority." + string(r.Name)) {
			list = append(list, b.fact("regime."+string(r.Name), linkify(b.say("authority."+string(r.Name)).String(), "")))
		}
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("complaints.authority")), items(FactList, list)...)
	}
	return s
}

// levels puts every step on the level behind the one it comes after. Several
// on one level are a choice.
func (b *builder) levels() (levels [][]Item, choice bool) {
	for _, e := range b.d.Complaints {
		depth := b.depth(e)
		for len(levels) <= depth {
			levels = append(levels, nil)
		}
		levels[depth] = append(levels[depth], Item{ID: at("complaints", e.Key), Term: b.stepName(e), Body: b.step(e.Is)})
		choice = choice || len(levels[depth]) > 1
	}
	return slices.DeleteFunc(levels, func(l []Item) bool { return len(l) == 0 }), choice
}

// depth counts the steps before one; a circle ends at the number of steps.
func (b *builder) depth(e policy.Entry[policy.ComplaintStep]) int {
	n, after := 0, e.Is.After.Name
	for after != "" && n < len(b.d.Complaints) {
		before, ok := b.d.Complaints.Get(after)
		if !ok {
			break
		}
		n, after = n+1, before.After.Name
	}
	return n
}

func (b *builder) stepName(e policy.Entry[policy.ComplaintStep]) Inline {
	switch {
	case given(e.Is.Name):
		return b.text(e.Is.Name)
	case e.Key == "us":
		return b.say("complaints.us")
	}
	return capitalised(b.named("complaint.", e.Key))
}

func (b *builder) step(c policy.ComplaintStep) []Inline {
	var page, url Inline
	if c.Page.Name != "" {
		page = b.say("complaints.page", b.document(c.Page.Name))
	}
	if c.URL != "" {
		url = b.labelled("contact.page", link(c.URL, c.URL))
	}
	return lines(
		b.labelled("complaints.serves", b.places(c.Serves)),
		b.labelledList("complaints.about", b.texts(c.About)),
		b.labelled("complaints.does", b.text(c.Does)),
		page, url,
		b.labelled("contact.email", mailOrNil(c.Email)),
		b.labelled("contact.phone", phoneOrNil(c.Phone)),
		b.labelled("complaints.hours", plain(c.Hours)),
		b.labelled("contact.post", b.text(c.Post)),
		b.labelled("complaints.where", b.places(c.Where)),
		b.labelled("complaints.cost", b.text(c.CostToYou)),
		b.labelledList("complaints.under", b.schemeNames(c.Under)),
		b.when(c.Binding.Yes, "complaints.binding"))
}

func (b *builder) schemeNames(refs policy.Refs) []Inline {
	var out []Inline
	for _, r := range refs {
		out = append(out, b.safeguardName(r.Name))
	}
	return out
}

// duties are what no policy can waive.
func (b *builder) duties() Section {
	s := Section{ID: "duties", Title: b.say("duties")}
	var list []Item
	for _, name := range []string{policy.DutyAnswerRequests, policy.DutyKeepProof, policy.DutySuppress, policy.DutySecure, policy.DutyObeyLaw} {
		list = append(list, Item{ID: at("duties", name), Term: b.say("duty." + name), Body: lines(b.say("duty." + name + ".says"))})
	}
	s.Blocks = append(paragraph(b.say("duties.intro")), items(FactList, list)...)
	return s
}

// glossary explains the words of the policy and the bases it uses.
func (b *builder) glossary() Section {
	s := Section{ID: "glossary", Title: b.say("glossary")}
	var list []Item
	for _, e := range b.d.Glossary {
		term := plain(capital(spacedName(e.Key)))
		if b.has("basis." + e.Key) {
			term = capitalised(b.say("basis." + e.Key))
		}
		list = append(list, Item{ID: at("glossary", e.Key), Term: term, Body: lines(b.text(e.Is))})
	}
	for _, basis := range b.basesUsed() {
		if _, own := b.d.Glossary.Get(basis.String()); !own && b.has("basis."+basis.String()+".means") {
			list = append(list, Item{ID: at("glossary", basis.String()), Term: capitalised(b.say("basis." + basis.String())), Body: lines(b.say("basis." + basis.String() + ".means"))})
		}
	}
	for _, e := range b.d.People {
		list = append(list, Item{ID: at("people", e.Key), Term: plain(capital(spacedName(e.Key))), Body: lines(sentence(b.text(e.Is.Means)))})
	}
	for _, word := range []string{"controller", "processor", "personal-data"} {
		if _, own := b.d.Glossary.Get(word); !own {
			list = append(list, Item{ID: at("glossary", word), Term: b.say("word." + word), Body: lines(b.say("word." + word + ".means"))})
		}
	}
	s.Blocks = items(FactList, list)
	return s
}

// basesUsed are the lawful bases that stand anywhere in the policy, in the law's order.
func (b *builder) basesUsed() []avow.Basis {
	used := map[avow.Basis]bool{}
	note := func(bases policy.Bases) {
		for _, t := range slices.Concat(bases.Individual, bases.Business) {
			used[t.Basis] = true
		}
	}
	b.everyPurpose(func(_ string, p policy.Purpose) {
		for _, r := range reasons(p) {
			note(b.basis(p, r))
		}
		for _, rule := range []policy.ActRule{p.ToSend, p.ToCollect, p.ToKeep} {
			note(rule.Basis)
		}
	})
	var out []avow.Basis
	for basis := avow.Consent; basis <= avow.NotApplicable; basis++ {
		if used[basis] {
			out = append(out, basis)
		}
	}
	return out
}

// otherPolicies are the organisation's other documents.
func (b *builder) otherPolicies() Section {
	s := Section{ID: "organisation.other-policies", Title: b.say("other")}
	var list []Inline
	for _, e := range b.d.Organisation.OtherPolicies {
		list = append(list, b.document(e.Key))
	}
	s.Blocks = bullets(list)
	return s
}

// changes says what a new version means, which version this is and what it changed.
func (b *builder) changes() Section {
	c := b.d.Changes
	s := Section{ID: "changes", Title: b.say("changes")}
	rules := lines(b.named("changes.apply-to.", c.ApplyTo))
	if c.Notice.N > 0 {
		rules = append(rules, b.say("changes.notice", b.period(c.Notice)))
	}
	if len(c.ToldBy) > 0 {
		rules = append(rules, b.say("changes.told-by", b.and(b.texts(c.ToldBy))))
	}
	if given(c.From) {
		rules = append(rules, sentence(b.say("changes.from", b.text(c.From))))
	}
	s.Blocks = append(s.Blocks, paragraph(spaced(rules...))...)
	s.Blocks = append(s.Blocks, factBlock(
		b.fact("changes.version", plain(itoa(b.p.Number))),
		b.fact("head.effective", b.effective()),
		b.fact("changes.updated", plain(b.date(b.d.Updated))),
		b.fact("changes.hash", plain(hex.EncodeToString(b.p.Hash[:]))))...)
	s.Sections = nonEmpty(b.ended(), b.whatChanged(), b.versions())
	return s
}

// effective is the day from which the policy says it holds.
func (b *builder) effective() Inline {
	if !b.d.EffectiveStated() {
		return nil
	}
	return plain(b.day(b.p.Effective))
}

func (b *builder) ended() Section {
	s := Section{ID: "ends", Title: b.say("ends")}
	var list []Inline
	for _, r := range b.d.Ends {
		list = append(list, plain(b.humanTitle(r.Name)))
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("ends.intro")), bullets(list)...)
	}
	return s
}

func (b *builder) versions() Section {
	s := Section{ID: "versions", Title: b.say("versions")}
	list := slices.Clone(b.o.Versions)
	slices.SortFunc(list, func(x, y VersionInfo) int { return y.Number - x.Number })
	var groups []Group
	for _, v := range list {
		name := Inline{{Text: b.say("versions.number", itoa(v.Number)).String(), Href: safeLocal(v.URL)}}
		groups = append(groups, one(at("versions", itoa(v.Number)), name,
			cell(plain(b.day(v.Effective))), cell(plain(hex.EncodeToString(v.Hash[:8])))))
	}
	s.Blocks = b.table(b.say("versions.caption"), []string{"versions.version", "versions.effective", "versions.hash"}, groups)
	return s
}
