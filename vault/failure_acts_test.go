package vault_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// act is something the vault does, as a caller does it who may have to do it again.
type act struct {
	name   string
	before func(h *house)
	do     func(h *house) error // as often as somebody likes: it comes to the same
	want   string               // what the three addresses find afterwards
	holds  func(h *house)       // beside what always holds
	mends  bool                 // before it, rows are there of somebody who was erased
}

var (
	ann, home, bob = email("ann@example.com"), email("ann@home.example"), email("bob@example.com")
	also           = email("also@example.com")
)

// in is an act of one transaction.
func in(f func(h *house, tx *store.Tx) error) func(h *house) error {
	return func(h *house) error {
		return h.db.Write(context.Background(), func(tx *store.Tx) error { return f(h, tx) })
	}
}

// until is an act of as many steps as it takes.
func until(step func(h *house) (bool, error)) func(h *house) error {
	return func(h *house) error {
		for {
			if more, err := step(h); err != nil || !more {
				return err
			}
		}
	}
}

// of is an act on whom an address finds first; on nobody it is nothing.
func of(id vault.Identity, f func(h *house, tx *store.Tx, subject avow.ID) error) func(h *house) error {
	return in(func(h *house, tx *store.Tx) error {
		found, err := h.Find(tx, id)
		if err != nil || len(found) == 0 {
			return err
		}
		return f(h, tx, found[0].Subject)
	})
}

func (h *house) known(id vault.Identity, name string) {
	h.put(contact(h.verify(id).Subject, "name", name))
}
func (h *house) typed(id vault.Identity, name string) { h.put(contact(h.claim(id), "name", name)) }
func annIsKnown(h *house)                             { h.known(ann, "Ann") }

// must stops the test where what comes before an act does not work.
func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// acts are all that the vault writes.
func acts() []act {
	return slices.Concat(actsOnPeople(), actsOnWhatIsKept(), actsOnImports(), actsOnKeys())
}

func actsOnPeople() []act {
	return []act{
		{name: "claim and put", do: in(func(h *house, tx *store.Tx) error {
			s, err := h.Claim(tx, ann)
			if err == nil {
				_, err = h.Put(tx, contact(s, "name", "Ann"))
			}
			return err
		}), want: "claimed: Ann | |"},
		{name: "verify", before: func(h *house) { h.known(ann, "Ann"); h.typed(ann, "Anna") },
			do: in(func(h *house, tx *store.Tx) error { _, err := h.Verify(tx, ann); return err }), want: "verified: Ann Anna | |"},
		{name: "verify another", before: func(h *house) { h.known(ann, "Ann"); h.known(home, "Home"); h.typed(home, "Claimed") },
			do:   of(ann, func(h *house, tx *store.Tx, s avow.ID) error { _, err := h.VerifyAs(tx, s, home); return err }),
			want: "verified: Ann Claimed Home | verified: Ann Claimed Home |"},
		{name: "add an identity", before: func(h *house) { annIsKnown(h); h.typed(home, "Home") },
			do:   of(ann, func(h *house, tx *store.Tx, s avow.ID) error { return h.AddIdentity(tx, s, home) }),
			want: "verified: Ann | claimed: Home, added: Ann |"},
		{name: "remove an identity", before: func(h *house) {
			annIsKnown(h)
			h.must(of(ann, func(h *house, tx *store.Tx, s avow.ID) error { _, err := h.VerifyAs(tx, s, home); return err })(h))
		}, do: of(home, func(h *house, tx *store.Tx, s avow.ID) error { _, err := h.RemoveIdentity(tx, s, home); return err }), want: "verified: Ann | |"},
		{name: "employer", before: func(h *house) { h.typed(ann, "Ann") },
			do:   of(ann, func(h *house, tx *store.Tx, s avow.ID) error { return h.SetEmployer(tx, s, "Harbour") }),
			want: "claimed: Ann | |"},
		{name: "merge", before: func(h *house) { annIsKnown(h); h.typed(bob, "Bob") }, do: mergeBob, want: "verified: Ann Bob | | added: Ann Bob"},
		{name: "unmerge", before: func(h *house) {
			annIsKnown(h)
			h.typed(bob, "Bob")
			h.must(mergeBob(h))
			h.typed(bob, "Since")
		}, do: of(ann, func(h *house, tx *store.Tx, s avow.ID) error {
			list, err := h.Merges(tx, s)
			if err != nil || len(list) == 0 {
				return err
			}
			_, err = h.Unmerge(tx, list[0].Old)
			return err
		}), want: "verified: Ann | | claimed: Bob Since"},
		{name: "a link", before: annIsKnown, do: askAndUse, want: "verified: Ann Used | |"},
	}
}

var mergeBob = of(ann, func(h *house, tx *store.Tx, s avow.ID) error {
	b, err := h.Find(tx, bob)
	if err == nil {
		_, err = h.Merge(tx, s, b[0].Subject, avow.NewID(h.now))
	}
	return err
})

// askAndUse has a link sent, uses it, and uses it again, which must be refused.
func askAndUse(h *house) error {
	var token string
	err := of(ann, func(h *house, tx *store.Tx, s avow.ID) (err error) {
		token, _, err = h.NewLink(tx, s, vault.Email, "see")
		return err
	})(h)
	use := in(func(h *house, tx *store.Tx) error {
		l, err := h.UseLink(tx, token, "see")
		if err == nil {
			_, err = h.Put(tx, contact(l.Subject, "name", "Used"))
		}
		return err
	})
	if err == nil {
		err = use(h)
	}
	if err != nil {
		return err
	}
	switch err := use(h); {
	case err == nil:
		return errors.New("a link was used twice")
	case avow.KindOf(err) != avow.Unauthorized:
		return err
	}
	return nil
}

func actsOnWhatIsKept() []act {
	return []act{
		{name: "correct and erase", before: func(h *house) { annIsKnown(h); h.put(contact(h.find(ann)[0].Subject, "city", "Bergen")) },
			do: of(ann, func(h *house, tx *store.Tx, s avow.ID) error {
				_, err := h.Correct(tx, contact(s, "name", "Anne"))
				if err == nil {
					_, err = h.Erase(tx, s, vault.Field{Category: "contact", Field: "city"})
				}
				return err
			}), want: "verified: Anne | |"},
		{name: "amend and keep only", before: func(h *house) { annIsKnown(h); h.put(contact(h.find(ann)[0].Subject, "city", "Bergen")) },
			do: of(ann, func(h *house, tx *store.Tx, s avow.ID) error {
				held, err := h.Holdings(tx, s)
				if err != nil {
					return err
				}
				i := slices.IndexFunc(held, func(v vault.Value) bool { return v.Field == "name" })
				if err := h.Amend(tx, s, held[i].ID, "Anne"); err != nil {
					return err
				}
				_, err = h.KeepOnly(tx, s, map[avow.ID][]string{held[i].ID: {"newsletter"}})
				return err
			}), want: "verified: Anne | |"},
		{name: "keep a stop", do: in(func(h *house, tx *store.Tx) error {
			s, err := h.Claim(tx, ann)
			if err == nil {
				_, err = h.Put(tx, contact(s, "name", "Ann"))
			}
			if err != nil {
				return err
			}
			return h.KeepStop(tx, s[:], "newsletter")
		}), want: "claimed: Ann | |", holds: stopIsKept},
		{name: "shred", before: func(h *house) {
			annIsKnown(h)
			h.typed(ann, "Anna")
			h.verify(ann)
			h.typed(bob, "Bob")
			h.link(h.find(ann)[0].Subject, "see")
		}, do: func(h *house) error {
			found, err := h.lookFor(ann)
			if err != nil || len(found) == 0 {
				return err
			}
			if err := h.Shred(context.Background(), found[0].Subject); avow.KindOf(err) != avow.NotFound {
				return err
			}
			return nil // another was faster
		}, want: "| | claimed: Bob"},
		{name: "apply tombstones", before: func(h *house) {
			h.forgetTombstones() // each one more would be more to do
			annIsKnown(h)
			h.typed(bob, "Bob")
			s := h.find(ann)[0].Subject
			bring := h.copyOf(s)
			h.must(h.Shred(h.t.Context(), s))
			h.write(bring)
		}, do: func(h *house) error { return h.ApplyTombstones(context.Background()) }, want: "| | claimed: Bob", mends: true},
	}
}

func (h *house) forgetTombstones() {
	h.t.Helper()
	h.withKeys(func(db *store.DB) error {
		return db.Write(h.t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("DELETE FROM vault_keys WHERE shredded IS NOT NULL")
			return err
		})
	})
}

// copyOf takes a backup of a person's first rows, which can be brought back.
func (h *house) copyOf(subject avow.ID) (bring func(tx *store.Tx) error) {
	h.t.Helper()
	var kind, named string
	var made, claimed int64
	var blind, sealed []byte
	h.read(func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT s.kind, s.made, i.kind, i.blind, i.sealed, i.claimed_at FROM vault_subjects s
			JOIN vault_identities i ON i.subject = s.id WHERE s.id = ?`, subject).Scan(&kind, &made, &named, &blind, &sealed, &claimed)
	})
	return func(tx *store.Tx) error {
		if _, err := tx.Exec("INSERT INTO vault_subjects (id, kind, made) VALUES (?, ?, ?)", subject, kind, made); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO vault_identities (kind, index_version, blind, verified, subject, sealed, claimed_at, verified_at)
			VALUES (?, 1, ?, ?, ?, ?, ?, ?)`, named, blind, true, subject, sealed, claimed, claimed)
		return err
	}
}

func (h *house) lookFor(id vault.Identity) (found []vault.Found, err error) {
	err = h.db.Read(context.Background(), func(tx *store.Tx) error { found, err = h.Find(tx, id); return err })
	return found, err
}

// stopIsKept: who is there whose stop was taken down with them has it beside the keys.
func stopIsKept(h *house) {
	h.t.Helper()
	for _, f := range h.find(ann) {
		kept := false
		h.must(h.Stops(h.t.Context(), time.Time{}, "", func(list []vault.Stop) error {
			for _, s := range list {
				kept = kept || string(s.Thing) == string(f.Subject[:])
			}
			return nil
		}))
		if !kept {
			h.t.Error("the person is there and their stop is not")
		}
	}
}

func actsOnImports() []act {
	var imp avow.ID
	stage := func(h *house) {
		imp = avow.NewID(h.now)
		h.stage(imp, "Imported", proved(ann), home)
		h.stage(imp, "Also", also)
		h.stage(imp, "Twice", bob)
	}
	return []act{
		{name: "stage and flip", before: func(h *house) { imp = avow.NewID(h.now) }, do: in(func(h *house, tx *store.Tx) error {
			if found, err := h.Find(tx, ann); err != nil || len(found) > 0 {
				return err
			}
			_, err := h.StageAll(tx, imp, []vault.Person{{Identities: []vault.Identity{ann, home}, Values: []vault.Value{contact(avow.ID{}, "name", "Imported")}}})
			if err != nil {
				return err
			}
			return h.Flip(tx, imp)
		}), want: "claimed: Imported | added: Imported |"},
		{name: "flip", before: stage, do: in(func(h *house, tx *store.Tx) error { return h.Flip(tx, imp) }),
			want: "verified: Imported | added: Imported | claimed: Twice"},
		{name: "settle", before: func(h *house) {
			h.known(ann, "Ann")
			h.typed(ann, "Anna")
			h.typed(bob, "Bob")
			stage(h)
			h.flip(imp)
		}, do: until(func(h *house) (bool, error) {
			return h.Settle(context.Background(), imp, 1, func(*store.Tx, avow.ID, []avow.ID) error { return nil })
		}), want: "verified: Ann Anna Imported | added: Ann Anna Imported | claimed: Bob Twice"},
		{name: "discard", before: stage, do: until(func(h *house) (bool, error) { return h.Discard(context.Background(), imp, 1) }), want: "| |"},
	}
}

func actsOnKeys() []act {
	return []act{
		{name: "rotate", before: annIsKnown, do: func(h *house) error { return h.Rotate(context.Background(), nil) }, want: "verified: Ann | |"},
		{name: "drop old keys", before: func(h *house) {
			annIsKnown(h)
			h.must(h.Rotate(h.t.Context(), nil))
			h.now = h.now.Add(time.Hour)
		}, do: func(h *house) error { _, err := h.DropOldKeys(context.Background(), h.now); return err }, want: "verified: Ann | |"},
	}
}
