package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// minimal is the smallest policy.
const minimal = `avow: v1
policy: small
title: A small policy
effective: 2026-01-01
organisation: {name: Somebody}
data: {}
`

// hostile makes texts of about n bytes that are meant to be slow, deep or large.
var hostile = map[string]func(n int) string{
	"one long text":           func(n int) string { return "a: " + strings.Repeat("x", n) },
	"spaces":                  func(n int) string { return "a: " + strings.Repeat(" ", n) + "b" },
	"blank lines":             func(n int) string { return "a: b" + strings.Repeat("\n", n) + "c: d\n" },
	"text of many lines":      func(n int) string { return "a: b" + strings.Repeat("\n x", n/3) },
	"quoted":                  func(n int) string { return "a: \"" + strings.Repeat("x", n) + "\"" },
	"escapes":                 func(n int) string { return "a: \"" + strings.Repeat(`\n`, n/2) + "\"" },
	"bad escapes":             func(n int) string { return "a: " + strings.Repeat(`"\q`, n/3) },
	"quoted lines":            func(n int) string { return "a: \"" + strings.Repeat("\n x", n/3) + "\"" },
	"single quotes":           func(n int) string { return "a: '" + strings.Repeat("''", n/2) + "'" },
	"open quotes":             func(n int) string { return strings.Repeat("a: \"\n", n/5) },
	"open single quotes":      func(n int) string { return strings.Repeat("a: 'b\n\n", n/7) },
	"literal":                 func(n int) string { return "a: |\n" + strings.Repeat("  x\n", n/4) },
	"literals":                func(n int) string { return strings.Repeat("a: |\n", n/5) },
	"literal, deeper":         func(n int) string { return "a: |\n" + strings.Repeat("  ", n/2) + "x" },
	"folded":                  func(n int) string { return "a: >\n" + strings.Repeat("  x\n", n/4) },
	"folded blank":            func(n int) string { return "a: >\n  x" + strings.Repeat("\n", n) + "  y" },
	"list in brackets":        func(n int) string { return "a: [" + strings.Repeat("x, ", n/3) + "]" },
	"list in brackets, lines": func(n int) string { return "a: [" + strings.Repeat("x,\n ", n/4) + "]" },
	"commas":                  func(n int) string { return "a: [" + strings.Repeat(",", n) + "]" },
	"keys":                    func(n int) string { return numbered("k%d: v\n", n) },
	"keys in braces":          func(n int) string { return "a: {" + numbered("k%d: v, ", n) + "}" },
	"same key":                func(n int) string { return strings.Repeat("k: v\n", n/5) },
	"list":                    func(n int) string { return "a:\n" + strings.Repeat("- x\n", n/4) },
	"list of groups":          func(n int) string { return "a:\n" + strings.Repeat("- x: y\n  z: w\n", n/14) },
	"comments":                func(n int) string { return strings.Repeat("# c\n", n/4) + "a: b\n" },
	"comments behind":         func(n int) string { return numbered("k%d: v # c\n", n) },
	"hashes":                  func(n int) string { return "a: " + strings.Repeat(" #", n/2) },
	"colons":                  func(n int) string { return "a: " + strings.Repeat(":", n) },
	"colons in brackets":      func(n int) string { return "a: {b: [" + strings.Repeat("x:", n/2) + "]}" },
	"keys behind keys":        func(n int) string { return strings.Repeat("a: ", n/3) },
	"question marks":          func(n int) string { return strings.Repeat("? ", n/2) },
	"dashes":                  func(n int) string { return strings.Repeat("- ", n/2) },
	"brackets":                func(n int) string { return strings.Repeat("[", n) },
	"braces":                  func(n int) string { return strings.Repeat("{", n) },
	"braces with keys":        func(n int) string { return strings.Repeat("{a: ", n/4) },
	"closing brackets":        func(n int) string { return strings.Repeat("]", n) },
	"steps":                   steps,
	"documents":               func(n int) string { return strings.Repeat("---\n", n/4) },
	"document ends":           func(n int) string { return strings.Repeat("...\n", n/4) },
	"tabs":                    func(n int) string { return "a: " + strings.Repeat("\t", n) },
	"open bracket":            func(n int) string { return "a: [" + strings.Repeat("x ", n/2) },
	"anchors":                 func(n int) string { return "a: [" + strings.Repeat("&x y, ", n/6) + "]" },
	"aliases":                 func(n int) string { return "a: &x y\nb: [" + strings.Repeat("*x, ", n/4) + "]" },
	"percent":                 func(n int) string { return strings.Repeat("%", n) },
	"tags":                    func(n int) string { return strings.Repeat("!", n) },
	"tags apart":              func(n int) string { return "a: [" + strings.Repeat("!a b, ", n/6) + "]" },
	"reserved":                func(n int) string { return strings.Repeat("@", n) },
	"line ends of Windows":    func(n int) string { return numbered("k%d: b\r\n", n) },
	"digits":                  func(n int) string { return "a: " + strings.Repeat("1", n) },
	"digits and lines":        func(n int) string { return "a: 1" + strings.Repeat("_", n) },
	"zeros":                   func(n int) string { return "a: " + strings.Repeat("0_", n/2) },
	"not UTF-8":               func(n int) string { return strings.Repeat("\xff\n", n/2) },
	"unknown keys of policy":  func(n int) string { return minimal + numbered("key%d: v\n", n) },
	"long unknown key":        func(n int) string { return minimal + strings.Repeat("k", n) + ": v\n" },
	"many people":             func(n int) string { return minimal + "people:\n" + numbered("  p%d: {means: x}\n", n) },
	"many bad people":         func(n int) string { return minimal + "people:\n" + numbered("  p%d: {mean: x}\n", n) },
	"many bad regions": func(n int) string {
		return minimal + "transfers: {outside: [" + strings.Repeat("Atlantis, ", n/10) + "]}\n"
	},
	"many countries": func(n int) string {
		return minimal + "transfers: {outside: [" + strings.Repeat("South Africa, ", n/14) + "]}\n"
	},
	"terms": func(n int) string {
		return minimal + "default-basis: consent if " + strings.Repeat("a or ", n/5) + "b\n"
	},
	"joined texts": func(n int) string {
		return minimal + "agreements: {a: {with: b, covers: c" + strings.Repeat(", d e", n/5) + "}}\n"
	},
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// steps indents every line one deeper than the one before.
func steps(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// TestParseHostile reads texts of a whole mebibyte: one that took quadratic time
// would not end before the test's time does.
func TestParseHostile(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			src := []byte(text(maxSize - len(minimal) - 1200))
			if len(src) > maxSize {
				t.Fatalf("%d bytes: the text is refused before it is read", len(src))
			}
			doc, ps := Parse("hostile.yaml", src)
			if (doc == nil) != ps.Errors() {
				t.Errorf("document %v with problems %v", doc != nil, ps)
			}
			if len(ps) > maxProblems+1 {
				t.Errorf("%d problems are reported", len(ps))
			}
			for _, p := range ps {
				if p.Line < 1 || p.Column < 1 || p.Message == "" || p.Code == "" || len(p.String()) > 2000 {
					t.Errorf("not a problem for people: %+v", p)
				}
			}
		})
	}
}

func TestParseTooLarge(t *testing.T) {
	_, ps := Parse("large.yaml", []byte(minimal+strings.Repeat("# more\n", 10<<20/7)))
	if len(ps) != 1 || ps[0].Code != "too-large" {
		t.Errorf("got %v, want the one problem that the file is too large", ps)
	}
}

// seeds are the examples, the wanted problems' inputs, and short hostile texts.
func seeds(t testing.TB) [][]byte {
	t.Helper()
	out := [][]byte{[]byte(minimal), []byte("\uFEFF" + minimal), []byte(strings.ReplaceAll(minimal, "\n", "\r\n")),
		[]byte(minimal + "\x00"), []byte("a:\n\tb: c\n"), []byte("a: \xff\xfe\n"), []byte(""), []byte("\n"), []byte("a: \"\\q\"\n"),
		[]byte("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n")}
	for _, pattern := range []string{"../examples/*/*.yaml", "testdata/*.yaml", "testdata/parse/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, src)
		}
	}
	for _, text := range hostile {
		out = append(out, []byte(text(300)))
	}
	return out
}

// FuzzParse holds what must be true of every text: an answer, a document or an
// error, problems with a place inside the file.
func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, ps := Parse("fuzz.yaml", src)
		if (doc == nil) != ps.Errors() {
			t.Fatalf("document %v with problems %v", doc != nil, ps)
		}
		lines := strings.Count(string(src), "\n") + 1
		for _, p := range ps {
			if p.Line < 1 || p.Line > lines || p.Column < 1 {
				t.Fatalf("a problem outside the file: %v", p)
			}
		}
	})
}
