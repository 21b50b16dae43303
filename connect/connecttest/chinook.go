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

// Chinook loads the Chinook music shop into an empty database. Its scripts are data of
// another project, and lie in ../shared/data/chinook beside the checkout; without them
// it says that nothing is tested, and is false.
func Chinook(tb testing.TB, c connect.Config) bool {
	tb.Helper()
	_, here, _, _ := runtime.Caller(0)
	folder := filepath.Join(filepath.Dir(here), "../../../shared/data/chinook")
	file := map[string]string{"sqlite": "Chinook_Sqlite.sql", "postgresql": "Chinook_PostgreSql.sql", "mysql": "Chinook_MySql.sql"}[c.Kind]
	text, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		tb.Log("NOT TESTED: the scripts of the Chinook database do not lie in ../shared/data/chinook beside the checkout")
		return false
	}
	script := strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r\n", "\n")
	script = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(script, "")
	script = regexp.MustCompile(`(?im)^(CREATE DATABASE|DROP DATABASE|USE|\\c)[^;]*;`).ReplaceAllString(script, "")
	statements := []string{"BEGIN"}
	for s := range strings.SplitSeq(script, ";\n") {
		if strings.TrimSpace(s) != "" {
			statements = append(statements, s)
		}
	}
	Exec(tb, c, append(statements, "COMMIT")...)
	return true
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
