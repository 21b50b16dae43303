package cases

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
)

// A restriction that somebody asked for ends by a request, too: by their own, or by one that staff bring with the reason. Then the person is told
// before anything is used again (gdpr:18(3)): by a letter that a mail server has taken, a while before; or by staff
// themselves, who say how. Where the letter could not be handed over nothing is lifted. Then the marks in the systems
// are taken back, and the gate says yes last.

// Lift ends a restriction. No law names it: staff ask for it, or in a visit whoever asked for the restriction.
const Lift law.Right = "unrestrict"

// LiftTold is the event that the person was told that their restriction ends: by a letter that left, or as staff say (gdpr:18(3)).
const LiftTold ledger.Type = "restriction-end-told"

// lifting is what a request for Lift says, sealed with the rest of it.
type lifting struct {
	Reason string `json:"reason"`
	Told   string `json:"told,omitempty"`
	Own    bool   `json:"own,omitempty"` // the person asks, and need not be told
}

// RuledAs is the right whose rule in the policy, such as who approves a plan, holds for another.
func RuledAs(right law.Right) law.Right {
	if right == Lift {
		return law.Restrict
	}
	return right
}

func (a *Ask) checkLift() error {
	switch {
	case a.Right != Lift && (a.Reason != "" || a.Told != ""):
		return avow.FieldErrorf("reason", "belongs to lifting a restriction, and so does how the person was told of it")
	case a.Right != Lift:
		return nil
	case a.Door == Centre && a.Session != "":
		if a.Reason != "" || a.Told != "" {
			return avow.FieldErrorf("reason", "who ends the restriction they asked for themselves needs no reason, and is told by nobody")
		}
		return nil
	case a.Door != Staff:
		return avow.FieldErrorf("right", "staff lift a restriction, and whoever asked for it when they have opened their data in the privacy centre")
	case strings.TrimSpace(a.Reason) == "" || len(a.Reason) > 2000:
		return avow.FieldErrorf("reason", "say why the restriction is lifted, in at most 2,000 bytes; the person reads it")
	case len(a.Told) > 2000:
		return avow.FieldErrorf("told", "say in at most 2,000 bytes how the person was told")
	}
	return nil
}

// addressed is Invalid where nobody knows how the person is told: without an address staff do it.
func (s *secret) addressed() error {
	if s.Lifting == nil || s.Lifting.Own || s.Lifting.Told != "" || s.To != "" {
		return nil
	}
	return avow.FieldErrorf("told", "there is no address to write to. Tell the person that the restriction is lifted, and why; then say here how they were told")
}

// inform tells the person, before anything is lifted: it puts the letter down, waits until a mail server has taken
// it, and then for a while, so that they can say something. Who asks for it themselves knows.
func (d *Desk) inform(tx *store.Tx, c *record, st *step) error {
	s, err := d.open(tx, c)
	if err != nil {
		return err
	}
	if err := d.freeToLift(tx, c, s); err != nil {
		return err
	}
	if s.Lifting.Own {
		return finish(tx, st, stepDone, "", nil)
	}
	if st.Outcome != "" {
		return finish(tx, st, stepDone, c.openedBy, nil)
	}
	if s.Lifting.Told != "" {
		if err := d.event(tx, c, LiftTold); err != nil {
			return err
		}
		return finish(tx, st, stepDone, c.openedBy, nil)
	}
	state, err := d.Desk.Outbox.State(tx, liftLetter(c, st))
	switch {
	case avow.KindOf(err) == avow.NotFound && err != nil:
		if err := d.putLiftLetter(tx, c, s, st); err != nil {
			return err
		}
		return wait(tx, st, tx.Now().Add(d.Backoff), "", unsent)
	case err != nil:
		return err
	case state == "sent":
		if err := d.event(tx, c, LiftTold); err != nil {
			return err
		}
		return wait(tx, st, tx.Now().Add(d.Before), `{"told":true}`, nil)
	case state == "waiting":
		return unsent
	}
	return avow.Errorf(avow.Refused, "the letter that tells the person first could not be handed over, so nothing is lifted. Tell them otherwise, and ask for it again, saying how they were told")
}

var unsent = avow.Errorf(avow.Unavailable, "the letter that tells the person first has not been handed over to a mail server yet; nothing is lifted before")

// wait has a step tried again later, with what it came to so far.
func wait(tx *store.Tx, st *step, next time.Time, outcome string, trouble error) error {
	text, kind := "", ""
	if trouble != nil {
		text, kind = said(trouble), avow.KindOf(trouble).String()
	}
	_, err := tx.Exec(`UPDATE rights_case_steps SET next = ?, outcome = ?, trouble = ?, trouble_kind = ?, holder = NULL, leased = NULL WHERE case_id = ? AND n = ?`,
		next, outcome, text, kind, st.Case, st.N)
	return err
}

func liftLetter(c *record, st *step) avow.ID { return once(c.ID, "lift", strconv.Itoa(st.N)) }

func (d *Desk) putLiftLetter(tx *store.Tx, c *record, s *secret, st *step) error {
	return d.Desk.Outbox.Put(tx, mail.Message{ID: liftLetter(c, st), To: s.To, Subject: "The restriction of your data ends",
		Text: fmt.Sprintf("Your data at %s is kept at present and not used. Not before %s that ends, and it is used again as the privacy policy says. The number of this is %s."+
			"\n\nBecause: %s\n\nIf that is wrong, %s. You can complain, or go to a court: %s", d.Desk.Organisation,
			tx.Now().Add(d.Before).UTC().Format("2 January 2006, 15:04 MST"), c.Number, s.Lifting.Reason, d.sayNo(), d.recourse(c))})
}

// sayNo is how somebody keeps a restriction that is about to end.
func (d *Desk) sayNo() string {
	if d.AskPage == "" {
		return "say so before then"
	}
	return "ask before then that your data stays as it is, and nothing ends: " + d.AskPage + string(law.Restrict) +
		"\n\nIf it was you who asked for the restriction, you can also have your data used again at once, on the page of your data"
}

// notLifted tells somebody who read that their restriction ends that it does not.
func (d *Desk) notLifted(tx *store.Tx, c *record) error {
	list, err := steps(tx, c.ID, `kind = ? AND outcome <> ''`, kindInform)
	if err != nil || len(list) == 0 {
		return err
	}
	s, err := d.open(tx, c)
	if err != nil || s.To == "" {
		return err
	}
	if ended, err := d.has(tx, c, s, Lift, `state = ? AND received >= ?`, string(Closed), c.Received); err != nil || ended {
		return err // the person has ended it themselves since
	}
	return d.Desk.Outbox.Put(tx, mail.Message{ID: avow.NewID(tx.Now()), To: s.To, Subject: "The restriction of your data stays",
		Text: fmt.Sprintf("%s told you that the restriction of your data ends. It does not: your data is still kept and not used. The number of this is %s.", d.Desk.Organisation, c.Number)})
}

// freeToLift is Unavailable while another request of the same person still sets what would be taken back.
func (d *Desk) freeToLift(tx *store.Tx, c *record, s *secret) error {
	for _, right := range []law.Right{law.Remove, law.Restrict} {
		open, err := d.has(tx, c, s, right, `verified IS NOT NULL AND closed IS NULL`)
		if err != nil {
			return err
		}
		if open {
			return avow.Errorf(avow.Unavailable, "another request of the same person (%s) has not ended; nothing is lifted before", right)
		}
	}
	again, err := d.has(tx, c, s, law.Restrict, `verified > ? AND door <> ?`, c.Received, string(Replay))
	if err == nil && again {
		err = avow.Errorf(avow.Conflict, "the person asked for a restriction again since this was begun, so nothing is lifted; cancel it")
	}
	return err
}

// objects tells whether an objection of the person's stands that another request is about; it may be marked where this one marks.
func (d *Desk) objects(tx *store.Tx, c *record, s *secret) (yes bool, err error) {
	return d.has(tx, c, s, law.Object, `verified IS NOT NULL AND id <> ? AND door <> ? AND (closed IS NULL OR state = ?) AND outcome NOT IN (?, ?)`,
		c.ID, string(Replay), string(Closed), nothingStands[0], nothingStands[1])
}

// liftHere has the gate say yes again, last of all.
func (d *Desk) liftHere(tx *store.Tx, c *record, st *step) error {
	if d.Own.Unrestrict == nil {
		return d.byHand(tx, c, st, "Lift the restriction of what is kept here about the person.")
	}
	if !c.Subject.IsZero() {
		s, err := d.open(tx, c)
		if err != nil {
			return err
		}
		by, reason := c.openedBy, s.Lifting.Reason
		if s.Lifting.Own {
			by, reason = "", "" // the person did it
		}
		if err := d.Own.Unrestrict(tx, c.Subject, by, reason); err != nil && avow.KindOf(err) != avow.NotFound {
			return err
		}
	}
	return finish(tx, st, stepDone, "", nil)
}
