package plan

import (
	"context"
	"errors"
	"maps"
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
	Away   bool   `json:"away,omitempty"` // asking later may succeed
}

// Elsewhere is the column of a hit in a field that the system does not describe. Its name
// may be somebody's, as where a document has a key for each person, and is not told.
const Elsewhere = "(another field)"

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
			w.out.Unread = append(w.out.Unread, Unread{System: of.Name.Text, Why: "the system is not opened"})
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
		if k := avow.KindOf(err); ctx.Err() != nil || k == avow.Internal || k == avow.Canceled {
			return err
		}
		away := avow.KindOf(err) == avow.Unavailable && !errors.Is(err, connect.ErrBudget)
		w.out.Unread = append(w.out.Unread, Unread{of.Name.Text, t.Name, avow.MessageOf(err), away})
	}
	return nil
}

func (w *sweeper) table(ctx context.Context, t *datamap.Table, schema *connect.Schema, src connect.Source) error {
	key, columns := sweptColumns(t, schema)
	at := &sweptTable{sweeper: w, plan: &SystemPlan{System: t.System.Name.Text}, t: t, key: len(key), names: columns, whole: openEnded(t.System)}
	if live := liveTable(t, schema); live != nil {
		at.fixed = live.Lacks[connect.OpUpdate] != ""
		if live.Hides != "" {
			w.out.Unread = append(w.out.Unread, Unread{System: t.System.Name.Text, Table: t.Name, Why: live.Hides})
		}
	}
	switch {
	case at.whole:
		return src.Read(ctx, connect.Read{Table: t.Name, Columns: append(slices.Clone(key), connect.Whole)}, at.row(ctx, []string{connect.Whole}))
	case len(columns) == 0:
		return nil
	}
	for some := range slices.Chunk(columns, columnsAtOnce(t.System)) {
		err := src.Read(ctx, connect.Read{Table: t.Name, Columns: append(slices.Clone(key), some...)}, at.row(ctx, some))
		if err != nil {
			return err
		}
		at.again = true
	}
	return nil
}

// openEnded reports whether the rows of a system may hold more than anybody described.
func openEnded(s *datamap.System) bool {
	return s.Kind == string(datamap.MongoDB) || s.Kind == string(datamap.Files)
}

// columnsAtOnce bounds the columns of one reading: a service is asked for them in an address.
func columnsAtOnce(s *datamap.System) int {
	if s.Kind == string(datamap.HTTP) {
		return 100
	}
	return 1 << 20
}

// sweptTable is one table while it is read.
type sweptTable struct {
	*sweeper
	plan  *SystemPlan
	t     *datamap.Table
	key   int
	names []string // columns that are described
	whole bool     // rows are given as all their fields
	fixed bool     // a row stays as it is, or goes
	again bool     // its rows were counted
}

// row seeks the identities in one row.
func (w *sweptTable) row(ctx context.Context, columns []string) func(connect.Row) error {
	return func(r connect.Row) error {
		if !w.again {
			w.out.Rows++
		}
		key := connect.Tuple(r[:w.key])
		for i, name := range columns {
			fields, ok := r[w.key+i].(map[string]any)
			if !w.whole || !ok {
				w.text(name, key, r[w.key+i])
				continue
			}
			for _, field := range slices.Sorted(maps.Keys(fields)) {
				w.text(field, key, fields[field])
			}
		}
		return ctx.Err()
	}
}

func (w *sweptTable) text(column string, key connect.Tuple, v any) {
	if w.whole && !slices.Contains(w.names, column) && w.t.Column(column) == nil {
		column = Elsewhere
	}
	for n := range w.scan(v) {
		w.hit(column, key, &w.wants[n])
	}
}

// textOf is a value as a text: also what a database keeps as bytes and is text.
func textOf(v any) string {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return connect.Text(v)
}

func (w *sweptTable) hit(column string, key connect.Tuple, want *want) {
	h := Hit{System: w.plan.System, Table: w.t.Name, Column: column, Person: want.person, Kind: want.kind, Key: slices.Clone(key)}
	if k := w.known[w.plan.place(w.t.Name, string(appendTuple(nil, key)))]; k != nil && len(key) > 0 {
		// A message that is kept is kept whole.
		h.Owned, h.Kept = true, slices.Contains(k.columns, column) || w.fixed && len(k.columns) > 0
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
	live := liveTable(t, schema)
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

// liveTable is a table as its system describes it; nil when it does not.
func liveTable(t *datamap.Table, schema *connect.Schema) *connect.Table {
	if schema == nil {
		return nil
	}
	return schema.Table(t.Name)
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
