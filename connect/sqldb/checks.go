package sqldb

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/avowhq/avow/connect"
)

// rule is a Check with the condition that can be asked of rows, as the database has it.
type rule struct {
	connect.Check
	expr  string
	words []string // the texts and numbers that stand in it
}

// longestRule bounds what of a rule is shown to people, in bytes.
const longestRule = 300

// said is a rule's text for people.
func said(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > longestRule {
		text = strings.ToValidUTF8(text[:longestRule], "") + "…"
	}
	return text
}

// addRule adds a rule to a table, and says so where it stands on what the database
// computes from other columns: that is not known before the change.
func (t *table) addRule(r rule) {
	for _, name := range r.Columns {
		if c := t.column(name); c != nil && c.Generated {
			r.Unsure = "it speaks of " + name + ", which the database computes"
		}
	}
	if r.Name == "" {
		r.Name = "CHECK (" + r.Text + ")"
	}
	t.rules = append(t.rules, r)
}

// cutRules adds the rules that stand in the statement that made the table.
func (t *table) cutRules(l lexer) {
	cuts, err := l.checks()
	if err != nil {
		if strings.Contains(strings.ToLower(l.text), "check") {
			t.addRule(rule{Check: connect.Check{Name: "CHECK", Unsure: "the statement that made the table cannot be read here: " + err.Error()}})
		}
		return
	}
	for _, c := range cuts {
		columns, words := lexer{c.expr, l.mysql}.speaksOf(t.columns)
		t.addRule(rule{Check: connect.Check{Name: c.name, Columns: columns, Text: said(c.expr)}, expr: c.expr, words: words})
	}
}

// listed are the rules of a table as they are told.
func (t *table) listed() []connect.Check {
	var out []connect.Check
	for _, r := range t.rules {
		out = append(out, r.Check)
	}
	return out
}

// enumerate notes all that a column takes.
func (c *column) enumerate(members []string) {
	c.Strict, c.Takes = true, members
	if word, ok := connect.Neutral(members); ok {
		c.blank(word)
	}
}

var precision = regexp.MustCompile(`(?i)^(?:decimal|numeric|dec|fixed|number)\((\d+)(?:,\s*(-?\d+))?\)`)

// digits bounds a column of numbers by what its type says of its digits.
func (c *column) digits(kind string) {
	m := precision.FindStringSubmatch(kind)
	if m == nil {
		return
	}
	whole, _ := strconv.Atoi(m[1])
	if m[2] != "" {
		part, _ := strconv.Atoi(m[2])
		whole -= part
	}
	if whole >= 10 {
		return
	}
	most := int64(1)
	for range max(whole, 0) {
		most *= 10
	}
	c.Range = &connect.Range{Least: 1 - most, Most: most - 1}
}

func (c *column) blank(text string) { c.Blank = &text }
