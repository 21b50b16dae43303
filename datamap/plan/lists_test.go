package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/files"
	"github.com/avowhq/avow/datamap/find"
)

// trips is a file of documents in which several people stand in one list.
func trips(t *testing.T) (*world, string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "trips.jsonl")
	text := `{"id": 1, "who": [{"email": "ann@x.example", "name": "Ann"}, {"email": "bob@x.example", "name": "Bob"}], "notes": "both"}
{"id": 2, "who": [{"email": "bob@x.example", "name": "Bob"}], "notes": "bob"}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := files.Open(t.Context(), connect.Config{System: "trips", Kind: "files", At: dir, Region: "NL"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	w := &world{t: t, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}, sources: find.Sources{"trips": src}}
	w.load(map[string]string{"trips.yaml": `
system: trips
kind: files
at: exports
tables:
  trips.jsonl:
    key: id
    identities: {"who[].email": email}
    relation: shares
    erase: clear
    columns: {"who[].email": contact.email, "who[].name": {is: contact.name, of: itself}}
`})
	return w, file
}

// Fides gives a passenger the pilot's row, and erases all elements of a list.
func TestOthersElementsAreNotTouched(t *testing.T) {
	w, file := trips(t)
	w.erase("email=ann@x.example")
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]int{"ann@": 0, `"Ann"`: 0, "bob@x.example": 2, `"Bob"`: 2, "both": 1} {
		if got := strings.Count(string(after), word); got != want {
			t.Errorf("%s stands there %d times, want %d:\n%s", word, got, want, after)
		}
	}
}
