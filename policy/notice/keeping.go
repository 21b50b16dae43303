package notice

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/policy"
)

// retention says how long data is kept (gdpr:13(2)(a)).
func (b *builder) retention() Section {
	r := b.d.Retention
	s := Section{ID: "retention", Title: b.say("retention")}
	if r.Schedule.Name != "" {
		s.Blocks = append(s.Blocks, withID("retention.schedule", paragraph(b.say("retention.schedule", b.document(r.Schedule.Name))))...)
	}
	var groups []Group
	for _, e := range r.Rules {
		groups = append(groups, b.retentionRow(e))
	}
	for _, c := range b.unruled() {
		groups = append(groups, one("", b.categoryLink(c), cell(capitalised(b.say("until.not-stated"))), cell(capitalised(b.say("then.not-stated"))), nil))
	}
	s.Blocks = append(s.Blocks, b.table(b.say("retention.caption"), []string{"retention.data", "retention.until", "retention.then", "retention.more"}, groups)...)
	if len(r.KeepLongerFor) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.labelledList("retention.keep-longer-for", b.texts(r.KeepLongerFor)))...)
	}
	return s
}

// unruled are the categories for which nothing is said, where the law wants it said.
func (b *builder) unruled() []string {
	if !b.demands && len(b.d.Retention.Rules) == 0 {
		return nil
	}
	ruled := map[string]bool{}
	for _, e := range b.d.Retention.Rules {
		ruled[e.Key] = true
		for _, d := range e.Is.Of {
			ruled[d.Category] = true
		}
	}
	var out []string
	for _, c := range b.d.Data {
		if !ruled[c.Key] && !ruled[c.Is.PartOf.Name] {
			out = append(out, c.Key)
		}
	}
	return out
}

func (b *builder) retentionRow(e policy.Entry[policy.RetentionRule]) Group {
	r := e.Is
	head := Cell{b.ruleTitle(e)}
	if len(r.Of) > 0 {
		head = append(head, b.data(r.Of)...)
	}
	then := b.named("then.", r.Then)
	g := one(at("retention", e.Key), nil,
		b.untilCell(r.Until),
		cell(capitalised(then)),
		cell(b.keptFor(r.For), b.labelledList("retention.leaves", b.texts(r.Leaves)), sentence(b.text(r.Because))))
	g.Head = head
	return g
}

// ruleTitle is the category a rule is named after, or the rule's own name.
func (b *builder) ruleTitle(e policy.Entry[policy.RetentionRule]) Inline {
	if _, ok := b.d.Data.Get(e.Key); ok {
		return b.categoryLink(e.Key)
	}
	return plain(b.humanTitle(e.Key))
}

func (b *builder) keptFor(refs policy.Refs) Inline {
	if len(refs) == 0 {
		return nil
	}
	return b.say("retention.only-for", b.semicolons(b.purposes(refs)))
}

// untilCell writes an end as lines: cases one below the other.
func (b *builder) untilCell(u policy.Until) Cell {
	if u.Form != policy.UntilCases {
		return cell(capitalised(b.until(u)))
	}
	var out Cell
	for _, c := range u.Cases {
		out = append(out, b.untilCase(c))
	}
	return out
}

func (b *builder) untilCase(c policy.Entry[policy.Until]) Inline {
	if c.Key == "otherwise" {
		return b.say("labelled", b.say("until.otherwise"), b.until(c.Is))
	}
	return b.say("labelled", capital(spacedName(c.Key)), b.until(c.Is))
}

// spacedName keeps words the author wrote with spaces and opens up dashed names.
func spacedName(s string) string {
	if strings.Contains(s, " ") {
		return s
	}
	return strings.ReplaceAll(s, "-", " ")
}

// until is when keeping ends, in words.
func (b *builder) until(u policy.Until) Inline {
	switch u.Form {
	case policy.UntilPeriod:
		return b.untilPeriod(u)
	case policy.UntilEvent:
		return b.say("until.event", spacedName(u.Event))
	case policy.UntilLatest:
		return b.say("until.latest", b.ends(u.Of))
	case policy.UntilEarliest:
		return b.say("until.earliest", b.ends(u.Of))
	case policy.UntilCases:
		var cases []Inline
		for _, c := range u.Cases {
			cases = append(cases, b.untilCase(c))
		}
		return b.semicolons(cases)
	case policy.UntilSchedule:
		if name := b.d.Retention.Schedule.Name; name != "" {
			return b.say("until.schedule-in", b.document(name))
		}
	case policy.UntilMoved:
		return b.untilMoved(u.To.Name)
	}
	return b.say("until." + untilKeys[u.Form])
}

var untilKeys = map[policy.UntilForm]string{
	policy.UntilAbsent:    "not-stated",
	policy.UntilSchedule:  "schedule",
	policy.UntilNeeded:    "needed",
	policy.UntilLegalDuty: "legal-duty",
	policy.UntilForEver:   "for-ever",
	policy.UntilNotStated: "not-stated",
}

func (b *builder) untilPeriod(u policy.Until) Inline {
	if u.After == "" || u.After == "collection" {
		return b.say("until.after-collection", b.period(u.Period))
	}
	return b.say("until.after", b.period(u.Period), b.named("event.", u.After))
}

func (b *builder) untilMoved(name string) Inline {
	if _, ok := b.d.Retention.Rules.Get(name); ok {
		return b.say("until.moved", link(b.human(name), "#"+at("retention", name)))
	}
	return b.say("until.moved", b.human(name))
}

func (b *builder) ends(list []policy.Until) Inline {
	var parts []Inline
	for _, u := range list {
		parts = append(parts, b.until(u))
	}
	return b.semicolons(parts)
}

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

// statistics says what is counted and published.
func (b *builder) statistics() Section {
	st := b.d.Statistics
	return Section{ID: "statistics", Title: b.say("statistics"), Blocks: bullets(lines(
		sentence(b.text(st.Says)),
		b.when(st.SmallestGroup.N > 0, "statistics.smallest-group", st.SmallestGroup.N)))}
}

// security says how data is kept safe (gdpr:32).
func (b *builder) security() Section {
	sec := b.d.Security
	s := Section{ID: "security", Title: b.say("security")}
	s.Blocks = factBlock(
		b.fact("security.administrative", capitalised(b.comma(b.texts(sec.Administrative)))),
		b.fact("security.technical", capitalised(b.comma(b.texts(sec.Technical)))),
		b.fact("security.physical", capitalised(b.comma(b.texts(sec.Physical)))),
		b.fact("security.protects-against", capitalised(b.comma(b.texts(sec.ProtectsAgainst)))),
		Item{ID: "security.report-a-concern", Term: b.say("security.concern"), Body: lines(b.report(sec.ReportAConcern))},
		Item{ID: "security.report-a-flaw", Term: b.say("security.flaw"), Body: lines(b.report(sec.ReportAFlaw))})
	s.Blocks = append(s.Blocks, paragraph(b.when(sec.NoGuarantee.Yes, "security.no-guarantee"))...)
	return s
}

func (b *builder) report(t policy.Text) Inline {
	if !given(t) {
		return nil
	}
	return b.say("security.tell", b.officerOr(t))
}
