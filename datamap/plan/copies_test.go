package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// copying makes a trigger that does something for each row.
func copying(kind, name, event, table, does string) []string {
	switch kind {
	case "postgresql":
		return []string{`CREATE FUNCTION ` + name + `() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN ` + does + `; RETURN OLD; END$$`,
			`CREATE TRIGGER ` + name + ` AFTER ` + event + ` ON ` + table + ` FOR EACH ROW EXECUTE FUNCTION ` + name + `()`}
	case "mysql":
		return []string{`CREATE TRIGGER ` + name + ` AFTER ` + event + ` ON ` + table + ` FOR EACH ROW BEGIN ` + does + `; END`}
	}
	return []string{`CREATE TRIGGER ` + name + ` AFTER ` + event + ` ON ` + table + ` FOR EACH ROW BEGIN ` + does + `; END`}
}

// A trigger that copies what goes into a table of which the map knows nothing is said, with the
// table; one that writes to a mapped table only is not warned of.
func TestTriggersThatCopy(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
account:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: contact.email}
history:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
`, slices.Concat([]string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60))`, `CREATE TABLE account (id integer PRIMARY KEY, email varchar(60))`, `CREATE TABLE archive (id integer, email varchar(60))`,
			`CREATE TABLE history (id integer PRIMARY KEY, email varchar(60))`, `CREATE TABLE counts (gone integer)`, `INSERT INTO counts VALUES (0)`,
			`INSERT INTO person VALUES (1, 'ann@x.example')`, `INSERT INTO account VALUES (1, 'ann@x.example')`},
			copying(c.Kind, "keeps", "DELETE", "person", "INSERT INTO archive (id, email) VALUES (OLD.id, OLD.email); UPDATE counts SET gone = gone + 1"),
			copying(c.Kind, "remembers", "UPDATE", "account", "UPDATE history SET email = NULL WHERE id = OLD.id"))...)
		p := w.plan(people("email=ann@x.example"))
		reasons := map[string]string{}
		for _, e := range p.Entries(false) {
			reasons[e.Table] = e.Reason
		}
		const want = "the database runs its trigger `keeps` then; the trigger `keeps` writes to `archive`, `counts`, which the map does not have: what it writes there stays"
		if reasons["person"] != want || reasons["account"] != "the database runs its trigger `remembers` then" {
			t.Errorf("the plan says %q", reasons)
		}
		w.run(p)
		if got := connecttest.Texts(connecttest.All(t, w.sources["shop"], connect.Read{Table: "archive", Columns: []string{"email"}}), 0); !strings.Contains(got, "ann@x.example") {
			t.Errorf("the trigger copied %q", got)
		}
	})
}
