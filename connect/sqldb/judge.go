package sqldb

import (
	"context"

	"github.com/avowhq/avow/connect"
)

// judged reports whether the rows must be looked at before they are changed: because a
// guard compares in a way that SQL knows only nearly, or because the database will not
// look into a table that it is changing.
func (w *work) judged(d dialect) bool {
	for _, g := range w.guards {
		if g.near {
			return true
		}
	}
	for _, x := range w.unless {
		if x.within(w.t) && !d.looksBack() {
			return true
		}
	}
	return false
}

// within reports whether the rows that must not be are rows of a table itself.
func (x *exists) within(t *table) bool { return x.t.schema == t.schema && x.t.name == t.name }

// judge locks the rows and leaves out those that a guard does not hold for. The
// statement that follows says again all that SQL can say.
func (w *work) judge(ctx context.Context, d dialect, tx asker, c chunk) (chunk, error) {
	return w.meant(ctx, d, tx, c, d.lock())
}

// meant leaves out the rows that a guard does not hold for; lock is what stands at the end of the SELECT.
func (w *work) meant(ctx context.Context, d dialect, tx asker, c chunk, lock string) (chunk, error) {
	columns := append([]*column(nil), w.keys.columns...)
	for _, g := range w.guards {
		g.index()
		columns = append(columns, g.columns...)
	}
	out := newWriter(d)
	out.text("SELECT ")
	out.list(len(columns), ", ", func(i int) { out.text(d.read("t."+d.quote(columns[i].Name), columns[i])) })
	out.text(" FROM ", w.t.quoted(d), " AS t WHERE ")
	out.d.member(out, refs(out.d, "t", w.keys.columns), w.keys.columns, c.keys)
	if err := w.beside(out, true); err != nil {
		return chunk{}, err
	}
	out.text(lock)
	met := map[key]bool{}
	err := scan(ctx, tx, out, columns, func(row connect.Row) {
		at := len(w.keys.columns)
		mine := row[:at]
		for _, g := range w.guards {
			if _, ok := g.held(row[at : at+len(g.columns)]); !ok {
				return
			}
			at += len(g.columns)
		}
		met[w.keys.key(mine)] = true
	})
	return w.only(c, met), err
}

func (w *work) only(c chunk, met map[key]bool) (out chunk) {
	for i, tuple := range c.keys {
		if !met[w.keys.key(tuple)] {
			continue
		}
		out.keys = append(out.keys, tuple)
		if c.each != nil {
			out.each = append(out.each, c.each[i])
		}
	}
	return out
}

func scan(ctx context.Context, tx asker, w *writer, columns []*column, each func(connect.Row)) error {
	rows, err := tx.QueryContext(ctx, w.String(), w.args()...)
	if err != nil {
		return err
	}
	defer rows.Close()
	raw, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range raw {
		into[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := make(connect.Row, len(columns))
		for i, c := range columns {
			row[i] = value(c, raw[i])
		}
		each(row)
	}
	return rows.Err()
}
