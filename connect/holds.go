package connect

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Holds judges a condition by the values of one row, for systems that cannot judge it
// themselves. A nil condition holds.
func (c *Cond) Holds(value func(column string) any) bool {
	return c == nil || c.judge(value) == yes
}

// truth has three values: a comparison with nothing is neither true nor false, and
// neither is its Not.
type truth int8

const (
	no truth = iota - 1
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (c *Cond) judge(value func(string) any) truth {
	switch c.Op {
	case And:
		out := yes
		for i := range c.Of {
			out = min(out, c.Of[i].judge(value))
		}
		return out
	case Or:
		out := no
		for i := range c.Of {
			out = max(out, c.Of[i].judge(value))
		}
		return out
	case Not:
		return -c.Of[0].judge(value)
	}
	v := value(c.Column)
	empty := Text(v) == ""
	if c.Op == IsEmpty {
		return truthOf(empty)
	}
	if empty || c.noMoment(v) {
		return unknown
	}
	return truthOf(c.compare(v))
}

// noMoment reports whether a row's value is compared with a moment and is none, as
// `01/02/2020`: as a text it would be before or after any other, and mean nothing by it.
func (c *Cond) noMoment(v any) bool {
	for _, each := range c.Values {
		if _, date := each.(Date); date || isTime(each) {
			_, ok := moment(v)
			return !ok
		}
	}
	return false
}

func (c *Cond) compare(v any) bool {
	if c.Op == OneOf {
		for _, each := range c.Values {
			if Order(v, each) == 0 {
				return true
			}
		}
		return false
	}
	order := Order(v, c.Values[0])
	switch c.Op {
	case Equal:
		return order == 0
	case NotEqual:
		return order != 0
	case Less:
		return order < 0
	case AtMost:
		return order <= 0
	case More:
		return order > 0
	case AtLeast:
		return order >= 0
	}
	return false
}

// Order compares the value of a row with another: -1, 0 or 1. Numbers compare as
// numbers and moments as moments, also when one of them is written as a text; all else
// as texts, byte by byte.
func Order(a, b any) int {
	if isNumber(a) || isNumber(b) {
		x, ok := number(a)
		y, ok2 := number(b)
		if ok && ok2 {
			return x.Cmp(y)
		}
	}
	if isTime(a) || isTime(b) {
		x, ok := moment(a)
		y, ok2 := moment(b)
		if ok && ok2 {
			return x.Compare(y)
		}
	}
	return cmp.Compare(Text(a), Text(b))
}

func isNumber(v any) bool {
	switch v.(type) {
	case int64, float64, Decimal:
		return true
	}
	return false
}

func number(v any) (*big.Rat, bool) {
	text := Text(v)
	if len(text) > 400 || strings.ContainsAny(text, "eE/_xXpP") {
		return nil, false // an exponent could ask for all memory
	}
	return new(big.Rat).SetString(text)
}

func isTime(v any) bool {
	_, ok := v.(time.Time)
	return ok
}

func moment(v any) (time.Time, bool) {
	if t, ok := v.(time.Time); ok {
		return t, true
	}
	return ParseTime(Text(v))
}

// momentLayouts are how a moment is written, with or without its zone, which is UTC then.
var momentLayouts = [...]string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999 -0700 MST",
	"2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
}

// ParseTime reads a moment as databases and files write it; without a zone it is in UTC.
func ParseTime(text string) (time.Time, bool) {
	if len(text) < len(time.DateOnly) || len(text) > 64 {
		return time.Time{}, false
	}
	for _, layout := range momentLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// Stands reports whether what is in a column is what was to be put there. Nothing and an
// empty text are the same; some databases fill a text up with blanks.
func Stands(is, want any) bool {
	if list, ok := is.([]any); ok {
		return !slices.ContainsFunc(list, func(v any) bool { return !Stands(v, want) })
	}
	a, b := Text(is), Text(want)
	return a == b || a != "" && b != "" && (strings.TrimRight(a, " ") == b || Order(is, want) == 0)
}
