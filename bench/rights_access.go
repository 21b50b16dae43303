package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that avow uses

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap/find"
)

const asking = 200 // people a round who ask what is there about them

// accessed is what showing one person what three systems hold cost.
type accessed struct {
	people  int
	records float64 // a person
	bare    *lane
	avow    *lane
}

// aside is a small system beside the shop: people of the shop, and what is said of them.
type aside struct {
	people, things string
	table, hangs   string
}

var asides = map[string]aside{
	"crm": {"contacts", "tickets", "CREATE TABLE contacts (id %[1]s PRIMARY KEY, email %[2]s, name %[2]s, phone %[2]s, company %[2]s)",
		"CREATE TABLE tickets (id %[1]s PRIMARY KEY, person_id %[1]s, subject %[2]s, body %[2]s)"},
	"club": {"members", "visits", "CREATE TABLE members (id %[1]s PRIMARY KEY, email %[2]s, name %[2]s, phone %[2]s, company %[2]s)",
		"CREATE TABLE visits (id %[1]s PRIMARY KEY, person_id %[1]s, subject %[2]s, body %[2]s)"},
}

const asideMap = `system: %[1]s
kind: %[2]s
credentials: env:AVOW_BENCH_ASIDE
tables:
  %[3]s:
    key: id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, name: contact.name, phone: contact.phone, company: contact.address}
  %[4]s:
    key: id
    references: {person: {columns: person_id, to: %[3]s.id}}
    relation: owns
    erase: delete
    columns: {subject: messages.text, body: messages.text}
`

// fillAside makes people, of whom person i is the customer as the shop has it, and five things about each.
func fillAside(ctx context.Context, db *sql.DB, a aside, mysql bool, people int, customer string) error {
	integer, text, numbers, concat, lower := "BIGINT", "VARCHAR(190)", "(SELECT seq AS i FROM seq_1_to_%d) AS n", func(parts ...string) string { return "CONCAT(" + strings.Join(parts, ", ") + ")" }, "email"
	if !mysql {
		integer, text, lower = "INTEGER", "TEXT", "lower(email)"
		numbers = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n) AS n"
		concat = func(parts ...string) string { return strings.Join(parts, " || ") }
	}
	div := map[bool]string{true: "DIV", false: "/"}[mysql]
	for _, statement := range []string{
		fmt.Sprintf(a.table, integer, text), fmt.Sprintf(a.hangs, integer, text),
		fmt.Sprintf("INSERT INTO %s SELECT i, %s, %s, %s, %s FROM "+numbers, a.people, concat("'person.'", customer, "'@mail'", "("+customer+" % 17)", "'.example'"), concat("'Somebody '", "i"),
			concat("'+4477009'", "(10000 + i % 90000)"), concat("'firm '", "(i % 300)"), people),
		fmt.Sprintf("INSERT INTO %s SELECT i, 1 + (i - 1) %s 5, %s, %s FROM "+numbers, a.things, div, concat("'about '", "i"), concat("'what was said there by somebody at the time, and what became of it, no. '", "i"), 5*people),
		fmt.Sprintf("CREATE INDEX %[1]s_email ON %[1]s (%[2]s)", a.people, lower),
		fmt.Sprintf("CREATE INDEX %[1]s_person ON %[1]s (person_id)", a.things),
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// bareSystem is a system with the queries that somebody would write for it.
type bareSystem struct {
	db      *sql.DB
	person  string   // by their address
	queries []string // by the id that this gave
}

const (
	customerColumns = "id, email, name, phone, street, city, joined"
	messageColumns  = "id, sender_id, recipient_id, sender_name, recipient_name, body, sent"
)

// three are the systems of an access.
type three struct {
	bare    map[string]*bareSystem
	search  *find.Search
	shop    *shop
	first   int // of those of the shop's people who are in all of them
	crowd   int // how many they are
	next    int
	records int
}

func openThree(ctx context.Context, c config, s *shop, shopDSN, crmDSN, dir string) (*three, error) {
	t := &three{bare: map[string]*bareSystem{}, shop: s, first: s.next, crowd: s.customers / 6}
	club := filepath.Join(dir, "club.db")
	configs := map[string]connect.Config{"shop": {Kind: "postgresql", Secret: shopDSN}, "crm": {Kind: "mysql", Secret: crmDSN}, "club": {Kind: "sqlite", Secret: club}}
	maps := map[string]string{"shop": fmt.Sprintf(shopMap, "postgresql")}
	for _, system := range []struct{ name, driver, dsn, kind, address, mark string }{
		{"shop", "pgx", shopDSN, "postgresql", "lower(email) = $1", "$1"}, {"crm", "mysql", crmDSN, "mysql", "email = ?", "?"},
		{"club", "sqlite", "file:" + club + "?_pragma=journal_mode(WAL)", "sqlite", "lower(email) = ?", "?"}} {
		db, err := sql.Open(system.driver, system.dsn)
		if err != nil {
			return t, err
		}
		b := &bareSystem{db: db}
		t.bare[system.name] = b
		a, ok := asides[system.name]
		if !ok {
			b.person = "SELECT " + customerColumns + " FROM customers WHERE " + system.address
			b.queries = []string{"SELECT id, customer_id, ship_to, total, ordered FROM orders WHERE customer_id = $1",
				"SELECT l.order_id, l.line, l.article, l.pieces, l.price FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.customer_id = $1",
				"SELECT " + messageColumns + " FROM messages WHERE sender_id = $1 OR recipient_id = $1"}
			continue
		}
		db.SetMaxOpenConns(1)
		if err := fillAside(ctx, db, a, system.driver == "mysql", t.crowd, fmt.Sprintf("(1 + ((%d + i) * 48271) %% %d)", t.first-1, s.customers)); err != nil {
			return t, err
		}
		b.person = "SELECT id, email, name, phone, company FROM " + a.people + " WHERE " + system.address
		b.queries = []string{"SELECT id, person_id, subject, body FROM " + a.things + " WHERE person_id = " + system.mark}
		maps[system.name] = fmt.Sprintf(asideMap, system.name, system.kind, a.people, a.things)
	}
	var err error
	_, t.search, err = searchIn(ctx, configs, maps, find.Options{ToShow: true})
	return t, err
}

func (t *three) close() {
	for _, b := range t.bare {
		b.db.Close()
	}
	if t.search != nil {
		for _, s := range t.search.Sources {
			s.Close()
		}
	}
}

// some gives people who are in all three systems, others each time.
func (t *three) some(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strings.ToLower(emailOf(t.shop.customer(t.first + (t.next+i)%t.crowd)))
	}
	t.next += n
	return out
}

// byBareQueries asks all systems at the same time, each query after the other. When one
// fails the others are stopped.
func (t *three) byBareQueries(ctx context.Context, address string) (int, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	records := 0
	for _, b := range t.bare {
		wg.Go(func() {
			n, err := b.all(ctx, address)
			if err != nil {
				stop()
			}
			mu.Lock()
			defer mu.Unlock()
			records, failed = records+n, errors.Join(failed, err)
		})
	}
	wg.Wait()
	return records, failed
}

func (b *bareSystem) all(ctx context.Context, address string) (int, error) {
	id, all, err := b.ask(ctx, b.person, address)
	for i := 0; i < len(b.queries) && err == nil; i++ {
		var n int
		_, n, err = b.ask(ctx, b.queries[i], id)
		all += n
	}
	return all, err
}

// ask reads the rows of a query and throws them away, all but the last first column.
func (b *bareSystem) ask(ctx context.Context, query string, arg any) (first any, n int, err error) {
	rows, err := b.db.QueryContext(ctx, query, arg)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, 0, err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return nil, n, err
		}
		first = values[0]
	}
	return first, n, rows.Err()
}

// byAvow finds what concerns a person, and is given each record as they are shown it.
func (t *three) byAvow(ctx context.Context, address string) (n int, err error) {
	found, err := t.search.Find(ctx, []find.Person{{Identities: []find.Identity{{Kind: "email", Value: address}}}})
	if err != nil {
		return 0, err
	}
	err = t.search.Export(ctx, found, 0, func(find.Record) error { n++; return nil })
	return n, err
}

func measureAccessed(ctx context.Context, c config, t *three) (*accessed, error) {
	for _, address := range t.some(20) {
		want, err := t.byBareQueries(ctx, address)
		if err != nil {
			return nil, err
		}
		if n, err := t.byAvow(ctx, address); err != nil || n != want || n < 7 {
			return nil, fmt.Errorf("avow shows %d records, the bare queries %d: %w", n, want, err)
		}
		t.records += want
	}
	out := &accessed{people: c.share(asking), records: float64(t.records) / 20}
	all := func(one func(context.Context, string) (int, error)) *lane {
		return &lane{flight: 1, each: 1, clock: spent, run: func() (tally, error) {
			who := t.some(out.people)
			began := time.Now()
			for _, address := range who {
				if _, err := one(ctx, address); err != nil {
					return tally{}, err
				}
			}
			return tally{float64(len(who)), time.Since(began)}, nil
		}}
	}
	out.bare, out.avow = all(t.byBareQueries), all(t.byAvow)
	return out, inTurns("access", c.rounds, []*lane{out.bare, out.avow})
}
