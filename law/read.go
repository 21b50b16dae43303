package law

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Problem is one thing wrong with a file of rules or holidays.
type Problem struct {
	File         string
	Line, Column int // from 1
	Message      string
}

func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is everything that is wrong, sorted by file and place.
type Problems []Problem

// Error is the text of all problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ps
}

// reader reads one file strictly: an unknown key, a missing one and a wrong form
// are problems, and reading goes on.
type reader struct {
	file     string
	problems Problems
	sources  map[string]Source
	used     map[string]bool
}

// form says what each key of a group is read by.
type form map[string]func(ast.Node)

func parseFile(file string, text []byte) (*reader, ast.Node) {
	r := &reader{file: file, sources: map[string]Source{}, used: map[string]bool{}}
	f, err := parser.ParseBytes(text, 0)
	if err != nil {
		r.problems = append(r.problems, Problem{file, 1, 1, "this is not YAML: " + err.Error()})
		return r, nil
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		r.problems = append(r.problems, Problem{file, 1, 1, "want one document in the file"})
		return r, nil
	}
	return r, f.Docs[0].Body
}

func (r *reader) wrong(n ast.Node, format string, args ...any) {
	p := Problem{r.file, 1, 1, fmt.Sprintf(format, args...)}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, max(t.Position.Column, 1)
	}
	r.problems = append(r.problems, p)
}

// pairs are the keys of a group and what they hold.
func (r *reader) pairs(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	r.wrong(n, "want a group of keys")
	return nil
}

// group reads a group of keys. Keys in required must be there.
func (r *reader) group(n ast.Node, f form, required ...string) {
	seen := map[string]bool{}
	for _, p := range r.pairs(n) {
		key := p.Key.String()
		seen[key] = true
		if read, ok := f[key]; ok {
			read(p.Value)
			continue
		}
		r.wrong(p.Key, "unknown key %q; known here: %s", key, strings.Join(sortedKeys(f), ", "))
	}
	for _, key := range required {
		if !seen[key] {
			r.wrong(n, "%q is missing", key)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// scalar is the text of a value; ok is false, and a problem noted, when it is none.
func (r *reader) scalar(n ast.Node) (text string, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	r.wrong(n, "want a text")
	return "", false
}

func (r *reader) text(to *string) func(ast.Node) {
	return func(n ast.Node) {
		s, ok := r.scalar(n)
		if ok && strings.TrimSpace(s) == "" {
			r.wrong(n, "this text is empty")
		}
		*to = s
	}
}

// read gives a text to a parser and notes its error.
func read[T any](r *reader, to *T, parse func(string) (T, error)) func(ast.Node) {
	return func(n ast.Node) {
		s, ok := r.scalar(n)
		if !ok {
			return
		}
		v, err := parse(s)
		if err != nil {
			r.wrong(n, "%v", err)
		}
		*to = v
	}
}

// oneOf reads a word out of a list.
func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(s string) (T, error) {
		if slices.Contains(words, T(s)) {
			return T(s), nil
		}
		known := make([]string, len(words))
		for i, w := range words {
			known[i] = string(w)
		}
		return "", fmt.Errorf("unknown word %q; known here: %s", s, strings.Join(known, ", "))
	}
}

func list[T any](r *reader, to *[]T, parse func(string) (T, error)) func(ast.Node) {
	return func(n ast.Node) {
		seq, ok := n.(*ast.SequenceNode)
		if !ok {
			r.wrong(n, "want a list")
			return
		}
		for _, item := range seq.Values {
			var v T
			read(r, &v, parse)(item)
			*to = append(*to, v)
		}
	}
}

func plain(s string) (string, error) { return s, nil }

// readSources reads the table of sources, to which the rest of a file refers by name.
func (r *reader) readSources(n ast.Node) {
	for _, p := range r.pairs(n) {
		s := Source{}
		confirmed := ""
		r.group(p.Value, form{
			"cites": r.text(&s.Cites), "at": read(r, &s.At, address), "note": r.text(&s.Note),
			"confirmed": read(r, &confirmed, oneOf("yes", "no")),
		}, "cites", "at", "confirmed")
		s.Confirmed = confirmed == "yes"
		r.sources[p.Key.String()] = s
	}
}

func address(s string) (string, error) {
	if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") || strings.ContainsAny(s, " \t") {
		return "", fmt.Errorf("%q is not a web address", s)
	}
	return s, nil
}

// source reads the name of a source. Sources are read before what refers to them.
func (r *reader) source(to *Source) func(ast.Node) {
	return func(n ast.Node) {
		name, ok := r.scalar(n)
		if !ok {
			return
		}
		s, ok := r.sources[name]
		if !ok {
			r.wrong(n, "unknown source %q; known here: %s", name, strings.Join(sortedKeys(r.sources), ", "))
		}
		r.used[name] = true
		*to = s
	}
}

// firstSources reads the sources of a file, wherever in it they stand, before the rest.
func (r *reader) firstSources(root ast.Node) {
	for _, p := range r.pairs(root) {
		if p.Key.String() == "sources" {
			r.readSources(p.Value)
		}
	}
}

// unusedSources notes sources that nothing refers to.
func (r *reader) unusedSources(root ast.Node) {
	for _, p := range r.pairs(root) {
		if p.Key.String() != "sources" {
			continue
		}
		for _, s := range r.pairs(p.Value) {
			if !r.used[s.Key.String()] {
				r.wrong(s.Key, "nothing refers to the source %q", s.Key.String())
			}
		}
	}
}
