package ledger

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// macSize is the bytes of a row's digest.
const macSize = 16

// binder makes the digest that binds a row's columns to its leaf: the leaf names no
// subject, so without it nobody could tell, once a body is gone, whom an event was about. It is used by one goroutine.
type binder struct {
	h     hash.Hash
	room  []byte
	plain []byte // room for what is sealed
}

func newBinder(key []byte) *binder { return &binder{h: hmac.New(sha256.New, key)} }

// bindingKey is made of the log's seed, for this use alone (rfc:5869).
func bindingKey(seed []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, seed, nil, "avow ledger rows 1", sha256.Size)
}

// mac digests everything about an event that stands in its row.
func (b *binder) mac(e Event, leaf Leaf) []byte {
	ours := byte(0)
	if e.Ours {
		ours = 1
	}
	t := append(append(append(b.room[:0], e.ID[:]...), e.Subject[:]...), ours)
	t = binary.BigEndian.AppendUint64(t, uint64(e.At.UnixMicro()))
	t = binary.BigEndian.AppendUint64(t, uint64(e.Version))
	t = append(append(append(t, leaf.Sealed[:]...), leaf.Commitment[:]...), byte(len(e.Type)))
	t = append(append(t, e.Type...), e.Policy...)
	b.room = t
	b.h.Reset()
	b.h.Write(t)
	return b.h.Sum(make([]byte, 0, sha256.Size))[:macSize]
}
