package connecttest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

func peopleAs(t *testing.T, src connect.Source, want string) {
	t.Helper()
	var lines []string
	for _, row := range All(t, src, connect.Read{Table: "people", Columns: []string{"id", "email", "name", "team"}}) {
		var cells []string
		for _, v := range row {
			cells = append(cells, connect.Text(v))
		}
		lines = append(lines, strings.Join(cells, ","))
	}
	if got := strings.Join(lines, " "); got != want {
		t.Errorf("people are\n%s, want\n%s", got, want)
	}
}

func testDelete(t *testing.T, s System) {
	src := s.Make(t, People(five...))
	change := connect.Change{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(2), "4", int64(99), "x", nil)}
	if n := Do(t, src, change)[0].Changed; n != 2 {
		t.Errorf("%d rows were deleted", n)
	}
	if n := Do(t, src, change)[0].Changed; n != 0 {
		t.Errorf("%d rows were deleted again", n)
	}
	Do(t, src, connect.Change{Kind: connect.Delete, Table: "people", Key: []string{"id"}})
	peopleAs(t, src, "1,ann@example.com,Ann,7 3,cid@example.com,Cid,8 5,,Eve,8")
	Do(t, src, connect.Change{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(1), int64(3)), When: &connect.Cond{Op: connect.Equal, Column: "team", Values: []any{int64(8)}}})
	peopleAs(t, src, "1,ann@example.com,Ann,7 5,,Eve,8")
}

func testUpdate(t *testing.T, s System) {
	src := s.Make(t, People(five...))
	all := connect.Change{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(1), int64(2), int64(2), int64(77)),
		Set: []connect.Set{{Column: "email", To: "gone'; DROP TABLE people; --"}, {Column: "team", To: nil}}}
	each := connect.Change{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(3), int64(4), int64(5)),
		Set: []connect.Set{{Column: "name", Each: []any{"Ünï", nil, "Eve"}}, {Column: "team", Each: []any{int64(1), int64(2), "3"}}, {Column: "email", To: "same"}}}
	for range 2 {
		Do(t, src, all, each)
		peopleAs(t, src, "1,gone'; DROP TABLE people; --,Ann, 2,gone'; DROP TABLE people; --,Bob, 3,same,Ünï,1 4,same,,2 5,same,Eve,3")
	}
	if s.NoTypes {
		return
	}
	_, err := src.Change(context.Background(), []connect.Change{{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(1)), Set: []connect.Set{{Column: "team", To: "secret"}}}})
	WantKind(t, err, avow.Invalid, "secret")
}

// testGuards: a row that is no longer as it was when it was found is left alone.
func testGuards(t *testing.T, s System) {
	src := s.Make(t, People(five...))
	email := In("email", "ANN@example.com", "bob@EXAMPLE.com")
	email.Compare = connect.Email
	results := Do(t, src,
		connect.Change{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(1), int64(3), int64(4), int64(5)), Guard: []connect.In{In("team", int64(7), int64(9))}},
		connect.Change{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(2), int64(3)), Guard: []connect.In{email, In("team", int64(7))}, Set: []connect.Set{{Column: "name", To: "guarded"}}},
		connect.Change{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(3), int64(2)), Guard: []connect.In{email}, Set: []connect.Set{{Column: "team", Each: []any{int64(30), int64(20)}}}},
		connect.Change{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(5)), Guard: []connect.In{In("team")}})
	if results[0].Changed != 1 || results[3].Changed != 0 {
		t.Errorf("results %v", results)
	}
	peopleAs(t, src, "2,bob@example.com,guarded,20 3,cid@example.com,Cid,8 4,,Dee, 5,,Eve,8")
}

// testUnless: a row that still belongs to somebody else stays.
func testUnless(t *testing.T, s System) {
	links := Table{Name: "members", Columns: []Column{{Name: "house", Kind: connect.Integer}, {Name: "person", Kind: connect.Integer}, {Name: "left_it", Kind: connect.Boolean}}, Key: []string{"house", "person"},
		Rows: []connect.Row{{int64(1), int64(1), false}, {int64(1), int64(2), false}, {int64(2), int64(1), false}, {int64(3), int64(1), false}, {int64(3), int64(3), true}}}
	houses := Table{Name: "houses", Columns: []Column{{Name: "id", Kind: connect.Integer}, {Name: "within_house", Kind: connect.Integer}, {Name: "street", Kind: connect.TextKind, Length: 40}}, Key: []string{"id"},
		Rows: []connect.Row{{int64(1), nil, "a"}, {int64(2), nil, "b"}, {int64(3), nil, "c"}, {int64(4), int64(2), "d"}}}
	src := s.Make(t, links, houses)
	stay := &connect.Cond{Op: connect.Equal, Column: "left_it", Values: []any{false}}
	change := connect.Change{Kind: connect.Delete, Table: "houses", Key: []string{"id"}, Keys: Tuples(int64(1), int64(2), int64(3)),
		Unless: []connect.Exists{{Table: "members", Columns: []string{"house"}, Of: []string{"id"}, When: stay, Key: []string{"house", "person"}, But: []connect.Tuple{{int64(1), int64(1)}, {int64(2), int64(1)}, {int64(3), int64(1)}}},
			{Table: "houses", Columns: []string{"within_house"}, Of: []string{"id"}}}}
	results, err := src.Change(context.Background(), []connect.Change{change})
	if s.NoUnless {
		WantKind(t, err, avow.Invalid)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Changed != 1 {
		t.Errorf("%d houses went", results[0].Changed)
	}
	if got := All(t, src, connect.Read{Table: "houses", Columns: []string{"id"}}); Texts(got, 0) != "1 2 4" {
		t.Errorf("houses %v are left", got)
	}
	change.Kind, change.Set = connect.Update, []connect.Set{{Column: "street", Each: []any{"x", "y", "z"}}}
	change.Unless[1].Key, change.Unless[1].But = []string{"id"}, Tuples(int64(4))
	Do(t, src, change)
	if got := All(t, src, connect.Read{Table: "houses", Columns: []string{"id", "street"}}); Texts(got, 1) != "a y d" {
		t.Errorf("houses are %v", got)
	}
}

// testAtomic: when a later change is refused, the earlier ones have not happened.
func testAtomic(t *testing.T, s System) {
	children := Table{Name: "orders", Columns: []Column{{Name: "id", Kind: connect.Integer}, {Name: "person", Kind: connect.Integer}}, Key: []string{"id"},
		References: []connect.Reference{{Name: "orders_person", Columns: []string{"person"}, Table: "people", To: []string{"id"}}}, Rows: []connect.Row{{int64(1), int64(2)}}}
	src := s.Make(t, People(five...), children)
	schema, err := src.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if !schema.Atomic || s.NoKeys {
		return
	}
	_, err = src.Change(context.Background(), []connect.Change{
		{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(1)), Set: []connect.Set{{Column: "name", To: "changed"}}},
		{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(3), int64(2))},
	})
	WantKind(t, err, avow.Conflict, "changed")
	peopleAs(t, src, "1,ann@example.com,Ann,7 2,bob@example.com,Bob,7 3,cid@example.com,Cid,8 4,,Dee, 5,,Eve,8")
	Do(t, src, connect.Change{Kind: connect.Delete, Table: "orders", Key: []string{"id"}, Keys: Tuples(int64(1))},
		connect.Change{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(2))})
}

// testAtOnce: changes that want the same rows in opposite order all end well.
func testAtOnce(t *testing.T, s System) {
	if s.NoWriters {
		return
	}
	var rows []connect.Row
	for i := range 40 {
		rows = append(rows, connect.Row{int64(i), fmt.Sprintf("p%d@example.com", i), "x", int64(0), nil})
	}
	src := s.Make(t, People(rows...))
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for round := range 10 {
				var changes []connect.Change
				for i := range rows {
					at := i
					if worker%2 == 1 {
						at = len(rows) - 1 - i
					}
					changes = append(changes, connect.Change{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(at)),
						Set: []connect.Set{{Column: "team", To: int64(worker*100 + round)}}})
				}
				if _, err := src.Change(context.Background(), changes); err != nil {
					t.Errorf("worker %d, round %d: %v", worker, round, err)
					return
				}
			}
		})
	}
	group.Wait()
	teams := map[string]int{}
	for _, row := range All(t, src, connect.Read{Table: "people", Columns: []string{"team"}}) {
		teams[connect.Text(row[0])]++
	}
	schema, err := src.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if schema.Atomic && len(teams) != 1 {
		t.Errorf("changes mixed: %v", teams)
	}
}

func testCanceled(t *testing.T, s System) {
	var rows []connect.Row
	for i := range 5000 {
		rows = append(rows, connect.Row{int64(i), "p@example.com", "x", int64(0), nil})
	}
	src := s.Make(t, People(rows...))
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	err := src.Read(ctx, connect.Read{Table: "people", Columns: []string{"id"}}, func(connect.Row) error {
		if n++; n == 3 {
			cancel()
		}
		if n > 3 {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	if n == len(rows) && err == nil {
		t.Error("reading went on to its end")
	}
	if err != nil {
		WantKind(t, err, avow.Canceled)
	}
	_, err = src.Change(ctx, []connect.Change{{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(1))}})
	WantKind(t, err, avow.Canceled)
	if got := All(t, src, connect.Read{Table: "people", Columns: []string{"id"}}); len(got) != len(rows) {
		t.Errorf("%d rows are left of %d", len(got), len(rows))
	}
}

func testShow(t *testing.T, s System) {
	src := s.Make(t, People(five...))
	const secret = "x'); --secret"
	shown, err := src.Show([]connect.Change{
		{Kind: connect.Delete, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(1), int64(2)), Guard: []connect.In{In("name", secret)}},
		{Kind: connect.Update, Table: "people", Key: []string{"id"}, Keys: Tuples(int64(3), int64(4)), Set: []connect.Set{{Column: "name", To: secret}}},
	})
	if err != nil || len(shown) == 0 {
		t.Fatalf("%v, %v", shown, err)
	}
	for _, statement := range shown {
		if strings.Contains(statement.Text, "secret") {
			t.Errorf("a value stands in the statement: %s", statement.Text)
		}
	}
	peopleAs(t, src, "1,ann@example.com,Ann,7 2,bob@example.com,Bob,7 3,cid@example.com,Cid,8 4,,Dee, 5,,Eve,8")
}

// hostileNames are names and values that a careless program would send as part of a statement.
var hostileNames = []string{`select`, `Order`, `a "b" c`, "back`tick", `it's`, `ünï 日本`, `x; DROP TABLE people; --`, `%s$1?`, `back\slash`, `a.b`}

// called is the name that a system gives a table: in a database one with a dot in it stands in quotes.
func called(tb testing.TB, src connect.Source, table string) string {
	schema, err := src.Describe(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if schema.Table(table) == nil && schema.Table(connect.TableName("", table)) != nil {
		return connect.TableName("", table)
	}
	return table
}

func testHostile(t *testing.T, s System) {
	names := hostileNames
	if s.NoNames {
		names = []string{"select", "Order"}
	}
	for _, name := range names {
		table := Table{Name: name, Columns: []Column{{Name: "id", Kind: connect.Integer}, {Name: name, Kind: connect.TextKind, Length: 100}, {Name: "where", Kind: connect.TextKind, Length: 100}}, Key: []string{"id"}}
		if strings.ContainsAny(name, ".") && s.NoTypes {
			continue
		}
		for i, value := range hostileNames {
			table.Rows = append(table.Rows, connect.Row{int64(i), value, "x"})
		}
		src := s.Make(t, table)
		name, column := called(t, src, name), name
		for i, value := range hostileNames {
			got := All(t, src, connect.Read{Table: name, Columns: []string{"id", column}, Any: []connect.In{In(column, value)}, When: &connect.Cond{Op: connect.Equal, Column: column, Values: []any{value}}})
			if len(got) != 1 || connect.Text(got[0][0]) != fmt.Sprint(i) || got[0][1] != value {
				t.Errorf("table %s, value %s: %v", name, value, got)
			}
		}
		Do(t, src, connect.Change{Kind: connect.Update, Table: name, Key: []string{column}, Keys: Tuples("it's", `a "b" c`), Set: []connect.Set{{Column: "where", Each: []any{`'"`, "`"}}}},
			connect.Change{Kind: connect.Delete, Table: name, Key: []string{column}, Keys: Tuples("Order", "select' OR '1'='1"), Guard: []connect.In{In("where", "x")}})
		if got := All(t, src, connect.Read{Table: name, Columns: []string{"id", "where"}}); len(got) != len(hostileNames)-1 || Texts(got, 1) != "x ` x '\" x x x x x" {
			t.Errorf("table %s: after changes %v", name, got)
		}
	}
}
