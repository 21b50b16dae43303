package policy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxProblems is how many problems of one file are reported. Who has more begins with these.
const maxProblems = 200

// Problems is everything wrong with a file, sorted by its place.
type Problems []Problem

// Errors reports whether anything is wrong beyond warnings.
func (ps Problems) Errors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return !p.Warning })
}

// Error is the text of all problems, one a line, so that they can travel as an error.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// String is `file:line:column: error: message; suggestion`.
func (p Problem) String() string {
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	s := fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, kind, p.Message)
	if p.Suggest != "" {
		s += "; " + p.Suggest
	}
	return s
}

// MarshalJSON writes a problem flat, with its line and column.
func (p Problem) MarshalJSON() ([]byte, error) {
	type plain Problem // without this method
	return json.Marshal(struct {
		plain
		Line   int `json:"line"`
		Column int `json:"column"`
	}{plain(p), p.Line, p.Column})
}

// report gathers the problems of one file.
type report struct {
	file string
	list Problems
	more int // problems past the bound
}

// add notes an error. Text that stands in the message is expected to be quoted with quote.
func (r *report) add(at Pos, code, message, text, suggest string) {
	r.note(Problem{Pos: at, Code: code, Message: message, Text: text, Suggest: suggest})
}

// warn notes what is allowed and unwise.
func (r *report) warn(at Pos, code, message, text, suggest string) {
	r.note(Problem{Pos: at, Warning: true, Code: code, Message: message, Text: text, Suggest: suggest})
}

func (r *report) note(p Problem) {
	if len(r.list) >= maxProblems {
		r.more++
		return
	}
	p.File, p.Text = r.file, clip(p.Text, 200)
	r.list = append(r.list, p)
}

// sorted is what was reported, in the order of the file.
func (r *report) sorted() Problems {
	sortProblems(r.list)
	if r.more == 0 {
		return r.list
	}
	last := r.list[len(r.list)-1].Pos
	return append(r.list, Problem{File: r.file, Pos: last, Code: "more-problems",
		Message: fmt.Sprintf("%d more problems are not shown", r.more), Suggest: "mend these first and check again"})
}

// sortProblems orders problems by line, column, and then by what was reported first.
func sortProblems(ps Problems) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// quote shows a text of the file inside a message: between backquotes, on one
// line, without control characters, not too long.
func quote(s string) string { return "`" + clip(s, 60) + "`" }

// clip shortens a text to n characters and makes it printable on one line.
func clip(s string, n int) string {
	var b strings.Builder
	count := 0
	for _, c := range s {
		if count == n {
			b.WriteRune('…')
			break
		}
		if !unicode.IsPrint(c) {
			c = ' '
		}
		b.WriteRune(c)
		count++
	}
	return b.String()
}
