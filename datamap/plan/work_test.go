package plan

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap/find"
)

// books is a shop that keeps invoices, with a newsletter in another system.
func books(t *testing.T) *world {
	return newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(40) UNIQUE, name TEXT, phone TEXT, frozen INTEGER NOT NULL DEFAULT 0, remarks TEXT);
		CREATE TABLE invoice (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer, name TEXT, total DECIMAL(8,2), issued DATE);
		INSERT INTO customer VALUES (1, 'ann@x.example', 'Ann', '0612345678', 0, 'call Ann'), (2, 'bob@x.example', 'Bob', NULL, 0, 'knows ann@x.example');
		INSERT INTO invoice VALUES (10, 1, 'Ann', 5.5, '2018-03-01'), (11, 1, 'Ann', 6.5, '2024-03-01'), (12, 1, 'Ann', 7.5, NULL), (13, 2, 'Bob', 8.5, '2024-03-01');
	`, `
customer:
  identities: {email: email, phone: phone}
  relation: owns
  erase: clear
  columns: {email: contact.email, name: contact.name, phone: contact.phone}
  free-text: remarks
  restriction: frozen
invoice:
  relation: {customer: owns}
  erase: {keep: {because: The tax office may ask., for: invoices}}
  columns: {name: contact.name, total: orders.amount}
  retention: {invoices: issued}
`}, "mail": {`
		CREATE TABLE subscriber (address TEXT, list TEXT, name TEXT, PRIMARY KEY (address, list));
		INSERT INTO subscriber VALUES ('Ann@x.example', 'news', 'Ann'), ('ann@x.example', 'offers', 'Ann'), ('bob@x.example', 'news', 'Bob');
	`, `erase-after: shop
subscriber:
  identities: {address: email}
  relation: owns
  erase: delete
  columns: {address: contact.email, name: contact.name}
`}})
}

// What is kept is kept for each row until its own day; what is past it goes.
func TestKeepUntil(t *testing.T) {
	w := books(t)
	p := w.erase("email=ann@x.example")
	wants(t, "plan", said(p),
		"customer: clear email name phone remarks, 1",
		"invoice: clear name total, 1",
		"invoice: keep name total, 2, until 2031-03-01",
		"subscriber: delete address name, 2",
	)
	wants(t, "invoices", w.rows("shop", "SELECT id, name, total FROM invoice"), "10|-|-", "11|Ann|6.5", "12|Ann|7.5", "13|Bob|8.5")
	wants(t, "subscribers", w.rows("mail", "SELECT address FROM subscriber"), "bob@x.example")
	var untils []string
	for _, e := range p.Entries(true) {
		if e.Action == Keep {
			untils = append(untils, connect.Text(e.Key["id"])+" "+e.Until+" "+e.Reason)
		}
	}
	wants(t, "each row", untils, "11 2031-03-01 The tax office may ask.", "12 7 years after purchase The tax office may ask.")
	for _, total := range p.Summary() {
		for _, c := range append(total.Columns, total.Table) {
			if strings.Contains(c, "ann") || strings.Contains(c, "Ann") {
				t.Errorf("the summary shows a value: %+v", total)
			}
		}
	}
}

// A hold keeps what it is about, and says so; when it is over it keeps nothing.
func TestHolds(t *testing.T) {
	w := books(t)
	w.options.Holds = []Hold{{Person: 0, Because: "A complaint is open.", Until: today.AddDate(0, 1, 0), Data: []string{"contact.email"}}}
	p := w.erase("email=ann@x.example")
	wants(t, "plan", said(p),
		"customer: clear name phone remarks, 1",
		"customer: keep email, 1, until 2026-12-22",
		"invoice: clear name total, 1",
		"invoice: keep name total, 2, until 2031-03-01",
		"subscriber: clear name, 2",
		"subscriber: keep address, 2, until 2026-12-22",
	)
	w.options.Holds[0].Until = today.AddDate(0, 0, -1)
	w.erase("email=ann@x.example")
	wants(t, "subscribers", w.rows("mail", "SELECT address FROM subscriber"), "bob@x.example")

	w = books(t)
	w.options.Holds = []Hold{{Person: 0, Because: "A claim."}}
	before := w.rows("shop", "SELECT id, email, name, phone, remarks FROM customer")
	w.erase("email=ann@x.example", "email=bob@x.example")
	after := w.rows("shop", "SELECT id, email, name, phone, remarks FROM customer")
	wants(t, "customers", after, before[0], "2|-|-|-|-")
	w.options.Holds[0].Person = 7
	s, f := w.found(people("email=ann@x.example"))
	if _, err := Erase(t.Context(), s, f, w.options); avow.KindOf(err) != avow.Invalid {
		t.Errorf("a hold on nobody: %v", err)
	}
}

// A run that stopped between systems goes on from what was captured, a week later, with
// no person to ask again; so does one that stopped after the last change was done.
func TestRunIsResumed(t *testing.T) {
	w := books(t)
	who := people("email=ann@x.example")
	s, f := w.found(who)
	p, err := Erase(t.Context(), s, f, w.options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Systems[0].Run(t.Context(), w.sources[p.Systems[0].System]); err != nil {
		t.Fatal(err)
	}
	left := w.check(p, who)
	if len(left) != 1 || left[0].System != "mail" || left[0].Rows != 2 || left[0].Why != NotDone {
		t.Errorf("left is %+v", left)
	}
	later, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	w.run(later)
	w.run(later)
	if left := w.check(later, who); len(left) > 0 {
		t.Errorf("left is %+v", left)
	}
	wants(t, "subscribers", w.rows("mail", "SELECT address FROM subscriber"), "bob@x.example")
}

// A system that is away waits, and everything else is done.
func TestSystemAway(t *testing.T) {
	w := books(t)
	w.sources["mail"] = nil
	who := people("email=ann@x.example")
	p := w.plan(who)
	w.run(p)
	if p.Systems[1].Away == "" || !p.Partial() {
		t.Errorf("it is not said that mail is away: %v", said(p))
	}
	if _, err := p.Systems[1].Run(t.Context(), nil); avow.KindOf(err) != avow.Unavailable {
		t.Errorf("a system that was away is run: %v", err)
	}
	wants(t, "customers", w.rows("shop", "SELECT id, email FROM customer"), "1|-", "2|bob@x.example")
	if left := w.check(p, who); len(left) != 1 || left[0].Why != NotReadable {
		t.Errorf("left is %+v", left)
	}
}

// A row that changed hands between plan and run is left alone, and that is said.
func TestRowThatChangedHands(t *testing.T) {
	w := books(t)
	who := people("email=ann@x.example")
	p := w.plan(who)
	w.exec("shop", "UPDATE invoice SET customer = 2 WHERE id = 10; UPDATE customer SET email = 'eve@x.example' WHERE id = 1")
	w.run(p)
	wants(t, "invoices", w.rows("shop", "SELECT id, name FROM invoice WHERE id = 10"), "10|Ann")
	wants(t, "customers", w.rows("shop", "SELECT id, email, name FROM customer WHERE id = 1"), "1|eve@x.example|Ann")
	var why []string
	for _, l := range w.check(p, who) {
		why = append(why, l.Table+": "+string(l.Why))
	}
	wants(t, "left", why, "invoice: "+string(ChangedHands), "customer: "+string(ChangedHands))
}

// One statement that fails leaves everything as it was.
func TestAllOrNothing(t *testing.T) {
	w := books(t)
	p := w.plan(people("email=ann@x.example"))
	w.exec("shop", "CREATE TRIGGER refuse BEFORE UPDATE ON invoice BEGIN SELECT RAISE(ABORT, 'ann@x.example may not'); END")
	before := w.rows("shop", "SELECT id, email, name FROM customer")
	_, err := p.Systems[0].Run(t.Context(), w.sources["shop"])
	if err == nil || strings.Contains(err.Error(), "ann@") {
		t.Errorf("the error is %v", err)
	}
	wants(t, "customers", w.rows("shop", "SELECT id, email, name FROM customer"), before...)
}

func (w *world) rectify(who []find.Person, c ...Correction) *Plan {
	w.t.Helper()
	s, f := w.found(who)
	p, err := Rectify(w.t.Context(), s, f, w.options, c)
	if err != nil {
		w.t.Fatal(err)
	}
	p = captured(w.t, p)
	w.run(p)
	if left := w.check(p, who); len(left) > 0 {
		w.t.Errorf("after the correction there is left: %+v", left)
	}
	return p
}

func TestRectify(t *testing.T) {
	w := books(t)
	who := people("email=ann@x.example")
	p := w.rectify(who, Correction{Data: "contact.name", From: " Ann ", To: "Anne"})
	wants(t, "plan", said(p), "customer: update name, 1", "invoice: update name, 3", "subscriber: update name, 2")
	wants(t, "customers", w.rows("shop", "SELECT name FROM customer"), "Anne", "Bob")
	p = w.rectify(who, Correction{Data: "contact.name", From: "Ann", To: "Anna"})
	wants(t, "nothing stands there any more", said(p), "customer: read name, 1", "invoice: read name, 3", "subscriber: read name, 2")

	// The same address in another case is the same; a key cannot be changed; no two
	// customers have the same.
	p = w.rectify(who, Correction{Data: "contact.email", From: "ANN@x.example", To: "anne@y.example"})
	wants(t, "an address", said(p), "customer: update email, 1",
		"subscriber: keep address, 2, refused: it is part of the key, which names the row, instead: it is left as it is")
	p = w.rectify(people("phone=+31612345678"), Correction{Data: "contact.email", To: "bob@x.example"})
	wants(t, "one that is taken", said(p), "customer: keep email, 1, refused: another row has this value, and no two rows may have it, instead: it is left as it is", "subscriber: read , 0")
	p = w.rectify(people("phone=+31612345678"), Correction{Data: "contact.email", To: strings.Repeat("a", 40) + "@x.example"})
	wants(t, "one that is too long", said(p), "customer: keep email, 1, refused: it is longer than the 40 characters that fit, instead: it is left as it is", "subscriber: read , 0")
	p = w.rectify(people("email=bob@x.example"), Correction{Data: "orders.amount", To: "much"})
	wants(t, "no number", said(p), "invoice: keep total, 1, refused: this is no value for a column of kind decimal, instead: it is left as it is")
	wants(t, "Bob", w.rows("shop", "SELECT email, name FROM customer WHERE id = 2"), "bob@x.example|Bob")
	s, f := w.found(who)
	if _, err := Rectify(t.Context(), s, f, w.options, []Correction{{Data: "contact", To: "x"}}); avow.KindOf(err) != avow.Invalid {
		t.Errorf("a whole category is corrected: %v", err)
	}
}

// A row has a first and a last name: what is right of one is not written over the other.
func TestRectifyOneOfSeveralColumns(t *testing.T) {
	const tables = "people:\n  identities: {email: email}\n  relation: owns\n  erase: delete\n  columns: {email: contact.email, first: contact.name, last: contact.name}\n"
	w := newWorld(t, map[string][2]string{"shop": {"CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT UNIQUE, first TEXT, last TEXT);" +
		"INSERT INTO people VALUES (1, 'ann@x.example', 'Ann', 'Vistor'), (2, 'bob@x.example', 'Bob', 'Vistor')", tables}})
	who := people("email=ann@x.example")
	const open = "refused: several columns of a row hold it, and nothing says which is wrong, instead: say what it says now, too, or have somebody look"
	wants(t, "not said which", said(w.rectify(who, Correction{Data: "contact.name", To: "Ann Visitor"})), "people: keep first, 1, "+open, "people: keep last, 1, "+open)
	wants(t, "said which", said(w.rectify(who, Correction{Data: "contact.name", From: "Vistor", To: "Visitor"})), "people: read first, 1", "people: update last, 1")
	wants(t, "people", w.rows("shop", "SELECT first, last FROM people"), "Ann|Visitor", "Bob|Vistor")
}

// What was put right in between is not overwritten.
func TestRectifyOnlyWhatStillStands(t *testing.T) {
	w := books(t)
	s, f := w.found(people("email=ann@x.example"))
	p, err := Rectify(t.Context(), s, f, w.options, []Correction{{Data: "contact.name", From: "Ann", To: "Anne"}})
	if err != nil {
		t.Fatal(err)
	}
	w.exec("shop", "UPDATE customer SET name = 'Annette' WHERE id = 1")
	w.run(p)
	wants(t, "customers", w.rows("shop", "SELECT name FROM customer WHERE id = 1"), "Annette")
	if left := w.check(p, nil); len(left) != 1 || left[0].Table != "customer" || left[0].Why != ChangedHands {
		t.Errorf("left is %+v", left)
	}
}

func TestRestrict(t *testing.T) {
	w := books(t)
	who := people("email=ann@x.example")
	for _, c := range []struct {
		make func(context.Context, *find.Search, *find.Found) (*Plan, error)
		want string
	}{
		{func(ctx context.Context, s *find.Search, f *find.Found) (*Plan, error) {
			return Restrict(ctx, s, f, w.options, true)
		}, "1"},
		{func(ctx context.Context, s *find.Search, f *find.Found) (*Plan, error) {
			return Restrict(ctx, s, f, w.options, false)
		}, "0"},
		{func(ctx context.Context, s *find.Search, f *find.Found) (*Plan, error) {
			return Object(ctx, s, f, w.options, true)
		}, "1"},
	} {
		s, f := w.found(who)
		p, err := c.make(t.Context(), s, f)
		if err != nil {
			t.Fatal(err)
		}
		p = captured(t, p)
		w.run(p)
		wants(t, string(p.For), said(p), "customer: update frozen, 1", "invoice: read , 3", "subscriber: read , 2")
		wants(t, string(p.For), w.rows("shop", "SELECT frozen FROM customer"), c.want, "0")
		if left := w.check(p, who); len(left) > 0 {
			t.Errorf("left is %+v", left)
		}
	}
}

// Portable is what the person gave, used on consent or for a contract.
func TestPortable(t *testing.T) {
	w := books(t)
	portable := Portable(w.m)
	var got []string
	for _, table := range w.m.Tables() {
		for i := range table.Columns {
			if c := &table.Columns[i].Is; portable(c) {
				got = append(got, table.Name+"."+c.Name)
			}
		}
	}
	wants(t, "portable", got, "subscriber.address", "subscriber.name", "customer.email", "customer.name", "customer.phone", "invoice.name", "invoice.total")
	if portable(nil) {
		t.Error("a column nobody declared is portable")
	}
}

// After an erasure one scan shows what is left anywhere: what is in rows that were the
// person's is a failure, what others wrote is for somebody to look at.
func TestSweep(t *testing.T) {
	w := books(t)
	w.exec("shop", "ALTER TABLE invoice ADD COLUMN note TEXT; ALTER TABLE invoice ADD COLUMN scan BLOB; ALTER TABLE invoice ADD COLUMN extra JSON")
	w.exec("shop", `UPDATE invoice SET note = 'sent to ANN@x.example' WHERE id = 11; UPDATE invoice SET scan = CAST('call 06-12345678' AS BLOB) WHERE id = 13; UPDATE invoice SET extra = '{"cc": ["ann@x.example"]}' WHERE id = 12`)
	who := []find.Person{{Identities: []find.Identity{{Kind: "email", Value: "ann@x.example"}, {Kind: "phone", Value: "+31612345678"}}}}
	p := w.plan(who)
	w.run(p)
	swept, err := Sweep(t.Context(), w.search(), who, p)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range swept.Hits {
		got = append(got, h.Table+"."+h.Column+" "+connect.Text(h.Key[0])+map[bool]string{true: " failure"}[h.Failure()])
	}
	slices.Sort(got)
	wants(t, "hits", got, "customer.remarks 2", "invoice.extra 12 failure", "invoice.note 11 failure", "invoice.scan 13")
	if swept.Rows != 7 || len(swept.Unread) > 0 {
		t.Errorf("%d rows were read, unread %v", swept.Rows, swept.Unread)
	}
}

// The statements are what a person can read before anything is done.
func TestStatements(t *testing.T) {
	w := books(t)
	p := w.plan(people("email=ann@x.example"))
	for _, s := range p.Systems {
		statements, _, err := s.Statements(t.Context(), w.sources[s.System])
		if err != nil || len(statements) == 0 {
			t.Fatalf("%v: %v", statements, err)
		}
		for _, each := range statements {
			if strings.Contains(strings.ToLower(each.Text), "ann@") {
				t.Errorf("a value stands in %q", each.Text)
			}
		}
	}
	wants(t, "customers", w.rows("shop", "SELECT email FROM customer"), "ann@x.example", "bob@x.example")
}

// A login that may only read can plan, and is told exactly what an erasure would need.
func TestReadOnlyLoginIsToldTheGrant(t *testing.T) {
	for _, kind := range connecttest.Kinds(t) {
		if kind.Name != "postgresql" {
			continue
		}
		c := kind.Config(t)
		connecttest.Exec(t, c, "CREATE TABLE customer (id int PRIMARY KEY, email text)", "CREATE TABLE note (id int PRIMARY KEY, customer int REFERENCES customer, text text)",
			"INSERT INTO customer VALUES (1, 'ann@x.example')", "INSERT INTO note VALUES (1, 1, 'x')", "CREATE ROLE avow_reader_of_plans LOGIN", "GRANT SELECT ON customer, note TO avow_reader_of_plans", "GRANT UPDATE ON customer TO avow_reader_of_plans")
		owner := c
		t.Cleanup(func() {
			connecttest.Exec(t, owner, "DROP OWNED BY avow_reader_of_plans", "DROP ROLE avow_reader_of_plans")
		})
		c.System = "shop"
		c.Secret = strings.Replace(c.Secret, "avow@", "avow_reader_of_plans@", 1)
		src, err := sqldb.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { src.Close() })
		w := &world{t: t, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}, sources: find.Sources{"shop": src}}
		w.load(map[string]string{"shop.yaml": "system: shop\nkind: postgresql\ncredentials: env:X\ntake-from-database: [keys, references]\ntables:\n" + indented(`
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
note:
  relation: {customer: owns}
  erase: clear
  columns: {text: messages.text}
`)})
		p := w.plan(people("email=ann@x.example"))
		wants(t, "plan", said(p),
			"customer: keep email, 1, refused: delete: the login may not: it needs GRANT DELETE ON \"public\".\"customer\" TO \"avow_reader_of_plans\", instead: it is left as it is",
			"note: keep text, 1, refused: the login may not: it needs GRANT UPDATE ON \"public\".\"note\" TO \"avow_reader_of_plans\", instead: it is left as it is")
		w.run(p)
	}
}

// Masks of the same case are the same on the second day; those of another case are not.
func TestMaskedTwiceIsTheSame(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {
		"CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT NOT NULL, phone TEXT); INSERT INTO customer VALUES (1, 'ann@x.example', '0612345678')", `
customer:
  identities: {email: email, phone: phone}
  relation: owns
  erase: mask(hash)
  columns: {email: {is: contact.email, erase: mask(email)}, phone: {is: contact.phone, erase: {keep: {because: A test., for: 1 years after seen}}}}
`}})
	mask := func() string {
		w.erase("phone=0612345678")
		return w.rows("shop", "SELECT email FROM customer")[0]
	}
	first := mask()
	w.options.Now = w.options.Now.Add(24 * time.Hour)
	if again := mask(); again != first {
		t.Errorf("masked %q, then %q", first, again)
	}
	w.options.CaseKey = []byte("a key of another case of a test")
	if other := mask(); other == first {
		t.Error("another case makes the same mask")
	}
}

// The lines of an invoice are kept as long as the invoice, whose date says until when.
func TestKeepUntilByTheRowItHangsOn(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE invoice (id INTEGER PRIMARY KEY, email TEXT, issued DATE, number TEXT);
		CREATE TABLE line (invoice INTEGER REFERENCES invoice, n INTEGER, article TEXT, PRIMARY KEY (invoice, n));
		INSERT INTO invoice VALUES (1, 'ann@x.example', '2018-03-01', 'N1'), (2, 'ann@x.example', '2024-03-01', 'N2');
		INSERT INTO line VALUES (1, 1, 'tea'), (1, 2, 'milk'), (2, 1, 'tea');
	`, `
invoice:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: contact.email, number: orders.invoice}
  retention: {invoices: issued}
line:
  relation: owns
  erase: {keep: {because: The tax office., for: invoices}}
  columns: {article: orders.items}
`}})
	p := w.erase("email=ann@x.example")
	wants(t, "plan", said(p), "invoice: clear email number, 2", "line: clear article, 2", "line: keep article, 1, until 2031-03-01")
	wants(t, "lines", w.rows("shop", "SELECT invoice, n, article FROM line"), "1|1|-", "1|2|-", "2|1|tea")
}
