package retain

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/connecttest"
	"github.com/avowhq/avow/connect/sqldb"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

const policyText = `
avow: v1
policy: shop
title: Privacy policy
effective: 2015-01-01
changes: {apply-to: new-data}
organisation:
  name: Tidewater
  contact: {email: privacy@tidewater.example}
  entities: {nl: {name: Tidewater B.V., in: NL, serves: everyone-else}}
people:
  customer: {means: somebody who bought, shown-by: event purchase}
data:
  contact: {title: Contact details, fields: [name, email, phone, address, birthday], identifies: [email, phone]}
  messages: {title: Messages, fields: [text]}
  orders: {title: Orders, fields: [amount]}
  visits: {title: Visits, fields: [page, ip]}
  claims: {title: Claims, fields: [file]}
sources:
  you: {title: You, yields: [contact, messages, orders, visits, claims]}
purpose-groups:
  shop:
    title: The shop
    purposes:
      shop: {title: Run the shop, because: You buy from us., basis: contract, uses: [contact, messages, orders, visits, claims]}
      accounts: {title: Keep books, because: Tax law demands it., basis: legal-obligation, uses: [contact.name, contact.address, orders]}
collect:
  purchase: {title: Order, source: you, needs: [contact.email], may-have: [contact.name, contact.address], for: [shop, accounts], makes: customer}
retention:
  contact: {until: 24 months after last-contact, then: erase}
  invoices: {of: [contact.name, contact.address, orders], for: accounts, until: 7 years after purchase, then: erase}
  messages: {until: {latest: [6 months after collection, 30 days after collection]}, then: erase}
  visits: {until: 30 days after collection, then: shorten}
  claims: {until: {latest: [1 year after collection, end of legal duty]}, then: erase}
regimes: [gdpr]
signals: {dnt: ignored, gpc: ignored}
`

const mapText = `
system: shop
kind: %s
credentials: env:X
take-from-database: [keys, references]
tables:
  customers:
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, name: contact.name}
    restriction: {column: restricted, set: 1, lift: 0}
    retention: {contact: seen}
  messages:
    references: {customer: {columns: customer_id, to: customers.id}}
    relation: {customer: owns}
    erase: delete
    columns: {body: messages.text}
    retention: {messages: sent}
  invoices:
    identities: {email: email}
    relation: owns
    erase: clear
    columns: {email: contact.email, name: contact.name, amount: orders.amount}
    retention: {contact: seen, invoices: issued}
  claims:
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, file: claims.file}
    retention: {claims: filed}
  notes:
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, text: messages.text}
`

var today = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// house is a desk over real databases; the test turns the clock.
type house struct {
	t      *testing.T
	db     *store.DB
	vault  *vault.Vault
	ledger *ledger.Ledger
	reg    *consent.Register
	desk   *Desk
	shop   connect.Config // of the mapped system; none without a kind
	src    *watched
	m      *datamap.Map

	mu   sync.Mutex
	now  time.Time
	away bool
	asks bool // the clock of the mapped system is asked too: it is the real one, which few tests turn theirs by
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// set has time pass, in which the clock is looked at as a server that runs does.
func (h *house) set(now time.Time) {
	h.t.Helper()
	h.leap(now)
	list, err := h.desk.ownClocks(h.t.Context())
	h.check(err)
	h.check(h.desk.sawClock(h.t.Context(), list[0]))
}

// leap has the clock be another from one moment to the next.
func (h *house) leap(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = now
}

func newHouse(t *testing.T, c store.Config, now time.Time) *house {
	t.Helper()
	return newHouseOf(t, c, now, policyText)
}

// newHouseOf is a house with a policy of its own.
func newHouseOf(t *testing.T, c store.Config, now time.Time, text string) *house {
	t.Helper()
	h := &house{t: t, now: now}
	if c.Machine != nil { // PostgreSQL keeps its own
		c.Machine = h.clock
	} else {
		c.Clock = h.clock
	}
	h.db = storetest.OpenConfig(t, c)
	dir := t.TempDir()
	var err error
	h.vault, err = vault.Open(t.Context(), h.db, vault.Config{OrganisationKey: filepath.Join(dir, "organisation.key"), Keys: filepath.Join(dir, "keys.db"), Clock: h.clock})
	h.check(err)
	t.Cleanup(func() { h.vault.Close() })
	h.ledger, err = ledger.Open(t.Context(), h.db, h.vault, ledger.Config{})
	h.check(err)
	t.Cleanup(func() { h.ledger.Close() })
	h.reg, err = consent.Open(t.Context(), consent.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Clock: h.clock})
	h.check(err)
	_, err = h.reg.Publish(t.Context(), "policy.yaml", []byte(text))
	h.check(err)
	h.desk, err = Open(t.Context(), Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Version: h.reg.Version, Systems: h.systems, Renew: h.reg.Renew,
		Restricted: h.reg.IsRestricted, AllRestricted: h.reg.AllRestricted, Shown: h.reg.ShownAt, Batch: 3})
	h.check(err)
	return h
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// watched counts the changes of a system, and can be told to fail.
type watched struct {
	connect.Source
	mu      sync.Mutex
	changes []int // rows of each transaction
	before  func(n int) error
	reading func(r connect.Read) error
}

func (w *watched) Read(ctx context.Context, r connect.Read, each func(connect.Row) error) error {
	w.mu.Lock()
	reading := w.reading
	w.mu.Unlock()
	if reading != nil {
		if err := reading(r); err != nil {
			return err
		}
	}
	return w.Source.Read(ctx, r, each)
}

func (w *watched) Change(ctx context.Context, changes []connect.Change) ([]connect.Result, error) {
	w.mu.Lock()
	n := 0
	for _, c := range changes {
		n = max(n, len(c.Keys))
	}
	w.changes = append(w.changes, n)
	before, count := w.before, len(w.changes)
	w.mu.Unlock()
	if before != nil {
		if err := before(count); err != nil {
			return nil, err
		}
	}
	return w.Source.Change(ctx, changes)
}

// keeper gives the clock of the system out.
type keeper struct{ *watched }

func (k keeper) Now(ctx context.Context) (time.Time, error) {
	return k.Source.(connect.Timekeeper).Now(ctx)
}

func (h *house) systems(ctx context.Context) ([]Systems, error) {
	if h.shop.Kind == "" {
		return nil, nil
	}
	h.mu.Lock()
	away, src := h.away, connect.Source(h.src)
	if h.asks {
		src = keeper{h.src}
	}
	h.mu.Unlock()
	if away {
		s := find.New(h.m.Graph(), find.Sources{}, map[string]*connect.Schema{}, find.Options{Region: "NL"})
		return []Systems{{Search: s, Away: map[string]error{"shop": avow.Errorf(avow.Unavailable, "shop does not answer")}}}, nil
	}
	schema, err := h.src.Describe(ctx)
	if err != nil {
		return nil, err
	}
	m, err := h.m.Complete(map[string][]datamap.TableFacts{"shop": datamap.FactsOf(schema)})
	if err != nil {
		return nil, err
	}
	return []Systems{{Search: find.New(m.Graph(), find.Sources{"shop": src}, map[string]*connect.Schema{"shop": schema}, find.Options{Region: "NL"})}}, nil
}

// eachShop runs a test on a mapped shop in each SQL database there is.
func eachShop(t *testing.T, test func(h *house)) {
	t.Helper()
	for _, k := range connecttest.Kinds(t) {
		t.Run(k.Name, func(t *testing.T) {
			h := newHouse(t, storetest.SQLite(t), today)
			h.shop = k.Config(t)
			text := connecttest.Column{Kind: connect.TextKind, Length: 200}
			col := func(name string, c connecttest.Column) connecttest.Column { c.Name = name; return c }
			date, id := connecttest.Column{Kind: connect.DateKind}, connecttest.Column{Name: "id", Kind: connect.Integer, Must: true}
			connecttest.Create(t, h.shop,
				connecttest.Table{Name: "customers", Key: []string{"id"}, Columns: []connecttest.Column{id, col("email", text), col("name", text), {Name: "restricted", Kind: connect.Integer}, {Name: "seen", Kind: connect.TimeKind}}},
				connecttest.Table{Name: "messages", Key: []string{"id"}, Columns: []connecttest.Column{id, {Name: "customer_id", Kind: connect.Integer}, col("body", text), col("sent", date)},
					References: []connect.Reference{{Name: "of_customer", Columns: []string{"customer_id"}, Table: "customers", To: []string{"id"}}}},
				connecttest.Table{Name: "invoices", Key: []string{"id"}, Columns: []connecttest.Column{id, col("email", text), col("name", text), {Name: "amount", Kind: connect.Integer}, col("seen", date), col("issued", date)}},
				connecttest.Table{Name: "claims", Key: []string{"id"}, Columns: []connecttest.Column{id, col("email", text), col("file", text), col("filed", date)}},
				connecttest.Table{Name: "notes", Key: []string{"id"}, Columns: []connecttest.Column{id, col("email", text), col("text", text)}})
			h.shop.System = "shop"
			src, err := sqldb.Open(t.Context(), h.shop)
			h.check(err)
			t.Cleanup(func() { src.Close() })
			h.src = &watched{Source: src}
			p, err := h.reg.Version("shop", 0)
			h.check(err)
			h.load(p, mapText)
			test(h)
		})
	}
}

// load has the map be another.
func (h *house) load(p *policy.Policy, text string) {
	h.t.Helper()
	var err error
	h.m, err = datamap.Load(fstest.MapFS{"systems/shop.yaml": {Data: fmt.Appendf(nil, text, h.shop.Kind)}}, p)
	h.check(err)
}

func (h *house) exec(statements ...string) {
	h.t.Helper()
	connecttest.Exec(h.t, h.shop, statements...)
}

// rows are what a query gives, a text each.
func (h *house) rows(query string) string {
	h.t.Helper()
	rows, err := connecttest.Handle(h.t, h.shop).Query(query)
	h.check(err)
	defer rows.Close()
	columns, _ := rows.Columns()
	var out []string
	for rows.Next() {
		values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		h.check(rows.Scan(into...))
		var texts []string
		for _, v := range values {
			if !v.Valid {
				v.String = "-"
			}
			texts = append(texts, v.String)
		}
		out = append(out, strings.Join(texts, "|"))
	}
	h.check(rows.Err())
	return strings.Join(out, " ")
}

func (h *house) wantRows(query, want string) {
	h.t.Helper()
	if got := h.rows(query); got != want {
		h.t.Errorf("%s:\n got %s\nwant %s", query, got, want)
	}
}

func (h *house) run(o Options) *Report {
	h.t.Helper()
	if o.By == "" {
		o.By = "a test"
	}
	r, err := h.desk.Run(h.t.Context(), o)
	h.check(err)
	return r
}

// said are the entries of a report, a line each, but those that only say what nobody knows.
func said(r *Report) []string {
	out := []string{}
	for _, e := range r.Entries {
		if strings.HasPrefix(e.Refused, nobodyKnows) {
			continue
		}
		line := fmt.Sprintf("%s.%s %s: %s %s %d", e.System, e.Table, e.Rule, e.Action, strings.Join(e.Columns, "+"), e.Rows)
		if e.How != "" {
			line += " (" + e.How + ")"
		}
		if e.Held > 0 {
			line += fmt.Sprintf(", held %d: %s", e.Held, e.Because)
		}
		if e.Refused != "" {
			line += ", refused: " + e.Refused + ", instead: " + e.Instead
		}
		if e.Left > 0 {
			line += fmt.Sprintf(", left %d", e.Left)
		}
		out = append(out, named.Replace(line))
	}
	return out
}

// named takes out what each database calls a reference.
var named = strings.NewReplacer("`of_customer`", "a reference", "`customer_id`", "a reference", "`of_orders`", "a reference", "`order_id`", "a reference")

func (h *house) wantSaid(r *Report, want ...string) {
	h.t.Helper()
	if got := said(r); !slices.Equal(got, want) {
		h.t.Errorf("said:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
