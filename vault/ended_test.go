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

// A node that never hears of a destroyed key asks the database after a second.
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
				return err
			})
		})
		h.now = h.now.Add(time.Second)
		if err := h.opens(s, sealed); !errors.Is(err, vault.ErrErased) {
			t.Errorf("a second later: %v", err)
		}
	})
}
