package find

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// view is what a person is shown of rows that are tied to them by the same links.
type view struct {
	cells []viewCell
}

type viewCell struct {
	name   string
	at     int // of the row's columns
	column *datamap.Column
	access datamap.Access
	list   string // of a list only the elements are shown that tie the row to the person
}

// show fills in what a record shows; x.rec holds the columns of the row that were kept.
func (x *tableExport) show(r *Record, row uint32, values connect.Tuple) {
	v := x.view(row)
	r.Cells = make([]Cell, len(v.cells))
	for i, c := range v.cells {
		r.Cells[i] = Cell{Name: c.name, Column: c.column, Access: c.access}
		switch {
		case c.access != datamap.Shown:
		case c.list != "":
			r.Cells[i].Value, r.Cells[i].Access = x.elements(row, c, values)
		default:
			r.Cells[i].Value = values[c.at]
		}
	}
}

// view finds or makes the view of a row.
func (x *tableExport) view(row uint32) *view {
	var name [64]byte
	key := name[:0]
	for _, t := range x.t.ties(row) {
		if t.person == x.person {
			key = append(key, byte(t.link), byte(t.link>>8), byte(t.way))
		}
	}
	if v := x.views[string(key)]; v != nil {
		return v
	}
	v := x.t.view(x.person, x.t.ties(row))
	x.views[string(key)] = v
	return v
}

// view is what the ties of a person show of a row: what any of them shows.
func (t *table) view(person int32, ties []tie) *view {
	var effects []datamap.Effect
	for _, tie := range ties {
		if tie.person == person {
			effects = append(effects, t.links[tie.link].Effect(tie.way))
		}
	}
	v := &view{}
	for at, name := range t.columns {
		if c, shown := t.cell(name, at, effects); shown {
			c.list = listOf(name)
			if c.column != nil && c.column.AllElements.Yes {
				c.list = ""
			}
			v.cells = append(v.cells, c)
		}
	}
	slices.SortStableFunc(v.cells, func(a, b viewCell) int { return cmp.Compare(t.rank(a), t.rank(b)) })
	return v
}

// rank puts what the map declares first, in its order.
func (t *table) rank(c viewCell) int {
	for i := range t.Columns {
		if &t.Columns[i].Is == c.column {
			return i
		}
	}
	return len(t.Columns)
}

// cell is what is shown of one column; false when not even its name is.
func (t *table) cell(name string, at int, effects []datamap.Effect) (viewCell, bool) {
	c := viewCell{name: name, at: at, column: t.Column(name), access: datamap.Withheld}
	relation := datamap.Mentions
	for _, e := range effects {
		relation = min(relation, e.Relation)
		for i := range e.Columns {
			if e.Columns[i].Column == c.column {
				c.access = min(c.access, e.Columns[i].Access)
			}
		}
	}
	if c.column != nil {
		return c, true
	}
	free := slices.ContainsFunc(t.FreeText, func(w datamap.Word) bool { return w.Text == name })
	switch {
	case at < t.key && len(t.KeyColumns()) > 0 && !free:
		return c, false // it stands in the key
	case relation == datamap.Mentions:
		return c, free
	case relation == datamap.Shares && t.ofOther(name, effects):
		c.access = datamap.Redacted
	default:
		c.access = datamap.Shown
	}
	return c, true
}

// ofOther reports that a column says who else shares the row.
func (t *table) ofOther(name string, effects []datamap.Effect) bool {
	other := false
	for _, l := range t.Links {
		if l.Incoming || !slices.Contains(l.Columns(), name) {
			continue
		}
		if slices.ContainsFunc(effects, func(e datamap.Effect) bool { return e.Link == l }) {
			return false
		}
		other = true
	}
	return other
}

// listOf is the path of the first list that a path leads through; empty when it leads
// through none.
func listOf(path string) string {
	if i := strings.Index(path, "[]"); i >= 0 {
		return path[:i+2]
	}
	return ""
}

// elements are those of a list that tie the row to the person, or all when something
// outside the list ties it to them.
func (x *tableExport) elements(row uint32, c viewCell, values connect.Tuple) (any, datamap.Access) {
	all, ok := values[c.at].([]any)
	if !ok {
		return values[c.at], datamap.Shown
	}
	var matching []bool
	for _, tie := range x.t.ties(row) {
		if tie.person != x.person {
			continue
		}
		l := x.t.links[tie.link]
		if !x.byList(l, c.list, &matching) {
			return all, datamap.Shown
		}
	}
	if matching == nil {
		return all, datamap.Shown
	}
	if len(matching) != len(all) {
		return nil, datamap.Withheld
	}
	out := []any{}
	for i, v := range all {
		if matching[i] {
			out = append(out, v)
		}
	}
	return out, datamap.Shown
}

// byList marks the elements by which a link ties the row to the person; false when it
// ties the row by something that is in no list.
func (x *tableExport) byList(l *link, list string, matching *[]bool) bool {
	if l.from == nil {
		return x.byListIdentity(l, list, matching)
	}
	if l.Incoming {
		return false
	}
	in := slices.IndexFunc(l.Reference.Here, func(c string) bool { return listOf(c) == list })
	if in >= 0 && len(l.here) > 1 {
		*matching = []bool{} // which elements they are cannot be told: none is shown
		return true
	}
	if in < 0 {
		return !slices.ContainsFunc(l.Reference.Here, func(c string) bool { return listOf(c) == "" })
	}
	x.markElements(l.here[in], matching, func(element []byte) bool {
		theirs := false
		var scratch record
		l.from.eachRow(l, element, &scratch, func(from uint32) bool {
			theirs = theirs || l.from.leadsFor(from, x.person)
			return true
		})
		return theirs
	})
	return true
}

func (x *tableExport) byListIdentity(l *link, list string, matching *[]bool) bool {
	for _, id := range l.Identities {
		at := l.to.place(id)
		if !slices.Contains(x.found.known.who(id, x.rec.value(at)), x.person) {
			continue
		}
		switch listOf(id.Column) {
		case "":
			return false
		case list:
			x.markElements(at, matching, func(element []byte) bool {
				return slices.Contains(x.found.known.who(id, element), x.person)
			})
		}
	}
	return true
}

// markElements marks the elements of a list that fit.
func (x *tableExport) markElements(at int, matching *[]bool, fits func(element []byte) bool) {
	v := x.rec.value(at)
	if v[0] != classList {
		return
	}
	for i := 0; ; i++ {
		if i == 0 {
			v = v[1:]
		}
		if v[0] == classEnd {
			return
		}
		n := valueSize(v)
		if len(*matching) <= i {
			*matching = append(*matching, false)
		}
		if !isEmpty(v[:n]) && fits(v[:n]) {
			(*matching)[i] = true
		}
		v = v[n:]
	}
}
