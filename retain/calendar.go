package retain

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
)

// Overdue is the month of what is over by now.
const Overdue = "overdue"

// Month is how much comes to its end in one month, by one rule in one table. Each rule is
// counted for itself: what several are about goes with the last of them.
type Month struct {
	System  string `json:"system"`
	Table   string `json:"table"`
	Rule    string `json:"rule"`
	Month   string `json:"month"` // `2026-12`, or `overdue`
	Rows    int    `json:"rows"`
	AtLeast bool   `json:"atLeast,omitempty"` // there are more in all months together than were counted
	Counted int    `json:"counted,omitempty"` // which was so many, by this rule in this table
}

// countedRows is how many rows of a table a calendar counts when nobody says.
const countedRows = 1_000_000

// Calendar is what comes to its end this month and in the months after it, months in all, and
// what is overdue: at the first of a month, everything is in a month before or is overdue. Away names systems that
// cannot be looked into now. One reading a table and rule, of the columns it counts from; where they stand
// in rows that refer to others, a page of these after the other.
func (d *Desk) Calendar(ctx context.Context, months int) (list []Month, away []string, err error) {
	if months < 1 || months > 120 {
		return nil, nil, avow.FieldErrorf("months", "is between 1 and 120")
	}
	c := &calendar{run: &run{Desk: d, dry: true, now: d.DB.Machine().UTC(), bySystems: map[any]*guard{}, versions: versions{d: d}, stand: &stand{}, report: &Report{}}}
	first := time.Date(c.now.Year(), c.now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for i := range months {
		c.until = append(c.until, first.AddDate(0, i+1, 0))
	}
	systems, err := d.systems(ctx)
	if err != nil {
		return nil, nil, err
	}
	for i := range systems {
		if err := c.tables(ctx, systems[i]); err != nil {
			return nil, nil, err
		}
	}
	if err := c.own(ctx); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(c.list, func(a, b Month) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Rule, b.Rule), -cmp.Compare(b.sortKey(), a.sortKey()))
	})
	slices.Sort(c.report.Away)
	return c.list, c.report.Away, nil
}

func (m Month) sortKey() string {
	if m.Month == Overdue {
		return ""
	}
	return m.Month
}

type calendar struct {
	*run
	until []time.Time // the end of each month
	list  []Month
}

func (c *calendar) tables(ctx context.Context, s Systems) error {
	for _, sys := range s.Search.Graph.Systems() {
		name := sys.Name.Text
		if sys.Kind == string(datamap.Manual) {
			continue
		}
		if s.Search.Sources[name] == nil {
			why := "it is not opened"
			if err := s.Away[name]; err != nil {
				why = avow.MessageOf(err)
			}
			c.report.away(name, why)
			continue
		}
		for _, l := range s.lines(sys) {
			if l.why != "" {
				continue
			}
			err := c.line(ctx, s, &l)
			if err != nil && ctx.Err() != nil {
				return err
			}
			if err != nil {
				c.report.away(l.table.Path(), avow.MessageOf(err))
			}
		}
	}
	return nil
}

// line counts by month what comes to its end in one table.
func (c *calendar) line(ctx context.Context, s Systems, l *line) error {
	due := plan.Due{Table: l.table, Rule: l.rule.Name, Over: l.over(c.until[len(c.until)-1].Add(-time.Microsecond))}
	counts, n, month := make([]int, len(c.until)+1), 0, c.monthOf(l)
	err := plan.Upcoming(ctx, s.Search, c.options(), due, func(row connect.Row) error {
		if n++; n > c.Counted {
			return errMany
		}
		if i, known := month(row); known && i < len(counts) {
			counts[i]++
		}
		return nil
	})
	if err != nil && !errors.Is(err, errMany) {
		return err
	}
	for i, rows := range counts {
		m := Month{System: l.table.System.Name.Text, Table: l.table.Name, Rule: l.rule.Name, Month: c.name(i), Rows: rows}
		if err != nil {
			m.AtLeast, m.Counted = true, c.Counted
		}
		if rows > 0 || m.AtLeast {
			c.list = append(c.list, m)
		}
	}
	return nil
}

// monthOf gives the place of a row of a line among the counts; behind them all when it ends later,
// and false when nobody here knows when it does.
func (c *calendar) monthOf(l *line) func(connect.Row) (int, bool) {
	type part struct {
		moment *moment
		period policy.Period
	}
	known := map[part][]time.Time{}
	place := func(row connect.Row, p part) (int, bool) {
		at, ok := momentOf(row[p.moment.at])
		if !ok {
			return 0, false
		}
		if known[p] == nil {
			known[p] = c.cutOffs(p.moment, p.period)
		}
		if i := slices.IndexFunc(known[p], at.Before); i >= 0 {
			return i, true
		}
		return len(known[p]), true
	}
	later := func(a, b int) bool { return a > b }
	return func(row connect.Row) (int, bool) {
		return last(l.rule.Until, later, func(u policy.Until) (int, bool) {
			m := l.momentOf(after(u))
			if m == nil {
				return 0, false
			}
			return place(row, part{m, u.Period})
		})
	}
}

// cutOffs are the cut-offs of a period now and at the end of each month.
func (c *calendar) cutOffs(m *moment, p policy.Period) []time.Time {
	out := []time.Time{Before(p, c.now, m.days())}
	for _, end := range c.until {
		out = append(out, Before(p, end.Add(-time.Microsecond), m.days()))
	}
	return out
}

// name is the month of a count: the first is what is overdue.
func (c *calendar) name(i int) string {
	if i == 0 {
		return Overdue
	}
	return c.until[i-1].AddDate(0, -1, 0).Format("2006-01")
}

func momentOf(v any) (time.Time, bool) {
	if t, ok := v.(time.Time); ok {
		return t.UTC(), true
	}
	return connect.ParseTime(connect.Text(v))
}

// own counts avow's own records, a page after the other.
func (c *calendar) own(ctx context.Context) error {
	counts := map[string][]int{}
	for after := (avow.ID{}); ; {
		var next avow.ID
		err := c.DB.Read(ctx, func(tx *store.Tx) error {
			list, err := c.Vault.Page(tx, after, c.Batch)
			if err != nil {
				return err
			}
			k := &knower{run: c.run, tx: tx, people: map[avow.ID]*somebody{}}
			for i := range list {
				next = list[i].ID
				s, err := k.somebody(list[i].Subject)
				if err != nil {
					return err
				}
				p := c.versions.of(&list[i])
				if s.id.IsZero() || p == nil {
					continue
				}
				field, ok := p.Field(list[i].Category + "." + list[i].Field)
				if !ok {
					continue
				}
				rules, err := k.rules(p, &list[i], field, s)
				if err != nil {
					return err
				}
				for _, r := range rules {
					c.count(counts, &r)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if after = next; next.IsZero() {
			break
		}
	}
	for rule, of := range counts {
		for i, n := range of {
			if n > 0 {
				c.list = append(c.list, Month{System: Own, Table: values, Rule: rule, Month: c.name(i), Rows: n})
			}
		}
	}
	return nil
}

func (c *calendar) count(counts map[string][]int, r *rule) {
	if !r.known || r.Then == "" || r.Then == "not-stated" {
		return
	}
	if counts[r.Name] == nil {
		counts[r.Name] = make([]int, len(c.until)+1)
	}
	if r.over(c.now) {
		counts[r.Name][0]++
		return
	}
	if i := slices.IndexFunc(c.until, r.end.Before); i >= 0 {
		counts[r.Name][i+1]++
	}
}
