package systems

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
)

func TestCapturedForm(t *testing.T) {
	for _, c := range []captured{{}, {Plan: []byte("plan")}, {Plan: []byte("plan"), Restrict: []byte("restriction")}, {Plan: bytes.Repeat([]byte{7}, 300), Restrict: []byte{0}}, {Plan: []byte("plan"), Edition: "of today"}} {
		got, ok := fromBytes(c.bytes())
		if !ok || !bytes.Equal(got.Plan, c.Plan) || !bytes.Equal(got.Restrict, c.Restrict) || got.Edition != c.Edition {
			t.Errorf("%v became %v", c, got)
		}
	}
	for _, bad := range [][]byte{nil, {5}, {5, 1, 2}, bytes.Repeat([]byte{0xff}, 20), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0}} {
		if c, ok := fromBytes(bad); ok {
			t.Errorf("%v was read as %v", bad, c)
		}
		if _, _, err := decode(bad); avow.KindOf(err) != avow.Internal || err == nil {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestPeriods(t *testing.T) {
	for want, p := range map[time.Duration]policy.Period{
		0: {}, 5 * time.Hour: {N: 5, Unit: policy.Hours}, 48 * time.Hour: {N: 2, Unit: policy.Days}, 14 * 24 * time.Hour: {N: 2, Unit: policy.Weeks},
		60 * 24 * time.Hour: {N: 2, Unit: policy.Months}, 730 * 24 * time.Hour: {N: 2, Unit: policy.Years},
	} {
		if got := lasts(p); got != want {
			t.Errorf("%v is %s, want %s", p, got, want)
		}
	}
}

// engineOf is an engine over the maps of the room's tests, with one system more.
func engineOf(t *testing.T, more string) *Engine {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "testdata", "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load("policy.yaml", src, nil)
	if p == nil {
		t.Fatal(problems)
	}
	dir := fstest.MapFS{"systems/more.yaml": {Data: []byte(more)}}
	for _, name := range []string{"shop", "crm", "desk", "paper"} {
		b, err := os.ReadFile(filepath.Join("..", "testdata", "systems", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		dir["systems/"+name+".yaml"] = &fstest.MapFile{Data: b}
	}
	m, err := datamap.Load(dir, p)
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Map: m, Region: "NL"})
}

const letters = `system: letters
kind: sqlite
credentials: env:X
erase-after: [crm, shop]
tables:
  letters:
    key: id
    identities: {to: email, phone: {kind: phone, compare: phone}, account: {kind: email, compare: exact}}
    relation: owns
    erase: delete
    columns: {text: messages.text, to: contact.email, phone: contact.phone, account: contact.email}
`

func TestRank(t *testing.T) {
	e := engineOf(t, letters)
	for name, want := range map[string]int{"shop": 0, "desk": 0, "crm": 1, "letters": 2, "nowhere": 0} {
		if got := e.rank(name, map[string]bool{}); got != want {
			t.Errorf("%s has rank %d, want %d", name, got, want)
		}
	}
}

func TestForms(t *testing.T) {
	e := engineOf(t, letters)
	forms := func(region avow.Region, kind, value string) string {
		var out []string
		for _, f := range e.Forms(region, cases.Identity{Kind: kind, Value: value}) {
			out = append(out, f.Compare+"="+f.Text)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct{ region, kind, value, want string }{
		{"", "email", "Ann@MAIL.example", "email=ann@mail.example exact=Ann@MAIL.example"},
		{"", "phone", "020 123 4567", "phone=+31201234567"}, // where the map's systems are
		{"GB", "phone", "020 7946 0018", "phone=+442079460018"},
		{"", "phone", "not a number", ""},
		{"", "account", "7", ""}, // of no kind of the map
	} {
		if got := forms(avow.Region(c.region), c.kind, c.value); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.kind, c.value, got, c.want)
		}
	}
}

// What no program reaches, and what staff decided to do without, is a task.
func TestByHand(t *testing.T) {
	e := engineOf(t, letters)
	parts := e.byHand(nil, cases.Request{Right: law.Remove, Without: []string{"letters"}})
	if len(parts) != 2 || parts[0].System != "letters" || parts[1].System != "paper" || parts[1].Task.In != 48*time.Hour || parts[1].Task.Who != "archive" {
		t.Errorf("%+v", parts)
	}
}

// A package says of what people were to look through what they came to, and never that it was done when it was not.
func TestWhatPeopleCameTo(t *testing.T) {
	e := engineOf(t, letters)
	scan := []cases.Attachment{{System: "paper", Name: "scan.pdf"}}
	away := []string{"letters"}
	lost := []cases.Undone{{System: "paper", Why: "The binder was lost."}, {System: "letters", Why: "Nobody has the key."}}
	for _, c := range []struct {
		r        cases.Request
		attached []cases.Attachment
		want     string
	}{
		{cases.Request{}, nil, "paper: looked through by hand, and nothing was added"},
		{cases.Request{}, scan, ""},
		{cases.Request{Undone: lost}, nil, "paper: it could not be looked through: The binder was lost."},
		{cases.Request{Without: away}, scan, "letters: it could not be reached; it was looked through by hand, and nothing was added"},
		{cases.Request{Without: away, Undone: lost[1:]}, scan, "letters: it could not be looked through: Nobody has the key."},
		{cases.Request{Without: away}, append(scan, cases.Attachment{System: "letters", Name: "a.txt"}), ""},
	} {
		if got := strings.Join(e.missing(c.r, &find.Found{}, c.attached), "; "); got != c.want {
			t.Errorf("%+v: %q, not %q", c.r, got, c.want)
		}
	}
}
