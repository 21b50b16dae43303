package files

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
)

// tries is how often a file is read again that others change.
const tries = 5

// editing is one Change being made.
type editing struct {
	s       *source
	c       connect.Change
	keys    *match.Index
	guards  []*match.Index
	blocked []*match.Index // rows that something else still needs
	editor  *match.Editor
	letters bool // what is set has letters that are other bytes in another encoding
	foreign bool // the file that is being changed is not UTF-8
}

// Change implements connect.Source.
func (s *source) Change(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	if s.config.ReadOnly {
		return nil, avow.Errorf(avow.Forbidden, "%s: it was opened for reading only", s.config.System)
	}
	for _, c := range changes {
		if err := s.check(c); err != nil {
			return nil, err
		}
		if _, _, err := s.matching(ctx, c.Table); err != nil {
			return nil, err
		}
	}
	results := make([]connect.Result, len(changes))
	for i, c := range changes {
		n, err := s.change(ctx, c)
		if err != nil {
			return nil, err
		}
		results[i].Changed = n
	}
	return results, nil
}

// check finds what cannot be asked before anything is done.
func (s *source) check(c connect.Change) error {
	bad := func(format string, args ...any) error {
		return avow.Errorf(avow.Invalid, "%s: %s: "+format, append([]any{s.config.System, c.Table}, args...)...)
	}
	switch {
	case c.Kind != connect.Delete && c.Kind != connect.Update:
		return bad("%q is no kind of change", c.Kind)
	case len(c.Key) == 0:
		return bad("no key says which rows are meant; positions in a file move, so that a column must name the row")
	}
	for _, k := range c.Keys {
		if len(k) != len(c.Key) {
			return bad("%d values for a key of %d columns", len(k), len(c.Key))
		}
	}
	for _, set := range c.Set {
		switch {
		case set.Each != nil && len(set.Each) != len(c.Keys):
			return bad("%d values for %d keys", len(set.Each), len(c.Keys))
		case slices.Contains(c.Key, set.Column):
			return bad("%q is of the key, which cannot be changed", set.Column)
		}
	}
	for _, u := range c.Unless {
		if len(u.Of) != len(u.Columns) || len(u.Of) == 0 {
			return bad("%d columns of %s are compared with %d", len(u.Columns), u.Table, len(u.Of))
		}
	}
	for _, in := range slices.Concat(c.Guard, c.Elements) {
		if err := s.widths(c.Table, in); err != nil {
			return err
		}
	}
	if k, _ := kindOf(c.Table); c.Kind == connect.Update && (k == mbox || k == maildir) {
		return bad("a message is only removed as a whole; write `erase: delete`")
	}
	return nil
}

func (s *source) change(ctx context.Context, c connect.Change) (int64, error) {
	w := &editing{s: s, c: c, keys: match.NewIndex(connect.In{Columns: c.Key, Tuples: c.Keys}, ""), editor: match.NewEditor(c, s.config.Region, like, leaf)}
	for _, g := range c.Guard {
		w.guards = append(w.guards, match.NewIndex(g, s.config.Region))
	}
	w.letters = slices.ContainsFunc(c.Set, func(set connect.Set) bool {
		return slices.ContainsFunc(append(slices.Clone(set.Each), set.To), func(v any) bool { return !ascii([]byte(connect.Text(v))) })
	})
	for _, u := range c.Unless {
		x, err := w.taken(ctx, u)
		if err != nil {
			return 0, err
		}
		w.blocked = append(w.blocked, x)
	}
	names, k, err := s.matching(ctx, c.Table)
	if err != nil {
		return 0, err
	}
	var changed int64
	for _, name := range names {
		n, err := w.file(ctx, k, name)
		if err != nil {
			return changed, err
		}
		changed += n
	}
	return changed, nil
}

// file changes one file, if there is something to change in it.
func (w *editing) file(ctx context.Context, k kind, name string) (int64, error) {
	for try := range tries {
		if err := pause(ctx, try); err != nil {
			return 0, w.s.failed(ctx, name, err)
		}
		due, err := w.due(ctx, k, name)
		if err != nil || !due {
			return 0, err
		}
		var n int64
		if k == maildir {
			n, err = 1, w.s.at.remove(ctx, name)
		} else {
			err = w.s.at.replace(ctx, name, func(old io.Reader, now io.Writer) (bool, error) {
				pieces := newScanner(k, name, old)
				if csv, ok := pieces.(*csvScanner); ok {
					csv.foreign = w.foreign
				}
				n, err = w.rewrite(ctx, pieces, now)
				return n > 0, err
			})
		}
		if !errors.Is(err, errChanged) {
			return n, w.s.failed(ctx, name, err)
		}
	}
	return 0, w.s.failed(ctx, name, errChanged)
}

// pause waits before another try, each time longer, for whoever is writing the file to end.
func pause(ctx context.Context, try int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(try) * 50 * time.Millisecond):
		return nil
	}
}

// due reports whether a row of the file is to be changed, so that others are not written. Where letters are written it
// looks at the whole file: in which encoding it is may show behind the row.
func (w *editing) due(ctx context.Context, k kind, name string) (bool, error) {
	due := false
	w.foreign = false
	err := w.s.scan(ctx, k, name, func(e entry) (bool, error) {
		if row, ok := e.row.(*csvRow); ok {
			w.foreign = row.s.foreign
		}
		if due {
			return true, nil
		}
		_, changed, err := w.piece(e)
		due = changed
		return !due || w.letters && k == csvFile, err
	})
	return due, err
}

// rewrite copies a file, without what is deleted and with what is changed.
func (w *editing) rewrite(ctx context.Context, pieces scanner, now io.Writer) (changed int64, err error) {
	begun := false
	for {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		e, err := pieces.next()
		if err == io.EOF {
			return changed, nil
		}
		if err != nil {
			return 0, err
		}
		text, different, err := w.piece(e)
		if err != nil {
			return 0, err
		}
		if different {
			changed++
		}
		if csv, ok := pieces.(*csvScanner); ok && e.row != nil && len(text) > 0 && !begun {
			begun = true
			if err := csv.opens(text); err != nil {
				return 0, err
			}
		}
		if _, err := now.Write(text); err != nil {
			return 0, err
		}
	}
}

// piece is what becomes of a piece of a file.
func (w *editing) piece(e entry) (text []byte, changed bool, err error) {
	if e.row == nil {
		return e.raw, false, nil
	}
	key, ok := w.keys.Find(e.row)
	if !ok || !w.meant(e.row) {
		return e.raw, false, nil
	}
	if w.c.Kind == connect.Delete {
		return nil, true, nil
	}
	text, err = e.row.edited(w, key)
	return text, err == nil && string(text) != string(e.raw), err
}

func (w *editing) meant(r row) bool {
	for _, g := range w.guards {
		if !g.Holds(r) {
			return false
		}
	}
	for _, b := range w.blocked {
		if b.Holds(r) {
			return false
		}
	}
	return match.Holds(w.c.When, r)
}

// taken finds the values of u.Of for which there is a row as u says.
func (w *editing) taken(ctx context.Context, u connect.Exists) (*match.Index, error) {
	asked := connect.In{Columns: u.Columns}
	keys := connect.In{Columns: w.c.Key, Tuples: w.c.Keys}
	err := w.s.Read(ctx, connect.Read{Table: w.c.Table, Columns: u.Of, All: []connect.In{keys}}, func(r connect.Row) error {
		asked.Tuples = append(asked.Tuples, tuples(r, u.Of)...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	but := match.NewIndex(connect.In{Columns: u.Key, Tuples: u.But}, "")
	taken := connect.In{Columns: u.Of}
	columns := slices.Concat(u.Columns, u.Key)
	err = w.s.Read(ctx, connect.Read{Table: u.Table, Columns: columns, Any: []connect.In{asked}, When: u.When}, func(r connect.Row) error {
		if len(u.But) == 0 || !but.Holds(flat(r, columns)) {
			taken.Tuples = append(taken.Tuples, tuples(r, u.Columns)...)
		}
		return nil
	})
	return match.NewIndex(taken, ""), err
}

func flat(r connect.Row, columns []string) match.Flat {
	return func(column string) any { return r[slices.Index(columns, column)] }
}

func tuples(r connect.Row, columns []string) []connect.Tuple {
	return flat(r, columns).Tuples(columns)
}

// Show implements connect.Source: files have no language, so that the change is said in words.
func (s *source) Show(changes []connect.Change) ([]connect.Statement, error) {
	var out []connect.Statement
	for _, c := range changes {
		if err := s.check(c); err != nil {
			return nil, err
		}
		text := "rewrite " + c.Table + " without the rows whose " + strings.Join(c.Key, ", ") + " is one of the values"
		if k, _ := kindOf(c.Table); k == maildir {
			text = "remove the messages of " + c.Table + " whose " + strings.Join(c.Key, ", ") + " is one of the values"
		}
		if c.Kind == connect.Update {
			var names []string
			for _, set := range c.Set {
				names = append(names, set.Column)
			}
			text = "rewrite " + c.Table + " with another " + strings.Join(names, ", ") + " in the rows whose " + strings.Join(c.Key, ", ") + " is one of the values"
		}
		statement := connect.Statement{Text: text}
		for _, k := range c.Keys {
			statement.Values = append(statement.Values, k...)
		}
		for _, set := range c.Set {
			if set.Each == nil {
				statement.Values = append(statement.Values, set.To)
			}
		}
		const shown = 20
		if n := len(statement.Values); n > shown {
			statement.Values, statement.Cut = statement.Values[:shown], n-shown
		}
		out = append(out, statement)
	}
	return out, nil
}
