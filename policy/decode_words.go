package policy

import (
	"reflect"
	"regexp"
	"strings"
)

// read takes a mapping from names the author chooses, each with its part.
func (e *Entries[T]) read(d *decoder, n *node) {
	if n.kind != mappingNode {
		d.wrongShape(n, "a group of names", "write `name: …` for each")
		return
	}
	for _, p := range n.pairs {
		if declares[T]() {
			d.declared(p.key)
		}
		*e = append(*e, Entry[T]{Pos: p.key.Pos, Key: p.key.text})
		last := &(*e)[len(*e)-1]
		d.value(reflect.ValueOf(&last.Is).Elem(), p.value, p.key.Pos, p.key.text, nil)
	}
}

// declares reports whether the names of such entries are referred to from
// elsewhere, so that they must be names. A cookie's name, a case's words and a
// field of a category are not.
func declares[T any]() bool {
	var zero T
	switch any(zero).(type) {
	case Cookie, Until, Text, string, Page, Flag, CombineWith, Refs, []Number:
		return false
	}
	_, free := any(zero).(FreelyNamed)
	return !free
}

var namePattern = regexp.MustCompile(`^[\pL\pN][\pL\pN_-]*$`)

const maxName = 100

// declared checks a name that other parts of the file may refer to.
func (d *decoder) declared(key *node) {
	if len(key.text) > maxName || !namePattern.MatchString(key.text) {
		d.add(key.Pos, "bad-name", quote(key.text)+" cannot be a name", key.text, "use letters, digits and dashes: `"+asName(key.text)+"`")
	}
}

var notName = regexp.MustCompile(`[^\pL\pN_]+`)

// asName makes a name of what somebody wrote, for a suggestion.
func asName(s string) string {
	name := strings.Trim(notName.ReplaceAllString(clip(s, 40), "-"), "-_")
	if name == "" {
		return "my-name"
	}
	return name
}

var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func (t *Text) read(d *decoder, n *node) {
	t.Pos = n.Pos
	if n.kind != mappingNode {
		t.Plain, _ = d.text(n, "a text")
		return
	}
	for _, p := range n.pairs {
		if !languageTag.MatchString(p.key.text) {
			d.add(p.key.Pos, "bad-language", "a text is expected here, or one for each language, and "+quote(p.key.text)+" is no language", p.key.text,
				"write the text alone, or `{en: …, nl: …}`; put a text with a colon in quotes")
			continue
		}
		words, ok := d.text(p.value, "a text")
		if ok {
			t.In = append(t.In, Entry[string]{p.key.Pos, p.key.text, words})
		}
	}
}

func (w *Words) read(d *decoder, n *node) {
	*w = eachItem(d, n, func(item *node) (t Text, ok bool) {
		t.read(d, item)
		return t, true
	})
}

// eachItem reads a list; a single item may stand without brackets.
func eachItem[T any](d *decoder, n *node, one func(*node) (T, bool)) []T {
	items := n.items
	if n.kind != sequenceNode {
		items = []*node{n}
	}
	var out []T
	for _, item := range items {
		if item.kind == emptyNode {
			d.add(item.Pos, "nothing-written", "an entry of the list is empty", "", "write it, or remove it")
			continue
		}
		if v, ok := one(item); ok {
			out = append(out, v)
		}
	}
	return out
}

func (r *Ref) read(d *decoder, n *node) {
	r.Pos = n.Pos
	if name, ok := d.text(n, "one name"); ok && d.isName(n, name) {
		r.Name = name
	}
}

// refPattern admits what a declared name may be, names behind a dot, and citations.
var refPattern = regexp.MustCompile(`^[\pL\pN][\pL\pN_.:()-]*$`)

// isName checks a name that should be declared somewhere.
func (d *decoder) isName(n *node, name string) bool {
	if len(name) <= maxName && refPattern.MatchString(name) {
		return true
	}
	d.add(n.Pos, "bad-name", quote(name)+" is not a name", name, "a name is letters, digits and dashes; several stand in brackets: `[one, two]`")
	return false
}

func (r *Refs) read(d *decoder, n *node) {
	*r = eachItem(d, n, func(item *node) (ref Ref, ok bool) {
		ref.read(d, item)
		return ref, ref.Name != ""
	})
}

func (r *DataRef) read(d *decoder, n *node) {
	r.Pos = n.Pos
	name, ok := d.text(n, "the name of a category or field")
	if !ok {
		return
	}
	switch name {
	case "all":
		r.All = true
		return
	case "only-what-is-needed":
		r.Needed = true
		return
	}
	category, field, dotted := strings.Cut(name, ".")
	if !namePattern.MatchString(category) || (dotted && !namePattern.MatchString(field)) {
		d.add(n.Pos, "bad-name", quote(name)+" is not the name of data", name, "write a category (`contact`), a field of one (`contact.email`) or `all`")
		return
	}
	r.Category, r.Field = category, field
}

func (r *DataRefs) read(d *decoder, n *node) {
	*r = eachItem(d, n, func(item *node) (ref DataRef, ok bool) {
		ref.read(d, item)
		return ref, ref.All || ref.Needed || ref.Category != ""
	})
}
