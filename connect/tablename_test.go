package connect

import "testing"

// Two tables never have one name, and of each name its parts are known again.
func TestTableName(t *testing.T) {
	seen := map[string][2]string{}
	parts := []string{"a", "b", "a.b", ".", "a.", ".b", `"`, `"a"`, `"a.b"`, `a"b`, `a".b`, `""`, `"a`, `b"`, `a "b" c`, "x.y.z"}
	for _, schema := range append(parts, "") {
		for _, table := range parts {
			name := TableName(schema, table)
			if other, ok := seen[name]; ok {
				t.Errorf("%q and %q in %q are both called %s", other, table, schema, name)
			}
			seen[name] = [2]string{schema, table}
			if s, n := SplitTable(name); s != schema || n != table {
				t.Errorf("%s is taken apart into %q and %q, not %q and %q", name, s, n, schema, table)
			}
		}
	}
	for name, want := range map[string]string{"people": "people", "a b": "a b", `it's "x"`: `it's "x"`} {
		if got := TableName("", name); got != want {
			t.Errorf("%s is called %s", name, got)
		}
	}
}
