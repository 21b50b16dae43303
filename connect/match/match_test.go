package match_test

import (
	"reflect"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
)

var doc = match.Document{
	"email": "Ann@harbour.example", "n": int64(42),
	"profile": map[string]any{"phones": []any{"+44 20 7946 0001", "020 7946 0002"}},
	"orders": []any{
		map[string]any{"sku": "a", "for": "ann", "n": int64(1), "tags": []any{"x"}},
		map[string]any{"sku": "b", "for": "bob", "n": int64(2)},
	},
	"empty": []any{},
}

func TestValue(t *testing.T) {
	for column, want := range map[string]any{
		"n": int64(42), "nothing": nil, "n.below": nil,
		"profile.phones[]": []any{"+44 20 7946 0001", "020 7946 0002"},
		"profile.phones":   []any{"+44 20 7946 0001", "020 7946 0002"},
		"orders[].sku":     []any{"a", "b"},
		"orders.sku":       []any{"a", "b"},
		"orders[].tags[]":  []any{[]any{"x"}, nil},
		"empty[]":          []any{},
		"empty[].a":        []any{},
	} {
		if got := doc.Value(column); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v", column, got)
		}
	}
}

func in(c connect.Compare, columns []string, tuples ...connect.Tuple) connect.In {
	return connect.In{Columns: columns, Tuples: tuples, Compare: c}
}

func TestIn(t *testing.T) {
	for name, c := range map[string]struct {
		in   connect.In
		want bool
	}{
		"number as text":       {in("", []string{"n"}, connect.Tuple{"42"}), true},
		"zeros count":          {in("", []string{"n"}, connect.Tuple{"042"}), false},
		"capitals count":       {in(connect.Exact, []string{"email"}, connect.Tuple{"ann@harbour.example"}), false},
		"mailbox":              {in(connect.Email, []string{"email"}, connect.Tuple{"ann@HARBOUR.example"}), true},
		"phone in a list":      {in(connect.Phone, []string{"profile.phones[]"}, connect.Tuple{"+442079460002"}), true},
		"nothing is not meant": {in("", []string{"nothing"}, connect.Tuple{nil}, connect.Tuple{""}), false},
		"one element":          {in("", []string{"orders[].sku", "orders[].for"}, connect.Tuple{"a", "ann"}), true},
		"two elements":         {in("", []string{"orders[].sku", "orders[].for"}, connect.Tuple{"a", "bob"}), false},
		"with what is outside": {in("", []string{"n", "orders[].for"}, connect.Tuple{int64(42), "bob"}), true},
		"list in a list":       {in("", []string{"orders[].for", "orders[].tags[]"}, connect.Tuple{"ann", "x"}), true},
		"not of the other":     {in("", []string{"orders[].for", "orders[].tags[]"}, connect.Tuple{"bob", "x"}), false},
		"an empty list":        {in("", []string{"empty[]"}, connect.Tuple{"x"}), false},
	} {
		if got := match.NewIndex(c.in, "GB").Holds(doc); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCondition(t *testing.T) {
	is := func(op connect.CondOp, column string, values ...any) connect.Cond {
		return connect.Cond{Op: op, Column: column, Values: values}
	}
	for name, c := range map[string]struct {
		cond connect.Cond
		want bool
	}{
		"one element":       {connect.Cond{Op: connect.And, Of: []connect.Cond{is(connect.Equal, "orders[].for", "bob"), is(connect.More, "orders[].n", int64(1))}}, true},
		"two elements":      {connect.Cond{Op: connect.And, Of: []connect.Cond{is(connect.Equal, "orders[].for", "ann"), is(connect.More, "orders[].n", int64(1))}}, false},
		"nothing":           {is(connect.Equal, "nothing", "x"), false},
		"not of nothing":    {connect.Cond{Op: connect.Not, Of: []connect.Cond{is(connect.Equal, "nothing", "x")}}, false},
		"nothing is empty":  {is(connect.IsEmpty, "nothing"), true},
		"an empty list too": {is(connect.IsEmpty, "empty[]"), true},
	} {
		if got := match.Holds(&c.cond, doc); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if !match.Holds(nil, doc) {
		t.Error("no condition does not hold")
	}
}

func TestFilter(t *testing.T) {
	flat := match.Flat(func(column string) any {
		return map[string]any{"a.b": "1", "to": []any{"x@y.example", "z@y.example"}}[column]
	})
	f := match.NewFilter(connect.Read{
		Any: []connect.In{in("", []string{"a.b"}, connect.Tuple{"2"}), in(connect.Email, []string{"to"}, connect.Tuple{"Z@y.example"})},
		All: []connect.In{in("", []string{"a.b"}, connect.Tuple{int64(1)})},
	}, "")
	if !f.Holds(flat) {
		t.Error("a value in a list was not found")
	}
	if !match.NewFilter(connect.Read{}, "").Holds(flat) {
		t.Error("a read of everything leaves rows out")
	}
}
