package mongo

import (
	"context"
	"errors"
	"slices"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
)

// without leaves out the documents for which there is a row as u says. It is a read of
// its own: without transactions a row that comes right after it is not seen.
func (w *writing) without(ctx context.Context, u connect.Exists, docs []found) ([]found, error) {
	in := connect.In{Columns: u.Columns}
	for _, f := range docs {
		in.Tuples = append(in.Tuples, f.doc.Tuples(u.Of)...)
	}
	if len(in.Tuples) == 0 {
		return docs, nil
	}
	but := match.NewIndex(connect.In{Columns: u.Key, Tuples: u.But}, "")
	var taken []connect.Tuple
	columns := slices.Concat(u.Columns, u.Key)
	err := w.s.Read(ctx, connect.Read{Table: u.Table, Columns: columns, Any: []connect.In{in}, When: u.When}, func(r connect.Row) error {
		value := match.Flat(func(column string) any { return r[slices.Index(columns, column)] })
		if len(u.But) == 0 || !but.Holds(value) {
			taken = append(taken, value.Tuples(u.Columns)...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	index := match.NewIndex(connect.In{Columns: u.Of, Tuples: taken}, "")
	return slices.DeleteFunc(docs, func(f found) bool { return index.Holds(f.doc) }), nil
}

// rawKey is where a transaction keeps the driver's own error.
type rawKey struct{}

func withRaw(ctx context.Context, err *error) context.Context {
	*err = nil
	return context.WithValue(ctx, rawKey{}, err)
}

// keepRaw remembers an error of the driver for the transaction it happened in.
func keepRaw(ctx context.Context, err error) error {
	if kept, ok := ctx.Value(rawKey{}).(*error); ok && err != nil && !errors.Is(err, context.Canceled) {
		*kept = err
	}
	return err
}
