package datamap

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow/policy"
)

// The bounds of one condition.
const (
	maxCondition = 500 // characters
	maxNesting   = 8   // brackets in brackets
)

// Op is what a part of a condition does.
type Op string

// The operations. Each is translated by the driver of a system; none carries text
// of that system's own language.
const (
	And      Op = "and"
	Or       Op = "or"
	Not      Op = "not"
	Equal    Op = "="
	NotEqual Op = "!="
	Less     Op = "<"
	AtMost   Op = "<="
	More     Op = ">"
	AtLeast  Op = ">="
	In       Op = "in"
	IsEmpty  Op = "is empty" // no value, or an empty text
)

// Condition is a test of one row. The zero Condition holds for every row.
type Condition struct {
	policy.Pos
	Written string // as it stands in the file
	Test    *Test  // nil: always
}

// Test is one operation: on other tests, or on a column and values.
type Test struct {
	Op     Op
	Tests  []*Test // And, Or: two or more; Not: one
	Column string
	Values []Value // In: one or more; IsEmpty: none; the others one
}

// Value is a literal. A text never becomes anything but a text.
type Value struct {
	Kind ValueKind
	Text string // the text, the digits, or `true` and `false`
}

// ValueKind is what a literal is.
type ValueKind uint8

// The kinds of literals.
const (
	TextValue ValueKind = iota
	NumberValue
	BooleanValue
)

// Columns are the columns a condition looks at, each once, in order.
func (c Condition) Columns() []string {
	var out []string
	c.each(func(t *Test) {
		if !slices.Contains(out, t.Column) {
			out = append(out, t.Column)
		}
	})
	return out
}

// each gives every test of a column, in order.
func (c Condition) each(do func(*Test)) {
	var walk func(t *Test)
	walk = func(t *Test) {
		if t == nil {
			return
		}
		if t.Column != "" {
			do(t)
		}
		for _, each := range t.Tests {
			walk(each)
		}
	}
	walk(c.Test)
}

// ReadPart reads a condition.
func (c *Condition) ReadPart(p policy.Part) {
	c.Pos = p.Pos
	text, ok := p.Text("a condition")
	if !ok {
		return
	}
	c.Written = text
	test, err := ParseCondition(text)
	if err != nil {
		p.Report("bad-condition", "this condition cannot be read: "+err.Error(), text,
			"write for instance `kind = 'person' and not closed_at is empty`; there are =, !=, <, <=, >, >=, in (…), is empty, and, or, not and brackets")
		return
	}
	c.Test = test
}

// ParseCondition reads a condition. The error says what was expected where, for a person.
func ParseCondition(text string) (*Test, error) {
	if utf8.RuneCountInString(text) > maxCondition {
		return nil, fmt.Errorf("it is longer than %d characters", maxCondition)
	}
	words, err := conditionWords(text)
	if err != nil {
		return nil, err
	}
	r := &conditionReader{words: words}
	test, err := r.any(0)
	if err != nil {
		return nil, err
	}
	if w := r.peek(); w.kind != endWord {
		return nil, fmt.Errorf("%s stands behind its end", policy.Quote(w.text))
	}
	return test, nil
}

// String writes a test so that ParseCondition reads the same again.
func (t *Test) String() string {
	switch t.Op {
	case And, Or:
		parts := make([]string, len(t.Tests))
		for i, each := range t.Tests {
			parts[i] = each.String()
		}
		return "(" + strings.Join(parts, " "+string(t.Op)+" ") + ")"
	case Not:
		return "not (" + t.Tests[0].String() + ")"
	case IsEmpty:
		return columnText(t.Column) + " is empty"
	}
	values := make([]string, len(t.Values))
	for i, v := range t.Values {
		values[i] = v.String()
	}
	if t.Op == In {
		return columnText(t.Column) + " in (" + strings.Join(values, ", ") + ")"
	}
	return columnText(t.Column) + " " + string(t.Op) + " " + values[0]
}

// String writes a literal.
func (v Value) String() string {
	if v.Kind == TextValue {
		return "'" + strings.ReplaceAll(v.Text, "'", "''") + "'"
	}
	return v.Text
}

func columnText(name string) string {
	if plainColumn(name) && !slices.Contains(reserved, strings.ToLower(name)) {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func plainColumn(name string) bool {
	for i, c := range name {
		if !columnRune(c, i == 0) {
			return false
		}
	}
	return name != ""
}

func columnRune(c rune, first bool) bool {
	if unicode.IsLetter(c) || c == '_' {
		return true
	}
	return !first && (unicode.IsDigit(c) || c == '.' || c == '$')
}

// reserved are the words a column must be put in quotes for.
var reserved = []string{"and", "or", "not", "in", "is", "empty", "true", "false"}
