package find

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// Found is what concerns some people.
type Found struct {
	People    []Person
	Systems   []SystemFound // in the order of the map
	Conflicts []Conflict    // by table, key and person
	// Unknown are the kinds of identities that were handed in and that no table of the
	// map knows people by.
	Unknown []string
	// Unreached are the tables that only identities of other kinds lead to.
	Unreached []*datamap.Table

	known *known
}

// SystemFound is what was found in one system.
type SystemFound struct {
	System *datamap.System
	// Away is why nothing can be read there now. It is nil for a manual system, which no
	// program ever reads.
	Away   error
	Tables []*Rows // of all its tables, in the order of the file
}

// Rows are the rows of one table that concern somebody.
type Rows struct {
	Table *datamap.Table
	// Err is why the table could not be read, or not to its end; what was found before stays.
	Err error
	// Hidden is why the system may not show every row to its login, and what would; empty when it shows all.
	Hidden string
	// Missed are the links that could not be taken because the rows they start at, or
	// the system, could not be read: there may be more rows than these.
	Missed []*datamap.Link
	// Absent are columns that the map has and the table has not.
	Absent []string
	// Key and Linked name the columns of Row.Key and Row.Linked. A table without a key has
	// all that was read of a row for its key.
	Key, Linked []string
	// Distinct says that the system itself lets no two rows have one key, as far as anybody knows;
	// one that is empty in part may be there several times all the same. Where it does not,
	// rows of one key that links stand on differently are several rows here.
	Distinct bool

	table *table
	count int
	once  sync.Once
	order []uint32 // the rows that concern somebody, by key; nil: all, as they came
}

// Row is one row.
type Row struct {
	Key    connect.Tuple
	Linked connect.Tuple // the values that links stand on and were judged by
	Ties   []Tie         // by person, then the closest first
}

// Tie is one way in which a row concerns one person.
type Tie struct {
	Person int
	Link   *datamap.Link
	Way    datamap.Relation // of the whole way, which may be more distant than the link's own
	Last   bool             // nobody but the people sought shares or owns the row
}

// Conflict is a row that is tied to a person by an owning link and to somebody else by
// another. It is left alone until somebody has decided whose it is: giving the person
// the identity that is missing, or correcting the row, settles it.
type Conflict struct {
	Table   *datamap.Table
	Key     connect.Tuple
	Person  int
	By      []*datamap.Link // that lead to the person
	Against []Against
}

// Against is why a row is perhaps not the person's.
type Against struct {
	Link *datamap.Link
	Why  Why
}

// Why says what speaks against a row.
type Why string

// What may speak against it.
const (
	OtherIdentity Why = "other identity"    // it bears another value of a kind that is known of the person
	PointsAway    Why = "points elsewhere"  // it points at a row that is not the person's, or that is not there
	PointedAt     Why = "others point here" // a row that is not the person's points at it
	CannotTell    Why = "cannot be told"    // the rows that could tell cannot be read now
)

// Rows are those of one table; nil for a table of another map.
func (f *Found) Rows(t *datamap.Table) *Rows {
	for _, s := range f.Systems {
		if s.System != t.System {
			continue
		}
		for _, r := range s.Tables {
			if r.Table == t {
				return r
			}
		}
	}
	return nil
}

// Len is how many rows concern somebody.
func (r *Rows) Len() int { return r.count }

// sorted are the rows that concern somebody, in the order of their keys.
func (r *Rows) sorted() iter.Seq[uint32] {
	r.once.Do(r.sort)
	if r.order != nil {
		return slices.Values(r.order)
	}
	return func(yield func(uint32) bool) {
		for row := range uint32(r.count) {
			if !yield(row) {
				return
			}
		}
	}
}

// sort puts the rows into order, unless they came in it and all concern somebody.
func (r *Rows) sort() {
	key := r.table.set.key
	inOrder := r.count == int(r.table.set.len())
	for row := uint32(1); inOrder && row < r.table.set.len(); row++ {
		inOrder = bytes.Compare(key(row-1), key(row)) < 0
	}
	if inOrder {
		return
	}
	r.order = make([]uint32, 0, r.count)
	for row := range r.table.set.len() {
		if r.table.live(row) {
			r.order = append(r.order, row)
		}
	}
	if len(r.order) > sortedByPrefix {
		slices.SortFunc(r.order, func(a, b uint32) int { return bytes.Compare(key(a), key(b)) })
		return
	}
	r.sortByPrefix()
}

// sortedByPrefix bounds for how many rows there is room for the beginnings of their keys.
const sortedByPrefix = 1 << 17

// sortByPrefix compares the first bytes of the keys, which mostly tell, as numbers.
func (r *Rows) sortByPrefix() {
	type prefixed struct {
		prefix uint64
		row    uint32
	}
	rows := make([]prefixed, len(r.order))
	for i, row := range r.order {
		var first [8]byte
		copy(first[:], r.table.set.key(row))
		rows[i] = prefixed{binary.BigEndian.Uint64(first[:]), row}
	}
	slices.SortFunc(rows, func(a, b prefixed) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return bytes.Compare(r.table.set.key(a.row), r.table.set.key(b.row))
	})
	for i, each := range rows {
		r.order[i] = each.row
	}
}

// Unshown says which columns the map names and the table has not, so that nobody is shown what
// the map's words mean by them; empty when it has all.
func (r *Rows) Unshown() string {
	if len(r.Absent) == 0 {
		return ""
	}
	return "the map names `" + strings.Join(r.Absent, "`, `") + "`, and the table has no such column; see `avow map check`"
}

// Each gives every row once, in the order of the keys. An error of each ends it and is
// returned.
func (r *Rows) Each(each func(Row) error) error {
	var rec record
	var values room[any]
	var ties room[Tie]
	for n := range r.sorted() {
		rec.load(r.table, n, r.table.kept)
		all := rec.into(values.take(r.table.kept))
		row := Row{Key: all[:r.table.key:r.table.key], Linked: all[r.table.key:], Ties: r.ties(n, &ties)}
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rows) ties(row uint32, room *room[Tie]) []Tie {
	of := r.table.ties(row)
	out := room.take(len(of))
	for i, t := range of {
		out[i] = Tie{Person: int(t.person), Link: r.table.Links[t.link], Way: t.way, Last: leads(t.way) && r.table.sole(row)}
	}
	if len(out) > 1 {
		slices.SortStableFunc(out, func(a, b Tie) int {
			return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Way, b.Way))
		})
	}
	return out
}

// room is made for many rows at once. What was taken is never used again.
type room[T any] struct {
	rest []T
	size int
}

func (r *room[T]) take(n int) []T {
	if n > len(r.rest) {
		r.size = min(2*r.size+8, 1000)
		r.rest = make([]T, max(n, r.size))
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

// Relation is the closest one of a row to a person; datamap.Unrelated when it does not
// concern them.
func (r Row) Relation(person int) datamap.Relation {
	for _, t := range r.Ties {
		if t.Person == person {
			return t.Way
		}
	}
	return datamap.Unrelated
}

// found makes what is given back of a run that is over.
func (r *run) found() *Found {
	m := r.Graph.Map
	f := &Found{People: r.known.people, Unknown: r.known.unknown(m), known: r.known}
	reach := r.Graph.From(r.known.kinds...)
	for _, s := range m.Systems {
		out := SystemFound{System: s, Away: r.systems[s].gone()}
		for _, t := range s.All() {
			out.Tables = append(out.Tables, r.rows(r.tables[t]))
			f.Conflicts = append(f.Conflicts, r.conflicts(r.tables[t])...)
			if r.Graph.Reaches(t) && !reach.Reaches(t) {
				f.Unreached = append(f.Unreached, t)
			}
		}
		f.Systems = append(f.Systems, out)
	}
	if !r.lists() {
		for _, t := range r.tables {
			t.set.finish()
		}
	}
	return f
}

// lists reports that links stand on lists, of which an export asks what each element leads to.
func (r *run) lists() bool {
	for _, t := range r.tables {
		if slices.ContainsFunc(t.columns[:t.kept], func(c string) bool { return listOf(c) != "" }) {
			return true
		}
	}
	return false
}

func (r *run) rows(t *table) *Rows {
	out := &Rows{Table: t.Table, Err: t.err, Absent: t.absent, Key: t.columns[:t.key], Linked: t.columns[t.key:t.kept], Distinct: t.distinct, table: t}
	if t.schema != nil {
		out.Hidden = t.schema.Hides
	}
	for _, l := range t.links {
		if l.from != nil && (r.blind(l.from) || l.byHand()) {
			out.Missed = append(out.Missed, l.Link)
		}
	}
	for row := range t.set.len() {
		if t.live(row) {
			out.count++
		}
	}
	return out
}

// sole reports that nobody but the people has a part in a row.
func (t *table) sole(row uint32) bool { return t.judged && !t.others.has(row) }

// conflicts lists the rows that somebody was let go of, and would come to.
func (r *run) conflicts(t *table) []Conflict {
	a := &arrival{run: r, t: t}
	keys := slices.SortedFunc(maps.Keys(t.blocked), func(x, y [2]uint32) int {
		return cmp.Or(bytes.Compare(t.set.key(x[0]), t.set.key(y[0])), cmp.Compare(x[1], y[1]))
	})
	var out []Conflict
	for _, key := range keys {
		row, person := key[0], int32(key[1])
		a.here.load(t, row, t.kept)
		c := Conflict{Table: t.Table, Key: a.here.tuple(0, t.key), Person: int(person)}
		for _, tie := range a.derive(nil, t, &a.here) {
			if tie.person == person {
				c.By = append(c.By, t.Links[tie.link])
			}
		}
		if len(c.By) > 0 {
			c.Against = a.against(t, row, person, nil)
			out = append(out, c)
		}
	}
	return out
}
