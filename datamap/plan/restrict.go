package plan

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
)

// Restrict says which rows are marked as only kept (gdpr:18), or marked no longer: those
// that the person owns, in tables for which the map names the column. Elsewhere the gate
// alone says no. A mark is taken back where it stands: a column that says something else
// by now is left.
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
	return b.each(ctx, func(s *system, ctx context.Context) error {
		for _, t := range s.tables {
			if err := s.mark(ctx, t, what, on); err != nil {
				return err
			}
		}
		s.unread()
		s.conflicts()
		return nil
	})
}

func (s *system) mark(ctx context.Context, t *table, what string, on bool) error {
	r, named := t.of.Mark(what)
	var rows []int
	for i := range t.len() {
		if t.class(i).fate.owned {
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if !named {
		s.left(t, rows, Line{Action: Read, Reason: unnamed(on)})
		return nil
	}
	p := t.place(r.Column.Text)
	if rows = s.withNames(t, rows, p.name); len(rows) == 0 {
		return nil
	}
	var was map[int]any // what stands where a mark is taken back, and has to when that is done
	if !on {
		var err error
		if rows, was, err = s.marked(ctx, t, rows, p, r, what); len(rows) == 0 || err != nil {
			return err
		}
	}
	to, why := p.markValue(r, on)
	if cannot := p.readOnly(); cannot != "" {
		why = cannot
	}
	if why != "" {
		s.left(t, rows, Line{Columns: []string{p.name}, Action: Keep, Refused: why, Instead: refusedMark(on)})
		return nil
	}
	for _, m := range rowsBy(t, rows, func(i int) uint32 { return t.classOf[i] }, func(_ int, n uint32) []*maker {
		m := s.maker(t, t.classes[n], changeRows)
		m.change, m.sets = connect.Update, []set{{column: p.name, to: to}}
		m.say(Line{Columns: []string{p.name}, Action: Update, Reason: t.changing(p.name)})
		s.guard(m, t.classes[n], nil)
		return []*maker{m}
	}) {
		g := m.done()
		if was != nil {
			g.guards = append(g.guards, m.before(p.name, was))
		}
		s.plan.Groups = append(s.plan.Groups, g)
	}
	return nil
}

func unnamed(on bool) string {
	if on {
		return "the map names no column for it: the gate alone says no"
	}
	return "the map names no column for it: nothing was marked"
}

func refusedMark(on bool) string {
	if on {
		return "the gate alone says no"
	}
	return "the mark stays, and somebody has to take it back"
}

// marked are the rows in which a mark stands that is taken back. One that an objection
// made too, which still stands, is not.
func (s *system) marked(ctx context.Context, t *table, rows []int, p place, r datamap.Restriction, what string) ([]int, map[int]any, error) {
	if o, named := t.of.Mark("object"); s.options.Objects && what == "restrict" && named && o.Column.Text == p.name {
		s.left(t, rows, Line{Columns: []string{p.name}, Action: Keep, Reason: "an objection of theirs, which stands, is marked in it too"})
		return nil, nil, nil
	}
	if len(t.key) == 0 {
		return rows, nil, nil
	}
	mark, _ := p.markValue(r, true)
	was := map[int]any{}
	if err := s.readRows(ctx, t, rows, []string{p.name}, func(i int, v connect.Tuple) { was[i] = v[0] }); err != nil {
		return nil, nil, err
	}
	var yes, no []int
	for _, i := range rows {
		if sameMark(was[i], mark) {
			yes = append(yes, i)
		} else {
			no = append(no, i)
		}
	}
	if len(no) > 0 {
		s.left(t, no, Line{Columns: []string{p.name}, Action: Read, Reason: "it holds no mark of it"})
	}
	return yes, was, nil
}

// sameMark reports whether a column holds a mark. A column of fixed width fills up with
// spaces, and one of yes and no may be read as a number.
func sameMark(v, mark any) bool {
	have, want := strings.TrimSpace(connect.Text(v)), strings.TrimSpace(connect.Text(mark))
	if have == want {
		return true
	}
	a, e1 := strconv.ParseBool(have)
	b, e2 := strconv.ParseBool(want)
	return e1 == nil && e2 == nil && a == b
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

// PortableRecords hands on what a person may take elsewhere: the portable columns of rows
// that are not only about them in passing.
func PortableRecords(m *datamap.Map, add func(find.Record) error) func(find.Record) error {
	portable := Portable(m)
	return func(rec find.Record) error {
		rec.Cells = slices.DeleteFunc(slices.Clone(rec.Cells), func(c find.Cell) bool { return !portable(c.Column) })
		if len(rec.Cells) == 0 || rec.Relation == datamap.Mentions {
			return nil
		}
		return add(rec)
	}
}

func onConsentOrContract(grounds []policy.Ground) bool {
	return slices.ContainsFunc(grounds, func(g policy.Ground) bool { return g.Basis == avow.Consent || g.Basis == avow.Contract })
}
