package plan

import (
	"context"
	"errors"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
)

// Due is what of one table has been kept long enough (gdpr:5(1)(e)).
type Due struct {
	Table *datamap.Table
	Rule  string        // of the policy's retention; the map names the columns it counts from
	Over  *Test         // holds for the rows in which the rule has ended
	Limit int           // rows of a batch, of which some may not be due by what stands elsewhere; 0: 1000
	After connect.Tuple // only rows behind this key: Batch.Next of the batch before
	// Keep is data of which nothing is touched: another rule still runs, or it is held.
	Keep policy.FieldSet
	// When holds beside for the rows that are meant. Nil: for all.
	When *Test
	// Also is data of which other rules have ended in these rows too: a row goes when
	// everything in it is due, by whichever rule.
	Also policy.FieldSet
	// Held says of a row that a hold stops its end, too. Nil: none.
	Held func(key connect.Tuple) bool
	// Stays says the same of a row that does nothing but tie due ones to others, and would go
	// with them. Nil: none does.
	Stays func(t *datamap.Table, key connect.Tuple) bool
	// Along go with the rows that they refer to.
	Along []Along
}

// Along are rows that are due themselves: those of a table for which Over holds. Rows that tell when
// others end go in one step with them: gone before, nobody would know any more; staying, they
// would keep them.
type Along struct {
	Table *datamap.Table
	Over  *connect.Cond
}

// Batch is the plan of one bounded step. It is captured, run and checked as every plan.
type Batch struct {
	Plan *Plan
	Rows int           // that are due in it, held ones not among them
	Held int           // that a hold stops
	Next connect.Tuple // the key behind which the next batch begins; nil: this was the last
}

// dueAtOnce is how many rows a batch has when nobody says.
const dueAtOnce = 1000

// Upcoming gives the rows of a table in which a rule has ended and something is left to be
// done, with no more than the moments it counts from, in the order of the map; an error of each ends it.
func Upcoming(ctx context.Context, s *find.Search, o Options, d Due, each func(connect.Row) error) error {
	e, err := expiryOf(s, o, d)
	if err != nil {
		return err
	}
	e.settle()
	if x := e.elsewhere(); x != nil {
		return e.upcoming(ctx, x, each)
	}
	columns := e.looked(e.moments)
	return e.src.Read(ctx, connect.Read{Table: d.Table.Name, Columns: columns, When: e.due()}, func(r connect.Row) error {
		if !e.open(among(columns, r)) {
			return nil
		}
		return each(r[:len(e.moments)])
	})
}

// Expire plans what becomes of the next rows that were kept long enough: they are deleted
// when everything personal in them is due and the map deletes such rows, else the columns
// the rule is about are emptied, masked, or left with their year, as the policy says. A column that is kept for another reason stays.
func Expire(ctx context.Context, s *find.Search, o Options, d Due) (*Batch, error) {
	for {
		e, err := expiryOf(s, o, d)
		if err != nil {
			return nil, err
		}
		batch := &Batch{Plan: &Plan{For: Expiry, At: e.options.Now.UTC(), Systems: []*SystemPlan{e.system.plan}, options: e.options}}
		switch err := e.plan(ctx, batch); {
		case err == nil:
			return batch, nil
		case !errors.Is(err, errFewer):
			return nil, err
		}
		d.Limit = max(1, e.Limit/10)
	}
}

// expiryOf is a batch before its rows are read.
func expiryOf(s *find.Search, o Options, d Due) (*expiry, error) {
	b, err := newBuilder(s, &find.Found{}, Expiry, o)
	if err != nil {
		return nil, err
	}
	e, err := b.expiry(d)
	if err != nil {
		return nil, err
	}
	sys := &system{builder: b, of: d.Table.System, src: s.Sources[d.Table.System.Name.Text], schema: s.Schemas[d.Table.System.Name.Text],
		plan: &SystemPlan{System: d.Table.System.Name.Text, seed: b.options.seed}}
	if sys.src == nil {
		return nil, avow.Errorf(avow.Unavailable, "`%s` is not opened.", sys.plan.System)
	}
	e.system = sys
	for _, of := range d.Table.System.All() {
		t := newTable(of, sys.schema, &find.Rows{Table: of})
		if of == d.Table {
			e.t = t
		}
		sys.tables = append(sys.tables, t)
	}
	sys.barred = map[string]bool{}
	sys.edges = sys.findEdges()
	e.t.key = e.t.keyNames()
	return e, nil
}

// expiry is one batch while it is planned.
type expiry struct {
	*system
	Due
	t       *table
	rule    *policy.CompiledRetention
	moments []string // the columns it counts from, as the map names them
	class   *class
	todo    []todo // none of rows that go
}

func (b *builder) expiry(d Due) (*expiry, error) {
	moments, ok := d.Table.Retention.Get(d.Rule)
	switch {
	case !ok:
		return nil, avow.Errorf(avow.Invalid, "The map names no column from which `%s` counts in %s.", d.Rule, d.Table.Path())
	case d.Over == nil:
		return nil, avow.Errorf(avow.Invalid, "It is not said in which rows of %s `%s` has ended.", d.Table.Path(), d.Rule)
	}
	if d.Limit <= 0 {
		d.Limit = dueAtOnce
	}
	retention := b.search.Graph.Map.Policy.Retention
	i := slices.IndexFunc(retention, func(r policy.CompiledRetention) bool { return r.Name == d.Rule })
	if i < 0 {
		return nil, avow.Errorf(avow.Invalid, "The policy has no retention rule `%s`.", d.Rule)
	}
	if then := retention[i].Then; then == "" || then == "not-stated" {
		return nil, avow.Errorf(avow.Invalid, "The policy does not say what happens to `%s` at the end: write `then: erase` or `then: anonymise`.", d.Rule)
	}
	return &expiry{Due: d, rule: &retention[i], moments: moments.Names()}, nil
}

// plan reads the rows that are due and plans what becomes of them.
func (e *expiry) plan(ctx context.Context, batch *Batch) error {
	t := e.t
	if len(t.key) == 0 {
		e.left(t, nil, Line{Action: Keep, Refused: t.cannotDelete(), Instead: "it is left as it is"})
		return nil
	}
	t.found.Key, t.found.Distinct = t.key, find.Distinct(t.of, t.schema, t.key)
	e.settle()
	n, err := e.addDue(ctx, batch)
	if err != nil {
		return err
	}
	if n < e.Limit {
		batch.Next = nil
	}
	if batch.Rows = t.len(); batch.Rows == 0 {
		return nil
	}
	if err := e.takeTies(ctx); err != nil {
		return err
	}
	if err := e.named(ctx); err != nil {
		return err
	}
	if err := e.foreseen(ctx, (*system).erase); err != nil {
		return err
	}
	for _, g := range e.system.plan.Groups {
		if g.change != "" && g.while != nil {
			g.when, g.unless = both(g.when, g.while.when), append(g.unless, g.while.unless...)
		}
	}
	return nil
}

// addDue adds the rows that are due, and says how many were read.
func (e *expiry) addDue(ctx context.Context, batch *Batch) (n int, err error) {
	if x := e.elsewhere(); x != nil {
		return e.addApart(ctx, x, batch)
	}
	t := e.t
	e.class.while = &while{when: e.past()}
	t.classes = []*class{e.class}
	columns := e.looked(t.key)
	read := connect.Read{Table: t.of.Name, Columns: columns, When: e.due(), Key: t.key, After: e.After, Limit: e.Limit}
	err = e.src.Read(ctx, read, func(r connect.Row) error {
		n++
		key := slices.Clone(connect.Tuple(r[:len(t.key)]))
		batch.Next = key
		switch {
		case !e.open(among(columns, r)):
			return nil
		case e.Held != nil && e.Held(key):
			batch.Held++
			return nil
		}
		t.add(find.Row{Key: key}, 0)
		return nil
	})
	return n, err
}

// keyNames are the columns of the key, as the map or else the system says.
func (t *table) keyNames() []string {
	if names := t.of.KeyColumns(); len(names) > 0 || t.schema == nil {
		return names
	}
	return t.schema.Key
}

// past holds for a row that is meant and in which the rule has ended, as far as it says so itself.
func (e *expiry) past() *connect.Cond {
	when, _ := e.When.Own()
	over, _ := e.Over.Own()
	return both(when, over)
}

// due holds for a row that is past and in which something may be left to be done: see open.
func (e *expiry) due() *connect.Cond {
	when := both(e.t.of.When.Cond(), e.past())
	var left []connect.Cond
	for _, d := range e.todo {
		left = append(left, *d.cond)
	}
	switch len(left) {
	case 0:
		return when
	case 1:
		return both(when, &left[0])
	}
	return both(when, &connect.Cond{Op: connect.Or, Of: left})
}

// todo is a column of rows that stay in which something may be left to be done.
type todo struct {
	*set
	cond  *connect.Cond // holds where there may be
	tells bool          // and nowhere else
}

// settle says what becomes of the rows.
func (e *expiry) settle() {
	e.class = &class{fate: e.fate()}
	e.todo = nil
	if e.class.fate.goes {
		return
	}
	for _, c := range e.class.fate.columns {
		p := e.t.place(c.name)
		t := p.clear()
		if c.rule.Kind == datamap.Mask {
			t = p.mask(c.rule)
		}
		if t.set != nil {
			e.todo = append(e.todo, e.undone(p, t.set))
		}
	}
}

// undone holds for a row whose column is not yet as it should be. Where no condition tells, as
// of what is different in every row, it holds for all in which something stands.
func (e *expiry) undone(p place, s *set) todo {
	full := &connect.Cond{Op: connect.Not, Of: []connect.Cond{{Op: connect.IsEmpty, Column: p.name}}}
	switch {
	case s.mask == nil:
		return todo{s, full, s.to == nil && s.each.width == 0}
	case !s.mask.constant() || p.kind() == connect.JSON || p.kind() == connect.Binary:
		return todo{s, full, false}
	}
	value := s.mask.value(e.system.plan.seed, "", nil)
	if connect.Text(value) == "" {
		return todo{s, full, true}
	}
	return todo{s, &connect.Cond{Op: connect.NotEqual, Column: p.name, Values: []any{value}}, true}
}

// looked are some columns, with those of which the values tell whether something is left to
// be done in a row, and its key; nothing more where the condition alone tells.
func (e *expiry) looked(columns []string) []string {
	out := slices.Clone(columns)
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if !e.looks() {
		return out
	}
	for _, d := range e.todo {
		add(d.column)
	}
	for _, name := range e.t.key {
		add(name)
	}
	return out
}

func (e *expiry) looks() bool {
	return slices.ContainsFunc(e.todo, func(d todo) bool { return !d.tells })
}

// open reports whether something is left to be done in a row: some column holds something,
// and not the very value that would be put there. A mask is made from the row's key and a
// secret, so that nothing else is taken for one.
func (e *expiry) open(value func(column string) any) bool {
	if !e.looks() {
		return true
	}
	key := make(connect.Tuple, len(e.t.key))
	for i, name := range e.t.key {
		key[i] = value(name)
	}
	return slices.ContainsFunc(e.todo, func(d todo) bool {
		v := value(d.column)
		return connect.Text(v) != "" && !connect.Stands(v, e.wanted(d.set, key, v))
	})
}

// among gives the values of a row by the names of its columns.
func among(columns []string, r connect.Row) func(string) any {
	return func(name string) any { return r[slices.Index(columns, name)] }
}

// wanted is what should stand in a column of a row in which v stands.
func (e *expiry) wanted(s *set, key connect.Tuple, v any) any {
	switch {
	case s.mask != nil:
		return s.mask.value(e.system.plan.seed, e.system.plan.place(e.t.of.Name, s.column), appendTuple(nil, key))
	case s.each.width > 0:
		return e.t.place(s.column).leaves(v)
	}
	return s.to
}

// fate is what the rule does to a row.
func (e *expiry) fate() fate {
	f := fate{owned: true, alone: true, heldBy: -1}
	rest, over := false, e.rule.Fields.Or(e.Also)
	for i := range e.t.of.Columns {
		c := &e.t.of.Columns[i].Is
		rule := c.Erase
		if !rule.Given() {
			rule = e.t.of.Erase
		}
		keptElse := rule.Kind == datamap.Keep && rule.Keep.For.Rule != e.Rule || !c.Fields.And(e.Keep).Empty()
		mine := !keptElse && !c.Fields.And(e.rule.Fields).Empty() && c.Fields.Minus(e.rule.Fields).Empty()
		rest = rest || keptElse || c.Fields.And(over).Empty() || !c.Fields.Minus(over).Empty()
		if mine {
			f.columns = append(f.columns, columnFate{name: c.Name, column: c, rule: e.ends(c, rule), heldBy: -1})
		}
	}
	f.goes = e.rule.Then == "erase" && e.t.of.Erase.Kind == datamap.Delete && !rest && len(f.columns) > 0
	if f.goes {
		f.columns = goingColumns(e.t.of)
	}
	return f
}

// goingColumns is what becomes of the columns of a row that goes.
func goingColumns(t *datamap.Table) (out []columnFate) {
	for i := range t.Columns {
		c := &t.Columns[i].Is
		out = append(out, columnFate{name: c.Name, column: c, rule: datamap.Rule{Kind: datamap.Delete}, heldBy: -1})
	}
	return out
}

// ends is what becomes of a column at the end of its time.
func (e *expiry) ends(c *datamap.Column, rule datamap.Rule) datamap.Rule {
	kind := e.t.place(c.Name).kind()
	switch dated := kind == connect.DateKind || kind == connect.TimeKind; {
	case rule.Kind == datamap.Mask:
		return rule
	case dated && (e.rule.Then == "anonymise" || e.rule.Then == "shorten"):
		return datamap.Rule{Kind: datamap.Mask, How: datamap.MaskYear}
	case e.rule.Then == "pseudonymise" && kind == connect.TextKind:
		return datamap.Rule{Kind: datamap.Mask, How: datamap.MaskHash}
	}
	return datamap.Rule{Kind: datamap.Clear}
}
