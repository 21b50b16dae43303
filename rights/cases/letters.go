package cases

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/policy/notice"
	"github.com/avowhq/avow/store"
)

// asked is what somebody asked for, as it stands after `for`.
var asked = map[law.Right]string{
	law.Copy: "a copy of what is held about you", law.Correct: "a correction", law.Remove: "the erasure of what is held about you",
	law.Move: "your data in a form another service can read", law.Restrict: "your data to be kept and not used", law.Object: "a use of your data to stop",
	law.Withdraw: "an end to a consent of yours", law.StopMarketing: "no more marketing", law.HumanReview: "a person to look at a decision",
	law.OptOut: "your data to be neither sold nor shared", law.Limit: "sensitive data to be used for nothing else", law.Recipients: "the names of those who received your data",
	law.DeIndex: "pages not to be found by your name", law.Complain: "something to be put right", Lift: "your data to be used again",
}

// letter writes to the person, at the address that was shown to be theirs. Without one nothing is sent:
// whoever asked for them tells them.
func (d *Desk) letter(tx *store.Tx, c *record, s *secret, subject, text string) error {
	if s.To == "" || c.Door == Replay {
		return nil
	}
	return d.Desk.Outbox.Put(tx, mail.Message{ID: avow.NewID(tx.Now()), To: s.To, Subject: subject,
		Text: fmt.Sprintf("You asked %s for %s. The number of your request is %s.\n\n%s", d.Desk.Organisation, asked[c.Right], c.Number, text)})
}

func (d *Desk) linkLetter(tx *store.Tx, c *record, s *secret, slot, to, token, code string) error {
	text := fmt.Sprintf("Somebody, probably you, asked %s for %s.\n\nThe number of the request is %s. The link works once, within 15 minutes; "+
		"on the telephone or where a link does not open, the code %s does. If it was not you, do nothing: nothing is done and nobody has seen anything.",
		d.Desk.Organisation, asked[c.Right], c.Number, code)
	switch {
	case slot == slotNew:
		text = fmt.Sprintf("Somebody, probably you, asked %s to write to you at this address from now on.\n\nThe number of the request is %s. "+
			"The link works once, within 15 minutes; so does the code %s. If it was not you, do nothing.", d.Desk.Organisation, c.Number, code)
	case s.Agent != "":
		text += "\n\nIt was asked for on your behalf by: " + s.Agent + ". Using the link says that you want it."
	}
	return d.Desk.Outbox.Put(tx, mail.Message{ID: avow.NewID(tx.Now()), To: to, Subject: "Your request " + c.Number, Until: tx.Now().Add(linkLife),
		Text: text, Button: "It was me", Link: d.Link + token})
}

func (d *Desk) refusalLetter(tx *store.Tx, c *record, s *secret) error {
	text := "It is not done, because: " + s.Reason + "\n\n"
	if d.appealable(c) {
		text += fmt.Sprintf("You can have this looked at again by somebody else here, within %d days: %s\n\n", int(d.Keep.Hours()/24), d.Page)
	}
	return d.letter(tx, c, s, "Your request was refused", text+"You can complain, or go to a court: "+d.recourse(c))
}

func (d *Desk) appealLetter(tx *store.Tx, c *record, s *secret) error {
	text := "You appealed. The answer stays as it was, because: " + s.Reason + "\n\n"
	for _, name := range c.Regimes {
		if rule, err := d.rule(c, name); err == nil && rule.Appeal != nil {
			text += strings.TrimSpace("You can go on to: "+rule.Appeal.After+". "+rule.Appeal.Further) + "\n\n"
		}
	}
	return d.letter(tx, c, s, "Your appeal was decided", text+"You can complain: "+d.recourse(c))
}

// recourse is who hears a complaint: as the policy says for where they live, and as the law does (gdpr:12(4), gdpr:77).
func (d *Desk) recourse(c *record) string {
	var out []string
	p, err := d.Desk.Register.Version(c.Policy, c.Version)
	if err == nil {
		for _, e := range p.Document.Complaints {
			serves := e.Is.Serves.Regions
			fits := len(serves) == 0
			for _, r := range serves {
				fits = fits || c.Region != "" && c.Region.Within(r)
			}
			if !fits {
				continue
			}
			name := notice.Text(p, e.Is.Name, "")
			if name == "" {
				name = e.Key
			}
			out = append(out, strings.TrimSpace(name+" "+e.Is.URL+" "+e.Is.Email))
		}
	}
	for _, name := range c.Regimes {
		if g, err := d.Regimes.Regime(name); err == nil && g.Authority.Name != "" {
			out = append(out, strings.TrimSpace(g.Authority.Name+" "+g.Authority.At))
		}
	}
	return strings.Join(out, "; ")
}

func (d *Desk) extensionLetter(tx *store.Tx, c *record, s *secret, why string) error {
	return d.letter(tx, c, s, "Your request takes longer", fmt.Sprintf("It takes longer, because: %s\n\nYou have the answer by the end of %s. "+
		"You can complain: %s", why, law.DateOf(c.Due.Add(-1), c.Due.Location()).Long(), d.recourse(c)))
}

func (d *Desk) askLetter(tx *store.Tx, c *record, s *secret, words string) error {
	return d.letter(tx, c, s, "Your request needs a word from you", words+"\n\nYour request waits for your answer. "+d.answerTo(c)+"\n\nTo see how far it is: "+d.Page)
}

// answerTo says where somebody answers who was asked something.
func (d *Desk) answerTo(c *record) string {
	p, err := d.Desk.Register.Version(c.Policy, c.Version)
	if err != nil {
		return ""
	}
	at := p.Document.Organisation.Contact
	if to := cmp.Or(at.Email, at.Phone, at.Page, notice.Text(p, at.Post, "")); to != "" {
		return "Answer with its number, " + c.Number + ", to: " + to
	}
	return ""
}

// doneLetter tells what came of it, before the address is gone.
func (d *Desk) doneLetter(tx *store.Tx, c *record, s *secret, cert *Certificate) error {
	if c.Outcome == takenBack || c.Door == Switch && !cert.weighed() {
		return nil // the switch has told them
	}
	switch c.Right {
	case Lift:
		if s.Lifting == nil || !s.Lifting.Own {
			return nil // they were told before
		}
		return d.letter(tx, c, s, "Your data is used again", "It is done: your data is used again, as the privacy policy says. You can ask at any time that it is kept and not used.")
	case law.Copy, law.Move:
		if d.Page == "" {
			return nil // there is nowhere to fetch it: whoever asked for them hands it over
		}
		return d.letter(tx, c, s, "Your data is ready", fmt.Sprintf("It is ready until %s. To open it, ask for a link with the number of your request: %s",
			tx.Now().Add(d.Keep).Format("2 January 2006"), d.Page))
	case law.Remove:
		subject := "Your data was erased"
		if cert.Partial {
			subject += " as far as it could be"
		}
		return d.letter(tx, c, s, subject, cert.words()+"\n\nYour address was needed for this letter, and is not kept with your request."+d.certificateAt(c))
	case law.Object:
		if s.Outweighed != nil && s.Outweighed.All {
			return nil // they were told what was found
		}
	case law.Correct, law.Restrict:
		return d.letter(tx, c, s, "Your request is done", cert.words())
	}
	return d.letter(tx, c, s, "Your request is done", "It is done.")
}

// certificateAt says where the certificate is, and its receipt.
func (d *Desk) certificateAt(c *record) string {
	if d.CertificatePage == "" {
		return ""
	}
	return fmt.Sprintf("\n\nThe certificate of it, which names nobody, can be fetched for %d days: %s", int(d.Keep.Hours()/24), d.CertificatePage+d.CertificateKey(c.ID))
}
