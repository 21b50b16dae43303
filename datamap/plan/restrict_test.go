package plan

import (
	"testing"
)

// What is stopped is marked in the column that the map names for it, and in no other; an objection
// without a column of its own in that of the restriction.
func TestStop(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT, name TEXT, frozen INTEGER NOT NULL DEFAULT 0, sale TEXT NOT NULL DEFAULT 'yes', quiet INTEGER NOT NULL DEFAULT 0);
		CREATE TABLE visit (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id), note TEXT, objected INTEGER NOT NULL DEFAULT 0);
		INSERT INTO customer (id, email, name) VALUES (1, 'ann@x.example', 'Ann'), (2, 'bob@x.example', 'Bob');
		INSERT INTO visit (id, customer, note) VALUES (1, 1, 'a'), (2, 2, 'b')`, `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
  restriction: frozen
  stops: {opt-out: {column: sale, set: 'no', lift: 'yes'}, stop-marketing: quiet}
visit:
  relation: {customer: owns}
  erase: delete
  columns: {note: messages.text}
  stops: {object: objected}
`}})
	who := people("email=ann@x.example")
	for _, c := range []struct {
		what, said, left, customers, visits string
		on                                  bool
	}{
		{"opt-out", "customer: update sale, 1", "visit: read , 1", "0 no 0", "0", true},
		{"stop-marketing", "customer: update quiet, 1", "visit: read , 1", "0 no 1", "0", true},
		{"object", "customer: update frozen, 1", "visit: update objected, 1", "1 no 1", "1", true},
		{"object", "customer: update frozen, 1", "visit: update objected, 1", "0 no 1", "0", false},
	} {
		s, f := w.found(who)
		p, err := Stop(t.Context(), s, f, w.options, c.what)
		if c.what == "object" {
			p, err = Object(t.Context(), s, f, w.options, c.on)
		}
		if err != nil {
			t.Fatal(err)
		}
		p = captured(t, p)
		w.run(p)
		wants(t, c.what, said(p), c.said, c.left)
		wants(t, c.what, w.rows("shop", "SELECT frozen || ' ' || sale || ' ' || quiet FROM customer ORDER BY id"), c.customers, "0 yes 0")
		wants(t, c.what, w.rows("shop", "SELECT objected FROM visit ORDER BY id"), c.visits, "0")
		if left := w.check(p, who); len(left) > 0 {
			t.Errorf("left is %+v", left)
		}
	}
}
