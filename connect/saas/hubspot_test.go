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

func hubPeople(h *saastest.HubSpot) {
	h.Add("contacts", "101", map[string]string{"email": "ann@example.com", "firstname": "Ann", "lastname": "Lee", "hs_additional_emails": "Ann.Lee@work.example;al@old.example", "phone": "+442079460958", "shoe_size": "5.50", "createdate": "2024-05-01T10:00:00.123Z"})
	h.Add("contacts", "102", map[string]string{"email": "bo@example.com", "lastname": `"},{"x`, "phone": "020 7946 0000", "createdate": "2024-05-01T10:00:00Z"})
	h.Add("contacts", "103", map[string]string{"lastname": "Cy"})
	h.Add("deals", "901", map[string]string{"dealname": "Roof", "amount": "100.00"})
	h.Add("deals", "902", map[string]string{"dealname": "Door"})
	h.Link("contacts", "101", "deals", "901")
	h.Link("contacts", "102", "deals", "901")
	h.Link("contacts", "101", "deals", "902")
}

func TestHubSpotFinds(t *testing.T) {
	h := saastest.NewHubSpot(t)
	hubPeople(h)
	s := openHub(t, h)
	for _, c := range []struct {
		name string
		any  []connect.In
		want []string
	}{
		{"an address", in("email", connect.Email, "ANN@Example.com"), []string{"101"}},
		{"a number however written", in("phone", connect.Phone, "020 7946 0958", "+44 20 7946 0000"), []string{"101", "102"}},
		{"capitals that do not count", in("firstname", connect.IgnoreCase, "ann"), []string{"101"}},
		{"capitals that do", in("firstname", "", "Ann", "ANN"), []string{"101"}},
		{"JSON in a value", in("lastname", "", `"},{"x`), []string{"102"}},
		{"by id, one gone", in("id", "", "101", "777"), []string{"101"}},
		{"a number as id", in("id", "", int64(103)), []string{"103"}},
		{"a further address", in("hs_additional_emails", connect.Email, "ann.lee@WORK.example", "x@y.example"), []string{"101"}},
		{"not a part of one", in("hs_additional_emails", connect.Email, "lee@work.example"), nil},
		{"two ways", append(in("email", connect.Email, "ann@example.com"), in("id", "", "101", "103")...), []string{"101", "103"}},
	} {
		var got []string
		for _, row := range rowsOf(t, s, connect.Read{Table: "contacts", Columns: []string{"id"}, Any: c.any}) {
			got = append(got, row[0].(string))
		}
		if slices.Sort(got); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v (asked %s)", c.name, got, c.want, h.Bodies[len(h.Bodies)-1])
		}
	}
	row := rowsOf(t, s, connect.Read{Table: "contacts", Columns: []string{"shoe_size", "createdate", "email", "mobilephone"}, Any: in("id", "", "101")})[0]
	if want := []any{connect.Decimal("5.5"), time.Date(2024, 5, 1, 10, 0, 0, 123e6, time.UTC), "ann@example.com", nil}; !slices.Equal(row, want) {
		t.Errorf("values are %#v", row)
	}
	together := []connect.In{{Columns: []string{"firstname", "lastname"}, Tuples: []connect.Tuple{{"Ann", "Lee"}, {"Ann", "Ly"}, {"Bo", "Lee"}}}}
	if rows := rowsOf(t, s, connect.Read{Table: "contacts", Columns: []string{"id"}, Any: together}); len(rows) != 1 || rows[0][0] != "101" {
		t.Errorf("by two columns: %v", rows)
	}
	err := s.Read(context.Background(), connect.Read{Table: "contact-deals", Columns: []string{"deal"}}, nil)
	wantKind(t, err, avow.Invalid, "lists all its rows")
	err = s.Read(context.Background(), connect.Read{Table: "contacts", Columns: []string{"nonsense"}}, nil)
	wantKind(t, err, avow.NotFound, "nonsense")
	wantKind(t, s.Read(context.Background(), connect.Read{Table: "nonsense"}, nil), avow.NotFound, "nonsense")
}

func TestHubSpotAssociations(t *testing.T) {
	h := saastest.NewHubSpot(t)
	hubPeople(h)
	s := openHub(t, h)
	by := func(column string, ids ...any) []string {
		var out []string
		for _, row := range rowsOf(t, s, connect.Read{Table: "contact-deals", Columns: []string{"contact", "deal"}, Any: in(column, "", ids...)}) {
			out = append(out, row[0].(string)+"-"+row[1].(string))
		}
		slices.Sort(out)
		return out
	}
	if got := by("contact", "101", "103"); !slices.Equal(got, []string{"101-901", "101-902"}) {
		t.Errorf("of a contact: %v", got)
	}
	pairs := []connect.In{{Columns: []string{"contact", "deal"}, Tuples: []connect.Tuple{{"101", "902"}, {"102", "902"}, {"102", "901"}}}}
	if rows := rowsOf(t, s, connect.Read{Table: "contact-deals", Columns: []string{"deal"}, Any: pairs}); len(rows) != 2 {
		t.Errorf("by both: %v", rows)
	}
	if got := by("deal", "901"); !slices.Equal(got, []string{"101-901", "102-901"}) {
		t.Errorf("of a deal: %v", got)
	}
	unlink := connect.Change{Kind: connect.Delete, Table: "contact-deals", Key: []string{"contact", "deal"}, Keys: []connect.Tuple{{"101", "901"}}}
	for range 2 {
		if _, err := s.Change(context.Background(), []connect.Change{unlink}); err != nil {
			t.Fatal(err)
		}
	}
	if got := by("deal", "901"); !slices.Equal(got, []string{"102-901"}) {
		t.Errorf("after one link went: %v", got)
	}
	for i := range 600 {
		h.Link("contacts", "103", "deals", fmt.Sprint(5000+i))
	}
	err := s.Read(context.Background(), connect.Read{Table: "contact-deals", Columns: []string{"deal"}, Any: in("contact", "", "103")}, func(connect.Row) error { return nil })
	wantKind(t, err, avow.Invalid, "only a part")
	_, err = s.Change(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "contact-deals", Key: []string{"contact", "deal"}, Keys: []connect.Tuple{{"..", "901"}}}})
	wantKind(t, err, avow.Invalid, "dots")
}

func TestHubSpotPages(t *testing.T) {
	h := saastest.NewHubSpot(t)
	h.Page = 9
	var mails []any
	for i := range 300 {
		mail := fmt.Sprintf("person-%d@long-name-of-a-host.example", i)
		mails = append(mails, mail)
		h.Add("contacts", fmt.Sprint(1000+i), map[string]string{"email": mail, "lastname": "Same"})
	}
	s := openHub(t, h)
	if n := len(rowsOf(t, s, connect.Read{Table: "contacts", Columns: []string{"email"}})); n != 300 {
		t.Errorf("%d rows", n)
	}
	h.Page, h.Requests = 200, nil
	if n := len(rowsOf(t, s, connect.Read{Table: "contacts", Columns: []string{"email"}, Any: in("email", connect.Email, mails...)})); n != 300 {
		t.Errorf("%d rows by address", n)
	}
	if n := len(h.Requests); n > 12 {
		t.Errorf("300 addresses took %d searches", n)
	}
	h.Most = 100
	err := s.Read(context.Background(), connect.Read{Table: "contacts", Columns: []string{"email"}, Any: in("lastname", "", "Same")}, func(connect.Row) error { return nil })
	if err != nil {
		t.Errorf("fewer than the service's bound: %v", err)
	}
}

// A search that finds more than HubSpot gives is asked in parts, and where that does not
// help it is an error, not a part of the truth.
func TestHubSpotSearchBound(t *testing.T) {
	h := saastest.NewHubSpot(t)
	for i := range 12_001 {
		h.Add("contacts", fmt.Sprint(i+1), map[string]string{"lastname": []string{"Big", "Small"}[min(i/9000, 1)]})
	}
	s := openHub(t, h)
	if n := len(rowsOf(t, s, connect.Read{Table: "contacts", Columns: []string{"id"}, Any: in("lastname", "", "Big", "Small")})); n != 12_001 {
		t.Errorf("%d rows", n)
	}
	for i := range 2000 {
		h.Add("contacts", fmt.Sprint(20_000+i), map[string]string{"lastname": "Big"})
	}
	err := s.Read(context.Background(), connect.Read{Table: "contacts", Columns: []string{"id"}, Any: in("lastname", "", "Big")}, func(connect.Row) error { return nil })
	wantKind(t, err, avow.Invalid, "11000", "10000")
}

func TestHubSpotDescribes(t *testing.T) {
	h := saastest.NewHubSpot(t)
	h.Scopes = slices.DeleteFunc(h.Scopes, func(s string) bool { return s == "crm.objects.contacts.write" })
	schema, err := openHub(t, h).Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c := schema.Table("contacts")
	if c == nil || schema.Table("companies") != nil || schema.Table("contact-deals") == nil {
		t.Fatalf("tables: %+v", schema.Tables)
	}
	if c.Lacks[connect.OpRead] != "" || c.Lacks[connect.OpDelete] != "crm.objects.contacts.write" || c.Lacks[connect.OpUpdate] != "crm.objects.contacts.write" {
		t.Errorf("lacks %v", c.Lacks)
	}
	if shoe, score := c.Column("shoe_size"), c.Column("score"); shoe == nil || shoe.Kind != connect.DecimalKind || !score.Generated {
		t.Errorf("properties: %+v %+v", shoe, score)
	}
	links := schema.Table("contact-deals")
	if links.Lacks[connect.OpUpdate] == "" || len(links.References) != 2 || links.References[1].Table != "deals" {
		t.Errorf("links: %+v", links)
	}
}

func TestHubSpotChanges(t *testing.T) {
	h := saastest.NewHubSpot(t)
	hubPeople(h)
	s := openHub(t, h)
	res, err := s.Change(context.Background(), []connect.Change{
		{Kind: connect.Update, Table: "contacts", Key: []string{"id"}, Keys: []connect.Tuple{{"101"}, {"777"}}, Set: []connect.Set{{Column: "firstname"}, {Column: "email", To: "x@removed.invalid"}}},
		{Kind: connect.Delete, Table: "deals", Key: []string{"id"}, Keys: []connect.Tuple{{"902"}, {"777"}}},
	})
	if err != nil || res[0].Changed != 1 {
		t.Fatalf("%v %v", res, err)
	}
	if a := h.Rows["contacts"]["101"]; a["firstname"] != "" || a["email"] != "x@removed.invalid" || a["lastname"] != "Lee" || h.Rows["deals"]["902"] != nil {
		t.Errorf("%v", a)
	}
	del := []connect.Change{{Kind: connect.Delete, Table: "contacts", Key: []string{"id"}, Keys: []connect.Tuple{{"101"}, {"102"}}}}
	for i, want := range []int64{2, 0} {
		if res, err := s.Change(context.Background(), del); err != nil || res[0].Changed != want {
			t.Fatalf("deletion %d: %v %v", i, res, err)
		}
	}
	if len(h.Rows["contacts"]) != 1 || len(h.Blocked) != 0 {
		t.Errorf("left %v, blocked %v", h.Rows["contacts"], h.Blocked)
	}
	_, err = s.Change(context.Background(), []connect.Change{{Kind: connect.Update, Table: "contacts", Key: []string{"id"}, Keys: []connect.Tuple{{"103"}}, Set: []connect.Set{{Column: "email", To: "no address"}}}})
	wantKind(t, err, avow.Conflict, "VALIDATION_ERROR")
	if strings.Contains(err.Error(), "secret words") || strings.Contains(err.Error(), "103") {
		t.Errorf("the error repeats what the service said: %v", err)
	}
	_, err = s.Change(context.Background(), []connect.Change{{Kind: connect.Update, Table: "contacts", Key: []string{"id"}, Keys: []connect.Tuple{{"103"}}, Set: []connect.Set{{Column: "createdate", To: "2024-01-01"}}}})
	wantKind(t, err, avow.Conflict, "createdate")
}

func TestHubSpotMissingScope(t *testing.T) {
	h := saastest.NewHubSpot(t)
	hubPeople(h)
	h.Scopes = []string{"crm.objects.contacts.read"}
	s := openHub(t, h)
	_, err := s.Change(context.Background(), []connect.Change{{Kind: connect.Delete, Table: "contacts", Key: []string{"id"}, Keys: []connect.Tuple{{"101"}}}})
	wantKind(t, err, avow.Forbidden, "crm.objects.contacts.write", "MISSING_SCOPES")
	err = s.Read(context.Background(), connect.Read{Table: "deals", Columns: []string{"id"}}, nil)
	wantKind(t, err, avow.Forbidden, "crm.objects.deals.read")
	if strings.Contains(err.Error(), saastest.HubToken) {
		t.Errorf("the error holds the token: %v", err)
	}
}

// Waits are what the service asks for; a limit of the day is not waited for.
func TestHubSpotLimits(t *testing.T) {
	h := saastest.NewHubSpot(t)
	hubPeople(h)
	s := openHub(t, h)
	var waits []time.Duration
	s.c.wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	policies := []string{"SECONDLY", "TEN_SECONDLY_ROLLING"}
	h.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if len(policies) == 0 {
			return false
		}
		if policies[0] != "DAILY" {
			w.Header().Set("Retry-After", fmt.Sprint(len(policies)+5))
		}
		saastest.Answer(w, 429, map[string]any{"status": "error", "message": "You have reached a limit.", "errorType": "RATE_LIMIT", "category": "RATE_LIMITS", "policyName": policies[0]})
		policies = policies[1:]
		return true
	}
	read := connect.Read{Table: "contacts", Columns: []string{"email"}, Any: in("id", "", "101")}
	if n := len(rowsOf(t, s, read)); n != 1 || !slices.Equal(waits, []time.Duration{7 * time.Second, 6 * time.Second}) {
		t.Errorf("%d rows after waits of %v", n, waits)
	}
	policies, waits = []string{"DAILY"}, nil
	wantKind(t, s.Read(context.Background(), read, nil), avow.Unavailable, "DAILY")
	if len(waits) != 0 {
		t.Errorf("waited %v for the next day", waits)
	}
}
