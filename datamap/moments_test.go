package datamap

import (
	"os"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/policy"
	"github.com/google/go-cmp/cmp"
)

// severalPolicy is the policy of the tests with rules that count from several events.
func severalPolicy(t *testing.T) *policy.Policy {
	t.Helper()
	src, err := os.ReadFile("testdata/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		"contact: {until: 24 months after last-contact,", "contact: {until: {latest: [24 months after last-contact, {earliest: [7 years after purchase, 9 years]}]},",
		"messages: {until: 24 months after collection,", "messages: {until: end of legal duty,").Replace(string(src))
	p, problems := policy.Load("policy.yaml", []byte(text), nil)
	if p == nil {
		t.Fatal(problems)
	}
	return p
}

const momentsFile = `system: shop
kind: sqlite
credentials: env:SHOP
tables:
  people:
    key: id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email, name: contact.name, born: {is: contact.birthday, type: integer}, text: messages.text}
    retention: RETENTION
`

func TestMomentsAreChecked(t *testing.T) {
	p := severalPolicy(t)
	const at = "systems/shop.yaml:11:"
	for retention, want := range map[string]string{
		"{contact: {last-contact: seen, purchase: bought, collection: made}}": "",
		"{contact: {last-contact: seen, purchase: seen, collection: seen}}":   "",
		"{contact: {last-contact: seen, purchase: bought}}": at + "26: warning: the retention rule `contact` counts from `collection`, and no column of `people` says when that was; " +
			"write a column for each event: `contact: {collection: …}`; what counts from an event without one never ends here",
		"{contact: seen}": at + "26: warning: the retention rule `contact` counts from `last-contact`, `purchase`, `collection`, and no column of `people` says when that was; " +
			"write a column for each event: `contact: {last-contact: …}`; what counts from an event without one never ends here",
		"{contact: {last-contact: seen, purchas: bought, purchase: bought, collection: made}}": at + "47: error: the retention rule `contact` does not count from `purchas`; did you mean `purchase`?",
		"{contact: {last-contact: seen, purchase: born, collection: made}}":                    at + "57: error: `born` of `people` is integer: nothing can count from it; name a column that holds dates",
		"{invoices: bought}":             "",
		"{invoices: {purchase: bought}}": "",
		"{invoices: born}":               at + "27: error: `born` of `people` is integer: nothing can count from it; name a column that holds dates",
		"{messages: sent}":               "", // avow retain plan says that nobody knows its end
		"{messages: {collection: sent}}": at + "28: error: the retention rule `messages` does not count from `collection`; it counts from no event: write the column alone, or leave it out",
		"{contact: {last-contact: [seen, bought], purchase: bought, collection: made}}": at + "41: error: a name is expected here, not a list",
	} {
		got := strings.TrimSpace(said(LoadText("systems/shop.yaml", []byte(strings.Replace(momentsFile, "RETENTION", retention, 1)), p)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", retention, diff)
		}
	}
}

// The living system must have each column, and dates in it.
func TestMomentsAreCheckedLive(t *testing.T) {
	column := func(name string, kind connect.Kind) connect.Column {
		return connect.Column{Name: name, Type: "a " + string(kind), Kind: kind, Nullable: true}
	}
	table := connect.Table{Name: "people", Key: []string{"id"}, Indexes: [][]string{{"email"}, {"lower(email)"}}, Columns: []connect.Column{column("id", connect.Integer), column("email", connect.TextKind),
		column("name", connect.TextKind), column("born", connect.Integer), column("text", connect.TextKind), column("seen", connect.TimeKind), column("bought", connect.DateKind), column("made", connect.TextKind)}}
	for retention, want := range map[string]string{
		"{contact: {last-contact: seen, purchase: bought, collection: seen}}": "",
		"{contact: {last-contact: seen, purchase: bougth, collection: seen}}": "systems/shop.yaml:11:57: error: `people` has no column `bougth`; did you mean `bought`?",
		"{contact: {last-contact: seen, purchase: bought, collection: made}}": "systems/shop.yaml:11:77: error: `made` of `people` is a text: nothing can count from it; name a column that holds dates",
		"{invoices: made}": "systems/shop.yaml:11:27: error: `made` of `people` is a text: nothing can count from it; name a column that holds dates",
	} {
		m, err := LoadText("systems/shop.yaml", []byte(strings.Replace(momentsFile, "RETENTION", retention, 1)), severalPolicy(t))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range m.CheckLive(map[string]*connect.Schema{"shop": {Tables: []connect.Table{table}}}) {
			got = append(got, p.String())
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", retention, diff)
		}
	}
}

// In files, services and documents a date may stand in a text.
func TestReadsDates(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		of   connect.Kind
		want bool
	}{
		{PostgreSQL, connect.DateKind, true}, {PostgreSQL, connect.TimeKind, true}, {PostgreSQL, connect.TextKind, false}, {SQLite, connect.TextKind, false},
		{Files, connect.TextKind, true}, {MongoDB, connect.TextKind, true}, {HTTP, connect.TextKind, true}, {HTTP, connect.Integer, false},
	} {
		if got := (&System{Kind: string(c.kind)}).ReadsDates(c.of); got != c.want {
			t.Errorf("%s, %s: %v", c.kind, c.of, got)
		}
	}
}
