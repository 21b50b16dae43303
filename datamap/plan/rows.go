package plan

import (
	"slices"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// table is the rows found in one table, while a plan is made.
type table struct {
	of     *datamap.Table
	schema *connect.Table // nil: the system says nothing of it
	found  *find.Rows
	key    []string // none: nothing names a row

	classes []*class
	classOf []uint32 // of each row
	bytes   []byte   // the key and the linked values of each row
	at, mid []uint32 // where they begin

	lists    []string            // of which elements may be others'
	whys     map[string]*held    // by what they say
	held     map[int]*held       // rows that would go, and cannot
	nameless map[int]string      // rows that nothing names, and why
	untie    map[int]uint64      // rows that stay, and the references (a bit each) they let go of
	index    map[string]int      // key → row, when it is needed
	extra    map[string][]any    // what was read besides, by column
	copies   map[string][]string // by the trigger, tables that it writes to and the map does not know
	pointing []*edge             // the references to the table that the database enforces
}

// held is why rows that would go are masked instead.
type held struct {
	why  string
	one  string // why, of a single row that points at them
	rows int    // that point at them
}

// class is rows with the same ties, so that the same becomes of them.
type class struct {
	ties   []tie
	empty  uint64 // which of the linked columns are empty
	holds  []int  // of Options.Holds
	narrow []narrowing
	fate   fate
	while  *while // nil: nothing more
}

type tie struct {
	link *datamap.Link
	way  datamap.Relation
	last bool
}

func newTable(t *datamap.Table, schema *connect.Schema, rows *find.Rows) *table {
	out := &table{of: t, found: rows, lists: listsOf(t), whys: map[string]*held{}, held: map[int]*held{}, untie: map[int]uint64{}, extra: map[string][]any{}}
	if schema == nil {
		return out
	}
	if out.schema = schema.Table(t.Name); out.schema != nil {
		out.copies = copiesOf(out.schema, schema, t.System)
	}
	return out
}

// copiesOf are the tables that triggers of a table write to and the map does not know.
func copiesOf(t *connect.Table, schema *connect.Schema, of *datamap.System) map[string][]string {
	out := map[string][]string{}
	for _, trigger := range t.Triggers {
		for _, name := range trigger.Writes {
			to := schema.Table(name)
			if !slices.ContainsFunc(of.All(), func(m *datamap.Table) bool { return to != nil && schema.Table(m.Name) == to }) {
				out[trigger.Name] = append(out[trigger.Name], name)
			}
		}
	}
	return out
}

func (b *builder) table(t *datamap.Table, schema *connect.Schema, rows *find.Rows) (*table, error) {
	out := newTable(t, schema, rows)
	if len(t.Key) > 0 || out.schema == nil || len(out.schema.Key) > 0 {
		out.key = rows.Key
	}
	out.room(rows.Len())
	known := map[string]uint32{}
	var sign []byte
	err := rows.Each(func(r find.Row) error {
		sign = b.sign(sign[:0], out, r)
		n, ok := known[string(sign)]
		if !ok {
			n = uint32(len(out.classes))
			known[string(sign)] = n
			out.classes = append(out.classes, b.class(out, r))
		}
		out.add(r, n)
		return nil
	})
	return out, err
}

func (t *table) add(r find.Row, class uint32) {
	t.at = append(t.at, uint32(len(t.bytes)))
	t.bytes = appendTuple(t.bytes, r.Key)
	t.mid = append(t.mid, uint32(len(t.bytes)))
	t.bytes = appendTuple(t.bytes, r.Linked)
	t.classOf = append(t.classOf, class)
}

// room is made for so many rows.
func (t *table) room(n int) {
	t.classOf, t.at, t.mid = make([]uint32, 0, n), make([]uint32, 0, n), make([]uint32, 0, n)
	t.bytes = make([]byte, 0, 16*n)
}

func (t *table) len() int { return len(t.classOf) }

func (t *table) class(i int) *class { return t.classes[t.classOf[i]] }

// keyBytes are equal for equal keys.
func (t *table) keyBytes(i int) []byte { return t.bytes[t.at[i]:t.mid[i]] }

func (t *table) keyTuple(i int) connect.Tuple {
	p := packed{width: len(t.found.Key), n: 1, bytes: t.keyBytes(i)}
	return p.one()
}

func (t *table) linked(i int) connect.Tuple {
	end := len(t.bytes)
	if i+1 < len(t.at) {
		end = int(t.at[i+1])
	}
	p := packed{width: len(t.found.Linked), n: 1, bytes: t.bytes[t.mid[i]:end]}
	return p.one()
}

// row finds a row by its key; -1 when it was not found.
func (t *table) row(key connect.Tuple) int {
	if t.index == nil {
		t.index = make(map[string]int, t.len())
		for i := range t.len() {
			t.index[string(t.keyBytes(i))] = i
		}
	}
	if i, ok := t.index[string(appendTuple(nil, key))]; ok {
		return i
	}
	return -1
}

// goes reports whether the row is deleted.
func (t *table) goes(i int) bool {
	return t.class(i).fate.goes && (len(t.held) == 0 || t.held[i] == nil)
}

// going are the rows that are deleted.
func (t *table) going() []int {
	var out []int
	for i := range t.len() {
		if t.goes(i) {
			out = append(out, i)
		}
	}
	return out
}

func (t *table) anyGoes() bool {
	for i := range t.len() {
		if t.goes(i) {
			return true
		}
	}
	return false
}

// sign writes what tells one class of rows from another.
func (b *builder) sign(out []byte, t *table, r find.Row) []byte {
	for _, each := range r.Ties {
		last := byte(0)
		if each.Last {
			last = 1
		}
		out = append(out, byte(slices.Index(t.of.Links, each.Link)), byte(each.Way), last)
		for _, h := range b.holdsOf(t, each.Person) {
			out = append(out, 0xff, byte(h), byte(h>>8))
		}
	}
	for _, v := range r.Linked {
		out = append(out, isEmpty(v))
	}
	for _, n := range b.narrow(t, r) {
		for _, id := range n.by {
			out = append(out, n.list+"\x00"+id.Column+"\x00"...)
		}
		for _, l := range n.links {
			out = append(out, n.list+"\x01"+l.Name+"\x00"...)
		}
	}
	return out
}

// isEmpty counts an empty text as nothing, as every source does: no guard by a value could hold for it.
func isEmpty(v any) byte {
	if connect.Text(v) == "" {
		return 1
	}
	return 0
}

func (b *builder) class(t *table, r find.Row) *class {
	c := &class{narrow: b.narrow(t, r)}
	for _, each := range r.Ties {
		next := tie{each.Link, each.Way, each.Last}
		if !slices.Contains(c.ties, next) {
			c.ties = append(c.ties, next)
		}
		for _, h := range b.holdsOf(t, each.Person) {
			if !slices.Contains(c.holds, h) {
				c.holds = append(c.holds, h)
			}
		}
	}
	for i, v := range r.Linked {
		c.empty |= uint64(isEmpty(v)) << min(i, 63)
	}
	c.fate = b.fate(t, c)
	return c
}

// holdsOf are the holds on what one person's erasure would end.
func (b *builder) holdsOf(t *table, person int) []int {
	var out []int
	for i, h := range b.options.Holds {
		if h.Person == person && (len(h.Tables) == 0 || slices.Contains(h.Tables, t.of.Path())) && (h.Until.IsZero() || h.Until.After(b.options.Now)) {
			out = append(out, i)
		}
	}
	return out
}
