package saas

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
)

// Literals of SOQL: "SOQL and SOSL Reference", sections "Quoted String Escape
// Sequences" and "Date Formats and Date Literals in WHERE".

// soqlMatch is the condition that a row has one of the tuples, or nearly.
func soqlMatch(by []*column, tuples []connect.Tuple, compare connect.Compare) (any, error) {
	if compare == connect.Phone || compare == connect.Digits {
		return soqlDigits(by[0], tuples), nil
	}
	var out strings.Builder
	if len(by) == 1 {
		out.WriteString(by[0].called() + " IN (")
	} else {
		out.WriteString("(")
	}
	for i, t := range tuples {
		if i > 0 {
			out.WriteString([]string{", ", " OR "}[min(len(by)-1, 1)])
		}
		if err := soqlTuple(&out, by, t); err != nil {
			return nil, err
		}
	}
	out.WriteString(")")
	return written(out.String()), nil
}

func soqlTuple(out *strings.Builder, by []*column, t connect.Tuple) error {
	if len(by) > 1 {
		out.WriteString("(")
	}
	for i, c := range by {
		literal, err := soqlLiteral(c.kind, t[i])
		if err != nil {
			return err
		}
		if i > 0 {
			out.WriteString(" AND ")
		}
		if len(by) > 1 {
			out.WriteString(c.called() + " = ")
		}
		out.WriteString(literal)
	}
	if len(by) > 1 {
		out.WriteString(")")
	}
	return nil
}

// soqlLiteral is a value as a literal: texts in quotes, the others as they are. What is
// written bare is made of a type that has no other characters.
func soqlLiteral(kind connect.Kind, v any) (string, error) {
	typed, err := as(kind, v)
	if err != nil {
		return "", err
	}
	switch typed := typed.(type) {
	case bool, int64, float64, connect.Decimal, connect.Date:
		return connect.Text(typed), nil
	case time.Time:
		return typed.UTC().Format("2006-01-02T15:04:05.000Z"), nil
	}
	return soqlText(connect.Text(typed))
}

func soqlText(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", unfit("bytes that are no text")
	}
	var out strings.Builder
	out.WriteByte('\'')
	for _, c := range s {
		switch c {
		case '\'', '\\', '"':
			out.WriteByte('\\')
			out.WriteRune(c)
		case '\n':
			out.WriteString(`\n`)
		case '\r':
			out.WriteString(`\r`)
		case '\t':
			out.WriteString(`\t`)
		case '\f':
			out.WriteString(`\f`)
		default:
			if control(c) {
				return "", unfit("a control character")
			}
			out.WriteRune(c)
		}
	}
	out.WriteByte('\'')
	return out.String(), nil
}

// telling is how many digits of a number are looked for, from its end: what stands
// before is written in several ways or not at all.
const telling = 9

// soqlDigits is the condition that a text has the digits, whatever stands between them.
func soqlDigits(by *column, tuples []connect.Tuple) any {
	var out strings.Builder
	out.WriteByte('(')
	for i, t := range tuples {
		if i > 0 {
			out.WriteString(" OR ")
		}
		found := onlyDigits(connect.Text(t[0]))
		out.WriteString(by.called() + " LIKE '%" + strings.Join(strings.Split(found[max(0, len(found)-telling):], ""), "%") + "%'")
	}
	out.WriteByte(')')
	return written(out.String())
}

func onlyDigits(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}
