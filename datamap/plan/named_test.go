package plan

import (
	"os"
	"path/filepath"
	"slices"
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

// Rows of one key that are one person's go together, where the key holds what they are found by too.
func TestRowsOfOneKeyThatAreTheirs(t *testing.T) {
	eachEngine(t, []string{
		"CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(100))",
		"CREATE TABLE visit (email VARCHAR(100) NOT NULL, note VARCHAR(100))",
		"CREATE TABLE step (customer INTEGER, note VARCHAR(100))",
		"INSERT INTO customer VALUES (1, 'ann@x.example'), (2, 'bob@x.example')",
		"INSERT INTO visit VALUES ('ann@x.example', 'one'), ('ann@x.example', 'two'), ('bob@x.example', 'Bob'), ('bob@x.example', 'Bob')",
		"INSERT INTO step VALUES (1, 'one'), (1, 'two'), (2, 'Bob'), (2, 'Bob')",
	}, `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
visit:
  key: email
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, note: messages.text}
step:
  key: customer
  references: {owner: {columns: customer, to: customer.id}}
  relation: {owner: owns}
  erase: delete
  columns: {note: messages.text}
`, func(t *testing.T, w *world) {
		who := people("email=ann@x.example")
		p := w.plan(who)
		w.run(p)
		for _, line := range said(p) {
			if strings.Contains(line, "refused") {
				t.Errorf("said %q", line)
			}
		}
		wants(t, "visits", w.lines("visit", "email", "note"), "bob@x.example|Bob", "bob@x.example|Bob")
		wants(t, "steps", w.lines("step", "customer", "note"), "2|Bob", "2|Bob")
		if left := w.check(p, who); len(left) > 0 {
			t.Errorf("left: %+v", left)
		}
	})
}

// lines are the rows of a table without a key of its own, as texts in order.
func (w *world) lines(table string, columns ...string) []string {
	w.t.Helper()
	out := []string{}
	err := w.sources["shop"].Read(w.t.Context(), connect.Read{Table: table, Columns: columns}, func(r connect.Row) error {
		out = append(out, connect.Text(r[0])+"|"+connect.Text(r[1]))
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(out)
	return out
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

// folder is a folder with one file that is a table of the map, what the file is to hold from now
// on, where that is anything, and does hold.
func folder(t *testing.T, name, text, table string) (w *world, holds func(now string) string) {
	t.Helper()
	at := t.TempDir()
	if err := os.WriteFile(filepath.Join(at, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := files.Open(t.Context(), connect.Config{System: "files", Kind: "files", At: at, Tables: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	w = &world{t: t, sources: find.Sources{"files": src}, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}}
	w.load(map[string]string{"files.yaml": "system: files\nkind: files\nat: files\ntables:\n  " + name + ":\n    key: id\n    relation: owns\n    erase: delete\n" + table})
	return w, func(now string) string {
		if now != "" {
			if err := os.WriteFile(filepath.Join(at, name), []byte(now), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(filepath.Join(at, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

// message is one message of a mailbox.
func message(from, id, text string) string {
	return "From x@x Thu Jan  1 00:00:00 1970\nFrom: " + from + "@x.example\nMessage-ID: <" + id + "@x.example>\n\n" + text + "\n\n"
}

// Several lines of a file may bear one key, as whoever writes them likes: one person's going
// takes nobody else's along, and all of one key that are theirs alone go together.
func TestLinesOfOneKey(t *testing.T) {
	const who = "    identities: {who: email}\n    columns: {who: contact.email, note: messages.text}\n"
	const from = "    identities: {\"from[]\": email}\n    columns: {\"from[]\": contact.email, body: messages.text}\n"
	for name, c := range map[string]struct {
		table    string
		stays    []string // one key, two people; no key
		goes     []string // copies, and one key with other contents, or found by another spelling
		elses    string   // of nobody who was sought
		apart    int      // lines left because others have their key
		nameless int      // and because they have none
		rows     int      // that go, alike ones counted once
	}{
		"log.csv":   {who, []string{"1,ann@x.example,one\n", "1,bob@x.example,bob\n", ",ann@x.example,none\n"}, []string{"2,ann@x.example,two\n", "2,ann@x.example,two\n", "2,ann@x.example,three\n", "3,ann@x.example,a\n", "3,Ann@x.example,b\n"}, "4,bob@x.example,bob\n", 1, 1, 3},
		"log.jsonl": {who, []string{`{"id":1,"who":"ann@x.example","note":"one"}` + "\n", `{"id":1,"who":"bob@x.example"}` + "\n", `{"who":"ann@x.example"}` + "\n"}, []string{`{"id":2,"who":"ann@x.example","note":"two"}` + "\n", `{"id":2,"who":"ann@x.example","note":"three"}` + "\n"}, `{"id":"2","who":"bob@x.example"}` + "\n", 1, 1, 1},
		"box.mbox":  {from, []string{message("ann", "1", "Ann's"), message("bob", "1", "Bob's")}, []string{message("ann", "2", "a copy"), message("ann", "2", "a copy"), message("ann", "2", "no copy")}, message("bob", "3", "Bob's"), 1, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			head := map[string]string{"log.csv": "id,who,note\n"}[name]
			w, holds := folder(t, name, head+strings.Join(c.stays, "")+strings.Join(c.goes, "")+c.elses, c.table)
			who := people("email=ann@x.example")
			p := w.plan(who)
			w.run(p)
			after := head + strings.Join(c.stays, "") + c.elses
			if got := holds(""); got != after {
				t.Errorf("there is left %q, not %q", got, after)
			}
			left := map[string]int{}
			for _, e := range p.Entries(false) {
				left[e.Refused] += e.Rows
			}
			if left[keyShared] != c.apart || left[keyEmpty] != c.nameless || left[""] != c.rows {
				t.Errorf("said %q", said(p))
			}
			if left := w.check(p, who); len(left) > 0 || holds("") != after {
				t.Errorf("left: %+v", left)
			}
		})
	}
}
