// Package mail sends service messages: the one-time link somebody asked for, the
// confirmation of a consent, the word that a request is done.
//
// What stays true: a message is put into the outbox in the transaction of its
// cause, so it exists exactly when its cause does; it is handed over at least once
// unless it is refused or outlives its use, and always under the same Message-ID.
// Addresses and texts lie sealed while they wait and are gone when they have left.
// Nothing that somebody typed can add a header or a recipient.
//
// What it never does: send marketing, which must pass the gate; put an address
// into a log or an error; talk to a network inside a transaction.
package mail

import (
	"context"
	"time"

	"github.com/avowhq/avow"
)

// Message is one message to one address.
type Message struct {
	ID      avow.ID // its identity: putting the same one twice sends it once
	To      string  // an address, not a list and without a name
	Subject string  // one line, at most 200 characters
	Text    string  // paragraphs with an empty line between them, at most 16 KiB
	// Button and Link are the one thing the reader can do: words and an http(s) address. Empty: nothing.
	Button, Link string
	Lang         string    // language tag of the text; empty: en
	Until        time.Time // from then on it is of no use and is not sent; zero: 3 days after it was put
}

// From is who writes.
type From struct {
	Name    string // shown to the reader
	Address string // also the envelope's sender
}

// Letter is a message as it travels: an envelope and the bytes of rfc:5322.
type Letter struct {
	ID       avow.ID
	From, To string // envelope addresses with ASCII domains (rfc:5321#4.1.2)
	UTF8     bool   // an address has letters beyond ASCII before the @ (rfc:6531)
	Data     []byte
}

// Sender hands a letter to the next hop. It returns nil once the next hop has
// taken it; an avow.Refused error when that hop will never take this letter; any
// other error is worth another try. The same letter may be handed over twice.
// A Sender is safe for concurrent use and keeps to the time of ctx.
type Sender interface {
	Send(ctx context.Context, l Letter) error
}
