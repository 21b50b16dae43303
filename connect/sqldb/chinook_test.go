package sqldb_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/google/go-cmp/cmp"
)

// chinook is a shop of music as its makers publish it for each database. It lies beside
// the repository, not in it.
func chinook(tb testing.TB, kind string) []string {
	tb.Helper()
	name := map[string]string{"postgresql": "PostgreSql", "mysql": "MySql", "sqlite": "Sqlite"}[kind]
	path := filepath.Join("..", "..", "..", "shared", "data", "chinook", "Chinook_"+name+".sql")
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("the data of this test is missing: put the Chinook database, version 1.4.5, at %s", path)
	}
	var out []string
	if kind == "mysql" { // its script writes backslashes as they are
		out = append(out, "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
	}
	for _, s := range strings.Split(string(bytes.TrimPrefix(text, []byte("\ufeff"))), ";\n") {
		s = withoutComments(s)
		if word, _, _ := strings.Cut(s, " "); s == "" || strings.Contains(s, " DATABASE ") || word == "USE" || strings.HasPrefix(s, `\c`) {
			continue
		}
		out = append(out, s)
	}
	return out
}

func withoutComments(s string) string {
	for {
		start := strings.Index(s, "/*")
		end := strings.Index(s, "*/")
		if start < 0 || end < start {
			break
		}
		s = s[:start] + s[end+2:]
	}
	var lines []string
	for _, line := range strings.Split(s, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, `\c`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// plainName makes CustomerId and customer_id one.
func plainName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

func plainNames(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = plainName(s)
	}
	return strings.Join(out, ",")
}

// TestChinook: three engines say the same of one database, and give the same rows.
func TestChinook(t *testing.T) {
	type answers struct{ Schema, Rows []string }
	var first answers
	for i, k := range connecttest.Kinds(t) {
		c := k.Config(t)
		connecttest.Exec(t, c, chinook(t, c.Kind)...)
		src := open(t, c)
		schema, err := src.Describe(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		got := answers{describedAs(schema), rowsOf(t, src, schema)}
		if len(schema.Tables) != 11 || len(got.Rows) < 15000 {
			t.Errorf("%s: %d tables and %d rows", k.Name, len(schema.Tables), len(got.Rows))
		}
		if i == 0 {
			first = got
			continue
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("%s differs from SQLite: %s", k.Name, diff[:min(len(diff), 4000)])
		}
	}
}

func describedAs(schema *connect.Schema) (out []string) {
	for _, t := range schema.Tables {
		out = append(out, fmt.Sprintf("%s key %s", plainName(t.Name), plainNames(t.Key)))
		for _, c := range t.Columns {
			out = append(out, fmt.Sprintf("%s.%s %s %d %v", plainName(t.Name), plainName(c.Name), c.Kind, c.Length, c.Nullable))
		}
		for _, r := range t.References {
			out = append(out, fmt.Sprintf("%s (%s) -> %s (%s) %s", plainName(t.Name), plainNames(r.Columns), plainName(r.Table), plainNames(r.To), r.OnDelete))
		}
	}
	slices.Sort(out)
	return out
}

func rowsOf(t *testing.T, src connect.Source, schema *connect.Schema) (out []string) {
	for _, table := range schema.Tables {
		var columns []string
		for _, c := range table.Columns {
			columns = append(columns, c.Name)
		}
		slices.SortFunc(columns, func(a, b string) int { return strings.Compare(plainName(a), plainName(b)) })
		for _, row := range connecttest.All(t, src, connect.Read{Table: table.Name, Columns: columns, Key: table.Key}) {
			for i, v := range row {
				if text, ok := v.(string); ok { // PostgreSQL takes N'Edinburgh ' for a char, whose blanks at the end do not count
					row[i] = strings.TrimSpace(text)
				}
			}
			out = append(out, fmt.Sprintf("%s %#v", plainName(table.Name), []any(row)))
		}
	}
	slices.Sort(out)
	return out
}
