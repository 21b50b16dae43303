package mongo

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo/mongotest"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// What somebody changed between reading and writing is not overwritten, and counts as not done.
func TestChangedMeanwhile(t *testing.T) {
	uri := mongotest.Database(t)
	opened, err := Open(t.Context(), connect.Config{System: "shop", Secret: uri})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	db := mongotest.Client(t, uri)
	mongotest.Insert(t, db, "people", `{"_id": 1, "owner": "ann", "phones": ["1", "2"]}`, `{"_id": 2, "owner": "ann", "phones": ["1"]}`)
	keys := []connect.Tuple{{int64(1)}, {int64(2)}}
	tie := connect.In{Columns: []string{"owner"}, Tuples: []connect.Tuple{{"ann"}}}
	phones := connect.In{Columns: []string{"phones[]"}, Tuples: []connect.Tuple{{"1"}}}
	for name, c := range map[string]connect.Change{
		"a list":  {Kind: connect.Update, Set: []connect.Set{{Column: "phones[]"}}, Elements: []connect.In{phones}},
		"a guard": {Kind: connect.Delete, Guard: []connect.In{tie}},
	} {
		c.Table, c.Key, c.Keys = "people", []string{"_id"}, keys
		w := opened.(*source).writing(c, db.Collection("people"))
		models, meant, err := w.models(t.Context(), keys, 0)
		if err != nil || meant != 2 {
			t.Fatal(name, meant, err)
		}
		for _, field := range []bson.D{{{Key: "phones", Value: bson.A{"3"}}}, {{Key: "owner", Value: "bob"}}} {
			if _, err := db.Collection("people").UpdateMany(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: field}}); err != nil {
				t.Fatal(err)
			}
		}
		result, err := w.collection.BulkWrite(t.Context(), models)
		if err != nil || result.MatchedCount+result.DeletedCount != 0 {
			t.Errorf("%s: %+v %v", name, result, err)
		}
		back := bson.D{{Key: "$set", Value: bson.D{{Key: "owner", Value: "ann"}, {Key: "phones", Value: bson.A{"1", "2"}}}}}
		if _, err := db.Collection("people").UpdateMany(t.Context(), bson.D{}, back); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]string{
		"5.90": "5.9", "0": "0", "-0.00": "0", "-0.050": "-0.05", "1E3": "1000", "1E-7": "0.0000001", "12345678901234567890.12": "12345678901234567890.12", "100": "100", "0E5": "0",
	} {
		d, err := bson.ParseDecimal128(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := plain(d); got != connect.Decimal(want) {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestLike(t *testing.T) {
	id, _ := bson.ObjectIDFromHex("65f000000000000000000001")
	d, _ := bson.ParseDecimal128("5.9")
	s := server{decimals: true}
	for name, c := range map[string]struct{ v, old, want any }{
		"object id":        {"65f000000000000000000001", bson.ObjectID{}, id},
		"no object id":     {"x", bson.ObjectID{}, "x"},
		"int":              {"5", int32(1), int32(5)},
		"too large an int": {int64(1 << 40), int32(1), int64(1 << 40)},
		"double":           {int64(5), 1.5, 5.0},
		"decimal":          {"5.9", bson.Decimal128{}, d},
		"bool":             {"false", true, false},
		"moment":           {"2026-01-01", bson.DateTime(0), bson.NewDateTimeFromTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))},
		"text":             {int64(42), "x", "42"},
		"nothing before":   {connect.Decimal("5.9"), nil, d},
		"a document":       {map[string]any{"b": []any{int64(1)}, "a": nil}, nil, bson.D{{Key: "a", Value: nil}, {Key: "b", Value: bson.A{int64(1)}}}},
	} {
		if got := s.like(c.v, c.old); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#v", name, got)
		}
	}
	if got := (server{}).native(connect.Decimal("5.9")); got != 5.9 {
		t.Errorf("without exact numbers: %#v", got)
	}
}

// The privileges are as MongoDB's manual shows them in the answer of connectionStatus.
func TestLacks(t *testing.T) {
	db := mongotest.Client(t, "mongodb://127.0.0.1:1/shop")
	s := &source{db: db}
	read := func(text string) rights {
		r := rights{told: true}
		var list struct{ P []privilege }
		if err := bson.UnmarshalExtJSON([]byte(`{"p": [`+text+`]}`), false, &list); err != nil {
			t.Fatal(err)
		}
		r.privileges = list.P
		return r
	}
	for name, c := range map[string]struct{ privileges, lacks string }{
		"reader":         {`{"resource": {"db": "shop", "collection": ""}, "actions": ["find", "listIndexes"]}`, "delete update"},
		"one collection": {`{"resource": {"db": "shop", "collection": "orders"}, "actions": ["find", "update", "remove"]}`, ""},
		"another":        {`{"resource": {"db": "shop", "collection": "people"}, "actions": ["find", "update", "remove"]}`, "delete read update"},
		"anywhere":       {`{"resource": {"db": "", "collection": ""}, "actions": ["find"]}, {"resource": {"anyResource": true}, "actions": ["update", "remove"]}`, ""},
		"the cluster":    {`{"resource": {"cluster": true}, "actions": ["find"]}`, "delete read update"},
	} {
		lacks := s.lacks("orders", read(c.privileges))
		var got []string
		for _, op := range []connect.Op{connect.OpDelete, connect.OpRead, connect.OpUpdate} {
			if lacks[op] != "" {
				got = append(got, string(op))
			}
		}
		if strings.Join(got, " ") != c.lacks {
			t.Errorf("%s: lacks %v", name, got)
		}
	}
	const want = `it needs a role with the privilege {resource: {db: "shop", collection: "orders"}, actions: ["remove"]} (db.grantPrivilegesToRole)`
	if got := s.lacks("orders", read(`{"resource": {"db": "shop", "collection": ""}, "actions": ["find"]}`))[connect.OpDelete]; got != want {
		t.Error(got)
	}
	if got := s.lacks("orders", rights{}); len(got) != 0 {
		t.Errorf("a server that says nothing of rights: %v", got)
	}
}

// An index that speaks of some documents only names none.
func TestIndexHolds(t *testing.T) {
	for text, want := range map[string]bool{
		`{"name": "a_1", "key": {"a": 1}, "unique": true}`:                                                       true,
		`{"name": "a_1", "key": {"a": 1}, "unique": 1}`:                                                          true,
		`{"name": "a_1", "key": {"a": 1}}`:                                                                       false,
		`{"name": "a_1", "key": {"a": 1}, "unique": true, "sparse": true}`:                                       false,
		`{"name": "a_1", "key": {"a": 1}, "unique": true, "partialFilterExpression": {"a": {"$gt": 5}}}`:         false,
		`{"name": "a_1", "key": {"a": "hashed"}, "unique": true, "partialFilterExpression": {}, "hidden": true}`: false,
	} {
		var x index
		if err := bson.UnmarshalExtJSON([]byte(text), false, &x); err != nil || x.holds() != want {
			t.Errorf("%s: %v, %v", text, x.holds(), err)
		}
	}
}
