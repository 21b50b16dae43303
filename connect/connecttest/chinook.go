package connecttest

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
)

// chinookVersion is the one whose rows the tests know.
const chinookVersion = "1.4.5"

// Chinook loads the Chinook music shop into an empty database. Its scripts are data of another project and no part of this one:
// they lie beside the checkout, or where AVOW_TEST_CHINOOK says. Without them the test fails, as nothing is tested then.
func Chinook(tb testing.TB, c connect.Config) {
	tb.Helper()
	file := map[string]string{"sqlite": "Chinook_Sqlite.sql", "postgresql": "Chinook_PostgreSql.sql", "mysql": "Chinook_MySql.sql"}[c.Kind]
	folder := os.Getenv("AVOW_TEST_CHINOOK")
	if folder == "" {
		_, here, _, _ := runtime.Caller(0)
		folder = filepath.Join(filepath.Dir(here), "../../../shared/data/chinook")
	}
	text, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		tb.Fatalf("the data of this test is missing: put the scripts of the Chinook database, version %s, into ../shared/data/chinook beside the checkout, or name the folder with them in AVOW_TEST_CHINOOK; %s is not there", chinookVersion, file)
	}
	script := strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r\n", "\n")
	script = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(script, "")
	script = regexp.MustCompile(`(?im)^(CREATE DATABASE|DROP DATABASE|USE|\\c)[^;]*;`).ReplaceAllString(script, "")
	var statements []string
	if c.Kind == "mysql" { // its script writes backslashes as they are
		statements = append(statements, "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
	}
	statements = append(statements, "BEGIN")
	for s := range strings.SplitSeq(script, ";\n") {
		if strings.TrimSpace(s) != "" {
			statements = append(statements, s)
		}
	}
	Exec(tb, c, append(statements, "COMMIT")...)
}

var camel = regexp.MustCompile(`\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b`)

// ChinookMap is a map of the music shop, written for SQLite, in the spelling of another kind of database:
// the scripts name tables and columns in two ways.
func ChinookMap(yaml, kind string) string {
	yaml = strings.Replace(yaml, "kind: sqlite", "kind: "+kind, 1)
	if kind != "postgresql" {
		return yaml
	}
	inner := regexp.MustCompile(`([a-z])([A-Z])`)
	return camel.ReplaceAllStringFunc(yaml, func(name string) string {
		return strings.ToLower(inner.ReplaceAllString(name, "${1}_${2}"))
	})
}
