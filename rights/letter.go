package rights

import (
	"fmt"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// lastLetter tells the person what was done. It lies in the outbox under the
// outbox's own key, so it leaves although theirs is destroyed, and is gone from there when it has left.
func (d *Desk) lastLetter(tx *store.Tx, identities []vault.Identity, done Erasure) error {
	subject, text := "Your data was erased", d.goneText(done)
	if len(done.Kept) > 0 {
		subject, text = "Your data was erased, but for what must be kept", d.keptText(done)
	}
	text += fmt.Sprintf("\n\nThe record of this has the number %s. Receipts you were given before still show what was recorded.", done.Event)
	for _, id := range identities {
		if id.Kind != vault.Email || !id.Verified {
			continue
		}
		if err := d.Outbox.Put(tx, mail.Message{ID: avow.NewID(tx.Now()), To: id.Value, Subject: subject, Text: text}); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) goneText(done Erasure) string {
	text := fmt.Sprintf("You asked %s to erase what it held about you. That is done: %s gone, and the key that opened what was there is destroyed. "+
		"Your address was needed for this letter, and is not kept.", d.Organisation, count(done.Values, "value is", "values are"))
	if done.Suppressed {
		text += "\n\nYou had told it to stop. It remembers that, as a code it cannot turn back into this address."
	}
	return text
}

func (d *Desk) keptText(done Erasure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "You asked %s to erase what it held about you. That is done: %s gone. This must be kept, for what is named here and for nothing else:\n",
		d.Organisation, count(done.Values, "value is", "values are"))
	for _, k := range done.Kept {
		fmt.Fprintf(&b, "\n- %s, for: %s; %s. %s", strings.Join(k.Titles, ", "), strings.Join(k.For, "; "), k.Until, k.Because)
	}
	b.WriteString("\n\nYour address stays with it, so that you can ask for a link again and see what is kept. What you had stopped stays stopped.")
	return b.String()
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
