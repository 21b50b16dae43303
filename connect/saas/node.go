package saas

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a description.
const (
	maxDescription = 256 << 10 // bytes
	maxDepth       = 30
)

// node is a part of a description before it has a type. A scalar is the characters
// that were written.
type node struct {
	line, column int
	kind         nodeKind
	text         string
	quoted       bool // a scalar in quotes or in lines of its own: always a text
	pairs        []pair
	items        []*node
}

type nodeKind uint8

const (
	emptyNode nodeKind = iota
	scalarNode
	mappingNode
	sequenceNode
)

type pair struct{ key, value *node }

func (n *node) get(key string) *node {
	for _, p := range n.pairs {
		if p.key.text == key {
			return p.value
		}
	}
	return nil
}

func (n *node) what() string {
	return [...]string{"nothing", "a text", "keys", "a list"}[n.kind]
}

// problems gathers what is wrong with one file.
type problems struct {
	file string
	all  Problems
}

func (ps *problems) add(n *node, do, format string, args ...any) {
	if n == nil {
		n = &node{line: 1, column: 1}
	}
	ps.all = append(ps.all, Problem{File: ps.file, Line: max(n.line, 1), Column: max(n.column, 1), Message: fmt.Sprintf(format, args...), Do: do})
}

// tree reads YAML without anchors, merges, tags and several documents.
func tree(text []byte, ps *problems) (root *node) {
	defer func() {
		if fault := recover(); fault != nil {
			ps.add(nil, "", "this is not YAML that can be read")
			root = nil
		}
	}()
	if len(text) > maxDescription {
		ps.add(nil, "at most 256 KiB are read", "the description is too large")
		return nil
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		addSyntax(ps, err)
		return nil
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		ps.add(nil, "", "a description is one YAML document")
		return nil
	}
	return ps.node(file.Docs[0].Body, 0)
}

func addSyntax(ps *problems, err error) {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		ps.add(nil, "", "this is not YAML that can be read")
		return
	}
	at := e.GetToken().Position
	ps.add(&node{line: at.Line, column: at.Column}, "", "this is not YAML that can be read: %s", e.GetMessage())
}

func (ps *problems) node(n ast.Node, depth int) *node {
	out := placed(n.GetToken())
	if depth > maxDepth {
		ps.add(out, "", "parts stand more than %d deep in each other", maxDepth)
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.kind = mappingNode
		for _, v := range n.Values {
			ps.pair(out, v, depth)
		}
		if len(out.pairs) > 0 {
			out.line, out.column = out.pairs[0].key.line, out.pairs[0].key.column
		}
	case *ast.MappingValueNode:
		out.kind = mappingNode
		ps.pair(out, n, depth)
	case *ast.SequenceNode:
		out.kind = sequenceNode
		for _, v := range n.Values {
			out.items = append(out.items, ps.node(v, depth+1))
		}
	case *ast.NullNode:
	case *ast.LiteralNode:
		out.kind, out.text, out.quoted = scalarNode, n.Value.Value, true
	case *ast.StringNode:
		out.kind, out.text = scalarNode, n.Value
		out.quoted = n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		out.kind, out.text = scalarNode, n.GetToken().Value
	default:
		ps.add(out, "write it out", "anchors, merges, tags and such are not read here")
	}
	return out
}

func (ps *problems) pair(out *node, v *ast.MappingValueNode, depth int) {
	key := ps.node(v.Key, depth+1)
	if key.kind != scalarNode {
		ps.add(key, "", "a key is a word")
		return
	}
	if out.get(key.text) != nil {
		ps.add(key, "remove one of the two", "`%s` stands twice", key.text)
		return
	}
	out.pairs = append(out.pairs, pair{key, ps.node(v.Value, depth+1)})
}

func placed(t *token.Token) *node {
	if t == nil || t.Position == nil {
		return &node{line: 1, column: 1}
	}
	return &node{line: t.Position.Line, column: t.Position.Column}
}

// group reads the keys of one mapping and sees to it that every one is known.
type group struct {
	*problems
	n     *node
	known []string
}

func (ps *problems) keys(n *node) *group {
	if n != nil && n.kind != mappingNode {
		ps.add(n, "", "keys belong here, not %s", n.what())
		n = nil
	}
	if n == nil {
		n = &node{line: 1, column: 1}
	}
	return &group{problems: ps, n: n}
}

// take finds the value of a key; nil when it is not there.
func (g *group) take(key string) *node {
	g.known = append(g.known, key)
	return g.n.get(key)
}

// need is take for a key that must be there.
func (g *group) need(key string) *node {
	v := g.take(key)
	if v == nil {
		g.add(g.n, "write it", "`%s` is missing", key)
	}
	return v
}

// done reports the keys that nobody took.
func (g *group) done() {
	for _, p := range g.n.pairs {
		if !contains(g.known, p.key.text) {
			g.add(p.key, "there are "+strings.Join(g.known, ", "), "`%s` is no key of this part", p.key.text)
		}
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

// word reads one text of a bounded length; "" when there is none.
func (ps *problems) word(n *node) string {
	switch {
	case n == nil || n.kind == emptyNode && !n.quoted:
		return ""
	case n.kind != scalarNode:
		ps.add(n, "", "a text belongs here, not %s", n.what())
		return ""
	case len(n.text) > 10_000:
		ps.add(n, "", "this text is too long")
		return ""
	}
	return n.text
}

// words reads a text or a list of texts.
func (ps *problems) words(n *node) []string {
	if n == nil {
		return nil
	}
	if n.kind != sequenceNode {
		if w := ps.word(n); w != "" {
			return []string{w}
		}
		return nil
	}
	var out []string
	for _, item := range n.items {
		out = append(out, ps.word(item))
	}
	return out
}

// flag reads `true` or `false`.
func (ps *problems) flag(n *node) bool {
	switch w := ps.word(n); w {
	case "", "false":
		return false
	case "true":
		return true
	default:
		ps.add(n, "", "`true` or `false` belongs here")
		return false
	}
}

// number reads a whole number from 1 to most; 0 when there is none.
func (ps *problems) number(n *node, most int) int {
	w := ps.word(n)
	if w == "" {
		return 0
	}
	v := 0
	for _, c := range w {
		if c < '0' || c > '9' || v > most {
			v = -1
			break
		}
		v = v*10 + int(c-'0')
	}
	if v < 1 || v > most {
		ps.add(n, "", "a whole number from 1 to %d belongs here", most)
		return 0
	}
	return v
}
