package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/google/go-cmp/cmp"
)

// outline writes a tree on one line, so that two readers can be compared.
func outline(n *node) string {
	switch n.kind {
	case scalarNode:
		return fmt.Sprintf("%q", n.text)
	case sequenceNode:
		items := make([]string, len(n.items))
		for i, item := range n.items {
			items[i] = outline(item)
		}
		return "[" + strings.Join(items, " ") + "]"
	case mappingNode:
		pairs := make([]string, len(n.pairs))
		for i, p := range n.pairs {
			pairs[i] = fmt.Sprintf("%q:%s", p.key.text, outline(p.value))
		}
		return "{" + strings.Join(pairs, " ") + "}"
	}
	return "-"
}

// theirs writes the library's tree in the same way; ok is false where it holds
// what a policy may not.
func theirs(n ast.Node) (text string, ok bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return theirPairs(n.Values)
	case *ast.MappingValueNode:
		return theirPairs([]*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		items := make([]string, len(n.Values))
		for i, item := range n.Values {
			if items[i], ok = theirs(item); !ok {
				return "", false
			}
		}
		return "[" + strings.Join(items, " ") + "]", true
	case *ast.LiteralNode:
		return fmt.Sprintf("%q", n.Value.Value), true
	case *ast.NullNode:
		if n.GetToken().Type == token.ImplicitNullType {
			return "-", true
		}
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode, *ast.MappingKeyNode:
		return "", false
	case nil:
		return "-", true
	}
	return fmt.Sprintf("%q", n.GetToken().Value), true
}

func theirPairs(values []*ast.MappingValueNode) (string, bool) {
	pairs := make([]string, len(values))
	for i, v := range values {
		value, ok := theirs(v.Value)
		if !ok {
			return "", false
		}
		pairs[i] = fmt.Sprintf("%q:%s", v.Key.GetToken().Value, value)
	}
	return "{" + strings.Join(pairs, " ") + "}", true
}

// agree compares our tree with the library's wherever both read the text. It
// reports whether there was anything to compare.
func agree(t *testing.T, src string) bool {
	t.Helper()
	r := &report{file: "agree.yaml"}
	ours := parseTree(r, []byte(src))
	if ours == nil || len(r.list) > 0 {
		return false
	}
	tokens := lexer.Tokenize(strings.ReplaceAll(strings.TrimPrefix(src, "\uFEFF"), "\r\n", "\n"))
	if len(rejoin(tokens)) != len(tokens) {
		return false // the library's own fault
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil || len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return false
	}
	want, ok := theirs(file.Docs[0].Body)
	if !ok {
		return false
	}
	if diff := cmp.Diff(want, outline(ours)); diff != "" {
		t.Errorf("the library (-) and we (+) read %q differently:\n%s", src, diff)
	}
	return true
}

func TestTreeAgreesWithTheLibrary(t *testing.T) {
	compared := 0
	for _, src := range append(seeds(t), shapes()...) {
		if agree(t, string(src)) {
			compared++
		}
	}
	if compared < 25 {
		t.Errorf("only %d texts were compared", compared)
	}
}

// shapes are the ways YAML can be laid out.
func shapes() [][]byte {
	texts := []string{
		"a:\n  b: c\n  d:\n    - e\n    - f: g\n      h: i\n    -\n      j: k\nl: m\n",
		"a:\n- b\n- c\nd: e\n",
		"- a\n- - b\n  - c\n- d: e\n",
		"a: |\n  one\n  two\nb: >-\n  three\n  four\n\n  five\nc: d\n",
		"a: |\nb: c\n",
		"a: one\n  two\n  three\nb: c\n",
		"a: \"one\n  two\"\nb: 'three\n\n  four'\n",
		"a: {b: c, d: [e, f], g: {h: i}}\n",
		"a: {b: c,\n    d: e}\nf: [g,\n    h]\n",
		"a: [b: c, d]\n",
		"a: NO\nb: on\nc: 1e3\nd: 0x1F\ne: ~\nf: 2026-01-01\ng: .inf\nh: 012\n",
		"'a b': c\n\"d\": e\n",
		"a: # comment\n  b # comment\nc: d # comment\n# comment\ne: f\n",
		"---\na: b\n",
		"a:\n  - b\n\n  # comment\n  - c\n",
		"a: b#c\nd: http://e.example/f?g=h&i\n",
		"a:\n  b:\n    c:\n      d: e\nf: g\n",
		"a: ''\nb: \"\"\nc: {}\nd: []\n",
	}
	out := make([][]byte, len(texts))
	for i, text := range texts {
		out[i] = []byte(text)
	}
	return out
}

// FuzzTree looks for texts that both read, and read differently.
func FuzzTree(f *testing.F) {
	for _, s := range append(seeds(f), shapes()...) {
		f.Add(string(s))
	}
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) < 2000 {
			agree(t, src)
		}
	})
}
