package connecttest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
)

// guarded makes a table whose triggers refuse some rows, pass some over and put something
// else into others, with a rule between rows that is no plain unique key. What they did
// they write down in a table of their own.
func guarded(tb testing.TB, c connect.Config) {
	tb.Helper()
	Exec(tb, c, map[string][]string{
		"sqlite": {
			`CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, name TEXT NOT NULL, team INTEGER NOT NULL)`,
			`CREATE TABLE notes (n INTEGER PRIMARY KEY AUTOINCREMENT, said TEXT)`,
			`CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES people (id))`,
			`CREATE UNIQUE INDEX one_email ON people (lower(email)) WHERE team < 9`,
			`CREATE TRIGGER stays BEFORE DELETE ON people BEGIN INSERT INTO notes (said) VALUES (OLD.name);
				SELECT RAISE(ABORT, 'Secretson stays') WHERE OLD.team = 1; SELECT RAISE(IGNORE) WHERE OLD.team = 2; SELECT RAISE(ROLLBACK, 'Secretson') WHERE OLD.team = 6; END`,
			`CREATE TRIGGER reached BEFORE UPDATE ON people BEGIN INSERT INTO notes (said) VALUES (OLD.name); SELECT RAISE(ABORT, 'Secretson') WHERE NEW.email IS NULL; END`,
			`CREATE TRIGGER named AFTER UPDATE ON people WHEN OLD.team = 3 AND NEW.name <> OLD.name BEGIN UPDATE people SET name = OLD.name WHERE id = OLD.id; END`,
		},
		"postgresql": {
			`CREATE TABLE people (id bigint PRIMARY KEY, email text, name text NOT NULL, team int NOT NULL)`,
			`CREATE TABLE notes (n serial PRIMARY KEY, said text)`,
			`CREATE TABLE children (id bigint PRIMARY KEY, parent bigint NOT NULL REFERENCES people (id))`,
			`CREATE UNIQUE INDEX one_email ON people (lower(email)) WHERE team < 9`,
			`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO notes (said) VALUES (OLD.name); IF TG_OP = ''DELETE'' THEN RETURN OLD; END IF; RETURN NEW; END'`,
			`CREATE TRIGGER noted BEFORE UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION note()`,
			`CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.team IN (1, 6) THEN RAISE EXCEPTION ''% stays'', OLD.name; END IF; IF OLD.team = 2 THEN RETURN NULL; END IF; RETURN OLD; END'`,
			`CREATE TRIGGER stays BEFORE DELETE ON people FOR EACH ROW EXECUTE FUNCTION stay()`,
			`CREATE FUNCTION reach() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.email IS NULL THEN RAISE EXCEPTION ''% is to be reached'', OLD.name; END IF; IF OLD.team = 3 THEN NEW.name := OLD.name; END IF; RETURN NEW; END'`,
			`CREATE TRIGGER reached BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION reach()`,
		},
		"mysql": {
			`CREATE TABLE people (id bigint PRIMARY KEY, email varchar(60), name varchar(60) NOT NULL, team int NOT NULL, one varchar(60) AS (CASE WHEN team < 9 THEN lower(email) END) STORED, UNIQUE KEY one_email (one))`,
			`CREATE TABLE notes (n int AUTO_INCREMENT PRIMARY KEY, said varchar(60))`,
			`CREATE TABLE children (id bigint PRIMARY KEY, parent bigint NOT NULL, FOREIGN KEY (parent) REFERENCES people (id))`,
			`CREATE TRIGGER stays BEFORE DELETE ON people FOR EACH ROW BEGIN INSERT INTO notes (said) VALUES (OLD.name);
				IF OLD.team IN (1, 2, 6) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Secretson stays'; END IF; END`,
			`CREATE TRIGGER reached BEFORE UPDATE ON people FOR EACH ROW BEGIN INSERT INTO notes (said) VALUES (OLD.name);
				IF NEW.email IS NULL THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Secretson'; END IF; IF OLD.team = 3 THEN SET NEW.name = OLD.name; END IF; END`,
		},
	}[c.Kind]...)
	Exec(tb, c, `INSERT INTO people (id, email, name, team) VALUES (1, 'a@x.example', 'Ann Secretson', 1), (2, 'b@x.example', 'Bob Secretson', 2), (3, 'c@x.example', 'Cy Secretson', 3), (4, 'd@x.example', 'Di Secretson', 4),
		(5, 'e@x.example', 'Ed Secretson', 5), (6, 'f@x.example', 'Flo Secretson', 6), (7, 'g@x.example', 'Gus Secretson', 9), (8, 'h@x.example', 'Hal Secretson', 9)`,
		`INSERT INTO children VALUES (10, 4), (11, 5)`)
}

// Rehearsal is what every SQL database must do that tries changes and takes them back.
func Rehearsal(t *testing.T, open func(testing.TB, connect.Config) connect.Source) {
	all := Tuples(int64(1), int64(2), int64(3), int64(4), int64(5), int64(6), int64(7), int64(8))
	people := func(set ...connect.Set) connect.Change {
		c := connect.Change{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: all, Set: set}
		if len(set) == 0 {
			c.Kind = connect.Delete
		}
		return c
	}
	children := connect.Change{Kind: connect.Delete, Table: "children", Key: []string{"id"}, Keys: Tuples(int64(10), int64(11))}
	guard := func(c connect.Change, in connect.In) connect.Change { c.Guard = []connect.In{in}; return c }
	cases := []struct {
		what    string
		changes []connect.Change
		want    map[string][]string // by kind of database; "" for all others
	}{
		{"deleting", []connect.Change{children, people()}, map[string][]string{
			"":           {"1 the trigger `stays` [] [0 1 5]"},
			"postgresql": {"1 one of the triggers `noted`, `stays` [] [1]", "1 the trigger `stays` [] [0 5]"}, // nobody says which trigger passed a row over
		}},
		{"rows that others point at", []connect.Change{guard(people(), In("team", int64(4), int64(5)))}, map[string][]string{
			"": {"0 the foreign key [] [3 4]"}, "postgresql": {"0 the foreign key children_parent_fkey [] [3 4]"}, "mysql": {"0 the foreign key children_ibfk_1 [] [3 4]"}}},
		{"emptying", []connect.Change{people(connect.Set{Column: "email"})}, map[string][]string{
			"": {"0 the trigger `reached` [] [0 1 2 3 4 5 6 7]"}, "sqlite": {"0 one of the triggers `named`, `reached` [] [0 1 2 3 4 5 6 7]"}}},
		{"what is put back", []connect.Change{people(connect.Set{Column: "name", To: "x"})}, map[string][]string{
			"": {"0 the trigger `reached` [name] [2]"}, "sqlite": {"0 one of the triggers `named`, `reached` [name] [2]"}, "postgresql": {"0 one of the triggers `noted`, `reached` [name] [2]"}}},
		{"the same for all", []connect.Change{people(connect.Set{Column: "email", To: "Same@x.example"})}, map[string][]string{
			"": {"0 one_email [email team] [1 2 3 4 5]"}, "mysql": {"0 one_email [] [1 2 3 4 5]"}}},
		{"another for each", []connect.Change{people(connect.Set{Column: "email", Each: []any{"1", "2", "3", "4", "5", "6", "7", "8"}})}, map[string][]string{"": {}}},
		{"rows that a guard leaves alone", []connect.Change{children, guard(people(), In("team", int64(4), int64(5)))}, map[string][]string{"": {}}},
		{"what is refused is left out", []connect.Change{children, people(), people(connect.Set{Column: "name", To: "x"})}, map[string][]string{
			"":           {"1 the trigger `stays` [] [0 1 5]"},
			"postgresql": {"1 one of the triggers `noted`, `stays` [] [1]", "1 the trigger `stays` [] [0 5]"},
		}},
	}
	for _, k := range Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			c := k.Config(t)
			guarded(t, c)
			for _, x := range cases {
				for _, readOnly := range []bool{false, true} {
					c.ReadOnly = readOnly
					src := open(t, c)
					before := dump(t, c)
					got := rehearsed(t, src, x.changes)
					want, ok := x.want[c.Kind]
					if !ok {
						want = x.want[""]
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s: %q, want %q", x.what, got, want)
					}
					if after := dump(t, c); after != before {
						t.Errorf("%s: the database is another one: %s, was %s", x.what, cut(after), cut(before))
					}
				}
			}
		})
	}
}

func rehearsed(tb testing.TB, src connect.Source, changes []connect.Change) []string {
	tb.Helper()
	found, err := src.(connect.Rehearsal).Rehearse(context.Background(), changes)
	if err != nil || found.Unsure != "" {
		tb.Fatalf("nobody can tell: %s, %v", found.Unsure, err)
	}
	out := []string{}
	for _, o := range found.Objections {
		out = append(out, fmt.Sprintf("%d %s %v %v", o.Change, o.Rule, o.Columns, o.Rows))
		if strings.Contains(o.Rule, "Secretson") {
			tb.Errorf("a value of somebody is told: %s", o.Rule)
		}
	}
	slices.Sort(out)
	return out
}

// dump is a whole database: the bytes of a file, or all rows of all tables.
func dump(tb testing.TB, c connect.Config) string {
	tb.Helper()
	if c.Kind == "sqlite" {
		text, err := os.ReadFile(c.Secret)
		if err != nil {
			tb.Fatal(err)
		}
		return string(text)
	}
	var out strings.Builder
	db := Handle(tb, c)
	for _, query := range []string{"SELECT id, coalesce(email, '-'), name, team FROM people ORDER BY id", "SELECT n, coalesce(said, '-'), 1, 1 FROM notes ORDER BY n", "SELECT id, parent, 1, 1 FROM children ORDER BY id"} {
		rows, err := db.Query(query)
		if err != nil {
			tb.Fatal(err)
		}
		for rows.Next() {
			var cells [4]string
			if err := rows.Scan(&cells[0], &cells[1], &cells[2], &cells[3]); err != nil {
				tb.Fatal(err)
			}
			out.WriteString(strings.Join(cells[:], "|") + "\n")
		}
		if err := rows.Err(); err != nil {
			tb.Fatal(err)
		}
		rows.Close()
	}
	return out.String()
}
