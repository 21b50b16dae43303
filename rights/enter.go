package rights

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

const (
	linkPurpose = "privacy"
	linkLife    = 15 * time.Minute
	sessionLife = 30 * time.Minute
	askTakes    = 200 * time.Millisecond // at least, so that the time an answer takes tells nothing
)

// Ask sends a link to an e-mail address, when somebody is known under it and they
// have not had too many: to the spelling that is kept, never to the one that was typed. The
// answer does not tell which: nil, or Invalid for what cannot be an address. Nor does the
// time it takes, which is askTakes unless the database is slower.
func (d *Desk) Ask(ctx context.Context, id vault.Identity) error {
	id, err := mailable(id) // before it is looked up, so that it is said of unknown ones too
	if err != nil {
		return err
	}
	return atLeast(ctx, func() error {
		return d.DB.Write(ctx, func(tx *store.Tx) error { return d.sendLink(tx, id) })
	})
}

func (d *Desk) sendLink(tx *store.Tx, id vault.Identity) error {
	found, err := d.Vault.Find(tx, id)
	if err != nil || len(found) == 0 || found[0].Added {
		return err // an address somebody added and has not shown to hold opens nothing
	}
	token, to, err := d.Vault.NewLinkTo(tx, found[0].Subject, id, linkPurpose)
	if avow.KindOf(err) == avow.TooMany {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := d.record(tx, ledger.Event{Type: ledger.LinkSent, Subject: found[0].Subject}, note{Way: theDesk}); err != nil {
		return err
	}
	return d.Outbox.Put(tx, mail.Message{
		ID: avow.NewID(tx.Now()), To: to.Value, Subject: "Your link to your data", Until: tx.Now().Add(linkLife),
		Text: "Somebody, probably you, asked " + d.Organisation + " to see and change what it holds about you.\n\n" +
			"The link works once, within 15 minutes. If it was not you, do nothing: nobody has seen anything.",
		Button: "Open my data", Link: d.Link + token,
	})
}

// Session is somebody at the desk. The token is a secret of theirs.
type Session struct {
	Token   string
	Expires time.Time // half an hour after it began, whatever happens meanwhile
}

// Enter uses a link up, once. Whoever uses it holds the address: what was claimed
// under it is theirs. Unauthorized when the link was used, is too old, or never was.
func (d *Desk) Enter(ctx context.Context, token string) (Session, error) {
	var s Session
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		link, err := d.Vault.UseLink(tx, bounded(token), linkPurpose)
		if err != nil {
			return err
		}
		subject, err := d.verify(tx, link.Identity)
		if err != nil {
			return err
		}
		receipt, err := d.record(tx, ledger.Event{Type: ledger.IdentityVerified, Subject: subject}, note{Way: "one-time link"})
		if err != nil {
			return err
		}
		if err := d.Register.Renew(tx, subject, receipt); err != nil {
			return err
		}
		s, err = open(tx, subject)
		return err
	})
	return s, err
}

// verify brings what was claimed under an address to its holder.
func (d *Desk) verify(tx *store.Tx, id vault.Identity) (avow.ID, error) {
	v, err := d.Vault.Verify(tx, id)
	if err != nil {
		return v.Subject, err
	}
	return v.Subject, d.join(tx, v)
}

// join brings together what is kept of subjects who turned out to be one person.
func (d *Desk) join(tx *store.Tx, v vault.Verification) error {
	if len(v.Absorbed) == 0 {
		return nil
	}
	if err := d.Register.Join(tx, v.Subject, v.Absorbed); err != nil {
		return err
	}
	n := note{Way: theDesk}
	for _, old := range v.Absorbed {
		n.Was = append(n.Was, old.String())
	}
	receipt, err := d.record(tx, ledger.Event{Type: ledger.Joined, Subject: v.Subject}, n)
	if err != nil {
		return err
	}
	return d.Register.Renew(tx, v.Subject, receipt)
}

func open(tx *store.Tx, subject avow.ID) (Session, error) {
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
	h := sha256.Sum256([]byte(bounded(token)))
	return h[:]
}

// bounded limits what is hashed; a token of ours is far shorter.
func bounded(token string) string { return token[:min(len(token), 200)] }

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

// act is the beginning of everything a person does here: who they are, with what
// came in under their addresses since they came.
func (d *Desk) act(tx *store.Tx, session string) (avow.ID, error) {
	subject, err := d.who(tx, session)
	if err != nil {
		return subject, err
	}
	identities, err := d.Vault.Identities(tx, subject)
	if err != nil {
		return subject, err
	}
	for _, id := range identities {
		if !id.Verified {
			continue
		}
		if _, err := d.verify(tx, id); err != nil {
			return subject, err
		}
	}
	return subject, nil
}

// Leave ends a session. Ending one that has ended changes nothing.
func (d *Desk) Leave(ctx context.Context, session string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM rights_sessions WHERE hash = ?`, hashOf(session))
		return err
	})
}
