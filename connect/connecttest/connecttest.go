// Package connecttest is what every connect.Source must do, as tests that each driver
// runs against the real system, and the databases that such tests need.
//
// What stays true: the suite knows nothing of a driver but the interface and what its
// System says it can do; each test has a system of its own, and nothing is left of it.
//
// What it never does: stand in for a system.
package connecttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// System is one kind of system to be tested.
type System struct {
	Name string
	// Make makes a system with these tables and rows, which ends with the test, and opens it.
	Make func(tb testing.TB, tables ...Table) connect.Source
	// What the system is not able to do by its nature, and the suite leaves out.
	NoTypes   bool // every value is a text (a CSV file): what is read is compared by connect.Text
	NoOrder   bool // it gives no pages by Key
	NoNames   bool // names are bound to letters, digits and _
	NoKeys    bool // two rows may have one key, a column may always be empty
	NoUnless  bool // Unless is refused with Invalid
	NoWriters bool // two changes at a time are not possible
	Kinds     []connect.Kind
	// Sent is how many statements or requests the systems of Make have been sent, where that can be told.
	Sent func(tb testing.TB, s connect.Source) int64
}

// Table is a table to be made.
type Table struct {
	Name       string
	Columns    []Column
	Key        []string
	Unique     [][]string
	Indexes    []string // as they stand in SQL: `lower(email)`, `email`
	References []connect.Reference
	Rows       []connect.Row
}

// Column is one column of it. It may be empty unless it is of the key.
type Column struct {
	Name   string
	Kind   connect.Kind
	Length int
	Must   bool // it may not be empty
}

// Run tests a system against all that a Source promises.
func Run(t *testing.T, systems ...System) {
	for _, s := range systems {
		t.Run(s.Name, func(t *testing.T) {
			for _, part := range parts {
				t.Run(part.name, func(t *testing.T) { part.test(t, s) })
			}
		})
	}
}

var parts = []struct {
	name string
	test func(*testing.T, System)
}{
	{"describe", testDescribe},
	{"values", testValues},
	{"read", testRead},
	{"several columns", testSeveralColumns},
	{"once", testOnce},
	{"compare", testCompare},
	{"conditions", testConditions},
	{"pages", testPages},
	{"many values", testMany},
	{"many rows", testManyRows},
	{"not there", testNotThere},
	{"hostile", testHostile},
	{"delete", testDelete},
	{"update", testUpdate},
	{"guards", testGuards},
	{"unless", testUnless},
	{"atomic", testAtomic},
	{"at once", testAtOnce},
	{"canceled", testCanceled},
	{"show", testShow},
	{"clock", testClock},
}

// People is a table of persons as many tests need one.
func People(rows ...connect.Row) Table {
	return Table{
		Name: "people",
		Columns: []Column{{Name: "id", Kind: connect.Integer}, {Name: "email", Kind: connect.TextKind, Length: 200}, {Name: "name", Kind: connect.TextKind, Length: 200},
			{Name: "team", Kind: connect.Integer}, {Name: "phone", Kind: connect.TextKind, Length: 60}},
		Key: []string{"id"}, Rows: rows,
	}
}

// All reads rows, in the order of their first columns, and fails the test on an error.
func All(tb testing.TB, s connect.Source, r connect.Read) []connect.Row {
	tb.Helper()
	var out []connect.Row
	if err := s.Read(context.Background(), r, func(row connect.Row) error { out = append(out, row); return nil }); err != nil {
		tb.Fatalf("reading %s: %v", r.Table, err)
	}
	if len(r.Key) == 0 {
		slices.SortFunc(out, compareRows)
	}
	return out
}

func compareRows(a, b connect.Row) int {
	for i := range a {
		if c := connect.Order(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// Do changes, and fails the test on an error.
func Do(tb testing.TB, s connect.Source, changes ...connect.Change) []connect.Result {
	tb.Helper()
	results, err := s.Change(context.Background(), changes)
	if err != nil {
		tb.Fatalf("changing: %v", err)
	}
	if len(results) != len(changes) {
		tb.Fatalf("%d results of %d changes", len(results), len(changes))
	}
	return results
}

// Texts is one column as texts, joined.
func Texts(rows []connect.Row, column int) string {
	var out []string
	for _, row := range rows {
		out = append(out, connect.Text(row[column]))
	}
	return strings.Join(out, " ")
}

// WantKind fails the test unless err is of a kind and holds none of the secrets.
func WantKind(tb testing.TB, err error, kind avow.ErrorKind, secrets ...string) {
	tb.Helper()
	if err == nil || avow.KindOf(err) != kind {
		tb.Errorf("want an error of kind %v, got %v (%v)", kind, err, avow.KindOf(err))
		return
	}
	for ; err != nil; err = errors.Unwrap(err) {
		for _, secret := range secrets {
			if strings.Contains(err.Error(), secret) {
				tb.Errorf("the error holds %q: %v", secret, err)
			}
		}
	}
}

// In is one column and its values.
func In(column string, values ...any) connect.In {
	in := connect.In{Columns: []string{column}}
	for _, v := range values {
		in.Tuples = append(in.Tuples, connect.Tuple{v})
	}
	return in
}

// Tuples are keys of one column.
func Tuples(values ...any) []connect.Tuple { return In("", values...).Tuples }
