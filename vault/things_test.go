package vault_test

import (
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
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
