package mongo

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// How much one command asks for: tuples that are compared exactly; and by how many
// patterns, of how many bytes (MongoDB takes 32 kB). A pattern is held against every
// document: for more values all documents are read once, and looked up here.
const (
	exactBatch   = 2000
	mostPatterns = 100
	patternBytes = 24_000
)

// field is the name of a path to the server, which looks into lists by itself.
func field(column string) string { return strings.ReplaceAll(column, "[]", "") }

func all(filters ...bson.D) bson.D {
	filters = slices.DeleteFunc(filters, func(f bson.D) bool { return len(f) == 0 })
	switch len(filters) {
	case 0:
		return bson.D{}
	case 1:
		return filters[0]
	}
	return bson.D{{Key: "$and", Value: filters}}
}

func either(filters []bson.D) bson.D {
	if len(filters) == 1 {
		return filters[0]
	}
	return bson.D{{Key: "$or", Value: filters}}
}

func is(column, operator string, value any) bson.D {
	return bson.D{{Key: field(column), Value: bson.D{{Key: operator, Value: value}}}}
}

// batch is how many tuples of an In one command asks for.
func batch(in connect.In) int {
	if in.Compare == "" || in.Compare == connect.Exact {
		return exactBatch
	}
	return max(len(in.Tuples), 1)
}

// in finds at least the documents that have one of the tuples: with several columns each
// value on its own is enough.
func (s *source) in(in connect.In, tuples []connect.Tuple) bson.D {
	var out []bson.D
	for i, column := range in.Columns {
		values := make([]any, len(tuples))
		for j, t := range tuples {
			values[j] = t[i]
		}
		if in.Compare == "" || in.Compare == connect.Exact {
			out = append(out, s.oneOf(column, values))
		} else {
			out = append(out, s.alike(column, in.Compare, values))
		}
	}
	return all(out...)
}

func (s *source) oneOf(column string, values []any) bson.D {
	found := bson.A{}
	seen := map[string]bool{}
	for _, v := range values {
		if text := connect.Text(v); !seen[text] {
			seen[text] = true
			found = append(found, s.server.candidates(v)...)
		}
	}
	return is(column, "$in", found)
}

// alike finds texts by a pattern that all ways of writing a value fit, and all numbers
// where a number could be one.
func (s *source) alike(column string, c connect.Compare, values []any) bson.D {
	var patterns []string
	size := 0
	for _, v := range values {
		text, ok := connect.Normal(c, s.config.Region, connect.Text(v))
		if !ok {
			continue
		}
		p := pattern(c, text)
		if p == "" {
			return bson.D{}
		}
		patterns = append(patterns, p)
		size += len(p) + 1
	}
	if len(patterns) > mostPatterns {
		return bson.D{}
	}
	if len(patterns) == 0 {
		return is(column, "$in", bson.A{})
	}
	if size > patternBytes {
		return bson.D{}
	}
	text := is(column, "$regex", bson.Regex{Pattern: enclosed(c, strings.Join(patterns, "|")), Options: "i"})
	if c == connect.Digits || c == connect.Phone {
		return either([]bson.D{text, is(column, "$type", "number")})
	}
	if c == connect.Email {
		return text
	}
	return either([]bson.D{text, s.oneOf(column, values)})
}

func enclosed(c connect.Compare, alternatives string) string {
	switch c {
	case connect.Phone:
		return "(?:" + alternatives + ")"
	case connect.Digits:
		return `^\D*(?:` + alternatives + `)\D*$`
	}
	return `^\s*(?:` + alternatives + `)\s*$`
}

// pattern is what every text that is the same to the comparison fits.
func pattern(c connect.Compare, normal string) string {
	switch c {
	case connect.Digits:
		return strings.Join(strings.Split(normal, ""), `\D*`)
	case connect.Phone:
		number, _, _ := strings.Cut(normal, ";")
		if len(number) < 5 {
			return ""
		}
		return strings.Join(strings.Split(number[max(1, len(number)-6):], ""), `\D*`)
	case connect.Email:
		local, domain, _ := strings.Cut(normal, "@")
		if i := strings.LastIndexByte(normal, '@'); i >= 0 {
			local, domain = normal[:i], normal[i+1:]
		}
		if strings.Contains(domain, "xn--") || !ascii(domain) {
			return letters(local) + "@.+"
		}
		return letters(local) + "@" + letters(domain) + `\.?`
	}
	return letters(normal)
}

// letters quotes a text; a letter that is not ASCII may be written as several.
func letters(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r >= utf8.RuneSelf {
			b.WriteString(".{1,4}")
		} else {
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}

func ascii(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// condition finds at least the documents for which c holds; an empty filter where the
// server would judge otherwise than connect.Cond does.
func (s *source) condition(c *connect.Cond) bson.D {
	if c == nil {
		return bson.D{}
	}
	switch c.Op {
	case connect.And:
		var out []bson.D
		for i := range c.Of {
			out = append(out, s.condition(&c.Of[i]))
		}
		return all(out...)
	case connect.Or:
		var out []bson.D
		for i := range c.Of {
			f := s.condition(&c.Of[i])
			if len(f) == 0 {
				return bson.D{}
			}
			out = append(out, f)
		}
		return either(out)
	case connect.Equal, connect.OneOf:
		return s.equal(c)
	}
	return bson.D{}
}

// equal also finds texts where a number is asked for: `042` is 42 to a condition.
func (s *source) equal(c *connect.Cond) bson.D {
	found := bson.A{}
	texts := false
	for _, v := range c.Values {
		found = append(found, s.server.candidates(v)...)
		text := connect.Text(v)
		if r, ok := new(big.Rat).SetString(text); ok && len(text) <= 40 && !strings.ContainsAny(text, "eExXpP_/") {
			f, _ := r.Float64()
			found = append(found, f)
			texts = true
		}
		if t, ok := connect.ParseTime(text); ok {
			found = append(found, bson.NewDateTimeFromTime(t))
		}
	}
	if texts {
		return either([]bson.D{is(c.Column, "$in", found), is(c.Column, "$type", "string")})
	}
	return is(c.Column, "$in", found)
}
