package find

import (
	"slices"
	"sync"

	avow "github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// table is one table during a search, and afterwards what was found in it.
type table struct {
	*datamap.Table
	part    *part
	schema  *connect.Table // as the database says; nil: nobody knows
	columns []string       // of a record: the key, what links stand on, and the rest
	key     int            // how many of them are the key
	kept    int            // and how many are not the rest
	when    *connect.Cond
	links   []*link // as Links
	set     *rowSet
	*tied
	indexes  []*index
	rests    rests
	blocked  map[[2]uint32]bool // row and person: conflicts
	others   *bits              // the rows that somebody else has a part in
	judged   bool               // whether that was asked
	distinct bool               // as Rows.Distinct
	named    bool               // the key alone tells a row from all others
	whole    bool               // rows are read whole, because what names them is all there is of them
	fresh    []uint32           // rows that came, or came closer, since links inside the part were taken

	mu     sync.Mutex // of err
	err    error
	absent []string
}

// link is a link with the places of its columns.
type link struct {
	*datamap.Link
	n         int16 // of the table's
	to, from  *table
	here      []int  // columns of to
	there     []int  // columns of from
	toIndex   *index // finds rows of to by here; nil: they name its rows
	fromIndex *index // finds rows of from by there; nil: they name its rows
	when      *connect.Cond
	// Several rows may be at the other end of the value of one: they are asked for, and
	// outside are the rows of to with one that belongs to nobody sought.
	open    bool
	outside *bits
}

// inside reports that a link starts in its own part.
func (l *link) inside() bool { return l.from != nil && l.from.part == l.to.part }

// belongs reports that the link makes a row somebody's, wholly or in part.
func (l *link) belongs() bool { return leads(l.Relation) }

// byHand reports that nothing can be read where the link starts, ever.
func (l *link) byHand() bool {
	return l.from != nil && datamap.Kind(l.from.System.Kind) == datamap.Manual
}

// tables prepares all tables of the map.
func (s *Search) tables() map[*datamap.Table]*table {
	out := map[*datamap.Table]*table{}
	for _, t := range s.Graph.Map.Tables() {
		out[t] = &table{Table: t, when: t.When.Cond(), blocked: map[[2]uint32]bool{}, others: &bits{}, judged: !s.Options.ToShow}
	}
	needed := needs(s.Graph.Map)
	for _, t := range s.Graph.Map.Tables() {
		out[t].choose(needed[t], s.Schemas[t.System.Name.Text], s.Options.ToShow)
	}
	for _, t := range out {
		for i, l := range t.Links {
			t.links = append(t.links, t.link(i, l, out[l.From]))
		}
	}
	return out
}

// needs are the columns that links stand on and are judged by, for every table.
func needs(m *datamap.Map) map[*datamap.Table][]string {
	out := map[*datamap.Table][]string{}
	for _, t := range m.Tables() {
		for _, l := range t.Links {
			out[t] = append(out[t], l.Columns()...)
			if l.From != nil {
				out[l.From] = append(out[l.From], l.FromColumns()...)
				out[l.Reference.Table] = append(out[l.Reference.Table], l.Reference.When.Columns()...)
			}
		}
	}
	return out
}

// choose decides which columns are read, and notes what the database lacks of them.
func (t *table) choose(needed []string, schema *connect.Schema, toShow bool) {
	if schema != nil {
		t.schema = schema.Table(t.Name)
	}
	t.columns = slices.Clone(t.KeyColumns())
	if len(t.columns) == 0 && t.schema != nil {
		t.columns = slices.Clone(t.schema.Key)
	}
	t.key = len(t.columns)
	t.take(needed)
	t.kept = len(t.columns)
	t.take(t.shown())
	t.settle(toShow)
	if t.key == 0 {
		t.key, t.kept = len(t.columns), len(t.columns) // what names a row is all there is of it
	}
	t.compareLive(schema)
	t.set = newRowSet(t.key)
	t.tied = newTied(t.set)
}

func (t *table) take(columns []string) {
	for _, c := range columns {
		if !slices.Contains(t.columns, c) {
			t.columns = append(t.columns, c)
		}
	}
}

// shown are the columns that somebody may be shown: those of the map, and all others that
// the table has, for what nobody declared is about the person too. Where the
// parts of a document are declared, or the whole of it is, the other is not read besides.
func (t *table) shown() []string {
	out := t.Columns.Keys()
	for _, w := range t.FreeText {
		out = append(out, w.Text)
	}
	if t.schema == nil {
		return out
	}
	declared := slices.Clone(out)
	for i := range t.schema.Columns {
		name := t.schema.Columns[i].Name
		inside := func(d string) bool { return !t.System.Relational() && (within(d, name) || within(name, d)) }
		if !slices.ContainsFunc(declared, func(d string) bool { return d == name || inside(d) }) {
			out = append(out, name)
		}
	}
	return out
}

// within reports that a field of a document stands inside another.
func within(field, of string) bool {
	return len(field) > len(of) && field[:len(of)] == of && (field[len(of)] == '.' || field[len(of)] == '[')
}

// compareLive notes what the map has and the database has not, or does not let be read.
func (t *table) compareLive(schema *connect.Schema) {
	live := t.schema
	if schema == nil || !t.System.Relational() {
		return // what is not in a sample of documents may be in others
	}
	if live == nil {
		t.err = avow.Errorf(avow.NotFound, "system %s has no table %s; correct the map, or see that it is there", t.System.Name.Text, t.Name)
		return
	}
	if grant := live.Lacks[connect.OpRead]; grant != "" {
		t.err = avow.Errorf(avow.Forbidden, "the login of system %s may not read %s; it needs: %s", t.System.Name.Text, t.Name, grant)
		return
	}
	for i := len(t.columns) - 1; i >= 0; i-- {
		if name := t.columns[i]; live.Column(name) == nil {
			t.lacks(i, name)
		}
	}
	slices.Reverse(t.absent)
}

// lacks does without a column that is only shown, and without the table where it is needed.
func (t *table) lacks(i int, name string) {
	t.absent = append(t.absent, name)
	if i < t.kept {
		t.err = avow.Errorf(avow.NotFound, "table %s of system %s has no column %s, by which its rows are found; correct the map", t.Name, t.System.Name.Text, name)
		return
	}
	t.columns = slices.Delete(t.columns, i, i+1)
}

// link finds the places of the columns of a link, and makes the indexes it needs.
func (t *table) link(n int, l *datamap.Link, from *table) *link {
	out := &link{Link: l, n: int16(n), to: t, from: from, here: t.places(l.Columns()), outside: &bits{}}
	if from == nil {
		return out
	}
	out.there = from.places(l.FromColumns())
	out.fromIndex = from.indexOf(out.there)
	if out.open = l.Incoming || out.fromIndex != nil && !unique(from.schema, l.Reference.There); out.open {
		out.toIndex = t.indexOf(out.here)
	}
	out.when = l.Reference.When.Cond()
	return out
}

func (t *table) places(columns []string) []int {
	out := make([]int, len(columns))
	for i, c := range columns {
		out[i] = slices.Index(t.columns, c)
	}
	return out
}

// indexOf is the index of some columns; nil when they are what names a row.
func (t *table) indexOf(columns []int) *index {
	if t.named && len(columns) == t.key && slices.IsSorted(columns) && columns[0] == 0 && columns[t.key-1] == t.key-1 {
		return nil
	}
	for _, x := range t.indexes {
		if slices.Equal(x.columns, columns) {
			return x
		}
	}
	x := newIndex(columns)
	t.indexes = append(t.indexes, x)
	return x
}

// fail notes the first thing that went wrong with a table.
func (t *table) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
	}
}

// unreadable is why the table could not be read, or not to its end.
func (t *table) unreadable() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// bits are marks on rows.
type bits struct{ words []uint64 }

func (b *bits) set(row uint32) {
	for int(row/64) >= len(b.words) {
		b.words = append(b.words, 0)
	}
	b.words[row/64] |= 1 << (row % 64)
}

func (b *bits) has(row uint32) bool {
	return int(row/64) < len(b.words) && b.words[row/64]>>(row%64)&1 == 1
}
