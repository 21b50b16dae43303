package plan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/datamap/find"
)

func people(ids ...string) []find.Person {
	var out []find.Person
	for _, id := range ids {
		kind, value, _ := strings.Cut(id, "=")
		out = append(out, find.Person{Identities: []find.Identity{{Kind: kind, Value: value}}})
	}
	return out
}

func found(m *matcher, text any) []int {
	s := scanner{matcher: m, hits: map[int]bool{}}
	var out []int
	for n := range s.scan(text) {
		out = append(out, m.wants[n].person)
	}
	slices.Sort(out)
	return out
}

func TestMatcher(t *testing.T) {
	m := newMatcher(people("email=Ann@Example.com", "email=ann@example.com.au", "phone=+31 6 1234 5678", "member=AB-1234", "member=ab", "email=zoë@exämple.org"), "NL")
	for _, c := range []struct {
		text string
		want []int
	}{
		{"Write to ANN@example.COM.", []int{0}},
		{"<ann@example.com>", []int{0}},
		{`{"to":"ann@example.com"}`, []int{0}},
		{"ann@example.com.au", []int{1}},
		{"joann@example.com jo-ann@example.com x.ann@example.com", nil},
		{"ann@example.community ann@example.com-pany.org", nil},
		{"call 06-12345678 now", []int{2}},
		{"call 06 12 34 56 78", []int{2}},
		{"+31612345678, +31 (6) 12345678, 0031 6 12345678", []int{2}},
		{"106-12345678", nil},
		{"0612345679", nil},
		{"+44 6 12345678", nil},
		{"+31 (0)6 1234 5678, 0031 (0)6-12345678", []int{2}},
		{"+31 (0)6 1234 5678", []int{2}}, {"+44 (0)6 1234 5678", nil}, {"+31 (0)7 1234 5678", nil},
		{"12 06 12345678", []int{2}}, {"0612345678 2026-11-23", []int{2}}, {"3 boxes, 06-12345678 10:30", []int{2}}, {"06-12345678-10", nil}, {"44 6 12345678", nil},
		{"+44 20 7946 0001 06 12345678", []int{2}}, {"06\u00a012\u201134\u201356\u202f78", []int{2}},
		{"zoë@xn--exmple-cua.org", []int{5}},
		{"member ab-1234!", []int{3}},
		{"xab-1234 ab-12345", nil},
		{"ab", nil},
		{"ZOË@EXÄMPLE.ORG and zoe\u0308@exa\u0308mple.org", []int{5}},
		{strings.Repeat("é", 1999) + " ann@example.com " + strings.Repeat("x", 9000), []int{0}},
		{strings.Repeat("x ", 1995) + "ann@example.com " + strings.Repeat("y", 9000) + " 0612345678", []int{0, 2}},
		{"", nil},
	} {
		if got := found(m, c.text); !slices.Equal(got, c.want) {
			t.Errorf("%.60q: %v, want %v", c.text, got, c.want)
		}
	}
}

// Whatever the window cuts, an identity is found wherever it stands.
func TestMatcherFindsEverywhere(t *testing.T) {
	m := newMatcher(people("email=ann@example.com", "phone=+31612345678"), "NL")
	for at := 2900; at < 4300; at++ {
		text := strings.Repeat("x", at) + " ann@example.com "
		text += strings.Repeat("y", 5000)
		if got := found(m, text); !slices.Equal(got, []int{0}) {
			t.Fatalf("at %d: %v", at, got)
		}
	}
	for at := 3800; at < 4100; at++ {
		if got := found(m, strings.Repeat("x", at)+"joann@example.com.au "+strings.Repeat("y", 900)); got != nil {
			t.Fatalf("at %d: %v", at, got)
		}
	}
}

// The matcher finds what a search for each identity alone finds.
func TestMatcherIsTheSlowOne(t *testing.T) {
	hits := 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 6))
		letters := []string{"a", "b", "ab", "@", ".", " ", "-"}
		word := func(n int) string {
			var b strings.Builder
			for range n {
				b.WriteString(letters[r.IntN(len(letters))])
			}
			return b.String()
		}
		var ids []string
		for range 1 + r.IntN(8) {
			ids = append(ids, "member="+word(3+r.IntN(4)))
		}
		m := newMatcher(people(ids...), "")
		text := word(r.IntN(200))
		if got, want := fmt.Sprint(found(m, text)), fmt.Sprint(slow(m, text)); got != want {
			t.Fatalf("seed %d: %q in %q: %s, want %s", seed, ids, text, got, want)
		}
		hits += len(found(m, text))
	}
	if hits < 30 {
		t.Errorf("only %d were found", hits)
	}
}

// What stands behind an escape is no part of the word after it: of JSON, in a value or in a
// text of it, of HTML and of addresses of the web, and of one within the other.
func TestMatcherReadsEscapes(t *testing.T) {
	m := newMatcher(people("email=ann@example.com", "phone=+31612345678", "name=Zoë Née", "email=ann+x@example.com"), "NL")
	for _, c := range []struct {
		in   any
		want []int
	}{
		{map[string]any{"to": "Ann <ann@example.com>"}, []int{0}},
		{map[string]any{"u": []any{"a=1&ann@example.com", "\ttel:\n+31 6 1234 5678"}}, []int{0, 1}},
		{map[string]any{"a": map[string]any{"ann@example.com": nil}, "n": int64(31612345678)}, []int{0, 1}},
		{map[string]any{"raw": []byte("<ann@example.com>")}, []int{0}},
		{[]any{"x", "x\tann@example.com"}, []int{0}},
		{`{"to":"Ann \u003cann@example.com\u003e"}`, []int{0}},
		{`{"note":"contact:\nann@example.com\ttel\n0612345678"}`, []int{0, 1}},
		{`{"p":"+31\/6\/12345678"}`, []int{1}},
		{`{"e":"ann\u0040example.com","n":"Zo\u00eb N\u00E9e"}`, []int{0, 2}},
		{`{"n":"\ud83d\udc0eann@example.com"}`, []int{0}},
		{`{"body":"{\"note\":\"x\\nann@example.com\"}"}`, []int{0}},
		{`{"a":"{\"b\":\"{\\\"c\\\":\\\"x\\\\nann@example.com\\\"}\"}"}`, []int{0}},
		{map[string]any{"body": `{"n":"\u003cann@example.com"}`}, []int{0}},
		{"https://x.example/?email=ann%40example.com&t=%2B31612345678", []int{0, 1}},
		{"q=to+ann%40example.com+or+ann%2Bx%40example.com", []int{0, 3}},
		{"100% of %zz, ann%40example.com", []int{0}},
		{"<p>&lt;ann@example.com&gt; ann&#43;x&commat;example.com</p> Zo&euml; N&eacute;e", []int{0, 2, 3}},
		{`{"html":"\u0026lt;ann@example.com\u0026gt;"}`, []int{0}},
		{`{"u":"https:\/\/x.example\/ann%2540example.com"}`, []int{0}},
		{`jo\u0061nn@example.com C:\new\ann.txt \u00 \`, nil},
		{"joann%40example.com 50%", nil},
		{strings.Repeat("é", 1999) + ` \u003cann@example.com\u003e ` + strings.Repeat("x", 9000), []int{0}},
	} {
		if got := found(m, c.in); !slices.Equal(got, c.want) {
			t.Errorf("%.80v: %v, want %v", c.in, got, c.want)
		}
	}
}

func slow(m *matcher, text string) []int {
	var out []int
	low := folded(text)
	for _, w := range m.wants {
		for i := 0; i+len(w.value) <= len(low); i++ {
			if low[i:i+len(w.value)] == w.value && bounded(low, i, i+len(w.value), w.form) {
				out = append(out, w.person)
				break
			}
		}
	}
	slices.Sort(out)
	return out
}
