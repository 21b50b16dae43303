package saas

import (
	"slices"
	"strings"
	"testing"
)

// All that is wrong is said at once, each with its place.
func TestProblems(t *testing.T) {
	problems := Check("crm.yaml", []byte(`service: My CRM
adress: https://crm.example
address: https://user@crm.example
auth: [{bearer: token}, {password: x}]
limits: {requests: -1}
errors: {rules: [{status: 403, means: nope}]}
tables:
  a:
    key: [id, other]
    columns: {id: text, "x y": text, kind: number}
    find:
      - {by: id, get: "/a?x={value}", rows: "a[b]"}
      - {by: [id, kind], get: /a, query: {t: "{credential.token}", v: "{nonsense}"}}
      - {by: id, post: /a, batch: 50, body: {v: "{value}"}}
    list: {get: /../a, page: {cursor: next}}
    update: {patch: "/a/{key}", body: {a: "x{changes}"}, put: /a}
    delete: {delete: "/a/{key}", headers: {Authorization: x}, body: {$each: values, $item: "{value}"}}
    references: {kind: b.id}
  a: {}
`))
	var places []string
	for _, p := range problems {
		place, _, _ := strings.Cut(strings.TrimPrefix(p.String(), "crm.yaml:"), ": ")
		places = append(places, place)
	}
	for _, want := range []string{"1:10", "2:1", "3:10", "4:26", "5:20", "6:39", "8:3", "10:25", "10:44", "12:", "13:", "14:", "15:17", "15:31", "16:", "17:44", "19:3"} {
		if !slices.ContainsFunc(places, func(p string) bool { return p == want || strings.HasSuffix(want, ":") && strings.HasPrefix(p, want) }) {
			t.Errorf("nothing is said of %s; there are\n%v", want, problems)
		}
	}
	if !slices.IsSortedFunc(problems, func(a, b Problem) int { return (a.Line-b.Line)*1000 + a.Column - b.Column }) {
		t.Error("not in the order of the file")
	}
}

func TestHostileDescriptions(t *testing.T) {
	for _, text := range []string{"", "{}", "[]", "a", "a: *b", "a: &b [*b]", "<<: {a: b}", "a: !!binary x", "---\na: b\n---\nc: d", "\x00", "\xff", "a: [", "? [a]\n: b", "a:\n\tb: c",
		strings.Repeat("[", 5000), strings.Repeat("a: {", 3000), "service: " + strings.Repeat("x", 300<<10)} {
		if Check("x.yaml", []byte(text)) == nil {
			t.Errorf("%.20q is accepted", text)
		}
	}
}

func FuzzDescription(f *testing.F) {
	for _, name := range []string{"salesforce", "hubspot"} {
		text, _ := builtIn.ReadFile("descriptions/" + name + ".yaml")
		f.Add(string(text))
	}
	f.Add(smallService)
	f.Fuzz(func(t *testing.T, text string) {
		d, problems := read("f.yaml", []byte(text))
		if (d == nil) != (len(problems) > 0) || len(problems) > maxProblems {
			t.Fatalf("%v %v", d, problems)
		}
	})
}
