package datamap

import (
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
)

// Relational reports whether the system is a database of tables. A path leads into fields that have fields,
// and there none has: what stands in a column (JSON, a list, XML) is one value, that is shown,
// masked and emptied whole.
func (s *System) Relational() bool {
	return slices.Contains([]Kind{PostgreSQL, MySQL, SQLite}, Kind(s.Kind))
}

// top is the column in which a path of a document stands: `profile` of `profile.phones[]`.
func top(path string) string {
	path, _, _ = strings.Cut(path, ".")
	return strings.TrimSuffix(path, "[]")
}

func isPath(name string) bool { return top(name) != name }

// inside finds a path that leads into a column. No column is called as a path with a list is; of a
// name with a dot only the database can tell, and then it is an error as well.
func (b *builder) inside(t *Table, at policy.Pos, name string) {
	switch {
	case !t.System.Relational() || !isPath(name):
	case strings.Contains(name, "[]"):
		b.add(t.System, at, "inside-column", intoColumn(name), name, insideAdvice(name))
	default:
		b.warn(t.System, at, "inside-column", intoColumn(name)+", unless one is called so", name, insideAdvice(name))
	}
}

func intoColumn(path string) string {
	return policy.Quote(path) + " leads into the column " + policy.Quote(top(path)) + ", and JSON, lists and whatever else has parts are one value here: a column is mapped whole"
}

func insideAdvice(path string) string {
	outer := top(path)
	return "write all that stands in it, `" + outer + ": [contact.name, contact.email]`, or have the database compute the part as a column of its own (`GENERATED ALWAYS AS …`), and map that"
}

// parted reports whether a column of a database holds what has parts: JSON, an array, XML.
func parted(c *connect.Column) bool {
	return c.Kind == connect.JSON || slices.Contains([]string{"hstore", "xml", "tsvector"}, c.Type)
}

// checkKnownBy finds identities by whole documents: no row bears one, and every row would seem to bear
// another than the person's.
func (l *live) checkKnownBy(t *Table, db *connect.Table) {
	if !l.system.Relational() {
		return
	}
	for i := range t.Identities {
		id := &t.Identities[i].Is
		if in := db.Column(id.Column); in != nil && parted(in) {
			l.add(l.system, id.Pos, "inside-column", policy.Quote(id.Column)+" of "+policy.Quote(t.Name)+" is "+in.Type+", and nobody is known by the whole of it", id.Column,
				"have the database compute the part as a column of its own, such as `"+computed(Kind(l.system.Kind), id.Column)+"`, with an index, and write that")
		}
	}
}

// computed is a column that the database computes of a part of another.
func computed(kind Kind, column string) string {
	part := map[Kind]string{PostgreSQL: column + "->>'email'", MySQL: "json_value(" + column + ", '$.email')", SQLite: "json_extract(" + column + ", '$.email')"}[kind]
	return "email varchar(254) GENERATED ALWAYS AS (" + part + ") STORED"
}

// readAsJSON reports whether a rule of the database reads a column as JSON.
func readAsJSON(db *connect.Table, column string) bool {
	return slices.ContainsFunc(db.Checks, func(c connect.Check) bool {
		return slices.Contains(c.Columns, column) && strings.Contains(strings.ToLower(c.Text), "json")
	})
}
