package sqldb

import (
	"github.com/avowhq/avow/connect"
)

// rows are those that a change means: each is named by its key.
type rows struct {
	t      *table
	keys   []*column
	tuples [][]any
	beside func(w *writer) // what must hold too, with AND before it
	by     *want           // what nearly only these rows meet, and may be looked for by; nil: nothing
}

// where is all that must hold for a row.
func (r *rows) where(w *writer) {
	w.d.member(w, refs(w.d, "t", r.keys), r.keys, r.tuples)
	r.beside(w)
}

// besideKeys is all that must hold for a row that was not found by its key, with AND
// before it.
func (r *rows) besideKeys(w *writer) {
	w.text(" AND ")
	w.aside(func() { w.d.member(w, refs(w.d, "t", r.keys), r.keys, r.tuples) })
	r.beside(w)
}

// update is an UPDATE to be written.
type update struct {
	rows
	sets []set
	each [][]any // the keys with the values of sets behind them; nil when all rows get the same
}

// set is one column and what becomes of it.
type set struct {
	c     *column
	value any // in the column's kind, or nil
	each  bool
}

// mine turns what a column is to become into its kind; an empty text stays one.
func mine(c *column, v any) (any, bool) {
	if v == nil {
		return nil, true
	}
	if b, ok := v.([]byte); ok && len(b) == 0 && c.Kind == connect.Binary {
		return b, true
	}
	if text, ok := v.(string); ok && text == "" && (c.Kind == connect.TextKind || c.Kind == connect.Binary) {
		return text, true
	}
	if c.Kind == connect.JSON {
		return v, true
	}
	return own(c, v)
}
