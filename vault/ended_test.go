package vault_test

import (
	"errors"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

func (h *house) box(subject avow.ID) (sealed []byte) {
	h.t.Helper()
	h.write(func(tx *store.Tx) (err error) { sealed, err = h.Seal(tx, subject, nil, []byte("x")); return err })
	return sealed
}

func (h *house) opens(subject avow.ID, sealed []byte) error {
	return h.db.Read(h.t.Context(), func(tx *store.Tx) error { _, err := h.Open(tx, subject, nil, sealed); return err })
}

// A read that began before a shredding opens nothing after it, and leaves no key to
// those that begin later, though its snapshot still shows it.
func TestOldSnapshotOpensNothing(t *testing.T) {
	each(t, func(h *house) {
		if h.db.Kind() == store.SQLite {
			return // keys are in a file of their own, of which a read of the data has no snapshot
		}
		s := h.secret()
		sealed := h.box(s)
		h.reopen() // or the key is open
		err := h.db.Read(t.Context(), func(tx *store.Tx) error {
			if _, err := h.Subject(tx, s); err != nil {
				return err
			}
			if err := h.Shred(t.Context(), s); err != nil {
				return err
			}
			if _, err := h.Subject(tx, s); err != nil {
				t.Errorf("this is no old snapshot: %v", err)
			}
			_, err := h.Open(tx, s, nil, sealed)
			return err
		})
		if !errors.Is(err, vault.ErrErased) {
			t.Errorf("the old snapshot: %v", err)
		}
		if err := h.opens(s, sealed); !errors.Is(err, vault.ErrErased) {
			t.Errorf("a read after it: %v", err)
		}
	})
}

// Every way to destroy keys counts, once.
func TestEndsAreCounted(t *testing.T) {
	each(t, func(h *house) {
		person, thing := h.secret(), avow.NewID(h.now)
		h.write(func(tx *store.Tx) error { return h.NewKey(tx, thing) })
		for want, destroy := range []func() error{
			func() error { return nil },
			func() error { return h.EndKey(t.Context(), thing) },
			func() error { return h.Shred(t.Context(), person) },
		} {
			if err := destroy(); err != nil {
				t.Fatal(err)
			}
			var number int
			h.withKeys(func(db *store.DB) error {
				return db.Read(t.Context(), func(tx *store.Tx) error { return tx.QueryRow("SELECT number FROM vault_ends").Scan(&number) })
			})
			if number != want {
				t.Errorf("%d ends counted, want %d", number, want)
			}
		}
	})
}

// A node that never hears of a destroyed key finds out after a second.
func TestUnheardEndIsAskedFor(t *testing.T) {
	each(t, func(h *house) {
		s := h.secret()
		sealed := h.box(s)
		if err := h.opens(s, sealed); err != nil {
			t.Fatal(err)
		}
		h.withKeys(func(db *store.DB) error { // told to nobody
			return db.Write(t.Context(), func(tx *store.Tx) error {
				n, err := tx.Exec("UPDATE vault_keys SET wrapped = NULL, shredded = ? WHERE subject = ?", tx.Now(), s)
				if n != 1 {
					t.Errorf("%d keys", n)
				}
				if err == nil {
					_, err = tx.Exec("UPDATE vault_ends SET number = number + 1")
				}
				return err
			})
		})
		h.now = h.now.Add(time.Second)
		if err := h.opens(s, sealed); !errors.Is(err, vault.ErrErased) {
			t.Errorf("a second later: %v", err)
		}
	})
}
