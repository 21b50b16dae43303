package sqldb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// ruled is a table with rules of all sorts.
func ruled(tb testing.TB, k connecttest.Kind) connect.Config {
	tb.Helper()
	c := k.Config(tb)
	domain, email := "", "varchar(60)"
	matches := map[string]string{"sqlite": "email LIKE '%_@_%'", "mysql": "email LIKE '%_@_%'", "postgresql": "email ~ '^[^@]+@[^@]+$'"}[c.Kind]
	rule := "CHECK (" + matches + ")"
	if c.Kind == "postgresql" {
		domain = "CREATE DOMAIN any_email AS varchar(60) CHECK (VALUE <> ''); CREATE DOMAIN email AS any_email CONSTRAINT is_email CHECK (VALUE ~ '^[^@]+@[^@]+$')"
		email, rule = "email", ""
	}
	statements := []string{`CREATE TABLE people (id integer NOT NULL PRIMARY KEY, email ` + email + ` NOT NULL ` + rule + `, name varchar(40), age integer NOT NULL,
		born date, gone date, paid decimal(8,2), phone varchar(20),
		CONSTRAINT grown CHECK (age >= 18 AND age < 150), CONSTRAINT lived CHECK (gone >= born), CONSTRAINT paid_something CHECK (paid > 0.5),
		CONSTRAINT "it's (a) name, -- really" CHECK (name <> 'it''s ) nothing' AND length(name) >= 2),
		CONSTRAINT reachable CHECK (phone IS NOT NULL OR email <> 'none@example.com'))`,
		`INSERT INTO people VALUES (1, 'ann@example.com', 'Ann', 30, '1984-01-02', '2020-01-01', 3, '1'), (2, 'none@example.com', 'Bob', 40, '1985-01-02', NULL, 4, '2'), (3, 'c@example.com', 'Cy', 50, NULL, NULL, NULL, NULL)`}
	if c.Kind == "mysql" {
		statements[0] = strings.ReplaceAll(strings.ReplaceAll(statements[0], `"it's (a) name, -- really"`, "`it's (a) name, -- really`"), "length(", "char_length(")
	}
	if domain != "" {
		statements = slices.Concat(strings.Split(domain, "; "), statements)
	}
	connecttest.Exec(tb, c, statements...)
	if c.Kind != "sqlite" {
		c, _ = limited(tb, c, "GRANT SELECT ON people TO LOGIN")
	}
	return c
}

func foreseen(tb testing.TB, src connect.Source, rows int, sets ...connect.Set) []string {
	tb.Helper()
	keys := connecttest.Tuples(int64(1), int64(2), int64(3))[:rows]
	found, err := src.(connect.Foresight).Foresee(context.Background(), connect.Change{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: keys, Set: sets})
	if err != nil {
		tb.Fatal(err)
	}
	out := []string{}
	for _, r := range found {
		line := fmt.Sprintf("%s %v %v", r.Rule, r.Columns, r.Rows)
		if r.Unsure != "" {
			line += " unsure"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// A login that may only read is told which rows each rule of the database would refuse.
func TestForesee(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			c := ruled(t, k)
			src := open(t, c)
			email := map[string]string{"sqlite": "CHECK (email LIKE '%_@_%')", "postgresql": "is_email", "mariadb": "CHECK (`email` like '%_@_%')"}[k.Name]
			const name = "it's (a) name, -- really"
			for _, x := range []struct {
				what string
				sets []connect.Set
				want []string
			}{
				{"nothing is refused", []connect.Set{{Column: "email", To: "x@erased.invalid"}, {Column: "name"}, {Column: "paid", To: connect.Decimal("0.75")}}, []string{}},
				{"a text", []connect.Set{{Column: "email", To: "abc"}}, []string{email + " [email] [0 1 2]"}},
				{"some rows", []connect.Set{{Column: "email", Each: []any{"a@b", "no", "c@d"}}}, []string{email + " [email] [1]"}},
				{"a name with signs", []connect.Set{{Column: "name", To: "E"}}, []string{name + " [name] [0 1 2]"}},
				{"an escaped text", []connect.Set{{Column: "name", To: "it's ) nothing"}}, []string{name + " [name] [0 1 2]"}},
				{"a number", []connect.Set{{Column: "age", To: int64(0)}}, []string{"grown [age] [0 1 2]"}},
				{"numbers", []connect.Set{{Column: "age", Each: []any{int64(18), int64(150), int64(149)}}}, []string{"grown [age] [1]"}},
				{"two columns", []connect.Set{{Column: "born", To: connect.Date("2021-01-01")}}, []string{"lived [born gone] [0]"}},
				{"both of them", []connect.Set{{Column: "born", To: connect.Date("1900-01-01")}, {Column: "gone", To: connect.Date("1900-01-01")}}, []string{}},
				{"dates each", []connect.Set{{Column: "born", Each: []any{connect.Date("2021-01-01"), connect.Date("1985-01-01"), nil}}}, []string{"lived [born gone] [0]"}},
				{"decimals", []connect.Set{{Column: "paid", Each: []any{connect.Decimal("0.5"), connect.Decimal("10"), connect.Decimal("9.5")}}}, []string{"paid_something [paid] [0]"}},
				{"a rule by what stays", []connect.Set{{Column: "phone"}}, []string{"reachable [email phone] [1]"}},
				{"two rules", []connect.Set{{Column: "phone"}, {Column: "age", To: int64(1)}}, []string{"grown [age] [0 1 2]", "reachable [email phone] [1]"}},
				{"nothing in what may not be empty", []connect.Set{{Column: "age"}}, []string{"NOT NULL [age] [0 1 2]"}},
				{"too long", []connect.Set{{Column: "phone", To: strings.Repeat("1", 21)}}, []string{"the type varchar(20) [phone] [0 1 2]"}},
				{"no number", []connect.Set{{Column: "age", To: "old"}}, []string{"the type integer [age] [0 1 2]"}},
				{"too many digits", []connect.Set{{Column: "paid", To: connect.Decimal("1000000")}}, []string{"the type decimal(8,2) [paid] [0 1 2]"}},
			} {
				got := foreseen(t, src, 3, x.sets...)
				for i := range got {
					got[i] = strings.NewReplacer("INTEGER", "integer", "character varying", "varchar", "numeric", "decimal", "int(11)", "integer").Replace(got[i])
				}
				if k.Name == "sqlite" { // it takes a text of any length, and a number of any size
					x.want = slices.DeleteFunc(x.want, func(s string) bool {
						return strings.Contains(s, "the type varchar") || strings.Contains(s, "the type decimal")
					})
				}
				if !slices.Equal(got, x.want) {
					t.Errorf("%s: %q, want %q", x.what, got, x.want)
				}
			}
			if got := connecttest.All(t, src, connect.Read{Table: "people", Columns: []string{"age"}, When: &connect.Cond{Op: connect.Less, Column: "age", Values: []any{int64(30)}}}); len(got) > 0 {
				t.Errorf("rows were changed: %v", got)
			}
		})
	}
}

// What nobody can ask is said, and hides nothing else.
func TestForeseeUnsure(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			c := k.Config(t)
			statements := []string{`CREATE TABLE people (id integer NOT NULL PRIMARY KEY, name varchar(30), size integer GENERATED ALWAYS AS (length(name)) STORED, age integer, CHECK (size < 20), CONSTRAINT grown CHECK (age > 17))`,
				`INSERT INTO people (id, name, age) VALUES (1, 'Ann', 30)`}
			if k.Name == "postgresql" {
				statements = append(statements, "CREATE FUNCTION secret(integer) RETURNS boolean LANGUAGE sql AS 'SELECT true'", "ALTER TABLE people ADD CONSTRAINT hidden CHECK (secret(age))",
					"REVOKE EXECUTE ON FUNCTION secret FROM PUBLIC")
			}
			connecttest.Exec(t, c, statements...)
			if c.Kind != "sqlite" {
				c, _ = limited(t, c, "GRANT SELECT ON people TO LOGIN")
			}
			got := foreseen(t, open(t, c), 1, connect.Set{Column: "name"}, connect.Set{Column: "age", To: int64(1)})
			want := map[string][]string{
				"sqlite":     {"CHECK (size < 20) [size] [] unsure", "grown [age] [0]"},
				"postgresql": {"grown [age] [0]", "hidden [age] [] unsure", "people_size_check [size] [] unsure"},
				"mariadb":    {"CONSTRAINT_1 [size] [] unsure", "grown [age] [0]"},
			}[k.Name]
			if !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

// SQLite compares by the affinity and the collation of a column, also what is only tried.
func TestForeseeAsSQLiteCompares(t *testing.T) {
	c := connecttest.SQLite(t)
	connecttest.Exec(t, c, `CREATE TABLE people (id INTEGER PRIMARY KEY, zip TEXT CHECK (zip < 99999), name TEXT COLLATE NOCASE CHECK (name <> 'erased'), n INTEGER CHECK (n <> '5'), day DATE CHECK (day > '1950-01-01'))`,
		`INSERT INTO people VALUES (1, '12', 'Ann', 1, '1984-01-02')`)
	src := open(t, c)
	for _, x := range []struct {
		set     connect.Set
		refused bool
	}{
		{connect.Set{Column: "zip", To: "abc"}, true}, {connect.Set{Column: "zip", To: "5"}, false}, {connect.Set{Column: "name", To: "ERASED"}, true}, {connect.Set{Column: "name", Each: []any{"Erased"}}, true},
		{connect.Set{Column: "name", To: "x"}, false}, {connect.Set{Column: "n", To: int64(5)}, true}, {connect.Set{Column: "n", Each: []any{int64(5)}}, true}, {connect.Set{Column: "n", To: int64(6)}, false},
		{connect.Set{Column: "day", To: connect.Date("1900-01-01")}, true}, {connect.Set{Column: "day", To: connect.Date("1990-01-01")}, false},
	} {
		if got := foreseen(t, src, 1, x.set); (len(got) > 0) != x.refused {
			t.Errorf("%+v: %q, want refused %v", x.set, got, x.refused)
		}
		_, err := src.Change(context.Background(), []connect.Change{{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: connecttest.Tuples(int64(1)), Set: []connect.Set{x.set}}})
		if (err != nil) != x.refused {
			t.Errorf("%+v: SQLite itself says %v", x.set, err)
		}
	}
}
