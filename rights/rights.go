// Package rights is what a person can do about their own data: see it, take a
// copy, have it corrected, have it erased (gdpr:12).
//
// What stays true: whoever acts has shown to hold the address, by a link that works
// once; asking for one gets the same answer, after the same time, whether or not the
// address is known. What is shown is all that is held of the person and nothing of anybody else.
// Each look, copy and change is an event. After an erasure nothing opens what was
// held, the receipts the person has still prove what was recorded, and one that was
// begun is finished, even when the machine stops in between.
//
// What it never does: ask other duties to act, keep data longer than it says, or erase
// what the policy says must be kept without telling what and why.
package rights

import (
	"context"
	"embed"
	"io/fs"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

//go:embed sql/*.sql
var files embed.FS

// Register is what this room needs of the room that keeps policies and choices; it is
// handed in, because duties do not call each other.
type Register interface {
	// Version is a published version; number 0 is the latest.
	Version(policy string, number int) (*policy.Policy, error)
	// Join brings together what was said by subjects who turned out to be one person.
	Join(tx *store.Tx, into avow.ID, absorbed []avow.ID) error
	// Merge is Join on the word of staff, and Split undoes it.
	Merge(tx *store.Tx, into, old avow.ID) error
	Split(tx *store.Tx, into, old avow.ID) error
	// Forget lets go of all a person has said; kept tells that a keyed hash remembers that they said stop.
	Forget(tx *store.Tx, subject avow.ID) (kept bool, err error)
	// Bury lets go of what people have said who are gone already.
	Bury(tx *store.Tx, subjects []avow.ID) error
	// Lapse ends a person's consents and leaves their objections.
	Lapse(tx *store.Tx, subject avow.ID, because *ledger.Receipt) error
	// Renew makes the gate see what changed about a person.
	Renew(tx *store.Tx, subject avow.ID, because *ledger.Receipt) error
}

// Choice is something a person has said, for them to read.
type Choice struct {
	Policy string    `json:"policy"`
	What   string    `json:"what"` // consent, marketing topic, objection, restriction
	Name   string    `json:"name"`
	Title  string    `json:"title"`
	State  string    `json:"state"`
	Since  time.Time `json:"since,omitzero"`
}

// Config is what the desk stands on.
type Config struct {
	DB       *store.DB
	Vault    *vault.Vault
	Ledger   *ledger.Ledger
	Outbox   *mail.Outbox
	Register Register
	// Choices gives what a person has said.
	Choices func(ctx context.Context, subject avow.ID) ([]Choice, error)
	// Held gives what stops an erasure of somebody's data here: claims, complaints, audits.
	// Nil: nothing ever does.
	Held func(tx *store.Tx, subject avow.ID) ([]Stop, error)
	// Link is the page a link opens, with the token at its end:
	// https://privacy.harbour.example/privacy/open?t=
	Link string
	// AddressLink is the page that the link to an added address opens:
	// https://privacy.harbour.example/privacy/address?t=
	AddressLink string
	// Organisation is the name letters are written in.
	Organisation string
}

// Desk serves people. It is safe for concurrent use.
type Desk struct{ Config }

// Open makes the tables, and finishes erasures that were cut short.
func Open(ctx context.Context, c Config) (*Desk, error) {
	sub, err := fs.Sub(files, "sql")
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, "rights", sub); err != nil {
		return nil, err
	}
	d := &Desk{c}
	return d, d.Resume(ctx)
}
