package draft

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/sqldb"
)

// A corpus is schemas whose columns are labelled: P is about people, - is not, ? is
// what two careful readers would disagree on, which counts for nothing. A line is
// `name type[!] [key] label [values] [-> table.column | ~> table.column]`; ~> is a
// reference that the database does not know.
type corpusTable struct {
	name    string
	rows    int
	lang    string
	columns []corpusColumn
}

type corpusColumn struct {
	name, kind, label, values, target string
	declared, key, required, unique   bool
}

func readCorpus(t testing.TB, file string) []*corpusTable {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []*corpusTable
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0][0] == '#':
		case f[0] == "table":
			table := &corpusTable{name: f[1], lang: f[3]}
			fmt.Sscan(f[2], &table.rows)
			out = append(out, table)
		default:
			last := out[len(out)-1]
			last.columns = append(last.columns, readColumn(t, line))
		}
	}
	return out
}

func readColumn(t testing.TB, line string) corpusColumn {
	c := corpusColumn{values: "seq"}
	line = strings.TrimSpace(line)
	for _, arrow := range []string{" -> ", " ~> "} {
		if before, after, ok := strings.Cut(line, arrow); ok {
			line, c.target, c.declared = before, strings.TrimSpace(after), arrow == " -> "
		}
	}
	line, c.unique = strings.CutSuffix(line, " unique")
	f := strings.SplitN(line, " ", 3)
	c.name, c.required = f[0], strings.HasSuffix(f[1], "!")
	c.kind = strings.TrimSuffix(f[1], "!")
	rest, key := strings.CutPrefix(f[2], "key ")
	c.key = key
	label, values, _ := strings.Cut(rest, " ")
	if c.label = label; !strings.Contains("P-?", label) {
		t.Fatalf("no label in %q", line)
	}
	if values != "" {
		c.values = values
	}
	return c
}

// open creates the schema with its rows in a new database and opens it.
func openCorpus(t testing.TB, kind string, tables []*corpusTable) connect.Source {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "corpus.db")
	db, err := sql.Open("sqlite", "file:"+secret+"?_pragma=synchronous(off)&_pragma=journal_mode(off)")
	if kind == "postgresql" {
		secret, db = postgresSchema(t)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, uint64(len(tables))))
	g := &generator{rand: r, keys: map[string][]any{}}
	create(t, db, kind, tables, g)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	within := ""
	if kind == "postgresql" {
		within = corpusSchema(t)
	}
	src, err := sqldb.Open(t.Context(), connect.Config{System: "corpus", Kind: kind, Secret: secret, Within: within})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func create(t testing.TB, db *sql.DB, kind string, tables []*corpusTable, g *generator) {
	t.Helper()
	exec := func(q string, args ...any) {
		if _, err := db.ExecContext(context.Background(), q, args...); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	var later []string
	for _, table := range tables {
		ddl, fks := table.ddl(kind)
		exec(ddl)
		later = append(later, fks...)
	}
	for _, table := range inOrder(tables) {
		g.insert(t, exec, kind, table)
	}
	if kind == "postgresql" {
		for _, fk := range later {
			exec(fk)
		}
	}
}

// inOrder puts tables behind those they point at.
func inOrder(tables []*corpusTable) []*corpusTable {
	var out []*corpusTable
	done := map[string]bool{}
	var visit func(t *corpusTable)
	visit = func(t *corpusTable) {
		if done[t.name] {
			return
		}
		done[t.name] = true
		for _, c := range t.columns {
			to, _, _ := strings.Cut(c.target, ".")
			for _, other := range tables {
				if other.name == to {
					visit(other)
				}
			}
		}
		out = append(out, t)
	}
	for _, t := range tables {
		visit(t)
	}
	return out
}

var sqlTypes = map[string]map[string]string{
	"sqlite":     {"int": "INTEGER", "num": "DECIMAL(12,2)", "bool": "BOOLEAN", "blob": "BLOB", "json": "JSON", "uuid": "UUID", "timestamp": "TIMESTAMP", "inet": "VARCHAR(45)"},
	"postgresql": {"int": "integer", "num": "numeric(12,4)", "bool": "boolean", "blob": "bytea", "json": "jsonb", "uuid": "uuid", "timestamp": "timestamp", "inet": "inet"},
}

func (table *corpusTable) ddl(kind string) (create string, fks []string) {
	var parts []string
	for _, c := range table.columns {
		typ := c.kind
		if as, ok := sqlTypes[kind][c.kind]; ok {
			typ = as
		}
		part := quoted(c.name) + " " + typ
		if c.required || c.key {
			part += " NOT NULL"
		}
		if c.unique {
			part += " UNIQUE"
		}
		if c.key {
			part += " PRIMARY KEY"
		}
		to, column, _ := strings.Cut(c.target, ".")
		if c.declared && kind == "sqlite" {
			part += " REFERENCES " + quoted(to) + "(" + quoted(column) + ")"
		} else if c.declared {
			fks = append(fks, fmt.Sprintf("ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s (%s)", quoted(table.name), quoted(c.name), quoted(to), quoted(column)))
		}
		parts = append(parts, part)
	}
	return "CREATE TABLE " + quoted(table.name) + " (" + strings.Join(parts, ", ") + ")", fks
}

func quoted(name string) string { return `"` + name + `"` }

func (g *generator) insert(t testing.TB, exec func(string, ...any), kind string, table *corpusTable) {
	var names, marks []string
	for i, c := range table.columns {
		names = append(names, quoted(c.name))
		marks = append(marks, map[string]string{"sqlite": "?", "postgresql": fmt.Sprintf("$%d", i+1)}[kind])
	}
	q := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", quoted(table.name), strings.Join(names, ", "), strings.Join(marks, ", "))
	for row := range table.rows {
		g.start(row, table.lang)
		var args []any
		for _, c := range table.columns {
			v := g.value(c)
			if v != nil && strings.HasPrefix(c.kind, "varchar(") {
				v = clipped(fmt.Sprint(v), c.kind)
			}
			if !c.required && !c.key && g.rand.IntN(10) == 0 {
				v = nil
			}
			if c.key || c.unique || c.values == "seq" {
				g.keys[table.name+"."+c.name] = append(g.keys[table.name+"."+c.name], v)
			}
			args = append(args, v)
		}
		exec(q, args...)
	}
}

// clipped is a text as long as its column admits.
func clipped(s, kind string) string {
	room := 0
	fmt.Sscanf(kind, "varchar(%d)", &room)
	if r := []rune(s); len(r) > room {
		return string(r[:room])
	}
	return s
}

// corpusFiles are the schemas of one half.
func corpusFiles(t testing.TB, half string) []string {
	t.Helper()
	files, err := filepath.Glob(path.Join("testdata/corpus", half, "*.txt"))
	if err != nil || len(files) < 6 {
		t.Fatalf("the half %s has %d schemas (%v)", half, len(files), err)
	}
	return files
}
