package vault

import (
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Shred destroys a person: first the keys of all their ids, so that nothing sealed
// under them opens any more, here or in a backup; then identities, values and links.
// It is done in steps, each on disk before the next; Open finishes one that was cut
// short, and calling it again is safe. A subject that is not there is NotFound.
//
// This node opens nothing of theirs from then on, not even for a read that began before.
// Other nodes drop their opened keys as soon as they hear. Where the news is on its way
// or lost, they find out within a second, when they ask the database whether any key
// was destroyed; a transaction that is under way there goes on with what it saw.
//
// PostgreSQL keeps a deleted row's bytes until it reuses them, and in its
// write-ahead log and the archives of that, where wrapped keys and what they seal lie
// together: there an erasure is complete when the organisation's key has been
// rotated and the old one dropped (see DropOldKeys), and not before.
func (v *Vault) Shred(ctx context.Context, subject avow.ID) error {
	family, err := v.family(ctx, subject)
	if err != nil {
		return err
	}
	for {
		if err := v.destroyKeys(ctx, family); err != nil {
			return err
		}
		grown, err := v.clear(ctx, family)
		if err != nil {
			return err
		}
		if len(grown) == 0 {
			return v.finished(ctx, family)
		}
		family = grown // somebody was joined with them meanwhile
	}
}

func (v *Vault) family(ctx context.Context, subject avow.ID) (family []avow.ID, err error) {
	err = v.db.Read(ctx, func(tx *store.Tx) error {
		family, err = v.Family(tx, subject)
		return err
	})
	return family, err
}

func (v *Vault) destroyKeys(ctx context.Context, family []avow.ID) error {
	err := v.keys.Write(ctx, func(tx *store.Tx) error {
		tx.Tell(keysTopic, family...) // heard on other nodes of PostgreSQL
		for _, id := range family {
			_, err := tx.Exec("UPDATE vault_keys SET wrapped = NULL, shredded = ? WHERE subject = ? AND shredded IS NULL", tx.Now(), id[:])
			if err != nil {
				return err
			}
		}
		return countEnds(tx)
	})
	if err != nil {
		return err
	}
	v.cache.drop(family...)
	return v.keys.Scrub(ctx)
}

// clear removes the rows of a family whose keys are gone. When the family has grown meanwhile it removes
// nothing and returns it whole.
func (v *Vault) clear(ctx context.Context, family []avow.ID) (grown []avow.ID, err error) {
	err = v.db.Write(ctx, func(tx *store.Tx) error {
		grown = nil
		if err := lockSubjects(tx, family...); err != nil {
			return err
		}
		now, err := v.Family(tx, family[0])
		if err != nil && avow.KindOf(err) != avow.NotFound {
			return err
		}
		if slices.ContainsFunc(now, func(id avow.ID) bool { return !slices.Contains(family, id) }) {
			grown = now
			return nil
		}
		return clearRows(tx, family)
	})
	if err == nil && grown == nil {
		err = v.db.Scrub(ctx)
	}
	return grown, err
}

func clearRows(tx *store.Tx, family []avow.ID) error {
	in := " IN (" + store.Marks(len(family)) + ")"
	for _, statement := range []string{
		"DELETE FROM vault_imported WHERE id", // first: whoever settles them waits here, or has done so
		"DELETE FROM vault_values WHERE subject", "DELETE FROM vault_links WHERE subject",
		"DELETE FROM vault_beside WHERE subject", "DELETE FROM vault_identities WHERE subject", "DELETE FROM vault_employers WHERE subject",
		"DELETE FROM vault_merged_identities WHERE old", "DELETE FROM vault_merged_aliases WHERE old", "DELETE FROM vault_merges WHERE old",
		"DELETE FROM vault_aliases WHERE subject", "DELETE FROM vault_subjects WHERE id",
	} {
		if _, err := tx.Exec(statement+in, list(family)...); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) finished(ctx context.Context, family []avow.ID) error {
	return v.keys.Write(ctx, func(tx *store.Tx) error {
		for _, id := range family {
			if _, err := tx.Exec("DELETE FROM vault_stops WHERE thing = ?", id[:]); err != nil {
				return err
			}
			if _, err := tx.Exec("UPDATE vault_keys SET finished = ? WHERE subject = ?", tx.Now(), id[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// finishShredding clears the rows of subjects whose keys were destroyed before a stop.
func (v *Vault) finishShredding(ctx context.Context) error {
	return v.shredAgain(ctx, "SELECT subject FROM vault_keys WHERE shredded IS NOT NULL AND finished IS NULL ORDER BY subject")
}

// ApplyTombstones clears the rows of everybody who was ever shredded: what a
// restored backup of the data brought back. Their keys are gone in any case.
func (v *Vault) ApplyTombstones(ctx context.Context) error {
	return v.shredAgain(ctx, "SELECT subject FROM vault_keys WHERE shredded IS NOT NULL ORDER BY subject")
}

func (v *Vault) shredAgain(ctx context.Context, which string) error {
	var begun []avow.ID
	err := v.keys.Read(ctx, func(tx *store.Tx) (err error) {
		begun, err = store.Collect(tx, scanID, which)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range begun {
		err := v.Shred(ctx, id)
		if avow.KindOf(err) == avow.NotFound {
			err = v.finished(ctx, []avow.ID{id})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
