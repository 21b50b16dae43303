package plan

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// raising is a trigger that refuses rows for which a condition holds, in the words of each
// database. A refusal's text holds a value of somebody, which nobody may be told.
func raising(kind, name, when, table, condition string) []string {
	switch kind {
	case "postgresql":
		return []string{"CREATE FUNCTION " + name + "_() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF " + condition + " THEN RAISE EXCEPTION '% may not', OLD.id; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END$$",
			"CREATE TRIGGER " + name + " BEFORE " + when + " ON " + table + " FOR EACH ROW EXECUTE FUNCTION " + name + "_()"}
	case "mysql":
		return []string{"CREATE TRIGGER " + name + " BEFORE " + when + " ON " + table + " FOR EACH ROW IF " + condition + " THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Ann may not'; END IF"}
	}
	return []string{"CREATE TRIGGER " + name + " BEFORE " + when + " ON " + table + " WHEN " + condition + " BEGIN SELECT RAISE(ABORT, 'Ann may not'); END"}
}

// eachKind runs a test on every SQL database.
func eachKind(t *testing.T, test func(t *testing.T, c connect.Config)) {
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) { test(t, k.Config(t)) })
	}
}

// short are the lines of a plan without what is said in all of them.
func short(p *Plan) []string {
	out := said(p)
	for i := range out {
		out[i] = strings.ReplaceAll(strings.ReplaceAll(out[i], "of the database ", ""), "it is left as it is", "left")
	}
	return out
}

// Rows that a trigger does not let go are emptied instead, and only those; what they point at stays too.
func TestTriggerKeepsRowsFromGoing(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
orders:
  relation: {person: owns}
  erase: delete
  columns: {items: orders.items}
`, slices.Concat([]string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(60) NOT NULL)`,
			`CREATE TABLE orders (id integer PRIMARY KEY, person integer NOT NULL, paid integer, items varchar(20), FOREIGN KEY (person) REFERENCES person (id))`,
			`INSERT INTO person VALUES (1, 'ann@x.example', 'Ann'), (2, 'ann@x.example', 'Ann'), (3, 'bob@x.example', 'Bob')`,
			`INSERT INTO orders VALUES (1, 1, 0, 'a'), (2, 1, 1, 'b'), (3, 2, 0, 'c'), (4, 3, 1, 'd')`}, raising(c.Kind, "paid_stay", "DELETE", "orders", "OLD.paid = 1"))...)
		p := w.erase("email=ann@x.example")
		wants(t, "plan", short(p),
			"orders: clear items, 1, refused: delete: the trigger `paid_stay` refuses it, instead: clear",
			"orders: delete items, 2",
			"person: clear email, 1, refused: delete: 1 row of `orders` that stays points at it by `person`, instead: clear",
			"person: delete email name, 1",
			"person: mask(blank) name, 1, refused: delete: 1 row of `orders` that stays points at it by `person`; clear: it may not be empty, instead: mask(blank)")
		wants(t, "people", w.all("person", "id", "email", "name"), "1||", "3|bob@x.example|Bob")
		wants(t, "orders", w.all("orders", "id", "items"), "2|", "4|d")
		if !p.Partial() {
			t.Error("the plan does not say that it is partial")
		}
	})
}

// A trigger that lets a row neither go nor change leaves it as it is; one that refuses only
// a value gets another.
func TestTriggerRefusesValues(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: contact.email, name: contact.name, phone: contact.phone, code: account.number}
`, slices.Concat([]string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(60), phone varchar(60), code varchar(9), locked integer)`,
			`INSERT INTO person VALUES (1, 'ann@x.example', 'Ann', '06', 'A1', 0), (2, 'ann@x.example', 'Ann', '06', 'A2', 1)`},
			raising(c.Kind, "named", "UPDATE", "person", "NEW.name IS NULL OR NEW.name = ''"),
			raising(c.Kind, "coded", "UPDATE", "person", "NEW.code IS NULL OR NEW.code NOT LIKE 'A%'"),
			raising(c.Kind, "locked_stay", "UPDATE", "person", "OLD.locked = 1"))...)
		p := w.erase("email=ann@x.example")
		got := short(p)
		for i := range got {
			for _, names := range []string{"one of the triggers `coded`, `locked_stay`, `named`", "the trigger `coded`", "the trigger `locked_stay`", "the trigger `named`"} {
				got[i] = strings.ReplaceAll(got[i], names, "a trigger") // PostgreSQL alone says which it was
			}
		}
		wants(t, "plan", got,
			"person: clear email phone, 1",
			"person: keep code, 1, refused: clear: a trigger refuses it, instead: left",
			"person: keep code email name phone, 1, refused: clear: a trigger refuses it, instead: left",
			"person: mask(hash) name, 1, refused: clear: a trigger refuses it, instead: mask(hash)")
		if got := w.all("person", "id", "email", "phone", "code"); !slices.Equal(got, []string{"1|||A1", "2|ann@x.example|06|A2"}) {
			t.Errorf("rows are %v", got)
		}
	})
}

// What a trigger silently passes over, or puts back, is found too.
func TestTriggerPassesOver(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		trigger := map[string][]string{
			"postgresql": {"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF TG_OP = ''DELETE'' THEN RETURN NULL; END IF; NEW.name := OLD.name; RETURN NEW; END'",
				"CREATE TRIGGER silent BEFORE UPDATE OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION f()"},
			"mysql": {"CREATE TRIGGER silent BEFORE UPDATE ON person FOR EACH ROW SET NEW.name = OLD.name", "CREATE TRIGGER loud BEFORE DELETE ON person FOR EACH ROW SIGNAL SQLSTATE '45000'"},
			"sqlite": {"CREATE TRIGGER silent AFTER UPDATE ON person WHEN NEW.name IS NOT OLD.name BEGIN UPDATE person SET name = OLD.name WHERE id = OLD.id; END",
				"CREATE TRIGGER loud BEFORE DELETE ON person BEGIN SELECT RAISE(IGNORE); END"},
		}[c.Kind]
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
`, append([]string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(60))`, `INSERT INTO person VALUES (1, 'ann@x.example', 'Ann'), (2, 'bob@x.example', 'Bob')`}, trigger...)...)
		p := w.erase("email=ann@x.example")
		got := short(p)
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], "`loud`", "`silent`")
		}
		wants(t, "plan", got,
			"person: clear email, 1, refused: delete: the trigger `silent` refuses it, instead: clear",
			"person: keep name, 1, refused: delete: the trigger `silent` refuses it; clear: the trigger `silent` refuses it, instead: left")
		wants(t, "rows", w.all("person", "id", "email", "name"), "1||Ann", "2|bob@x.example|Bob")
	})
}

// A mask is different in each row where an index of some rows, or of an expression, wants
// that; what is excluded in another way is found by trying.
func TestRulesBetweenRows(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		statements := []string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(60) NOT NULL, nick varchar(60) NOT NULL, room varchar(60) NOT NULL, alive integer NOT NULL)`}
		switch c.Kind {
		case "mysql":
			statements = []string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(60) NOT NULL, nick varchar(60) NOT NULL, room varchar(60) NOT NULL, alive integer NOT NULL,
				one_name varchar(60) AS (CASE WHEN alive = 1 THEN name END) STORED, UNIQUE KEY names (one_name), UNIQUE KEY nicks (nick(12)), one_room varchar(60) AS (CASE WHEN alive = 1 THEN room END) STORED, UNIQUE KEY rooms (one_room))`}
		case "postgresql":
			statements = append(statements, "CREATE UNIQUE INDEX names ON person (name) WHERE alive = 1", "CREATE UNIQUE INDEX nicks ON person (lower(nick))", "ALTER TABLE person ADD CONSTRAINT rooms EXCLUDE (room WITH =) WHERE (alive = 1)")
		default:
			statements = append(statements, "CREATE UNIQUE INDEX names ON person (name) WHERE alive = 1", "CREATE UNIQUE INDEX nicks ON person (lower(nick))", "CREATE UNIQUE INDEX rooms ON person (room || '') WHERE alive = 1")
		}
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: mask(blank)
  columns: {email: {is: contact.email, erase: clear}, name: contact.name, nick: contact.name, room: contact.address}
`, append(statements, `INSERT INTO person (id, email, name, nick, room, alive) VALUES (1, 'ann@x.example', 'Ann', 'a', 'r1', 1), (2, 'ann@x.example', 'Ann 2', 'b', 'r2', 1), (3, 'ann@x.example', 'Ann', 'c', 'r1', 0), (4, 'bob@x.example', '', 'd', '', 1)`)...)
		p := w.erase("email=ann@x.example")
		for _, row := range w.all("person", "id", "email", "name", "nick", "room")[:3] {
			if parts := strings.Split(row, "|"); parts[1] != "" || strings.HasPrefix(parts[2], "Ann") || len(parts[3]) == 1 || strings.HasPrefix(parts[4], "r1") || strings.HasPrefix(parts[4], "r2") {
				t.Errorf("the row is %s", row)
			}
		}
		for _, e := range p.Entries(false) {
			if e.Action == Keep {
				t.Errorf("it is kept: %+v", e)
			}
		}
	})
}

// A correction that a trigger refuses is not made, and says so.
func TestTriggerRefusesCorrection(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email, name: contact.name}
`, append([]string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(20))`, `INSERT INTO person VALUES (1, 'ann@x.example', 'An')`}, raising(c.Kind, "named", "UPDATE", "person", "NEW.name = 'X'")...)...)
		for _, x := range []struct{ to, want, row string }{
			{"X", "person: keep name, 1, refused: the new value: the trigger `named` refuses it, instead: left", "An"}, {"Ann", "person: update name, 1", "Ann"}} {
			s, f := w.found(people("email=ann@x.example"))
			p, err := Rectify(t.Context(), s, f, w.options, []Correction{{Data: "contact.name", To: x.to}})
			if err != nil {
				t.Fatal(err)
			}
			w.run(captured(t, p))
			wants(t, "plan", short(p), x.want)
			wants(t, "row", w.all("person", "name"), x.row)
		}
	})
}

// What is taken by itself, and not after what comes before it, stays as it is.
func TestTriggerLooksElsewhere(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: contact.email, name: contact.name}
visit:
  relation: {person: owns}
  erase: clear
  columns: {place: contact.address}
`, slices.Concat([]string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(60))`, `CREATE TABLE visit (id integer PRIMARY KEY, person integer, place varchar(60), FOREIGN KEY (person) REFERENCES person (id))`,
			`INSERT INTO person VALUES (1, 'ann@x.example', 'Ann')`, `INSERT INTO visit VALUES (1, 1, 'here'), (2, 1, 'there')`},
			raising(c.Kind, "nameless", "UPDATE", "visit", "OLD.id = 2 AND EXISTS (SELECT 1 FROM person WHERE id = OLD.person AND name IS NULL)"))...)
		p := w.erase("email=ann@x.example")
		wants(t, "plan", short(p), "person: clear email name, 1", "visit: clear place, 1", "visit: keep place, 1, refused: clear: the trigger `nameless` refuses it, instead: left")
		wants(t, "visits", w.all("visit", "id", "place"), "1|", "2|there")
	})
}

// A rule on what the database computes cannot be asked beforehand, and is tried.
func TestRuleOnComputedColumn(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: mask(blank)
  columns: {email: {is: contact.email, erase: clear}, name: contact.name}
`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), name varchar(30) NOT NULL, size integer GENERATED ALWAYS AS (length(name)) STORED, CONSTRAINT sized CHECK (size > 0))`,
			`INSERT INTO person (id, email, name) VALUES (1, 'ann@x.example', 'Ann')`)
		p := w.erase("email=ann@x.example")
		wants(t, "plan", short(p), "person: clear email, 1", "person: mask(hash) name, 1, refused: mask(blank): the rule `sized` refuses it, instead: mask(hash)")
		for _, e := range p.Entries(false) {
			if strings.Contains(e.Reason, "nobody can tell") {
				t.Errorf("it is not known: %+v", e)
			}
		}
	})
}

// Who does not want anything to be tried is told that nobody can tell, and so is everybody
// where it could not be taken back.
func TestNothingIsTried(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		const tables = `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
`
		statements := append([]string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60))`, `INSERT INTO person VALUES (1, 'ann@x.example')`}, raising(c.Kind, "stays", "DELETE", "person", "OLD.id = 1")...)
		w := sqlWorld(t, c, tables, statements...)
		w.m.Systems[0].Rehearse.Set = true
		p := w.plan(people("email=ann@x.example"))
		const why = "the database runs its trigger `stays` then; nobody can tell beforehand whether the trigger `stays` takes it: the map says `rehearse: no`"
		if e := p.Entries(false); len(e) != 1 || e[0].Action != Delete || e[0].Reason != why {
			t.Errorf("%+v", e)
		}
		if _, err := p.Systems[0].Run(t.Context(), w.sources["shop"]); err == nil || strings.Contains(err.Error(), "Ann") {
			t.Errorf("the trigger refuses nothing: %v", err)
		}
	})
}

// A plan that is only looked at leaves a database as it was, byte for byte where it is a file.
func TestPlanChangesNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		noted := map[string][]string{
			"postgresql": {"CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO note VALUES (OLD.id); RETURN NULL; END'", "CREATE TRIGGER noted AFTER UPDATE OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION note()"},
			"mysql":      {"CREATE TRIGGER noted AFTER DELETE ON person FOR EACH ROW INSERT INTO note VALUES (OLD.id)"},
			"sqlite":     {"CREATE TRIGGER noted AFTER DELETE ON person BEGIN INSERT INTO note VALUES (OLD.id); END"},
		}[c.Kind]
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
`, slices.Concat([]string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60))`, `CREATE TABLE note (id integer)`, `INSERT INTO person VALUES (1, 'ann@x.example'), (2, 'ann@x.example'), (3, 'bob@x.example')`},
			noted, raising(c.Kind, "stays", "DELETE", "person", "OLD.id = 1"))...)
		file := func() string {
			if c.Kind != "sqlite" {
				return ""
			}
			text, err := os.ReadFile(c.Secret)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		before := file()
		for range 2 {
			wants(t, "plan", short(w.plan(people("email=ann@x.example"))), "person: clear email, 1, refused: delete: the trigger `stays` refuses it, instead: clear", "person: delete email, 1")
		}
		wants(t, "people", w.all("person", "id", "email"), "1|ann@x.example", "2|ann@x.example", "3|bob@x.example")
		wants(t, "notes", w.all("note", "id"))
		if file() != before {
			t.Error("the file is another one")
		}
	})
}
