package retain

import (
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
)

// moment is the column that says when something happened from which a rule counts.
type moment struct {
	event  string
	column string             // as the map names it
	far    *datamap.Elsewhere // the column of another table that it is; nil: it is the row's own
	kind   connect.Kind
	at     int // among the columns of the line
}

// momentOfEvent is the moment of an event, by what the map names for it.
func (s Systems) momentOfEvent(t *datamap.Table, event, column string) moment {
	m := moment{event: event, column: column, far: t.Elsewhere(column)}
	if m.far != nil {
		t, column = m.far.Reference.Table, m.far.Column
	}
	m.kind = kindOf(s.Search, t, column)
	return m
}

// days reports whether the column holds days without a time.
func (m *moment) days() bool { return m.kind == connect.DateKind }

// whyNot says why nothing can be counted from the column; empty when it can.
func (m *moment) whyNot(s *datamap.System) string {
	switch {
	case m.far != nil && !s.ReadsElsewhere():
		return "`" + m.column + "` stands in another table, which is read in databases only"
	case m.kind == "" && m.far != nil:
		return "the table `" + m.far.Reference.Table.Name + "` has no column `" + m.far.Column + "`"
	case m.kind == "":
		return "the table has no column `" + m.column + "`"
	case !s.ReadsDates(m.kind):
		return "the column `" + m.column + "` holds no dates"
	}
	return ""
}

// before is the cut-off of a period that counts from the column, as the column holds it.
func (m *moment) before(p policy.Period, now time.Time) any {
	t := Before(p, now, m.days())
	if m.days() {
		return connect.Date(t.Format(time.DateOnly))
	}
	return t
}

// momentOf is the column of an event; nil when the map names none.
func (l *line) momentOf(event string) *moment {
	i := slices.IndexFunc(l.moments, func(m moment) bool { return m.event == event })
	if i < 0 {
		return nil
	}
	return &l.moments[i]
}

// unnamed says of which events the map names no column.
func (l *line) unnamed() string {
	return nobodyKnows + ": the rule counts from " + strings.Join(l.rule.Until.Events(), " and ") + ", and the map names no column for `" + strings.Join(l.open, "`, `") + "`"
}

// over holds for rows in which a line has ended: what is empty has not. Nil when nobody here
// knows of any row.
func (l *line) over(now time.Time) *plan.Test {
	return l.test(l.rule.Until, connect.And, connect.Or, func(m *moment, p policy.Period) plan.Test {
		before := m.before(p, now)
		if m.far != nil {
			return plan.Test{Far: &plan.Far{Elsewhere: m.far, Before: before}}
		}
		return *plan.OfRow(&connect.Cond{Op: connect.Less, Column: m.column, Values: []any{before}})
	})
}

// runs holds for rows in which a line has not ended, or nobody knows: those for which over does not.
func (l *line) runs(now time.Time) *plan.Test {
	return l.test(l.rule.Until, connect.Or, connect.And, func(m *moment, p policy.Period) plan.Test {
		before := m.before(p, now)
		if m.far != nil {
			return plan.Test{Far: &plan.Far{Elsewhere: m.far, Before: before, Not: true}}
		}
		return *plan.OfRow(&connect.Cond{Op: connect.Or, Of: []connect.Cond{
			{Op: connect.IsEmpty, Column: m.column},
			{Op: connect.AtLeast, Column: m.column, Values: []any{before}}}})
	})
}

// test puts together what is said of each period of an end: of the latest of several, all of which
// must have a column, and of the earliest, of which those count that have one.
func (l *line) test(u policy.Until, latest, earliest connect.CondOp, of func(*moment, policy.Period) plan.Test) *plan.Test {
	if u.Form == policy.UntilPeriod {
		m := l.momentOf(after(u))
		if m == nil {
			return nil
		}
		t := of(m, u.Period)
		return &t
	}
	var list []plan.Test
	for _, part := range u.Of {
		t := l.test(part, latest, earliest, of)
		switch {
		case t != nil:
			list = append(list, *t)
		case u.Form == policy.UntilLatest:
			return nil
		}
	}
	if u.Form == policy.UntilLatest {
		return plan.Joined(latest, list)
	}
	return plan.Joined(earliest, list)
}

// cutOffs says which moments are over by now: `2024-11-22`, and where a rule counts from several
// events, of which each: `2024-11-22 (last-contact) and 2019-11-23 (purchase)`.
func (l *line) cutOffs(now time.Time) string {
	if len(l.moments) == 1 {
		m := &l.moments[0]
		t, _ := cutOff(l.rule.Until, now, m.days())
		return m.words(t)
	}
	return l.cutOffWords(l.rule.Until, now, false)
}

func (l *line) cutOffWords(u policy.Until, now time.Time, inner bool) string {
	if u.Form == policy.UntilPeriod {
		m := l.momentOf(after(u))
		if m == nil {
			return ""
		}
		return m.words(Before(u.Period, now, m.days())) + " (" + m.event + ")"
	}
	var parts []string
	for _, of := range u.Of {
		if s := l.cutOffWords(of, now, true); s != "" {
			parts = append(parts, s)
		}
	}
	join := " or "
	if u.Form == policy.UntilLatest {
		join = " and "
	}
	out := strings.Join(parts, join)
	if inner && len(parts) > 1 {
		return "(" + out + ")"
	}
	return out
}

// words is a cut-off: a day, and where that matters the time.
func (m *moment) words(t time.Time) string {
	if text := t.Format(time.RFC3339); !m.days() && !strings.HasSuffix(text, "T00:00:00Z") {
		return text
	}
	return t.Format(time.DateOnly)
}
