package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
)

var letterTables = []string{
	"CREATE TABLE customer (id int PRIMARY KEY, email varchar(60) NOT NULL UNIQUE, name varchar(60) NOT NULL)",
	"CREATE TABLE letter (id int PRIMARY KEY, sender int, recipient int, body varchar(60), FOREIGN KEY (sender) REFERENCES customer (id), FOREIGN KEY (recipient) REFERENCES customer (id))",
	"CREATE TABLE invoice (id int PRIMARY KEY, customer int NOT NULL, text varchar(60), day date)",
	"INSERT INTO customer VALUES (1, 'ann@x.example', 'Ann'), (2, 'bob@x.example', 'Bob')",
	"INSERT INTO letter VALUES (1, 1, 2, 'hi Bob')", "INSERT INTO letter VALUES (2, 2, 1, 'hi Ann')",
	"INSERT INTO letter VALUES (3, 1, NULL, 'to myself')", "INSERT INTO letter VALUES (4, 1, 1, 'to myself')",
	"INSERT INTO invoice VALUES (1, 1, 'a net', '2026-05-01')",
}

const letterMap = `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
letter:
  references: {sender: customer.id, recipient: customer.id}
  relation: {sender: shares, recipient: shares}
  erase: delete
  columns: {body: {is: messages.text, of: sender}}
invoice:
  references: {customer: customer.id}
  relation: {customer: owns}
  erase: {keep: {because: Tax law., for: 7 years}}
  columns: {text: orders.items}
`

// Who leaves a row that others share no longer holds their own row by it: the database
// has no reason left to refuse that one's deletion.
func TestWhoLeavesASharedRowGoes(t *testing.T) {
	onEach(t, letterTables, letterMap, func(t *testing.T, w *world, src connect.Source) {
		p := w.erase("email=ann@x.example")
		wants(t, "customers", texts(t, src, "customer", "id"), "2")
		wants(t, "letters", texts(t, src, "letter", "id", "sender", "recipient", "body"), "1||2|", "2|2||hi Ann")
		wants(t, "plan", said(p)[:1], "customer: delete email name, 1")
	})
}

// A script that compares plans finds in every entry for a row what the row is called and
// why something happens to it.
func TestEntriesSayWhichAndWhy(t *testing.T) {
	onEach(t, letterTables, letterMap, func(t *testing.T, w *world, _ connect.Source) {
		p := captured(t, w.plan(people("email=ann@x.example")))
		out, err := json.Marshal(p.Entries(true))
		if err != nil {
			t.Fatal(err)
		}
		var list []map[string]any
		if err := json.Unmarshal(out, &list); err != nil {
			t.Fatal(err)
		}
		var whys []string
		for _, e := range list {
			key, _ := e["key"].(map[string]any)
			why, _ := e["reason"].(string)
			if len(key) != 1 || why == "" || e["system"] != "shop" || e["table"] == "" || e["columns"] == nil || e["action"] == "" {
				t.Errorf("%v", e)
			}
			whys = append(whys, e["table"].(string)+" "+e["action"].(string)+": "+why)
		}
		for _, want := range []string{"customer delete: the row is the person's own", "letter delete: nobody else has a part in the row",
			"letter clear: this part of the row is the person's own", "letter untie: the person leaves a row that others share", "invoice keep: Tax law."} {
			if !strings.Contains(strings.Join(whys, "\n"), want) {
				t.Errorf("no entry says %q:\n%s", want, strings.Join(whys, "\n"))
			}
		}
	})
}

// What is left as it is says which rows as well; a system that is away and a table
// without a key have an empty name.
func TestEntriesOfRowsThatStay(t *testing.T) {
	w := books(t)
	s, f := w.found(people("email=ann@x.example"))
	p, err := Rectify(t.Context(), s, f, w.options, []Correction{{Data: "contact.name", From: "somebody else", To: "Anne"}})
	if err != nil {
		t.Fatal(err)
	}
	p.Systems = append(p.Systems, &SystemPlan{System: "crm", Away: "The system does not answer."})
	for _, e := range p.Entries(true) {
		if e.Key == nil || e.Reason == "" || e.System == "shop" && len(e.Key) == 0 {
			t.Errorf("%+v", e)
		}
	}
}
