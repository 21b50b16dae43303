package proof

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
)

// SaltSize is the bytes of salt of a commitment.
const SaltSize = 32

const (
	leafVersion      = 1
	maxType          = 64
	hashesOfLeaf     = 2 * sha256.Size
	commitmentDomain = "avow event 1\x00"
)

// Type says what kind of thing happened: lower case letters and hyphens, at most 64.
type Type string

// Valid reports whether the type is spelled as a type can be.
func (t Type) Valid() bool {
	for i := range len(t) {
		if (t[i] < 'a' || t[i] > 'z') && t[i] != '-' {
			return false
		}
	}
	return t != "" && len(t) <= maxType
}

// Leaf is what the tree is built of, and all that an outsider sees of an event.
type Leaf struct {
	Type       Type
	Minute     int64    // minutes since 1970-01-01 00:00 UTC
	Sealed     [32]byte // SHA-256 of the sealed body
	Commitment [32]byte // SHA-256 of a domain, the salt and the document
}

// Bytes is the leaf as the tree hashes it: one byte of version, the type with one
// byte of length before it, the minute in eight bytes, big end first, and the two hashes.
func (l Leaf) Bytes() []byte {
	return l.AppendTo(make([]byte, 0, 2+len(l.Type)+8+hashesOfLeaf))
}

// AppendTo appends Bytes.
func (l Leaf) AppendTo(b []byte) []byte {
	b = append(b, leafVersion, byte(len(l.Type)))
	b = append(b, l.Type...)
	b = binary.BigEndian.AppendUint64(b, uint64(l.Minute))
	b = append(b, l.Sealed[:]...)
	return append(b, l.Commitment[:]...)
}

// Hash is the leaf's hash in the tree.
func (l Leaf) Hash() Hash { return tlog.RecordHash(l.Bytes()) }

// Time is the minute the event happened in.
func (l Leaf) Time() time.Time { return time.Unix(l.Minute*60, 0).UTC() }

// ParseLeaf reads what Bytes wrote, and nothing else; Invalid otherwise.
func ParseLeaf(b []byte) (Leaf, error) {
	if len(b) < 2 || b[0] != leafVersion || len(b) != 2+int(b[1])+8+hashesOfLeaf {
		return Leaf{}, avow.Errorf(avow.Invalid, "that is not a leaf of a log")
	}
	n := 2 + int(b[1])
	l := Leaf{Type: Type(b[2:n]), Minute: int64(binary.BigEndian.Uint64(b[n:]))}
	copy(l.Sealed[:], b[n+8:])
	copy(l.Commitment[:], b[n+40:])
	if !l.Type.Valid() {
		return Leaf{}, avow.Errorf(avow.Invalid, "that is a leaf of no type of event")
	}
	return l, nil
}

// MinuteOf is the minute of a time, as a leaf has it.
func MinuteOf(t time.Time) int64 { return t.Unix() / 60 }

// Commit binds a document without telling it: who does not have the salt cannot even check a guess.
func Commit(salt, document []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte(commitmentDomain))
	h.Write(salt)
	h.Write(document)
	return [32]byte(h.Sum(nil))
}
