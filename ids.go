package avow

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

// ID names a subject, an event, a value or a request: 128 bits, of which the
// first 48 are the millisecond it was made at, so that ids sort by time in an
// index. It says nothing about a person. The zero ID names nobody.
type ID [16]byte

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an ID at a given moment.
func NewID(now time.Time) ID {
	var id ID
	rand.Read(id[:])
	var t [8]byte
	binary.BigEndian.PutUint64(t[:], uint64(now.UnixMilli()))
	copy(id[:6], t[2:])
	return id
}

// IsZero reports whether the ID names nobody.
func (id ID) IsZero() bool { return id == ID{} }

// String is 26 characters of Crockford's base 32, lower case.
func (id ID) String() string { return idText.EncodeToString(id[:]) }

// ParseID reads what String wrote.
func ParseID(s string) (ID, error) {
	var id ID
	b, err := idText.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, Errorf(Invalid, "that is not an id")
	}
	copy(id[:], b)
	return id, nil
}

// MarshalText writes the text form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the text form.
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	*id = v
	return err
}
