package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/avowhq/avow"
)

const (
	saltSize         = 32
	leafVersion      = 1
	commitmentDomain = "avow event 1\x00"
)

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
	b := make([]byte, 0, 2+len(l.Type)+8+64)
	b = append(b, leafVersion, byte(len(l.Type)))
	b = append(b, l.Type...)
	b = binary.BigEndian.AppendUint64(b, uint64(l.Minute))
	b = append(b, l.Sealed[:]...)
	return append(b, l.Commitment[:]...)
}

func leafOf(e Event, document, salt, sealed []byte) Leaf {
	return Leaf{e.Type, minuteOf(e.At), sha256.Sum256(sealed), commit(salt, document)}
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// commit binds the document without telling it: who does not have the salt cannot even check a guess.
func commit(salt, document []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte(commitmentDomain))
	h.Write(salt)
	h.Write(document)
	return [32]byte(h.Sum(nil))
}

// document is what is committed to: everything about the event but its place.
type document struct {
	ID      avow.ID         `json:"id"`
	Type    Type            `json:"type"`
	Subject string          `json:"subject,omitempty"`
	At      time.Time       `json:"at"`
	Policy  string          `json:"policy,omitempty"`
	Version int             `json:"version,omitempty"`
	Body    json.RawMessage `json:"body,omitempty"`
}

func (e Event) document() ([]byte, error) {
	d := document{e.ID, e.Type, "", e.At.UTC(), e.Policy, e.Version, e.Body}
	if !e.Subject.IsZero() {
		d.Subject = e.Subject.String()
	}
	return json.Marshal(d)
}

// says reports whether a document is the one of this event.
func (e Event) says(text []byte) bool {
	want, err := e.document()
	return err == nil && bytes.Equal(want, text)
}
