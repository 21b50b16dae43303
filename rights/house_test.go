package rights_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// house is a rights desk with all it stands on, real, and a clock the test turns.
type house struct {
	*collecttest.House
	t    *testing.T
	desk *rights.Desk
}

const (
	ann      = "ann@mail.example"
	bob      = "bob@mail.example"
	openPage = "https://quay.example/privacy/open?t="

	addressPage = "https://quay.example/privacy/address?t="
)

var bg = context.Background()

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(newHouse(t, c)) })
}

func newHouse(t *testing.T, c store.Config) *house {
	t.Helper()
	h := &house{House: collecttest.New(t, c, time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)), t: t}
	h.open()
	h.Publish(filepath.Join("..", "consent", "testdata", "v1.yaml"))
	return h
}

func (h *house) open() {
	h.t.Helper()
	h.Open()
	var err error
	h.desk, err = rights.Open(bg, rights.Config{DB: h.DB, Vault: h.Vault, Ledger: h.Ledger, Outbox: h.Out, Register: h.Register, Choices: h.choices, Link: openPage, AddressLink: addressPage, Organisation: "Quay"})
	h.Check(err)
}

// choices is how the door wires the two rooms.
func (h *house) choices(ctx context.Context, subject avow.ID) ([]rights.Choice, error) {
	list := []rights.Choice{}
	all, err := h.Register.State(ctx, subject)
	for _, p := range all {
		for _, c := range p.Consents {
			list = append(list, rights.Choice{Policy: p.Policy, What: "consent", Name: c.Purpose, Title: c.Title, State: c.State, Since: c.Since})
		}
	}
	return list, err
}

func (h *house) restart() {
	h.t.Helper()
	h.Close()
	h.open()
}

// submit gives fields at a point, with consents ticked.
func (h *house) submit(point string, consents []string, fields ...string) {
	h.t.Helper()
	s := collecttest.Submission(point, fields...)
	s.Consents = consents
	h.Submit(s)
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
	h.Pass(time.Second) // so that letters have an order
	return h.Letters(address)
}

// ask asks for a link and gives its token; empty when no letter with one came.
func (h *house) ask(address string) string {
	h.t.Helper()
	before := h.letters(address) // what waits arrives first
	h.Pass(time.Second)
	h.Check(h.desk.Ask(bg, vault.Identity{Kind: vault.Email, Value: address}))
	list := h.letters(address)
	if len(list) == len(before) {
		return ""
	}
	return collecttest.Token(list[0].Text, openPage)
}

func (h *house) enter(address string) string {
	h.t.Helper()
	s, err := h.desk.Enter(bg, h.ask(address))
	h.Check(err)
	return s.Token
}

func (h *house) see(session string) rights.Record {
	h.t.Helper()
	rec, err := h.desk.See(bg, session)
	h.Check(err)
	return rec
}

func (h *house) decide(who avow.ID, purpose, data string) gate.Decision {
	h.t.Helper()
	return h.decideUnder("site", who, purpose, data)
}

func (h *house) decideUnder(policy string, who avow.ID, purpose, data string) gate.Decision {
	h.t.Helper()
	g, _ := h.Register.Gate(policy)
	r := gate.About(who, 0, h.Clock())
	if why := g.Resolve(&gate.Names{Purpose: purpose, Data: []string{data}}, &r); why != gate.Undecided {
		h.t.Fatal(why)
	}
	return g.Decide(&r)
}
