package plan

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// guardMaker gathers the values that columns of a group's rows had when they were found.
type guardMaker struct {
	guard
	at   []int // of the linked values
	seen map[string]bool
	all  bool // every row that has one of the values was found, by the link that ties these
	list bool // the one column may hold a list, of which one element is enough
	open bool // a row has nothing in its list: no value could hold for it
}

func (g *guardMaker) add(linked connect.Tuple) {
	values := pick(linked, g.at)
	if !g.list {
		g.take(values)
		return
	}
	some := false
	for _, v := range elements(values[0]) {
		if connect.Text(v) != "" {
			g.take(connect.Tuple{v})
			some = true
		}
	}
	g.open = g.open || !some
}

func (g *guardMaker) take(values connect.Tuple) {
	raw := string(appendTuple(nil, values))
	if !g.seen[raw] {
		g.seen[raw] = true
		g.values.add(values)
	}
}

// elements are the values in a list and in the lists in it; of anything else the value itself.
func elements(v any) []any {
	list, ok := v.([]any)
	if !ok {
		return []any{v}
	}
	var out []any
	for _, each := range list {
		out = append(out, elements(each)...)
	}
	return out
}

// guard makes the change of a group hold only while its rows are the person's as they
// were found. Emptied are columns that were emptied before in the same step.
func (s *system) guard(m *maker, c *class, emptied []string) {
	var conds []connect.Cond
	if cond := m.t.of.When.Cond(); cond != nil {
		conds = append(conds, *cond)
	}
	for _, l := range m.t.of.Links {
		if l.Relation == datamap.Mentions || s.work == Expiry { // what expires does so whoever it is tied to
			continue
		}
		tied := slices.ContainsFunc(c.ties, func(t tie) bool { return t.link == l && t.way != datamap.Mentions })
		switch {
		case l.Incoming && c.exclusive(l):
			s.guardIncoming(m, l)
		case !l.Incoming && (tied || c.exclusive(l)):
			conds = append(conds, s.guardColumns(m, c, l, tied, emptied)...)
		}
	}
	m.when = all(conds)
}

// exclusive reports whether what is done to the rows is right only while a link ties
// nobody else to them: another owner, or anybody where nobody else had a part.
func (c *class) exclusive(l *datamap.Link) bool {
	return c.fate.owned && l.Relation == datamap.Owns || slices.ContainsFunc(c.ties, func(t tie) bool { return t.last })
}

// guardColumns: the columns a link stands on are as they were.
func (s *system) guardColumns(m *maker, c *class, l *datamap.Link, tied bool, emptied []string) []connect.Cond {
	var out []connect.Cond
	g := &guardMaker{seen: map[string]bool{}}
	for _, name := range l.Columns() {
		at := slices.Index(m.t.found.Linked, name)
		switch {
		case at < 0 || at > 63 || slices.Contains(m.t.key, name):
		case strings.Contains(name, "[]"):
			m.guardList(name, at)
		case slices.Contains(emptied, name):
			out = append(out, connect.Cond{Op: connect.IsEmpty, Column: name})
		case c.empty&(1<<at) != 0:
			out = append(out, unlessWhen(l, connect.Cond{Op: connect.IsEmpty, Column: name}))
		default:
			g.columns, g.at = append(g.columns, name), append(g.at, at)
		}
	}
	if len(g.columns) > 0 && !slices.ContainsFunc(m.guards, func(o *guardMaker) bool { return slices.Equal(o.columns, g.columns) }) {
		g.values.width = len(g.columns)
		g.list = len(g.columns) == 1 && s.listsAnywhere()
		g.all = tied && l.Reference != nil && l.Reference.When.Test == nil && m.t.of.When.Test == nil
		m.guards = append(m.guards, g)
	}
	if tied && l.Reference != nil && l.Reference.When.Test != nil {
		out = append(out, *l.Reference.When.Cond())
	}
	return out
}

// listsAnywhere reports whether any field may hold a list, whatever the map calls it.
func (s *system) listsAnywhere() bool {
	kind := datamap.Kind(s.of.Kind)
	return kind == datamap.MongoDB || kind == datamap.Files
}

// guardList: of a list some element is as it was. What only loses elements is guarded by these.
func (m *maker) guardList(name string, at int) {
	known := slices.ContainsFunc(m.guards, func(o *guardMaker) bool { return slices.Equal(o.columns, []string{name}) })
	if m.change != connect.Delete || known {
		return
	}
	m.guards = append(m.guards, &guardMaker{guard: guard{columns: []string{name}, values: packed{width: 1}}, at: []int{at}, seen: map[string]bool{}, list: true})
}

// unlessWhen lets a condition count only where the link is one at all.
func unlessWhen(l *datamap.Link, c connect.Cond) connect.Cond {
	if l.Reference == nil || l.Reference.When.Test == nil {
		return c
	}
	return connect.Cond{Op: connect.Or, Of: []connect.Cond{c, {Op: connect.Not, Of: []connect.Cond{*l.Reference.When.Cond()}}}}
}

// guardIncoming: no row points at these that was not found to be the people's.
func (s *system) guardIncoming(m *maker, l *datamap.Link) {
	if l.From.System != s.of {
		return
	}
	from := s.tableOf(l.From)
	if from == nil {
		return
	}
	e := connect.Exists{Table: l.From.Name, Columns: l.Reference.Here, Of: l.Reference.There, When: both(l.Reference.When.Cond(), l.From.When.Cond()), Key: from.key}
	if len(from.key) > 0 {
		e.But = from.theirs()
	}
	m.unless = append(m.unless, e)
}

// theirs are the keys of the rows of a table that the people own or share.
func (t *table) theirs() []connect.Tuple {
	var out []connect.Tuple
	for i := range t.len() {
		if !t.class(i).fate.mention {
			out = append(out, t.keyTuple(i))
		}
	}
	return out
}

// whenLast deletes a row that was shared if, by then, nobody shares it any more: two
// people may leave it at the same time, and neither plan knows of the other.
func (s *system) whenLast(t *table, c *class, after *maker) *maker {
	if !c.fate.atLast || len(t.key) == 0 || after.change == "" && !s.onlyIncoming(t) {
		return nil
	}
	m := s.maker(t, c, leaveLast)
	m.change, m.silent = connect.Delete, true
	var conds []connect.Cond
	for _, l := range t.of.Links {
		switch {
		case l.Relation == datamap.Mentions:
		case l.From != nil && l.From.System != s.of && l.Incoming:
			return nil // nobody can tell in one step
		case l.Incoming:
			s.guardIncoming(m, l)
		default:
			conds = append(conds, unlessWhen(l, leadsNowhere(l)))
		}
	}
	for _, e := range s.edges {
		if e.to == t {
			m.unless = append(m.unless, connect.Exists{Table: e.from.Name, Columns: e.ref.Columns, Of: e.ref.To})
		}
	}
	m.when = all(conds)
	if m.when == nil && len(m.unless) == 0 {
		return nil
	}
	for i := range m.unless {
		m.unless[i].But, m.unless[i].Key = nil, nil
	}
	if len(m.unless) == 0 {
		m.phase = changeRows // only the row itself tells: right after it was left, while it is still at hand
	}
	return m
}

// leadsNowhere holds for a row whose link ties it to nobody.
func leadsNowhere(l *datamap.Link) connect.Cond {
	var empty []connect.Cond
	for _, name := range l.Columns() {
		empty = append(empty, connect.Cond{Op: connect.IsEmpty, Column: name})
	}
	if len(empty) == 1 {
		return empty[0]
	}
	if l.Reference != nil {
		return connect.Cond{Op: connect.Or, Of: empty}
	}
	return connect.Cond{Op: connect.And, Of: empty}
}

// onlyIncoming reports whether the rows are tied to people by rows of others alone.
func (s *system) onlyIncoming(t *table) bool {
	return !slices.ContainsFunc(t.of.Links, func(l *datamap.Link) bool { return !l.Incoming && l.Relation != datamap.Mentions })
}

func all(conds []connect.Cond) *connect.Cond {
	switch len(conds) {
	case 0:
		return nil
	case 1:
		return &conds[0]
	}
	return &connect.Cond{Op: connect.And, Of: conds}
}

func both(a, b *connect.Cond) *connect.Cond {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return all([]connect.Cond{*a, *b})
}
