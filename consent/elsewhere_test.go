package consent_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// elsewhere is a choice made in another system.
func elsewhere(c consent.Choice, since time.Time) consent.Choice {
	c.Since, c.Evidence = since, "export of the old list, line 7"
	return c
}

// A consent given elsewhere is as old as it is, and says what shows it.
func TestConsentGivenElsewhere(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		since := h.Clock().AddDate(-1, 0, 0)
		var receipt *ledger.Receipt
		h.do(ann, func(hand *consent.Hand) (err error) {
			receipt, err = hand.Give(elsewhere(choice("newsletter"), since))
			return err
		})
		var record struct {
			Since    time.Time `json:"since"`
			Evidence string    `json:"evidence"`
			Until    string    `json:"validityDuration"`
		}
		h.Check(json.Unmarshal(receipt.Consent, &record))
		if !record.Since.Equal(since) || record.Evidence != "export of the old list, line 7" || record.Until != "2027-02-01" {
			t.Errorf("the receipt says %+v", record)
		}
		prefs, err := h.Register.State(bg, ann)
		h.Check(err)
		if c := consentOf(prefs[0], "newsletter"); !c.Since.Equal(since) || !c.Until.Equal(since.AddDate(2, 0, 0)) {
			t.Errorf("the preference centre says %+v", c)
		}
		h.want(ann, "newsletter", true, gate.ByReason)
		h.Pass(366 * 24 * time.Hour) // two years after it was given
		st, err := h.Register.Refresh(bg, "site", ann)
		h.Check(err)
		if st.Consents != 0 {
			t.Error("its two years are counted from the import")
		}
	})
}

// What is brought here later was not said later.
func TestConsentFromElsewhereLiftsNoLaterObjection(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.object(ann, topic("news"))
		h.do(ann, func(hand *consent.Hand) error {
			_, err := hand.Give(elsewhere(choice("newsletter"), h.Clock().AddDate(-1, 0, 0)))
			return err
		})
		h.want(ann, "newsletter", false, gate.Objected)
		h.give(ann, "newsletter")
		h.want(ann, "newsletter", true, gate.ByReason)
		bob := h.verified("bob@mail.example", 1) // an objection older than the consent, both from elsewhere
		h.do(bob, func(hand *consent.Hand) error {
			if _, err := hand.Object(elsewhere(topic("news"), h.Clock().AddDate(-3, 0, 0))); err != nil {
				return err
			}
			_, err := hand.Give(elsewhere(choice("newsletter"), h.Clock().AddDate(-1, 0, 0)))
			return err
		})
		h.want(bob, "newsletter", true, gate.ByReason)
	})
}

func TestChoicesElsewhereAreBounded(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.person("ann@mail.example", 1)
		long := choice("newsletter")
		long.Evidence = strings.Repeat("x", 1001)
		for _, c := range []consent.Choice{long, elsewhere(choice("newsletter"), h.Clock().Add(time.Second))} {
			for what, act := range map[string]func(*consent.Hand) (*ledger.Receipt, error){
				"Give":     func(x *consent.Hand) (*ledger.Receipt, error) { return x.Give(c) },
				"Confirm":  func(x *consent.Hand) (*ledger.Receipt, error) { return x.Confirm(c) },
				"Withdraw": func(x *consent.Hand) (*ledger.Receipt, error) { return x.Withdraw(c) },
				"Object":   func(x *consent.Hand) (*ledger.Receipt, error) { return x.Object(c) },
			} {
				if err := h.Register.Do(bg, ann, func(hand *consent.Hand) error { _, err := act(hand); return err }); avow.KindOf(err) != avow.Invalid {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
	})
}

// People of an import say what they said elsewhere before anything finds them, many
// in one transaction; it holds from the moment the import is flipped.
func TestStagedPeople(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		imp := avow.NewID(h.Clock())
		var people []avow.ID
		h.write(func(tx *store.Tx) (err error) {
			var list []vault.Person
			for i := range 50 {
				id := email(string(rune('a'+i%26)) + strings.Repeat("x", i) + "@mail.example")
				id.Verified = i%2 == 0
				list = append(list, vault.Person{Identities: []vault.Identity{id}, Values: []vault.Value{{Category: "contact", Field: "email",
					Source: "you", Point: "import", Policy: "site", Version: 1, Basis: avow.Consent, Purposes: []string{"newsletter"}, Data: id.Value}}})
			}
			if people, err = h.Vault.StageAll(tx, imp, list); err != nil {
				return err
			}
			for _, who := range people {
				hand, err := h.Register.In(tx, who)
				if err != nil {
					return err
				}
				if _, err := hand.Give(elsewhere(choice("newsletter"), h.Clock().AddDate(-1, 0, 0))); err != nil {
					return err
				}
				if err := hand.Done(); err != nil {
					return err
				}
			}
			return nil
		})
		if g, _ := h.Register.Gate("site"); g.Len() != 0 {
			t.Errorf("the gate knows %d people before the import is flipped", g.Len())
		}
		h.want(people[0], "newsletter", false, gate.NotCached)
		h.write(func(tx *store.Tx) error { return h.Vault.Flip(tx, imp) })
		g, _ := h.Register.Gate("site")
		for i, who := range people {
			r := h.request(g, who, "newsletter", avow.Send, "contact.email")
			d, err := h.Register.Decide(bg, "site", &r)
			h.Check(err)
			if d.Allowed != (i%2 == 0) {
				t.Errorf("person %d: allowed %v, %v", i, d.Allowed, d.Reason)
			}
		}
	})
}
