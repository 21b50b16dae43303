package vault

import (
	"context"
	"errors"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// NewKey makes a key for something that is no person, such as a request of theirs:
// Seal and Open take its id as they take a subject's, until EndKey. Nothing finds it, and
// it is nobody's: what is sealed under it outlives the person's own key. A key that a
// crash left under the id, before what it was made for, is taken; a subject's id is a Conflict.
func (v *Vault) NewKey(tx *store.Tx, thing avow.ID) error {
	left, err := v.leftKey(tx, thing)
	if err != nil || left {
		return err
	}
	_, err = v.makeKey(tx, thing)
	return err
}

// leftKey reports whether a thing has a key already.
func (v *Vault) leftKey(tx *store.Tx, thing avow.ID) (bool, error) {
	_, err := v.heldKey(tx, thing)
	if errors.Is(err, ErrErased) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = v.Subject(tx, thing)
	switch {
	case err == nil:
		return false, avow.Errorf(avow.Conflict, "this id is a person's")
	case avow.KindOf(err) == avow.NotFound:
		return true, nil
	}
	return false, err
}

// EndKey destroys the key of a thing, so that nothing sealed under it opens any more,
// here or in a backup. The rows it sealed are their owner's to delete. Ending it again, or
// one that never was, changes nothing.
func (v *Vault) EndKey(ctx context.Context, thing avow.ID) error {
	if err := v.destroyKeys(ctx, []avow.ID{thing}); err != nil {
		return err
	}
	return v.finished(ctx, []avow.ID{thing})
}
