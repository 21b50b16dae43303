package notice

import "github.com/avowhq/avow/policy"

func (b *builder) safeguard(s policy.Safe) Inline {
	if s.NotStated {
		return b.say("safeguard.not-stated")
	}
	if !s.Given || len(s.AnyOf) == 0 {
		return nil
	}
	var names []Inline
	for _, r := range s.AnyOf {
		names = append(names, b.safeguardName(r.Name))
	}
	return b.labelled("safeguard", b.or(names))
}

func (b *builder) safeguardName(name string) Inline {
	if _, ok := b.d.Safeguards.Get(name); ok {
		return link(b.humanTitle(name), "#"+at("safeguards", name))
	}
	if s, ok := b.d.Schemes.Get(name); ok {
		return linked(b.schemeName(policy.Entry[policy.Scheme]{Key: name, Is: *s}), "#"+at("schemes", name))
	}
	if b.has("safeguard." + name) {
		return b.say("safeguard." + name)
	}
	return b.law(name)
}

// transfers says what a transfer out of somebody's region needs, and what the
// declared safeguards and schemes are worth (gdpr:13(1)(f), gdpr:46).
func (b *builder) transfers() Section {
	s := Section{ID: "transfers", Title: b.say("transfers")}
	s.Blocks = paragraph(b.transferRule())
	if len(s.Blocks) == 0 && b.demands {
		s.Blocks = paragraph(b.say("transfers.not-stated"))
	}
	var guards, schemes []Item
	for _, e := range b.d.Safeguards {
		guards = append(guards, Item{ID: at("safeguards", e.Key), Term: plain(b.humanTitle(e.Key)), Body: b.safeguardBody(e.Is)})
	}
	for _, e := range b.d.Schemes {
		schemes = append(schemes, Item{ID: at("schemes", e.Key), Term: b.schemeName(e), Body: b.scheme(e.Is)})
	}
	s.Sections = nonEmpty(
		Section{ID: "safeguards", Title: b.say("safeguards"), Blocks: items(FactList, guards)},
		Section{ID: "schemes", Title: b.say("schemes"), Blocks: items(FactList, schemes)})
	return s
}

func (b *builder) transferRule() Inline {
	t := b.d.Transfers
	if !anyPlace(t.Outside) && !t.Need.Given {
		return nil
	}
	outside := b.say("transfers.your-country")
	if anyPlace(t.Outside) {
		outside = b.or(b.placeList(t.Outside))
	}
	if t.Need.NotStated || len(t.Need.AnyOf) == 0 {
		return b.say("transfers.need-not-stated", outside)
	}
	var names []Inline
	for _, r := range t.Need.AnyOf {
		names = append(names, b.safeguardName(r.Name))
	}
	return b.say("transfers.need", outside, b.or(names))
}

func (b *builder) safeguardBody(g policy.Safeguard) []Inline {
	return lines(
		sentence(b.text(g.Means)),
		b.labelledList("safeguards.principles", b.texts(g.Principles)),
		b.when(g.Stands.Set && !g.Stands.Yes, "safeguards.fallen"),
		b.labelled("safeguards.copy", b.officerOr(g.Copy)))
}

func (b *builder) schemeName(e policy.Entry[policy.Scheme]) Inline {
	if given(e.Is.Name) {
		return b.text(e.Is.Name)
	}
	return capitalised(b.named("scheme.", e.Key))
}

func (b *builder) scheme(s policy.Scheme) []Inline {
	return lines(
		b.schemeStands(s),
		b.labelled("schemes.since", b.text(s.Since)),
		b.schemeRoute(s),
		b.sentenceWith("schemes.shows", b.text(s.Shows)),
		b.schemeDate("schemes.certified", s.Certified),
		b.schemeDate("schemes.renew-by", s.RenewBy),
		b.labelled("schemes.authority", b.text(s.Authority)),
		b.labelledList("schemes.cooperates-with", b.texts(s.CooperatesWith)),
		b.labelled("schemes.liable-for", b.text(s.LiableFor)),
		b.labelled("schemes.cost", b.text(s.CostToYou)),
		b.readMore("schemes.url", s.URL))
}

// readMore is a page to read, by its address or the short name of one of our documents.
func (b *builder) readMore(key, page string) Inline {
	if page == "" {
		return nil
	}
	return b.labelled(key, b.page(page))
}

// schemeStands says plainly whether a scheme protects a transfer today.
func (b *builder) schemeStands(s policy.Scheme) Inline {
	if !s.Safeguard.Set {
		return nil
	}
	if s.Safeguard.Yes {
		return b.say("schemes.stands")
	}
	return strong(b.say("schemes.no-safeguard"))
}

func (b *builder) schemeRoute(s policy.Scheme) Inline {
	switch {
	case anyPlace(s.Covers) && anyPlace(s.To):
		return b.say("schemes.from-to", b.and(b.placeList(s.Covers)), b.destination(s.To))
	case anyPlace(s.Covers):
		return b.say("schemes.covers", b.and(b.placeList(s.Covers)))
	case anyPlace(s.To):
		return b.say("schemes.to", b.destination(s.To))
	}
	return nil
}

// destination is where data goes: "to Norway", "anywhere in the world".
func (b *builder) destination(p policy.Places) Inline {
	if p.Anywhere {
		return b.say("place.anywhere")
	}
	return b.say("place.to", b.places(p))
}

func (b *builder) schemeDate(key string, d policy.Date) Inline {
	return b.labelled(key, plain(b.date(d)))
}
