package vault

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

const (
	linkLife    = 15 * time.Minute
	linkWindow  = time.Hour
	linksWindow = 5 // links to one address in a window
)

// Link is a one-time link that was used: who it was for, and the address that whoever used it holds.
type Link struct {
	Subject  avow.ID
	Identity Identity
}

// NewLink makes a link that works once, within 15 minutes, for one purpose, to be
// sent to the subject's identity of a kind (Email, Phone). It returns the token and
// where to send it: always the spelling that is kept, never one that was typed,
// and where somebody has the identity verified, their spelling. Only the token's
// hash is kept. A sixth link to one address within an hour is TooMany; a face gives
// the same answer then, and when the address is not known.
func (v *Vault) NewLink(tx *store.Tx, subject avow.ID, kind, purpose string) (token string, to Identity, err error) {
	s, err := v.Subject(tx, subject)
	if err != nil {
		return "", to, err
	}
	h, err := v.address(tx, s.ID, func(h identityRow) bool { return h.kind == kind && h.standing != added })
	if err != nil {
		return "", to, err
	}
	return v.newLink(tx, s.ID, h, purpose)
}

// NewLinkTo is NewLink to one identity among several of the subject's, such as one that
// was added: for VerifyAs. NotFound when it is not theirs.
func (v *Vault) NewLinkTo(tx *store.Tx, subject avow.ID, id Identity, purpose string) (token string, to Identity, err error) {
	n, err := id.normal()
	if err != nil {
		return "", to, err
	}
	s, err := v.Subject(tx, subject)
	if err != nil {
		return "", to, err
	}
	h, err := v.address(tx, s.ID, identityRow{normal: n, blind: v.blind(n)}.alike)
	if err != nil {
		return "", to, err
	}
	return v.newLink(tx, s.ID, h, purpose)
}

func (v *Vault) newLink(tx *store.Tx, subject avow.ID, h identityRow, purpose string) (token string, to Identity, err error) {
	kind, blind := h.kind, h.blind
	if to, err = v.spelt(tx, subject, h); err != nil {
		return "", to, err
	}
	if err := v.limitLinks(tx, kind, blind); err != nil {
		return "", to, err
	}
	raw, err := v.random(32)
	if err != nil {
		return "", to, err
	}
	token = base64.RawURLEncoding.EncodeToString(raw)
	hash := sha256.Sum256([]byte(token))
	sealed, err := v.Seal(tx, subject, parts([]byte("vault_links"), hash[:]), []byte(to.Value))
	if err != nil {
		return "", to, err
	}
	_, err = tx.Exec("INSERT INTO vault_links (hash, purpose, subject, kind, blind, sealed, made, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		hash[:], purpose, subject, kind, blind, sealed, tx.Now(), tx.Now().Add(linkLife))
	return token, to, err
}

// address picks the first of a subject's identities that is wanted; those that open them come first.
func (v *Vault) address(tx *store.Tx, subject avow.ID, wanted func(identityRow) bool) (identityRow, error) {
	held, err := identityRows(tx, subject)
	if err != nil {
		return identityRow{}, err
	}
	i := slices.IndexFunc(held, wanted)
	if i < 0 {
		return identityRow{}, avow.Errorf(avow.NotFound, "this person has no such address")
	}
	return held[i], nil
}

// spelt is an identity as it is written to: as who has it verified writes it.
func (v *Vault) spelt(tx *store.Tx, subject avow.ID, h identityRow) (to Identity, err error) {
	to = Identity{Kind: h.kind, Verified: true}
	if h.standing != verified {
		holder, known, err := v.held(tx, h.kind, h.blind, true)
		if err != nil {
			return to, err
		}
		if known {
			to.Value, err = v.spelling(tx, h.kind, h.blind, holder, true)
			return to, err
		}
		to.Verified = false
	}
	to.Value, err = v.openIdentity(tx, subject, h)
	return to, err
}

func (v *Vault) limitLinks(tx *store.Tx, kind string, blind []byte) error {
	if err := tx.Lock("vault links", blind); err != nil {
		return err
	}
	since := tx.Now().Add(-linkWindow)
	if _, err := tx.Exec("DELETE FROM vault_links WHERE expires < ?", since); err != nil {
		return err
	}
	var n int
	err := tx.QueryRow("SELECT count(hash) FROM vault_links WHERE kind = ? AND blind = ? AND made > ?", kind, blind, since).Scan(&n)
	if err == nil && n >= linksWindow {
		err = avow.Errorf(avow.TooMany, "too many links were asked for; wait an hour")
	}
	return err
}

// UseLink uses a link up, once, whoever else tries at the same time. A link that was used,
// has expired, is for another purpose or never was is Unauthorized, in the same words.
// The holder of the address is then known: give the identity to Verify.
func (v *Vault) UseLink(tx *store.Tx, token, purpose string) (Link, error) {
	refused := avow.Errorf(avow.Unauthorized, "this link was used already or has expired; ask for a new one")
	hash := sha256.Sum256([]byte(token))
	n, err := tx.Exec("UPDATE vault_links SET used = ? WHERE hash = ? AND purpose = ? AND used IS NULL AND expires > ?",
		tx.Now(), hash[:], purpose, tx.Now())
	if err != nil {
		return Link{}, err
	}
	if n != 1 {
		return Link{}, refused
	}
	var l Link
	var sealed []byte
	err = tx.QueryRow("SELECT subject, kind, sealed FROM vault_links WHERE hash = ?", hash[:]).
		Scan(store.IntoID(&l.Subject), &l.Identity.Kind, &sealed)
	if err != nil {
		return Link{}, err
	}
	plain, err := v.Open(tx, l.Subject, parts([]byte("vault_links"), hash[:]), sealed)
	if err != nil {
		return Link{}, refused // the person was erased meanwhile
	}
	l.Identity.Value = string(plain)
	s, err := v.Subject(tx, l.Subject)
	if avow.KindOf(err) == avow.NotFound {
		return Link{}, refused
	}
	l.Subject = s.ID
	return l, err
}
