package policy

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy/comments"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("policy.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("policy.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON is a tree as a validator takes it, every scalar a text.
func asJSON(n *node) any {
	switch n.kind {
	case mappingNode:
		out := map[string]any{}
		for _, p := range n.pairs {
			out[p.key.text] = asJSON(p.value)
		}
		return out
	case sequenceNode:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = asJSON(item)
		}
		return out
	case scalarNode:
		return n.text
	}
	return nil
}

// policies are real policies: the examples, and the one with every key.
func policies(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../examples/*/policy*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{"every_key.yaml": everyKey}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.yaml") {
			continue
		}
		if out[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if len(out) < 4 {
		t.Fatalf("only %d policies were found", len(out))
	}
	return out
}

// TestSchemaAdmitsPolicies checks both readings of a file: ours, where every scalar
// is text, and an editor's, where YAML's booleans and numbers are what they seem.
func TestSchemaAdmitsPolicies(t *testing.T) {
	schema := compiledSchema(t)
	for name, src := range policies(t) {
		if err := schema.Validate(asJSON(parseTree(&report{}, src))); err != nil {
			t.Errorf("%s, every scalar a text: %v", name, err)
		}
		canonical, ps := Format(src) // texts with commas in quotes
		if ps.Errors() {
			t.Fatal(ps)
		}
		var editors any
		if err := yaml.Unmarshal(canonical, &editors); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(editors); err != nil {
			t.Errorf("%s, as editors read it: %v", name, err)
		}
	}
}

// TestSchemaRefuses checks that what Parse refuses for its shape the schema refuses too.
func TestSchemaRefuses(t *testing.T) {
	schema := compiledSchema(t)
	shape := map[string]bool{"unknown-key": true, "missing-key": true, "unknown-word": true, "unknown-basis": true, "unknown-regime": true, "bad-flag": true, "bad-number": true, "bad-period": true, "bad-name": true}
	refused := 0
	for _, file := range []string{"testdata/parse/keys.txtar", "testdata/parse/values.txtar"} {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range archive.Files {
			if !strings.HasSuffix(in.Name, ".part") {
				continue
			}
			r := &report{}
			root := parseTree(r, append(bytes.Clone(in.Data), minimal...))
			if root == nil {
				continue
			}
			newDecoder(r).document(new(Document), root)
			if len(r.list) == 0 || !shape[r.list[0].Code] {
				continue
			}
			refused++
			if schema.Validate(asJSON(root)) == nil {
				t.Errorf("%s %s: the schema admits what Parse refuses: %v", file, in.Name, r.list[0])
			}
		}
	}
	if refused < 12 {
		t.Errorf("only %d cases were compared", refused)
	}
}

func TestGeneratedFilesAreFresh(t *testing.T) {
	text, err := comments.Extract(".")
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string][]byte{"comments.txt": text, "schema.json": Schema(), "../docs/language.md": Reference()} {
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: run `go generate ./policy`\n%s", file, cmp.Diff(string(got), string(want)))
		}
	}
}

// TestEveryKeyIsExplained checks that no key lacks its meaning or its example.
func TestEveryKeyIsExplained(t *testing.T) {
	table, used := commentTable(commentText), examplesOf(everyKey, reflect.TypeFor[Document]()).used
	names := keysOf(reflect.TypeFor[Document](), map[reflect.Type]bool{})
	if len(names) < 200 {
		t.Errorf("only %d keys were found", len(names))
	}
	for _, name := range names {
		if table[name] == "" {
			t.Errorf("%s has no comment", name)
		}
		if !used[name] {
			t.Errorf("%s does not stand in every_key.yaml", name)
		}
	}
	if doc, ps := Parse("every_key.yaml", everyKey); doc == nil || len(ps) > 0 {
		t.Errorf("every_key.yaml: %v", ps)
	}
}

// TestMeaningsAreOfTheLanguage reads the examples that the reference explains.
func TestMeaningsAreOfTheLanguage(t *testing.T) {
	for _, m := range endMeanings() {
		decoded[Until](t, m.word)
	}
	for _, m := range safeguardMeanings() {
		decoded[Safe](t, m.word)
	}
	for _, m := range lawMeanings() {
		decoded[RegimeRef](t, m.word)
	}
	var kinds []string
	for _, m := range neverMeanings() {
		v := decoded[[]Never](t, "\n  - "+m.word)
		kinds = append(kinds, string(v[0].Kind))
	}
	if diff := cmp.Diff(neverKinds(), kinds); diff != "" {
		t.Errorf("not every promise is explained: %s", diff)
	}
	for i, m := range basisMeanings() {
		if m.word != avow.Bases()[i] {
			t.Errorf("the basis %s is not explained", avow.Bases()[i])
		}
	}
}

// TestReferenceLinks checks that what the reference points at is there.
func TestReferenceLinks(t *testing.T) {
	text := string(Reference())
	anchors := map[string]bool{}
	for line := range strings.Lines(text) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			name := anchor(strings.TrimSpace(title))
			if anchors[name] {
				t.Errorf("two sections are called %q", title)
			}
			anchors[name] = true
		}
	}
	links := 0
	for part := range strings.SplitSeq(text, "](#") {
		name, _, _ := strings.Cut(part, ")")
		if links++; links > 1 && !anchors[name] {
			t.Errorf("the reference points at #%s, which is not there", name)
		}
	}
	if links < 100 {
		t.Errorf("only %d links", links)
	}
}

// keysOf lists all keys of the language as `Type.key`.
func keysOf(t reflect.Type, seen map[reflect.Type]bool) []string {
	t, _ = elementOf(t)
	if _, reads := formOf(t); reads || t.Kind() != reflect.Struct || seen[t] {
		return nil
	}
	seen[t] = true
	s := new(shape)
	s.collect(t, nil)
	var out []string
	for _, k := range s.keys {
		out = append(out, ownerOf(t, k).Name()+"."+k.key)
		out = append(out, keysOf(t.FieldByIndex(k.index).Type, seen)...)
	}
	if s.rest != nil {
		out = append(out, keysOf(t.FieldByIndex(s.rest).Type, seen)...)
	}
	return out
}
