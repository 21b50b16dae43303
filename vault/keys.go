package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

const keySize = 32

// ErrErased answers for what was sealed under a key that was destroyed.
var ErrErased = avow.Errorf(avow.NotFound, "this was erased")

// dataKey is an opened key: what seals, and what tells two equal values of one person from two different ones.
type dataKey struct {
	aead   cipher.AEAD
	same   []byte
	at     time.Time // when it was there
	number int64     // of destructions counted by then: see keyCache
}

func newDataKey(key []byte) (*dataKey, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &dataKey{aead: gcm, same: derive(key, "same value", sha256.Size)}, nil
}

// derive makes a key for one use out of a secret (rfc:5869).
func derive(secret []byte, use string, size int) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "avow vault: "+use, size)
	if err != nil {
		panic(err) // only for sizes beyond what a hash can give; ours are fixed
	}
	return key
}

// madeKey is a new key on its way to the disk.
type madeKey struct {
	subject avow.ID
	wrapped []byte
	opened  *dataKey
}

// makeKey makes a subject's key. It is on disk before the transaction that uses it is.
func (v *Vault) makeKey(tx *store.Tx, subject avow.ID) (*dataKey, error) {
	key, err := v.random(keySize)
	if err != nil {
		return nil, err
	}
	wrapped, err := v.org.wrap(tx.Context(), 0, key, wrapContext(subject))
	if err != nil {
		return nil, err
	}
	opened, err := newDataKey(key)
	if err != nil {
		return nil, err
	}
	v.made.Add(tx, madeKey{subject, wrapped, opened})
	return opened, nil
}

// keepKeys writes a batch's new keys: in the same transaction on PostgreSQL, in
// their own file on SQLite. There a crash in between leaves keys of nobody.
func (v *Vault) keepKeys(tx *store.Tx, keys []madeKey) error {
	if v.keys == v.db {
		return v.insertKeys(tx, keys)
	}
	return v.keys.Write(tx.Context(), func(tx *store.Tx) error { return v.insertKeys(tx, keys) })
}

// insertKeys keeps new keys, wrapped by the key that counts by now.
func (v *Vault) insertKeys(tx *store.Tx, keys []madeKey) error {
	now, err := lastRotation(tx)
	if err != nil {
		return err
	}
	r := rows{table: "vault_keys", columns: "subject, wrapped, made"}
	for _, k := range keys {
		if now.key != 0 && wrappedBy(k.wrapped) != now.key {
			if k.wrapped, err = v.rewrap(tx.Context(), k.subject, k.wrapped, now.key); err != nil {
				return err
			}
		}
		r.add(k.subject[:], k.wrapped, tx.Now())
	}
	return r.insert(tx)
}

// key finds a subject's opened key; the zero subject is the organisation. What this node
// knows to be destroyed is not opened, not even from a snapshot that still shows it.
func (v *Vault) key(tx *store.Tx, subject avow.ID) (*dataKey, error) {
	if subject.IsZero() {
		return v.own, nil
	}
	k, known := v.cache.get(subject, tx.Now())
	if known == doubtful {
		if err := v.askForEnds(tx); err != nil {
			return nil, err
		}
		k, known = v.cache.get(subject, tx.Now())
	}
	switch known {
	case there:
		return k, nil
	case destroyed:
		return nil, ErrErased
	}
	if made, ok := v.made.Pending(tx, func(k madeKey) bool { return k.subject == subject }); ok {
		return made.opened, nil
	}
	return v.openKey(tx, subject)
}

// openKey opens the key that the database holds.
func (v *Vault) openKey(tx *store.Tx, subject avow.ID) (*dataKey, error) {
	held, err := v.heldKey(tx, subject)
	if err != nil {
		return nil, err
	}
	key, err := v.org.unwrap(tx.Context(), held.wrapped, wrapContext(subject))
	if err != nil {
		return nil, avow.Errorf(avow.KindOf(err), "a subject's key does not open with the organisation's key: %w", err)
	}
	k, err := newDataKey(key)
	if err != nil {
		return nil, err
	}
	if !v.cache.put(subject, k, held.number, tx.Now()) {
		return nil, ErrErased
	}
	return k, nil
}

// foundKey is a key as the database holds it, and how many destructions it had counted then.
type foundKey struct {
	wrapped []byte
	number  int64
}

func (v *Vault) heldKey(tx *store.Tx, subject avow.ID) (held foundKey, err error) {
	err = v.ofKeys(tx, func(tx *store.Tx) error {
		held, err = selectKey(tx, subject)
		return err
	})
	return held, err
}

func selectKey(tx *store.Tx, subject avow.ID) (held foundKey, err error) {
	err = tx.QueryRow("SELECT wrapped, (SELECT number FROM vault_ends WHERE id = 1) FROM vault_keys WHERE subject = ? AND wrapped IS NOT NULL",
		subject[:]).Scan(&held.wrapped, &held.number)
	if avow.KindOf(err) == avow.NotFound {
		return held, ErrErased
	}
	return held, err
}

// askForEnds asks whether keys were destroyed since it was last asked.
func (v *Vault) askForEnds(tx *store.Tx) error {
	return v.ofKeys(tx, func(keys *store.Tx) error {
		var number int64
		err := keys.QueryRow("SELECT number FROM vault_ends WHERE id = 1").Scan(&number)
		if err == nil {
			v.cache.answer(number, tx.Now())
		}
		return err
	})
}

// ofKeys reads about keys: in the transaction itself where they are in the same database.
func (v *Vault) ofKeys(tx *store.Tx, read func(tx *store.Tx) error) error {
	if v.keys == v.db {
		return read(tx)
	}
	return v.keys.Read(tx.Context(), read)
}

// countEnds counts a destruction of keys, in its transaction.
func countEnds(tx *store.Tx) error {
	_, err := tx.Exec("UPDATE vault_ends SET number = number + 1 WHERE id = 1")
	return err
}

// wrapContext binds a wrapped key to its subject.
func wrapContext(subject avow.ID) []byte { return append([]byte("avow data key\x00"), subject[:]...) }

func (v *Vault) random(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(v.rand, b)
	return b, err
}

// parts joins byte strings so that no two lists join to the same bytes.
func parts(list ...[]byte) []byte {
	var b []byte
	for _, p := range list {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}
