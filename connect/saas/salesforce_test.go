package saas

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/saas/saastest"
)

func rowsOf(t *testing.T, s connect.Source, r connect.Read) [][]any {
	t.Helper()
	var out [][]any
	if err := s.Read(context.Background(), r, func(row connect.Row) error { out = append(out, row); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func in(column string, compare connect.Compare, values ...any) []connect.In {
	one := connect.In{Columns: []string{column}, Compare: compare}
	for _, v := range values {
		one.Tuples = append(one.Tuples, connect.Tuple{v})
	}
	return []connect.In{one}
}

func wantKind(t *testing.T, err error, kind avow.ErrorKind, words ...string) {
	t.Helper()
	if avow.KindOf(err) != kind {
		t.Fatalf("%s error: %v", avow.KindOf(err), err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

func people(sf *saastest.Salesforce) {
	sf.Add("Contact", "003A", map[string]any{"FirstName": "Ann", "LastName": "O'Hara", "Email": "Ann@Example.com", "Phone": "(020) 7946-0958", "Shoe_Size__c": 5.5,
		"Birthdate": "1980-02-29", "HasOptedOutOfEmail": true, "CreatedDate": "2024-05-01T10:00:00.000+0000"})
	sf.Add("Contact", "003B", map[string]any{"FirstName": "Bo", "LastName": `back\slash`, "Email": "bo@example.com", "Phone": "+44 20 7946 0000", "CreatedDate": "2024-05-02T10:00:00.000+0000"})
	sf.Add("Contact", "003C", map[string]any{"LastName": "Cy", "Email": nil, "CreatedDate": "2024-05-03T10:00:00.000+0000"})
	sf.Add("Task", "00TA", map[string]any{"WhoId": "003A", "WhatId": "x,y", "Subject": "Call"})
}

func TestSalesforceFinds(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	people(sf)
	s := openSalesforce(t, sf)
	for _, c := range []struct {
		name string
		any  []connect.In
		want []string
	}{
		{"an address as mail is sent", in("Email", connect.Email, "ann@EXAMPLE.com"), []string{"003A"}},
		{"an address to the letter", in("Email", connect.Exact, "ann@example.com"), nil},
		{"a number however written", in("Phone", connect.Phone, "+44 20 7946 0958", "020 7946 0000"), []string{"003A", "003B"}},
		{"several, one unknown", in("Id", "", "003A", "003C", "nobody"), []string{"003A", "003C"}},
		{"a quote", in("LastName", "", "O'Hara"), []string{"003A"}},
		{"a backslash", in("LastName", "", `back\slash`), []string{"003B"}},
		{"a number", in("Shoe_Size__c", "", connect.Decimal("5.5")), []string{"003A"}},
		{"a text where a number stands", in("Shoe_Size__c", "", "5.5 OR Id != null", "nought"), nil},
		{"a day", in("Birthdate", "", connect.Date("1980-02-29")), []string{"003A"}},
		{"a moment", in("CreatedDate", "", time.Date(2024, 5, 2, 10, 0, 0, 0, time.UTC)), []string{"003B"}},
		{"a truth", in("HasOptedOutOfEmail", "", true), []string{"003A"}},
		{"nothing", in("Email", "", nil, ""), nil},
		{"two ways to one row", append(in("Email", connect.Email, "ann@example.com"), in("LastName", "", "O'Hara", "Cy")...), []string{"003A", "003C"}},
		{"two columns together", []connect.In{{Columns: []string{"FirstName", "LastName"}, Tuples: []connect.Tuple{{"Ann", "O'Hara"}, {"Bo", "O'Hara"}}}}, []string{"003A"}},
		{"a control character", in("LastName", "", "x\x00y", "Cy"), []string{"003C"}},
		{"bytes that are no text", in("LastName", "", "\xff'", "Cy"), []string{"003C"}},
	} {
		var got []string
		for _, row := range rowsOf(t, s, connect.Read{Table: "Contact", Columns: []string{"Id"}, Any: c.any}) {
			got = append(got, row[0].(string))
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v (asked %q)", c.name, got, c.want, sf.Queries[len(sf.Queries)-1])
		}
	}
	row := rowsOf(t, s, connect.Read{Table: "Contact", Columns: []string{"Shoe_Size__c", "Birthdate", "HasOptedOutOfEmail", "CreatedDate", "AccountId"}, Any: in("Id", "", "003A")})[0]
	want := []any{connect.Decimal("5.5"), connect.Date("1980-02-29"), true, time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC), nil}
	if !slices.Equal(row, want) {
		t.Errorf("values are %#v", row)
	}
}

func TestSalesforcePagesAndOrder(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	sf.Page = 7
	var ids []any
	for i := range 1000 {
		id := fmt.Sprintf("003%04d", i)
		ids = append(ids, id)
		sf.Add("Contact", id, map[string]any{"LastName": strings.Repeat("n", i%5), "Email": fmt.Sprintf("p%d@example.com", i)})
	}
	s := openSalesforce(t, sf)
	if n := len(rowsOf(t, s, connect.Read{Table: "Contact", Columns: []string{"Email"}})); n != 1000 {
		t.Errorf("%d rows", n)
	}
	if n := len(rowsOf(t, s, connect.Read{Table: "Contact", Columns: []string{"Email"}, Any: in("Id", "", ids...)})); n != 1000 {
		t.Errorf("%d rows by key", n)
	}
	for _, q := range sf.Queries {
		if len(q) > 12_000 {
			t.Errorf("a query has %d characters", len(q))
		}
	}
	if n := len(sf.Queries); n > 10 {
		t.Errorf("1,000 keys took %d queries", n)
	}
	page := rowsOf(t, s, connect.Read{Table: "Contact", Columns: []string{"Id"}, Key: []string{"Id"}, After: connect.Tuple{"0030997"}, Limit: 5})
	if len(page) != 2 || page[0][0] != "0030998" || page[1][0] != "0030999" {
		t.Errorf("after: %v", page)
	}
	if n := len(rowsOf(t, s, connect.Read{Table: "Contact", Columns: []string{"Id"}, Sample: 10})); n != 10 {
		t.Errorf("a sample of %d", n)
	}
	when := &connect.Cond{Op: connect.Equal, Column: "LastName", Values: []any{"nnnn"}}
	if n := len(rowsOf(t, s, connect.Read{Table: "Contact", Columns: []string{"Id"}, When: when})); n != 200 {
		t.Errorf("%d rows hold the condition", n)
	}
}

func TestSalesforceDescribes(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	sf.May["delete"] = false
	schema, err := openSalesforce(t, sf).Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c := schema.Table("Contact")
	if c == nil || schema.Table("Lead") != nil || schema.Atomic {
		t.Fatalf("tables: %v", schema.Tables)
	}
	if shoe := c.Column("Shoe_Size__c"); shoe == nil || shoe.Kind != connect.DecimalKind {
		t.Errorf("an own field is %+v", shoe)
	}
	if last := c.Column("LastName"); last.Nullable || last.Length != 80 {
		t.Errorf("LastName is %+v", last)
	}
	if c.Lacks[connect.OpRead] != "" || c.Lacks[connect.OpUpdate] != "" || !strings.Contains(c.Lacks[connect.OpDelete], "Delete on Contact") {
		t.Errorf("lacks %v", c.Lacks)
	}
}

func TestSalesforceChanges(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	people(sf)
	s := openSalesforce(t, sf)
	clear := connect.Change{Kind: connect.Update, Table: "Contact", Key: []string{"Id"}, Keys: []connect.Tuple{{"003A"}, {"gone"}},
		Set: []connect.Set{{Column: "Email", To: nil}, {Column: "FirstName", Each: []any{"x'y", "z"}}, {Column: "Birthdate", To: connect.Date("1980-01-01")}}}
	for range 2 {
		res, err := s.Change(context.Background(), []connect.Change{clear})
		if err != nil || res[0].Changed != 1 {
			t.Fatalf("%v %v", res, err)
		}
	}
	if a := sf.Rows["Contact"]["003A"]; a["Email"] != nil || a["FirstName"] != "x'y" || a["Birthdate"] != "1980-01-01" || a["LastName"] != "O'Hara" {
		t.Errorf("the row is %v", a)
	}
	del := connect.Change{Kind: connect.Delete, Table: "Contact", Key: []string{"Id"}, Keys: []connect.Tuple{{"003A"}, {"003B"}}}
	for i, want := range []int64{2, 0} {
		res, err := s.Change(context.Background(), []connect.Change{del})
		if err != nil || res[0].Changed != want {
			t.Fatalf("deletion %d: %v %v", i, res, err)
		}
	}
	if len(sf.Rows["Contact"]) != 1 {
		t.Errorf("left: %v", sf.Rows["Contact"])
	}
}

// One record that cannot be changed neither hides nor stops the others, and what the
// service says about it is not repeated.
func TestSalesforcePartialFailure(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	people(sf)
	s := openSalesforce(t, sf)
	c := connect.Change{Kind: connect.Update, Table: "Contact", Key: []string{"Id"}, Keys: []connect.Tuple{{"003A"}, {"003B"}, {"003C"}},
		Set: []connect.Set{{Column: "LastName", Each: []any{"a", nil, "c"}}}}
	res, err := s.Change(context.Background(), []connect.Change{c})
	wantKind(t, err, avow.Conflict, "REQUIRED_FIELD_MISSING", "Contact")
	if res[0].Changed != 2 || sf.Rows["Contact"]["003C"]["LastName"] != "c" {
		t.Errorf("%v", res)
	}
	if strings.Contains(err.Error(), "003B") || strings.Contains(err.Error(), "secret words") {
		t.Errorf("the error repeats what the service said: %v", err)
	}
	sf.May["delete"] = false
	_, err = s.Change(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "Contact", Key: []string{"Id"}, Keys: []connect.Tuple{{"003A"}}}})
	wantKind(t, err, avow.Forbidden, "Delete on Contact")
}

func TestSalesforceGuards(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	people(sf)
	s := openSalesforce(t, sf)
	keys := []connect.Tuple{{"003A"}, {"003B"}, {"003C"}}
	run := func(c connect.Change) int64 {
		t.Helper()
		c.Kind, c.Table, c.Key, c.Keys = connect.Update, "Contact", []string{"Id"}, keys
		c.Set = []connect.Set{{Column: "Description", To: "seen"}}
		res, err := s.Change(context.Background(), []connect.Change{c})
		if err != nil {
			t.Fatal(err)
		}
		return res[0].Changed
	}
	if n := run(connect.Change{Guard: in("Email", connect.Email, "ANN@example.com")}); n != 1 {
		t.Errorf("a guard let %d through", n)
	}
	if n := run(connect.Change{When: &connect.Cond{Op: connect.IsEmpty, Column: "Email"}}); n != 1 {
		t.Errorf("a condition let %d through", n)
	}
	unless := connect.Exists{Table: "Task", Columns: []string{"WhoId"}, Of: []string{"Id"}, Key: []string{"Id"}}
	if n := run(connect.Change{Unless: []connect.Exists{unless}}); n != 2 {
		t.Errorf("with a task elsewhere %d were changed", n)
	}
	unless.But = []connect.Tuple{{"00TA"}}
	if n := run(connect.Change{Unless: []connect.Exists{unless}}); n != 3 {
		t.Errorf("with the task left out %d were changed", n)
	}
	// A key that is not the service's own.
	res, err := s.Change(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "Contact", Key: []string{"Email"}, Keys: []connect.Tuple{{"bo@example.com"}}}})
	if err != nil || res[0].Changed != 1 || sf.Rows["Contact"]["003B"] != nil {
		t.Errorf("%v %v", res, err)
	}
}

func TestSalesforceBatches(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	c := connect.Change{Kind: connect.Delete, Table: "Contact", Key: []string{"Id"}}
	for i := range 450 {
		c.Keys = append(c.Keys, connect.Tuple{sf.Add("Contact", fmt.Sprintf("003%d", i), map[string]any{"LastName": "n"})})
	}
	s := openSalesforce(t, sf)
	res, err := s.Change(context.Background(), []connect.Change{c})
	if err != nil || res[0].Changed != 450 || len(sf.Rows["Contact"]) != 0 {
		t.Fatalf("%v %v", res, err)
	}
	if n := len(sf.Requests); n != 1+3 {
		t.Errorf("450 deletions took %d requests: %v", n, sf.Requests)
	}
}

func TestSalesforceTokens(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	people(sf)
	s := openSalesforce(t, sf)
	read := connect.Read{Table: "Contact", Columns: []string{"Id"}, Any: in("Id", "", "003A")}
	rowsOf(t, s, read)
	rowsOf(t, s, read)
	if sf.Tokens != 1 {
		t.Errorf("%d tokens for two reads", sf.Tokens)
	}
	sf.Token = "revoked"
	if rowsOf(t, s, read); sf.Tokens != 2 {
		t.Errorf("%d tokens after one was refused", sf.Tokens)
	}
	// A service that refuses every token is asked once more, not for ever.
	sf.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/token") {
			return false
		}
		saastest.SalesforceError(w, 401, "INVALID_SESSION_ID", "Session expired or invalid")
		return true
	}
	err := s.Read(context.Background(), read, func(connect.Row) error { return nil })
	wantKind(t, err, avow.Forbidden, `"crm"`, "INVALID_SESSION_ID")
	if sf.Tokens != 3 {
		t.Errorf("%d tokens", sf.Tokens)
	}
	other := openAt(t, "salesforce", sf.URL, `"client_id": "app", "client_secret": "wr0ng-secret"`)
	sf.Before = nil
	err = other.Read(context.Background(), read, func(connect.Row) error { return nil })
	wantKind(t, err, avow.Forbidden, "invalid_client", `"crm"`)
	if strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("the error holds the secret: %v", err)
	}
}

func TestSalesforceAllowanceIsSpent(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	s := openSalesforce(t, sf)
	sf.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/token") {
			return false
		}
		saastest.SalesforceError(w, 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
		return true
	}
	err := s.Read(context.Background(), connect.Read{Table: "Contact", Columns: []string{"Id"}}, func(connect.Row) error { return nil })
	wantKind(t, err, avow.Unavailable, "REQUEST_LIMIT_EXCEEDED")
	if len(sf.Requests) != 2 {
		t.Errorf("asked again: %v", sf.Requests)
	}
}

func TestSalesforceShows(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	s := openSalesforce(t, sf)
	out, err := s.Show([]connect.Change{
		{Kind: connect.Update, Table: "Contact", Key: []string{"Id"}, Keys: []connect.Tuple{{"003A"}}, Set: []connect.Set{{Column: "Email", To: "masked@invalid"}}},
		{Kind: connect.Delete, Table: "Contact", Key: []string{"Id"}, Keys: []connect.Tuple{{"003A"}, {"003B"}}, Guard: in("Email", "", "a@b.c")},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "PATCH " + sf.URL + saastest.Data + "/composite/sobjects\n" +
		`{"allOrNone":false,"records":[{"Email":"{Email}","Id":"{Id}","attributes":{"type":"Contact"}}]}` + "\n-- up to 200 rows in one request"
	if out[0].Text != want {
		t.Errorf("shown: %s", out[0].Text)
	}
	if !slices.Equal(out[0].Values, []any{"003A", "masked@invalid"}) {
		t.Errorf("values: %v", out[0].Values)
	}
	if want := "DELETE " + sf.URL + saastest.Data + "/composite/sobjects?ids={Id, …}&allOrNone=false\n"; !strings.HasPrefix(out[1].Text, want) {
		t.Errorf("shown: %s", out[1].Text)
	}
	if len(sf.Requests) != 0 {
		t.Errorf("Show asked: %v", sf.Requests)
	}
}

// No text of a person becomes part of a query: the strict reader of the server would not
// understand it, or would find somebody else.
func FuzzSalesforceQuery(f *testing.F) {
	for _, seed := range []string{"O'Hara", `x' OR Id != '`, `\`, `\'`, "') OR (Id != ''", "a\nb", "\x00", "\xff", "‘", `\u0027`, "%", "a,b", "--", "x\r\ny"} {
		f.Add(seed)
	}
	types := map[string]string{"LastName": "string"}
	by := []*column{{name: "LastName", as: []string{"LastName"}, kind: connect.TextKind}}
	f.Fuzz(func(t *testing.T, v string) {
		text, err := soqlMatch(by, []connect.Tuple{{v}, {"other"}}, "")
		if err != nil {
			return
		}
		q, bad := saastest.ReadSOQL("SELECT LastName FROM Contact WHERE "+string(text.(written)), func(string) map[string]string { return types })
		if bad != nil {
			t.Fatalf("%q became %q: %v", v, text, bad.Message)
		}
		if !q.Where(map[string]any{"LastName": v}) || !q.Where(map[string]any{"LastName": "other"}) {
			t.Fatalf("%q is not found by %q", v, text)
		}
		if q.Where(map[string]any{"LastName": v + "x"}) || q.Where(map[string]any{"LastName": nil}) {
			t.Fatalf("%q finds others by %q", v, text)
		}
	})
}

// What an organisation does not have, or does not show this login, is not in the schema,
// and neither is what would point at it.
func TestSalesforceHidesFields(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	delete(sf.Types["Contact"], "Phone")
	s := openSalesforce(t, sf)
	schema, err := s.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c := schema.Table("Contact")
	if c.Column("Phone") != nil || c.Column("Id") == nil || !c.Column("CreatedDate").Generated || c.Column("Email").Generated {
		t.Errorf("columns: %+v", c.Columns)
	}
	for _, r := range c.References {
		if schema.Table(r.Table) == nil || c.Column(r.Columns[0]) == nil {
			t.Errorf("a reference to nothing: %+v", r)
		}
	}
	err = s.Read(context.Background(), connect.Read{Table: "Contact", Columns: []string{"Phone"}}, nil)
	wantKind(t, err, avow.NotFound, "INVALID_FIELD")
}
