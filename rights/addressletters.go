package rights

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// addressLetter carries the link to an address that was added. It names nobody: it may
// go to a stranger.
func (d *Desk) addressLetter(tx *store.Tx, to, token string) mail.Message {
	return mail.Message{
		ID: avow.NewID(tx.Now()), To: to, Subject: "Is this address yours?", Until: tx.Now().Add(linkLife),
		Text: "Somebody, probably you, opened what " + d.Organisation + " holds about them, and added this address. Use the link if that was you: " +
			"from then on whoever reads the mail of this address can see and change all of it, and what is held under this address is brought together with it.\n\n" +
			"The link works once, within 15 minutes, in the browser where your data is open.\n\n" +
			"If it was not you, do nothing: then nothing happens, and nobody has seen anything. Never use such a link because somebody asked you to.",
		Button: "This address is mine", Link: d.AddressLink + token,
	}
}

// tellOthers writes to every other address by which somebody could open this person's
// data before, so that nobody gives themselves a way in unseen.
func (d *Desk) tellOthers(tx *store.Tx, subject avow.ID, news vault.Identity) error {
	all, err := d.Vault.Identities(tx, subject)
	if err != nil {
		return err
	}
	for _, id := range all {
		if !opens(id) || alike(news)(id) {
			continue
		}
		if err := d.Outbox.Put(tx, d.addedLetter(tx, id.Value)); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) addedLetter(tx *store.Tx, to string) mail.Message {
	return mail.Message{
		ID: avow.NewID(tx.Now()), To: to, Subject: "Another address opens your data now",
		Text: "Somebody, probably you, opened what " + d.Organisation + " holds about you, added another e-mail address, and showed that they read its mail. " +
			"From now on a link to your data can be sent there too.\n\n" +
			"If that was not you, ask for a link to your data with this address, remove the address you do not know, and tell us: somebody has read your mail.",
	}
}

func (d *Desk) removedLetter(tx *store.Tx, to string) mail.Message {
	return mail.Message{
		ID: avow.NewID(tx.Now()), To: to, Subject: "This address opens your data no more",
		Text: "Somebody, probably you, opened what " + d.Organisation + " holds about you, and removed this address. No link to your data is sent here any more.\n\n" +
			"If that was not you, tell us: somebody has read your mail.",
	}
}
