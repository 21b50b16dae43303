package plan

import (
	"fmt"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// expire runs batch after batch, and says how many rows each had.
func (w *world) expire(d Due) []string {
	w.t.Helper()
	out := []string{}
	for {
		b, err := Expire(w.t.Context(), w.search(), w.options, d)
		if err != nil {
			w.t.Fatal(err)
		}
		p := captured(w.t, b.Plan)
		w.run(p)
		if left := w.check(p, nil); len(left) > 0 {
			w.t.Errorf("after a batch there is left: %+v", left)
		}
		out = append(out, fmt.Sprintf("%d rows, %d held: %v", b.Rows, b.Held, said(p)))
		if d.After = b.Next; d.After == nil {
			return out
		}
	}
}

// The schedule is carried out in bounded batches: rows go where all in them is due, what
// others are not yet due stays, and rows that are held wait.
func TestExpire(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE visitor (id INTEGER PRIMARY KEY, email TEXT, name TEXT, seen TIMESTAMP);
		CREATE TABLE basket (id INTEGER PRIMARY KEY, visitor INTEGER NOT NULL REFERENCES visitor ON DELETE CASCADE);
		CREATE TABLE invoice (id INTEGER PRIMARY KEY, visitor INTEGER, name TEXT, email TEXT, total DECIMAL(8,2) NOT NULL, issued DATE);
		INSERT INTO visitor VALUES (1, 'a@x.example', 'A', '2020-01-01 00:00:00'), (2, 'b@x.example', 'B', '2026-01-01 00:00:00'), (3, 'c@x.example', 'C', NULL),
			(4, 'd@x.example', 'D', '2021-01-01 00:00:00'), (5, 'e@x.example', 'E', '2021-02-01 00:00:00'), (6, 'f@x.example', 'F', '2021-03-01 00:00:00');
		INSERT INTO basket VALUES (1, 4);
		INSERT INTO invoice VALUES (1, 1, 'A', 'a@x.example', 5, '2017-01-01'), (2, 2, 'B', 'b@x.example', 6, '2025-01-01');
	`, `
visitor:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
  retention: {contact: seen}
invoice:
  identities: {email: email}
  relation: owns
  erase: {keep: {because: The tax office., for: invoices}}
  columns: {name: contact.name, email: {is: contact.email, erase: clear}, total: orders.amount}
  retention: {invoices: issued}
`}})
	visitor, invoice := w.m.Table("shop.visitor"), w.m.Table("shop.invoice")
	before := time.Date(2024, 11, 22, 0, 0, 0, 0, time.UTC)
	wants(t, "visitors", w.expire(Due{Table: visitor, Rule: "contact", Before: before, Limit: 2, Held: func(key connect.Tuple) bool { return key[0] == int64(6) }}),
		"2 rows, 0 held: [visitor: clear email name, 1, refused: delete: 1 rows of `basket` that stay point at it by `visitor`, instead: clear visitor: delete email name, 1]",
		"1 rows, 1 held: [visitor: delete email name, 1]",
		"0 rows, 0 held: []")
	wants(t, "visitors after", w.rows("shop", "SELECT id, email, name FROM visitor"), "2|b@x.example|B", "3|c@x.example|C", "4|-|-", "6|f@x.example|F")
	wants(t, "baskets", w.rows("shop", "SELECT id FROM basket"), "1")

	seven := today.AddDate(-7, 0, 0)
	wants(t, "invoices", w.expire(Due{Table: invoice, Rule: "invoices", Before: seven}), "1 rows, 0 held: [invoice: clear name, 1 invoice: mask(blank) total, 1, refused: it may not be empty, instead: mask(blank)]")
	wants(t, "invoices after", w.rows("shop", "SELECT id, name, email, total FROM invoice"), "1|-|a@x.example|0", "2|B|b@x.example|6")
	wants(t, "invoices again", w.expire(Due{Table: invoice, Rule: "invoices", Before: seven}), "0 rows, 0 held: []")

	for _, bad := range []Due{{Table: visitor, Rule: "invoices"}, {Table: invoice, Rule: "contact"}} {
		if _, err := Expire(t.Context(), w.search(), w.options, bad); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s by %s: %v", bad.Table.Name, bad.Rule, err)
		}
	}
}

// A row that was used again between plan and run does not go.
func TestExpireOnlyWhatIsStillDue(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {"CREATE TABLE visitor (id INTEGER PRIMARY KEY, email TEXT, seen TIMESTAMP); INSERT INTO visitor VALUES (1, 'a@x.example', '2020-01-01 00:00:00')", `
visitor:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
  retention: {contact: seen}
`}})
	b, err := Expire(t.Context(), w.search(), w.options, Due{Table: w.m.Table("shop.visitor"), Rule: "contact", Before: today.AddDate(-2, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	w.exec("shop", "UPDATE visitor SET seen = '2026-11-22 00:00:00'")
	w.run(b.Plan)
	wants(t, "visitors", w.rows("shop", "SELECT id FROM visitor"), "1")
}
