package mongo

import (
	"maps"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// edit is what becomes of one field, in all documents of a change.
type edit struct {
	column string
	path   []match.Step
	lists  int // how many lists the path leads through
	set    connect.Set
	every  bool // element of the lists
	chosen []chooser
}

// chooser says which elements are meant of the lists of an edit down to a depth.
type chooser struct {
	depth int
	index *match.Index
}

func newEdit(set connect.Set, elements []connect.In, region string) *edit {
	e := &edit{column: set.Column, path: match.Path(set.Column), set: set, every: len(elements) == 0}
	var lists []string
	for i, step := range e.path {
		if step.List {
			lists = append(lists, written(e.path[:i+1]))
		}
	}
	e.lists = len(lists)
	for _, in := range elements {
		if depth := depth(in.Columns, lists); depth > 0 {
			e.chosen = append(e.chosen, chooser{depth, match.NewIndex(in, region)})
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

func written(path []match.Step) string {
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
func (e *edit) chooses(depth int, doc match.Document) bool {
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
	rest   []match.Step
	list   bool // the node it has reached is a list whose elements it means
	depth  int
	chosen bool
}

// edited is the document after all edits. Elements are chosen by the document as it was.
func (w *writing) edited(f found) bson.D {
	steps := make([]step, len(w.edits))
	for i, e := range w.edits {
		steps[i] = step{e: e, rest: e.path, chosen: e.every}
	}
	v := visit{server: w.s.server, key: f.key}
	out, _ := v.document(f.raw, steps, func(node any) match.Document {
		m, _ := node.(map[string]any)
		return m
	})
	return out.(bson.D)
}

// visit walks through a document with all edits at once.
type visit struct {
	server server
	key    int
}

// within puts a node back into the document around it, so that an element of a list can be
// judged together with what stands outside.
type within func(node any) match.Document

// node is what becomes of one node; keep is false when nothing is left of it.
func (v visit) node(old any, steps []step, around within) (now any, keep bool) {
	if list, ok := old.(bson.A); ok && !ends(steps) {
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
			return v.server.like(to, old), true
		}
	}
	if d, ok := old.(bson.D); ok {
		return v.document(d, steps, around)
	}
	return old, true
}

// alone treats a value that stands where others have a list as a list of one.
func (v visit) alone(old any, steps []step, around within) (any, bool) {
	one := v.list(bson.A{old}, steps, around)
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

func (v visit) list(old bson.A, steps []step, around within) bson.A {
	out := make(bson.A, 0, len(old))
	for _, element := range old {
		alone := func(node any) match.Document { return around([]any{node}) }
		var inside []step
		for _, s := range steps {
			if s.list {
				s.list = false
				s.depth++
				s.chosen = s.chosen || s.e.chooses(s.depth, alone(plain(element)))
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

func (v visit) document(old bson.D, steps []step, around within) (any, bool) {
	outside := plain(old).(map[string]any)
	out := make(bson.D, 0, len(old))
	for _, field := range old {
		inside := below(steps, field.Key)
		if len(inside) == 0 {
			out = append(out, field)
			continue
		}
		in := func(node any) match.Document {
			m := maps.Clone(outside)
			m[field.Key] = node
			return around(m)
		}
		if now, keep := v.node(field.Value, inside, in); keep {
			out = append(out, bson.E{Key: field.Key, Value: now})
		}
	}
	return v.added(out, old, steps), true
}

// added are fields that were not there; elements of lists are never added.
func (v visit) added(out, old bson.D, steps []step) bson.D {
	for _, s := range steps {
		to := s.e.to(v.key)
		if to == nil || len(s.rest) == 0 || has(old, s.rest[0].Name) || leadsThroughList(s.rest) {
			continue
		}
		out = put(out, s.rest, v.server.native(to))
	}
	return out
}

// put sets a field and makes the documents that lead to it.
func put(d bson.D, path []match.Step, value any) bson.D {
	at := slices.IndexFunc(d, func(e bson.E) bool { return e.Key == path[0].Name })
	if at < 0 {
		at, d = len(d), append(d, bson.E{Key: path[0].Name})
	}
	if len(path) > 1 {
		below, _ := d[at].Value.(bson.D)
		value = put(below, path[1:], value)
	}
	d[at].Value = value
	return d
}

func leadsThroughList(path []match.Step) bool {
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
