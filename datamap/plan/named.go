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

// nameless are the rows that nothing names, and why. The lines of a file that are the same in
// all by which they were found are one row: they go together. One that is not may be
// somebody else's.
func (s *system) nameless(ctx context.Context, t *table) (map[int]string, error) {
	out := map[int]string{}
	var ask []int
	first := map[string]int{} // of the rows of one key
	for i := range t.len() {
		switch key := t.keyTuple(i); {
		case slices.ContainsFunc(key, isNothing):
			out[i] = keyEmpty
		case !t.found.Held:
			if other, ok := first[string(t.keyBytes(i))]; ok {
				out[other], out[i] = keyShared, keyShared
				continue
			}
			first[string(t.keyBytes(i))] = i
			ask = append(ask, i)
		case s.doubtful(t, key):
			ask = append(ask, i)
		}
	}
	found := map[int]int{}
	err := s.readRows(ctx, t, ask, t.found.Linked, func(i int, values connect.Tuple) {
		found[i]++
		if found[i] > 1 && len(values) == 0 || len(values) > 0 && join(values) != join(t.linked(i)) {
			out[i] = keyShared
		}
	})
	for _, i := range ask {
		if _, known := out[i]; !known && found[i] == 0 {
			out[i] = keyLost
		}
	}
	return out, err
}

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
