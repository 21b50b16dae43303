// Package trial runs decision tests: questions written beside a policy with the
// answers that must come out (`avow test`).
//
// What stays true: a file is read as strictly as a policy, so that a slip of the
// pen is a problem and never a case that passes; the same files give the same
// results on every machine.
//
// What it never does: I/O other than through the file system it is given.
package trial

import (
	"io/fs"
	"path"
	"strings"

	"github.com/avowhq/avow/policy"
)

// Result is one case.
type Result struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	ID       string `json:"id"`       // the case's own name; empty when it has none
	Question string `json:"question"` // the case in words
	Want     bool   `json:"want"`
	Got      bool   `json:"got"`
	Passed   bool   `json:"passed"`
	Reason   string `json:"reason"` // the stable word for why
	Sentence string `json:"sentence"`
	MakeYes  string `json:"make_yes,omitempty"`
	Because  string `json:"because,omitempty"` // the word the reason lacks, when only that is wrong
}

// Report is what came of all the files.
type Report struct {
	Results  []Result        `json:"results"`
	Problems policy.Problems `json:"problems,omitempty"` // what kept cases from being asked
}

// OK reports that there were cases, that all could be asked, and that all passed.
func (r Report) OK() bool { return len(r.Results) > 0 && len(r.Problems) == 0 && r.Failed() == 0 }

// Failed counts the cases that did not come out as wanted.
func (r Report) Failed() (n int) {
	for i := range r.Results {
		if !r.Results[i].Passed {
			n++
		}
	}
	return n
}

// suffix is how the name of a file of decision tests ends.
const suffix = "_test.yaml"

// Run runs every file of decision tests in a tree, in the order of their names.
// The error is of reading the tree; what is wrong in a file is in the report.
func Run(tree fs.FS) (Report, error) {
	var out Report
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, suffix) {
			return err
		}
		src, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		one := runFile(tree, name, src)
		out.Results = append(out.Results, one.Results...)
		out.Problems = append(out.Problems, one.Problems...)
		return nil
	})
	return out, err
}

// runFile runs one file; a file with a problem runs none of its cases.
func runFile(tree fs.FS, name string, src []byte) Report {
	b := &bench{name: name}
	b.problems = policy.Decode(name, src, &b.file)
	if b.problems.Errors() {
		return Report{Problems: b.problems}
	}
	b.versions(tree, path.Dir(name))
	if b.rules == nil {
		return Report{Problems: b.problems}
	}
	b.subjects()
	questions := b.questions()
	if b.problems.Errors() {
		return Report{Problems: b.problems}
	}
	out := Report{Problems: b.problems}
	for _, q := range questions {
		out.Results = append(out.Results, b.ask(q))
	}
	return out
}
