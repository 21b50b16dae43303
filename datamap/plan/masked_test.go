package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
)

// documentTypes are, of each database, a type of documents.
var documentTypes = map[string]string{"postgresql": "jsonb", "mysql": "json", "sqlite": "JSON"}

// Rows that hold their masks already are neither due nor changed again, also where the mask is
// another in every row; what only looks like a mask is masked.
func TestMaskedRowsAreNotDueAgain(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		w := sqlWorld(t, c, `
visitor:
  identities: {email: email}
  relation: owns
  erase: clear
  columns:
    email: {is: contact.email, erase: mask(email)}
    name: {is: contact.name, erase: mask(hash)}
    phone: {is: contact.phone, erase: mask(phone)}
    born: {is: contact.birthday, erase: mask(year)}
    tags: {is: contact.address, erase: mask(hash)}
  retention: {contact: seen}
`, `CREATE TABLE visitor (id integer PRIMARY KEY, email varchar(60) NOT NULL UNIQUE, name varchar(40), phone varchar(20), born date, tags `+documentTypes[c.Kind]+`, seen date)`,
			`INSERT INTO visitor VALUES (1, 'a@x.example', 'A', '06', '1984-06-21', '["a"]', '2010-01-01'), (2, 'b@x.example', NULL, NULL, NULL, NULL, '2010-01-01'), (3, 'c@x.example', 'C', NULL, '1990-01-01', '{"c": 1}', '2010-01-01'),
				(4, 'aaaaaaaaaaaaaaaaaaaa@erased.invalid', 'aaaaaaaaaaaaaaaaaaaaaaaaaa', '+99912345678901', NULL, NULL, '2010-01-01')`)
		due := Due{Table: w.m.Table("shop.visitor"), Rule: "contact", Over: beforeIn("seen", connect.Date("2020-01-01")), Limit: 3}
		counted := func() (n int) {
			if err := Upcoming(t.Context(), w.search(), w.options, due, func(connect.Row) error { n++; return nil }); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := counted(); n != 4 {
			t.Errorf("%d rows are due, not 4", n)
		}
		first := w.expire(due)
		if len(first) != 2 || !strings.HasPrefix(first[0], "3 rows") || !strings.HasPrefix(first[1], "1 rows") {
			t.Errorf("the first night does %q", first)
		}
		columns := []string{"id", "email", "name", "phone", "born", "tags"}
		is := w.all("visitor", columns...)
		for _, row := range is {
			if strings.Contains(row, "x.example") || strings.Contains(row, "aaaaaaaa") || strings.Contains(row, "12345678901") {
				t.Errorf("%s was not masked", row)
			}
		}
		wants(t, "the second night", w.expire(due), "0 rows, 0 held: []", "0 rows, 0 held: []")
		if n := counted(); n != 0 {
			t.Errorf("%d rows are counted again", n)
		}
		if again := w.all("visitor", columns...); !slices.Equal(again, is) {
			t.Errorf("%q became %q", is, again)
		}
		// What somebody writes into one column of one row later is found; another row's mask is none of its own.
		connecttest.Exec(t, c, `UPDATE visitor SET phone = '0612345678' WHERE id = 3`, `UPDATE visitor SET name = (SELECT o.name FROM (SELECT name FROM visitor WHERE id = 1) o) WHERE id = 4`)
		due.Limit = 10
		if n := counted(); n != 2 {
			t.Errorf("%d rows are due, not 2", n)
		}
		if got := w.expire(due); !strings.HasPrefix(got[0], "2 rows") {
			t.Errorf("it does %q", got)
		}
		if again := w.all("visitor", columns...); again[3] != is[3] || strings.Contains(again[2], "0612345678") {
			t.Errorf("there is %q", again)
		}
	})
}

// A plan says what a mask really writes: of a list an empty list, of a document an empty one, of
// what is neither a text nor a number the value that says nothing.
func TestMasksSayWhatTheyLeave(t *testing.T) {
	eachKind(t, func(t *testing.T, c connect.Config) {
		more, values := "", ""
		if c.Kind == "postgresql" {
			more, values = ", words text[]", `, '{one,"t,wo"}'`
		}
		w := sqlWorld(t, c, `
person:
  identities: {email: email}
  relation: owns
  erase: clear
  columns:
    email: {is: contact.email, erase: mask(email)}
    list: {is: contact.address, erase: mask(hash)}
    needed: contact.address
    blank: {is: contact.address, erase: mask(blank)}
    yes: {is: contact.address, erase: mask(hash)}
`+map[bool]string{true: "    words: {is: contact.address, erase: mask(hash)}\n"}[more != ""],
			`CREATE TABLE person (id integer PRIMARY KEY, email varchar(60), list `+documentTypes[c.Kind]+`, needed `+documentTypes[c.Kind]+` NOT NULL, blank `+documentTypes[c.Kind]+`, yes boolean NOT NULL`+more+`)`,
			`INSERT INTO person VALUES (1, 'ann@x.example', '["a", {"b": 1}]', '[["ann"]]', '{"ann": ["x"]}', true`+values+`), (2, 'ann@x.example', '{"a": []}', '{"ann": 1}', '["ann"]', true`+values+`), (3, 'ann@x.example', NULL, '"ann"', NULL, true`+values+`), (4, 'bob@x.example', '["bob"]', '["bob"]', '["bob"]', true`+values+`)`)
		who := people("email=ann@x.example")
		p := w.plan(who)
		doubts := []string{"person: mask(blank) list, 3, refused: mask(hash) does not fit: such a mask makes no list or document, instead: mask(blank)"}
		if more != "" {
			doubts[0] = strings.Replace(doubts[0], "list,", "list words,", 1)
		}
		wants(t, "plan", said(p), append([]string{"person: mask(blank) blank, 3"}, append(doubts,
			"person: mask(blank) needed, 3, refused: it may not be empty, instead: mask(blank)",
			"person: mask(blank) yes, 3, refused: mask(hash) does not fit: such a mask makes no boolean, instead: mask(blank)",
			"person: mask(email) email, 3")...)...)
		for _, sum := range p.Summary() {
			if slices.Contains(sum.Columns, "list") && (sum.Action != Mask || !sum.Partial) {
				t.Errorf("the certificate would say %+v", sum)
			}
		}
		list, _, err := p.Systems[0].Statements(t.Context(), w.sources["shop"])
		if err != nil || len(list) != 1 || !strings.Contains(connect.Text(list[0].Values), "[]") || !strings.Contains(connect.Text(list[0].Values), "{}") {
			t.Errorf("it would send %+v, %v", list, err)
		}
		w.run(p)
		if left := w.check(p, who); len(left) > 0 {
			t.Errorf("there is left: %+v", left)
		}
		wants(t, "rows", w.all("person", "id", "list", "needed", "blank"), `1|[]|[]|{}`, `2|{}|{}|[]`, `3||{}|`, `4|["bob"]|["bob"]|["bob"]`)
		if more != "" {
			wants(t, "words", w.all("person", "id", "words"), "1|[]", "2|[]", "3|[]", `4|["one","t,wo"]`)
		}
	})
}
