package datamap

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

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

// dotted is what is said of a column whose name may be a path; only the database knows.
var dotted = regexp.MustCompile("(?m)^.*: warning: `odd.name` leads into the column `odd`.*\n")

const elsewhereFile = `system: shop
kind: sqlite
credentials: env:SHOP
tables:
  people:
    key: id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email, name: contact.name, "odd.name": messages.text}
    retention: RETENTION
  orders:
    key: id
    references: {buyer: people.id}
    relation: {buyer: owns}
    erase: clear
    columns: {amount: {is: orders.amount, type: decimal}}
  letters:
    key: id
    references: {sender: people.id, receiver: people.id, order: orders.id}
    relation: {sender: owns}
    erase: delete
    columns: {text: messages.text}
    retention: {messages: sent}
`

// A moment may stand in another table that refers to this one; which, is never guessed.
func TestMomentsElsewhereAreChecked(t *testing.T) {
	p := severalPolicy(t)
	const at = "systems/shop.yaml:11:"
	for retention, want := range map[string]string{
		"{invoices: orders.bought}":             "",
		"{invoices: orders.buyer.bought}":       "",
		"{invoices: {purchase: orders.bought}}": "",
		"{contact: {last-contact: letters.sender.sent, purchase: orders.bought, collection: made}}": at + "41: warning: rows of `letters` may be deleted by the rule `messages` before `contact` has ended, and then nobody knows any more when it does; " +
			"keep the latest moment in `people` too, and name that",
		"{messages: odd.name}":              "", // it is a column of its own
		"{invoices: letters.sent}":          at + "27: error: several references lead from `letters` to `people`; name the one that counts: `letters.sender.sent`; there are `sender`, `receiver`",
		"{invoices: letters.order.sent}":    at + "27: error: `letters.order` points at shop.orders, not at `people`; name a reference that points here",
		"{invoices: letters.reciever.sent}": at + "27: error: `letters` has no reference `reciever`; did you mean `receiver`?",
		"{invoices: order.bought}":          at + "27: error: the map has no table for `order.bought`; did you mean `orders.bought`?",
		"{invoices: people.bought}":         at + "27: error: a moment stands in the row itself, or in rows of another table that refer to it; write the column alone",
		"{invoices: crm.visits.last}":       at + "27: error: a moment stands in the same system as what ends, and `crm.visits` is in another; name a table of `shop`",
		"{invoices: orders.amount}":         at + "27: error: `amount` of `orders` is decimal: nothing can count from it; name a column that holds dates",
		"{invoices: {purchas: orders.bought}}": at + "27: warning: the retention rule `invoices` counts from `purchase`, and no column of `people` says when that was; " +
			"write a column for each event: `invoices: {purchase: …}`; what counts from an event without one never ends here\n" +
			at + "28: error: the retention rule `invoices` does not count from `purchas`; did you mean `purchase`?",
	} {
		files := fstest.MapFS{"systems/shop.yaml": {Data: []byte(strings.Replace(elsewhereFile, "RETENTION", retention, 1))},
			"systems/crm.yaml": {Data: []byte("system: crm\nkind: sqlite\ncredentials: env:CRM\ntables:\n  visits: {key: id, references: {who: shop.people.id}}\n")}}
		if diff := cmp.Diff(want, strings.TrimSpace(dotted.ReplaceAllString(said(Load(files, p)), ""))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", retention, diff)
		}
	}
	text := strings.NewReplacer("RETENTION", "{invoices: orders.bought}", "kind: sqlite", "kind: mongodb").Replace(elsewhereFile)
	want := at + "27: warning: `orders.bought` stands in another table, which is read in databases only: the rule `invoices` is not carried out here; keep the moment in `people` too, and name that"
	if diff := cmp.Diff(want, strings.TrimSpace(said(LoadText("systems/shop.yaml", []byte(text), p)))); diff != "" {
		t.Errorf("in documents (-want +got)\n%s", diff)
	}
}

// Rows that go by a rule as long as the one that counts from them are no loss, when both count from
// the same moment.
func TestMomentsElsewhereThatGo(t *testing.T) {
	const warning = "rows of `letters` may be deleted by the rule `messages` before"
	for retention, warns := range map[string]bool{"{messages: letters.sender.sent}": false, "{messages: letters.sender.made}": true, "{contact: letters.sender.made}": true, "{invoices: letters.sender.sent}": true,
		"{messages: orders.bought}": false} {
		got := said(LoadText("systems/shop.yaml", []byte(strings.Replace(elsewhereFile, "RETENTION", retention, 1)), testPolicy(t)))
		if strings.Contains(got, warning) != warns || strings.Contains(got, "error") {
			t.Errorf("%s: %s", retention, got)
		}
	}
}

// References that the database is asked for lead to moments when it has said them.
func TestMomentsElsewhereByTheDatabase(t *testing.T) {
	text := strings.NewReplacer("RETENTION", "{invoices: orders.bought}", "    references: {buyer: people.id}\n", "", "{buyer: owns}", "{buyer_id: owns}", "tables:", "take-from-database: [references]\ntables:").Replace(elsewhereFile)
	m, err := LoadText("systems/shop.yaml", []byte(text), severalPolicy(t))
	if err != nil || m.Table("shop.people").Elsewhere("orders.bought") != nil {
		t.Fatalf("before: %v", err)
	}
	refers := func(table string, columns ...string) map[string][]TableFacts {
		facts := []TableFacts{{Name: "people"}, {Name: "letters"}, {Name: "orders"}}
		for _, c := range columns {
			facts[2].References = append(facts[2].References, ReferenceFacts{Columns: []string{c}, Table: table, To: []string{"id"}})
		}
		return map[string][]TableFacts{"shop": facts}
	}
	whole, err := m.Complete(refers("people", "buyer_id"))
	if err != nil {
		t.Fatal(err)
	}
	if e := whole.Table("shop.people").Elsewhere("orders.bought"); e == nil || e.Column != "bought" || e.Reference.Name != "buyer_id" {
		t.Errorf("it is %+v", e)
	}
	for want, facts := range map[string]map[string][]TableFacts{
		"several references lead from `orders` to `people`; name the one that counts: `orders.buyer_id.bought`": refers("people", "buyer_id", "payer_id"),
		"no row of `orders` refers to one of `people`":                                                          refers("letters", "buyer_id"),
	} {
		if _, err := m.Complete(facts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// The living table that tells must be there, with the column, and dates in it.
func TestMomentsElsewhereAreCheckedLive(t *testing.T) {
	column := func(name string, kind connect.Kind) connect.Column {
		return connect.Column{Name: name, Type: "a " + string(kind), Kind: kind, Nullable: true}
	}
	const at = "systems/shop.yaml:11:27: "
	for retention, want := range map[string]string{
		"{invoices: orders.bought}":         "",
		"{invoices: orders.bougth}":         at + "error: `orders` has no column `bougth`; did you mean `bought`?",
		"{invoices: orders.place}":          at + "error: `place` of `orders` is a text: nothing can count from it; name a column that holds dates",
		"{invoices: letters.receiver.sent}": at + "warning: there is no index on `receiver`: every look for `letters.receiver.sent` reads all of `letters`; create one on `receiver`",
	} {
		m, err := LoadText("systems/shop.yaml", []byte(strings.NewReplacer("RETENTION", retention, `, "odd.name": messages.text`, "").Replace(elsewhereFile)), severalPolicy(t))
		if err != nil {
			t.Fatal(err)
		}
		schema := connect.Schema{Tables: []connect.Table{
			{Name: "people", Key: []string{"id"}, Indexes: [][]string{{"lower(email)"}}, Columns: []connect.Column{column("id", connect.Integer), column("email", connect.TextKind), column("name", connect.TextKind)}},
			{Name: "orders", Key: []string{"id"}, Indexes: [][]string{{"buyer"}}, Columns: []connect.Column{column("id", connect.Integer), column("buyer", connect.Integer), column("amount", connect.DecimalKind), column("bought", connect.DateKind), column("place", connect.TextKind)}},
			{Name: "letters", Key: []string{"id"}, Indexes: [][]string{{"sender"}}, Columns: []connect.Column{column("id", connect.Integer), column("sender", connect.Integer), column("receiver", connect.Integer), column("order", connect.Integer), column("text", connect.TextKind), column("sent", connect.DateKind)}}}}
		var got []string
		for _, p := range m.CheckLive(map[string]*connect.Schema{"shop": &schema}) {
			got = append(got, p.String())
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", retention, diff)
		}
	}
}
