package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// The order of groups in a step.
const (
	openCircles = iota // what closes a circle is emptied, in rows that go
	changeRows         // updates, and letting go
	deleteRows         // in their order
	leaveLast          // rows that nobody shares any more
	leaveAlone         // nothing is done
)

// eraseGroups puts the rows of all tables into groups, in the order in which they are run.
func (s *system) eraseGroups(o order) {
	var all []*maker
	step := map[*table]int{}
	for n, d := range o.steps {
		if _, ok := step[d.t]; !ok {
			step[d.t] = n
		}
		all = append(all, s.deleteGroups(o, d)...)
	}
	for _, t := range s.tables {
		all = append(all, s.stayGroups(t)...)
	}
	slices.SortStableFunc(all, func(a, b *maker) int { return cmp.Compare(a.phase, b.phase) })
	for _, m := range all {
		s.plan.Groups = append(s.plan.Groups, m.done())
	}
}

// deleteGroups deletes rows of one table.
func (s *system) deleteGroups(o order, d deletion) []*maker {
	rows := d.rows
	if rows == nil {
		rows = d.t.going()
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(i int) bool { return !d.t.goes(i) })
	clear := o.clear[d.t]
	return rowsBy(d.t, rows, func(i int) uint32 { return d.t.classOf[i] }, func(_ int, n uint32) []*maker {
		c := d.t.classes[n]
		m := s.maker(d.t, c, deleteRows)
		m.change = connect.Delete
		m.say(Line{Columns: c.fate.names(), Action: Delete, Reason: d.t.triggers(connect.OpDelete)})
		s.guard(m, c, clear)
		if len(clear) == 0 {
			return []*maker{m}
		}
		first := s.maker(d.t, c, openCircles)
		first.change, first.silent = connect.Update, true
		s.guard(first, c, nil)
		for _, name := range clear {
			first.sets = append(first.sets, set{column: name})
		}
		return []*maker{first, m}
	})
}

// names are the columns of a row that goes.
func (f *fate) names() []string {
	var out []string
	for _, c := range f.columns {
		out = append(out, c.name)
	}
	slices.Sort(out)
	return out
}

// changing says what else happens when a column of the table changes: triggers run, and
// rows of others that point at it may follow.
func (t *table) changing(column string) string {
	var out []string
	if say := t.triggers(connect.OpUpdate); say != "" {
		out = append(out, say)
	}
	for _, e := range t.pointing {
		if does := followed[e.ref.OnUpdate]; does != "" && slices.Contains(e.ref.To, column) {
			out = append(out, "the database "+does+" `"+strings.Join(e.ref.Columns, "`, `")+"` of the rows of `"+e.from.Name+"` that point at it")
		}
	}
	return strings.Join(out, "; ")
}

// followed is what a database does to rows that point at values that change.
var followed = map[connect.OnDelete]string{connect.Cascade: "changes", connect.SetNull: "empties", connect.SetDefault: "resets"}

// triggers says which programs of the database run when rows change. What they do nobody here
// knows, but for the tables that their texts say they write to.
func (t *table) triggers(op connect.Op) string {
	if t.schema == nil {
		return ""
	}
	var names []string
	for _, trigger := range t.schema.Triggers {
		if slices.Contains(trigger.On, op) {
			names = append(names, "`"+trigger.Name+"`")
		}
	}
	var out []string
	if slices.Sort(names); len(names) > 0 {
		out = append(out, "the database runs its trigger "+strings.Join(names, ", ")+" then")
	}
	for _, trigger := range t.schema.Triggers {
		if away := t.copies[trigger.Name]; slices.Contains(trigger.On, op) && len(away) > 0 {
			out = append(out, "the trigger `"+trigger.Name+"` writes to `"+strings.Join(away, "`, `")+"`, which the map does not have: what it writes there stays")
		}
	}
	if t.schema.Piecemeal {
		out = append(out, "the table has no transactions: what is done in it is not taken back when something later fails")
	}
	return strings.Join(out, "; ")
}

// staying is what tells rows that stay apart within a class.
type staying struct {
	class uint32
	held  *held
	untie uint64
	over  uint64 // the kept columns whose time is over, a bit each
}

func (s *system) stayGroups(t *table) []*maker {
	var rows []int
	for i := range t.len() {
		if !t.goes(i) {
			rows = append(rows, i)
		}
	}
	ends := make([][]end, len(t.classes))
	for n, c := range t.classes {
		ends[n] = s.ends(t, c)
	}
	by := func(i int) staying {
		n := t.classOf[i]
		return staying{n, t.held[i], t.untie[i], s.overBits(t, i, ends[n])}
	}
	return rowsBy(t, rows, by, func(_ int, k staying) []*maker { return s.stay(t, t.classes[k.class], k) })
}

// ends are, for each column of a class, when its keeping ends.
func (s *system) ends(t *table, c *class) []end {
	out := make([]end, len(c.fate.columns))
	for i, f := range c.fate.columns {
		if f.rule.Kind == datamap.Keep {
			out[i] = s.end(t, f.rule.Keep.For)
		}
	}
	return out
}

func (s *system) overBits(t *table, row int, ends []end) uint64 {
	var out uint64
	for i, e := range ends {
		if e.column != "" && i < 64 && s.over(e.dayOf(t.extraOf(e.extra(), row))) {
			out |= 1 << i
		}
	}
	return out
}

// stay plans rows that are not deleted.
func (s *system) stay(t *table, c *class, k staying) []*maker {
	f := &c.fate
	m := s.maker(t, c, leaveAlone)
	switch {
	case f.mention:
		m.say(Line{Action: Read, Reason: "the row is about somebody else and only mentions the person"})
		return []*maker{m}
	case f.nameless != "":
		m.say(Line{Columns: f.names(), Action: Keep, Refused: f.nameless, Instead: somebodyLooks})
		return []*maker{m}
	case f.refused != "":
		m.say(Line{Columns: f.names(), Action: Keep, Refused: "delete: " + f.refused, Instead: "it is left as it is"})
		return []*maker{m}
	}
	s.untieColumns(m, f, k)
	for i, col := range f.columns {
		if i < 64 && k.over&(1<<i) != 0 {
			col.rule = datamap.Rule{Kind: datamap.Clear}
		}
		s.treat(m, f, col, k.held)
	}
	if k.held != nil {
		s.leftovers(m, f, k.held)
	}
	out := append(s.splitLists(m, c), m)
	if m.finish(); len(m.sets) > 0 {
		m.change = connect.Update
		m.phase = changeRows
		s.guard(m, c, nil)
	}
	if last := s.whenLast(t, c, m); last != nil {
		out = append(out, last)
	}
	return out
}

// untieColumns empties what ties a row to the person, or to a row that goes.
func (s *system) untieColumns(m *maker, f *fate, k staying) {
	why := map[string]string{}
	for _, name := range f.untie {
		why[name] = "the person leaves a row that others share"
	}
	for _, name := range s.leaves(m.t, f) {
		why[name] = "the person leaves the row it points at, which others may share"
	}
	for _, e := range s.edges {
		if e.fromRows == m.t && k.untie&e.bit != 0 {
			for _, name := range e.nullable() {
				why[name] = "what it points at is deleted"
			}
		}
	}
	for _, name := range keys(why) {
		s.letGo(m, f, name, why[name])
	}
}

func (s *system) letGo(m *maker, f *fate, name, why string) {
	i := slices.IndexFunc(f.columns, func(c columnFate) bool { return c.name == name })
	if i >= 0 && f.columns[i].rule.Kind == datamap.Mask && !m.t.place(name).points() {
		return // a mask lets go as well
	}
	t := m.t.place(name).clear()
	if t.line.Action == Clear {
		t.line.Action = Untie
	}
	t.line.Reason = why
	m.take(t)
}

// leaves are the columns by which rows of the person share rows of others: from the
// household's address the person goes, and the household stays.
func (s *system) leaves(t *table, f *fate) []string {
	if !f.alone || f.heldBy >= 0 || t.of.Erase.Kind == datamap.Keep || s.work == Expiry {
		return nil
	}
	var out []string
	for _, other := range s.search.Graph.Map.Tables() {
		for _, l := range other.Links {
			if !l.Incoming || l.From != t.of || l.Relation != datamap.Shares {
				continue
			}
			for _, name := range l.Reference.Here {
				if !slices.Contains(t.key, name) && t.place(name).mayBeEmpty() {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

func keys(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// treat plans one column of rows that stay.
func (s *system) treat(m *maker, f *fate, c columnFate, h *held) {
	if slices.ContainsFunc(m.sets, func(x set) bool { return x.column == c.name }) {
		return // it is emptied already
	}
	p := m.t.place(c.name)
	switch kind := c.rule.Kind; {
	case c.heldBy >= 0:
		m.keep(c.name, s.holdLine(c.heldBy), end{})
	case c.shared:
		m.keep(c.name, Line{Reason: "others share the row; it goes with the last of them"}, end{})
	case kind == datamap.Keep:
		m.keep(c.name, Line{Reason: text(c.rule.Keep.Because)}, s.end(m.t, c.rule.Keep.For))
	case kind == datamap.Clear:
		m.take(p.clear())
	case kind == datamap.Mask:
		m.take(p.mask(c.rule))
	case kind == datamap.Delete:
		m.take(insteadOfDelete(p.clear(), h))
	}
}

func (s *system) holdLine(n int) Line {
	h := s.options.Holds[n]
	l := Line{Reason: h.Because}
	if !h.Until.IsZero() {
		l.Until = dayText(int32(h.Until.Unix() / 86_400))
	}
	return l
}

// insteadOfDelete says of a column why its row is still there.
func insteadOfDelete(t treatment, h *held) treatment {
	if h == nil {
		return t
	}
	why := "delete: " + h.why
	switch {
	case h.rows == 1:
		why = "delete: 1 " + h.one
	case h.rows > 1:
		why = fmt.Sprintf("delete: %d %s", h.rows, h.why)
	}
	if t.line.Refused == "" {
		t.line.Instead = string(t.line.Action)
	} else {
		why += "; " + t.line.Action.past() + ": " + t.line.Refused
	}
	t.line.Refused = why
	return t
}

func (a Action) past() string {
	if a == Keep {
		return "changing it"
	}
	return string(Clear)
}

// pointedBy reports whether others may point at a column.
func (s *system) pointedBy(t *table, column string) bool {
	return slices.ContainsFunc(s.edges, func(e *edge) bool { return e.to == t && slices.Contains(e.ref.To, column) })
}

// leftovers empties texts that the map does not declare, in a row that should have gone
// with all that is in it.
func (s *system) leftovers(m *maker, f *fate, h *held) {
	if m.t.schema == nil {
		return
	}
	for i := range m.t.schema.Columns {
		c := &m.t.schema.Columns[i]
		if !c.Nullable || c.Generated || s.pointedBy(m.t, c.Name) || slices.ContainsFunc(f.columns, func(x columnFate) bool { return x.name == c.Name }) {
			continue
		}
		p := m.t.place(c.Name)
		if k := c.Kind; (k == connect.TextKind || k == connect.JSON || k == connect.Binary) && !p.points() && p.readOnly() == "" {
			m.take(insteadOfDelete(p.clear(), h))
		}
	}
}
