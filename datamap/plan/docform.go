package plan

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// documentOf reads what is a document: a value of one, or JSON in a text. A number or a word
// alone is none, whatever JSON says.
func documentOf(v any) (doc any, ok bool) {
	switch v := v.(type) {
	case map[string]any, []any:
		return v, true
	case string:
		begins := strings.TrimLeft(v, " \t\r\n")
		if begins == "" || strings.IndexByte("{[\"", begins[0]) < 0 {
			return nil, false
		}
		err := json.Unmarshal([]byte(v), &doc)
		return doc, err == nil
	}
	return nil, false
}

// asItStood writes a document as the value was: JSON in a text, or a value.
func asItStood(was, doc any) any {
	if _, ok := was.(string); !ok {
		return doc
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return nil
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// emptyDocument is a document with nothing in it, of the kind that stands there.
func emptyDocument(v any) any {
	doc, ok := documentOf(v)
	if !ok {
		return formOfValue(v)
	}
	switch doc.(type) {
	case []any:
		return asItStood(v, []any{})
	case map[string]any:
		return asItStood(v, map[string]any{})
	}
	return asItStood(v, "")
}

// formWith keeps of a document its form and the keys that are no data. What is none keeps
// its form as a text does.
func formWith(keep func(key string) bool) func(any) any {
	return func(v any) any {
		doc, ok := documentOf(v)
		if !ok {
			return formOfValue(v)
		}
		return asItStood(v, formOfDocument(doc, keep))
	}
}

func formOfDocument(doc any, keep func(key string) bool) any {
	switch doc := doc.(type) {
	case nil, bool:
		return doc
	case string:
		return formOfValue(doc)
	case map[string]any:
		out := make(map[string]any, len(doc))
		for key, each := range doc {
			if !keep(key) {
				key = formOfValue(key).(string)
			}
			out[key] = formOfDocument(each, keep)
		}
		return out
	case []any:
		out := make([]any, len(doc))
		for i, each := range doc {
			out[i] = formOfDocument(each, keep)
		}
		return out
	}
	return int64(0)
}

// nameOfField is a key that programs give, and hardly anybody's address, number or name.
var nameOfField = regexp.MustCompile(`^[A-Za-z_$][A-Za-z_$-]{0,39}[0-9]{0,2}$`)

// spokenOf are the keys that stand in the words of a rule: `email` in '$.email' too.
func spokenOf(words []string) (keys []string) {
	for _, w := range words {
		keys = append(append(keys, w), strings.FieldsFunc(w, func(r rune) bool { return strings.ContainsRune("$.[]\"{}, ", r) })...)
	}
	return keys
}
