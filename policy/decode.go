package policy

import (
	"reflect"
	"slices"
	"strings"

	"github.com/avowhq/avow"
)

// decoder gives the nodes of a file their types. It never stops at a problem: a
// part that is wrong is reported and left out, and the next one is read.
type decoder struct {
	*report
	shapes    map[reflect.Type]*shape
	countries map[string]avow.Region // by English name in small letters; made when first needed
}

func newDecoder(r *report) *decoder { return &decoder{report: r, shapes: map[reflect.Type]*shape{}} }

// reader is a type that reads itself from a node, because it may be written in
// several ways.
type reader interface{ read(d *decoder, n *node) }

// shape is how a struct is written: its keys, from the tags of its fields.
type shape struct {
	pos  []int // index of the embedded Pos
	keys []keyField
	rest []int // index of the field that takes the keys the author chooses; nil when there is none
	name []int // of each inlined struct's Pos
}

// keyField is one key of a struct.
type keyField struct {
	key      string
	index    []int
	required bool
	unless   string // required where this other key is missing
	enum     []string
}

// keyNames lists the keys a struct knows.
func (s *shape) keyNames() []string {
	names := make([]string, len(s.keys))
	for i, k := range s.keys {
		names[i] = k.key
	}
	return names
}

func (s *shape) find(key string) (keyField, bool) {
	i := slices.IndexFunc(s.keys, func(k keyField) bool { return k.key == key })
	if i < 0 {
		return keyField{}, false
	}
	return s.keys[i], true
}

var positionType = reflect.TypeFor[Pos]()

// shapeOf reads the tags of a struct once.
func (d *decoder) shapeOf(t reflect.Type) *shape {
	if s, ok := d.shapes[t]; ok {
		return s
	}
	s := new(shape)
	s.collect(t, nil)
	d.shapes[t] = s
	return s
}

func (s *shape) collect(t reflect.Type, path []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(path), i)
		name, options, _ := strings.Cut(f.Tag.Get("key"), ",")
		switch {
		case f.Type == positionType && len(path) == 0:
			s.pos = index
		case f.Type == positionType:
			s.name = index
		case options == "inline":
			s.collect(f.Type, index)
		case options == "rest":
			s.rest = index
		case name != "":
			unless := ""
			if other, ok := strings.CutPrefix(options, "unless "); ok {
				unless = other
			}
			s.keys = append(s.keys, keyField{name, index, options == "required", unless, enumOf(f)})
		}
	}
}

func enumOf(f reflect.StructField) []string {
	if e := f.Tag.Get("enum"); e != "" {
		return strings.Split(e, "|")
	}
	return nil
}

// document reads the whole file.
func (d *decoder) document(doc *Document, root *node) {
	if root.kind != mappingNode {
		d.add(root.Pos, "wrong-shape", "the file does not begin with keys", root.shown(), "begin with `avow: v1`, then one `key: value` on each line")
		return
	}
	d.structure(reflect.ValueOf(doc).Elem(), root, root.Pos, "the file")
	if doc.Effective.Year == 0 && doc.Effective.Line == 0 {
		doc.Effective = doc.Updated
	}
}

// value reads a node into a value of any type. Key is where it stands, for messages;
// at is the place of that key.
func (d *decoder) value(v reflect.Value, n *node, at Pos, key string, enum []string) {
	if n.kind == emptyNode {
		d.add(at, "nothing-written", "nothing is written after "+quote(key), key, "write its value, or remove the key")
		return
	}
	if r, ok := v.Addr().Interface().(reader); ok {
		r.read(d, n)
		return
	}
	if r, ok := v.Addr().Interface().(PartReader); ok {
		r.ReadPart(Part{n.Pos, d, n, at, key})
		return
	}
	switch v.Kind() {
	case reflect.String:
		d.word(v, n, key, enum)
	case reflect.Slice:
		d.list(v, n, key)
	default:
		d.structure(v, n, at, quote(key))
	}
}

// word reads a short text for machines: an address, a URL, one of a few words.
func (d *decoder) word(v reflect.Value, n *node, key string, enum []string) {
	text, ok := d.text(n, "one text")
	if !ok {
		return
	}
	if enum != nil && !slices.Contains(enum, text) {
		d.add(n.Pos, "unknown-word", quote(text)+" cannot stand after "+quote(key), text, didYouMean(text, enum))
		return
	}
	v.SetString(text)
}

// list reads a list of parts. Parts that are one text may stand without brackets.
func (d *decoder) list(v reflect.Value, n *node, key string) {
	items := n.items
	if n.kind != sequenceNode {
		if v.Type().Elem().Kind() == reflect.Struct && !single(v.Type().Elem()) {
			d.wrongShape(n, "a list", "write each entry on lines that begin with `- `")
			return
		}
		items = []*node{n}
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		d.value(out.Index(i), item, item.Pos, key, nil)
	}
	v.Set(out)
}

// single reports whether a part reads itself and so may stand alone where a list is meant.
func single(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[reader]()) || p.Implements(reflect.TypeFor[PartReader]())
}

// structure reads a group of keys.
func (d *decoder) structure(v reflect.Value, n *node, at Pos, name string) {
	s := d.shapeOf(v.Type())
	if n.kind != mappingNode {
		d.wrongShape(n, "a group of keys", missingSpace(n, s))
		return
	}
	s.place(v, at)
	var rest []pair
	var slipped []string // the keys that unknown ones were meant for
	for _, p := range n.pairs {
		f, known := s.find(p.key.text)
		switch {
		case known:
			d.value(v.FieldByIndex(f.index), p.value, p.key.Pos, f.key, f.enum)
		case s.rest != nil && !looksLikeSlip(p, s):
			rest = append(rest, p)
		default:
			d.unknownKey(p.key, name, s.keyNames())
			slipped = append(slipped, nearest(p.key.text, s.keyNames()))
		}
	}
	if s.rest != nil && len(rest) > 0 {
		d.value(v.FieldByIndex(s.rest), &node{Pos: at, kind: mappingNode, pairs: rest}, at, name, nil)
	}
	d.missing(s, n, at, name, slipped)
}

// place notes where a struct stands, and the struct that is written inside it.
func (s *shape) place(v reflect.Value, at Pos) {
	for _, index := range [][]int{s.pos, s.name} {
		if index != nil {
			v.FieldByIndex(index).Set(reflect.ValueOf(at))
		}
	}
}

// looksLikeSlip reports whether a key that the author could have chosen is rather
// a slip of one the language knows: chosen names stand before groups of keys, and
// this one does not.
func looksLikeSlip(p pair, s *shape) bool {
	return p.value.kind != mappingNode && nearest(p.key.text, s.keyNames()) != ""
}

func (d *decoder) unknownKey(key *node, where string, allowed []string) {
	d.add(key.Pos, "unknown-key", "unknown key "+quote(key.text)+" in "+where, key.text, didYouMean(key.text, allowed))
}

// missing reports the keys that must be there and are not, unless they are there with a slip.
func (d *decoder) missing(s *shape, n *node, at Pos, name string, slipped []string) {
	for _, k := range s.keys {
		if _, other := n.get(k.unless); !k.required && (k.unless == "" || other) || slices.Contains(slipped, k.key) {
			continue
		}
		if _, ok := n.get(k.key); !ok {
			d.add(at, "missing-key", quote(k.key)+" is missing in "+name, k.key, "add `"+k.key+": …`")
		}
	}
}

// text takes a node that must be one text.
func (d *decoder) text(n *node, want string) (string, bool) {
	if n.kind != scalarNode {
		d.wrongShape(n, want, "")
		return "", false
	}
	if strings.TrimSpace(n.text) == "" {
		d.add(n.Pos, "empty-text", "the text is empty", "", "write the text, or remove the key")
		return "", false
	}
	return n.text, true
}

func (d *decoder) wrongShape(n *node, want, do string) {
	d.add(n.Pos, "wrong-shape", want+" is expected here, not "+n.what(), n.shown(), do)
}

// missingSpace explains the commonest slip: `key:value` is one text.
func missingSpace(n *node, s *shape) string {
	if key, _, colon := strings.Cut(n.text, ":"); colon && slices.Contains(s.keyNames(), key) {
		return "write a space after the colon"
	}
	if names := s.keyNames(); len(names) > 0 {
		return "write for instance `" + names[0] + ": …` on a line below, or in braces"
	}
	return "write `name: …`"
}
