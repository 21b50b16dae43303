package saas

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// reading is one Read on its way.
type reading struct {
	s       *Source
	t       *table
	r       connect.Read
	columns []*column // everything that is asked for: what is wanted, and what is judged by
	at      map[string]int
	all     []*matcher
	any     []*matcher
	budget  *budget
	give    func(row []any) error
}

// errEnough ends a reading that has its rows.
var errEnough = errors.New("enough")

// Read gives the rows that r asks for. Every row that a service gives is judged again
// here, so that what it finds too much (it may not know capitals) is left out.
func (s *Source) Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error {
	rd, err := s.reading(ctx, r)
	if err != nil {
		return err
	}
	out := &output{r: r, give: each, at: rd.at}
	rd.give = out.row
	err = rd.run(ctx)
	if err == nil || errors.Is(err, errEnough) {
		return out.end()
	}
	return s.c.explain(err, rd.t, connect.OpRead)
}

func (s *Source) reading(ctx context.Context, r connect.Read) (*reading, error) {
	rd := &reading{s: s, r: r, at: map[string]int{}, budget: s.budget()}
	names := slices.Clone(r.Columns)
	for _, list := range [][]connect.In{r.Any, r.All} {
		for _, in := range list {
			names = append(names, in.Columns...)
		}
	}
	names = append(append(names, condColumns(r.When)...), r.Key...)
	t, err := s.table(ctx, r.Table, names, rd.budget)
	if err != nil {
		return nil, err
	}
	rd.t = t
	if err := rd.comparable(r.When); err != nil {
		return nil, err
	}
	for _, name := range append(names, t.key...) {
		if _, known := rd.at[name]; !known {
			rd.at[name] = len(rd.columns)
			rd.columns = append(rd.columns, t.column(name))
		}
	}
	for _, in := range r.Any {
		rd.any = append(rd.any, newMatcher(in, s.config.Region))
	}
	for _, in := range r.All {
		rd.all = append(rd.all, newMatcher(in, s.config.Region))
	}
	return rd, nil
}

// comparable refuses a comparison of a number or a moment with what is none.
func (rd *reading) comparable(c *connect.Cond) error {
	if c == nil {
		return nil
	}
	for i := range c.Of {
		if err := rd.comparable(&c.Of[i]); err != nil {
			return err
		}
	}
	for _, v := range c.Values {
		column := rd.t.column(c.Column)
		kind := column.kind
		if kind == connect.Integer {
			kind = connect.DecimalKind
		}
		if _, err := as(kind, v); err != nil {
			return avow.Errorf(avow.Invalid, "a condition compares the column %q of %q with what is no %s", column.name, rd.t.name, column.kind)
		}
	}
	return nil
}

func condColumns(c *connect.Cond) []string {
	if c == nil {
		return nil
	}
	var out []string
	if c.Column != "" {
		out = append(out, c.Column)
	}
	for i := range c.Of {
		out = append(out, condColumns(&c.Of[i])...)
	}
	return out
}

// table finds a table that has the columns, asking the service where the description
// does not know them.
func (s *Source) table(ctx context.Context, name string, columns []string, b *budget) (*table, error) {
	t := s.d.table(name)
	if t == nil {
		return nil, avow.Errorf(avow.NotFound, "the description of %s has no table %q (system %q)", s.d.name, name, s.config.System)
	}
	if t.lacksColumn(columns) == "" {
		return t, nil
	}
	s.mu.Lock()
	told := s.live[name]
	s.mu.Unlock()
	if told == nil || told.lacksColumn(columns) != "" {
		var err error
		if told, _, err = s.learn(ctx, t, b); err != nil {
			return nil, err
		}
	}
	if c := told.lacksColumn(columns); c != "" {
		return nil, avow.Errorf(avow.NotFound, "the table %q of system %q has no column %q", name, s.config.System, c)
	}
	return told, nil
}

func (t *table) lacksColumn(names []string) string {
	for _, name := range names {
		if t.column(name) == nil {
			return name
		}
	}
	return ""
}

func (rd *reading) run(ctx context.Context) error {
	switch {
	case len(rd.any) > 0:
		return rd.drive(ctx, rd.any)
	case len(rd.all) > 0:
		// One of them is asked for; judging does the rest.
		i := max(0, slices.IndexFunc(rd.all, func(m *matcher) bool { f, _ := rd.t.finder(m.in); return f != nil }))
		return rd.drive(ctx, rd.all[i:i+1])
	case rd.t.list == nil:
		return rd.cannot("has no request that lists all its rows")
	}
	return rd.scan(ctx)
}

func (rd *reading) cannot(why string) error {
	return avow.Errorf(avow.Invalid, "the table %q of system %q %s (the description of %s)", rd.t.name, rd.s.config.System, why, rd.s.d.name)
}

// scan lists all rows.
func (rd *reading) scan(ctx context.Context) error {
	sc := &scope{table: rd.t, columns: rd.columns}
	return rd.s.pages(ctx, rd.t.list, sc, rd.budget, false, func(item any) error {
		row := rd.row(item, nil)
		if rd.any != nil && rd.first(row) < 0 {
			return nil
		}
		return rd.judge(row)
	})
}

// first is the first of Any that a row matches.
func (rd *reading) first(row []any) int {
	return slices.IndexFunc(rd.any, func(m *matcher) bool { return m.group(rd.value(row)) >= 0 })
}

// drive asks for what the matchers mean, in turn. A row that an earlier one gave is left out.
func (rd *reading) drive(ctx context.Context, by []*matcher) error {
	for _, m := range by {
		if f, _ := rd.t.finder(m.in); f == nil {
			if rd.t.list == nil || !rd.t.list.scan {
				return rd.cannot("cannot be asked for rows by " + strings.Join(m.in.Columns, " and ") + " together")
			}
			return rd.scan(ctx)
		}
	}
	for i, m := range by {
		f, columns := rd.t.finder(m.in)
		a := &asking{rd: rd, f: f, m: m, columns: columns, earlier: by[:i], query: f.query()}
		for _, c := range columns {
			a.at = append(a.at, slices.Index(m.in.Columns, c))
		}
		if err := a.batches(ctx); err != nil {
			return err
		}
	}
	return nil
}

// finder is the request that finds rows as an In compares them, and the columns it is
// asked by: all of them together where it can, else one of them, and what it finds too
// much is left out. Nil when there is none.
func (t *table) finder(in connect.In) (*find, []string) {
	for _, f := range t.find {
		together := len(in.Columns) == 1 || f.query() && !folds(in.Compare)
		if f.trusts(in.Compare) && together && (f.any || slices.Equal(f.by, in.Columns)) {
			return f, in.Columns
		}
	}
	for _, f := range t.find {
		switch {
		case !f.trusts(in.Compare):
		case f.any:
			return f, in.Columns[:1]
		case len(f.by) == 1 && slices.Contains(in.Columns, f.by[0]):
			return f, f.by
		}
	}
	return nil, nil
}

// trusts reports whether the request finds all that a comparison means.
func (f *find) trusts(c connect.Compare) bool {
	return len(f.compares) == 0 || slices.Contains(f.compares, cmp.Or(c, connect.Exact))
}

// query reports whether the request carries a query that matches tuples.
func (f *find) query() bool { return slices.Contains(f.names(), "match|soql") }

func (rd *reading) value(row []any) func(string) any {
	return func(column string) any {
		if i, ok := rd.at[column]; ok {
			return row[i]
		}
		return nil
	}
}

// row is an answer's row in the order of rd.columns.
func (rd *reading) row(item any, elsewhere map[string]path) []any {
	out := make([]any, len(rd.columns))
	for i, c := range rd.columns {
		at, ok := elsewhere[c.name]
		if !ok {
			at = c.path
		}
		out[i] = c.read(at.of(item))
	}
	return out
}

// judge gives a row for which all conditions hold.
func (rd *reading) judge(row []any) error {
	for _, m := range rd.all {
		if m.group(rd.value(row)) < 0 {
			return nil
		}
	}
	if !rd.r.When.Holds(rd.value(row)) {
		return nil
	}
	return rd.give(row)
}

func (rd *reading) columnsOf(names []string) []*column {
	out := make([]*column, len(names))
	for i, name := range names {
		out[i] = rd.columns[rd.at[name]]
	}
	return out
}

// key is a row's key as one text.
func (rd *reading) key(row []any) string {
	parts := make([]string, len(rd.t.key))
	for i, name := range rd.t.key {
		parts[i] = connect.Text(row[rd.at[name]])
	}
	return joined(parts)
}
