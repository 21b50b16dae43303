package datamap

import (
	"fmt"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/open"
	"github.com/avowhq/avow/policy"
)

// valued is a database with a table of values of all kinds.
func valued(t *testing.T, c connect.Config) (connect.Source, *connect.Schema) {
	t.Helper()
	connecttest.Exec(t, c, "CREATE TABLE people (id int PRIMARY KEY, email varchar(100), kind varchar(5), active boolean, born date, score numeric(10,2), seen timestamp NULL, profile json, nr int GENERATED ALWAYS AS (id + 1) STORED)",
		`INSERT INTO people (id, email, kind, active, born, score, seen, profile) VALUES (1, 'ann@example.com', 'p', true, '1980-01-01', 1.5, '2026-01-01 10:00:00', '{"name": "Ann"}')`)
	src, err := open.Source(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	schema, err := src.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return src, schema
}

// mapOf is a map of the table with some more lines.
func mapOf(t *testing.T, c connect.Config, lines string) *Map {
	t.Helper()
	m, err := LoadText("s.yaml", fmt.Appendf(nil, "system: s\nkind: %s\ncredentials: env:A\ntables:\n  people:\n    key: id\n    identities: {email: email}\n    relation: owns\n    erase: delete\n%s", c.Kind, lines), testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func codes(m *Map, schema *connect.Schema) string {
	var out []string
	for _, p := range m.CheckLive(map[string]*connect.Schema{"s": schema}) {
		if !p.Warning {
			out = append(out, p.Code)
		}
	}
	return strings.Join(out, " ")
}

// The check refuses exactly the conditions that the database does not take.
func TestConditionsThatADatabaseTakes(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		src, schema := valued(t, c)
		refused := 0
		for _, column := range []string{"id", "kind", "active", "born", "score", "seen"} {
			for _, value := range []string{"'abc'", "'1'", "1", "2", "-7", "1.5", "'1.50'", "'042'", "true", "'yes'", "'true'", "'T'", "'2026-01-01'", "'2026-01-01 10:00:00'", "99999999999", "99999999999999999999999"} {
				m := mapOf(t, c, fmt.Sprintf("    when: %q\n    columns: {email: contact.email}\n", column+" = "+value))
				table := m.Table("s.people")
				err := src.Read(t.Context(), connect.Read{Table: "people", Columns: []string{"id"}, When: table.When.Cond()}, func(connect.Row) error { return nil })
				said := codes(m, schema)
				if (said == "wrong-value") != (err != nil) || said != "" && said != "wrong-value" {
					t.Errorf("%s: the check says %q, and the database %v", table.When.Written, said, err)
				}
				if err != nil {
					refused++
				}
			}
		}
		if refused < 20 {
			t.Errorf("the database refused %d conditions", refused)
		}
	})
}

// A database is asked for whole columns: what stands inside of one cannot be read, shown or erased by itself.
func TestPathsInADatabase(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		_, schema := valued(t, c)
		for lines, want := range map[string]string{
			"    columns: {email: contact.email, profile.name: contact.name}\n":                                     "inside-column",
			"    columns: {email: contact.email}\n    when: profile.name = 'Ann'\n":                                 "inside-column",
			"    columns: {email: contact.email, profile: contact.name}\n":                                          "",
			"    columns: {email: contact.email}\n    references: {boss: {columns: id, to: people.profile.boss}}\n": "inside-column",
		} {
			m := mapOf(t, c, lines)
			if got := codes(m, schema); got != want {
				t.Errorf("%s: %q, want %q", lines, got, want)
			}
			if p := m.CheckLive(map[string]*connect.Schema{"s": schema}); strings.HasPrefix(want+lines, "inside-column    columns: {email: contact.email, p") && !strings.Contains(p.Error(), "write all that stands in it, `profile: ") {
				t.Errorf("%s: %v", lines, p)
			}
		}
	})
}

// Marks that a column cannot hold are refused by the check, not when somebody asks.
func TestMarksThatADatabaseTakes(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		_, schema := valued(t, c)
		for mark, want := range map[string]string{
			"restriction: active": "", "restriction: score": "wrong-value", "restriction: kind": "", "restriction: born": "wrong-value", "restriction: profile": "wrong-value",
			"restriction: nr": "generated", "restriction: {column: kind, set: frozen, lift: free}": "wrong-value", "restriction: {column: kind, set: p, lift: q}": "",
			"restriction: {column: active, set: 'on', lift: 'off'}": "wrong-value wrong-value", "stops: {opt-out: {column: score, set: Y, lift: 0}}": "wrong-value",
			"stops: {opt-out: {column: born, set: 2026-01-01, lift: 2027-01-01}}": "",
		} {
			if got := codes(mapOf(t, c, "    columns: {email: contact.email}\n    "+mark+"\n"), schema); got != want {
				t.Errorf("%s: %q, want %q", mark, got, want)
			}
		}
	})
}

// A mark is written over nothing that names a row or somebody.
func TestMarksHaveAColumnOfTheirOwn(t *testing.T) {
	const file = "system: s\nkind: sqlite\ncredentials: env:A\ntables:\n  people:\n    key: id\n    identities: {email: email}\n    references: {boss: people.id}\n    relation: {itself: owns, boss: mentions}\n    erase: clear\n" +
		"    columns: {email: contact.email, name: contact.name}\n    "
	for mark, want := range map[string]string{
		"restriction: id": "mark-over", "restriction: {column: email, set: x, lift: y}": "mark-over", "stops: {opt-out: boss}": "mark-over",
		"restriction: state": "", "stops: {limit: name}": "",
	} {
		var got []string
		_, err := LoadText("s.yaml", []byte(file+mark+"\n"), testPolicy(t))
		if p, ok := err.(policy.Problems); ok {
			for _, each := range p {
				got = append(got, each.Code)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %q", mark, err, want)
		}
	}
}

// What a login may not do with one column is said, of a database that grants columns.
func TestColumnsThatALoginMayNotRead(t *testing.T) {
	s := &connect.Schema{Within: "public", Tables: liveSchema().Tables[:1]}
	s.Tables[0].Column("phone").Lacks = map[connect.Op]string{connect.OpRead: "GRANT SELECT (phone)", connect.OpUpdate: "GRANT UPDATE (phone)"}
	s.Tables[0].Column("invited_by").Lacks = map[connect.Op]string{connect.OpUpdate: "GRANT UPDATE (invited_by)"}
	file, _, _ := strings.Cut(liveFile, "  orders:")
	var got []string
	for _, line := range checkLive(t, file, s) {
		if strings.HasPrefix(line, "no-grant") {
			got = append(got, line)
		}
	}
	want := "no-grant systems/shop.yaml:15:7: warning: this login may not read `phone` of `customers`; `GRANT SELECT (phone)`\nno-grant systems/shop.yaml:15:7: warning: this login may not update `phone` of `customers`; `GRANT UPDATE (phone)`"
	if strings.Join(got, "\n") != want {
		t.Errorf("said is\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
