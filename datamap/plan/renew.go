package plan

import (
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// boundForm is a tie of the rows of a group as it is captured: a map that is read later
// has the link by the same name, or has it no more.
type boundForm struct {
	Link string           `json:"link"`
	Way  datamap.Relation `json:"way"`
	Last bool             `json:"last,omitempty"`
}

func boundBy(ties []tie) []boundForm {
	var out []boundForm
	for _, t := range ties {
		out = append(out, boundForm{t.link.Name, t.way, t.last})
	}
	return out
}

// Again is what a request asks beside what its plan says.
type Again struct {
	Corrections []Correction // of a Rectification
	Lift        bool         // an Objection is taken back
}

// Renew plans anew what an earlier plan of one system was for, by the map as it is now.
// What is found now counts, and beside it every row that was captured and is still as it
// was then: what was erased in other systems since may have been the only way to it. A
// captured row that is not as it was (it was done already, or changed hands) stays in the
// plan with what was planned for it: done again that changes nothing, and Check judges it.
func Renew(ctx context.Context, s *find.Search, f *find.Found, old *Plan, o Options, again Again) (*Plan, error) {
	o.before = old
	if old.For == Objection || again.Lift {
		return Object(ctx, s, f, o, !again.Lift)
	}
	switch old.For {
	case Erasure:
		return Erase(ctx, s, f, o)
	case Rectification:
		return Rectify(ctx, s, f, o, again.Corrections)
	case Restriction, Lifting:
		return Restrict(ctx, s, f, o, old.For == Restriction)
	}
	return nil, avow.Errorf(avow.Invalid, "A plan for `%s` is not made anew.", old.For)
}

// before is the part of the system in the plan that is made anew; nil when there is none.
func (s *system) before() *SystemPlan { return s.options.before.of(s.plan.System) }

// of is the part of a system; nil when there is none.
func (p *Plan) of(system string) *SystemPlan {
	if p == nil {
		return nil
	}
	for _, sp := range p.Systems {
		if sp.System == system {
			return sp
		}
	}
	return nil
}

// takeBack adds the captured rows that were not found again and are as they were.
func (s *system) takeBack(ctx context.Context) error {
	old := s.before()
	if old == nil {
		return nil
	}
	for _, g := range old.Groups {
		t := s.tableNamed(g.Table)
		if t == nil || g.silent || len(g.bound) == 0 || !slices.Equal(t.key, g.Key) || !slices.Equal(t.found.Key, g.Key) {
			continue
		}
		if err := s.takeGroup(ctx, t, g); err != nil {
			return err
		}
	}
	return nil
}

func (s *system) takeGroup(ctx context.Context, t *table, g *Group) error {
	var ties []find.Tie
	for _, b := range g.bound {
		i := slices.IndexFunc(t.of.Links, func(l *datamap.Link) bool { return l.Name == b.Link })
		if i < 0 {
			return nil
		}
		ties = append(ties, find.Tie{Link: t.of.Links[i], Way: b.Way, Last: b.Last})
	}
	var missing []connect.Tuple
	for _, key := range g.keys.all() {
		if t.row(key) < 0 {
			missing = append(missing, key)
		}
	}
	for keys := range slices.Chunk(missing, readAtOnce) {
		read := connect.Read{Table: g.Table, Columns: slices.Concat(g.Key, t.found.Linked), Any: []connect.In{{Columns: g.Key, Tuples: keys}}, When: g.when}
		for _, x := range g.guards {
			read.All = append(read.All, connect.In{Columns: x.columns, Tuples: x.values.all()})
		}
		err := s.src.Read(ctx, read, func(r connect.Row) error {
			row := find.Row{Key: slices.Clone(connect.Tuple(r[:len(g.Key)])), Linked: slices.Clone(connect.Tuple(r[len(g.Key):])), Ties: ties}
			t.classes = append(t.classes, s.class(t, row))
			t.add(row, uint32(len(t.classes)-1))
			return nil
		})
		if err != nil {
			return err
		}
	}
	t.index = nil
	return nil
}

// keepBefore puts what was planned for captured rows that are not as they were before
// all else.
func (s *system) keepBefore() {
	old := s.before()
	if old == nil {
		return
	}
	var kept []*Group
	for _, g := range old.Groups {
		if g.change == "" || g.Rows == 0 {
			continue
		}
		t := s.tableNamed(g.Table)
		var rows []int
		for i, key := range g.keys.all() {
			if t == nil || !slices.Equal(t.key, g.Key) || t.row(key) < 0 {
				rows = append(rows, i)
			}
		}
		if len(rows) > 0 {
			kept = append(kept, g.only(rows))
		}
	}
	s.plan.Groups = append(kept, s.plan.Groups...)
}

// keepDone puts what was planned in an earlier round, and run, before all else: of rows that are
// not found any more, or not as the person's own, as they were. Done again it changes nothing more,
// and Check and Sweep judge it. Rows that changed hands since are not kept.
func (s *system) keepDone(ctx context.Context) error {
	done := s.options.Done
	if done == nil || done.For != s.work || done.of(s.plan.System) == nil {
		return nil
	}
	old := done.of(s.plan.System)
	c := &checker{search: s.search, seen: map[string]bool{}, hands: map[string]bool{}}
	if err := c.system(ctx, old, NotDone); err != nil {
		return err
	}
	var kept []*Group
	for _, g := range old.Groups {
		var rows []int
		for i, key := range g.keys.all() {
			if !s.stillTheirs(g, key) && !c.hands[old.place(g.Table, string(appendTuple(nil, key)))] {
				rows = append(rows, i)
			}
		}
		if len(rows) > 0 {
			kept = append(kept, g.only(rows))
			s.plan.letDone(kept[len(kept)-1])
		}
	}
	s.plan.Groups = append(kept, s.plan.Groups...)
	return nil
}

// letDone lets a change of rows hold also where what tied them to the person is what the
// change itself puts in its place: done a second time, for what came back beside it.
func (p *SystemPlan) letDone(g *Group) {
	sets := p.changeOf(g).Set
	g.guards = slices.Clone(g.guards)
	for i := range g.guards {
		x := &g.guards[i]
		var at []int
		for _, name := range x.columns {
			if n := slices.IndexFunc(sets, func(s connect.Set) bool { return s.Column == name }); n >= 0 {
				at = append(at, n)
			}
		}
		if len(at) < len(x.columns) {
			continue
		}
		x.values.bytes = slices.Clip(x.values.bytes)
		seen := map[string]bool{}
		for row := range g.Rows {
			t := make(connect.Tuple, len(at))
			for j, n := range at {
				t[j] = expected{row, sets}.value(n)
			}
			if raw := string(appendTuple(nil, t)); !seen[raw] && !slices.Contains(t, nil) {
				seen[raw] = true
				x.values.add(t)
			}
		}
	}
}

// stillTheirs reports whether a row of a group was found again, as much the person's as it was.
func (s *system) stillTheirs(g *Group, key connect.Tuple) bool {
	t := s.tableNamed(g.Table)
	if t == nil || !slices.Equal(t.key, g.Key) {
		return false
	}
	i := t.row(key)
	return i >= 0 && (!g.Owned || t.class(i).fate.owned)
}
