package plan

import (
	"slices"

	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// fate is what becomes of the rows of one class, before anything is known of what the
// system would refuse.
type fate struct {
	mention bool // the rows only mention the person
	owned   bool
	goes    bool
	atLast  bool   // the row would go, but others share it
	heldBy  int    // the hold for whose sake the row does not go; -1
	refused string // why rows that should be deleted cannot be
	untie   []string
	columns []columnFate
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
		f.goes = f.goes || e.Row == datamap.RowGoes || e.Row == datamap.RowGoesAtLast && each.last
		f.atLast = f.atLast || e.Row == datamap.RowGoesAtLast && !each.last
		f.untie = append(f.untie, e.Untie...)
		for _, col := range e.Columns {
			f.take(col, each.last)
		}
	}
	f.atLast = f.atLast && !f.goes
	if f.owned {
		f.implied(t.of)
	}
	slices.Sort(f.untie)
	f.untie = slices.Compact(f.untie)
	b.hold(t, c, &f)
	return f
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
func (f *fate) implied(t *datamap.Table) {
	if !t.Erase.Given() {
		return
	}
	for i := range t.Identities {
		f.imply(t.Identities[i].Is.Column, t.Erase)
	}
	for _, w := range t.FreeText {
		rule := t.Erase
		if rule.Kind == datamap.Mask {
			rule = datamap.Rule{Pos: rule.Pos, Kind: datamap.Clear}
		}
		f.imply(w.Text, rule)
	}
}

func (f *fate) imply(name string, rule datamap.Rule) {
	if !slices.ContainsFunc(f.columns, func(c columnFate) bool { return c.name == name }) {
		f.columns = append(f.columns, columnFate{name: name, rule: rule, heldBy: -1})
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
