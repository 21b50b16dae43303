package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// foresight has a system judge what a plan would write, by the rules it has for the rows
// of its tables, and finds what is done instead where it refuses.
type foresight struct {
	*system
	src  connect.Foresight
	more bool // something shows that the plan is to be made again: a row that cannot go, say

	trials  int
	byTrial map[string]bool // refusals that only trying shows
	cannot  string          // why nothing can be tried
}

// foreseen makes the plan of a system, and makes it again as long as a rule keeps rows from
// letting go of others that were to go.
func (s *system) foreseen(ctx context.Context, plan func(*system, context.Context) error) error {
	for {
		if err := plan(s, ctx); err != nil {
			return err
		}
		more, err := s.judge(ctx)
		if err != nil || !more {
			return err
		}
		s.plan.Groups = nil
		for _, t := range s.tables {
			clear(t.untie)
		}
		for _, e := range s.edges {
			e.ties = nil
		}
	}
}

// judge puts each update to the system, at most atOnce rows at a time.
func (s *system) judge(ctx context.Context) (more bool, err error) {
	src, ok := s.src.(connect.Foresight)
	if !ok {
		return false, nil
	}
	f := &foresight{system: s, src: src, byTrial: map[string]bool{}}
	var out []*Group
	for _, g := range s.plan.Groups {
		parts, err := f.settle(ctx, g)
		if err != nil {
			return false, err
		}
		out = append(out, parts...)
	}
	if s.plan.Groups = out; f.more {
		return true, nil
	}
	return f.whole(ctx)
}

// settle gives the groups that take the place of one: its rows that nothing is refused of,
// and the others by what becomes of them instead.
func (f *foresight) settle(ctx context.Context, g *Group) ([]*Group, error) {
	if g.change != connect.Update || g.Rows == 0 || len(g.element) > 0 {
		return []*Group{g}, nil
	}
	refusals, err := f.first(ctx, g)
	if err != nil {
		return nil, err
	}
	refused := map[int][]string{} // row → the rules
	for _, r := range refusals {
		if r.Unsure != "" {
			f.unsure(g, r)
		}
		for _, row := range r.Rows {
			refused[row] = append(refused[row], identify(r))
		}
	}
	if len(refused) == 0 {
		return []*Group{g}, nil
	}
	if g.silent {
		for _, r := range refusals {
			f.bar(g, f.setBy(g, r))
		}
		return []*Group{g}, nil
	}
	var out []*Group
	parts := map[string][]int{}
	for row := range g.Rows {
		k := strings.Join(refused[row], "\x00")
		parts[k] = append(parts[k], row)
	}
	for _, k := range sortedKeys(parts) {
		part := g.only(parts[k])
		if k == "" {
			out = append(out, part)
			continue
		}
		mended, err := f.mend(ctx, part, refusals, strings.Split(k, "\x00"))
		if err != nil {
			return nil, err
		}
		out = append(out, mended...)
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// first puts one row of a group to a table without rules, whose types alone may refuse
// something: the values of the others are made alike. All of them are put to rules, and
// what no rule refuses is tried where only that tells.
func (f *foresight) first(ctx context.Context, g *Group) ([]connect.Refusal, error) {
	if t := f.tableNamed(g.Table); t != nil && t.schema != nil && len(t.schema.Checks) == 0 && g.Rows > 1 {
		refusals, err := f.ask(ctx, g.only([]int{0}))
		if err != nil {
			return nil, err
		}
		if len(refusals) == 0 && len(f.watched(g)) == 0 {
			return nil, nil
		}
		if len(refusals) == 0 {
			return f.tried(ctx, g)
		}
	}
	refusals, err := f.ask(ctx, g)
	if err != nil {
		return nil, err
	}
	bad := map[int]bool{}
	for _, r := range refusals {
		for _, row := range r.Rows {
			bad[row] = true
		}
	}
	good := slices.DeleteFunc(everyRow(g.Rows), func(row int) bool { return bad[row] })
	unsure := func(r connect.Refusal) bool { return r.Unsure != "" }
	some := g.only(good)
	if !slices.ContainsFunc(refusals, unsure) && len(f.watched(some)) == 0 {
		return refusals, nil
	}
	tried, err := f.tried(ctx, some)
	for _, r := range tried {
		for i, row := range r.Rows {
			r.Rows[i] = good[row]
		}
	}
	if f.able() { // then nothing is unsure any more
		refusals = slices.DeleteFunc(refusals, unsure)
	}
	return append(refusals, tried...), err
}

// ask puts a group to the system, in parts of bounded size.
func (f *foresight) ask(ctx context.Context, g *Group) ([]connect.Refusal, error) {
	c := f.plan.changeOf(g)
	var out []connect.Refusal
	for start := 0; start < len(c.Keys); start += readAtOnce {
		end := min(start+readAtOnce, len(c.Keys))
		part := connect.Change{Kind: c.Kind, Table: c.Table, Key: c.Key, Keys: c.Keys[start:end]}
		for _, s := range c.Set {
			if s.Each != nil {
				s.Each = s.Each[start:end]
			}
			part.Set = append(part.Set, s)
		}
		found, err := f.src.Foresee(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			out = joinRefusal(out, r, start)
		}
	}
	return out, nil
}

func joinRefusal(out []connect.Refusal, r connect.Refusal, start int) []connect.Refusal {
	for i := range r.Rows {
		r.Rows[i] += start
	}
	i := slices.IndexFunc(out, func(o connect.Refusal) bool { return o.Rule == r.Rule && slices.Equal(o.Columns, r.Columns) })
	if i < 0 {
		return append(out, r)
	}
	out[i].Rows = append(out[i].Rows, r.Rows...)
	return out
}

// setBy are the columns of a rule that a group sets, those that let rows go last.
func (f *foresight) setBy(g *Group, r connect.Refusal) []string {
	var first, last []string
	for _, s := range g.sets {
		switch {
		case len(r.Columns) > 0 && !slices.Contains(r.Columns, s.column):
		case f.lets(g, s.column):
			last = append(last, s.column)
		default:
			first = append(first, s.column)
		}
	}
	return append(first, last...)
}

// lets reports whether rows are let go of by emptying a column.
func (f *foresight) lets(g *Group, column string) bool {
	return slices.ContainsFunc(f.edges, func(e *edge) bool {
		return e.fromRows != nil && e.fromRows.of.Name == g.Table && slices.Contains(e.nullable(), column)
	})
}

// bar notes columns that cannot be emptied to let rows go.
func (f *foresight) bar(g *Group, columns []string) {
	for _, name := range columns {
		if f.lets(g, name) {
			f.barred[g.Table+"\x00"+name], f.more = true, true
		}
	}
}

// unsure says of what is planned that a rule may refuse it.
func (f *foresight) unsure(g *Group, r connect.Refusal) {
	t := f.tableNamed(g.Table)
	computed := t != nil && t.schema != nil && slices.ContainsFunc(r.Columns, func(name string) bool { c := t.schema.Column(name); return c != nil && c.Generated })
	columns := f.setBy(g, r)
	if len(columns) == 0 && !computed {
		return
	}
	say := "nobody can tell beforehand whether " + ruleWords(r.Rule) + " takes it: " + r.Unsure
	for i := range g.Lines {
		l := &g.Lines[i]
		mine := computed || slices.ContainsFunc(l.Columns, func(c string) bool { return slices.Contains(columns, c) })
		if l.Action == Keep || !mine || strings.Contains(l.Reason, say) {
			continue
		}
		if l.Reason != "" {
			l.Reason += "; "
		}
		l.Reason += say
	}
}

func (s *system) tableNamed(name string) *table {
	for _, t := range s.tables {
		if t.of.Name == name {
			return t
		}
	}
	return nil
}

// ruleWords names a rule for people.
func ruleWords(rule string) string {
	for _, own := range []string{"the type ", "the trigger ", "one of the triggers ", "the foreign key", "the database", "the row security", "the computed column ", "one of the computed columns", "the index "} {
		if strings.HasPrefix(rule, own) {
			return rule
		}
	}
	if rule == "NOT NULL" {
		return rule
	}
	return "the rule `" + rule + "` of the database"
}

// mend finds for rows that the same rules refuse what is done instead: the first of the
// other ways that their first rule takes and no other refuses; else a column is kept, or
// several, or the row.
func (f *foresight) mend(ctx context.Context, g *Group, refusals []connect.Refusal, rules []string) ([]*Group, error) {
	i := slices.IndexFunc(refusals, func(r connect.Refusal) bool { return identify(r) == rules[0] })
	r := refusals[i]
	columns := f.setBy(g, r)
	options, err := f.options(ctx, g, columns, r)
	if err != nil {
		return nil, err
	}
	var out []*Group
	for _, o := range options {
		if g.Rows == 0 {
			return out, nil
		}
		taken, rest, err := f.trial(ctx, g, o, r, rules)
		if err != nil {
			return nil, err
		}
		if len(taken) == 0 {
			continue
		}
		if o.set == nil {
			f.bar(g, o.columns)
		}
		parts, err := f.settle(ctx, o.on(g.only(taken), r))
		if err != nil {
			return nil, err
		}
		out, g = append(out, parts...), g.only(rest)
	}
	if g.Rows > 0 {
		all := keepAll(g)
		f.bar(g, all.columns)
		out = append(out, all.on(g, r))
	}
	return out, nil
}

// trial tells which rows of a group would be taken with an option: the rule refuses them
// no more, and none refuses them that did not before.
func (f *foresight) trial(ctx context.Context, g *Group, o option, r connect.Refusal, rules []string) (taken, rest []int, err error) {
	with := o.on(g, r)
	bad := map[int]bool{}
	if with.change != "" {
		found, err := f.ask(ctx, with)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range found {
			if identify(x) == identify(r) || !slices.Contains(rules, identify(x)) {
				for _, row := range x.Rows {
					bad[row] = true
				}
			}
		}
		if err := f.trialOf(ctx, with, r, bad); err != nil {
			return nil, nil, err
		}
	}
	for row := range g.Rows {
		if bad[row] {
			rest = append(rest, row)
		} else {
			taken = append(taken, row)
		}
	}
	return taken, rest, nil
}

// trialOf adds the rows of a group that a rule refuses which only trying shows.
func (f *foresight) trialOf(ctx context.Context, with *Group, r connect.Refusal, bad map[int]bool) error {
	if !f.byTrial[identify(r)] {
		return nil
	}
	good := slices.DeleteFunc(everyRow(with.Rows), func(row int) bool { return bad[row] })
	if f.trials >= mostTrials {
		for _, row := range good {
			bad[row] = true
		}
		return nil
	}
	found, err := f.refusedOf(ctx, with.only(good), r.Columns)
	for i := range found {
		bad[good[i]] = true
	}
	return err
}

// only is the part of a group with some of its rows, which are in order.
func (g *Group) only(rows []int) *Group {
	out := *g
	out.Rows, out.keys = len(rows), g.keys.only(rows)
	out.sets, out.Lines = slices.Clone(g.sets), slices.Clone(g.Lines)
	for i := range out.sets {
		if out.sets[i].each.width > 0 {
			out.sets[i].each = out.sets[i].each.only(rows)
		}
	}
	for i := range out.Lines {
		out.Lines[i].Columns = slices.Clone(out.Lines[i].Columns)
		if days := out.Lines[i].days; len(days) > 0 {
			out.Lines[i].days = make([]int32, len(rows))
			for j, row := range rows {
				out.Lines[i].days[j] = days[row]
			}
		}
	}
	return &out
}

func (p packed) only(rows []int) packed {
	out := packed{width: p.width}
	at, next := 0, 0
	p.raw(func(b []byte) {
		if next < len(rows) && rows[next] == at {
			out.bytes = append(out.bytes, b...)
			out.n++
			next++
		}
		at++
	})
	return out
}

// told puts together what was refused before and what is refused now.
func told(before Line, rule string) string {
	did := string(before.Action)
	switch before.Action {
	case Untie:
		did = string(Clear)
	case Mask:
		did = "mask(" + before.How + ")"
	case Update:
		did = "the new value"
	}
	say := fmt.Sprintf("%s: %s refuses it", did, ruleWords(rule))
	if before.Refused != "" {
		return before.Refused + "; " + say
	}
	return say
}
