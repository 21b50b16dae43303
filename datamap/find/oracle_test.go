package find

import (
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// The oracle says by the definitions, slowly and over rows in memory, what concerns
// whom. It shares no code with the search: it compares every row with every row.

type orow map[string]any

type world struct {
	m      *datamap.Map
	rows   map[*datamap.Table][]orow
	people []Person
}

// at is one row.
type at struct {
	t *datamap.Table
	n int
}

// tying is a link by which a row concerns one person.
type tying struct {
	row  at
	link *datamap.Link
}

// holding is what concerns one person: by link, how distant.
type holding map[tying]datamap.Relation

func (h holding) closest(row at) datamap.Relation {
	out := datamap.Relation(9)
	for t, way := range h {
		if t.row == row {
			out = min(out, way)
		}
	}
	return out
}

func (h holding) leads(row at) bool { return h.closest(row) <= datamap.Shares }

type answer struct {
	held      []holding // of each person
	conflicts []map[at]bool
	shared    map[at]bool // somebody else has a part in it
}

func holdsFor(c datamap.Condition, r orow) bool {
	return c.Cond().Holds(func(column string) any { return r[column] })
}

// present lists the rows of a table that are personal at all.
func (w *world) present(t *datamap.Table) []at {
	var out []at
	for n, r := range w.rows[t] {
		if holdsFor(t.When, r) {
			out = append(out, at{t, n})
		}
	}
	return out
}

func (w *world) row(a at) orow { return w.rows[a.t][a.n] }

// hangs reports that a link ties row to from.
func (w *world) hangs(l *datamap.Link, row, from at) bool {
	here, there := row, from
	if l.Incoming {
		here, there = from, row
	}
	if !holdsFor(l.Reference.When, w.row(here)) {
		return false
	}
	for i, c := range l.Reference.Here {
		a, b := connect.Text(w.row(here)[c]), connect.Text(w.row(there)[l.Reference.There[i]])
		if a == "" || a != b {
			return false
		}
	}
	return true
}

// says reports whether an identity column has a value, and whether it is the person's.
func (w *world) says(id *datamap.Identity, row at, person int) (value, kindKnown, theirs bool) {
	text := connect.Text(w.row(row)[id.Column])
	for _, known := range w.people[person].Identities {
		if known.Kind == id.Kind.Text {
			kindKnown = true
			theirs = theirs || connect.Same(connect.Compare(id.Compare), "GB", text, known.Value)
		}
	}
	return text != "", kindKnown, theirs
}

// layers are the tables whose rows are judged together, each after those it hangs on.
func (w *world) layers() [][]*datamap.Table {
	all := w.m.Tables()
	reach := map[[2]*datamap.Table]bool{}
	for _, t := range all {
		for _, l := range t.Links {
			if l.From != nil && l.Relation != datamap.Mentions {
				reach[[2]*datamap.Table{l.From, t}] = true
			}
		}
	}
	for _, k := range all {
		for _, i := range all {
			for _, j := range all {
				if reach[[2]*datamap.Table{i, k}] && reach[[2]*datamap.Table{k, j}] {
					reach[[2]*datamap.Table{i, j}] = true
				}
			}
		}
	}
	var out [][]*datamap.Table
	placed := map[*datamap.Table]bool{}
	for len(placed) < len(all) {
		for _, t := range all {
			var group []*datamap.Table
			ready := !placed[t]
			for _, o := range all {
				mutual := o == t || reach[[2]*datamap.Table{o, t}] && reach[[2]*datamap.Table{t, o}]
				if mutual {
					group = append(group, o)
				} else if reach[[2]*datamap.Table{o, t}] && !placed[o] {
					ready = false
				}
			}
			if ready {
				out = append(out, group)
				for _, o := range group {
					placed[o] = true
				}
			}
		}
	}
	return out
}

// extend adds what is tied to what is held already, in some tables and by some links,
// until nothing more is.
func (w *world) extend(h holding, person int, tables []*datamap.Table, blocked map[at]bool, mentions bool) {
	for again := true; again; {
		again = false
		for _, t := range tables {
			for _, row := range w.present(t) {
				if blocked[row] {
					continue
				}
				for key, way := range w.tiesOf(h, person, row, mentions) {
					if old, known := h[key]; !known || way < old {
						h[key], again = way, true
					}
				}
			}
		}
	}
}

// tiesOf is how a row is tied to the person, given what they hold.
func (w *world) tiesOf(h holding, person int, row at, mentions bool) holding {
	out := holding{}
	for _, l := range row.t.Links {
		if (l.Relation == datamap.Mentions) != mentions {
			continue
		}
		for _, id := range l.Identities {
			if _, _, theirs := w.says(id, row, person); theirs {
				out[tying{row, l}] = l.Relation
			}
		}
		if l.From == nil {
			continue
		}
		for _, from := range w.present(l.From) {
			if h.leads(from) && w.hangs(l, row, from) {
				way := max(h.closest(from), l.Relation)
				if old, known := out[tying{row, l}]; !known || way < old {
					out[tying{row, l}] = way
				}
			}
		}
	}
	return out
}

// disputed reports that an owning link of the row leads to somebody else.
func (w *world) disputed(h holding, person int, row at) bool {
	for _, l := range row.t.Links {
		if l.Relation != datamap.Owns {
			continue
		}
		for _, id := range l.Identities {
			if value, known, theirs := w.says(id, row, person); value && known && !theirs {
				return true
			}
		}
		if l.From == nil {
			continue
		}
		theirs := false
		for _, from := range w.present(l.From) {
			if w.hangs(l, row, from) {
				if !h.leads(from) {
					return true
				}
				theirs = true
			}
		}
		if !theirs && w.refers(l, row) {
			return true
		}
	}
	return false
}

// refers reports that a row has a reference, wherever it leads.
func (w *world) refers(l *datamap.Link, row at) bool {
	if l.Incoming || !holdsFor(l.Reference.When, w.row(row)) {
		return false
	}
	for _, c := range l.Reference.Here {
		if connect.Text(w.row(row)[c]) == "" {
			return false
		}
	}
	return true
}

func (w *world) answer() answer {
	out := answer{shared: map[at]bool{}}
	for person := range w.people {
		h, blocked := holding{}, map[at]bool{}
		for _, layer := range w.layers() {
			w.layer(h, person, layer, blocked)
		}
		conflicts := map[at]bool{}
		for row := range blocked {
			if len(w.tiesOf(h, person, row, false)) > 0 {
				conflicts[row] = true
			}
		}
		w.extend(h, person, w.m.Tables(), blocked, true)
		out.held, out.conflicts = append(out.held, h), append(out.conflicts, conflicts)
	}
	for again := true; again; {
		again = false
		for _, t := range w.m.Tables() {
			for _, row := range w.present(t) {
				if !out.shared[row] && w.sharable()[t] && out.anyLeads(row) && w.partOfOthers(out, row) {
					out.shared[row], again = true, true
				}
			}
		}
	}
	return out
}

// layer decides on tables that hang on each other.
func (w *world) layer(h holding, person int, layer []*datamap.Table, blocked map[at]bool) {
	for {
		for key := range h {
			if slices.Contains(layer, key.row.t) {
				delete(h, key)
			}
		}
		w.extend(h, person, layer, blocked, false)
		var found []at
		for key := range h {
			if slices.Contains(layer, key.row.t) && key.link.Relation == datamap.Owns && w.disputed(h, person, key.row) {
				found = append(found, key.row)
			}
		}
		for _, row := range found {
			blocked[row] = true
		}
		if len(found) == 0 {
			return
		}
	}
}

// sharable are the tables whose rows can belong to several people: by a link of theirs,
// or because what owns them can. All other rows are one person's, or in conflict.
func (w *world) sharable() map[*datamap.Table]bool {
	out := map[*datamap.Table]bool{}
	for range w.m.Tables() {
		for _, t := range w.m.Tables() {
			for _, l := range t.Links {
				if l.Relation == datamap.Shares || l.Relation == datamap.Owns && l.From != nil && out[l.From] {
					out[t] = true
				}
			}
		}
	}
	return out
}

func (a answer) anyLeads(row at) bool {
	return slices.ContainsFunc(a.held, func(h holding) bool { return h.leads(row) })
}

// partOfOthers reports that a link which makes the row somebody's leads to somebody who
// is not sought, directly or through a row that is shared with them.
func (w *world) partOfOthers(a answer, row at) bool {
	for _, l := range row.t.Links {
		if l.Relation == datamap.Mentions {
			continue
		}
		if l.From == nil {
			if w.identityOfOthers(l, row) {
				return true
			}
			continue
		}
		any := false
		for _, from := range w.present(l.From) {
			if !w.hangs(l, row, from) {
				continue
			}
			any = true
			if !a.anyLeads(from) || a.shared[from] {
				return true
			}
		}
		if !any && w.refers(l, row) {
			return true
		}
	}
	return false
}

// identityOfOthers: the link's identities are nobody's, or one of them is not that of a
// person whom another one names, and of whom that kind is known.
func (w *world) identityOfOthers(l *datamap.Link, row at) bool {
	values, named := 0, map[int]bool{}
	for person := range w.people {
		for _, id := range l.Identities {
			if _, _, theirs := w.says(id, row, person); theirs {
				named[person] = true
			}
		}
	}
	for _, id := range l.Identities {
		value, anyones, contradicts := false, false, false
		for person := range w.people {
			v, known, theirs := w.says(id, row, person)
			value, anyones, contradicts = v, anyones || theirs, contradicts || named[person] && known
		}
		if value {
			values++
		}
		if value && !anyones && contradicts {
			return true
		}
	}
	return values > 0 && len(named) == 0
}

// lines is what was found, for comparing.
func (w *world) lines(a answer) []string {
	var out []string
	for person, h := range a.held {
		for key, way := range h {
			out = append(out, fmt.Sprintf("person %d %s %s by %s: %s, last %v", person, key.row.t.Path(), w.name(key.row), key.link.Name, way, way != datamap.Mentions && !a.shared[key.row]))
		}
		for row := range a.conflicts[person] {
			out = append(out, fmt.Sprintf("person %d %s %s in conflict", person, row.t.Path(), w.name(row)))
		}
	}
	slices.Sort(out)
	return out
}

func (w *world) name(row at) string {
	var parts []string
	for _, c := range row.t.KeyColumns() {
		parts = append(parts, connect.Text(w.row(row)[c]))
	}
	return strings.Join(parts, "/")
}
