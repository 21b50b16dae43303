package policy

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

func changesText(changes []Change) string {
	var b strings.Builder
	for _, c := range changes {
		gone := ""
		if c.Gone {
			gone = " (gone)"
		}
		fmt.Fprintf(&b, "%d%s %s: %s [%s]\n", c.Line, gone, c.Effect, c.What, c.Key)
	}
	return b.String()
}

// TestDiff reads testdata/diff/*.txtar. After a file `x.edit`, which lists in pairs
// of paragraphs what to replace in testdata/good.yaml and by what, comes
// `x.changes`: what must be said of the change.
func TestDiff(t *testing.T) {
	files, err := filepath.Glob("testdata/diff/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(archive.Files); i += 2 {
			edit, want := archive.Files[i], &archive.Files[i+1]
			name, _, _ := strings.Cut(edit.Name, ".")
			if want.Name != name+".changes" {
				t.Fatalf("%s is not followed by %s.changes", edit.Name, name)
			}
			t.Run(name, func(t *testing.T) { testDiff(t, edit, want) })
		}
		if *update {
			writeArchive(t, file, archive)
		}
	}
}

func testDiff(t *testing.T, edit txtar.File, want *txtar.File) {
	src := good(t)
	for _, pair := range strings.Split(strings.TrimSuffix(string(edit.Data), "\n"), "\n===\n") {
		old, new, ok := strings.Cut(pair+"\n", "\n--->\n")
		new = strings.TrimSuffix(new, "\n")
		if !ok {
			t.Fatalf("not a pair: %q", pair)
		}
		src = mutate(t, src, old, new)
	}
	first := load(t, good(t), nil)
	second := load(t, src, first)
	got := changesText(Diff(first, second))
	if *update {
		want.Data = []byte(got)
	}
	if d := cmp.Diff(string(want.Data), got); d != "" {
		t.Errorf("wanted (-) and found (+):\n%s", d)
	}
	testBothWays(t, first, second)
}

// testBothWays: what narrows one way widens the other, at the same place.
func testBothWays(t *testing.T, first, second *Policy) {
	t.Helper()
	there, back := Diff(first, second), Diff(second, first)
	for _, pair := range [][2][]Change{{there, back}, {back, there}} {
		for _, c := range pair[0] {
			if c.Effect == Narrows && !widensAt(pair[1], c.Key) {
				t.Errorf("this narrows, and the way back does not widen there:\n%s\nback:\n%s", changesText([]Change{c}), changesText(pair[1]))
			}
		}
	}
	for _, c := range append(there, back...) {
		if c.What == "" || c.Key == "" || partOf(c.Key) < 0 || c.Line == 0 {
			t.Errorf("a change without words, key or line: %+v", c)
		}
	}
}

// widensAt reports a widening at a key; a renamed part has another key on the way back.
func widensAt(changes []Change, key string) bool {
	part, name, _ := strings.Cut(key, ".")
	for _, c := range changes {
		if c.Effect == Widens && (c.Key == key || strings.HasPrefix(c.Key, part+".") || c.Key == part || part == "ends" && strings.HasSuffix(c.Key, "."+name)) {
			return true
		}
	}
	return false
}

// TestDiffOfAnything: every mutant that compiles is a later version. It differs
// from the good policy, the same both ways, and not from itself.
func TestDiffOfAnything(t *testing.T) {
	first := load(t, good(t), nil)
	n := 0
	for _, m := range mutants {
		src := mutate(t, good(t), m.old, m.new)
		second, _ := Load("f", []byte(src), first)
		if second == nil {
			continue
		}
		n++
		if d := Diff(second, second); len(d) > 0 {
			t.Errorf("%s: it differs from itself:\n%s", m.code, changesText(d))
		}
		if len(Diff(first, second)) == 0 && m.code != codeEffectiveBeforeUpdated && m.code != codeNoEffective {
			t.Errorf("%s: nothing is said of a change from %q to %q", m.code, m.old, m.new)
		}
		t.Run(m.code, func(t *testing.T) { testBothWays(t, first, second) })
	}
	if n < 30 {
		t.Errorf("only %d mutants compile", n)
	}
}

// TestDiffNamesWidening: a change that opens a new consent is reported as widening.
func TestDiffNamesWidening(t *testing.T) {
	first := load(t, good(t), nil)
	n := 0
	for _, m := range mutants {
		second, _ := Load("f", []byte(mutate(t, good(t), m.old, m.new)), first)
		if second == nil {
			continue
		}
		for i := range second.Purposes {
			if !first.Purposes[i].Declared || !second.Purposes[i].Declared || !widens(first, second, i) {
				continue
			}
			n++
			if !Widening(Diff(first, second)) {
				t.Errorf("%s: %s is wider and the difference does not say so:\n%s", m.code, second.Purposes[i].Name, changesText(Diff(first, second)))
			}
		}
	}
	if n == 0 {
		t.Error("no mutant widens a purpose")
	}
}
