package draft

import (
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// keys finds what stands inside a mapped document under a name that speaks of data which the map does not say of it. It
// is a note: the document is shown, masked and erased whole all the same, but its data stand nowhere.
func (c *comparison) keys(t *table, m *datamap.Table) {
	for i := range m.Columns {
		name, is := m.Columns[i].Key, m.Columns[i].Is.Fields
		said := saysOf(c.policy, is)
		if said == nil {
			continue
		}
		for _, col := range t.columns {
			switch {
			case col.Name == name && len(col.seen.inside) > 0:
				c.keysOf(col, said)
			case !c.system.Relational() && strings.HasPrefix(col.Name, name+".") && m.Column(col.Name) == nil && col.finding.Sure >= Likely && !said(col.finding.What):
				c.add(Difference{Table: t.Name, Column: col.Name, Change: UndeclaredKey, What: col.finding.What, Sure: col.finding.Sure, Why: []string{"`" + name + "` is mapped whole, as other data"}})
			}
		}
	}
}

// keysOf finds them in a column of a database. A key may be somebody's name or address itself: only one that several rows have, and
// that is called as data are, is said, without what leads to it.
func (c *comparison) keysOf(col *column, said func(Sort) bool) {
	known := map[string]bool{}
	for _, path := range col.seen.insides() {
		inner := col.inner(path)
		key := path[strings.LastIndexByte(path, '.')+1:]
		_, called := read(inner.tokens, &connect.Column{})
		if f := inner.finding; called && inner.seen.rows > 1 && !known[key] && !strings.ContainsAny(key, "@ ") && f.Sure >= Likely && !said(f.What) {
			known[key] = true
			c.add(Difference{Table: col.table.Name, Column: col.Name, Change: UndeclaredKey, What: f.What, Sure: f.Sure, Why: []string{"its key `" + key + "`; the column is mapped as other data"}})
		}
	}
}

// saysOf reports of which sorts the data of a column are; nil where one of them may be of any.
func saysOf(p *policy.Policy, is policy.FieldSet) func(Sort) bool {
	sorts, any := map[Sort]bool{}, false
	is.Each(func(i int) {
		f := &p.Fields[i]
		if !f.Declared && is.Len() > 1 {
			return // what stands for the rest of a category
		}
		s, ok := sortOfData(f.Name)
		if !ok {
			s, ok = sortOfData(f.Category + " " + f.Name)
		}
		any = any || !ok
		sorts[s] = true
	})
	if any || len(sorts) == 0 {
		return nil
	}
	return func(s Sort) bool {
		for _, w := range append([]Sort{s}, wider[s]...) {
			if sorts[w] && (w == s || addressing(s)) {
				return true
			}
		}
		return false
	}
}
