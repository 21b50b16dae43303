package vault

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// NewKey makes a key for something that is no person, such as a request of theirs:
// Seal and Open take its id as they take a subject's, until EndKey. Nothing finds it, and
// it is nobody's: what is sealed under it outlives the person's own key.
func (v *Vault) NewKey(tx *store.Tx, thing avow.ID) error {
	_, err := v.makeKey(tx, thing)
	return err
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
