package draft

import (
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/avowhq/avow/datamap"
	_ "github.com/jackc/pgx/v5/stdlib"
)

// corpusSchema is the schema of PostgreSQL that a test fills.
func corpusSchema(t testing.TB) string {
	return "draft_" + strings.ToLower(strings.NewReplacer("/", "_", "#", "_", ".", "_").Replace(t.Name()))
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
	db.SetMaxOpenConns(1) // so that the path that is set stays set
	name := corpusSchema(t)
	for _, q := range []string{"DROP SCHEMA IF EXISTS " + name + " CASCADE", "CREATE SCHEMA " + name, "SET search_path = " + name} {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	return dsn, db
}

// The same judgement on a server with types of its own: dates, uuids, addresses, JSON.
func TestCorpusOnPostgreSQL(t *testing.T) {
	if os.Getenv("AVOW_TEST_POSTGRES") == "" && os.Getenv("AVOW_TEST_REQUIRE") != "1" {
		t.Log("AVOW_TEST_POSTGRES is not set: nothing was tested on PostgreSQL")
		return
	}
	var all score
	for _, file := range []string{"tuned/shop.txt", "tuned/saas.txt", "tuned/eav.txt", "tuned/clinic.txt", "tuned/mobileapp.txt", "tuned/hiring.txt", "tuned/policies.txt"} {
		t.Run(file, func(t *testing.T) {
			tables := readCorpus(t, "testdata/corpus/"+file)
			r := draftOf(t, openCorpus(t, "postgresql", tables), datamap.PostgreSQL)
			s := rate(file, labelsOf(tables), r)
			t.Log(&s)
			if s.recall() < .9 {
				t.Errorf("%s\n%s", &s, strings.Join(s.lines, "\n"))
			}
			all.add(s)
			for _, p := range r.Problems {
				if !p.Warning && p.Code != "key-not-unique" {
					t.Errorf("the draft does not hold: %v", p)
				}
			}
		})
	}
	// One column in a schema of twenty is more than the limit says, so it holds for all of them.
	if all.recall() < .95 || all.flagged() > .05 {
		t.Errorf("%s\n%s", &all, strings.Join(all.lines, "\n"))
	}
	t.Log(&all)
}
