package datamap

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow/policy"
)

type wordKind uint8

const (
	endWord wordKind = iota
	nameWord
	quotedName
	textWord
	numberWord
	signWord
)

type conditionWord struct {
	kind wordKind
	text string
}

// conditionWords cuts a condition into its words.
func conditionWords(text string) ([]conditionWord, error) {
	var out []conditionWord
	rest := text
	for {
		rest = strings.TrimLeft(rest, " \n")
		if rest == "" {
			return out, nil
		}
		w, size, err := oneWord(rest)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
		rest = rest[size:]
	}
}

func oneWord(rest string) (conditionWord, int, error) {
	first, _ := utf8.DecodeRuneInString(rest)
	switch {
	case first == '\'':
		return quotedWord(rest, '\'', textWord)
	case first == '"':
		return quotedWord(rest, '"', quotedName)
	case columnRune(first, true):
		size := prefix(rest, func(c rune, i int) bool { return columnRune(c, i == 0) })
		return conditionWord{nameWord, rest[:size]}, size, nil
	case first == '-' || (first >= '0' && first <= '9'):
		size := prefix(rest, func(c rune, i int) bool { return c >= '0' && c <= '9' || c == '.' && i > 0 || c == '-' && i == 0 })
		if !isNumber(rest[:size]) {
			return conditionWord{}, 0, fmt.Errorf("%s is not a number", policy.Quote(rest[:size]))
		}
		return conditionWord{numberWord, rest[:size]}, size, nil
	}
	for _, sign := range []string{"!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","} {
		if strings.HasPrefix(rest, sign) {
			return conditionWord{signWord, sign}, len(sign), nil
		}
	}
	return conditionWord{}, 0, fmt.Errorf("%s means nothing here", policy.Quote(string(first)))
}

func prefix(s string, fits func(c rune, i int) bool) int {
	for i, c := range s {
		if !fits(c, i) {
			return i
		}
	}
	return len(s)
}

func isNumber(s string) bool {
	whole, fraction, dotted := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return whole != "" && len(s) <= 30 && !strings.Contains(fraction, ".") && (!dotted || fraction != "")
}

// quotedWord reads what stands in quotes; two of them stand for one.
func quotedWord(rest string, quote byte, kind wordKind) (conditionWord, int, error) {
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		if rest[i] != quote {
			b.WriteByte(rest[i])
			continue
		}
		if i+1 < len(rest) && rest[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		if kind == quotedName && b.Len() == 0 {
			return conditionWord{}, 0, fmt.Errorf("the name of a column is empty")
		}
		return conditionWord{kind, b.String()}, i + 1, nil
	}
	return conditionWord{}, 0, fmt.Errorf("a quote is never closed")
}

type conditionReader struct {
	words []conditionWord
	next  int
}

func (r *conditionReader) peek() conditionWord {
	if r.next == len(r.words) {
		return conditionWord{}
	}
	return r.words[r.next]
}

// is takes a word or sign if it comes next.
func (r *conditionReader) is(kind wordKind, text string) bool {
	if w := r.peek(); w.kind != kind || !strings.EqualFold(w.text, text) {
		return false
	}
	r.next++
	return true
}

func (r *conditionReader) any(depth int) (*Test, error) { return r.several(depth, Or, r.all) }

func (r *conditionReader) all(depth int) (*Test, error) { return r.several(depth, And, r.one) }

func (r *conditionReader) several(depth int, op Op, part func(int) (*Test, error)) (*Test, error) {
	var tests []*Test
	for {
		t, err := part(depth)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
		if !r.is(nameWord, string(op)) {
			break
		}
	}
	if len(tests) == 1 {
		return tests[0], nil
	}
	return &Test{Op: op, Tests: tests}, nil
}

func (r *conditionReader) one(depth int) (*Test, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("there are more than %d brackets in brackets", maxNesting)
	}
	if r.is(nameWord, "not") {
		t, err := r.one(depth + 1)
		return &Test{Op: Not, Tests: []*Test{t}}, err
	}
	if !r.is(signWord, "(") {
		return r.comparison()
	}
	t, err := r.any(depth + 1)
	if err == nil && !r.is(signWord, ")") {
		err = fmt.Errorf("a bracket is never closed")
	}
	return t, err
}

func (r *conditionReader) comparison() (*Test, error) {
	w := r.peek()
	if w.kind != quotedName && (w.kind != nameWord || slices.Contains(reserved, strings.ToLower(w.text))) {
		return nil, fmt.Errorf("a column is expected %s", where(w))
	}
	r.next++
	t := &Test{Column: w.text}
	switch {
	case r.is(nameWord, "is"):
		return r.emptiness(t)
	case r.is(nameWord, "in"):
		return r.oneOf(t)
	}
	op := r.peek()
	if op.kind != signWord || strings.ContainsAny(op.text, "(),") {
		return nil, fmt.Errorf("a comparison is expected %s", where(op))
	}
	r.next++
	t.Op = Op(strings.Replace(op.text, "<>", "!=", 1))
	v, err := r.value()
	t.Values = []Value{v}
	return t, err
}

func (r *conditionReader) emptiness(t *Test) (*Test, error) {
	t.Op = IsEmpty
	negated := r.is(nameWord, "not")
	if !r.is(nameWord, "empty") {
		return nil, fmt.Errorf("`empty` is expected %s", where(r.peek()))
	}
	if negated {
		return &Test{Op: Not, Tests: []*Test{t}}, nil
	}
	return t, nil
}

func (r *conditionReader) oneOf(t *Test) (*Test, error) {
	t.Op = In
	if !r.is(signWord, "(") {
		return nil, fmt.Errorf("`(` is expected %s", where(r.peek()))
	}
	for {
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		t.Values = append(t.Values, v)
		if r.is(signWord, ")") {
			return t, nil
		}
		if !r.is(signWord, ",") {
			return nil, fmt.Errorf("`,` or `)` is expected %s", where(r.peek()))
		}
	}
}

func (r *conditionReader) value() (Value, error) {
	w := r.peek()
	r.next = min(r.next+1, len(r.words))
	switch {
	case w.kind == textWord && w.text == "":
		return Value{}, fmt.Errorf("nothing is compared with an empty text; write `is empty`")
	case w.kind == textWord:
		return Value{TextValue, w.text}, nil
	case w.kind == numberWord:
		return Value{NumberValue, w.text}, nil
	case w.kind == nameWord && (strings.EqualFold(w.text, "true") || strings.EqualFold(w.text, "false")):
		return Value{BooleanValue, strings.ToLower(w.text)}, nil
	}
	return Value{}, fmt.Errorf("a value is expected %s; a text stands in single quotes", where(w))
}

func where(w conditionWord) string {
	if w.kind == endWord {
		return "at its end"
	}
	return "where " + policy.Quote(w.text) + " stands"
}
