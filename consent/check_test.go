package consent_test

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// byHand changes the database as an administrator does.
func (h *house) byHand(statement string, args ...any) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		n, err := tx.Exec(statement, args...)
		if err == nil && n == 0 {
			h.t.Fatalf("%s changed nothing", statement)
		}
		return err
	})
}

var editsByHand = map[string]struct {
	edit func(h *house, ann, bob avow.ID)
	says []string // of the one finding, or of each
	at   []int64  // events named, counted from that of ann's consent
}{
	"a refusal made a consent": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET state = 'given' WHERE subject = ? AND kind = 'consent' AND name = 'newsletter'`, bob)
	}, []string{"consent to newsletter (policy site): the database says given; event 8 (consent-refused"}, []int64{3}},
	"an objection ended": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET state = 'ended' WHERE subject = ? AND kind = 'topic'`, ann)
	}, []string{"objection to the topic products (policy site): the database says ended; event 6 (objected"}, []int64{1}},
	"a count": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET seq = 99 WHERE subject = ? AND kind = 'consent'`, ann)
	}, []string{"choice number 99"}, []int64{0}},
	"a purpose": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET name = 'panel' WHERE subject = ? AND kind = 'consent'`, ann)
	}, []string{"consent to newsletter (policy site): the database has no row of it", "consent to panel (policy site): the database says given"}, []int64{0, 0}},
	"a generation": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET generation = 2 WHERE subject = ? AND kind = 'consent'`, ann)
	}, []string{"no row of it", "generation 2"}, []int64{0, 0}},
	"an end": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET ends = NULL WHERE subject = ? AND kind = 'consent'`, ann)
	}, []string{"the database says without an end; event 5"}, []int64{0}},
	"a version": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET version = 2 WHERE subject = ? AND kind = 'consent'`, ann)
	}, []string{"under version 2"}, []int64{0}},
	"a time": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET at = at - 86400000000 WHERE subject = ? AND kind = 'consent'`, ann)
	}, []string{"made on 2026-01-31"}, []int64{0}},
	"the event it rests on": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET event = NULL WHERE subject = ? AND kind = 'consent'`, ann)
	}, []string{"resting on event none"}, []int64{0}},
	"whose it is": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_choices SET subject = ? WHERE subject = ? AND kind = 'topic'`, bob, ann)
	}, []string{"no row of it", "about somebody else"}, []int64{1, 1}},
	"a row taken away": {func(h *house, ann, bob avow.ID) {
		h.byHand(`DELETE FROM consent_choices WHERE subject = ? AND kind = 'topic'`, ann)
	}, []string{"objection to the topic products (policy site): the database has no row of it; event 6"}, []int64{1}},
	"everything of a person taken away": {func(h *house, ann, bob avow.ID) {
		h.byHand(`DELETE FROM consent_choices WHERE subject = ?`, bob)
		h.byHand(`DELETE FROM consent_subjects WHERE subject = ?`, bob)
	}, []string{"no row of it"}, []int64{-1, 3, 3}},
	"a row of nobody": {func(h *house, ann, bob avow.ID) {
		h.byHand(`INSERT INTO consent_choices (subject, policy, kind, name, generation, state, seq, at, version) VALUES (?, 'site', 'consent', 'offers', 1, 'given', 7, 1, 1)`, avow.NewID(h.Clock()))
	}, []string{"consent to offers (policy site): the database says given"}, []int64{-6}},
	"a row added": {func(h *house, ann, bob avow.ID) {
		h.byHand(`INSERT INTO consent_choices (subject, policy, kind, name, generation, state, seq, at, version) VALUES (?, 'site', 'consent', 'offers', 1, 'given', 7, 1, 1)`, ann)
	}, []string{"The row names no event"}, []int64{-6}},
	"a stop forgotten": {func(h *house, ann, bob avow.ID) {
		h.byHand(`DELETE FROM consent_suppressed`)
	}, []string{"objection to the topic products (policy site): event 9 says that it is remembered"}, []int64{4}},
	"a stop made up": {func(h *house, ann, bob avow.ID) {
		h.byHand(`INSERT INTO consent_suppressed (address, policy, kind, name, at) VALUES (?, 'site', 'topic', 'news', 1)`, []byte("x"))
	}, []string{"the database remembers it; no event says so"}, []int64{-6}},
	"a word of the policy changed": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE policy_versions SET source = ? WHERE number = 1`, []byte("a: promise"))
	}, []string{"version 1 of policy site: the text in the database is not the one that was published"}, []int64{-5}},
	"a policy with its hash changed": {func(h *house, ann, bob avow.ID) {
		sum := sha256.Sum256([]byte("a: promise"))
		h.byHand(`UPDATE policy_versions SET source = ?, hash = ? WHERE number = 1`, []byte("a: promise"), sum[:])
	}, []string{"the text in the database is not the one that was published"}, []int64{-5}},
	"a policy that holds from another day": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE policy_versions SET effective = 0`)
	}, []string{"the database says that it holds from 1970-01-01"}, []int64{-5}},
	"a policy published on another day": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE policy_versions SET published = 0`)
	}, []string{"the database says that it was published on 1970-01-01"}, []int64{-5}},
	"a policy taken away": {func(h *house, ann, bob avow.ID) {
		h.byHand(`DELETE FROM policy_versions`)
	}, []string{"the database does not have it any more"}, []int64{-5}},
	"a policy put in": {func(h *house, ann, bob avow.ID) {
		h.byHand(`INSERT INTO policy_versions (name, number, effective, hash, file, source, published) SELECT 'other', 1, 0, hash, file, source, 0 FROM policy_versions`)
	}, []string{"version 1 of policy other: the database has it; no event says that it was published"}, []int64{-6}},
	"a stop of another day": {func(h *house, ann, bob avow.ID) {
		h.byHand(`UPDATE consent_suppressed SET at = 1`)
	}, []string{"since 1970-01-01"}, []int64{4}},
}

// Whatever an administrator edits by hand is found, and the event that says otherwise is named.
func TestEditsByHandAreFound(t *testing.T) {
	untouched(t, func(h *house) {
		h.publish("v1.yaml")                                                                            // event 0
		ann, bob := h.verified("ann@mail.example", 1), h.verified("bob@mail.example", 1)                // 1, 2
		h.do(ann, func(x *consent.Hand) error { return x.ShowFact("site", "customer", nil) })           // 3
		h.do(bob, func(x *consent.Hand) error { return x.LivesIn("NL") })                               // 4
		h.give(ann, "newsletter")                                                                       // 5
		h.object(ann, topic("products"))                                                                // 6
		h.do(ann, func(x *consent.Hand) error { _, err := x.Restrict("letter", ""); return err })       // 7
		h.do(bob, func(x *consent.Hand) error { _, err := x.Refuse(choice("newsletter")); return err }) // 8
		h.Check(h.Register.Stop(bg, email("carl@mail.example"), topic("products")))                     // 9
		h.keepTables()
		for name, c := range editsByHand {
			h.consistent()
			c.edit(h, ann, bob)
			found := h.findings()
			if len(found) != len(c.at) {
				h.t.Errorf("%s: found %v", name, found)
			}
			for i, f := range found {
				if !saysOneOf(f.What, c.says) || i < len(c.at) && f.Index != 5+c.at[i] {
					h.t.Errorf("%s: event %d: %s", name, f.Index, f.What)
				}
				if f.Index >= 0 && h.eventAt(f.Index) != f.Event {
					h.t.Errorf("%s: event %d is not %s", name, f.Index, f.Event)
				}
			}
			h.restoreTables()
		}
	})
}

var ourTables = map[string]string{
	"consent_choices":    "subject, policy, kind, name, generation, state, seq, at, ends, version, event",
	"consent_subjects":   "subject",
	"consent_suppressed": "address, policy, kind, name, at",
	"policy_versions":    "name, number, effective, hash, file, source, published",
}

func (h *house) keepTables() {
	for table, columns := range ourTables {
		h.write(func(tx *store.Tx) error {
			_, err := tx.Exec("CREATE TABLE kept_" + table + " AS SELECT " + columns + " FROM " + table)
			return err
		})
	}
}

func (h *house) restoreTables() {
	for table, columns := range ourTables {
		h.write(func(tx *store.Tx) error {
			if _, err := tx.Exec("DELETE FROM " + table); err != nil {
				return err
			}
			_, err := tx.Exec("INSERT INTO " + table + " (" + columns + ") SELECT " + columns + " FROM kept_" + table)
			return err
		})
	}
}

func saysOneOf(text string, list []string) bool {
	for _, s := range list {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

func (h *house) eventAt(index int64) (id avow.ID) {
	h.write(func(tx *store.Tx) error {
		list, err := h.Ledger.Read(tx, index, 1)
		if err == nil && len(list) == 1 {
			id = list[0].ID
		}
		return err
	})
	return id
}

// CheckSince looks at whom something happened to.
func TestCheckSince(t *testing.T) {
	untouched(t, func(h *house) {
		h.publish("v1.yaml")
		ann, bob := h.verified("ann@mail.example", 1), h.verified("bob@mail.example", 1)
		h.give(ann, "newsletter")
		found, next, err := h.Register.CheckSince(bg, 0)
		if err != nil || len(found) != 0 || next != 4 {
			t.Fatalf("%v up to %d, %v", found, next, err)
		}
		h.give(bob, "newsletter")
		h.byHand(`UPDATE consent_choices SET seq = 7`)
		if found, next, err = h.Register.CheckSince(bg, next); err != nil || len(found) != 1 || next != 5 || found[0].Index != 4 {
			t.Errorf("%v up to %d, %v", found, next, err)
		}
		if found = h.findings(); len(found) != 2 {
			t.Errorf("the whole: %v", found)
		}
	})
}

// Nothing is left of who was erased, and nothing is missing.
func TestCheckAfterErasure(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.give(ann, "newsletter")
		h.object(ann, topic("products"))
		h.write(func(tx *store.Tx) error { _, err := h.Register.Forget(tx, ann); return err })
		h.Check(h.Vault.Shred(bg, ann))
		h.consistent()
		back := h.person("ann@mail.example", 1)
		h.do(back, func(hand *consent.Hand) error { return hand.Recall(email("ann@mail.example")) })
		h.consistent()
		h.write(func(tx *store.Tx) error { _, err := h.Vault.Verify(tx, email("ann@mail.example")); return err })
		h.do(back, func(hand *consent.Hand) error { _, err := hand.Allow(topic("products")); return err })
		h.consistent() // what was remembered is let go of, by an event
	})
}

// An event about nobody that was changed is named, and the rest is looked at all the same.
func TestChangedEventsOfNobody(t *testing.T) {
	untouched(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		h.give(ann, "newsletter")
		h.Check(h.Register.Stop(bg, email("carl@mail.example"), topic("products")))
		last := h.size() - 1
		h.byHand("UPDATE ledger_events SET sealed = commitment WHERE idx = 0 OR idx = ?", last)
		h.byHand("UPDATE consent_choices SET state = 'withdrawn' WHERE name = 'newsletter' AND kind = 'consent'")
		var at []int64
		for _, f := range h.findings() {
			at = append(at, f.Index)
		}
		if want := []int64{-1, 0, last - 1, last}; !slices.Equal(at, want) { // -1: what is remembered of Carl, which no event says now
			t.Errorf("named %v, want %v: %v", at, want, h.findings())
		}
	})
}

// Somebody is erased while they are being looked at: what is read of them is of before, and their
// key is gone. That is nobody's edit.
func TestCheckWhileErasing(t *testing.T) {
	untouched(t, func(h *house) {
		h.publish("v1.yaml")
		ann, bob := h.verified("ann@mail.example", 1), h.verified("bob@mail.example", 1)
		h.give(ann, "newsletter")
		h.give(bob, "newsletter")
		var doubts []avow.ID
		erased := make(chan error, 1)
		h.Check(h.DB.Read(bg, func(tx *store.Tx) (err error) {
			if doubts, err = h.Register.Doubts(tx, ann, bob); err != nil || len(doubts) > 0 {
				return err
			}
			h.write(func(tx *store.Tx) error { _, err := h.Register.Forget(tx, ann); return err })
			go func() { erased <- h.Vault.Shred(bg, ann) }() // it ends when no read of before is open
			for len(doubts) == 0 && err == nil {
				doubts, err = h.Register.Doubts(tx, ann, bob)
			}
			return err
		}))
		h.Check(<-erased)
		if !slices.Equal(doubts, []avow.ID{ann}) {
			t.Fatalf("in doubt: %v, and Ann is %s", doubts, ann)
		}
		if found, err := h.Register.CheckAgain(bg, doubts); err != nil || len(found) > 0 {
			t.Errorf("found %v: %v", found, err)
		}
		h.byHand("UPDATE consent_choices SET state = 'withdrawn' WHERE name = 'newsletter' AND kind = 'consent'")
		if found, err := h.Register.CheckAgain(bg, []avow.ID{ann, bob}); err != nil || len(found) != 1 {
			t.Errorf("an edit by hand: found %v: %v", found, err)
		}
	})
}

// A database of the version before has rows that no event says; they are put into
// events once, and an edit after that is found.
func TestCheckAfterAnUpgrade(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann, bob := h.verified("ann@mail.example", 1), h.verified("bob@mail.example", 1)
		h.give(bob, "newsletter")
		h.byHand(`INSERT INTO consent_choices (subject, policy, kind, name, generation, state, seq, at, version) VALUES (?, '', 'region', 'NL', 0, 'set', 1, 5, 0)`, ann)
		h.byHand(`INSERT INTO consent_choices (subject, policy, kind, name, generation, state, seq, at, version) VALUES (?, 'site', 'fact', 'customer', 0, 'set', 2, 5, 1)`, ann)
		h.byHand(`INSERT INTO consent_suppressed (address, policy, kind, name, at) VALUES (?, 'site', 'topic', 'news', 5)`, []byte("x"))
		h.byHand(`INSERT INTO consent_uncarried SELECT DISTINCT subject FROM consent_choices`)
		h.byHand(`INSERT INTO consent_suppressed_uncarried SELECT DISTINCT address FROM consent_suppressed`)
		before := h.size()
		h.consistent()
		if n := h.size() - before; n != 2 { // ann's choices, and the address
			t.Errorf("%d events say what had none", n)
		}
		h.give(ann, "newsletter")
		h.consistent()
		h.byHand(`UPDATE consent_choices SET name = 'US' WHERE subject = ? AND kind = 'region'`, ann)
		if found := h.findings(); len(found) != 2 || found[1].Index != before {
			t.Errorf("%v", found)
		}
		h.Check(h.Register.Accept(bg))
		h.consistent()
	})
}

func (h *house) size() (n int64) {
	h.write(func(tx *store.Tx) (err error) { n, err = h.Ledger.Size(tx); return err })
	return n
}

// merge joins two people on the word of staff.
func (h *house) merge(into, old avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		why, err := h.Ledger.Append(tx, ledger.Event{Type: ledger.Joined, Subject: into, Body: []byte(`{"by":"staff"}`)})
		if err != nil {
			return err
		}
		v, err := h.Vault.Merge(tx, into, old, why.ID)
		if err != nil {
			return err
		}
		for _, id := range v.Absorbed {
			if err := h.Register.Merge(tx, v.Subject, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (h *house) split(into, old avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		if _, err := h.Vault.Unmerge(tx, old); err != nil {
			return err
		}
		return h.Register.Split(tx, into, old)
	})
}

// A merger by staff adds up what stops and keeps what both have given; undone, each has their own again.
func TestMergeAndSplit(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann, anna := h.verified("ann@mail.example", 1), h.verified("anna@mail.example", 1)
		for _, who := range []avow.ID{ann, anna} {
			h.do(who, func(x *consent.Hand) error { return x.ShowFact("site", "customer", nil) })
			h.give(who, "newsletter")
		}
		h.give(ann, "panel")
		h.object(anna, topic("products"))
		h.give(ann, "offers")
		h.merge(ann, anna)
		h.consistent()
		h.want(ann, "newsletter", true, gate.ByReason) // both gave it
		h.want(ann, "panel", false, gate.NoConsent)    // one did
		h.want(ann, "offers", false, gate.Objected)    // one stopped it
		h.want(anna, "newsletter", false, gate.NotCached)
		h.do(ann, func(hand *consent.Hand) error {
			if list := hand.Unconfirmed(); len(list) != 2 {
				t.Errorf("%d consents of one of the two wait, not 2", len(list))
			}
			return nil
		})
		h.object(ann, choice("debts")) // while they are one
		h.do(ann, func(x *consent.Hand) error { _, err := x.Confirm(choice("panel")); return err })
		h.want(ann, "panel", true, gate.ByReason)
		h.split(ann, anna)
		h.consistent()
		h.want(ann, "panel", true, gate.ByReason)
		h.want(ann, "offers", true, gate.ByReason)
		h.want(ann, "debts", false, gate.Objected)
		h.want(anna, "newsletter", true, gate.ByReason)
		h.want(anna, "panel", false, gate.NoConsent)
		h.want(anna, "offers", false, gate.Objected)
		h.want(anna, "debts", false, gate.Objected)
		h.restart()
		_, err := h.Register.Load(bg)
		h.Check(err)
		h.want(ann, "panel", true, gate.ByReason)
		h.want(anna, "debts", false, gate.Objected)
	})
}

// A consent that one of two took back while they were one is taken back for both.
func TestWithdrawalWhileMerged(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann, anna := h.verified("ann@mail.example", 1), h.verified("anna@mail.example", 1)
		h.give(ann, "newsletter")
		h.give(anna, "newsletter")
		h.merge(ann, anna)
		h.withdraw(ann, "newsletter")
		h.split(ann, anna)
		h.want(ann, "newsletter", false, gate.Objected)
		h.want(anna, "newsletter", false, gate.Objected)
		h.give(anna, "newsletter")
		h.want(anna, "newsletter", true, gate.ByReason)
		h.want(ann, "newsletter", false, gate.Objected)
	})
}

// Mergers are undone in the order they were made in, the last one first; and not twice.
func TestSplitInOrder(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann, anna, nan := h.verified("ann@mail.example", 1), h.verified("anna@mail.example", 1), h.verified("nan@mail.example", 1)
		h.give(nan, "panel")
		h.give(ann, "panel")
		h.give(anna, "panel")
		h.merge(ann, anna)
		h.merge(ann, nan)
		err := h.DB.Write(bg, func(tx *store.Tx) error { return h.Register.Split(tx, ann, anna) })
		if avow.KindOf(err) != avow.Conflict {
			t.Errorf("the earlier one first: %v", err)
		}
		h.split(ann, nan)
		h.split(ann, anna)
		for _, who := range []avow.ID{ann, anna, nan} {
			h.want(who, "panel", true, gate.ByReason)
		}
		if err := h.DB.Write(bg, func(tx *store.Tx) error { return h.Register.Split(tx, ann, anna) }); avow.KindOf(err) != avow.NotFound {
			t.Errorf("twice: %v", err)
		}
	})
}
