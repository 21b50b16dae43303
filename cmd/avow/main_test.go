package main

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// role names the variable that makes this program play a part in a test that kills
// or stops processes.
const role = "AVOW_TEST_ROLE"

func TestMain(m *testing.M) {
	parts := map[string]func(){"killed": playKilled, "node": playNode, "rights": playRights, "server": playServer}
	if play, ok := parts[os.Getenv(role)]; ok {
		play()
		return
	}
	testscript.Main(m, map[string]func(){"avow": main})
}

// TestScripts runs testdata/script/*.txtar: what is typed, and what must come of it.
func TestScripts(t *testing.T) {
	examples, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Cmds:               map[string]func(*testscript.TestScript, bool, []string){"status": status, "sqlite": sqlite},
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples+"/../../examples")
			return nil
		},
	})
}

// status runs a command and demands its exit status: `status 2 avow check --strict x.yaml`.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command args…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = exitOf(err)
	}
	if got != args[0] {
		ts.Fatalf("%v ended with %s, want %s", args[1:], got, args[0])
	}
}

// sqlite runs the statements of a file in a database: `sqlite shop.db shop.sql`. With
// a query in place of the file its rows are the standard output.
func sqlite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite database file|query")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	if strings.HasSuffix(args[1], ".sql") {
		_, err := db.Exec(ts.ReadFile(args[1]))
		ts.Check(err)
		return
	}
	rows, err := db.Query(args[1])
	ts.Check(err)
	defer rows.Close()
	names, err := rows.Columns()
	ts.Check(err)
	for rows.Next() {
		cells, to := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			to[i] = &cells[i]
		}
		ts.Check(rows.Scan(to...))
		fmt.Fprintln(ts.Stdout(), strings.Trim(strings.ReplaceAll(fmt.Sprintf("%v", cells), " ", "|"), "[]"))
	}
	ts.Check(rows.Err())
}

// exitOf reads the status from `exit status 2`.
func exitOf(err error) string {
	text := err.Error()
	const prefix = "exit status "
	if len(text) > len(prefix) && text[:len(prefix)] == prefix {
		return text[len(prefix):]
	}
	return text
}
