package sqldb

import (
	"bytes"
	"context"
	"slices"

	"github.com/avowhq/avow/connect"
)

// An update that empties what ties rows to people is followed by the deletion of those
// that nobody is tied to any more. Which they are it can tell as it writes them: hardly
// any, most of the time, and nobody has to look all of them up again.

// teller is a dialect in which an update tells of the rows it wrote.
type teller interface {
	// telling writes an update that gives a row with how many rows it changed, and one
	// with nothing and the key for each of which last holds then.
	telling(w *writer, u *update, last func(w *writer))
}

// toldBy is the change behind a work that the work can tell of; nil when it cannot.
func toldBy(d dialect, works []*work, i int) *work {
	if _, ok := d.(teller); !ok || i+1 >= len(works) || !works[i].tells(works[i+1]) || works[i].judged(d) {
		return nil
	}
	return works[i+1]
}

// tells reports whether next deletes some of the very rows that are updated, by nothing
// but what stands in them. A trigger might write them once more.
func (w *work) tells(next *work) bool {
	same := func(a, b []any) bool { return slices.EqualFunc(a, b, sameValue) }
	return w.Kind == connect.Update && next.Kind == connect.Delete && next.When != nil && len(next.guards)+len(next.unless) == 0 &&
		w.t == next.t && len(w.t.Triggers) == 0 && slices.Equal(w.Key, next.Key) && slices.EqualFunc(w.keys.tuples, next.keys.tuples, same)
}

func sameValue(a, b any) bool {
	if x, ok := a.([]byte); ok {
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	}
	return a == b
}

// doTelling does a change and gives what is left to do of next: with the rows that were
// told of, or all of it where not every row was changed just now.
func (w *work) doTelling(ctx context.Context, d dialect, tx asker, next *work) (changed int64, left *work, err error) {
	if w.nothing() {
		return 0, next, nil
	}
	rest, keys := *next, *next.keys
	rest.keys, keys.tuples = &keys, nil
	for _, c := range w.chunks(d) {
		out, err := w.telling(d, c, next)
		if err != nil {
			return 0, nil, err
		}
		n, last, err := w.told(ctx, tx, out)
		if err != nil {
			return 0, nil, err
		}
		changed += n
		keys.tuples = append(keys.tuples, last...)
	}
	if changed < int64(len(next.keys.tuples)) {
		return changed, next, nil
	}
	return changed, &rest, nil
}

func (w *work) telling(d dialect, c chunk, next *work) (*writer, error) {
	var failed error
	out, err := w.written(d, c, func(out *writer, u *update) {
		d.(teller).telling(out, u, func(out *writer) { failed = condition(out, "t", w.t, next.When) })
	})
	if err == nil {
		err = failed
	}
	return out, err
}

// told reads what an update tells.
func (w *work) told(ctx context.Context, tx asker, out *writer) (changed int64, last [][]any, err error) {
	rows, err := tx.QueryContext(ctx, out.String(), out.args()...)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	raw, into := make([]any, 1+len(w.keys.columns)), make([]any, 1+len(w.keys.columns))
	for i := range raw {
		into[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return 0, nil, err
		}
		if n, ok := raw[0].(int64); ok {
			changed = n
			continue
		}
		tuple := make(connect.Tuple, len(w.keys.columns))
		for i, c := range w.keys.columns {
			tuple[i] = value(c, raw[1+i])
		}
		if mine, ok := w.keys.own(nil, tuple); ok {
			last = append(last, mine)
		}
	}
	return changed, last, rows.Err()
}
