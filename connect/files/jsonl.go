package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
)

// deepest bounds how documents stand inside of documents.
const deepest = 200

// jsonScanner reads one document a line. Bytes that are no UTF-8 are read as Windows-1252. A line that is none is an error: a row that
// nobody can read would be silently left out.
type jsonScanner struct {
	in     *lines
	file   string
	fields shape // for columns
}

func (s *jsonScanner) next() (entry, error) {
	line, err := s.in.next()
	if err != nil {
		return entry{}, err
	}
	if len(bytes.TrimSpace(bytes.TrimPrefix(line, byteOrder))) == 0 {
		return entry{raw: line}, nil
	}
	o, err := parse([]byte(decoded(bytes.TrimPrefix(line, byteOrder))))
	if twice, ok := err.(twiceError); ok {
		return entry{}, avow.Errorf(avow.Invalid, "%s:%d:%d: the name that ends here stands twice in one object, so that nobody can say which value counts; leave one", s.file, s.in.n, int64(twice))
	}
	if err != nil {
		return entry{}, avow.Errorf(avow.Invalid, "%s:%d: the line is not a JSON object", s.file, s.in.n)
	}
	return entry{raw: line, row: &jsonRow{s: s, raw: line, object: o, doc: match.Plain(o, leaf).(map[string]any)}}, nil
}

func parse(line []byte) (match.Object, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	v, err := parseValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	o, ok := v.(match.Object)
	if !ok {
		return nil, errors.New("no object")
	}
	return o, nil
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		if depth == deepest {
			return nil, errors.New("too deep")
		}
		return parseObject(d, depth+1)
	case json.Delim('['):
		if depth == deepest {
			return nil, errors.New("too deep")
		}
		list := match.List{}
		for d.More() {
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return token, nil
}

// twiceError is a field that stands twice in one object, by where its second name ends.
type twiceError int64

func (e twiceError) Error() string { return "a field twice" }

func parseObject(d *json.Decoder, depth int) (any, error) {
	o := match.Object{}
	known := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		if known[name.(string)] {
			return nil, twiceError(d.InputOffset())
		}
		known[name.(string)] = true
		v, err := parseValue(d, depth)
		if err != nil {
			return nil, err
		}
		o = append(o, match.Field{Name: name.(string), Value: v})
	}
	_, err := d.Token()
	return o, err
}

// leaf is a value as sources give it.
func leaf(v any) any {
	n, ok := v.(json.Number)
	if !ok {
		return v
	}
	text := n.String()
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	if strings.ContainsAny(text, "eE") {
		f, err := n.Float64()
		if err != nil {
			return text
		}
		return f
	}
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		text = "0"
	}
	return connect.Decimal(text)
}

// like makes a value of the type that the field has.
func like(v, old any) any {
	text := connect.Text(v)
	switch old.(type) {
	case json.Number:
		if json.Valid([]byte(text)) && strings.Trim(text, "-.0123456789") == "" && text != "" {
			return json.Number(text)
		}
	case bool:
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	case string:
		switch v.(type) {
		case map[string]any, []any:
		default:
			return text
		}
	}
	return native(v)
}

func native(v any) any {
	switch v := v.(type) {
	case map[string]any:
		o := match.Object{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			o = append(o, match.Field{Name: name, Value: native(v[name])})
		}
		return o
	case []any:
		list := match.List{}
		for _, e := range v {
			list = append(list, native(e))
		}
		return list
	case nil, bool:
		return v
	case int64, float64, connect.Decimal:
		return json.Number(connect.Text(v))
	}
	return connect.Text(v)
}

// jsonRow is one document.
type jsonRow struct {
	s      *jsonScanner
	raw    []byte
	object match.Object
	doc    match.Document
}

func (r *jsonRow) value(column string) any {
	if _, own := r.doc["file"]; column == "file" && !own {
		return r.s.file
	}
	return r.doc.Value(column)
}

func (r *jsonRow) whole() map[string]any { return match.Fields(r.doc) }

func (r *jsonRow) Tuples(columns []string) []connect.Tuple {
	if _, own := r.doc["file"]; !own && slices.Contains(columns, "file") {
		doc := maps.Clone(r.doc)
		doc["file"] = r.s.file
		return doc.Tuples(columns)
	}
	return r.doc.Tuples(columns)
}

// edited writes the document anew, its fields in their order; a document that stays as it was keeps its bytes.
func (r *jsonRow) edited(w *editing, key int) (_ []byte, err error) {
	now := w.editor.Apply(r.object, key)
	was, is := encode(nil, r.object), encode(nil, now)
	if bytes.Equal(was, is) {
		return r.raw, nil
	}
	if !utf8.Valid(r.raw) {
		if is, err = windows1252(is, r.s.file); err != nil {
			return nil, err
		}
	}
	text := bytes.TrimRight(r.raw, " \t\r\n")
	var out []byte
	if bytes.HasPrefix(text, byteOrder) {
		out = append(out, byteOrder...)
	}
	return append(append(out, is...), r.raw[len(text):]...), nil
}

func encode(out []byte, v any) []byte {
	switch v := v.(type) {
	case match.Object:
		out = append(out, '{')
		for i, f := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(encode(out, f.Name), ':')
			out = encode(out, f.Value)
		}
		return append(out, '}')
	case match.List:
		out = append(out, '[')
		for i, e := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = encode(out, e)
		}
		return append(out, ']')
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return append(out, "null"...) // only a number that JSON lacks gets here
	}
	return append(out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// shape is which fields documents have, by path, and of which kinds how often.
type shape map[string]map[connect.Kind]int

func (s *jsonScanner) columns() []connect.Column {
	var out []connect.Column
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		c := connect.Column{Name: name, Kind: connect.JSON, Nullable: true}
		most := 0
		for _, k := range slices.Sorted(maps.Keys(s.fields[name])) {
			if n := s.fields[name][k]; n > most {
				c.Kind, most = k, n
			}
		}
		c.Type = string(c.Kind)
		out = append(out, c)
	}
	return out
}

// look remembers the fields of a document.
func (s shape) look(path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, each := range v {
			if name != "" && !strings.ContainsAny(name, ".[]") {
				s.look(strings.TrimPrefix(path+"."+name, "."), each)
			}
		}
	case []any:
		s.add(path+"[]", "")
		for _, each := range v {
			s.look(path+"[]", each)
		}
		if len(v) > 0 {
			if _, object := v[0].(map[string]any); object {
				delete(s, path+"[]")
			}
		}
	default:
		s.add(path, kindOfValue(v))
	}
}

const (
	mostFields = 2000            // of documents, by their whole paths
	mostOuter  = 10 * mostFields // with those that stand for all in them
)

// add counts a field. Of too many the outermost is one that stands for all in it, so that none is missing.
func (s shape) add(path string, k connect.Kind) {
	if s[path] == nil && len(s) >= mostFields {
		path, _, _ = strings.Cut(path, ".")
		path, k = strings.TrimSuffix(path, "[]"), connect.JSON
	}
	if s[path] == nil {
		if len(s) == mostOuter {
			return
		}
		s[path] = map[connect.Kind]int{}
	}
	if k != "" {
		s[path][k]++
	}
}

func kindOfValue(v any) connect.Kind {
	switch v.(type) {
	case string:
		return connect.TextKind
	case int64:
		return connect.Integer
	case float64, connect.Decimal:
		return connect.DecimalKind
	case bool:
		return connect.Boolean
	}
	return ""
}
