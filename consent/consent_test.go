package consent_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/consent/consenttest"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// house is a register on a real database, with a clock the test turns.
type house struct {
	*consenttest.House
	t *testing.T
}

// each runs a test on every database, and demands at its end that the tables say what the events say.
func each(t *testing.T, test func(h *house)) {
	t.Helper()
	untouched(t, func(h *house) {
		test(h)
		if !h.t.Failed() {
			h.consistent()
		}
	})
}

// untouched is each without the demand.
func untouched(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := &house{consenttest.New(t, c, begin), t}
		h.Open()
		test(h)
	})
}

// consistent demands that the tables say what the events say.
func (h *house) consistent() {
	h.t.Helper()
	for _, f := range h.findings() {
		h.t.Errorf("event %d: %s", f.Index, f.What)
	}
}

func (h *house) findings() []consent.Finding {
	h.t.Helper()
	list, err := h.Register.Check(bg, nil)
	h.Check(err)
	return list
}

// restart closes the house and opens it again on the same files.
func (h *house) restart() {
	h.t.Helper()
	h.Close()
	h.Open()
}

var (
	bg    = context.Background()
	begin = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
)

func (h *house) source(name string) []byte {
	h.t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", name))
	h.Check(err)
	return src
}

func (h *house) publish(name string) *policy.Policy {
	h.t.Helper()
	return h.Publish(filepath.Join("testdata", name))
}

// person is somebody who gave their contact details under a version at a point.
func (h *house) person(address string, version int, purposes ...string) avow.ID {
	h.t.Helper()
	var who avow.ID
	h.write(func(tx *store.Tx) (err error) {
		if who, err = h.Vault.Claim(tx, email(address)); err != nil {
			return err
		}
		return h.hold(tx, who, version, purposes...)
	})
	return who
}

func (h *house) hold(tx *store.Tx, who avow.ID, version int, purposes ...string) error {
	for _, field := range []string{"email", "name", "address"} {
		if _, err := h.Vault.Put(tx, vault.Value{Subject: who, Category: "contact", Field: field, Source: "you", Point: "newsletter",
			Policy: "site", Version: version, Basis: avow.Consent, Purposes: purposes, Data: "a " + field}); err != nil {
			return err
		}
	}
	hand, err := h.Register.In(tx, who)
	if err != nil {
		return err
	}
	if _, err := hand.Append(ledger.Event{Type: ledger.Collected, Policy: "site", Version: version,
		Body: []byte(`{"fields":["contact.email","contact.name","contact.address"]}`)}); err != nil {
		return err
	}
	return hand.Done()
}

// verified is a person who has shown to hold the address.
func (h *house) verified(address string, version int, purposes ...string) avow.ID {
	h.t.Helper()
	who := h.person(address, version, purposes...)
	h.write(func(tx *store.Tx) error { return h.verify(tx, address) })
	return who
}

func (h *house) verify(tx *store.Tx, address string) error {
	v, err := h.Vault.Verify(tx, email(address))
	if err != nil {
		return err
	}
	return h.Register.Join(tx, v.Subject, v.Absorbed)
}

func (h *house) write(f func(tx *store.Tx) error) {
	h.t.Helper()
	h.Check(h.DB.Write(bg, f))
}

func (h *house) do(who avow.ID, f func(hand *consent.Hand) error) {
	h.t.Helper()
	h.Check(h.Register.Do(bg, who, f))
}

func (h *house) give(who avow.ID, purpose string) *ledger.Receipt {
	h.t.Helper()
	var r *ledger.Receipt
	h.do(who, func(hand *consent.Hand) (err error) { r, err = hand.Give(choice(purpose)); return err })
	return r
}

func (h *house) withdraw(who avow.ID, purpose string) {
	h.t.Helper()
	h.do(who, func(hand *consent.Hand) error { _, err := hand.Withdraw(choice(purpose)); return err })
}

func (h *house) object(who avow.ID, c consent.Choice) {
	h.t.Helper()
	h.do(who, func(hand *consent.Hand) error { _, err := hand.Object(c); return err })
}

func choice(purpose string) consent.Choice {
	return consent.Choice{Policy: "site", Purpose: purpose, Way: "form newsletter"}
}

func topic(name string) consent.Choice {
	return consent.Choice{Policy: "site", Topic: name, Way: "preference centre"}
}

func email(address string) vault.Identity { return vault.Identity{Kind: vault.Email, Value: address} }

// ask asks the gate, without the database.
func (h *house) ask(who avow.ID, purpose string, act avow.Act, data ...string) gate.Decision {
	h.t.Helper()
	g, ok := h.Register.Gate("site")
	if !ok {
		h.t.Fatal("there is no gate")
	}
	r := h.request(g, who, purpose, act, data...)
	return g.Decide(&r)
}

func (h *house) request(g *gate.Gate, who avow.ID, purpose string, act avow.Act, data ...string) gate.Request {
	h.t.Helper()
	r := gate.About(who, 0, h.Clock())
	r.Act = act
	if why := g.Resolve(&gate.Names{Purpose: purpose, Data: data}, &r); why != gate.Undecided {
		h.t.Fatal(why)
	}
	return r
}

func (h *house) want(who avow.ID, purpose string, allowed bool, reason gate.Reason) {
	h.t.Helper()
	if d := h.ask(who, purpose, avow.Send, "contact.email"); d.Allowed != allowed || d.Reason != reason {
		h.t.Errorf("%s: allowed %v, %v; want %v, %v", purpose, d.Allowed, d.Reason, allowed, reason)
	}
}
