package draft

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// rule is what erasing does to a column, as it is written.
type rule struct{ text, why string }

// rules proposes what erasing does, so that no constraint of the database refuses it:
// rows go where nothing that stays points at them, else their columns are emptied,
// or masked where they may not be empty.
func (d *drafter) rules() {
	d.point()
	for _, t := range d.drafts {
		t.deletes = t.stands() && t.owned() && !t.shared
	}
	for changed := true; changed; {
		changed = false
		for _, t := range d.drafts {
			if t.deletes && d.isHeld(t) {
				t.deletes, changed = false, true
			}
		}
	}
	for _, t := range d.drafts {
		if t.stands() && !t.deletes && (t.owned() || t.shared) {
			for _, c := range t.held {
				t.rules[c] = t.columnRule(c)
			}
		}
	}
}

// isHeld reports whether a row that stays may point at a row of the table.
func (d *drafter) isHeld(t *drafted) bool {
	for _, r := range d.pointers[t.table] {
		if !d.letsGo(t, r.from, r.ref) {
			return true
		}
	}
	return false
}

// pointer is a foreign key of the database, and the table that has it.
type pointer struct {
	from *drafted
	ref  connect.Reference
}

// point gathers the foreign keys by the table they point at.
func (d *drafter) point() {
	d.pointers = map[*table][]pointer{}
	for _, t := range d.drafts {
		for _, r := range t.References {
			if target := d.j.table(r.Table); target != nil {
				d.pointers[target] = append(d.pointers[target], pointer{t, r})
			}
		}
	}
}

// letsGo reports whether a row can be deleted although others may point at it.
func (d *drafter) letsGo(t, other *drafted, r connect.Reference) bool {
	switch {
	case r.OnDelete == connect.SetNull:
		return other.nullable(r.Columns)
	case r.OnDelete == connect.SetDefault:
		return true
	}
	return other.deletes && other.goesWith(t, r)
}

// goesWith reports whether the rows that point at somebody's row are theirs too.
func (t *drafted) goesWith(target *drafted, r connect.Reference) bool {
	name := strings.Join(r.Columns, "+")
	return slices.ContainsFunc(t.relation, func(l link) bool {
		return l.is == datamap.Owns && (l.name == name || l.ref != nil && target.about != aboutPeople && target.owned())
	})
}

const legal = "{keep: {because: It names the row., for: end of legal duty}}"

// columnRule is the rule of a column whose row stays.
func (t *drafted) columnRule(c *column) rule {
	switch {
	case c.isKey() || t.pointedAtBy(c.Name):
		return rule{legal, "other rows are found by it; decide what happens to it"}
	case t.isReference(c.Name) && !c.Nullable, c.Generated:
		return rule{legal, "the database does not let it be changed; decide what happens to it"}
	case c.Nullable:
		return rule{}
	}
	return rule{t.mask(c), "it may not be empty"}
}

// pointedAtBy reports whether a column is what rows of other tables point at; the
// judgement's own references count too.
func (t *drafted) pointedAtBy(column string) bool {
	return slices.ContainsFunc(t.targets, func(name string) bool { return name == column })
}

func (t *drafted) mask(c *column) string {
	unique := slices.ContainsFunc(t.Unique, func(u []string) bool { return slices.Contains(u, c.Name) })
	fits := func(n int) bool { return c.Length == 0 || c.Length >= n }
	switch c.Kind {
	case connect.DateKind, connect.TimeKind:
		return "mask(year)"
	case connect.Integer, connect.DecimalKind, connect.Boolean, connect.Binary:
		return "mask(blank)"
	case connect.JSON:
		return `mask("{}")`
	case connect.UUID, connect.ObjectID:
		return "mask(random)"
	}
	switch s := c.finding.What; {
	case s == Email && fits(23):
		return "mask(email)"
	case s == Phone && fits(12):
		return "mask(phone)"
	case s == Name && fits(19):
		return "mask(name)"
	case unique || fits(8):
		return "mask(hash)"
	}
	return "mask(blank)"
}
