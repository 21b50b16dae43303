package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/policy"
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

// beforeIn holds for rows whose moment is before another.
func beforeIn(column string, moment any) *Test {
	return OfRow(&connect.Cond{Op: connect.Less, Column: column, Values: []any{moment}})
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
	wants(t, "visitors", w.expire(Due{Table: visitor, Rule: "contact", Over: beforeIn("seen", before), Limit: 2, Held: func(key connect.Tuple) bool { return key[0] == int64(6) }}),
		"2 rows, 0 held: [visitor: clear email name, 1, refused: delete: 1 row of `basket` that stays points at it by `visitor`, instead: clear visitor: delete email name, 1]",
		"1 rows, 1 held: [visitor: delete email name, 1]",
		"0 rows, 0 held: []")
	wants(t, "visitors after", w.rows("shop", "SELECT id, email, name FROM visitor"), "2|b@x.example|B", "3|c@x.example|C", "4|-|-", "6|f@x.example|F")
	wants(t, "baskets", w.rows("shop", "SELECT id FROM basket"), "1")

	seven := today.AddDate(-7, 0, 0)
	wants(t, "invoices", w.expire(Due{Table: invoice, Rule: "invoices", Over: beforeIn("issued", connect.Date(seven.Format(time.DateOnly)))}), "1 rows, 0 held: [invoice: clear name, 1 invoice: mask(blank) total, 1, refused: it may not be empty, instead: mask(blank)]")
	wants(t, "invoices after", w.rows("shop", "SELECT id, name, email, total FROM invoice"), "1|-|a@x.example|0", "2|B|b@x.example|6")
	wants(t, "invoices again", w.expire(Due{Table: invoice, Rule: "invoices", Over: beforeIn("issued", connect.Date(seven.Format(time.DateOnly)))}), "0 rows, 0 held: []")

	for _, bad := range []Due{{Table: visitor, Rule: "invoices", Over: beforeIn("seen", before)}, {Table: invoice, Rule: "contact", Over: beforeIn("issued", before)}, {Table: visitor, Rule: "contact"}} {
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
	b, err := Expire(t.Context(), w.search(), w.options, Due{Table: w.m.Table("shop.visitor"), Rule: "contact", Over: beforeIn("seen", today.AddDate(-2, 0, 0))})
	if err != nil {
		t.Fatal(err)
	}
	w.exec("shop", "UPDATE visitor SET seen = '2026-11-22 00:00:00'")
	w.run(b.Plan)
	wants(t, "visitors", w.rows("shop", "SELECT id FROM visitor"), "1")
}

// Rows that do nothing but tie what goes to others go with it, unless one of them is held; a
// row about which two rules say something goes when both are over, and not before.
func TestExpireWithTies(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE visitor (id INTEGER PRIMARY KEY, email TEXT, name TEXT, total INTEGER, seen TIMESTAMP, paid TIMESTAMP);
		CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT);
		CREATE TABLE visitor_word (visitor INTEGER NOT NULL REFERENCES visitor, word INTEGER NOT NULL REFERENCES word, PRIMARY KEY (visitor, word));
		INSERT INTO visitor VALUES (1, 'a@x.example', 'A', 1, '2010-01-01 00:00:00', '2010-01-01 00:00:00'), (2, 'b@x.example', 'B', 2, '2010-01-01 00:00:00', '2010-01-01 00:00:00'), (3, 'c@x.example', 'C', 3, '2010-01-01 00:00:00', '2026-01-01 00:00:00');
		INSERT INTO word VALUES (7, 'blue');
		INSERT INTO visitor_word VALUES (1, 7), (2, 7), (3, 7);
	`, `
visitor:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name, total: orders.amount}
  retention: {contact: seen, invoices: paid}
visitor_word:
  references: {visitor: {columns: visitor, to: visitor.id}}
  relation: {visitor: owns}
  erase: delete
`}})
	visitor, ties := w.m.Table("shop.visitor"), w.m.Table("shop.visitor_word")
	rules := w.m.Policy.Retention
	of := func(name string) policy.FieldSet {
		return rules[slices.IndexFunc(rules, func(r policy.CompiledRetention) bool { return r.Name == name })].Fields
	}
	contact := of("contact")
	contact = contact.Or(of("invoices"))
	before := today.AddDate(-8, 0, 0)
	paid := connect.Cond{Op: connect.Less, Column: "paid", Values: []any{before}}
	stays := func(of *datamap.Table, key connect.Tuple) bool { return of == ties && connect.Text(key[0]) == "2" }
	wants(t, "both rules", w.expire(Due{Table: visitor, Rule: "contact", Over: beforeIn("seen", before), When: OfRow(&paid), Also: contact, Stays: stays}),
		"2 rows, 0 held: [visitor: clear email name total, 1, refused: delete: 1 row of `visitor_word` that stays points at it by `visitor`, instead: clear visitor: delete email name total, 1 visitor_word: delete , 1]")
	wants(t, "visitors", w.rows("shop", "SELECT id, email, total FROM visitor"), "2|-|-", "3|c@x.example|3")
	wants(t, "ties", w.rows("shop", "SELECT visitor FROM visitor_word"), "2", "3")
	wants(t, "one rule", w.expire(Due{Table: visitor, Rule: "contact", Over: beforeIn("seen", before), When: OfRow(&connect.Cond{Op: connect.AtLeast, Column: "paid", Values: []any{before}})}),
		"1 rows, 0 held: [visitor: clear email name, 1]")
	wants(t, "ties after", w.rows("shop", "SELECT visitor FROM visitor_word"), "2", "3")
}

// What was emptied already is not counted as due again.
func TestUpcomingLeavesOutWhatIsDone(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {"CREATE TABLE visitor (id INTEGER PRIMARY KEY, email TEXT, seen TIMESTAMP); INSERT INTO visitor VALUES (1, 'a@x.example', '2020-01-01 00:00:00'), (2, NULL, '2020-01-01 00:00:00')", `
visitor:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: contact.email}
  retention: {contact: seen}
`}})
	n := 0
	due := Due{Table: w.m.Table("shop.visitor"), Rule: "contact", Over: beforeIn("seen", today)}
	if err := Upcoming(t.Context(), w.search(), w.options, due, func(connect.Row) error { n++; return nil }); err != nil || n != 1 {
		t.Errorf("%d rows are due, %v", n, err)
	}
}
