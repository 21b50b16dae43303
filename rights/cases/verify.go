package cases

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

const (
	linkLife  = 15 * time.Minute
	passLife  = 30 * time.Minute
	linkHour  = 5 // links to one address within an hour
	codeTries = 5

	slotHeld = "held" // an address that is known
	slotNew  = "new"  // the new address of a correction

	byLink = "one-time link"
)

var badLink = avow.Errorf(avow.Unauthorized, "this link or code was used already or has expired; ask for a new one")

// newAddress is the address that a correction puts in the place of another; empty when none does.
func newAddress(corrections []Correction) string {
	for _, c := range corrections {
		if _, field, _ := strings.Cut(c.Data, "."); field == vault.Email {
			return c.To
		}
	}
	return ""
}

// askWho has it looked up who holds an address, and waits until somebody shows to.
func (d *Desk) askWho(tx *store.Tx, c *record) error {
	if err := d.move(tx, c, Verifying); err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE rights_case_steps SET state = ?, done = NULL WHERE case_id = ? AND kind = ?`, stepWaiting, c.ID, kindFind); err != nil {
		return err
	}
	_, err := add(tx, c, step{Stage: toVerify, Kind: kindProve, State: stepOpen, Who: "the person, or staff on evidence",
		What: "Use the link that was sent to an address that is known, or state what else shows who they are."})
	return err
}

// isVisitor takes somebody for the person because of the visit they are in. A new address
// they have to show all the same.
func (d *Desk) isVisitor(tx *store.Tx, c *record, s *secret, known avow.ID, level Level) error {
	c.Subject = known
	s.Identities = nil // what was typed beside is not shown to be theirs
	if err := d.addKnown(tx, c, s); err != nil {
		return err
	}
	if level != Both {
		return d.verified(tx, c, s)
	}
	if err := d.seal(tx, c, s); err != nil {
		return err
	}
	return d.askWho(tx, c)
}

// addKnown adds the identities that are verified of a subject.
func (d *Desk) addKnown(tx *store.Tx, c *record, s *secret) error {
	held, err := d.Desk.Vault.Identities(tx, c.Subject)
	if avow.KindOf(err) == avow.NotFound {
		return nil
	}
	for _, id := range held {
		if !id.Verified {
			if c.Door == Switch && marksOnly(c.Right) { // it asks for no proof, and marks at most
				s.Identities = append(s.Identities, given{Identity: Identity{id.Kind, id.Value}})
			}
			continue
		}
		s.prove(Identity{id.Kind, id.Value}, "verified here before")
		if s.To == "" && id.Kind == vault.Email {
			s.To = id.Value
		}
	}
	return err
}

// isVouched takes what was given for shown: by staff who stated evidence, or because the right asks for none.
func (d *Desk) isVouched(tx *store.Tx, c *record, s *secret, level Level) error {
	for i := range s.Identities {
		g := &s.Identities[i]
		switch {
		case level == Nothing && c.Door != Staff:
			continue // an opt-out counts for what was typed, and shows nobody anything
		case c.Door == Staff:
			g.Proved = "evidence stated by staff"
			c.vouchedBy = c.openedBy
		default:
			g.Proved = string(c.Right) + " was done under it before"
		}
		if s.To == "" && g.Kind == vault.Email && c.Door == Staff {
			s.To = g.Value
		}
		if err := d.findHere(tx, c, g.Identity, c.Door == Staff); err != nil {
			return err
		}
	}
	if err := s.addressed(); err != nil {
		return err
	}
	if c.Door == Staff {
		s.New = newAddress(s.Corrections)
	}
	return d.verified(tx, c, s)
}

// findHere finds out who somebody is in avow's own records.
func (d *Desk) findHere(tx *store.Tx, c *record, id Identity, shown bool) error {
	if !c.Subject.IsZero() {
		return nil
	}
	v := vault.Identity{Kind: id.Kind, Value: id.Value, Region: c.Region.Country()}
	if shown {
		var err error
		c.Subject, err = d.Desk.VerifyFor(tx, v)
		return err
	}
	found, err := d.Desk.Vault.Find(tx, v)
	if err == nil && len(found) > 0 && found[0].Verified {
		c.Subject = found[0].Subject
	}
	return err
}

// verified goes on with a request that was shown to be the person's.
func (d *Desk) verified(tx *store.Tx, c *record, s *secret) error {
	if err := d.mayLift(tx, c, s); err != nil {
		return err
	}
	c.Verified = tx.Now()
	if c.paused == string(law.Identity) { // they were asked for just that
		c.paused = ""
	}
	if _, err := tx.Exec(`UPDATE rights_case_steps SET state = ?, done = ?, holder = NULL, leased = NULL WHERE case_id = ? AND stage = ? AND done IS NULL`,
		stepDone, tx.Now(), c.ID, string(toVerify)); err != nil {
		return err
	}
	if err := d.seal(tx, c, s); err != nil {
		return err
	}
	if c.State == Verifying {
		if err := d.moment(tx, c, law.IdentityGiven, law.Date{}); err != nil {
			return err
		}
	}
	if done, err := d.merge(tx, c, s); done || err != nil {
		return err
	}
	if err := d.acknowledge(tx, c, s); err != nil {
		return err
	}
	return d.advance(tx, c)
}

// acknowledge tells somebody who got no link that the request was taken down, and until when it is answered.
func (d *Desk) acknowledge(tx *store.Tx, c *record, s *secret) error {
	known, err := d.happened(tx, c, law.Acknowledged)
	if err != nil || known || s.To == "" || c.Door == Replay || c.Door == Switch || c.Right == Lift && c.Door == Staff { // who did not ask reads first that it ends
		return err
	}
	if err := d.moment(tx, c, law.Acknowledged, law.Date{}); err != nil {
		return err
	}
	return d.letter(tx, c, s, "Your request "+c.Number, fmt.Sprintf("It was taken down. You have the answer before the end of %s. To follow it, ask for a link with its number: %s",
		law.DayEnding(c.Due).Long(), d.Page))
}

// acknowledged notes that a letter says so.
func (d *Desk) acknowledged(tx *store.Tx, c *record) error {
	known, err := d.happened(tx, c, law.Acknowledged)
	if err != nil || known {
		return err
	}
	return d.moment(tx, c, law.Acknowledged, law.Date{})
}

// askedWho notes that somebody is asked who they are, once until they have shown it: they may have a link sent again as
// often as they like, and a clock has so many moments.
func (d *Desk) askedWho(tx *store.Tx, c *record) error {
	var last string
	err := tx.QueryRow(`SELECT what FROM rights_case_moments WHERE case_id = ? AND what IN (?, ?) ORDER BY n DESC LIMIT 1`,
		c.ID, string(law.IdentityAsked), string(law.IdentityGiven)).Scan(&last)
	if err != nil && avow.KindOf(err) != avow.NotFound || last == string(law.IdentityAsked) {
		return err
	}
	return d.moment(tx, c, law.IdentityAsked, law.Date{})
}

// happened tells whether something that matters to the clock has happened.
func (d *Desk) happened(tx *store.Tx, c *record, what law.Event) (yes bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_case_moments WHERE case_id = ? AND what = ?)`, c.ID, string(what)).Scan(&yes)
	return yes, err
}

// doFind looks up who holds an address, in avow's own records and else in the systems, and sends a link
// there: to the spelling that is kept. Of one that nobody holds nothing happens.
func (d *Desk) doFind(ctx context.Context, c *record, _ *step) (settle, error) {
	var s *secret
	to := Identity{}
	err := d.Desk.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if s, err = d.open(tx, c); err != nil {
			return err
		}
		if s.To != "" {
			to = Identity{vault.Email, s.To}
			return nil
		}
		to, err = d.heldHere(tx, c, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	if to.Value == "" && c.Verified.IsZero() {
		held, err := d.Engine.Held(ctx, c.Region, s.all())
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(held, func(id Identity) bool { return id.Kind == vault.Email }); i >= 0 {
			to = held[i]
		}
	}
	return func(tx *store.Tx, c *record, st *step) error {
		if err := finish(tx, st, stepDone, "", nil); err != nil {
			return err
		}
		if c.State == Verifying {
			if err := d.askedWho(tx, c); err != nil {
				return err
			}
		}
		if to.Value == "" {
			return nil
		}
		if err := d.acknowledged(tx, c); err != nil { // the letter says so
			return err
		}
		if s.To == "" || !c.Verified.IsZero() {
			if err := d.sendLink(tx, c, s, slotHeld, to.Value); err != nil {
				return err
			}
		}
		if n := newAddress(s.Corrections); c.Verified.IsZero() && n != "" && d.Needs(c.Right, s.Corrections) == Both {
			return d.sendLink(tx, c, s, slotNew, n)
		}
		return nil
	}, nil
}

// heldHere is the first address given that somebody here is known by, as it is kept.
func (d *Desk) heldHere(tx *store.Tx, c *record, s *secret) (Identity, error) {
	for _, g := range s.Identities {
		if g.Kind != vault.Email {
			continue
		}
		found, err := d.Desk.Vault.Find(tx, vault.Identity{Kind: g.Kind, Value: g.Value, Region: c.Region.Country()})
		if err != nil {
			return Identity{}, err
		}
		found = vault.Holders(found)
		if len(found) == 0 {
			continue
		}
		held, err := d.Desk.Vault.Identities(tx, found[0].Subject)
		if err != nil {
			return Identity{}, err
		}
		for _, id := range held {
			if id.Kind == g.Kind && strings.EqualFold(id.Value, g.Value) {
				return Identity{id.Kind, id.Value}, nil
			}
		}
	}
	return Identity{}, nil
}

// Vouch has staff state what shows that the person asks, where no link can. It speaks for all that was given.
func (d *Desk) Vouch(ctx context.Context, id avow.ID, by, evidence string) error {
	if err := stated(by, evidence); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		if c.State != Verifying {
			return avow.Errorf(avow.Conflict, "this request is %s; nothing is to be shown", c.State)
		}
		s, err := d.open(tx, c)
		if err != nil {
			return err
		}
		c.vouchedBy, s.Evidence, s.New = by, strings.TrimSpace(s.Evidence+"\n"+evidence), newAddress(s.Corrections)
		for i := range s.Identities {
			s.Identities[i].Proved = "evidence stated by staff"
			if err := d.findHere(tx, c, s.Identities[i].Identity, true); err != nil {
				return err
			}
			if s.To == "" && s.Identities[i].Kind == vault.Email {
				s.To = s.Identities[i].Value
			}
		}
		return d.verified(tx, c, s)
	})
}

func stated(by, evidence string) error {
	switch {
	case strings.TrimSpace(by) == "" || len(by) > 200:
		return avow.FieldErrorf("by", "say who decides this")
	case strings.TrimSpace(evidence) == "" || len(evidence) > 2000:
		return avow.FieldErrorf("evidence", "say why, or what shows it, in at most 2,000 bytes")
	}
	return nil
}

// change is one thing that happens to a request.
func (d *Desk) change(ctx context.Context, id avow.ID, do func(tx *store.Tx, c *record) error) error {
	err := d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := lock(tx, id)
		if err != nil {
			return err
		}
		if err := do(tx, &c); err != nil {
			return err
		}
		return save(tx, &c)
	})
	d.nudge()
	return err
}
