// Package vault keeps who people are and what is known of them: subjects,
// identities, values, and the keys that seal them.
//
// What stays true: no identity and no value stands in a file in the clear. Each
// subject's data is sealed under a key of their own, kept apart from the data; that
// key is on disk before what it seals, and is destroyed first. Without the
// organisation's key the vault does not open. An identity somebody merely typed
// is claimed: it merges nobody, overwrites nothing and reads nothing out.
//
// What it never does: decide what a value may be used for, talk to a network other
// than to the key service it is told to use, or fold addresses by what a mail
// provider is thought to do with them.
package vault

import (
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/tink-crypto/tink-go/v2/core/registry"
)

//go:embed migrations keymigrations stopmigrations
var migrations embed.FS

// Config says where the keys are.
type Config struct {
	// OrganisationKey is where the keyset is whose key wraps all others, kept away from
	// the data and from its backups: a file (a path, or "file:" and a path) of mode 0600 that
	// holds a Tink keyset, or the URI of a key in a key management service
	// ("kms-transit:https://…", see Transit) that seals the keyset beside the subjects'
	// keys. A new vault makes the keyset.
	OrganisationKey string
	// KMS are clients of other services, asked first.
	KMS []registry.KMSClient
	// KMSTokenFile holds the token of a transit service; see Transit.
	KMSTokenFile string
	// Keys is the SQLite file of the subjects' keys. PostgreSQL keeps them in the table vault_keys instead.
	Keys string
	// Clock replaces the clock of that file. For tests.
	Clock func() time.Time
	// Rand replaces the source of randomness; nil means the system's. For tests.
	Rand io.Reader
}

// Vault is safe for concurrent use.
type Vault struct {
	db, keys *store.DB // the same on PostgreSQL
	org      *organisation
	rand     io.Reader
	made     *store.Stage[madeKey]
	stopped  *store.Stage[Stop]
	awaited  *store.Stage[struct{}]
	keeping  func() error // the writer's: stops on their way to the disk
	cache    *keyCache
	own      *dataKey // the organisation's
	index    []byte   // key of the blind index
	secret   []byte
	stop     func() // hearing

	fingerprints sync.Map // a use, and the key for it
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
		v.db.Apart("vault_keys")
		v.db.Apart("vault_stops")
		v.db.Apart("vault_rotations")
		v.db.Apart("vault_keyset")
		return nil
	}
	keys, err := store.Open(ctx, store.Config{Path: c.Keys, Readers: 4, Clock: c.Clock, Damaged: damagedKeys})
	if err != nil {
		return &avow.Error{Kind: avow.KindOf(err), Message: "the file of the subjects' keys cannot be opened: " + avow.MessageOf(err), Err: errors.Unwrap(err)}
	}
	v.keys = keys
	return nil
}

func (v *Vault) start(ctx context.Context, c Config) error {
	if err := v.migrate(ctx); err != nil {
		return err
	}
	if err := v.unlock(ctx, c); err != nil {
		return err
	}
	v.made = store.NewStage(v.db, store.Early, v.keepKeys)
	v.stop = v.keys.Hear(keysTopic, v.hear)
	v.stopped = store.NewStage(v.db, store.Early, v.keepStops)
	v.awaited = store.NewStage(v.db, store.Last+1, v.awaitStops)
	return v.finishShredding(ctx)
}

// migrate makes the tables. A file of keys has a disk's time of its own.
func (v *Vault) migrate(ctx context.Context) error {
	data := func() error { return migrateRooms(ctx, v.db, room{"vault", "migrations"}) }
	keys := func() error {
		return migrateRooms(ctx, v.keys, room{"vault_keys", "keymigrations"}, room{"vault_stops", "stopmigrations"})
	}
	if v.keys == v.db {
		if err := data(); err != nil {
			return err
		}
		return keys()
	}
	beside := make(chan error, 1)
	go func() { beside <- avow.Unpanicked(keys) }()
	return cmp.Or(data(), <-beside)
}

// room names tables, and the folder of what makes them.
type room struct{ name, dir string }

func migrateRooms(ctx context.Context, db *store.DB, rooms ...room) error {
	for _, r := range rooms {
		files, err := fs.Sub(migrations, r.dir)
		if err != nil {
			return err
		}
		if err := db.Migrate(ctx, r.name, files); err != nil {
			return err
		}
	}
	return nil
}

// keysTopic tells whose keys were destroyed.
const keysTopic = "keys"

func (v *Vault) hear(destroyed []avow.ID) {
	if destroyed == nil {
		v.cache.clear()
	}
	v.cache.drop(destroyed...)
}

// Check looks through the file of the subjects' keys, and is Unavailable when it is damaged. Where
// the keys are in the database itself, its own Check sees them.
func (v *Vault) Check(ctx context.Context) error {
	if v.keys == v.db {
		return nil
	}
	return v.keys.Check(ctx)
}

// damagedKeys names what mends a broken file of keys: it is no part of a backup of the data.
const damagedKeys = "the file of the subjects' keys (keys.db) is damaged, or is not one; nothing is written to it any more. " +
	"Stop avow, keep the file, and put the last copy made by avow keys backup in its place"

// Close closes what Open opened, and forgets the keys. The database stays open.
func (v *Vault) Close() error {
	if v.stop != nil {
		v.stop()
	}
	v.cache.clear()
	if v.keys == v.db {
		return nil
	}
	return v.keys.Close()
}
