package sqldb

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// attempts bounds how often a deadlock and the like is tried again; the waits between
// them double, from 20 milliseconds.
const attempts = 8

// lockedAttempts bounds how often rows are waited for that others lock, ten seconds each time: what
// was changed before them in the same transaction is locked meanwhile too.
const lockedAttempts = 2

// Change sends all changes in one transaction.
func (s *source) Change(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	if s.config.ReadOnly {
		return nil, avow.Errorf(avow.Forbidden, "system %s is opened for reading only", s.config.System)
	}
	works, err := s.works(ctx, changes)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		results, at, err := s.try(ctx, works)
		if err == nil {
			return results, nil
		}
		if ctx.Err() != nil || attempt >= s.dialect.fault(err).attempts() {
			return nil, s.changeFault(ctx, works, at, err)
		}
		if !wait(ctx, attempt) {
			return nil, s.changeFault(ctx, works, at, ctx.Err())
		}
	}
}

func wait(ctx context.Context, attempt int) bool {
	d := 10 * time.Millisecond << attempt
	timer := time.NewTimer(d/2 + rand.N(d))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// try does everything once; at is the change that failed.
func (s *source) try(ctx context.Context, works []*work) (results []connect.Result, at int, err error) {
	tx, err := s.writes.BeginTx(ctx, &sql.TxOptions{Isolation: s.isolation(works)})
	if err != nil {
		return nil, -1, err
	}
	defer tx.Rollback()
	if err := s.deferred(ctx, tx, works); err != nil {
		return nil, -1, err
	}
	results = make([]connect.Result, len(works))
	var left *work // of the one before it, which told of its rows
	for i, w := range works {
		if left != nil {
			w, left = left, nil
		}
		if next := toldBy(s.dialect, works, i); next != nil {
			results[i].Changed, left, err = w.doTelling(ctx, s.dialect, tx, next)
		} else {
			results[i].Changed, err = w.do(ctx, s.dialect, tx)
		}
		if err != nil {
			return nil, i, err
		}
	}
	return results, -1, tx.Commit()
}

// deferred: what can wait for the end of the transaction does, so that a circle can be deleted.
func (s *source) deferred(ctx context.Context, tx asker, works []*work) error {
	if s.config.Kind != "postgresql" || !slices.ContainsFunc(works, (*work).waits) {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SET CONSTRAINTS ALL DEFERRED")
	return err
}

// waits reports whether a reference of the table may be broken until the end of the
// transaction.
func (w *work) waits() bool {
	return slices.ContainsFunc(w.t.References, func(r connect.Reference) bool { return r.Deferred })
}

// isolation: what is changed unless there is another row must not be judged by what
// another transaction is changing too.
func (s *source) isolation(works []*work) sql.IsolationLevel {
	if slices.ContainsFunc(works, func(w *work) bool { return len(w.unless) > 0 }) {
		return s.dialect.serial()
	}
	return sql.LevelDefault
}

// work is a Change made ready.
type work struct {
	connect.Change
	t      *table
	keys   *want
	guards []*want
	unless []*exists
	sets   []set
	each   [][]any // for each of keys.tuples the values of sets
}

// exists is an Exists made ready.
type exists struct {
	connect.Exists
	t   *table
	but *want
}

func (s *source) works(ctx context.Context, changes []connect.Change) ([]*work, error) {
	out := make([]*work, len(changes))
	for i := range changes {
		w, err := s.newWork(ctx, &changes[i])
		if err != nil {
			return nil, err
		}
		out[i] = w
	}
	return out, nil
}

func (s *source) newWork(ctx context.Context, c *connect.Change) (*work, error) {
	if err := s.possible(c); err != nil {
		return nil, err
	}
	t, err := s.table(ctx, c.Table, changeColumns(c)...)
	if err != nil {
		return nil, err
	}
	w := &work{Change: *c, t: t}
	if err := w.set(); err != nil {
		return nil, err
	}
	keys := connect.In{Columns: c.Key, Tuples: c.Keys}
	if w.each == nil {
		w.keys, err = newWant(t, keys, s.config.Region)
	} else {
		err = w.pair(keys, s.config.Region)
	}
	if err != nil {
		return nil, err
	}
	for _, in := range c.Guard {
		guard, err := newWant(t, in, s.config.Region)
		if err != nil {
			return nil, err
		}
		w.guards = append(w.guards, guard)
	}
	for _, e := range c.Unless {
		x, err := s.newExists(ctx, e)
		if err != nil {
			return nil, err
		}
		w.unless = append(w.unless, x)
	}
	return w, nil
}

func (s *source) possible(c *connect.Change) error {
	switch {
	case c.Kind != connect.Delete && c.Kind != connect.Update:
		return avow.Errorf(avow.Invalid, "system %s: %q is no kind of change", s.config.System, c.Kind)
	case len(c.Key) == 0:
		return avow.Errorf(avow.Invalid, "system %s: a change of table %s names no key", s.config.System, c.Table)
	case len(c.Elements) > 0:
		return avow.Errorf(avow.Invalid, "system %s: table %s has no documents whose elements could be changed", s.config.System, c.Table)
	case c.Kind == connect.Update && len(c.Set) == 0:
		return avow.Errorf(avow.Invalid, "system %s: an update of table %s sets nothing", s.config.System, c.Table)
	}
	return nil
}

func changeColumns(c *connect.Change) []string {
	columns := slices.Clone(c.Key)
	for _, in := range c.Guard {
		columns = append(columns, in.Columns...)
	}
	for _, each := range c.Set {
		columns = append(columns, each.Column)
	}
	for _, e := range c.Unless {
		columns = append(columns, e.Of...)
	}
	return append(columns, conditionColumns(c.When)...)
}

func (s *source) newExists(ctx context.Context, e connect.Exists) (*exists, error) {
	t, err := s.table(ctx, e.Table, slices.Concat(e.Columns, e.Key, conditionColumns(e.When))...)
	if err != nil {
		return nil, err
	}
	if len(e.Columns) == 0 || len(e.Columns) != len(e.Of) {
		return nil, avow.Errorf(avow.Invalid, "system %s: %d columns of table %s cannot be compared with %d", s.config.System, len(e.Columns), e.Table, len(e.Of))
	}
	but, err := newWant(t, connect.In{Columns: e.Key, Tuples: e.But}, s.config.Region)
	return &exists{e, t, but}, err
}

// set turns what columns are to become into their kinds.
func (w *work) set() error {
	for _, each := range w.Set {
		c := w.t.column(each.Column)
		if each.Each != nil && len(each.Each) != len(w.Keys) {
			return avow.Errorf(avow.Invalid, "table %s: column %s has %d values for %d rows", w.t.Name, c.Name, len(each.Each), len(w.Keys))
		}
		if each.Each != nil && w.each == nil {
			w.each = make([][]any, len(w.Keys))
		}
		v, ok := mine(c, each.To)
		if !ok {
			return unfit(w.t, c)
		}
		w.sets = append(w.sets, set{c, v, each.Each != nil})
	}
	for i := range w.each {
		w.each[i] = make([]any, len(w.Set))
		for j, each := range w.Set {
			if each.Each == nil {
				continue
			}
			v, ok := mine(w.sets[j].c, each.Each[i])
			if !ok {
				return unfit(w.t, w.sets[j].c)
			}
			w.each[i][j] = v
		}
	}
	return nil
}

func unfit(t *table, c *column) error {
	return avow.Errorf(avow.Invalid, "table %s: column %s, which is %s, cannot become what it should", t.Name, c.Name, c.Kind)
}

// pair makes the keys ready one by one, each with its own values; a key that comes twice keeps its first.
func (w *work) pair(keys connect.In, region string) error {
	one, err := newWant(w.t, connect.In{Columns: keys.Columns}, region)
	if err != nil {
		return err
	}
	var each [][]any
	seen := make(map[key]bool, len(keys.Tuples))
	for i, tuple := range keys.Tuples {
		if len(tuple) != len(one.columns) {
			return avow.Errorf(avow.Invalid, "table %s: the key has %d columns and a row %d values", w.t.Name, len(one.columns), len(tuple))
		}
		mine, ok := one.own(nil, tuple)
		if k := one.key(mine); ok && !seen[k] {
			seen[k] = true
			one.tuples = append(one.tuples, mine)
			each = append(each, w.each[i])
		}
	}
	w.keys, w.each = one, each
	return nil
}

// do sends the statements of one change.
func (w *work) do(ctx context.Context, d dialect, tx asker) (changed int64, err error) {
	if w.nothing() {
		return 0, nil
	}
	for _, tuples := range w.chunks(d) {
		if w.judged(d) {
			if tuples, err = w.judge(ctx, d, tx, tuples); err != nil {
				return 0, err
			}
			if len(tuples.keys) == 0 {
				continue
			}
		}
		out, err := w.statement(d, tuples)
		if err != nil {
			return 0, err
		}
		result, err := tx.ExecContext(ctx, out.String(), out.args()...)
		if err != nil {
			return 0, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return 0, err
		}
		changed += n
	}
	return changed, nil
}

// nothing reports whether no row can be meant.
func (w *work) nothing() bool {
	return len(w.keys.tuples) == 0 || slices.ContainsFunc(w.guards, func(g *want) bool { return len(g.tuples) == 0 })
}

// chunk is the rows of one statement.
type chunk struct {
	keys [][]any
	each [][]any
}

// chunks are the keys, as many at once as one statement takes.
func (w *work) chunks(d dialect) (out []chunk) {
	values, bytes := d.room()
	for _, g := range w.guards {
		values -= len(g.tuples) * len(g.columns)
	}
	row := len(w.keys.columns)
	if w.each != nil {
		row += len(w.sets)
	}
	most := max(1, max(values, 1000)/row)
	for start := 0; start < len(w.keys.tuples); {
		end, total := start, 0
		for end < len(w.keys.tuples) && end-start < most && total < bytes {
			for _, v := range w.keys.tuples[end] {
				total += size(v)
			}
			if w.each != nil {
				for _, v := range w.each[end] {
					total += size(v)
				}
			}
			end++
		}
		c := chunk{keys: w.keys.tuples[start:end]}
		if w.each != nil {
			c.each = w.each[start:end]
		}
		out = append(out, c)
		start = end
	}
	return out
}

func (w *work) statement(d dialect, c chunk) (*writer, error) {
	return w.written(d, c, func(out *writer, u *update) {
		if w.Kind == connect.Delete {
			d.remove(out, &u.rows)
		} else {
			d.update(out, u)
		}
	})
}

// written writes a statement about the rows of a chunk.
func (w *work) written(d dialect, c chunk, write func(out *writer, u *update)) (*writer, error) {
	var failed error
	beside := func(o *writer) { failed = w.beside(o, d.looksBack()) }
	u := &update{rows: rows{t: w.t, keys: w.keys.columns, tuples: c.keys, beside: beside, by: w.by(c)}, sets: w.sets}
	for i := range c.each {
		u.each = append(u.each, slices.Concat(c.keys[i], c.each[i]))
	}
	out := newWriter(d)
	write(out, u)
	return out, failed
}

// by is what the rows of a chunk are found by faster than by their keys: an index in which
// many of them stand together, and hardly a row that is not meant.
func (w *work) by(c chunk) *want {
	if !w.ByGuard || len(w.guards) == 0 || len(c.keys) < len(w.keys.tuples) {
		return nil
	}
	g := w.guards[0]
	if g.near || len(g.columns) > 1 || !g.columns[0].indexed || 2*len(g.tuples) > len(c.keys) {
		return nil
	}
	return g
}

// beside is all that must hold for a row that is meant. What back asks of the table
// itself is left out where it was judged before.
func (w *work) beside(out *writer, back bool) error {
	for _, g := range w.guards {
		out.text(" AND ")
		out.aside(func() { g.write(out, "t", 0) })
	}
	if w.When != nil {
		out.text(" AND ")
		var err error
		out.aside(func() { err = condition(out, "t", w.t, w.When) })
		if err != nil {
			return err
		}
	}
	for _, x := range w.unless {
		if x.within(w.t) && !back {
			continue
		}
		out.text(" AND NOT EXISTS (")
		if err := x.write(out, w.t); err != nil {
			return err
		}
		out.text(")")
	}
	return nil
}

func (x *exists) write(out *writer, of *table) error {
	out.text("SELECT 1 FROM ", x.t.quoted(out.d), " AS x WHERE ")
	out.list(len(x.Columns), " AND ", func(i int) {
		a, b := x.t.column(x.Columns[i]), of.column(x.Of[i])
		ref, to := "x."+out.d.quote(a.Name), "t."+out.d.quote(b.Name)
		if a.Kind != b.Kind {
			ref, to = out.d.text(ref, a), out.d.text(to, b)
		}
		out.text(to, " = ", ref) // as the column compares that is pointed at
	})
	if x.When != nil {
		out.text(" AND ")
		if err := condition(out, "x", x.t, x.When); err != nil {
			return err
		}
	}
	if len(x.but.tuples) > 0 {
		out.text(" AND (")
		x.but.write(out, "x", 0)
		out.text(") IS NOT TRUE")
	}
	return nil
}
