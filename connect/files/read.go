package files

import (
	"context"
	"io"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
)

// Read implements connect.Source. Files have no order of their own: pages by Key are kept
// in memory up to Limit rows, and without Limit refused.
func (s *source) Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error {
	for _, in := range slices.Concat(r.Any, r.All) {
		if err := s.widths(r.Table, in); err != nil {
			return err
		}
	}
	names, k, err := s.matching(ctx, r.Table)
	if err != nil {
		return err
	}
	if len(r.Key) > 0 {
		return s.page(ctx, r, names, k, each)
	}
	filter := match.NewFilter(r, s.config.Region)
	given := 0
	for _, name := range names {
		done := false
		err := s.scan(ctx, k, name, func(e entry) (bool, error) {
			if e.row == nil || !filter.Holds(e.row) {
				return true, nil
			}
			if err := each(columns(e.row, r.Columns)); err != nil {
				return false, ended{err}
			}
			given++
			done = given == r.Limit || given == r.Sample
			return !done, nil
		})
		if done || err != nil {
			return ours(err)
		}
	}
	return nil
}

func (s *source) widths(table string, in connect.In) error {
	for _, t := range in.Tuples {
		if len(t) != len(in.Columns) {
			return avow.Errorf(avow.Invalid, "%s: %s: %d values for %d columns", s.config.System, table, len(t), len(in.Columns))
		}
	}
	return nil
}

// ended is an error of the one who reads, which is given back as it is.
type ended struct{ error }

func ours(err error) error {
	if e, ok := err.(ended); ok {
		return e.error
	}
	return err
}

func columns(r row, names []string) connect.Row {
	out := make(connect.Row, len(names))
	for i, name := range names {
		if name == connect.Whole {
			out[i] = r.whole()
			continue
		}
		out[i] = r.value(name)
	}
	return out
}

// scan gives the pieces of a file until each says that it is enough.
func (s *source) scan(ctx context.Context, k kind, name string, each func(entry) (bool, error)) error {
	f, err := s.at.open(ctx, name)
	if err != nil {
		return s.failed(ctx, name, err)
	}
	defer f.Close()
	pieces := newScanner(k, name, f)
	for {
		if ctx.Err() != nil {
			return s.failed(ctx, name, ctx.Err())
		}
		e, err := pieces.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return s.failed(ctx, name, err)
		}
		if more, err := each(e); err != nil || !more {
			return err
		}
	}
}

// longestPage bounds the rows of a page, which are in memory while it is looked for.
const longestPage = 100_000

// page gives the next rows in the order of the key.
func (s *source) page(ctx context.Context, r connect.Read, names []string, k kind, each func(connect.Row) error) error {
	limit := r.Limit
	if limit <= 0 {
		limit = longestPage
	}
	if limit > longestPage {
		return avow.Errorf(avow.Invalid, "%s: %s: a page of files has at most %d rows", s.config.System, r.Table, longestPage)
	}
	filter := match.NewFilter(r, s.config.Region)
	var rows []sorted
	tidy := func() {
		slices.SortStableFunc(rows, func(a, b sorted) int { return compare(a.key, b.key) })
		rows = rows[:min(len(rows), limit+1)]
	}
	for _, name := range names {
		err := s.scan(ctx, k, name, func(e entry) (bool, error) {
			if e.row == nil || !filter.Holds(e.row) {
				return true, nil
			}
			key := columns(e.row, r.Key)
			if len(r.After) == 0 || compare(key, connect.Row(r.After)) > 0 {
				rows = append(rows, sorted{key, columns(e.row, r.Columns)})
			}
			if len(rows) > 2*limit+1000 {
				tidy()
			}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	tidy()
	if r.Limit <= 0 && len(rows) > limit {
		return avow.Errorf(avow.Invalid, "%s: %s has more than %d rows; ask for them in pages", s.config.System, r.Table, longestPage)
	}
	for _, row := range rows[:min(len(rows), limit)] {
		if err := each(row.row); err != nil {
			return err
		}
	}
	return nil
}

type sorted struct{ key, row connect.Row }

func compare(a, b connect.Row) int {
	for i := range min(len(a), len(b)) {
		if n := connect.Order(a[i], b[i]); n != 0 {
			return n
		}
	}
	return 0
}
