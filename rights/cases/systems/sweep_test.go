package systems

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/mongo/mongotest"
	"github.com/avowhq/avow/connect/open"
	"github.com/avowhq/avow/connect/saas/saastest"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
)

// reach says how the systems of a test are opened, by their names.
type reach map[string]connect.Config

// over is an engine over one file of a map and real systems.
func over(t *testing.T, at reach, files fstest.MapFS) *Engine {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "testdata", "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, problems := policy.Load("policy.yaml", src, nil)
	if p == nil {
		t.Fatal(problems)
	}
	m, err := datamap.Load(files, p)
	if err != nil {
		t.Fatal(err)
	}
	e := New(Config{Map: m, Region: "NL", Open: func(ctx context.Context, s *datamap.System) (connect.Source, error) {
		c := at[s.Name.Text]
		c.System, c.Kind, c.At, c.Region, c.Allow, c.Files = s.Name.Text, s.Kind, s.At.Text, "NL", []string{"127.0.0.1"}, files
		if s.Kind == string(datamap.Files) {
			c.At = at[s.Name.Text].At
		}
		for _, table := range s.All() {
			c.Tables = append(c.Tables, table.Name)
		}
		return open.Source(ctx, c)
	}})
	t.Cleanup(func() { e.Close() })
	return e
}

func mapOf(text string) fstest.MapFS {
	return fstest.MapFS{"systems/one.yaml": {Data: []byte(text)}}
}

const annsAddress = "ann@mail.example"

// swept erases Ann in all systems and gives what the sweep afterwards says, a line a hit.
func (e *Engine) swept(t *testing.T, without ...string) []string {
	t.Helper()
	r := cases.Request{Case: avow.ID{1}, Right: law.Remove, Policy: "site", Key: []byte("a key of a case of a test"), Without: without, Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		Identities: []cases.Identity{{Kind: "email", Value: annsAddress}}}
	parts, err := e.Capture(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	captured := map[string][]byte{}
	for _, p := range parts {
		if p.Captured == nil {
			continue
		}
		captured[p.System] = p.Captured
		if _, err := e.Run(t.Context(), r, p.System, p.Captured); err != nil {
			t.Fatal(err)
		}
	}
	left, err := e.Check(t.Context(), r, captured)
	if err != nil || len(left) > 0 {
		t.Fatalf("after the erasure: %+v, %v", left, err)
	}
	hits, err := e.Sweep(t.Context(), r, captured)
	if err != nil {
		t.Fatal(err)
	}
	return hitLines(hits)
}

func hitLines(hits []cases.Hit) []string {
	out := []string{}
	for _, h := range hits {
		line := h.System + "." + h.Table
		switch {
		case h.Not != "":
			line += " not swept: " + h.Not
		default:
			line += fmt.Sprintf(" %s %d", h.Column, h.Rows)
		}
		if h.Owned {
			line += " owned"
		}
		if h.Look {
			line += " look"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nwant:\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// In folders everything in a row is searched, also fields that only a late row has, those whose names are no paths, and text in
// parts of messages.
func TestSweepOfFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var chats strings.Builder
	for i := range 600 { // more than a look at a file that nobody mapped
		fmt.Fprintf(&chats, `{"id": %d, "email": "p%d@mail.example", "text": "hello"}`+"\n", i, i)
	}
	chats.WriteString(`{"id": 600, "email": "ann@mail.example", "text": "hello", "seen": {"by": ["Ann@mail.example"]}}` + "\n")
	chats.WriteString(`{"id": 601, "email": "bob@mail.example", "text": "I met ANN@mail.example", "friends": {"ann@mail.example": true}}` + "\n")
	write("chats.jsonl", chats.String())
	write("people.csv", "id,email,name,remark\n1,Ann@mail.example,Ann,\n2,bob@mail.example,Bob,knows ann@mail.example,and writes to ann@mail.example\n")
	write("inbox.mbox", "From x\nFrom: Ann <ann@mail.example>\nTo: us@quay.example\nDate: Mon, 01 Jan 2024 10:00:00 +0000\nMessage-ID: <1@x>\n\nhello\n\n"+
		"From x\nFrom: Bob <bob@mail.example>\nTo: us@quay.example\nDate: Mon, 01 Jan 2024 10:00:00 +0000\nMessage-ID: <2@x>\nX-Seen-By: ann@mail.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"+
		"--b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: text/csv; name=list.csv\nContent-Disposition: attachment; filename=list.csv\nContent-Transfer-Encoding: base64\n\nYW5uQG1haWwuZXhhbXBsZQ==\n--b--\n")
	// What is kept of a message is kept whole: its headers say no more than its columns.
	write("kept.mbox", "From x\nDelivered-To: ann@mail.example\nFrom: Ann <ann@mail.example>\nTo: us@quay.example\nMessage-ID: <3@x>\n\nthe order of ann@mail.example\n\n")
	e := over(t, reach{"exports": {At: dir}}, mapOf(`system: exports
kind: files
at: somewhere
tables:
  kept.mbox:
    identities: {"from[]": email}
    relation: owns
    columns:
      "from[]": {is: contact.email, erase: {keep: {because: The law says so., for: contact}}}
      body: {is: messages.text, erase: {keep: {because: The law says so., for: messages}}}
  chats.jsonl:
    key: id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email, text: messages.text}
  people.csv:
    key: id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, name: contact.name}
  inbox.mbox:
    identities: {"from[]": email}
    relation: owns
    erase: delete
    columns: {"from[]": contact.email, body: messages.text}
`))
	wantLines(t, "hits", e.swept(t),
		"exports.chats.jsonl seen.by[] 1 owned", // of the row that was hers
		"exports.chats.jsonl text 1", "exports.chats.jsonl (another field) 1",
		"exports.people.csv remark 1", "exports.people.csv (another field) 1",
		"exports.inbox.mbox (another field) 1")
}

// A document may hold fields that no other has: they are searched too, and so are the names
// of fields.
func TestSweepOfMongoDB(t *testing.T) {
	uri := mongotest.Database(t)
	db := mongotest.Client(t, uri)
	var customers []string
	for i := range 600 {
		customers = append(customers, fmt.Sprintf(`{"_id": %d, "email": "p%d@mail.example", "name": "P"}`, i, i))
	}
	customers[300] = `{"_id": 300, "email": "ann@mail.example", "name": "Ann", "old": {"contact": ["ann@mail.example"]}}`
	customers[301] = `{"_id": 301, "email": "bob@mail.example", "name": "Bob", "asked": {"about": "call Ann@mail.example"}}`
	customers[302] = `{"_id": 302, "email": "cyd@mail.example", "name": "Cyd", "asked": {"about": ["Ann <ann@mail.example>"]}}`
	customers[303] = `{"_id": 303, "email": "dan@mail.example", "name": "Dan", "asked": {"raw": "{\"to\":\"x\\nann@mail.example\"}"}}`
	mongotest.Insert(t, db, "customers", customers...)
	mongotest.Insert(t, db, "carts", `{"_id": 1, "email": "ann@mail.example"}`, `{"_id": 2, "email": "bob@mail.example", "note": "for ann@mail.example"}`)
	e := over(t, reach{"crm": {Secret: uri}}, mapOf(`system: crm
kind: mongodb
credentials: env:X
tables:
  customers:
    key: _id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email, name: contact.name}
  carts:
    key: _id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email}
`))
	wantLines(t, "hits", e.swept(t), "crm.customers (another field) 1 owned", "crm.customers (another field) 3", "crm.carts note 1")
}

// hub is a service whose contacts stay, emptied.
func hub() fstest.MapFS {
	return mapOf("system: hub\nkind: http\nat: hubspot\ncredentials: env:X\n" + strings.Replace(saastest.HubSpotTables, "erase: delete", "erase: clear", 1))
}

func hubPeople(t *testing.T) *saastest.HubSpot {
	h := saastest.NewHubSpot(t)
	h.Page = 2 // a reading has several pages
	h.Add("contacts", "101", map[string]string{"email": annsAddress, "firstname": "Ann", "lastname": "Lee, ann@mail.example"})
	h.Add("contacts", "102", map[string]string{"email": "bob@mail.example", "firstname": "Bob", "lastname": "friend of Ann@mail.example"})
	h.Add("contacts", "103", map[string]string{"email": "cee@mail.example", "firstname": "Cee"})
	h.Add("deals", "901", map[string]string{"dealname": "Roof, for ann@mail.example"})
	h.Add("deals", "902", map[string]string{"dealname": "Door"})
	return h
}

// Over HTTP all rows are listed and searched; a table that a service has no list of is said,
// and nobody is asked to look where nothing personal can stand.
func TestSweepOverHTTP(t *testing.T) {
	h := hubPeople(t)
	e := over(t, reach{"hub": {Secret: h.Secret()}}, hub())
	got := e.swept(t)
	wantLines(t, "hits", got, "hub.contacts lastname 1 owned", "hub.contacts lastname 1", "hub.deals dealname 1",
		`hub.contact-deals not swept: the table "contact-deals" of system "hub" has no request that lists all its rows (the description of hubspot)`)

	sf := saastest.NewSalesforce(t)
	sf.Add("Contact", "003A", map[string]any{"LastName": "Lee", "Email": annsAddress, "Description": "asks often"})
	sf.Add("Contact", "003B", map[string]any{"LastName": "Bo", "Email": "bob@mail.example", "Description": "see ANN@mail.example"})
	sf.Add("Task", "00TA", map[string]any{"WhoId": "003B", "Subject": "Call ann@mail.example"})
	e = over(t, reach{"force": {Secret: sf.Secret()}}, mapOf(`system: force
kind: http
at: salesforce
credentials: env:X
`+saastest.SalesforceTables))
	wantLines(t, "hits", e.swept(t), "force.Contact Description 1", "force.Task Subject 1")
}

// What a service does not let a login list, and what takes more requests than a step may, is
// said with why; people look, since personal data stands there.
func TestSweepThatAServiceRefuses(t *testing.T) {
	h := hubPeople(t)
	e := over(t, reach{"hub": {Secret: h.Secret()}}, hub())
	e.swept(t) // the schema is known, and Ann is gone
	h.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/crm/v3/objects/deals" {
			return false
		}
		saastest.HubError(w, 403, "MISSING_SCOPES", "no")
		return true
	}
	got := e.swept(t)
	if !slices.ContainsFunc(got, func(l string) bool {
		return strings.HasPrefix(l, "hub.deals not swept: the login may not read") && strings.HasSuffix(l, " look")
	}) {
		t.Errorf("a table that may not be listed: %q", got)
	}

	files := mapOf(`system: little
kind: http
at: services/little.yaml
credentials: env:X
tables:
  contacts:
    key: id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email}
`)
	files["services/little.yaml"] = &fstest.MapFile{Data: []byte(`service: little
address: https://api.little.example
auth: [{bearer: token}]
limits: {budget: 3}
empty: ""
tables:
  contacts:
    key: id
    columns: {id: {type: text, path: id, as: hs_object_id, always: true}, email: {type: text, path: properties.email}}
    find: [{by: any, post: /crm/v3/objects/contacts/search, small-letters: true, rows: results,
            body: {filterGroups: [{filters: [{propertyName: "{by}", operator: IN, values: "{values}"}]}], properties: "{columns}"}}]
    list: {get: /crm/v3/objects/contacts, query: {limit: "2", properties: "{columns}"}, rows: results, page: {cursor: paging.next.after, into: query.after}}
    update: {post: /crm/v3/objects/contacts/batch/update, batch: 100, body: {inputs: {$each: rows, $item: {id: "{key}", properties: "{changes}"}}}}
`)}
	h = hubPeople(t)
	for i := range 10 {
		h.Add("contacts", fmt.Sprint(200+i), map[string]string{"email": "x@mail.example"})
	}
	e = over(t, reach{"little": {Secret: h.Secret()}}, files)
	got = e.swept(t)
	if len(got) != 1 || !strings.HasPrefix(got[0], "little.contacts not swept: little needed more than 3 requests for one step") || !strings.HasSuffix(got[0], " look") {
		t.Errorf("a table that takes more requests than a step may: %q", got)
	}
}

// What no program reaches, and what staff decided to do without, is said; a system that went
// away makes the sweep wait.
func TestNotSwept(t *testing.T) {
	e := engineOf(t, letters)
	hits, err := e.notSwept([]plan.Unread{{System: "desk", Why: "the system is not opened"}, {System: "letters", Table: "letters", Why: "may not"}}, []string{"desk"})
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, "gaps", hitLines(hits), "desk. not swept: "+didWithout, "letters.letters not swept: may not look", "paper. not swept: "+noProgram)
	for _, u := range []plan.Unread{{System: "desk", Why: "the system is not opened"}, {System: "desk", Table: "tickets", Why: "it broke off", Away: true}} {
		if _, err := e.notSwept([]plan.Unread{u}, nil); avow.KindOf(err) != avow.Unavailable || err == nil {
			t.Errorf("%+v: %v", u, err)
		}
	}
}
