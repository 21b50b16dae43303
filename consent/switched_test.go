package consent_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// told is what the latest event of those that are told says.
func (h *house) told() (s consent.Switched, err error) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		entries, wrong := h.Ledger.Read(tx, 0, 1000)
		h.Check(wrong)
		for _, e := range slices.Backward(entries) {
			if slices.Contains(consent.Tells(), e.Type) {
				s, err = h.Register.Switched(tx, e)
				return nil
			}
		}
		return avow.Errorf(avow.Internal, "there is no such event")
	})
	return s, err
}

// TestSwitched: an event tells what it is about, and what stands by now: consents that lift an objection are reckoned with.
func TestSwitched(t *testing.T) {
	untouched(t, func(h *house) { // at the end somebody is shredded by hand
		h.publish("v1.yaml")
		who := h.verified("ann@mail.example", 1)
		for i, c := range []struct {
			do     func(*consent.Hand) (*ledger.Receipt, error)
			about  string
			stands string
		}{
			{func(h *consent.Hand) (*ledger.Receipt, error) {
				return h.Object(consent.Choice{Policy: "site", Purpose: "debts", Way: "privacy centre"})
			}, "stops debts, privacy centre", "debts"},
			{func(h *consent.Hand) (*ledger.Receipt, error) {
				return h.Object(consent.Choice{Policy: "site", Topic: "products", Way: "by post", By: "token x"})
			}, "stops products, by post token x", "debts offers/products!"},
			{func(h *consent.Hand) (*ledger.Receipt, error) {
				return h.Withdraw(consent.Choice{Policy: "site", Purpose: "newsletter", Way: "privacy centre"})
			}, "stops newsletter, privacy centre", "debts newsletter/news! offers/products!"},
			{func(h *consent.Hand) (*ledger.Receipt, error) {
				return h.Give(consent.Choice{Policy: "site", Purpose: "newsletter", Way: "form"})
			}, "allows newsletter, form", "debts offers/products!"},
			{func(h *consent.Hand) (*ledger.Receipt, error) {
				return h.Allow(consent.Choice{Policy: "site", Purpose: "debts", Way: "privacy centre"})
			}, "allows debts, privacy centre", "offers/products!"},
			{func(h *consent.Hand) (*ledger.Receipt, error) {
				return h.Allow(consent.Choice{Policy: "site", Topic: "products", Way: "privacy centre"})
			}, "allows products, privacy centre", ""},
		} {
			h.Check(h.Register.Do(bg, who, func(hand *consent.Hand) error { _, err := c.do(hand); return err }))
			s, err := h.told()
			h.Check(err)
			about := strings.TrimSpace(fmt.Sprintf("%s %s%s, %s %s", map[bool]string{true: "stops", false: "allows"}[s.Stops], s.Purpose, s.Topic, s.Way, s.By))
			var stands []string
			for _, x := range s.Stands {
				text := x.Purpose
				if x.Topic != "" {
					text += "/" + x.Topic
				}
				if x.Marketing {
					text += "!"
				}
				stands = append(stands, text)
			}
			slices.Sort(stands)
			if s.Subject != who || about != c.about || strings.Join(stands, " ") != c.stands {
				t.Errorf("%d: it %s; there stand %q", i, about, stands)
			}
		}
		h.Check(h.Register.Stop(bg, email("nobody@mail.example"), consent.Choice{Policy: "site", Topic: "news", Way: "by post"}))
		if _, err := h.told(); avow.KindOf(err) != avow.NotFound {
			t.Errorf("of an address that nobody here has: %v", err)
		}
		h.Check(h.Register.Do(bg, who, func(hand *consent.Hand) error {
			_, err := hand.Object(consent.Choice{Policy: "site", Purpose: "debts"})
			return err
		}))
		h.Check(h.Vault.Shred(bg, who))
		if _, err := h.told(); avow.KindOf(err) != avow.NotFound {
			t.Errorf("of somebody erased: %v", err)
		}
	})
}
