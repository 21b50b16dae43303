package saas

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/avowhq/avow/connect"
)

// What services write, as the values of rows.
func TestFromJSON(t *testing.T) {
	day := time.Date(2019, 10, 31, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		kind connect.Kind
		in   any
		want any
	}{
		{connect.DateKind, "1572480000000", connect.Date("2019-10-31")},
		{connect.DateKind, json.Number("1572480000000"), connect.Date("2019-10-31")},
		{connect.DateKind, "2019-10-31", connect.Date("2019-10-31")},
		{connect.DateKind, "31 October", "31 October"},
		{connect.TimeKind, "1572480000000", day},
		{connect.TimeKind, "2019-10-31T01:00:00.000+0100", day},
		{connect.TimeKind, "2019-10-31T00:00:00Z", day},
		{connect.TimeKind, "", nil},
		{connect.DecimalKind, "17", connect.Decimal("17")},
		{connect.DecimalKind, json.Number("5.90"), connect.Decimal("5.9")},
		{connect.DecimalKind, json.Number("1.5e3"), connect.Decimal("1500")},
		{connect.DecimalKind, json.Number("1e999999999"), "1e999999999"},
		{connect.DecimalKind, json.Number("-0.0"), connect.Decimal("0")},
		{connect.Integer, json.Number("42"), int64(42)},
		{connect.Integer, "42", int64(42)},
		{connect.Integer, json.Number("4.5"), connect.Decimal("4.5")},
		{connect.Boolean, "true", true},
		{connect.Boolean, false, false},
		{connect.TextKind, json.Number("007"), "007"},
		{connect.TextKind, "", ""},
		{connect.TextKind, nil, nil},
		{connect.TextKind, map[string]any{"a": json.Number("1")}, map[string]any{"a": int64(1)}},
	} {
		if got := fromJSON(c.kind, c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %v: got %#v, want %#v", c.kind, c.in, got, c.want)
		}
	}
}

func TestPaths(t *testing.T) {
	doc, err := decodeJSON([]byte(`{"a": {"b": [{"c": 1, "d": [{"e": "x"}, {"e": "y"}]}, {"d": []}, {"c": 2, "d": [{"e": "z"}]}]}, "n": null}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"a.b[0].c": "1", "a.b[9].c": "", "a.b[].c": "[1,2]", "n": "", "n.x": "", "a.c": "", "": "whole"} {
		p, ok := readPath(text)
		got := connect.Text(p.of(doc))
		if text == "" {
			got = map[bool]string{true: "whole"}[got != ""]
		}
		if !ok || got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
	p, _ := readPath("a.b[].d[]")
	var got string
	for _, row := range p.rows(doc) {
		got += path{"e"}.of(row).(string) + connect.Text(path{above, "c"}.of(row)) + " "
	}
	if got != "x1 y1 z2 " {
		t.Errorf("rows of lists in lists: %s", got)
	}
	for _, text := range []string{"a..b", "a[", "a]", "a[x]", "a[0]b", ".a", "a.", "a[-1]", "a[1234567]"} {
		if _, ok := readPath(text); ok {
			t.Errorf("%q is a path", text)
		}
	}
}
