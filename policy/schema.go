package policy

import (
	_ "embed"
	"encoding/json"
	"reflect"
	"strings"
)

//go:generate go run ./internal/generate comments
//go:generate go run ./internal/generate outputs

// commentText is what the comments in this room's source say of its types:
// `Type<TAB>text` and `Type.key<TAB>text`.
//
//go:embed comments.txt
var commentText string

// commentTable reads what the comments say.
func commentTable(text string) map[string]string {
	table := map[string]string{}
	for line := range strings.Lines(text) {
		name, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		table[name] = text
	}
	return table
}

// Schema is the JSON Schema (draft 2020-12) of a policy file, for editors: it is
// made from the same types and tags as the reader. The reader is stricter: it knows
// the days of the months, the countries, and what is declared elsewhere in the file.
func Schema() []byte { return policyLanguage().Schema() }

// Language is a kind of file that Decode reads, as people and editors are told of it.
type Language struct {
	Root     any    // the struct with the keys at the margin
	Title    string // of the schema
	ID       string // of the schema
	Comments string // what the source says of the types, as policy/comments extracts it
	Head     string // how the reference begins
	Top      string // what the reference says of the keys at the margin
	Example  []byte // a file in which every key stands at least once
}

func policyLanguage() Language {
	return Language{Root: Document{}, Title: "A privacy policy for avow", ID: "https://avowhq.github.io/avow/schema/v1.json",
		Comments: commentText, Head: referenceHead, Top: "These keys stand at the margin.", Example: everyKey}
}

// Schema is the JSON Schema (draft 2020-12) of such a file.
func (l Language) Schema() []byte {
	b := &schemaBuilder{comments: commentTable(l.Comments), defs: object{}}
	root := b.structure(reflect.TypeOf(l.Root))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = l.ID
	root["title"] = l.Title
	root["$defs"] = b.defs
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // maps, slices and texts alone: cannot fail
	}
	return append(out, '\n')
}

type schemaBuilder struct {
	comments map[string]string
	defs     object
}

// of is the schema of a type, by reference wherever it has a name.
func (b *schemaBuilder) of(t reflect.Type, enum []string) object {
	if f, ok := formOf(t); ok {
		return b.define(f.name, func() object { return b.formSchema(f) })
	}
	switch t.Kind() {
	case reflect.String:
		if enum != nil {
			return object{"enum": anys(enum)}
		}
		return scalarSchema()
	case reflect.Slice:
		return b.list(t)
	}
	return b.define(kebab(t.Name()), func() object { return b.shortOr(t) })
}

// shortOr is the schema of a group of keys, and of what may stand in its place.
func (b *schemaBuilder) shortOr(t reflect.Type) object {
	short, ok := shortOf(t)
	if !ok {
		return b.structure(t)
	}
	return oneOfSchemas(b.of(short, nil), b.structure(t))
}

// define makes a definition once. The name is taken before it is made, because
// some definitions refer to themselves.
func (b *schemaBuilder) define(name string, make func() object) object {
	if _, done := b.defs[name]; !done {
		b.defs[name] = object{}
		b.defs[name] = make()
	}
	return ref(name)
}

// formSchema is a form with the forms it refers to.
func (b *schemaBuilder) formSchema(f form) object {
	for _, t := range []reflect.Type{reflect.TypeFor[Text](), reflect.TypeFor[Ref](), reflect.TypeFor[Refs](), reflect.TypeFor[DataRef](), reflect.TypeFor[DataRefs](), reflect.TypeFor[Places]()} {
		if needed, _ := formOf(t); needed.name != f.name {
			b.of(t, nil)
		}
	}
	for _, t := range f.with {
		b.of(t, nil)
	}
	return describe(f.schema, fullSentence(f.says))
}

func (b *schemaBuilder) list(t reflect.Type) object {
	part, _ := elementOf(t)
	if _, named := entryPart(t.Elem()); named {
		return object{"type": "object", "additionalProperties": b.of(part, nil)}
	}
	one := b.of(part, nil)
	if part.Kind() == reflect.Struct && !single(part) {
		return object{"type": "array", "items": one}
	}
	return listOf(one)
}

// structure is the schema of a group of keys.
func (b *schemaBuilder) structure(t reflect.Type) object {
	s := new(shape)
	s.collect(t, nil)
	properties := object{}
	var required []string
	var either []object
	for _, k := range s.keys {
		properties[k.key] = describe(b.of(t.FieldByIndex(k.index).Type, k.enum), commentOf(b.comments, t, k))
		if k.required {
			required = append(required, k.key)
		}
		if k.unless != "" {
			either = append(either, object{"required": []string{k.key}}, object{"required": []string{k.unless}})
		}
	}
	out := describe(closed(properties, required...), b.comments[t.Name()])
	if either != nil {
		out["anyOf"] = either
	}
	if s.rest != nil {
		part, _ := elementOf(t.FieldByIndex(s.rest).Type)
		out["additionalProperties"] = b.of(part, nil)
	}
	return out
}

// commentOf is what the source says of a key, which may stand in an inlined struct.
func commentOf(table map[string]string, t reflect.Type, k keyField) string {
	return table[ownerOf(t, k).Name()+"."+k.key]
}

// ownerOf is the struct that declares a key.
func ownerOf(t reflect.Type, k keyField) reflect.Type {
	for _, i := range k.index[:len(k.index)-1] {
		t = t.Field(i).Type
	}
	return t
}

// describe adds a description; a schema that is shared is not changed.
func describe(o object, text string) object {
	if text == "" {
		return o
	}
	out := object{"description": text}
	for k, v := range o {
		out[k] = v
	}
	return out
}

// fullSentence begins a text with a capital and ends it with a full stop.
func fullSentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// kebab writes a type's name as a definition is named: `StaffRole` is `staff-role`.
func kebab(name string) string {
	var b strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b.WriteByte('-')
		}
		b.WriteString(strings.ToLower(string(c)))
	}
	return b.String()
}
