package notice

import (
	"slices"

	"github.com/avowhq/avow/policy"
)

// online is cookies, signals, embeds, links and forums (eprivacy:5(3)).
func (b *builder) online() Section {
	s := Section{ID: "cookies", Title: b.say("cookies")}
	c := b.d.Cookies
	if c.Policy.Name != "" {
		s.Blocks = append(s.Blocks, paragraph(b.say("cookies.policy", b.document(c.Policy.Name)))...)
	}
	s.Blocks = append(s.Blocks, b.cookieTable()...)
	if len(c.RefuseBy) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.say("cookies.refuse-by", b.or(b.refusals(c.RefuseBy))))...)
	}
	if given(b.d.OutcomeIfRefused) {
		s.Blocks = append(s.Blocks, withID("outcome-if-refused", paragraph(b.say("cookies.outcome", sentence(b.text(b.d.OutcomeIfRefused)))))...)
	}
	s.Sections = nonEmpty(b.signals(), b.embeds(), b.links(), b.forums())
	return s
}

func (b *builder) refusals(list policy.Words) []Inline {
	var out []Inline
	for _, t := range list {
		if key := "refuse-by." + t.Plain; b.has(key) {
			out = append(out, b.say(key))
			continue
		}
		out = append(out, b.fragment(t))
	}
	return out
}

func (b *builder) cookieTable() []Block {
	var groups []Group
	for _, e := range b.d.Cookies.Each {
		c := e.Is
		why := cell(b.text(c.Says), b.cookiePurpose(c.For))
		keeps := cell(capitalised(b.say("until.not-stated")))
		if c.Until.Form != policy.UntilAbsent {
			keeps = b.cookieUntil(c.Until)
		}
		groups = append(groups, one(at("cookies", e.Key), plain(e.Key),
			cell(capitalised(b.cookieBy(c.By))), why, cell(b.cookieNeed(c)), keeps, cell(b.cookieKind(c.Kind))))
	}
	return b.table(b.say("cookies.caption"), []string{"cookies.name", "cookies.by", "cookies.for", "cookies.necessary", "cookies.until", "cookies.kind"}, groups)
}

// cookieKind is the kind of storage, where any of the list is not a cookie.
func (b *builder) cookieKind(kind string) Inline {
	others := slices.ContainsFunc(b.d.Cookies.Each, func(e policy.Entry[policy.Cookie]) bool { return e.Is.Kind != "" && e.Is.Kind != "cookie" })
	if !others {
		return nil
	}
	if kind == "" {
		kind = "cookie"
	}
	return capitalised(b.named("cookie.kind.", kind))
}

func (b *builder) cookiePurpose(ref policy.Ref) Inline {
	if ref.Name == "" {
		return nil
	}
	return b.purposeLink(ref.Name)
}

// cookieUntil counts from when the cookie is set.
func (b *builder) cookieUntil(u policy.Until) Cell {
	if u.Form == policy.UntilPeriod && (u.After == "" || u.After == "collection") {
		return cell(b.period(u.Period))
	}
	return b.untilCell(u)
}

func (b *builder) cookieBy(ref policy.Ref) Inline {
	if ref.Name == "us" {
		return b.say("cookies.us")
	}
	return b.recipientLink(ref.Name)
}

func (b *builder) cookieNeed(c policy.Cookie) Inline {
	if c.Necessary.Yes {
		return b.say("cookies.needed")
	}
	return b.say("cookies.optional")
}

// signals says what browsers' signals do.
func (b *builder) signals() Section {
	s := Section{ID: "signals", Title: b.say("signals")}
	dnt, gpc := b.d.Signals.DNT, b.d.Signals.GPC
	if dnt == "" && gpc == "" && len(b.d.Cookies.Each) == 0 {
		return s
	}
	s.Blocks = factBlock(
		Item{ID: "signals.dnt", Term: b.say("signals.dnt"), Body: lines(b.say("signals.dnt." + orNotStated(dnt)))},
		Item{ID: "signals.gpc", Term: b.say("signals.gpc"), Body: lines(b.say("signals.gpc."+orNotStated(gpc)), b.gpcByLaw())})
	return s
}

func orNotStated(s string) string {
	if s == "" {
		return "not-stated"
	}
	return s
}

func (b *builder) embeds() Section {
	s := Section{ID: "embeds", Title: b.say("embeds")}
	var list []Item
	for _, e := range b.d.Embeds {
		var by Inline
		if e.Is.By.Name != "" {
			by = b.labelled("embeds.by", b.recipientLink(e.Is.By.Name))
		}
		var hosts []Inline
		for _, h := range e.Is.Hosts {
			hosts = append(hosts, plain(h))
		}
		list = append(list, Item{ID: at("embeds", e.Key), Term: b.embedTitle(e.Key, e.Is), Body: lines(
			b.named("embeds.load.", e.Is.Load),
			b.labelledList("embeds.hosts", hosts),
			by,
			b.labelled("embeds.for", b.cookiePurpose(e.Is.For)))})
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("embeds.intro")), items(FactList, list)...)
	}
	return s
}

func (b *builder) embedTitle(key string, e policy.Embed) Inline {
	if given(e.Title) {
		return b.text(e.Title)
	}
	return plain(b.humanTitle(key))
}

func (b *builder) links() Section {
	l := b.d.Links
	s := Section{ID: "links", Title: b.say("links")}
	texts := lines(b.named("links.outside.", l.Outside), b.sentenceWith("links.responsible", b.text(l.Responsible)))
	s.Blocks = paragraph(spaced(texts...))
	return s
}

func (b *builder) forums() Section {
	f := b.d.Forums
	s := Section{ID: "forums", Title: b.say("forums")}
	s.Blocks = paragraph(spaced(lines(b.when(f.Public.Yes, "forums.public"), sentence(b.text(f.Warning)))...))
	return s
}
