package sqldb_test

import (
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// made is a database of a kind with some statements run in it; nil where there is no such server.
func made(t *testing.T, kind string, statements ...string) connect.Source {
	t.Helper()
	for _, k := range connecttest.Kinds(t) {
		c := k.Config(t)
		if c.Kind != kind {
			continue
		}
		connecttest.Exec(t, c, statements...)
		return open(t, c)
	}
	return nil
}

func described(t *testing.T, s connect.Source) *connect.Schema {
	t.Helper()
	schema, err := s.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// keysWhere are the keys of the rows for which a condition holds.
func keysWhere(t *testing.T, s connect.Source, table, key string, when connect.Cond) string {
	t.Helper()
	var out []string
	err := s.Read(t.Context(), connect.Read{Table: table, Columns: []string{key}, Key: []string{key}, When: &when}, func(r connect.Row) error {
		out = append(out, connect.Text(r[0]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

// One view of what is not there any more, or a table of a module nobody has, keeps nobody from all the others.
func TestBrokenViewsAreLeftOut(t *testing.T) {
	s := made(t, "sqlite", "CREATE TABLE there (id INTEGER PRIMARY KEY, email TEXT)", "CREATE TABLE gone (id INTEGER)", "CREATE VIEW broken AS SELECT id FROM gone", "DROP TABLE gone",
		"PRAGMA writable_schema = on", "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES ('table', 'places', 'places', 0, 'CREATE VIRTUAL TABLE places USING spellfix1')",
		"INSERT INTO there VALUES (1, 'ann@x.example')")
	schema := described(t, s)
	for _, name := range []string{"broken", "places"} {
		if b := schema.Table(name); b == nil || b.Lacks[connect.OpRead] == "" || b.Lacks[connect.OpDelete] == "" {
			t.Errorf("%s: %+v", name, b)
		}
	}
	if there := schema.Table("there"); there == nil || len(there.Columns) != 2 || len(there.Lacks) > 0 {
		t.Errorf("there: %+v", there)
	}
}

// What is no moment is neither before nor after any, as connect.Cond.Holds says.
func TestWhatIsNoMoment(t *testing.T) {
	for kind, create := range map[string][]string{
		"postgresql": {"CREATE TABLE seen (id int PRIMARY KEY, day date, at timestamptz)",
			"INSERT INTO seen VALUES (1, '2020-01-01', '2020-01-01'), (2, '-infinity', '-infinity'), (3, 'infinity', 'infinity'), (4, '0044-03-15 BC', '0044-03-15 BC'), (5, '12020-01-01', '12020-01-01'), (6, NULL, NULL)"},
		"mysql": {"CREATE TABLE seen (id int PRIMARY KEY, day date, at datetime)", "SET sql_mode = ''",
			"INSERT INTO seen VALUES (1, '2020-01-01', '2020-01-01'), (2, '0000-00-00', '0000-00-00'), (3, '2020-00-00', '2020-00-00'), (4, '2020-01-00', '2020-01-00'), (6, NULL, NULL)"},
		"sqlite": {"CREATE TABLE seen (id INTEGER PRIMARY KEY, day DATE, at DATETIME)",
			"INSERT INTO seen VALUES (1, '2020-01-01', '2020-01-01'), (2, '0000-00-00', 'yesterday'), (3, 1577836800, 1577836800), (6, NULL, NULL)"},
	} {
		s := made(t, kind, create...)
		if s == nil {
			continue
		}
		for _, column := range []string{"day", "at"} {
			for op, want := range map[connect.CondOp]string{connect.Less: "1", connect.AtMost: "1", connect.More: "", connect.AtLeast: "", connect.NotEqual: "1"} {
				cond := connect.Cond{Op: op, Column: column, Values: []any{connect.Date("2026-01-01")}}
				if got := keysWhere(t, s, "seen", "id", cond); got != want {
					t.Errorf("%s: %s %s gives rows %q, not %q", kind, column, op, got, want)
				}
				rest := map[string]string{"": "1", "1": ""}[want]
				if got := keysWhere(t, s, "seen", "id", connect.Cond{Op: connect.Not, Of: []connect.Cond{cond}}); got != rest {
					t.Errorf("%s: not %s %s gives rows %q, not %q", kind, column, op, got, rest)
				}
			}
			want := "6"
			if kind == "mysql" {
				want = "2 6" // its way to say nothing
			}
			if got := keysWhere(t, s, "seen", "id", connect.Cond{Op: connect.IsEmpty, Column: column}); got != want {
				t.Errorf("%s: %s is empty in rows %q, not %q", kind, column, got, want)
			}
		}
	}
}

// A statement carries no text that is none: what arrived would be somebody else's key.
func TestTextsThatAreNone(t *testing.T) {
	s := made(t, "sqlite", "CREATE TABLE codes (code TEXT PRIMARY KEY)", "INSERT INTO codes VALUES (CAST(x'61ff' AS TEXT)), ('a' || char(0xfffd)), ('b')")
	r, err := s.Change(t.Context(), []connect.Change{{Kind: connect.Delete, Table: "codes", Key: []string{"code"}, Keys: []connect.Tuple{{"a\xff"}, {[]byte("a\xff")}, {"b"}}}})
	if err != nil || r[0].Changed != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// What a database of MySQL cannot take back it says of the table.
func TestTablesWithoutTransactions(t *testing.T) {
	s := made(t, "mysql", "CREATE TABLE isam (id int PRIMARY KEY) ENGINE = MyISAM", "CREATE TABLE new (id int PRIMARY KEY) ENGINE = InnoDB", "CREATE TABLE odd (id int PRIMARY KEY) ENGINE = Aria", "CREATE VIEW shown AS SELECT id FROM isam")
	if s == nil {
		return
	}
	schema := described(t, s)
	for name, want := range map[string]bool{"isam": true, "odd": true, "new": false, "shown": false} {
		if schema.Table(name).Piecemeal != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestWhatIsNotTakenBackIsTold(t *testing.T) {
	s := made(t, "mysql", "CREATE TABLE isam (id int PRIMARY KEY) ENGINE = MyISAM", "CREATE TABLE new (id int PRIMARY KEY) ENGINE = InnoDB",
		"CREATE TABLE points (id int PRIMARY KEY, REFERENCES_NEW int, FOREIGN KEY (REFERENCES_NEW) REFERENCES new (id)) ENGINE = InnoDB",
		"INSERT INTO isam VALUES (1), (2)", "INSERT INTO new VALUES (1)", "INSERT INTO points VALUES (1, 1)")
	if s == nil {
		return
	}
	key := func(table string) connect.Change {
		return connect.Change{Kind: connect.Delete, Table: table, Key: []string{"id"}, Keys: []connect.Tuple{{int64(1)}}}
	}
	_, err := s.Change(t.Context(), []connect.Change{key("isam"), key("new")})
	if avow.KindOf(err) != avow.Conflict || !strings.Contains(avow.MessageOf(err), "in isam, which has no transactions, stays done") {
		t.Errorf("said: %v", err)
	}
	if _, err := s.Change(t.Context(), []connect.Change{key("new")}); strings.Contains(avow.MessageOf(err), "transactions") {
		t.Errorf("said: %v", err)
	}
}

// Many rows are named by values of whatever type MariaDB has.
func TestManyKeysOfAnyType(t *testing.T) {
	for kind, create := range map[string]string{"time": "TIME(3)", "address": "INET6", "bytes": "VARBINARY(20)", "number": "DECIMAL(40,3)", "word": "VARCHAR(20) COLLATE utf8mb4_bin",
		"fixed": "CHAR(20)", "moment": "DATETIME(6)", "id": "UUID", "bits": "BIT(20)", "one": "ENUM('::1','::2') COLLATE utf8mb4_general_ci", "count": "BIGINT UNSIGNED", "float": "FLOAT"} {
		value := map[string]string{"time": "sec_to_time(seq)", "address": "concat('::', hex(seq))", "moment": "'2020-01-01' + interval seq hour", "id": "concat('00000000-0000-0000-0000-0000000', 10000 + seq)",
			"one": "'::1'", "count": "18446744073709551615 - seq", "float": "16777216 + 2 * seq"}[kind]
		if value == "" {
			value = "seq"
		}
		s := made(t, "mysql", "CREATE TABLE many (k "+create+", n INT, PRIMARY KEY (k, n))", "INSERT INTO many SELECT "+value+", seq FROM seq_1_to_80")
		if s == nil {
			return
		}
		var keys []connect.Tuple
		err := s.Read(t.Context(), connect.Read{Table: "many", Columns: []string{"k", "n"}}, func(r connect.Row) error {
			keys = append(keys, connect.Tuple(r))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Change(t.Context(), []connect.Change{{Kind: connect.Delete, Table: "many", Key: []string{"k", "n"}, Keys: keys}})
		if err != nil || r[0].Changed != 80 {
			t.Errorf("%s: %+v of %d rows, %v", kind, r, len(keys), err)
		}
	}
}

// One table that the server itself cannot use keeps nobody from the others.
func TestTableThatTheServerCannotUse(t *testing.T) {
	s := made(t, "mysql", "CREATE TABLE part (id int) ENGINE = MyISAM", "CREATE TABLE lost (id int) ENGINE = MERGE UNION = (part)", "DROP TABLE part", "CREATE TABLE there (id int PRIMARY KEY)")
	if s == nil {
		return
	}
	schema := described(t, s)
	if lost := schema.Table("lost"); lost.Lacks[connect.OpRead] == "" || lost.Lacks[connect.OpDelete] == "" {
		t.Errorf("lost: %+v", lost)
	}
	if there := schema.Table("there"); len(there.Lacks) > 0 {
		t.Errorf("there: %+v", there)
	}
}

func TestInheritedRowsShow(t *testing.T) {
	s := made(t, "postgresql", "CREATE TABLE parent (id int PRIMARY KEY)", "CREATE TABLE child () INHERITS (parent)", "CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id)", "CREATE TABLE part PARTITION OF parted DEFAULT")
	if s == nil {
		return
	}
	schema := described(t, s)
	for name, want := range map[string]bool{"parent": true, "child": false, "parted": false} {
		if schema.Table(name).Inherited != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// What begins as JSON and goes on as something else is a text.
func TestTextsInColumnsOfJSON(t *testing.T) {
	s := made(t, "sqlite", "CREATE TABLE docs (id INTEGER PRIMARY KEY, doc JSON)", `INSERT INTO docs VALUES (1, '12 Main Street'), (2, '{"a":1e400}'), (3, '{"a":1} '), (4, 'null')`)
	var got []string
	err := s.Read(t.Context(), connect.Read{Table: "docs", Columns: []string{"doc"}, Key: []string{"id"}}, func(r connect.Row) error {
		got = append(got, connect.Text(r[0]))
		return nil
	})
	if want := `12 Main Street|{"a":"1e400"}|{"a":1}|`; err != nil || strings.Join(got, "|") != want {
		t.Errorf("%q, %v", got, err)
	}
}

// Of its keys SQLite holds only some to be filled in.
func TestKeysThatMayBeEmpty(t *testing.T) {
	s := made(t, "sqlite", "CREATE TABLE number (id INTEGER PRIMARY KEY)", "CREATE TABLE downwards (id INTEGER PRIMARY KEY DESC)", "CREATE TABLE word (id TEXT PRIMARY KEY)", "CREATE TABLE sure (id TEXT PRIMARY KEY NOT NULL)",
		"CREATE TABLE pair (id INTEGER, n INTEGER, PRIMARY KEY (id, n))", "CREATE TABLE rowless (id TEXT PRIMARY KEY) WITHOUT ROWID", "CREATE TABLE strict (id TEXT PRIMARY KEY) STRICT",
		"INSERT INTO downwards VALUES (NULL), (NULL)", "INSERT INTO word VALUES (NULL), (NULL)", "INSERT INTO pair VALUES (1, NULL), (1, NULL)")
	schema := described(t, s)
	for name, want := range map[string]bool{"number": false, "downwards": true, "word": true, "sure": false, "pair": true, "rowless": false, "strict": false} {
		if c := schema.Table(name).Column("id"); c.Nullable != want {
			t.Errorf("%s: %v", name, c.Nullable)
		}
	}
}
