package plan

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// The captured form: one byte for its version, then JSON in which tuples stand packed.
// It holds keys and other values of people, and what masks are made from: whoever keeps
// it seals it.
const formVersion = 1

type planForm struct {
	For     Work         `json:"for"`
	At      time.Time    `json:"at"`
	Seed    []byte       `json:"seed"`
	Holds   []Hold       `json:"holds,omitempty"`
	Systems []systemForm `json:"systems"`
}

type systemForm struct {
	System string      `json:"system"`
	Away   string      `json:"away,omitempty"`
	Groups []groupForm `json:"groups,omitempty"`
}

type groupForm struct {
	Table   string             `json:"table,omitempty"`
	Key     []string           `json:"key,omitempty"`
	Rows    int                `json:"rows"`
	Owned   bool               `json:"owned,omitempty"`
	Change  connect.ChangeKind `json:"change,omitempty"`
	Silent  bool               `json:"silent,omitempty"`
	Lines   []lineForm         `json:"lines,omitempty"`
	Keys    tuplesForm         `json:"keys"`
	Sets    []setForm          `json:"sets,omitempty"`
	Guards  []guardForm        `json:"guards,omitempty"`
	When    *condForm          `json:"when,omitempty"`
	Unless  []existsForm       `json:"unless,omitempty"`
	Element []elementForm      `json:"elements,omitempty"`
}

type lineForm struct {
	Line
	Days []byte `json:"days,omitempty"` // varints
}

type setForm struct {
	Column string      `json:"column"`
	To     *tuplesForm `json:"to,omitempty"`
	Each   *tuplesForm `json:"each,omitempty"`
	Mask   *maskForm   `json:"mask,omitempty"`
}

type maskForm struct {
	Way    string       `json:"way"`
	Text   string       `json:"text,omitempty"`
	Kind   connect.Kind `json:"kind"`
	Length int          `json:"length,omitempty"`
	Unique bool         `json:"unique,omitempty"`
	Small  int          `json:"small,omitempty"`
}

type guardForm struct {
	Columns []string   `json:"columns"`
	Values  tuplesForm `json:"values"`
}

type elementForm struct {
	Columns []string        `json:"columns"`
	Values  tuplesForm      `json:"values"`
	Compare connect.Compare `json:"compare,omitempty"`
}

type condForm struct {
	Op     connect.CondOp `json:"op"`
	Of     []condForm     `json:"of,omitempty"`
	Column string         `json:"column,omitempty"`
	Values *tuplesForm    `json:"values,omitempty"`
}

type existsForm struct {
	Table   string     `json:"table"`
	Columns []string   `json:"columns"`
	Of      []string   `json:"of"`
	When    *condForm  `json:"when,omitempty"`
	Key     []string   `json:"key,omitempty"`
	But     tuplesForm `json:"but"`
}

type tuplesForm struct {
	Width int    `json:"w"`
	N     int    `json:"n"`
	Bytes []byte `json:"b,omitempty"`
}

// Encode is the captured form of a plan.
func (p *Plan) Encode() ([]byte, error) {
	form := planForm{For: p.For, At: p.At, Seed: p.options.seed[:], Holds: p.options.Holds}
	for _, s := range p.Systems {
		sf := systemForm{System: s.System, Away: s.Away}
		for _, g := range s.Groups {
			sf.Groups = append(sf.Groups, formOf(g))
		}
		form.Systems = append(form.Systems, sf)
	}
	var out bytes.Buffer
	out.WriteByte(formVersion)
	if err := json.NewEncoder(&out).Encode(form); err != nil {
		return nil, avow.Errorf(avow.Internal, "a plan cannot be written: %w", err)
	}
	return out.Bytes(), nil
}

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

func formOf(g *Group) groupForm {
	out := groupForm{Table: g.Table, Key: g.Key, Rows: g.Rows, Owned: g.Owned, Change: g.change, Silent: g.silent, Keys: g.keys.form(), When: condFormOf(g.when)}
	for _, l := range g.Lines {
		out.Lines = append(out.Lines, lineForm{l, packDays(l.days)})
	}
	for i := range g.sets {
		out.Sets = append(out.Sets, g.sets[i].form())
	}
	for _, x := range g.guards {
		out.Guards = append(out.Guards, guardForm{x.columns, x.values.form()})
	}
	for _, e := range g.unless {
		out.Unless = append(out.Unless, existsForm{e.Table, e.Columns, e.Of, condFormOf(e.When), e.Key, pack(len(e.Key), e.But).form()})
	}
	for _, e := range g.element {
		out.Element = append(out.Element, elementForm{e.Columns, pack(len(e.Columns), e.Tuples).form(), e.Compare})
	}
	return out
}

func pack(width int, tuples []connect.Tuple) packed {
	p := packed{width: width}
	for _, t := range tuples {
		p.add(t)
	}
	return p
}

func (p packed) form() tuplesForm { return tuplesForm{p.width, p.n, p.bytes} }

func (s *set) form() setForm {
	out := setForm{Column: s.column}
	switch {
	case s.mask != nil:
		out.Mask = &maskForm{s.mask.way, s.mask.text, s.mask.kind, s.mask.length, s.mask.unique, s.mask.small}
	case s.each.width > 0:
		each := s.each.form()
		out.Each = &each
	default:
		to := pack(1, []connect.Tuple{{s.to}}).form()
		out.To = &to
	}
	return out
}

func packDays(days []int32) []byte {
	var out []byte
	for _, d := range days {
		out = binary.AppendVarint(out, int64(d))
	}
	return out
}

func condFormOf(c *connect.Cond) *condForm {
	if c == nil {
		return nil
	}
	out := &condForm{Op: c.Op, Column: c.Column}
	for i := range c.Of {
		out.Of = append(out.Of, *condFormOf(&c.Of[i]))
	}
	if len(c.Values) > 0 {
		values := pack(len(c.Values), []connect.Tuple{c.Values}).form()
		out.Values = &values
	}
	return out
}

// group checks all that is read before it may become part of a change.
func (f groupForm) group() (*Group, error) {
	g := &Group{Table: f.Table, Key: f.Key, Rows: f.Rows, Owned: f.Owned, change: f.Change, silent: f.Silent}
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
			m := mask{s.Mask.Way, s.Mask.Text, s.Mask.Kind, s.Mask.Length, s.Mask.Unique, s.Mask.Small}
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
