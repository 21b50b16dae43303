package notice

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// load compiles a policy file; warnings do not count.
func load(t *testing.T, file string) *policy.Policy {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load(filepath.Base(file), src, nil)
	if p == nil {
		for _, problem := range problems {
			if !problem.Warning {
				t.Error(problem)
			}
		}
		t.FailNow()
	}
	return p
}

func small(t *testing.T) *policy.Policy { return load(t, "testdata/small.yaml") }

// policies are all that the tests of renderings go over: ours and the examples.
func policies(t *testing.T) map[string]*policy.Policy {
	t.Helper()
	all := map[string]*policy.Policy{"small": small(t)}
	files, err := filepath.Glob("../../examples/*/policy.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples found: %v", err)
	}
	for _, f := range files {
		all[filepath.Base(filepath.Dir(f))] = load(t, f)
	}
	return all
}

func rendered(t *testing.T, write func(io.Writer, *policy.Policy, Options) error, p *policy.Policy, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, p, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var renderers = map[string]func(io.Writer, *policy.Policy, Options) error{
	"small.html": HTML, "small.md": Markdown, "small.json": JSON, "small.ropa.html": ROPA, "small.ropa.csv": ROPACSV,
}

func smallOptions() Options {
	return Options{
		Stylesheet: "/notice.css", PrivacyCentre: "/privacy", BaseURL: "https://shop.example/policy/shop",
		Links:    []Link{{"PDF", "/policy/shop.pdf"}},
		Versions: []VersionInfo{{Number: 1, Effective: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), URL: "/policy/shop/1"}},
		Changes: []policy.Change{
			{Effect: policy.Widens, What: "`offers` may now use `visit.basket`", Key: "purpose-groups.marketing.purposes.offers"},
			{Effect: policy.Narrows, What: "`post` no longer receives `gift`", Key: "recipients.post"}},
	}
}

func TestGolden(t *testing.T) {
	p := small(t)
	for name, write := range renderers {
		got := rendered(t, write, p, smallOptions())
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from what is rendered now; look at the change and run go test -update", file)
		}
	}
}

func TestSameBytes(t *testing.T) {
	for name, p := range policies(t) {
		for _, write := range []func(io.Writer, *policy.Policy, Options) error{HTML, Markdown, JSON, PDF, ROPA, ROPACSV} {
			first, second := rendered(t, write, p, Options{}), rendered(t, write, p, Options{})
			if first != second {
				t.Errorf("%s: two renderings of the same policy differ", name)
			}
		}
	}
}

// Every clause a decision can cite has its own id in the notice.
func TestEveryClauseHasItsSentence(t *testing.T) {
	for name, p := range policies(t) {
		n := Build(p, Options{})
		for i, c := range p.Clauses {
			if i > 0 && n.Anchor(c.Key) != Anchor(c.Key) {
				t.Errorf("%s: clause %s has no sentence of its own; it would lead to %q", name, c.Key, n.Anchor(c.Key))
			}
		}
	}
	if got := Build(small(t), Options{}).Anchor("retention.contact.nothing.like-it"); got != "retention.contact" {
		t.Errorf("a part that is not printed leads to %q, want the part it stands in", got)
	}
}

func TestAnchorsAreDifferent(t *testing.T) {
	for _, pair := range [][2]string{{"a.b", "a-b"}, {"a b", "a~20b"}, {"cookies._ga*", "cookies._ga"}} {
		if Anchor(pair[0]) == Anchor(pair[1]) {
			t.Errorf("%q and %q have the same id %q", pair[0], pair[1], Anchor(pair[0]))
		}
	}
}

func TestLanguages(t *testing.T) {
	p := small(t)
	if got := rendered(t, HTML, p, Options{}); !strings.Contains(got, "<h1>Privacy notice of the corner shop</h1>") {
		t.Error("without a language the text that prevails is printed, unmarked")
	}
	if got := rendered(t, HTML, p, Options{Lang: "nl-BE"}); !strings.Contains(got, `<h1><span lang="nl" dir="auto">Privacyverklaring van de buurtwinkel</span></h1>`) {
		t.Error("a text in the reader's language is printed and marked with it")
	}
	if got := rendered(t, HTML, p, Options{Lang: "fr"}); !strings.Contains(got, "<h1>Privacy notice of the corner shop</h1>") {
		t.Error("a language the policy lacks falls back to the text that prevails")
	}
}

func TestChangesAreNamedByTitles(t *testing.T) {
	got := Build(small(t), smallOptions())
	for _, s := range got.Sections {
		for _, sub := range s.Sections {
			if sub.ID == "what-changed" {
				text := sub.Blocks[1].Items[0].Body[0].String()
				if want := "“Send you offers” may now use Visit data (basket)."; text != want {
					t.Errorf("change reads %q, want %q", text, want)
				}
				return
			}
		}
	}
	t.Error("no section says what changed")
}

// TestChange: names become what readers know them by, and are said once.
func TestChange(t *testing.T) {
	for _, test := range []struct{ what, key, want string }{
		{"a new purpose: `offers` (Send you offers)", "purpose-groups.telling.purposes.offers", "A new purpose: “Send you offers”."},
		{"`order` now collects for `offers`", "collect.order", "“Order form” now collects for “Send you offers”."},
		{"the role `counter` now works on `offers`", "staff.counter", "The role “The counter” now works on “Send you offers”."},
		{"the words of `purpose-groups.telling.purposes.offers` changed", "purpose-groups.telling.purposes.offers", "The words of “Send you offers” changed."},
		{"the cookie `shop_id` may be set", "cookies.shop_id", "The cookie “shop_id” may be set."},
	} {
		if got := Change(small(t), policy.Change{What: test.what, Key: test.key}, "en"); got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
}

func TestPDFRefusesWhatItCannotShow(t *testing.T) {
	for _, title := range []string{"隐私声明", "מדיניות פרטיות", "Privacy 🔒"} {
		p := *small(t)
		d := *p.Document
		d.Title = policy.Text{Plain: title}
		p.Document = &d
		var out bytes.Buffer
		err := PDF(&out, &p, Options{})
		var e *avow.Error
		if !errors.As(err, &e) || e.Kind != avow.Invalid || out.Len() != 0 {
			t.Errorf("%q: error %v and %d bytes, want an Invalid error and none", title, err, out.Len())
		}
	}
	p := *small(t)
	d := *p.Document
	d.Title = policy.Text{Plain: "Πολιτική, Zażółć, Конфиденциальность, e\u0301te\u0301"}
	p.Document = &d
	if err := PDF(io.Discard, &p, Options{}); err != nil {
		t.Errorf("Greek, Polish, Russian and composed letters: %v", err)
	}
}

func TestMachineForm(t *testing.T) {
	var m Machine
	if err := json.Unmarshal([]byte(rendered(t, JSON, small(t), Options{})), &m); err != nil {
		t.Fatal(err)
	}
	if m.Format != Format || m.Facts.Policy != "shop" || m.Facts.DNT != "no-optional-cookies" || m.Facts.GPC != "opt-out" || !m.Facts.NewData {
		t.Errorf("facts are %+v", m.Facts)
	}
	for _, p := range m.Facts.Purposes {
		if p.Name == "offers" {
			use, send := p.Reasons[0].Grounds["use"]["individual"], p.Reasons[0].Grounds["send"]["individual"]
			if len(use) != 2 || use[1].Basis != "legitimate-interests" || len(use[1].If) != 1 || use[1].If[0] != "customer" || len(send) != 1 || send[0].Basis != "consent" {
				t.Errorf("grounds of offers: use %+v, send %+v", use, send)
			}
			if p.Anchor != "purpose-groups.marketing.purposes.offers" || !p.Consent {
				t.Errorf("offers is %+v", p)
			}
			return
		}
	}
	t.Error("the purpose offers is not among the facts")
}

func TestCSVIsNoFormula(t *testing.T) {
	p := *small(t)
	d := *p.Document
	d.Organisation.Name = policy.Text{Plain: `=HYPERLINK("http://evil.example")`}
	p.Document = &d
	rows, err := csv.NewReader(strings.NewReader(rendered(t, ROPACSV, &p, Options{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := rows[1][1]; got != `'=HYPERLINK("http://evil.example")` {
		t.Errorf("controller is %q", got)
	}
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r"} {
		if csvSafe(start+"x") != "'"+start+"x" {
			t.Errorf("a cell that begins with %q is left alone", start)
		}
	}
}

func TestRecordHasAllActivities(t *testing.T) {
	for name, p := range policies(t) {
		rows, err := csv.NewReader(strings.NewReader(rendered(t, ROPACSV, p, Options{}))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		listed := 0
		for _, x := range p.Purposes {
			if x.Declared {
				listed++
			}
		}
		if want := listed + len(p.Document.Agreements) + 1; len(rows) != want {
			t.Errorf("%s: %d lines in the record, want %d: the heading, every purpose, duty and disclosure, every agreement", name, len(rows), want)
		}
	}
}

// What other rooms say in the notice's words.
func TestPhrasesForOtherRooms(t *testing.T) {
	p := small(t)
	rule, _ := p.Document.Retention.Rules.Get("bills")
	if got := Until(p, rule.Until, "en"); got != "7 years after the transaction" {
		t.Errorf("Until says %q", got)
	}
	if got := FieldTitle(p, "email", "en"); got != "E-mail address" {
		t.Errorf("FieldTitle says %q", got)
	}
	if got := BasisMeans(p, "consent", "en"); got != "You said yes, and can take it back at any time." {
		t.Errorf("BasisMeans says %q", got)
	}
	if got := Text(p, p.Document.Title, "nl"); got != "Privacyverklaring van de buurtwinkel" {
		t.Errorf("Text says %q", got)
	}
	if got := strings.Join(Decisions(p, "en"), "\n"); got != "Decide whether you may pay later: What is decided: whether you may pay later. A machine may decide alone. How: Late payments are counted. "+
		"What follows for you: You pay at once. To have a person look at it: officer@shop.example." {
		t.Errorf("Decisions says %q", got)
	}
}
