package mongo_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo"
	"github.com/avowhq/avow/connect/mongo/mongotest"
)

func TestDescribe(t *testing.T) {
	s, db := open(t)
	mongotest.Insert(t, db, "people", people...)
	mongotest.Unique(t, db, "people", "member")
	mongotest.Insert(t, db, "visits", `{"_id": {"$oid": "65f000000000000000000001"}, "at": 1.5, "odd": {}, "flag": true}`)
	schema, err := s.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if schema.Atomic || !strings.HasPrefix(schema.Product, "FerretDB") || schema.Within != db.Name() || len(schema.Tables) != 2 {
		t.Errorf("%+v", schema)
	}
	p := schema.Table(db.Name() + ".people")
	if p == nil || !reflect.DeepEqual(p.Key, []string{"_id"}) || !reflect.DeepEqual(p.Unique, [][]string{{"member"}}) || len(p.Lacks) != 0 {
		t.Fatalf("%+v", p)
	}
	want := []connect.Column{
		{Name: "_id", Type: "int or objectId or string", Kind: connect.Integer},
		{Name: "email", Type: "string", Kind: connect.TextKind, Nullable: true},
		{Name: "member", Type: "binData", Kind: connect.UUID, Nullable: true},
		{Name: "number", Type: "int or string", Kind: connect.Integer, Nullable: true},
		{Name: "orders[].for", Type: "string", Kind: connect.TextKind, Nullable: true},
		{Name: "orders[].lines[].note", Type: "string", Kind: connect.TextKind, Nullable: true},
		{Name: "orders[].lines[].who", Type: "string", Kind: connect.TextKind, Nullable: true},
		{Name: "orders[].n", Type: "int", Kind: connect.Integer, Nullable: true},
		{Name: "orders[].sku", Type: "string", Kind: connect.TextKind, Nullable: true},
		{Name: "phones", Type: "string", Kind: connect.TextKind, Nullable: true},
		{Name: "phones[]", Type: "string", Kind: connect.TextKind, Nullable: true},
		{Name: "profile.born", Type: "date", Kind: connect.TimeKind, Nullable: true},
		{Name: "profile.phone", Type: "string", Kind: connect.TextKind, Nullable: true},
	}
	if !reflect.DeepEqual(p.Columns, want) {
		t.Errorf("%+v", p.Columns)
	}
	if odd := schema.Table("visits").Column("odd"); odd == nil || odd.Kind != connect.JSON {
		t.Errorf("an empty document: %+v", odd)
	}
}

func TestOpenErrors(t *testing.T) {
	for name, c := range map[string]struct {
		secret string
		kind   avow.ErrorKind
	}{
		"nothing":     {"", avow.Invalid},
		"no uri":      {"wilma:hunter2@host/shop", avow.Invalid},
		"no database": {"mongodb://wilma:hunter2@127.0.0.1:1/", avow.Invalid},
		"bad option":  {"mongodb://wilma:hunter2@127.0.0.1:1/shop?maxPoolSize=hunter2", avow.Invalid},
		"nobody":      {"mongodb://wilma:hunter2@127.0.0.1:1/shop?serverSelectionTimeoutMS=100", avow.Unavailable},
	} {
		_, err := mongo.Open(t.Context(), connect.Config{System: "shop", Secret: c.secret})
		if avow.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "wilma")) {
			t.Errorf("%s: a credential stands in the error: %v", name, err)
		}
	}
}

// A server that is killed is away; what was asked for is done when it is back.
func TestAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	uri, kill := mongotest.StartStoppable(t, dir)
	open := func(uri string) (connect.Source, error) {
		return mongo.Open(t.Context(), connect.Config{System: "shop", Secret: uri + "shop?serverSelectionTimeoutMS=300"})
	}
	s, err := open(uri)
	if err != nil {
		t.Fatal(err)
	}
	mongotest.Insert(t, mongotest.Client(t, uri+"shop"), "people", people...)
	change := []connect.Change{keyed(connect.Delete, 1), update([]connect.Set{set("email", nil)}, "three")}
	if _, err := s.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := rows(t, s, connect.Read{Table: "people", Columns: []string{"_id"}}); len(rows) != 4 {
		t.Fatal(rows)
	}
	kill()
	if _, err := s.Change(t.Context(), change); avow.KindOf(err) != avow.Unavailable {
		t.Errorf("changed while it was away: %v", err)
	}
	if err := s.Read(t.Context(), connect.Read{Table: "people", Columns: []string{"_id"}}, func(connect.Row) error { return nil }); avow.KindOf(err) != avow.Unavailable {
		t.Errorf("read while it was away: %v", err)
	}
	s.Close()
	if s, err = open(mongotest.Start(t, dir)); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Change(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	if rows := rows(t, s, connect.Read{Table: "people", Columns: []string{"_id", "email"}}); len(rows) != 3 {
		t.Error(rows)
	}
}
