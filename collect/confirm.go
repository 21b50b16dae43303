package collect

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// linkPurpose names our links to the vault.
const linkPurpose = "confirm"

// addressOnly stands where a purpose would, for what every link confirms: the address.
const addressOnly = ""

// linkLife is how long what a link confirms is remembered; the vault ends the link itself earlier.
const linkLife = time.Hour

// consents records what was ticked and, where it does not count yet, asks the holder
// of the address by mail.
func (d *Desk) consents(tx *store.Tx, h *consent.Hand, c checked, s Submission, id vault.Identity) error {
	for _, i := range c.consents {
		if _, err := h.Give(d.choice(c, i, s)); err != nil {
			return err
		}
	}
	if !c.result(false).NeedsConfirmation || d.outbox == nil {
		return nil
	}
	token, to, err := d.vault.NewLinkTo(tx, h.Subject().ID, id, linkPurpose)
	if avow.KindOf(err) == avow.TooMany {
		return nil // the answer is the same; the holder has had links enough
	}
	if err != nil {
		return err
	}
	if err := d.remember(tx, c, s, token); err != nil {
		return err
	}
	return d.outbox.Put(tx, c.letter(avow.NewID(tx.Now()), to.Value, d.confirm+token, tx.Now().Add(15*time.Minute)))
}

func (d *Desk) choice(c checked, purpose int, s Submission) consent.Choice {
	return consent.Choice{Policy: c.p.Name, Version: c.p.Number, Purpose: c.p.Purposes[purpose].Name, Language: s.Language, Way: s.Way}
}

// remember keeps what a link confirms: the consents of this form, not those somebody
// else asked for under the same address.
func (d *Desk) remember(tx *store.Tx, c checked, s Submission, token string) error {
	if _, err := tx.Exec(`DELETE FROM collect_confirmations WHERE expires < ?`, tx.Now()); err != nil {
		return err
	}
	hash := sha256.Sum256([]byte(token))
	for _, name := range append([]string{addressOnly}, names(c.p, c.consents)...) {
		if _, err := tx.Exec(`INSERT INTO collect_confirmations (link, policy, version, purpose, way, expires) VALUES (?, ?, ?, ?, ?, ?)`,
			hash[:], c.p.Name, c.p.Number, name, s.Way, tx.Now().Add(linkLife)); err != nil {
			return err
		}
	}
	return nil
}

func (c *checked) letter(id avow.ID, to, link string, until time.Time) mail.Message {
	said := "."
	if len(c.consents) > 0 {
		said = " and said yes to:"
		for _, i := range c.consents {
			said += "\n\n- " + words(c.p, i)
		}
	}
	return mail.Message{
		ID: id, To: to, Until: until, Subject: "Please confirm your address", Button: "See and confirm", Link: link,
		Text: "Somebody, probably you, gave this address to " + Text(c.p, c.p.Document.Organisation.Name) + said +
			"\n\nIt counts when you confirm it on the page below, within 15 minutes. If it was not you, do nothing: then it never counts.",
	}
}

// words are what a person agrees to: the question the policy asks, else the purpose.
func words(p *policy.Policy, purpose int) string {
	u := p.Purposes[purpose]
	if rule, ok := p.Document.Consents.Get(u.Name); ok {
		if asks := Text(p, rule.Asks); asks != "" {
			return asks
		}
	}
	return u.Title
}

// Text is a text of the policy in the language that prevails, on one line.
func Text(p *policy.Policy, t policy.Text) string {
	s := t.Plain
	if in, ok := t.In.Get(p.Document.Languages.Prevails); ok && s == "" {
		s = *in
	}
	if s == "" && len(t.In) > 0 {
		s = t.In[0].Is
	}
	return strings.Join(strings.Fields(s), " ")
}

// Pending is what a confirmation link would confirm. Looking changes nothing: mail
// programs open links by themselves.
type Pending struct {
	Policy  string   // name
	Title   string   // of the policy
	Version int      // whose words these are
	Asks    []string // the words said yes to; none when it is about the address alone
	// Receipts are of the consents, once they are confirmed: for the holder of the address.
	Receipts []*ledger.Receipt
	names    []string
	way      string
}

// Look tells what a link would confirm; Unauthorized when it confirms nothing, in the words the vault has for it.
func (d *Desk) Look(ctx context.Context, token string) (Pending, error) {
	var p Pending
	err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
		p, err = d.pending(tx, token)
		return err
	})
	return p, err
}

func (d *Desk) pending(tx *store.Tx, token string) (Pending, error) {
	hash := sha256.Sum256([]byte(token))
	var out Pending
	err := store.Each(tx, func(r *store.Rows) error {
		var name string
		err := r.Scan(&out.Policy, &out.Version, &name, &out.way)
		if name != addressOnly {
			out.names = append(out.names, name)
		}
		return err
	}, `SELECT policy, version, purpose, way FROM collect_confirmations WHERE link = ? AND expires >= ? ORDER BY purpose`, hash[:], tx.Now())
	if err != nil {
		return out, err
	}
	if out.Policy == "" {
		return out, avow.Errorf(avow.Unauthorized, "this link was used already, is too old, or is not one of ours; ask for a new one")
	}
	p, err := d.consent.Version(out.Policy, out.Version)
	if err != nil {
		return out, err
	}
	out.Title = Text(p, p.Document.Title)
	for _, n := range out.names {
		i, _ := p.Purpose(n)
		out.Asks = append(out.Asks, words(p, i))
	}
	return out, nil
}

// Confirm uses a confirmation link, once: whoever uses it holds the address, and what
// they said yes to counts. Unauthorized when the link was used, is too old, or never was.
func (d *Desk) Confirm(ctx context.Context, token string) (Pending, error) {
	var p Pending
	err := d.db.Write(ctx, func(tx *store.Tx) (err error) {
		link, err := d.vault.UseLink(tx, token, linkPurpose)
		if err != nil {
			return err
		}
		if p, err = d.pending(tx, token); err != nil {
			return err
		}
		hash := sha256.Sum256([]byte(token))
		if _, err := tx.Exec(`DELETE FROM collect_confirmations WHERE link = ?`, hash[:]); err != nil {
			return err
		}
		return d.confirmed(tx, link, &p)
	})
	return p, err
}

func (d *Desk) confirmed(tx *store.Tx, link vault.Link, p *Pending) error {
	v, err := d.vault.Verify(tx, link.Identity)
	if err != nil {
		return err
	}
	if err := d.consent.Join(tx, v.Subject, v.Absorbed); err != nil {
		return err
	}
	p.Receipts = nil
	h, err := d.consent.In(tx, v.Subject)
	if err != nil {
		return err
	}
	if _, err := h.Append(ledger.Event{Type: ledger.IdentityVerified}); err != nil {
		return err
	}
	for _, name := range p.names {
		choice := consent.Choice{Policy: p.Policy, Version: p.Version, Purpose: name, Way: p.way + ", confirmed by link"}
		receipt, err := h.Confirm(choice)
		if err != nil {
			return err
		}
		p.Receipts = append(p.Receipts, receipt)
	}
	return h.Done()
}
