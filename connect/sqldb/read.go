package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// Read sends the alternatives of r one after the other, each in as few statements as
// its values need, in one state of the database. A row that met an earlier alternative is
// known by its values, and not given again: nothing is kept of the rows.
func (s *source) Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error {
	t, err := s.table(ctx, r.Table, readColumns(r)...)
	if err != nil {
		return err
	}
	q, err := s.newQuery(t, r)
	if err != nil {
		return err
	}
	if err := q.run(ctx, each); err != nil {
		return s.readFault(ctx, t, err)
	}
	return nil
}

func readColumns(r connect.Read) []string {
	columns := slices.Concat(r.Columns, r.Key)
	for _, in := range slices.Concat(r.Any, r.All) {
		columns = append(columns, in.Columns...)
	}
	return append(columns, conditionColumns(r.When)...)
}

// query is a Read made ready.
type query struct {
	s        *source
	t        *table
	r        connect.Read
	any, all []*want
	columns  []*column // asked for, and behind them those that are only looked at
	places   [][]int   // where in columns those of each want stand: any, then all
	after    []any
	given    int
}

func (s *source) newQuery(t *table, r connect.Read) (*query, error) {
	q := &query{s: s, t: t, r: r}
	for _, name := range r.Columns {
		q.columns = append(q.columns, t.column(name))
	}
	for i, in := range slices.Concat(r.Any, r.All) {
		w, err := newWant(t, in, s.config.Region)
		if err != nil {
			return nil, err
		}
		if i < len(r.Any) {
			q.any = append(q.any, w)
		} else {
			q.all = append(q.all, w)
		}
	}
	values, bytes := s.dialect.room()
	for i, w := range slices.Concat(q.any, q.all) {
		if w.near || i < len(q.any)-1 || i < len(q.any) && anyNear(q.any) {
			w.index()
		}
		w.deal(values/max(1, len(r.Any)+len(r.All)), bytes)
		q.places = append(q.places, q.look(w))
	}
	if len(r.After) > 0 && len(r.After) != len(r.Key) {
		return nil, avow.Errorf(avow.Invalid, "table %s: the key has %d columns and what to begin after %d values", t.Name, len(r.Key), len(r.After))
	}
	for i, v := range r.After {
		mine, ok := own(t.column(r.Key[i]), v)
		if !ok {
			return nil, avow.Errorf(avow.Invalid, "table %s: what to begin after is no value of column %s", t.Name, r.Key[i])
		}
		q.after = append(q.after, mine)
	}
	return q, nil
}

// look has the columns of a want read too, when its keys must be looked up.
func (q *query) look(w *want) (places []int) {
	if w.keys == nil {
		return nil
	}
	for _, c := range w.columns {
		i := slices.Index(q.columns, c)
		if i < 0 {
			i = len(q.columns)
			q.columns = append(q.columns, c)
		}
		places = append(places, i)
	}
	return places
}

// run sends the statements. Several see one state of the database; one needs no
// transaction for that, and is spared three ways there and back.
func (q *query) run(ctx context.Context, each func(connect.Row) error) error {
	if len(q.r.Any) > 0 && !slices.ContainsFunc(q.any, func(w *want) bool { return len(w.tuples) > 0 }) {
		return nil
	}
	if slices.ContainsFunc(q.all, func(w *want) bool { return len(w.tuples) == 0 }) {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // or closing what was not read to its end would read it
	if q.alone() {
		if err := q.ask(ctx, q.s.reads, each); err != errEnough {
			return err
		}
		return nil
	}
	tx, err := q.s.reads.BeginTx(ctx, &sql.TxOptions{Isolation: q.s.dialect.snapshot(), ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	err = q.ask(ctx, tx, each)
	if err == errEnough {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}

// alone reports whether one statement is all there is to send.
func (q *query) alone() bool {
	several := func(w *want) bool { return w.parts > 1 }
	return !slices.ContainsFunc(q.all, several) && (q.ordered() || len(q.any) < 2 && !slices.ContainsFunc(q.any, several))
}

// ordered reports whether all must be asked at once.
func (q *query) ordered() bool { return len(q.r.Key) > 0 || q.r.Sample > 0 }

func (q *query) ask(ctx context.Context, tx asker, each func(connect.Row) error) error {
	if q.ordered() || len(q.any) == 0 {
		for _, w := range q.any {
			if w.parts > 1 {
				return avow.Errorf(avow.TooLarge, "table %s: so many values cannot be asked for in order; ask for fewer, or without an order", q.t.Name)
			}
		}
		return q.eachPart(0, make([]int32, len(q.all)), func(parts []int32) error { return q.send(ctx, tx, -1, 0, parts, each) })
	}
	for i, w := range q.any {
		for part := range w.parts {
			err := q.eachPart(0, make([]int32, len(q.all)), func(parts []int32) error { return q.send(ctx, tx, i, int32(part), parts, each) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// eachPart goes through all combinations of the parts of what must hold too.
func (q *query) eachPart(i int, parts []int32, do func([]int32) error) error {
	if i == len(q.all) {
		return do(parts)
	}
	if q.all[i].parts > 1 && q.ordered() {
		return avow.Errorf(avow.TooLarge, "table %s: so many values cannot be asked for in order; ask for fewer, or without an order", q.t.Name)
	}
	for part := range q.all[i].parts {
		parts[i] = int32(part)
		if err := q.eachPart(i+1, parts, do); err != nil {
			return err
		}
	}
	return nil
}

// send sends one statement: for the alternative i, or for all of them when it is -1.
func (q *query) send(ctx context.Context, tx asker, i int, part int32, parts []int32, each func(connect.Row) error) error {
	w := newWriter(q.s.dialect)
	if err := q.write(w, i, int(part), parts); err != nil {
		return err
	}
	rows, err := q.s.query(ctx, tx, w)
	if err != nil {
		return err
	}
	defer rows.Close()
	raw := make([]any, len(q.columns))
	into := make([]any, len(q.columns))
	for j := range raw {
		into[j] = &raw[j]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := make(connect.Row, len(q.columns))
		for j, c := range q.columns {
			row[j] = value(c, raw[j])
		}
		if !q.meant(row, i, part, parts) {
			continue
		}
		if err := q.give(row, each); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *source) query(ctx context.Context, tx asker, w *writer) (*sql.Rows, error) {
	if _, keeps := s.dialect.(postgres); tx == asker(s.reads) && !keeps {
		return s.prepared.query(ctx, s.reads, w)
	}
	return tx.QueryContext(ctx, w.String(), w.args()...)
}

// errEnough ends a reading that has given as many rows as were asked for.
var errEnough = errors.New("enough")

// stop carries an error of the reader's own past the driver's.
type stop struct{ error }

func (q *query) give(row connect.Row, each func(connect.Row) error) error {
	if err := each(row[:len(q.r.Columns):len(q.r.Columns)]); err != nil {
		return stop{err}
	}
	q.given++
	if q.given == q.r.Limit || q.given == q.r.Sample {
		return errEnough
	}
	return nil
}

// meant judges a row that a statement gave: it is that statement's to give when it meets
// its part of its alternative, and no earlier alternative.
func (q *query) meant(row connect.Row, i int, part int32, parts []int32) bool {
	for j, w := range q.all {
		if w.near {
			if at, ok := q.held(row, w, len(q.any)+j); !ok || at != parts[j] {
				return false
			}
		}
	}
	if i < 0 {
		return q.meetsAny(row)
	}
	for j, w := range q.any[:i] {
		if _, ok := q.held(row, w, j); ok {
			return false
		}
	}
	w := q.any[i]
	if !w.near {
		return true
	}
	at, ok := q.held(row, w, i)
	return ok && at == part
}

func (q *query) meetsAny(row connect.Row) bool {
	if !anyNear(q.any) {
		return true
	}
	for j, w := range q.any {
		if _, ok := q.held(row, w, j); ok {
			return true
		}
	}
	return false
}

func anyNear(wants []*want) bool {
	return slices.ContainsFunc(wants, func(w *want) bool { return w.near })
}

func (q *query) held(row connect.Row, w *want, i int) (int32, bool) {
	var buffer [4]any
	values := buffer[:0]
	for _, place := range q.places[i] {
		values = append(values, row[place])
	}
	return w.held(values)
}

func (q *query) write(w *writer, i, part int, parts []int32) error {
	w.text("SELECT ")
	w.list(len(q.columns), ", ", func(j int) { w.text(w.d.read("t."+w.d.quote(q.columns[j].Name), q.columns[j])) })
	if len(q.columns) == 0 {
		w.text("1")
	}
	w.text(" FROM ", q.t.quoted(w.d), " AS t WHERE ")
	q.writeAny(w, i, part)
	for j, want := range q.all {
		w.text(" AND ")
		want.write(w, "t", int(parts[j]))
	}
	if q.r.When != nil {
		w.text(" AND ")
		if err := condition(w, "t", q.t, q.r.When); err != nil {
			return err
		}
	}
	q.writeAfter(w)
	q.writeOrder(w)
	return nil
}

func (q *query) writeAny(w *writer, i, part int) {
	switch {
	case len(q.any) == 0:
		w.text("1 = 1")
	case i >= 0:
		q.any[i].write(w, "t", part)
	default:
		w.text("(")
		w.list(len(q.any), " OR ", func(j int) { q.any[j].write(w, "t", 0) })
		w.text(")")
	}
}

// writeAfter is k1 > a1 OR k1 = a1 AND (k2 > a2 OR …), as every database finds it by an index.
func (q *query) writeAfter(w *writer) {
	if len(q.after) == 0 {
		return
	}
	w.text(" AND ")
	for i, v := range q.after {
		c := q.t.column(q.r.Key[i])
		ref := "t." + w.d.quote(c.Name)
		last := i == len(q.after)-1
		if !last {
			w.text(ref, " >= ")
			w.d.argument(w, c, v)
			w.text(" AND (")
		}
		w.text(ref, " > ")
		w.d.argument(w, c, v)
		if !last {
			w.text(" OR ", ref, " = ")
			w.d.argument(w, c, v)
			w.text(" AND ")
		}
	}
	for range len(q.after) - 1 {
		w.text(")")
	}
}

func (q *query) writeOrder(w *writer) {
	for i, name := range q.r.Key {
		if i == 0 {
			w.text(" ORDER BY ")
		} else {
			w.text(", ")
		}
		w.text("t.", w.d.quote(name))
	}
	limit := q.r.Limit
	if q.r.Sample > 0 && (limit == 0 || q.r.Sample < limit) {
		limit = q.r.Sample
	}
	if limit > 0 && !q.nearly() && (q.ordered() || len(q.any) == 0) {
		w.text(" LIMIT ", strconv.Itoa(limit))
	}
}

// nearly reports whether some of the rows that SQL gives may not be meant.
func (q *query) nearly() bool {
	return anyNear(q.any) || anyNear(q.all)
}
