package find

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo"
	"github.com/avowhq/avow/connect/mongo/mongotest"
	"github.com/avowhq/avow/datamap"
)

// example is the map of a folder of the map's own tests.
func example(t *testing.T, dir string) *datamap.Map {
	t.Helper()
	files := map[string]string{}
	names, err := filepath.Glob(filepath.Join("../testdata", dir, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatal(dir, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(text)
	}
	return mapOf(t, files)
}

const shopDDL = `CREATE TABLE customers (id INTEGER PRIMARY KEY, kind TEXT, email TEXT, phone TEXT, full_name TEXT, born DATE, member_no TEXT, remarks TEXT, home_address INTEGER, invited_by INTEGER, processing TEXT, last_seen_at TEXT);
CREATE TABLE addresses (id INTEGER PRIMARY KEY, street TEXT, city TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, ship_to INTEGER, invoice_name TEXT, invoice_address TEXT, total NUMERIC(10,2), ordered_at TEXT);
CREATE TABLE order_lines (order_id INTEGER, line INTEGER, article TEXT, PRIMARY KEY (order_id, line));
CREATE TABLE messages (id INTEGER PRIMARY KEY, sender_id INTEGER, recipient_id INTEGER, body TEXT, sender_name TEXT, recipient_name TEXT);
CREATE TABLE notes (id INTEGER PRIMARY KEY, about_type TEXT, about_id INTEGER, note TEXT);
INSERT INTO customers (id, kind, email, phone, full_name, member_no, remarks, home_address, invited_by) VALUES
 (1, 'person', 'ann@x.example', NULL, 'Ann', ' M-1 ', 'r', 1, NULL), (2, 'person', 'bob@x.example', NULL, 'Bob', NULL, 'r', 1, 1),
 (3, 'firm', 'ann@x.example', NULL, 'Ann & Co', NULL, 'r', 2, NULL), (4, 'person', 'old@x.example', NULL, 'Ann', 'M-1', 'r', NULL, NULL);
INSERT INTO addresses VALUES (1, 'Quay 1', 'Hull'), (2, 'Quay 2', 'Hull'), (3, 'Quay 3', 'Hull');
INSERT INTO orders VALUES (1, 1, 3, 'Ann', 'Quay 1', 5.50, ''), (2, 2, 3, 'Bob', 'Quay 1', 1, ''), (3, 3, 2, 'Ann & Co', '', 2, ''), (4, 4, NULL, 'Ann', '', 3, '');
INSERT INTO order_lines VALUES (1, 1, 'oar'), (1, 2, 'sail'), (2, 1, 'oar'), (4, 1, 'rope');
INSERT INTO messages VALUES (1, 1, 2, 'from ann', 'Ann', 'Bob'), (2, 2, 1, 'from bob', 'Bob', 'Ann'), (3, 1, NULL, 'draft', 'Ann', NULL), (4, 2, 3, 'x', 'Bob', 'Co');
INSERT INTO notes VALUES (1, 'Customer', 1, 'n'), (2, 'Order', 1, 'n'), (3, 'Customer', 2, 'n'), (4, 'Order', 2, 'n'), (5, 'Order', 4, 'n')`

func TestShop(t *testing.T) {
	m := example(t, "shop")
	s := searchIn(t, m, Sources{"shop": database(t, "shop", strings.ReplaceAll(shopDDL, "TEXT", "VARCHAR(60)"))}, Options{})
	// By the member number an old row of hers is found; by the address the firm's is not.
	f := find(t, s, Person{[]Identity{{"email", "Ann@x.example"}, {"member-number", "M-1"}, {"email", "old@x.example"}}})
	for table, want := range map[string][]string{
		"customers":   {"1 itself owns 0 last", "2 invited_by mentions 0", "4 itself owns 0 last"},
		"addresses":   {"1 customers.home shares 0", "3 orders.ship_to shares 0"},
		"orders":      {"1 customer owns 0 last", "4 customer owns 0 last"},
		"order_lines": {"1/1 order_id owns 0 last", "1/2 order_id owns 0 last", "4/1 order_id owns 0 last"},
		"messages":    {"1 sender shares 0", "2 recipient shares 0", "3 sender shares 0 last"},
		"notes":       {"1 about_customer owns 0 last", "2 about_order owns 0 last", "5 about_order owns 0 last"},
	} {
		same(t, table, want, tiesOf(t, f, m, "shop."+table))
	}
	var messages []string
	for _, r := range records(t, s, f, 0) {
		if r.Table.Name == "messages" {
			line := keyText(r.Key)
			for _, c := range r.Cells {
				line += fmt.Sprintf(" %s=%s", c.Name, connect.Text(c.Value))
				if c.Access == datamap.Redacted {
					line += "redacted"
				}
			}
			messages = append(messages, line)
		}
	}
	same(t, "messages", []string{
		"1 body=from ann sender_name=Ann recipient_name=redacted sender_id=1 recipient_id=redacted",
		"2 body=redacted sender_name=redacted recipient_name=Ann sender_id=redacted recipient_id=1",
		"3 body=draft sender_name=Ann recipient_name=redacted sender_id=1 recipient_id=redacted",
	}, messages)
}

// Three systems: documents that find people by a number of the newsletter's database,
// and letters that somebody looks through by hand.
func TestCRM(t *testing.T) {
	m := example(t, "crm")
	uri := mongotest.Database(t)
	db := mongotest.Client(t, uri)
	for name, docs := range map[string][]any{
		"contacts":      {doc{"_id": "c1", "profile": doc{"name": "Ann"}, "mail_id": int64(7)}, doc{"_id": "c2", "email": "bob@x.example"}},
		"opportunities": {doc{"_id": "o1", "buyer": "c1", "referrer": "c2", "buyer_name": "Ann", "referrer_name": "Bob", "notes": "n"}, doc{"_id": "o2", "buyer": "c2", "referrer": "c1", "buyer_name": "Bob", "referrer_name": "Ann", "budget": 5, "notes": "n"}},
	} {
		if _, err := db.Collection(name).InsertMany(t.Context(), docs); err != nil {
			t.Fatal(err)
		}
	}
	crm, err := mongo.Open(t.Context(), connect.Config{System: "crm", Kind: "mongodb", Secret: uri})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { crm.Close() })
	mail := database(t, "mail", `CREATE TABLE subscribers (id INTEGER PRIMARY KEY, address VARCHAR(60), name VARCHAR(60));
CREATE TABLE campaigns (id INTEGER PRIMARY KEY, first_issue INTEGER, owner INTEGER, signature VARCHAR(60));
CREATE TABLE issues (campaign INTEGER, number INTEGER, id INTEGER, PRIMARY KEY (campaign, number));
CREATE TABLE opens (campaign INTEGER, number INTEGER, subscriber INTEGER, device VARCHAR(60), PRIMARY KEY (campaign, number, subscriber));
INSERT INTO subscribers VALUES (7, 'ann@x.example', 'Ann'), (8, 'bob@x.example', 'Bob');
INSERT INTO campaigns VALUES (1, NULL, 7, 'Yours, Ann'); INSERT INTO issues VALUES (1, 1, 1);
INSERT INTO opens VALUES (1, 1, 7, 'phone'), (1, 1, 8, 'phone')`)
	s := searchIn(t, m, Sources{"crm": crm, "mail": mail}, Options{ToShow: true})
	f := find(t, s, ann)
	for _, system := range f.Systems {
		if system.Away != nil {
			t.Errorf("%s: %v", system.System.Name.Text, system.Away)
		}
	}
	var got []string
	for _, r := range records(t, s, f, 0) {
		line := fmt.Sprintf("%s %s %s by %s:", r.Table.Path(), keyText(r.Key), r.Relation, r.Via)
		for _, c := range r.Cells {
			if c.Column != nil || c.Access != datamap.Shown {
				line += fmt.Sprintf(" %s=%s%s", c.Name, connect.Text(c.Value), []string{"", "redacted", "withheld"}[c.Access])
			}
		}
		got = append(got, line)
	}
	same(t, "records", []string{
		"crm.contacts c1 owns by mail_id: email= profile.name=Ann profile.phones[]=",
		"crm.opportunities o1 shares by buyer: buyer_name=Ann referrer_name=redacted budget= referrer=redacted",
		"crm.opportunities o2 mentions by referrer: buyer_name=redacted referrer_name=Ann budget=redacted notes=withheld",
		"mail.subscribers 7 owns by itself: address=ann@x.example name=Ann",
		"mail.campaigns 1 mentions by owner: signature=Yours, Ann",
		"mail.opens 1/1/7 owns by subscriber: device=phone",
	}, got)
}
