package intake_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/collect/intake"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// house is an import desk with all it stands on, real, and a clock the test turns.
type house struct {
	t      testing.TB
	config store.Config
	dir    string
	db     *store.DB
	vault  *vault.Vault
	ledger *ledger.Ledger
	reg    *consent.Register
	box    *mail.Mailbox
	out    *mail.Outbox
	forms  *collect.Desk
	desk   *intake.Desk

	mu  sync.Mutex
	now time.Time
}

const (
	ann    = "ann@mail.example"
	bob    = "bob@mail.example"
	ground = "We asked on the form of the old shop"
)

var (
	bg    = context.Background()
	key   = bytes.Repeat([]byte{9}, 32)
	begin = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
)

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(t, newHouse(t, c)) })
}

func newHouse(t testing.TB, c store.Config) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), now: begin}
	c.Clock = h.clock
	h.config = c
	h.open()
	src, err := os.ReadFile(filepath.Join("testdata", "v1.yaml"))
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
	h.forms, err = collect.Open(bg, collect.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Consent: h.reg, Outbox: h.out, Clock: h.clock, Key: key,
		Confirm: "https://quay.example/confirm?t=", Limits: collect.Limits{Burst: 1000, PointBurst: 1000}})
	h.check(err)
	h.desk, err = intake.Open(bg, intake.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Consent: h.reg, Outbox: h.out, Base: "https://quay.example"})
	h.check(err)
}

// restart ends the program and starts it again on what is on the disk.
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

func file(text string) intake.File {
	return intake.File{Name: "people.csv", ReaderAt: strings.NewReader(text), Size: int64(len(text))}
}

func from(source string) intake.Options {
	return intake.Options{Policy: "site", Source: source, By: "staff"}
}

func (h *house) dry(text string, o intake.Options) *intake.Report {
	h.t.Helper()
	r, err := h.desk.Check(bg, file(text), o)
	h.check(err)
	return r
}

func (h *house) stage(text string, o intake.Options) *intake.Report {
	h.t.Helper()
	r, err := h.desk.Stage(bg, file(text), o)
	if err != nil {
		h.t.Fatal(err, r)
	}
	return r
}

func (h *house) flip(id avow.ID) *intake.Report {
	h.t.Helper()
	r, err := h.desk.Flip(bg, id, "staff")
	h.check(err)
	return r
}

func (h *house) settle(id avow.ID) {
	h.t.Helper()
	h.check(h.desk.Settle(bg, id))
}

// bring imports a file to the end.
func (h *house) bring(text string, o intake.Options) *intake.Report {
	h.t.Helper()
	r := h.stage(text, o)
	h.flip(r.ID)
	h.settle(r.ID)
	r, err := h.desk.Report(bg, r.ID)
	h.check(err)
	return r
}

func (h *house) found(kind, value string) []vault.Found {
	h.t.Helper()
	list, err := h.reg.Find(bg, vault.Identity{Kind: kind, Value: value})
	h.check(err)
	return list
}

// one is whom an address finds, who is one.
func (h *house) one(address string) avow.ID {
	h.t.Helper()
	list := h.found(vault.Email, address)
	if len(list) != 1 {
		h.t.Fatalf("%s finds %d people", address, len(list))
	}
	return list[0].Subject
}

func (h *house) allowed(who avow.ID, purpose, data string) bool {
	h.t.Helper()
	g, _ := h.reg.Gate("site")
	r := gate.About(who, 0, h.clock())
	if why := g.Resolve(&gate.Names{Purpose: purpose, Data: []string{data}}, &r); why != gate.Undecided {
		h.t.Fatal(why)
	}
	d, err := h.reg.Decide(bg, "site", &r)
	h.check(err)
	return d.Allowed
}

// send asks for all whom an address finds: every one of them must allow it.
func (h *house) send(address, purpose string) bool {
	h.t.Helper()
	all := h.found(vault.Email, address)
	for _, f := range all {
		if !h.allowed(f.Subject, purpose, "contact.email") {
			return false
		}
	}
	return len(all) > 0
}

func (h *house) values(who avow.ID) map[string]string {
	h.t.Helper()
	out := map[string]string{}
	h.check(h.db.Read(bg, func(tx *store.Tx) error {
		list, err := h.vault.Values(tx, who)
		for _, v := range list {
			path := v.Category + "." + v.Field
			if out[path] != "" {
				out[path] += "|"
			}
			out[path] += v.Data
		}
		return err
	}))
	return out
}

// events gives the bodies of somebody's events of a type.
func (h *house) events(who avow.ID, what ledger.Type) (bodies []string) {
	h.t.Helper()
	h.check(h.db.Read(bg, func(tx *store.Tx) error {
		bodies = nil
		list, err := h.entries(tx, who)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Type == what {
				opened, err := h.ledger.Open(tx, e)
				if err != nil {
					return err
				}
				bodies = append(bodies, string(opened.Body))
			}
		}
		return nil
	}))
	return bodies
}

func (h *house) entries(tx *store.Tx, who avow.ID) (list []ledger.Entry, err error) {
	if !who.IsZero() {
		family, err := h.vault.Family(tx, who)
		if err != nil {
			return nil, err
		}
		return h.ledger.BySubject(tx, family...)
	}
	list, err = h.ledger.Read(tx, 0, 10_000)
	return slices.DeleteFunc(list, func(e ledger.Entry) bool { return !e.Subject.IsZero() }), err
}

// count counts the rows of a table.
func (h *house) count(table string) (n int) {
	h.t.Helper()
	h.check(h.db.Read(bg, func(tx *store.Tx) error { return tx.QueryRow("SELECT count(*) FROM " + table).Scan(&n) }))
	return n
}

func (h *house) letters(address string) []mail.Opened {
	h.t.Helper()
	_, err := h.out.Deliver(bg)
	h.check(err)
	list, err := h.box.List(bg, address, 100)
	h.check(err)
	return list
}

// object has the holder of an address stop something, as by an unsubscribe link.
func (h *house) object(address, purpose string) {
	h.t.Helper()
	h.check(h.reg.Stop(bg, vault.Identity{Kind: vault.Email, Value: address}, consent.Choice{Policy: "site", Purpose: purpose, Way: "unsubscribe link"}))
}

// verified has somebody who holds an address say so.
func (h *house) verified(address string) (who avow.ID) {
	h.t.Helper()
	h.check(h.db.Write(bg, func(tx *store.Tx) error {
		v, err := h.vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: address})
		if err != nil {
			return err
		}
		who = v.Subject
		if err := h.reg.Join(tx, v.Subject, v.Absorbed); err != nil {
			return err
		}
		hand, err := h.reg.In(tx, v.Subject)
		if err != nil {
			return err
		}
		return hand.Done()
	}))
	return who
}

// copyOf is the copy of their data that somebody who holds an address is given.
func (h *house) copyOf(address string) string {
	h.t.Helper()
	desk, err := rights.Open(bg, rights.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Outbox: h.out, Register: h.reg,
		Choices: func(context.Context, avow.ID) ([]rights.Choice, error) { return nil, nil }, Link: "https://quay.example/open?t=", Organisation: "Quay"})
	h.check(err)
	h.check(desk.Ask(bg, vault.Identity{Kind: vault.Email, Value: address}))
	list := h.letters(address)
	if len(list) == 0 {
		return ""
	}
	_, rest, _ := strings.Cut(list[0].Text, "https://quay.example/open?t=")
	token, _, _ := strings.Cut(rest, "\n")
	s, err := desk.Enter(bg, strings.TrimSpace(token))
	h.check(err)
	c, err := desk.See(bg, s.Token)
	h.check(err)
	var b strings.Builder
	for _, id := range c.Identities {
		b.WriteString(id.Value + "\n")
	}
	for _, category := range c.Categories {
		for _, v := range category.Values {
			b.WriteString(v.Value + "\n")
		}
	}
	for _, e := range c.History {
		b.WriteString(e.Words + "\n")
	}
	return b.String()
}

// codes lists what a report found: `3 consent.newsletter no-evidence`.
func codes(r *intake.Report) (list []string) {
	for _, f := range r.Findings {
		list = append(list, strings.Join(strings.Fields(strconv.Itoa(f.Line)+" "+f.Column+" "+string(f.Code)), " "))
	}
	return list
}
