package notice

import (
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// uses says what data is used for, why, and on which basis (gdpr:13(1)(c), gdpr:13(1)(d)).
func (b *builder) uses() Section {
	s := Section{ID: "uses", Title: b.say("uses")}
	s.Blocks = append(s.Blocks, b.usesIntro()...)
	for _, g := range b.d.PurposeGroups {
		s.Sections = append(s.Sections, b.group(g))
	}
	s.Sections = append(s.Sections, nonEmpty(b.unlisted())...)
	return s
}

func (b *builder) usesIntro() []Block {
	if len(b.d.PurposeGroups) == 0 && len(b.d.UnlistedPurposes) == 0 {
		return nil
	}
	intro := paragraph(b.say("uses.intro"))
	if b.d.DefaultBasis.Given && hasBasis(b.d.DefaultBasis, avow.Notice) {
		intro = append(intro, withID("default-basis", noteBlock(b.say("uses.default-notice")))...)
	}
	return intro
}

func hasBasis(bases policy.Bases, want avow.Basis) bool {
	for _, t := range slices.Concat(bases.Individual, bases.Business) {
		if t.Basis == want {
			return true
		}
	}
	return false
}

// listed is a purpose as it stands in a group; the second time it stands in
// another group than its own.
type listed struct {
	policy.Entry[policy.Purpose]
	home   string // the group it was written in
	second bool
	after  string // the purpose it is printed behind, the second time
}

func (b *builder) inGroup(key string) []listed {
	var out, also []listed
	for _, g := range b.d.PurposeGroups {
		for _, p := range g.Is.Purposes {
			if g.Key == key {
				out = append(out, listed{Entry: p, home: g.Key})
				continue
			}
			for _, l := range p.Is.AlsoListedIn {
				if l.Group == key {
					also = append(also, listed{Entry: p, home: g.Key, second: true, after: l.After.Name})
				}
			}
		}
	}
	return placed(out, also)
}

// placed puts those of other groups behind the purpose they name, or at the end.
// One that stands behind another of them waits for it.
func placed(own, also []listed) []listed {
	out := slices.Clone(own)
	for len(also) > 0 {
		var waiting []listed
		for _, p := range also {
			i := slices.IndexFunc(out, func(o listed) bool { return o.Key == p.after })
			switch {
			case p.after == "":
				out = append(out, p)
			case i >= 0:
				out = slices.Insert(out, i+1, p)
			default:
				waiting = append(waiting, p)
			}
		}
		if len(waiting) == len(also) { // they wait for each other
			return append(out, waiting...)
		}
		also = waiting
	}
	return out
}

func (b *builder) group(g policy.Entry[policy.PurposeGroup]) Section {
	s := Section{ID: at("purpose-groups", g.Key), Title: b.text(g.Is.Title)}
	s.Blocks = append(s.Blocks, paragraph(b.text(g.Is.Says))...)
	listed := b.inGroup(g.Key)
	s.Blocks = append(s.Blocks, b.purposeTable(g, listed)...)
	var notes []Item
	for _, p := range listed {
		if p.second {
			continue
		}
		var body []Inline
		if !b.givesReasons(listed) {
			for _, r := range reasons(p.Is) {
				body = append(body, b.reasonNotes(r)...)
			}
		}
		if body = append(body, b.purposeNotes(at("purpose-groups", g.Key, "purposes", p.Key), p.Is)...); len(body) > 0 {
			notes = append(notes, Item{ID: at("purpose-groups", g.Key, "purposes", p.Key, "notes"), Term: b.text(p.Is.Title), Body: body})
		}
	}
	if len(notes) > 0 {
		s.Sections = append(s.Sections, Section{ID: at("purpose-groups", g.Key, "notes"), Title: b.say("uses.notes"), Blocks: items(FactList, notes)})
	}
	return s
}

// givesReasons reports whether any purpose of a group says why; where none does,
// the table has no such column and what is said of reasons stands below it.
func (b *builder) givesReasons(list []listed) bool {
	return slices.ContainsFunc(list, func(p listed) bool {
		return slices.ContainsFunc(reasons(p.Is), func(r policy.Reason) bool { return len(b.because(p.Is, r)) > 0 })
	})
}

func (b *builder) purposeTable(g policy.Entry[policy.PurposeGroup], list []listed) []Block {
	apart := slices.ContainsFunc(list, func(p listed) bool { return b.splits(p.Is) })
	var groups []Group
	for _, p := range list {
		groups = append(groups, b.purposeRows(g.Key, p, apart, b.givesReasons(list)))
	}
	columns := []string{"uses.purpose", "uses.why", "uses.basis", "uses.data"}
	if apart {
		columns = []string{"uses.purpose", "uses.why", "uses.individual", "uses.business", "uses.data"}
	}
	blocks := b.table(b.say("uses.caption", b.text(g.Is.Title)), columns, groups)
	for _, block := range blocks {
		block.Table.even = apart
	}
	return blocks
}

// splits reports whether the bases of a purpose differ by who the reader is.
func (b *builder) splits(p policy.Purpose) bool {
	return slices.ContainsFunc(reasons(p), func(r policy.Reason) bool {
		bases := b.basis(p, r)
		return bases.Split || !hasOnly(bases, avow.Notice, avow.NotStated)
	})
}

func hasOnly(bases policy.Bases, allowed ...avow.Basis) bool {
	for _, t := range slices.Concat(bases.Individual, bases.Business) {
		if !slices.Contains(allowed, t.Basis) {
			return false
		}
	}
	return true
}

// reasons are the reasons of a purpose, whichever way they were written.
func reasons(p policy.Purpose) []policy.Reason {
	if len(p.Reasons) == 0 {
		return []policy.Reason{p.Reason}
	}
	return p.Reasons
}

// basis is the basis of a reason: its own, its purpose's, or the policy's default.
func (b *builder) basis(p policy.Purpose, r policy.Reason) policy.Bases {
	switch {
	case r.Basis.Given:
		return r.Basis
	case p.Basis.Given:
		return p.Basis
	}
	return b.d.DefaultBasis
}

func usesOf(p policy.Purpose, r policy.Reason) policy.DataRefs {
	if len(r.Uses) > 0 {
		return r.Uses
	}
	return p.Uses
}

func (b *builder) purposeRows(group string, p listed, apart, whys bool) Group {
	id := at("purpose-groups", p.home, "purposes", p.Key)
	head := Cell{b.text(p.Is.Title)}
	if p.second {
		home, _ := b.d.PurposeGroups.Get(p.home)
		head = append(head, b.say("uses.also", linked(b.text(home.Title), "#"+id)))
		id = at("purpose-groups", group, "also", p.Key)
	}
	out := Group{ID: id, Head: head}
	for i, r := range reasons(p.Is) {
		var why Cell
		if whys {
			why = append(cell(sentence(b.because(p.Is, r))), b.reasonNotes(r)...)
		}
		row := Row{Cells: []Cell{why}}
		if len(p.Is.Reasons) > 0 {
			row.ID = id + reasonID(i)
		}
		bases := b.basis(p.Is, r)
		row.Cells = append(row.Cells, b.terms(bases.Individual))
		if apart {
			row.Cells = append(row.Cells, b.terms(business(bases)))
		}
		row.Cells = append(row.Cells, cell(capitalisedAll(b.data(usesOf(p.Is, r)))...))
		out.Rows = append(out.Rows, row)
	}
	return out
}

// reasonID is the end of the id of a reason, as its clause key has it.
func reasonID(i int) string { return Anchor(".reasons[" + itoa(i+1) + "]") }

// because is the reason's words, of the reason or of the purpose.
func (b *builder) because(p policy.Purpose, r policy.Reason) Inline {
	if given(r.Because) {
		return b.text(r.Because)
	}
	return b.text(p.Because)
}

func business(bases policy.Bases) []policy.BasisTerm {
	if !bases.Split {
		return bases.Individual
	}
	return bases.Business
}

// terms writes bases, one a line; none at all is said to be not stated.
func (b *builder) terms(list []policy.BasisTerm) Cell {
	if len(list) == 0 {
		return cell(b.say("basis.not-stated"))
	}
	var out Cell
	for i := 0; i < len(list); i++ {
		if list[i].WhereLawAsks && i+1 < len(list) && list[i+1].Otherwise {
			out = append(out, b.say("basis.where-law-asks", capitalised(b.term(list[i])), b.term(list[i+1])))
			i++
			continue
		}
		out = append(out, capitalised(b.term(list[i])))
	}
	return out
}

func (b *builder) term(t policy.BasisTerm) Inline {
	name := b.say("basis." + t.Basis.String())
	if t.Law != "" {
		name = b.say("basis.law", b.law(t.Law))
	}
	switch {
	case t.WhereLawAsks:
		name = b.say("basis.asked-by-law", name)
	case t.Otherwise:
		name = b.say("basis.otherwise", name)
	}
	if len(t.If) > 0 && t.Basis == avow.Notice {
		return b.say("basis.notice.if", b.or(b.people(t.If)))
	}
	if len(t.If) > 0 {
		return b.say("basis.if", name, b.or(b.people(t.If)))
	}
	return name
}

// termsInline writes bases in running text.
func (b *builder) termsInline(list []policy.BasisTerm) Inline {
	var parts []Inline
	for _, c := range b.terms(list) {
		parts = append(parts, lowered(c))
	}
	return b.join("list.or-else", parts)
}

// lowered undoes the capital of a phrase of ours.
func lowered(t Inline) Inline {
	if len(t) == 0 {
		return t
	}
	out := slices.Clone(t)
	if s := out[0].Text; len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' {
		out[0].Text = string(s[0]+'a'-'A') + s[1:]
	}
	return out
}

// unlisted are practices outside the tables, as text.
func (b *builder) unlisted() Section {
	s := Section{ID: "unlisted-purposes", Title: b.say("unlisted")}
	var list []Item
	for _, p := range b.d.UnlistedPurposes {
		list = append(list, Item{ID: at("unlisted-purposes", p.Key), Term: b.text(p.Is.Title), Body: b.unlistedBody(at("unlisted-purposes", p.Key), p.Is)})
	}
	if len(list) > 0 {
		s.Blocks = append(paragraph(b.say("unlisted.intro")), items(FactList, list)...)
	}
	return s
}

func (b *builder) unlistedBody(id string, p policy.Purpose) []Inline {
	var body []Inline
	for i, r := range reasons(p) {
		start := len(body)
		body = append(body, lines(
			sentence(b.because(p, r)),
			b.labelled("unlisted.data", b.semicolons(b.data(usesOf(p, r)))),
			b.labelled("unlisted.basis", b.basisInline(b.basis(p, r))))...)
		body = append(body, b.reasonNotes(r)...)
		if len(p.Reasons) > 0 {
			mark(body[start:], id+reasonID(i))
		}
	}
	return append(body, b.purposeNotes(id, p)...)
}

// basisInline writes the bases of both kinds of people in one line.
func (b *builder) basisInline(bases policy.Bases) Inline {
	individual := b.termsInline(bases.Individual)
	if !bases.Split {
		return individual
	}
	return b.say("basis.both", individual, b.termsInline(bases.Business))
}
