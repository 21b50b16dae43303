package notice

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// grant is one right a law gives, and where it stands.
type grant struct{ right, article string }

// granted is what each regime gives the people it covers. The articles are
// printed so that a reader can check them; the words stand under `right.` in the
// phrase files. Clocks and what a request must contain are not here.
var granted = map[avow.Regime][]grant{
	"gdpr":    european("GDPR"),
	"uk-gdpr": european("UK GDPR"),
	"fadp": {{"access", "FADP Art. 25"}, {"correct", "FADP Art. 32(1)"}, {"erase", "FADP Art. 32(2)"}, {"move", "FADP Art. 28"},
		{"object", "FADP Art. 30(2)(b)"}, {"human-review", "FADP Art. 21"}},
	"lgpd": {{"access", "LGPD Art. 18 I, II"}, {"correct", "LGPD Art. 18 III"}, {"erase-unneeded", "LGPD Art. 18 IV, VI"}, {"move", "LGPD Art. 18 V"},
		{"know-recipients", "LGPD Art. 18 VII"}, {"withdraw", "LGPD Art. 18 IX"}, {"review", "LGPD Art. 20"}},
	"popia": {{"access", "POPIA s. 23"}, {"correct", "POPIA s. 24"}, {"erase-unneeded", "POPIA s. 24"}, {"object", "POPIA s. 11(3)"},
		{"stop-marketing", "POPIA s. 11(3)(b), s. 69"}, {"human-review", "POPIA s. 71"}},
	"quebec": {{"access", "Quebec Act P-39.1, s. 27"}, {"correct", "Quebec Act P-39.1, s. 28"}, {"move", "Quebec Act P-39.1, s. 27"},
		{"de-index", "Quebec Act P-39.1, s. 28.1"}, {"withdraw", "Quebec Act P-39.1, s. 8"}, {"told-of-decisions", "Quebec Act P-39.1, s. 12.1"}},
	"pipeda": {{"access", "PIPEDA Sch. 1, cl. 4.9"}, {"correct", "PIPEDA Sch. 1, cl. 4.9.5"}, {"withdraw", "PIPEDA Sch. 1, cl. 4.3.8"},
		{"challenge", "PIPEDA Sch. 1, cl. 4.10"}},
	"ccpa": {{"know", "Cal. Civ. Code § 1798.100, § 1798.110"}, {"erase-collected", "Cal. Civ. Code § 1798.105"}, {"correct", "Cal. Civ. Code § 1798.106"},
		{"opt-out-sale-sharing", "Cal. Civ. Code § 1798.120"}, {"limit-sensitive", "Cal. Civ. Code § 1798.121"},
		{"no-retaliation", "Cal. Civ. Code § 1798.125"}, {"agent", "Cal. Civ. Code § 1798.130, § 1798.135"}},
	"colorado":    american("C.R.S. § 6-1-1306"),
	"connecticut": american("Conn. Gen. Stat. § 42-518"),
	"texas":       american("Tex. Bus. & Com. Code § 541.051"),
	"oregon":      american("ORS 646A.574"),
	"virginia":    american("Va. Code § 59.1-577"),
	"nevada":      {{"opt-out-sale-money", "NRS 603A.345"}, {"notice-nevada", "NRS 603A.340"}},
	"australia": {{"access", "Privacy Act 1988, APP 12"}, {"correct", "Privacy Act 1988, APP 13"}, {"stop-marketing", "Privacy Act 1988, APP 7"},
		{"anonymous", "Privacy Act 1988, APP 2"}},
	"singapore": {{"access", "PDPA s. 21"}, {"correct", "PDPA s. 22"}, {"withdraw", "PDPA s. 16"}},
}

// european are the rights of gdpr:12 to gdpr:22 and gdpr:77, in the Union's text or the United Kingdom's.
func european(law string) []grant {
	return []grant{
		{"access", law + " Art. 15"}, {"correct", law + " Art. 16"}, {"erase", law + " Art. 17"}, {"restrict", law + " Art. 18"},
		{"move", law + " Art. 20"}, {"object", law + " Art. 21(1)"}, {"stop-marketing", law + " Art. 21(2), (3)"},
		{"withdraw", law + " Art. 7(3)"}, {"human-review", law + " Art. 22"}, {"complain", law + " Art. 77"},
	}
}

// american are the rights the states of the United States have in common.
func american(law string) []grant {
	return []grant{{"access", law}, {"correct", law}, {"erase", law}, {"move", law}, {"opt-out-targeting", law}, {"appeal", law}}
}

// inForce are the policy's regimes that have not ended, the strictest first.
func (b *builder) inForce() []avow.RegimeFacts {
	var out []avow.RegimeFacts
	for _, f := range avow.Regimes() {
		if slices.Contains(b.p.Regimes, f.Name) && f.Ended == "" {
			out = append(out, f)
		}
	}
	return out
}

// rights says what people may ask: by law, and as the policy words it (gdpr:13(2)(b)).
func (b *builder) rights() Section {
	r := b.d.Rights
	s := Section{ID: "rights", Title: b.say("rights")}
	if given(r.As) {
		s.Blocks = append(s.Blocks, paragraph(sentence(b.say("rights.as", b.text(r.As))))...)
	}
	var list []Item
	for _, e := range r.Each {
		list = append(list, Item{ID: at("rights", e.Key), Term: capitalised(b.named("right-name.", e.Key)), Body: lines(
			b.labelled("rights.when", b.text(e.Is.When)), sentence(b.text(e.Is.Says)), b.approval(e.Is.ApprovedBy))})
	}
	if len(list) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.say("rights.ours"))...)
		s.Blocks = append(s.Blocks, items(FactList, list)...)
	}
	s.Sections = nonEmpty(b.howToAsk())
	for _, regime := range b.p.Regimes {
		s.Sections = append(s.Sections, nonEmpty(b.regime(regime))...)
	}
	return s
}

func (b *builder) howToAsk() Section {
	r := b.d.Rights
	s := Section{ID: "rights.how", Title: b.say("rights.how")}
	list := lines(b.askHere())
	if len(r.Each) > 0 || len(b.p.Regimes) > 0 {
		list = append(list, b.say("rights.free"))
	}
	if r.Page.Name != "" {
		list = append(list, b.say("rights.page", b.document(r.Page.Name)))
	}
	if given(r.TellUsOfChanges) {
		list = append(list, b.say("rights.tell-us", b.officerOr(r.TellUsOfChanges)))
	}
	s.Blocks = bullets(list)
	return s
}

func (b *builder) askHere() Inline {
	how := b.contactInline()
	if href := safeLocal(b.o.PrivacyCentre); href != "" {
		centre := Inline{{Text: b.say("centre.name").String(), Href: href}}
		if len(how) == 0 {
			return b.say("rights.ask", centre)
		}
		return b.say("rights.ask-both", centre, how)
	}
	if len(how) == 0 {
		return nil
	}
	return b.say("rights.ask", how)
}

// regime is what one law gives the people it covers.
func (b *builder) regime(name avow.Regime) Section {
	f, ok := avow.RegimeByName(name)
	s := Section{ID: at("regimes", string(name)), Title: b.regimeTitle(f)}
	if !ok {
		return s
	}
	if f.Ended != "" {
		s.Blocks = paragraph(b.say("regime.ended", b.isoDay(f.Ended)))
		return s
	}
	s.Blocks = paragraph(b.say("regime.covers", b.coverage(f)))
	var rows []Group
	for _, g := range granted[name] {
		rows = append(rows, one("", b.say("right-title."+g.right), cell(b.say("right."+g.right)), cell(plain(g.article))))
	}
	s.Blocks = append(s.Blocks, b.table(b.say("right.caption", s.Title), []string{"right.name", "right.what", "right.where"}, rows)...)
	if key := "regime.clock." + string(name); b.has(key) {
		s.Blocks = append(s.Blocks, paragraph(b.say(key))...)
	}
	return s
}

func (b *builder) regimeTitle(f avow.RegimeFacts) Inline {
	if key := "regime." + string(f.Name); b.has(key) {
		return b.say(key)
	}
	return plain(f.Title)
}

func (b *builder) coverage(f avow.RegimeFacts) Inline {
	var out []Inline
	for _, c := range f.Covers {
		out = append(out, b.region(avow.Region(c)))
	}
	return b.and(out)
}

func (b *builder) isoDay(s string) string {
	d, ok := parseDay(s)
	if !ok {
		return s
	}
	return b.date(d)
}

func parseDay(s string) (policy.Date, bool) {
	if len(s) != len("2006-01-02") {
		return policy.Date{}, false
	}
	number := func(part string) int {
		n := 0
		for _, c := range part {
			n = n*10 + int(c-'0')
		}
		return n
	}
	return policy.Date{Year: number(s[:4]), Month: number(s[5:7]), Day: number(s[8:])}, true
}

// gpcByLaw says where the Global Privacy Control counts whatever the policy says.
func (b *builder) gpcByLaw() Inline {
	var where []Inline
	for _, f := range b.inForce() {
		if f.GPC {
			where = append(where, b.coverage(f))
		}
	}
	if len(where) == 0 {
		return nil
	}
	return b.say("signals.gpc.by-law", b.and(where))
}

// objecting stands apart from everything else, as the law wants (gdpr:21(4)).
func (b *builder) objecting() Section {
	s := Section{ID: "object", Title: b.say("object")}
	marketing := b.purposesWhere(isMarketing)
	interests := b.purposesWhere(func(p policy.Purpose) bool {
		return slices.ContainsFunc(reasons(p), func(r policy.Reason) bool {
			bases := b.basis(p, r)
			return hasBasis(bases, avow.LegitimateInterests) || hasBasis(bases, avow.PublicTask) || hasBasis(bases, avow.Notice)
		})
	})
	if len(marketing) > 0 {
		s.Blocks = append(s.Blocks, noteBlock(b.say("object.marketing", b.semicolons(marketing)))...)
	}
	if len(interests) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.say("object.interests"))...)
		s.Blocks = append(s.Blocks, paragraph(b.labelled("object.weighed", b.semicolons(b.purposesWhere(isWeighed))))...)
	}
	if len(s.Blocks) > 0 {
		s.Blocks = append(s.Blocks, paragraph(b.objectHow())...)
	}
	return s
}

func (b *builder) objectHow() Inline {
	how := b.contactInline()
	if href := safeLocal(b.o.PrivacyCentre); href != "" {
		centre := Inline{{Text: b.say("centre.name").String(), Href: href}}
		if len(how) > 0 {
			return b.say("object.how-both", centre, how)
		}
		how = centre
	}
	if len(how) == 0 {
		return nil
	}
	return b.say("object.how", how)
}

func isWeighed(p policy.Purpose) bool {
	return slices.ContainsFunc(reasons(p), func(r policy.Reason) bool { return r.Objection == "weighed" })
}
