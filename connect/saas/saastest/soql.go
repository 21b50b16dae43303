package saastest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A reader of the part of SOQL that the tests need, as strict as the real one: "SOQL and
// SOSL Reference", sections "SOQL SELECT Syntax", "Condition Expression Syntax", "Quoted
// String Escape Sequences". What it does not know is MALFORMED_QUERY.

// Query is a query that was read.
type Query struct {
	Fields []string
	Object string
	Where  func(row map[string]any) bool
}

// Error is how a service answers a query that it refuses.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code }

type soqlReader struct {
	words []soqlWord
	types map[string]string
}

type soqlWord struct {
	kind string // name, text, number, date, sign
	text string
}

var soqlBare = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|\d{4}-\d\d-\d\d|-?\d+(?:\.\d+)?)`)

func malformed(format string, args ...any) {
	panic(&Error{"MALFORMED_QUERY", fmt.Sprintf(format, args...)})
}

func soqlWords(q string) (out []soqlWord) {
	for q != "" {
		switch c := q[0]; {
		case c == ' ':
			q = q[1:]
		case c == '\'':
			text, rest := soqlQuoted(q[1:])
			out, q = append(out, soqlWord{"text", text}), rest
		case strings.IndexByte("(),=", c) >= 0:
			out, q = append(out, soqlWord{"sign", string(c)}), q[1:]
		case soqlBare.MatchString(q):
			m := soqlBare.FindString(q)
			out, q = append(out, soqlWord{"bare", m}), q[len(m):]
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n := 1
			for n < len(q) && (q[n] == '_' || q[n] == '.' || q[n] >= '0' && q[n] <= '9' || q[n] >= 'a' && q[n] <= 'z' || q[n] >= 'A' && q[n] <= 'Z') {
				n++
			}
			out, q = append(out, soqlWord{"name", q[:n]}), q[n:]
		default:
			malformed("unexpected token: %q", c)
		}
	}
	return out
}

func soqlQuoted(q string) (string, string) {
	var out strings.Builder
	for i := 0; i < len(q); i++ {
		switch c := q[i]; {
		case c == '\'':
			return out.String(), q[i+1:]
		case c < ' ':
			malformed("line break in a text")
		case c == '\\':
			i++
			if i == len(q) || strings.IndexByte(`nNrRtTfFbB"'\`, q[i]) < 0 {
				malformed("unknown escape")
			}
			out.WriteString(map[byte]string{'n': "\n", 'r': "\r", 't': "\t", 'f': "\f"}[q[i]|0x20])
			if strings.IndexByte(`"'\`, q[i]) >= 0 {
				out.WriteByte(q[i])
			}
		default:
			out.WriteByte(c)
		}
	}
	malformed("a text has no end")
	return "", ""
}

// ReadSOQL reads a query. Types are the fields of an object with their types; nil when there is none.
func ReadSOQL(q string, types func(object string) map[string]string) (out Query, err *Error) {
	defer func() {
		if e, ok := recover().(*Error); ok {
			err = e
		}
	}()
	r := &soqlReader{words: soqlWords(q)}
	r.word("SELECT")
	for {
		out.Fields = append(out.Fields, r.next("name"))
		if !r.is(",") {
			break
		}
	}
	r.word("FROM")
	out.Object = r.next("name")
	if r.types = types(out.Object); r.types == nil {
		panic(&Error{"INVALID_TYPE", "sObject type is not supported"})
	}
	for _, f := range out.Fields {
		r.known(f)
	}
	out.Where = func(map[string]any) bool { return true }
	if len(r.words) > 0 {
		r.word("WHERE")
		out.Where = r.or()
	}
	if len(r.words) > 0 {
		malformed("unexpected token: %s", r.words[0].text)
	}
	return out, nil
}

func (r *soqlReader) known(field string) string {
	typ, ok := r.types[field]
	if !ok {
		panic(&Error{"INVALID_FIELD", "No such column"})
	}
	return typ
}

func (r *soqlReader) next(kind string) string {
	if len(r.words) == 0 || r.words[0].kind != kind {
		malformed("expected a %s", kind)
	}
	text := r.words[0].text
	r.words = r.words[1:]
	return text
}

func (r *soqlReader) is(text string) bool {
	if len(r.words) == 0 || r.words[0].kind == "text" || !strings.EqualFold(r.words[0].text, text) {
		return false
	}
	r.words = r.words[1:]
	return true
}

func (r *soqlReader) word(text string) {
	if !r.is(text) {
		malformed("expected %s", text)
	}
}

func (r *soqlReader) or() func(map[string]any) bool {
	parts := []func(map[string]any) bool{r.part()}
	joined := ""
	for {
		switch {
		case joined != "AND" && r.is("OR"):
			joined = "OR"
		case joined != "OR" && r.is("AND"):
			joined = "AND"
		default:
			return func(row map[string]any) bool {
				for _, p := range parts {
					if p(row) != (joined == "AND") {
						return joined != "AND"
					}
				}
				return joined == "AND"
			}
		}
		parts = append(parts, r.part())
	}
}

func (r *soqlReader) part() func(map[string]any) bool {
	if r.is("(") {
		inner := r.or()
		r.word(")")
		return inner
	}
	field := r.next("name")
	typ := r.known(field)
	switch {
	case r.is("IN"):
		r.word("(")
		var list []string
		for {
			list = append(list, r.literal(typ))
			if !r.is(",") {
				break
			}
		}
		r.word(")")
		set := map[string]bool{}
		for _, each := range list {
			set[strings.ToLower(each)] = true
		}
		return func(row map[string]any) bool {
			if v, ok := row[field].(json.Number); ok || typ == "string" {
				return set[strings.ToLower(fmt.Sprint(row[field]))] && row[field] != nil || ok && set[v.String()]
			}
			for _, each := range list {
				if soqlEqual(field, row[field], each) {
					return true
				}
			}
			return false
		}
	case r.is("LIKE"):
		pattern := regexp.MustCompile("(?is)^" + strings.ReplaceAll(regexp.QuoteMeta(r.next("text")), "%", ".*") + "$")
		return func(row map[string]any) bool { s, ok := row[field].(string); return ok && pattern.MatchString(s) }
	}
	r.word("=")
	want := r.literal(typ)
	return func(row map[string]any) bool { return soqlEqual(field, row[field], want) }
}

// literal reads one literal of a type; another type is INVALID_FIELD, as in "value of
// filter criterion must be of type string and should be enclosed in quotes".
func (r *soqlReader) literal(typ string) string {
	wrong := func() { panic(&Error{"INVALID_FIELD", "value of filter criterion has another type"}) }
	if len(r.words) == 0 {
		malformed("unexpected end")
	}
	w := r.words[0]
	r.words = r.words[1:]
	switch typ {
	case "double", "int", "date", "datetime":
		if w.kind != "bare" {
			wrong()
		}
	case "boolean":
		if w.kind != "name" || w.text != "true" && w.text != "false" {
			wrong()
		}
	default:
		if w.kind != "text" {
			wrong()
		}
	}
	return w.text
}

func soqlEqual(field string, have any, want string) bool {
	switch have := have.(type) {
	case nil:
		return false
	case string:
		if t, err := time.Parse("2006-01-02T15:04:05.000-0700", have); err == nil {
			w, err := time.Parse(time.RFC3339Nano, want)
			return err == nil && t.Equal(w)
		}
		if field == "Id" {
			return have == want
		}
		return strings.EqualFold(have, want)
	case float64:
		w, err := strconv.ParseFloat(want, 64)
		return err == nil && w == have
	}
	return fmt.Sprint(have) == want
}
