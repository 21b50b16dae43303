package match

import (
	"maps"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
)

// edit is what becomes of one field, in all documents of a change.
type edit struct {
	column string
	path   []Step
	lists  int // how many lists the path leads through
	set    connect.Set
	every  bool // element of the lists
	chosen []chooser
}

// chooser says which elements are meant of the lists of an edit down to a depth.
type chooser struct {
	depth int
	index *Index
}

func newEdit(set connect.Set, elements []connect.In, region string) *edit {
	e := &edit{column: set.Column, path: Path(set.Column), set: set, every: len(elements) == 0}
	var lists []string
	for i, step := range e.path {
		if step.List {
			lists = append(lists, written(e.path[:i+1]))
		}
	}
	e.lists = len(lists)
	for _, in := range elements {
		if depth := depth(in.Columns, lists); depth > 0 {
			e.chosen = append(e.chosen, chooser{depth, NewIndex(in, region)})
		}
	}
	return e
}

// depth is how many of the lists, one inside the other, the columns lead through.
func depth(columns, lists []string) int {
	for i := len(lists); i > 0; i-- {
		for _, c := range columns {
			if c == lists[i-1] || strings.HasPrefix(c, lists[i-1]+".") {
				return i
			}
		}
	}
	return 0
}

func written(path []Step) string {
	var parts []string
	for _, p := range path {
		name := p.Name
		if p.List {
			name += "[]"
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, ".")
}

// chooses reports whether the element is meant that stands alone in the lists of doc.
func (e *edit) chooses(depth int, doc Document) bool {
	for _, c := range e.chosen {
		if c.depth == depth && c.index.Holds(doc) {
			return true
		}
	}
	return false
}

// to is what the field holds afterwards.
func (e *edit) to(key int) any {
	if e.set.Each != nil {
		return e.set.Each[key]
	}
	return e.set.To
}

// step is an edit on its way into a document.
type step struct {
	e      *edit
	rest   []Step
	list   bool // the node it has reached is a list whose elements it means
	depth  int
	chosen bool
}

// Object is a document whose fields keep their order; the values of lists are in a List, all
// others are as their system has them.
type Object []Field

// Field is one of an Object.
type Field struct {
	Name  string
	Value any
}

// List is a list in an Object.
type List []any

// Plain is a value as sources give it; leaf turns those that are no object and no list.
func Plain(v any, leaf func(any) any) any {
	switch v := v.(type) {
	case Object:
		out := make(map[string]any, len(v))
		for _, f := range v {
			out[f.Name] = Plain(f.Value, leaf)
		}
		return out
	case List:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = Plain(e, leaf)
		}
		return out
	}
	return leaf(v)
}

// Editor changes the fields of documents as a connect.Change says.
type Editor struct {
	edits []*edit
	like  func(v, old any) any
	leaf  func(any) any
}

// NewEditor prepares the changes of fields. Like makes a value of the type that a field has; leaf
// gives the value of a field as sources do.
func NewEditor(c connect.Change, region string, like func(v, old any) any, leaf func(any) any) *Editor {
	e := &Editor{like: like, leaf: leaf}
	for _, set := range c.Set {
		e.edits = append(e.edits, newEdit(set, c.Elements, region))
	}
	return e
}

// Apply is the document after all changes, with the values for one of the change's keys; o
// stays as it is. Elements are chosen by the document as it was.
func (e *Editor) Apply(o Object, key int) Object {
	steps := make([]step, len(e.edits))
	for i, each := range e.edits {
		steps[i] = step{e: each, rest: each.path, chosen: each.every}
	}
	v := visit{Editor: e, key: key}
	out, _ := v.document(o, steps, func(node any) Document {
		m, _ := node.(map[string]any)
		return m
	})
	return out.(Object)
}

// visit walks through a document with all edits at once.
type visit struct {
	*Editor
	key int
}

// within puts a node back into the document around it, so that an element of a list can be
// judged together with what stands outside.
type within func(node any) Document

// node is what becomes of one node; keep is false when nothing is left of it.
func (v visit) node(old any, steps []step, around within) (now any, keep bool) {
	if list, ok := old.(List); ok && !ends(steps) {
		return v.list(list, steps, around), true
	}
	if slices.ContainsFunc(steps, func(s step) bool { return s.list }) {
		return v.alone(old, steps, around)
	}
	for _, s := range steps {
		if len(s.rest) == 0 {
			to := s.e.to(v.key)
			if to == nil {
				return nil, false
			}
			return v.like(to, old), true
		}
	}
	if d, ok := old.(Object); ok {
		return v.document(d, steps, around)
	}
	return old, true
}

// alone treats a value that stands where others have a list as a list of one.
func (v visit) alone(old any, steps []step, around within) (any, bool) {
	one := v.list(List{old}, steps, around)
	if len(one) == 0 {
		return nil, false
	}
	return one[0], true
}

// ends reports whether a step means the whole list.
func ends(steps []step) bool {
	for _, s := range steps {
		if len(s.rest) == 0 && !s.list {
			return true
		}
	}
	return false
}

func (v visit) list(old List, steps []step, around within) List {
	out := make(List, 0, len(old))
	for _, element := range old {
		alone := func(node any) Document { return around([]any{node}) }
		var inside []step
		for _, s := range steps {
			if s.list {
				s.list = false
				s.depth++
				s.chosen = s.chosen || s.e.chooses(s.depth, alone(Plain(element, v.leaf)))
			}
			if s.chosen || s.depth < s.e.lists {
				inside = append(inside, s)
			}
		}
		if now, keep := v.node(element, inside, alone); keep {
			out = append(out, now)
		}
	}
	return out
}

func (v visit) document(old Object, steps []step, around within) (any, bool) {
	outside := Plain(old, v.leaf).(map[string]any)
	out := make(Object, 0, len(old))
	for _, field := range old {
		inside := below(steps, field.Name)
		if len(inside) == 0 {
			out = append(out, field)
			continue
		}
		in := func(node any) Document {
			m := maps.Clone(outside)
			m[field.Name] = node
			return around(m)
		}
		if now, keep := v.node(field.Value, inside, in); keep {
			out = append(out, Field{Name: field.Name, Value: now})
		}
	}
	return v.added(out, old, steps), true
}

// added are fields that were not there; elements of lists are never added.
func (v visit) added(out, old Object, steps []step) Object {
	for _, s := range steps {
		to := s.e.to(v.key)
		if to == nil || len(s.rest) == 0 || old.has(s.rest[0].Name) || leadsThroughList(s.rest) {
			continue
		}
		out = put(out, s.rest, v.like(to, nil))
	}
	return out
}

// put sets a field and makes the documents that lead to it.
func put(d Object, path []Step, value any) Object {
	at := slices.IndexFunc(d, func(e Field) bool { return e.Name == path[0].Name })
	if at < 0 {
		at, d = len(d), append(d, Field{Name: path[0].Name})
	}
	if len(path) > 1 {
		below, _ := d[at].Value.(Object)
		value = put(below, path[1:], value)
	}
	d[at].Value = value
	return d
}

func (o Object) has(name string) bool {
	return slices.ContainsFunc(o, func(f Field) bool { return f.Name == name })
}

func leadsThroughList(path []Step) bool {
	for _, p := range path {
		if p.List {
			return true
		}
	}
	return false
}

// below are the steps that go on through a field.
func below(steps []step, name string) []step {
	var out []step
	for _, s := range steps {
		if len(s.rest) > 0 && s.rest[0].Name == name {
			s.list = s.rest[0].List
			s.rest = s.rest[1:]
			out = append(out, s)
		}
	}
	return out
}
