package datamap

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// Moments are the columns with the moments from which a rule of the policy's retention counts:
// one, or one for each event that the rule counts from. What a table's Elsewhere knows of stands in another table.
type Moments struct {
	policy.Pos
	Column Word                 // the one; empty when there is one for each event
	Each   policy.Entries[Word] // event → column
}

// FreelyNamed says that such columns stand under the names of the policy's rules.
func (Moments) FreelyNamed() {}

// ReadPart reads one column, or event → column.
func (m *Moments) ReadPart(p policy.Part) {
	m.Pos = p.Pos
	if p.IsKeys() {
		p.Value(&m.Each)
		return
	}
	p.Value(&m.Column)
}

// Of is the column with the moment of an event of an end; empty when the map names none. A column
// that stands for no event is that of the only event there is.
func (m Moments) Of(u policy.Until, event string) string {
	if w, ok := m.Each.Get(event); ok {
		return w.Text
	}
	if events := u.Events(); len(events) == 1 && events[0] == event {
		return m.Column.Text
	}
	return ""
}

// Names are the columns, each once.
func (m Moments) Names() (out []string) {
	for _, w := range m.words() {
		if !slices.Contains(out, w.Text) {
			out = append(out, w.Text)
		}
	}
	return out
}

// MomentsElsewhere are the names of the table's moments that stand in another table, or seem to: `orders.bought`.
func (t *Table) MomentsElsewhere() (out []string) {
	for _, e := range t.Retention {
		for _, name := range e.Is.Names() {
			if strings.Contains(name, ".") && t.Column(name) == nil && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

func (m Moments) words() (out []Word) {
	for _, w := range append([]Word{m.Column}, each(m.Each)...) {
		if w.Text != "" {
			out = append(out, w)
		}
	}
	return out
}

func each(entries policy.Entries[Word]) (out []Word) {
	for _, e := range entries {
		out = append(out, e.Is)
	}
	return out
}

// ReadsDates reports whether moments can be read in columns of a kind: in such as hold dates, and in
// texts where a system has nothing else and compares them as dates.
func (s *System) ReadsDates(kind connect.Kind) bool {
	switch kind {
	case connect.DateKind, connect.TimeKind:
		return true
	case connect.TextKind:
		k := Kind(s.Kind)
		return k == Files || k == MongoDB || k == HTTP
	}
	return false
}

// checkMoments checks the columns a rule counts from against the events it counts from.
func (b *builder) checkMoments(t *Table, rule *policy.CompiledRetention, m Moments) {
	events := rule.Until.Events()
	for _, e := range m.Each {
		if !slices.Contains(events, e.Key) {
			b.add(t.System, e.Pos, "unknown-event", "the retention rule "+policy.Quote(rule.Name)+" does not count from "+policy.Quote(e.Key), e.Key, eventAdvice(e.Key, events))
		}
	}
	var open []string
	for _, event := range events {
		if _, written := m.Each.Get(event); !written && m.Of(rule.Until, event) == "" {
			open = append(open, event)
		}
	}
	if len(open) > 0 && (m.Column.Text != "" || len(m.Each) > 0) { // what could not be read is told already
		b.warn(t.System, m.Pos, "event-without-column", "the retention rule "+policy.Quote(rule.Name)+" counts from "+list(open)+", and no column of "+policy.Quote(t.Name)+" says when that was", rule.Name,
			"write a column for each event: `"+rule.Name+": {"+open[0]+": …}`; what counts from an event without one never ends here")
	}
	for _, w := range m.words() {
		if e := t.Elsewhere(w.Text); e != nil {
			b.checkElsewhere(t, rule, w, e)
			continue
		}
		if c := t.Column(w.Text); c != nil && c.Type != "" && !t.System.ReadsDates(connect.Kind(c.Type)) {
			b.noDate(t, w, c.Type)
		}
	}
}

func eventAdvice(wrote string, events []string) string {
	if len(events) == 0 {
		return "it counts from no event: write the column alone, or leave it out"
	}
	return policy.DidYouMean(wrote, events)
}

func (b *builder) noDate(t *Table, w Word, is string) {
	b.add(t.System, w.Pos, "no-date", policy.Quote(w.Text)+" of "+policy.Quote(t.Name)+" is "+is+": nothing can count from it", w.Text, "name a column that holds dates")
}

// checkMoments checks that the columns rules count from hold dates.
func (l *live) checkMoments(t *Table, db *connect.Table) {
	for _, e := range t.Retention {
		for _, w := range e.Is.words() {
			if elsewhere := t.Elsewhere(w.Text); elsewhere != nil {
				l.checkElsewhere(w, elsewhere)
				continue
			}
			in := db.Column(w.Text)
			if c := t.Column(w.Text); in == nil || in.Kind == "" || c != nil && c.Type != "" {
				continue // it is missing, or the file says its type, which is judged elsewhere
			}
			if !l.system.ReadsDates(in.Kind) {
				l.noDate(t, w, in.Type)
			}
		}
	}
}
