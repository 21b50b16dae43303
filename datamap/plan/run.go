package plan

import (
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// Outcome is what running a system's part did.
type Outcome struct {
	Tables []Done
}

// Done is what was done in one table.
type Done struct {
	Table   string `json:"table"`
	Action  Action `json:"action"`  // Delete or Update
	Planned int    `json:"planned"` // rows
	Changed int64  `json:"changed"` // rows; fewer when some were done before, or are the person's no more: Check tells
}

// Run does the system's part as one step. Done again, it changes nothing more. It needs
// nothing but the plan, which may come from Decode.
func (p *SystemPlan) Run(ctx context.Context, src connect.Source) (Outcome, error) {
	return NewRunner(src).Run(ctx, p)
}

// Run does one system's part as one step.
func (r *Runner) Run(ctx context.Context, p *SystemPlan) (Outcome, error) {
	if p.Away != "" {
		return Outcome{}, avow.Errorf(avow.Unavailable, "Nothing was planned for `%s`, which could not be read. Find again what it holds, and plan again.", p.System)
	}
	changes, groups := p.changes()
	if len(changes) == 0 {
		return Outcome{}, nil
	}
	results, err := r.change(ctx, changes)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	for i, g := range groups {
		if g.silent || i >= len(results) {
			continue
		}
		out.add(g, results[i].Changed)
	}
	return out, nil
}

func (o *Outcome) add(g *Group, changed int64) {
	action := Update
	if g.change == connect.Delete {
		action = Delete
	}
	for i := range o.Tables {
		if d := &o.Tables[i]; d.Table == g.Table && d.Action == action {
			d.Planned, d.Changed = d.Planned+g.Rows, d.Changed+changed
			return
		}
	}
	o.Tables = append(o.Tables, Done{g.Table, action, g.Rows, changed})
}

// Statements is what Run sends, for people to read, and in what it may differ. It holds personal values.
func (p *SystemPlan) Statements(ctx context.Context, src connect.Source) (list []connect.Statement, but []string, err error) {
	return NewRunner(src).Statements(ctx, p)
}

// Statements is what Run sends.
func (r *Runner) Statements(ctx context.Context, p *SystemPlan) (list []connect.Statement, but []string, err error) {
	changes, groups := p.changes()
	if len(changes) == 0 {
		return nil, nil, nil
	}
	first, added, err := r.sent(ctx, changes)
	if err != nil {
		return nil, nil, err
	}
	if added && !slices.EqualFunc(first, r.sentAgain(changes), func(a, b connect.Change) bool { return len(a.Unless) == len(b.Unless) }) {
		but = append(but, "Should the database refuse a deletion, because other rows point at those that go, all is sent once more, and leaves what such rows point at.")
	}
	if slices.ContainsFunc(groups, (*Group).masked) {
		but = append(but, "What a mask makes is made anew by each plan: the values of a run are others.")
	}
	list, err = r.src.Show(first)
	return list, but, err
}

// masked reports whether values in it are made by the key of the plan.
func (g *Group) masked() bool {
	return slices.ContainsFunc(g.sets, func(s set) bool { return s.each.width == 0 && s.mask != nil && !s.mask.constant() })
}

// Changes reports whether running the part changes anything.
func (p *SystemPlan) Changes() bool {
	for _, g := range p.Groups {
		if g.change != "" && g.Rows > 0 {
			return true
		}
	}
	return false
}

// changes are those of the groups that change something, beside their groups.
func (p *SystemPlan) changes() ([]connect.Change, []*Group) {
	var out []connect.Change
	var groups []*Group
	for _, g := range p.Groups {
		if g.change == "" || g.Rows == 0 {
			continue
		}
		out = append(out, p.changeOf(g))
		groups = append(groups, g)
	}
	return out, groups
}

func (p *SystemPlan) changeOf(g *Group) connect.Change {
	c := connect.Change{Kind: g.change, Table: g.Table, Key: g.Key, Keys: g.keys.all(), When: g.when, Unless: g.unless, Elements: g.element, ByGuard: g.byGuard}
	for _, guard := range g.guards {
		c.Guard = append(c.Guard, connect.In{Columns: guard.columns, Tuples: guard.values.all()})
	}
	for i := range g.sets {
		c.Set = append(c.Set, p.setOf(g, &g.sets[i]))
	}
	return c
}

func (p *SystemPlan) setOf(g *Group, s *set) connect.Set {
	out := connect.Set{Column: s.column, To: s.to}
	switch {
	case s.each.width > 0:
		out.Each = make([]any, 0, s.each.n)
		s.each.each(func(t connect.Tuple) { out.Each = append(out.Each, t[0]) })
	case s.mask != nil && s.mask.constant():
		out.To = s.mask.value(p.seed, "", nil)
	case s.mask != nil:
		place := p.place(g.Table, s.column)
		out.Each = make([]any, 0, g.Rows)
		g.keys.raw(func(key []byte) { out.Each = append(out.Each, s.mask.value(p.seed, place, key)) })
	}
	return out
}

func (p *SystemPlan) place(table, column string) string {
	return p.System + "\x00" + table + "\x00" + column
}
