package datamap

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/comments"
)

func TestGeneratedFilesAreFresh(t *testing.T) {
	text, err := comments.Extract(".")
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]byte{"comments.txt": text, "schema.json": Schema(), "../docs/systems-language.md": Guide()} {
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run `go generate ./datamap`\n%s", file, cmp.Diff(string(got), string(want)))
		}
	}
}

func TestEveryKeyIsRead(t *testing.T) {
	if ps := policy.Decode("every_key.yaml", everyKey, new(System)); len(ps) > 0 {
		t.Error(ps)
	}
}

// TestEveryKeyIsExplained wants a meaning and an example for each key in the reference.
func TestEveryKeyIsExplained(t *testing.T) {
	keys := 0
	for _, line := range strings.Split(string(Guide()), "\n") {
		if !strings.HasPrefix(line, "- **`") {
			continue
		}
		keys++
		if strings.Contains(line, "`:  *Written") || strings.Contains(line, "(**required**):  *Written") {
			t.Errorf("not explained: %s", line)
		}
	}
	if keys < 35 {
		t.Errorf("the reference has only %d keys", keys)
	}
}

// TestSchemaAgrees reads files that the reader accepts, and some that it refuses.
func TestSchemaAgrees(t *testing.T) {
	var doc any
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("systems.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("systems.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for _, file := range append(files, "every_key.yaml") {
		if err := schema.Validate(decoded(t, file, "", "")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, wrong := range [][2]string{{"relation: owns", "relation: own"}, {"kind: postgresql", "kind: postgres"}, {"erase: delete", "erase: burn"},
		{"env:SHOP_DSN", "postgres://u:p@h/d"}, {"system: shop", "sistem: shop"}, {"compare: trimmed", "compare: roughly"},
		{"purchase: orders.bought_at", "purchase: [orders.bought_at]"}} {
		if schema.Validate(decoded(t, "every_key.yaml", wrong[0], wrong[1])) == nil {
			t.Errorf("%s is accepted", wrong[1])
		}
	}
}

func decoded(t *testing.T, file, from, to string) any {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(src, []byte(from), []byte(to), 1)
	if from != "" && reflect.DeepEqual(src, changed) {
		t.Fatalf("%s has no %s", file, from)
	}
	var out any
	if err := yaml.Unmarshal(changed, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
