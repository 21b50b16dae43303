package plan

import (
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
)

// A column that others point at is changed only when the database lets it, which is found
// in the plan; what then changes in the rows of others is said.
func TestColumnsThatOthersPointAt(t *testing.T) {
	for _, c := range []struct{ action, plan, reason, email, ref string }{
		{"", "keep email, 1, refused: mask(email): the foreign key of_email refuses it, instead: left", "the row is the person's own", "ann@x.example", "ann@x.example"},
		{"ON UPDATE SET NULL", "mask(email) email, 1", "the database empties `ref` of the rows of `notes` that point at it", "masked", ""},
		{"ON UPDATE CASCADE", "mask(email) email, 1", "the database changes `ref` of the rows of `notes` that point at it", "masked", "masked"},
	} {
		t.Run("references "+c.action, func(t *testing.T) {
			eachKind(t, func(t *testing.T, config connect.Config) {
				w := sqlWorld(t, config, `
person:
  identities: {email: email}
  relation: owns
  erase: mask(email)
  columns: {email: contact.email}
`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60) UNIQUE)`,
					`CREATE TABLE notes (id integer PRIMARY KEY, ref varchar(60), CONSTRAINT of_email FOREIGN KEY (ref) REFERENCES person (email) `+c.action+`)`,
					`INSERT INTO person VALUES (1, 'ann@x.example'), (2, 'bob@x.example')`, `INSERT INTO notes VALUES (1, 'ann@x.example'), (2, 'bob@x.example')`)
				plan := c.plan
				if config.Kind == "sqlite" { // which does not say what refused
					plan = strings.ReplaceAll(plan, " of_email", "")
				}
				p := w.erase("email=ann@x.example")
				wants(t, "plan", short(p), "person: "+plan)
				for _, e := range p.Entries(false) {
					if e.Reason != c.reason {
						t.Errorf("the reason is %q", e.Reason)
					}
				}
				masked := strings.NewReplacer("masked", w.all("person", "email")[0])
				if c.email == "masked" && strings.Contains(w.all("person", "email")[0], "ann") {
					t.Error("nothing is masked")
				}
				wants(t, "people", w.all("person", "email"), masked.Replace(c.email), "bob@x.example")
				wants(t, "notes", w.all("notes", "ref"), masked.Replace(c.ref), "bob@x.example")
			})
		})
	}
}
