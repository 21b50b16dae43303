package draft

import (
	"bytes"
	"slices"
	"testing"

	"github.com/avowhq/avow/datamap"
)

// What little speaks for is put to somebody: two values that are addresses of mail, and rows that say only who has to do with whom.
func TestLittle(t *testing.T) {
	r := draftOf(t, scripted(t, `CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT);
		CREATE TABLE friends (a_id INTEGER REFERENCES customers(id), b_id INTEGER REFERENCES customers(id), PRIMARY KEY (a_id, b_id));
		CREATE TABLE x (n INTEGER PRIMARY KEY, w TEXT);
		INSERT INTO customers VALUES (1, 'ann@example.com'), (2, 'bob@example.com'), (3, 'cleo@example.com'), (4, 'dan@example.com');
		INSERT INTO friends VALUES (1, 2), (3, 4);
		INSERT INTO x VALUES (1, 'eve@example.com'), (2, 'fay@example.com')`), datamap.SQLite)
	if !slices.ContainsFunc(r.Unsure, func(f Finding) bool { return f.Table == "x" && f.Column == "w" && f.What == Email }) {
		t.Errorf("two addresses of mail: %+v", r.Unsure)
	}
	if len(r.Apart) != 1 || r.Apart[0].Table != "friends" || !bytes.Contains(r.File, []byte("  # friends: rows say who has to do with whom;")) {
		t.Errorf("friends: %+v\n%s", r.Apart, r.File)
	}
	if len(r.NotPersonal) > 0 {
		t.Errorf("not personal: %q", r.NotPersonal)
	}
}
