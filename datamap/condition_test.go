package datamap

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCondition(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"kind = 'person'", "kind = 'person'"},
		{"a=1 or b<>2 and not c is empty", "(a = 1 or (b != 2 and not (c is empty)))"},
		{"(a=1 or b=2) and c is not empty", "((a = 1 or b = 2) and not (c is empty))"},
		{"profile.state IN ('x', 'it''s', -1.5, TRUE)", "profile.state in ('x', 'it''s', -1.5, true)"},
		{`"order" >= 'a' and "in" = 1`, `(order >= 'a' and "in" = 1)`},
		{`"a""b" < '; drop table x --'`, `"a""b" < '; drop table x --'`},
	} {
		got, err := ParseCondition(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if got.String() != c.want {
			t.Errorf("%q is %q, want %q", c.in, got, c.want)
		}
		again, err := ParseCondition(got.String())
		if diff := cmp.Diff(got, again); err != nil || diff != "" {
			t.Errorf("%q read again: %v %s", got, err, diff)
		}
	}
}

func TestConditionRefuses(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "a column is expected at its end"},
		{"a", "a comparison is expected at its end"},
		{"a = b", "a value is expected where `b` stands"},
		{"a = 'x", "never closed"},
		{"a = 1; drop table x", "`;` means nothing"},
		{"a = 1 -- x", "`-` is not a number"},
		{"a = 1 b = 2", "stands behind its end"},
		{"a in ()", "a value is expected"},
		{"a in (1", "`,` or `)` is expected"},
		{"a is 1", "`empty` is expected"},
		{"(a = 1", "a bracket is never closed"},
		{"a = 1.2.3", "is not a number"},
		{"lower(a) = 'x'", "a comparison is expected where `(` stands"},
		{"a like 'x%'", "a comparison is expected where `like` stands"},
		{strings.Repeat("(", 20) + "a = 1" + strings.Repeat(")", 20), "brackets in brackets"},
		{strings.Repeat("not ", 20) + "a = 1", "brackets in brackets"},
		{strings.Repeat("a = 1 or ", 100) + "a = 1", "longer than"},
		{`"" = 1`, "empty"},
	} {
		_, err := ParseCondition(c.in)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.in, err, c.want)
		}
	}
}

func FuzzCondition(f *testing.F) {
	for _, seed := range []string{"a = 1", "not (a is empty) and b in ('x', 2)", `"q" <= 'x'`, "((", "a = -"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		test, err := ParseCondition(in)
		if err != nil {
			return
		}
		out := test.String()
		if len(out) > maxCondition {
			return
		}
		again, err := ParseCondition(out)
		if err != nil && strings.Contains(err.Error(), "brackets in brackets") {
			return
		}
		if err != nil || again.String() != out {
			t.Fatalf("%q became %q, which is read as %v (%v)", in, out, again, err)
		}
	})
}
