package draft

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// corpusSchema is the schema of PostgreSQL that a test fills.
func corpusSchema(t testing.TB) string {
	return "draft_" + strings.ToLower(strings.NewReplacer("/", "_", "#", "_").Replace(t.Name()))
}

// postgresSchema makes an empty schema, which is the first that names are looked up in.
func postgresSchema(t testing.TB) (secret string, db *sql.DB) {
	t.Helper()
	dsn := os.Getenv("AVOW_TEST_POSTGRES")
	if dsn == "" {
		t.Fatal("AVOW_TEST_POSTGRES is not set: start a server with scripts/postgres.sh")
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := corpusSchema(t)
	for _, q := range []string{"DROP SCHEMA IF EXISTS " + name + " CASCADE", "CREATE SCHEMA " + name, fmt.Sprintf("ALTER ROLE CURRENT_USER SET search_path = %s", name)} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	return dsn, db
}
