package plan

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/policy"
)

var today = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func testPolicy(t testing.TB) *policy.Policy {
	t.Helper()
	const file = "../testdata/policy.yaml"
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load(file, src, nil)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

// world is some systems with their map.
type world struct {
	t       testing.TB
	m       *datamap.Map
	sources find.Sources
	files   map[string]string // of SQLite: system → file
	options Options
}

// newWorld makes one SQLite database a system: name → its tables, and of the map what
// stands under `tables`.
func newWorld(t testing.TB, systems map[string][2]string) *world {
	t.Helper()
	w := &world{t: t, sources: find.Sources{}, files: map[string]string{}, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}}
	files := map[string]string{}
	for name, s := range systems {
		head := "system: " + name + "\nkind: sqlite\ncredentials: env:X\ntake-from-database: [keys, references]\n"
		if strings.HasPrefix(s[1], "erase-after") {
			after, rest, _ := strings.Cut(s[1], "\n")
			head, s[1] = head+after+"\n", rest
		}
		files[name+".yaml"] = head + "tables:\n" + indented(s[1])
		w.files[name] = filepath.Join(t.TempDir(), name+".db")
		w.exec(name, s[0])
		w.open(name)
	}
	w.load(files)
	return w
}

// indented puts a text of the map one step in, without the tabs of a test.
func indented(s string) string {
	var out strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(s, "\t", "  ")) {
		out.WriteString("  " + line)
	}
	return out.String() + "\n"
}

func (w *world) open(name string) {
	w.t.Helper()
	src, err := sqldb.Open(w.t.Context(), connect.Config{System: name, Kind: "sqlite", Secret: w.files[name], Region: "NL"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { src.Close() })
	w.sources[name] = src
}

func (w *world) load(files map[string]string) {
	w.t.Helper()
	dir := fstest.MapFS{}
	for name, text := range files {
		dir["systems/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	var folder fs.FS = dir
	m, err := datamap.Load(folder, testPolicy(w.t))
	if err != nil {
		w.t.Fatal(err)
	}
	if w.m, err = m.Complete(facts(w.schemas())); err != nil {
		w.t.Fatal(err)
	}
}

func facts(schemas map[string]*connect.Schema) map[string][]datamap.TableFacts {
	out := map[string][]datamap.TableFacts{}
	for name, s := range schemas {
		for i := range s.Tables {
			out[name] = append(out[name], factsOf(&s.Tables[i]))
		}
	}
	return out
}

func factsOf(t *connect.Table) datamap.TableFacts {
	f := datamap.TableFacts{Name: t.Name, Key: t.Key}
	for _, r := range t.References {
		optional := !slices.ContainsFunc(r.Columns, func(c string) bool { return !t.Column(c).Nullable })
		f.References = append(f.References, datamap.ReferenceFacts{Columns: r.Columns, Table: r.Table, To: r.To, Optional: optional})
	}
	return f
}

func (w *world) schemas() map[string]*connect.Schema {
	w.t.Helper()
	out := map[string]*connect.Schema{}
	for name, src := range w.sources {
		if src == nil {
			continue
		}
		s, err := src.Describe(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		out[name] = s
	}
	return out
}

func (w *world) exec(system, statements string) {
	w.t.Helper()
	db := w.db(system)
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		w.t.Fatalf("%v in %s", err, statements)
	}
}

func (w *world) db(system string) *sql.DB {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.files[system]+"?_pragma=foreign_keys(on)&_pragma=synchronous(off)&_pragma=busy_timeout(5000)")
	if err != nil {
		w.t.Fatal(err)
	}
	return db
}

// rows are the rows of a query, each a text with bars between the values.
func (w *world) rows(system, query string) []string {
	w.t.Helper()
	db := w.db(system)
	defer db.Close()
	return rowsOf(w.t, db, query)
}

func rowsOf(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%v in %s", err, query)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	out := []string{}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		out = append(out, rowText(values))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func rowText(values []any) string {
	var out []string
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			out = append(out, "-")
		case []byte:
			out = append(out, string(v))
		case time.Time:
			out = append(out, v.UTC().Format(time.DateTime))
		default:
			out = append(out, fmt.Sprint(v))
		}
	}
	return strings.Join(out, "|")
}

func (w *world) search() *find.Search {
	w.t.Helper()
	return find.New(w.m.Graph(), w.sources, w.schemas(), find.Options{Region: "NL"})
}

func (w *world) found(people []find.Person) (*find.Search, *find.Found) {
	w.t.Helper()
	s := w.search()
	f, err := s.Find(w.t.Context(), people)
	if err != nil {
		w.t.Fatal(err)
	}
	return s, f
}

// plan plans the erasure of some people, and captures it.
func (w *world) plan(people []find.Person) *Plan {
	w.t.Helper()
	s, f := w.found(people)
	p, err := Erase(w.t.Context(), s, f, w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	return captured(w.t, p)
}

// captured is a plan as somebody else reads it later.
func captured(t testing.TB, p *Plan) *Plan {
	t.Helper()
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	out, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) run(p *Plan) {
	w.t.Helper()
	for _, s := range p.Systems {
		if s.Away != "" {
			continue
		}
		if _, err := s.Run(w.t.Context(), w.sources[s.System]); err != nil {
			w.t.Fatal(err)
		}
	}
}

// erase plans, runs and checks, and nothing may be left.
func (w *world) erase(ids ...string) *Plan {
	w.t.Helper()
	who := people(ids...)
	p := w.plan(who)
	w.run(p)
	if left := w.check(p, who); len(left) > 0 {
		w.t.Errorf("after the erasure there is left: %+v", left)
	}
	return p
}

func (w *world) check(p *Plan, who []find.Person) []Left {
	w.t.Helper()
	left, err := Check(w.t.Context(), w.search(), p, who)
	if err != nil {
		w.t.Fatal(err)
	}
	return left
}

// said is a plan as lines: table, action, columns, rows, and what was refused.
func said(p *Plan) []string {
	out := []string{}
	for _, e := range p.Entries(false) {
		action := string(e.Action)
		if e.How != "" {
			action += "(" + e.How + ")"
		}
		line := fmt.Sprintf("%s: %s %s, %d", e.Table, action, strings.Join(e.Columns, " "), e.Rows)
		if e.Until != "" {
			line += ", until " + e.Until
		}
		if e.Refused != "" {
			line += ", refused: " + e.Refused + ", instead: " + e.Instead
		}
		out = append(out, line)
	}
	return out
}
