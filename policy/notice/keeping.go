package notice

import (
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
	s.Blocks = append(paragraph(sentence(b.text(sec.Says))), s.Blocks...)
	s.Blocks = append(s.Blocks, paragraph(b.when(sec.NoGuarantee.Yes, "security.no-guarantee"))...)
	return s
}

func (b *builder) report(t policy.Text) Inline {
	if !given(t) {
		return nil
	}
	return b.say("security.tell", b.officerOr(t))
}
