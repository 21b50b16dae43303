package saas

import (
	"context"
	"errors"
	"slices"

	"github.com/avowhq/avow/connect"
)

// asking asks for the rows of one matcher, in as few requests as the service takes.
type asking struct {
	rd      *reading
	f       *find
	m       *matcher
	columns []string // that the request is asked by
	at      []int    // where they stand among those of the matcher
	earlier []*matcher
	query   bool
}

// span is the groups from one to another that one request asks for.
type span struct{ from, to int }

// tuples are what is asked for a group.
func (a *asking) tuples(g sameGroup) []connect.Tuple {
	if len(a.at) < len(a.m.in.Columns) {
		g = a.part(g)
	}
	return a.m.candidates(g, a.query)
}

// part is a group by only those columns that are asked by.
func (a *asking) part(g sameGroup) sameGroup {
	out := sameGroup{}
	for _, t := range g.tuples {
		part := make(connect.Tuple, len(a.at))
		for i, at := range a.at {
			part[i] = t[at]
		}
		out.tuples = append(out.tuples, part)
	}
	out.form, _ = connect.Normal(a.m.in.Compare, a.m.region, connect.Text(out.tuples[0][0]))
	return out
}

func (a *asking) batches(ctx context.Context) error {
	groups := a.m.groups
	for from := 0; from < len(groups); {
		to, n := from, 0
		for to < len(groups) {
			more := len(a.tuples(groups[to]))
			if to > from && n+more > a.f.batch {
				break
			}
			to, n = to+1, n+more
		}
		if err := a.batch(ctx, span{from, to}); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// batch asks for the groups of a span, in halves where the service cannot take them at
// once. A value that no row can have is not asked for.
func (a *asking) batch(ctx context.Context, sp span) error {
	var tuples []connect.Tuple
	for _, g := range a.m.groups[sp.from:sp.to] {
		tuples = append(tuples, a.tuples(g)...)
	}
	if len(a.at) < len(a.m.in.Columns) {
		tuples = distinctTuples(tuples)
	}
	if len(tuples) <= a.f.batch {
		return a.ask(ctx, sp, tuples, nil)
	}
	seen := map[string]bool{} // of one group, which several requests ask for
	for part := range slices.Chunk(tuples, a.f.batch) {
		if err := a.ask(ctx, sp, part, seen); err != nil {
			return err
		}
	}
	return nil
}

func distinctTuples(tuples []connect.Tuple) []connect.Tuple {
	seen := map[string]bool{}
	return slices.DeleteFunc(tuples, func(t connect.Tuple) bool {
		text := joined(textsOf(t))
		again := seen[text]
		seen[text] = true
		return again
	})
}

func (a *asking) ask(ctx context.Context, sp span, tuples []connect.Tuple, seen map[string]bool) error {
	sc := &scope{table: a.rd.t, columns: a.rd.columns, by: a.rd.columnsOf(a.columns), tuples: tuples, compare: a.m.in.Compare, small: a.f.small}
	if a.f.batch == 1 {
		v, err := toJSON(sc.by[0], tuples[0][0], a.rd.s.d.empty)
		if err != nil {
			return nil // no row has such a value
		}
		sc.value1 = v
	}
	several := sp.to-sp.from > 1
	err := a.rd.s.pages(ctx, a.f.request, sc, a.rd.budget, several, func(item any) error { return a.row(item, sp, seen) })
	var no *unfitError
	switch {
	case errors.Is(err, errSplit) || errors.As(err, &no) && several:
		half := (sp.from + sp.to) / 2
		if err := a.batch(ctx, span{sp.from, half}); err != nil {
			return err
		}
		return a.batch(ctx, span{half, sp.to})
	case errors.As(err, &no):
		return nil // no row has such a value
	}
	return err
}

// row judges one row of an answer: whether it was asked for here and not before.
func (a *asking) row(item any, sp span, seen map[string]bool) error {
	row := a.rd.row(item, a.f.at)
	g := a.m.group(a.rd.value(row))
	if g < sp.from || g >= sp.to || slices.ContainsFunc(a.earlier, func(e *matcher) bool { return e.group(a.rd.value(row)) >= 0 }) {
		return nil
	}
	if seen != nil {
		key := a.rd.key(row)
		if seen[key] {
			return nil
		}
		seen[key] = true
	}
	return a.rd.judge(row)
}
