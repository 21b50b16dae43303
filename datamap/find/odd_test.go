package find

import (
	"context"
	"errors"
	"strings"
	"testing"

	avow "github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

const choices = `
  choices:
    key: [person_id, kind]
    references: {owner: {columns: person_id, to: people.id}}
    relation: {owner: owns}
    erase: delete
    columns: {note: messages.text}
`

// Rows that nothing tells apart are not taken for one: somebody hears of them.
func TestRowsOfOneKey(t *testing.T) {
	for name, c := range map[string]struct {
		ddl    string
		people []Person
		missed bool
	}{
		"a key that is empty in part":      {"CREATE TABLE choices (person_id INTEGER, kind TEXT, note TEXT, PRIMARY KEY (person_id, kind)); INSERT INTO choices VALUES (1, NULL, 'one'), (1, NULL, 'two')", []Person{ann}, true},
		"a key that nothing holds to":      {"CREATE TABLE choices (person_id INTEGER, kind TEXT, note TEXT); INSERT INTO choices VALUES (1, 'a', 'one'), (1, 'a', 'two')", []Person{ann}, true},
		"keys that differ":                 {"CREATE TABLE choices (person_id INTEGER, kind TEXT, note TEXT); INSERT INTO choices VALUES (1, 'a', 'one'), (2, 'a', 'two')", []Person{ann, bob}, false},
		"a key that the database holds to": {"CREATE TABLE choices (person_id INTEGER, kind TEXT, note TEXT, PRIMARY KEY (person_id, kind)); INSERT INTO choices VALUES (1, '', 'one'), (1, 'a', 'two')", []Person{ann}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, m := town(t, choices, c.ddl, Options{ToShow: true})
			f, err := s.Find(t.Context(), c.people)
			if err != nil {
				t.Fatal(err)
			}
			rows := f.Rows(m.Table("town.choices"))
			if missed := rows.Err != nil; missed != c.missed || missed && !strings.Contains(rows.Err.Error(), "choices") {
				t.Errorf("said: %v", rows.Err)
			}
		})
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
