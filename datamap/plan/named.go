package plan

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// Why nothing can be done with a row alone. A change that names it would find nothing, or
// others, and would be taken for done.
const (
	keyEmpty  = "part of its key is empty, so that nothing names the row"
	keyLost   = "the system does not find the row by its key, so that nothing can be done with it alone"
	keyShared = "other rows have the same key, so that nothing names the row"
)

// named takes out of the plan what nothing names: rows whose key is empty in part, is not
// found when it is asked for, or is that of other rows too. Asked is only where that may be.
func (s *system) named(ctx context.Context) error {
	for _, t := range s.tables {
		if t.len() == 0 || len(t.key) == 0 {
			continue
		}
		why, err := s.nameless(ctx, t)
		if err != nil {
			return err
		}
		if len(why) > 0 {
			t.nameless = why
			t.refuseNameless()
		}
	}
	return nil
}

// nameless are the rows that nothing names, and why.
func (s *system) nameless(ctx context.Context, t *table) (map[int]string, error) {
	out := map[int]string{}
	var ask []int
	all := map[string]*namesakes{}
	for i := range t.len() {
		key := t.keyTuple(i)
		switch {
		case slices.ContainsFunc(key, isNothing):
			out[i] = keyEmpty
		case !t.found.Distinct || s.doubtful(t, key):
			n := all[string(t.keyBytes(i))]
			if n == nil {
				n = &namesakes{}
				all[string(t.keyBytes(i))] = n
				ask = append(ask, i)
			}
			n.rows = append(n.rows, i)
		}
	}
	err := s.readRows(ctx, t, ask, t.found.Linked, func(i int, values connect.Tuple) {
		if n := all[string(t.keyBytes(i))]; n != nil { // else it came along with another, as 1 with "1"
			n.take(s, t, values)
		}
	})
	for _, n := range all {
		if why := n.why(s, t); why != "" {
			for _, i := range n.rows {
				out[i] = why
			}
		}
	}
	return out, err
}

// namesakes are the rows that were found under one key, and what the system has under it.
type namesakes struct {
	rows    []int
	came    int
	another bool // a row came that is none of these
}

// take looks at a row that came. One is known by all that it was found by: lines of a file that
// are the same in that are one row, and go together.
// Where the key holds all that, those with the key are one row when they go.
func (n *namesakes) take(s *system, t *table, values connect.Tuple) {
	n.came++
	if len(values) == 0 {
		n.another = n.another || n.came > 1 && !s.goes(t, n.rows[0])
		return
	}
	is := join(values)
	n.another = n.another || !slices.ContainsFunc(n.rows, func(i int) bool { return join(t.linked(i)) == is })
}

// why nothing can be done with the rows; empty when they are one row, or go together.
func (n *namesakes) why(s *system, t *table) string {
	first := t.classOf[n.rows[0]]
	alike := len(n.rows) == 1 || s.goes(t, n.rows[0]) && !slices.ContainsFunc(n.rows, func(i int) bool { return t.classOf[i] != first })
	switch {
	case n.came == 0:
		return keyLost
	case n.another || !alike:
		return keyShared
	}
	return ""
}

// goes tells whether an erasure takes a row away.
func (s *system) goes(t *table, row int) bool { return s.work == Erasure && t.class(row).fate.goes }

func isNothing(v any) bool {
	if _, ok := v.(int64); ok { // most keys are, and a text of each costs
		return false
	}
	return connect.Text(v) == ""
}

// doubtful reports whether a system may not know a value again: it is of another kind
// than its column, has no exact form, or holds what is no text.
func (s *system) doubtful(t *table, key connect.Tuple) bool {
	for i, v := range key {
		kind := connect.Kind("")
		if t.schema != nil {
			if c := t.schema.Column(t.key[i]); c != nil {
				kind = c.Kind
			}
		}
		if !certain(v, kind, datamap.Kind(s.of.Kind) == datamap.SQLite) {
			return true
		}
	}
	return false
}

// certain reports whether a value is one that its column is surely asked for by. SQLite
// keeps of anything but integers whatever it was given.
func certain(v any, kind connect.Kind, anyForm bool) bool {
	switch v := v.(type) {
	case int64:
		return kind == connect.Integer || kind == ""
	case string:
		plain := utf8.ValidString(v) && !strings.ContainsRune(v, 0)
		return plain && !anyForm && (kind == connect.TextKind || kind == connect.UUID || kind == connect.ObjectID || kind == "")
	case float64, []any, map[string]any:
		return false
	}
	return !anyForm
}

// refuseNameless leaves the rows that nothing names as they are, and says so. They hold
// what they point at.
func (t *table) refuseNameless() {
	type kind struct {
		class uint32
		why   string
	}
	known := map[kind]uint32{}
	for i := range t.len() {
		why, ok := t.nameless[i]
		if !ok || t.class(i).fate.mention {
			continue
		}
		k := kind{t.classOf[i], why}
		n, ok := known[k]
		if !ok {
			n = uint32(len(t.classes))
			known[k] = n
			c := *t.class(i)
			c.fate.goes, c.fate.atLast, c.fate.alone, c.fate.untie, c.fate.nameless = false, false, false, nil, why
			t.classes = append(t.classes, &c)
		}
		t.classOf[i] = n
	}
}

// withNames are those of some rows that something names; the others are said to be left.
func (s *system) withNames(t *table, rows []int, columns ...string) []int {
	if len(t.nameless) == 0 {
		return rows
	}
	var out []int
	left := map[string][]int{}
	for _, i := range rows {
		if why, ok := t.nameless[i]; ok {
			left[why] = append(left[why], i)
		} else {
			out = append(out, i)
		}
	}
	for _, why := range []string{keyEmpty, keyLost, keyShared} {
		if len(left[why]) > 0 {
			s.left(t, left[why], Line{Columns: columns, Action: Keep, Refused: why, Instead: somebodyLooks})
		}
	}
	return out
}

const somebodyLooks = "it is left as it is, and somebody has to look"
