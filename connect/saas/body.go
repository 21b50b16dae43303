package saas

import (
	"bytes"
	"encoding/json"

	"github.com/avowhq/avow"
)

// body is JSON with places for values. It is made as values and written by the JSON
// encoder at the end.
type body struct {
	constant any // a scalar without places
	text     *template
	keys     []bodyKey
	items    []*body
	each     string // `values`, `rows`: item once for each
	item     *body
	merge    bool // the changes stand among the keys
	kind     nodeKind
}

type bodyKey struct {
	name string
	is   *body
}

// make fills the places.
func (b *body) make(s *scope) (any, error) {
	switch {
	case b.each != "":
		return b.repeat(s)
	case b.kind == mappingNode:
		return b.object(s)
	case b.kind == sequenceNode:
		out := make([]any, len(b.items))
		for i, item := range b.items {
			v, err := item.make(s)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case b.text == nil:
		return b.constant, nil
	}
	if name := b.text.whole(); name != "" {
		return s.value(name)
	}
	return b.text.text(s, inText)
}

func (b *body) object(s *scope) (any, error) {
	out := make(map[string]any, len(b.keys))
	for _, k := range b.keys {
		v, err := k.is.make(s)
		if err != nil {
			return nil, err
		}
		out[k.name] = v
	}
	if !b.merge {
		return out, nil
	}
	for name, v := range s.row1.set {
		if _, taken := out[name]; taken {
			return nil, avow.Errorf(avow.Invalid, "the column %q of %q cannot be changed: the request itself says what it is", name, s.table.name)
		}
		out[name] = v
	}
	return out, nil
}

// repeat makes the item for each value or row.
func (b *body) repeat(s *scope) (any, error) {
	one := *s
	var out []any
	add := func() error {
		v, err := b.item.make(&one)
		out = append(out, v)
		return err
	}
	if b.each == "rows" {
		for i := range s.rows {
			one.row1 = &s.rows[i]
			if err := add(); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	values, err := s.values()
	if err != nil {
		return nil, err
	}
	for _, v := range values.([]any) {
		one.value1 = v
		if err := add(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// jsonBytes writes JSON as it is sent.
func jsonBytes(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, avow.Errorf(avow.Invalid, "a value cannot be written as JSON")
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
