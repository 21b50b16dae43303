package sqldb

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// fault is the one place where a driver's error becomes one for people. The driver's
// own is dropped: its text may hold a value of a row, or of the connection string.
func (s *source) fault(ctx context.Context, doing string, err error) error {
	if own := ours(ctx, s.config.System, err); own != nil {
		return own
	}
	f := s.dialect.fault(err)
	if f.stale {
		s.forget()
	}
	return avow.Errorf(f.kind, "system %s, %s: %s", s.config.System, doing, f.what)
}

// ours is an error that is not the database's.
func ours(ctx context.Context, system string, err error) error {
	var reader stop
	var known *avow.Error
	switch {
	case errors.As(err, &reader):
		return reader.error
	case errors.As(err, &known):
		return err
	case ctx.Err() != nil:
		return avow.Errorf(avow.Canceled, "system %s: the work was given up before it was done: %w", system, ctx.Err())
	}
	return nil
}

func (s *source) readFault(ctx context.Context, t *table, err error) error {
	if own := ours(ctx, s.config.System, err); own != nil {
		return own
	}
	return s.refused(ctx, "reading table "+t.Name, t, connect.OpRead, nil, err)
}

// changeFault names the change that failed, and what is done all the same.
func (s *source) changeFault(ctx context.Context, works []*work, at int, err error) error {
	return halfDone(works, s.failed(ctx, works, at, err))
}

// halfDone adds to an error what was not taken back, because its table has no transactions.
func halfDone(works []*work, err error) error {
	var names []string
	for _, w := range works {
		if w.t.Piecemeal && !slices.Contains(names, w.t.Name) {
			names = append(names, w.t.Name)
		}
	}
	var e *avow.Error
	if len(names) == 0 || !errors.As(err, &e) {
		return err
	}
	told := *e
	told.Message = strings.ReplaceAll(e.Message, "nothing was changed", "nothing else was changed") +
		"; what was done before that in " + strings.Join(names, ", ") + ", which has no transactions, stays done"
	return &told
}

func (s *source) failed(ctx context.Context, works []*work, at int, err error) error {
	if own := ours(ctx, s.config.System, err); own != nil {
		return own
	}
	if at < 0 {
		return s.fault(ctx, "changing", err)
	}
	w := works[at]
	op := connect.OpUpdate
	if w.Kind == connect.Delete {
		op = connect.OpDelete
	}
	return s.refused(ctx, "change of table "+w.t.Name, w.t, op, w.sets, err)
}

// refused adds to what the database refused the grant that would allow it.
func (s *source) refused(ctx context.Context, doing string, t *table, op connect.Op, sets []set, err error) error {
	f := s.dialect.fault(err)
	if !f.lacks {
		return s.fault(ctx, doing, err)
	}
	s.forget()
	if now, err := s.table(ctx, t.Name); err == nil {
		if remedy := lacking(now, op, sets); remedy != "" {
			return avow.Errorf(avow.Forbidden, "system %s, %s: this login may not; what is missing is: %s", s.config.System, doing, remedy)
		}
	}
	return avow.Errorf(avow.Forbidden, "system %s, %s: %s", s.config.System, doing, f.what)
}

func lacking(t *table, op connect.Op, sets []set) string {
	for _, each := range []connect.Op{op, connect.OpRead} {
		if t.Lacks[each] != "" {
			return t.Lacks[each]
		}
	}
	for _, each := range sets {
		if c := t.column(each.c.Name); c != nil && c.Lacks[op] != "" {
			return c.Lacks[op]
		}
	}
	for _, c := range t.columns {
		if c.Lacks[connect.OpRead] != "" {
			return c.Lacks[connect.OpRead]
		}
	}
	return ""
}
