package find

import (
	"context"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
)

// testPolicy is the policy that the maps of the tests are judged by.
func testPolicy(t testing.TB) *policy.Policy {
	t.Helper()
	const file = "../testdata/policy.yaml"
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load(file, src, nil)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

// mapOf is the map of some systems, file → text.
func mapOf(t testing.TB, files map[string]string) *datamap.Map {
	t.Helper()
	m, err := datamap.Load(folder(files), testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func folder(files map[string]string) fs.FS {
	out := fstest.MapFS{}
	for name, text := range files {
		out["systems/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// database makes a SQLite database and opens it as a system.
func database(t testing.TB, system string, statements ...string) connect.Source {
	t.Helper()
	return databaseOf(t, connecttest.Kind{Name: "sqlite", Config: connecttest.SQLite}, system, statements...)
}

// databaseOf makes a database of a kind.
func databaseOf(t testing.TB, kind connecttest.Kind, system string, statements ...string) connect.Source {
	t.Helper()
	c := kind.Config(t)
	c.System = system
	first := []string{"BEGIN"}
	if c.Kind == "sqlite" {
		first = []string{"PRAGMA synchronous = off", "BEGIN"}
	}
	connecttest.Exec(t, c, append(append(first, statements...), "COMMIT")...)
	return open(t, c)
}

func open(t testing.TB, c connect.Config) connect.Source {
	t.Helper()
	s, err := sqldb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// searchIn is a search in opened systems, with their schemas.
func searchIn(t testing.TB, m *datamap.Map, sources Sources, o Options) *Search {
	t.Helper()
	schemas := map[string]*connect.Schema{}
	for name, s := range sources {
		if s == nil {
			continue
		}
		schema, err := s.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		schemas[name] = schema
	}
	o.Region = "GB"
	return New(m.Graph(), sources, schemas, o)
}

// records is what the export of one person gives.
func records(t testing.TB, s *Search, f *Found, person int) []Record {
	t.Helper()
	var out []Record
	if err := s.Export(context.Background(), f, person, func(r Record) error { out = append(out, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}
