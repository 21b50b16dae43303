package collect_test

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
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// house is a collection desk with all it stands on, real, and a clock the test turns.
type house struct {
	t      testing.TB
	config store.Config
	limits collect.Limits
	dir    string
	db     *store.DB
	vault  *vault.Vault
	ledger *ledger.Ledger
	reg    *consent.Register
	box    *mail.Mailbox
	out    *mail.Outbox
	desk   *collect.Desk

	mu  sync.Mutex
	now time.Time
}

var (
	bg  = context.Background()
	key = bytes.Repeat([]byte{9}, 32)
)

const confirmPage = "https://quay.example/confirm?t="

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(newHouse(t, c)) })
}

func newHouse(t testing.TB, c store.Config) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), now: time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC), limits: collect.Limits{Burst: 1000, PointBurst: 1000}}
	c.Clock = h.clock
	h.config = c
	h.open()
	h.publish("v1.yaml")
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
	h.check(mail.Migrate(bg, h.db))
	h.box, err = mail.NewMailbox(h.db, key)
	h.check(err)
	h.out, err = mail.NewOutbox(h.db, mail.Config{Key: key, From: mail.From{Name: "Quay", Address: "privacy@quay.example"}, Sender: h.box})
	h.check(err)
	h.desk, err = collect.Open(bg, collect.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Consent: h.reg, Outbox: h.out, Clock: h.clock, Key: key,
		Confirm: confirmPage, Limits: h.limits})
	h.check(err)
}

// crash ends the program without a word to anybody: nothing that waits is sent.
func (h *house) crash() {
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

func (h *house) publish(name string) *policy.Policy {
	h.t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "consent", "testdata", name))
	h.check(err)
	v, err := h.reg.Publish(bg, name, src)
	h.check(err)
	return v.Policy
}

func submission(point string, fields ...string) collect.Submission {
	s := collect.Submission{Policy: "site", Point: point, Fields: map[string]string{}}
	for i := 0; i < len(fields); i += 2 {
		s.Fields[fields[i]] = fields[i+1]
	}
	return s
}

func newsletter(address string, consents ...string) collect.Submission {
	s := submission("newsletter", "contact.email", address)
	s.Consents = consents
	return s
}

func (h *house) accept(s collect.Submission) collect.Result {
	h.t.Helper()
	r, err := h.desk.Accept(bg, s)
	h.check(err)
	return r
}

func (h *house) found(address string) []vault.Found {
	h.t.Helper()
	list, err := h.reg.Find(bg, vault.Identity{Kind: vault.Email, Value: address})
	h.check(err)
	return list
}

func (h *house) values(who avow.ID) (list []vault.Value) {
	h.t.Helper()
	h.check(h.db.Read(bg, func(tx *store.Tx) (err error) {
		list, err = h.vault.Values(tx, who)
		return err
	}))
	return list
}

func (h *house) events(who avow.ID, what ledger.Type) (list []ledger.Event) {
	h.t.Helper()
	h.check(h.db.Read(bg, func(tx *store.Tx) error {
		list = nil
		family, err := h.vault.Family(tx, who)
		if err != nil {
			return err
		}
		entries, err := h.ledger.BySubject(tx, family...)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Type != what {
				continue
			}
			event, err := h.ledger.Open(tx, e)
			if err != nil {
				return err
			}
			list = append(list, event)
		}
		return nil
	}))
	return list
}

func (h *house) size() (n int64) {
	h.t.Helper()
	h.check(h.db.Read(bg, func(tx *store.Tx) (err error) { n, err = h.ledger.Size(tx); return err }))
	return n
}

// letters delivers what waits and lists an address's letters, the newest first.
func (h *house) letters(address string) []mail.Opened {
	h.t.Helper()
	_, err := h.out.Deliver(bg)
	h.check(err)
	list, err := h.box.List(bg, address, 100)
	h.check(err)
	return list
}

// link takes the token out of the newest letter.
func (h *house) link(address string) string {
	h.t.Helper()
	list := h.letters(address)
	if len(list) == 0 {
		h.t.Fatal("no letter arrived")
	}
	_, rest, ok := strings.Cut(list[0].Text, confirmPage)
	if !ok {
		h.t.Fatalf("no link in the letter:\n%s", list[0].Text)
	}
	token, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(token)
}

func (h *house) decide(who avow.ID, purpose string) gate.Decision {
	h.t.Helper()
	g, _ := h.reg.Gate("site")
	r := gate.About(who, 0, h.clock())
	r.Act = avow.Send
	if why := g.Resolve(&gate.Names{Purpose: purpose, Data: []string{"contact.email"}}, &r); why != gate.Undecided {
		h.t.Fatal(why)
	}
	return g.Decide(&r)
}
