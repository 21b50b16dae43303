package rights_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// house is a rights desk with all it stands on, real, and a clock the test turns.
type house struct {
	t       *testing.T
	config  store.Config
	dir     string
	db      *store.DB
	vault   *vault.Vault
	ledger  *ledger.Ledger
	reg     *consent.Register
	box     *mail.Mailbox
	out     *mail.Outbox
	collect *collect.Desk
	desk    *rights.Desk

	mu  sync.Mutex
	now time.Time
}

const (
	ann      = "ann@mail.example"
	bob      = "bob@mail.example"
	openPage = "https://quay.example/privacy/open?t="

	addressPage = "https://quay.example/privacy/address?t="
)

var (
	bg  = context.Background()
	key = bytes.Repeat([]byte{9}, 32)
)

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(newHouse(t, c)) })
}

func newHouse(t *testing.T, c store.Config) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), now: time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)}
	c.Clock = h.clock
	h.config = c
	h.open()
	src, err := os.ReadFile(filepath.Join("..", "consent", "testdata", "v1.yaml"))
	h.check(err)
	_, err = h.reg.Publish(bg, "v1.yaml", src)
	h.check(err)
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) open() {
	h.t.Helper()
	h.db = storetest.OpenConfig(h.t, h.config)
	var err error
	h.vault, err = vault.Open(bg, h.db, vault.Config{OrganisationKey: filepath.Join(h.dir, "organisation.key"), Keys: filepath.Join(h.dir, "keys.db")})
	h.check(err)
	h.t.Cleanup(func() { h.vault.Close() })
	h.ledger, err = ledger.Open(bg, h.db, h.vault, ledger.Config{})
	h.check(err)
	h.reg, err = consent.Open(bg, consent.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Base: "https://quay.example"})
	h.check(err)
	_, err = h.reg.Load(bg)
	h.check(err)
	h.check(mail.Migrate(bg, h.db))
	h.box, err = mail.NewMailbox(h.db, key)
	h.check(err)
	h.out, err = mail.NewOutbox(h.db, mail.Config{Key: key, From: mail.From{Name: "Quay", Address: "privacy@quay.example"}, Sender: h.box})
	h.check(err)
	h.collect, err = collect.Open(bg, collect.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Consent: h.reg, Outbox: h.out, Clock: h.clock, Key: key,
		Confirm: "https://quay.example/confirm?t="})
	h.check(err)
	h.desk, err = rights.Open(bg, rights.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Outbox: h.out, Register: h.reg, Choices: h.choices, Link: openPage, AddressLink: addressPage, Organisation: "Quay"})
	h.check(err)
}

// choices is how the door wires the two rooms.
func (h *house) choices(ctx context.Context, subject avow.ID) ([]rights.Choice, error) {
	list := []rights.Choice{}
	all, err := h.reg.State(ctx, subject)
	for _, p := range all {
		for _, c := range p.Consents {
			list = append(list, rights.Choice{Policy: p.Policy, What: "consent", Name: c.Purpose, Title: c.Title, State: c.State, Since: c.Since})
		}
	}
	return list, err
}

func (h *house) restart() {
	h.t.Helper()
	h.check(h.vault.Close())
	h.check(h.db.Close())
	h.open()
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// submit gives fields at a point, with consents ticked.
func (h *house) submit(point string, consents []string, fields ...string) {
	h.t.Helper()
	s := collect.Submission{Policy: "site", Point: point, Fields: map[string]string{}, Consents: consents}
	for i := 0; i < len(fields); i += 2 {
		s.Fields[fields[i]] = fields[i+1]
	}
	_, err := h.collect.Accept(bg, s)
	h.check(err)
}

// people gives two people something to lose.
func (h *house) people() {
	h.t.Helper()
	h.submit("newsletter", []string{"newsletter"}, "contact.email", ann, "contact.name", "Ann Visitor", "contact.phone", "+442079460018")
	h.submit("contact", nil, "contact.email", ann, "messages.text", "Is the blue boat sold?")
	h.submit("contact", nil, "contact.email", bob, "contact.name", "Bob Other", "messages.text", "Where is my anchor?")
}

func (h *house) letters(address string) []mail.Opened {
	h.t.Helper()
	h.pass(time.Second) // so that letters have an order
	_, err := h.out.Deliver(bg)
	h.check(err)
	list, err := h.box.List(bg, address, 100)
	h.check(err)
	return list
}

// ask asks for a link and gives its token; empty when no letter with one came.
func (h *house) ask(address string) string {
	h.t.Helper()
	before := h.letters(address) // what waits arrives first
	h.pass(time.Second)
	h.check(h.desk.Ask(bg, vault.Identity{Kind: vault.Email, Value: address}))
	list := h.letters(address)
	if len(list) == len(before) {
		return ""
	}
	return tokenIn(list[0].Text, openPage)
}

// tokenIn is what stands after the address of a page in a letter.
func tokenIn(text, page string) string {
	_, rest, _ := strings.Cut(text, page)
	token, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(token)
}

func (h *house) enter(address string) string {
	h.t.Helper()
	s, err := h.desk.Enter(bg, h.ask(address))
	h.check(err)
	return s.Token
}

func (h *house) see(session string) rights.Record {
	h.t.Helper()
	rec, err := h.desk.See(bg, session)
	h.check(err)
	return rec
}

func (h *house) found(address string) []vault.Found {
	h.t.Helper()
	list, err := h.reg.Find(bg, vault.Identity{Kind: vault.Email, Value: address})
	h.check(err)
	return list
}

func (h *house) decide(who avow.ID, purpose, data string) gate.Decision {
	h.t.Helper()
	return h.decideUnder("site", who, purpose, data)
}

func (h *house) decideUnder(policy string, who avow.ID, purpose, data string) gate.Decision {
	h.t.Helper()
	g, _ := h.reg.Gate(policy)
	r := gate.About(who, 0, h.clock())
	if why := g.Resolve(&gate.Names{Purpose: purpose, Data: []string{data}}, &r); why != gate.Undecided {
		h.t.Fatal(why)
	}
	return g.Decide(&r)
}
