package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// edge is a reference that the database enforces, to a table of the map.
type edge struct {
	from     *connect.Table
	ref      *connect.Reference
	fromRows *table // nil: the map does not have it
	to       *table
	mapped   *datamap.Reference // the same in the map; nil when it has none
	bit      uint64             // among the edges that start at fromRows; 0 when there are too many
	barred   map[string]bool    // of the system
	ties     [][2]int           // rows that stay and may let go, and what they point at
}

// findEdges lists what the database enforces, in the order it says it.
func (s *system) findEdges() []*edge {
	if s.schema == nil {
		return nil
	}
	bits := map[*table]int{}
	var out []*edge
	for i := range s.schema.Tables {
		from := &s.schema.Tables[i]
		for j := range from.References {
			e := &edge{from: from, ref: &from.References[j], to: s.mapped(from.References[j].Table), fromRows: s.mapped(from.Name), barred: s.barred}
			if e.to == nil {
				continue
			}
			if e.fromRows != nil {
				e.mapped = sameReference(e.fromRows.of, e.ref, e.to.of)
				if n := bits[e.fromRows]; n < 63 {
					e.bit = 1 << n
				}
				bits[e.fromRows]++
			}
			e.to.pointing = append(e.to.pointing, e)
			out = append(out, e)
		}
	}
	return out
}

// mapped finds the rows of a table by the name the database gives it.
func (s *system) mapped(name string) *table {
	st := s.schema.Table(name)
	if st == nil {
		return nil
	}
	for _, t := range s.tables {
		if t.schema == st {
			return t
		}
	}
	return nil
}

func sameReference(t *datamap.Table, r *connect.Reference, to *datamap.Table) *datamap.Reference {
	for i := range t.References {
		if m := &t.References[i].Is; m.Target == to && slices.Equal(m.Here, r.Columns) && m.When.Test == nil {
			return m
		}
	}
	return nil
}

// refuseDeletes finds the rows that would be deleted and cannot be: others stay that
// point at them. Where the row that points is the person's own and may let go, it does;
// else the row is masked instead. What is masked stays itself, and may hold others.
func (s *system) refuseDeletes(ctx context.Context) error {
	var newly []holding
	for _, t := range s.tables {
		s.forbidden(t)
	}
	for _, e := range s.edges {
		more, err := s.checkEdge(ctx, e)
		if err != nil {
			return err
		}
		newly = append(newly, more...)
	}
	return s.spread(ctx, newly)
}

// untie lets rows go of those that are deleted in the end.
func (s *system) untie() {
	for _, e := range s.edges {
		for _, pair := range e.ties {
			if e.to.goes(pair[1]) {
				e.fromRows.untie[pair[0]] |= e.bit
			}
		}
	}
}

// holding is a row that was to be deleted and stays.
type holding struct {
	t   *table
	row int
}

// spread follows rows that stay to those they point at.
func (s *system) spread(ctx context.Context, newly []holding) error {
	for len(newly) > 0 {
		byTable := map[*table][]int{}
		for _, h := range newly {
			byTable[h.t] = append(byTable[h.t], h.row)
		}
		newly = nil
		for _, e := range s.edges {
			if rows := byTable[e.fromRows]; e.fromRows != nil && len(rows) > 0 {
				more, err := s.checkRows(ctx, e, rows)
				if err != nil {
					return err
				}
				newly = append(newly, more...)
			}
		}
	}
	return nil
}

// forbidden takes back deletions that nobody may do.
func (s *system) forbidden(t *table) {
	why := t.cannotDelete()
	if why == "" {
		return
	}
	for _, c := range t.classes {
		if c.fate.goes || c.fate.atLast {
			c.fate.goes, c.fate.atLast, c.fate.refused = false, false, why
		}
	}
}

func (t *table) cannotDelete() string {
	switch {
	case len(t.key) == 0:
		return "nothing names one row of the table, so that no row can be deleted alone: write the columns of its key into the map"
	case t.schema != nil && t.schema.View:
		return "it is a view, whose rows are those of other tables: map those"
	}
	return t.lacks(connect.OpDelete)
}

// letsGo reports whether a row that stays may let go of what it points at: it is the
// person's, and the columns may be empty.
func (e *edge) letsGo(from int) bool {
	f := e.fromRows.class(from).fate
	switch {
	case e.bit == 0, !f.alone, f.heldBy >= 0:
		return false
	case e.mapped != nil && e.mapped.Optional.Set && !e.mapped.Optional.Yes:
		return false
	}
	return len(e.nullable()) > 0 && len(e.fromRows.key) > 0 && e.fromRows.lacks(connect.OpUpdate) == "" && !e.from.View
}

// leaves reports whether a row that stays lets go as the person's part of it goes: they
// leave a row that others share.
func (e *edge) leaves(from int) bool {
	f := e.fromRows.class(from).fate
	if f.mention || f.refused != "" || f.nameless != "" || len(e.fromRows.key) == 0 || e.fromRows.lacks(connect.OpUpdate) != "" || e.from.View {
		return false
	}
	return slices.ContainsFunc(e.nullable(), func(name string) bool { return slices.Contains(f.untie, name) })
}

// nullable are the columns of the reference that may be empty. One that is empty is
// enough for a row not to point anywhere.
func (e *edge) nullable() []string {
	var out []string
	for _, name := range e.ref.Columns {
		if c := e.from.Column(name); c != nil && c.Nullable && !c.Generated && !slices.Contains(e.from.Key, name) && !e.bars(name) {
			out = append(out, name)
		}
	}
	return out
}

// bars reports whether a rule of the database keeps a column from being emptied.
func (e *edge) bars(name string) bool {
	return e.fromRows != nil && e.barred[e.fromRows.of.Name+"\x00"+name]
}

// hold notes that a row stays because of one that points at it.
func (t *table) hold(row int, e *edge) {
	if t.held[row] == nil {
		by := strings.Join(e.ref.Columns, "`, `")
		t.held[row] = t.why(fmt.Sprintf("rows of `%s` that stay point at it by `%s`", e.from.Name, by))
		t.held[row].one = fmt.Sprintf("row of `%s` that stays points at it by `%s`", e.from.Name, by)
	}
	t.held[row].rows++
}

// why is one reason, the same for all rows it holds.
func (t *table) why(text string) *held {
	if t.whys[text] == nil {
		t.whys[text] = &held{why: text}
	}
	return t.whys[text]
}

func (s *system) holdAll(e *edge, why string) []holding {
	return s.holdRows(e.to, e.to.going(), why)
}

func (s *system) holdRows(t *table, rows []int, why string) []holding {
	var out []holding
	for _, i := range rows {
		t.held[i] = t.why(why)
		out = append(out, holding{t, i})
	}
	return out
}
