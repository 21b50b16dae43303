package plan

import (
	"context"
	"slices"
	"sort"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// Swept is what a sweep saw.
type Swept struct {
	Hits   []Hit    `json:"hits"`
	More   int      `json:"more,omitempty"` // hits beyond those listed
	Rows   int64    `json:"rows"`           // that were read
	Unread []Unread `json:"unread,omitempty"`
}

// Hit is an identity of one of the people that still stands somewhere.
type Hit struct {
	System string        `json:"system"`
	Table  string        `json:"table"`
	Column string        `json:"column"`
	Person int           `json:"person"` // index of the people
	Kind   string        `json:"kind"`   // of the identity
	Owned  bool          `json:"owned"`  // the row was theirs: it should be gone
	Kept   bool          `json:"kept"`   // the plan says why it is there
	Key    connect.Tuple `json:"-"`      // for staff; none where nothing names a row
}

// Failure reports whether the hit says that an erasure is not done.
func (h Hit) Failure() bool { return h.Owned && !h.Kept }

// Unread is a table that could not be read.
type Unread struct {
	System string `json:"system"`
	Table  string `json:"table,omitempty"`
	Why    string `json:"why"`
}

// hitsListed bounds how many hits are listed.
const hitsListed = 10_000

// Sweep reads each mapped table once and seeks the identities of all these people in
// everything that is or may hold text, declared or not. It is for after their erasures:
// a hit in a row that a plan says was theirs is a failure, unless the plan keeps it;
// others are for somebody to look at. Memory grows with people and plans, not with rows.
func Sweep(ctx context.Context, s *find.Search, people []find.Person, plans ...*Plan) (*Swept, error) {
	w := &sweeper{search: s, known: map[string]*keeping{}, scanner: scanner{matcher: newMatcher(people, s.Options.Region), hits: map[int]bool{}}}
	for _, p := range plans {
		for _, sp := range p.Systems {
			w.learn(sp)
		}
	}
	for _, of := range s.Graph.Map.Systems {
		if of.Kind == string(datamap.Manual) {
			continue
		}
		src := s.Sources[of.Name.Text]
		if src == nil {
			w.out.Unread = append(w.out.Unread, Unread{of.Name.Text, "", "the system is not opened"})
			continue
		}
		if err := w.system(ctx, of, src); err != nil {
			return nil, err
		}
	}
	return &w.out, nil
}

type sweeper struct {
	scanner
	search *find.Search
	known  map[string]*keeping // the people's own rows, by system, table and key
	out    Swept
}

// keeping is what a plan leaves in rows of somebody's own.
type keeping struct{ columns []string }

// learn notes the rows that were somebody's own, and what of them stays for a reason.
func (w *sweeper) learn(p *SystemPlan) {
	for _, g := range p.Groups {
		if !g.Owned || g.silent {
			continue
		}
		k := &keeping{}
		for _, l := range g.Lines {
			if l.Action == Keep {
				k.columns = append(k.columns, l.Columns...)
			}
		}
		g.keys.raw(func(key []byte) { w.known[p.place(g.Table, string(key))] = k })
	}
}

func (w *sweeper) system(ctx context.Context, of *datamap.System, src connect.Source) error {
	schema := w.search.Schemas[of.Name.Text]
	for _, t := range of.All() {
		err := w.table(ctx, t, schema, src)
		if err == nil {
			continue
		}
		// Invalid: a service that cannot list the rows of this table.
		if k := avow.KindOf(err); ctx.Err() != nil || k != avow.Unavailable && k != avow.Forbidden && k != avow.NotFound && k != avow.Invalid {
			return err
		}
		w.out.Unread = append(w.out.Unread, Unread{of.Name.Text, t.Name, avow.MessageOf(err)})
	}
	return nil
}

func (w *sweeper) table(ctx context.Context, t *datamap.Table, schema *connect.Schema, src connect.Source) error {
	key, columns := sweptColumns(t, schema)
	if len(columns) == 0 {
		return nil
	}
	p := &SystemPlan{System: t.System.Name.Text}
	return src.Read(ctx, connect.Read{Table: t.Name, Columns: append(slices.Clone(key), columns...)}, func(r connect.Row) error {
		w.out.Rows++
		for i, name := range columns {
			for n := range w.scan(textOf(r[len(key)+i])) {
				w.hit(p, t, name, connect.Tuple(r[:len(key)]), &w.wants[n])
			}
		}
		return ctx.Err()
	})
}

// textOf is a value as a text: also what a database keeps as bytes and is text.
func textOf(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return connect.Text(v)
}

func (w *sweeper) hit(p *SystemPlan, t *datamap.Table, column string, key connect.Tuple, want *want) {
	h := Hit{System: p.System, Table: t.Name, Column: column, Person: want.person, Kind: want.kind, Key: slices.Clone(key)}
	if k := w.known[p.place(t.Name, string(appendTuple(nil, key)))]; k != nil && len(key) > 0 {
		h.Owned, h.Kept = true, slices.Contains(k.columns, column)
	}
	same := func(o Hit) bool {
		return o.System == h.System && o.Table == h.Table && o.Column == h.Column && o.Person == h.Person && o.Kind == h.Kind && join(o.Key) == join(h.Key)
	}
	if n := len(w.out.Hits); n > 0 && slices.ContainsFunc(w.out.Hits[max(0, n-20):], same) {
		return // another identity of the same kind in the same place
	}
	if len(w.out.Hits) >= hitsListed && !h.Failure() {
		w.out.More++
		return
	}
	w.out.Hits = append(w.out.Hits, h)
}

// sweptColumns are the key of a table and its columns that may hold text: all of them
// that the system says do, and what the map declares besides.
func sweptColumns(t *datamap.Table, schema *connect.Schema) (key, columns []string) {
	key = t.KeyColumns()
	add := map[string]bool{}
	var live *connect.Table
	if schema != nil {
		live = schema.Table(t.Name)
	}
	if live != nil {
		if len(key) == 0 {
			key = live.Key
		}
		for _, c := range live.Columns {
			switch c.Kind {
			case connect.TextKind, connect.JSON, connect.Binary, "":
				add[c.Name] = true
			}
		}
		for _, name := range t.Identities.Keys() {
			if live.Column(name) != nil {
				add[name] = true // a phone number may stand in a column of numbers
			}
		}
	} else {
		declared(t, add)
	}
	for name := range add {
		columns = append(columns, name)
	}
	sort.Strings(columns)
	return key, columns
}

// declared are the columns of a table that the system says nothing of.
func declared(t *datamap.Table, add map[string]bool) {
	for _, name := range t.Columns.Keys() {
		add[name] = true
	}
	for _, name := range t.Identities.Keys() {
		add[name] = true
	}
	for _, word := range t.FreeText {
		add[word.Text] = true
	}
}
