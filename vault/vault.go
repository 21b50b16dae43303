// Package vault keeps who people are and what is known of them: subjects,
// identities, values, and the keys that seal them.
//
// What stays true: no identity and no value stands in a file in the clear. Each
// subject's data is sealed under a key of their own, kept apart from the data; that
// key is on disk before what it seals, and is destroyed first. Without the
// organisation's key the vault does not open. An identity somebody merely typed
// is claimed: it merges nobody, overwrites nothing and reads nothing out.
//
// What it never does: decide what a value may be used for, talk to a network, or
// fold addresses by what a mail provider is thought to do with them.
package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"io"
	"io/fs"
	"sync"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

//go:embed migrations keymigrations stopmigrations
var migrations embed.FS

// Config says where the keys are.
type Config struct {
	// OrganisationKey is the file of the key that wraps all others: a Tink keyset,
	// mode 0600, kept away from the data and from its backups. A new vault makes it.
	OrganisationKey string
	// Keys is the SQLite file of the subjects' keys. PostgreSQL keeps them in the table vault_keys instead.
	Keys string
	// Rand replaces the source of randomness; nil means the system's. For tests.
	Rand io.Reader
}

// Vault is safe for concurrent use.
type Vault struct {
	db, keys *store.DB // the same on PostgreSQL
	org      wrapper
	rand     io.Reader
	made     *store.Stage[madeKey]
	stopped  *store.Stage[Stop]
	cache    keyCache
	own      *dataKey // the organisation's
	index    []byte   // key of the blind index
	secret   []byte
}

// Open opens the vault in a database, making its tables, and on the first start
// its keys. It finishes what a shredding that was cut short left.
func Open(ctx context.Context, db *store.DB, c Config) (*Vault, error) {
	v := &Vault{db: db, keys: db, rand: c.Rand, cache: newKeyCache()}
	if v.rand == nil {
		v.rand = rand.Reader
	}
	if err := v.openKeys(ctx, c); err != nil {
		return nil, err
	}
	if err := v.start(ctx, c); err != nil {
		v.Close()
		return nil, err
	}
	return v, nil
}

func (v *Vault) openKeys(ctx context.Context, c Config) error {
	if v.db.Kind() == store.PostgreSQL {
		return nil
	}
	keys, err := store.Open(ctx, store.Config{Path: c.Keys, Readers: 4})
	if err != nil {
		return avow.Errorf(avow.KindOf(err), "the file of the subjects' keys cannot be opened: %w", err)
	}
	v.keys = keys
	return nil
}

func (v *Vault) start(ctx context.Context, c Config) error {
	for room, m := range map[string]struct {
		db  *store.DB
		dir string
	}{"vault": {v.db, "migrations"}, "vault_keys": {v.keys, "keymigrations"}, "vault_stops": {v.keys, "stopmigrations"}} {
		files, err := fs.Sub(migrations, m.dir)
		if err != nil {
			return err
		}
		if err := m.db.Migrate(ctx, room, files); err != nil {
			return err
		}
	}
	if err := v.unlock(ctx, c.OrganisationKey); err != nil {
		return err
	}
	v.made = store.NewStage(v.db, store.Early, v.keepKeys)
	v.stopped = store.NewStage(v.db, store.Early, v.keepStops)
	return v.finishShredding(ctx)
}

// unlock opens the organisation's own data key with the organisation's key, which
// shows that it is the right one, and derives from it what the vault needs.
func (v *Vault) unlock(ctx context.Context, file string) error {
	held, err := v.heldKey(ctx, avow.ID{})
	fresh := avow.KindOf(err) == avow.NotFound
	if err != nil && !fresh {
		return err
	}
	if fresh {
		if err := v.refuseLostKeys(ctx); err != nil {
			return err
		}
	}
	if v.org, err = openOrganisationKey(file, fresh); err != nil {
		return err
	}
	if fresh {
		if held, err = v.foundOrganisation(ctx); err != nil {
			return err
		}
	}
	v.secret, err = v.org.Decrypt(held, wrapContext(avow.ID{}))
	if err != nil {
		return avow.Errorf(avow.Refused, "%s is not the key this vault was made with. Nothing was opened and nothing was changed. "+
			"Put the right key back", file)
	}
	v.index = derive(v.secret, "blind index 1", sha256.Size)
	v.own, err = newDataKey(derive(v.secret, "seal", keySize))
	return err
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

// Close closes what Open opened, and forgets the keys. The database stays open.
func (v *Vault) Close() error {
	v.cache.clear()
	if v.keys == v.db {
		return nil
	}
	return v.keys.Close()
}

// keyCache holds opened keys for a while; a key destroyed by another node is gone here after cacheTime.
type keyCache struct {
	mu   *sync.RWMutex
	keys map[avow.ID]*dataKey
}
