package saas

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow"
)

// maxProblems is how many problems of one description are reported.
const maxProblems = 100

// Problem is one thing wrong with a description.
type Problem struct {
	File         string
	Line, Column int
	Message      string // what is wrong
	Do           string // what to do
}

// String is `file:line:column: what is wrong; what to do`.
func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Do != "" {
		s += "; " + p.Do
	}
	return s
}

// Problems is everything wrong with one description, in the order of the file.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
	ps = slices.Compact(ps)
	if len(ps) > maxProblems {
		ps = ps[:maxProblems]
	}
	return ps
}

// asError makes them one Invalid error; nil when there are none.
func (ps Problems) asError() error {
	if len(ps) == 0 {
		return nil
	}
	return &avow.Error{Kind: avow.Invalid, Message: "the description of the service cannot be used:\n" + ps.Error()}
}
