package connecttest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite
)

// SQLite is the configuration of an empty SQLite database.
func SQLite(tb testing.TB) connect.Config {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "data.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		tb.Fatal(err)
	}
	return connect.Config{System: "lite", Kind: "sqlite", Secret: path, Region: "GB"}
}

// PostgreSQL is the configuration of an empty database on the server that
// AVOW_TEST_POSTGRES names (scripts/postgres.sh starts one), dropped with the test.
// Without a server the test fails; a test for several kinds asks Kinds.
func PostgreSQL(tb testing.TB) connect.Config {
	tb.Helper()
	server := named(tb, "AVOW_TEST_POSTGRES", "postgres")
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		tb.Fatal("AVOW_TEST_POSTGRES must be a URL for this test")
	}
	u.Path = "/" + fresh(tb, connect.Config{Kind: "postgresql", Secret: server}, "CREATE DATABASE %s TEMPLATE template0", "DROP DATABASE %s WITH (FORCE)")
	return connect.Config{System: "shop", Kind: "postgresql", Secret: u.String(), Region: "GB"}
}

// MariaDB is the configuration of an empty database on the server that
// AVOW_TEST_MARIADB names (scripts/mariadb.sh starts one), dropped with the test.
func MariaDB(tb testing.TB) connect.Config {
	tb.Helper()
	server := named(tb, "AVOW_TEST_MARIADB", "mariadb")
	c, err := mysql.ParseDSN(server)
	if err != nil {
		tb.Fatal("AVOW_TEST_MARIADB is not a connection string")
	}
	c.DBName = fresh(tb, connect.Config{Kind: "mysql", Secret: server}, "CREATE DATABASE %s", "DROP DATABASE %s")
	return connect.Config{System: "crm", Kind: "mysql", Secret: c.FormatDSN(), Region: "GB"}
}

func named(tb testing.TB, env, script string) string {
	tb.Helper()
	server := os.Getenv(env)
	if server == "" {
		tb.Fatalf("this is tested on a real server: set %s, for example to what scripts/%s.sh start prints", env, script)
	}
	return server
}

func fresh(tb testing.TB, c connect.Config, create, drop string) string {
	tb.Helper()
	name := "avow_test_" + strings.ToLower(rand.Text())
	Exec(tb, c, fmt.Sprintf(create, name))
	tb.Cleanup(func() { Exec(tb, c, fmt.Sprintf(drop, name)) })
	return name
}

// Kind is one kind of SQL database; Config makes an empty one.
type Kind struct {
	Name   string
	Config func(testing.TB) connect.Config
}

// Kinds are the SQL databases there are: SQLite, and each whose server is named. With
// AVOW_TEST_REQUIRE=1 a missing server fails the test.
func Kinds(tb testing.TB) []Kind {
	tb.Helper()
	kinds := []Kind{{"sqlite", SQLite}}
	for _, k := range []struct {
		env, script string
		Kind
	}{{"AVOW_TEST_POSTGRES", "postgres", Kind{"postgresql", PostgreSQL}}, {"AVOW_TEST_MARIADB", "mariadb", Kind{"mariadb", MariaDB}}} {
		switch {
		case os.Getenv(k.env) != "":
			kinds = append(kinds, k.Kind)
		case os.Getenv("AVOW_TEST_REQUIRE") == "1":
			tb.Fatalf("this must be tested on %s too: set %s, for example to what scripts/%s.sh start prints", k.Name, k.env, k.script)
		}
	}
	return kinds
}

// Each runs a test on every SQL database there is, each time on an empty one, as a subtest
// named after its kind.
func Each(t *testing.T, test func(t *testing.T, c connect.Config)) {
	t.Helper()
	for _, k := range Kinds(t) {
		t.Run(k.Name, func(t *testing.T) { test(t, k.Config(t)) })
	}
}

// Handle opens the database beside the driver under test; it is closed with the test.
func Handle(tb testing.TB, c connect.Config) *sql.DB {
	tb.Helper()
	driver, dsn := map[string]string{"sqlite": "sqlite", "postgresql": "pgx", "mysql": "mysql"}[c.Kind], c.Secret
	if c.Kind == "sqlite" {
		dsn += "?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// Exec runs statements on a database, beside the driver under test.
func Exec(tb testing.TB, c connect.Config, statements ...string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	db, err := Handle(tb, c).Conn(ctx)
	if err != nil {
		tb.Fatalf("the database does not answer: %v", err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.ExecContext(ctx, s); err != nil {
			tb.Fatalf("%s: %v", cut(s), err)
		}
	}
}

func cut(s string) string { return s[:min(len(s), 300)] }

// Create makes tables with their rows.
func Create(tb testing.TB, c connect.Config, tables ...Table) {
	tb.Helper()
	ctx := context.Background()
	db := Handle(tb, c)
	for _, t := range tables {
		for _, statement := range t.statements(c.Kind) {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				tb.Fatalf("%s: %v", statement, err)
			}
		}
	}
	for _, t := range tables {
		if err := t.insert(ctx, db, c.Kind); err != nil {
			tb.Fatalf("table %s: %v", t.Name, err)
		}
	}
}

// Quote writes a name for a kind of database.
func Quote(kind, name string) string {
	q := `"`
	if kind == "mysql" {
		q = "`"
	}
	return q + strings.ReplaceAll(name, q, q+q) + q
}

func (t Table) statements(kind string) (out []string) {
	var lines []string
	for _, c := range t.Columns {
		line := Quote(kind, c.Name) + " " + sqlType(kind, c)
		if c.Must || containsText(t.Key, c.Name) {
			line += " NOT NULL"
		}
		lines = append(lines, line)
	}
	if len(t.Key) > 0 {
		lines = append(lines, "PRIMARY KEY ("+quoteAll(kind, t.Key)+")")
	}
	for _, u := range t.Unique {
		lines = append(lines, "UNIQUE ("+quoteAll(kind, u)+")")
	}
	for _, r := range t.References {
		line := fmt.Sprintf("CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)", Quote(kind, r.Name), quoteAll(kind, r.Columns), Quote(kind, r.Table), quoteAll(kind, r.To))
		if r.OnDelete != "" {
			line += " ON DELETE " + strings.ToUpper(string(r.OnDelete))
		}
		lines = append(lines, line)
	}
	out = append(out, "CREATE TABLE "+Quote(kind, t.Name)+" ("+strings.Join(lines, ", ")+")")
	for i, index := range t.Indexes {
		if strings.Contains(index, "(") && kind == "mysql" {
			continue // MariaDB has no index over an expression
		}
		out = append(out, fmt.Sprintf("CREATE INDEX %s ON %s (%s)", Quote(kind, fmt.Sprintf("%s_i%d", t.Name, i)), Quote(kind, t.Name), index))
	}
	return out
}

func quoteAll(kind string, names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = Quote(kind, n)
	}
	return strings.Join(out, ", ")
}

func containsText(list []string, s string) bool {
	for _, each := range list {
		if each == s {
			return true
		}
	}
	return false
}

var sqlTypes = map[connect.Kind][3]string{ // PostgreSQL, MySQL, SQLite
	connect.Integer:     {"bigint", "bigint", "INTEGER"},
	connect.DecimalKind: {"numeric", "decimal(30,8)", "NUMERIC(30,8)"},
	connect.Boolean:     {"boolean", "boolean", "BOOLEAN"},
	connect.DateKind:    {"date", "date", "DATE"},
	connect.TimeKind:    {"timestamptz", "datetime(6)", "DATETIME"},
	connect.UUID:        {"uuid", "uuid", "UUID"},
	connect.JSON:        {"jsonb", "json", "JSON"},
}

func sqlType(kind string, c Column) string {
	at := map[string]int{"postgresql": 0, "mysql": 1, "sqlite": 2}[kind]
	length := max(c.Length, 1)
	switch c.Kind {
	case connect.TextKind:
		if c.Length == 0 {
			return "text"
		}
		return fmt.Sprintf("varchar(%d)", length)
	case connect.Binary:
		return [3]string{"bytea", fmt.Sprintf("varbinary(%d)", length), "BLOB"}[at]
	}
	return sqlTypes[c.Kind][at]
}

func (t Table) insert(ctx context.Context, db *sql.DB, kind string) error {
	const most = 400
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for start := 0; start < len(t.Rows); start += most {
		if err := t.insertSome(ctx, tx, kind, t.Rows[start:min(start+most, len(t.Rows))]); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (t Table) insertSome(ctx context.Context, tx *sql.Tx, kind string, rows []connect.Row) error {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", Quote(kind, t.Name), quoteAll(kind, names))
	var args []any
	for i, row := range rows {
		for j, v := range row {
			b.WriteString([]string{"(", ","}[min(j, 1)])
			args = append(args, sqlValue(kind, t.Columns[j], v))
			if kind == "postgresql" {
				fmt.Fprintf(&b, "$%d", len(args))
			} else {
				b.WriteString("?")
			}
		}
		b.WriteString([]string{"),", ")"}[(i+1)/len(rows)])
	}
	_, err := tx.ExecContext(ctx, b.String(), args...)
	return err
}

func sqlValue(kind string, c Column, v any) any {
	switch v := v.(type) {
	case connect.Decimal:
		return string(v)
	case connect.Date:
		return string(v)
	case time.Time:
		if kind == "postgresql" {
			return v
		}
		return v.UTC().Format("2006-01-02 15:04:05.999999")
	case map[string]any, []any:
		return string(jsonOf(v))
	}
	return v
}

func jsonOf(v any) []byte {
	text, err := json.Marshal(numbersIn(v))
	if err != nil {
		panic(err) // the suite's own value
	}
	return text
}

func numbersIn(v any) any {
	switch v := v.(type) {
	case connect.Decimal:
		return json.Number(v)
	case map[string]any:
		out := map[string]any{}
		for k, each := range v {
			out[k] = numbersIn(each)
		}
		return out
	case []any:
		out := []any{}
		for _, each := range v {
			out = append(out, numbersIn(each))
		}
		return out
	}
	return v
}
