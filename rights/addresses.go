package rights

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Events of people who change what finds them.
const (
	// AddressAdded: a person named an address, or asked again for the link to it. It is
	// recorded whether or not a letter left, which depends on what others asked for.
	AddressAdded   ledger.Type = "address-added"
	AddressRemoved ledger.Type = "address-removed"
)

const (
	addressPurpose = "address"
	askedWindow    = time.Hour
	askedAtMost    = 10 // links one person asks for in a window, to whichever addresses
)

// mailable is an e-mail address a letter can be sent to, as it is kept.
func mailable(id vault.Identity) (vault.Identity, error) {
	if id.Kind != vault.Email {
		return id, avow.FieldErrorf("address", "links are sent by e-mail; give an e-mail address")
	}
	id, err := id.Normal()
	if err != nil {
		return id, err
	}
	if _, _, err := mail.Address(id.Value); err != nil {
		return id, avow.FieldErrorf("address", "%s", avow.MessageOf(err))
	}
	return id, nil
}

// atLeast takes as long as Ask does, so that the time an answer takes tells nothing.
func atLeast(ctx context.Context, do func() error) error {
	t := time.NewTimer(askTakes)
	defer t.Stop()
	err := do()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return err
}

// AddAddress takes down another e-mail address of whoever has the session, and sends a
// link to it. The address opens nothing until that link is used (see ConfirmAddress).
// Adding it again sends another link. Whether anybody else is known by it changes neither
// the answer, nor what is recorded, nor the time this takes. Invalid for what is no address
// or is theirs already; TooMany beyond ten links an hour.
func (d *Desk) AddAddress(ctx context.Context, session string, id vault.Identity) error {
	id, err := mailable(id)
	if err != nil {
		return err
	}
	return atLeast(ctx, func() error {
		return d.DB.Write(ctx, func(tx *store.Tx) error {
			subject, err := d.hold(tx, session)
			if err != nil {
				return err
			}
			return d.addAddress(tx, subject, id)
		})
	})
}

func (d *Desk) addAddress(tx *store.Tx, subject avow.ID, id vault.Identity) error {
	mine, err := d.Vault.Identities(tx, subject)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(mine, alike(id)); i >= 0 && mine[i].Verified {
		return avow.FieldErrorf("address", "is yours already")
	}
	if err := d.limitAsked(tx, subject); err != nil {
		return err
	}
	if err := d.Vault.AddIdentity(tx, subject, id); err != nil {
		return err
	}
	if _, err := d.record(tx, ledger.Event{Type: AddressAdded, Subject: subject}, note{Way: theDesk}); err != nil {
		return err
	}
	token, to, err := d.Vault.NewLinkTo(tx, subject, id, addressPurpose)
	if avow.KindOf(err) == avow.TooMany {
		return nil // others asked for links to it: that is not told
	}
	if err != nil {
		return err
	}
	return d.Outbox.Put(tx, d.addressLetter(tx, to.Value, token))
}

// alike tells whether an identity is the same but for the case of its letters, as it is when people are found.
func alike(id vault.Identity) func(vault.Identity) bool {
	return func(o vault.Identity) bool { return o.Kind == id.Kind && strings.EqualFold(o.Value, id.Value) }
}

func (d *Desk) limitAsked(tx *store.Tx, subject avow.ID) error {
	family, err := d.Vault.Family(tx, subject)
	if err != nil {
		return err
	}
	entries, err := d.Ledger.BySubject(tx, family...)
	if err != nil {
		return err
	}
	n, since := 0, tx.Now().Add(-askedWindow)
	for _, e := range entries {
		if e.Type == AddressAdded && e.At.After(since) {
			n++
		}
	}
	if n >= askedAtMost {
		return avow.Errorf(avow.TooMany, "you asked for %d links to addresses of yours within an hour; wait a while", n)
	}
	return nil
}

// ConfirmAddress uses the link up that was sent to an added address, once. It works in
// a visit of the person who added it and in nobody else's: a link alone would let whoever reads the
// mail of a mistyped address in, and a visit alone would let somebody else's link give them
// an address that opens the visitor's data. From then on the address opens their data.
// Whoever had verified it is the same person, and what was kept of the two is brought together.
// Every other address of theirs gets a letter. Unauthorized when the visit has ended, or the link was
// used, is too old, or never was; Forbidden in somebody else's visit, and the link stays good.
func (d *Desk) ConfirmAddress(ctx context.Context, session, token string) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		subject, err := d.hold(tx, session)
		if err != nil {
			return err
		}
		link, err := d.Vault.UseLink(tx, bounded(token), addressPurpose)
		if err != nil {
			return err
		}
		mine, err := d.Vault.Family(tx, subject) // after the link: another node may have joined them with whom it was for
		if err != nil {
			return err
		}
		if !slices.Contains(mine, link.Subject) {
			return avow.Errorf(avow.Forbidden, "this link belongs to a visit of somebody who came by another address; nothing was changed. "+
				"If that was you, open your data by that address, and use the link then")
		}
		if err := d.verifyAs(tx, subject, link.Identity); err != nil {
			return err
		}
		return d.tellOthers(tx, subject, link.Identity)
	})
}

func (d *Desk) verifyAs(tx *store.Tx, subject avow.ID, id vault.Identity) error {
	v, err := d.Vault.VerifyAs(tx, subject, id)
	if err != nil {
		return err
	}
	if err := d.join(tx, v); err != nil {
		return err
	}
	receipt, err := d.record(tx, ledger.Event{Type: ledger.IdentityVerified, Subject: v.Subject}, note{Way: "one-time link, in a visit"})
	if err != nil {
		return err
	}
	return d.Register.Renew(tx, v.Subject, receipt)
}

// hold is who has a session. An erasure by another visit of theirs waits, or was first and ended this one.
func (d *Desk) hold(tx *store.Tx, session string) (avow.ID, error) {
	subject, err := d.who(tx, session)
	if err != nil {
		return subject, err
	}
	if err := tx.Lock("rights subject", subject[:]); err != nil {
		return subject, err
	}
	return d.who(tx, session)
}

// RemoveAddress lets go of an address of whoever has the session, and of links that were
// sent to it. One that could open their data gets a letter, and every other visit of theirs ends,
// because it may have begun there. Refused for the last one a link can be sent to, and for what is
// no address; NotFound when it is not theirs.
func (d *Desk) RemoveAddress(ctx context.Context, session string, id vault.Identity) error {
	if id.Kind != vault.Email && id.Kind != vault.Phone {
		return avow.Errorf(avow.Refused, "only an e-mail address or a telephone number can be removed here")
	}
	id, err := id.Normal()
	if err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		subject, err := d.hold(tx, session)
		if err != nil {
			return err
		}
		return d.removeAddress(tx, session, subject, id)
	})
}

func (d *Desk) removeAddress(tx *store.Tx, session string, subject avow.ID, id vault.Identity) error {
	was, err := d.Vault.RemoveIdentity(tx, subject, id)
	if err != nil {
		return err
	}
	after, err := d.Vault.Identities(tx, subject)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(after, opens) { // a telephone number gets no link
		return avow.Errorf(avow.Refused, "this is the last address a link to your data can be sent to; add another first")
	}
	receipt, err := d.record(tx, ledger.Event{Type: AddressRemoved, Subject: subject}, note{Way: theDesk})
	if err != nil {
		return err
	}
	if err := d.Register.Renew(tx, subject, receipt); err != nil {
		return err
	}
	if !was.Verified {
		return nil
	}
	return d.shutOut(tx, session, subject, was)
}

// opens tells whether a link to somebody's data can be sent to an identity of theirs.
func opens(id vault.Identity) bool { return id.Verified && id.Kind == vault.Email }

// shutOut ends the other visits of a person, and writes to the address that was theirs.
func (d *Desk) shutOut(tx *store.Tx, session string, subject avow.ID, was vault.Identity) error {
	family, err := d.Vault.Family(tx, subject)
	if err != nil {
		return err
	}
	for _, id := range family {
		if _, err := tx.Exec(`DELETE FROM rights_sessions WHERE subject = ? AND hash <> ?`, id, hashOf(session)); err != nil {
			return err
		}
	}
	if !opens(was) {
		return nil
	}
	return d.Outbox.Put(tx, d.removedLetter(tx, was.Value))
}

// Addresses are where a link to the data of whoever has the session can be sent. Asking
// changes nothing. Unauthorized when the session has ended or never was.
func (d *Desk) Addresses(ctx context.Context, session string) (list []string, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		subject, err := d.who(tx, session)
		if err != nil {
			return err
		}
		all, err := d.Vault.Identities(tx, subject)
		for _, id := range all {
			if opens(id) {
				list = append(list, id.Value)
			}
		}
		return err
	})
	return list, err
}

// Removable tells whether the person can remove an identity by themselves.
func (rec Record) Removable(id Identity) bool {
	if id.Kind != vault.Email && id.Kind != vault.Phone {
		return false
	}
	return !id.Verified || slices.ContainsFunc(rec.Identities, func(o Identity) bool { return o != id && o.Verified && o.Kind == vault.Email })
}
