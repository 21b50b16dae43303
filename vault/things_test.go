package vault_test

import (
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

func TestKeyOfAThing(t *testing.T) {
	each(t, func(h *house) {
		thing, other := avow.NewID(h.now), avow.NewID(h.now)
		var sealed []byte
		seal := func(tx *store.Tx) (err error) {
			if err := h.NewKey(tx, thing); err != nil {
				return err
			}
			if err := h.NewKey(tx, other); err != nil {
				return err
			}
			sealed, err = h.Seal(tx, thing, []byte("here"), []byte("what was asked"))
			return err
		}
		h.write(seal)
		open := func(id avow.ID) error {
			return h.db.Read(t.Context(), func(tx *store.Tx) error { _, err := h.Open(tx, id, []byte("here"), sealed); return err })
		}
		if err := open(thing); err != nil {
			t.Fatal(err)
		}
		if err := open(other); err == nil {
			t.Error("another thing's key opens it")
		}
		for range 2 {
			if err := h.EndKey(t.Context(), thing); err != nil {
				t.Fatal(err)
			}
		}
		if err := open(thing); avow.KindOf(err) != avow.NotFound {
			t.Errorf("after its end: %v", err)
		}
		h.reopen()
		if err := open(thing); avow.KindOf(err) != avow.NotFound {
			t.Errorf("opened again: %v", err)
		}
	})
}

// A crash between the file of the keys and the rest leaves a key of nothing. What it was made for is asked
// for again under its id, and gets it; a person's key is nobody else's.
func TestKeyLeftByACrash(t *testing.T) {
	each(t, func(h *house) {
		thing := avow.NewID(h.now)
		h.write(func(tx *store.Tx) error { return h.NewKey(tx, thing) })
		h.reopen()
		var sealed []byte
		h.write(func(tx *store.Tx) (err error) {
			if err := h.NewKey(tx, thing); err != nil {
				return err
			}
			sealed, err = h.Seal(tx, thing, nil, []byte("what was asked"))
			return err
		})
		h.reopen()
		h.write(func(tx *store.Tx) error { _, err := h.Open(tx, thing, nil, sealed); return err })
		h.write(func(tx *store.Tx) error {
			v, err := h.Verify(tx, vault.Identity{Kind: vault.Email, Value: "ann@mail.example"})
			thing = v.Subject
			return err
		})
		err := h.db.Write(t.Context(), func(tx *store.Tx) error { return h.NewKey(tx, thing) })
		if avow.KindOf(err) != avow.Conflict {
			t.Errorf("a person's id: %v", err)
		}
	})
}
