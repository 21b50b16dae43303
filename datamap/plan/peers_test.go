package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func wants(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", what, diff)
	}
}

// household is two people at one address, each with an order.
func household(t *testing.T) *world {
	return newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE address (id INTEGER PRIMARY KEY, street TEXT);
		CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, home INTEGER REFERENCES address);
		CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer, ship_to INTEGER REFERENCES address, text TEXT);
		INSERT INTO address VALUES (1, 'Elm 1'), (2, 'Oak 2');
		INSERT INTO customer VALUES (1, 'ann@x.example', 'Ann', 1), (2, 'bob@x.example', 'Bob', 1), (3, 'cy@x.example', 'Cy', 2);
		INSERT INTO orders VALUES (10, 1, 1, 'a'), (11, 2, 1, 'b'), (12, 3, 2, 'c');
	`, `
address:
  relation: {customer.home: shares, orders.ship_to: shares}
  of: everyone
  erase: delete
  columns: {street: contact.address}
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
orders:
  relation: {customer: owns}
  erase: delete
  columns: {text: orders.items}
`}})
}

// Fides nulls the home address of everybody who lives with the person.
func TestSharedAddressStaysForOthers(t *testing.T) {
	w := household(t)
	w.erase("email=ann@x.example")
	wants(t, "addresses", w.rows("shop", "SELECT id, street FROM address"), "1|Elm 1", "2|Oak 2")
	wants(t, "customers", w.rows("shop", "SELECT id, email, home FROM customer"), "2|bob@x.example|1", "3|cy@x.example|2")
	wants(t, "orders", w.rows("shop", "SELECT id FROM orders"), "11", "12")
	w.erase("email=bob@x.example")
	wants(t, "addresses after the last has left", w.rows("shop", "SELECT id, street FROM address"), "2|Oak 2")
	w.erase("email=cy@x.example")
	wants(t, "everything", w.rows("shop", "SELECT id FROM address UNION SELECT id FROM customer UNION SELECT id FROM orders"))
}

// Both leave in one run: the row goes with them.
func TestSharedAddressGoesWithTheLast(t *testing.T) {
	w := household(t)
	p := w.erase("email=ann@x.example", "email=bob@x.example")
	wants(t, "addresses", w.rows("shop", "SELECT id FROM address"), "2")
	wants(t, "plan", said(p), "address: delete street, 1", "customer: delete email name, 2", "orders: delete text, 2")
}

// Two requests are planned at the same time, each while the other still lives there.
func TestSharedAddressGoesWhenBothLeaveAtOnce(t *testing.T) {
	w := household(t)
	a, b := people("email=ann@x.example"), people("email=bob@x.example")
	first, second := w.plan(a), w.plan(b)
	w.run(first)
	wants(t, "addresses", w.rows("shop", "SELECT id FROM address"), "1", "2")
	w.run(second)
	wants(t, "addresses after both", w.rows("shop", "SELECT id FROM address"), "2")
}

// Somebody moves in between plan and run.
func TestSharedAddressStaysForWhoCameLater(t *testing.T) {
	w := household(t)
	who := people("email=cy@x.example")
	p := w.plan(who)
	w.exec("shop", "INSERT INTO customer VALUES (4, 'dee@x.example', 'Dee', 2)")
	w.run(p)
	wants(t, "addresses", w.rows("shop", "SELECT id FROM address"), "1", "2")
	wants(t, "customers", w.rows("shop", "SELECT id FROM customer"), "1", "2", "4")
	left := w.check(p, who)
	if len(left) != 1 || left[0].Table != "address" || left[0].Rows != 1 {
		t.Errorf("it is not said that the address stays: %+v", left)
	}
}

// A pilot is not erased with the passenger, nor changed.
func TestOthersRowsAreNotTouched(t *testing.T) {
	w := newWorld(t, map[string][2]string{"crm": {`
		CREATE TABLE staff (id INTEGER PRIMARY KEY, email TEXT, name TEXT, phone TEXT);
		CREATE TABLE client (id INTEGER PRIMARY KEY, email TEXT, name TEXT, keeper INTEGER REFERENCES staff ON DELETE SET NULL);
		INSERT INTO staff VALUES (1, 'eve@x.example', 'Eve', '0611111111'), (2, 'sue@x.example', 'Sue', '0622222222');
		INSERT INTO client VALUES (1, 'ann@x.example', 'Ann', 1), (2, 'bob@x.example', 'Bob', 2);
	`, `
staff:
  identities: {email: email, phone: phone}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name, phone: contact.phone}
client:
  identities: {email: email}
  relation: {itself: owns, keeper: mentions}
  erase: delete
  columns: {email: contact.email, name: contact.name}
`}})
	staff := w.rows("crm", "SELECT id, email, name, phone FROM staff")
	w.erase("email=ann@x.example")
	wants(t, "staff", w.rows("crm", "SELECT id, email, name, phone FROM staff"), staff...)

	// Deleting Sue would change Bob's row: she is masked instead, and that is said.
	p := w.erase("email=sue@x.example")
	wants(t, "clients", w.rows("crm", "SELECT id, email, name, keeper FROM client"), "2|bob@x.example|Bob|2")
	wants(t, "staff after", w.rows("crm", "SELECT id, email, name, phone FROM staff"), staff[0], "2|-|-|-")
	wants(t, "plan", said(p), "client: read , 1",
		"staff: clear email name phone, 1, refused: delete: 1 row of `client` that stays points at it by `keeper`, instead: clear")
	if !p.Partial() {
		t.Error("a plan that masks what should be deleted is not partial")
	}
}

// What another person owns is not deleted by the database when a row of this one is.
func TestCascadeNeverTakesRowsOfOthers(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL, born DATE, points INTEGER NOT NULL, seen TIMESTAMP NOT NULL);
		CREATE TABLE voucher (id INTEGER PRIMARY KEY, giver INTEGER REFERENCES customer ON DELETE CASCADE, email TEXT);
		CREATE TABLE secret_log (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer ON DELETE CASCADE);
		INSERT INTO customer VALUES (1, 'ann@x.example', 'Ann', '1984-06-21', 3, '2026-01-01 00:00:00'), (2, 'bob@x.example', 'Bob', '1985-01-02', 4, '2026-01-01 00:00:00');
		INSERT INTO voucher VALUES (1, 1, 'bob@x.example');
		INSERT INTO secret_log VALUES (1, 1), (2, 1), (3, 2);
	`, `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name, born: contact.birthday, points: orders.amount, seen: account.settings}
voucher:
  identities: {email: email}
  relation: {itself: owns, giver: mentions}
  erase: delete
  columns: {email: contact.email}
`}})
	p := w.erase("email=ann@x.example")
	wants(t, "vouchers", w.rows("shop", "SELECT id, giver, email FROM voucher"), "1|1|bob@x.example")
	wants(t, "logs", w.rows("shop", "SELECT id FROM secret_log"), "1", "2", "3")
	got := w.rows("shop", "SELECT id, name, born, points, seen FROM customer")
	wants(t, "customers", got, "1||-|0|1900-01-01 00:00:00", "2|Bob|1985-01-02 00:00:00|4|2026-01-01 00:00:00")
	if masked := w.rows("shop", "SELECT email FROM customer WHERE id = 1 AND email LIKE '%@erased.invalid'"); len(masked) != 1 {
		t.Error("the address is not masked")
	}
	if !p.Partial() {
		t.Error("it is not said that the row is still there")
	}
	// Bob's row has only a row that no map knows pointing at it.
	p = w.erase("email=bob@x.example")
	wants(t, "plan", said(p)[:1], "customer: clear born, 1, refused: delete: 1 row of `secret_log` that stays points at it by `customer`, instead: clear")
}

// NOT NULL, unique, short and typed columns get what fits them, or it is said why not.
func TestColumnsGetWhatFits(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE customer (
			id INTEGER PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, name TEXT NOT NULL, nick VARCHAR(3) UNIQUE NOT NULL, code VARCHAR(12) NOT NULL UNIQUE,
			phone TEXT, born DATE NOT NULL, points INTEGER NOT NULL, paid DECIMAL(8,2) NOT NULL, active BOOLEAN NOT NULL,
			country TEXT NOT NULL REFERENCES country (code), upper_name TEXT GENERATED ALWAYS AS (upper(name)) STORED, photo BLOB, remarks TEXT);
		CREATE TABLE country (code TEXT PRIMARY KEY);
		CREATE TRIGGER noted AFTER UPDATE ON customer BEGIN SELECT 1; END;
		INSERT INTO country VALUES ('NL');
		INSERT INTO customer (id, email, name, nick, code, phone, born, points, paid, active, country, photo, remarks) VALUES
			(1, 'ann@x.example', 'Ann', 'ann', 'A1', '0611111111', '1984-06-21', 3, 4.5, 1, 'NL', x'00ff', 'likes tea'),
			(2, 'ann@y.example', 'Anna', 'any', 'A2', '0611111111', '1985-06-21', 3, 4.5, 1, 'NL', x'00ff', 'likes tea');
	`, `
country: {}
customer:
  identities: {email: email, phone: phone}
  relation: owns
  erase: clear
  columns:
    email: {is: contact.email, erase: mask(email)}
    name: {is: contact.name, erase: mask(name)}
    nick: contact.name
    code: {is: account.number, erase: mask("gone")}
    phone: contact.phone
    born: {is: contact.birthday, erase: mask(year)}
    points: orders.amount
    paid: orders.amount
    active: account.settings
    country: contact.address
    upper_name: contact.name
    photo: account.settings
  free-text: remarks
`}})
	p := w.erase("phone=06 11 11 11 11")
	wants(t, "plan", said(p),
		"customer: clear phone photo remarks, 2",
		"customer: keep country, 2, refused: it may not be empty and has to be found in another table, instead: it is left as it is",
		"customer: keep nick, 2, refused: mask(hash) does not fit: no two rows may have the same value in it, and only 3 characters fit, and it may not be empty, instead: it is left as it is",
		"customer: keep upper_name, 2, refused: the system computes it from other columns, instead: it is left as it is",
		"customer: mask(blank) active paid points, 2, refused: it may not be empty, instead: mask(blank)",
		"customer: mask(email) email, 2",
		"customer: mask(hash) code, 2, refused: mask(\"gone\") does not fit: no two rows may have the same value in it, instead: mask(hash)",
		"customer: mask(name) name, 2",
		"customer: mask(year) born, 2",
	)
	wants(t, "rows", w.rows("shop", "SELECT id, name, nick, phone, date(born), points, paid, active, country, upper_name, photo, remarks, length(code) FROM customer"),
		"1|Erased|ann|-|1984-01-01|0|0|0|NL|ERASED|-|-|12", "2|Erased|any|-|1985-01-01|0|0|0|NL|ERASED|-|-|12")
	for _, e := range p.Entries(false) {
		if e.Action == Clear && e.Reason != "the database runs its trigger `noted` then" {
			t.Errorf("the trigger is not told: %+v", e)
		}
	}
}

// Tables that point at themselves, optional or not.
func TestSelfReferences(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE member (id INTEGER PRIMARY KEY, email TEXT, invited_by INTEGER REFERENCES member);
		CREATE TABLE note (id INTEGER PRIMARY KEY, member INTEGER NOT NULL REFERENCES member, under INTEGER NOT NULL REFERENCES note, text TEXT);
		INSERT INTO member VALUES (1, 'ann@x.example', NULL), (2, 'ann@x.example', 1), (3, 'bob@x.example', 2), (4, 'ann@x.example', 4);
		INSERT INTO note VALUES (1, 1, 1, 'a'), (2, 1, 1, 'b'), (3, 1, 2, 'c'), (4, 4, 3, 'd'), (5, 3, 5, 'e');
	`, `
member:
  identities: {email: email}
  relation: {itself: owns, invited_by: mentions}
  erase: delete
  columns: {email: contact.email}
note:
  relation: {member: owns}
  erase: delete
  columns: {text: messages.text}
`}})
	w.erase("email=ann@x.example")
	wants(t, "members", w.rows("shop", "SELECT id, email, invited_by FROM member"), "2|-|-", "3|bob@x.example|2")
	wants(t, "notes", w.rows("shop", "SELECT id, text FROM note"), "5|e")
}

// Composite keys and references: not every row with one half of the key.
func TestCompositeKeys(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE orders (region TEXT, number INTEGER, email TEXT, PRIMARY KEY (region, number));
		CREATE TABLE line (region TEXT, number INTEGER, line INTEGER, article TEXT, PRIMARY KEY (region, number, line), FOREIGN KEY (region, number) REFERENCES orders (region, number));
		INSERT INTO orders VALUES ('N', 1, 'ann@x.example'), ('N', 2, 'bob@x.example'), ('S', 1, 'bob@x.example'), ('S', 2, 'ann@x.example');
		INSERT INTO line SELECT region, number, 1, 'tea' FROM orders;
	`, `
orders:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
line:
  relation: owns
  erase: delete
  columns: {article: orders.items}
`}})
	w.erase("email=ann@x.example")
	wants(t, "orders", w.rows("shop", "SELECT region, number FROM orders"), "N|2", "S|1")
	wants(t, "lines", w.rows("shop", "SELECT region, number FROM line"), "N|2", "S|1")
}

// Without a key no row is changed: it might hit more rows than were read.
func TestNoKeyNoChange(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE VIEW subscriber AS SELECT 'ann@x.example' AS email, 'Ann' AS name;
		CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT);
		INSERT INTO customer VALUES (1, 'ann@x.example');
	`, `
subscriber:
  key: email
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
`}})
	p := w.plan(people("email=ann@x.example"))
	w.run(p)
	wants(t, "plan", said(p), "customer: delete email, 1",
		"subscriber: keep email name, 1, refused: delete: it is a view, whose rows are those of other tables: map those, instead: it is left as it is")
	wants(t, "customers", w.rows("shop", "SELECT id FROM customer"))
}
