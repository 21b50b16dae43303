package policy

import "reflect"

// Decode reads a file of another kind that is written in the same way, such as
// decision tests, into a struct whose fields carry `key` tags. Every problem is
// reported, with the file's name; what could not be read is left out.
func Decode(file string, src []byte, into any) Problems {
	r := &report{file: file}
	root := parseTree(r, src)
	if root == nil {
		return r.sorted()
	}
	d := newDecoder(r)
	d.structure(reflect.ValueOf(into).Elem(), root, root.Pos, "the file")
	return r.sorted()
}

// DidYouMean suggests the word nearest to what was written, or says what may
// stand there when nothing is near; empty when there is too much of that.
func DidYouMean(wrote string, allowed []string) string { return didYouMean(wrote, allowed) }

// Nearest is the allowed word a slip of the pen away from what was written; empty when none is.
func Nearest(wrote string, allowed []string) string { return nearest(wrote, allowed) }

// Quote shows a text of a file inside a message: between backquotes, on one line, not too long.
func Quote(s string) string { return quote(s) }

// PartReader is a type of another room that reads itself, because it may be
// written in several ways.
type PartReader interface{ ReadPart(p Part) }

// FreelyNamed is a type whose entries are named by somebody else, such as the
// columns of a database, so that any text is a name.
type FreelyNamed interface{ FreelyNamed() }

// Part is a piece of a file that a PartReader is given.
type Part struct {
	Pos
	d   *decoder
	n   *node
	at  Pos // of the key it stands behind
	key string
}

// IsText reports whether the part is one text.
func (p Part) IsText() bool { return p.n.kind == scalarNode }

// IsKeys reports whether the part is a group of keys.
func (p Part) IsKeys() bool { return p.n.kind == mappingNode }

// Has reports whether the part is a group of keys with this one among them.
func (p Part) Has(key string) bool {
	_, ok := p.n.get(key)
	return ok
}

// Text is the part as one text that is not empty; anything else is reported, with
// what was wanted.
func (p Part) Text(want string) (string, bool) { return p.d.text(p.n, want) }

// Keys reads the part as a group of keys into a struct with `key` tags.
func (p Part) Keys(into any) {
	p.d.structure(reflect.ValueOf(into).Elem(), p.n, p.at, quote(p.key))
}

// Value reads the part into anything Decode can read.
func (p Part) Value(into any) { p.d.value(reflect.ValueOf(into).Elem(), p.n, p.at, p.key, nil) }

// List is each item of a list; a single item may stand without brackets.
func (p Part) List() []Part {
	if p.n.kind != sequenceNode {
		return []Part{p}
	}
	out := make([]Part, len(p.n.items))
	for i, item := range p.n.items {
		out[i] = Part{item.Pos, p.d, item, item.Pos, p.key}
	}
	return out
}

// Report notes what is wrong with the part; text is the offending text, empty when
// nobody else should read it.
func (p Part) Report(code, message, text, suggest string) {
	p.d.add(p.Pos, code, message, text, suggest)
}
