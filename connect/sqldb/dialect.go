package sqldb

import (
	"context"
	"database/sql"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// dialect is what differs between the databases.
type dialect interface {
	// describe reads the catalog of the database.
	describe(ctx context.Context, db asker, within string) (*catalog, error)
	// quote writes a name.
	quote(name string) string
	// param is the nth parameter, from 1.
	param(n int) string
	// read is the expression that gives a column in a form that value understands.
	read(ref string, c *column) string
	// argument writes a value of a column as a parameter; nil too.
	argument(w *writer, c *column, v any)
	// member holds when the columns are together one of the tuples, which are all of the
	// columns' own kinds.
	member(w *writer, refs []string, columns []*column, tuples [][]any)
	// textMember holds when an expression of text is one of the texts. It may hold for
	// texts that a loose comparison takes for the same.
	textMember(w *writer, expr string, texts []string)
	// room is how many values of how many bytes one statement takes.
	room() (values, bytes int)
	// seek holds when a column is one of the texts, by its index; capitals count to Trimmed only.
	seek(w *writer, ref string, c *column, how connect.Compare, texts []string)
	// update writes an UPDATE; see change.go.
	update(w *writer, u *update)
	remove(w *writer, r *rows)
	// text is a column as text, bytes of text too.
	text(ref string, c *column) string
	trim(expr string) string
	plainDigits(expr string) string
	last(expr string, n int) string
	// other holds for texts in which there is another character than those of a class.
	other(expr string, class class) string
	// compare writes a comparison of a column that is not empty; of texts byte by byte.
	compare(w *writer, ref string, c *column, op string, v any)
	snapshot() sql.IsolationLevel
	serial() sql.IsolationLevel // in which a condition on other rows stays true until the end
	// looksBack reports whether a change of a table may ask about other rows of it.
	looksBack() bool
	lock() string  // what locks the rows of a SELECT
	clock() string // asks for the time by the server's clock, in microseconds since 1970; empty: it has none
	fault(err error) fault
}

// class is a set of characters.
type class int

const (
	ascii   class = iota
	dialled       // digits, and what stands between them
)

// fault is what a driver's error means.
type fault struct {
	kind   avow.ErrorKind
	what   string // for people, without a value
	again  bool   // the same may succeed at once
	locked bool   // or when others are done, for whom it was waited long already
	stale  bool   // the catalog has changed
	lacks  bool   // the login may not
}

// attempts is how often the same is tried.
func (f fault) attempts() int {
	switch {
	case f.again:
		return attempts
	case f.locked:
		return lockedAttempts
	}
	return 1
}

// writer writes one statement.
type writer struct {
	strings.Builder
	d      dialect
	values []any
}

func newWriter(d dialect) *writer { return &writer{d: d} }

func (w *writer) text(parts ...string) {
	for _, p := range parts {
		w.WriteString(p)
	}
}

// value writes a parameter.
func (w *writer) value(v any) {
	w.values = append(w.values, v)
	w.WriteString(w.d.param(len(w.values)))
}

// args are the parameters as the driver takes them.
func (w *writer) args() []any {
	if d, ok := w.d.(interface{ args([]any) []any }); ok {
		return d.args(w.values)
	}
	return w.values
}

// moments writes a comparison that is neither true nor false of what stands in a column and
// is no moment: infinity, a year before 1 or after 9999, a zero date. An index is used all the same.
func (w *writer) moments(compare func(), known string) {
	w.text("(")
	compare()
	w.text(" AND ", known, " OR NOT (", known, ") AND NULL)")
}

// list writes parts with what stands between them.
func (w *writer) list(n int, between string, part func(i int)) {
	for i := range n {
		if i > 0 {
			w.WriteString(between)
		}
		part(i)
	}
}

// aside writes what must hold beside the keys. The rows are to be found by their keys:
// a database that may begin with the condition instead has a way of its own to write it.
func (w *writer) aside(cond func()) {
	if d, ok := w.d.(interface{ aside(*writer, func()) }); ok {
		d.aside(w, cond)
		return
	}
	cond()
}
