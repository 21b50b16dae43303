package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// checkEdge finds which rows that stay point at rows that go.
func (s *system) checkEdge(ctx context.Context, e *edge) ([]holding, error) {
	if !e.to.anyGoes() || s.allGo(e) {
		return nil, nil
	}
	if why := e.from.Lacks[connect.OpRead]; why != "" {
		return s.holdAll(e, "nobody can tell which rows of `"+e.from.Name+"` point at it: the login needs "+why), nil
	}
	targets, err := s.targets(ctx, e)
	if err != nil {
		return nil, err
	}
	out, err := s.pointing(ctx, e, targets, connect.In{Columns: e.ref.Columns, Tuples: targets.tuples})
	if err != nil || !e.loose() {
		return out, err
	}
	more, err := s.pointingLoosely(ctx, e, targets)
	return append(out, more...), err
}

// allGo reports whether every row that points through the edge is known and goes too:
// then there is nothing to read.
func (s *system) allGo(e *edge) bool {
	if s.work == Expiry || e.loose() || e.mapped == nil || e.fromRows == nil || e.fromRows.of.When.Test != nil || e.fromRows.found.Err != nil {
		return false
	}
	i := slices.IndexFunc(e.fromRows.of.Links, func(l *datamap.Link) bool { return l.Reference == e.mapped && !l.Incoming })
	if i < 0 || slices.Contains(e.fromRows.found.Missed, e.fromRows.of.Links[i]) || len(e.fromRows.held) > 0 {
		return false
	}
	for _, c := range s.found.Conflicts {
		if c.Table == e.fromRows.of {
			return false
		}
	}
	by := e.fromRows.of.Links[i]
	return !slices.ContainsFunc(e.fromRows.classes, func(c *class) bool {
		return !c.fate.goes && slices.ContainsFunc(c.ties, func(t tie) bool { return t.link == by })
	})
}

// targets are the rows that go, by the values others point at them with.
type targets struct {
	rows   map[string]int
	tuples []connect.Tuple
}

// join is the text by which values of two columns are the same to a reference.
func join(t connect.Tuple) string {
	var b strings.Builder
	for _, v := range t {
		text := connect.Text(v)
		fmt.Fprintf(&b, "%d:%s", len(text), text)
	}
	return b.String()
}

func (s *system) targets(ctx context.Context, e *edge) (*targets, error) {
	out := &targets{rows: map[string]int{}}
	add := func(i int, values connect.Tuple) {
		out.rows[join(values)] = i
		out.tuples = append(out.tuples, values)
	}
	going := e.to.going()
	if at := indexes(e.ref.To, e.to.key); at != nil {
		for _, i := range going {
			add(i, pick(e.to.keyTuple(i), at))
		}
		return out, nil
	}
	err := s.readRows(ctx, e.to, going, e.ref.To, func(i int, values connect.Tuple) { add(i, values) })
	return out, err
}

// indexes are the places of some names among others; nil when one is not there.
func indexes(names, among []string) []int {
	out := make([]int, len(names))
	for i, name := range names {
		if out[i] = slices.Index(among, name); out[i] < 0 {
			return nil
		}
	}
	return out
}

func pick(t connect.Tuple, at []int) connect.Tuple {
	out := make(connect.Tuple, len(at))
	for i, n := range at {
		out[i] = t[n]
	}
	return out
}

// checkRows looks at certain rows that stay.
func (s *system) checkRows(ctx context.Context, e *edge, rows []int) ([]holding, error) {
	if !e.to.anyGoes() {
		return nil, nil
	}
	targets, err := s.targets(ctx, e)
	if err != nil {
		return nil, err
	}
	var out []holding
	err = s.readRows(ctx, e.fromRows, rows, e.ref.Columns, func(i int, values connect.Tuple) {
		out = append(out, e.judge(i, values, targets)...)
	})
	return out, err
}

// pointing reads the rows that point at those that go.
func (s *system) pointing(ctx context.Context, e *edge, targets *targets, in connect.In) ([]holding, error) {
	columns := slices.Clone(e.ref.Columns)
	width := len(columns)
	if e.fromRows != nil && len(e.fromRows.key) > 0 {
		columns = append(columns, e.fromRows.key...)
	}
	var out []holding
	err := s.src.Read(ctx, connect.Read{Table: e.from.Name, Columns: columns, Any: []connect.In{in}}, func(r connect.Row) error {
		from := -1
		if len(columns) > width {
			from = e.fromRows.row(connect.Tuple(r[width:]))
		}
		out = append(out, e.judge(from, connect.Tuple(r[:width]), targets)...)
		return nil
	})
	if avow.KindOf(err) == avow.Forbidden {
		return s.holdAll(e, "nobody can tell which rows of `"+e.from.Name+"` point at it: "+avow.MessageOf(err)), nil
	}
	return out, err
}

// loose reports whether the database takes different texts in the reference for the same.
func (e *edge) loose() bool {
	return slices.ContainsFunc(e.ref.Columns, func(name string) bool { c := e.from.Column(name); return c != nil && c.Loose })
}

// apartAtMost is how many rows it is asked of one by one which rows point at them.
const apartAtMost = 200

// pointingLoosely reads the rows that point, as the database compares, at those that go, and not
// by the very same text: nobody was found by them, and the database holds to them all the same.
func (s *system) pointingLoosely(ctx context.Context, e *edge, targets *targets) ([]holding, error) {
	others := func(tuples []connect.Tuple, each func()) error {
		in := connect.In{Columns: e.ref.Columns, Tuples: tuples, Compare: connect.AsStored}
		return s.src.Read(ctx, connect.Read{Table: e.from.Name, Columns: e.ref.Columns, Any: []connect.In{in}}, func(r connect.Row) error {
			if _, known := targets.rows[join(connect.Tuple(r))]; !known {
				each()
			}
			return nil
		})
	}
	some := false
	if err := others(targets.tuples, func() { some = true }); err != nil || !some {
		return nil, err
	}
	if len(targets.tuples) > apartAtMost {
		return s.holdAll(e, "rows of `"+e.from.Name+"` point at it in other letters or blanks, which the database takes for the same"), nil
	}
	var out []holding
	for _, tuple := range targets.tuples {
		err := others([]connect.Tuple{tuple}, func() { out = append(out, e.holds(-1, targets.rows[join(tuple)])...) })
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// judge says what a row means for the one it points at. From is -1 for a row that was not found.
func (e *edge) judge(from int, values connect.Tuple, targets *targets) []holding {
	target, ok := targets.rows[join(values)]
	if !ok {
		return nil
	}
	return e.holds(from, target)
}

// holds says what a row means for one it points at: nothing when it goes too, or can let
// go; else that one stays.
func (e *edge) holds(from, target int) []holding {
	if from >= 0 && e.fromRows == e.to && from == target {
		return nil
	}
	if from >= 0 {
		if e.fromRows.goes(from) || e.leaves(from) {
			return nil
		}
		if e.letsGo(from) {
			e.ties = append(e.ties, [2]int{from, target})
			return nil
		}
	}
	first := e.to.held[target] == nil
	e.to.hold(target, e)
	if !first {
		return nil
	}
	return []holding{{e.to, target}}
}

// readAtOnce is how many rows are asked for by their keys in one read.
const readAtOnce = 20_000

// readRows reads columns of certain rows by their keys.
func (s *system) readRows(ctx context.Context, t *table, rows []int, columns []string, each func(row int, values connect.Tuple)) error {
	width := len(t.key)
	if width == 0 {
		return nil
	}
	ask := append(slices.Clone(t.key), columns...)
	for chunk := range slices.Chunk(rows, readAtOnce) {
		keys := make([]connect.Tuple, len(chunk))
		for i, row := range chunk {
			keys[i] = t.keyTuple(row)
		}
		read := connect.Read{Table: t.of.Name, Columns: ask, Any: []connect.In{{Columns: t.key, Tuples: keys}}}
		err := s.src.Read(ctx, read, func(r connect.Row) error {
			if i := t.row(connect.Tuple(r[:width])); i >= 0 {
				each(i, connect.Tuple(slices.Clone(r[width:])))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
