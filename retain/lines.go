package retain

import (
	"slices"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
)

// line is one rule of the schedule for one table of the systems.
type line struct {
	table   *datamap.Table
	rule    *policy.CompiledRetention
	moments []moment // what it counts from, an event each
	columns []string // of the moments, each once
	open    []string // the events of which the map names no column
	why     string   // why it is not carried out
	at      int      // among the lines of its system
}

const nobodyKnows = "nobody here knows when"

// lines are the rules that the map names for the tables of a system, in their order.
func (s Systems) lines(sys *datamap.System) (out []line) {
	for _, t := range s.order(sys) {
		for _, e := range t.Retention {
			out = append(out, s.line(t, e.Key, e.Is))
			out[len(out)-1].at = len(out)
		}
	}
	return out
}

func (s Systems) line(t *datamap.Table, rule string, columns datamap.Moments) line {
	retention := s.policy().Retention
	i := slices.IndexFunc(retention, func(r policy.CompiledRetention) bool { return r.Name == rule })
	l := line{table: t, columns: columns.Names(), rule: &policy.CompiledRetention{Name: rule}, why: "the policy has no such rule"}
	if i < 0 {
		return l
	}
	l.rule = &retention[i]
	for _, event := range l.rule.Until.Events() {
		if column := columns.Of(l.rule.Until, event); column != "" {
			m := s.momentOfEvent(t, event, column)
			m.at = slices.Index(l.columns, column)
			l.moments = append(l.moments, m)
		} else {
			l.open = append(l.open, event)
		}
	}
	l.why = s.whyNot(&l)
	return l
}

// whyNot says why a rule is not carried out on a table; empty when it is.
func (s Systems) whyNot(l *line) string {
	_, known := cutOff(l.rule.Until, time.Unix(0, 0), false)
	switch {
	case l.rule.Then == "" || l.rule.Then == "not-stated":
		return "the policy does not say what happens at the end: write `then: erase`, `anonymise`, `shorten` or `pseudonymise`"
	case !known:
		return nobodyKnows + ": " + untilWords(s.policy(), l.rule.Until)
	case l.over(time.Unix(0, 0)) == nil:
		return l.unnamed()
	}
	for i := range l.moments {
		if why := l.moments[i].whyNot(l.table.System); why != "" {
			return why
		}
	}
	if len(keyOf(s.Search, l.table)) == 0 {
		return "nothing names a row of the table: it has no key"
	}
	return ""
}

func untilWords(p *policy.Policy, u policy.Until) string { return notice.Until(p, u, "") }

// others are the lines of the same table that are about some of the same data; and, where
// rows of the table go, those that are about the rest: a row goes with the last of them.
func (l *line) others(all []line) (out []*line) {
	about := fieldsOf(l.table).And(l.rule.Fields)
	for i := range all {
		o := &all[i]
		if o.table == l.table && o.rule.Name != l.rule.Name && (!o.rule.Fields.And(about).Empty() || o.why == "" && l.mayDelete() && o.mayDelete()) {
			out = append(out, o)
		}
	}
	return out
}

// mayDelete reports whether rows of the table go when everything in them has ended.
func (l *line) mayDelete() bool {
	return l.rule.Then == "erase" && l.table.Erase.Kind == datamap.Delete
}

// deletes reports whether the rows of a share go: all that is personal in them has ended.
func (l *line) deletes(s *share) bool {
	of := fieldsOf(l.table)
	return l.mayDelete() && of.Minus(l.rule.Fields.Or(s.also)).Empty() && of.And(s.keep).Empty()
}

// share is a part of the rows of a line that gets the same treatment.
type share struct {
	when *plan.Test
	keep policy.FieldSet // what other rules still keep in them
	also policy.FieldSet // what other rules that erase have ended for
	by   []*line         // those rules
}

// mostOthers bounds by how many other rules the rows of one are told apart.
const mostOthers = 4

// shares cuts the rows in which a line has ended by which of the other rules about the same
// data still run in them: what those are about stays. A rule that nobody here knows the end of always runs.
func (l *line) shares(all []line, now time.Time) []share {
	var known []*line
	var keep policy.FieldSet
	for _, o := range l.others(all) {
		if o.why == "" && len(known) < mostOthers {
			known = append(known, o)
		} else {
			keep = keep.Or(o.rule.Fields)
		}
	}
	var out []share
	for running := range 1 << len(known) {
		s := share{keep: keep}
		var when []plan.Test
		for i, o := range known {
			if running>>i&1 == 0 {
				when = append(when, *o.over(now))
				if o.rule.Then == "erase" {
					s.also, s.by = s.also.Or(o.rule.Fields), append(s.by, o)
				}
				continue
			}
			when = append(when, *o.runs(now))
			s.keep = s.keep.Or(o.rule.Fields)
		}
		s.when = plan.Joined(connect.And, when)
		out = append(out, s)
	}
	return out
}
