package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/datamap/find"
)

// odd is a database with something odd in it. What is Ann's has a note that begins with
// `ann`, what is anybody else's one that begins with `bob`.
type odd struct {
	kind   string // of database; empty: all
	ddl    []string
	tables string // the map
	noted  []string
	left   int // of Ann's notes, and the plan says so
	said   int // as how many rows, where those that nothing tells apart count once
}

// owned is a table of the map whose rows are the person's.
func owned(name, key, erase string) string {
	return fmt.Sprintf("%q:\n  key: [%s]\n  identities: {email: email}\n  relation: owns\n  erase: %s\n  columns: {email: contact.email, note: messages.text}\n", name, key, erase)
}

// hold checks what must be true of whatever is in a database: all that is Ann's is shown, each
// once, whether there is room to keep it or not; erasure takes all of it, or says what it
// left; nothing of anybody else's is touched; and the check afterwards agrees.
func (o odd) hold(t *testing.T, c connect.Config) {
	w := sqlWorld(t, c, o.tables, o.ddl...)
	anns, bobs := w.notes(c, o.noted)
	for _, keep := range []int{0, 1} {
		if got := w.shown(keep); !slices.Equal(got, anns) {
			t.Errorf("with room for %d bytes %q is shown, not %q", keep, got, anns)
		}
	}
	who := people("email=ann@x.example")
	p := w.plan(who)
	if _, err := p.Systems[0].Run(t.Context(), w.sources["shop"]); err != nil {
		t.Fatalf("%v; planned was %q", err, said(p))
	}
	left, others := w.notes(c, o.noted)
	if !slices.Equal(others, bobs) {
		t.Errorf("of others' %q there is %q", bobs, others)
	}
	refused := 0
	for _, e := range p.Entries(false) {
		if e.Refused != "" && slices.Contains(e.Columns, "note") {
			refused += e.Rows
		}
	}
	if len(left) != o.left || refused != cmp.Or(o.said, o.left) {
		t.Errorf("there is left %q, and said %q", left, said(p))
	}
	if left := w.check(p, who); len(left) > 0 {
		t.Errorf("the check finds %+v", left)
	}
}

// notes are all notes of some tables, hers and others', sorted.
func (w *world) notes(c connect.Config, tables []string) (anns, bobs []string) {
	w.t.Helper()
	quote := map[string]string{"mysql": "`"}[c.Kind]
	if quote == "" {
		quote = `"`
	}
	for _, table := range tables {
		for _, note := range rowsOf(w.t, connecttest.Handle(w.t, c), "SELECT note FROM "+quote+strings.ReplaceAll(table, quote, quote+quote)+quote+" WHERE note LIKE 'ann%' OR note LIKE 'bob%'") {
			if strings.HasPrefix(note, "ann") {
				anns = append(anns, table+" "+note)
			} else {
				bobs = append(bobs, table+" "+note)
			}
		}
	}
	slices.Sort(anns)
	slices.Sort(bobs)
	return anns, bobs
}

// shown are the notes that Ann is shown, sorted.
func (w *world) shown(keep int) (out []string) {
	w.t.Helper()
	s := find.New(w.m.Graph(), w.sources, w.schemas(), find.Options{Region: "NL", ToShow: true, Keep: keep})
	f, err := s.Find(w.t.Context(), people("email=ann@x.example"))
	if err != nil {
		w.t.Fatal(err)
	}
	err = s.Export(w.t.Context(), f, 0, func(r find.Record) error {
		for _, c := range r.Cells {
			if c.Name == "note" {
				out = append(out, r.Table.Name+" "+connect.Text(c.Value))
			}
		}
		if r.Changed {
			out = append(out, r.Table.Name+" changed")
		}
		return nil
	})
	if err != nil {
		w.t.Error(err)
	}
	slices.Sort(out)
	return out
}

// keysOf are types of keys and values of them. Behind a mark are those that nothing is found by: they
// are shown, and are left where they are.
var keysOf = map[string][][]string{
	"postgresql": {{"bytea", `'\x00ff'`, `'\x616e6e'`, `!'\x'`}, {"uuid", "'0B6B1E9F-0D5A-4B2E-9F0E-3A0B1C2D3E4F'"}, {"numeric", "1.50", "-0.000000000000000000001", "!'NaN'", "1e30"}, {"numeric(40,3)", "12345678901234567890.5"},
		{"float8", "0.1", "'NaN'", "'-Infinity'", "1e300", "5e-324"}, {"real", "0.1", "16777217"}, {"date", "'2020-02-29'", "!'infinity'", "!'0044-03-15 BC'", "!'12020-01-01'"},
		{"timestamptz", "'2020-01-01 10:11:12.123456+02'", "!'-infinity'"}, {"timestamp", "'2020-01-01 10:11:12.1'", "!'12020-01-01'"}, {"time", "'10:11:12.5'"}, {"timetz", "'10:11:12+02'"}, {"interval", "'3 days 2:00'"},
		{"text", "'O''Hara \"q\" \\'", "'žluťoučký 🐎'", "' blank '", "!''", "repeat('long ', 500)", "E'a\\nb\\tc'", "'%_'"}, {"char(10)", "'ann'", "!''"}, {"varchar(20)", "'ann '"}, {"boolean", "true"}, {"inet", "'10.1.2.3'"},
		{"mood", "'so so'"}, {"money", "'7.50'"}, {"bit(4)", "B'1010'"}, {"text[]", "!'{a,\"b,c\"}'"}, {"jsonb", `!'{"b":1,"a":[1.50]}'`}, {"bigint", "-9223372036854775808"}, {"oid", "4294967295"}, {"macaddr", "'08:00:2b:01:02:03'"}, {"int4range", "'[1,5)'"}},
	"mysql": {{"varbinary(20)", "x'00ff'", "'ann'", "!''"}, {"binary(4)", "'ab'"}, {"uuid", "'0B6B1E9F-0D5A-4B2E-9F0E-3A0B1C2D3E4F'"}, {"decimal(40,10)", "1.5", "-0.0000000001", "123456789012345678901234567890.5"},
		{"float", "0.1", "16777216", "16777218", "16777217.5e3", "1e-30"}, {"double", "0.1", "1e300"}, {"date", "'2020-02-29'", "!'0000-00-00'", "!'2020-00-00'"}, {"datetime(6)", "'2020-01-01 10:11:12.123456'", "!'0000-00-00'"}, {"timestamp", "'2020-01-01 10:11:12'", "!0"},
		{"time(3)", "'-838:59:59'", "'10:11:12.5'"}, {"year", "1984", "0"}, {"varchar(700) collate utf8mb4_bin", `'O''Hara "q" \\'`, "'žluťoučký 🐎'", "' blank '", "!''", "repeat('long ', 120)", "'a\\nb'", "'%_'"},
		{"varchar(20) collate utf8mb4_general_ci", "'ann'", "'bo '"}, {"char(10)", "'ann'", "!''"}, {"enum('a','B c')", "'B c'"}, {"set('a','b')", "'a,b'", "!''"}, {"bit(40)", "b'1010'", "0"}, {"bit(1)", "1"}, {"bigint unsigned", "18446744073709551615"},
		{"tinyint(1)", "1", "2", "-1"}, {"boolean", "true"}, {"inet6", "'fe80::1'"}},
	"sqlite": {{"BLOB", "x'00ff'", "CAST('ann' AS BLOB)", "'ann'", "!7", "!x''"}, {"TEXT", `'O''Hara "q" \'`, "'žluťoučký 🐎'", "' blank '", "!''", "replace(hex(zeroblob(5000)), '0', 'long')", "!x'616e6e'", "!'a' || char(0)", "!CAST(x'61ff' AS TEXT)"},
		{"REAL", "0.1", "!1e999", "!'ann'", "7"}, {"NUMERIC", "1.5", "!'1.50x'", "12345678901234567890.5"}, {"DECIMAL(10,2)", "1.5"}, {"DATE", "'2020-02-29'", "!'yesterday'", "!1577836800"}, {"DATETIME", "'2020-01-01 10:11:12.5'", "!1577836800.25"},
		{"UUID", "'0B6B1E9F-0D5A-4B2E-9F0E-3A0B1C2D3E4F'"}, {"BOOLEAN", "1", "!2", "'true'"}, {"INTEGER", "-9223372036854775808", "9223372036854775807"}, {"", "'ann'", "7", "!7.5", "!x'00'"}, {"JSON", `!'{"b":1,"a":[1.50]}'`, "!'null'"}},
}

// Rows are named by keys of whatever type, and no other row is taken for one of them.
func TestOddKeys(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		before := map[string][]string{"postgresql": {"CREATE TYPE mood AS ENUM ('glad', 'so so')"}, "mysql": {"SET sql_mode = ''"}}[c.Kind]
		for _, erase := range []string{"delete", "clear"} {
			var o odd
			o.ddl = slices.Clone(before)
			for n, key := range keysOf[c.Kind] {
				table := fmt.Sprintf("k%d", n)
				o.tables += owned(table, "id", erase)
				o.noted = append(o.noted, table)
				drop := "DROP TABLE IF EXISTS " + table
				o.ddl = append(o.ddl, drop, fmt.Sprintf("CREATE TABLE %s (id %s, email varchar(60), note varchar(200), PRIMARY KEY (id))", table, key[0]))
				for i, value := range key[1:] {
					value, lost := strings.CutPrefix(value, "!")
					if lost {
						o.left++
					}
					o.ddl = append(o.ddl, fmt.Sprintf("INSERT INTO %s VALUES (%s, 'ann@x.example', 'ann %s %d')", table, value, strings.ReplaceAll(key[0], "'", ""), i))
				}
			}
			t.Run(erase, func(t *testing.T) { o.hold(t, c) })
			before = nil
			if c.Kind == "mysql" {
				before = []string{"SET sql_mode = ''"}
			}
		}
	})
}

// oddTables are databases as nobody would make them, and somebody has.
var oddTables = map[string][]odd{
	"identities": {
		{ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email varchar(60), note varchar(60))", "INSERT INTO t VALUES (1, NULL, 'bob a'), (2, '', 'bob b'), (3, 'ann@x.example', 'ann c'), (4, 'ann@x.example', 'ann d'), (5, 'Ann@X.Example', 'ann e'), (6, ' ann@x.example  ', 'ann f'), (7, 'ann@x.example.org', 'bob g'), (8, 'joann@x.example', 'bob h')"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
		{kind: "sqlite", ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email BLOB, note varchar(60))", "INSERT INTO t VALUES (1, CAST('Ann@x.example' AS BLOB), 'ann a'), (2, x'', 'bob b'), (3, x'ff', 'bob c')"}, tables: owned("t", "id", "clear"), noted: []string{"t"}},
		{kind: "postgresql", ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email bytea, note varchar(60))", "INSERT INTO t VALUES (1, 'Ann@x.example', 'ann a'), (2, '', 'bob b'), (3, '\\xff', 'bob c')"}, tables: owned("t", "id", "clear"), noted: []string{"t"}},
		{kind: "mysql", ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email VARBINARY(60), note varchar(60))", "INSERT INTO t VALUES (1, 'Ann@x.example', 'ann a'), (2, '', 'bob b'), (3, x'ff', 'bob c')"}, tables: owned("t", "id", "clear"), noted: []string{"t"}},
	},
	"a key that nothing holds to": {
		{ddl: []string{"CREATE TABLE t (code int, email varchar(60), note varchar(60))", "INSERT INTO t VALUES (1, 'ann@x.example', 'ann a'), (1, 'ann@x.example', 'ann b'), (2, 'ann@x.example', 'ann c'), (2, 'bob@x.example', 'bob a'), (3, 'bob@x.example', 'bob b')"}, tables: owned("t", "code", "delete"), noted: []string{"t"}, left: 1},
	},
	"a key that is empty in part": {
		{ddl: []string{"CREATE TABLE t (a int, b int, email varchar(60), note varchar(60), UNIQUE (a, b))", "INSERT INTO t VALUES (1, NULL, 'ann@x.example', 'ann a'), (1, NULL, 'ann@x.example', 'ann b'), (1, NULL, 'bob@x.example', 'bob a'), (1, 1, 'ann@x.example', 'ann c')"}, tables: owned("t", "a, b", "delete"), noted: []string{"t"}, left: 2, said: 1},
		{kind: "sqlite", ddl: []string{"CREATE TABLE t (a int, b int, email varchar(60), note varchar(60), PRIMARY KEY (a, b))", "INSERT INTO t VALUES (1, NULL, 'ann@x.example', 'ann a'), (1, NULL, 'ann@x.example', 'ann b'), (1, NULL, 'bob@x.example', 'bob a'), (1, 1, 'ann@x.example', 'ann c')"}, tables: owned("t", "a, b", "clear"), noted: []string{"t"}, left: 2, said: 1},
	},
	"tables of several engines": {
		{kind: "mysql", ddl: []string{"CREATE TABLE isam (id int PRIMARY KEY, email varchar(60), note varchar(60)) ENGINE = MyISAM", "CREATE TABLE inno (id int PRIMARY KEY, email varchar(60), note varchar(60)) ENGINE = InnoDB", "INSERT INTO isam VALUES (1, 'ann@x.example', 'ann a'), (2, 'bob@x.example', 'bob a')", "INSERT INTO inno VALUES (1, 'ann@x.example', 'ann b'), (2, 'bob@x.example', 'bob b')"},
			tables: owned("isam", "id", "delete") + owned("inno", "id", "clear"), noted: []string{"isam", "inno"}},
	},
	"computed columns": {
		{ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email varchar(60), note varchar(60), stored varchar(60) GENERATED ALWAYS AS (note) STORED)", "INSERT INTO t (id, email, note) VALUES (1, 'ann@x.example', 'ann a'), (2, 'bob@x.example', 'bob a')"},
			tables: strings.Replace(owned("t", "id", "clear"), "note:", "stored: contact.name, note:", 1), noted: []string{"t"}},
		{kind: "sqlite mysql", ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email varchar(60), note varchar(60), virtual varchar(60) GENERATED ALWAYS AS (note) VIRTUAL)", "INSERT INTO t (id, email, note) VALUES (1, 'ann@x.example', 'ann a'), (2, 'bob@x.example', 'bob a')"},
			tables: strings.Replace(owned("t", "id", "clear"), "note:", "virtual: contact.name, note:", 1), noted: []string{"t"}},
	},
	"views": {
		{ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email varchar(60), note varchar(60))", "CREATE VIEW v AS SELECT id, email, note FROM t", "INSERT INTO t VALUES (1, 'ann@x.example', 'ann a'), (2, 'bob@x.example', 'bob a')"}, kind: "postgresql mysql", tables: owned("v", "id", "delete"), noted: []string{"v"}, left: 1},
		{ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email varchar(60), note varchar(60))", "CREATE VIEW v AS SELECT DISTINCT id, email, note FROM t", "INSERT INTO t VALUES (1, 'ann@x.example', 'ann a'), (2, 'bob@x.example', 'bob a')"}, tables: owned("v", "id", "delete"), noted: []string{"v"}, left: 1},
		{ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email varchar(60), note varchar(60))", "CREATE TABLE gone (id int)", "CREATE VIEW broken AS SELECT id FROM gone", "INSERT INTO t VALUES (1, 'ann@x.example', 'ann a'), (2, 'bob@x.example', 'bob a')", "DROP TABLE gone"}, kind: "sqlite mysql", tables: owned("t", "id", "delete"), noted: []string{"t"}},
	},
	"tables of parts": {
		{kind: "postgresql", ddl: []string{"CREATE TABLE t (id int, email varchar(60), note varchar(60), PRIMARY KEY (id)) PARTITION BY RANGE (id)", "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (2)", "CREATE TABLE t2 PARTITION OF t DEFAULT", "INSERT INTO t VALUES (1, 'ann@x.example', 'ann a'), (2, 'ann@x.example', 'ann b'), (3, 'bob@x.example', 'bob a')"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
		{kind: "mysql", ddl: []string{"CREATE TABLE t (id int, email varchar(60), note varchar(60), PRIMARY KEY (id)) PARTITION BY HASH (id) PARTITIONS 3", "INSERT INTO t VALUES (1, 'ann@x.example', 'ann a'), (2, 'ann@x.example', 'ann b'), (3, 'bob@x.example', 'bob a')"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
		{kind: "postgresql", ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email varchar(60), note varchar(60))", "CREATE TABLE child () INHERITS (t)", "INSERT INTO t VALUES (1, 'ann@x.example', 'ann a'), (2, 'ann@x.example', 'ann b'), (4, 'ann@x.example', 'ann c')", "INSERT INTO child VALUES (1, 'bob@x.example', 'bob a'), (3, 'ann@x.example', 'ann d'), (4, 'ann@x.example', 'ann e')"}, tables: owned("t", "id", "delete"), noted: []string{"t"}, left: 1},
	},
	"names": {
		{ddl: []string{`CREATE TABLE "Order by ""it""; --" ("Select" int PRIMARY KEY, email varchar(60), note varchar(60), "na me" varchar(60))`, `INSERT INTO "Order by ""it""; --" VALUES (1, 'ann@x.example', 'ann a', 'x'), (2, 'bob@x.example', 'bob a', 'y')`, `CREATE TABLE "größe 🐎" ("""id" int PRIMARY KEY, email varchar(60), note varchar(60))`, `INSERT INTO "größe 🐎" VALUES (1, 'ann@x.example', 'ann b')`},
			kind: "sqlite postgresql", tables: strings.Replace(owned(`Order by "it"; --`, "Select", "clear"), "note:", `"na me": contact.name, note:`, 1) + owned("größe 🐎", `'"id'`, "delete"), noted: []string{`Order by "it"; --`, "größe 🐎"}},
		{ddl: []string{"CREATE TABLE `Order by ``it``; --` (`Select` int PRIMARY KEY, email varchar(60), note varchar(60), `na me` varchar(60))", "INSERT INTO `Order by ``it``; --` VALUES (1, 'ann@x.example', 'ann a', 'x'), (2, 'bob@x.example', 'bob a', 'y')", "CREATE TABLE `größe` (`\"id` int PRIMARY KEY, email varchar(60), note varchar(60))", "INSERT INTO `größe` VALUES (1, 'ann@x.example', 'ann b')"},
			kind: "mysql", tables: strings.Replace(owned("Order by `it`; --", "Select", "clear"), "note:", `"na me": contact.name, note:`, 1) + owned("größe", `'"id'`, "delete"), noted: []string{"Order by `it`; --", "größe"}},
	},
	"circles": {
		{ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, boss int, email varchar(60), note varchar(60), FOREIGN KEY (boss) REFERENCES t (id))", "INSERT INTO t VALUES (1, NULL, 'ann@x.example', 'ann a'), (2, NULL, 'bob@x.example', 'bob a'), (3, NULL, 'ann@x.example', 'ann b')", "UPDATE t SET boss = id", "UPDATE t SET boss = 3 WHERE id = 1", "UPDATE t SET boss = 1 WHERE id = 3"}, tables: "t:\n  identities: {email: email}\n  relation: {email: owns}\n  erase: delete\n  columns: {email: contact.email, note: messages.text}\n", noted: []string{"t"}},
	},
	"rows without a number": {
		{kind: "sqlite", ddl: []string{"CREATE TABLE t (a text, b text, email text, note text, PRIMARY KEY (a, b)) WITHOUT ROWID", "INSERT INTO t VALUES ('x', 'y', 'ann@x.example', 'ann a'), ('X', 'y', 'bob@x.example', 'bob a')"}, tables: owned("t", "a, b", "delete"), noted: []string{"t"}},
	},
	"collations": {
		{kind: "mysql", ddl: []string{"CREATE TABLE t (id varchar(20) COLLATE utf8mb4_bin PRIMARY KEY, email varchar(60) COLLATE utf8mb4_general_ci, note varchar(60))", "INSERT INTO t VALUES ('e', 'ann@x.example', 'ann a'), ('é', 'bob@x.example', 'bob a'), ('E', 'änn@x.example', 'bob b')"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
		{kind: "mysql", ddl: []string{"CREATE TABLE t (id varchar(20) COLLATE utf8mb4_general_ci, n int, email varchar(60), note varchar(60), PRIMARY KEY (id, n))", "INSERT INTO t VALUES ('e', 1, 'ann@x.example', 'ann a'), ('é', 2, 'bob@x.example', 'bob a'), ('E', 3, 'ann@x.example', 'ann b')"}, tables: owned("t", "id, n", "delete"), noted: []string{"t"}},
		{kind: "mysql", ddl: []string{"CREATE TABLE t (id varchar(20) COLLATE utf8mb4_general_ci, email varchar(60), note varchar(60))", "INSERT INTO t VALUES ('e', 'ann@x.example', 'ann a'), ('é', 'bob@x.example', 'bob a'), ('E', 'bob@x.example', 'bob b'), ('e ', 'bob@x.example', 'bob c')"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
		{kind: "sqlite", ddl: []string{"CREATE TABLE t (id text COLLATE NOCASE NOT NULL PRIMARY KEY, email text COLLATE NOCASE, note text)", "INSERT INTO t VALUES ('e', 'ann@x.example', 'ann a'), ('é', 'bob@x.example', 'bob a'), ('f', 'ANN@x.example', 'ann b')"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
		{kind: "postgresql", ddl: []string{"CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)", "CREATE TABLE t (id text COLLATE loose PRIMARY KEY, email text COLLATE loose, note text)", "INSERT INTO t VALUES ('e', 'ann@x.example', 'ann a'), ('f', 'änn@x.example', 'bob a'), ('g', 'ANN@x.example', 'ann b')"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
		{kind: "postgresql", ddl: []string{"CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)", "CREATE TABLE t (id text COLLATE loose, email text, note text)", "INSERT INTO t VALUES ('e', 'ann@x.example', 'ann a'), ('é', 'bob@x.example', 'bob a'), ('E', 'bob@x.example', 'bob b')"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
	},
	"one person, two keys": {
		{ddl: []string{"CREATE TABLE p (id int PRIMARY KEY, email varchar(60), note varchar(60))", "CREATE TABLE o (id int PRIMARY KEY, p int NOT NULL, note varchar(60), FOREIGN KEY (p) REFERENCES p (id))", "INSERT INTO p VALUES (1, 'ann@x.example', 'ann a'), (2, 'ANN@x.example', 'ann b'), (3, 'bob@x.example', 'bob a')", "INSERT INTO o VALUES (1, 1, 'ann c'), (2, 2, 'ann d'), (3, 3, 'bob b')"},
			tables: owned("p", "id", "delete") + "o:\n  relation: {p: owns}\n  erase: delete\n  columns: {note: messages.text}\n", noted: []string{"p", "o"}},
	},
	"many rows": {
		{kind: "sqlite postgresql", ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email varchar(60), note varchar(60))", "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 11000) SELECT i, CASE WHEN i % 11 = 0 THEN 'bob@x.example' ELSE 'ann@x.example' END, CASE WHEN i % 11 = 0 THEN 'bob ' ELSE 'ann ' END || i FROM n"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
		{kind: "mysql", ddl: []string{"CREATE TABLE t (id int PRIMARY KEY, email varchar(60), note varchar(60))", "INSERT INTO t SELECT seq, IF(seq % 11 = 0, 'bob@x.example', 'ann@x.example'), CONCAT(IF(seq % 11 = 0, 'bob ', 'ann '), seq) FROM seq_1_to_11000"}, tables: owned("t", "id", "delete"), noted: []string{"t"}},
	},
}

func TestOddTables(t *testing.T) {
	for _, k := range connecttest.Kinds(t) {
		for name, cases := range oddTables {
			for n, o := range cases {
				t.Run(fmt.Sprintf("%s/%s %d", k.Name, name, n), func(t *testing.T) {
					if c := k.Config(t); o.kind == "" || strings.Contains(o.kind, c.Kind) {
						o.hold(t, c)
					}
				})
			}
		}
	}
}
