package find

import (
	"context"
	"strings"
	"sync"

	avow "github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// Record is one row as one person is shown it.
type Record struct {
	Table    *datamap.Table
	Key      connect.Tuple
	Relation datamap.Relation // the closest
	Via      string           // the link of it
	// Changed says that the row is there no more or concerns somebody else since it was
	// found, or is not as it was where its key is not that of one row alone (Rows.Distinct);
	// nothing of it is shown.
	Changed bool
	Cells   []Cell // the key is not among them unless the columns are declared
}

// Cell is one column of a row.
type Cell struct {
	Name   string
	Column *datamap.Column // nil: the map does not declare it
	Value  any             // nil when it is not shown
	Access datamap.Access
}

// Incomplete is the error of an export in which some tables could not be read: their
// rows, or the last of them, are missing from it, and all the others are there.
type Incomplete struct {
	Tables []Unread
}

// Unread is a table that could not be read, and why.
type Unread struct {
	Table *datamap.Table
	Err   error
}

func (e *Incomplete) Error() string {
	var names []string
	for _, t := range e.Tables {
		names = append(names, t.Table.Path())
	}
	return "rows could not be read in " + strings.Join(names, ", ") + ": " + avow.MessageOf(e.Tables[0].Err)
}

// Unwrap gives what was wrong with each table.
func (e *Incomplete) Unwrap() []error {
	var out []error
	for _, t := range e.Tables {
		out = append(out, t.Err)
	}
	return out
}

// shownAtOnce is how many rows are read together.
const shownAtOnce = 2000

// Export gives each row that concerns one of the people to each, one at a time, ordered
// by system and table as in the map and by key. Systems are read at the same time, in
// bounded memory. An error of each ends it and is returned as it is. Tables that cannot
// be read any more do not end it; they are named in the *Incomplete that is returned.
func (s *Search) Export(ctx context.Context, f *Found, person int, each func(Record) error) error {
	if person < 0 || person >= len(f.People) {
		return avow.Errorf(avow.Invalid, "there is no person %d among the %d who were sought", person, len(f.People))
	}
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	var all []*exporter
	for i := range f.Systems {
		e := &exporter{ctx: ctx, source: s.Sources[f.Systems[i].System.Name.Text], found: f, person: int32(person), out: make(chan []Record)}
		all = append(all, e)
		wg.Go(func() { e.system(f.Systems[i].Tables) })
	}
	var missing Incomplete
	for _, e := range all {
		for records := range e.out {
			for _, r := range records {
				if err := each(r); err != nil {
					return err
				}
			}
		}
		missing.Tables = append(missing.Tables, e.unread...)
	}
	if err := ctx.Err(); err != nil {
		return interrupted(err)
	}
	if len(missing.Tables) > 0 {
		return &missing
	}
	return nil
}

// exporter reads the rows of one system.
type exporter struct {
	ctx    context.Context
	source connect.Source
	found  *Found
	person int32
	out    chan []Record
	unread []Unread
}

func (e *exporter) system(tables []*Rows) {
	defer close(e.out)
	for _, rows := range tables {
		x := &tableExport{exporter: e, t: rows.table, views: map[string]*view{}}
		if err := avow.Unpanicked(func() error { return x.table(rows) }); err != nil && e.ctx.Err() == nil {
			e.unread = append(e.unread, Unread{rows.Table, err})
		}
	}
}

// tableExport reads the rows of one table.
type tableExport struct {
	*exporter
	t     *table
	views map[string]*view
	rec   record
}

func (x *tableExport) table(all *Rows) error {
	var rows []uint32
	for row := range all.sorted() {
		if x.t.relation(row, x.person) == datamap.Unrelated {
			continue
		}
		if rows = append(rows, row); len(rows) < shownAtOnce {
			continue
		}
		if err := x.some(rows); err != nil {
			return err
		}
		rows = rows[:0]
	}
	return x.some(rows)
}

// some gives out some rows, of which those that were not kept whole are read again.
func (x *tableExport) some(rows []uint32) error {
	if len(rows) == 0 {
		return nil
	}
	records := make([]Record, len(rows))
	var missing []int
	for i, row := range rows {
		whole := x.load(row)
		records[i] = x.start(row)
		if whole {
			x.show(&records[i], row, x.rec.tuple(0, len(x.t.columns)))
			continue
		}
		records[i].Changed = true
		missing = append(missing, i)
	}
	records, err := x.readAgain(rows, records, missing)
	if err != nil {
		return err
	}
	select {
	case x.out <- records:
		return nil
	case <-x.ctx.Done():
		return x.ctx.Err()
	}
}

// load takes apart what is kept of a row, and reports whether that is all of it.
func (x *tableExport) load(row uint32) bool {
	key, kept := x.t.set.record(row)
	x.rec.parse(x.t.kept, key, kept)
	if len(x.rec.ends) == len(x.t.columns) {
		return true
	}
	rest, ok := x.t.rests.of(row)
	if ok {
		x.rec.more(len(x.t.columns), rest)
	}
	return ok
}

// start is a record without what it shows; x.rec holds the row.
func (x *tableExport) start(row uint32) Record {
	out := Record{Table: x.t.Table, Key: x.rec.tuple(0, x.t.key)}
	for _, t := range x.t.ties(row) {
		if t.person == x.person && (out.Relation == datamap.Unrelated || t.way < out.Relation) {
			out.Relation, out.Via = t.way, x.t.links[t.link].Name
		}
	}
	return out
}
