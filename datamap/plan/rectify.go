package plan

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// Correction is one thing that is wrong and how it is right (gdpr:16).
type Correction struct {
	Data string // the field of the policy: `contact.email`
	To   string // empty: it goes
	// From, when it is given, is what was wrong: only where it still stands is it
	// changed, compared as the map compares the column. Without it a row in which several
	// columns hold the data is left: nobody says which of them is wrong.
	From string
}

// Rectify says where something is corrected: in every column of the map that holds the
// data, in rows the person owns, and in their own columns of rows they share.
func Rectify(ctx context.Context, s *find.Search, f *find.Found, o Options, corrections []Correction) (*Plan, error) {
	b, err := newBuilder(s, f, Rectification, o)
	if err != nil {
		return nil, err
	}
	var fields []int
	for _, c := range corrections {
		i, err := b.field(c.Data)
		if err != nil {
			return nil, err
		}
		fields = append(fields, i)
	}
	return b.each(ctx, func(s *system, ctx context.Context) error {
		for _, t := range s.tables {
			for i, c := range corrections {
				if err := s.rectify(ctx, t, fields[i], c); err != nil {
					return err
				}
			}
		}
		s.unread()
		s.conflicts()
		return nil
	})
}

// field is the index of one field of the policy.
func (b *builder) field(name string) (int, error) {
	fields, _, ok := b.search.Graph.Map.Policy.Data(name)
	if !ok || fields.Len() != 1 {
		return 0, avow.Errorf(avow.Invalid, "`%s` is not one field of the policy; a correction names one, such as `contact.email`.", name)
	}
	out := 0
	fields.Each(func(i int) { out = i })
	return out, nil
}

// rectify plans one correction in one table.
func (s *system) rectify(ctx context.Context, t *table, field int, c Correction) error {
	several := c.From == "" && columnsOf(t.of, field) > 1
	x := s.inner(c)
	for i := range t.of.Columns {
		column := &t.of.Columns[i].Is
		about := column.Fields.Has(field)
		if !about && c.From == "" {
			continue
		}
		rows := s.withNames(t, s.ownColumn(t, column), column.Name)
		if len(rows) == 0 || t.place(column.Name).absent() {
			continue // of a column that is not there it is said that it is not
		}
		if c.From != "" && len(t.key) > 0 && (!about || column.Fields.Len() > 1) {
			if err := s.lookInside(ctx, t, rows, column, x, about); err != nil {
				return err
			}
			continue
		}
		if column.Fields.Len() > 1 {
			s.left(t, rows, Line{Columns: []string{column.Name}, Action: Keep, Refused: "it holds other data as well", Instead: byHand})
			continue
		}
		if several {
			s.left(t, rows, Line{Columns: []string{column.Name}, Action: Keep, Refused: "several columns of a row hold it, and nothing says which is wrong", Instead: "say what it says now, too, or have somebody look"})
			continue
		}
		if err := s.correct(ctx, t, rows, t.place(column.Name), x); err != nil {
			return err
		}
	}
	return nil
}

// columnsOf is how many columns of a table hold one field and nothing else.
func columnsOf(t *datamap.Table, field int) (n int) {
	for i := range t.Columns {
		if f := t.Columns[i].Is.Fields; f.Has(field) && f.Len() == 1 {
			n++
		}
	}
	return n
}

// ownColumn are the rows in which a column is the person's.
func (s *system) ownColumn(t *table, c *datamap.Column) []int {
	own := make([]bool, len(t.classes))
	for n, class := range t.classes {
		own[n] = slices.ContainsFunc(class.ties, func(each tie) bool { return ownsColumn(each, c) })
	}
	var out []int
	for i := range t.len() {
		if own[t.classOf[i]] {
			out = append(out, i)
		}
	}
	return out
}

// ownsColumn: what is common to those who share a row is not one person's to correct.
func ownsColumn(t tie, c *datamap.Column) bool {
	e := t.link.Effect(t.way)
	for _, each := range e.Columns {
		if each.Column == c {
			return e.Relation != datamap.Mentions && each.Access == datamap.Shown && !each.AtLast
		}
	}
	return false
}

// correct plans one correction in one column of some rows.
func (s *system) correct(ctx context.Context, t *table, rows []int, p place, x *inner) error {
	c, was := x.Correction, map[int]any{}
	if len(t.key) > 0 {
		err := s.readRows(ctx, t, rows, []string{p.name}, func(i int, values connect.Tuple) { was[i] = values[0] })
		if err != nil {
			return err
		}
	}
	var wrong, other []int
	more := map[string][]int{}
	for _, i := range rows {
		stands, why := s.stands(p, was[i], c), x.more(was[i])
		switch {
		case why != "" && (c.From == "" || !stands || structured(was[i])):
			more[why] = append(more[why], i)
		case stands:
			wrong = append(wrong, i)
		default:
			other = append(other, i)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(more)) {
		s.left(t, more[why], Line{Columns: []string{p.name}, Action: Keep, Refused: why, Instead: byHand})
	}
	if len(other) > 0 {
		s.left(t, other, Line{Columns: []string{p.name}, Action: Read, Reason: "it holds something else, or the right value already"})
	}
	if len(wrong) == 0 {
		return nil
	}
	to, why, err := s.corrected(ctx, p, c.To, len(wrong))
	if err != nil {
		return err
	}
	if why != "" {
		s.left(t, wrong, Line{Columns: []string{p.name}, Action: Keep, Refused: why, Instead: "it is left as it is"})
		return nil
	}
	s.writeCorrection(t, wrong, p, c, to, was)
	return nil
}

// stands reports whether what is wrong stands in a column. Without From it is whatever
// is not right yet.
func (s *system) stands(p place, v any, c Correction) bool {
	text := connect.Plain(v)
	if c.From == "" {
		return text != c.To
	}
	compare := connect.Trimmed
	if id, ok := p.t.of.Identities.Get(p.name); ok {
		compare = connect.Compare(id.Compare)
	}
	return connect.Same(compare, s.search.Options.Region, text, c.From) && text != c.To
}

// corrected is the right value in the column's own kind, or why it cannot stand there.
func (s *system) corrected(ctx context.Context, p place, text string, rows int) (any, string, error) {
	if why := p.readOnly(); why != "" {
		return nil, why, nil
	}
	to, why := p.value(text)
	if why != "" || !p.uniqueInAll() || to == nil {
		return to, why, nil
	}
	if rows > 1 {
		return nil, "several rows would get the same value, and no two rows may have it", nil
	}
	taken := false
	err := s.src.Read(ctx, connect.Read{Table: p.t.of.Name, Columns: []string{p.name}, Any: []connect.In{{Columns: []string{p.name}, Tuples: []connect.Tuple{{to}}}}, Sample: 1},
		func(connect.Row) error { taken = true; return nil })
	if taken {
		return nil, "another row has this value, and no two rows may have it", nil
	}
	return to, "", err
}

// value is a text as a value of the column, or why it is none.
func (p place) value(text string) (any, string) {
	if text == "" {
		if p.mayBeEmpty() {
			return nil, ""
		}
		return nil, "it may not be empty"
	}
	bad := "this is no value for a column of kind " + string(p.kind())
	switch p.kind() {
	case connect.Integer:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, ""
		}
		return nil, bad
	case connect.DecimalKind:
		if strings.Trim(text, "0123456789.-") == "" {
			return connect.Decimal(text), ""
		}
		return nil, bad
	case connect.Boolean:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, bad
		}
		return b, ""
	case connect.DateKind, connect.TimeKind:
		return p.momentValue(text, bad)
	case connect.Binary, connect.JSON:
		return nil, bad
	}
	if n := p.length(); n > 0 && utf8.RuneCountInString(text) > n {
		return nil, "it is longer than the " + strconv.Itoa(n) + " characters that fit"
	}
	return text, ""
}

func (p place) momentValue(text, bad string) (any, string) {
	t, ok := connect.ParseTime(text)
	switch {
	case !ok:
		return nil, bad
	case p.kind() == connect.DateKind:
		return connect.Date(t.Format(time.DateOnly)), ""
	}
	return t, ""
}

// writeCorrection makes the group. Where From is given the row is changed only while
// exactly what was read still stands there.
func (s *system) writeCorrection(t *table, rows []int, p place, c Correction, to any, was map[int]any) {
	line := Line{Columns: []string{p.name}, Action: Update, Reason: t.changing(p.name)}
	makers := rowsBy(t, rows, func(i int) uint32 { return t.classOf[i] }, func(_ int, n uint32) []*maker {
		m := s.maker(t, t.classes[n], changeRows)
		m.change, m.sets = connect.Update, []set{{column: p.name, to: to}}
		m.say(line)
		s.guard(m, t.classes[n], nil)
		return []*maker{m}
	})
	for _, m := range makers {
		g := m.done()
		if c.From != "" {
			g.guards = append(g.guards, m.before(p.name, was))
		}
		s.plan.Groups = append(s.plan.Groups, g)
	}
}

// before is a guard that the column holds what it held.
func (m *maker) before(column string, was map[int]any) guard {
	g := &guardMaker{guard: guard{columns: []string{column}, values: packed{width: 1}}, at: []int{0}, seen: map[string]bool{}}
	m.keys.each(func(key connect.Tuple) {
		if i := m.t.row(key); i >= 0 {
			g.add(connect.Tuple{was[i]})
		}
	})
	return g.guard
}
