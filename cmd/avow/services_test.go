package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow/connect/mongo/mongotest"
	"github.com/avowhq/avow/connect/saas/saastest"
)

const beyondPolicy = `avow: v1
policy: shop
title: Privacy policy
effective: 2026-01-01
organisation: {name: Shop, contact: {email: privacy@shop.example}, entities: {gb: {name: Shop Ltd, in: GB, serves: everyone-else}}}
data:
  contact: {title: Contact details, fields: [name, email], identifies: [email]}
  messages: {title: Messages, fields: [text]}
sources:
  you: {title: You, yields: [contact, messages]}
purpose-groups:
  serving:
    title: Serving you
    purposes:
      answer: {title: Answer you, because: You wrote., basis: contract, uses: [contact, messages]}
retention:
  contact: {until: 24 months after last-contact, then: erase}
  messages: {until: 24 months after collection, then: erase}
rights: {object: {when: at any time}}
regimes: [uk-gdpr]
signals: {dnt: ignored, gpc: opt-out}
`

const beyondHub = `system: hub
title: HubSpot
kind: http
at: hubspot
credentials: env:HUB_TOKEN
` + saastest.HubSpotTables

const beyondCRM = `system: crm
title: The notes
kind: mongodb
credentials: env:CRM_URL
tables:
  notes:
    key: _id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, text: messages.text}
    retention: {messages: at}
`

const beyondChats = `system: chats
kind: files
at: chats
tables:
  chat.jsonl:
    key: id
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email, text: messages.text}
    retention: {messages: at}
`

// beyond is a folder with systems that are no SQL databases, each a real one: a service over
// HTTP, a MongoDB, a folder of files.
type beyond struct {
	t   *testing.T
	dir string
	hub *saastest.HubSpot
	out bytes.Buffer
	err bytes.Buffer
}

func newBeyond(t *testing.T) *beyond {
	b := &beyond{t: t, dir: t.TempDir(), hub: saastest.NewHubSpot(t)}
	for name, text := range map[string]string{"policy.yaml": beyondPolicy, "systems/hub.yaml": beyondHub, "systems/crm.yaml": beyondCRM, "systems/chats.yaml": beyondChats,
		"chats/chat.jsonl": `{"id": 1, "email": "ann@x.example", "text": "hello", "at": "2026-01-01"}` + "\n" + `{"id": 2, "email": "bob@x.example", "text": "ask ann@x.example", "at": "2020-01-01"}` + "\n"} {
		path := filepath.Join(b.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.hub.Add("contacts", "101", map[string]string{"email": "Ann@x.example", "firstname": "Ann", "createdate": "2026-01-01T10:00:00Z"})
	b.hub.Add("contacts", "102", map[string]string{"email": "bob@x.example", "firstname": "Bob", "createdate": "2020-01-01T10:00:00Z"})
	b.hub.Add("deals", "901", map[string]string{"dealname": "Roof"})
	b.hub.Link("contacts", "101", "deals", "901")
	uri := mongotest.Database(t)
	mongotest.Insert(t, mongotest.Client(t, uri), "notes", `{"_id": 1, "email": "ann@x.example", "text": "a", "at": {"$date": "2026-01-01T10:00:00Z"}}`,
		`{"_id": 2, "email": "bob@x.example", "text": "b", "at": {"$date": "2020-01-01T10:00:00Z"}, "history": {"by": "ann@x.example"}}`)
	t.Setenv("HUB_TOKEN", b.hub.Secret())
	t.Setenv("CRM_URL", uri)
	t.Chdir(b.dir)
	return b
}

// avow runs a command line and demands its exit status.
func (b *beyond) avow(status int, args ...string) (out, errs string) {
	b.t.Helper()
	b.out.Reset()
	b.err.Reset()
	if got := run(b.t.Context(), append(args, "--inside", "127.0.0.1"), &terminal{strings.NewReader(""), &b.out, &b.err}); got != status {
		b.t.Fatalf("avow %s ended with %d: %s%s", strings.Join(args, " "), got, b.out.String(), b.err.String())
	}
	return b.out.String(), b.err.String()
}

func (b *beyond) says(text string, want ...string) {
	b.t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			b.t.Errorf("%q is not said:\n%s", w, text)
		}
	}
}

// An erasure over a service, documents and files: done, swept, and what could not be swept
// said; people look where somebody else names her.
func TestErasureBeyondSQL(t *testing.T) {
	b := newBeyond(t)
	out, errs := b.avow(0, "rights", "erase", "--identity", "email=ann@x.example", "--by", "Kim", "--out", "proof")
	b.says(out, "delete 1 row: email, firstname", "chat.jsonl\n    clear 1 row: email, text", "notes\n    delete 1 row")
	b.says(errs, "chats.chat.jsonl.text may name the person, in 1 row that is not theirs", "crm.notes.history.by may name the person")
	if b.hub.Rows["contacts"]["101"] != nil || b.hub.Rows["contacts"]["102"] == nil {
		t.Errorf("the contacts are %v", b.hub.Rows["contacts"])
	}
	tasks, _ := b.avow(0, "rights", "tasks")
	for line := range strings.Lines(tasks) {
		b.avow(0, "rights", "done", strings.Fields(line)[0], strings.Fields(line)[1], "--by", "Ivy", "--evidence", "I looked", "--out", "proof")
	}
	text, err := os.ReadFile(filepath.Join(b.dir, "proof", "certificate.txt"))
	if err != nil {
		t.Fatal(err)
	}
	b.says(string(text), "sweep: ", `not swept: hub.contact-deals, the table "contact-deals" of system "hub" has no request that lists all its rows`, ", by Ivy")
	if strings.Contains(strings.ToLower(string(text)), "ann@") {
		t.Errorf("the certificate names her: %s", text)
	}
}

// The schedule over the same systems by the command line: shown, held, done, nothing left.
func TestRetentionBeyondSQL(t *testing.T) {
	b := newBeyond(t)
	out, _ := b.avow(0, "retain", "plan")
	b.says(out, "hub.contacts\n  contact: delete 1 row: email, firstname", "crm.notes\n", "messages: clear 1 row: text", "chats.chat.jsonl\n")
	b.avow(0, "retain", "hold", "--identity", "email=bob@x.example", "--because", "A claim is open.", "--by", "Kim")
	out, _ = b.avow(0, "retain", "run", "--by", "Kim")
	if strings.Count(out, "HELD: 1 row; A claim is open.") != 3 || b.hub.Rows["contacts"]["102"] == nil {
		t.Errorf("held: %s", out)
	}
	holds, _ := b.avow(0, "retain", "holds")
	b.avow(0, "retain", "lift", strings.Fields(holds)[0], "--by", "Kim")
	out, _ = b.avow(0, "retain", "run", "--by", "Kim")
	b.says(out, "contact: delete 1 row: email, firstname", "messages: clear 1 row: text")
	text, err := os.ReadFile(filepath.Join(b.dir, "chats", "chat.jsonl"))
	if err != nil || strings.Contains(string(text), "ask ann") || b.hub.Rows["contacts"]["102"] != nil || b.hub.Rows["contacts"]["101"] == nil {
		t.Errorf("afterwards: %s %v %v", text, b.hub.Rows["contacts"], err)
	}
	out, _ = b.avow(0, "retain", "run", "--by", "Kim", "--json")
	if strings.Contains(out, `"action": "delete"`) || strings.Contains(out, `"action": "clear"`) {
		t.Errorf("run again: %s", out)
	}
}
