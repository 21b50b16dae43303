package find

import (
	"bytes"

	"github.com/avowhq/avow/connect"
)

// record is the bytes of one row, taken apart. It is used again for the next one.
type record struct {
	bytes []byte
	ends  []int
}

// encode writes the first columns of a row.
func (r *record) encode(row []any) {
	r.bytes, r.ends = r.bytes[:0], r.ends[:0]
	for _, v := range row {
		r.bytes = appendValue(r.bytes, v)
		r.ends = append(r.ends, len(r.bytes))
	}
}

// parse takes apart what stands one behind the other.
func (r *record) parse(n int, parts ...[]byte) {
	r.bytes, r.ends = r.bytes[:0], r.ends[:0]
	for _, b := range parts {
		r.more(n, b)
	}
}

// more takes apart what stands further on, until there are n columns.
func (r *record) more(n int, b []byte) {
	for len(b) > 0 && len(r.ends) < n {
		size := valueSize(b)
		r.bytes = append(r.bytes, b[:size]...)
		r.ends, b = append(r.ends, len(r.bytes)), b[size:]
	}
}

// load takes apart the first n columns of a row of a table.
func (r *record) load(t *table, row uint32, n int) {
	key, rest := t.set.record(row)
	r.parse(n, key, rest)
}

// first is the bytes of the first n columns.
func (r *record) first(n int) []byte {
	if n == 0 {
		return nil
	}
	return r.bytes[:r.ends[n-1]]
}

// value is the bytes of one column.
func (r *record) value(i int) []byte {
	if i == 0 {
		return r.bytes[:r.ends[0]]
	}
	return r.bytes[r.ends[i-1]:r.ends[i]]
}

// tuple reads the first n columns.
func (r *record) tuple(from, to int) connect.Tuple {
	out := make(connect.Tuple, 0, to-from)
	for i := from; i < to; i++ {
		v, _ := readValue(r.value(i))
		out = append(out, v)
	}
	return out
}

// into reads as many of the first columns as there is room for.
func (r *record) into(out connect.Tuple) connect.Tuple {
	for i := range out {
		out[i], _ = readValue(r.value(i))
	}
	return out
}

// each gives every tuple of values that some columns have together, as bytes; with a
// list there are several. A tuple in which something is empty is none.
func (r *record) each(columns []int, f func(value []byte)) {
	var joined []byte
	for _, c := range columns {
		v := r.value(c)
		if isEmpty(v) {
			return
		}
		if v[0] == classList || v[0] == classObject {
			r.eachElement(columns, f)
			return
		}
		if len(columns) == 1 {
			f(v)
			return
		}
		joined = append(joined, v...)
	}
	f(joined)
}

// hasList reports that one of some columns holds a list.
func (r *record) hasList(columns []int) bool {
	for _, c := range columns {
		if r.value(c)[0] == classList {
			return true
		}
	}
	return false
}

// eachElement takes lists apart: those of one length are lists of the same elements.
func (r *record) eachElement(columns []int, f func(value []byte)) {
	lists := make([][][]byte, len(columns))
	longest := 1
	for i, c := range columns {
		lists[i] = elements(nil, r.value(c))
		longest = max(longest, len(lists[i]))
	}
	for n := range longest {
		var joined []byte
		for _, list := range lists {
			switch {
			case len(list) == longest:
				joined = append(joined, list[n]...)
			case len(list) == 1:
				joined = append(joined, list[0]...)
			}
		}
		if whole(joined, len(columns)) {
			f(joined)
		}
	}
}

// elements are the values in a list, and in the lists in it.
func elements(out [][]byte, v []byte) [][]byte {
	if v[0] != classList {
		return append(out, v)
	}
	for v = v[1:]; v[0] != classEnd; {
		n := valueSize(v)
		out, v = elements(out, v[:n]), v[n:]
	}
	return out
}

// whole reports that a tuple has n values, none of them empty.
func whole(tuple []byte, n int) bool {
	for ; len(tuple) > 0; n-- {
		size := valueSize(tuple)
		if isEmpty(tuple[:size]) {
			return false
		}
		tuple = tuple[size:]
	}
	return n == 0
}

// holds judges a condition by a record of a table.
func (r *record) holds(t *table, c *connect.Cond) bool {
	return c == nil || c.Holds(func(column string) any {
		for i, name := range t.columns[:t.kept] {
			if name == column {
				v, _ := readValue(r.value(i))
				return v
			}
		}
		return nil
	})
}

// lookup gives the number of a value in a set whose values may be of another class.
func lookup(s *rowSet, value []byte, f func(n uint32)) {
	if s.len() == 0 {
		return
	}
	rest := value
	for _, seen := range s.columns {
		if seen != classOf(rest[0]) {
			lookupCast(s, value, nil, 0, f)
			return
		}
		rest = rest[valueSize(rest):]
	}
	if n, ok := s.find(value); ok {
		f(n)
	}
}

// lookupCast tries every way in which the values may be written there.
func lookupCast(s *rowSet, rest, written []byte, column int, f func(n uint32)) {
	if column == len(s.columns) {
		if n, ok := s.find(written); ok {
			f(n)
		}
		return
	}
	size := valueSize(rest)
	if s.columns[column]&classOf(rest[0]) != 0 {
		lookupCast(s, rest[size:], append(bytes.Clone(written), rest[:size]...), column+1, f)
	}
	v, _ := readValue(rest)
	for i, class := range kinds {
		if s.columns[column]&(1<<i) == 0 || classOf(rest[0]) == 1<<i {
			continue
		}
		if as, ok := cast(v, class); ok {
			lookupCast(s, rest[size:], appendValue(bytes.Clone(written), as), column+1, f)
		}
	}
}
