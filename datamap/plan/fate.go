package plan

import (
	"slices"

	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// fate is what becomes of the rows of one class, before anything is known of what the
// system would refuse.
type fate struct {
	mention  bool // the rows only mention the person
	owned    bool
	alone    bool // owned, and nobody else has a part in the rows
	goes     bool
	atLast   bool   // the row would go, but others share it
	heldBy   int    // the hold for whose sake the row does not go; -1
	refused  string // why rows that should be deleted cannot be
	nameless string // why nothing can be done with the rows at all
	untie    []string
	columns  []columnFate
}

// columnFate is what becomes of one column.
type columnFate struct {
	name   string
	column *datamap.Column // nil: the map gives no data for it
	rule   datamap.Rule
	shared bool // it waits until the last of those who share the row leaves
	heldBy int  // -1
}

// fate puts together what each tie means.
func (b *builder) fate(t *table, c *class) fate {
	f := fate{mention: true, heldBy: -1}
	for _, each := range c.ties {
		e := each.link.Effect(each.way)
		f.mention = f.mention && e.Relation == datamap.Mentions
		f.owned = f.owned || e.Relation == datamap.Owns
		f.alone = f.alone || e.Relation == datamap.Owns && each.last
		// What one person owns and others share stays for those, too.
		f.goes = f.goes || e.Row != datamap.RowStays && each.last
		f.atLast = f.atLast || e.Row != datamap.RowStays && !each.last
		if !hangsOnShared(each.link) {
			f.untie = append(f.untie, e.Untie...) // else it ties others, too
		}
		for _, col := range e.Columns {
			if !c.anothers(t, col.Column.Name) {
				col.AtLast = col.AtLast || hangsOnShared(each.link)
				f.take(col, each.last)
			}
		}
	}
	f.atLast = f.atLast && !f.goes
	if f.owned {
		f.implied(t, c)
	}
	slices.Sort(f.untie)
	f.untie = slices.Compact(f.untie)
	b.hold(t, c, &f)
	return f
}

// hangsOnShared reports whether a row is its owner's only as far as the row it hangs on
// is: to whoever shares that one, this one is shown too.
func hangsOnShared(l *datamap.Link) bool {
	return l.From != nil && shareable(l.From, map[*datamap.Table]bool{})
}

// shareable reports whether rows of a table can belong to several people.
func shareable(t *datamap.Table, seen map[*datamap.Table]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	return slices.ContainsFunc(t.Links, func(l *datamap.Link) bool {
		return l.Relation == datamap.Shares || l.Relation == datamap.Owns && l.From != nil && shareable(l.From, seen)
	})
}

// anothers reports whether a column says who somebody else is: the identity by which
// another shares the row, or is mentioned in it.
func (c *class) anothers(t *table, column string) bool {
	for _, l := range t.of.Links {
		if l.Reference != nil || l.Relation == datamap.Owns || !slices.Contains(l.Columns(), column) {
			continue
		}
		if !slices.ContainsFunc(c.ties, func(each tie) bool { return each.link == l }) {
			return true
		}
	}
	return false
}

// take adds what one tie means for one column. A rule that is already due stays.
func (f *fate) take(e datamap.ColumnEffect, last bool) {
	if e.Rule.Kind == datamap.NoRule {
		return
	}
	next := columnFate{name: e.Column.Name, column: e.Column, rule: e.Rule, shared: e.AtLast && !last, heldBy: -1}
	for i := range f.columns {
		if f.columns[i].name != next.name {
			continue
		}
		if f.columns[i].shared && !next.shared {
			f.columns[i] = next
		}
		return
	}
	f.columns = append(f.columns, next)
}

// implied adds the columns for which the map gives no data, and which the row's owner
// takes with them all the same: those that say who they are, and free text.
func (f *fate) implied(t *table, c *class) {
	erase := t.of.Erase
	if !erase.Given() {
		return
	}
	for _, name := range t.of.Identities.Keys() {
		if !c.anothers(t, name) {
			f.imply(name, erase)
		}
	}
	for _, w := range t.of.FreeText {
		rule := erase
		if rule.Kind == datamap.Mask {
			rule = datamap.Rule{Pos: rule.Pos, Kind: datamap.Clear}
		}
		f.imply(w.Text, rule)
	}
}

func (f *fate) imply(name string, rule datamap.Rule) {
	if !slices.ContainsFunc(f.columns, func(c columnFate) bool { return c.name == name }) {
		f.columns = append(f.columns, columnFate{name: name, rule: rule, shared: !f.alone, heldBy: -1})
	}
}

// hold keeps what a hold is about (gdpr:17(3)(e)). A row of which a part is held stays.
func (b *builder) hold(t *table, c *class, f *fate) {
	for _, h := range c.holds {
		about := b.held[h]
		for i := range f.columns {
			if col := &f.columns[i]; col.heldBy < 0 && covers(about, col.column) {
				col.heldBy = h
			}
		}
		if f.goes && (about == nil || slices.ContainsFunc(f.columns, func(c columnFate) bool { return c.heldBy == h })) {
			f.goes, f.heldBy = false, h
		}
		if about == nil {
			f.untie, f.atLast = nil, false
		}
	}
	if f.goes || f.heldBy < 0 {
		return
	}
	for i := range f.columns {
		if f.columns[i].rule.Kind == datamap.Delete {
			f.columns[i].rule = datamap.Rule{Pos: f.columns[i].rule.Pos, Kind: datamap.Clear}
		}
	}
}

// covers reports whether a hold is about a column; about nothing in particular is about all.
func covers(about *policy.FieldSet, c *datamap.Column) bool {
	return about == nil || c != nil && !about.And(c.Fields).Empty()
}
