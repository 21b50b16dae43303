package plan

import (
	"slices"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// What somebody else writes between plan and run, and refers to a row that goes, is neither
// taken along nor changed by the database, whatever it does with such rows; the row it refers
// to is left, the check tells, and another plan does what can be done.
func TestRowsThatCameToPointAtOthers(t *testing.T) {
	comments := func(action string) []string {
		return []string{`CREATE TABLE comments (id integer PRIMARY KEY, author integer, post integer, note varchar(60), FOREIGN KEY (author) REFERENCES person (id), FOREIGN KEY (post) REFERENCES posts (id) ` + action + `)`}
	}
	for name, c := range map[string]struct{ before, meanwhile []string }{
		"the database takes them along": {comments("ON DELETE CASCADE"), nil},
		"the database changes them":     {comments("ON DELETE SET NULL"), nil},
		"the database refuses":          {comments(""), nil},
		"by a table that is new":        {nil, comments("ON DELETE CASCADE")},
		"by a new table, and refused":   {nil, comments("")},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, config connect.Config) {
				w := sqlWorld(t, config, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
posts:
  relation: {author: owns}
  erase: delete
  columns: {note: messages.text}
`, slices.Concat([]string{`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60))`,
					`CREATE TABLE posts (id integer PRIMARY KEY, author integer, re integer, note varchar(60), FOREIGN KEY (author) REFERENCES person (id) ON DELETE CASCADE, FOREIGN KEY (re) REFERENCES posts (id) ON DELETE CASCADE)`,
					`INSERT INTO person VALUES (1, 'ann@x.example'), (2, 'bob@x.example')`, `INSERT INTO posts VALUES (1, 1, NULL, 'a'), (2, 1, NULL, 'b'), (3, 1, 2, 'c')`}, c.before)...)
				who := people("email=ann@x.example")
				p := w.plan(who)
				connecttest.Exec(t, config, append(c.meanwhile, `INSERT INTO comments VALUES (1, 2, 1, 'of bob')`)...)
				w.run(p)
				wants(t, "posts", w.all("posts", "id", "author", "note"), "1|1|a")
				wants(t, "comments", w.all("comments", "id", "author", "post", "note"), "1|2|1|of bob")
				if left := w.check(p, who); len(left) != 2 || left[0].Why != NotDone || left[1].Why != NotDone {
					t.Errorf("the check finds %+v", left)
				}
				w.erase("email=ann@x.example")
				wants(t, "people", w.all("person", "id", "email"), "2|bob@x.example")
				wants(t, "posts", w.all("posts", "id", "author", "note"), "1||")
				wants(t, "comments", w.all("comments", "id", "author", "post", "note"), "1|2|1|of bob")
			})
		})
	}
}
