package plan

import (
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// Runner runs parts of plans of one system, one after the other. What the system says of
// itself is read once for all of them, and again where it refuses one.
type Runner struct {
	src    connect.Source
	schema *connect.Schema // nil: it was not read yet
}

// NewRunner is for batches that follow each other. It is not safe for concurrent use.
func NewRunner(src connect.Source) *Runner { return &Runner{src: src} }

func (r *Runner) describe(ctx context.Context) (err error) {
	if r.schema == nil {
		r.schema, err = r.src.Describe(ctx)
	}
	return err
}

// change sends what a part does. What refers to rows that go was found when it was planned,
// and goes before them. What came since, or was made to refer to them, is somebody else's
// until it is planned anew: the row it points at is left, and Check tells.
func (r *Runner) change(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	first, added, err := r.sent(ctx, changes)
	if err != nil {
		return nil, err
	}
	results, err := r.src.Change(ctx, first)
	if !added {
		return results, err
	}
	switch avow.KindOf(err) {
	case avow.Conflict: // the database may have refused it for the sake of such a row
	case avow.NotFound: // a table that is gone
	default:
		return results, err
	}
	if r.schema = nil; r.describe(ctx) != nil {
		return nil, err
	}
	if again, failed := r.src.Change(ctx, r.sentAgain(changes)); failed == nil {
		return again, nil
	}
	return nil, err
}

// sent is what a system is sent of a part. Added is whether it is a database in which rows may have come to point at others.
func (r *Runner) sent(ctx context.Context, changes []connect.Change) (first []connect.Change, added bool, err error) {
	deletes := slices.ContainsFunc(changes, func(c connect.Change) bool { return c.Kind == connect.Delete })
	if _, database := r.src.(connect.Rehearsal); !database || !deletes {
		return changes, false, nil
	}
	if err := r.describe(ctx); err != nil {
		return nil, true, err
	}
	taken := func(r connect.Reference) bool { return r.OnDelete != connect.NoAction }
	return unlessPointedAt(changes, r.schema, taken), true, nil
}

// sentAgain is what is sent when the database has refused that.
func (r *Runner) sentAgain(changes []connect.Change) []connect.Change {
	return unlessPointedAt(changes, r.schema, func(connect.Reference) bool { return true })
}

// unlessPointedAt adds to deletions that a row is left which another points at by some of
// the references that the database holds to. Those that go in the same step or later do not count.
func unlessPointedAt(changes []connect.Change, schema *connect.Schema, by func(connect.Reference) bool) []connect.Change {
	out := slices.Clone(changes)
	for i := range out {
		c := &out[i]
		to := schema.Table(c.Table)
		if c.Kind != connect.Delete || to == nil {
			continue
		}
		c.Unless = slices.Clone(c.Unless)
		for j := range schema.Tables {
			from := &schema.Tables[j]
			for _, r := range from.References {
				if schema.Table(r.Table) != to || !by(r) || len(r.Columns) != len(r.To) || from.Lacks[connect.OpRead] != "" || asked(c, from, r) {
					continue
				}
				x := connect.Exists{Table: from.Name, Columns: r.Columns, Of: r.To}
				for _, later := range changes[i:] {
					if later.Kind == connect.Delete && schema.Table(later.Table) == from {
						x.Key, x.But = later.Key, append(x.But, later.Keys...)
					}
				}
				c.Unless = append(c.Unless, x)
			}
		}
	}
	return out
}

// asked reports whether a change asks for rows that point by a reference already.
func asked(c *connect.Change, from *connect.Table, r connect.Reference) bool {
	return slices.ContainsFunc(c.Unless, func(x connect.Exists) bool {
		return x.Table == from.Name && x.When == nil && slices.Equal(x.Columns, r.Columns) && slices.Equal(x.Of, r.To)
	})
}
