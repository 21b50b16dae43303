package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/avowhq/avow/connect"
)

// A batch reads what refers to its rows once, changes what is due by it, also after it was kept
// and read again, and leaves what is not.
func TestExpireByWhatStandsElsewhere(t *testing.T) {
	w := newWorld(t, map[string][2]string{"shop": {`
		CREATE TABLE visitor (id INTEGER PRIMARY KEY, email TEXT, code TEXT UNIQUE, seen TIMESTAMP);
		CREATE TABLE visit (id INTEGER PRIMARY KEY, code TEXT REFERENCES visitor (code), at DATE);
		INSERT INTO visitor VALUES (1, 'a@x.example', 'a', '2020-01-01 00:00:00'), (2, 'b@x.example', 'b', '2020-01-01 00:00:00'), (3, 'c@x.example', 'c', '2020-01-01 00:00:00'),
			(4, 'd@x.example', NULL, '2020-01-01 00:00:00'), (5, 'e@x.example', 'e', '2026-01-01 00:00:00'), (6, 'f@x.example', 'f', '2020-01-01 00:00:00');
		INSERT INTO visit VALUES (1, 'a', '2020-01-01'), (2, 'a', '2021-01-01'), (3, 'b', '2020-01-01'), (4, 'b', '2026-01-01'), (5, 'e', '2020-01-01'), (6, 'f', '2020-01-01'), (7, NULL, '2020-01-01');
	`, `
visitor:
  identities: {email: email}
  relation: owns
  erase: clear
  columns: {email: contact.email}
  retention: {contact: visit.at}
visit:
  references: {visitor: {columns: code, to: visitor.code}}
`}})
	visitor := w.m.Table("shop.visitor")
	far := func(not bool) Test {
		return Test{Far: &Far{Elsewhere: visitor.Elsewhere("visit.at"), Before: connect.Date("2024-01-01"), Not: not}}
	}
	seen := Test{Row: beforeIn("seen", time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).Row}
	wants(t, "a batch of three, and the rest", w.expire(Due{Table: visitor, Rule: "contact", Over: Joined(connect.And, []Test{seen, far(false)}), Limit: 3}),
		"1 rows, 0 held: [visitor: clear email, 1]", "1 rows, 0 held: [visitor: clear email, 1]")
	wants(t, "visitors", w.rows("shop", "SELECT id FROM visitor WHERE email IS NOT NULL"), "2", "3", "4", "5")
	over := far(false)
	var got []string
	due := Due{Table: visitor, Rule: "contact", Over: &over, Limit: 2}
	err := Upcoming(t.Context(), w.search(), w.options, due, func(r connect.Row) error { got = append(got, connect.Text(r[0])); return nil })
	if err != nil || !slices.Equal(got, []string{"2020-01-01T00:00:00Z"}) {
		t.Errorf("the moments that are left: %q, %v", got, err)
	}
	wants(t, "what is not over, or nobody knows", w.expire(Due{Table: visitor, Rule: "contact", Over: Joined(connect.Or, []Test{far(true), far(false)}), When: &seen}),
		"3 rows, 0 held: [visitor: clear email, 3]")
	wants(t, "visitors after", w.rows("shop", "SELECT id FROM visitor WHERE email IS NOT NULL"), "5")
}

// What a row is meant by is all that must still hold: of several that would do the first.
func TestJudge(t *testing.T) {
	leaf := func() Test { return Test{Row: &connect.Cond{Op: connect.IsEmpty, Column: "x"}} }
	tree := Test{Op: connect.And, Of: []Test{{Op: connect.Or, Of: []Test{leaf(), leaf()}}, leaf()}}
	a, b, c := &tree.Of[0].Of[0], &tree.Of[0].Of[1], &tree.Of[1]
	for _, x := range []struct{ hold, by []*Test }{
		{nil, nil}, {[]*Test{a, b}, nil}, {[]*Test{c}, nil}, {[]*Test{b, c}, []*Test{b, c}}, {[]*Test{a, b, c}, []*Test{a, c}},
	} {
		by, ok := tree.judge(func(t *Test) bool { return slices.Contains(x.hold, t) })
		if ok != (x.by != nil) || ok && !slices.Equal(by, x.by) {
			t.Errorf("%v by %v", ok, by)
		}
	}
}
