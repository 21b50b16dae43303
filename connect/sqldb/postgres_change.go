package sqldb

import (
	"encoding/hex"
	"fmt"

	"github.com/avowhq/avow/connect"
)

// remove joins the rows with their keys, as update does, or with what they are found by
// faster.
func (d postgres) remove(w *writer, r *rows) {
	if r.by != nil {
		r = &rows{t: r.t, keys: r.by.columns, tuples: r.by.tuples, beside: r.besideKeys}
	}
	w.text("DELETE FROM ", r.t.quoted(d), " AS t USING ")
	d.named(w, r, nil)
	w.text(" WHERE ")
	d.those(w, r)
}

// update leaves out rows that are already as wanted: a change that is done again does
// not set off its triggers again.
func (d postgres) update(w *writer, u *update) {
	w.text("UPDATE ", u.t.quoted(d), " AS t SET ")
	w.list(len(u.sets), ", ", func(i int) {
		w.text(d.quote(u.sets[i].c.Name), " = ")
		d.becomes(w, u, i)
	})
	w.text(" FROM ")
	d.named(w, &u.rows, u)
	w.text(" WHERE ")
	d.those(w, &u.rows)
	w.text(" AND (")
	w.list(len(u.sets), " OR ", func(i int) {
		w.text("t.", d.quote(u.sets[i].c.Name), `::text COLLATE "C" IS DISTINCT FROM (`)
		d.becomes(w, u, i)
		w.text(")::text")
	})
	w.text(")")
}

// telling is an update that says with RETURNING what it wrote.
func (d postgres) telling(w *writer, u *update, last func(*writer)) {
	keys := func(part func(i int)) {
		for i := range u.keys {
			w.text(", ")
			part(i)
		}
	}
	w.text("WITH changed AS (")
	d.update(w, u)
	w.text(" RETURNING (")
	last(w)
	w.text(") IS TRUE AS last")
	keys(func(i int) {
		w.text(d.read("t."+d.quote(u.keys[i].Name), u.keys[i]))
		fmt.Fprintf(w, " AS k%d", i)
	})
	w.text(") SELECT count(*)")
	keys(func(int) { w.text("NULL") })
	w.text(" FROM changed UNION ALL SELECT NULL")
	keys(func(i int) { fmt.Fprintf(w, "k%d", i) })
	w.text(" FROM changed WHERE last")
}

// becomes writes the new value of a column.
func (d postgres) becomes(w *writer, u *update, i int) {
	if u.sets[i].each {
		fmt.Fprintf(w, "u.c%d::%s", len(u.keys)+i, u.sets[i].c.cast)
		return
	}
	d.argument(w, u.sets[i].c, u.sets[i].value)
}

// those holds for the rows that have one of the keys and for which all else holds.
func (d postgres) those(w *writer, r *rows) {
	w.list(len(r.keys), " AND ", func(i int) {
		d.ref(w, "t."+d.quote(r.keys[i].Name), r.keys[i])
		fmt.Fprintf(w, " = u.c%d", i)
	})
	r.beside(w)
}

// named is the keys as a table u, with the new values of an update behind them. How many
// they are is hidden from the planner: it takes a look at every row of a large table for
// better than a few thousand looks into the index of its key, which come in the key's
// order and find the next row beside the last. Where no index is, it joins by hashes.
func (d postgres) named(w *writer, r *rows, u *update) {
	w.text("unnest(")
	w.list(len(r.keys), ", ", func(i int) {
		w.text("(SELECT ")
		d.array(w, r.keys[i], r.tuples, i)
		w.text(")")
	})
	n := len(r.keys)
	if u != nil && u.each != nil {
		for i, s := range u.sets {
			w.text(", (SELECT ")
			w.value(nullableTexts(s.c, u.each, len(r.keys)+i))
			w.text("::text[])")
		}
		n += len(u.sets)
	}
	w.text(") AS u(")
	w.list(n, ", ", func(i int) { fmt.Fprintf(w, "c%d", i) })
	w.text(")")
}

func nullableTexts(c *column, tuples [][]any, i int) []*string {
	out := make([]*string, len(tuples))
	for j, tuple := range tuples {
		if tuple[i] == nil {
			continue
		}
		text := ""
		switch v := scalar(c, tuple[i]).(type) {
		case []byte:
			text = `\x` + hex.EncodeToString(v)
		default:
			text = connect.Text(v)
		}
		out[j] = &text
	}
	return out
}
