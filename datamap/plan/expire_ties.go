package plan

import (
	"context"
	"errors"
	"slices"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// takeTies adds the rows that do nothing but tie rows which go to others: they hold nothing
// of anybody, no rule counts for them, and without them nothing is tied any more.
func (e *expiry) takeTies(ctx context.Context) error {
	if !e.class.fate.goes {
		return nil
	}
	for _, x := range e.edges {
		if x.to != e.t || !onlyTies(x) {
			continue
		}
		if err := e.takeTiesBy(ctx, x); err != nil {
			return err
		}
	}
	for _, a := range e.Along {
		if err := e.takeAlong(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// errFewer says that more rows would go along than one step may have.
var errFewer = errors.New("fewer at a time")

// alongEach bounds how many rows go along for each of a batch that is planned, but for a batch of one.
const alongEach = 20

// takeAlong adds rows that are due themselves and refer to rows which go.
func (e *expiry) takeAlong(ctx context.Context, a Along) error {
	seen := map[string]bool{}
	for _, x := range e.edges {
		if x.to != e.t || x.fromRows == nil || x.fromRows.of != a.Table || len(x.fromRows.keyNames()) == 0 {
			continue
		}
		t := x.fromRows
		t.key = t.keyNames()
		t.found.Key = t.key
		if len(t.classes) == 0 {
			t.classes = []*class{{fate: fate{owned: true, alone: true, goes: true, heldBy: -1, columns: goingColumns(t.of)}, while: &while{when: a.Over}}}
		}
		targets, err := e.targets(ctx, x)
		if err != nil {
			return err
		}
		read := connect.Read{Table: t.of.Name, Columns: t.key, Any: []connect.In{{Columns: x.ref.Columns, Tuples: targets.tuples}}, When: both(t.of.When.Cond(), a.Over)}
		err = e.src.Read(ctx, read, func(r connect.Row) error {
			key := slices.Clone(connect.Tuple(r))
			if place := join(key); !seen[place] && (e.Stays == nil || !e.Stays(t.of, key)) {
				seen[place] = true
				t.add(find.Row{Key: key}, 0)
			}
			if len(seen) > alongEach*e.Limit && e.Limit > 1 {
				return errFewer
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// onlyTies reports whether the rows that point by an edge do nothing else: they are the row's
// own they point at, which their key names, and have nothing personal in them.
func onlyTies(x *edge) bool {
	if x.fromRows == nil || x.mapped == nil || x.fromRows.len() > 0 {
		return false
	}
	of := x.fromRows.of
	key := x.fromRows.keyNames()
	owned := slices.ContainsFunc(of.Links, func(l *datamap.Link) bool {
		return l.Reference == x.mapped && !l.Incoming && l.Relation == datamap.Owns
	})
	bare := len(of.Columns)+len(of.Identities)+len(of.FreeText)+len(of.Retention) == 0
	return owned && bare && of.Erase.Kind == datamap.Delete && of.When.Test == nil &&
		!slices.ContainsFunc(x.ref.Columns, func(c string) bool { return !slices.Contains(key, c) })
}

func (e *expiry) takeTiesBy(ctx context.Context, x *edge) error {
	targets, err := e.targets(ctx, x)
	if err != nil {
		return err
	}
	t := x.fromRows
	t.key = t.keyNames()
	t.found.Key = t.key
	t.classes = []*class{{fate: fate{owned: true, alone: true, goes: true, heldBy: -1}}}
	return e.src.Read(ctx, connect.Read{Table: t.of.Name, Columns: t.key, Any: []connect.In{{Columns: x.ref.Columns, Tuples: targets.tuples}}}, func(r connect.Row) error {
		key := slices.Clone(connect.Tuple(r))
		if e.Stays == nil || !e.Stays(t.of, key) {
			t.add(find.Row{Key: key}, 0)
		}
		return nil
	})
}
