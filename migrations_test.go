package avow_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// An old program goes on beside a new one while nodes are replaced one by one. So
// a migration after a room's first only adds: tables, indexes, and columns that an
// old INSERT may leave out.

var notAdditive = []struct {
	what    string
	pattern *regexp.Regexp
}{
	{"drops something", regexp.MustCompile(`(?i)\bDROP\b`)},
	{"renames something", regexp.MustCompile(`(?i)\bRENAME\b`)},
	{"changes a column", regexp.MustCompile(`(?i)\bALTER\s+(?:COLUMN\b|TABLE\s+\S+\s+ALTER\b)`)},
	{"tightens a table", regexp.MustCompile(`(?i)\bADD\s+(?:CONSTRAINT|CHECK|PRIMARY|FOREIGN|UNIQUE|EXCLUDE)\b`)},
	{"deletes rows", regexp.MustCompile(`(?i)\b(?:DELETE\s+FROM|TRUNCATE)\b`)},
}

var (
	addColumn      = regexp.MustCompile(`(?i)\bADD\s+(?:COLUMN\s+)?`)
	notNull        = regexp.MustCompile(`(?i)\bNOT\s+NULL\b`)
	hasDefault     = regexp.MustCompile(`(?i)\bDEFAULT\b`)
	uniqueIndex    = regexp.MustCompile(`(?i)\bCREATE\s+UNIQUE\s+INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?\S+\s+ON\s+(\w+)`)
	createsTable   = regexp.MustCompile(`(?i)\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)`)
	sqlComment     = regexp.MustCompile(`--[^\n]*|(?s:/\*.*?\*/)`)
	migrationStart = regexp.MustCompile(`(?m)^-- \+goose Up`)
	migrationBack  = regexp.MustCompile(`(?m)^-- \+goose Down`)
	migrationFile  = regexp.MustCompile(`^\d{5}_\w+\.sql$`)
)

func TestMigrationsOnlyAdd(t *testing.T) {
	wrong, seen := checkMigrations(t, os.DirFS("."))
	for _, w := range wrong {
		t.Error(w)
	}
	if seen < 8 {
		t.Errorf("only %d migrations were found", seen)
	}
}

// checkMigrations reads every migration of a tree and says what is wrong with them.
func checkMigrations(t *testing.T, tree fs.FS) (wrong []string, seen int) {
	t.Helper()
	for _, name := range treeFiles(t, tree) {
		if !strings.HasSuffix(path.Dir(name), "migrations") || path.Ext(name) != ".sql" {
			continue
		}
		seen++
		for _, what := range migrationFaults(path.Base(name), readText(t, tree, name)) {
			wrong = append(wrong, name+" "+what)
		}
	}
	slices.Sort(wrong)
	return wrong, seen
}

func migrationFaults(name, text string) (faults []string) {
	if !migrationFile.MatchString(name) {
		faults = append(faults, "is not named like 00002_what.sql")
	}
	if !migrationStart.MatchString(text) {
		faults = append(faults, "has no line -- +goose Up")
	}
	if migrationBack.MatchString(text) {
		faults = append(faults, "goes back; the way is forward only")
	}
	text = sqlComment.ReplaceAllString(text, "")
	if strings.HasPrefix(name, "00001_") {
		return faults
	}
	for _, rule := range notAdditive {
		if rule.pattern.MatchString(text) {
			faults = append(faults, rule.what)
		}
	}
	made := map[string]bool{}
	for _, m := range createsTable.FindAllStringSubmatch(text, -1) {
		made[m[1]] = true
	}
	for _, m := range uniqueIndex.FindAllStringSubmatch(text, -1) {
		if !made[m[1]] {
			faults = append(faults, "tightens the table "+m[1]+" by a unique index")
		}
	}
	for _, statement := range strings.Split(text, ";") {
		if strings.Contains(strings.ToUpper(statement), "ALTER TABLE") && addColumn.MatchString(statement) &&
			notNull.MatchString(statement) && !hasDefault.MatchString(statement) {
			faults = append(faults, "adds a column that an old INSERT cannot leave out")
		}
	}
	return faults
}

func TestMigrationFaultsAreSeen(t *testing.T) {
	const up = "-- +goose Up\n"
	for _, c := range []struct{ name, text, want string }{
		{"00002_a.sql", up + "CREATE TABLE a (b TEXT NOT NULL);\nCREATE UNIQUE INDEX a_b ON a (b);\n-- never DROP\nALTER TABLE c ADD COLUMN d TEXT;\n" +
			"ALTER TABLE c ADD COLUMN e {{bigint}} NOT NULL DEFAULT 0;\nCREATE INDEX c_d ON c (d);\nUPDATE c SET d = 'x';", ""},
		{"00001_a.sql", up + "CREATE TABLE a (b TEXT NOT NULL);", ""},
		{"2.sql", up, "is not named like"},
		{"00002_a.sql", "CREATE TABLE a (b TEXT);", "has no line"},
		{"00001_a.sql", up + "CREATE TABLE a (b TEXT);\n-- +goose Down\nDROP TABLE a;", "goes back"},
		{"00002_a.sql", up + "DROP TABLE a;", "drops"},
		{"00002_a.sql", up + "ALTER TABLE a DROP COLUMN b;", "drops"},
		{"00002_a.sql", up + "ALTER TABLE a RENAME TO b;", "renames"},
		{"00002_a.sql", up + "ALTER TABLE a ALTER COLUMN b TYPE TEXT;", "changes"},
		{"00002_a.sql", up + "alter table a alter b set not null;", "changes"},
		{"00002_a.sql", up + "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);", "tightens"},
		{"00002_a.sql", up + "CREATE UNIQUE INDEX i ON a (b);", "tightens the table a"},
		{"00002_a.sql", up + "ALTER TABLE a ADD COLUMN b TEXT NOT NULL;", "cannot leave out"},
		{"00002_a.sql", up + "DELETE FROM a;", "deletes"},
	} {
		wrong, _ := checkMigrations(t, fstest.MapFS{"room/migrations/" + c.name: {Data: []byte(c.text)}})
		if c.want == "" && len(wrong) > 0 || c.want != "" && (len(wrong) != 1 || !strings.Contains(wrong[0], c.want)) {
			t.Errorf("%q: %v, want %q", c.text, wrong, c.want)
		}
	}
}
