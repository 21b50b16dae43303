package retain

import (
	"slices"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
)

// tellers are the tables whose rows tell when rows of a table end.
func tellers(t *datamap.Table) (out []*datamap.Table) {
	for _, e := range t.Retention {
		for _, name := range e.Is.Names() {
			if far := t.Elsewhere(name); far != nil && !slices.Contains(out, far.Reference.Table) {
				out = append(out, far.Reference.Table)
			}
		}
	}
	return out
}

// order are the tables of a system as they are gone through: those first whose rows point at
// others, so that nothing keeps these; but rows that tell when others end after those, or nobody
// would know any more.
func (s Systems) order(sys *datamap.System) (out []*datamap.Table) {
	tables := s.Search.Graph.Order(sys).Tables
	first := map[*datamap.Table][]*datamap.Table{} // teller → whose end it tells
	for _, t := range tables {
		for _, teller := range tellers(t) {
			first[teller] = append(first[teller], t)
		}
	}
	if len(first) == 0 {
		return tables
	}
	done := map[*datamap.Table]bool{}
	var visit func(t *datamap.Table)
	visit = func(t *datamap.Table) {
		if done[t] {
			return
		}
		done[t] = true
		for _, told := range first[t] {
			visit(told)
		}
		for _, from := range tables {
			if pointsAt(from, t) && !slices.Contains(first[from], t) {
				visit(from)
			}
		}
		out = append(out, t)
	}
	for _, t := range tables {
		visit(t)
	}
	return out
}

func pointsAt(from, to *datamap.Table) bool {
	return slices.ContainsFunc(from.References, func(e policy.Entry[datamap.Reference]) bool { return e.Is.Target == to })
}

// along are the rows that go with those of a line: rows that tell when these end, and have ended by
// all rules about them. By is the line that would end them next.
func (l *line) along(all []line, g *guard, now time.Time) (out []plan.Along, by map[string]*line) {
	by = map[string]*line{}
	if !l.mayDelete() {
		return nil, by
	}
	for _, t := range tellers(l.table) {
		if g.stops(t) != "" || g.unsure[t] != "" || g.holdsDataOf(t) {
			continue
		}
		if over, first := goes(t, all, now); over != nil {
			out = append(out, plan.Along{Table: t, Over: over})
			by[t.Name] = first
		}
	}
	return out, by
}

// holdsDataOf reports whether some of a table's data is held.
func (g *guard) holdsDataOf(t *datamap.Table) bool {
	return slices.ContainsFunc(g.data, func(h heldData) bool { return !h.fields.And(fieldsOf(t)).Empty() })
}

// goes holds for rows of a table that go, because every rule about them has ended and they are
// about all that is personal in it; nil when that cannot be told of a row by itself.
func goes(t *datamap.Table, all []line, now time.Time) (over *connect.Cond, first *line) {
	var about policy.FieldSet
	var list []plan.Test
	for i := range all {
		l := &all[i]
		switch {
		case l.table != t:
			continue
		case l.why != "" || !l.mayDelete():
			return nil, nil
		case first == nil:
			first = l
		}
		about = about.Or(l.rule.Fields)
		list = append(list, *l.over(now))
	}
	kept := slices.ContainsFunc(t.Columns, func(e policy.Entry[datamap.Column]) bool { return e.Is.Erase.Kind == datamap.Keep })
	if first == nil || kept || !fieldsOf(t).Minus(about).Empty() {
		return nil, nil
	}
	over, whole := plan.Joined(connect.And, list).Own()
	if !whole {
		return nil, nil
	}
	return over, first
}
