package draft

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// Live is a system as it is now. Without Rows names and types decide alone.
type Live struct {
	Schema *connect.Schema
	Rows   Reader
	Sample int // rows read of each table; 0: 200
}

// Change is what a difference between a map and a system is.
type Change string

// The differences.
const (
	Undeclared Change = "undeclared column" // about people, and the map says nothing of it
	NewTable   Change = "new table"         // the map says nothing of it
	GoneColumn Change = "gone column"       // the map has it, the system does not
	GoneTable  Change = "gone table"
	Dismissed  Change = "personal column in a table said to have none"
	Doubtful   Change = "doubtful column" // it may be about people
	Unreadable Change = "unread table"    // judged by names and types alone
	// UndeclaredKey is one inside a document that the map has, whose name speaks of other data than the map does.
	UndeclaredKey Change = "undeclared key"
)

// Difference is one of them.
type Difference struct {
	System string   `json:"system"`
	Table  string   `json:"table"`
	Column string   `json:"column,omitempty"`
	Change Change   `json:"change"`
	What   Sort     `json:"what,omitempty"`
	Sure   Sureness `json:"sure,omitempty"`
	Why    []string `json:"why,omitempty"`
	Fails  bool     `json:"fails"` // the map has to be changed
}

// Report is how systems differ from their map. Its JSON has no value of anybody.
type Report struct {
	Fails       bool         `json:"fails"` // one of the differences does
	Differences []Difference `json:"differences"`
	Unseen      []string     `json:"unseen"` // systems of the map that were not looked at
}

// Drift compares a map with its systems as they are: system → schema and rows. The
// same judgement as Draft's decides what is about people. Fails is set when a certain or
// likely column is declared nowhere, and when something that the map names is gone.
func Drift(ctx context.Context, m *datamap.Map, systems map[string]Live) (*Report, error) {
	r := &Report{Differences: []Difference{}, Unseen: []string{}}
	for _, s := range m.Systems {
		now, ok := systems[s.Name.Text]
		if !ok || now.Schema == nil {
			if datamap.Kind(s.Kind) != datamap.Manual {
				r.Unseen = append(r.Unseen, s.Name.Text)
			}
			continue
		}
		j, err := judge(ctx, now.Schema, now.Rows, now.Sample)
		if err != nil {
			return nil, err
		}
		c := &comparison{report: r, policy: m.Policy, system: s, j: j}
		c.compare()
	}
	r.Fails = slices.ContainsFunc(r.Differences, func(d Difference) bool { return d.Fails })
	return r, nil
}

// comparison is of one system.
type comparison struct {
	report *Report
	policy *policy.Policy
	system *datamap.System
	j      *judgement
}

func (c *comparison) add(d Difference) {
	d.System = c.system.Name.Text
	c.report.Differences = append(c.report.Differences, d)
}

func (c *comparison) compare() {
	for _, t := range c.j.tables {
		mapped := c.mapped(t)
		switch {
		case mapped != nil:
			c.columns(t, mapped)
			c.keys(t, mapped)
			c.unread(t)
		case t.View:
		case c.dismissed(t):
			c.personal(t, Certain, Dismissed, false)
		default:
			c.unknown(t)
			c.unread(t)
		}
	}
	for _, t := range c.system.All() {
		c.gone(t, c.moments(t))
	}
}

func (c *comparison) unread(t *table) {
	if t.unread != "" {
		c.add(Difference{Table: t.Name, Change: Unreadable, Why: []string{t.unread}})
	}
}

// mapped is the map's table, which may be written with its schema or without.
func (c *comparison) mapped(t *table) *datamap.Table {
	for _, m := range c.system.All() {
		if c.live(m) == t {
			return m
		}
	}
	return nil
}

func (c *comparison) live(m *datamap.Table) *table {
	if t := c.j.table(m.Qualified()); t != nil || c.system.Schema.Text != "" {
		return t
	}
	return c.j.table(m.Name)
}

func (c *comparison) dismissed(t *table) bool {
	return slices.ContainsFunc(c.system.NotPersonal, func(w datamap.Word) bool { return c.j.table(w.Text) == t })
}

// columns finds what is about people in a mapped table and declared nowhere.
func (c *comparison) columns(t *table, m *datamap.Table) {
	for _, col := range t.columns {
		f := col.finding
		switch {
		case f.Sure == Not || declared(m, col.Name):
		case f.Sure == Unsure:
			c.add(Difference{Table: t.Name, Column: col.Name, Change: Doubtful, What: f.What, Sure: f.Sure, Why: f.Why})
		default:
			c.add(Difference{Table: t.Name, Column: col.Name, Change: Undeclared, What: f.What, Sure: f.Sure, Why: f.Why, Fails: true})
		}
	}
}

// declared reports whether a map says anything of a column, or of a field inside it.
func declared(m *datamap.Table, column string) bool {
	inside := func(name string) bool {
		return name == column || !m.System.Relational() && (strings.HasPrefix(name, column+".") || strings.HasPrefix(name, column+"[]") || strings.HasPrefix(column, name+"."))
	}
	for i := range m.Columns {
		if inside(m.Columns[i].Key) {
			return true
		}
	}
	for i := range m.Identities {
		if inside(m.Identities[i].Key) {
			return true
		}
	}
	for i := range m.References {
		if slices.Contains(m.References[i].Is.Here, column) {
			return true
		}
	}
	return slices.ContainsFunc(m.FreeText, func(w datamap.Word) bool { return inside(w.Text) }) || slices.Contains(m.KeyColumns(), column) || m.Restriction.Column.Text == column || m.Marks(column)
}

// personal lists the columns of a table that are at least so sure.
func (c *comparison) personal(t *table, least Sureness, change Change, fails bool) int {
	n := 0
	for _, col := range t.columns {
		if f := col.finding; f.Sure >= least {
			n++
			c.add(Difference{Table: t.Name, Column: col.Name, Change: change, What: f.What, Sure: f.Sure, Why: f.Why, Fails: fails})
		}
	}
	return n
}

// unknown tells of a table the map does not know: it fails when it is about people.
func (c *comparison) unknown(t *table) {
	c.add(Difference{Table: t.Name, Change: NewTable, Why: []string{"it stands neither among the tables nor under `not-personal`"}})
	at := len(c.report.Differences) - 1
	c.report.Differences[at].Fails = c.personal(t, Likely, Undeclared, true) > 0
	for _, col := range t.columns {
		if f := col.finding; f.Sure == Unsure {
			c.add(Difference{Table: t.Name, Column: col.Name, Change: Doubtful, What: f.What, Sure: f.Sure, Why: f.Why})
		}
	}
}

// gone finds what the map names and the system no longer has, but for what was said already.
func (c *comparison) gone(m *datamap.Table, said []string) {
	t := c.live(m)
	if t == nil {
		c.add(Difference{Table: m.Name, Change: GoneTable, Why: c.hidden(), Fails: true})
		return
	}
	if c.system.Relational() {
		for _, name := range m.Names() {
			if t.Column(name) != nil || slices.Contains(said, name) {
				continue
			}
			why := c.hidden()
			if in := t.Column(outer(name)); in != nil {
				why = []string{"`" + in.Name + "` is one value, and is mapped whole"}
			}
			c.add(Difference{Table: m.Name, Column: name, Change: GoneColumn, Why: why, Fails: true})
		}
		return
	}
	for i := range m.Columns {
		name := m.Columns[i].Key
		if t.Column(name) == nil && t.Column(outer(name)) == nil {
			c.add(Difference{Table: m.Name, Column: name, Change: GoneColumn, Fails: true})
		}
	}
}

// moments finds what rules count from that stood in another table and is gone, and gives the names of it.
func (c *comparison) moments(m *datamap.Table) (said []string) {
	for _, name := range m.MomentsElsewhere() {
		from, column := c.elsewhere(m, name)
		if from == nil {
			continue
		}
		why := ""
		switch t := c.live(from); {
		case t == nil:
			why = "the table " + from.Name + " is gone"
		case column != "" && t.Column(column) == nil:
			why = from.Name + " has no column " + column
		default:
			continue
		}
		c.add(Difference{Table: m.Name, Column: name, Change: GoneColumn, Why: append([]string{"a rule of retention counts from it, and " + why}, c.hidden()...), Fails: true})
		said = append(said, name)
	}
	return said
}

// elsewhere is the table in which a moment stands, and its column there; without one while nobody can say how the tables
// refer to each other, because one is gone. Nil when it is none of the system.
func (c *comparison) elsewhere(m *datamap.Table, name string) (*datamap.Table, string) {
	if e := m.Elsewhere(name); e != nil {
		return e.Reference.Table, e.Column
	}
	for _, t := range c.system.All() {
		if t != m && strings.HasPrefix(name, t.Name+".") {
			return t, ""
		}
	}
	return nil, ""
}

// hidden is why something may seem to be gone: MySQL shows only what a login has a grant for.
func (c *comparison) hidden() []string {
	if datamap.Kind(c.system.Kind) == datamap.MySQL {
		return []string{"or this login may not see it"}
	}
	return nil
}

// outer is the column in which a field of a document stands.
func outer(path string) string {
	path, _, _ = strings.Cut(path, ".")
	return strings.TrimSuffix(path, "[]")
}

// Text is the report for people, one difference a line.
func (r *Report) Text() string {
	var b strings.Builder
	for _, d := range r.Differences {
		mark := "note"
		if d.Fails {
			mark = "FAIL"
		}
		fmt.Fprintf(&b, "%s  %s: %s", mark, strings.TrimSuffix(d.System+"."+d.Table+"."+d.Column, "."), d.Change)
		if d.What != "" {
			fmt.Fprintf(&b, ": %s, %s", d.Sure, d.What)
		}
		if len(d.Why) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(d.Why, "; "))
		}
		b.WriteByte('\n')
	}
	for _, name := range r.Unseen {
		fmt.Fprintf(&b, "note  %s: not looked at\n", name)
	}
	return cmp.Or(b.String(), "the map and its systems agree\n")
}
