package retain

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo/mongotest"
	"github.com/avowhq/avow/connect/open"
	"github.com/avowhq/avow/connect/saas/saastest"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/store/storetest"
)

// newOther is a house whose mapped system is no SQL database: `shop`, as the map says it.
func newOther(t *testing.T, c connect.Config, text string) *house {
	t.Helper()
	return newOtherOf(t, c, policyText, text)
}

// newOtherOf is newOther with a policy of its own.
func newOtherOf(t *testing.T, c connect.Config, policy, text string) *house {
	t.Helper()
	h := newHouseOf(t, storetest.SQLite(t), today, policy)
	p, err := h.reg.Version("shop", 0)
	h.check(err)
	h.m, err = datamap.Load(fstest.MapFS{"systems/shop.yaml": {Data: []byte("system: shop\n" + text)}}, p)
	h.check(err)
	s := h.m.System("shop")
	c.System, c.Kind, c.Region, c.Allow = "shop", s.Kind, "NL", []string{"127.0.0.1"}
	if c.At == "" {
		c.At = s.At.Text
	}
	for _, table := range s.All() {
		c.Tables = append(c.Tables, table.Name)
	}
	h.shop = c
	src, err := open.Source(t.Context(), c)
	h.check(err)
	t.Cleanup(func() { src.Close() })
	h.src = &watched{Source: src}
	return h
}

// holdOn holds what is somebody's.
func (h *house) holdOn(address string) Hold {
	h.t.Helper()
	placed, err := h.desk.Place(h.t.Context(), Hold{Kind: Legal, Because: "A claim.", By: "Kim", Person: []find.Identity{{Kind: "email", Value: address}}})
	h.check(err)
	return placed
}

// ends runs the schedule as it is run in every system: dry, with a hold, without, and again. Each
// look gives what it must hold while the hold stands and after.
func (h *house) ends(held string, look func() string, standing, after string, say, sayHeld []string, lasting ...string) {
	h.t.Helper()
	before := look()
	dry := h.run(Options{Dry: true})
	if got := look(); got != before || len(h.src.changes) > 0 {
		h.t.Errorf("a dry run changed it to\n%s", got)
	}
	h.wantSaid(dry, say...)
	hold := h.holdOn(held)
	r := h.run(Options{})
	h.wantSaid(r, sayHeld...)
	if got := look(); got != standing {
		h.t.Errorf("with a hold:\n%s\nwant\n%s", got, standing)
	}
	most := 3
	if h.shop.Kind != "mongodb" {
		most *= wide
	}
	if r.Left() != 0 || len(r.Away) > 0 || r.Batches == 0 || slices.Max(h.src.changes) > most || most == 3 && r.Batches < 3 {
		h.t.Errorf("the run: left %d, away %q, %d transactions of at most %d rows", r.Left(), r.Away, r.Batches, slices.Max(h.src.changes))
	}
	h.set(h.clock().Add(time.Minute))
	_, err := h.desk.Lift(h.t.Context(), hold.ID, "Kim")
	h.check(err)
	h.run(Options{})
	if got := look(); got != after {
		h.t.Errorf("without a hold:\n%s\nwant\n%s", got, after)
	}
	h.set(h.clock().Add(time.Minute))
	n := len(h.src.changes)
	h.wantSaid(h.run(Options{}), lasting...)
	if len(h.src.changes) > n {
		h.t.Errorf("run again it made %d changes", len(h.src.changes)-n)
	}
	runs, err := h.desk.Runs(h.t.Context(), 10)
	h.check(err)
	if len(runs) != 3 || runs[2].Done() != r.Done() || runs[2].Held() != r.Held() || runs[2].Held() == 0 {
		h.t.Errorf("the evidence: %+v", runs)
	}
}

func TestRetentionInMongoDB(t *testing.T) {
	uri := mongotest.Database(t)
	db := mongotest.Client(t, uri)
	var old []string
	for i := range 5 { // more than a batch
		old = append(old, fmt.Sprintf(`{"_id": "o%d", "email": "p%d@x.example", "name": "P", "seen": {"$date": "2020-01-01T10:00:00Z"}}`, i, i))
	}
	mongotest.Insert(t, db, "customers", append(old,
		`{"_id": "a", "email": "Ann@x.example", "name": "Ann", "seen": {"$date": "2020-01-01T10:00:00Z"}}`,
		`{"_id": "b", "email": "bob@x.example", "name": "Bob", "seen": {"$date": "2026-01-01T10:00:00Z"}}`,
		`{"_id": "c", "email": "cee@x.example", "name": "Cee"}`,
		`{"_id": "d", "email": "dee@x.example", "name": "Dee", "seen": "2020-01-01"}`)...)
	mongotest.Insert(t, db, "chats",
		`{"_id": 1, "customer": "a", "lines": [{"text": "old"}, {"text": "older"}], "sent": {"$date": "2020-01-01T10:00:00Z"}}`,
		`{"_id": 2, "customer": "b", "lines": [{"text": "old too"}], "sent": {"$date": "2026-01-01T10:00:00Z"}}`,
		`{"_id": 3, "customer": "b", "lines": [{"text": "new"}], "sent": {"$date": "2026-11-01T10:00:00Z"}}`)
	mongotest.Insert(t, db, "notes", `{"_id": 1, "email": "bob@x.example", "text": "x", "at": "1 May"}`)
	h := newOther(t, connect.Config{Secret: uri}, `kind: mongodb
credentials: env:X
tables:
  customers:
    key: _id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, name: contact.name}
    retention: {contact: seen}
  chats:
    key: _id
    references: {of: {columns: customer, to: customers._id}}
    relation: {of: owns}
    erase: clear
    columns: {"lines[].text": messages.text}
    retention: {messages: sent}
  notes:
    key: _id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, text: messages.text}
    retention: {messages: at}
`)
	look := func() string {
		return mongotest.Dump(t, db, "customers") + mongotest.Dump(t, db, "chats")
	}
	const ann = `{"_id":"a","email":"Ann@x.example","name":"Ann","seen":{"$date":"2020-01-01T10:00:00Z"}}` + "\n"
	const rest = `{"_id":"b","email":"bob@x.example","name":"Bob","seen":{"$date":"2026-01-01T10:00:00Z"}}
{"_id":"c","email":"cee@x.example","name":"Cee"}
`
	const chat1 = `{"_id":1,"customer":"a","lines":[{"text":"old"},{"text":"older"}],"sent":{"$date":"2020-01-01T10:00:00Z"}}` + "\n"
	const chats = `{"_id":2,"customer":"b","lines":[{}],"sent":{"$date":"2026-01-01T10:00:00Z"}}
{"_id":3,"customer":"b","lines":[{"text":"new"}],"sent":{"$date":"2026-11-01T10:00:00Z"}}
`
	unclear := "shop.notes messages: keep text 1, refused: in `at` stands no date (as 2026-11-22), instead: it is left as it is"
	h.ends("ann@x.example", look, ann+rest+chat1+chats, rest+strings.NewReplacer(`"text":"older"`, "", `"text":"old"`, "").Replace(chat1)+chats,
		[]string{"shop.chats messages: clear lines[].text 2", "shop.customers contact: delete email+name 7", unclear},
		[]string{"shop.chats messages: clear lines[].text 1", "shop.chats messages: keep lines[].text 0, held 1: A claim.",
			"shop.customers contact: delete email+name 6", "shop.customers contact: keep email+name 0, held 1: A claim.", unclear}, unclear)
}

func TestRetentionInFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var csv strings.Builder
	csv.WriteString("id,email,name,seen\n")
	for i := range 70 { // more than a batch
		fmt.Fprintf(&csv, "1%d,p%d@x.example,P,2020-01-01\n", i, i)
	}
	const bobs = "2,bob@x.example,Bob,2026-01-01 10:00\n3,cee@x.example,Cee,\n4,dee@x.example,Dee,01/02/2020\n"
	const anns = "1,Ann@x.example,Ann,2020-01-01T10:00:00Z\n"
	write("customers.csv", csv.String()+anns+bobs)
	write("chats.jsonl", `{"id": 1, "customer": "1", "lines": [{"text": "old"}], "sent": "2020-01-01"}
{"id": 2, "customer": "2", "lines": [{"text": "old too"}], "sent": "2026-01-01"}
{"id": 3, "customer": "2", "lines": [{"text": "new"}], "sent": "2026-11-01"}
`)
	letter := func(from, id, date string) string {
		return "From x\nFrom: " + from + "\nMessage-ID: <" + id + ">\nDate: " + date + "\n\nhello\n\n"
	}
	annsLetter, bobsOld := letter("ann@x.example", "1@x", "Wed, 01 Jan 2020 10:00:00 +0000"), letter("bob@x.example", "2@x", "Wed, 01 Jan 2020 10:00:00 +0000")
	bobsNew := letter("bob@x.example", "3@x", "Sun, 01 Nov 2026 10:00:00 +0000")
	write("inbox.mbox", annsLetter+bobsOld+bobsNew)
	h := newOther(t, connect.Config{At: dir}, `kind: files
at: somewhere
tables:
  customers.csv:
    key: id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, name: contact.name}
    retention: {contact: seen}
  chats.jsonl:
    key: id
    references: {of: {columns: customer, to: customers.csv.id}}
    relation: {of: owns}
    erase: clear
    columns: {"lines[].text": messages.text}
    retention: {messages: sent}
  inbox.mbox:
    identities: {"from[]": email}
    relation: owns
    erase: delete
    columns: {"from[]": contact.email, body: messages.text}
    retention: {messages: date, contact: date}
`)
	look := func() string {
		var out string
		for _, name := range []string{"customers.csv", "chats.jsonl", "inbox.mbox"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			h.check(err)
			out += string(text)
		}
		return out
	}
	const head = "id,email,name,seen\n"
	const chat1, chats = `{"id": 1, "customer": "1", "lines": [{"text": "old"}], "sent": "2020-01-01"}` + "\n", `{"id":2,"customer":"2","lines":[{}],"sent":"2026-01-01"}
{"id": 3, "customer": "2", "lines": [{"text": "new"}], "sent": "2026-11-01"}
`
	unclear := "shop.customers.csv contact: keep email+name 1, refused: in `seen` stands no date (as 2026-11-22), instead: it is left as it is"
	h.ends("ann@x.example", look, head+anns+bobs+chat1+chats+annsLetter+bobsNew, head+bobs+`{"id":1,"customer":"1","lines":[{}],"sent":"2020-01-01"}`+"\n"+chats+bobsNew,
		[]string{"shop.chats.jsonl messages: clear lines[].text 2", "shop.customers.csv contact: delete email+name 71", unclear, "shop.inbox.mbox messages: delete body+from[] 2"},
		[]string{"shop.chats.jsonl messages: clear lines[].text 1", "shop.chats.jsonl messages: keep lines[].text 0, held 1: A claim.",
			"shop.customers.csv contact: delete email+name 70", unclear, "shop.customers.csv contact: keep email+name 0, held 1: A claim.",
			"shop.inbox.mbox contact: keep from[] 0, held 1: A claim.", "shop.inbox.mbox messages: delete body+from[] 1", "shop.inbox.mbox messages: keep body 0, held 1: A claim."}, unclear)
}

func TestRetentionOverHTTP(t *testing.T) {
	hub := saastest.NewHubSpot(t)
	hub.Page = 2
	for i := range 5 {
		hub.Add("contacts", fmt.Sprintf("10%d", i), map[string]string{"email": fmt.Sprintf("p%d@x.example", i), "firstname": "P", "createdate": "2020-01-01T10:00:00Z"})
	}
	hub.Add("contacts", "201", map[string]string{"email": "ann@x.example", "firstname": "Ann", "createdate": "2020-01-01T10:00:00Z"})
	hub.Add("contacts", "202", map[string]string{"email": "bob@x.example", "firstname": "Bob", "createdate": "2026-01-01T10:00:00Z"})
	hub.Add("deals", "901", map[string]string{"dealname": "for Ann", "closedate": "2020-01-01T10:00:00Z"})
	hub.Add("deals", "902", map[string]string{"dealname": "old", "closedate": "2026-01-01T10:00:00Z"})
	hub.Add("deals", "903", map[string]string{"dealname": "new", "closedate": "2026-11-01T10:00:00Z"})
	hub.Link("contacts", "201", "deals", "901")
	h := newOther(t, connect.Config{Secret: hub.Secret()}, `kind: http
at: hubspot
credentials: env:X
`+saastest.HubSpotTables)
	look := func() string {
		out := ""
		for _, object := range []string{"contacts", "deals"} {
			for _, id := range []string{"100", "101", "102", "103", "104", "201", "202", "901", "902", "903"} {
				if row := hub.Rows[object][id]; row != nil {
					out += id + "=" + row["firstname"] + row["dealname"] + " "
				}
			}
		}
		return out
	}
	h.ends("ann@x.example", look, "201=Ann 202=Bob 901=for Ann 902= 903=new ", "202=Bob 901= 902= 903=new ",
		[]string{"shop.contact-deals contact: delete  1", "shop.contacts contact: delete email+firstname 6", "shop.deals messages: clear dealname 2"},
		[]string{"shop.contacts contact: delete email+firstname 5", "shop.contacts contact: keep email+firstname 0, held 1: A claim.",
			"shop.deals messages: clear dealname 1", "shop.deals messages: keep dealname 0, held 1: A claim."})

	list, away, err := h.desk.Calendar(t.Context(), 24)
	h.check(err)
	if len(away) > 0 || len(list) != 2 || list[0].Month != "2028-01" || list[0].Rows != 1 || list[1].Month != "2027-05" {
		t.Errorf("the calendar: %+v, away %q", list, away)
	}
}

func TestRetentionInSalesforce(t *testing.T) {
	sf := saastest.NewSalesforce(t)
	sf.Page = 3
	for i := range 5 {
		sf.Add("Contact", fmt.Sprintf("003P%d", i), map[string]any{"LastName": "P", "Email": fmt.Sprintf("p%d@x.example", i), "CreatedDate": "2020-01-01T10:00:00.000+0000"})
	}
	sf.Add("Contact", "003A", map[string]any{"LastName": "Lee", "Email": "ann@x.example", "CreatedDate": "2020-01-01T10:00:00.000+0000"})
	sf.Add("Contact", "003B", map[string]any{"LastName": "Bo", "Email": "bob@x.example", "CreatedDate": "2026-01-01T10:00:00.000+0000"})
	sf.Add("Task", "00TA", map[string]any{"WhoId": "003A", "Description": "old", "ActivityDate": "2020-01-01"})
	sf.Add("Task", "00TB", map[string]any{"WhoId": "003B", "Description": "old", "ActivityDate": "2026-01-01"})
	sf.Add("Task", "00TC", map[string]any{"WhoId": "003B", "Description": "new", "ActivityDate": "2026-11-01"})
	h := newOther(t, connect.Config{Secret: sf.Secret()}, `kind: http
at: salesforce
credentials: env:X
`+saastest.SalesforceTables)
	look := func() string {
		out := ""
		for _, id := range []string{"003A", "003B", "003P0", "003P4", "00TA", "00TB", "00TC"} {
			if row := sf.Rows["Contact"][id]; row != nil {
				out += fmt.Sprintf("%s=%v ", id, row["LastName"])
			}
			if row := sf.Rows["Task"][id]; row != nil {
				out += fmt.Sprintf("%s=%v ", id, row["Description"])
			}
		}
		return out
	}
	h.ends("ann@x.example", look, "003A=Lee 003B=Bo 00TA=old 00TB=<nil> 00TC=new ", "003B=Bo 00TA=<nil> 00TB=<nil> 00TC=new ",
		[]string{"shop.Contact contact: delete Email+LastName 6", "shop.Task messages: clear Description 2"},
		[]string{"shop.Contact contact: delete Email+LastName 5", "shop.Contact contact: keep Email+LastName 0, held 1: A claim.",
			"shop.Task messages: clear Description 1", "shop.Task messages: keep Description 0, held 1: A claim."})
}

// A service that keeps dates as texts: what is a date counts, what is none is left and said.
func TestRetentionOfTextDatesOverHTTP(t *testing.T) {
	hub := saastest.NewHubSpot(t)
	hub.Properties["deals"]["signed"] = "string"
	hub.Add("deals", "901", map[string]string{"dealname": "old", "signed": "2020-01-01"})
	hub.Add("deals", "902", map[string]string{"dealname": "new", "signed": "2026-11-01"})
	hub.Add("deals", "903", map[string]string{"dealname": "unclear", "signed": "1/2/2020"})
	h := newOther(t, connect.Config{Secret: hub.Secret()}, `kind: http
at: hubspot
credentials: env:X
tables:
  deals:
    key: id
    identities: {dealname: email}
    relation: owns
    erase: clear
    columns: {dealname: contact.email}
    retention: {contact: signed}
`)
	h.wantSaid(h.run(Options{}), "shop.deals contact: clear dealname 1", "shop.deals contact: keep dealname 1, refused: in `signed` stands no date (as 2026-11-22), instead: it is left as it is")
	if hub.Rows["deals"]["901"]["dealname"] != "" || hub.Rows["deals"]["902"]["dealname"] != "new" || hub.Rows["deals"]["903"]["dealname"] != "unclear" {
		t.Errorf("the deals are %v", hub.Rows["deals"])
	}
}
