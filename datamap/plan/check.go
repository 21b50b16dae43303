package plan

import (
	"context"
	"slices"
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap/find"
)

// Left is what should be done and is not, after a plan was run.
type Left struct {
	System  string          `json:"system"`
	Table   string          `json:"table,omitempty"`
	Columns []string        `json:"columns,omitempty"` // none: the rows themselves
	Why     Why             `json:"why"`
	Rows    int             `json:"rows"`
	Keys    []connect.Tuple `json:"-"` // the first of them, for staff
}

// Why says what is the matter with what is left.
type Why string

// What may be the matter.
const (
	NotDone      Why = "it is as it was"
	ChangedHands Why = "the row is tied to somebody else since it was planned, and was left alone"
	CameLater    Why = "it was not there when it was planned"
	NotReadable  Why = "the system cannot be read"
)

// keysShown bounds how many keys a Left names.
const keysShown = 100

// Check reads again what a plan is about, by its keys and, for an erasure, by the
// identities of the people: whatever should be gone and is there is an error, not a
// success. What the plan says was refused is not listed again.
func Check(ctx context.Context, s *find.Search, p *Plan, people []find.Person) ([]Left, error) {
	c := &checker{search: s, seen: map[string]bool{}}
	for _, sp := range p.Systems {
		if err := c.system(ctx, sp, NotDone); err != nil {
			return nil, err
		}
	}
	if p.For != Erasure {
		return c.left, nil
	}
	f, err := s.Find(ctx, people)
	if err != nil {
		return nil, err
	}
	o := p.options
	o.before, o.Done = nil, nil
	again, err := Erase(ctx, s, f, o)
	if err != nil {
		return nil, err
	}
	for _, sp := range again.Systems {
		if err := c.system(ctx, sp, CameLater); err != nil {
			return nil, err
		}
	}
	return c.left, nil
}

type checker struct {
	search *find.Search
	left   []Left
	seen   map[string]bool // rows that were judged by the plan itself
	hands  map[string]bool // rows that changed hands, where somebody asks
}

// system judges the rows of one system. Otherwise is what is the matter with a row that
// is not as it should be and whose guards hold.
func (c *checker) system(ctx context.Context, p *SystemPlan, otherwise Why) error {
	if p.Away != "" {
		c.add(p.System, &Group{}, nil, NotReadable, nil)
		return nil
	}
	all := together{turn: make(chan struct{}, c.search.Options.Parallel)}
	for _, g := range p.Groups {
		if g.change == "" || g.silent && len(g.element) == 0 || g.Rows == 0 {
			continue
		}
		src := c.search.Sources[p.System]
		if src == nil {
			return avow.Errorf(avow.Unavailable, "`%s` is not opened, so that nobody can tell what is left in it.", p.System)
		}
		for _, l := range c.look(src, p, g) {
			all.read(ctx, l)
		}
	}
	if err := all.wait(); err != nil {
		return err
	}
	for _, l := range all.reads {
		for _, b := range l.left {
			c.take(p, l.g, b, otherwise)
		}
	}
	return nil
}

// expected is what a row of a group should hold.
type expected struct {
	row     int
	columns []connect.Set
}

func (e expected) value(i int) any {
	if each := e.columns[i].Each; each != nil {
		return each[e.row]
	}
	return e.columns[i].To
}

// looking is one read of rows of a group, and what it finds that should not be so.
type looking struct {
	c      *checker
	src    connect.Source
	g      *Group
	change connect.Change
	rows   map[string]int // of the group, by their keys
	keys   []connect.Tuple
	left   []leftRow
}

// leftRow is a row that is not as it should be.
type leftRow struct {
	key     connect.Tuple
	wrong   []string // columns; none: the row itself
	changed bool     // what tied it to the person does so no more
}

// lookAtLeast rows are not worth two reads.
const lookAtLeast = 1500

// look prepares the reads of the rows of one group by their keys, so many that as many
// as a database bears can run at the same time.
func (c *checker) look(src connect.Source, p *SystemPlan, g *Group) []*looking {
	all := looking{c: c, src: src, g: g, change: p.changeOf(g), rows: make(map[string]int, g.Rows)}
	n := 0
	g.keys.raw(func(key []byte) { all.rows[string(key)] = n; n++ })
	portion := readAtOnce
	if schema := c.search.Schemas[p.System]; schema != nil && schema.Atomic { // a database; files are read whole each time
		portion = min(readAtOnce, max(lookAtLeast, n/c.search.Options.Parallel+1))
	}
	var out []*looking
	for keys := range slices.Chunk(all.change.Keys, portion) {
		one := all
		one.keys = keys
		out = append(out, &one)
	}
	return out
}

// together runs reads beside each other, so many at a time, until one fails.
type together struct {
	turn  chan struct{}
	reads []*looking
	wg    sync.WaitGroup
	mu    sync.Mutex
	err   error // the first
}

// read waits for a turn: of the rows of all groups no more are unpacked than are looked at.
func (t *together) read(ctx context.Context, l *looking) {
	t.turn <- struct{}{}
	t.reads = append(t.reads, l)
	t.wg.Go(func() {
		defer func() { <-t.turn }()
		if t.failed() != nil {
			return
		}
		if err := avow.Unpanicked(func() error { return l.read(ctx) }); err != nil {
			t.fail(err)
		}
		l.rows, l.keys, l.change = nil, nil, connect.Change{}
	})
}

func (t *together) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
	}
}

func (t *together) failed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func (t *together) wait() error {
	t.wg.Wait()
	return t.err
}

func (l *looking) read(ctx context.Context) error {
	ask, at := askFor(l.g, l.change)
	read := connect.Read{Table: l.g.Table, Columns: ask, Any: []connect.In{{Columns: l.g.Key, Tuples: l.keys}}}
	return l.src.Read(ctx, read, func(r connect.Row) error {
		if row, ok := l.rows[string(appendTuple(nil, connect.Tuple(r[:len(l.g.Key)])))]; ok {
			l.row(expected{row, l.change.Set}, r, at)
		}
		return nil
	})
}

// askFor are the columns to read: the key, what is set, what guards, each once, and
// where each stands.
func askFor(g *Group, c connect.Change) ([]string, map[string]int) {
	ask := slices.Clone(g.Key)
	at := map[string]int{}
	for i, name := range ask {
		at[name] = i
	}
	add := func(name string) {
		if _, ok := at[name]; !ok {
			at[name] = len(ask)
			ask = append(ask, name)
		}
	}
	for _, s := range c.Set {
		add(s.Column)
	}
	for _, in := range c.Guard {
		for _, name := range in.Columns {
			add(name)
		}
	}
	return ask, at
}

// row judges one row that is there.
func (l *looking) row(want expected, r connect.Row, at map[string]int) {
	var wrong []string
	for i, s := range want.columns {
		if is := r[at[s.Column]]; !l.c.done(l.g, s.Column, is, want.value(i)) {
			wrong = append(wrong, s.Column)
		}
	}
	if l.change.Kind == connect.Update && len(wrong) == 0 {
		return
	}
	l.left = append(l.left, leftRow{connect.Tuple(r[:len(l.g.Key)]), wrong, !l.guarded(want, r, at)})
}

// take counts a row that is left, unless the plan itself was judged by it before.
func (c *checker) take(p *SystemPlan, g *Group, row leftRow, otherwise Why) {
	place := p.place(g.Table, string(appendTuple(nil, row.key)))
	if otherwise == CameLater && c.seen[place] {
		return
	}
	c.seen[place] = true
	why := otherwise
	if row.changed {
		why = ChangedHands
		if c.hands != nil {
			c.hands[place] = true
		}
	}
	c.add(p.System, g, row.wrong, why, row.key)
}

// done reports whether a column holds what it should. Of a list of which others have
// elements those are looked at by which the person was found.
func (c *checker) done(g *Group, column string, is, want any) bool {
	if len(g.element) == 0 {
		return connect.Stands(is, want)
	}
	list, ok := is.([]any)
	if !ok {
		list = []any{is}
	}
	return !slices.ContainsFunc(g.element, func(in connect.In) bool {
		return slices.Equal(in.Columns, []string{column}) && slices.ContainsFunc(in.Tuples, func(t connect.Tuple) bool {
			return slices.ContainsFunc(list, func(v any) bool {
				return connect.Same(in.Compare, c.search.Options.Region, connect.Text(v), connect.Text(t[0]))
			})
		})
	})
}

// guarded reports whether what tied the row to the person still does, or is what the plan
// itself put in its place.
func (l *looking) guarded(want expected, r connect.Row, at map[string]int) bool {
	return !slices.ContainsFunc(l.g.guards, func(x guard) bool {
		now := make(connect.Tuple, len(x.columns))
		for i, name := range x.columns {
			now[i] = r[at[name]]
		}
		return !x.holds(now) && !l.replaced(x.columns, want, r, at)
	})
}

// replaced reports whether a plan changes some of the columns, and they hold what it put there.
func (l *looking) replaced(columns []string, want expected, r connect.Row, at map[string]int) bool {
	is := false
	for i, s := range want.columns {
		if !slices.Contains(columns, s.Column) {
			continue
		}
		if !l.c.done(l.g, s.Column, r[at[s.Column]], want.value(i)) {
			return false
		}
		is = true
	}
	return is
}

// holds reports whether values are those of a row when it was found; of a list one element is enough.
func (x *guard) holds(now connect.Tuple) bool {
	is := []string{string(appendTuple(nil, now))}
	if list, ok := now[0].([]any); ok && len(now) == 1 {
		is = is[:0]
		for _, v := range elements(list) {
			is = append(is, string(appendTuple(nil, connect.Tuple{v})))
		}
	}
	held := false
	x.values.raw(func(b []byte) { held = held || slices.Contains(is, string(b)) })
	return held
}

func (c *checker) add(system string, g *Group, columns []string, why Why, key connect.Tuple) {
	i := slices.IndexFunc(c.left, func(l Left) bool {
		return l.System == system && l.Table == g.Table && l.Why == why && slices.Equal(l.Columns, columns)
	})
	if i < 0 {
		i = len(c.left)
		c.left = append(c.left, Left{System: system, Table: g.Table, Columns: columns, Why: why})
	}
	l := &c.left[i]
	if key == nil {
		return
	}
	if l.Rows++; len(l.Keys) < keysShown {
		l.Keys = append(l.Keys, slices.Clone(key))
	}
}
