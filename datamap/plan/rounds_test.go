package plan

import (
	"slices"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/datamap/find"
)

// A plan of a second round has the rows of the first that nothing leads to any more: what came
// back in them is erased, and what nobody has a rule for is theirs. A row that is somebody
// else's by now is not in it.
func TestSecondRoundHasTheRowsOfTheFirst(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: {is: contact.email, erase: mask(email)}, name: contact.name}
orders:
  relation: {person: owns}
  erase: clear
  columns: {items: orders.items}
notes:
  relation: {person: owns}
  erase: {keep: {because: A test., for: 1 years after made}}
  columns: {text: messages.text}
`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(60))`,
			`CREATE TABLE orders (id integer PRIMARY KEY, person integer NOT NULL, items varchar(20), FOREIGN KEY (person) REFERENCES person (id))`,
			`CREATE TABLE notes (id integer PRIMARY KEY, person integer NOT NULL, text varchar(60), extra json, made date, FOREIGN KEY (person) REFERENCES person (id))`,
			`INSERT INTO person VALUES (1, 'ann@x.example', 'Ann'), (2, 'bob@x.example', 'Bob')`,
			`INSERT INTO orders VALUES (1, 1, 'a'), (2, 1, 'b')`, `INSERT INTO notes VALUES (1, 1, 'of ann@x.example', '{"to": "ann@x.example"}', '2026-08-01')`)
		who := people("email=ann@x.example")
		first := w.plan(who)
		w.run(first)
		wants(t, "the first sweep", w.failures(who, first), "extra")
		connecttest.Exec(t, c, `UPDATE person SET name = 'Ann' WHERE id = 1`, `UPDATE orders SET items = 'a' WHERE id = 1`, `UPDATE orders SET items = 'c', person = 2 WHERE id = 2`)
		if left := w.check(first, who); len(left) == 0 {
			t.Fatal("what came back is not seen")
		}
		w.options.Done = first
		second := w.plan(who)
		wants(t, "the second plan", said(second), "notes: keep text, 1, until 2027-08-01", "orders: clear items, 1", "person: clear name, 1", "person: mask(email) email, 1")
		w.run(second)
		if left := w.check(second, who); len(left) > 0 {
			t.Errorf("left after the second round: %+v", left)
		}
		wants(t, "people", w.all("person", "id", "name"), "1|", "2|Bob")
		wants(t, "orders", w.all("orders", "id", "items"), "1|", "2|c")
		wants(t, "the second sweep", w.failures(who, second), "extra")
	})
}

// failures are the columns of a table in which a sweep says that somebody's own rows still name them.
func (w *world) failures(who []find.Person, plans ...*Plan) []string {
	w.t.Helper()
	swept, err := Sweep(w.t.Context(), w.search(), who, plans...)
	if err != nil {
		w.t.Fatal(err)
	}
	out := []string{}
	for _, h := range swept.Hits {
		if h.Failure() {
			out = append(out, h.Column)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
