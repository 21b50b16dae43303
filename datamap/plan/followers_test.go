package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// described is a database that counts how often it is asked what it is made of.
type described struct {
	connect.Source
	connect.Rehearsal
	times int
}

func (d *described) Describe(ctx context.Context) (*connect.Schema, error) {
	d.times++
	return d.Source.Describe(ctx)
}

// Batches that follow each other ask the database once what refers to their rows, and once
// more where it refuses one.
func TestBatchesReadTheSchemaOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, config connect.Config) {
		w := sqlWorld(t, config, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
  retention: {contact: seen}
`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), seen date)`,
			`INSERT INTO person VALUES (1, 'a@x.example', '2010-01-01'), (2, 'b@x.example', '2010-01-01'), (3, 'c@x.example', '2010-01-01'), (4, 'd@x.example', '2010-01-01')`)
		src := &described{w.sources["shop"], w.sources["shop"].(connect.Rehearsal), 0}
		runner := NewRunner(src)
		due := Due{Table: w.m.Table("shop.person"), Rule: "contact", Over: beforeIn("seen", connect.Date("2020-01-01")), Limit: 1}
		batch := func(want int, left ...string) {
			t.Helper()
			b, err := Expire(t.Context(), w.search(), w.options, due)
			if err != nil {
				t.Fatal(err)
			}
			if due.After = b.Next; due.After == nil {
				t.Fatal("there is no batch any more")
			}
			meanwhile := left[len(left)-1] == "3|c@x.example"
			if meanwhile { // refers to a row that is planned already
				connecttest.Exec(t, config, `CREATE TABLE note (id integer PRIMARY KEY, person integer, FOREIGN KEY (person) REFERENCES person (id))`, `INSERT INTO note VALUES (1, 3)`)
			}
			if _, err := runner.Run(t.Context(), b.Plan.Systems[0]); err != nil {
				t.Fatal(err)
			}
			wants(t, "people", w.all("person", "id", "email"), left...)
			if src.times != want {
				t.Errorf("it was described %d times, not %d", src.times, want)
			}
		}
		batch(1, "2|b@x.example", "3|c@x.example", "4|d@x.example")
		batch(1, "3|c@x.example", "4|d@x.example")
		connecttest.Exec(t, config, `DELETE FROM person WHERE id = 4`)
		batch(2, "3|c@x.example")
	})
}

// overheard is a source that keeps what it is told to change.
type overheard struct {
	connect.Source
	connect.Rehearsal
	told [][]connect.Change
}

func (o *overheard) Change(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	o.told = append(o.told, changes)
	return o.Source.Change(ctx, changes)
}

// What a look at a plan prints is what a run sends, with what it adds about rows that come meanwhile; in what a run may differ is said.
func TestStatementsAreThoseOfTheRun(t *testing.T) {
	for action, refused := range map[string]bool{"ON DELETE CASCADE": false, "": true} {
		eachKind(t, func(t *testing.T, config connect.Config) {
			w := sqlWorld(t, config, `
person:
  identities: {email: email}
  relation: owns
  erase: delete
  columns: {email: contact.email}
letters:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: {is: contact.email, erase: mask(email)}}
`, `CREATE TABLE person (id integer PRIMARY KEY, email varchar(60))`, `CREATE TABLE letters (id integer PRIMARY KEY, email varchar(60))`,
				`CREATE TABLE comments (id integer PRIMARY KEY, author integer, note varchar(60), FOREIGN KEY (author) REFERENCES person (id) `+action+`)`,
				`INSERT INTO person VALUES (1, 'ann@x.example'), (2, 'bob@x.example')`, `INSERT INTO letters VALUES (1, 'ann@x.example')`)
			sp := w.plan(people("email=ann@x.example")).Systems[0]
			src := w.sources["shop"]
			shown, but, err := sp.Statements(t.Context(), src)
			if err != nil {
				t.Fatal(err)
			}
			run := &overheard{Source: src, Rehearsal: src.(connect.Rehearsal)}
			if _, err := sp.Run(t.Context(), run); err != nil || len(run.told) != 1 {
				t.Fatalf("%d times: %v", len(run.told), err)
			}
			sent, err := src.Show(run.told[0])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sent, shown); diff != "" {
				t.Errorf("sent (-) and shown (+) differ: %s", diff)
			}
			text := fmt.Sprint(shown)
			if strings.Contains(text, "comments") == refused {
				t.Errorf("%s: %s", action, text)
			}
			notes := strings.Join(but, "\n")
			if strings.Contains(notes, "refuse a deletion") != refused || !strings.Contains(notes, "a mask") {
				t.Errorf("%s: it is said: %s", action, notes)
			}
		})
	}
}
