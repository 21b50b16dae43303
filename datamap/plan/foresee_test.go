package plan

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// sqlWorld is one database of a kind with its map.
func sqlWorld(t *testing.T, c connect.Config, tables string, statements ...string) *world {
	t.Helper()
	connecttest.Exec(t, c, statements...)
	src, err := sqldb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	text := "system: shop\nkind: " + c.Kind + "\ncredentials: env:X\ntake-from-database: [keys, references]\ntables:\n" + indented(tables)
	m, err := datamap.Load(fstest.MapFS{"systems/shop.yaml": &fstest.MapFile{Data: []byte(text)}}, testPolicy(t))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, m: m, sources: find.Sources{"shop": src}, options: Options{CaseKey: []byte("a key of a case of a test"), Now: today}}
	if w.m, err = m.Complete(facts(w.schemas())); err != nil {
		t.Fatal(err)
	}
	return w
}

// all reads columns of a table as texts with bars between.
func (w *world) all(table string, columns ...string) []string {
	w.t.Helper()
	out := []string{}
	for _, r := range connecttest.All(w.t, w.sources["shop"], connect.Read{Table: table, Columns: columns, Key: []string{"id"}}) {
		var parts []string
		for _, v := range r {
			parts = append(parts, connect.Text(v))
		}
		out = append(out, strings.Join(parts, "|"))
	}
	return out
}

// What a rule of the database refuses is found in the plan, row by row, and something
// else is done that it takes; what nothing fits stays, and that is said.
func TestRulesOfTheDatabaseAreForeseen(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		length := map[string]string{"mysql": "char_length", "postgresql": "length", "sqlite": "length"}[c.Kind]
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: clear
  columns:
    email: {is: contact.email, erase: mask(hash)}
    name: {is: contact.name, erase: 'mask("x")'}
    sex: contact.name
    state: contact.name
    age: account.number
    born: contact.birthday
    phone: contact.phone
    mobile: contact.phone
    code: {is: account.number, erase: mask(hash)}
    odd: {is: account.number, erase: mask(hash)}
`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60) NOT NULL, name varchar(40) NOT NULL, sex varchar(9) NOT NULL, state varchar(9), age integer NOT NULL, born date, phone varchar(20), mobile varchar(20),
				code char(5) NOT NULL, odd varchar(9) NOT NULL, CONSTRAINT mail CHECK (email LIKE '%_@_%'), CONSTRAINT long_name CHECK (`+length+`(name) > 2), CONSTRAINT sexes CHECK (sex IN ('m', 'f', 'Unknown')),
				CONSTRAINT states CHECK (state IS NOT NULL AND (state = 'open' OR state = 'shut')), CONSTRAINT grown CHECK (age >= 18), CONSTRAINT adult CHECK (age < 40 OR born IS NOT NULL),
				CONSTRAINT reachable CHECK (phone IS NOT NULL OR mobile IS NOT NULL), CONSTRAINT coded CHECK (code < 'A'), CONSTRAINT oddity CHECK (odd IN ('one', 'three')))`,
			`INSERT INTO person VALUES (1, 'ann@x.example', 'Ann Lee', 'f', 'open', 33, NULL, '06', '07', '12345', 'one'), (2, 'ann@x.example', 'Ann', 'm', 'shut', 44, '1980-05-06', NULL, '07', '99999', 'three')`)
		p := w.erase("email=ann@x.example")
		got := said(p)
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], "of the database refuses it", "refuses")
		}
		wants(t, "plan", got,
			"person: clear born mobile, 2",
			"person: keep odd, 2, refused: mask(hash): the rule `oddity` refuses, instead: it is left as it is",
			"person: keep state, 2, refused: clear: the rule `states` refuses, instead: it is left as it is",
			"person: mask(18) age, 2, refused: it may not be empty; mask(blank): the rule `grown` refuses, instead: mask(18)",
			"person: mask(blank) code, 2, refused: mask(hash): the rule `coded` refuses, instead: mask(blank)",
			"person: mask(blank) phone, 2, refused: clear: the rule `reachable` refuses, instead: mask(blank)",
			"person: mask(email) email, 2, refused: mask(hash): the rule `mail` refuses, instead: mask(email)",
			"person: mask(hash) name, 2, refused: mask(text): the rule `long_name` refuses, instead: mask(hash)",
			"person: mask(text) sex, 2, refused: it may not be empty; mask(blank): the rule `sexes` refuses, instead: mask(\"Unknown\")")
		wants(t, "rows", w.all("person", "id", "sex", "state", "age", "born", "phone", "mobile", "odd"), "1|Unknown|open|18||||one", "2|Unknown|shut|18||||three")
		if !p.Partial() {
			t.Error("the plan does not say that it is partial")
		}
	})
}

// Rows are told apart: only those that a rule refuses are treated otherwise. A form that a
// rule asks for is kept, with nothing of the person in it.
func TestOnlyRefusedRowsAreTreatedOtherwise(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		form := map[string]string{"sqlite": "zip GLOB '[0-9][0-9] [A-Z]*'", "postgresql": "zip ~ '^[0-9]{2} [A-Z]+$'", "mysql": "zip REGEXP '^[0-9]{2} [A-Z]+$'"}[c.Kind]
		w := sqlWorld(t, c, `
orders:
  identities: {email: email}
  relation: owns
  erase: clear
  columns:
    email: {is: contact.email, erase: mask(email)}
    zip: {is: contact.address, erase: mask(hash)}
    ordered: {is: orders.items, erase: mask(year)}
    sent: {is: orders.items, erase: {keep: {because: The courier asks., for: 2 years after ordered}}}
`, `CREATE TABLE orders (id integer PRIMARY KEY, email varchar(60) NOT NULL, zip varchar(20) NOT NULL, ordered date NOT NULL, sent date, CONSTRAINT formed CHECK (`+form+`),
				CONSTRAINT late CHECK (ordered >= '2020-02-01'))`,
			`INSERT INTO orders VALUES (1, 'ann@x.example', '12 AB', '2020-06-07', '2026-06-08'), (2, 'ann@x.example', '34 C', '2026-06-07', '2026-06-09'), (3, 'bob@x.example', '56 D', '2020-06-07', NULL)`)
		p := w.erase("email=ann@x.example")
		got := w.all("orders", "id", "zip", "ordered")
		wants(t, "rows", got, "1|00 XX|2020-02-01", "2|00 X|2026-01-01", "3|56 D|2020-06-07")
		if !p.Partial() {
			t.Error("the plan does not say that it is partial")
		}
	})
}

// A row that lets go of one that is deleted cannot, when a rule wants the reference: the
// other row stays then, and the database refuses nothing when it is run.
func TestRuleKeepsWhatIsPointedAt(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
orders:
  relation: {person: owns}
  references: {person: {to: person.id, optional: yes}}
  erase: {keep: {because: Tax., for: 2 years after collection}}
  columns: {items: orders.items}
`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60))`,
			`CREATE TABLE orders (id integer PRIMARY KEY, person integer, guest integer, items varchar(20), FOREIGN KEY (person) REFERENCES person (id), CONSTRAINT whose CHECK (person IS NOT NULL OR guest = 1))`,
			`INSERT INTO person VALUES (1, 'ann@x.example'), (2, 'bob@x.example')`, `INSERT INTO orders VALUES (1, 1, 0, 'a'), (2, 1, 1, 'b'), (3, 2, 1, 'c')`)
		w.erase("email=ann@x.example")
		wants(t, "people", w.all("person", "id", "email"), "1|", "2|bob@x.example")
		wants(t, "orders", w.all("orders", "id", "person"), "1|1", "2|1", "3|2")
		w.erase("email=bob@x.example")
		wants(t, "people after", w.all("person", "id"), "1")
		wants(t, "orders after", w.all("orders", "id", "person"), "1|1", "2|1", "3|")
	})
}

// A correction that a rule refuses is not made, and says so; the others are.
func TestRulesRefuseCorrections(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(20), CONSTRAINT named CHECK (name <> 'X'))`, `INSERT INTO person VALUES (1, 'ann@x.example', 'An')`)
		s, f := w.found(people("email=ann@x.example"))
		p, err := Rectify(t.Context(), s, f, w.options, []Correction{{Data: "contact.name", To: "X"}})
		if err != nil {
			t.Fatal(err)
		}
		w.run(captured(t, p))
		wants(t, "plan", said(p), "person: keep name, 1, refused: the new value: the rule `named` of the database refuses it, instead: it is left as it is")
		wants(t, "row", w.all("person", "name"), "An")
	})
}

// What a rule refuses whatever else stands in a row is found without a row.
func TestCheckRules(t *testing.T) {
	connecttest.Each(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: clear
  columns:
    email: {is: contact.email, erase: mask(hash)}
    name: {is: contact.name, erase: mask(name)}
    state: contact.name
    phone: contact.phone
`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60) NOT NULL, name varchar(40) NOT NULL, state varchar(9), phone varchar(20), CONSTRAINT mail CHECK (email LIKE '%_@_%'),
				CONSTRAINT named CHECK (name <> ''), CONSTRAINT states CHECK (state IS NOT NULL AND state IN ('open', 'shut')), CONSTRAINT either CHECK (phone IS NOT NULL OR email <> 'a@b'))`)
		found, err := CheckRules(t.Context(), w.m, w.schemas(), w.sources)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range found {
			got = append(got, p.Code+": "+p.Message+"; "+p.Suggest)
		}
		wants(t, "problems", got, "rule-refuses: the rule `mail` of the database refuses mask(hash) in `email` of `person`; write `erase: mask(email)`, which it takes",
			"rule-refuses: the rule `states` of the database refuses clear in `state` of `person`; keep the column and say why, or change the rule in the database")
	})
}
