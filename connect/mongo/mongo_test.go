package mongo_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo"
	"github.com/avowhq/avow/connect/mongo/mongotest"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
)

func open(t *testing.T) (connect.Source, *driver.Database) {
	t.Helper()
	uri := mongotest.Database(t)
	s, err := mongo.Open(t.Context(), connect.Config{System: "shop", Kind: "mongodb", Secret: uri, Region: "GB"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, mongotest.Client(t, uri)
}

var people = []string{
	`{"_id": 1, "email": "Ann@harbour.example", "profile": {"phone": "020 7946 0001", "born": {"$date": "1980-02-01T00:00:00Z"}}, "phones": ["+44 20 7946 0001", "020 7946 0009"],
	  "orders": [{"sku": "a", "for": "ann", "n": 1}, {"sku": "b", "for": "bob", "n": 2}]}`,
	`{"_id": {"$oid": "65f000000000000000000001"}, "email": "bob@harbour.example", "phones": [], "orders": [{"sku": "c", "for": "bob", "lines": [{"who": "ann", "note": "x"}, {"who": "bob", "note": "y"}]}]}`,
	`{"_id": "three", "email": "cyd@harbour.example ", "number": "42", "member": {"$uuid": "c8edabc3-f738-4ca3-b68d-ab92a91478a3"}}`,
	`{"_id": 4, "number": 42, "email": null, "phones": "020 7946 0009"}`,
}

func rows(t *testing.T, s connect.Source, r connect.Read) []connect.Row {
	t.Helper()
	var out []connect.Row
	if err := s.Read(t.Context(), r, func(r connect.Row) error { out = append(out, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func keys(t *testing.T, s connect.Source, r connect.Read) string {
	t.Helper()
	r.Table, r.Columns = "people", []string{"_id"}
	var out []string
	for _, row := range rows(t, s, r) {
		out = append(out, connect.Text(row[0]))
	}
	if len(r.Key) == 0 {
		slices.Sort(out)
	}
	return strings.Join(out, " ")
}

func in(c connect.Compare, column string, values ...any) connect.In {
	out := connect.In{Columns: []string{column}, Compare: c}
	for _, v := range values {
		out.Tuples = append(out.Tuples, connect.Tuple{v})
	}
	return out
}

const bobID = "65f000000000000000000001"

func TestRead(t *testing.T) {
	s, db := open(t)
	mongotest.Insert(t, db, "people", people...)
	having := func(in ...connect.In) connect.Read { return connect.Read{Any: in} }
	when := func(op connect.CondOp, column string, values ...any) connect.Read {
		return connect.Read{When: &connect.Cond{Op: op, Column: column, Values: values}}
	}
	for name, c := range map[string]struct {
		read connect.Read
		want string
	}{
		"everything":                {connect.Read{}, "1 4 " + bobID + " three"},
		"object id as text":         {having(in("", "_id", bobID, "nobody")), bobID},
		"number and text":           {having(in("", "number", int64(42))), "4 three"},
		"text and number":           {having(in("", "number", "42")), "4 three"},
		"uuid":                      {having(in("", "member", "c8edabc3-f738-4ca3-b68d-ab92a91478a3")), "three"},
		"moment":                    {having(in("", "profile.born", "1980-02-01T00:00:00Z")), "1"},
		"mailbox":                   {having(in(connect.Email, "email", "ann@harbour.example", "BOB@HARBOUR.example")), "1 " + bobID},
		"trimmed":                   {having(in(connect.Trimmed, "email", "cyd@harbour.example")), "three"},
		"exactly":                   {having(in("", "email", "cyd@harbour.example", "ann@harbour.example")), ""},
		"phone":                     {having(in(connect.Phone, "profile.phone", "+442079460001")), "1"},
		"phone in a list or not":    {having(in(connect.Phone, "phones[]", "+44 20 7946 0009")), "1 4"},
		"digits":                    {having(in(connect.Digits, "phones[]", "02079460009")), "1 4"},
		"field of an element":       {having(in("", "orders[].for", "bob")), "1 " + bobID},
		"list in a list":            {having(in("", "orders[].lines[].who", "ann")), bobID},
		"one element":               {having(connect.In{Columns: []string{"orders[].sku", "orders[].for"}, Tuples: []connect.Tuple{{"a", "bob"}, {"b", "bob"}}}), "1"},
		"two ways, once":            {having(in("", "orders[].for", "ann", "bob"), in("", "orders[].sku", "a", "c")), "1 " + bobID},
		"all":                       {connect.Read{Any: []connect.In{in("", "orders[].for", "bob")}, All: []connect.In{in("", "orders[].sku", "c")}}, bobID},
		"when":                      {when(connect.More, "orders[].n", int64(1)), "1"},
		"when equal":                {when(connect.Equal, "number", int64(42)), "4 three"},
		"when not":                  {connect.Read{When: &connect.Cond{Op: connect.Not, Of: []connect.Cond{{Op: connect.Equal, Column: "number", Values: []any{"41"}}}}}, "4 three"},
		"when empty":                {when(connect.IsEmpty, "email"), "4"},
		"when or":                   {connect.Read{When: &connect.Cond{Op: connect.Or, Of: []connect.Cond{{Op: connect.OneOf, Column: "_id", Values: []any{"three", "1"}}, {Op: connect.Equal, Column: "_id", Values: []any{int64(4)}}}}}, "1 4 three"},
		"in order":                  {connect.Read{Key: []string{"_id"}}, "1 4 three " + bobID},
		"a page":                    {connect.Read{Key: []string{"_id"}, After: connect.Tuple{int64(1)}, Limit: 2}, "4 three"},
		"last page":                 {connect.Read{Key: []string{"_id"}, After: connect.Tuple{"three"}, Limit: 2}, bobID},
		"after it":                  {connect.Read{Key: []string{"_id"}, After: connect.Tuple{bobID}}, ""},
		"in order of what is asked": {connect.Read{Key: []string{"_id"}, Any: []connect.In{in("", "number", "42"), in("", "_id", "1")}}, "1 4 three"},
	} {
		if got := keys(t, s, c.read); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	if n := len(rows(t, s, connect.Read{Table: "people", Columns: []string{"email"}, Sample: 2})); n != 2 {
		t.Errorf("a sample of two has %d", n)
	}
}

func TestReadValues(t *testing.T) {
	s, db := open(t)
	mongotest.Insert(t, db, "people", people...)
	columns := []string{"email", "profile.phone", "phones[]", "orders[].sku", "orders[].lines[].note", "nothing", "orders"}
	got := rows(t, s, connect.Read{Table: db.Name() + ".people", Columns: columns, Any: []connect.In{in("", "_id", bobID)}})
	want := connect.Row{"bob@harbour.example", nil, []any{}, []any{"c"}, []any{[]any{"x", "y"}}, nil,
		[]any{map[string]any{"sku": "c", "for": "bob", "lines": []any{map[string]any{"who": "ann", "note": "x"}, map[string]any{"who": "bob", "note": "y"}}}}}
	if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("%#v", got)
	}
}

// More values than one command takes find each row once.
func TestReadBatches(t *testing.T) {
	s, db := open(t)
	mongotest.Insert(t, db, "people", people...)
	var values []any
	for i := range 5000 {
		values = append(values, int64(i))
	}
	read := connect.Read{Any: []connect.In{in("", "number", values...), in("", "_id", values...), in("", "orders[].n", append([]any{"x"}, values...)...)}}
	if got := keys(t, s, read); got != "1 4 three" {
		t.Error(got)
	}
}

func TestReadErrors(t *testing.T) {
	s, db := open(t)
	mongotest.Insert(t, db, "people", people...)
	for name, c := range map[string]struct {
		read connect.Read
		kind avow.ErrorKind
	}{
		"no collection":  {connect.Read{Table: "nobody", Columns: []string{"a"}}, avow.NotFound},
		"an operator":    {connect.Read{Table: "people", Columns: []string{"a"}, Any: []connect.In{in("", "$where", "sleep(1000)")}}, avow.Invalid},
		"a system table": {connect.Read{Table: "people.$cmd", Columns: []string{"a"}}, avow.Invalid},
		"part of a path": {connect.Read{Table: "people", Columns: []string{"a..b"}}, avow.Invalid},
		"width":          {connect.Read{Table: "people", Columns: []string{"a"}, Any: []connect.In{{Columns: []string{"a", "b"}, Tuples: []connect.Tuple{{1}}}}}, avow.Invalid},
	} {
		if err := s.Read(t.Context(), c.read, func(connect.Row) error { return nil }); avow.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	mine := avow.Errorf(avow.TooLarge, "enough")
	if err := s.Read(t.Context(), connect.Read{Table: "people", Columns: []string{"email"}}, func(connect.Row) error { return mine }); err != mine {
		t.Errorf("the error of each: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Read(ctx, connect.Read{Table: "people", Columns: []string{"email"}}, func(connect.Row) error { return nil }); avow.KindOf(err) != avow.Canceled {
		t.Errorf("ended: %v", err)
	}
}
