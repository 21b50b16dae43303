package policy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// load compiles a file that must have no errors.
func load(t testing.TB, src string, after *Policy) *Policy {
	t.Helper()
	p, ps := Load("f", []byte(src), after)
	if p == nil {
		t.Fatal(ps.Error())
	}
	return p
}

func good(t testing.TB) string { return string(readGood(t)) }

// replaced makes a later version: the pairs of old and new, each once.
func replaced(t *testing.T, src string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		src = mutate(t, src, pairs[i], pairs[i+1])
	}
	return src
}

func TestSeriesProblems(t *testing.T) {
	first := load(t, good(t), nil)
	tests := []struct {
		code string
		at   string
		src  string
	}{
		{codeRenamedPolicy, "policy:", replaced(t, good(t), "policy: library", "policy: libary")},
		{codeEarlierVersion, "effective:", replaced(t, good(t), "effective: 2026-02-01", "effective: 2026-01-15")},
		{codeEndsLiving, "ends: [score", replaced(t, good(t), "consents:", "ends: [score]\nconsents:")},
		{codeUnknownName, "ends: [score", replaced(t, good(t), "consents:", "ends: [scores]\nconsents:")},
		{codeUnknownName, "formerly:", replaced(t, good(t), "      score:\n", "      points:\n        formerly: scores\n")},
		{codeUnknownName, "for: [remind-you], in: NL", replaced(t, good(t), "[lend, remind], in: NL", "[remind-you], in: NL")},
		{codeUnknownName, "for: [score], in: NL", replaced(t, good(t), "      score:\n", "      points:\n        formerly: score\n", "[lend, remind], in: NL", "[score], in: NL")},
	}
	for _, test := range tests {
		t.Run(test.code, func(t *testing.T) {
			_, ps := Load("f", []byte(test.src), first)
			wantOne(t, ps, test.code, markedLine(t, test.src, test.at))
		})
	}
}

func TestSameDayIsLater(t *testing.T) {
	first := load(t, good(t), nil)
	second := load(t, good(t), first)
	if second.Number != 2 {
		t.Errorf("number %d", second.Number)
	}
}

// TestIndexesStay: what an earlier version declared keeps its index for ever, by
// its old name and its new one.
func TestIndexesStay(t *testing.T) {
	first := load(t, good(t), nil)
	second := load(t, replaced(t, good(t),
		"      score:\n", "      points:\n        formerly: score\n",
		"  card: {title: Bank card", "  bank: {formerly: card, title: Bank card", "uses: [contact, loans, card]", "uses: [contact, loans, bank]",
		"yields: [contact, loans, card, health]", "yields: [contact, loans, bank, health]", "[contact.phone, card]", "[contact.phone, bank]",
		"  card: {until", "  bank: {until",
		"  press: {name: Print house", "  printer: {name: Print house",
	), first)
	same := func(what string, a, b int, okA, okB bool) {
		t.Helper()
		if a != b || !okA || !okB {
			t.Errorf("%s: %d (%t) and %d (%t)", what, a, okA, b, okB)
		}
	}
	for _, pair := range [][2]string{{"score", "score"}, {"score", "points"}, {"lend", "lend"}, {"by-law", "by-law"}, {DutySuppress, DutySuppress}} {
		a, okA := first.Purpose(pair[0])
		b, okB := second.Purpose(pair[1])
		same(pair[1], a, b, okA, okB)
	}
	for _, pair := range [][2]string{{"card.token", "bank.token"}, {"card.token", "card.token"}, {"contact.email", "contact.email"}} {
		a, okA := first.Field(pair[0])
		b, okB := second.Field(pair[1])
		same(pair[1], a, b, okA, okB)
	}
	press, _ := second.Recipient("press")
	if r := second.Recipients[press]; r.Declared || !r.Receives.Empty() {
		t.Errorf("a recipient that is gone still receives: %+v", r)
	}
	if i, _ := second.Recipient("printer"); i != len(first.Recipients) {
		t.Errorf("a new recipient has index %d", i)
	}
}

func TestEnds(t *testing.T) {
	first := load(t, good(t), nil)
	gone := replaced(t, good(t), scorePurpose(t), "")
	dropped := load(t, gone, first)
	i, ok := dropped.Purpose("score")
	if q := dropped.Purposes[i]; !ok || q.Declared || q.Ended {
		t.Errorf("a purpose left out: %+v", q)
	}
	ended := load(t, replaced(t, gone, "consents:", "ends: [score]\nconsents:"), first)
	if q := ended.Purposes[i]; q.Declared || !q.Ended || ended.Clauses[q.Clause].Key != "ends.score" {
		t.Errorf("an ended purpose: %+v", q)
	}
	still := load(t, gone, ended)
	if q := still.Purposes[i]; !q.Ended {
		t.Error("what has ended stays ended")
	}
	back := load(t, good(t), still)
	if q := back.Purposes[i]; !q.Declared || q.Ended {
		t.Error("declared again it is a purpose again")
	}
}

func scorePurpose(t testing.TB) string {
	t.Helper()
	src := good(t)
	from, to := strings.Index(src, "      score:\n"), strings.Index(src, "\nconsents:")
	return src[from:to]
}

// TestGenerations: a consent goes on where nothing widens, and opens a new
// generation where something does.
func TestGenerations(t *testing.T) {
	const uses = "basis: consent\n        uses: [site]"
	tests := []struct {
		name string
		new  bool
		with []string
	}{
		{"nothing", false, nil},
		{"the words", false, []string{"title: See which pages are read", "title: See what is read"}},
		{"less data", false, []string{uses, "basis: consent\n        uses: [site.page]", "receives: [site], for", "receives: [site.page], for"}},
		{"more data", true, []string{uses, "basis: consent\n        uses: [site, contact.name]"}},
		{"another field in the category", true, []string{"fields: [page, device]", "fields: [page, device, referrer]"}},
		{"a new reason", true, []string{uses, "reasons: [{because: One., basis: consent, uses: [site]}, {because: Two., basis: consent, uses: [loans]}]"}},
		{"a weaker basis", true, []string{uses, "basis: [consent, legitimate-interests]\n        object-by: [desk]\n        uses: [site]"}},
		{"a weaker basis for one act", true, []string{uses, uses + "\n        to-keep: {basis: legitimate-interests}\n        object-by: [desk]"}},
		{"profiling", true, []string{uses, uses + "\n        profiling: yes", "  - identify-people-from: [site]\n", ""}},
		{"a new recipient", true, []string{"receives: [contact.name], for: [letter]", "receives: [contact.name, site], for: [letter, pages]", "role: processor, receives: [contact.name, site]", "role: processor, receives: [contact.name, site]"}},
		{"a recipient less", false, []string{"receives: [site], for: [pages], in: IE", "receives: [site], for: [figures], in: IE"}},
		{"a place inside", false, []string{"in: IE", "in: IE"}},
		{"a place outside", true, []string{"in: IE", "in: [IE, US], safeguard: standard-clauses"}},
		{"a place unstated", true, []string{", in: IE", ""}},
		{"kept longer", true, []string{"30 days after collection, then", "60 days after collection, then"}},
		{"kept less long", false, []string{"30 days after collection, then", "20 days after collection, then"}},
		{"other data kept longer", false, []string{"1 year after return, then", "9 years after return, then"}},
		{"another purpose widened", false, []string{"uses: [contact, loans]\n", "uses: [contact, loans, site]\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			first := load(t, good(t), nil)
			second := load(t, replaced(t, good(t), test.with...), first)
			i, _ := second.Purpose("pages")
			a, b := first.Purposes[i].ConsentLane, second.Purposes[i].ConsentLane
			if (a != b) != test.new {
				t.Fatalf("lanes %d and %d", a, b)
			}
			if lane := second.Consents[b]; !lane.Current || lane.Purpose != i || test.new && (lane.Generation != 2 || lane.Since != 2) {
				t.Errorf("lane %+v", lane)
			}
			if old := second.Consents[a]; test.new && old.Current {
				t.Errorf("the old lane is current: %+v", old)
			}
			for _, r := range second.Purposes[i].Reasons {
				for _, g := range r.Grounds[0][1] {
					if g.Basis.String() == "consent" && g.Lane != b {
						t.Errorf("a ground rests on lane %d", g.Lane)
					}
				}
			}
		})
	}
}

// TestObjectionsCarryOver: nobody has to object twice, whatever widens.
func TestObjectionsCarryOver(t *testing.T) {
	first := load(t, good(t), nil)
	second := load(t, replaced(t, good(t),
		"      letter:\n", "      news:\n        formerly: letter\n", "consent: [letter]", "consent: [news]", "for: [letter], in", "for: [news], in",
		"letter: {confirm", "news: {confirm", "{letter: [loans]}", "{news: [loans]}",
		"uses: [contact.email, contact.name]", "uses: [contact]"), first)
	i, _ := second.Purpose("news")
	a, b := first.Purposes[i].Reasons[0].ObjectionLane, second.Purposes[i].Reasons[0].ObjectionLane
	if a != b || a < 0 {
		t.Errorf("objection lanes %d and %d", a, b)
	}
	if first.Purposes[i].ConsentLane == second.Purposes[i].ConsentLane {
		t.Error("the consent was widened and goes on")
	}
}

// TestDeterministic: the same bytes are the same policy.
func TestDeterministic(t *testing.T) {
	first, again := load(t, good(t), nil), load(t, good(t), nil)
	if !reflect.DeepEqual(first, again) {
		t.Error("two compilations differ")
	}
	if !bytes.Equal(first.Source, []byte(good(t))) {
		t.Error("the source is not the bytes given")
	}
	other := load(t, good(t)+"\n", nil)
	if first.Hash == other.Hash {
		t.Error("other bytes, the same hash")
	}
}

// TestEarlierVersionUntouched: compiling a later version changes nothing of the one before it.
func TestEarlierVersionUntouched(t *testing.T) {
	first, twin := load(t, good(t), nil), load(t, good(t), nil)
	load(t, replaced(t, good(t), "      score:\n", "      points:\n        formerly: score\n", "fields: [page, device]", "fields: [page, device, referrer]"), first)
	if !reflect.DeepEqual(first, twin) {
		t.Error("the earlier version changed")
	}
}

// TestBounds: what passes a bound is an error at the line that passes it.
func TestBounds(t *testing.T) {
	many := func(n int, line func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i))
		}
		return b.String()
	}
	first := load(t, good(t), nil)
	tests := []struct {
		name, old string
		have, max int
		line      func(i int) string
	}{
		{"fields", "  site: {title", len(first.Fields), MaxFields, func(i int) string { return fmt.Sprintf("  x%d: {title: X, fields: [a], aggregate: yes}\n", i) }},
		{"facts", "  member:", len(first.Facts), MaxFacts, func(i int) string { return fmt.Sprintf("  x%d: {means: X}\n", i) }},
		{"roles", "  desk: {for", len(first.Roles), MaxRoles, func(i int) string { return fmt.Sprintf("  x%d: {title: X}\n", i) }},
		{"recipients", "  host: {name", len(first.Recipients), MaxRecipients, func(i int) string {
			return fmt.Sprintf("  x%d: {role: processor, receives: [counts], for: [lend], in: NL}\n", i)
		}},
		{"consents", "      letter:\n", len(first.Consents), MaxConsentLanes, func(i int) string {
			return fmt.Sprintf("      x%d: {title: X%d, basis: consent, uses: [counts], off-until: asked}\n", i, i)
		}},
		{"objections", "      letter:\n", len(first.Objections), MaxObjectionLanes, func(i int) string {
			return fmt.Sprintf("      x%d: {title: X%d, basis: legitimate-interests, uses: [counts]}\n", i, i)
		}},
		{"purposes", "      letter:\n", len(first.Purposes), MaxPurposes, func(i int) string {
			return fmt.Sprintf("      x%d: {title: X%d, basis: contract, uses: [counts]}\n", i, i)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fits := test.max - test.have
			load(t, replaced(t, good(t), test.old, many(fits, test.line)+test.old), nil)
			src := replaced(t, good(t), test.old, many(fits+1, test.line)+test.old)
			p, ps := Load("f", []byte(src), nil)
			n := 0
			for _, problem := range ps {
				if problem.Code == codeTooMany {
					n++
					if problem.Line < markedLine(t, src, test.line(0)) {
						t.Errorf("reported before the line that passes it: %s", problem)
					}
				}
			}
			if p != nil || n != 1 {
				t.Errorf("wanted one %s, found %d:\n%s", codeTooMany, n, ps.Error())
			}
		})
	}
}

// TestCodes: every kind of problem is explained once, and shown by a test here.
func TestCodes(t *testing.T) {
	shown := map[string]bool{codeTooMany: true, codeRenamedPolicy: true, codeEarlierVersion: true, codeEndsLiving: true}
	for _, m := range mutants {
		shown[m.code] = true
	}
	for _, m := range more {
		shown[m.code] = true
	}
	listed := map[string]bool{}
	for _, c := range readingCodes {
		shown[c.Name] = true // testdata/parse shows them
	}
	for _, c := range Codes() {
		if listed[c.Name] || c.Says == "" || !strings.HasSuffix(c.Says, ".") {
			t.Errorf("%+v: listed twice, or not explained", c)
		}
		listed[c.Name] = true
		if !shown[c.Name] {
			t.Errorf("no mutant shows %s", c.Name)
		}
	}
	for code := range shown {
		if !listed[code] {
			t.Errorf("%s is not listed", code)
		}
	}
}

// TestCodesOfReading: every code that the reader gives is explained.
func TestCodesOfReading(t *testing.T) {
	given := regexp.MustCompile(`\.(?:add|warn)\([^"\n]*"([a-z]+(?:-[a-z]+)*)"|Code: "([a-z-]+)"`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "diff") {
			continue
		}
		for _, m := range given.FindAllStringSubmatch(string(src), -1) {
			n++
			code := m[1] + m[2]
			if !slices.ContainsFunc(Codes(), func(c Code) bool { return c.Name == code }) {
				t.Errorf("%s gives %s, which is not listed", file, code)
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d codes found in the source", n)
	}
}

// TestChecksPage: docs/checks.md is what Checks writes.
func TestChecksPage(t *testing.T) {
	page, err := os.ReadFile("../docs/checks.md")
	if err != nil || !bytes.Equal(page, Checks()) {
		t.Errorf("docs/checks.md is stale (%v): run go generate ./policy", err)
	}
}

func TestStrict(t *testing.T) {
	_, ps := Load("f", []byte(replaced(t, good(t), "basis: contract\n        uses: [loans]", "uses: [loans]")), nil)
	if ps.Errors() || !ps.Strict().Errors() {
		t.Error("a basis that a law demands is an error under strict, and only there")
	}
	_, ps = Load("f", []byte(replaced(t, good(t), "covers: [www", "accepted-by: reading this\ncovers: [www")), nil)
	if ps.Strict().Errors() {
		t.Error("other warnings stay warnings")
	}
}

// TestLookupsAllocateNothing: the gate asks by name on its way.
func TestLookupsAllocateNothing(t *testing.T) {
	p := load(t, good(t), nil)
	n := testing.AllocsPerRun(100, func() {
		p.Field("contact.email")
		p.Data("contact")
		p.Data("contact.email")
		p.Purpose("lend")
		p.Recipient("host")
		p.Role("desk")
		p.Fact("member")
		p.Point("card")
		p.FindSource("you")
		p.Topic("letter")
		p.Clause("signals.dnt")
		p.Purpose("nothing")
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	for _, name := range []string{"x", ""} {
		if i, ok := p.Purpose(name); ok || i != -1 {
			t.Errorf("%q is purpose %d", name, i)
		}
	}
}

// TestManyProblems: of very many the errors are shown first, and how many are not.
func TestManyProblems(t *testing.T) {
	src := replaced(t, good(t), "yields: [site]}", "yields: [site]}\n  x: {title: X, yields: [nothing]}\n")
	var many strings.Builder
	for i := range 2 * maxProblems {
		fmt.Fprintf(&many, "  x%d: {title: X, yields: [nothing]}\n", i)
	}
	src = replaced(t, src, "  x: {title: X, yields: [nothing]}\n", many.String())
	p, ps := Load("f", []byte(src), nil)
	last := ps[len(ps)-1]
	if p != nil || len(ps) != maxProblems+1 || last.Code != "more-problems" || !strings.HasPrefix(last.Message, "200 ") {
		t.Errorf("%d problems, the last %s", len(ps), last)
	}
}
