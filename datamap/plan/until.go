package plan

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// end is when a reason to keep something ends.
type end struct {
	words  string
	column string        // with the moment it counts from; empty when the row does not say
	via    *datamap.Link // to the row that has the column; nil: it is the row's own
	period policy.Period // after it
}

// extra is the name under which the moments of rows are kept.
func (e end) extra() string {
	if e.via == nil {
		return e.column
	}
	return e.via.Name + " > " + e.column
}

// end says when what a rule keeps may be kept no longer. The moment may stand in the row
// that this one hangs on: the lines of an invoice are as old as the invoice.
func (s *system) end(t *table, k datamap.KeepUntil) end {
	out := s.ownEnd(t, k)
	for _, l := range t.of.Links {
		if out.column != "" || l.Relation != datamap.Owns || l.Reference == nil || l.Incoming || l.From == t.of {
			continue
		}
		if from := s.tableOf(l.From); from != nil {
			if e := s.ownEnd(from, k); e.column != "" {
				out.column, out.period, out.via = e.column, e.period, l
			}
		}
	}
	return out
}

// ownEnd is the end as far as a row of the table says it itself.
func (s *system) ownEnd(t *table, k datamap.KeepUntil) end {
	until := k.Until
	out := end{words: untilWords(until)}
	if k.Rule == "" {
		if until.Form == policy.UntilPeriod && t.has(until.After) {
			out.column, out.period = until.After, until.Period
		}
		return out
	}
	out.words = "as `" + k.Rule + "` says"
	moments, ok := t.of.Retention.Get(k.Rule)
	for _, r := range s.search.Graph.Map.Policy.Retention {
		if r.Name != k.Rule || r.Until.Form != policy.UntilPeriod {
			continue
		}
		if out.words = untilWords(r.Until); !ok {
			continue
		}
		if column := moments.Of(r.Until, r.Until.Events()[0]); t.has(column) {
			out.column, out.period = column, r.Until.Period
		}
	}
	return out
}

// has reports whether the table has a column, as far as anybody knows.
func (t *table) has(column string) bool {
	return t.schema == nil && t.of.Column(column) != nil || t.schema != nil && t.schema.Column(column) != nil
}

func untilWords(u policy.Until) string {
	switch u.Form {
	case policy.UntilPeriod:
		after := u.After
		if after == "" {
			after = "collection"
		}
		return periodWords(u.Period) + " after " + after
	case policy.UntilLegalDuty:
		return "end of legal duty"
	}
	return ""
}

func periodWords(p policy.Period) string {
	unit := string(p.Unit)
	if p.N == 1 && unit != "" {
		unit = unit[:len(unit)-1]
	}
	return strconv.Itoa(p.N) + " " + unit
}

// after is a period later. A month later than the 31st is the last day of a shorter month.
func after(t time.Time, p policy.Period) time.Time {
	switch p.Unit {
	case policy.Hours:
		return t.Add(time.Duration(p.N) * time.Hour)
	case policy.Days:
		return t.AddDate(0, 0, p.N)
	case policy.Weeks:
		return t.AddDate(0, 0, 7*p.N)
	case policy.Months:
		return addMonths(t, p.N)
	}
	return addMonths(t, 12*p.N)
}

func addMonths(t time.Time, n int) time.Time {
	out := t.AddDate(0, n, 0)
	if out.Day() != t.Day() {
		return out.AddDate(0, 0, -out.Day())
	}
	return out
}

// moment reads a point in time from what a row holds.
func moment(v any) (time.Time, bool) {
	if t, ok := v.(time.Time); ok {
		return t.UTC(), true
	}
	return connect.ParseTime(connect.Text(v))
}

// dayOf is the day something is kept until, in days since 1970-01-01; 0 when the row
// does not say.
func (e end) dayOf(v any) int32 {
	t, ok := moment(v)
	if !ok {
		return 0
	}
	return int32(after(t, e.period).Unix() / 86_400)
}

func dayText(day int32) string {
	return time.Unix(int64(day)*86_400, 0).UTC().Format(time.DateOnly)
}

// over reports whether what is kept until a day need not be kept today.
func (b *builder) over(day int32) bool {
	return day != 0 && int64(day)*86_400 <= b.options.Now.Unix()
}

// readExtra reads what a plan needs of rows beyond what was found: the moments from which
// keeping counts, and the dates of which the year is to be left.
func (s *system) readExtra(ctx context.Context, t *table) error {
	if len(t.key) == 0 || t.len() == 0 {
		return nil
	}
	needs := map[string]end{}
	var rows []int
	for n, c := range t.classes {
		if !s.extraNeeds(t, c, needs) {
			continue
		}
		for i := range t.len() {
			if t.classOf[i] == uint32(n) && !t.goes(i) {
				rows = append(rows, i)
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	var own []string
	for name, e := range needs {
		t.extra[name] = make([]any, t.len())
		if e.via == nil {
			own = append(own, name)
		} else if err := s.readVia(ctx, t, rows, e); err != nil {
			return err
		}
	}
	if slices.Sort(own); len(own) == 0 {
		return nil
	}
	return s.readRows(ctx, t, rows, own, func(i int, values connect.Tuple) {
		for n, name := range own {
			if t.extra[name][i] = values[n]; t.place(name).kind() == connect.JSON {
				t.extra[name][i] = t.place(name).leaves(values[n]) // not the whole of it is to be held
			}
		}
	})
}

// readVia reads moments that stand in the rows these hang on.
func (s *system) readVia(ctx context.Context, t *table, rows []int, e end) error {
	at := indexes(e.via.Reference.Here, append(slices.Clone(t.found.Linked), t.found.Key...))
	if at == nil {
		return nil
	}
	waiting := map[string][]int{}
	var tuples []connect.Tuple
	for _, i := range rows {
		here := pick(append(t.linked(i), t.keyTuple(i)...), at)
		if j := join(here); waiting[j] == nil {
			tuples = append(tuples, here)
		}
		waiting[join(here)] = append(waiting[join(here)], i)
	}
	there := e.via.Reference.There
	read := connect.Read{Table: e.via.From.Name, Columns: append(slices.Clone(there), e.column), Any: []connect.In{{Columns: there, Tuples: tuples}}}
	return s.src.Read(ctx, read, func(r connect.Row) error {
		for _, i := range waiting[join(connect.Tuple(r[:len(there)]))] {
			t.extra[e.extra()][i] = r[len(there)]
		}
		return nil
	})
}

// extraNeeds adds what is to be read for a class, and reports whether that is anything.
func (s *system) extraNeeds(t *table, c *class, needs map[string]end) (some bool) {
	if c.fate.mention {
		return false
	}
	for _, f := range c.fate.columns {
		if f.rule.Kind == datamap.Keep {
			if e := s.end(t, f.rule.Keep.For); e.column != "" {
				needs[e.extra()], some = e, true
			}
		}
		switch {
		case f.rule.Kind == datamap.Mask && f.rule.How == datamap.MaskYear && t.has(f.name), t.place(f.name).leavesForm() && (f.rule.Kind == datamap.Mask || !t.place(f.name).mayBeEmpty()):
			needs[f.name], some = end{column: f.name}, true
		}
	}
	return some
}

// extraOf is what was read of one row.
func (t *table) extraOf(column string, row int) any {
	if e := t.extra[column]; e != nil {
		return e[row]
	}
	return nil
}

// text is a text of the map in a language, English when it has it.
func text(t policy.Text) string {
	if t.Plain != "" || len(t.In) == 0 {
		return t.Plain
	}
	if en, ok := t.In.Get("en"); ok {
		return *en
	}
	return t.In[0].Is
}
