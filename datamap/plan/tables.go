package plan

import (
	"slices"

	"github.com/avowhq/avow/connect"
)

// tableByTable puts all that happens to the rows of one table together, those of tables
// that hang on others first: they were found last, and a database still has them in memory.
// With a thousand people in a large system that is a tenth of what it reads from its disk.
// It stays as it was where anybody could tell the difference.
func (s *system) tableByTable() {
	order := map[string]int{}
	for i, t := range s.search.Graph.Order(s.of).Tables {
		order[t.Name] = i
	}
	if s.inAnyOrder(order) {
		slices.SortStableFunc(s.plan.Groups, func(a, b *Group) int { return order[a.Table] - order[b.Table] })
	}
}

// inAnyOrder reports whether tables can be changed in an order without a change being
// refused that was not, or judging a row by what another has done.
func (s *system) inAnyOrder(order map[string]int) bool {
	if s.schema == nil || !s.schema.Atomic {
		return false
	}
	changed := map[*table]bool{}
	for _, g := range s.plan.Groups {
		t := s.mapped(g.Table)
		opens := g.change == connect.Update && g.silent
		if g.change == "" {
			continue
		}
		if t == nil || opens || len(g.unless) > 0 || len(t.schema.Triggers) > 0 {
			return false
		}
		changed[t] = changed[t] || g.change == connect.Delete
	}
	return !slices.ContainsFunc(s.edges, func(e *edge) bool {
		_, from := changed[e.fromRows]
		return from && changed[e.to] && e.fromRows != e.to && order[e.fromRows.of.Name] > order[e.to.of.Name]
	})
}
