package avow_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/law"
)

var textWithLaw = []string{".go", ".sql", ".ts", ".css", ".html", ".md", ".sh"}

// ruleCitations: what is cited is in law/index.txt.
func ruleCitations(t *testing.T, tree fs.FS) (wrong []string) {
	listed := map[string]bool{}
	for _, e := range lawIndex(t) {
		listed[e.Citation] = true
	}
	for _, c := range citations(t, tree) {
		if !listed[c.text] {
			wrong = append(wrong, c.where+": "+c.text+" is not in law/index.txt")
		}
	}
	return wrong
}

// An article said to be done is cited by the code that does it.
func TestLawIsDoneSomewhere(t *testing.T) {
	for _, e := range doneNowhere(lawIndex(t), citations(t, os.DirFS("."))) {
		t.Errorf("law/index.txt:%d: %s is said to be done, and no code cites it", e.Line, e.Citation)
	}
	entries := []law.Entry{{Citation: "a", State: law.Yes}, {Citation: "b", State: law.Yes}, {Citation: "c", State: law.No}}
	if got := doneNowhere(entries, []citation{{text: "a"}}); len(got) != 1 || got[0].Citation != "b" {
		t.Errorf("the test does not see it: %v", got)
	}
}

func doneNowhere(entries []law.Entry, cited []citation) []law.Entry {
	return slices.DeleteFunc(entries, func(e law.Entry) bool {
		return e.State != law.Yes || slices.ContainsFunc(cited, func(c citation) bool { return c.text == e.Citation })
	})
}

func lawIndex(t *testing.T) []law.Entry {
	t.Helper()
	index, err := law.Index()
	if err != nil {
		t.Fatal(err)
	}
	return index
}

type citation struct{ where, text string }

// citations finds what a tree cites, outside the law room itself.
func citations(t *testing.T, tree fs.FS) (found []citation) {
	t.Helper()
	sources := map[string]bool{}
	for _, e := range lawIndex(t) {
		sources[e.Source()] = true
	}
	for _, name := range treeFiles(t, tree) {
		if !slices.Contains(textWithLaw, path.Ext(name)) || path.Dir(name) == "law" {
			continue
		}
		for i, line := range strings.Split(readText(t, tree, name), "\n") {
			for _, c := range law.Citations(line, func(s string) bool { return sources[s] }) {
				found = append(found, citation{fmt.Sprintf("%s:%d", name, i+1), c})
			}
		}
	}
	return found
}
