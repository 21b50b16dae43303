package ledger

import (
	"bytes"
	"encoding/json"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

const saltSize = proof.SaltSize

// newReceipt is the receipt of an event that is not in the log yet.
func newReceipt(e Event) *Receipt {
	r := &Receipt{
		Schema: SchemaReceipt, ID: e.ID, Record: e.ID, EventType: e.Type, EventTime: e.At, Policy: e.Policy, Version: e.Version,
		Proof: Proof{Index: -1},
	}
	if !e.Subject.IsZero() {
		r.Principal = e.Subject.String()
	}
	r.Consent = consentOf(e)
	return r
}

// consentOf is the record of an event that is about a consent; nil of others.
func consentOf(e Event) json.RawMessage {
	switch e.Type {
	case ConsentGiven, ConsentConfirmed, ConsentWithdrawn, ConsentRefused:
		return e.Body
	}
	return nil
}

func fillReceipt(r *Receipt, text, salt []byte, leaf Leaf) {
	r.Document, r.Proof.Leaf, r.Proof.Salt = string(text), leaf.Bytes(), bytes.Clone(salt)
}

// Receipt gives the receipt of an event again, with its proof, while its body can be opened.
func (l *Ledger) Receipt(tx *store.Tx, e Entry) (*Receipt, error) {
	event, plain, err := l.open(tx, e)
	if err != nil {
		return nil, err
	}
	r := newReceipt(event)
	fillReceipt(r, plain[saltSize:], plain[:saltSize], e.Leaf)
	r.Proof.Index = e.Index
	return r, l.Prove(tx, r)
}

// Prove fills in a receipt's proof that the log has it: one that Append gave, once
// its Write has returned, or one that its holder brings and whose body is long gone.
// NotFound when the log does not have it at its place.
func (l *Ledger) Prove(tx *store.Tx, r *Receipt) error {
	leaf, err := proof.ParseLeaf(r.Proof.Leaf)
	if err != nil {
		return err
	}
	in, err := l.Inclusion(tx, r.Proof.Index)
	if err != nil {
		return err
	}
	c, err := proof.PeekCheckpoint(in.Checkpoint)
	if err != nil {
		return err
	}
	if in.Check(leaf.Hash(), c.Checkpoint) != nil {
		return avow.Errorf(avow.NotFound, "the log does not have this event at place %d", r.Proof.Index)
	}
	r.Proof.Log = string(proof.FormatInclusion(in.Index, in.Proof, in.Checkpoint))
	return nil
}
