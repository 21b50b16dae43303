package notice

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Every phrase the code asks for exists, and every phrase is asked for, by its
// name or by a prefix to which the code adds a word of the language.
func TestPhrasesAreUsedAndExist(t *testing.T) {
	literals := stringLiterals(t)
	english := phrases()[fallbackLang]
	used := func(key string) bool {
		for l := range literals {
			if l == key || strings.HasSuffix(l, ".") && strings.HasPrefix(key, l) || strings.HasPrefix(key, l+".") && strings.HasPrefix(l, "never.") {
				return true
			}
		}
		return prefixed(literals, key)
	}
	for key := range english {
		if !used(key) {
			t.Errorf("words/en.txt: nothing says %q", key)
		}
	}
	for key := range calls(t) {
		if _, ok := english[key]; !ok {
			t.Errorf("the code says %q, which words/en.txt lacks", key)
		}
	}
}

// prefixed covers the few keys put together of a prefix, a word and a suffix.
func prefixed(literals map[string]bool, key string) bool {
	for _, p := range []string{"period.", "duty.", "basis.", "never.", "data.identifies", "data.may-identify", "word.", "month."} {
		if strings.HasPrefix(key, p) && literals[p] {
			return true
		}
	}
	return false
}

func TestPhrasesHaveNoKeyTwice(t *testing.T) {
	text, err := os.ReadFile("words/en.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for i, line := range strings.Split(string(text), "\n") {
		key, _, ok := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if seen[key] > 0 {
			t.Errorf("line %d: %q stands in line %d already", i+1, key, seen[key])
		}
		seen[key] = i + 1
	}
}

func parseSources(t *testing.T) []*ast.File {
	t.Helper()
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, n := range names {
		if !strings.HasSuffix(n.Name(), ".go") || strings.HasSuffix(n.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), n.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func stringLiterals(t *testing.T) map[string]bool {
	out := map[string]bool{}
	for _, f := range parseSources(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if s, err := strconv.Unquote(l.Value); err == nil {
					out[s] = true
				}
			}
			return true
		})
	}
	return out
}

// calls are the keys in calls of the phrase functions with a literal key.
func calls(t *testing.T) map[string]bool {
	at := map[string]int{"say": 0, "fact": 0, "labelled": 0, "labelledList": 0, "labelledData": 0, "when": 1, "sentenceWith": 0, "rule": 0, "sending": 0, "briefly": 0}
	out := map[string]bool{}
	for _, f := range parseSources(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			i, ok := at[sel.Sel.Name]
			if !ok || len(call.Args) <= i {
				return true
			}
			if l, ok := call.Args[i].(*ast.BasicLit); ok && l.Kind == token.STRING {
				s, _ := strconv.Unquote(l.Value)
				out[s] = true
			}
			return true
		})
	}
	return out
}
