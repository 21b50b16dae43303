package intake_test

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/collect/intake"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/consent/consenttest"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// house is an import desk with all it stands on, real, and a clock the test turns.
type house struct {
	*collecttest.House
	desk *intake.Desk
}

const (
	ann    = "ann@mail.example"
	bob    = "bob@mail.example"
	ground = "We asked on the form of the old shop"
)

var (
	bg    = context.Background()
	begin = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
)

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(t, newHouse(t, c)) })
}

func newHouse(t testing.TB, c store.Config) *house {
	t.Helper()
	h := &house{House: collecttest.New(t, c, begin)}
	h.open()
	h.Publish(filepath.Join("testdata", "v1.yaml"))
	return h
}

func (h *house) open() {
	h.TB.Helper()
	h.Open()
	var err error
	h.desk, err = intake.Open(bg, intake.Config{DB: h.DB, Vault: h.Vault, Ledger: h.Ledger, Consent: h.Register, Outbox: h.Out, Base: consenttest.Base})
	h.Check(err)
}

// restart ends the program and starts it again on what is on the disk.
func (h *house) restart() {
	h.TB.Helper()
	h.Close()
	h.open()
}

func file(text string) intake.File {
	return intake.File{Name: "people.csv", ReaderAt: strings.NewReader(text), Size: int64(len(text))}
}

func from(source string) intake.Options {
	return intake.Options{Policy: "site", Source: source, By: "staff"}
}

func (h *house) dry(text string, o intake.Options) *intake.Report {
	h.TB.Helper()
	r, err := h.desk.Check(bg, file(text), o)
	h.Check(err)
	return r
}

func (h *house) stage(text string, o intake.Options) *intake.Report {
	h.TB.Helper()
	r, err := h.desk.Stage(bg, file(text), o)
	if err != nil {
		h.TB.Fatal(err, r)
	}
	return r
}

func (h *house) flip(id avow.ID) *intake.Report {
	h.TB.Helper()
	r, err := h.desk.Flip(bg, id, "staff")
	h.Check(err)
	return r
}

func (h *house) settle(id avow.ID) {
	h.TB.Helper()
	h.Check(h.desk.Settle(bg, id))
}

// bring imports a file to the end.
func (h *house) bring(text string, o intake.Options) *intake.Report {
	h.TB.Helper()
	r := h.stage(text, o)
	h.flip(r.ID)
	h.settle(r.ID)
	r, err := h.desk.Report(bg, r.ID)
	h.Check(err)
	return r
}

func (h *house) found(kind, value string) []vault.Found {
	h.TB.Helper()
	list, err := h.Register.Find(bg, vault.Identity{Kind: kind, Value: value})
	h.Check(err)
	return list
}

// one is whom an address finds, who is one.
func (h *house) one(address string) avow.ID {
	h.TB.Helper()
	list := h.found(vault.Email, address)
	if len(list) != 1 {
		h.TB.Fatalf("%s finds %d people", address, len(list))
	}
	return list[0].Subject
}

func (h *house) allowed(who avow.ID, purpose, data string) bool {
	h.TB.Helper()
	g, _ := h.Register.Gate("site")
	r := gate.About(who, 0, h.Clock())
	if why := g.Resolve(&gate.Names{Purpose: purpose, Data: []string{data}}, &r); why != gate.Undecided {
		h.TB.Fatal(why)
	}
	d, err := h.Register.Decide(bg, "site", &r)
	h.Check(err)
	return d.Allowed
}

// send asks for all whom an address finds: every one of them must allow it.
func (h *house) send(address, purpose string) bool {
	h.TB.Helper()
	all := h.found(vault.Email, address)
	for _, f := range all {
		if !h.allowed(f.Subject, purpose, "contact.email") {
			return false
		}
	}
	return len(all) > 0
}

func (h *house) values(who avow.ID) map[string]string {
	h.TB.Helper()
	out := map[string]string{}
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		list, err := h.Vault.Values(tx, who)
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
	h.TB.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		bodies = nil
		list, err := h.entries(tx, who)
		if err != nil {
			return err
		}
		for _, e := range list {
			if e.Type == what {
				opened, err := h.Ledger.Open(tx, e)
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
		family, err := h.Vault.Family(tx, who)
		if err != nil {
			return nil, err
		}
		return h.Ledger.BySubject(tx, family...)
	}
	list, err = h.Ledger.Read(tx, 0, 10_000)
	return slices.DeleteFunc(list, func(e ledger.Entry) bool { return !e.Subject.IsZero() }), err
}

// count counts the rows of a table.
func (h *house) count(table string) (n int) {
	h.TB.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error { return tx.QueryRow("SELECT count(*) FROM " + table).Scan(&n) }))
	return n
}

// object has the holder of an address stop something, as by an unsubscribe link.
func (h *house) object(address, purpose string) {
	h.TB.Helper()
	h.Check(h.Register.Stop(bg, vault.Identity{Kind: vault.Email, Value: address}, consent.Choice{Policy: "site", Purpose: purpose, Way: "unsubscribe link"}))
}

// verified has somebody who holds an address say so.
func (h *house) verified(address string) (who avow.ID) {
	h.TB.Helper()
	h.Check(h.DB.Write(bg, func(tx *store.Tx) error {
		v, err := h.Vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: address})
		if err != nil {
			return err
		}
		who = v.Subject
		if err := h.Register.Join(tx, v.Subject, v.Absorbed); err != nil {
			return err
		}
		hand, err := h.Register.In(tx, v.Subject)
		if err != nil {
			return err
		}
		return hand.Done()
	}))
	return who
}

// copyOf is the copy of their data that somebody who holds an address is given.
func (h *house) copyOf(address string) string {
	h.TB.Helper()
	desk, err := rights.Open(bg, rights.Config{DB: h.DB, Vault: h.Vault, Ledger: h.Ledger, Outbox: h.Out, Register: h.Register,
		Choices: func(context.Context, avow.ID) ([]rights.Choice, error) { return nil, nil }, Link: "https://quay.example/open?t=", Organisation: "Quay"})
	h.Check(err)
	h.Check(desk.Ask(bg, vault.Identity{Kind: vault.Email, Value: address}))
	list := h.Letters(address)
	if len(list) == 0 {
		return ""
	}
	s, err := desk.Enter(bg, collecttest.Token(list[0].Text, "https://quay.example/open?t="))
	h.Check(err)
	c, err := desk.See(bg, s.Token)
	h.Check(err)
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
