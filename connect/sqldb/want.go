package sqldb

import (
	"hash/maphash"
	"slices"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// want is an In made ready for one table: its tuples in the columns' own kinds, or in
// the one form of what they are compared as.
type want struct {
	in      connect.In
	columns []*column
	region  string
	// nearly says which of the columns are compared other than letter by letter: the
	// database gives rows that may match, and keys decides.
	nearly []bool
	near   bool
	sought []bool  // which of the columns are looked up in an index
	tuples [][]any // distinct if near
	keys   map[key]int32
	seed   [2]maphash.Seed
	parts  int   // how many statements the tuples are dealt to
	starts []int // where in tuples each part begins
}

// key stands for one tuple. Two tuples share one with a chance of 1 in 2^128, and nobody
// can choose them so, because the seeds are drawn anew.
type key [2]uint64

// newWant leaves out the tuples that no row can have.
func newWant(t *table, in connect.In, region string) (*want, error) {
	w := &want{in: in, region: region, nearly: make([]bool, len(in.Columns)), seed: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, parts: 1}
	for i, name := range in.Columns {
		c := t.column(name)
		if in.Compare == connect.AsStored {
			as := *c
			as.loose = false // so that nothing more is asked than the database's own equality
			c = &as
		}
		w.columns = append(w.columns, c)
		w.nearly[i] = in.Compare != "" && in.Compare != connect.Exact && in.Compare != connect.AsStored && compares(c, in.Compare)
		w.near = w.near || w.nearly[i]
	}
	w.tuples = make([][]any, 0, len(in.Tuples))
	values := make([]any, 0, len(in.Tuples)*len(in.Columns))
	for _, tuple := range in.Tuples {
		if len(tuple) != len(w.columns) {
			return nil, avow.Errorf(avow.Invalid, "table %s: a tuple of %d values is asked for in %d columns", t.Name, len(tuple), len(w.columns))
		}
		start := len(values)
		var ok bool
		if values, ok = w.own(values, tuple); !ok {
			values = values[:start]
			continue
		}
		w.tuples = append(w.tuples, values[start:len(values):len(values)])
	}
	if w.near {
		w.distinct()
		w.seek()
	}
	return w, nil
}

// compares reports whether a column is compared in another way than by its own kind.
func compares(c *column, how connect.Compare) bool {
	switch c.Kind {
	case connect.TextKind, connect.Binary:
		return true
	case connect.Integer, connect.DecimalKind: // a phone number kept as a number
		return how == connect.Digits || how == connect.Phone
	}
	return false
}

func (w *want) own(into []any, tuple connect.Tuple) ([]any, bool) {
	for i, v := range tuple {
		var mine any
		var ok bool
		if w.nearly[i] {
			mine, ok = connect.Normal(w.in.Compare, w.region, connect.Plain(v))
		} else {
			mine, ok = own(w.columns[i], v)
		}
		if !ok || !w.nearly[i] && w.columns[i].tooShort(mine) {
			return into, false
		}
		into = append(into, mine)
	}
	return into, true
}

// seek is decided for all tuples at once, so that every statement of them finds the same.
func (w *want) seek() {
	w.sought = make([]bool, len(w.columns))
	for i := range w.columns {
		if w.nearly[i] {
			w.sought[i] = sought(w.columns[i], w.in.Compare, w.texts(w.tuples, i))
		}
	}
}

// texts is one column of tuples in normal form.
func (w *want) texts(tuples [][]any, i int) []string {
	out := make([]string, len(tuples))
	for j, tuple := range tuples {
		out[j] = tuple[i].(string)
	}
	return out
}

func (w *want) distinct() {
	w.index()
	kept := w.tuples[:0]
	seen := make(map[key]bool, len(w.tuples))
	for _, tuple := range w.tuples {
		if k := w.key(tuple); !seen[k] {
			seen[k] = true
			kept = append(kept, tuple)
		}
	}
	w.tuples = kept
}

// index makes keys, so that held can tell.
func (w *want) index() {
	if w.keys != nil {
		return
	}
	w.keys = make(map[key]int32, len(w.tuples))
	for _, tuple := range w.tuples {
		k := w.key(tuple)
		w.keys[k] = w.part(k)
	}
}

func (w *want) part(k key) int32 { return int32(k[0] % uint64(w.parts)) }

// key is that of values in the columns' own kinds or normal forms.
func (w *want) key(values []any) key {
	var a, b maphash.Hash
	a.SetSeed(w.seed[0])
	b.SetSeed(w.seed[1])
	for _, v := range values {
		text := connect.Text(v)
		a.WriteString(text)
		b.WriteString(text)
		a.WriteByte(0xff) // in no text
		b.WriteByte(0xff)
	}
	return key{a.Sum64(), b.Sum64()}
}

// held says to which part the tuple that the values of a row meet was dealt.
func (w *want) held(row []any) (part int32, ok bool) {
	var buffer [4]any
	values := buffer[:0]
	for i, v := range row {
		if w.nearly[i] {
			text, ok := connect.Normal(w.in.Compare, w.region, connect.Plain(v))
			if !ok || w.sought[i] && !reached(w.in.Compare, connect.Plain(v)) {
				return 0, false
			}
			v = text
		} else if connect.Text(v) == "" {
			return 0, false
		}
		values = append(values, v)
	}
	part, ok = w.keys[w.key(values)]
	return part, ok
}

// deal spreads the tuples over statements, equal ones to the same, so that each row is
// met by one of them.
func (w *want) deal(values, bytes int) {
	total := 0
	for _, tuple := range w.tuples {
		for _, v := range tuple {
			total += size(v)
		}
	}
	w.parts = 1 + max((len(w.tuples)*len(w.columns)-1)/values, total/bytes)
	if w.parts == 1 {
		return
	}
	w.parts += 1 + w.parts/8 // the parts are not quite equal
	part := make([]int32, len(w.tuples))
	w.starts = make([]int, w.parts+1)
	for i, tuple := range w.tuples {
		part[i] = w.part(w.key(tuple))
		w.starts[part[i]+1]++
	}
	for i := range w.parts {
		w.starts[i+1] += w.starts[i]
	}
	dealt, next := make([][]any, len(w.tuples)), slices.Clone(w.starts)
	for i, tuple := range w.tuples {
		dealt[next[part[i]]] = tuple
		next[part[i]]++
	}
	w.tuples = dealt
	if w.keys != nil {
		w.keys = nil
		w.index()
	}
}

// share is the tuples of one part.
func (w *want) share(part int) [][]any {
	if w.parts == 1 {
		return w.tuples
	}
	return w.tuples[w.starts[part]:w.starts[part+1]]
}

func size(v any) int {
	switch v := v.(type) {
	case string:
		return len(v) + 4
	case []byte:
		return 2*len(v) + 4
	}
	return 12
}

// write is the condition of a part in SQL: exactly the tuples when none of the columns
// is compared nearly, else a condition that the tuples and maybe others meet.
func (w *want) write(out *writer, alias string, part int) {
	tuples := w.share(part)
	if len(tuples) == 0 {
		out.text("1 = 0")
		return
	}
	if !w.near {
		out.d.member(out, refs(out.d, alias, w.columns), w.columns, tuples)
		return
	}
	out.list(len(w.columns), " AND ", func(i int) {
		column := make([][]any, len(tuples))
		for j, tuple := range tuples {
			column[j] = tuple[i : i+1]
		}
		ref := refs(out.d, alias, w.columns[i:i+1])
		if !w.nearly[i] {
			out.d.member(out, ref, w.columns[i:i+1], column)
			return
		}
		texts := w.texts(tuples, i)
		if w.sought[i] {
			out.d.seek(out, ref[0], w.columns[i], w.in.Compare, spelled(texts))
			return
		}
		nearly(out, ref[0], w.columns[i], w.in.Compare, texts)
	})
}

func refs(d dialect, alias string, columns []*column) []string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = alias + "." + d.quote(c.Name)
	}
	return out
}

// tooShort reports whether a column cannot hold a value for its length; cut to it, it would be another.
func (c *column) tooShort(v any) bool {
	text, ok := v.(string)
	return ok && c.Length > 0 && !c.shared && len(text) > c.Length && utf8.RuneCountInString(text) > c.Length
}
