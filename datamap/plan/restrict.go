package plan

import (
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
)

// Restrict says which rows are marked as only kept (gdpr:18), or marked no longer: those
// that the person owns, in tables for which the map names the column. Elsewhere the gate
// alone says no.
func Restrict(ctx context.Context, s *find.Search, f *find.Found, o Options, on bool) (*Plan, error) {
	if on {
		return mark(ctx, s, f, o, Restriction, "restrict", true)
	}
	return mark(ctx, s, f, o, Lifting, "restrict", false)
}

// Object says which rows are marked when somebody objects (gdpr:21), or marked no longer, when it was outweighed: in the column
// that the map names for it, else in that of a restriction. Where it names neither the gate alone says no.
func Object(ctx context.Context, s *find.Search, f *find.Found, o Options, on bool) (*Plan, error) {
	if on {
		return mark(ctx, s, f, o, Objection, "object", true)
	}
	return mark(ctx, s, f, o, Lifting, "object", false)
}

// Stop says which rows are marked when somebody stops something: what is `stop-marketing`, `opt-out` or
// `limit`. Only in a column that the map names for it.
func Stop(ctx context.Context, s *find.Search, f *find.Found, o Options, what string) (*Plan, error) {
	return mark(ctx, s, f, o, Stopping, what, true)
}

func mark(ctx context.Context, s *find.Search, f *find.Found, o Options, w Work, what string, on bool) (*Plan, error) {
	b, err := newBuilder(s, f, w, o)
	if err != nil {
		return nil, err
	}
	return b.each(ctx, func(s *system, _ context.Context) error {
		for _, t := range s.tables {
			s.mark(t, what, on)
		}
		s.unread()
		s.conflicts()
		return nil
	})
}

func (s *system) mark(t *table, what string, on bool) {
	r, named := t.of.Mark(what)
	var rows []int
	for i := range t.len() {
		if t.class(i).fate.owned {
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return
	}
	if !named {
		s.left(t, rows, Line{Action: Read, Reason: "the map names no column for it: the gate alone says no"})
		return
	}
	p := t.place(r.Column.Text)
	to, why := p.markValue(r, on)
	if cannot := p.readOnly(); cannot != "" {
		why = cannot
	}
	if why != "" {
		s.left(t, rows, Line{Columns: []string{p.name}, Action: Keep, Refused: why, Instead: "the gate alone says no"})
		return
	}
	for _, m := range rowsBy(t, rows, func(i int) uint32 { return t.classOf[i] }, func(_ int, n uint32) []*maker {
		m := s.maker(t, t.classes[n], changeRows)
		m.change, m.sets = connect.Update, []set{{column: p.name, to: to}}
		m.say(Line{Columns: []string{p.name}, Action: Update, Reason: t.triggers(connect.OpUpdate)})
		s.guard(m, t.classes[n], nil)
		return []*maker{m}
	}) {
		s.plan.Groups = append(s.plan.Groups, m.done())
	}
}

// markValue is what the column gets: what the map says, else true and false, which in
// a column of numbers are 1 and 0.
func (p place) markValue(r datamap.Restriction, on bool) (any, string) {
	word, usual := r.Set.Text, "true"
	if !on {
		word, usual = r.Lift.Text, "false"
	}
	if word == "" {
		if p.kind() == connect.Integer {
			return map[bool]int64{true: 1, false: 0}[on], ""
		}
		word = usual
	}
	return p.value(word)
}

// Portable says which data of the policy a person may take elsewhere (gdpr:20): what they
// gave or what was observed of them, not what was bought; used on consent or for a
// contract. A column is portable when all it holds is.
func Portable(m *datamap.Map) func(*datamap.Column) bool {
	p := m.Policy
	given, used := map[int]bool{}, map[int]bool{}
	for _, s := range p.Sources {
		if !s.Bought && s.TellThePerson.N == 0 { // what others give is told to the person (gdpr:14)
			s.Yields.Each(func(i int) { given[i] = true })
		}
	}
	for i := range p.Purposes {
		for _, r := range p.Purposes[i].Reasons {
			if onConsentOrContract(r.Grounds[avow.Use][avow.Individual]) {
				r.Fields.Each(func(i int) { used[i] = true })
			}
		}
	}
	return func(c *datamap.Column) bool {
		portable := c != nil && !c.Fields.Empty()
		if portable {
			c.Fields.Each(func(i int) { portable = portable && given[i] && used[i] })
		}
		return portable
	}
}

func onConsentOrContract(grounds []policy.Ground) bool {
	return slices.ContainsFunc(grounds, func(g policy.Ground) bool { return g.Basis == avow.Consent || g.Basis == avow.Contract })
}
