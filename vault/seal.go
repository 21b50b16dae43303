package vault

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

const (
	sealVersion = 1
	nonceSize   = 12
)

// Seal seals plain under the subject's key, or under the organisation's for the
// zero subject, bound to context: it opens only with the same one. The form is
// one byte of version, 12 of nonce, then AES-256-GCM.
func (v *Vault) Seal(tx *store.Tx, subject avow.ID, context, plain []byte) ([]byte, error) {
	k, err := v.key(tx, subject)
	if err != nil {
		return nil, err
	}
	return v.seal(k, context, plain)
}

// SealFor gives what seals under a subject's key, as Seal does: the key is taken hold
// of here, and the work can be done later and by several goroutines.
func (v *Vault) SealFor(tx *store.Tx, subject avow.ID) (func(context, plain []byte) ([]byte, error), error) {
	k, err := v.key(tx, subject)
	if err != nil {
		return nil, err
	}
	return func(context, plain []byte) ([]byte, error) { return v.seal(k, context, plain) }, nil
}

func (v *Vault) seal(k *dataKey, context, plain []byte) ([]byte, error) {
	nonce, err := v.random(nonceSize)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, 1+nonceSize+len(plain)+k.aead.Overhead())
	out = append(append(out, sealVersion), nonce...)
	return k.aead.Seal(out, nonce, plain, context), nil
}

// Open opens what Seal sealed. ErrErased answers when the subject's key is gone.
func (v *Vault) Open(tx *store.Tx, subject avow.ID, context, sealed []byte) ([]byte, error) {
	k, err := v.key(tx, subject)
	if err != nil {
		return nil, err
	}
	return k.open(context, sealed)
}

func (k *dataKey) open(context, sealed []byte) ([]byte, error) {
	if len(sealed) < 1+nonceSize || sealed[0] != sealVersion {
		return nil, errDamaged
	}
	plain, err := k.aead.Open(nil, sealed[1:1+nonceSize], sealed[1+nonceSize:], context)
	if err != nil {
		return nil, errDamaged
	}
	return plain, nil
}

var errDamaged = avow.Errorf(avow.Internal, "a sealed record was changed, moved or damaged since it was written")

// digest is the same for equal texts of one person, and says nothing once the key is gone.
func (k *dataKey) digest(list ...[]byte) []byte { return mac(k.same, parts(list...)) }

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// Fingerprint is a keyed hash of an identity for one use, such as a list of
// addresses not to write to: it outlives the person's erasure, and lists of
// different uses cannot be joined.
func (v *Vault) Fingerprint(use string, id Identity) ([]byte, error) {
	n, err := id.normal()
	if err != nil {
		return nil, err
	}
	key, ok := v.fingerprints.Load(use)
	if !ok {
		key, _ = v.fingerprints.LoadOrStore(use, derive(v.secret, "fingerprint "+use, sha256.Size))
	}
	return mac(key.([]byte), n.matched()), nil
}

// KeyFor is a key of 32 bytes for another room's use, derived from the organisation's
// secret: the same at every start, and different for each use.
func (v *Vault) KeyFor(use string) []byte { return derive(v.secret, "key for "+use, keySize) }
