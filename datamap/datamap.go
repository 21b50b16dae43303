// Package datamap is the map of personal data in other databases: what stands in
// `systems/*.yaml`, read, judged against the policy and against itself, and turned
// into a graph from a person's identity to every row that concerns them.
//
// A file describes one system: its tables, which columns hold which data of the
// policy, which columns say who somebody is, which rows point at which, and how a
// row relates to the person it is reached for: it is theirs (owns), theirs and
// others' (shares), or about somebody else and speaks of them (mentions).
//
// What stays true: a Map that Load gives out is whole (every name in it leads
// somewhere, every table with personal columns can be reached) and does not
// change; everything wrong is reported at once, with file, line and column and
// what to do; no input, however hostile, makes it panic, loop or take unbounded
// memory; no text of a file ends up in a query except as a name or a value.
//
// What it never does: open a connection, read a database, hold a credential. A
// file names where credentials are found and never contains them.
package datamap

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// Map is all systems of a policy. It does not change once loaded.
type Map struct {
	Policy   *policy.Policy
	Systems  []*System       // in the order of their files' names
	Warnings policy.Problems // what is allowed and unwise

	sources []source
	facts   map[string][]TableFacts
}

type source struct {
	file string
	text []byte
}

// System finds a system by its name; nil when there is none.
func (m *Map) System(name string) *System {
	for _, s := range m.Systems {
		if s.Name.Text == name {
			return s
		}
	}
	return nil
}

// Tables lists the tables of all systems, in the order of the files.
func (m *Map) Tables() []*Table {
	var out []*Table
	for _, s := range m.Systems {
		out = append(out, s.All()...)
	}
	return out
}

// Table finds a table by `system.table`; nil when there is none.
func (m *Map) Table(path string) *Table {
	system, name, _ := strings.Cut(path, ".")
	if s := m.System(system); s != nil {
		return s.Table(name)
	}
	return nil
}

// Kind is what sort of system it is.
type Kind string

// The kinds of systems.
const (
	PostgreSQL Kind = "postgresql"
	MySQL      Kind = "mysql"
	SQLite     Kind = "sqlite"
	MongoDB    Kind = "mongodb"
	Files      Kind = "files"
	HTTP       Kind = "http"
	Manual     Kind = "manual"
)

// System is one file: one database, collection of files or service that holds personal data.
type System struct {
	policy.Pos
	// What the system is called here; other systems refer to it by this.
	Name Word `key:"system,required"`
	// What people read.
	Title policy.Text `key:"title"`
	// `postgresql`, `mysql`, `sqlite`, `mongodb`, `files`, `http`, or `manual` for what no program reaches.
	Kind string `key:"kind,required" enum:"postgresql|mysql|sqlite|mongodb|files|http|manual"`
	// Where the credentials are found: `env:SHOP_DSN`, `file:/run/secrets/shop`, `secret:shop`.
	Credentials Credentials `key:"credentials"`
	// For files the folder or bucket, for http the name of its description.
	At Word `key:"at"`
	// The schema of tables whose names have none.
	Schema Word `key:"schema"`
	// `keys`, `references`: what the database itself says, and this file need not.
	TakeFromDatabase Taken `key:"take-from-database"`
	// For a manual system: who does what, in which time.
	Task Task `key:"task"`
	// Systems whose data is erased before this one's.
	EraseAfter []Word `key:"erase-after"`
	// `no`: what triggers would refuse is not found by trying it and taking it back.
	Rehearse policy.Flag `key:"rehearse"`
	// The tables with personal data, by the database's names.
	Tables policy.Entries[Table] `key:"tables"`
	// The same as tables, in the word of document databases.
	Collections policy.Entries[Table] `key:"collections"`
	// Tables somebody has looked at and found without personal data.
	NotPersonal []Word `key:"not-personal"`

	File string // the file's name

	all []*Table
}

// Task is what a person does in a system that no program reaches.
type Task struct {
	policy.Pos
	// Who does it: a role of the policy's staff, or an address.
	Who Word `key:"who,required"`
	// What is to be done.
	Do policy.Text `key:"do,required"`
	// In which time.
	Within policy.Period `key:"within"`
}

// All lists the tables and collections in the order of the file.
func (s *System) All() []*Table { return s.all }

// Table finds a table by its name, with its schema or without; nil when there is none.
func (s *System) Table(name string) *Table {
	for _, t := range s.all {
		if t.Name == name || t.Qualified() == name {
			return t
		}
	}
	return nil
}

// Table is one table or collection.
type Table struct {
	policy.Pos
	// What a row is, said to the reader.
	Says policy.Text `key:"says"`
	// The columns that name one row.
	Key []Word `key:"key"`
	// A row of this table is personal only when this holds.
	When Condition `key:"when"`
	// The columns that say who somebody is: column → kind.
	Identities policy.Entries[Identity] `key:"identities"`
	// The columns whose values are found in another table.
	References policy.Entries[Reference] `key:"references"`
	// How a row relates to the person it is reached for.
	Relation Relations `key:"relation"`
	// Whose the columns are that say nothing of their own: a link, or `everyone`.
	Of Word `key:"of"`
	// What erasing a person means here: `delete`, `clear`, `mask(how)` or `{keep: {because: …, for: …}}`.
	Erase Rule `key:"erase"`
	// The personal columns: column → data of the policy.
	Columns policy.Entries[Column] `key:"columns"`
	// Columns in which anybody may have written anything.
	FreeText []Word `key:"free-text"`
	// The column that says the person's data is only kept (gdpr:18).
	Restriction Restriction `key:"restriction"`
	// The columns that say what the person stopped: `{opt-out: do_not_sell}`.
	Stops Stops `key:"stops"`
	// Rule of the policy's retention → the column with the moment it counts from, here or in a table that refers to this one, or one for each event it counts from.
	Retention policy.Entries[Moments] `key:"retention"`

	System *System
	Name   string  // as written
	Links  []*Link // how a person comes to own, share or be mentioned in a row

	// The database knows no such table, or hides it from this login, and so says neither
	// its key nor its references. It cannot be read; that keeps nobody from the others.
	gone bool

	elsewhere map[string]*Elsewhere // the moments that stand in other tables, by how the file names them
}

// FreelyNamed says that the database chose the names of tables.
func (Table) FreelyNamed() {}

// Path is `system.table`.
func (t *Table) Path() string { return t.System.Name.Text + "." + t.Name }

// Qualified is the name with the system's schema where it has none of its own.
func (t *Table) Qualified() string {
	if t.System.Schema.Text == "" {
		return t.Name
	}
	schema, name := connect.SplitTable(t.Name)
	return connect.TableName(cmp.Or(schema, t.System.Schema.Text), name)
}

// KeyColumns are the names of the key's columns.
func (t *Table) KeyColumns() []string { return texts(t.Key) }

// Column finds a personal column; nil when the map has none of that name.
func (t *Table) Column(name string) *Column {
	c, _ := t.Columns.Get(name)
	return c
}

// Reference finds a reference by its name; nil when there is none.
func (t *Table) Reference(name string) *Reference {
	r, _ := t.References.Get(name)
	return r
}

// Names are the columns that the map names of the table, each once.
func (t *Table) Names() (out []string) {
	for _, n := range t.columnNames() {
		out = append(out, n.name)
	}
	return out
}

// Link finds one of the ways to a person by its name; nil when there is none.
func (t *Table) Link(name string) *Link {
	i := slices.IndexFunc(t.Links, func(l *Link) bool { return l.Name == name })
	if i < 0 {
		return nil
	}
	return t.Links[i]
}

// Column is one personal column, or a field of a document by its path: `profile.phones[]`.
type Column struct {
	policy.Pos
	// The data of the policy it holds.
	Is policy.DataRefs `key:"is,required"`
	// Whose it is in a row that several people share or that mentions somebody: a link, or `everyone`.
	Of Word `key:"of"`
	// What erasing does to it, when it is not what the table says.
	Erase Rule `key:"erase"`
	// What the values are.
	Type string `key:"type" enum:"text|integer|decimal|boolean|date|time|binary|uuid|object-id|json"`
	// How many characters fit.
	MaxLength policy.Number `key:"max-length"`
	// It cannot be written.
	ReadOnly policy.Flag `key:"read-only"`
	// Of a list all elements concern the person, not only the one that matched.
	AllElements policy.Flag `key:"all-elements"`

	Name   string
	Fields policy.FieldSet // Is, by index of the policy
}

// FreelyNamed says that the database chose the names of columns.
func (Column) FreelyNamed() {}

// Identity is a column by whose value a person is found.
type Identity struct {
	policy.Pos
	// What it is: `email`, `phone`, or a word of your own such as `member-number`.
	Kind Word `key:"kind,required"`
	// How two values are compared: `exact`, `trimmed`, `ignore-case`, `digits`, `email`, `phone`.
	Compare string `key:"compare" enum:"exact|trimmed|ignore-case|digits|email|phone"`

	Column string
}

// FreelyNamed says that the database chose the names of columns.
func (Identity) FreelyNamed() {}
