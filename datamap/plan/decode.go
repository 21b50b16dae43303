package plan

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// Decode reads what Encode wrote. What is no plan is refused whole.
func Decode(text []byte) (*Plan, error) {
	if len(text) == 0 || text[0] != formVersion {
		return nil, avow.Errorf(avow.Invalid, "This is not a captured plan, or one of a version that is not known here.")
	}
	var form planForm
	if err := json.Unmarshal(text[1:], &form); err != nil {
		return nil, avow.Errorf(avow.Invalid, "The captured plan cannot be read: %w", err)
	}
	if len(form.Seed) != 32 {
		return nil, avow.Errorf(avow.Invalid, "The captured plan is not whole.")
	}
	p := &Plan{For: form.For, At: form.At, options: Options{Now: form.At, Holds: form.Holds, seed: [32]byte(form.Seed)}}
	for _, sf := range form.Systems {
		s := &SystemPlan{System: sf.System, Away: sf.Away, seed: p.options.seed}
		for _, gf := range sf.Groups {
			g, err := gf.group()
			if err != nil {
				return nil, avow.Errorf(avow.Invalid, "The captured plan cannot be read: table `%s`: %w", gf.Table, err)
			}
			s.Groups = append(s.Groups, g)
		}
		p.Systems = append(p.Systems, s)
	}
	return p, nil
}

// group checks all that is read before it may become part of a change.
func (f groupForm) group() (*Group, error) {
	g := &Group{Table: f.Table, Key: f.Key, Rows: f.Rows, Owned: f.Owned, because: f.Because, change: f.Change, silent: f.Silent, bound: f.Bound, byGuard: f.ByGuard && len(f.Guards) > 0}
	var err error
	if g.keys, err = f.Keys.packed(); err != nil {
		return nil, err
	}
	changes := f.Change == connect.Update || f.Change == connect.Delete
	switch {
	case f.Rows < 0, f.Change != "" && !changes, changes && (len(f.Key) == 0 || f.Table == "" || f.Rows != g.keys.n), g.keys.n > 0 && g.keys.width != len(f.Key), slices.Contains(f.Key, ""):
		return nil, fmt.Errorf("%w: its keys do not fit", errCut)
	case (f.Change == connect.Update) != (len(f.Sets) > 0):
		return nil, fmt.Errorf("%w: it does not say what is changed", errCut)
	}
	if err := f.lines(g); err != nil {
		return nil, err
	}
	if err := f.sets(g); err != nil {
		return nil, err
	}
	return g, f.limits(g)
}

func (f groupForm) lines(g *Group) error {
	for _, l := range f.Lines {
		for rest := l.Days; len(rest) > 0; {
			day, next, err := readInt(rest)
			if err != nil || day < -1<<31 || day >= 1<<31 {
				return errCut
			}
			l.days, rest = append(l.days, int32(day)), next
		}
		if len(l.days) > 0 && len(l.days) != f.Rows {
			return errCut
		}
		g.Lines = append(g.Lines, l.Line)
	}
	return nil
}

func (f groupForm) sets(g *Group) error {
	for _, s := range f.Sets {
		out := set{column: s.Column}
		switch {
		case s.Column == "" || slices.Contains(f.Key, s.Column):
			return errCut
		case s.Mask != nil:
			m := mask{s.Mask.Way, s.Mask.Text, s.Mask.Kind, s.Mask.Length, s.Mask.Unique, s.Mask.Small, s.Mask.Least}
			out.mask = &m
		case s.Each != nil:
			each, err := s.Each.packed()
			if err != nil || each.width != 1 || each.n != f.Rows {
				return errCut
			}
			out.each = each
		case s.To != nil:
			to, err := s.To.packed()
			if err != nil || to.width != 1 || to.n != 1 {
				return errCut
			}
			out.to = to.all()[0][0]
		}
		g.sets = append(g.sets, out)
	}
	return nil
}

// limits reads what must hold for the rows.
func (f groupForm) limits(g *Group) error {
	for _, x := range f.Guards {
		values, err := x.Values.packed()
		if err != nil || values.width != len(x.Columns) || values.width == 0 {
			return errCut
		}
		g.guards = append(g.guards, guard{x.Columns, values})
	}
	for _, e := range f.Element {
		values, err := e.Values.packed()
		if err != nil || values.width != len(e.Columns) || values.width == 0 {
			return errCut
		}
		g.element = append(g.element, connect.In{Columns: e.Columns, Tuples: values.all(), Compare: e.Compare})
	}
	for _, e := range f.Unless {
		but, err := e.But.packed()
		if err != nil || e.Table == "" || len(e.Columns) == 0 || len(e.Columns) != len(e.Of) || but.n > 0 && but.width != len(e.Key) {
			return errCut
		}
		when, err := e.When.cond(0)
		if err != nil {
			return err
		}
		g.unless = append(g.unless, connect.Exists{Table: e.Table, Columns: e.Columns, Of: e.Of, When: when, Key: e.Key, But: but.all()})
	}
	var err error
	g.when, err = f.When.cond(0)
	return err
}

const deepestCond = 20

func (f *condForm) cond(depth int) (*connect.Cond, error) {
	if f == nil {
		return nil, nil
	}
	if depth > deepestCond || !f.whole() {
		return nil, errCut
	}
	out := &connect.Cond{Op: f.Op, Column: f.Column}
	for i := range f.Of {
		c, err := f.Of[i].cond(depth + 1)
		if err != nil {
			return nil, err
		}
		out.Of = append(out.Of, *c)
	}
	if f.Values != nil {
		values, err := f.Values.packed()
		if err != nil || values.n != 1 {
			return nil, errCut
		}
		out.Values = values.all()[0]
	}
	return out, nil
}

// whole reports whether a condition has what its operation needs.
func (f *condForm) whole() bool {
	values := 0
	if f.Values != nil {
		values = f.Values.Width
	}
	switch f.Op {
	case connect.And, connect.Or:
		return len(f.Of) >= 2
	case connect.Not:
		return len(f.Of) == 1
	case connect.IsEmpty:
		return f.Column != ""
	case connect.OneOf:
		return f.Column != "" && values > 0
	case connect.Equal, connect.NotEqual, connect.Less, connect.AtMost, connect.More, connect.AtLeast:
		return f.Column != "" && values == 1
	}
	return false
}

// packed checks that the tuples are there, all of them and nothing else.
func (f tuplesForm) packed() (packed, error) {
	p := packed{f.Width, f.N, f.Bytes}
	if f.Width < 0 || f.N < 0 || f.Width == 0 && f.N > 0 || f.N > len(f.Bytes) || f.Width > len(f.Bytes)+1 {
		return p, errCut
	}
	rest := f.Bytes
	for range f.N {
		for range f.Width {
			var err error
			if _, rest, err = readValue(rest); err != nil {
				return p, err
			}
		}
	}
	if len(rest) > 0 {
		return p, errCut
	}
	return p, nil
}
