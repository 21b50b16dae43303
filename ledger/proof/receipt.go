package proof

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/avowhq/avow"
)

// Schemas of what a person is given, by the names the W3C's profile of the standard has for them.
const (
	SchemaRecord  = "https://w3id.org/dpv/schema/dpv-27560#record"
	SchemaReceipt = "https://w3id.org/dpv/schema/dpv-27560#receipt"
)

// Receipt is what a person keeps: what was recorded, and the proof that it was.
// Proof and Document together show it without our help, and after our copy is gone.
type Receipt struct {
	Schema    string    `json:"schemaVersion"`
	ID        avow.ID   `json:"receiptId"`
	Record    avow.ID   `json:"recordId"`
	Principal string    `json:"piiPrincipalId,omitempty"`
	EventType Type      `json:"eventType"`
	EventTime time.Time `json:"eventTime"`
	Policy    string    `json:"policy,omitempty"`
	Version   int       `json:"version,omitempty"`
	// Consent is the record of a consent in full; other events leave it out.
	Consent json.RawMessage `json:"consent,omitempty"`
	// Document is the committed text to the letter. Kept as text because JSON that is read and written again changes.
	Document string `json:"document"`
	Proof    Proof  `json:"proof"`
}

// Proof ties a receipt to the log.
type Proof struct {
	Index int64  `json:"index"`
	Leaf  []byte `json:"leaf"` // Leaf.Bytes
	Salt  []byte `json:"salt"` // whoever has it can prove the document; nobody else can check a guess
	// Log is the proof that the leaf is in the log, with the log's signed checkpoint
	// (FormatInclusion). Receipts of before the log had a tree have none.
	Log string `json:"log,omitempty"`
}

// Document is what is committed to: everything about an event but its place.
type Document struct {
	ID      avow.ID         `json:"id"`
	Type    Type            `json:"type"`
	Subject string          `json:"subject,omitempty"`
	At      time.Time       `json:"at"`
	Policy  string          `json:"policy,omitempty"`
	Version int             `json:"version,omitempty"`
	Body    json.RawMessage `json:"body,omitempty"`
}

// ParseReceipt reads a receipt from a file; Invalid when it is none. It checks nothing yet.
func ParseReceipt(text []byte) (*Receipt, error) {
	if len(text) > MaxReceipt {
		return nil, avow.Errorf(avow.TooLarge, "a receipt is at most %d bytes", MaxReceipt)
	}
	var r Receipt
	if err := json.Unmarshal(text, &r); err != nil || r.Document == "" || len(r.Proof.Leaf) == 0 {
		return nil, avow.Errorf(avow.Invalid, "that is not a receipt")
	}
	return &r, nil
}

// Check reports whether the receipt's document is the one its leaf commits to, and
// says what the receipt says; Refused when not. That the leaf is in the log is for Verify.
func (r *Receipt) Check() error {
	bad := avow.Errorf(avow.Refused, "the document of this receipt is not the one that was recorded")
	leaf, err := ParseLeaf(r.Proof.Leaf)
	if err != nil {
		return err
	}
	if len(r.Proof.Salt) != SaltSize || Commit(r.Proof.Salt, []byte(r.Document)) != leaf.Commitment {
		return bad
	}
	var d Document
	if json.Unmarshal([]byte(r.Document), &d) != nil || d.Type != leaf.Type || MinuteOf(d.At) != leaf.Minute {
		return bad
	}
	if !r.says(d) {
		return avow.Errorf(avow.Refused, "the fields of this receipt do not say what its document says")
	}
	return nil
}

// says reports whether the fields beside the document, which nothing else vouches for, repeat it.
func (r *Receipt) says(d Document) bool {
	return r.ID == d.ID && r.Record == d.ID && r.Principal == d.Subject && r.EventType == d.Type && r.EventTime.Equal(d.At) &&
		r.Policy == d.Policy && r.Version == d.Version && (len(r.Consent) == 0 || sameJSON(r.Consent, d.Body))
}

// sameJSON compares what two texts are when written plainly: a receipt may have been indented.
func sameJSON(a, b json.RawMessage) bool {
	plainA, errA := json.Marshal(a)
	plainB, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(plainA, plainB)
}

// Verify reports whether the receipt is of an event that is in the log whose key is
// given: Check, and the proof and signature in Proof.Log. Refused when not.
func (r *Receipt) Verify(vkey string) error {
	if err := r.Check(); err != nil {
		return err
	}
	in, err := r.inclusion()
	if err != nil {
		return err
	}
	c, err := OpenCheckpoint(in.Checkpoint, vkey)
	if err != nil {
		return err
	}
	leaf, err := ParseLeaf(r.Proof.Leaf)
	if err != nil {
		return err
	}
	return in.Check(leaf.Hash(), c)
}

// inclusion reads the proof that the receipt carries.
func (r *Receipt) inclusion() (Inclusion, error) {
	if r.Proof.Log == "" {
		return Inclusion{}, avow.Errorf(avow.Refused, "this receipt carries no proof of the log; ask for it again")
	}
	in, err := ParseInclusion([]byte(r.Proof.Log))
	if err == nil && in.Index != r.Proof.Index {
		err = avow.Errorf(avow.Refused, "the receipt says place %d, its proof says place %d", r.Proof.Index, in.Index)
	}
	return in, err
}
