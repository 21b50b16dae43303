package main

import (
	"archive/zip"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow/api"
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
func (q *quay) again() { q.otherwise(func(*serverConfig) {}) }

// otherwise starts it again with something else in its configuration.
func (q *quay) otherwise(change func(c *serverConfig)) {
	q.t.Helper()
	c := q.s.serverConfig
	if err := q.s.stop(); err != nil {
		q.t.Fatal(err)
	}
	change(&c)
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
	db, err := sql.Open("sqlite", "file:"+q.file(name)+"?_pragma=busy_timeout(10000)") // a server may be writing to it
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
