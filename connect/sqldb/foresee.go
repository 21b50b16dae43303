package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// Foresee asks the database itself: its rules, as it has them, are put to the rows as they
// would be, which stand in a SELECT and nowhere else.
func (s *source) Foresee(ctx context.Context, c connect.Change) ([]connect.Refusal, error) {
	if c.Kind != connect.Update || len(c.Keys) == 0 {
		return nil, nil
	}
	c = connect.Change{Kind: c.Kind, Table: c.Table, Key: c.Key, Keys: c.Keys, Set: c.Set}
	t, err := s.table(ctx, c.Table, changeColumns(&c)...)
	if err != nil {
		return nil, err
	}
	// What is no value of its column cannot be put to a rule.
	if wrong, err := s.byType(ctx, t, &c); len(wrong) > 0 || err != nil {
		return wrong, err
	}
	rules := t.touched(&c, s.config.Kind == "sqlite")
	if len(rules) == 0 {
		return nil, nil
	}
	w, err := s.newWork(ctx, &c)
	if err != nil {
		return nil, err
	}
	return s.byRules(ctx, w, rules)
}

// touched are the rules that are put to a row when it changes: all of them, of SQLite those
// that speak of a column that is set, or of what is computed.
func (t *table) touched(c *connect.Change, onlySet bool) []*rule {
	var out []*rule
	for i := range t.rules {
		r := &t.rules[i]
		set := len(r.Columns) == 0 || r.Unsure != "" || slices.ContainsFunc(c.Set, func(x connect.Set) bool { return slices.Contains(r.Columns, x.Column) })
		if set || !onlySet {
			out = append(out, r)
		}
	}
	return out
}

// byRules puts all rules to the rows at once, and one by one when that fails: so one that
// cannot be asked hides none of the others.
func (s *source) byRules(ctx context.Context, w *work, rules []*rule) ([]connect.Refusal, error) {
	var out []connect.Refusal
	var askable []*rule
	for _, r := range rules {
		if r.Unsure != "" {
			out = append(out, connect.Refusal{Rule: r.Name, Columns: r.Columns, Unsure: r.Unsure})
			continue
		}
		askable = append(askable, r)
	}
	found, err := s.putTo(ctx, w, askable)
	if err == nil {
		return append(out, found...), nil
	}
	if own := ours(ctx, s.config.System, err); own != nil {
		return nil, own
	}
	for _, r := range askable {
		found, err := s.putTo(ctx, w, []*rule{r})
		if err != nil {
			f := s.dialect.fault(err)
			if f.kind == avow.Unavailable || ctx.Err() != nil {
				return nil, s.fault(ctx, "asking the rules of table "+w.t.Name, err)
			}
			found = []connect.Refusal{{Rule: r.Name, Columns: r.Columns, Unsure: "the database could not be asked beforehand: " + f.what}}
		}
		out = append(out, found...)
	}
	return out, nil
}

// putTo asks in as many statements as the values of the rows need.
func (s *source) putTo(ctx context.Context, w *work, rules []*rule) ([]connect.Refusal, error) {
	if len(rules) == 0 || w.nothing() {
		return nil, nil
	}
	places := w.places()
	out := make([]connect.Refusal, len(rules))
	flags := slices.Clone(w.keys.columns)
	for i, r := range rules {
		out[i] = connect.Refusal{Rule: r.Name, Columns: r.Columns, Words: r.words}
		flags = append(flags, &column{Column: connect.Column{Kind: connect.Integer}})
	}
	for _, chunk := range w.chunks(s.dialect) {
		question, err := w.question(s.dialect, chunk, rules)
		if err != nil {
			return nil, err
		}
		err = scan(ctx, s.reads, question, flags, func(row connect.Row) {
			n := len(w.keys.columns)
			for i := range rules {
				if connect.Text(row[n+i]) == "1" {
					out[i].Rows = append(out[i].Rows, places[w.keys.key(row[:n])]...)
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	for i := range out {
		slices.Sort(out[i].Rows)
	}
	return slices.DeleteFunc(out, func(r connect.Refusal) bool { return len(r.Rows) == 0 }), nil
}

// places are where the keys stand among those of the change.
func (w *work) places() map[key][]int {
	out := make(map[key][]int, len(w.Keys))
	for i, tuple := range w.Keys {
		if mine, ok := w.keys.own(nil, tuple); ok {
			k := w.keys.key(mine)
			out[k] = append(out[k], i)
		}
	}
	return out
}

// question asks for the rows that a rule refuses in the state they would have: the rules
// stand as they are over a table of the rows' own columns, with those that are set in
// the place of what they were.
func (w *work) question(d dialect, c chunk, rules []*rule) (*writer, error) {
	out := newWriter(d)
	out.text("SELECT ")
	for i := range w.keys.columns {
		fmt.Fprintf(out, "%s, ", d.quote(keyName(i)))
	}
	out.list(len(rules), ", ", func(i int) { out.text("CASE WHEN (", rules[i].expr, ") IS FALSE THEN 1 ELSE 0 END") })
	out.text(" FROM (SELECT ")
	for i, k := range w.keys.columns {
		out.text(d.read("t."+d.quote(k.Name), k), " AS ", d.quote(keyName(i)), ", ")
	}
	columns := w.t.spokenOf(rules)
	out.list(len(columns), ", ", func(i int) {
		d.(foreseer).wouldBe(out, w, columns[i])
		out.text(" AS ", d.quote(columns[i].Name))
	})
	if len(columns) == 0 {
		out.text("1 AS one")
	}
	u := &update{rows: rows{t: w.t, keys: w.keys.columns, tuples: c.keys, beside: func(*writer) {}}, sets: w.sets}
	for i := range c.each {
		u.each = append(u.each, slices.Concat(c.keys[i], c.each[i]))
	}
	out.text(" FROM ", w.t.quoted(d), " AS t")
	d.(foreseer).meant(out, u)
	out.text(") AS ", d.quote(w.t.name), " WHERE ")
	out.list(len(rules), " OR ", func(i int) { out.text("(", rules[i].expr, ") IS FALSE") })
	return out, nil
}

// Takes puts the rules to a row that is nothing but the new values.
func (s *source) Takes(ctx context.Context, table string, sets []connect.Set) ([]connect.Refusal, error) {
	c := connect.Change{Kind: connect.Update, Table: table, Set: sets}
	t, err := s.table(ctx, table, changeColumns(&c)...)
	if err != nil {
		return nil, err
	}
	if wrong, err := s.byType(ctx, t, &c); len(wrong) > 0 || err != nil {
		return wrong, err
	}
	w := &work{Change: c, t: t}
	if err := w.set(); err != nil {
		return nil, err
	}
	var out []connect.Refusal
	for i := range t.rules {
		r := &t.rules[i]
		other := func(name string) bool { set, _ := w.setOf(t.column(name)); return set == nil }
		if r.Unsure != "" || len(r.Columns) == 0 || slices.ContainsFunc(r.Columns, other) {
			continue
		}
		refuses := false
		err := scan(ctx, s.reads, w.alone(s.dialect, r), []*column{{Column: connect.Column{Kind: connect.Integer}}}, func(row connect.Row) { refuses = connect.Text(row[0]) == "1" })
		if err != nil && (ctx.Err() != nil || s.dialect.fault(err).kind == avow.Unavailable) {
			return nil, s.fault(ctx, "asking the rules of table "+t.Name, err)
		}
		if err == nil && refuses { // else it cannot be asked: a plan says so
			out = append(out, connect.Refusal{Rule: r.Name, Columns: r.Columns, Words: r.words})
		}
	}
	return out, nil
}

// alone asks one rule of the new values, where no row is.
func (w *work) alone(d dialect, r *rule) *writer {
	out := newWriter(d)
	out.text("SELECT CASE WHEN (", r.expr, ") IS FALSE THEN 1 ELSE 0 END FROM (SELECT ")
	columns := w.t.spokenOf([]*rule{r})
	out.list(len(columns), ", ", func(i int) {
		d.(foreseer).wouldBe(out, w, columns[i])
		out.text(" AS ", d.quote(columns[i].Name))
	})
	out.text(" FROM (SELECT ")
	out.list(len(columns), ", ", func(i int) {
		out.text("NULL")
		if columns[i].base != "" {
			out.text("::", columns[i].base)
		}
		out.text(" AS ", d.quote(columns[i].Name))
	})
	out.text(") AS t) AS ", d.quote(w.t.name))
	return out
}

// keyName is a name that no column has.
func keyName(i int) string { return fmt.Sprintf("key %d of the row", i) }

// spokenOf are the columns that rules speak of; all when nobody can tell.
func (t *table) spokenOf(rules []*rule) []*column {
	if slices.ContainsFunc(rules, func(r *rule) bool { return len(r.Columns) == 0 }) {
		return t.columns
	}
	var out []*column
	for _, c := range t.columns {
		if slices.ContainsFunc(rules, func(r *rule) bool { return slices.Contains(r.Columns, c.Name) }) {
			out = append(out, c)
		}
	}
	return out
}

// foreseer is what differs between the databases there.
type foreseer interface {
	// wouldBe is a column of a row of t as it would be, of the column's own type.
	wouldBe(w *writer, of *work, c *column)
	// meant goes on behind FROM … AS t: the new values of each row as a table u, and which rows are meant.
	meant(w *writer, u *update)
	// takes asks whether a value is one of the column's type, where only the database knows.
	takes(ctx context.Context, db asker, c *column, v any) (bool, error)
}

// setOf is what becomes of a column, and its place; nil when it stays.
func (w *work) setOf(c *column) (*set, int) {
	for i := range w.sets {
		if w.sets[i].c.Name == c.Name {
			return &w.sets[i], i
		}
	}
	return nil, 0
}

// byType finds what is no value of its column's type.
func (s *source) byType(ctx context.Context, t *table, c *connect.Change) ([]connect.Refusal, error) {
	var out []connect.Refusal
	for _, each := range c.Set {
		col := t.column(each.Column)
		rows := map[string][]int{}
		if each.Each == nil {
			if why := refusesType(col, each.To); why != "" {
				rows[why] = all(len(c.Keys))
			}
		}
		for i, v := range each.Each {
			if why := refusesType(col, v); why != "" {
				rows[why] = append(rows[why], i)
			}
		}
		if len(rows) == 0 {
			if why, err := s.asked(ctx, col, each); err != nil {
				return nil, err
			} else if why != "" {
				rows[why] = all(len(c.Keys))
			}
		}
		for why, list := range rows {
			out = append(out, connect.Refusal{Rule: why, Columns: []string{col.Name}, Rows: list, Words: col.Takes})
		}
	}
	slices.SortFunc(out, func(a, b connect.Refusal) int { return strings.Compare(a.Columns[0]+a.Rule, b.Columns[0]+b.Rule) })
	return out, nil
}

// asked puts one value to the database: the one for all rows, or the first of those made alike.
func (s *source) asked(ctx context.Context, c *column, each connect.Set) (string, error) {
	v := each.To
	if len(each.Each) > 0 {
		v = each.Each[0]
	}
	own, ok := mine(c, v)
	if own == nil || !ok {
		return "", nil
	}
	takes, err := s.dialect.(foreseer).takes(ctx, s.reads, c, own)
	switch {
	case err != nil:
		return "", s.fault(ctx, "asking for the type of column "+c.Name, err)
	case !takes:
		return "the type " + c.Type, nil
	}
	return "", nil
}

func all(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
