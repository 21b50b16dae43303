package main

import (
	"archive/zip"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/api"
	"github.com/avowhq/avow/store"
)

// quay is an organisation with two systems of its own, each a database file.
type quay struct {
	t      *testing.T
	dir    string
	s      *server
	book   *logBook
	office *postOffice

	callers []api.Caller
}

const quayPolicy = `avow: v1
policy: quay
title: Privacy policy
effective: 2026-01-01
organisation:
  name: Quay
  contact: {email: privacy@quay.example}
  entities: {nl: {name: Quay B.V., in: NL, serves: everyone-else}}
staff: {officer: {title: Data protection officer, for: [orders, accounts]}, clerk: {title: Clerk, for: orders}}
data:
  contact: {title: Contact details, fields: [name, email, address], identifies: email}
  orders: {title: Orders, fields: [amount]}
sources:
  you: {title: You, ways: [forms], yields: [contact, orders]}
purpose-groups:
  serving:
    title: Serving you
    purposes:
      orders: {title: Bring your orders, because: You ordered., basis: contract, uses: [contact, orders]}
      accounts: {title: Keep books, because: Tax law demands it., basis: legal-obligation, uses: orders}
  telling:
    title: Telling you
    purposes:
      newsletter: {title: Our newsletter, because: You asked for it., basis: consent, uses: [contact.email], direct-marketing: yes, topic: news}
consents:
  newsletter: {asks: "Yes, send me the newsletter."}
retention:
  contact: {until: 24 months after last-contact, then: erase}
  orders: {for: accounts, until: 7 years after purchase, then: erase}
collect:
  newsletter: {title: Newsletter, source: you, needs: contact.email, for: newsletter, consent: newsletter}
rights: {copy: {when: request}, object: {when: at any time}%s}
complaints:
  us: {name: Quay privacy desk, email: privacy@quay.example}
  AP: {name: Autoriteit Persoonsgegevens, url: "https://autoriteitpersoonsgegevens.nl", after: us}
regimes: [gdpr, virginia]
signals: {dnt: ignored, gpc: opt-out}
`

const quayShop = `system: shop
title: The shop
kind: sqlite
credentials: file:shop.dsn
take-from-database: [keys, references]
tables:
  customers:
    says: A customer
    identities: {email: email}
    relation: owns
    erase: clear
    columns:
      name: {is: contact.name, erase: mask(name)}
      email: {is: contact.email, erase: mask(email)}
  orders:
    references: {customer: {columns: customer_id, to: customers.id}}
    relation: {customer: owns}
    erase: {keep: {because: Tax law demands it., for: orders}}
    columns: {amount: orders.amount}
`

const quayDesk = `system: helpdesk
title: The help desk
kind: sqlite
credentials: file:helpdesk.dsn
take-from-database: [keys]
tables:
  contacts:
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, name: contact.name, street: contact.address}
`

// startQuay starts a server over the two systems. approved is what the policy says of erasure beside.
func startQuay(t *testing.T, approved string) *quay {
	t.Helper()
	q := &quay{t: t, dir: t.TempDir()}
	for name, text := range map[string]string{"systems/shop.yaml": quayShop, "systems/helpdesk.yaml": quayDesk, "policy.yaml": fmt.Sprintf(quayPolicy, approved),
		"shop.dsn": q.file("shop.db"), "helpdesk.dsn": q.file("helpdesk.db")} {
		if err := os.MkdirAll(filepath.Dir(q.file(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(q.file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	q.exec("shop.db", `CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT, name TEXT)`,
		`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), amount INTEGER)`,
		`INSERT INTO customers VALUES (1, 'Ann@visitor.example', 'Ann Visitor'), (2, 'bob@visitor.example', 'Bob Other')`,
		`INSERT INTO orders VALUES (10, 1, 25), (11, 1, 30), (12, 2, 99)`)
	q.exec("helpdesk.db", `CREATE TABLE contacts (id INTEGER PRIMARY KEY, email TEXT, name TEXT, street TEXT)`,
		`INSERT INTO contacts VALUES (5, 'ann@visitor.example', 'Ann', '1 Kade'), (6, 'bob@visitor.example', 'Bob', '2 Kade')`)
	office, stop, err := openPostOffice()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	q.office = office
	q.s, q.book = startPlain(t, t.TempDir(), func(c *serverConfig) {
		c.Policy, c.Systems, c.away, c.StaffMail = []string{q.file("policy.yaml")}, q.dir, 50*time.Millisecond, "team@quay.example"
		c.SMTP = "smtp+plain://" + q.office.addr
	})
	return q
}

// again stops the server and starts another over the same data.
func (q *quay) again() {
	q.t.Helper()
	c := q.s.serverConfig
	if err := q.s.stop(); err != nil {
		q.t.Fatal(err)
	}
	s, err := startServer(context.Background(), c)
	if err != nil {
		q.t.Fatal(err)
	}
	stopWith(q.t, s)
	q.s = s
}

// stuck waits until a step waits for a system.
func (q *quay) stuck(system string) {
	q.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		list, err := q.s.requests.Stuck(context.Background(), 10)
		if err != nil {
			q.t.Fatal(err)
		}
		for _, x := range list {
			if strings.Contains(x.Step.Trouble, system) {
				return
			}
		}
	}
	q.t.Fatalf("no step waits for %s", system)
}

func (q *quay) file(name string) string { return filepath.Join(q.dir, name) }

func (q *quay) open(name string) *sql.DB {
	q.t.Helper()
	db, err := sql.Open("sqlite", q.file(name))
	if err != nil {
		q.t.Fatal(err)
	}
	return db
}

func (q *quay) exec(name string, statements ...string) {
	q.t.Helper()
	db := q.open(name)
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			q.t.Fatal(err)
		}
	}
}

// text is the first cell of a query.
func (q *quay) text(name, query string) (out string) {
	q.t.Helper()
	db := q.open(name)
	defer db.Close()
	if err := db.QueryRow(query).Scan(&out); err != nil {
		q.t.Fatal(err)
	}
	return out
}

// ask sends the form of a right, and gives the number of the request.
func (c *caller) ask(right string, fields ...string) (number string, r reply) {
	c.t.Helper()
	r = c.form("/privacy/ask/"+right, append([]string{"policy", "quay"}, fields...)...)
	found := regexp.MustCompile(`<strong>(\d{4}-\d{4})</strong>`).FindStringSubmatch(r.body)
	if r.status != 200 || found == nil {
		c.t.Fatalf("asking for %s: %d %.600s", right, r.status, r.body)
	}
	return found[1], r
}

// shows opens a request by the link in the letter.
func (c *caller) shows(office *postOffice, address, number string) {
	c.t.Helper()
	token := office.wait(c.t, address, `(?s)`+number+`.*request/open\?t=([A-Za-z0-9_-]+)`)[1]
	c.do(get, "/privacy/request/open?t="+token, "").wants(c.t, "the link", 200, "Yes, it was me")
	c.form("/privacy/request/open", "t", token).wants(c.t, "using the link", 303)
}

// until looks at a page until it says something.
func (c *caller) until(path, text string) reply {
	c.t.Helper()
	var r reply
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if r = c.do(get, path, ""); strings.Contains(r.body, text) {
			return r
		}
	}
	c.t.Fatalf("%s never said %q: %d %.3000s", path, text, r.status, r.body)
	return r
}

// A person asks for a copy, and later to be erased, by mail links; one system is away for a while.
func TestRequestsOverTwoSystems(t *testing.T) {
	q := startQuay(t, ", remove: {when: request}")
	c := newCaller(t, q.s)
	number, _ := c.ask("copy", "address", "ann@visitor.example", "wrote", "all of it")
	c.shows(q.office, ann, number)
	c.until("/privacy/request", `data-state="closed"`).wants(t, "the copy", 200, "Download it")
	pack := c.form("/privacy/request/package")
	pack.wants(t, "the package", 200)
	files := unzip(t, pack.body)
	for name, texts := range map[string][]string{"data.json": {"Ann Visitor", "1 Kade", "25"}, "index.html": {"Ann Visitor"}} {
		for _, text := range texts {
			if !strings.Contains(files[name], text) {
				t.Errorf("%s of the package does not hold %q", name, text)
			}
		}
		if strings.Contains(files[name], "Bob") {
			t.Errorf("%s of the package tells of somebody else", name)
		}
	}

	if err := os.Rename(q.file("helpdesk.db"), q.file("gone.db")); err != nil {
		t.Fatal(err)
	}
	q.again()
	c = newCaller(t, q.s)
	number, _ = c.ask("remove", "address", "ann@visitor.example")
	c.shows(q.office, ann, number)
	q.stuck("helpdesk")
	c.until("/privacy/request", `data-state="planning"`).wants(t, "while a system is away", 200, "by the end of", "Cancel the request", "General Data Protection Regulation")
	if got := q.text("shop.db", `SELECT name FROM customers WHERE id = 1`); got != "Ann Visitor" {
		t.Errorf("before every system was read the shop says %q", got)
	}
	if err := os.Rename(q.file("gone.db"), q.file("helpdesk.db")); err != nil {
		t.Fatal(err)
	}
	at := q.office.wait(t, ann, `(?s)was erased.*(/privacy/certificate\?k=\S+)`)[1]
	for query, want := range map[string]string{`SELECT count(*) FROM customers WHERE email LIKE 'ann%' OR name LIKE 'Ann%'`: "0", `SELECT sum(amount) FROM orders`: "154",
		`SELECT name FROM customers WHERE id = 2`: "Bob Other"} {
		if got := q.text("shop.db", query); got != want {
			t.Errorf("shop: %s: %s, want %s", query, got, want)
		}
	}
	if got := q.text("helpdesk.db", `SELECT group_concat(name) FROM contacts`); got != "Bob" {
		t.Errorf("the help desk holds %s", got)
	}
	cert := c.until(at, "Download the certificate")
	cert.wants(t, "the certificate", 200, "shop, customers", "helpdesk, contacts", "Tax law demands it", "receipt")
	key := at[strings.Index(at, "k=")+2:]
	whole := c.form("/privacy/certificate", "k", key, "what", "certificate")
	whole.wants(t, "the certificate as a file", 200, "avow-request-certificate/1", number)
	receipt := c.form("/privacy/certificate", "k", key, "what", "receipt")
	receipt.wants(t, "its receipt", 200)
	for _, r := range []reply{cert, whole, receipt} {
		if contains(r.body, "ann@") || contains(r.body, "Ann ") {
			t.Errorf("a certificate or receipt names the person: %.300s", r.body)
		}
	}
	r := c.do(get, "/privacy/request", "")
	for end := time.Now().Add(20 * time.Second); r.status == 200 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		r = c.do(get, "/privacy/request", "") // until it is forgotten
	}
	if r.status != 303 || !strings.HasPrefix(r.header.Get("Location"), "/privacy/certificate?k=") {
		t.Errorf("the request of somebody erased answers %d to %s", r.status, r.header.Get("Location"))
	}
	for _, text := range []string{"ann@", "Visitor", number} {
		if contains(q.book.String(), text) {
			t.Errorf("the log of the server holds %q", text)
		}
	}
}

// unzip gives the files of a package.
func unzip(t *testing.T, body string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(b)
	}
	return files
}

// token makes a token on the running server, and gives its header.
func (q *quay) token(name string, roles ...string) string {
	q.t.Helper()
	token, c := api.NewToken(name, roles)
	q.callers = append(q.callers, c)
	q.s.keys.Set(q.callers)
	return "Authorization: Bearer " + token
}

const jsonType = "Content-Type: application/json"

// answer reads a JSON answer.
func answer[T any](t *testing.T, r reply) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%v: %.500s", err, r.body)
	}
	return v
}

type shownRequest struct {
	Request, Number, State, Right, Door string
	Steps                               []struct {
		N                        int
		Kind, State, About, What string
		Outcome                  any
	}
}

// at reads a request until it is in a state.
func (c *caller) at(id, state, token string) shownRequest {
	c.t.Helper()
	var v shownRequest
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		r := c.do(get, "/api/v1/requests/"+id, "", token)
		if r.status != 200 {
			c.t.Fatalf("reading a request: %d %s", r.status, r.body)
		}
		if v = answer[shownRequest](c.t, r); v.State == state {
			return v
		}
	}
	c.t.Fatalf("the request is %s and never was %s: %+v", v.State, state, v.Steps)
	return v
}

// Staff ask for somebody by the interface; a second person in the role that the policy names approves.
func TestRequestsByStaff(t *testing.T) {
	q := startQuay(t, ", remove: {when: request, approved-by: officer}")
	c := newCaller(t, q.s)
	kim, lee, clerk := q.token("kim", "officer"), q.token("lee", "officer"), q.token("clerk", "clerk")
	shop, auditor := q.token("shop", "system"), q.token("auditor", "auditor")
	body := `{"right":"remove","identities":[{"kind":"email","value":"ann@visitor.example"}],"livesIn":"NL","evidence":"ticket 4711"}`

	c.do(post, "/api/v1/requests", body, jsonType).wants(t, "on behalf without a token", 401)
	c.do(post, "/api/v1/requests", body, jsonType, "Authorization: Bearer avow_none").wants(t, "with a token nobody knows", 401)
	c.do(post, "/api/v1/requests", body, jsonType, shop).wants(t, "vouching by a program", 403, "staff role")
	made := c.do(post, "/api/v1/requests", body, jsonType, kim, "Idempotency-Key: abc")
	made.wants(t, "on behalf", 201, "vouch")
	id := answer[shownRequest](t, made).Request
	if again := answer[shownRequest](t, c.do(post, "/api/v1/requests", body, jsonType, kim, "Idempotency-Key: abc")); again.Request != id {
		t.Errorf("the same again is request %s, not %s", again.Request, id)
	}
	v := c.at(id, "approval", kim)
	if v.Door != "staff" || contains(fmt.Sprint(v), "visitor.example") {
		t.Errorf("the request is %+v", v)
	}
	at := "/api/v1/requests/" + id
	c.do(post, at+"/approve", "", shop).wants(t, "a program approves", 403)
	c.do(post, at+"/approve", "", auditor).wants(t, "an auditor approves", 403)
	c.do(post, at+"/approve", "", clerk).wants(t, "another role approves", 403, "officer")
	c.do(post, at+"/approve", "", kim).wants(t, "whoever asked approves", 403, "second person")
	c.do(post, at+"/reject", `{"because":"look at the help desk again"}`, jsonType, lee).wants(t, "sending the plan back", 200)
	c.at(id, "approval", lee)
	if got := q.text("shop.db", `SELECT name FROM customers WHERE id = 1`); got != "Ann Visitor" {
		t.Errorf("before it was approved the shop says %q", got)
	}
	c.do(get, at+"/clock", "", lee).wants(t, "the clock", 200, `"regime":"gdpr"`, `"standing":"running"`, "explanation")
	c.do(get, at+"/clock", "", auditor).wants(t, "the clock for an auditor", 403)
	c.do(get, at+"/certificate", "", lee).wants(t, "no certificate yet", 404)
	c.do(post, at+"/extend", `{"because":"many systems"}`, jsonType, lee).wants(t, "more time", 200)
	c.do(post, at+"/pause", `{"cause":"nonsense","words":"x"}`, jsonType, lee).wants(t, "a cause that is none", 422)
	c.do(post, at+"/pause", `{"cause":"clarification","words":"Which of the two?"}`, jsonType, lee).wants(t, "asking the person", 200, `"paused":"clarification"`)
	c.do(post, at+"/resume", "", lee).wants(t, "going on", 200)
	c.do(post, at+"/look", "", lee).wants(t, "what they wrote", 200, "ann@visitor.example", "ticket 4711")
	c.do(post, at+"/approve", "", lee).wants(t, "a second person approves", 200)
	c.at(id, "closed", lee)
	if got := q.text("shop.db", `SELECT count(*) FROM customers WHERE email LIKE 'ann%'`); got != "0" {
		t.Errorf("%s of her are left", got)
	}
	c.do(get, at+"/certificate", "", lee).wants(t, "the certificate", 200, `"approvedBy": "token lee"`, "avow-request-certificate/1")
	c.do(get, at+"/receipt", "", lee).wants(t, "its receipt", 200)
	c.do(post, at+"/refuse", `{"because":"too late"}`, jsonType, lee).wants(t, "refusing what is done", 409)
	c.do(get, "/api/v1/requests?ended=true", "", shop).wants(t, "the list", 200, `"state":"closed"`)
	c.do(get, "/api/v1/requests/nothing", "", lee).wants(t, "none", 404)
	c.do(get, "/api/v1/requests", "").wants(t, "the list without a token", 401)
	q.noPersonIn(t, "ann@", "4711")
}

// An agent asks with a mandate; the person confirms. A refusal can be appealed where the law knows that.
func TestRequestsOfAgents(t *testing.T) {
	q := startQuay(t, "")
	c := newCaller(t, q.s)
	kim, lee, shop := q.token("kim", "officer"), q.token("lee", "officer"), q.token("shop", "system")
	made := c.do(post, "/api/v1/requests", `{"right":"copy","identities":[{"kind":"email","value":"bob@visitor.example"}],"livesIn":"US-VA","agent":"Data Helpers Ltd","mandate":"file 12"}`, jsonType, shop)
	made.wants(t, "by an agent", 201, "letter")
	v := answer[shownRequest](t, made)
	at := "/api/v1/requests/" + v.Request
	q.office.wait(t, "bob@visitor.example", v.Number+`(?s).*Data Helpers Ltd`)
	if s := c.at(v.Request, "verifying", kim); s.Door != "agent" {
		t.Errorf("it came by %s", s.Door)
	}
	c.do(post, at+"/refuse", `{"because":"the mandate names somebody else"}`, jsonType, kim).wants(t, "refusing", 200, `"state":"refused"`)
	c.shows(q.office, "bob@visitor.example", v.Number)
	c.do(get, "/privacy/request", "").wants(t, "the refusal", 200, "the mandate names somebody else", "Autoriteit Persoonsgegevens", "Appeal")
	c.form("/privacy/request/appeal", "words", "").wants(t, "an appeal without a word", 422)
	c.form("/privacy/request/appeal", "words", "It names me.").wants(t, "appealing", 303)
	c.do(get, "/privacy/request?done=appealed", "").wants(t, "the appeal", 200, `data-state="appealed"`, "Somebody else looks at it again")
	c.do(post, at+"/appeal", `{"granted":true,"because":"it does name them"}`, jsonType, kim).wants(t, "deciding on oneself", 403)
	c.do(post, at+"/appeal", `{"granted":false,"because":"it names another Bob"}`, jsonType, lee).wants(t, "deciding", 200, `"state":"refused"`)
	q.noPersonIn(t, "bob@", "another Bob")
}

// Whether an address is known changes neither status nor headers nor body, but for the number.
func TestRequestsTellNothing(t *testing.T) {
	q := startQuay(t, "")
	number := regexp.MustCompile(`\d{4}-\d{4}`)
	id := regexp.MustCompile(`"request":"[0-9a-z]{26}"`)
	same := func(what string, send func(c *caller, address string) reply) {
		t.Helper()
		var all []string
		for _, address := range []string{"ann@visitor.example", "nobody@elsewhere.example", "bob@visitor.example"} {
			c := newCaller(t, q.s)
			r := send(c, address)
			r.header.Del("Date")
			r.header.Del("X-Request-Id")
			r.header.Del("Content-Length") // that of the address, where it comes back
			body := id.ReplaceAllString(number.ReplaceAllString(r.body, "N"), "I")
			all = append(all, fmt.Sprint(r.status, r.header, body))
		}
		if all[0] != all[1] || all[0] != all[2] {
			t.Errorf("%s: three addresses get\n%s\n%s\n%s", what, all[0], all[1], all[2])
		}
	}
	same("the form", func(c *caller, address string) reply { _, r := c.ask("copy", "address", address); return r })
	same("an objection", func(c *caller, address string) reply { _, r := c.ask("object", "address", address); return r })
	same("the interface", func(c *caller, address string) reply {
		return c.do(post, "/api/v1/requests", `{"right":"copy","identities":[{"kind":"email","value":"`+address+`"}]}`, jsonType)
	})
	same("another link", func(c *caller, address string) reply {
		n, _ := c.ask("move", "address", address)
		return c.form("/privacy/request/link", "number", n)
	})
	same("a wrong code", func(c *caller, address string) reply {
		n, _ := c.ask("restrict", "address", address)
		return c.form("/privacy/request/code", "number", n, "code", "00000000")
	})
	for end := time.Now().Add(20 * time.Second); len(q.office.to("ann@visitor.example")) < 5 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	if n := len(q.office.to("nobody@elsewhere.example")); n > 0 || len(q.office.to("ann@visitor.example")) < 5 {
		t.Errorf("%d letters to nobody, %d to somebody", n, len(q.office.to("ann@visitor.example")))
	}
}

// Who asks very often is stopped, and somebody else is not.
func TestRequestsAreBounded(t *testing.T) {
	q := startQuay(t, "")
	c := newCaller(t, q.s)
	c.form("/privacy/ask/copy", "policy", "quay", "address", "no address").wants(t, "no address", 422, "not an e-mail address")
	c.form("/privacy/ask/de-index", "policy", "quay", "address", ann).wants(t, "a right that is none here", 404)
	c.form("/privacy/ask/correct", "policy", "quay", "address", ann, "field", "contact.name", "to", " ").wants(t, "nothing that is right", 422, "Say what is right")
	c.form("/privacy/ask/copy", "policy", "quay", "address", ann, "wrote", strings.Repeat("x", 4001)).wants(t, "too long", 422, "4,000 characters")
	status := 0
	for i := 0; i < 60 && status != 429; i++ {
		status = c.form("/privacy/request/code", "number", "0000-0000", "code", fmt.Sprint(i)).status
	}
	if status != 429 {
		t.Errorf("after 60 tries the answer is %d", status)
	}
	for _, path := range []string{"/privacy/ask/copy", "/privacy/request/link", "/privacy/request/open", "/privacy/request/code", "/privacy/request/cancel", "/privacy/request/appeal",
		"/privacy/request/package", "/privacy/request/leave", "/privacy/certificate", "/privacy/me/ask", "/privacy/me/request"} {
		c.do(post, path, "policy=quay", "Content-Type: "+formType, "Sec-Fetch-Site: cross-site").wants(t, path+" from another site", 403)
	}
	for _, path := range []string{"/privacy/request", "/privacy/certificate?k=nothing", "/privacy/certificate?k=" + strings.Repeat("a", 400)} {
		if r := c.do(get, path, ""); r.status == 500 {
			t.Errorf("%s answers %d", path, r.status)
		}
	}
}

// Metrics tell how many requests there are and how many are late; the log is loud about these, and staff get a letter.
func TestRequestsOverdue(t *testing.T) {
	q := startQuay(t, "")
	c := newCaller(t, q.s)
	number, _ := c.ask("human-review", "address", ann)
	c.shows(q.office, ann, number)
	c.until("/privacy/request", `data-state="running"`)
	long := time.Now().AddDate(0, 0, -100)
	if err := q.s.db.Write(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE rights_cases SET received = ?, due = ?, remind = ? WHERE number = ?`, long, long.AddDate(0, 1, 0), long, number)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := q.s.watchOverRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	if log := q.book.String(); !strings.Contains(log, "OVERDUE") || !strings.Contains(log, number) || !strings.Contains(log, `"level":"ERROR"`) {
		t.Errorf("the log is not loud about %s: %s", number, log)
	}
	q.office.wait(t, "team@quay.example", "OVERDUE: request "+number)
	w := httptest.NewRecorder()
	q.s.metrics.handler().ServeHTTP(w, httptest.NewRequest(get, "/metrics", nil))
	for _, line := range []string{`avow_requests{state="running"} 1`, "avow_requests_overdue 1"} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("metrics do not say %s", line)
		}
	}
	c.do(get, "/privacy/request", "").wants(t, "an overdue request", 200, "should have been answered")
}

// noPersonIn looks for values of people where none may stand.
func (q *quay) noPersonIn(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if contains(q.book.String(), text) {
			t.Errorf("the log of the server holds %q", text)
		}
	}
}

// TestPagesOfRequests asks, follows, fetches, is refused and is erased by clicking and typing, without scripts.
func TestPagesOfRequests(t *testing.T) {
	q := startQuay(t, ", remove: {when: request}, correct: {when: request}, stop-marketing: {when: at any time}")
	w := walk{t: t, p: browse(t), base: q.s.url}
	kim := q.token("kim", "officer")
	c := newCaller(t, q.s)

	w.open("/privacy", "Your data and choices")
	w.p.Inspect("requests-privacy")
	w.click(`main a[href="/privacy/ask"]`, "Ask us something")
	w.p.Click("details.card summary")
	w.p.Inspect("requests-ask")
	w.click(`a[href^="/privacy/ask/copy"]`, "Get a copy")
	w.p.Fill("#address", "not an address")
	w.click("main form button", "Get a copy")
	w.sees("[role=alert]", "not an e-mail address")
	w.p.Inspect("requests-ask-wrong")
	w.p.Fill("#address", ann)
	w.p.Fill("#wrote", "Everything since spring.")
	w.click("main form button", "Look at your mail")
	w.p.Inspect("requests-asked")
	number := w.p.Text(".number strong")
	letter := q.office.wait(t, ann, `(?s)`+number+`.*code (\d{8}).*(/privacy/request/open\?t=\S+)`)
	w.p.Fill("#code", "1234")
	w.click(`form[action$="/code"] button`, "Follow a request")
	w.sees("[role=alert]", "does not open that request")
	w.p.Inspect("requests-follow-wrong")
	w.open(letter[2], "Was it you?")
	w.p.Inspect("requests-open")
	w.click("main form button", "Your request "+number)
	c.at(w.id(c, number, kim), "closed", kim)
	w.open("/privacy/request", "Your request "+number)
	w.sees("main", "Download it")
	w.p.Inspect("requests-copy-ready")
	w.p.Stops(8, 40)
	w.click(`form[action$="/leave"] button`, "Your data and choices")
	w.open("/privacy/request", "Follow a request")
	w.p.Inspect("requests-follow")

	for path, heading := range map[string]string{"correct": "Have something corrected", "object": "Object to a use", "stop-marketing": "Stop marketing"} {
		w.open("/privacy/ask/"+path, heading)
		w.p.Inspect("requests-ask-" + path)
	}
	w.p.Fill("#address", "nobody@elsewhere.example")
	w.open("/privacy/ask/stop-marketing", "Stop marketing")
	w.p.Fill("#address", "nobody@elsewhere.example")
	w.click("main form button", "We have your request")
	w.p.Inspect("requests-stopped")

	q.refusedAndErased(w, c, kim)
}

// id finds a request by its number.
func (w *walk) id(c *caller, number, token string) string {
	w.t.Helper()
	for _, path := range []string{"/api/v1/requests", "/api/v1/requests?ended=true"} {
		for _, v := range answer[[]shownRequest](w.t, c.do(get, path, "", token)) {
			if v.Number == number {
				return v.Request
			}
		}
	}
	w.t.Fatalf("no request has the number %s", number)
	return ""
}

// refusedAndErased is the rest of the walk: a request that waits and is refused, and an erasure to its certificate.
func (q *quay) refusedAndErased(w walk, c *caller, kim string) {
	if err := os.Rename(q.file("helpdesk.db"), q.file("gone.db")); err != nil {
		q.t.Fatal(err)
	}
	q.again()
	q.s.keys.Set(q.callers)
	w.base, c = q.s.url, newCaller(q.t, q.s)
	made := c.do(post, "/api/v1/requests", `{"right":"correct","identities":[{"kind":"email","value":"ann@visitor.example"}],"livesIn":"US-VA",
		"corrections":[{"data":"contact.name","to":"Ann Elisabeth Visitor"}]}`, jsonType)
	made.wants(q.t, "asking by the interface", 201)
	number := answer[shownRequest](q.t, made).Number
	w.open(q.office.wait(q.t, ann, `(?s)`+number+`.*(/privacy/request/open\?t=\S+)`)[1], "Was it you?")
	w.click("main form button", "Your request "+number)
	q.stuck("helpdesk")
	w.open("/privacy/request", "Your request "+number)
	w.p.Click("section details summary")
	w.p.Inspect("requests-waits")
	c.do(post, "/api/v1/requests/"+w.id(c, number, kim)+"/refuse", `{"because":"The name is spelt as in the passport you showed us."}`, jsonType, kim).wants(q.t, "refusing", 200)
	w.open("/privacy/request", "Your request "+number)
	w.p.Inspect("requests-refused")
	w.p.Fill("#words", "I married since.")
	w.click(`form[action$="/appeal"] button`, "Your request "+number)
	w.p.Inspect("requests-appealed")

	if err := os.Rename(q.file("gone.db"), q.file("helpdesk.db")); err != nil {
		q.t.Fatal(err)
	}
	number, _ = c.ask("remove", "address", ann)
	w.open(q.office.wait(q.t, ann, `(?s)`+number+`.*(/privacy/request/open\?t=\S+)`)[1], "Was it you?")
	w.click("main form button", "Your request "+number)
	w.p.Inspect("requests-erasing")
	w.open(q.office.wait(q.t, ann, `(?s)was erased.*(/privacy/certificate\?k=\S+)`)[1], "Certificate of request "+number)
	w.p.Inspect("requests-certificate")
	w.open("/privacy/certificate?k=nothing", "This link does not work any more")
}

// TestPagesOfRequestsInAVisit asks from the page of somebody's data: for all systems, without showing again who they are.
func TestPagesOfRequestsInAVisit(t *testing.T) {
	q := startQuay(t, ", remove: {when: request, approved-by: officer}")
	w := walk{t: t, p: browse(t), base: q.s.url}
	kim := q.token("kim", "officer")
	c := newCaller(t, q.s)
	c.form("/collect/newsletter", "policy", "quay", "contact.email", ann, "consent.newsletter", "yes").wants(t, "subscribing", 200)
	w.open("/privacy", "Your data and choices")
	w.p.Fill("#address", ann)
	w.click("main form button", "Look at your mail")
	w.open(q.office.wait(t, ann, `(/privacy/open\?t=\S+)`)[1], "Open your data")
	w.click("main form button", "Your data and choices")
	w.sees("#requests + p", "You have asked us nothing yet")
	w.p.Inspect("requests-me")
	w.p.ClickTo(`form[action="/privacy/me/ask"] button.quiet`)
	number := strings.TrimPrefix(w.p.Text("h1"), "Your request ")
	v := c.at(w.id(c, number, kim), "closed", kim)
	if v.Right != "copy" || v.Door != "privacy-centre" {
		t.Errorf("the request is %+v", v)
	}
	w.open("/privacy/request", "Your request "+number)
	w.sees("main", "Download it")
	w.open("/privacy/ask/restrict", "Have it kept and not used")
	w.sees("form.card", ann)
	w.p.Inspect("requests-ask-visit")
	w.open("/privacy/me", "Your data and choices")
	w.p.Click("#sure")
	w.p.ClickTo(`form[action="/privacy/me/ask"] button.stop`)
	number = strings.TrimPrefix(w.p.Text("h1"), "Your request ")
	id := w.id(c, number, kim)
	c.at(id, "approval", kim)
	w.open("/privacy/me", "Your data and choices")
	w.sees("#requests + section", "second person")
	w.p.Inspect("requests-me-listed")
	w.p.ClickTo(`form[action="/privacy/me/request"] button`)
	w.sees("main", "A second person looks")
	w.p.Inspect("requests-approval")
	w.click(`form[action$="/cancel"] button`, "Your request "+number)
	w.sees("[role=status]", "nothing was changed")
	w.p.Inspect("requests-cancelled")
	if got := q.text("shop.db", `SELECT name FROM customers WHERE id = 1`); got != "Ann Visitor" {
		t.Errorf("a cancelled erasure leaves %q", got)
	}
}
