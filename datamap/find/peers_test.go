package find

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	avow "github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
)

// Each of these is something that a program of this kind has done to people.

const people = `
  people:
    key: id
    identities: {email: email, phone: phone}
    references: {home: {columns: home_id, to: homes.id, optional: yes}, boss: {columns: boss_id, to: people.id, optional: yes}}
    relation: {itself: owns, boss: mentions}
    erase: clear
    columns: {email: contact.email, phone: contact.phone, name: contact.name}
    free-text: [remarks]
`

const homes = `
  homes:
    key: id
    relation: {people.home: shares}
    of: everyone
    erase: delete
    columns: {street: contact.address}
`

const townDDL = `CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT, phone TEXT, name TEXT, remarks TEXT, home_id INTEGER, boss_id INTEGER, created TEXT);
CREATE TABLE homes (id INTEGER PRIMARY KEY, street TEXT);
INSERT INTO homes VALUES (1, 'Quay 1'), (2, 'Quay 2'), (3, 'Quay 3');
INSERT INTO people VALUES (1, 'ann@x.example', '020 7946 0001', 'Ann', 'shy', 1, NULL, '2020'), (2, 'bob@x.example', '020 7946 0002', 'Bob', 'loud', 1, 1, '2021'),
 (3, 'cat@x.example', NULL, 'Cat', NULL, 2, 1, '2022'), (4, 'ANN@X.example', NULL, 'Ann again', NULL, 3, NULL, '2023')`

func systemFile(name, kind, tables string) string {
	return "system: " + name + "\nkind: " + kind + "\ncredentials: env:X\ntables:" + tables
}

var (
	ann = Person{[]Identity{{"email", "ann@x.example"}}}
	bob = Person{[]Identity{{"email", "bob@x.example"}}}
	cat = Person{[]Identity{{"email", "cat@x.example"}}}
)

// town is a search among people who live together, and more tables.
func town(t *testing.T, tables, statements string, o Options) (*Search, *datamap.Map) {
	t.Helper()
	m := mapOf(t, map[string]string{"town.yaml": systemFile("town", "sqlite", people+homes+tables)})
	return searchIn(t, m, Sources{"town": database(t, "town", townDDL, statements)}, o), m
}

func find(t testing.TB, s *Search, people ...Person) *Found {
	t.Helper()
	f, err := s.Find(t.Context(), people)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// tiesOf lists `key/link way person last` of a table.
func tiesOf(t *testing.T, f *Found, m *datamap.Map, table string) []string {
	t.Helper()
	var out []string
	err := f.Rows(m.Table(table)).Each(func(r Row) error {
		for _, tie := range r.Ties {
			line := fmt.Sprintf("%s %s %s %d", keyText(r.Key), tie.Link.Name, tie.Way, tie.Person)
			if tie.Last {
				line += " last"
			}
			out = append(out, line)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func conflictLines(f *Found) []string {
	var out []string
	for _, c := range f.Conflicts {
		line := fmt.Sprintf("%s %s person %d", c.Table.Name, keyText(c.Key), c.Person)
		for _, a := range c.Against {
			line += fmt.Sprintf(", %s: %s", a.Link.Name, a.Why)
		}
		out = append(out, line)
	}
	return out
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", what, diff)
	}
}

// One who shares an address leaves, and the other's is gone.
func TestSharedRowsKnowWhoElseSharesThem(t *testing.T) {
	s, m := town(t, "", "", Options{})
	same(t, "ann alone", []string{"1 people.home shares 0", "3 people.home shares 0 last"}, tiesOf(t, find(t, s, ann), m, "town.homes"))
	same(t, "ann and bob", []string{"1 people.home shares 0 last", "1 people.home shares 1 last", "3 people.home shares 0 last"}, tiesOf(t, find(t, s, ann, bob), m, "town.homes"))
}

// A request shows the names, addresses and cards of colleagues.
func TestNobodyIsShownWhatIsAnothers(t *testing.T) {
	s, _ := town(t, "", "", Options{ToShow: true})
	f := find(t, s, ann)
	var shown []string
	for _, r := range records(t, s, f, 0) {
		for _, c := range r.Cells {
			if r.Table.Name == "people" && r.Relation == datamap.Mentions {
				shown = append(shown, fmt.Sprintf("%s %s %v %d", keyText(r.Key), c.Name, c.Value, c.Access))
			}
		}
	}
	same(t, "those whose boss ann is", []string{
		"2 email <nil> 1", "2 phone <nil> 1", "2 name <nil> 1", "2 remarks <nil> 2",
		"3 email <nil> 1", "3 phone <nil> 1", "3 name <nil> 1", "3 remarks <nil> 2"}, shown)
}

const orders = `
  orders:
    key: id
    references: {buyer: {columns: buyer_id, to: people.id}, account: {columns: account_id, to: people.id, optional: yes}}
    relation: {buyer: owns, account: owns}
    erase: delete
    columns: {gift: orders.items}
  lines:
    key: [order_id, n]
    references: {order_id: orders.id}
    relation: owns
    erase: delete
    columns: {article: orders.items}
`

const ordersDDL = `CREATE TABLE orders (id INTEGER PRIMARY KEY, buyer_id INTEGER, account_id INTEGER, gift TEXT);
CREATE TABLE lines (order_id INTEGER, n INTEGER, article TEXT, PRIMARY KEY (order_id, n));
INSERT INTO orders VALUES (1, 1, NULL, 'a'), (2, 1, 1, 'b'), (3, 1, 2, 'c'), (4, 1, 99, 'd'), (5, 2, 1, 'e'), (6, 1, 4, 'f');
INSERT INTO lines VALUES (1, 1, 'x'), (1, 2, 'x'), (2, 1, 'x'), (3, 1, 'x'), (4, 1, 'x'), (6, 1, 'x')`

// A row that is reached, and that another person owns as well, goes with the first who asks.
func TestDirtyRowsAreNobodysUntilDecided(t *testing.T) {
	s, m := town(t, orders, ordersDDL, Options{})
	f := find(t, s, ann)
	same(t, "orders", []string{"1 buyer owns 0 last", "2 buyer owns 0 last", "2 account owns 0 last", "6 buyer owns 0 last", "6 account owns 0 last"}, tiesOf(t, f, m, "town.orders"))
	same(t, "nothing is found through a conflict", []string{"1/1 order_id owns 0 last", "1/2 order_id owns 0 last", "2/1 order_id owns 0 last", "6/1 order_id owns 0 last"}, tiesOf(t, f, m, "town.lines"))
	same(t, "conflicts", []string{"orders 3 person 0, account: points elsewhere", "orders 4 person 0, account: points elsewhere", "orders 5 person 0, buyer: points elsewhere"}, conflictLines(f))
}

// Two who have one telephone: by it alone, the row of one is not the other's. The one
// whose identities are all known gets it.
func TestSharedTelephone(t *testing.T) {
	s, m := town(t, "", "UPDATE people SET phone = '+44 20 7946 0001' WHERE id = 2", Options{})
	f := find(t, s, Person{[]Identity{{"email", "ann@x.example"}, {"phone", "02079460001"}}}, bob)
	same(t, "rows", []string{"1 itself owns 0 last", "2 itself owns 1 last", "2 boss mentions 1", "4 itself owns 0 last"}[:2], tiesOf(t, f, m, "town.people")[:2])
	same(t, "conflicts", []string{"people 2 person 0, itself: other identity"}, conflictLines(f))
}

// A foreign key of two columns is taken as two of one, and everybody's rows of a year are found.
func TestCompositeKeysAreNotTakenApart(t *testing.T) {
	s, m := town(t, `
  files:
    key: [year, no]
    references: {owner: {columns: owner_id, to: people.id}}
    relation: {owner: owns}
    erase: delete
    columns: {title: messages.text}
  pages:
    key: id
    references: {file: {columns: [year, no], to: [files.year, files.no]}}
    relation: {file: owns}
    erase: delete
    columns: {text: messages.text}
`, `CREATE TABLE files (year INTEGER, no TEXT, owner_id INTEGER, title TEXT, PRIMARY KEY (year, no));
CREATE TABLE pages (id INTEGER PRIMARY KEY, year INTEGER, no TEXT, text TEXT);
INSERT INTO files VALUES (2025, 'a', 1, 'x'), (2026, 'b', 1, 'x'), (2025, 'b', 2, 'x'), (2026, 'a', 3, 'x');
INSERT INTO pages VALUES (1, 2025, 'a', 'x'), (2, 2025, 'b', 'x'), (3, 2026, 'a', 'x'), (4, 2026, 'b', 'x'), (5, 2026, NULL, 'x'), (6, NULL, 'b', 'x')`, Options{})
	same(t, "pages", []string{"1 file owns 0 last", "4 file owns 0 last"}, tiesOf(t, find(t, s, ann), m, "town.pages"))
}

// References to the own table are refused, or followed for ever.
func TestCirclesEnd(t *testing.T) {
	s, m := town(t, `
  comments:
    key: id
    references: {author: {columns: author_id, to: people.id, optional: yes}, answers: {columns: answers_id, to: comments.id, optional: yes}, best: {columns: best_id, to: comments.id, optional: yes}}
    relation: {author: owns, answers: shares, comments.best: mentions}
    of: everyone
    erase: delete
    columns: {text: messages.text}
`, `CREATE TABLE comments (id INTEGER PRIMARY KEY, author_id INTEGER, answers_id INTEGER, best_id INTEGER, text TEXT);
INSERT INTO comments VALUES (1, 1, NULL, 3, 'x'), (2, NULL, 1, NULL, 'x'), (3, NULL, 2, 2, 'x'), (4, 2, 3, NULL, 'x'), (5, 2, 5, 5, 'x'), (6, 1, 7, NULL, 'x'), (7, NULL, 6, NULL, 'x')`, Options{Batch: 1})
	same(t, "comments", []string{
		"1 author owns 0 last",
		"2 answers shares 0 last", "2 comments.best mentions 0",
		"3 answers shares 0 last", "3 comments.best mentions 0",
		"4 answers shares 0",
		"6 author owns 0 last", "6 answers shares 0 last",
		"7 answers shares 0 last",
	}, tiesOf(t, find(t, s, ann), m, "town.comments"))
}

// `Customer 7` and `Order 7` are taken for one another.
func TestPolymorphicReferences(t *testing.T) {
	s, m := town(t, orders+`
  notes:
    key: id
    references:
      person: {columns: about_id, to: people.id, when: about_type = 'Person'}
      order: {columns: about_id, to: orders.id, when: about_type = 'Order'}
    relation: {person: owns, order: owns}
    erase: delete
    columns: {note: messages.text}
`, ordersDDL+`;CREATE TABLE notes (id INTEGER PRIMARY KEY, about_type TEXT, about_id TEXT, note TEXT);
INSERT INTO notes VALUES (1, 'Person', '1', 'x'), (2, 'Order', '1', 'x'), (3, 'Person', '2', 'x'), (4, 'Order', '2', 'x'), (5, 'Order', '3', 'x'), (6, 'Robot', '1', 'x'), (7, NULL, '1', 'x')`, Options{})
	same(t, "notes", []string{"1 person owns 0 last", "2 order owns 0 last", "4 order owns 0 last"}, tiesOf(t, find(t, s, ann), m, "town.notes"))
}

// Columns that nobody put a category to are left out of an export, and nobody is told.
func TestUndeclaredColumnsAreShown(t *testing.T) {
	for _, o := range []Options{{}, {ToShow: true}} {
		s, _ := town(t, "", "", o)
		r := records(t, s, find(t, s, cat), 0)
		var names []string
		for _, c := range r[0].Cells {
			names = append(names, fmt.Sprintf("%s=%v", c.Name, c.Value))
		}
		slices.Sort(names)
		same(t, "cells", []string{"boss_id=1", "created=2022", "email=cat@x.example", "home_id=2", "name=Cat", "phone=<nil>", "remarks=<nil>"}, names)
	}
}

// Rows of a table without a key are found, each once.
func TestTablesWithoutAKey(t *testing.T) {
	s, m := town(t, `
  visits:
    references: {who: {columns: who_id, to: people.id}}
    relation: {who: mentions}
    of: everyone
    columns: {place: contact.address}
`, `CREATE TABLE visits (who_id INTEGER, place TEXT); INSERT INTO visits VALUES (1, 'Pier'), (1, NULL), (2, 'Pier'), (1, 'Pier')`, Options{})
	f := find(t, s, ann)
	if n := f.Rows(m.Table("town.visits")).Len(); n != 2 {
		t.Errorf("%d rows", n)
	}
	var places []any
	for _, r := range records(t, s, f, 0) {
		if r.Table.Name == "visits" {
			places = append(places, r.Cells[0].Value)
		}
	}
	same(t, "places", []any{nil, "Pier"}, places)
}

// One table or system that cannot be read fails the whole request; or it is left out in silence.
func TestTheRestIsFoundWithoutWhatIsAway(t *testing.T) {
	m := mapOf(t, map[string]string{
		"crm.yaml": systemFile("crm", "sqlite", `
  contacts:
    key: id
    identities: {email: email}
    references: {person: {columns: person_id, to: town.people.id, optional: yes}}
    relation: {itself: owns, person: owns}
    erase: delete
    columns: {email: contact.email}
`), "gone.yaml": systemFile("gone", "sqlite", `
  letters:
    key: id
    references: {who: {columns: who_id, to: town.people.id}}
    relation: {who: owns}
    erase: delete
    columns: {text: messages.text}
`), "town.yaml": systemFile("town", "sqlite", people+homes)})
	crm := database(t, "crm", `CREATE TABLE contacts (id INTEGER PRIMARY KEY, email TEXT, person_id TEXT)`,
		`INSERT INTO contacts VALUES (1, 'ann@x.example', '1'), (2, 'ann@x.example', NULL), (3, 'ann@x.example', '2'), (4, NULL, '4')`)
	townDB := database(t, "town", townDDL, "ALTER TABLE homes RENAME TO houses")
	s := searchIn(t, m, Sources{"town": townDB, "crm": crm}, Options{})
	f := find(t, s, ann)
	same(t, "contacts, by the text of a number in the other system", []string{"1 itself owns 0 last", "1 person owns 0 last", "2 itself owns 0 last", "4 person owns 0 last"}, tiesOf(t, f, m, "crm.contacts"))
	if away := f.Systems[1].Away; f.Systems[1].System.Name.Text != "gone" || avow.KindOf(away) != avow.Unavailable {
		t.Errorf("the system that is away: %v", away)
	}
	if err := f.Rows(m.Table("town.homes")).Err; avow.KindOf(err) != avow.NotFound {
		t.Errorf("the table that is missing: %v", err)
	}
	if err := s.Export(t.Context(), f, 0, func(Record) error { return nil }); err != nil {
		t.Error(err)
	}
	// With the other side away, whose a contact is that points there cannot be told.
	f = find(t, searchIn(t, m, Sources{"crm": crm}, Options{}), ann)
	same(t, "contacts alone", []string{"2 itself owns 0 last"}, tiesOf(t, f, m, "crm.contacts"))
	same(t, "conflicts", []string{"contacts 1 person 0, person: cannot be told", "contacts 3 person 0, person: cannot be told"}, conflictLines(f))
	if missed := f.Rows(m.Table("crm.contacts")).Missed; len(missed) != 1 || missed[0].Name != "person" {
		t.Errorf("missed are %v", missed)
	}
}

// A source that fails in the middle, and counts.
type frail struct {
	connect.Source
	reads atomic.Int64
	fail  func(connect.Read) error
}

func (f *frail) Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error {
	f.reads.Add(1)
	if f.fail != nil {
		if err := f.fail(r); err != nil {
			return err
		}
	}
	return f.Source.Read(ctx, r, each)
}

// A table that may not be read is that table's matter.
func TestATableIsRefused(t *testing.T) {
	s, m := town(t, orders, ordersDDL, Options{})
	s.Sources["town"] = &frail{Source: s.Sources["town"], fail: func(r connect.Read) error {
		if r.Table == "orders" {
			return avow.Errorf(avow.Forbidden, "GRANT SELECT ON orders TO reader")
		}
		return nil
	}}
	f := find(t, s, ann)
	if err := f.Rows(m.Table("town.orders")).Err; avow.KindOf(err) != avow.Forbidden || !strings.Contains(err.Error(), "GRANT SELECT") {
		t.Errorf("orders: %v", err)
	}
	if missed := f.Rows(m.Table("town.lines")).Missed; len(missed) != 1 {
		t.Errorf("what hangs on orders: %v", missed)
	}
	same(t, "people", []string{"1 itself owns 0 last", "2 boss mentions 0", "3 boss mentions 0", "4 itself owns 0 last"}, tiesOf(t, f, m, "town.people"))
}

// A search asks each row one by one.
func TestReadsAreFew(t *testing.T) {
	var many strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&many, ";INSERT INTO orders VALUES (%d, 1, NULL, 'x'); INSERT INTO lines VALUES (%d, 1, 'x')", 100+i, 100+i)
	}
	for _, c := range []struct {
		Options
		most int64
	}{{Options{}, 11}, {Options{ToShow: true, Keep: 64 << 20}, 11}} {
		s, m := town(t, orders, ordersDDL+many.String(), c.Options)
		counted := &frail{Source: s.Sources["town"]}
		s.Sources["town"] = counted
		f := find(t, s, ann)
		if n := f.Rows(m.Table("town.lines")).Len(); n != 20_004 {
			t.Fatalf("%d lines", n)
		}
		if n := counted.reads.Load(); n > c.most {
			t.Errorf("%d reads for 40000 rows", n)
		}
		counted.reads.Store(0)
		if n := len(records(t, s, f, 0)); n < 40_000 {
			t.Errorf("%d records", n)
		}
		if n := counted.reads.Load(); c.ToShow && n != 0 || n > 45 {
			t.Errorf("%d reads to show 40000 rows", n)
		}
	}
}

// A row that changed hands since it was found is not shown.
func TestARowThatChangedHands(t *testing.T) {
	file := t.TempDir() + "/town.db"
	_ = os.WriteFile(file, nil, 0o600)
	s, _ := town(t, orders, ordersDDL, Options{})
	f := find(t, s, ann)
	other, _ := town(t, orders, ordersDDL+"; UPDATE orders SET buyer_id = 3, account_id = NULL WHERE id = 2; DELETE FROM orders WHERE id = 1", Options{})
	s.Sources = other.Sources
	var changed []string
	for _, r := range records(t, s, f, 0) {
		if r.Changed && len(r.Cells) == 0 {
			changed = append(changed, r.Table.Name+" "+keyText(r.Key))
		}
	}
	same(t, "changed", []string{"orders 1", "orders 2"}, changed)
}

// A search that is stopped says so.
func TestStopped(t *testing.T) {
	s, _ := town(t, "", "", Options{})
	f := find(t, s, ann)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := s.Find(ctx, []Person{ann}); avow.KindOf(err) != avow.Canceled {
		t.Errorf("finding: %v", err)
	}
	if err := s.Export(ctx, f, 0, func(Record) error { return nil }); avow.KindOf(err) != avow.Canceled {
		t.Errorf("showing: %v", err)
	}
	broke := errors.New("the disk is full")
	if err := s.Export(t.Context(), f, 0, func(Record) error { return broke }); !errors.Is(err, broke) {
		t.Errorf("an error of each became %v", err)
	}
}

func TestWhatIsAskedIsChecked(t *testing.T) {
	s, _ := town(t, "", "", Options{})
	for _, people := range [][]Person{nil, {{}}, {{[]Identity{{"email", ""}}}}, {{[]Identity{{"email", " \t"}}}}, {{[]Identity{{"", "x"}}}}, {{[]Identity{{"email", strings.Repeat("x", 2000)}}}}} {
		if _, err := s.Find(t.Context(), people); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%v was taken: %v", people, err)
		}
	}
	f := find(t, s, Person{[]Identity{{"passport", "X1"}}})
	same(t, "unknown", []string{"passport"}, f.Unknown)
	if len(f.Unreached) != 2 {
		t.Errorf("unreached are %v", f.Unreached)
	}
	if err := s.Export(t.Context(), f, 1, nil); avow.KindOf(err) != avow.Invalid {
		t.Errorf("a person who was not sought is shown: %v", err)
	}
}
