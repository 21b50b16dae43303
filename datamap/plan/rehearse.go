package plan

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// What triggers refuse, and rules between rows, shows only when a change is tried. So a
// plan in which there is any of it is tried and taken back, and made again without what is
// refused, until it stands.

const (
	mostTrials = 150 // of one system's part, until what is refused stays as it is
	mostRounds = 20  // in which the whole part is tried
)

// watched names what may refuse a group and tells nobody beforehand.
func (s *system) watched(g *Group) []string {
	var out []string
	t := s.tableNamed(g.Table)
	if t == nil || t.schema == nil || g.change == "" || g.Rows == 0 {
		return nil
	}
	for _, x := range t.schema.Exclusions {
		touched := len(x.Columns) == 0 || slices.ContainsFunc(g.sets, func(set set) bool { return slices.Contains(x.Columns, set.column) })
		if g.change == connect.Update && touched && !apart(x, g.sets) {
			out = append(out, x.Name)
		}
	}
	if slices.Contains(t.schema.Withholds, connect.Op(g.change)) {
		out = append(out, "the row security of the table")
	}
	seen := map[string]bool{}
	out = append(out, s.fires(t.schema, connect.Op(g.change), seen)...)
	for _, e := range t.pointing {
		if !slices.ContainsFunc(g.sets, func(set set) bool { return slices.Contains(e.ref.To, set.column) }) {
			continue
		}
		if out = append(out, strings.TrimSpace("the foreign key "+e.ref.Name)); e.ref.OnUpdate != connect.NoAction {
			out = append(out, s.fires(e.from, connect.OpUpdate, seen)...)
		}
	}
	return out
}

// fires are the triggers that a change of a table sets off, also in rows that go with others.
func (s *system) fires(t *connect.Table, op connect.Op, seen map[string]bool) []string {
	if seen[string(op)+t.Name] {
		return nil
	}
	seen[string(op)+t.Name] = true
	var out []string
	for _, trigger := range t.Triggers {
		if slices.Contains(trigger.On, op) {
			out = append(out, "the trigger `"+trigger.Name+"`")
		}
	}
	if op != connect.OpDelete {
		return out
	}
	for i := range s.schema.Tables {
		from := &s.schema.Tables[i]
		for _, r := range from.References {
			if s.schema.Table(r.Table) != t {
				continue
			}
			switch r.OnDelete {
			case connect.Cascade:
				out = append(out, s.fires(from, connect.OpDelete, seen)...)
			case connect.SetNull, connect.SetDefault:
				out = append(out, s.fires(from, connect.OpUpdate, seen)...)
			}
		}
	}
	return out
}

// able reports whether anything can be tried here.
func (f *foresight) able() bool {
	_, ok := f.system.src.(connect.Rehearsal)
	if ok && f.of.Rehearse.Set && !f.of.Rehearse.Yes {
		f.cannot = "the map says `rehearse: no`"
	}
	return ok && f.cannot == ""
}

// attempt tries changes, unless nobody can; then it is said at the end, of everything.
func (f *foresight) attempt(ctx context.Context, changes []connect.Change) ([]connect.Objection, error) {
	if !f.able() {
		return nil, nil
	}
	f.trials++
	found, err := f.system.src.(connect.Rehearsal).Rehearse(ctx, changes)
	f.cannot = found.Unsure
	return found.Objections, err
}

// tried are the objections to one update by itself, each with the columns it is about: where
// the database does not say which, each is tried alone.
func (f *foresight) tried(ctx context.Context, g *Group) ([]connect.Refusal, error) {
	if g.Rows == 0 {
		return nil, nil
	}
	found, err := f.attempt(ctx, []connect.Change{f.plan.changeOf(g)})
	if err != nil {
		return nil, err
	}
	var out []connect.Refusal
	for _, o := range found {
		if len(o.Columns) > 0 || len(g.sets) == 1 || o.Whole {
			out = append(out, o.Refusal)
			continue
		}
		each, err := f.eachColumn(ctx, g, o.Refusal)
		if err != nil {
			return nil, err
		}
		out = append(out, each...)
	}
	for _, r := range out {
		f.byTrial[identify(r)] = true
	}
	return out, nil
}

// eachColumn tells of rows that are refused which columns it is about. Where each alone is
// taken it is about all of them.
func (f *foresight) eachColumn(ctx context.Context, g *Group, r connect.Refusal) ([]connect.Refusal, error) {
	var out []connect.Refusal
	rest := slices.Clone(r.Rows)
	for _, s := range g.sets {
		if f.trials >= mostTrials {
			break
		}
		bad, err := f.refusedOf(ctx, g.only(r.Rows), []string{s.column})
		if err != nil {
			return nil, err
		}
		if len(bad) == 0 {
			continue
		}
		one := connect.Refusal{Rule: r.Rule, Columns: []string{s.column}}
		for _, i := range sortedRows(bad) {
			one.Rows = append(one.Rows, r.Rows[i])
		}
		rest = slices.DeleteFunc(rest, func(row int) bool { return slices.Contains(one.Rows, row) })
		out = append(out, one)
	}
	if len(rest) > 0 {
		out = append(out, connect.Refusal{Rule: r.Rule, Rows: rest})
	}
	return out, nil
}

// refusedOf tries a group with no more than some columns set; none: all.
func (f *foresight) refusedOf(ctx context.Context, g *Group, columns []string) (map[int]bool, error) {
	with := g.only(everyRow(g.Rows))
	if len(columns) > 0 {
		with.sets = slices.DeleteFunc(with.sets, func(s set) bool { return !slices.Contains(columns, s.column) })
	}
	if len(with.sets) == 0 || with.Rows == 0 {
		return nil, nil
	}
	found, err := f.attempt(ctx, []connect.Change{f.plan.changeOf(with)})
	if err != nil {
		return nil, err
	}
	out := map[int]bool{}
	for _, o := range found {
		for _, row := range o.Rows {
			out[row] = true
		}
	}
	return out, nil
}

func sortedRows(rows map[int]bool) []int {
	var out []int
	for row := range rows {
		out = append(out, row)
	}
	slices.Sort(out)
	return out
}

// whole tries the part of a system as it will be run. What of it is refused is planned
// otherwise: rows that cannot be deleted stay, and what nobody could write is left. It
// reports whether the plan is to be made again.
func (f *foresight) whole(ctx context.Context) (more bool, err error) {
	for round := 0; ; round++ {
		changes, groups := f.together()
		if len(changes) == 0 {
			break
		}
		if round == mostRounds {
			f.cannot = "each time it was tried something else was refused"
			break
		}
		found, err := f.attempt(ctx, changes)
		if err != nil {
			return false, err
		}
		if f.cannot != "" || len(found) == 0 {
			break
		}
		for _, o := range found {
			f.object(groups[o.Change], o)
		}
		if f.more {
			return true, nil
		}
	}
	f.sayUnsure()
	return false, nil
}

// together are the changes to be tried in one step: nothing behind the last that may be
// refused. Where that is too much, and none of those deletes, they alone are tried: they
// hang on others only where a trigger looks at those.
func (f *foresight) together() (changes []connect.Change, groups []*Group) {
	var all, those []*Group
	last, rows, deletes := 0, 0, false
	for _, g := range f.plan.Groups {
		if g.change == "" || g.Rows == 0 {
			continue
		}
		if all = append(all, g); len(f.watched(g)) > 0 {
			those, last, deletes = append(those, g), len(all), deletes || g.change == connect.Delete
		}
	}
	for _, g := range all[:last] {
		rows += g.Rows
	}
	if groups = all[:last]; rows > connect.MostRehearsed && !deletes {
		groups = those
	}
	if len(groups) == 1 && !deletes {
		return nil, nil // it was tried by itself
	}
	for _, g := range groups {
		changes = append(changes, f.plan.changeOf(g))
	}
	return changes, groups
}

// object plans otherwise what was refused of a group.
func (f *foresight) object(g *Group, o connect.Objection) {
	t := f.tableNamed(g.Table)
	switch {
	case g.change == connect.Delete && g.silent: // it would have gone with the last who shares it
		for _, c := range t.classes {
			c.fate.atLast = false
		}
		f.more = true
	case g.change == connect.Delete:
		f.holdGroup(t, g, o)
	case g.silent:
		if f.bar(g, f.setBy(g, o.Refusal)); !f.more {
			f.holdGroup(t, g, o)
		}
	default:
		f.leave(g, o)
	}
}

// holdGroup keeps rows of a group from being deleted.
func (f *foresight) holdGroup(t *table, g *Group, o connect.Objection) {
	why := t.why(ruleWords(o.Rule) + " refuses it")
	keys := g.keys.all()
	for _, i := range o.Rows {
		if row := t.row(keys[i]); row >= 0 && t.held[row] == nil {
			t.held[row] = why
			f.more = true
		}
	}
}

// leave takes rows that are refused out of a group, and leaves them as they are. By
// themselves they were taken, or nothing else could be found for them.
func (f *foresight) leave(g *Group, o connect.Objection) {
	var rest []int
	for row := range g.Rows {
		if !slices.Contains(o.Rows, row) {
			rest = append(rest, row)
		}
	}
	all := keepAll(g)
	f.bar(g, all.columns)
	at := slices.Index(f.plan.Groups, g)
	if at < 0 {
		return // of another objection to the same group: it is found again
	}
	left := all.on(g.only(o.Rows), o.Refusal)
	if len(rest) == 0 {
		f.plan.Groups[at] = left
		return
	}
	f.plan.Groups = slices.Replace(f.plan.Groups, at, at+1, g.only(rest), left)
}

// sayUnsure says of all that may be refused that nobody can tell, where that is so.
func (f *foresight) sayUnsure() {
	if f.cannot == "" {
		return
	}
	for _, g := range f.plan.Groups {
		names := f.watched(g)
		for i, name := range names {
			names[i] = ruleWords(name)
		}
		if len(names) == 0 {
			continue
		}
		say := "nobody can tell beforehand whether " + strings.Join(names, ", ") + " takes it: " + f.cannot
		for i := range g.Lines {
			if l := &g.Lines[i]; l.Action != Keep && l.Action != Read {
				l.Reason = strings.TrimPrefix(l.Reason+"; "+say, "; ")
			}
		}
	}
}

// identify tells refusals apart: one rule may speak of several columns, each by itself.
func identify(r connect.Refusal) string { return r.Rule + "\x01" + strings.Join(r.Columns, "\x01") }
