package plan

import (
	"context"
	"slices"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// deletion is one step of deleting: rows of one table, after those that point at them.
type deletion struct {
	t    *table
	rows []int // nil: all that go
}

// order is how the rows of a system are deleted. What is in clear is emptied first, in
// rows that go themselves: it closes a circle.
type order struct {
	clear map[*table][]string
	steps []deletion
}

// deleteOrder orders the tables so that rows go before those they point at. A circle is
// opened where a column may be empty or the database waits for the end of the step; what
// cannot be opened is masked instead, and the order is sought again.
func (s *system) deleteOrder(ctx context.Context) (order, error) {
	for {
		o, stuck := s.tryOrder()
		if stuck == nil {
			return s.orderSelf(ctx, o)
		}
		held := s.holdRows(stuck, stuck.going(), "rows point at each other in a circle that no column that may be empty opens")
		if err := s.spread(ctx, held); err != nil {
			return order{}, err
		}
	}
}

// tryOrder takes again and again the first table at which no other points. The tables
// come in the order the map gives, which is right unless the database knows more.
func (s *system) tryOrder() (order, *table) {
	o := order{clear: map[*table][]string{}}
	rest := s.deleting()
	blocking := s.blocking(rest)
	for len(rest) > 0 {
		i := slices.IndexFunc(rest, func(t *table) bool { return !pointedAt(t, rest, blocking) })
		if i >= 0 {
			o.steps = append(o.steps, deletion{t: rest[i]})
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		e := opens(rest, blocking)
		if e == nil {
			return o, rest[len(rest)-1]
		}
		if len(e.nullable()) > 0 {
			o.clear[e.fromRows] = append(o.clear[e.fromRows], e.nullable()...)
		}
		blocking = slices.DeleteFunc(blocking, func(other *edge) bool { return other == e })
	}
	return o, nil
}

// deleting are the tables of which rows go, in the order of the map.
func (s *system) deleting() []*table {
	var out []*table
	for _, of := range s.search.Graph.Order(s.of).Tables {
		if t := s.tableOf(of); t != nil && t.anyGoes() {
			out = append(out, t)
		}
	}
	return out
}

// blocking are the edges that an order has to keep.
func (s *system) blocking(tables []*table) []*edge {
	var out []*edge
	for _, e := range s.edges {
		if e.fromRows != e.to && slices.Contains(tables, e.fromRows) && slices.Contains(tables, e.to) {
			out = append(out, e)
		}
	}
	return out
}

func pointedAt(t *table, rest []*table, edges []*edge) bool {
	return slices.ContainsFunc(edges, func(e *edge) bool { return e.to == t && slices.Contains(rest, e.fromRows) })
}

// opens is an edge of a circle that can be emptied, or else one that the database checks
// only at the end of the step; nil when there is none. Every table that is left is
// pointed at; one that is in no circle hangs on one that is.
func opens(rest []*table, edges []*edge) *edge {
	var late *edge
	for _, e := range edges {
		if !slices.Contains(rest, e.fromRows) || !slices.Contains(rest, e.to) || !leads(e.to, e.fromRows, rest, edges) {
			continue
		}
		if len(e.nullable()) > 0 {
			return e
		}
		if e.ref.Deferred {
			late = e
		}
	}
	return late
}

// leads reports whether one table points at another through tables that are left.
func leads(from, to *table, rest []*table, edges []*edge) bool {
	seen := []*table{from}
	for i := 0; i < len(seen); i++ {
		if seen[i] == to {
			return true
		}
		for _, e := range edges {
			if e.fromRows == seen[i] && slices.Contains(rest, e.to) && !slices.Contains(seen, e.to) {
				seen = append(seen, e.to)
			}
		}
	}
	return false
}

// orderSelf orders the rows of tables that point at themselves: the column is emptied
// first where it may be, else rows go before those of the table they point at.
func (s *system) orderSelf(ctx context.Context, o order) (order, error) {
	var steps []deletion
	for _, step := range o.steps {
		layers := []deletion{step}
		for _, e := range s.edges {
			if e.fromRows != step.t || e.to != step.t || e.ref.Deferred {
				continue
			}
			if names := e.nullable(); len(names) > 0 {
				o.clear[step.t] = append(o.clear[step.t], names...)
				continue
			}
			var err error
			if layers, err = s.layers(ctx, step.t, e); err != nil {
				return o, err
			}
		}
		steps = append(steps, layers...)
	}
	o.steps = steps
	for t, names := range o.clear {
		slices.Sort(names)
		o.clear[t] = slices.Compact(names)
	}
	return o, nil
}

// layers splits rows that point at each other: each layer before those it points at.
func (s *system) layers(ctx context.Context, t *table, e *edge) ([]deletion, error) {
	targets, err := s.targets(ctx, e)
	if err != nil {
		return nil, err
	}
	points := map[int]int{} // row → the row it points at
	waiting := map[int]int{}
	err = s.readRows(ctx, t, t.going(), e.ref.Columns, func(i int, values connect.Tuple) {
		// InnoDB does not delete a row that points at itself.
		if to, ok := targets.rows[join(values)]; ok && (to != i || s.of.Kind == string(datamap.MySQL)) {
			points[i] = to
			waiting[to]++
		}
	})
	if err != nil {
		return nil, err
	}
	out, circles := peel(t, points, waiting)
	if len(circles) == 0 {
		return out, nil
	}
	held := s.holdRows(t, circles, "rows point at each other in a circle that no column that may be empty opens")
	return out, s.spread(ctx, held)
}

// peel takes the rows at which nobody points any more, again and again. What is left
// stands in circles, or is pointed at from there.
func peel(t *table, points, waiting map[int]int) (out []deletion, circles []int) {
	left := t.going()
	for len(left) > 0 {
		var layer, rest []int
		for _, i := range left {
			if waiting[i] == 0 {
				layer = append(layer, i)
			} else {
				rest = append(rest, i)
			}
		}
		if len(layer) == 0 {
			return out, rest
		}
		for _, i := range layer {
			if to, ok := points[i]; ok {
				waiting[to]--
			}
		}
		out = append(out, deletion{t, layer})
		left = rest
	}
	return out, nil
}
