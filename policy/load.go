package policy

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// Load parses and compiles a policy file. The file name is used in problems
// only. After is the version before this one of the same policy, nil for the
// first. Everything wrong is reported at once: beside what could not be read, what
// is wrong with the rest, unless it may only follow from what could not be read.
// The Policy is nil when there are errors; warnings leave it usable.
func Load(file string, src []byte, after *Policy) (*Policy, Problems) {
	doc, root, problems := read(file, src)
	if doc == nil || len(problems) >= maxProblems {
		return nil, problems
	}
	p, more := judge(doc, src, after)
	if problems.Errors() {
		p, more = nil, readApart(root, problems).own(more)
	}
	for i := range more {
		more[i].File = file
	}
	problems = append(problems, more...)
	sortProblems(problems)
	if problems.Errors() {
		p = nil
	}
	return p, problems
}

// unread is what of a file could not be read, to tell what is wrong of itself from
// what only follows from that.
type unread struct {
	root    *node
	parts   map[*node]bool  // the keys of the parts with errors
	setting bool            // one of them is no named part: what it says may matter anywhere
	keys    map[string]bool // the names of the parts with errors
	words   map[string]bool // every word in them
	noData  bool            // the file declares no data at all
	known   map[*node]map[string]bool
}

// readApart finds the parts that have errors of reading.
func readApart(root *node, problems Problems) *unread {
	u := &unread{root: root, parts: map[*node]bool{}, keys: map[string]bool{}, words: map[string]bool{}, known: map[*node]map[string]bool{}}
	for _, p := range problems {
		if p.Warning {
			continue
		}
		u.noData = u.noData || p.Code == "missing-key" && p.Text == "data"
		part, named := partAt(root, reflect.TypeFor[Document](), p.Pos)
		if part.key == nil || u.parts[part.key] {
			continue
		}
		u.parts[part.key], u.keys[part.key.text] = true, true
		u.setting = u.setting || !named
		for w := range u.wordsOf(part) {
			u.words[w] = true
		}
	}
	return u
}

// own leaves out the findings that may follow from a part that could not be read.
func (u *unread) own(findings Problems) Problems {
	return slices.DeleteFunc(findings, u.follows)
}

func (u *unread) follows(p Problem) bool {
	if p.Line == 0 || p.Code == "more-problems" {
		return true
	}
	part, _ := partAt(u.root, reflect.TypeFor[Document](), p.Pos)
	switch {
	case part.key == nil || u.parts[part.key]:
		return true
	case p.Code == codeUnknownName:
		return u.declares(p)
	case u.setting && (p.Warning || p.Code == codeNeverBroken), speaksOfAbsence[p.Code]:
		return true
	}
	return u.words[p.Text] || u.words[part.key.text] || u.mentions(part)
}

// speaksOfAbsence has the warnings that something stands nowhere in the file: it may
// stand where the file could not be read.
var speaksOfAbsence = map[string]bool{
	codeNoContact: true, codeNobodyServes: true, codeNoSmallestGroup: true,
	codeUnusedCategory: true, codeNoSource: true, codeNoRetention: true, codeOthersNotTold: true,
	codeDefaultBasis: true, codeBasisDemanded: true, codeConsentNowhere: true, codeConsentIdle: true, codeNoObjection: true, codeReceivesForNothing: true, codeReceivesMore: true,
}

// declares reports whether a name that means nothing may be declared in a part
// that could not be read.
func (u *unread) declares(p Problem) bool {
	first, _, _ := strings.Cut(p.Text, ".")
	isData := strings.HasPrefix(p.Message, "unknown data") || strings.HasPrefix(p.Message, "unknown field")
	return u.words[p.Text] || u.words[first] || u.noData && isData
}

// mentions reports whether a part rests on one that could not be read.
func (u *unread) mentions(part pair) bool {
	words := u.wordsOf(part)
	for key := range u.keys {
		if words[key] {
			return true
		}
	}
	return false
}

// wordsOf is every key, text and category named in a part.
func (u *unread) wordsOf(part pair) map[string]bool {
	if words, done := u.known[part.key]; done {
		return words
	}
	words := map[string]bool{part.key.text: true}
	addWords(words, part.value)
	u.known[part.key] = words
	return words
}

func addWords(words map[string]bool, n *node) {
	if n.kind == scalarNode {
		words[n.text] = true
		for _, w := range strings.FieldsFunc(n.text, func(c rune) bool { return c == ' ' || c == ',' || c == '.' }) {
			words[w] = true
		}
	}
	for _, p := range slices.Concat(n.pairs, n.again) {
		words[p.key.text] = true
		addWords(words, p.value)
	}
	for _, item := range n.items {
		addWords(words, item)
	}
}

// partAt finds the smallest named part at a place, or where nothing has a name, the key.
func partAt(n *node, t reflect.Type, at Pos) (part pair, named bool) {
	if n.kind != mappingNode {
		return pair{}, false
	}
	for _, p := range slices.Concat(n.pairs, n.again) {
		if !later(p.key.Pos, at) && (part.key == nil || later(p.key.Pos, part.key.Pos)) {
			part = p
		}
	}
	if part.key == nil {
		return pair{}, false
	}
	below, named := partType(t, part.key.text)
	if below != nil && (isEntries(below) || holdsParts(below)) {
		if inner, named := partAt(part.value, below, at); inner.key != nil {
			return inner, named
		}
	}
	return part, named
}

func later(a, b Pos) bool {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) > 0
}

// partType is the type of what stands under a key, nil when the language has no
// such key, and whether the key is a name that the author chose.
func partType(t reflect.Type, key string) (below reflect.Type, named bool) {
	if isEntries(t) {
		return elementType(t), true
	}
	s := new(shape)
	s.collect(t, nil)
	if k, known := s.find(key); known {
		return t.FieldByIndex(k.index).Type, false
	}
	if s.rest == nil {
		return nil, false
	}
	return elementType(t.FieldByIndex(s.rest).Type), true
}
