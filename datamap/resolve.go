package datamap

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow/policy"
)

// resolve finds what every name of the map leads to.
func (b *builder) resolve() {
	index := b.index()
	for _, t := range b.m.Tables() {
		for i := range t.Columns {
			b.data(&t.Columns[i].Is, t)
		}
		for i := range t.References {
			b.target(index, &t.References[i].Is)
		}
	}
	incoming := b.incoming()
	for _, t := range b.m.Tables() {
		b.links(index, t, incoming[t])
		b.findElsewhere(index, t)
	}
}

// data finds the fields of the policy that a column holds.
func (b *builder) data(c *Column, t *Table) {
	for _, ref := range c.Is {
		name := ref.Category
		if ref.Field != "" {
			name += "." + ref.Field
		}
		if ref.All || ref.Needed {
			b.add(t.System, ref.Pos, "not-data", "a column holds certain data, not all of it", c.Name, "name the category or field: `contact.email`")
			continue
		}
		fields, _, ok := b.m.Policy.Data(name)
		if !ok {
			b.add(t.System, ref.Pos, "unknown-data", "the policy has no data "+policy.Quote(name), name, b.dataAdvice(name))
			continue
		}
		c.Fields = c.Fields.Or(fields)
	}
}

// dataAdvice suggests the data nearest to what was written, else the categories there are.
func (b *builder) dataAdvice(wrote string) string {
	var categories []string
	for _, c := range b.m.Policy.Categories {
		categories = append(categories, c.Name)
	}
	if b.full() {
		return ""
	}
	out := slices.Clone(categories)
	for _, f := range b.m.Policy.Fields {
		if f.Declared {
			out = append(out, f.Path())
		}
	}
	if near := policy.Nearest(wrote, out); near != "" {
		return "did you mean " + policy.Quote(near) + "?"
	}
	return "declare it in the policy, or name what is declared: " + list(categories)
}

// tableIndex finds tables by every name they may be called by: from within their
// system, and with the system in front.
type tableIndex struct {
	within map[*System]map[string]*Table
	all    map[string]*Table
}

func (b *builder) index() tableIndex {
	x := tableIndex{map[*System]map[string]*Table{}, map[string]*Table{}}
	for _, s := range b.m.Systems {
		x.within[s] = map[string]*Table{}
		for _, t := range s.all {
			for _, name := range []string{t.Name, t.Qualified()} {
				x.within[s][name] = t
				x.all[s.Name.Text+"."+name] = t
			}
		}
	}
	return x
}

// place is a table and what stands behind its name.
type place struct {
	table *Table
	rest  string
}

// places lists every way to read `table.column` or `system.table.column` from
// within a system: names of tables and columns may contain dots themselves.
func (x tableIndex) places(s *System, text string) []place {
	var out []place
	for i, c := range text {
		if c != '.' || i+1 == len(text) {
			continue
		}
		for _, t := range []*Table{x.within[s][text[:i]], x.all[text[:i]]} {
			if t != nil && !slices.ContainsFunc(out, func(p place) bool { return p.table == t && p.rest == text[i+1:] }) {
				out = append(out, place{t, text[i+1:]})
			}
		}
	}
	return out
}

// names are the tables that can be named from within a system.
func (x tableIndex) names(s *System) []string {
	var out []string
	for name := range x.within[s] {
		out = append(out, name)
	}
	for name := range x.all {
		if !strings.HasPrefix(name, s.Name.Text+".") {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// target finds the table and columns a reference points at.
func (b *builder) target(x tableIndex, r *Reference) {
	s := r.Table.System
	for _, w := range r.To {
		if w.Text == "" {
			return
		}
		found := x.places(s, w.Text)
		switch {
		case len(found) == 0:
			b.unknownTarget(x, r, w)
			return
		case len(found) > 1:
			b.add(s, w.Pos, "ambiguous-name", policy.Quote(w.Text)+" can be read in several ways", w.Text,
				"put the system in front, or give it another name: one way is the table "+found[0].table.Path()+", another "+found[1].table.Path())
			return
		case r.Target != nil && r.Target != found[0].table:
			b.add(s, w.Pos, "two-targets", "one reference points at columns of one table", w.Text, "make it two references, each with its condition under `when`")
			return
		}
		r.Target = found[0].table
		r.There = append(r.There, found[0].rest)
	}
	if len(r.Here) != len(r.There) && len(r.There) > 0 {
		b.add(s, r.Pos, "different-arity", fmt.Sprintf("the reference %s has %s here and %s there", policy.Quote(r.Name), columns(len(r.Here)), columns(len(r.There))), r.Name,
			"name as many columns under `columns` as under `to`, in the same order")
		r.Target = nil
	}
}

func columns(n int) string {
	if n == 1 {
		return "one column"
	}
	return fmt.Sprintf("%d columns", n)
}

func (b *builder) unknownTarget(x tableIndex, r *Reference, w Word) {
	do := "write `table.column`, or `system.table.column`; a table without personal data that leads on to others stands in the map too"
	if table, column, dotted := cutLast(w.Text); dotted && !b.full() {
		if near := policy.Nearest(table, x.names(r.Table.System)); near != "" {
			do = "did you mean " + policy.Quote(near+"."+column) + "?"
		}
	}
	b.add(r.Table.System, w.Pos, "unknown-table", "the map has no table for "+policy.Quote(w.Text), w.Text, do)
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// incoming lists the references that point at each table.
func (b *builder) incoming() map[*Table][]*Reference {
	out := map[*Table][]*Reference{}
	for _, t := range b.m.Tables() {
		for i := range t.References {
			if r := &t.References[i].Is; r.Target != nil {
				out[r.Target] = append(out[r.Target], r)
			}
		}
	}
	return out
}

// links makes the ways to a person of what stands under `relation`.
func (b *builder) links(x tableIndex, t *Table, incoming []*Reference) {
	named := map[string]bool{} // identities that are links of their own
	for _, e := range t.Relation.Each {
		if _, ok := t.Identities.Get(e.Key); ok && t.Reference(e.Key) == nil {
			named[e.Key] = true
		}
	}
	if t.Relation.Word != Unrelated {
		b.implicitLink(t, incoming)
	}
	for _, e := range t.Relation.Each {
		if e.Is.Relation != Unrelated {
			b.namedLink(x, t, e, named, incoming)
		}
	}
}

// itself is the link of the identities that stand in the row.
const itself = "itself"

// implicitLink finds the one way that `relation: owns` means.
func (b *builder) implicitLink(t *Table, incoming []*Reference) {
	l := &Link{Pos: t.Relation.Pos, Relation: t.Relation.Word, Table: t}
	incoming = slices.DeleteFunc(slices.Clone(incoming), func(r *Reference) bool { return r.Table == t })
	switch {
	case len(t.Identities) > 0:
		l.Name, l.Identities = itself, identities(t, nil)
	case len(t.References) == 1:
		l.follow(&t.References[0].Is, false)
	case len(t.References) == 0 && len(incoming) == 1:
		l.follow(incoming[0], true)
	case b.waits(t.System) || t.gone:
		return
	case len(t.References)+len(incoming) == 0:
		b.add(t.System, t.Relation.Pos, "no-link", "nothing ties a row of "+policy.Quote(t.Name)+" to a person", t.Name,
			"write the column that identifies somebody under `identities`, or the one that points at another table under `references`")
		return
	default:
		b.add(t.System, t.Relation.Pos, "ambiguous-owner", "it is not said who "+l.Relation.String()+" a row of "+policy.Quote(t.Name), t.Name,
			"name the way: `relation: {"+candidates(t, incoming)[0]+": "+l.Relation.String()+"}`; there are "+list(candidates(t, incoming)))
		return
	}
	if l.Reference == nil || l.From != nil {
		t.Links = append(t.Links, l)
	}
}

// follow makes the link one by a reference. From stays nil when the reference leads nowhere.
func (l *Link) follow(r *Reference, incoming bool) {
	l.Reference, l.Incoming, l.Name, l.From = r, incoming, r.Name, r.Target
	if incoming {
		l.Name, l.From = r.Table.Name+"."+r.Name, r.Table
	}
}

func identities(t *Table, but map[string]bool) []*Identity {
	var out []*Identity
	for i := range t.Identities {
		if !but[t.Identities[i].Key] {
			out = append(out, &t.Identities[i].Is)
		}
	}
	return out
}

// candidates are the names of the ways a row may come to a person.
func candidates(t *Table, incoming []*Reference) []string {
	var out []string
	if len(t.Identities) > 0 {
		out = append(out, itself)
		out = append(out, t.Identities.Keys()...)
	}
	out = append(out, t.References.Keys()...)
	for _, r := range incoming {
		if r.Table != t {
			out = append(out, r.Table.Name+"."+r.Name)
		}
	}
	return out
}

// list is some words, shown to a person; of many the first.
func list(words []string) string {
	if len(words) > 10 {
		words = append(slices.Clone(words[:10]), "…")
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = policy.Quote(w)
	}
	return strings.Join(quoted, ", ")
}

// namedLink finds one way that is named under `relation`.
func (b *builder) namedLink(x tableIndex, t *Table, e policy.Entry[RelationEntry], named map[string]bool, incoming []*Reference) {
	l := &Link{Pos: e.Pos, Name: e.Key, Relation: e.Is.Relation, Table: t}
	switch id, isIdentity := t.Identities.Get(e.Key); {
	case e.Key == itself && t.Reference(itself) == nil:
		if l.Identities = identities(t, named); len(l.Identities) == 0 {
			b.add(t.System, e.Pos, "no-identity", "nothing in a row of "+policy.Quote(t.Name)+" says who somebody is", itself, "write the column that does under `identities`")
			return
		}
	case t.Reference(e.Key) != nil:
		l.follow(t.Reference(e.Key), false)
	case isIdentity:
		l.Identities = []*Identity{id}
	default:
		r := b.incomingReference(x, t, e, incoming)
		if r == nil {
			return
		}
		l.follow(r, true)
		l.Name = e.Key
	}
	if l.Reference == nil || l.From != nil {
		t.Links = append(t.Links, l)
	}
}

// incomingReference finds `customers.address`: the reference of another table.
func (b *builder) incomingReference(x tableIndex, t *Table, e policy.Entry[RelationEntry], incoming []*Reference) *Reference {
	waits := b.waits(t.System) || t.gone
	for _, p := range x.places(t.System, e.Key) {
		waits = waits || b.waits(p.table.System)
		r := p.table.Reference(p.rest)
		switch {
		case r == nil:
			continue
		case r.Target == nil:
			return nil // reported where it stands
		case r.Target != t:
			b.add(t.System, e.Pos, "other-target", policy.Quote(e.Key)+" points at "+r.Target.Path()+", not at "+policy.Quote(t.Name), e.Key, "name a reference that points here")
			return nil
		}
		return r
	}
	if !waits {
		known := candidates(t, incoming)
		b.add(t.System, e.Pos, "unknown-link", "no way to a person is called "+policy.Quote(e.Key), e.Key, linkAdvice(e.Key, known))
	}
	return nil
}

func linkAdvice(wrote string, known []string) string {
	if near := policy.Nearest(wrote, known); near != "" {
		return "did you mean " + policy.Quote(near) + "?"
	}
	if len(known) == 0 {
		return "write the column under `identities` or `references` first"
	}
	return "there are " + list(known)
}
