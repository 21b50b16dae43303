package saas

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// template is a text of a description with places for values. It is taken apart once,
// when the description is read; afterwards a value is written into a place and nothing
// reads the whole again, so that no value becomes part of the text's structure.
type template struct {
	parts []part
}

// part is a literal, or the place of a value.
type part struct {
	literal string
	name    string // `value`, `key.Id`, `match|soql`
}

// readTemplate takes a text apart. A brace that opens no place is written twice.
func readTemplate(text string) (*template, string) {
	t := &template{}
	var literal strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case (c == '{' || c == '}') && i+1 < len(text) && text[i+1] == c:
			literal.WriteByte(c)
			i++
		case c == '}':
			return nil, "a `}` closes nothing; write `}}` for the character itself"
		case c == '{':
			name, _, ok := strings.Cut(text[i+1:], "}")
			if !ok || !placeName(name) {
				return nil, "a `{` opens no place; write for instance `{value}`, or `{{` for the character itself"
			}
			t.parts = append(t.parts, part{literal: literal.String()}, part{name: name})
			literal.Reset()
			i += len(name) + 1
		default:
			literal.WriteByte(c)
		}
	}
	t.parts = append(t.parts, part{literal: literal.String()})
	return t, ""
}

func placeName(s string) bool {
	if s == "" || len(s) > 200 {
		return false
	}
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_.-|", c)) {
			return false
		}
	}
	return true
}

// places lists the names of the places.
func (t *template) places() []string {
	var out []string
	for _, p := range t.parts {
		if p.name != "" {
			out = append(out, p.name)
		}
	}
	return out
}

// whole is the name of the only place of a template without literals; else "".
func (t *template) whole() string {
	name := ""
	for _, p := range t.parts {
		if p.literal != "" || p.name != "" && name != "" {
			return ""
		}
		if p.name != "" {
			name = p.name
		}
	}
	return name
}

// encoding is where a value is written.
type encoding uint8

const (
	inPath   encoding = iota // one segment of a path, or a part of one
	inText                   // a text that is encoded whole afterwards
	inHeader                 // a header
)

// written is a text that stands as it is: a literal of a query language, or a
// placeholder that people read.
type written string

// text writes the values into their places.
func (t *template) text(s *scope, how encoding) (string, error) {
	var out strings.Builder
	for _, p := range t.parts {
		if p.name == "" {
			out.WriteString(p.literal)
			continue
		}
		v, err := s.value(p.name)
		if err != nil {
			return "", err
		}
		text, err := encode(v, how)
		if err != nil {
			return "", err
		}
		out.WriteString(text)
	}
	return out.String(), nil
}

func encode(v any, how encoding) (string, error) {
	switch v := v.(type) {
	case written:
		return string(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, each := range v {
			text, err := encode(each, how)
			if err != nil {
				return "", err
			}
			if _, shown := each.(written); !shown && strings.Contains(plain(each), ",") {
				return "", unfit("a comma")
			}
			parts[i] = text
		}
		return strings.Join(parts, ","), nil
	}
	text := plain(v)
	switch {
	case !utf8.ValidString(text):
		return "", unfit("bytes that are no text")
	case how != inText && strings.ContainsFunc(text, control):
		return "", unfit("a control character")
	case how == inPath && (text == "" || text == "." || text == ".."):
		return "", unfit("nothing, or only dots,")
	case how == inPath:
		return url.PathEscape(text), nil
	}
	return text, nil
}

func control(c rune) bool { return c < ' ' || c == 0x7f }

// unfitError marks a value that a place cannot hold, so that no row can have it.
type unfitError struct{ what string }

func unfit(what string) error { return &unfitError{what} }

func (e *unfitError) Error() string {
	return "a value with " + e.what + " cannot be asked of this service"
}

// plain is a JSON value as a text.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case written:
		return string(v)
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return connect.Text(v)
}

// scope is what the places of one request stand for.
type scope struct {
	table       *table
	columns     []*column // that are asked for
	by          []*column // by which rows are found
	tuples      []connect.Tuple
	compare     connect.Compare
	small       bool
	rows        []change
	value1      any // of the one element that is written
	row1        *change
	empty       any
	credentials credentials
	field       string
	people      bool // values are not shown: names stand in their places
}

// change is one row that is changed.
type change struct {
	key []any          // as JSON
	set map[string]any // as JSON, parts in each other
}

// value is what a place stands for, as JSON.
func (s *scope) value(name string) (any, error) {
	first, rest, _ := strings.Cut(name, ".")
	if s.people {
		if v := s.shown(name); v != nil {
			return v, nil
		}
	}
	switch first {
	case "table":
		return s.table.name, nil
	case "name":
		return s.field, nil
	case "columns":
		return s.asked(), nil
	case "by":
		return s.by[0].called(), nil
	case "value":
		return s.value1, nil
	case "values":
		return s.values()
	case "match|soql":
		return soqlMatch(s.by, s.tuples, s.compare)
	case "key":
		return s.keyPart(s.row1, rest), nil
	case "keys":
		out := make([]any, len(s.rows))
		for i := range s.rows {
			out[i] = s.keyPart(&s.rows[i], rest)
		}
		return out, nil
	case "changes":
		return s.row1.set, nil
	case "credential":
		return s.credentials.get(rest), nil
	}
	return nil, avow.Errorf(avow.Internal, "a place %q was not checked", name)
}

// shown is what stands for a value where people read; nil when the value itself may.
func (s *scope) shown(name string) any {
	switch first, rest, _ := strings.Cut(name, "."); first {
	case "key", "keys":
		if rest == "" {
			rest = s.table.key[0]
		}
		if first == "keys" {
			rest += ", …"
		}
		return written("{" + rest + "}")
	case "changes":
		return s.row1.set
	case "credential":
		return written("{…}")
	}
	return nil
}

// asked is what the columns are called that are asked for and do not come anyway.
func (s *scope) asked() []any {
	out := []any{}
	for _, c := range s.columns {
		if !c.always {
			out = append(out, c.called())
		}
	}
	return out
}

func (c *column) called() string { return strings.Join(c.as, ".") }

func (s *scope) values() (any, error) {
	out := make([]any, len(s.tuples))
	for i, t := range s.tuples {
		v, err := toJSON(s.by[0], t[0], s.empty)
		if err != nil {
			return nil, err
		}
		if text, ok := v.(string); ok && s.small {
			v = strings.ToLower(text)
		}
		out[i] = v
	}
	return out, nil
}

func (s *scope) keyPart(row *change, name string) any {
	for i, k := range s.table.key {
		if k == name || name == "" && i == 0 {
			return row.key[i]
		}
	}
	return nil
}
