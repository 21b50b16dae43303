package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// mostOfOne is how many errors one broken word may bring about.
const mostOfOne = 3

// TestOneBrokenWordIsFewProblems breaks the texts and keys of real policies one at
// a time: what is found must be that, and not a rush of what follows from it.
func TestOneBrokenWordIsFewProblems(t *testing.T) {
	files, err := filepath.Glob("../examples/*/policy.yaml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	broken := 0
	for n, file := range append(files, "every_key.yaml") {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, was := Load(file, src, nil)
		lines := strings.SplitAfter(string(src), "\n")
		for i, m := range breaks(parseTree(&report{}, src), commentTable(commentText)) {
			if (i+n)%5 == 0 && breakOne(t, file, lines, m, was) {
				broken++
			}
		}
	}
	if broken < 300 {
		t.Errorf("only %d files were broken", broken)
	}
}

// breakOne writes a word over another and looks at what is said of it.
func breakOne(t *testing.T, file string, lines []string, m [2]*node, was Problems) bool {
	t.Helper()
	at, with := m[0], m[1].text
	line := []rune(lines[at.Line-1])
	from, to := at.Column-1, at.Column-1+len([]rune(at.text))
	if at.quoted || at.lines || to > len(line) || string(line[from:to]) != at.text {
		return false
	}
	before := lines[at.Line-1]
	lines[at.Line-1] = string(line[:from]) + with + string(line[to:])
	src := strings.Join(lines, "")
	lines[at.Line-1] = before
	_, ps := Load(file, []byte(src), nil)
	if !ps.Errors() {
		t.Errorf("%s:%d:%d: %s in place of %s is no error", file, at.Line, at.Column, with, at.text)
		return true
	}
	old := map[string]bool{}
	for _, p := range was {
		old[p.Message] = true
	}
	errors, warnings := 0, 0
	for _, p := range ps {
		switch {
		case !p.Warning:
			errors++
		case !old[p.Message]:
			warnings++
		}
	}
	if errors > mostOfOne || warnings > 0 {
		t.Errorf("%s:%d:%d: %s in place of %s: %d errors and %d new warnings\n%v", file, at.Line, at.Column, with, at.text, errors, warnings, ps)
	}
	return true
}

// breaks lists what to write over what: a list over a text, another key over one of the language.
func breaks(n *node, table map[string]string) (out [][2]*node) {
	for _, p := range n.pairs {
		if _, language := table["Document."+p.key.text]; language && p.key.Column == 1 || strings.Contains(languageKeys, " "+p.key.text+" ") {
			out = append(out, [2]*node{p.key, {text: "no-such-key"}})
		}
		out = append(out, breaks(p.value, table)...)
	}
	for _, item := range n.items {
		out = append(out, breaks(item, table)...)
	}
	if n.kind == scalarNode {
		out = append(out, [2]*node{n, {text: "[[]]"}})
	}
	return out
}

// languageKeys are keys that stand inside the parts.
const languageKeys = " title fields basis uses because yields identifies receives role for source until then shown-by means purposes "

// TestLoadReportsAllAtOnce: what cannot be read hides nothing that stands elsewhere.
func TestLoadReportsAllAtOnce(t *testing.T) {
	src := strings.Replace(minimal, "data: {}", `default-basis: notise
data:
  contact: {title: Contact, fields: [name, email], identifies: emial}
  visits: {title: Visits, feilds: [page], kept-as: {page: hash}}
purpose-groups:
  g:
    title: Group
    purposes:
      answer: {title: Answer, basis: consent, uses: [contact, visits.page, letters]}
      study: {title: Study, basis: consent, uses: visits.pag}
recipients:
  crm: {role: procesor, receives: contacts, for: answer}
  mail: {role: processor, receives: contact, for: anser}
`, 1)
	p, ps := Load("f", []byte(src), nil)
	var got []string
	for _, q := range ps {
		if !q.Warning {
			got = append(got, fmt.Sprintf("%d %s %s", q.Line, q.Code, q.Text))
		}
	}
	want := "6 unknown-basis notise|8 unknown-name emial|9 unknown-key feilds|14 unknown-name letters|17 unknown-word procesor|18 unknown-name anser"
	if strings.Join(got, "|") != want || p != nil {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.ReplaceAll(want, "|", "\n"))
	}
}
