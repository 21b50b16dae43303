package datamap

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/avowhq/avow/policy"
)

// The bounds of a map. A file has the bounds of a policy file besides.
const (
	maxSystems = 200
	maxFile    = 1 << 20 // bytes
	maxTables  = 5_000   // of all systems
	maxColumns = 50_000
)

// TableFacts is what a database itself says of a table.
type TableFacts struct {
	Name       string   // with its schema where there are schemas
	Key        []string // empty when it has none
	References []ReferenceFacts
}

// ReferenceFacts is one foreign key.
type ReferenceFacts struct {
	Name     string // empty: the columns, joined by +
	Columns  []string
	Table    string // it points at
	To       []string
	Optional bool // every one of its columns may be empty
}

// Load reads the files a policy names under `systems`, `systems/*.yaml` when it
// names none, from the folder of the policy. The error is policy.Problems with
// everything that is wrong in any of them; warnings are in the Map.
func Load(dir fs.FS, p *policy.Policy) (*Map, error) {
	sources, problems := find(dir, patterns(p))
	if len(problems) > 0 {
		return nil, problems
	}
	m, err := build(p, sources, nil)
	if err == nil && len(p.Document.Systems) == 0 {
		m.Warnings = append(m.Warnings, overlooked(dir)...)
	}
	return m, err
}

// overlooked warns of files that only look like those of systems.
func overlooked(dir fs.FS) (out policy.Problems) {
	names, _ := fs.Glob(dir, "systems/*.yml")
	for _, name := range names {
		p := wholeFile(name, "not-read", "this file is not read: those of systems end in `.yaml`", "give it that ending, or name it under `systems` in the policy")
		p.Warning = true
		out = append(out, p)
	}
	return out
}

// Complete is the map with what the databases themselves say, for systems that
// take keys or references from there: system → tables. What could not be judged
// without it is judged now.
func (m *Map) Complete(facts map[string][]TableFacts) (*Map, error) {
	return build(m.Policy, m.sources, facts)
}

func patterns(p *policy.Policy) []string {
	var out []string
	for _, w := range p.Document.Systems {
		out = append(out, w.Plain)
	}
	if len(out) == 0 {
		out = []string{"systems/*.yaml"}
	}
	return out
}

// find reads the files, in the order of their names, each once.
func find(dir fs.FS, globs []string) ([]source, policy.Problems) {
	var names []string
	var problems policy.Problems
	for _, glob := range globs {
		found, err := fs.Glob(dir, path.Clean(glob))
		if err != nil {
			problems = append(problems, wholeFile(glob, "bad-pattern", "this is no pattern of file names", "write for instance `systems/*.yaml`"))
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > maxSystems {
		return nil, append(problems, wholeFile(names[maxSystems], "too-many", fmt.Sprintf("there are more than %d systems", maxSystems), "give some of them a policy of their own"))
	}
	var out []source
	for _, name := range names {
		text, p := readFile(dir, name)
		out, problems = append(out, source{name, text}), append(problems, p...)
	}
	return out, problems
}

func readFile(dir fs.FS, name string) ([]byte, policy.Problems) {
	info, err := fs.Stat(dir, name)
	if err == nil && info.Size() > maxFile {
		return nil, policy.Problems{wholeFile(name, "too-large", "the file is too large", "at most 1 MiB is read; make it two systems")}
	}
	text, err := fs.ReadFile(dir, name)
	if err != nil {
		return nil, policy.Problems{wholeFile(name, "unreadable", "the file cannot be opened", "see that it is there and may be read")}
	}
	return text, nil
}

func wholeFile(file, code, message, do string) policy.Problem {
	return policy.Problem{File: file, Pos: policy.Pos{Line: 1, Column: 1}, Code: code, Message: message, Suggest: do}
}

// build reads, resolves and judges all files.
func build(p *policy.Policy, sources []source, facts map[string][]TableFacts) (*Map, error) {
	b := assemble(p, sources, facts)
	problems := b.sorted()
	if b.tooMuch || problems.Errors() {
		return nil, problems
	}
	b.m.Warnings = problems
	return b.m, nil
}

// assemble makes as much of a map as can be made, and says what is wrong with it.
func assemble(p *policy.Policy, sources []source, facts map[string][]TableFacts) *builder {
	b := &builder{m: &Map{Policy: p, sources: sources, facts: facts}}
	unread := false
	for _, src := range sources {
		s := &System{File: src.file}
		problems := policy.Decode(src.file, src.text, s)
		for i := range problems {
			if problems[i].Code == "empty-file" {
				problems[i].Suggest = "begin with `system: NAME`"
			}
		}
		unread = unread || problems.Errors()
		b.problems = append(b.problems, problems...)
		b.m.Systems = append(b.m.Systems, s)
	}
	b.names()
	b.bounds()
	if !b.tooMuch {
		b.complete()
		b.resolve()
		b.check(unread)
	}
	return b
}

// builder makes one map and gathers what is wrong with it.
type builder struct {
	m        *Map
	problems policy.Problems
	tooMuch  bool
}

// maxProblems is how many problems of all files are reported.
const maxProblems = 500

// sorted are the problems in the order of the files. Of too many warnings are left out first:
// they keep no map from being read, and hide no error.
func (b *builder) sorted() policy.Problems {
	sortProblems(b.problems)
	if over := len(b.problems) - maxProblems; over > 0 {
		slices.SortStableFunc(b.problems, func(a, b policy.Problem) int { return rank(a) - rank(b) })
		hidden := b.problems[maxProblems:]
		b.problems = b.problems[:maxProblems]
		sortProblems(b.problems)
		last := b.problems[maxProblems-1]
		b.problems = append(b.problems, policy.Problem{File: last.File, Pos: last.Pos, Warning: !hidden.Errors(), Code: "more-problems",
			Message: fmt.Sprintf("%d more problems are not shown", over), Suggest: "mend these first and check again"})
	}
	return b.problems
}

// rank puts errors before warnings.
func rank(p policy.Problem) int {
	if p.Warning {
		return 1
	}
	return 0
}

// full reports that no more problems will be shown, so that no advice is sought for them.
func (b *builder) full() bool { return len(b.problems) > maxProblems }

// sortProblems orders problems by file and place, then by what was reported first.
func sortProblems(ps policy.Problems) {
	slices.SortStableFunc(ps, func(a, b policy.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// add notes an error in the file of a system.
func (b *builder) add(s *System, at policy.Pos, code, message, text, do string) {
	b.problems = append(b.problems, policy.Problem{File: s.File, Pos: at, Code: code, Message: message, Text: text, Suggest: do})
}

// warn notes what is allowed and unwise.
func (b *builder) warn(s *System, at policy.Pos, code, message, text, do string) {
	b.problems = append(b.problems, policy.Problem{File: s.File, Pos: at, Warning: true, Code: code, Message: message, Text: text, Suggest: do})
}
