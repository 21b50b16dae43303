package plan

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// Test is a condition on a row, and on the rows of other tables that refer to it. It is one of
// Row and Far, or with Op And or Or of several.
type Test struct {
	Op  connect.CondOp
	Of  []Test
	Row *connect.Cond // on the row itself
	Far *Far
}

// Far compares a moment that stands in the rows that refer to a row. It holds when the latest of
// them is known and before another.
type Far struct {
	*datamap.Elsewhere
	Before any  // connect.Date or time.Time
	Not    bool // it holds when the latest is not before the other, or nobody knows
}

// OfRow is a test of nothing but the row itself.
func OfRow(c *connect.Cond) *Test {
	if c == nil {
		return nil
	}
	return &Test{Row: c}
}

// Joined is a test of several; nil of none.
func Joined(op connect.CondOp, list []Test) *Test {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return &list[0]
	}
	return &Test{Op: op, Of: list}
}

// Own is what must hold of the row itself, whatever stands elsewhere; nil when nothing must. Whole
// says that it is all.
func (t *Test) Own() (own *connect.Cond, whole bool) {
	if t == nil || t.Row != nil {
		return t.row(), true
	}
	if t.Far != nil {
		return nil, false
	}
	var list []connect.Cond
	whole, open := true, false
	for i := range t.Of {
		c, all := t.Of[i].Own()
		whole = whole && all
		if c == nil {
			open = true
			continue
		}
		list = append(list, *c)
	}
	switch {
	case open && t.Op == connect.Or || len(list) == 0:
		return nil, whole
	case len(list) == 1:
		return &list[0], whole
	}
	return &connect.Cond{Op: t.Op, Of: list}, whole
}

func (t *Test) row() *connect.Cond {
	if t == nil {
		return nil
	}
	return t.Row
}

// each gives all that a test is made of, the innermost first.
func (t *Test) each(give func(*Test)) {
	if t == nil {
		return
	}
	for i := range t.Of {
		t.Of[i].each(give)
	}
	give(t)
}

// judge reports whether a test holds, and by which of what it is made of: while these hold it does.
func (t *Test) judge(is func(*Test) bool) (by []*Test, holds bool) {
	switch {
	case t == nil:
		return nil, true
	case t.Op == "":
		return []*Test{t}, is(t)
	}
	for i := range t.Of {
		inner, ok := t.Of[i].judge(is)
		switch {
		case ok && t.Op == connect.Or:
			return inner, true
		case !ok && t.Op == connect.And:
			return nil, false
		}
		by = append(by, inner...)
	}
	return by, t.Op == connect.And
}

// while is what must still hold of rows when they are changed, beside what ties them to people.
type while struct {
	when   *connect.Cond
	unless []connect.Exists
}

// whileOf is what must hold for what a row is meant by. That something was known when it was
// looked at is enough: what a row counted from may go before it, in the same step.
func whileOf(by []*Test) *while {
	w := &while{}
	for _, t := range by {
		switch {
		case t.Row != nil:
			w.when = both(w.when, t.Row)
		case !t.Far.Not:
			w.unless = append(w.unless, t.Far.late())
		}
	}
	return w
}

// late is a row that refers to one and whose moment is not before, or not known.
func (f *Far) late() connect.Exists {
	late := connect.Cond{Op: connect.Or, Of: []connect.Cond{
		{Op: connect.IsEmpty, Column: f.Column}, {Op: connect.AtLeast, Column: f.Column, Values: []any{f.Before}}}}
	return connect.Exists{Table: f.Reference.Table.Name, Columns: f.Reference.Here, Of: f.Reference.There, When: both(f.refers(), &late)}
}

// refers holds for rows of the other table that refer to one at all.
func (f *Far) refers() *connect.Cond { return refers(f.Reference) }

func refers(r *datamap.Reference) *connect.Cond { return both(r.When.Cond(), r.Table.When.Cond()) }

// newest is the latest moment of the rows that refer to one.
type newest struct {
	at   time.Time
	open bool // one of them has none
}

func (l *newest) add(v any) {
	at, ok := moment(v)
	if !ok {
		l.open = true
	} else if at.After(l.at) {
		l.at = at
	}
}

// known gives the moment; false when nobody knows it.
func (l *newest) known() (time.Time, bool) {
	if l == nil || l.open {
		return time.Time{}, false
	}
	return l.at, !l.at.IsZero()
}

// candidate is a row that may be due, with what is said of it elsewhere.
type candidate struct {
	values connect.Tuple // of elsewhere.columns
	by     *elsewhere
	latest map[*datamap.Elsewhere]*newest
}

// elsewhere reads rows with the moments that stand in the rows that refer to them: a page of rows,
// and by their keys what refers to them, one reading for each reference.
type elsewhere struct {
	*system
	t       *table
	far     []*datamap.Elsewhere
	columns []string // the key, and all that is looked at
}

// elsewhere is what reads the rows of an expiry; nil when nothing it looks at stands elsewhere.
func (e *expiry) elsewhere() *elsewhere {
	out := &elsewhere{system: e.system, t: e.t, columns: slices.Clone(e.t.key)}
	need := func(columns ...string) {
		for _, name := range columns {
			if !slices.Contains(out.columns, name) {
				out.columns = append(out.columns, name)
			}
		}
	}
	far := func(f *datamap.Elsewhere) {
		if !slices.Contains(out.far, f) {
			out.far = append(out.far, f)
		}
		need(f.Reference.There...)
	}
	for _, t := range []*Test{e.Over, e.When} {
		t.each(func(t *Test) {
			need(condColumns(t.Row)...)
			if t.Far != nil {
				far(t.Far.Elsewhere)
			}
		})
	}
	for _, name := range e.moments {
		if f := e.t.of.Elsewhere(name); f != nil {
			far(f)
		} else {
			need(name)
		}
	}
	need(e.looked(nil)...)
	if len(out.far) == 0 {
		return nil
	}
	return out
}

func condColumns(c *connect.Cond) (out []string) {
	if c == nil {
		return nil
	}
	if c.Column != "" {
		out = append(out, c.Column)
	}
	for i := range c.Of {
		out = append(out, condColumns(&c.Of[i])...)
	}
	return out
}

// page reads the next rows for which a condition holds, at most limit.
func (x *elsewhere) page(ctx context.Context, when *connect.Cond, after connect.Tuple, limit int) ([]*candidate, error) {
	var out []*candidate
	read := connect.Read{Table: x.t.of.Name, Columns: x.columns, When: when, Key: x.t.key, After: after, Limit: limit}
	err := x.src.Read(ctx, read, func(r connect.Row) error {
		out = append(out, &candidate{slices.Clone(connect.Tuple(r)), x, map[*datamap.Elsewhere]*newest{}})
		return nil
	})
	if err != nil {
		return nil, err
	}
	var done []*datamap.Reference
	for _, f := range x.far {
		if slices.Contains(done, f.Reference) {
			continue
		}
		done = append(done, f.Reference)
		if err := x.refer(ctx, f.Reference, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// refer reads the rows that refer to some by one reference.
func (x *elsewhere) refer(ctx context.Context, r *datamap.Reference, rows []*candidate) error {
	var far []*datamap.Elsewhere
	columns := slices.Clone(r.Here)
	for _, f := range x.far {
		if f.Reference == r {
			far, columns = append(far, f), append(columns, f.Column)
		}
	}
	at := indexes(r.There, x.columns)
	waiting := map[string][]*candidate{}
	var tuples []connect.Tuple
	for _, c := range rows {
		there := pick(c.values, at)
		if slices.ContainsFunc(there, func(v any) bool { return connect.Text(v) == "" }) {
			continue // nothing can refer to it
		}
		k := join(there)
		if waiting[k] == nil {
			tuples = append(tuples, there)
		}
		waiting[k] = append(waiting[k], c)
	}
	if len(tuples) == 0 {
		return nil
	}
	read := connect.Read{Table: r.Table.Name, Columns: columns, Any: []connect.In{{Columns: r.Here, Tuples: tuples}}, When: refers(r)}
	return x.src.Read(ctx, read, func(row connect.Row) error {
		for _, c := range waiting[join(connect.Tuple(row[:len(r.Here)]))] {
			for i, f := range far {
				c.add(f, row[len(r.Here)+i])
			}
		}
		return nil
	})
}

func (c *candidate) add(f *datamap.Elsewhere, v any) {
	if c.latest[f] == nil {
		c.latest[f] = &newest{}
	}
	c.latest[f].add(v)
}

func (c *candidate) key() connect.Tuple { return c.values[:len(c.by.t.key):len(c.by.t.key)] }

func (c *candidate) value(column string) any {
	if i := slices.Index(c.by.columns, column); i >= 0 {
		return c.values[i]
	}
	return nil
}

// is reports whether one of what a test is made of holds.
func (c *candidate) is(t *Test) bool {
	if t.Row != nil {
		return t.Row.Holds(c.value)
	}
	than, _ := moment(t.Far.Before)
	at, known := c.latest[t.Far.Elsewhere].known()
	return (known && at.Before(than)) != t.Far.Not
}

// meant reports whether a row is meant and the rule has ended in it, and by what.
func (e *expiry) meant(c *candidate) (by []*Test, ok bool) {
	over, ok := e.Over.judge(c.is)
	if !ok {
		return nil, false
	}
	when, ok := e.When.judge(c.is)
	return append(over, when...), ok && e.open(c.value)
}

// addApart adds the rows that are due, those together that are so by the same.
func (e *expiry) addApart(ctx context.Context, x *elsewhere, batch *Batch) (n int, err error) {
	page, err := x.page(ctx, e.due(), e.After, e.Limit)
	if err != nil {
		return 0, err
	}
	places := map[*Test]uint16{}
	for _, t := range []*Test{e.Over, e.When} {
		t.each(func(t *Test) { places[t] = uint16(len(places)) })
	}
	classes := map[string]uint32{}
	for _, c := range page {
		batch.Next = c.key()
		by, ok := e.meant(c)
		if !ok {
			continue
		}
		if e.Held != nil && e.Held(c.key()) {
			batch.Held++
			continue
		}
		var sign []byte
		for _, t := range by {
			sign = binary.BigEndian.AppendUint16(sign, places[t])
		}
		n, known := classes[string(sign)]
		if !known {
			n = uint32(len(e.t.classes))
			classes[string(sign)] = n
			e.t.classes = append(e.t.classes, &class{fate: e.class.fate, while: whileOf(by)})
		}
		e.t.add(find.Row{Key: c.key()}, n)
	}
	return len(page), nil
}

// upcoming gives the rows that are meant, a page after the other.
func (e *expiry) upcoming(ctx context.Context, x *elsewhere, each func(connect.Row) error) error {
	for after := e.After; ; {
		page, err := x.page(ctx, e.due(), after, e.Limit)
		if err != nil {
			return err
		}
		for _, c := range page {
			after = c.key()
			if _, ok := e.meant(c); !ok {
				continue
			}
			if err := each(e.momentsOf(c)); err != nil {
				return err
			}
		}
		if len(page) < e.Limit {
			return nil
		}
	}
}

// momentsOf are the moments of a row in the order of the map; nil what nobody knows.
func (e *expiry) momentsOf(c *candidate) connect.Row {
	out := make(connect.Row, len(e.moments))
	for i, name := range e.moments {
		if f := e.t.of.Elsewhere(name); f == nil {
			out[i] = c.value(name)
		} else if at, known := c.latest[f].known(); known {
			out[i] = at
		}
	}
	return out
}
