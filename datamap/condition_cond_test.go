package datamap

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avowhq/avow/connect"
)

func TestConditionCond(t *testing.T) {
	if (Condition{}).Cond() != nil {
		t.Error("the condition that always holds became one")
	}
	for _, c := range []struct {
		in   string
		want connect.Cond
	}{
		{"kind = 'person'", connect.Cond{Op: connect.Equal, Column: "kind", Values: []any{"person"}}},
		{"a != 1 and not (b is empty or c in (true, -1.5, 'x'))", connect.Cond{Op: connect.And, Of: []connect.Cond{
			{Op: connect.NotEqual, Column: "a", Values: []any{int64(1)}},
			{Op: connect.Not, Of: []connect.Cond{{Op: connect.Or, Of: []connect.Cond{
				{Op: connect.IsEmpty, Column: "b"},
				{Op: connect.OneOf, Column: "c", Values: []any{true, connect.Decimal("-1.5"), "x"}},
			}}}},
		}}},
		{"a >= 99999999999999999999", connect.Cond{Op: connect.AtLeast, Column: "a", Values: []any{connect.Decimal("99999999999999999999")}}},
		{"a < 1 or a <= 2 or a > 3", connect.Cond{Op: connect.Or, Of: []connect.Cond{
			{Op: connect.Less, Column: "a", Values: []any{int64(1)}},
			{Op: connect.AtMost, Column: "a", Values: []any{int64(2)}},
			{Op: connect.More, Column: "a", Values: []any{int64(3)}},
		}}},
	} {
		test, err := ParseCondition(c.in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&c.want, Condition{Test: test}.Cond()); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.in, diff)
		}
	}
}
