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
	period policy.Period // after it
}

// end says when what a rule keeps may be kept no longer.
func (s *system) end(t *table, k datamap.KeepUntil) end {
	until := k.Until
	out := end{words: untilWords(until)}
	if k.Rule == "" {
		if until.Form == policy.UntilPeriod && t.has(until.After) {
			out.column, out.period = until.After, until.Period
		}
		return out
	}
	out.words = "as `" + k.Rule + "` says"
	for _, r := range s.search.Graph.Map.Policy.Retention {
		moment, ok := t.of.Retention.Get(k.Rule)
		if r.Name != k.Rule {
			continue
		}
		if r.Until.Form == policy.UntilPeriod {
			out.words = untilWords(r.Until)
		}
		if ok && r.Until.Form == policy.UntilPeriod && t.has(moment.Text) {
			out.column, out.period = moment.Text, r.Until.Period
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
	var columns []string
	var rows []int
	for n, c := range t.classes {
		need := s.extraColumns(t, c)
		if len(need) == 0 {
			continue
		}
		columns = append(columns, need...)
		for i := range t.len() {
			if t.classOf[i] == uint32(n) && !t.goes(i) {
				rows = append(rows, i)
			}
		}
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	if len(rows) == 0 || len(columns) == 0 {
		return nil
	}
	for _, name := range columns {
		t.extra[name] = make([]any, t.len())
	}
	return s.readRows(ctx, t, rows, columns, func(i int, values connect.Tuple) {
		for n, name := range columns {
			t.extra[name][i] = values[n]
		}
	})
}

func (s *system) extraColumns(t *table, c *class) []string {
	var out []string
	if c.fate.mention {
		return nil
	}
	for _, f := range c.fate.columns {
		switch {
		case f.rule.Kind == datamap.Keep:
			if e := s.end(t, f.rule.Keep.For); e.column != "" {
				out = append(out, e.column)
			}
		case f.rule.Kind == datamap.Mask && f.rule.How == datamap.MaskYear && t.has(f.name):
			out = append(out, f.name)
		}
	}
	return out
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
