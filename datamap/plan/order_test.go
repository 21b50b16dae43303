package plan

import (
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap/find"
)

// onEach runs a test on each kind of SQL database.
func onEach(t *testing.T, statements []string, tables string, test func(t *testing.T, w *world, src connect.Source)) {
	for _, kind := range connecttest.Kinds(t) {
		t.Run(kind.Name, func(t *testing.T) {
			c := kind.Config(t)
			for _, s := range statements {
				if only, rest, ok := strings.Cut(s, ": "); ok && !strings.Contains(only, " ") {
					if s = rest; only != c.Kind {
						continue
					}
				}
				connecttest.Exec(t, c, s)
			}
			c.System, c.Region = "shop", "NL"
			src, err := sqldb.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { src.Close() })
			w := &world{t: t, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}, sources: find.Sources{"shop": src}}
			w.load(map[string]string{"shop.yaml": "system: shop\nkind: " + c.Kind + "\ncredentials: env:X\ntake-from-database: [keys, references]\ntables:\n" + indented(tables)})
			test(t, w, src)
		})
	}
}

func texts(t *testing.T, src connect.Source, table string, columns ...string) []string {
	t.Helper()
	out := []string{}
	for _, row := range connecttest.All(t, src, connect.Read{Table: table, Columns: columns, Key: columns[:1]}) {
		var line []string
		for _, v := range row {
			line = append(line, connect.Text(v))
		}
		out = append(out, strings.Join(line, "|"))
	}
	return out
}

// A circle of tables is opened where a column may be empty; rows that point at rows of
// their own table go in layers, or let go first.
func TestCirclesAreOpened(t *testing.T) {
	onEach(t, []string{
		"CREATE TABLE person (id int PRIMARY KEY, email varchar(60), main int)",
		"CREATE TABLE account (id int PRIMARY KEY, person int NOT NULL, parent int NOT NULL, text varchar(60), FOREIGN KEY (person) REFERENCES person (id))",
		"mysql: ALTER TABLE account ADD FOREIGN KEY (parent) REFERENCES account (id)",
		"mysql: ALTER TABLE person ADD FOREIGN KEY (main) REFERENCES account (id)",
		"postgresql: ALTER TABLE account ADD FOREIGN KEY (parent) REFERENCES account (id)",
		"postgresql: ALTER TABLE person ADD FOREIGN KEY (main) REFERENCES account (id)",
		"sqlite: DROP TABLE account", "sqlite: DROP TABLE person",
		"sqlite: CREATE TABLE person (id int PRIMARY KEY, email varchar(60), main int, FOREIGN KEY (main) REFERENCES account (id))",
		"sqlite: CREATE TABLE account (id int PRIMARY KEY, person int NOT NULL, parent int NOT NULL, text varchar(60), FOREIGN KEY (person) REFERENCES person (id), FOREIGN KEY (parent) REFERENCES account (id))",
		"INSERT INTO person VALUES (1, 'ann@x.example', NULL), (2, 'bob@x.example', NULL)",
		"INSERT INTO account VALUES (1, 1, 1, 'a')", "INSERT INTO account VALUES (2, 1, 1, 'b')", "INSERT INTO account VALUES (3, 1, 2, 'c')", "INSERT INTO account VALUES (4, 2, 4, 'd')", "INSERT INTO account VALUES (5, 1, 3, 'e')",
		"UPDATE person SET main = 3 WHERE id = 1", "UPDATE person SET main = 4 WHERE id = 2",
	}, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
account:
  relation: {person: owns}
  erase: delete
  columns: {text: messages.text}
`, func(t *testing.T, w *world, src connect.Source) {
		p := w.erase("email=ann@x.example")
		if w.m.Systems[0].Kind == "mysql" { // which does not delete a row that points at itself
			wants(t, "people", texts(t, src, "person", "id", "email", "main"), "1||", "2|bob@x.example|4")
			wants(t, "accounts", texts(t, src, "account", "id", "person", "text"), "1|1|", "4|2|d")
			return
		}
		wants(t, "people", texts(t, src, "person", "id", "email", "main"), "2|bob@x.example|4")
		wants(t, "accounts", texts(t, src, "account", "id", "person"), "4|2")
		wants(t, "plan", said(p), "account: delete text, 4", "person: delete email, 1")
	})
}

// A circle that nothing opens is masked instead, and said.
func TestCirclesThatStayAreMasked(t *testing.T) {
	onEach(t, []string{
		"CREATE TABLE a (id int PRIMARY KEY, email varchar(60), b int NOT NULL)",
		"CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL, text varchar(60), FOREIGN KEY (a) REFERENCES a (id))",
		"sqlite: DROP TABLE b", "sqlite: DROP TABLE a",
		"sqlite: CREATE TABLE a (id int PRIMARY KEY, email varchar(60), b int NOT NULL, FOREIGN KEY (b) REFERENCES b (id))",
		"sqlite: CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL, text varchar(60), FOREIGN KEY (a) REFERENCES a (id))",
		"sqlite: BEGIN; PRAGMA defer_foreign_keys = on; INSERT INTO a VALUES (1, 'ann@x.example', 1); INSERT INTO b VALUES (1, 1, 'x'); COMMIT",
		"mysql: SET STATEMENT foreign_key_checks = 0 FOR INSERT INTO b VALUES (1, 1, 'x')",
		"mysql: INSERT INTO a VALUES (1, 'ann@x.example', 1)",
		"mysql: ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id)",
		"postgresql: INSERT INTO a VALUES (1, 'ann@x.example', 1)", "postgresql: INSERT INTO b VALUES (1, 1, 'x')",
		"postgresql: ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id)",
	}, `
a:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
b:
  relation: {a: owns}
  erase: delete
  columns: {text: messages.text}
`, func(t *testing.T, w *world, src connect.Source) {
		p := w.erase("email=ann@x.example")
		wants(t, "a", texts(t, src, "a", "id", "email", "b"), "1||1")
		wants(t, "b", texts(t, src, "b", "id", "a", "text"), "1|1|")
		if lines := said(p); !p.Partial() || len(lines) != 2 || !strings.Contains(strings.Join(lines, " "), "in a circle that no column that may be empty opens") {
			t.Errorf("the plan says %v", lines)
		}
	})
}

// One column points at rows of several tables, by the word beside it.
func TestPolymorphicReferences(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT);
		CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer);
		CREATE TABLE note (id INTEGER PRIMARY KEY, about_type TEXT, about_id INTEGER, note TEXT);
		INSERT INTO customer VALUES (1, 'ann@x.example'), (2, 'bob@x.example');
		INSERT INTO orders VALUES (1, 2), (2, 1);
		INSERT INTO note VALUES (1, 'Customer', 1, 'a'), (2, 'Order', 1, 'b'), (3, 'Order', 2, 'c'), (4, 'Customer', 2, 'd'), (5, NULL, 1, 'e');
	`, `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
orders:
  relation: {customer: owns}
  erase: delete
  columns: {customer: orders.items}
note:
  references:
    about_customer: {columns: about_id, to: customer.id, when: about_type = 'Customer'}
    about_order: {columns: about_id, to: orders.id, when: about_type = 'Order'}
  relation: {about_customer: owns, about_order: owns}
  erase: delete
  columns: {note: messages.text}
`}})
	w.erase("email=ann@x.example")
	wants(t, "notes", w.rows("shop", "SELECT id FROM note"), "2", "4", "5")
	wants(t, "orders", w.rows("shop", "SELECT id FROM orders"), "1")
}

// What two owners claim is left alone and listed.
func TestConflictsAreListed(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT);
		CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer, email TEXT);
		INSERT INTO customer VALUES (1, 'ann@x.example'), (2, 'bob@x.example');
		INSERT INTO orders VALUES (1, 1, 'ann@x.example'), (2, 1, 'bob@x.example');
	`, `
customer:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
orders:
  identities: {email: email}
  relation: {itself: owns, customer: owns}
  erase: delete
  columns: {email: contact.email}
`}})
	p := w.erase("email=ann@x.example")
	wants(t, "orders", w.rows("shop", "SELECT id, customer, email FROM orders"), "2|1|bob@x.example")
	wants(t, "plan", said(p),
		"customer: clear email, 1, refused: delete: 1 row of `orders` that stays points at it by `customer`, instead: clear",
		"orders: delete email, 1",
		"orders: keep , 1, refused: what owns the row disagrees about whose it is, instead: somebody has to decide")
}

// PostgreSQL can hold references at the end of the step: then a circle goes as a whole.
func TestCirclesThatWaitGo(t *testing.T) {
	const waits = " DEFERRABLE INITIALLY IMMEDIATE"
	onEach(t, []string{
		"CREATE TABLE a (id int PRIMARY KEY, email varchar(60), b int NOT NULL)",
		"CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL, text varchar(60))",
		"INSERT INTO a VALUES (1, 'ann@x.example', 1), (2, 'bob@x.example', 2)", "INSERT INTO b VALUES (1, 1, 'x'), (2, 2, 'y')",
		"postgresql: ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id)" + waits,
		"postgresql: ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a (id)" + waits,
	}, `
a:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
b:
  references: {a: a.id}
  relation: {a: owns}
  erase: delete
  columns: {text: messages.text}
`, func(t *testing.T, w *world, src connect.Source) {
		w.erase("email=ann@x.example")
		wants(t, "a", texts(t, src, "a", "id"), "2")
		wants(t, "b", texts(t, src, "b", "id"), "2")
	})
}
