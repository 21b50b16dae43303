package connecttest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/google/go-cmp/cmp"
)

func testDescribe(t *testing.T, s System) {
	src := s.Make(t, People(connect.Row{int64(1), "ann@example.com", "Ann", nil, nil}))
	schema, err := src.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	table := schema.Table("people")
	if table == nil || schema.Product == "" {
		t.Fatalf("no table people in %+v", schema)
	}
	for _, want := range People().Columns {
		c := table.Column(want.Name)
		if c == nil || !s.NoTypes && c.Kind != want.Kind {
			t.Errorf("column %s: %+v", want.Name, c)
		}
	}
	if !s.NoKeys && !slices.Equal(table.Key, []string{"id"}) {
		t.Errorf("key %v", table.Key)
	}
	if len(table.Lacks) > 0 {
		t.Errorf("the owner lacks %v", table.Lacks)
	}
}

// samples has values of each kind, as they are given and as they come back.
var samples = []struct {
	kind   connect.Kind
	values []any
}{
	{connect.TextKind, []any{"Ann", "Ünïcode 日本 🙂", " blanks ", "it's \"quoted\" \\ % _", "a\nb\tc", "NULL", "0"}},
	{connect.Integer, []any{int64(0), int64(-1), int64(9007199254740993), int64(-9223372036854775808), int64(9223372036854775807)}},
	{connect.DecimalKind, []any{connect.Decimal("5.9"), connect.Decimal("-0.01"), connect.Decimal("0"), connect.Decimal("12345678.1234")}},
	{connect.Boolean, []any{true, false}},
	{connect.DateKind, []any{connect.Date("2026-11-22"), connect.Date("1970-01-01"), connect.Date("1899-12-31")}},
	{connect.TimeKind, []any{time.Date(2026, 11, 22, 19, 30, 15, 0, time.UTC), time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(2001, 2, 3, 4, 5, 6, 789000000, time.UTC)}},
	{connect.Binary, []any{[]byte("text as bytes"), []byte{0, 1, 254, 255}}},
	{connect.UUID, []any{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}},
	{connect.JSON, []any{map[string]any{"a": []any{int64(1), "x", nil, true}, "b": map[string]any{"c": connect.Decimal("1.5")}}, []any{}}},
}

// testValues: what was put in comes out as the same kind of value, and is found by it.
func testValues(t *testing.T, s System) {
	for _, sample := range samples {
		if s.Kinds != nil && !slices.Contains(s.Kinds, sample.kind) {
			continue
		}
		t.Run(string(sample.kind), func(t *testing.T) {
			table := Table{Name: "kept", Columns: []Column{{Name: "id", Kind: connect.Integer}, {Name: "v", Kind: sample.kind, Length: 60}}, Key: []string{"id"}}
			for i, v := range sample.values {
				table.Rows = append(table.Rows, connect.Row{int64(i), v})
			}
			table.Rows = append(table.Rows, connect.Row{int64(len(sample.values)), nil})
			src := s.Make(t, table)
			got := All(t, src, connect.Read{Table: "kept", Columns: []string{"id", "v"}})
			if len(got) != len(table.Rows) {
				t.Fatalf("%d rows of %d", len(got), len(table.Rows))
			}
			for i, row := range table.Rows {
				if s.NoTypes {
					if connect.Text(got[i][1]) != connect.Text(row[1]) {
						t.Errorf("%v came back as %v", row[1], got[i][1])
					}
				} else if diff := cmp.Diff(row[1], got[i][1]); diff != "" {
					t.Errorf("value %d: %s", i, diff)
				}
				if sample.kind == connect.JSON || row[1] == nil {
					continue
				}
				for _, v := range []any{row[1], asText(row[1])} {
					found := All(t, src, connect.Read{Table: "kept", Columns: []string{"id"}, Any: []connect.In{In("v", v)}})
					if len(found) != 1 || connect.Text(found[0][0]) != fmt.Sprint(i) {
						t.Errorf("by %T %v: %v", v, v, found)
					}
				}
			}
		})
	}
}

// asText is how another system would write the value; bytes as what they are.
func asText(v any) any {
	if b, ok := v.([]byte); ok {
		return b
	}
	return connect.Text(v)
}

var five = []connect.Row{
	{int64(1), "ann@example.com", "Ann", int64(7), nil},
	{int64(2), "bob@example.com", "Bob", int64(7), "+44 20 7946 0958"},
	{int64(3), "cid@example.com", "Cid", int64(8), ""},
	{int64(4), nil, "Dee", nil, "020 7946 0999"},
	{int64(5), "", "Eve", int64(8), nil},
}

func testRead(t *testing.T, s System) {
	src := s.Make(t, People(five...))
	for _, c := range []struct {
		name string
		read connect.Read
		want string
	}{
		{"all", connect.Read{}, "1 2 3 4 5"},
		{"by key", connect.Read{Any: []connect.In{In("id", int64(2), int64(4), int64(9))}}, "2 4"},
		{"a value twice", connect.Read{Any: []connect.In{In("id", int64(2), int64(2), "2")}}, "2"},
		{"a number as text", connect.Read{Any: []connect.In{In("team", "7", connect.Decimal("8"))}}, "1 2 3 5"},
		{"what cannot be one", connect.Read{Any: []connect.In{In("team", "seven", "7x", "99999999999999999999", " 7")}}, ""},
		{"none", connect.Read{Any: []connect.In{In("id")}}, ""},
		{"nothing is no value", connect.Read{Any: []connect.In{In("email", nil, "")}}, ""},
		{"any", connect.Read{Any: []connect.In{In("team", int64(8)), In("email", "ann@example.com", "cid@example.com")}}, "1 3 5"},
		{"all of", connect.Read{All: []connect.In{In("team", int64(7)), In("name", "Bob", "Cid")}}, "2"},
		{"any and all", connect.Read{Any: []connect.In{In("id", int64(1)), In("id", int64(3), int64(2))}, All: []connect.In{In("team", int64(7))}}, "1 2"},
		{"exactly", connect.Read{Any: []connect.In{In("name", "ann", "BOB", "Cid ", "Cid")}}, "3"},
		{"when", connect.Read{Any: []connect.In{In("team", int64(7), int64(8))}, When: &connect.Cond{Op: connect.IsEmpty, Column: "phone"}}, "1 3 5"},
	} {
		c.read.Table, c.read.Columns = "people", []string{"id"}
		if got := Texts(All(t, src, c.read), 0); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	failed := errors.New("enough")
	err := src.Read(context.Background(), connect.Read{Table: "people", Columns: []string{"id"}}, func(connect.Row) error { return failed })
	if err != failed {
		t.Errorf("the reader's own error came back as %v", err)
	}
}

func testSeveralColumns(t *testing.T, s System) {
	src := s.Make(t, Table{Name: "seats", Columns: []Column{{Name: "hall", Kind: connect.TextKind, Length: 20}, {Name: "row", Kind: connect.Integer}, {Name: "seat", Kind: connect.Integer}, {Name: "who", Kind: connect.TextKind, Length: 20}},
		Key: []string{"hall", "row", "seat"}, Rows: []connect.Row{
			{"A", int64(1), int64(1), "ann"}, {"A", int64(1), int64(2), "bob"}, {"A", int64(2), int64(1), "ann"}, {"B", int64(1), int64(1), "cid"}, {"B", int64(2), int64(2), nil}}})
	in := connect.In{Columns: []string{"hall", "row", "seat"}, Tuples: []connect.Tuple{{"A", int64(1), int64(2)}, {"B", "1", "1"}, {"B", int64(2), int64(1)}, {nil, int64(1), int64(1)}}}
	got := All(t, src, connect.Read{Table: "seats", Columns: []string{"who", "hall"}, Any: []connect.In{in}})
	if Texts(got, 0) != "bob cid" {
		t.Errorf("by three columns: %v", got)
	}
	in = connect.In{Columns: []string{"who", "hall"}, Tuples: []connect.Tuple{{"ann", "A"}, {"cid", "A"}, {"", "B"}}}
	if got := All(t, src, connect.Read{Table: "seats", Columns: []string{"row"}, Any: []connect.In{in}}); Texts(got, 0) != "1 2" {
		t.Errorf("by two columns: %v", got)
	}
	Do(t, src, connect.Change{Kind: connect.Delete, Table: "seats", Key: []string{"hall", "row", "seat"}, Keys: []connect.Tuple{{"A", int64(1), int64(1)}, {"B", int64(9), int64(9)}}},
		connect.Change{Kind: connect.Update, Table: "seats", Key: []string{"hall", "row", "seat"}, Keys: []connect.Tuple{{"A", int64(1), int64(2)}, {"B", int64(1), int64(1)}},
			Set: []connect.Set{{Column: "who", Each: []any{"x", nil}}}})
	got = All(t, src, connect.Read{Table: "seats", Columns: []string{"hall", "row", "seat", "who"}})
	if text := fmt.Sprint(got); text != "[[A 1 2 x] [A 2 1 ann] [B 1 1 <nil>] [B 2 2 <nil>]]" && text != "[[A 1 2 x] [A 2 1 ann] [B 1 1 ] [B 2 2 ]]" {
		t.Errorf("after changes: %v", got)
	}
}

// testOnce: a row that meets several alternatives is given once, also when the
// alternatives are compared in different ways and are very many.
func testOnce(t *testing.T, s System) {
	var rows []connect.Row
	var ids, emails []any
	for i := range 3000 {
		email := fmt.Sprintf("p%d@example.com", i)
		if i%3 == 0 {
			email = fmt.Sprintf("P%d@Example.COM", i)
		}
		rows = append(rows, connect.Row{int64(i), email, "x", int64(i % 10), nil})
		if i%2 == 0 {
			ids = append(ids, int64(i))
		}
		emails = append(emails, fmt.Sprintf("p%d@EXAMPLE.com", i))
	}
	src := s.Make(t, People(rows...))
	in := In("email", emails...)
	in.Compare = connect.Email
	for _, any := range [][]connect.In{{In("id", ids...), in, In("team", int64(3))}, {in, In("id", ids...)}, {In("team", int64(3)), In("id", ids...), in}} {
		seen := map[string]int{}
		for _, row := range All(t, src, connect.Read{Table: "people", Columns: []string{"id"}, Any: any}) {
			seen[connect.Text(row[0])]++
		}
		for id, n := range seen {
			if n != 1 {
				t.Fatalf("row %s came %d times", id, n)
			}
		}
		if len(seen) != len(rows) {
			t.Errorf("%d rows of %d", len(seen), len(rows))
		}
	}
}

func testCompare(t *testing.T, s System) {
	rows := []connect.Row{
		{int64(1), "ann@example.com", "José", nil, "+44 20 7946 0958"},
		{int64(2), "Ann@Example.COM", "JOSÉ", nil, "020 7946 0958"},
		{int64(3), " ann@example.com ", " josé", nil, "(020) 79460958"},
		{int64(4), "ann@example.com\r\n", "Jose\u0301\n", nil, "0044 20 7946-0958"},
		{int64(5), "bob@münchen.de", "Jose", nil, "+1 212 555 0100"},
		{int64(6), "Bob@XN--MNCHEN-3YA.de", "jose ", nil, "020 7946 0958 ext. 12"},
		{int64(7), "xann@example.com", "J O S E", nil, "12 34-5"},
		{int64(8), "ann@example.com.au", "Josef", nil, "n/a"},
		{int64(9), nil, nil, nil, ""},
	}
	indexed := People(rows...)
	indexed.Indexes = []string{"email", "name", "phone", "lower(email)"}
	for _, table := range []Table{People(rows...), indexed} {
		src := s.Make(t, table)
		for _, c := range []struct {
			how    connect.Compare
			column string
			values []any
			want   string
		}{
			{connect.Exact, "email", []any{"ann@example.com"}, "1"},
			{connect.Trimmed, "email", []any{"ann@example.com "}, "1 3 4"},
			{connect.IgnoreCase, "email", []any{"ANN@EXAMPLE.com"}, "1 2 3 4"},
			{connect.Email, "email", []any{"ann@EXAMPLE.com"}, "1 2 3 4"},
			{connect.Email, "email", []any{"bob@münchen.de"}, "5 6"},
			{connect.Email, "email", []any{"BOB@xn--mnchen-3ya.de", "nobody", ""}, "5 6"},
			{connect.IgnoreCase, "name", []any{"josé"}, "1 2 3 4"},
			{connect.IgnoreCase, "name", []any{"JOSE"}, "5 6"},
			{connect.IgnoreCase, "name", []any{"JOSE", "josÉ"}, "1 2 3 4 5 6"},
			{connect.Trimmed, "name", []any{"Jose"}, "5"},
			{connect.Digits, "phone", []any{"1-2-3-4-5"}, "7"},
			{connect.Digits, "phone", []any{"02079460958"}, "2 3"},
			{connect.Phone, "phone", []any{"+442079460958"}, "1 2 3 4"},
			{connect.Phone, "phone", []any{"020 7946 0958", "+12125550100"}, "1 2 3 4 5"},
			{connect.Phone, "phone", []any{"+44 20 7946 0958 x12"}, "6"},
		} {
			in := In(c.column, c.values...)
			in.Compare = c.how
			got := Texts(All(t, src, connect.Read{Table: "people", Columns: []string{"id"}, Any: []connect.In{in}}), 0)
			if got != c.want {
				t.Errorf("%s %v (indexed: %v): got %q, want %q", c.how, c.values, table.Indexes != nil, got, c.want)
			}
			paged := connect.Read{Table: "people", Columns: []string{"id"}, All: []connect.In{in}, Key: []string{"id"}, Limit: 2}
			if s.NoOrder {
				continue
			}
			if got := Texts(pages(t, src, paged), 0); got != c.want {
				t.Errorf("%s %v in pages: got %q, want %q", c.how, c.values, got, c.want)
			}
		}
	}
}

// testConditions: systems judge a condition as Cond.Holds does.
func testConditions(t *testing.T, s System) {
	table := Table{Name: "facts", Columns: []Column{{Name: "id", Kind: connect.Integer}, {Name: "t", Kind: connect.TextKind, Length: 20}, {Name: "n", Kind: connect.Integer},
		{Name: "d", Kind: connect.DecimalKind}, {Name: "at", Kind: connect.TimeKind}, {Name: "b", Kind: connect.Boolean}}, Key: []string{"id"}}
	at := func(year int) time.Time { return time.Date(year, 3, 1, 12, 0, 0, 0, time.UTC) }
	table.Rows = []connect.Row{
		{int64(1), "a", int64(10), connect.Decimal("1.5"), at(2020), true},
		{int64(2), "B", int64(9), connect.Decimal("10"), at(2021), false},
		{int64(3), "", int64(-1), connect.Decimal("-2"), nil, nil},
		{int64(4), nil, nil, nil, at(2022), true},
		{int64(5), "a ", int64(100), connect.Decimal("1.50001"), at(2023), false},
		{int64(6), "A", int64(0), connect.Decimal("0"), at(2020), true},
	}
	src := s.Make(t, table)
	one := func(op connect.CondOp, column string, values ...any) connect.Cond {
		return connect.Cond{Op: op, Column: column, Values: values}
	}
	conds := []connect.Cond{
		one(connect.Equal, "t", "a"), one(connect.NotEqual, "t", "a"), one(connect.Less, "t", "a"), one(connect.AtLeast, "t", "a"), one(connect.OneOf, "t", "a", "A", "zz"),
		one(connect.Equal, "n", int64(10)), one(connect.NotEqual, "n", "9"), one(connect.Less, "n", int64(9)), one(connect.AtMost, "n", int64(9)), one(connect.More, "n", connect.Decimal("9")), one(connect.OneOf, "n", int64(9), "100"),
		one(connect.Equal, "d", connect.Decimal("1.5")), one(connect.More, "d", "1.5"), one(connect.AtMost, "d", int64(0)),
		one(connect.Less, "at", at(2021)), one(connect.AtLeast, "at", "2021-03-01T12:00:00Z"), one(connect.More, "at", "2021-03-01"),
		one(connect.Equal, "b", true), one(connect.NotEqual, "b", true), one(connect.Equal, "b", "false"),
		one(connect.IsEmpty, "t"), one(connect.IsEmpty, "n"), one(connect.IsEmpty, "at"), one(connect.IsEmpty, "b"),
	}
	for i, c := range slices.Clone(conds) {
		conds = append(conds, connect.Cond{Op: connect.Not, Of: []connect.Cond{c}},
			connect.Cond{Op: connect.Or, Of: []connect.Cond{c, conds[(i+7)%24]}},
			connect.Cond{Op: connect.And, Of: []connect.Cond{{Op: connect.Not, Of: []connect.Cond{c}}, {Op: connect.Not, Of: []connect.Cond{conds[(i+5)%24]}}}})
	}
	for _, c := range conds {
		var want []connect.Row
		for _, row := range table.Rows {
			if c.Holds(func(column string) any {
				return row[slices.IndexFunc(table.Columns, func(c Column) bool { return c.Name == column })]
			}) {
				want = append(want, row[:1])
			}
		}
		got := All(t, src, connect.Read{Table: "facts", Columns: []string{"id"}, When: &c})
		if Texts(got, 0) != Texts(want, 0) {
			t.Errorf("%+v: got %s, want %s", c, Texts(got, 0), Texts(want, 0))
		}
	}
	if s.NoTypes {
		return
	}
	bad := one(connect.Equal, "n", "many")
	err := src.Read(context.Background(), connect.Read{Table: "facts", Columns: []string{"id"}, When: &bad}, func(connect.Row) error { return nil })
	WantKind(t, err, avow.Invalid, "many")
}

func pages(tb testing.TB, src connect.Source, r connect.Read) (out []connect.Row) {
	tb.Helper()
	for {
		page := All(tb, src, r)
		if len(page) > r.Limit {
			tb.Fatalf("%d rows in a page of %d", len(page), r.Limit)
		}
		out = append(out, page...)
		if len(page) < r.Limit {
			return out
		}
		r.After = connect.Tuple(page[len(page)-1][:len(r.Key)])
	}
}

func testPages(t *testing.T, s System) {
	if s.NoOrder {
		return
	}
	table := Table{Name: "seats", Columns: []Column{{Name: "hall", Kind: connect.TextKind, Length: 20}, {Name: "seat", Kind: connect.Integer}}, Key: []string{"hall", "seat"}}
	for _, hall := range []string{"b", "a", "B", "ä", "a b", "Z"} {
		for seat := range 7 {
			if s.Name == "mariadb" && (hall == "B" || hall == "ä") {
				continue // its order takes them for b and a, and its key too
			}
			table.Rows = append(table.Rows, connect.Row{hall, int64(seat)})
		}
	}
	src := s.Make(t, table)
	r := connect.Read{Table: "seats", Columns: []string{"hall", "seat"}, Key: []string{"hall", "seat"}}
	whole := All(t, src, r)
	if len(whole) != len(table.Rows) {
		t.Fatalf("%d rows of %d", len(whole), len(table.Rows))
	}
	for _, size := range []int{1, 2, 5, len(whole), len(whole) + 1} {
		r.Limit = size
		if diff := cmp.Diff(whole, pages(t, src, r)); diff != "" {
			t.Errorf("pages of %d: %s", size, diff)
		}
	}
	if got := All(t, src, connect.Read{Table: "seats", Columns: []string{"seat"}, Sample: 3}); len(got) != 3 {
		t.Errorf("a sample of 3 has %d", len(got))
	}
}

// testMany: fifty thousand values are one question.
func testMany(t *testing.T, s System) {
	const n = 50_000
	table := Table{Name: "kept", Columns: []Column{{Name: "id", Kind: connect.Integer}, {Name: "owner", Kind: connect.Integer}}, Key: []string{"id"}, Indexes: []string{"owner"}}
	var owners []any
	for i := range n {
		owners = append(owners, int64(i))
		if i%10 == 0 {
			table.Rows = append(table.Rows, connect.Row{int64(i), int64(n - i)})
		}
	}
	src := s.Make(t, table)
	All(t, src, connect.Read{Table: "kept", Columns: []string{"id"}, Sample: 1})
	before := sent(t, s, src)
	got := All(t, src, connect.Read{Table: "kept", Columns: []string{"id"}, Any: []connect.In{In("owner", owners...)}})
	if len(got) != n/10-1 {
		t.Errorf("%d rows of %d", len(got), n/10-1)
	}
	if after := sent(t, s, src); after-before > 40 {
		t.Errorf("%d statements", after-before)
	}
	before = sent(t, s, src)
	change := connect.Change{Kind: connect.Delete, Table: "kept", Key: []string{"id"}, Keys: Tuples(owners...), Guard: []connect.In{In("owner", owners...)}}
	shown, err := src.Show([]connect.Change{change})
	if err != nil || s.Kinds == nil && len(shown) > 40 {
		t.Errorf("%d statements for %d keys, %v", len(shown), n, err)
	}
	results := Do(t, src, change)
	if results[0].Changed != n/10-1 {
		t.Errorf("%d rows were deleted", results[0].Changed)
	}
	if after := sent(t, s, src); after-before > 80 {
		t.Errorf("%d statements", after-before)
	}
}

func sent(tb testing.TB, s System, src connect.Source) int64 {
	if s.Sent == nil {
		return 0
	}
	return s.Sent(tb, src)
}

// testManyRows: memory does not grow with the rows that are read.
func testManyRows(t *testing.T, s System) {
	table := Table{Name: "log", Columns: []Column{{Name: "id", Kind: connect.Integer}, {Name: "team", Kind: connect.Integer}, {Name: "text", Kind: connect.TextKind, Length: 1000}}, Key: []string{"id"}}
	text := fmt.Sprintf("%0900d", 7)
	for i := range 40_000 { // 36 MB
		table.Rows = append(table.Rows, connect.Row{int64(i), int64(i % 2), text})
	}
	src := s.Make(t, table)
	table.Rows = nil
	var most, base runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&base)
	rows := 0
	err := src.Read(context.Background(), connect.Read{Table: "log", Columns: []string{"id", "text"}, Any: []connect.In{In("team", int64(0), int64(1))}}, func(connect.Row) error {
		if rows++; rows%10_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&most)
			if most.HeapAlloc > base.HeapAlloc+12<<20 {
				return fmt.Errorf("after %d rows %d MB more are held", rows, (most.HeapAlloc-base.HeapAlloc)>>20)
			}
		}
		return nil
	})
	if err != nil || rows != 40_000 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func testNotThere(t *testing.T, s System) {
	src := s.Make(t, People(five...))
	nothing := func(connect.Row) error { t.Error("a row came"); return nil }
	for _, r := range []connect.Read{
		{Table: "persons", Columns: []string{"id"}}, {Table: "people", Columns: []string{"idd"}}, {Table: "people", Columns: []string{"id"}, Any: []connect.In{In("mail", "secret")}},
		{Table: "people", Columns: []string{"id"}, When: &connect.Cond{Op: connect.IsEmpty, Column: "mail"}}, {Table: "people", Columns: []string{"id"}, Key: []string{"key"}},
	} {
		if s.NoTypes && r.Table == "people" {
			continue
		}
		WantKind(t, src.Read(context.Background(), r, nothing), avow.NotFound, "secret")
	}
	_, err := src.Change(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "persons", Key: []string{"id"}, Keys: Tuples("secret")}})
	WantKind(t, err, avow.NotFound, "secret")
	if got := All(t, src, connect.Read{Table: "people", Columns: []string{"id"}}); len(got) != len(five) {
		t.Errorf("%d rows are left", len(got))
	}
}
