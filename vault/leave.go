package vault

import (
	"bytes"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Hold keeps everybody from being joined with a subject until the transaction ends.
// Whoever is to be erased is held first, and is then whole: see Family.
func (v *Vault) Hold(tx *store.Tx, subject avow.ID) error {
	s, err := v.Subject(tx, subject)
	if err != nil {
		return err
	}
	held, err := identityRows(tx, s.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(held, func(a, b identityRow) int { return bytes.Compare(a.blind, b.blind) })
	for _, h := range held {
		if err := tx.Lock(identityLock, h.blind); err != nil {
			return err
		}
	}
	_, err = v.lockSubject(tx, s.ID)
	return err
}

// Leave has a subject found by nothing any more: the first step of an erasure that
// Shred ends. Whoever comes under an address of theirs from now on is somebody new, and is not
// destroyed with them.
func (v *Vault) Leave(tx *store.Tx, subject avow.ID) error {
	family, err := v.Family(tx, subject)
	if err != nil {
		return err
	}
	in := " IN (" + store.Marks(len(family)) + ")"
	for _, table := range []string{"vault_beside", "vault_identities"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE subject"+in, list(family)...); err != nil {
			return err
		}
	}
	return nil
}
