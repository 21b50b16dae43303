package cases

import (
	"crypto/rand"
	"errors"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// What a person stops by a switch counts in the gate before anything here begins. What is left to do is that of the
// request that they could have made: staff weigh the objection (gdpr:21(1)), and systems that decide by themselves mark it. So a request is
// taken down for them, shown to be theirs already, and with no letter but those that a weighing brings. What is stopped while one is
// open joins it where it can, and who turns the switch back turns it, so that however often that happens the marks end as
// the switch does.

// Switch is the door of what a person stopped by a switch.
const Switch Door = "switch"

// Turned is the event of a request that its person turned by a switch: it is taken back, or goes on again, or is about other uses.
const Turned ledger.Type = "request-turned"

// takenBack is the outcome of a request whose person allowed again by a switch what they had stopped. It stands from the moment on in
// which they did: systems are told last.
const takenBack = "taken back by the person"

// Wish is what a person stopped or allowed by a switch, as far as one right is about it.
type Wish struct {
	Event   avow.ID // that says so: it is carried out once
	Subject avow.ID
	Policy  string
	Right   law.Right // Object, StopMarketing
	Stops   []string  // the purposes and topics that they stopped by it; none: they allowed something
	Stands  []string  // all that they have stopped of what the right is about, by now
	Else    []string  // of Object: the marketing that they have stopped, which an objection can be to as well
	Systems bool      // some system marks it, or people do
	Signal  bool      // their browser says so again and again: it is done once
}

// CarryOut does what is left to do of a wish beside the gate, in the transaction of an effect. Where nothing is, nothing
// is written. Unavailable while a system is being written to: then it has to be asked again.
func (d *Desk) CarryOut(tx *store.Tx, w Wish) error {
	if err := tx.Lock("rights switch", w.Subject[:]); err != nil {
		return err
	}
	open, err := list(tx, `subject = ? AND policy = ? AND asked = ? AND verified IS NOT NULL AND closed IS NULL AND state NOT IN (?, ?) ORDER BY received, id`,
		w.Subject, w.Policy, string(w.Right), string(Delivering), string(Appealed))
	if err != nil {
		return err
	}
	tx.OnCommit(d.nudge)
	if len(w.Stops) > 0 {
		return d.stopBySwitch(tx, open, w)
	}
	for _, c := range open {
		if err := d.allow(tx, c.ID, w); err != nil {
			return err
		}
	}
	return d.undo(tx, w)
}

// stopBySwitch has an open request do it, else a new one.
func (d *Desk) stopBySwitch(tx *store.Tx, open []record, w Wish) error {
	for _, c := range open {
		if done, err := d.join(tx, c.ID, w); err != nil || done {
			return err
		}
	}
	if w.Signal {
		if before, err := d.marked(tx, w, w.Right); err != nil || before {
			return err
		}
	}
	return d.beginFor(tx, w, false)
}

// held is a request that this transaction has, with what it holds; false when that is gone.
func (d *Desk) held(tx *store.Tx, id avow.ID) (c record, s *secret, ok bool, err error) {
	if c, err = lock(tx, id); err != nil {
		return c, nil, false, err
	}
	s, err = d.open(tx, &c)
	if errors.Is(err, vault.ErrErased) {
		return c, nil, false, nil // it ended elsewhere, and is about to end here
	}
	return c, s, err == nil, err
}

// join has an open request do what was stopped: one that was taken back goes on again, and one that is weighed is weighed
// with it. False: it is none of its business.
func (d *Desk) join(tx *store.Tx, id avow.ID, w Wish) (done bool, err error) {
	c, s, ok, err := d.held(tx, id)
	if err != nil || !ok {
		return false, err
	}
	if c.Outcome == takenBack {
		s.Of = w.Stops
		return true, d.turn(tx, &c, s, false)
	}
	missing := without(w.Stops, s.Of)
	if len(s.Of) == 0 || len(missing) == 0 {
		return true, nil
	}
	if takes, err := d.takesUp(tx, &c, s, missing); err != nil || !takes {
		return false, err
	}
	return true, d.about(tx, &c, s, append(slices.Clone(s.Of), missing...))
}

// takesUp tells whether a request can be about more than it was: while it is weighed, and where the rest is not.
func (d *Desk) takesUp(tx *store.Tx, c *record, s *secret, more []string) (bool, error) {
	weighed, err := weighedNow(tx, c.ID)
	if err != nil || weighed || c.Right != law.Object || d.Own.Weighs == nil {
		return err == nil, err
	}
	asked := c.stopped(s)
	asked.Of = more
	w, err := d.Own.Weighs(asked)
	return len(w.Purposes) == 0, err
}

// allow takes from an open request what the person allows again, or takes it back whole.
func (d *Desk) allow(tx *store.Tx, id avow.ID, w Wish) error {
	c, s, ok, err := d.held(tx, id)
	if err != nil || !ok || c.Outcome == takenBack {
		return err
	}
	stands := append(slices.Clone(w.Stands), w.Else...)
	left := without(s.Of, without(s.Of, stands))
	if len(s.Of) == 0 {
		left = stands
	}
	switch {
	case len(left) == 0:
		return d.turn(tx, &c, s, true)
	case len(s.Of) > 0 && len(left) == len(s.Of), s.Outweighed != nil:
		return nil
	}
	return d.about(tx, &c, s, left)
}

// about has a request be about other uses than before, and staff weigh them anew.
func (d *Desk) about(tx *store.Tx, c *record, s *secret, of []string) error {
	s.Of = of
	if err := d.seal(tx, c, s); err != nil {
		return err
	}
	weighed, err := weighedNow(tx, c.ID)
	if err != nil {
		return err
	}
	if weighed {
		if _, err := tx.Exec(`UPDATE rights_case_steps SET state = ?, done = ? WHERE case_id = ? AND kind = ? AND done IS NULL`,
			stepDropped, tx.Now(), c.ID, kindWeigh); err != nil {
			return err
		}
		if err := d.weigh(tx, c, s); err != nil {
			return err
		}
	}
	if err := d.event(tx, c, Turned); err != nil {
		return err
	}
	if err := d.advance(tx, c); err != nil {
		return err
	}
	return save(tx, c)
}

// turn takes a request back, or has it go on again: what it waits for is dropped, a weighing too, and the marks are planned the other
// way. While a system is being written to it cannot be known which way that ends.
func (d *Desk) turn(tx *store.Tx, c *record, s *secret, back bool) error {
	var writing bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_case_steps WHERE case_id = ? AND kind = ? AND done IS NULL AND leased > ?)`,
		c.ID, kindRun, tx.Now()).Scan(&writing)
	if err == nil && writing {
		err = avow.Errorf(avow.Unavailable, "a system is being written to for this request; it is turned right after")
	}
	if err != nil {
		return err
	}
	c.Outcome, c.refuseBy = "", ""
	if back {
		c.Outcome = takenBack
	}
	s.Lift, s.Outweighed, s.Reason = back, nil, ""
	if err := d.seal(tx, c, s); err != nil {
		return err
	}
	if err := d.replan(tx, c); err != nil {
		return err
	}
	if err := d.event(tx, c, Turned); err != nil {
		return err
	}
	if err := d.move(tx, c, Planning); err != nil {
		return err
	}
	if !back {
		if err := d.weigh(tx, c, s); err != nil {
			return err
		}
	}
	return save(tx, c)
}

// undo takes back what an ended request has marked, when nothing is left of what it was marked for.
func (d *Desk) undo(tx *store.Tx, w Wish) error {
	if len(w.Stands) > 0 || !w.Systems {
		return nil
	}
	if marked, err := d.marked(tx, w, w.Right); err != nil || !marked {
		return err
	}
	if w.Right == law.Object && len(w.Else) > 0 { // an objection may have been to marketing too, and be all that marks it
		if marked, err := d.marked(tx, w, law.StopMarketing); err != nil || !marked {
			return err
		}
	}
	return d.beginFor(tx, w, true)
}

// marked tells whether the last request of the person for a right has ended, and was not taken back.
func (d *Desk) marked(tx *store.Tx, w Wish, right law.Right) (bool, error) {
	last, err := list(tx, `subject = ? AND policy = ? AND asked = ? AND verified IS NOT NULL AND state IN (?, ?) ORDER BY received DESC, id DESC LIMIT 1`,
		w.Subject, w.Policy, string(right), string(Closed), string(Delivering))
	return err == nil && len(last) > 0 && !slices.Contains(nothingStands, last[0].Outcome), err
}

// nothingStands are the outcomes of objections of which nothing is marked any more.
var nothingStands = []string{takenBack, (&Weighed{All: true}).outcome()}

// beginFor takes a request down for the person: to stop, or to take back.
func (d *Desk) beginFor(tx *store.Tx, w Wish, back bool) error {
	p, err := d.Desk.Register.Version(w.Policy, 0)
	if err != nil {
		return err
	}
	c := &record{ID: once(w.Event, "switch", string(w.Right)), Right: w.Right, Policy: p.Name, Version: p.Number, Door: Switch, State: Received, stage: toVerify, round: 1,
		Received: tx.Now(), Changed: tx.Now()} // the gate has changed already
	c.same = c.ID[:]
	if c.Regimes, err = d.regimes(p.Regimes, Ask{Right: w.Right}, tx.Now()); err != nil {
		return err
	}
	if _, err := read(tx, c.ID); err == nil || avow.KindOf(err) != avow.NotFound {
		return err // it was taken down already
	}
	s := &secret{Of: w.Stops, Key: make([]byte, 32), Lift: back}
	rand.Read(s.Key)
	if back {
		c.Outcome = takenBack
	} else if something, err := d.leaves(c, s, w); err != nil || !something {
		return err
	}
	_, err = d.begin(tx, c, s, w.Subject)
	return err
}

// leaves tells whether there is something to do beside the gate.
func (d *Desk) leaves(c *record, s *secret, w Wish) (bool, error) {
	if w.Systems || c.Right != law.Object || d.Own.Weighs == nil {
		return w.Systems, nil
	}
	weighed, err := d.Own.Weighs(c.stopped(s))
	return len(weighed.Purposes) > 0, err
}

// weighBySwitch is what is left to do here of what a switch has stopped.
func (d *Desk) weighBySwitch(tx *store.Tx, c *record) error {
	s, err := d.open(tx, c)
	if err != nil || s.Lift {
		return err
	}
	return d.weigh(tx, c, s)
}

// staysMarked tells whether a request that was taken back leaves the marks as they are: the data is restricted for another
// reason, or about to be erased.
func (d *Desk) staysMarked(tx *store.Tx, c *record) (yes bool, err error) {
	if c.Outcome != takenBack {
		return false, nil
	}
	s, err := d.open(tx, c)
	if err != nil {
		return false, err
	}
	if yes, err = d.has(tx, c, s, law.Remove, `verified IS NOT NULL AND closed IS NULL`); err != nil || yes {
		return yes, err
	}
	return d.restrictedElse(tx, c, s)
}

// without are those of a list that are not in another.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return slices.Contains(other, x) })
}
