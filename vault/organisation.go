package vault

import (
	"context"
	"crypto/sha256"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// unlock opens the organisation's own data key with the organisation's key, which
// shows that it is the right one, and derives from it what the vault needs.
func (v *Vault) unlock(ctx context.Context, c Config) error {
	source, err := openSource(v.keys, c)
	if err != nil {
		return err
	}
	v.org = &organisation{source: source}
	held, err := v.ownKey(ctx)
	switch {
	case avow.KindOf(err) == avow.NotFound:
		held, err = v.found(ctx)
	case err == nil:
		err = v.openOrganisation(ctx)
	}
	if err != nil {
		return err
	}
	v.secret, err = v.org.unwrap(ctx, held, wrapContext(avow.ID{}))
	if err != nil {
		return avow.Errorf(avow.Refused, "%s is not the key this vault was made with, or lacks one that it uses by now. "+
			"Nothing was opened and nothing was changed. Put the right key back", source)
	}
	v.index = derive(v.secret, "blind index 1", sha256.Size)
	v.own, err = newDataKey(derive(v.secret, "seal", keySize))
	return err
}

// openOrganisation reads the keyset of a vault that has one.
func (v *Vault) openOrganisation(ctx context.Context) error {
	h, err := v.org.source.load(ctx)
	if avow.KindOf(err) == avow.NotFound {
		return avow.Errorf(avow.Refused, "%s. What the vault holds cannot be read without it. "+
			"Put it back from where it is kept safe", avow.MessageOf(err))
	}
	if err != nil {
		return err
	}
	return v.org.set(h)
}

// found makes the keys of a new vault: each is on disk before anything is sealed with it.
func (v *Vault) found(ctx context.Context) (held []byte, err error) {
	if err := v.refuseLostKeys(ctx); err != nil {
		return nil, err
	}
	h, err := v.org.source.load(ctx)
	if avow.KindOf(err) == avow.NotFound {
		h, err = v.foundKeyset(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := v.org.set(h); err != nil {
		return nil, err
	}
	return v.foundOrganisation(ctx)
}

func (v *Vault) foundKeyset(ctx context.Context) (*keyset.Handle, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return v.org.source.found(ctx, h)
}

// foundOrganisation makes the organisation's own data key. Of several nodes that start at once, one wins.
func (v *Vault) foundOrganisation(ctx context.Context) ([]byte, error) {
	secret, err := v.random(keySize)
	if err != nil {
		return nil, err
	}
	wrapped, err := v.org.wrap(ctx, 0, secret, wrapContext(avow.ID{}))
	if err != nil {
		return nil, err
	}
	err = v.keys.Write(ctx, func(tx *store.Tx) error {
		var organisation avow.ID
		_, err := tx.Exec("INSERT INTO vault_keys (subject, wrapped, made) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", organisation[:], wrapped, tx.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	return v.ownKey(ctx)
}

// ownKey is the organisation's own data key, wrapped.
func (v *Vault) ownKey(ctx context.Context) (wrapped []byte, err error) {
	err = v.keys.Read(ctx, func(tx *store.Tx) error {
		held, err := selectKey(tx, avow.ID{})
		wrapped = held.wrapped
		return err
	})
	return wrapped, err
}

// refuseLostKeys: people without any key mean that the keys were lost, not that the vault is new.
func (v *Vault) refuseLostKeys(ctx context.Context) error {
	return v.db.Read(ctx, func(tx *store.Tx) error {
		var people bool
		err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM vault_subjects) OR EXISTS (SELECT 1 FROM vault_imported)").Scan(&people)
		if err == nil && people {
			err = avow.Errorf(avow.Refused, "the vault holds people, but the place of their keys (keys.db, or the table vault_keys) is empty. "+
				"Nothing can be read without the keys; put them back from where they are kept")
		}
		return err
	})
}
