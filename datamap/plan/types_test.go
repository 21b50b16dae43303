package plan

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// sample is a type of a column and a value of it.
type sample struct{ kind, value string }

var typesOf = map[string][]sample{
	"postgresql": {{"smallint", "7"}, {"integer", "7"}, {"bigint", "7"}, {"numeric", "7.5"}, {"numeric(3,2)", "7.25"}, {"numeric(2,2)", "0.25"}, {"numeric(2,0)", "42"}, {"real", "7.5"},
		{"double precision", "7.5"}, {"money", "'7.50'"}, {"boolean", "true"}, {"date", "'1984-06-21'"}, {"timestamp", "'1984-06-21 10:11:12'"}, {"timestamptz", "'1984-06-21 10:11:12+02'"},
		{"time", "'10:11:12'"}, {"timetz", "'10:11:12+02'"}, {"interval", "'3 days'"}, {"text", "'Ann'"}, {"varchar(60)", "'Ann'"}, {"varchar(5)", "'Ann'"}, {"char(3)", "'Ann'"}, {"char(1)", "'A'"}, {"name", "'Ann'"},
		{"bytea", "'\\x00ff'"}, {"uuid", "'0b6b1e9f-0d5a-4b2e-9f0e-3a0b1c2d3e4f'"}, {"json", "'{\"a\":1}'"}, {"jsonb", "'[1]'"}, {"text[]", "'{a,b}'"}, {"integer[]", "'{1,2}'"},
		{"sex", "'male'"}, {"mood", "'glad'"}, {"inet", "'10.1.2.3'"}, {"cidr", "'10.1.0.0/16'"}, {"macaddr", "'08:00:2b:01:02:03'"}, {"bit(4)", "B'1010'"}, {"varbit(8)", "B'101'"},
		{"int4range", "'[1,5)'"}, {"daterange", "'[2020-01-01,2021-01-01)'"}, {"tstzrange", "'[2020-01-01,2021-01-01)'"}, {"point", "'(1,2)'"}, {"xml", "'<a/>'"}, {"tsvector", "'a b'"}, {"oid", "7"},
		{"plz", "'12345'"}, {"grown", "33"}, {"mail", "'ann@x.example'"}, {"pair", "'(1,2)'"}},
	"mysql": {{"tinyint", "-7"}, {"tinyint unsigned", "200"}, {"smallint", "7"}, {"mediumint", "7"}, {"int", "7"}, {"int unsigned", "7"}, {"bigint", "7"}, {"decimal(8,2)", "7.25"}, {"decimal(3,2)", "7.25"},
		{"decimal(2,2)", "0.25"}, {"float", "7.5"}, {"double", "7.5"}, {"boolean", "true"}, {"bit(1)", "b'1'"}, {"bit(12)", "b'1010'"}, {"year", "1984"}, {"date", "'1984-06-21'"},
		{"datetime", "'1984-06-21 10:11:12'"}, {"datetime(6)", "'1984-06-21 10:11:12.5'"}, {"timestamp", "'1984-06-21 10:11:12'"}, {"time", "'10:11:12'"}, {"time(3)", "'10:11:12.5'"},
		{"char(3)", "'Ann'"}, {"char(1)", "'A'"}, {"varchar(5)", "'Ann'"}, {"varchar(60)", "'Ann'"}, {"text", "'Ann'"}, {"tinytext", "'Ann'"}, {"binary(4)", "'abcd'"}, {"varbinary(8)", "'abcd'"}, {"blob", "'abcd'"},
		{"enum('male','female')", "'male'"}, {"enum('glad','unknown')", "'glad'"}, {"set('a','b')", "'a,b'"}, {"json", "'{\"a\":1}'"}, {"uuid", "'0b6b1e9f-0d5a-4b2e-9f0e-3a0b1c2d3e4f'"},
		{"inet4", "'10.1.2.3'"}, {"inet6", "'fe80::1'"}, {"point", "POINT(1,2)"}, {"geometry", "POINT(1,2)"}},
}

// before are what some of the types are made of.
var before = map[string][]string{"postgresql": {"CREATE TYPE sex AS ENUM ('male', 'female')", "CREATE TYPE mood AS ENUM ('glad', 'Unknown')", "CREATE TYPE pair AS (a int, b int)",
	"CREATE DOMAIN plz AS text CHECK (VALUE ~ '^[0-9]{5}$')", "CREATE DOMAIN whole AS integer", "CREATE DOMAIN grown AS whole CHECK (VALUE >= 18)", "CREATE DOMAIN mail AS varchar(60) CHECK (VALUE LIKE '%@%')"}}

var rules = []string{"clear", "mask(blank)", "mask(hash)", "mask(random)", "mask(name)", "mask(email)", "mask(phone)", "mask(year)", `mask("gone")`, `mask("12.5")`}

// Of every common type of a column every mask puts a value there that the database takes,
// or the plan says that it does not and what is done instead: nothing fails when it is run.
func TestEveryTypeTakesItsMask(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		if k.Name == "sqlite" {
			continue // it takes anything in any column
		}
		for _, how := range []string{"NULL", "NOT NULL", "NOT NULL UNIQUE"} {
			t.Run(k.Name+"/"+how, func(t *testing.T) { everyType(t, k.Config(t), how) })
		}
	}
}

func everyType(t *testing.T, c connect.Config, how string) {
	var text strings.Builder
	fmt.Fprintf(&text, "system: shop\nkind: %s\ncredentials: env:X\ntake-from-database: [keys, references]\ntables:\n", c.Kind)
	connecttest.Exec(t, c, before[c.Kind]...)
	var tables []string
	for n, x := range typesOf[c.Kind] {
		if strings.HasSuffix(how, "UNIQUE") && !canBeUnique(x.kind) {
			continue
		}
		table := fmt.Sprintf("t%d", n)
		var columns, values []string
		fmt.Fprintf(&text, "  %s:\n    identities: {email: email}\n    relation: owns\n    erase: clear\n    columns:\n      email: {is: contact.email, erase: mask(email)}\n", table)
		for i, rule := range rules {
			columns, values = append(columns, fmt.Sprintf("c%d %s %s", i, x.kind, how)), append(values, x.value)
			fmt.Fprintf(&text, "      c%d: {is: contact.name, erase: '%s'}\n", i, rule)
		}
		connecttest.Exec(t, c, fmt.Sprintf("CREATE TABLE %s (id int PRIMARY KEY, email varchar(60) NOT NULL, %s)", table, strings.Join(columns, ", ")),
			fmt.Sprintf("INSERT INTO %s VALUES (1, 'ann@x.example', %s)", table, strings.Join(values, ", ")))
		tables = append(tables, table+" "+x.kind)
		if how == "NOT NULL" { // what is put there is read again then, and has to be the same
			connecttest.Exec(t, c, harmless(c.Kind, table)...)
		}
	}
	src, err := sqldb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	m, err := datamap.Load(fstest.MapFS{"systems/shop.yaml": &fstest.MapFile{Data: []byte(text.String())}}, testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, m: m, sources: find.Sources{"shop": src}, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}}
	if w.m, err = m.Complete(facts(w.schemas())); err != nil {
		t.Fatal(err)
	}
	was := map[string][]string{}
	for _, x := range tables {
		name, _, _ := strings.Cut(x, " ")
		was[name] = cells(t, c, x)
	}
	p := w.plan(people("email=ann@x.example"))
	for _, e := range p.Entries(false) {
		if strings.Contains(e.Refused, "trigger") || strings.Contains(e.Reason, "nobody can tell") {
			t.Errorf("a trigger that does nothing refuses something: %+v", e)
		}
	}
	whole := p.Systems[0].Groups
	for _, x := range tables { // each by itself, so that one that fails hides none of the others
		name, _, _ := strings.Cut(x, " ")
		p.Systems[0].Groups = slices.DeleteFunc(slices.Clone(whole), func(g *Group) bool { return g.Table != name })
		if _, err := p.Systems[0].Run(t.Context(), src); err != nil {
			t.Errorf("%s: %v", x, err)
			continue
		}
		if left := w.check(p, people("email=somebody@else.example")); len(left) > 0 {
			t.Errorf("%s: there is left %+v", x, left)
		}
		now := cells(t, c, x)
		for i, rule := range rules {
			said := slices.ContainsFunc(p.Entries(false), func(e Entry) bool {
				return slices.Contains(e.Columns, fmt.Sprintf("c%d", i)) && e.Action == Keep && e.Refused != ""
			})
			if same := now[i] == was[name][i]; same != said {
				t.Errorf("%s, %s: it was %s and is %s; that it stays is said: %v", x, rule, was[name][i], now[i], said)
			}
		}
	}
}

// harmless is a trigger that lets everything pass.
func harmless(kind, table string) []string {
	if kind == "mysql" {
		return []string{"CREATE TRIGGER g" + table + " AFTER UPDATE ON " + table + " FOR EACH ROW SET @x = 1"}
	}
	return []string{"CREATE OR REPLACE FUNCTION nop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", "CREATE TRIGGER g" + table + " BEFORE UPDATE ON " + table + " FOR EACH ROW EXECUTE FUNCTION nop()"}
}

func canBeUnique(kind string) bool {
	return !slices.ContainsFunc([]string{"json", "point", "xml", "text", "tinytext", "blob", "geometry"}, func(s string) bool { return kind == s })
}

// cells are the columns of the one row of a table, as texts; its type stands behind its name.
func cells(t *testing.T, c connect.Config, table string) []string {
	t.Helper()
	table, kind, _ := strings.Cut(table, " ")
	driver, cast := "pgx", "c%d::text"
	if c.Kind == "mysql" {
		driver, cast = "mysql", "CONCAT(HEX(c%[1]d), CAST(c%[1]d AS CHAR))"
	}
	if kind == "point" && c.Kind == "mysql" || kind == "geometry" {
		cast = "HEX(c%d)"
	}
	db, err := sql.Open(driver, c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var columns []string
	out, into := make([]sql.NullString, len(rules)), make([]any, len(rules))
	for i := range rules {
		columns, into[i] = append(columns, fmt.Sprintf(cast, i)), &out[i]
	}
	if err := db.QueryRow("SELECT " + strings.Join(columns, ", ") + " FROM " + table).Scan(into...); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, s := range out {
		texts = append(texts, fmt.Sprint(s.Valid, s.String))
	}
	return texts
}
