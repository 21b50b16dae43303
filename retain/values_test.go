package retain

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// person makes somebody who is known here.
func (h *house) person(email string) (id avow.ID) {
	h.t.Helper()
	h.check(h.db.Write(h.t.Context(), func(tx *store.Tx) error {
		v, err := h.vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: email})
		id = v.Subject
		return err
	}))
	return id
}

func (h *house) restrict(id avow.ID) {
	h.t.Helper()
	h.check(h.db.Write(h.t.Context(), func(tx *store.Tx) error {
		hand, err := h.reg.In(tx, id)
		if err != nil {
			return err
		}
		if _, err := hand.Restrict("request", ""); err != nil {
			return err
		}
		return hand.Done()
	}))
}
