package datamap

import (
	"maps"
	"math"
	"slices"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// FactsOf is what a schema says of keys and references, as Complete wants it.
func FactsOf(s *connect.Schema) []TableFacts {
	var out []TableFacts
	for i := range s.Tables {
		t := &s.Tables[i]
		f := TableFacts{Name: t.Name, Key: t.Key}
		for _, r := range t.References {
			f.References = append(f.References, ReferenceFacts{Columns: r.Columns, Table: r.Table, To: r.To, Optional: mayBeEmpty(t, r.Columns)})
		}
		out = append(out, f)
	}
	return out
}

func mayBeEmpty(t *connect.Table, columns []string) bool {
	for _, name := range columns {
		if c := t.Column(name); c == nil || !c.Nullable {
			return false
		}
	}
	return len(columns) > 0
}

// CheckLive judges a map against what the systems say of themselves: system →
// schema. A system without a schema is not judged. Everything is reported at once,
// with its place in the files.
func (m *Map) CheckLive(schemas map[string]*connect.Schema) policy.Problems {
	b := assemble(m.Policy, m.sources, m.live(schemas))
	b.problems = slices.DeleteFunc(b.problems, func(p policy.Problem) bool { return p.Warning })
	if b.tooMuch {
		return b.sorted()
	}
	for _, s := range b.m.Systems {
		if schema := schemas[s.Name.Text]; schema != nil {
			l := &live{builder: b, system: s, schema: schema, schemas: schemas}
			l.check()
		}
	}
	return b.sorted()
}

// live is what the systems with a schema say, and what was said of the others before.
func (m *Map) live(schemas map[string]*connect.Schema) map[string][]TableFacts {
	out := maps.Clone(m.facts)
	if out == nil {
		out = map[string][]TableFacts{}
	}
	for name, s := range schemas {
		if s != nil {
			out[name] = FactsOf(s)
		}
	}
	return out
}

// live judges one system against its schema.
type live struct {
	*builder
	system  *System
	schema  *connect.Schema
	schemas map[string]*connect.Schema
	said    map[string]bool // what was reported already, of rules that several links share
}

func (l *live) check() {
	if Kind(l.system.Kind) == Manual {
		return
	}
	for _, t := range l.system.all {
		l.said = map[string]bool{}
		db := findTable(l.schema, t)
		if db == nil {
			l.missingTable(t)
			continue
		}
		l.checkColumns(t, db)
		l.checkKnownBy(t, db)
		l.checkConditions(t, db)
		l.checkMarks(t, db)
		l.checkMoments(t, db)
		l.checkReferences(t, db)
		l.checkUnique(t, db)
		l.checkRules(t, db)
		l.checkDelete(t, db)
		l.checkIndexes(t, db)
		l.checkGrants(t, db)
	}
	l.checkUnknownTables()
}

// findTable finds the table of the map in a schema, with the system's own schema in front or without.
func findTable(s *connect.Schema, t *Table) *connect.Table {
	if db := s.Table(t.Qualified()); db != nil {
		return db
	}
	if t.System.Schema.Text != "" {
		return nil
	}
	return s.Table(t.Name)
}

// missingTable is all that is said of a table that is not there: that it has no key and
// no reference to anybody follows from that.
func (l *live) missingTable(t *Table) {
	end := policy.Pos{Line: math.MaxInt}
	for _, other := range l.system.all {
		if before(t.Pos, other.Pos) && before(other.Pos, end) {
			end = other.Pos
		}
	}
	l.problems = slices.DeleteFunc(l.problems, func(p policy.Problem) bool {
		return p.File == l.system.File && !p.Warning && !before(p.Pos, t.Pos) && before(p.Pos, end)
	})
	var names []string
	for i := range l.schema.Tables {
		names = append(names, l.schema.Tables[i].Name)
	}
	l.add(l.system, t.Pos, "missing-table", policy.Quote(l.system.Name.Text)+" has no table "+policy.Quote(t.Qualified())+l.seen(), t.Name, l.nearest(t.Name, names, "correct the name, "+l.grant(t.Name)+"or remove the table from the map"))
}

// seen says that there may be more: MySQL hides what a login has no grant for.
func (l *live) seen() string {
	if Kind(l.system.Kind) == MySQL {
		return " that this login can see"
	}
	return ""
}

func (l *live) grant(table string) string {
	if Kind(l.system.Kind) == MySQL {
		return "grant the login SELECT on " + policy.Quote(table) + ", "
	}
	return ""
}

// before reports whether one place of a file stands before another.
func before(a, b policy.Pos) bool { return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column }

func (l *live) nearest(wrote string, names []string, otherwise string) string {
	if l.full() {
		return ""
	}
	if near := policy.Nearest(wrote, names); near != "" {
		return "did you mean " + policy.Quote(near) + "?"
	}
	return otherwise
}

// mapped is the table of the map that a table of the database is; nil when the map does not know it.
func (l *live) mapped(name string) *Table {
	db := l.schema.Table(name)
	for _, t := range l.system.all {
		if found := findTable(l.schema, t); found != nil && found == db {
			return t
		}
	}
	return nil
}

// dismissed reports whether somebody found the table to be without personal data.
func (l *live) dismissed(name string) bool {
	db := l.schema.Table(name)
	return slices.ContainsFunc(l.system.NotPersonal, func(w Word) bool { return db != nil && l.schema.Table(w.Text) == db })
}

// checkUnknownTables tells of tables that point at mapped ones and that nobody has
// looked at, and of names under `not-personal` that are none.
func (l *live) checkUnknownTables() {
	for i := range l.schema.Tables {
		db := &l.schema.Tables[i]
		if l.mapped(db.Name) != nil || l.dismissed(db.Name) {
			continue
		}
		var at []string
		for _, r := range db.References {
			if t := l.mapped(r.Table); t != nil && !slices.Contains(at, t.Name) {
				at = append(at, t.Name)
			}
		}
		if len(at) > 0 {
			l.warn(l.system, l.system.Name.Pos, "unknown-to-map", policy.Quote(db.Name)+" points at "+list(at)+", and the map does not say what stands in it", db.Name,
				"add it to the tables, or to `not-personal` when it says nothing of people")
		}
	}
	for _, w := range l.system.NotPersonal {
		if l.schema.Table(w.Text) == nil {
			l.warn(l.system, w.Pos, "missing-table", policy.Quote(l.system.Name.Text)+" has no table "+policy.Quote(w.Text), w.Text, "remove it from `not-personal`, or correct the name")
		}
	}
}

// columnOf finds a column, or in documents the object that holds the path. A database is asked for whole columns only.
func (s *System) columnOf(db *connect.Table, name string) *connect.Column {
	if c := db.Column(name); c != nil || s.Relational() {
		return c
	}
	if c := db.Column(top(name)); c != nil && c.Name != name && c.Kind == connect.JSON {
		return &connect.Column{Name: name, Kind: "", Nullable: true, Type: c.Type}
	}
	return nil
}

// LoadText is Load for one file that lies in no folder yet, such as a draft.
func LoadText(file string, text []byte, p *policy.Policy) (*Map, error) {
	return build(p, []source{{file, text}}, nil)
}
