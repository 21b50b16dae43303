package plan

import (
	"slices"
	"testing"

	"github.com/avowhq/avow/connect/connecttest"
)

// What stands with a partition alone, or with a table that inherits from the mapped one,
// holds for its rows: the references to it, its triggers and its rules. The rows of others
// do not go along with it, and what it refuses is found in the plan.
func TestPartsOfTables(t *testing.T) {
	partitions := []string{`CREATE TABLE person (id int PRIMARY KEY, email text, name text) PARTITION BY RANGE (id)`,
		`CREATE TABLE part PARTITION OF person FOR VALUES FROM (0) TO (2)`, `CREATE TABLE rest PARTITION OF person DEFAULT`}
	inherited := []string{`CREATE TABLE person (id int PRIMARY KEY, email text, name text)`, `CREATE TABLE part (extra text, PRIMARY KEY (id)) INHERITS (person)`}
	rows := map[string][]string{
		"partition": {`INSERT INTO person VALUES (1, 'ann@x.example', 'Ann'), (2, 'bob@x.example', 'Bob'), (3, 'ann@x.example', 'Ann')`},
		"inherits":  {`INSERT INTO part VALUES (1, 'ann@x.example', 'Ann', '')`, `INSERT INTO person VALUES (2, 'bob@x.example', 'Bob'), (3, 'ann@x.example', 'Ann')`},
	}
	for _, c := range []struct {
		name, erase string
		with        []string
		plan        []string
		people      []string
	}{
		{"a reference that takes along", "delete", []string{`CREATE TABLE notes (id int PRIMARY KEY, part int REFERENCES part ON DELETE CASCADE)`, `INSERT INTO notes VALUES (1, 1)`},
			[]string{"person: clear email name, 1, refused: delete: 1 row of `notes` that stays points at it by `part`, instead: clear", "person: delete email name, 1"},
			[]string{"1||", "2|bob@x.example|Bob"}},
		{"a reference that refuses", "delete", []string{`CREATE TABLE notes (id int PRIMARY KEY, part int REFERENCES part)`, `INSERT INTO notes VALUES (1, 1)`},
			[]string{"person: clear email name, 1, refused: delete: 1 row of `notes` that stays points at it by `part`, instead: clear", "person: delete email name, 1"},
			[]string{"1||", "2|bob@x.example|Bob"}},
		{"a trigger", "delete", []string{`CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no'; END$$`,
			`CREATE TRIGGER stay BEFORE DELETE ON part FOR EACH ROW EXECUTE FUNCTION no()`},
			[]string{"person: clear email name, 1, refused: delete: the trigger `stay` refuses it, instead: clear", "person: delete email name, 1"},
			[]string{"1||", "2|bob@x.example|Bob"}},
		{"a column that may not be empty", "clear", []string{`ALTER TABLE part ALTER name SET NOT NULL`},
			[]string{"person: clear email, 1", "person: clear email name, 1", "person: mask(blank) name, 1, refused: clear: the rule `NOT NULL of name` refuses it, instead: mask(blank)"},
			[]string{"1||", "2|bob@x.example|Bob", "3||"}},
		{"a rule", `mask("gone")`, []string{`ALTER TABLE part ADD CHECK (name <> 'gone')`},
			[]string{"person: clear name, 1, refused: mask(text): the rule `part_name_check` refuses it, instead: clear", "person: mask(text) email, 1", "person: mask(text) email name, 1"},
			[]string{"1|gone|", "2|bob@x.example|Bob", "3|gone|gone"}},
		{"a unique index", `mask("gone")`, []string{`CREATE UNIQUE INDEX ON part (email)`},
			[]string{"person: mask(hash) email, 2, refused: mask(\"gone\") does not fit: no two rows may have the same value in it, instead: mask(hash)", "person: mask(text) name, 2"}, nil},
	} {
		for kind, tables := range map[string][]string{"partition": partitions, "inherits": inherited} {
			t.Run(c.name+", "+kind, func(t *testing.T) {
				w := sqlWorld(t, connecttest.PostgreSQL(t), `
person:
  identities: {email: email}
  relation: owns
  erase: `+c.erase+`
  columns: {email: contact.email, name: contact.name}
`, slices.Concat(tables, rows[kind], c.with)...)
				wants(t, "plan", short(w.erase("email=ann@x.example")), c.plan...)
				if c.people != nil {
					wants(t, "people", w.all("person", "id", "email", "name"), c.people...)
				}
				if notes := w.schemas()["shop"].Table("notes"); notes != nil {
					wants(t, "notes", w.all("notes", "id", "part"), "1|1")
				}
			})
		}
	}
}

// A row for which there would be no partition stays where it is.
func TestNoPartitionForIt(t *testing.T) {
	w := sqlWorld(t, connecttest.PostgreSQL(t), `
person:
  key: id
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: contact.email, country: contact.address}
`, `CREATE TABLE person (id int NOT NULL, email text, country text) PARTITION BY LIST (country)`,
		`CREATE TABLE here PARTITION OF person FOR VALUES IN ('NL')`, `INSERT INTO person VALUES (1, 'ann@x.example', 'NL')`)
	wants(t, "plan", short(w.erase("email=ann@x.example")), "person: clear email, 1", "person: keep country, 1, refused: clear: the database refuses it, instead: left")
	wants(t, "people", w.all("person", "id", "email", "country"), "1||NL")
}
