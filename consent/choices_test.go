package consent_test

import (
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// What was acknowledged is true in the gate, at once.
func TestGiveAndWithdraw(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1, "newsletter")
		h.want(ann, "newsletter", false, gate.NoConsent)
		h.give(ann, "newsletter")
		h.want(ann, "newsletter", true, gate.ByReason)
		h.withdraw(ann, "newsletter")
		h.want(ann, "newsletter", false, gate.Objected)
		h.give(ann, "newsletter")
		h.want(ann, "newsletter", true, gate.ByReason)
	})
}

func TestUnconfirmedConsentDoesNotCount(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.person("ann@mail.example", 1, "newsletter")
		h.give(ann, "newsletter")
		h.want(ann, "newsletter", false, gate.NoConsent)
		h.give(ann, "panel") // one act is enough for this one, says the policy
		h.want(ann, "panel", true, gate.ByReason)
		h.do(ann, func(hand *consent.Hand) error {
			if n := len(hand.Unconfirmed()); n != 1 {
				t.Errorf("%d consents wait, not 1", n)
			}
			_, err := hand.Confirm(choice("newsletter"))
			return err
		})
		h.want(ann, "newsletter", true, gate.ByReason)
	})
}

// An objection counts whoever brings it, and consent that waits does not lift it.
func TestObjectionCountsUnverified(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.person("ann@mail.example", 1)
		h.do(ann, func(hand *consent.Hand) error { return hand.ShowFact("site", "customer", nil) })
		h.want(ann, "offers", true, gate.ByReason)
		h.object(ann, topic("products"))
		h.want(ann, "offers", false, gate.Objected)
		h.give(ann, "offers")
		h.want(ann, "offers", false, gate.Objected)
		h.do(ann, func(hand *consent.Hand) error { _, err := hand.Allow(topic("products")); return err })
		h.want(ann, "offers", true, gate.ByReason)
	})
}

func TestObjectionIsWeighed(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.person("ann@mail.example", 1)
		h.want(ann, "debts", true, gate.ByReason)
		h.object(ann, choice("debts"))
		h.want(ann, "debts", false, gate.Objected)
		override := func(purpose, reason string) error {
			return h.Register.Do(bg, ann, func(hand *consent.Hand) error {
				_, err := hand.Override(choice(purpose), reason)
				return err
			})
		}
		if err := override("debts", "  "); avow.KindOf(err) != avow.Invalid {
			t.Errorf("an override without a reason: %v", err)
		}
		h.Check(override("debts", "The claim is before the court."))
		h.want(ann, "debts", true, gate.ByReason)
		if err := override("debts", "Again."); avow.KindOf(err) != avow.Conflict {
			t.Errorf("an override of nothing: %v", err)
		}
		h.object(ann, choice("offers"))
		if err := override("offers", "We like our offers."); avow.KindOf(err) != avow.Refused {
			t.Errorf("direct marketing was overridden: %v", err)
		}
		h.object(ann, choice("answer"))
		if err := override("answer", "We like to answer."); avow.KindOf(err) != avow.Refused {
			t.Errorf("what an objection stops was overridden: %v", err)
		}
		h.want(ann, "answer", false, gate.Objected)
	})
}

func TestRestriction(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.person("ann@mail.example", 1)
		h.want(ann, "answer", true, gate.ByReason)
		h.do(ann, func(hand *consent.Hand) error { _, err := hand.Restrict("letter", "staff"); return err })
		h.want(ann, "answer", false, gate.UnderRestriction)
		h.do(ann, func(hand *consent.Hand) error {
			_, err := hand.Unrestrict("letter", "staff", "It was cleared up.")
			return err
		})
		h.want(ann, "answer", true, gate.ByReason)
	})
}

func TestOnce(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		fred := h.person("fred@mail.example", 1)
		once := func(purpose string) error {
			return h.Register.Do(bg, fred, func(hand *consent.Hand) error { _, err := hand.UseOnce(choice(purpose)); return err })
		}
		h.Check(once("refer"))
		if err := once("refer"); avow.KindOf(err) != avow.Conflict {
			t.Errorf("done twice: %v", err)
		}
		if err := once("answer"); avow.KindOf(err) != avow.Refused {
			t.Errorf("a purpose without once: %v", err)
		}
		if d := h.ask(fred, "refer", avow.Send, "contact.email"); d.Allowed {
			t.Error("the gate lets it be done again")
		}
	})
}

func TestConsentRunsOut(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.give(ann, "newsletter")
		h.Pass(2*365*24*time.Hour - time.Hour)
		h.want(ann, "newsletter", true, gate.ByReason)
		h.Pass(25 * time.Hour)
		h.want(ann, "newsletter", false, gate.Stale)
		st, err := h.Register.Refresh(bg, "site", ann)
		h.Check(err)
		if st.Consents != 0 {
			t.Error("a consent that ran out counts")
		}
		h.want(ann, "newsletter", false, gate.NoConsent)
	})
}

func TestWhatCannotBeSaid(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.person("ann@mail.example", 1)
		for name, c := range map[string]struct {
			act  func(*consent.Hand) (*ledger.Receipt, error)
			want avow.ErrorKind
		}{
			"consent where none is asked": {func(x *consent.Hand) (*ledger.Receipt, error) { return x.Give(choice("answer")) }, avow.Refused},
			"consent to nothing":          {func(x *consent.Hand) (*ledger.Receipt, error) { return x.Give(choice("shoes")) }, avow.Invalid},
			"an unknown policy": {func(x *consent.Hand) (*ledger.Receipt, error) {
				return x.Give(consent.Choice{Policy: "x", Purpose: "y"})
			}, avow.NotFound},
			"an unknown version": {func(x *consent.Hand) (*ledger.Receipt, error) {
				return x.Give(consent.Choice{Policy: "site", Version: 9, Purpose: "panel"})
			}, avow.NotFound},
			"an objection to nothing": {func(x *consent.Hand) (*ledger.Receipt, error) { return x.Object(consent.Choice{Policy: "site"}) }, avow.Invalid},
			"an objection to both": {func(x *consent.Hand) (*ledger.Receipt, error) {
				return x.Object(consent.Choice{Policy: "site", Purpose: "answer", Topic: "news"})
			}, avow.Invalid},
			"an unknown topic":           {func(x *consent.Hand) (*ledger.Receipt, error) { return x.Object(topic("shoes")) }, avow.Invalid},
			"an objection to a contract": {func(x *consent.Hand) (*ledger.Receipt, error) { return x.Object(choice("payments")) }, avow.Refused},
			"a withdrawal of no consent": {func(x *consent.Hand) (*ledger.Receipt, error) { return x.Withdraw(choice("answer")) }, avow.Refused},
		} {
			err := h.Register.Do(bg, ann, func(hand *consent.Hand) error { _, err := c.act(hand); return err })
			if avow.KindOf(err) != c.want {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		if err := h.Register.Do(bg, avow.NewID(h.Clock()), func(*consent.Hand) error { return nil }); avow.KindOf(err) != avow.NotFound {
			t.Errorf("a person who is not there: %v", err)
		}
	})
}

// Nothing is said by a transaction that failed, neither in the tables nor in the gate.
func TestFailedTransactionSaysNothing(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.give(ann, "newsletter")
		err := h.DB.Write(bg, func(tx *store.Tx) error {
			hand, err := h.Register.In(tx, ann)
			if err != nil {
				return err
			}
			if _, err := hand.Withdraw(choice("newsletter")); err != nil {
				return err
			}
			if err := hand.Done(); err != nil {
				return err
			}
			return avow.Errorf(avow.Refused, "no after all")
		})
		if avow.KindOf(err) != avow.Refused {
			t.Fatal(err)
		}
		h.want(ann, "newsletter", true, gate.ByReason)
		_, err = h.Register.Refresh(bg, "site", ann)
		h.Check(err)
		h.want(ann, "newsletter", true, gate.ByReason)
	})
}

// A receipt can be checked without us and says what the standard makes mandatory.
func TestReceipt(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.do(ann, func(hand *consent.Hand) error { return hand.LivesIn("NL") })
		r := h.give(ann, "newsletter")
		h.Check(r.Check())
		var rec ledger.ConsentRecord
		h.Check(unmarshal(r.Consent, &rec))
		u := rec.Purposes[0]
		for what, got := range map[string]string{
			"notice": rec.Notice, "language": rec.Language, "purpose": u.Purpose, "basis": u.Basis, "retention": u.Retention,
			"controller": rec.Controllers[0].Name, "address": rec.Controllers[0].Address, "contact": rec.Controllers[0].Contact, "party": rec.Controllers[0].ID,
			"type": rec.Controllers[0].Type, "storage": rec.Storage[0], "jurisdiction": rec.Jurisdiction, "withdrawal": rec.Withdrawal, "validity": rec.Until, "entity": rec.By, "state": rec.State,
		} {
			if got == "" {
				t.Errorf("the receipt leaves out the %s", what)
			}
		}
		if rec.Controllers[0].Name != "Quay B.V." || rec.Jurisdiction != "the Netherlands" {
			t.Errorf("somebody in the Netherlands deals with %s under the law of %s", rec.Controllers[0].Name, rec.Jurisdiction)
		}
		if rec.Shown != "Yes, send me the newsletter." || rec.Until != "2028-02-01" || len(rec.Recipients) != 1 || rec.Recipients[0] == "" || len(u.Data) != 2 {
			t.Errorf("the record: %+v", rec)
		}
		r.Document += " "
		if r.Check() == nil {
			t.Error("a changed receipt passes")
		}
	})
}
