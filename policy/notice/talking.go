package notice

import (
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// everyPurpose calls f with every purpose of the file and its key, in order.
func (b *builder) everyPurpose(f func(key string, p policy.Purpose)) {
	for _, g := range b.d.PurposeGroups {
		for _, p := range g.Is.Purposes {
			f(p.Key, p.Is)
		}
	}
	for _, p := range b.d.UnlistedPurposes {
		f(p.Key, p.Is)
	}
}

// purposesWhere links the purposes a condition holds for.
func (b *builder) purposesWhere(holds func(p policy.Purpose) bool) []Inline {
	var out []Inline
	b.everyPurpose(func(key string, p policy.Purpose) {
		if holds(p) {
			out = append(out, b.purposeLink(key))
		}
	})
	return out
}

func isMarketing(p policy.Purpose) bool {
	return slices.ContainsFunc(reasons(p), func(r policy.Reason) bool { return r.DirectMarketing.Yes })
}

func (b *builder) anyMarketing() bool { return len(b.purposesWhere(isMarketing)) > 0 }

// messages says what is sent and how it is stopped.
func (b *builder) messages() Section {
	s := Section{ID: "messages", Title: b.say("messages")}
	marketing := b.purposesWhere(func(p policy.Purpose) bool { return isMarketing(p) || p.Sends == "marketing" })
	service := b.purposesWhere(func(p policy.Purpose) bool { return p.Sends == "service-messages" })
	behalf := b.purposesWhere(func(p policy.Purpose) bool { return p.Sends == "on-behalf" })
	list := lines(
		b.sending("messages.marketing", marketing),
		b.sending("messages.service", service),
		b.sending("messages.on-behalf", behalf))
	s.Blocks = bullets(list)
	if len(marketing) == 0 {
		return s
	}
	s.Blocks = append(s.Blocks, paragraph(b.say("messages.always"))...)
	s.Blocks = append(s.Blocks, withID("stop", paragraph(b.stopWays()))...)
	s.Blocks = append(s.Blocks, b.topics()...)
	return s
}

func (b *builder) sending(key string, purposes []Inline) Inline {
	if len(purposes) == 0 {
		return nil
	}
	return b.say(key, b.semicolons(purposes))
}

func (b *builder) stopWays() Inline {
	if len(b.d.Stop) == 0 {
		return nil
	}
	return b.labelled("messages.stop", b.comma(b.pagesOrTexts(b.d.Stop)))
}

// topics are what the preference centre shows.
func (b *builder) topics() []Block {
	var order []string
	by := map[string][]Inline{}
	b.everyPurpose(func(key string, p policy.Purpose) {
		for _, r := range reasons(p) {
			name := r.Topic.Name
			if name == "" {
				continue
			}
			if _, seen := by[name]; !seen {
				order = append(order, name)
			}
			title := b.purposeLink(key)
			if !slices.ContainsFunc(by[name], func(t Inline) bool { return t.String() == title.String() }) {
				by[name] = append(by[name], title)
			}
		}
	})
	if len(order) == 0 {
		return nil
	}
	var list []Item
	for _, name := range order {
		list = append(list, Item{ID: at("topics", name), Term: plain(b.humanTitle(name)), Body: by[name]})
	}
	return append(paragraph(b.say("messages.topics", b.centre())), items(FactList, list)...)
}

// centre names the place where choices are changed.
func (b *builder) centre() Inline {
	if href := safeLocal(b.o.PrivacyCentre); href != "" {
		return Inline{{Text: b.say("centre.here").String(), Href: href}}
	}
	return b.say("centre")
}

// consent says what is asked for, how it is given and taken back (gdpr:7(3), gdpr:13(2)(c)).
func (b *builder) consent() Section {
	s := Section{ID: "consents", Title: b.say("consent")}
	asked := b.purposesWhere(b.asksConsent)
	if len(asked) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.say("consent.for", b.semicolons(asked)))...)
		s.Blocks = append(s.Blocks, paragraph(b.say("consent.withdraw", b.centre()))...)
	}
	if accepted := b.text(b.d.AcceptedBy); len(accepted) > 0 {
		s.Blocks = append(s.Blocks, withID("accepted-by", noteBlock(b.say("consent.accepted-by", accepted)))...)
	} else if len(asked) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.say("consent.never-by-use"))...)
	}
	var list []Item
	for _, c := range b.d.Consents {
		list = append(list, Item{ID: at("consents", c.Key), Term: b.purposeLink(c.Key), Body: b.consentRule(c.Is)})
	}
	s.Blocks = append(s.Blocks, items(FactList, list)...)
	return s
}

// asksConsent reports whether consent is among the bases of a purpose, for whatever act.
func (b *builder) asksConsent(p policy.Purpose) bool {
	for _, r := range reasons(p) {
		if hasBasis(b.basis(p, r), avow.Consent) {
			return true
		}
	}
	return hasBasis(p.ToSend.Basis, avow.Consent) || hasBasis(p.ToKeep.Basis, avow.Consent) || hasBasis(p.ToCollect.Basis, avow.Consent)
}

func (b *builder) consentRule(c policy.ConsentRule) []Inline {
	var lasts Inline
	if c.LastsFor.N > 0 {
		lasts = b.say("consent.lasts-for", b.period(c.LastsFor))
	}
	return lines(
		b.labelled("consent.asks", b.text(c.Asks)),
		b.named("consent.confirm.", c.Confirm),
		b.sentenceWith("consent.requires", b.text(c.Requires)),
		b.sentenceWith("consent.given-by", b.text(c.GivenBy)),
		lasts)
}

// decisions says what is decided about people (gdpr:13(2)(f), gdpr:22).
func (b *builder) decisions() Section {
	s := Section{ID: "decisions", Title: b.say("decisions")}
	var list []Item
	b.everyPurpose(func(key string, p policy.Purpose) {
		if given(p.Decides.What) {
			list = append(list, Item{Term: b.purposeLink(key), Body: b.decision(p.Decides)})
		}
	})
	profiles := b.purposesWhere(func(p policy.Purpose) bool {
		return slices.ContainsFunc(reasons(p), func(r policy.Reason) bool { return r.Profiling.Yes })
	})
	if len(list) == 0 && (b.demands || len(profiles) > 0) {
		s.Blocks = paragraph(b.say("decisions.none"))
	}
	s.Blocks = append(s.Blocks, items(FactList, list)...)
	s.Blocks = append(s.Blocks, paragraph(b.sending("decisions.profiles", profiles))...)
	return s
}

func (b *builder) decision(d policy.Decision) []Inline {
	return lines(
		b.labelled("decisions.what", b.text(d.What)),
		b.named("decisions.alone.", d.Alone),
		b.labelled("decisions.logic", b.text(d.Logic)),
		b.labelled("decisions.effect", b.text(d.Effect)),
		b.labelled("decisions.human-review", b.officerOr(d.HumanReview)))
}

// children says how the service treats them (gdpr:8).
func (b *builder) children() Section {
	c := b.d.Children
	return Section{ID: "children", Title: b.say("children"), Blocks: bullets(lines(
		b.when(c.For.Set && c.For.Yes, "children.for"),
		b.when(c.For.Set && !c.For.Yes, "children.not-for"),
		b.childrenUnder(c),
		sentence(b.text(c.How))))}
}

func (b *builder) childrenUnder(c policy.Children) Inline {
	switch {
	case c.ConsentBy == "nobody" && c.Under.N > 0:
		return b.say("children.nobody-under", c.Under.N)
	case c.ConsentBy == "nobody":
		return b.say("children.nobody")
	case c.Under.N > 0:
		return b.say("children.parent-under", c.Under.N)
	case c.ConsentBy == "parent":
		return b.say("children.parent")
	}
	return nil
}

// special gathers special categories and data about convictions (gdpr:9, gdpr:10).
func (b *builder) special() Section {
	s := Section{ID: "special", Title: b.say("special")}
	var list []Item
	for _, c := range b.d.Data {
		var body []Inline
		for _, k := range c.Is.Special {
			body = append(body, b.say("data.special", capitalised(b.fieldOrAll(k.Key)), b.named("special.", k.Is)))
		}
		body = append(body, lines(b.labelledList("data.criminal", b.fields(c.Is.Criminal)))...)
		if len(body) > 0 {
			list = append(list, Item{Term: b.categoryLink(c.Key), Body: body})
		}
	}
	s.Blocks = items(FactList, list)
	var rules []Item
	b.everyPurpose(func(key string, p policy.Purpose) {
		for _, r := range reasons(p) {
			body := append(b.rule("note.for-special", r.ForSpecial), b.rule("note.for-criminal", r.ForCriminal)...)
			if len(body) > 0 {
				rules = append(rules, Item{Term: b.purposeLink(key), Body: body})
			}
		}
	})
	if len(rules) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.say("special.rules"))...)
		s.Blocks = append(s.Blocks, items(FactList, rules)...)
	}
	return s
}

// combining says what is brought together and what is learned from it.
func (b *builder) combining() Section {
	s := Section{ID: "combine", Title: b.say("combine")}
	if b.d.Combine.All {
		s.Blocks = append(s.Blocks, paragraph(b.say("combine.all"))...)
	}
	for _, w := range b.d.Combine.With {
		var with []Inline
		for _, r := range w.Is.With {
			with = append(with, b.sourceOrCategory(r.Name))
		}
		s.Blocks = append(s.Blocks, withID(at("combine", w.Key), paragraph(b.say("combine.with", b.categoryLink(w.Key), b.and(with))))...)
	}
	if len(s.Blocks) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.say("combine.keeps-origin"))...)
	}
	var list []Item
	for _, e := range b.d.Enrich {
		list = append(list, Item{ID: at("enrich", e.Key), Term: b.enrichTitle(e.Is), Body: b.enrichment(e.Is)})
	}
	if len(list) > 0 {
		s.Sections = []Section{{ID: "enrich", Title: b.say("enrich"), Blocks: items(FactList, list)}}
	}
	return s
}

func (b *builder) sourceOrCategory(name string) Inline {
	if s, ok := b.d.Sources.Each.Get(name); ok {
		return linked(b.text(s.Title), "#"+at("sources", name))
	}
	return b.categoryLink(name)
}

func (b *builder) enrichTitle(e policy.Enrichment) Inline {
	return b.say("enrich.from", b.semicolons(b.data(e.From)))
}

func (b *builder) enrichment(e policy.Enrichment) []Inline {
	return lines(
		b.labelledList("enrich.with", b.texts(e.With)),
		b.labelled("enrich.learns", b.semicolons(b.learned(e.Learns))),
		b.labelledList("enrich.about", b.texts(e.About)),
		b.named("enrich.identifies.", e.Identifies),
		b.named("enrich.sometimes.", e.Sometimes),
		b.labelled("enrich.for", b.semicolons(b.purposes(e.For))))
}

// learned writes what comes out: data by its path, or plain words.
func (b *builder) learned(list policy.Words) []Inline {
	var refs policy.DataRefs
	var rest []Inline
	for _, t := range list {
		if ref, ok := b.dataPath(t.Plain); ok {
			refs = append(refs, ref)
			continue
		}
		rest = append(rest, b.fragment(t))
	}
	return append(b.data(refs), rest...)
}

// dataPath reads `category` or `category.field` when the policy declares it.
func (b *builder) dataPath(s string) (policy.DataRef, bool) {
	name, field, isField := strings.Cut(s, ".")
	c, ok := b.d.Data.Get(name)
	if !ok || isField && !slices.ContainsFunc(c.Fields, func(r policy.Ref) bool { return r.Name == field }) {
		return policy.DataRef{}, false
	}
	return policy.DataRef{Category: name, Field: field}, true
}
