package find

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	avow "github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/files"
	"github.com/avowhq/avow/datamap"
)

const choices = `
  choices:
    key: [person_id, kind]
    references: {owner: {columns: person_id, to: people.id}}
    relation: {owner: owns}
    erase: delete
    columns: {note: messages.text}
`

// shown are what a column of all records of somebody's holds, sorted.
func shown(t *testing.T, s *Search, column string) string {
	t.Helper()
	var out []string
	for _, r := range records(t, s, find(t, s, ann), 0) {
		if r.Changed {
			out = append(out, "changed")
		}
		for _, c := range r.Cells {
			if c.Name == column {
				out = append(out, strings.TrimSpace(connect.Text(c.Value)))
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// eachRoom runs a test with room to keep rows whole, and with next to none, so that they are read again.
func eachRoom(t *testing.T, test func(t *testing.T, o Options)) {
	for name, keep := range map[string]int{"kept": 0, "read again": 1} {
		t.Run(name, func(t *testing.T) { test(t, Options{ToShow: true, Keep: keep}) })
	}
}

// Rows of one key are shown each, whatever tells them apart.
func TestRowsOfOneKey(t *testing.T) {
	for name, c := range map[string]struct{ ddl, want string }{
		"a key that is empty in part":      {"CREATE TABLE choices (person_id INTEGER, kind TEXT, note TEXT, PRIMARY KEY (person_id, kind)); INSERT INTO choices VALUES (1, NULL, 'one'), (1, NULL, 'two'), (1, 'a', 'three'), (2, NULL, 'bob')", "one three two"},
		"a key that nothing holds to":      {"CREATE TABLE choices (person_id INTEGER, kind TEXT, note TEXT); INSERT INTO choices VALUES (1, 'a', 'one'), (1, 'a', 'two'), (2, 'a', 'bob')", "one two"},
		"a key that is an empty text":      {"CREATE TABLE choices (person_id INTEGER NOT NULL, kind TEXT NOT NULL, note TEXT, PRIMARY KEY (person_id, kind)); INSERT INTO choices VALUES (1, '', 'one'), (2, '', 'bob')", "one"},
		"a view":                           {"CREATE TABLE kinds (person_id INTEGER, kind TEXT, note TEXT); CREATE VIEW choices AS SELECT person_id, kind, note FROM kinds; INSERT INTO kinds VALUES (1, 'a', 'one'), (1, 'a', 'two'), (2, 'a', 'bob')", "one two"},
		"keys that differ":                 {"CREATE TABLE choices (person_id INTEGER, kind TEXT, note TEXT); INSERT INTO choices VALUES (1, 'a', 'one'), (2, 'a', 'two')", "one"},
		"a key that the database holds to": {"CREATE TABLE choices (person_id INTEGER NOT NULL, kind TEXT NOT NULL, note TEXT, PRIMARY KEY (person_id, kind)); INSERT INTO choices VALUES (1, 'b', 'one'), (1, 'a', 'two')", "one two"},
	} {
		t.Run(name, func(t *testing.T) {
			eachRoom(t, func(t *testing.T, o Options) {
				s, _ := town(t, choices, c.ddl, o)
				if got := shown(t, s, "note"); got != c.want {
					t.Errorf("shown is %q, not %q", got, c.want)
				}
			})
		})
	}
}

// mail is one message of a mailbox.
func mail(from, id, text string) string {
	return "From x@x Thu Jan  1 00:00:00 1970\nFrom: " + from + "@x.example\nMessage-ID: <" + id + "@x.example>\n\n" + text + "\n\n"
}

// Lines of a file are shown each, also where several have one key: those with other contents
// are no copies.
func TestLinesOfOneKey(t *testing.T) {
	for name, c := range map[string]struct{ tables, text, column, want string }{
		"log.csv": {"    identities: {who: email}\n    columns: {who: contact.email, note: messages.text}\n",
			"id,who,note\n1,ann@x.example,one\n1,ann@x.example,two\n1,bob@x.example,bob\n1,ann@x.example,two\n,ann@x.example,three\n,ann@x.example,four\n2,Ann@x.example,five\n", "note", "five four one three two"},
		"log.jsonl": {"    identities: {who: email}\n    columns: {who: contact.email, note: messages.text}\n",
			`{"id":1,"who":"ann@x.example","note":"one"}
{"id":1,"who":"ann@x.example","note":"two"}
{"id":1,"who":"ANN@x.example","note":"five"}
{"id":1,"who":"bob@x.example","note":"bob"}
{"who":"ann@x.example","note":"three"}
{"who":"ann@x.example","note":"four"}
`, "note", "five four one three two"},
		"box.mbox": {"    identities: {\"from[]\": email}\n    columns: {\"from[]\": contact.email, body: messages.text}\n",
			mail("ann", "1", "one") + mail("bob", "1", "bob") + mail("ann", "1", "two") + mail("ann", "2", "five") + mail("ann", "2", "five"), "body", "five one two"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, name), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			src, err := files.Open(t.Context(), connect.Config{System: "files", Kind: "files", At: folder, Tables: []string{name}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { src.Close() })
			m := mapOf(t, map[string]string{"files.yaml": "system: files\nkind: files\nat: files\ntables:\n  " + name + ":\n    key: id\n    relation: owns\n    erase: delete\n" + c.tables})
			eachRoom(t, func(t *testing.T, o Options) {
				if got := shown(t, searchIn(t, m, Sources{"files": src}, o), c.column); got != c.want {
					t.Errorf("shown is %q, not %q", got, c.want)
				}
			})
		})
	}
}

// What a system holds to is decided once, for whoever shows rows and whoever changes them.
func TestDistinct(t *testing.T) {
	held := connect.Table{Key: []string{"id"}, Unique: [][]string{{"a", "b"}}}
	view, inherited := held, held
	view.View, inherited.Inherited = true, true
	for _, c := range []struct {
		kind   datamap.Kind
		schema *connect.Table
		key    string
		want   bool
	}{
		{datamap.PostgreSQL, &held, "id", true}, {datamap.MySQL, &held, "id more", true}, {datamap.SQLite, &held, "a b", true}, {datamap.SQLite, &held, "a", false},
		{datamap.MongoDB, &held, "id", true}, {datamap.MongoDB, &held, "a", false}, {datamap.MongoDB, nil, "id", false}, {datamap.PostgreSQL, nil, "id", false},
		{datamap.PostgreSQL, &view, "id", false}, {datamap.PostgreSQL, &inherited, "id", false}, {datamap.Files, &held, "id", false}, {datamap.HTTP, nil, "id", true}, {datamap.HTTP, &view, "x", true},
	} {
		of := &datamap.Table{System: &datamap.System{Kind: string(c.kind)}}
		if got := Distinct(of, c.schema, strings.Fields(c.key)); got != c.want {
			t.Errorf("%s, key %s: %v", c.kind, c.key, got)
		}
	}
}

// An address that a column of bytes holds is the same address.
func TestIdentityInBytes(t *testing.T) {
	s, m := town(t, `
  logins:
    key: id
    identities: {address: email}
    relation: owns
    erase: delete
    columns: {address: contact.email}
`, "CREATE TABLE logins (id INTEGER PRIMARY KEY, address BLOB); INSERT INTO logins VALUES (1, CAST('Ann@x.example' AS BLOB)), (2, CAST('bob@x.example' AS BLOB))", Options{})
	f, err := s.Find(t.Context(), []Person{ann})
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Rows(m.Table("town.logins")).Len(); n != 1 {
		t.Errorf("%d rows found", n)
	}
}

// breaking is a source whose reads of one table end in a panic.
type breaking struct {
	connect.Source
	table string
}

func (b breaking) Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error {
	if r.Table == b.table {
		var nobody *connect.Schema
		_ = nobody.Tables[0] // what a fault of ours looks like
	}
	return b.Source.Read(ctx, r, each)
}

// A fault of ours in one search ends that search, and not the program.
func TestPanicIsAnError(t *testing.T) {
	s, _ := town(t, "", "SELECT 1", Options{})
	f := find(t, s, ann)
	s.Sources["town"] = breaking{s.Sources["town"], "people"}
	var p *avow.Panic
	if _, err := s.Find(t.Context(), []Person{ann}); !errors.As(err, &p) {
		t.Errorf("a search: %v", err)
	}
	if err := s.Export(t.Context(), f, 0, func(Record) error { return nil }); !errors.As(err, &p) {
		t.Errorf("an export: %v", err)
	}
}

// Why a system is away is said, where somebody knows.
func TestWhyASystemIsAway(t *testing.T) {
	s, _ := town(t, "", "SELECT 1", Options{})
	s.Away = map[string]error{"town": avow.Errorf(avow.Unavailable, "others lock the rows")}
	delete(s.Sources, "town")
	f := find(t, s, ann)
	if err := f.Systems[0].Away; avow.KindOf(err) != avow.Unavailable || !strings.Contains(avow.MessageOf(err), "others lock the rows") {
		t.Errorf("said: %v", err)
	}
}
