package plan

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
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
	Because string             `json:"because,omitempty"`
	Change  connect.ChangeKind `json:"change,omitempty"`
	Silent  bool               `json:"silent,omitempty"`
	Lines   []lineForm         `json:"lines,omitempty"`
	Keys    tuplesForm         `json:"keys"`
	Sets    []setForm          `json:"sets,omitempty"`
	Guards  []guardForm        `json:"guards,omitempty"`
	ByGuard bool               `json:"by-guard,omitempty"`
	Bound   []boundForm        `json:"bound,omitempty"`
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
	Least  int          `json:"least,omitempty"`
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

func formOf(g *Group) groupForm {
	out := groupForm{Table: g.Table, Key: g.Key, Rows: g.Rows, Owned: g.Owned, Because: g.because, Change: g.change, Silent: g.silent, ByGuard: g.byGuard, Bound: g.bound, Keys: g.keys.form(), When: condFormOf(g.when)}
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
		out.Mask = &maskForm{s.mask.way, s.mask.text, s.mask.kind, s.mask.length, s.mask.unique, s.mask.small, s.mask.least}
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
