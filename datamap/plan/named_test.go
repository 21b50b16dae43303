package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/files"
	"github.com/avowhq/avow/datamap/find"
)

// oddKeys is a shop whose rows have keys that SQLite takes and no statement finds again.
func oddKeys(t *testing.T) *world {
	return newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT, phone TEXT NOT NULL DEFAULT '');
		CREATE TABLE choice (customer INTEGER, kind TEXT, note TEXT, frozen INTEGER DEFAULT 0, PRIMARY KEY (customer, kind));
		INSERT INTO customer VALUES (1, 'ann@x.example', ''), (2, 'bob@x.example', '');
		INSERT INTO choice (customer, kind, note) VALUES (1, 'plain', 'a'), (1, NULL, 'b'), (1, 'x' || char(0), 'd'), (1, CAST(x'61ff' AS TEXT), 'e'),
			(1, CAST('blob' AS BLOB), 'f'), (2, 'x' || char(0), 'bob'), (2, 'a' || char(0xfffd), 'bob'), (2, NULL, 'bob');
	`, `
customer:
  identities: {email: email, phone: phone}
  relation: owns
  erase: delete
  columns: {email: contact.email, phone: contact.phone}
choice:
  references: {owner: {columns: customer, to: customer.id}}
  relation: {owner: owns}
  erase: delete
  columns: {note: messages.text}
  restriction: frozen
`}})
}

// What nothing names is left, and said to be: never taken for done.
func TestRowsThatNothingNames(t *testing.T) {
	w := oddKeys(t)
	p := w.plan(people("email=ann@x.example"))
	w.run(p)
	wants(t, "plan", said(p),
		"choice: delete note, 1",
		"choice: keep note, 1, refused: "+keyEmpty+", instead: "+somebodyLooks,
		"choice: keep note, 3, refused: "+keyLost+", instead: "+somebodyLooks,
		"customer: delete email phone, 1",
	)
	wants(t, "choices", w.rows("shop", "SELECT customer, note FROM choice ORDER BY 1, 2"), "1|b", "1|d", "1|e", "1|f", "2|bob", "2|bob", "2|bob")
}

func TestRowsThatNothingNamesAreNeitherMarkedNorCorrected(t *testing.T) {
	w := oddKeys(t)
	who := people("email=ann@x.example")
	s, f := w.found(who)
	p, err := Restrict(t.Context(), s, f, w.options, true)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, line := range said(p) {
		if strings.Contains(line, "refused") {
			refused++
		}
	}
	if refused != 2 {
		t.Errorf("%d lines say what cannot be marked: %q", refused, said(p))
	}
	p = w.rectify(who, Correction{Data: "messages.text", To: "right"})
	wants(t, "corrected", w.rows("shop", "SELECT customer, note FROM choice WHERE note IN ('right', 'bob') ORDER BY 1"), "1|right", "2|bob", "2|bob", "2|bob")
	if len(said(p)) != 3 {
		t.Errorf("said %q", said(p))
	}
}

// A second identity that is empty, as a telephone number mostly is, keeps nobody.
func TestEmptySecondIdentity(t *testing.T) {
	w := oddKeys(t)
	w.exec("shop", "DELETE FROM choice")
	p := w.erase("email=ann@x.example")
	wants(t, "customers", w.rows("shop", "SELECT id FROM customer"), "2")
	if left := w.check(p, people("email=ann@x.example")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A key that the map names and the database does not hold to is no name where several rows have it.
func TestKeyOfSeveralRows(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE visit (code TEXT NOT NULL, email TEXT, note TEXT);
		INSERT INTO visit VALUES ('a', 'ann@x.example', 'Ann'), ('a', 'bob@x.example', 'Bob'), ('b', 'ann@x.example', 'Ann');
	`, `
visit:
  key: code
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, note: messages.text}
`}})
	p := w.plan(people("email=ann@x.example"))
	w.run(p)
	wants(t, "plan", said(p), "visit: delete email note, 1", "visit: keep email note, 1, refused: "+keyShared+", instead: "+somebodyLooks)
	wants(t, "visits", w.rows("shop", "SELECT code, note FROM visit ORDER BY 1, 2"), "a|Ann", "a|Bob")
}

func TestCertain(t *testing.T) {
	for _, c := range []struct {
		v    any
		kind connect.Kind
		any  bool
		want bool
	}{
		{int64(1), connect.Integer, true, true}, {int64(1), connect.TextKind, true, false}, {"a", connect.TextKind, true, false},
		{"a", connect.TextKind, false, true}, {"a\x00", connect.TextKind, false, false}, {"a\xff", connect.TextKind, false, false},
		{"infinity", connect.DateKind, false, false}, {"NaN", connect.DecimalKind, false, false}, {connect.Decimal("1"), connect.DecimalKind, false, true},
		{1.5, connect.DecimalKind, false, false}, {[]byte("a"), connect.Binary, false, true},
	} {
		if got := certain(c.v, c.kind, c.any); got != c.want {
			t.Errorf("certain(%v, %s, %v) = %v", c.v, c.kind, c.any, got)
		}
	}
}

// A row that points in other letters, which the database takes for the same, was not found
// by them. What it points at is kept from going, and that is said beforehand.
func TestPointingInOtherLetters(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE customer (id INTEGER PRIMARY KEY, code TEXT UNIQUE COLLATE NOCASE, email TEXT, name TEXT);
		CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer TEXT COLLATE NOCASE REFERENCES customer (code), name TEXT);
		INSERT INTO customer (code, email, name) VALUES ('ann', 'ann@x.example', 'Ann'), ('bob', 'bob@x.example', 'Bob'), ('anna', 'ann@x.example', 'Ann');
		INSERT INTO invoice VALUES (1, 'ann', 'Ann'), (2, 'ANN', 'Ann'), (3, 'BOB', 'Bob');
	`, `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
invoice:
  relation: {customer: owns}
  erase: delete
  columns: {name: contact.name}
`}})
	p := w.plan(people("email=ann@x.example"))
	w.run(p)
	wants(t, "customers", w.rows("shop", "SELECT code, email, name FROM customer ORDER BY 1"), "ann|-|-", "bob|bob@x.example|Bob")
	wants(t, "invoices", w.rows("shop", "SELECT id FROM invoice"), "2", "3")
	if !strings.Contains(strings.Join(said(p), "\n"), "refused: delete: 1 row of `invoice` that stays points at it by `customer`") {
		t.Errorf("said %q", said(p))
	}
}

// Two messages may bear one number, as whoever sends them likes: one person's going takes no
// other's along. Copies of one message go together.
func TestMessagesOfOneNumber(t *testing.T) {
	message := func(from, id, text string) string {
		return "From x@x Thu Jan  1 00:00:00 1970\nFrom: " + from + "\nMessage-ID: <" + id + "@x.example>\n\n" + text + "\n\n"
	}
	folder := t.TempDir()
	box := filepath.Join(folder, "box.mbox")
	all := message("ann@x.example", "1", "Ann's") + message("bob@x.example", "1", "Bob's") + message("ann@x.example", "2", "a copy") + message("ann@x.example", "2", "a copy")
	if err := os.WriteFile(box, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := files.Open(t.Context(), connect.Config{System: "mail", Kind: "files", At: folder, Tables: []string{"box.mbox"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	w := &world{t: t, sources: find.Sources{"mail": src}, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}}
	w.load(map[string]string{"mail.yaml": "system: mail\nkind: files\nat: mail\ntables:\n  box.mbox:\n    key: id\n    identities: {\"from[]\": email}\n    relation: owns\n    erase: delete\n    columns: {\"from[]\": contact.email, body: messages.text}\n"})
	who := people("email=ann@x.example")
	p := w.plan(who)
	w.run(p)
	after, err := os.ReadFile(box)
	if err != nil || string(after) != message("ann@x.example", "1", "Ann's")+message("bob@x.example", "1", "Bob's") {
		t.Errorf("the box holds %q, %v", after, err)
	}
	if all := strings.Join(said(p), "\n"); !strings.Contains(all, "box.mbox: keep body from[], 1, refused: "+keyShared) || !strings.Contains(all, "box.mbox: delete body from[], 1") {
		t.Errorf("said %s", all)
	}
	if left := w.check(p, who); len(left) > 0 {
		t.Errorf("left: %+v", left)
	}
	if again, _ := os.ReadFile(box); string(again) != string(after) {
		t.Errorf("the check changed the box to %q", again)
	}
}
