package plan

import (
	"cmp"
	"slices"

	"github.com/avowhq/avow/connect"
)

// maker fills one group with rows.
type maker struct {
	*Group
	t      *table
	shown  []shown
	guards []*guardMaker
	ends   []end // of Lines: what their days are counted from; without column for none
	phase  int
}

// shown is what is said of one column, and the end it is kept until.
type shown struct {
	line Line
	end  end
}

// rowsBy makes a group for each way in which rows are treated, and fills it.
func rowsBy[K comparable](t *table, rows []int, by func(row int) K, start func(row int, k K) []*maker) []*maker {
	known := map[K][]*maker{}
	var out []*maker
	for _, i := range rows {
		k := by(i)
		makers, ok := known[k]
		if !ok {
			makers = start(i, k)
			known[k] = makers
			out = append(out, makers...)
		}
		for _, m := range makers {
			m.add(i)
		}
	}
	return out
}

func (s *system) maker(t *table, c *class, phase int) *maker {
	g := &Group{Table: t.of.Name, Key: t.key, Owned: c.fate.owned, because: s.because(&c.fate), bound: boundBy(c.ties), while: c.while}
	g.keys.width = len(t.found.Key)
	if len(t.key) == 0 {
		g.keys.width = 0
	}
	return &maker{Group: g, t: t, phase: phase}
}

// because says in what right something happens to rows of a class at all.
func (s *system) because(f *fate) string {
	switch {
	case s.work == Expiry:
		return "the policy's time for it is over"
	case f.owned:
		return "the row is the person's own"
	case f.goes:
		return "nobody else has a part in the row"
	}
	return "this part of the row is the person's own"
}

// say adds what is said of the rows.
func (m *maker) say(l Line) { m.shown = append(m.shown, shown{line: l}) }

func (m *maker) keep(name string, l Line, e end) {
	l.Columns, l.Action = []string{name}, Keep
	if l.Until == "" {
		l.Until = e.words
	}
	m.shown = append(m.shown, shown{l, e})
}

func (m *maker) take(t treatment) {
	if t.set != nil {
		t.line.Reason = cmp.Or(t.line.Reason, m.t.changing(t.set.column))
		m.sets = append(m.sets, *t.set)
	}
	m.say(t.line)
}

// finish joins what is said of several columns alike.
func (m *maker) finish() {
	var out []shown
	for _, next := range m.shown {
		i := slices.IndexFunc(out, func(s shown) bool { return s.end == next.end && alike(s.line, next.line) })
		if i < 0 {
			next.line.Columns = slices.Clone(next.line.Columns)
			out = append(out, next)
			continue
		}
		out[i].line.Columns = append(out[i].line.Columns, next.line.Columns...)
	}
	m.shown = out
	m.Lines, m.ends = nil, nil
	for _, s := range out {
		slices.Sort(s.line.Columns)
		m.Lines = append(m.Lines, s.line)
		m.ends = append(m.ends, s.end)
	}
}

// alike reports whether the same is said, of whatever columns.
func alike(a, b Line) bool {
	return a.Action == b.Action && a.How == b.How && a.Reason == b.Reason && a.Until == b.Until && a.Refused == b.Refused && a.Instead == b.Instead
}

// add puts a row into the group.
func (m *maker) add(row int) {
	if m.Lines == nil && len(m.shown) > 0 {
		m.finish()
	}
	m.Rows++
	if m.keys.width > 0 {
		m.keys.bytes = append(m.keys.bytes, m.t.keyBytes(row)...)
		m.keys.n++
	}
	for i, e := range m.ends {
		if e.column != "" {
			m.Lines[i].days = append(m.Lines[i].days, e.dayOf(m.t.extraOf(e.extra(), row)))
		}
	}
	for n := range m.sets {
		if x := &m.sets[n]; x.each.width > 0 { // made of what is there
			x.each.add(connect.Tuple{m.t.place(x.column).leaves(m.t.extraOf(x.column, row))})
		}
	}
	if len(m.guards) > 0 {
		linked := m.t.linked(row)
		for _, g := range m.guards {
			g.add(linked)
		}
	}
}

func (m *maker) done() *Group {
	for _, g := range m.guards {
		if !g.open {
			m.Group.guards = append(m.Group.guards, g.guard)
		}
	}
	m.byGuard = m.change == connect.Delete && len(m.guards) > 0 && m.guards[0].all && 2*m.Rows >= m.t.len()
	return m.Group
}
