package plan

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// Entry is one line of a plan for people and scripts: what becomes of some columns of
// the rows of a table. It holds no value of anybody; with its rows, it names them.
type Entry struct {
	System  string         `json:"system"`
	Table   string         `json:"table"`
	Key     map[string]any `json:"key,omitzero"` // of a row, when rows are asked for; empty where nothing names one
	Columns []string       `json:"columns"`
	Action  Action         `json:"action"`
	How     string         `json:"how,omitempty"` // mask: the way
	Reason  string         `json:"reason"`
	Until   string         `json:"until,omitempty"` // keep: a day, of several rows the latest, or what ends it
	Refused string         `json:"refused,omitempty"`
	Instead string         `json:"instead,omitempty"`
	Rows    int            `json:"rows"`
}

// Entries lists the plan for each table, or for each row. The order is the same whatever
// the database: by system as they are run, then table, key, action, columns.
func (p *Plan) Entries(eachRow bool) []Entry {
	out := []Entry{}
	for _, s := range p.Systems {
		out = append(out, s.entries(eachRow)...)
	}
	return out
}

// MarshalJSON is Entries for each table.
func (p *Plan) MarshalJSON() ([]byte, error) { return json.Marshal(p.Entries(false)) }

func (p *SystemPlan) entries(eachRow bool) []Entry {
	if p.Away != "" {
		e := Entry{System: p.System, Columns: []string{}, Action: Read, Reason: "nothing is known of it: it could not be looked into", Refused: p.Away, Instead: "the system waits"}
		if eachRow {
			e.Key = map[string]any{}
		}
		return []Entry{e}
	}
	var out []Entry
	for _, g := range p.Groups {
		if g.silent {
			continue
		}
		for i := range g.Lines {
			out = p.entry(out, g, &g.Lines[i], eachRow)
		}
	}
	slices.SortStableFunc(out, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), compareKeys(a.Key, b.Key), cmp.Compare(a.Action, b.Action),
			cmp.Compare(a.How, b.How), slices.Compare(a.Columns, b.Columns), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Refused, b.Refused), cmp.Compare(a.Until, b.Until))
	})
	return out
}

func (p *SystemPlan) entry(out []Entry, g *Group, l *Line, eachRow bool) []Entry {
	e := Entry{System: p.System, Table: g.Table, Columns: l.Columns, Action: l.Action, How: l.How, Reason: cmp.Or(l.Reason, g.because, l.Refused), Until: l.Until, Refused: l.Refused, Instead: l.Instead, Rows: g.Rows}
	if e.Columns == nil {
		e.Columns = []string{}
	}
	if !eachRow || g.keys.n == 0 {
		if day := latest(l.days); day != 0 {
			e.Until = dayText(day)
		}
		if eachRow {
			e.Key = map[string]any{}
			return append(out, e)
		}
		return joined(out, e)
	}
	row := 0
	g.keys.each(func(t connect.Tuple) {
		one := e
		one.Rows, one.Key = 1, map[string]any{}
		for i, name := range g.Key {
			one.Key[name] = t[i]
		}
		if row < len(l.days) && l.days[row] != 0 {
			one.Until = dayText(l.days[row])
		}
		out = append(out, one)
		row++
	})
	return out
}

func latest(days []int32) int32 {
	if len(days) == 0 {
		return 0
	}
	return slices.Max(days)
}

// joined adds an entry to those before it of which it says the same.
func joined(out []Entry, e Entry) []Entry {
	for i := range out {
		o := &out[i]
		same := o.Key == nil && o.Table == e.Table && o.Action == e.Action && o.How == e.How && o.Reason == e.Reason && o.Refused == e.Refused && o.Instead == e.Instead && slices.Equal(o.Columns, e.Columns)
		if same && (o.Until == e.Until || isDay(o.Until) && isDay(e.Until)) {
			o.Rows, o.Until = o.Rows+e.Rows, max(o.Until, e.Until)
			return out
		}
	}
	return append(out, e)
}

func isDay(s string) bool {
	return len(s) == len("2006-01-02") && s[4] == '-' && s[7] == '-' && !strings.Contains(s, " ")
}

func compareKeys(a, b map[string]any) int {
	if a == nil || b == nil {
		return cmp.Compare(len(a), len(b))
	}
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if c := connect.Order(a[name], b[name]); c != 0 {
			return c
		}
	}
	return 0
}

// Total is what a certificate says of one table: counts and names, no value of anybody.
type Total struct {
	System  string   `json:"system"`
	Table   string   `json:"table,omitempty"`
	Action  Action   `json:"action"`
	Columns []string `json:"columns"`
	Rows    int      `json:"rows"`
	Partial bool     `json:"partial,omitempty"` // something else than what was asked for
}

// Summary is the plan in totals by system, table and action, in the order of Entries.
func (p *Plan) Summary() []Total {
	var out []Total
	for _, e := range p.Entries(false) {
		out = addTotal(out, e)
	}
	return out
}

func addTotal(out []Total, e Entry) []Total {
	for i := range out {
		t := &out[i]
		if t.System != e.System || t.Table != e.Table || t.Action != e.Action || !slices.Equal(t.Columns, e.Columns) {
			continue
		}
		t.Rows, t.Partial = t.Rows+e.Rows, t.Partial || e.Refused != ""
		return out
	}
	return append(out, Total{e.System, e.Table, e.Action, e.Columns, e.Rows, e.Refused != ""})
}

// Partial reports whether something that was asked for cannot be done, or waits.
func (p *Plan) Partial() bool {
	return slices.ContainsFunc(p.Entries(false), func(e Entry) bool { return e.Refused != "" })
}
