package plan

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// listOf is the path of the first list that a path of a document leads through; empty
// when it leads through none.
func listOf(path string) string {
	if i := strings.Index(path, "[]"); i >= 0 {
		return path[:i+2]
	}
	return ""
}

// listsOf are the lists of a table of which elements may be other people's.
func listsOf(t *datamap.Table) []string {
	var out []string
	for i := range t.Columns {
		c := &t.Columns[i].Is
		if list := listOf(c.Name); list != "" && !c.AllElements.Yes && !slices.Contains(out, list) {
			out = append(out, list)
		}
	}
	return out
}

// narrowing says which elements of a list are the people's: all of them when something
// outside the list ties the row to them.
type narrowing struct {
	list  string
	by    []*datamap.Identity
	links []*datamap.Link // references that stand in the list
}

func (n narrowing) whole() bool { return len(n.by)+len(n.links) == 0 }

// narrow judges each list of a row.
func (b *builder) narrow(t *table, r find.Row) []narrowing {
	var out []narrowing
	for _, list := range t.lists {
		out = append(out, b.narrowList(t, r, list))
	}
	return out
}

func (b *builder) narrowList(t *table, r find.Row, list string) narrowing {
	n := narrowing{list: list}
	for _, tie := range r.Ties {
		if tie.Way == datamap.Mentions {
			continue
		}
		if !b.inList(t, r, tie, list, &n) {
			return narrowing{list: list}
		}
	}
	return n
}

// inList adds what of a tie stands in the list; false when it ties by something else.
func (b *builder) inList(t *table, r find.Row, tie find.Tie, list string, n *narrowing) bool {
	l := tie.Link
	if l.Reference != nil {
		here := !l.Incoming && slices.ContainsFunc(l.Reference.Here, func(c string) bool { return listOf(c) == list })
		if here && !slices.Contains(n.links, l) {
			n.links = append(n.links, l)
		}
		return here
	}
	for _, id := range l.Identities {
		if !b.says(t, r, tie.Person, id) {
			continue
		}
		switch listOf(id.Column) {
		case "":
			return false
		case list:
			if !slices.Contains(n.by, id) {
				n.by = append(n.by, id)
			}
		}
	}
	return true
}

// says reports whether a column of the row names the person.
func (b *builder) says(t *table, r find.Row, person int, id *datamap.Identity) bool {
	values := slices.Concat(connect.Tuple(r.Linked), connect.Tuple(r.Key))
	at := slices.Index(slices.Concat(t.found.Linked, t.found.Key), id.Column)
	if at < 0 {
		return true
	}
	all, ok := values[at].([]any)
	if !ok {
		all = []any{values[at]}
	}
	return slices.ContainsFunc(b.found.People[person].Identities, func(known find.Identity) bool {
		return known.Kind == id.Kind.Text && slices.ContainsFunc(all, func(v any) bool {
			return connect.Same(connect.Compare(id.Compare), b.search.Options.Region, connect.Plain(v), known.Value)
		})
	})
}

// elements are the conditions on the elements of a list, or why they cannot be told.
func (s *system) elements(n narrowing) ([]connect.In, string) {
	var out []connect.In
	for _, id := range n.by {
		in := connect.In{Columns: []string{id.Column}, Compare: connect.Compare(id.Compare)}
		for _, p := range s.found.People {
			for _, known := range p.Identities {
				if known.Kind == id.Kind.Text {
					in.Tuples = append(in.Tuples, connect.Tuple{known.Value})
				}
			}
		}
		out = append(out, in)
	}
	for _, l := range n.links {
		from := s.tableOf(l.From)
		if from == nil || len(from.key) == 0 || !slices.Equal(l.Reference.There, from.key) {
			return nil, "it cannot be told here which elements of the list are theirs"
		}
		out = append(out, connect.In{Columns: l.Reference.Here, Tuples: from.theirs()})
	}
	return out, ""
}

// splitLists takes the columns of lists of which others have elements out of a group,
// and makes groups of their own for them.
func (s *system) splitLists(m *maker, c *class) []*maker {
	var out []*maker
	for _, n := range c.narrow {
		if n.whole() {
			continue
		}
		elements, why := s.elements(n)
		theirs := func(x set) bool { p := m.t.place(x.column); return listOf(x.column) == n.list && !p.allElements() }
		var sets []set
		for _, x := range m.sets {
			if theirs(x) {
				sets = append(sets, x)
			}
		}
		if len(sets) == 0 {
			continue
		}
		m.sets = slices.DeleteFunc(m.sets, theirs)
		if why != "" {
			m.refuse(n.list, why)
			continue
		}
		one := s.maker(m.t, c, changeRows)
		one.change, one.silent, one.sets, one.element = connect.Update, true, sets, elements
		s.guard(one, c, nil)
		out = append(out, one)
	}
	return out
}

func (p place) allElements() bool { return p.column != nil && p.column.AllElements.Yes }

// refuse turns what was said of the columns of a list into a refusal.
func (m *maker) refuse(list, why string) {
	for i := range m.shown {
		l := &m.shown[i].line
		if len(l.Columns) == 1 && listOf(l.Columns[0]) == list && !m.t.place(l.Columns[0]).allElements() {
			m.shown[i] = shown{line: refused(l.Columns[0], why).line}
		}
	}
}
