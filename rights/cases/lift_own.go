package cases

import (
	"context"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
)

// Somebody who asked that their data is kept and not used ends that themselves, in a visit of theirs. Who asks for
// it need not be told before (gdpr:18(3)), so nothing is waited for; all else is done as when staff lift one. What
// anybody else had restricted is not theirs to end.

// Restriction is what somebody sees of the restriction of their data.
type Restriction struct {
	Stands bool    // it is kept and not used
	Mine   bool    // they asked for that and nobody else did: a request for Lift of theirs ends it
	Policy string  // of Mine: the policy to ask under
	Ending string  // the number of a request that ends it already, as they asked
	Lifted *Lifted // staff are about to end it; nil when they are not, or it ends as the person asked
}

// Lifted is what somebody reads of staff who are about to end their restriction (gdpr:18(3)).
type Lifted struct {
	Number, Because string
	From            time.Time // when it ends at the earliest; zero while the letter that says so has not left
}

// Restriction tells somebody in a visit whether their data is restricted, and whether they may end that. Unauthorized
// when the visit has ended.
func (d *Desk) Restriction(ctx context.Context, session string) (r Restriction, err error) {
	subject, err := d.Desk.Who(ctx, session)
	if err != nil {
		return r, err
	}
	c := &record{Right: Lift, Door: Centre, Subject: subject}
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		s := &secret{}
		if err := d.addKnown(tx, c, s); err != nil {
			return err
		}
		r, err = d.restriction(tx, c, s)
		return err
	})
	return r, err
}

func (d *Desk) restriction(tx *store.Tx, c *record, s *secret) (r Restriction, err error) {
	standing, err := d.standing(tx, c, s)
	if err != nil {
		return r, err
	}
	r.Stands = len(standing) > 0
	if d.Own.Restricted != nil {
		if r.Stands, err = d.Own.Restricted(tx, c.Subject); err != nil {
			return r, err
		}
	}
	if r.Ending, err = d.ending(tx, c); err != nil || r.Ending != "" || !r.Stands {
		return r, err
	}
	if r.Lifted, err = d.lifted(tx, c, s); err != nil {
		return r, err
	}
	switch err := d.theirs(tx, c, s, standing); {
	case err == nil:
		r.Mine, r.Policy = true, standing[len(standing)-1].Policy
		return r, nil
	case avow.KindOf(err) == avow.Refused, avow.KindOf(err) == avow.Conflict:
		return r, nil
	default:
		return r, err
	}
}

// mayLift is Refused or Conflict for a request for Lift by the person that asks for what is not theirs to end.
func (d *Desk) mayLift(tx *store.Tx, c *record, s *secret) error {
	if s.Lifting == nil || !s.Lifting.Own {
		return nil
	}
	standing, err := d.standing(tx, c, s)
	if err != nil {
		return err
	}
	return d.theirs(tx, c, s, standing)
}

func (d *Desk) theirs(tx *store.Tx, c *record, s *secret, standing []record) error {
	erased, err := d.has(tx, c, s, law.Remove, `verified IS NOT NULL AND closed IS NULL`)
	switch {
	case err != nil:
		return err
	case erased:
		return avow.Errorf(avow.Conflict, "you asked to be erased, and until that is done your data is kept and not used")
	case len(standing) == 0:
		return avow.Errorf(avow.Conflict, "no restriction that you asked for stands, so there is nothing for you to end")
	case slices.ContainsFunc(standing, func(r record) bool { return r.Door == Staff }):
		return avow.Errorf(avow.Refused, "the restriction of your data was taken down by our staff, who know what it is for. Write to us if it should end")
	}
	return nil
}

// standing are the requests by which a person's data is restricted, the earliest first: those that no lifting came after.
func (d *Desk) standing(tx *store.Tx, c *record, s *secret) (out []record, err error) {
	for _, id := range s.proved() {
		same := d.sameness(law.Restrict, []Identity{id})
		found, err := list(tx, `asked = ? AND (subject = ? OR same = ?) AND verified IS NOT NULL AND door <> ? AND state NOT IN (?, ?)
			AND NOT EXISTS (SELECT 1 FROM rights_cases i WHERE i.id = rights_cases.merged_into AND i.state IN (?, ?))
			AND NOT EXISTS (SELECT 1 FROM rights_cases l WHERE l.asked = ? AND (l.subject = ? OR l.same = ?) AND l.state = ? AND l.received >= rights_cases.verified)
			ORDER BY received, id`,
			string(law.Restrict), c.Subject, same, string(Replay), string(Refused), string(Cancelled), string(Refused), string(Cancelled),
			string(Lift), c.Subject, d.sameness(Lift, []Identity{id}), string(Closed))
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			if !slices.ContainsFunc(out, func(o record) bool { return o.ID == r.ID }) {
				out = append(out, r)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b record) int { return a.Received.Compare(b.Received) })
	return out, nil
}

// has tells whether the person has a request for a right of which something holds.
func (d *Desk) has(tx *store.Tx, c *record, s *secret, right law.Right, what string, args ...any) (yes bool, err error) {
	for _, id := range s.proved() {
		args := append([]any{string(right), d.sameness(right, []Identity{id}), c.Subject}, args...)
		err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_cases WHERE asked = ? AND (same = ? OR subject = ?) AND `+what+`)`, args...).Scan(&yes)
		if err != nil || yes {
			return yes, err
		}
	}
	return false, nil
}

// ending is the number of an open request for Lift that the person made, or joined.
func (d *Desk) ending(tx *store.Tx, c *record) (string, error) {
	open, err := list(tx, `asked = ? AND subject = ? AND verified IS NOT NULL AND closed IS NULL ORDER BY received, id`, string(Lift), c.Subject)
	for _, e := range open {
		s, err := d.open(tx, &e)
		if err != nil {
			return "", err
		}
		if s.Lifting != nil && s.Lifting.Own {
			return e.Number, nil
		}
	}
	return "", err
}

// lifted is an open request by which staff end a person's restriction; not one that the person has stopped by asking for it again.
func (d *Desk) lifted(tx *store.Tx, c *record, s *secret) (*Lifted, error) {
	for _, id := range s.proved() {
		open, err := list(tx, `asked = ? AND (subject = ? OR same = ?) AND verified IS NOT NULL AND closed IS NULL ORDER BY received, id`,
			string(Lift), c.Subject, d.sameness(Lift, []Identity{id}))
		if err != nil {
			return nil, err
		}
		for _, e := range open {
			again, err := d.has(tx, &e, s, law.Restrict, `verified > ? AND door <> ?`, e.Received, string(Replay))
			if err != nil {
				return nil, err
			}
			if !again {
				return d.liftedBy(tx, &e)
			}
		}
	}
	return nil, nil
}

func (d *Desk) liftedBy(tx *store.Tx, e *record) (*Lifted, error) {
	s, err := d.open(tx, e)
	if err != nil {
		return nil, err
	}
	l := &Lifted{Number: e.Number, Because: s.Lifting.Reason}
	told, err := steps(tx, e.ID, `kind = ? AND outcome <> ''`, kindInform)
	if len(told) > 0 {
		l.From = told[len(told)-1].Next
	}
	return l, err
}

// joined has an open lifting take over from a later one what lets it go on: that the person asks for it themselves, or how
// they were told. false: it is one that cannot go on, because they asked for a restriction since, and now they end that one.
func (d *Desk) joined(tx *store.Tx, e *record, s, later *secret) (bool, error) {
	if later.Lifting == nil || s.Lifting == nil {
		return true, nil
	}
	if later.Lifting.Own {
		again, err := d.has(tx, e, s, law.Restrict, `verified > ? AND door <> ?`, e.Received, string(Replay))
		if err != nil || again {
			return false, err
		}
		s.Lifting.Own = true
	}
	if later.Lifting.Told != "" {
		s.Lifting.Told = later.Lifting.Told
	}
	if !later.Lifting.Own && later.Lifting.Told == "" {
		return true, nil
	}
	if err := d.seal(tx, e, s); err != nil {
		return false, err
	}
	if _, err := tx.Exec(`UPDATE rights_case_steps SET next = ? WHERE case_id = ? AND kind = ? AND done IS NULL`, tx.Now(), e.ID, kindInform); err != nil {
		return false, err
	}
	return true, save(tx, e)
}
