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

// A restriction is taken back where it stands and nowhere else: not in a column that says something else by now, nor where an
// objection that stands is marked in the same column.
func TestLifting(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT, state TEXT NOT NULL DEFAULT 'active');
		CREATE TABLE visit (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id), kept BOOLEAN NOT NULL DEFAULT FALSE, objected INTEGER NOT NULL DEFAULT 0);
		INSERT INTO customer (id, email) VALUES (1, 'ann@x.example'), (2, 'bob@x.example'), (3, 'ann@x.example');
		INSERT INTO visit (id, customer) VALUES (1, 1), (2, 2)`, `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
  restriction: {column: state, set: frozen, lift: active}
visit:
  relation: {customer: owns}
  erase: delete
  columns: {}
  restriction: kept
  stops: {object: objected}
`}})
	who := people("email=ann@x.example")
	customers := func(want ...string) {
		t.Helper()
		wants(t, "customers", w.rows("shop", "SELECT state FROM customer ORDER BY id"), want...)
	}
	restrict := func(on bool, said_ ...string) {
		t.Helper()
		s, f := w.found(who)
		p, err := Restrict(t.Context(), s, f, w.options, on)
		if err != nil {
			t.Fatal(err)
		}
		p = captured(t, p)
		w.run(p)
		w.run(p) // done again it changes nothing more
		wants(t, "plan", said(p), said_...)
		if left := w.check(p, who); len(left) > 0 {
			t.Errorf("left is %+v", left)
		}
	}
	restrict(true, "customer: update state, 2", "visit: update kept, 1")
	s, f := w.found(who)
	p, err := Restrict(t.Context(), s, f, w.options, false)
	if err != nil {
		t.Fatal(err)
	}
	w.exec("shop", "UPDATE customer SET state = 'unsold' WHERE id = 3")
	w.options.Objects = true
	restrict(false, "customer: keep state, 2", "visit: update kept, 1")
	customers("frozen", "active", "unsold")
	w.options.Objects = false
	restrict(false, "customer: read state, 1", "customer: update state, 1", "visit: read kept, 1")
	customers("active", "active", "unsold")
	w.run(captured(t, p)) // planned when the mark stood there
	customers("active", "active", "unsold")
	wants(t, "visits", w.rows("shop", "SELECT kept FROM visit ORDER BY id"), "0", "0")
}
