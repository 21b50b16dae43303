package ledger

import (
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

	leaf Leaf
}

// Proof ties a receipt to the log.
type Proof struct {
	Index int64  `json:"index"`
	Leaf  []byte `json:"leaf"` // Leaf.Bytes
	Salt  []byte `json:"salt"` // whoever has it can prove the document; nobody else can check a guess
}

func newReceipt(e Event, text, salt []byte, leaf Leaf) *Receipt {
	r := &Receipt{
		Schema: SchemaReceipt, ID: e.ID, Record: e.ID, EventType: e.Type, EventTime: e.At, Policy: e.Policy, Version: e.Version,
		Document: string(text),
		Proof:    Proof{Index: -1, Leaf: leaf.Bytes(), Salt: salt},
		leaf:     leaf,
	}
	if !e.Subject.IsZero() {
		r.Principal = e.Subject.String()
	}
	switch e.Type {
	case ConsentGiven, ConsentConfirmed, ConsentWithdrawn, ConsentRefused:
		r.Consent = e.Body
	}
	return r
}

// Check reports whether the receipt's document is the one its leaf commits to.
// That the leaf is in the log is for an inclusion proof to show.
func (r *Receipt) Check() error {
	bad := avow.Errorf(avow.Refused, "the document of this receipt is not the one that was recorded")
	leaf, err := parseLeaf(r.Proof.Leaf)
	if err != nil {
		return err
	}
	var d document
	if json.Unmarshal([]byte(r.Document), &d) != nil || commit(r.Proof.Salt, []byte(r.Document)) != leaf.Commitment {
		return bad
	}
	if len(r.Proof.Salt) != saltSize || d.ID != r.ID || d.Type != leaf.Type || minuteOf(d.At) != leaf.Minute {
		return bad
	}
	return nil
}

func parseLeaf(b []byte) (Leaf, error) {
	bad := avow.Errorf(avow.Invalid, "that is not a leaf of a log")
	if len(b) < 2 || b[0] != leafVersion || len(b) != 2+int(b[1])+8+64 {
		return Leaf{}, bad
	}
	n := 2 + int(b[1])
	l := Leaf{Type: Type(b[2:n])}
	for _, c := range b[n : n+8] {
		l.Minute = l.Minute<<8 | int64(c)
	}
	copy(l.Sealed[:], b[n+8:])
	copy(l.Commitment[:], b[n+40:])
	return l, nil
}

// ConsentRecord is the body of a consent event: the fields of ISO/IEC TS 27560:2023
// that are not in the event itself. Whoever records a consent fills it from the policy version that was shown.
type ConsentRecord struct {
	Notice       string           `json:"privacyNotice"` // where the words shown can be read again
	Language     string           `json:"language"`
	Shown        string           `json:"shown,omitempty"` // the words beside the choice
	Purposes     []ConsentPurpose `json:"purposes"`
	Controllers  []Party          `json:"piiControllers"`
	Recipients   []string         `json:"recipientThirdParties"`
	Jurisdiction string           `json:"jurisdiction"`
	Collection   string           `json:"collectionMethod,omitempty"`
	Storage      []string         `json:"storageLocations"`
	Withdrawal   string           `json:"withdrawalMethod"`
	Rights       string           `json:"privacyRights,omitempty"`
	State        string           `json:"eventState"` // given, unconfirmed, confirmed, withdrawn, refused
	Until        string           `json:"validityDuration"`
	By           string           `json:"entityId"` // who acted: the person, or who did on their behalf
}

// ConsentPurpose is one purpose of a consent.
type ConsentPurpose struct {
	Purpose   string   `json:"purpose"`
	Title     string   `json:"title,omitempty"`
	Basis     string   `json:"lawfulBasis"`
	Data      []string `json:"piiInformation"`
	Retention string   `json:"retentionPeriod"`
}

// Party is somebody named in a record.
type Party struct {
	ID      string `json:"partyId"`
	Name    string `json:"name"`
	Address string `json:"address,omitempty"`
	Contact string `json:"contact"`
	Type    string `json:"type"`
}
