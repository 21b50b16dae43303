package vault

import (
	"bytes"
	"context"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

const (
	rotateAtOnce = 500
	// dropAfter is how long an old key stays at least after all was wrapped anew:
	// longer than any transaction that may still be about to keep a key wrapped by it.
	dropAfter = 2 * time.Minute
)

// rotation is one change of the organisation's key.
type rotation struct {
	number   int64 // from 1; 0 is none
	key      uint32
	cursor   []byte // the last subject whose key was wrapped anew
	finished time.Time
}

func lastRotation(tx *store.Tx) (r rotation, err error) {
	var key int64
	err = tx.QueryRow("SELECT number, key_id, last_done, finished FROM vault_rotations ORDER BY number DESC LIMIT 1").
		Scan(&r.number, &key, &r.cursor, store.IntoTime(&r.finished))
	if avow.KindOf(err) == avow.NotFound {
		return rotation{}, nil
	}
	r.key = uint32(key)
	return r, err
}

var rotationLock = []byte("organisation")

// Rotate changes the organisation's key: a keyset with a new key beside the old ones
// takes the place of the present one, then every data key is wrapped anew, some
// hundred in a transaction. Reads and writes go on, on all nodes. A call that was cut
// short is taken up where it stopped by the next. progress is told how many of how
// many keys are done. What is sealed stays as it is, and so does all that is derived
// from the organisation's secret. The old keys open what they wrapped until
// DropOldKeys. Every node must run a program that knows rotation, and find the new
// keyset in its place: a shared file, or one that is brought there at once.
func (v *Vault) Rotate(ctx context.Context, progress func(done, total int64)) error {
	r, err := v.beginRotation(ctx)
	if err != nil {
		return err
	}
	done, total, err := v.rotationSize(ctx, r)
	for more := true; more && err == nil; {
		var n int64
		n, more, err = v.rotateSome(ctx, &r)
		done += n
		if progress != nil && err == nil {
			progress(min(done, total), total)
		}
	}
	if err != nil {
		return err
	}
	if err := v.sweepRotation(ctx, r); err != nil {
		return err
	}
	if err := v.keys.Scrub(ctx); err != nil {
		return err
	}
	return v.keys.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE vault_rotations SET finished = ? WHERE number = ? AND finished IS NULL", tx.Now(), r.number)
		return err
	})
}

// beginRotation gives the rotation that was cut short, or a new one whose keyset is in its place.
func (v *Vault) beginRotation(ctx context.Context) (r rotation, err error) {
	if r, err = v.presentRotation(ctx); err != nil || r.number > 0 && r.finished.IsZero() {
		return r, err
	}
	next, key, err := v.org.ring.Load().withNewPrimary()
	if err != nil {
		return r, err
	}
	begun := rotation{number: r.number + 1, key: key, cursor: []byte{0}} // before the organisation, which is all zeros
	err = v.replaceKeyset(ctx, next, r, func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO vault_rotations (number, key_id, begun, last_done) VALUES (?, ?, ?, ?)",
			begun.number, int64(key), tx.Now(), begun.cursor)
		return err
	})
	return begun, err
}

// presentRotation gives the latest rotation, with its keyset at hand.
func (v *Vault) presentRotation(ctx context.Context) (r rotation, err error) {
	if err := v.org.reload(ctx, v.org.ring.Load()); err != nil {
		return r, err
	}
	err = v.keys.Read(ctx, func(tx *store.Tx) error { r, err = lastRotation(tx); return err })
	if err == nil {
		_, err = v.org.holding(ctx, r.key)
	}
	return r, err
}

// rotateSome wraps the next data keys anew. One that was destroyed meanwhile stays destroyed.
func (v *Vault) rotateSome(ctx context.Context, r *rotation) (done int64, more bool, err error) {
	var cursor []byte
	err = v.keys.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Lock("vault rotation", rotationLock); err != nil {
			return err
		}
		now, err := lastRotation(tx) // another may rotate too
		if err != nil || now.number != r.number {
			done, more = 0, false
			return err
		}
		keys, err := store.Collect(tx, scanKey, `SELECT subject, wrapped FROM vault_keys
			WHERE subject > ? AND wrapped IS NOT NULL ORDER BY subject LIMIT ?`, now.cursor, rotateAtOnce)
		if err != nil {
			return err
		}
		done, more, cursor = int64(len(keys)), len(keys) == rotateAtOnce, now.cursor
		for _, k := range keys {
			cursor = k.subject
			if err := v.wrapAnew(tx, k, r.key); err != nil {
				return err
			}
		}
		_, err = tx.Exec("UPDATE vault_rotations SET last_done = ? WHERE number = ?", cursor, r.number)
		return err
	})
	return done, more, err
}

type heldKey struct{ subject, wrapped []byte }

func scanKey(r *store.Rows) (k heldKey, err error) { return k, r.Scan(&k.subject, &k.wrapped) }

func (v *Vault) wrapAnew(tx *store.Tx, k heldKey, with uint32) error {
	if wrappedBy(k.wrapped) == with {
		return nil
	}
	wrapped, err := v.rewrap(tx.Context(), avow.ID(k.subject), k.wrapped, with)
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE vault_keys SET wrapped = ? WHERE subject = ? AND wrapped = ?", wrapped, k.subject, k.wrapped)
	return err
}

func (v *Vault) rewrap(ctx context.Context, subject avow.ID, wrapped []byte, with uint32) ([]byte, error) {
	key, err := v.org.unwrap(ctx, wrapped, wrapContext(subject))
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return v.org.wrap(ctx, with, key, wrapContext(subject))
}

// sweepRotation wraps anew what another node still wrapped by an old key meanwhile.
func (v *Vault) sweepRotation(ctx context.Context, r rotation) error {
	for left := 1; left > 0; {
		err := v.keys.Write(ctx, func(tx *store.Tx) error {
			if err := tx.Lock("vault rotation", rotationLock); err != nil {
				return err
			}
			left = 0
			now, err := lastRotation(tx)
			if err != nil || now.number != r.number { // another has gone on to the next
				return err
			}
			keys, err := wrappedByOthers(tx, r.key, rotateAtOnce)
			left = len(keys)
			for _, k := range keys {
				if err := v.wrapAnew(tx, k, r.key); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func wrappedByOthers(tx *store.Tx, key uint32, limit int) ([]heldKey, error) {
	return store.Collect(tx, scanKey, "SELECT subject, wrapped FROM vault_keys WHERE wrapped IS NOT NULL AND substr(wrapped, 1, 5) <> ? LIMIT ?",
		wrapPrefix(key), limit)
}

func (v *Vault) rotationSize(ctx context.Context, r rotation) (done, total int64, err error) {
	err = v.keys.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT count(CASE WHEN subject <= ? THEN 1 END), count(subject) FROM vault_keys WHERE wrapped IS NOT NULL", r.cursor).
			Scan(&done, &total)
	})
	return done, total, err
}

// DropOldKeys ends the organisation keys that a rotation finished before a time has
// replaced, and returns how many. From then on a copy of wrapped keys that was taken
// before that rotation opens nothing, unless with a copy of the old keyset. Where a
// key management service seals the keyset, its own key should be rotated and its old versions
// forbidden too. Refused while a rotation is not finished, or not for two minutes.
func (v *Vault) DropOldKeys(ctx context.Context, before time.Time) (dropped int, err error) {
	r, err := v.presentRotation(ctx)
	if err != nil {
		return 0, err
	}
	ring := v.org.ring.Load()
	if r.number == 0 || len(ring.keys) == 1 {
		return 0, nil
	}
	if err := v.mayDrop(ctx, r, before); err != nil {
		return 0, err
	}
	only, err := ring.only(r.key)
	if err != nil {
		return 0, err
	}
	err = v.replaceKeyset(ctx, only, r, func(tx *store.Tx) error {
		left, err := wrappedByOthers(tx, r.key, 1)
		if err == nil && len(left) > 0 {
			err = avow.Errorf(avow.Conflict, "keys were wrapped by an old key meanwhile; rotate again first")
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE vault_rotations SET dropped = ? WHERE number <= ? AND dropped IS NULL", tx.Now(), r.number)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(ring.keys) - 1, v.keys.Scrub(ctx)
}

func (v *Vault) mayDrop(ctx context.Context, r rotation, before time.Time) error {
	return v.keys.Read(ctx, func(tx *store.Tx) error {
		switch {
		case r.finished.IsZero():
			return avow.Errorf(avow.Refused, "the rotation of the organisation's key is not finished; run it again first")
		case !r.finished.Before(before):
			return avow.Errorf(avow.Refused, "the present key is in use since %s only; old keys are dropped that were replaced before %s",
				r.finished.Format(time.RFC3339), before.UTC().Format(time.RFC3339))
		case tx.Now().Sub(r.finished) < dropAfter:
			return avow.Errorf(avow.Refused, "the organisation's key was rotated a moment ago; wait two minutes")
		}
		return nil
	})
}

// replaceKeyset puts another keyset in the place of the present one and has f record
// it, unless another node has rotated since. It is on disk whole or not at all.
func (v *Vault) replaceKeyset(ctx context.Context, next *keyset.Handle, since rotation, f func(tx *store.Tx) error) error {
	commit, drop, err := v.org.source.prepare(ctx, next)
	if err != nil {
		return err
	}
	defer drop()
	err = v.keys.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Lock("vault rotation", rotationLock); err != nil {
			return err
		}
		now, err := lastRotation(tx)
		if err != nil {
			return err
		}
		if now.number != since.number || !bytes.Equal(now.cursor, since.cursor) {
			return avow.Errorf(avow.Conflict, "another node rotates the organisation's key; nothing was changed")
		}
		if err := f(tx); err != nil {
			return err
		}
		return commit(tx)
	})
	if err != nil {
		return err
	}
	return v.org.set(next)
}
