package datamap

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

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
	return build(p, sources, nil)
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
	b := &builder{m: &Map{Policy: p, sources: sources, facts: facts}}
	unread := false
	for _, src := range sources {
		s := &System{File: src.file}
		problems := policy.Decode(src.file, src.text, s)
		unread = unread || problems.Errors()
		b.problems = append(b.problems, problems...)
		b.m.Systems = append(b.m.Systems, s)
	}
	b.names()
	b.bounds()
	if b.tooMuch {
		return nil, b.sorted()
	}
	b.complete()
	b.resolve()
	b.check(unread)
	problems := b.sorted()
	if problems.Errors() {
		return nil, problems
	}
	b.m.Warnings = problems
	return b.m, nil
}

// builder makes one map and gathers what is wrong with it.
type builder struct {
	m        *Map
	problems policy.Problems
	tooMuch  bool
}

// maxProblems is how many problems of all files are reported.
const maxProblems = 500

func (b *builder) sorted() policy.Problems {
	sortProblems(b.problems)
	if over := len(b.problems) - maxProblems; over > 0 {
		b.problems = b.problems[:maxProblems]
		last := b.problems[maxProblems-1]
		b.problems = append(b.problems, policy.Problem{File: last.File, Pos: last.Pos, Code: "more-problems",
			Message: fmt.Sprintf("%d more problems are not shown", over), Suggest: "mend these first and check again"})
	}
	return b.problems
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

var systemName = regexp.MustCompile(`^[\pL][\pL\pN_-]{0,59}$`)

// names gives every part its name and its owner, and finds what stands twice.
func (b *builder) names() {
	first := map[string]*System{}
	for _, s := range b.m.Systems {
		name := s.Name.Text
		switch {
		case name == "":
		case !systemName.MatchString(name):
			b.add(s, s.Name.Pos, "bad-name", policy.Quote(name)+" cannot be the name of a system", name, "use letters, digits and dashes, without a dot")
		case first[name] != nil:
			b.add(s, s.Name.Pos, "twice", "another file, "+first[name].File+", is about "+policy.Quote(name)+" already", name, "give one of the systems another name")
		default:
			first[name] = s
		}
		b.tables(s)
	}
}

func (b *builder) tables(s *System) {
	seen := map[string]bool{}
	for _, entries := range []policy.Entries[Table]{s.Tables, s.Collections} {
		for i := range entries {
			t := &entries[i].Is
			t.System, t.Name, t.Pos = s, entries[i].Key, entries[i].Pos
			if t.Name == "" || len(t.Name) > maxWord || strings.ContainsRune(t.Name, 0) {
				b.add(s, t.Pos, "bad-name", policy.Quote(t.Name)+" cannot be the name of a table", t.Name, "write the name the database knows it by, with its schema where it has one")
				continue
			}
			if seen[t.Qualified()] {
				b.add(s, t.Pos, "twice", policy.Quote(t.Name)+" stands twice", t.Name, "put both into one")
				continue
			}
			seen[t.Qualified()] = true
			nameParts(t)
			s.all = append(s.all, t)
		}
	}
}

func nameParts(t *Table) {
	for i := range t.Columns {
		t.Columns[i].Is.Name, t.Columns[i].Is.Pos = t.Columns[i].Key, t.Columns[i].Pos
	}
	for i := range t.Identities {
		t.Identities[i].Is.Column, t.Identities[i].Is.Pos = t.Identities[i].Key, t.Identities[i].Pos
	}
	for i := range t.References {
		r := &t.References[i].Is
		r.Name, r.Table, r.Pos = t.References[i].Key, t, t.References[i].Pos
		r.Here = texts(r.Columns)
		if len(r.Here) == 0 {
			r.Here = []string{r.Name}
		}
	}
	if t.System.Kind == string(MongoDB) && len(t.Key) == 0 {
		t.Key = []Word{{Text: "_id"}}
	}
}

func (b *builder) bounds() {
	tables, columns := 0, 0
	for _, s := range b.m.Systems {
		for _, t := range s.all {
			tables++
			columns += len(t.Columns) + len(t.References) + len(t.Identities)
		}
		if tables > maxTables || columns > maxColumns {
			b.add(s, s.Pos, "too-many", fmt.Sprintf("the map has more than %d tables or %d columns", maxTables, maxColumns), "", "leave out tables without personal data")
			b.tooMuch = true
			return
		}
	}
}

// complete takes from the databases what the files leave to them.
func (b *builder) complete() {
	for _, s := range b.m.Systems {
		for _, f := range b.m.facts[s.Name.Text] {
			if t := s.Table(f.Name); t != nil {
				t.take(f)
			}
		}
	}
}

func (t *Table) take(f TableFacts) {
	if t.System.TakeFromDatabase.Keys && len(t.Key) == 0 {
		for _, c := range f.Key {
			t.Key = append(t.Key, Word{t.Pos, c})
		}
	}
	if !t.System.TakeFromDatabase.References {
		return
	}
	for _, r := range f.References {
		t.takeReference(r)
	}
}

// takeReference adds a foreign key, unless the file has the reference.
func (t *Table) takeReference(f ReferenceFacts) {
	for i := range t.References {
		if r := &t.References[i].Is; slices.Equal(r.Here, f.Columns) && r.When.Test == nil {
			r.FromDatabase = true
			r.Optional.Yes = r.Optional.Yes || !r.Optional.Set && f.Optional
			return
		}
	}
	r := Reference{Pos: t.Pos, Name: cmp.Or(f.Name, strings.Join(f.Columns, "+")), Table: t, Here: f.Columns, FromDatabase: true}
	r.Optional.Yes = f.Optional
	for _, c := range f.To {
		r.To = append(r.To, Word{t.Pos, f.Table + "." + c})
	}
	t.References = append(t.References, policy.Entry[Reference]{Pos: t.Pos, Key: r.Name, Is: r})
}

// waits reports whether a system leaves its references to the database, which has
// not said them yet.
func (b *builder) waits(s *System) bool {
	return s.TakeFromDatabase.References && b.m.facts[s.Name.Text] == nil
}
