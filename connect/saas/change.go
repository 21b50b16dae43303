package saas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// Change does the changes in their order, batch by batch. A service has no transaction:
// after an error what was done before it stays done, and doing all again is right. What a
// change demands of a row is judged by reading the row just before.
func (s *Source) Change(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	out := make([]connect.Result, len(changes))
	b := s.budget()
	for i := range changes {
		if _, err := s.changer(ctx, &changes[i], b); err != nil {
			return nil, err // before anything was changed
		}
	}
	for i := range changes {
		ch, err := s.changer(ctx, &changes[i], b)
		if err == nil {
			out[i].Changed, err = ch.run(ctx)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// changer does one change.
type changer struct {
	s  *Source
	t  *table
	c  *connect.Change
	q  *request
	op connect.Op
	b  *budget
}

func (s *Source) changer(ctx context.Context, c *connect.Change, b *budget) (*changer, error) {
	names := slices.Clone(c.Key)
	for _, set := range c.Set {
		names = append(names, set.Column)
	}
	for _, in := range c.Guard {
		names = append(names, in.Columns...)
	}
	names = append(names, condColumns(c.When)...)
	for _, u := range c.Unless {
		names = append(names, u.Of...)
	}
	t, err := s.table(ctx, c.Table, names, b)
	if err != nil {
		return nil, err
	}
	ch := &changer{s: s, t: t, c: c, op: connect.Op(c.Kind), b: b}
	if ch.q = t.request(ch.op); ch.op != connect.OpUpdate && ch.op != connect.OpDelete {
		return nil, avow.Errorf(avow.Invalid, "a service does not know the change %q", c.Kind)
	}
	return ch, ch.check()
}

// check refuses what the description cannot do.
func (ch *changer) check() error {
	where := fmt.Sprintf("the table %q of system %q", ch.t.name, ch.s.config.System)
	switch {
	case ch.s.config.ReadOnly:
		return avow.Errorf(avow.Forbidden, "%s is opened read-only; to %s rows open it for writing", where, ch.op)
	case ch.q == nil:
		return avow.Errorf(avow.Forbidden, "%s cannot %s rows: the description of %s has no request for it", where, ch.op, ch.s.d.name)
	case len(ch.c.Key) == 0:
		return avow.Errorf(avow.Invalid, "%s: a change names rows by a key", where)
	case len(ch.c.Elements) > 0:
		return avow.Errorf(avow.Invalid, "%s: a service does not change single elements of a list", where)
	case ch.op == connect.OpUpdate && len(ch.c.Set) == 0:
		return avow.Errorf(avow.Invalid, "%s: an update sets at least one column", where)
	}
	for _, set := range ch.c.Set {
		c := ch.t.column(set.Column)
		switch {
		case c.readOnly || slices.Contains(ch.t.key, c.name):
			return avow.Errorf(avow.Conflict, "%s: the column %q cannot be written", where, c.name)
		case set.Each != nil && len(set.Each) != len(ch.c.Keys):
			return avow.Errorf(avow.Invalid, "%s: the column %q has %d values for %d rows", where, c.name, len(set.Each), len(ch.c.Keys))
		}
	}
	for i := range ch.c.Keys {
		for _, set := range ch.c.Set {
			if _, err := toJSON(ch.t.column(set.Column), valueOf(set, i), nil); err != nil {
				return avow.Errorf(avow.Invalid, "%s: the column %q takes a value of the type %s", where, set.Column, ch.t.column(set.Column).kind)
			}
			if set.Each == nil && i > 0 {
				break
			}
		}
	}
	return nil
}

// lookAhead is how many rows are looked at before they are changed.
const lookAhead = 5000

func (ch *changer) run(ctx context.Context) (int64, error) {
	changed := int64(0)
	for from := 0; from < len(ch.c.Keys); from += lookAhead {
		to := min(from+lookAhead, len(ch.c.Keys))
		rows, err := ch.rows(ctx, from, to)
		if err != nil {
			return changed, err
		}
		for batch := range slices.Chunk(rows, ch.q.batch) {
			n, err := ch.send(ctx, batch)
			changed += n
			if err != nil {
				return changed, ch.s.c.explain(err, ch.t, ch.op)
			}
		}
	}
	return changed, nil
}

// rows are the rows of some of the keys that are to be changed, each once.
func (ch *changer) rows(ctx context.Context, from, to int) ([]change, error) {
	known := map[string]bool{}
	var out []change
	add := func(i int, key connect.Tuple) error {
		row, err := ch.row(i, key)
		if errors.Is(err, errNoKey) {
			return nil
		}
		if text := joined(textsOf(row.key)); err == nil && !known[text] {
			known[text] = true
			out = append(out, row)
		}
		return err
	}
	if ch.blind() {
		for i := from; i < to; i++ {
			if err := add(i, ch.c.Keys[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return out, ch.look(ctx, from, to, add)
}

// blind reports whether the rows need not be looked at: the key is the service's own and
// nothing is demanded of them.
func (ch *changer) blind() bool {
	return slices.Equal(ch.c.Key, ch.t.key) && len(ch.c.Guard) == 0 && ch.c.When == nil && len(ch.c.Unless) == 0
}

func textsOf(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = plain(v)
	}
	return out
}

// errNoKey marks a key that no row has.
var errNoKey = errors.New("no key")

// row is what is sent for one row.
func (ch *changer) row(i int, key connect.Tuple) (change, error) {
	out := change{set: map[string]any{}}
	if len(key) != len(ch.t.key) {
		return out, avow.Errorf(avow.Invalid, "the table %q of system %q: a key has %d values and not %d", ch.t.name, ch.s.config.System, len(ch.t.key), len(key))
	}
	for j, name := range ch.t.key {
		v, err := toJSON(ch.t.column(name), key[j], nil)
		if err != nil || v == nil || v == "" {
			return out, errNoKey
		}
		out.key = append(out.key, v)
	}
	for _, set := range ch.c.Set {
		c := ch.t.column(set.Column)
		v, err := toJSON(c, valueOf(set, i), ch.s.d.empty)
		if err != nil {
			return out, avow.Errorf(avow.Invalid, "the column %q of %q takes a value of the type %s", set.Column, ch.t.name, c.kind)
		}
		put(out.set, c.as, v)
	}
	return out, nil
}

// valueOf is what a column is set to in the row of one key.
func valueOf(set connect.Set, i int) any {
	if set.Each != nil {
		return set.Each[i]
	}
	return set.To
}

// put writes a value at parts that stand in each other.
func put(into map[string]any, at []string, v any) {
	for _, part := range at[:len(at)-1] {
		next, ok := into[part].(map[string]any)
		if !ok {
			next = map[string]any{}
			into[part] = next
		}
		into = next
	}
	into[at[len(at)-1]] = v
}

// look reads the rows of some keys and adds those of which everything demanded holds.
func (ch *changer) look(ctx context.Context, from, to int, add func(int, connect.Tuple) error) error {
	rd, err := ch.s.reading(ctx, connect.Read{Table: ch.c.Table, Columns: ch.needs(), All: ch.c.Guard, When: ch.c.When,
		Any: []connect.In{{Columns: ch.c.Key, Tuples: ch.c.Keys[from:to]}}})
	if err != nil {
		return err
	}
	rd.budget = ch.b
	var found [][]any
	rd.give = func(row []any) error {
		found = append(found, row)
		return nil
	}
	if err := rd.run(ctx); err != nil {
		return ch.s.c.explain(err, ch.t, connect.OpRead)
	}
	for _, u := range ch.c.Unless {
		if found, err = ch.without(ctx, rd, found, u); err != nil {
			return err
		}
	}
	of := ch.index(from, to)
	for _, row := range found {
		key := rd.tuple(row, ch.t.key)
		for _, i := range of[joined(textsOf(rd.tuple(row, ch.c.Key)))] {
			if err := add(i, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// index is where each key stands among the keys of the change.
func (ch *changer) index(from, to int) map[string][]int {
	out := map[string][]int{}
	for i := from; i < to; i++ {
		text := joined(textsOf(ch.c.Keys[i]))
		out[text] = append(out[text], i)
	}
	return out
}

// needs are the columns that are looked at besides those of the conditions.
func (ch *changer) needs() []string {
	out := slices.Concat(ch.t.key, ch.c.Key)
	for _, u := range ch.c.Unless {
		out = append(out, u.Of...)
	}
	return out
}

func (rd *reading) tuple(row []any, names []string) connect.Tuple {
	out := make(connect.Tuple, len(names))
	for i, name := range names {
		out[i] = row[rd.at[name]]
	}
	return out
}

// without leaves out the rows for which u finds a row.
func (ch *changer) without(ctx context.Context, rd *reading, rows [][]any, u connect.Exists) ([][]any, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	tuples := make([]connect.Tuple, len(rows))
	for i, row := range rows {
		tuples[i] = rd.tuple(row, u.Of)
	}
	but := map[string]bool{}
	for _, t := range u.But {
		but[joined(textsOf(t))] = true
	}
	taken := map[string]bool{}
	err := ch.s.Read(ctx, connect.Read{Table: u.Table, Columns: slices.Concat(u.Columns, u.Key), When: u.When,
		Any: []connect.In{{Columns: u.Columns, Tuples: tuples}}}, func(row connect.Row) error {
		n := len(u.Columns)
		if len(u.Key) == 0 || !but[joined(textsOf(row[n:]))] {
			taken[joined(textsOf(row[:n]))] = true
		}
		return nil
	})
	return slices.DeleteFunc(rows, func(row []any) bool { return taken[joined(textsOf(rd.tuple(row, u.Of)))] }), err
}

// send changes one batch.
func (ch *changer) send(ctx context.Context, rows []change) (int64, error) {
	sc := &scope{table: ch.t, rows: rows, row1: &rows[0]}
	r, err := ch.s.render(ch.q, sc)
	if err != nil {
		return 0, ch.unfit(err)
	}
	one, err := r.call(nil)
	if err != nil {
		return 0, err
	}
	if ch.q.long(one) && len(rows) > 1 {
		n, err := ch.send(ctx, rows[:len(rows)/2])
		if err != nil {
			return n, err
		}
		more, err := ch.send(ctx, rows[len(rows)/2:])
		return n + more, err
	}
	a, err := ch.s.c.send(ctx, one, ch.b)
	if err != nil {
		return 0, err
	}
	if slices.Contains(ch.q.gone, a.status) {
		return 0, nil
	}
	return ch.judge(a, len(rows))
}

func (ch *changer) unfit(err error) error {
	if no, ok := err.(*unfitError); ok {
		return avow.Errorf(avow.Invalid, "the table %q of system %q: %s", ch.t.name, ch.s.config.System, no.Error())
	}
	return err
}

// judge counts what was done of a batch. The first row that was not is the error; the
// others are done, and are so already when the change is done again.
func (ch *changer) judge(a *answer, rows int) (int64, error) {
	res := ch.q.results
	if res == nil {
		return int64(rows), nil
	}
	changed := int64(rows)
	var first *failure
	for _, item := range res.each.rows(a.body) {
		if ok, said := res.ok.of(item).(bool); said && ok && res.ok != nil {
			continue
		}
		changed--
		code, _ := res.code.of(item).(string)
		if slices.Contains(res.done, code) || ch.s.d.errors.rule(a.status, code) == fine {
			continue
		}
		if first == nil {
			first = &failure{status: a.status, code: code, means: ch.means(a.status, code), fields: texts(ch.s.d.errors.field.of([]any{item}))}
		}
	}
	if changed = max(changed, 0); first != nil {
		return changed, first
	}
	return changed, nil
}

func (ch *changer) means(status int, code string) meaning {
	if m := ch.s.d.errors.rule(status, code); m != "" {
		return m
	}
	for _, r := range ch.s.d.errors.rules {
		if r.code == code && code != "" {
			return r.means
		}
	}
	return refused
}

// maxShown is how many parameters of a statement are shown.
const maxShown = 20

// Show is what Change would send, with names in the places of values.
func (s *Source) Show(changes []connect.Change) ([]connect.Statement, error) {
	var out []connect.Statement
	for i := range changes {
		c := &changes[i]
		t := s.told(c.Table)
		if t == nil {
			return nil, avow.Errorf(avow.NotFound, "the description of %s has no table %q (system %q)", s.d.name, c.Table, s.config.System)
		}
		st, err := s.show(t, c)
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

// told is a table with what the service has told of it so far.
func (s *Source) told(name string) *table {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.live[name]; t != nil {
		return t
	}
	return s.d.table(name)
}

func (s *Source) show(t *table, c *connect.Change) (connect.Statement, error) {
	q := t.request(connect.Op(c.Kind))
	if q == nil {
		return connect.Statement{Text: "-- the description of " + s.d.name + " has no request to " + string(c.Kind) + " rows of " + t.name}, nil
	}
	row := change{set: map[string]any{}}
	for range t.key {
		row.key = append(row.key, "")
	}
	st := connect.Statement{}
	for i, key := range c.Keys {
		if i >= maxShown {
			st.Cut += (len(c.Keys) - i) * len(key)
			break
		}
		st.Values = append(st.Values, key...)
	}
	for _, set := range c.Set {
		column := t.column(set.Column)
		if column == nil {
			return st, avow.Errorf(avow.NotFound, "the table %q of system %q has no column %q", t.name, s.config.System, set.Column)
		}
		put(row.set, column.as, written("{"+set.Column+"}"))
		if len(c.Keys) > 0 {
			st.Values = append(st.Values, valueOf(set, 0))
		}
	}
	text, err := s.showText(q, &scope{table: t, rows: []change{row}, row1: &row, people: true})
	st.Text = text + demands(c)
	return st, err
}

func (s *Source) showText(q *request, sc *scope) (string, error) {
	r, err := s.render(q, sc)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s://%s%s%s", q.method, s.c.base.Scheme, s.c.base.Host, s.c.base.Path, r.path)
	for i, p := range q.query {
		fmt.Fprintf(&out, "%s%s=%s", []string{"?", "&"}[min(i, 1)], p.name, r.query.Get(p.name))
	}
	if q.body != nil {
		body, err := jsonBytes(r.body)
		if err != nil {
			return "", err
		}
		out.WriteString("\n" + string(body))
	}
	if q.batch > 1 {
		fmt.Fprintf(&out, "\n-- up to %d rows in one request", q.batch)
	}
	return out.String(), nil
}

// demands says what is read before, for people.
func demands(c *connect.Change) string {
	if len(c.Guard) == 0 && c.When == nil && len(c.Unless) == 0 {
		return ""
	}
	return "\n-- only rows that, read just before, are still as the plan saw them"
}
