// Package rights is what a person can do about their own data: see it, take a
// copy, have it corrected, have it erased.
//
// What stays true: whoever acts has shown to hold the address, by a link that works
// once; asking for one gets the same answer whether or not the address is known. What is
// shown is all that is held of the person and nothing of anybody else. Each look, copy and change is
// an event. After an erasure nothing opens what was held, and the receipts the person has still prove what was recorded.
//
// What it never does: ask other duties to act, keep data longer than it says, or erase
// what the policy says must be kept without telling what and why.
package rights

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
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
	// Forget lets go of all a person has said; kept tells that a keyed hash remembers that they said stop.
	Forget(tx *store.Tx, subject avow.ID) (kept bool, err error)
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
	// Link is the page a link opens, with the token at its end:
	// https://privacy.harbour.example/privacy/open?t=
	Link string
	// Organisation is the name letters are written in.
	Organisation string
}

// Desk serves people. It is safe for concurrent use.
type Desk struct{ Config }

const (
	linkPurpose = "privacy"
	linkLife    = 15 * time.Minute
	sessionLife = 30 * time.Minute
)

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

// Ask sends a link to an address, when somebody is known under it and they have not
// had too many. The answer does not tell which: nil, or Invalid for what cannot be an address.
func (d *Desk) Ask(ctx context.Context, id vault.Identity) error {
	id, err := id.Normal()
	if err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		found, err := d.Vault.Find(tx, id)
		if err != nil || len(found) == 0 {
			return err
		}
		token, to, err := d.Vault.NewLink(tx, found[0].Subject, id.Kind, linkPurpose)
		if avow.KindOf(err) == avow.TooMany {
			return nil
		}
		if err != nil || to.Kind != vault.Email {
			return err
		}
		if err := d.record(tx, ledger.Event{Type: ledger.LinkSent, Subject: found[0].Subject}); err != nil {
			return err
		}
		return d.Outbox.Put(tx, mail.Message{
			ID: avow.NewID(tx.Now()), To: to.Value, Subject: "Your link to your data", Until: tx.Now().Add(linkLife),
			Text: "Somebody, probably you, asked " + d.Organisation + " to see and change what it holds about you.\n\n" +
				"The link works once, within 15 minutes. If it was not you, do nothing: nobody has seen anything.",
			Button: "Open my data", Link: d.Link + token,
		})
	})
}

func (d *Desk) record(tx *store.Tx, e ledger.Event) error {
	_, err := d.Ledger.Append(tx, e)
	return err
}

// Session is somebody at the desk. The token is a secret of theirs.
type Session struct {
	Token   string
	Expires time.Time
}

// Enter uses a link up, once. Whoever uses it holds the address: what was claimed
// under it is theirs. Unauthorized when the link was used, is too old, or never was.
func (d *Desk) Enter(ctx context.Context, token string) (Session, error) {
	var s Session
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		link, err := d.Vault.UseLink(tx, token, linkPurpose)
		if err != nil {
			return err
		}
		v, err := d.Vault.Verify(tx, link.Identity)
		if err != nil {
			return err
		}
		if err := d.Register.Join(tx, v.Subject, v.Absorbed); err != nil {
			return err
		}
		receipt, err := d.Ledger.Append(tx, ledger.Event{Type: ledger.IdentityVerified, Subject: v.Subject})
		if err != nil {
			return err
		}
		if err := d.Register.Renew(tx, v.Subject, receipt); err != nil {
			return err
		}
		s, err = d.open(tx, v.Subject)
		return err
	})
	return s, err
}

func (d *Desk) open(tx *store.Tx, subject avow.ID) (Session, error) {
	raw := make([]byte, 32)
	rand.Read(raw)
	s := Session{Token: base64.RawURLEncoding.EncodeToString(raw), Expires: tx.Now().Add(sessionLife)}
	if _, err := tx.Exec(`DELETE FROM rights_sessions WHERE expires < ?`, tx.Now()); err != nil {
		return s, err
	}
	_, err := tx.Exec(`INSERT INTO rights_sessions (hash, subject, made, expires) VALUES (?, ?, ?, ?)`, hashOf(s.Token), subject, tx.Now(), s.Expires)
	return s, err
}

func hashOf(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// Who is at the desk; Unauthorized when the session has ended or never was.
func (d *Desk) Who(ctx context.Context, session string) (avow.ID, error) {
	var subject avow.ID
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		subject, err = d.who(tx, session)
		return err
	})
	return subject, err
}

func (d *Desk) who(tx *store.Tx, session string) (avow.ID, error) {
	gone := avow.Errorf(avow.Unauthorized, "your visit has ended; ask for a new link")
	var subject avow.ID
	err := tx.QueryRow(`SELECT subject FROM rights_sessions WHERE hash = ? AND expires > ?`, hashOf(session), tx.Now()).Scan(store.IntoID(&subject))
	if avow.KindOf(err) == avow.NotFound {
		return subject, gone
	}
	if err != nil {
		return subject, err
	}
	s, err := d.Vault.Subject(tx, subject) // who was joined with another since
	if avow.KindOf(err) == avow.NotFound {
		return subject, gone
	}
	return s.ID, err
}

// Leave ends a session. Ending one that has ended changes nothing.
func (d *Desk) Leave(ctx context.Context, session string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM rights_sessions WHERE hash = ?`, hashOf(session))
		return err
	})
}
