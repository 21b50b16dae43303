// Package storetest gives a test a real, empty database: SQLite always, and
// PostgreSQL when AVOW_TEST_POSTGRES names a server on which databases may be made
// (scripts/postgres.sh starts one). With AVOW_TEST_REQUIRE=1 a missing server fails the test.
//
// What stays true: each test has a database of its own, and nothing is left of it afterwards.
//
// What it never does: stand in for a database.
package storetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/store"
	"github.com/jackc/pgx/v5"
)

// Each runs test once a database, as a subtest named after its kind.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachConfig(t, func(t *testing.T, c store.Config) { test(t, OpenConfig(t, c)) })
}

// EachConfig is Each for tests that open the database themselves: twice, again, or with a clock.
func EachConfig(t *testing.T, test func(t *testing.T, c store.Config)) {
	t.Helper()
	for _, k := range Kinds(t) {
		t.Run(k.Name, func(t *testing.T) { test(t, k.Config(t)) })
	}
}

// Kind is one kind of database; Config makes an empty one of it.
type Kind struct {
	Name   string
	Config func(testing.TB) store.Config
}

// Kinds lists the databases there are, for benchmarks too.
func Kinds(tb testing.TB) []Kind {
	tb.Helper()
	kinds := []Kind{{store.SQLite.String(), SQLite}}
	switch {
	case os.Getenv("AVOW_TEST_POSTGRES") != "":
		kinds = append(kinds, Kind{store.PostgreSQL.String(), PostgreSQL})
	case os.Getenv("AVOW_TEST_REQUIRE") == "1":
		tb.Fatal("this must be tested on PostgreSQL too: set AVOW_TEST_POSTGRES, for example to what scripts/postgres.sh start prints")
	}
	return kinds
}

// Open is an empty SQLite database, closed with the test.
func Open(tb testing.TB) *store.DB {
	tb.Helper()
	return OpenConfig(tb, SQLite(tb))
}

// OpenConfig opens a database and closes it with the test.
func OpenConfig(tb testing.TB, c store.Config) *store.DB {
	tb.Helper()
	db, err := store.Open(context.Background(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// SQLite is the configuration of an empty SQLite database.
func SQLite(tb testing.TB) store.Config {
	collectLess()
	return store.Config{Path: filepath.Join(tb.TempDir(), "data", "avow.db")}
}

// PostgreSQL is the configuration of an empty PostgreSQL database, dropped with the test.
func PostgreSQL(tb testing.TB) store.Config {
	tb.Helper()
	collectLess()
	server := os.Getenv("AVOW_TEST_POSTGRES")
	name := "avow_test_" + strings.ToLower(rand.Text())
	Exec(tb, server, "CREATE DATABASE "+name+" TEMPLATE template0")
	tb.Cleanup(func() { Exec(tb, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	return store.Config{DSN: withDatabase(tb, server, name), Readers: 4}
}

// PostgresBin is the directory of PostgreSQL's own programs: PGBIN, or where
// they usually are. Without them the test fails.
func PostgresBin(tb testing.TB) string {
	tb.Helper()
	if dir := os.Getenv("PGBIN"); dir != "" {
		return dir
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"} {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[len(found)-1]
		}
	}
	if file, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(file)
	}
	tb.Fatal("PostgreSQL's programs were not found; set PGBIN to their directory")
	return ""
}

// Exec runs a statement on a server, beside the store.
func Exec(tb testing.TB, server, statement string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		tb.Fatalf("the PostgreSQL server does not answer: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		tb.Fatal(err)
	}
}

func withDatabase(tb testing.TB, server, name string) string {
	if !strings.Contains(server, "://") {
		return server + " dbname=" + name
	}
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal("AVOW_TEST_POSTGRES is not a connection string")
	}
	u.Path = "/" + name
	return u.String()
}
