package saas

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
)

// FuzzPlaces: whatever a value is, the request has the shape of its description, and the
// value is read back whole.
func FuzzPlaces(f *testing.F) {
	for _, seed := range []string{"a", "..", ".", "", "../../admin", "a/b", "a?b=c&d", "#", "%2e%2e", "%00", "\x00", "\r\nX-Evil: 1", "a b+c", "ü/日本", "\xff\xfe", `"},{"id":"2`, `\u0000`, "{value}", "{{", "\u2028", "a,b", `'; DROP`, ";jsessionid=1", `\..\`} {
		f.Add(seed)
	}
	d, problems := read("f.yaml", []byte(`service: f
address: https://f.example/base
auth: {bearer: token}
tables:
  t:
    key: id
    columns: {id: text}
    find:
      - by: id
        post: "/a/{value}/z"
        query: {q: "x {value} y", other: "1"}
        headers: {X-V: "v={value}"}
        body: {fixed: 1, whole: "{value}", part: "a{value}z", list: {$each: values, $item: {v: "{value}"}}}
`))
	if problems != nil {
		f.Fatal(problems)
	}
	base, _ := url.Parse("https://f.example/base")
	s := &Source{d: d, c: &client{d: d, base: base, rates: map[rate]*limiter{}}}
	t1 := d.tables[0]
	f.Fuzz(func(t *testing.T, v string) {
		sc := &scope{table: t1, by: t1.columns, tuples: []connect.Tuple{{v}}, value1: v}
		r, err := s.render(t1.find[0].request, sc)
		if err != nil {
			if utf8.ValidString(v) && !strings.ContainsFunc(v, control) && v != "" && v != "." && v != ".." {
				t.Fatalf("%q is refused: %v", v, err)
			}
			return
		}
		one, err := r.call(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := http.NewRequest(one.method, one.url.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Split(got.URL.EscapedPath(), "/")
		if len(segments) != 5 || segments[1] != "base" || segments[2] != "a" || segments[4] != "z" || got.URL.Host != "f.example" {
			t.Fatalf("%q leads to %s", v, got.URL)
		}
		if back, _ := url.PathUnescape(segments[3]); back != v {
			t.Fatalf("%q became %q in the path", v, back)
		}
		if q := got.URL.Query(); len(q) != 2 || q.Get("q") != "x "+v+" y" || q.Get("other") != "1" || got.URL.Fragment != "" {
			t.Fatalf("%q became %v in the query", v, q)
		}
		if h := one.header.Get("X-V"); h != "v="+v || strings.ContainsAny(h, "\r\n\x00") {
			t.Fatalf("%q became %q in a header", v, h)
		}
		var body struct {
			Fixed       int
			Whole, Part string
			List        []map[string]string
		}
		strict := json.NewDecoder(strings.NewReader(string(one.body)))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&body); err != nil || body.Fixed != 1 || body.Whole != v || body.Part != "a"+v+"z" || len(body.List) != 1 || len(body.List[0]) != 1 || body.List[0]["v"] != v {
			t.Fatalf("%q became %s: %v", v, one.body, err)
		}
	})
}

// Several values stand between commas: one with a comma would be two.
func TestCommasAreNoValues(t *testing.T) {
	tm, _ := readTemplate("{keys}")
	s := &scope{table: &table{key: []string{"id"}}, rows: []change{{key: []any{"a,b"}}, {key: []any{"c"}}}}
	if text, err := tm.text(s, inText); err == nil {
		t.Errorf("became %q", text)
	}
}

func TestTemplates(t *testing.T) {
	for text, ok := range map[string]bool{"": true, "plain": true, "{value}": true, "a{value}b{key.id}": true, "{{not}}": true, "{": false, "}": false, "{}": false, "{a b}": false, "{value": false, "{va{lue}": false, "{'x'}": false} {
		if _, wrong := readTemplate(text); (wrong == "") != ok {
			t.Errorf("%q: %q", text, wrong)
		}
	}
	tm, _ := readTemplate(`{{"a": {value}}}`)
	if got, err := tm.text(&scope{value1: "x{value}"}, inText); err != nil || got != `{"a": x{value}}` {
		t.Errorf("%q %v", got, err)
	}
}
