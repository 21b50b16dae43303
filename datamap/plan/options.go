package plan

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// option is what may be done instead of what a rule refuses: one column gets another
// value, or some are left as they are.
type option struct {
	columns []string
	set     *set // nil: they are left
	action  Action
	how     string
	instead string
}

// on is a group with the option taken.
func (o option) on(g *Group, r connect.Refusal) *Group {
	out := g.only(everyRow(g.Rows))
	instead := o.instead
	for _, name := range o.columns {
		at := slices.IndexFunc(out.sets, func(s set) bool { return s.column == name })
		if at < 0 {
			continue
		}
		if o.set == nil {
			out.sets = slices.Delete(out.sets, at, at+1)
		} else {
			out.sets[at] = *o.set
		}
		out.replace(name, o, r, instead)
	}
	if len(out.sets) == 0 {
		out.change, out.guards, out.when, out.unless, out.byGuard = "", nil, nil, nil, false
	}
	return out
}

func everyRow(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// replace takes a column out of the line that speaks of it, and gives it one of its own.
func (g *Group) replace(name string, o option, r connect.Refusal, instead string) {
	i := slices.IndexFunc(g.Lines, func(l Line) bool { return slices.Contains(l.Columns, name) && l.Action != Keep })
	if i < 0 {
		return
	}
	next := Line{Columns: []string{name}, Action: o.action, How: o.how, Refused: told(g.Lines[i], r.Rule), Instead: instead}
	if o.set != nil {
		next.Reason = g.Lines[i].Reason
	}
	rest := slices.DeleteFunc(slices.Clone(g.Lines[i].Columns), func(c string) bool { return c == name })
	if len(rest) == 0 {
		g.Lines[i] = next
	} else {
		g.Lines[i].Columns = rest
		g.Lines = append(g.Lines, next)
	}
	g.joinLines()
}

// joinLines puts together what is said of several columns alike.
func (g *Group) joinLines() {
	var out []Line
	for _, l := range g.Lines {
		i := slices.IndexFunc(out, func(o Line) bool { return alike(o, l) && slices.Equal(o.days, l.days) })
		if i < 0 {
			out = append(out, l)
			continue
		}
		out[i].Columns = append(slices.Clone(out[i].Columns), l.Columns...)
		slices.Sort(out[i].Columns)
	}
	g.Lines = out
}

const leftAlone = "it is left as it is"

func keep(columns ...string) option {
	return option{columns: columns, action: Keep, instead: leftAlone}
}

// keepAll leaves the rows as they are.
func keepAll(g *Group) option {
	var columns []string
	for _, s := range g.sets {
		columns = append(columns, s.column)
	}
	return keep(columns...)
}

// options are the ways to try for the columns that a rule speaks of, those first that
// leave less of the person, then what is kept: one column, and all of them.
func (f *foresight) options(ctx context.Context, g *Group, columns []string, r connect.Refusal) ([]option, error) {
	var out []option
	t := f.tableNamed(g.Table)
	for _, name := range columns {
		if t == nil || r.Whole || f.work != Erasure && f.work != Expiry {
			break
		}
		at := slices.IndexFunc(g.sets, func(s set) bool { return s.column == name })
		out = append(out, t.place(name).ways(&g.sets[at], r)...)
		formed, err := f.formed(ctx, g, t.place(name), r)
		if err != nil {
			return nil, err
		}
		out = append(out, formed...)
	}
	for _, name := range columns {
		if !r.Whole {
			out = append(out, keep(name))
		}
	}
	if len(columns) > 1 || r.Whole {
		out = append(out, keep(columns...))
	}
	if f.work == Restriction || f.work == Lifting || f.work == Objection || f.work == Stopping {
		for i := range out {
			out[i].instead = "the gate alone says no"
		}
	}
	return out, nil
}

// ways are other values for one column.
func (p place) ways(now *set, r connect.Refusal) []option {
	var out []option
	if p.mayBeEmpty() && (now.mask != nil || now.each.width > 0 || now.to != nil) {
		out = append(out, option{columns: []string{p.name}, set: &set{column: p.name}, action: Clear, instead: string(Clear)})
	}
	if p.points() {
		return out
	}
	if p.schema != nil && p.schema.Strict {
		if p.schema.Blank != nil && now.to != *p.schema.Blank {
			out = append(out, p.constant(*p.schema.Blank, datamap.MaskBlank))
		}
		return out
	}
	if k := p.kind(); k == connect.TextKind {
		return append(out, p.texts(now, r)...)
	}
	if p.unique() {
		return out
	}
	for _, v := range p.constants(r) {
		out = append(out, p.constant(v, connect.Text(v)))
	}
	return out
}

// constant gives every row the same value.
func (p place) constant(v any, how string) option {
	o := option{columns: []string{p.name}, set: &set{column: p.name, to: v}, action: Mask, how: how, instead: "mask(" + how + ")"}
	if s, ok := v.(string); ok && how == datamap.MaskText {
		o.instead = "mask(" + strconv.Quote(s) + ")"
	}
	return o
}

// texts are other masks of a text, and a word of the rule's own that says nothing of anybody.
func (p place) texts(now *set, r connect.Refusal) []option {
	ways := []string{p.naturalMask(), datamap.MaskHash, datamap.MaskName, datamap.MaskEmail, datamap.MaskPhone, datamap.MaskBlank}
	var out []option
	for i, way := range ways {
		m := mask{way: way, kind: connect.TextKind, length: p.length(), unique: p.unique()}
		if slices.Contains(ways[:i], way) || m.fit() != "" || now.mask != nil && now.mask.way == way {
			continue
		}
		out = append(out, option{columns: []string{p.name}, set: &set{column: p.name, mask: &m}, action: Mask, how: way, instead: "mask(" + way + ")"})
	}
	if word, ok := connect.Neutral(r.Words); ok && !p.unique() {
		out = append(out, p.constant(word, datamap.MaskText))
	}
	return out
}

// mostWords bounds how many words of a rule are tried.
const mostWords = 6

// constants are values of a kind other than text: the plainest, and those of the rule.
func (p place) constants(r connect.Refusal) (out []any) {
	words := r.Words[:min(len(r.Words), mostWords)]
	switch p.kind() {
	case connect.Boolean:
		return []any{false, true}
	case connect.JSON:
		return []any{map[string]any{}, []any{}}
	case connect.Integer, connect.DecimalKind:
		out = []any{p.number(0), p.number(1)}
		for _, w := range words {
			if n, err := strconv.ParseFloat(w, 64); err == nil && n > -1e15 && n < 1e15 {
				out = append(out, p.number(int64(n)), p.number(int64(n)+1), p.number(int64(n)-1))
			}
		}
	case connect.DateKind, connect.TimeKind:
		for _, w := range append([]string{string(noDate), "1970-01-02", "2000-01-01"}, words...) {
			if v, bad := p.momentValue(w, "no moment"); bad == "" {
				out = append(out, v)
			}
		}
	}
	return out
}

func (p place) number(n int64) any {
	if p.kind() == connect.DecimalKind {
		return connect.Decimal(strconv.FormatInt(n, 10))
	}
	return n
}

// formed are values made of what stands there: the year of a moment, or the same form
// with nothing in it, 0 for every digit and x for every letter. A document stays one.
func (f *foresight) formed(ctx context.Context, g *Group, p place, r connect.Refusal) ([]option, error) {
	kind := p.kind()
	dated := kind == connect.DateKind || kind == connect.TimeKind
	text := kind == connect.TextKind && (p.schema == nil || !p.schema.Strict)
	if p.points() || !dated && (!text && kind != connect.Binary && kind != connect.JSON || p.unique()) {
		return nil, nil
	}
	was, err := f.stands(ctx, g, p)
	if err != nil {
		return nil, err
	}
	switch {
	case dated:
		return []option{p.made(g, was, datamap.MaskYear, p.year)}, nil
	case !slices.ContainsFunc(slices.Collect(maps.Values(was)), func(v any) bool { _, ok := documentOf(v); return ok }):
		return []option{p.made(g, was, "form", formOfValue)}, nil
	}
	var out []option
	if text {
		out = append(out, p.made(g, was, "{}", emptyDocument))
	}
	spoken := func(key string) bool { return slices.Contains(spokenOf(r.Words), key) }
	return append(out, p.made(g, was, "form", formWith(spoken)), p.made(g, was, "form", formWith(nameOfField.MatchString))), nil
}

// stands reads what stands in a column of the rows of a group, by their keys.
func (f *foresight) stands(ctx context.Context, g *Group, p place) (map[string]any, error) {
	was := map[string]any{}
	for keys := range slices.Chunk(g.keys.all(), readAtOnce) {
		read := connect.Read{Table: g.Table, Columns: append(slices.Clone(g.Key), p.name), Any: []connect.In{{Columns: g.Key, Tuples: keys}}}
		err := f.system.src.Read(ctx, read, func(r connect.Row) error {
			was[string(appendTuple(nil, connect.Tuple(r[:len(g.Key)])))] = r[len(g.Key)]
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return was, nil
}

// made gives each row what is made of what stands there.
func (p place) made(g *Group, was map[string]any, how string, of func(any) any) option {
	x := &set{column: p.name, each: packed{width: 1}}
	g.keys.raw(func(key []byte) {
		v := of(was[string(key)])
		if v == nil && !p.mayBeEmpty() {
			v = p.nothing()
		}
		x.each.add(connect.Tuple{v})
	})
	return option{columns: []string{p.name}, set: x, action: Mask, how: how, instead: fmt.Sprintf("mask(%s)", how)}
}

// formOfValue keeps of a text only its form.
func formOfValue(v any) any {
	switch v := v.(type) {
	case []byte:
		return make([]byte, len(v))
	case string:
		return strings.Map(func(r rune) rune {
			switch {
			case r >= '0' && r <= '9':
				return '0'
			case r >= 'A' && r <= 'Z':
				return 'X'
			case r > ' ' && (r >= 'a' && r <= 'z' || r > 0x7f):
				return 'x'
			}
			return r
		}, v)
	}
	return nil
}
