package datamap

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow/policy"
)

var systemName = regexp.MustCompile(`^\pL[\pL\pN_-]*$`)

// isSystemName reports whether something can be the name of a system. Its length is counted here: an
// expression that counts is as large as what it counts.
func isSystemName(name string) bool {
	return utf8.RuneCountInString(name) <= 60 && systemName.MatchString(name)
}

// names gives every part its name and its owner, and finds what stands twice.
func (b *builder) names() {
	first := map[string]*System{}
	for _, s := range b.m.Systems {
		name := s.Name.Text
		switch {
		case name == "":
		case !isSystemName(name):
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
		facts := b.m.facts[s.Name.Text]
		for _, t := range s.all {
			t.gone = facts != nil && s.TakeFromDatabase.Line > 0
		}
		for _, f := range facts {
			if t := s.Table(f.Name); t != nil {
				t.gone = false
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
		if t.System.Table(r.Table) != nil { // a table the map leaves out leads to nobody
			t.takeReference(r)
		}
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
