package sqldb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/google/go-cmp/cmp"
)

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
		connecttest.Chinook(t, c)
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
