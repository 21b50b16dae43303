package collect_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/collect/collecttest"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// house is a collection desk with all it stands on, real, and a clock the test turns.
type house struct{ *collecttest.House }

var bg = context.Background()

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(newHouse(t, c)) })
}

func newHouse(t testing.TB, c store.Config) *house {
	t.Helper()
	h := &house{collecttest.New(t, c, time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC))}
	h.Open()
	h.publish("v1.yaml")
	return h
}

// crash ends the program without a word to anybody: nothing that waits is sent.
func (h *house) crash() {
	h.TB.Helper()
	h.Close()
	h.Open()
}

func (h *house) publish(name string) *policy.Policy {
	h.TB.Helper()
	return h.Publish(filepath.Join("..", "consent", "testdata", name))
}

func newsletter(address string, consents ...string) collect.Submission {
	s := collecttest.Submission("newsletter", "contact.email", address)
	s.Consents = consents
	return s
}

func (h *house) values(who avow.ID) (list []vault.Value) {
	h.TB.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) (err error) {
		list, err = h.Vault.Values(tx, who)
		return err
	}))
	return list
}

func (h *house) events(who avow.ID, what ledger.Type) (list []ledger.Event) {
	h.TB.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
		list = nil
		family, err := h.Vault.Family(tx, who)
		if err != nil {
			return err
		}
		entries, err := h.Ledger.BySubject(tx, family...)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Type != what {
				continue
			}
			event, err := h.Ledger.Open(tx, e)
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
	h.TB.Helper()
	h.Check(h.DB.Read(bg, func(tx *store.Tx) (err error) { n, err = h.Ledger.Size(tx); return err }))
	return n
}

// link takes the token out of the newest letter.
func (h *house) link(address string) string {
	h.TB.Helper()
	list := h.Letters(address)
	if len(list) == 0 {
		h.TB.Fatal("no letter arrived")
	}
	token := collecttest.Token(list[0].Text, collecttest.ConfirmPage)
	if token == "" {
		h.TB.Fatalf("no link in the letter:\n%s", list[0].Text)
	}
	return token
}

func (h *house) decide(who avow.ID, purpose string) gate.Decision {
	h.TB.Helper()
	g, _ := h.Register.Gate("site")
	r := gate.About(who, 0, h.Clock())
	r.Act = avow.Send
	if why := g.Resolve(&gate.Names{Purpose: purpose, Data: []string{"contact.email"}}, &r); why != gate.Undecided {
		h.TB.Fatal(why)
	}
	return g.Decide(&r)
}
