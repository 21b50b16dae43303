package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
)

// An objection to a use that rests on the organisation's interests is weighed against
// compelling grounds, where the policy says so (gdpr:21(1)); one to direct marketing never is, it
// stops that (gdpr:21(3)). While it is weighed the data is restricted (gdpr:18(1)(d)): the gate says no for those purposes,
// and systems mark the rows. Staff decide with a reason. Found outweighed, the person is told why and where
// to go with it (gdpr:12(4)), and only then, a while later, the use goes on (gdpr:18(3)).

// Weighed are purposes whose objection staff may weigh, or have.
type Weighed struct {
	Purposes []string `json:"purposes"`
	Titles   []string `json:"titles"` // for the person
	All      bool     `json:"all"`    // nothing else was stopped
}

// weighing has staff weigh what may be weighed; not again when an appeal was granted.
func (d *Desk) weighing(tx *store.Tx, c *record, s *secret) error {
	if c.round > 1 {
		return nil
	}
	return d.weigh(tx, c, s)
}

// weigh gives staff the purposes that may be weighed.
func (d *Desk) weigh(tx *store.Tx, c *record, s *secret) error {
	if c.Right != law.Object || d.Own.Weighs == nil || d.Own.Outweighed == nil {
		return nil
	}
	w, err := d.Own.Weighs(c.stopped(s))
	if err != nil || len(w.Purposes) == 0 {
		return err
	}
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return d.addTask(tx, c, step{Stage: toOwn, Kind: kindWeigh, Outcome: string(text),
		What: "Weigh the objection to " + strings.Join(w.Purposes, ", ") + ": are there compelling legitimate grounds which override the person's interests, rights and freedoms, " +
			"or is it needed for legal claims? Until this is decided nothing is done for it."}, 0)
}

// Weigh ends the weighing of an objection, with the reason. It stands, and the use stays stopped; or it is
// outweighed: then the reason is told to the person, and the use goes on a while later. Conflict when none waits to be weighed.
func (d *Desk) Weigh(ctx context.Context, id avow.ID, by, reason string, outweighed bool) error {
	if err := stated(by, reason); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		list, err := steps(tx, id, `kind = ? AND done IS NULL`, kindWeigh)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return avow.Errorf(avow.Conflict, "this request is %s; no objection waits to be weighed", c.State)
		}
		if outweighed {
			return d.foundOutweighed(tx, c, &list[0], by, reason)
		}
		plain, err := packTask(reason, nil)
		if err != nil {
			return err
		}
		if err := d.keepPart(tx, id, list[0].N, plain); err != nil {
			return err
		}
		if err := finish(tx, &list[0], stepDone, by, nil); err != nil {
			return err
		}
		return d.advance(tx, c)
	})
}

func (d *Desk) foundOutweighed(tx *store.Tx, c *record, st *step, by, reason string) error {
	s, err := d.open(tx, c)
	if err != nil {
		return err
	}
	s.Outweighed, s.Reason = &Weighed{}, reason
	if err := json.Unmarshal([]byte(st.Outcome), s.Outweighed); err != nil {
		return err
	}
	if err := d.seal(tx, c, s); err != nil {
		return err
	}
	c.refuseBy = by
	if err := d.weighedLetter(tx, c, s); err != nil {
		return err
	}
	if err := finish(tx, st, stepRefused, by, nil); err != nil {
		return err
	}
	_, err = add(tx, c, step{Stage: toOwn, Kind: kindOutweigh, Next: tx.Now().Add(d.Before)})
	return err
}

// weighedLetter tells what was found, before anything goes on (gdpr:18(3)).
func (d *Desk) weighedLetter(tx *store.Tx, c *record, s *secret) error {
	text := fmt.Sprintf("Your objection was weighed. To this it is not followed: %s.\n\nBecause: %s\n\nIt goes on from %s.", strings.Join(s.Outweighed.Titles, "; "), s.Reason,
		tx.Now().Add(d.Before).UTC().Format("2 January 2006, 15:04 MST"))
	if !s.Outweighed.All {
		text += " Everything else that you objected to stays stopped, direct marketing in any case."
	}
	return d.letter(tx, c, s, "Your objection was weighed", text+"\n\nYou can complain, or go to a court: "+d.recourse(c))
}

// outweigh lets the uses go on, once the person was told. What systems have marked is taken back when nothing else was stopped,
// unless the data is restricted for another reason, or another objection stands.
func (d *Desk) outweigh(tx *store.Tx, c *record, st *step) error {
	s, err := d.open(tx, c)
	if err != nil {
		return err
	}
	if err := d.Own.Outweighed(tx, c.stopped(s), s.Outweighed.Purposes, c.refuseBy, s.Reason); err != nil {
		return err
	}
	if err := finish(tx, st, stepDone, c.refuseBy, nil); err != nil || !s.Outweighed.All {
		return err
	}
	stays, err := d.restrictedElse(tx, c, s)
	if err == nil && !stays {
		stays, err = d.objects(tx, c, s)
	}
	if err != nil || stays {
		return err
	}
	s.Lift = true
	if err := d.seal(tx, c, s); err != nil {
		return err
	}
	if err := d.replan(tx, c); err != nil {
		return err
	}
	return d.move(tx, c, Planning)
}

// restrictedElse tells whether the person's data is restricted here, or by a request of theirs.
func (d *Desk) restrictedElse(tx *store.Tx, c *record, s *secret) (yes bool, err error) {
	if d.Own.Restricted != nil && !c.Subject.IsZero() {
		if yes, err = d.Own.Restricted(tx, c.Subject); err != nil || yes {
			return yes, err
		}
	}
	standing, err := d.standing(tx, c, s)
	return len(standing) > 0, err
}

// weighedNow tells whether an objection waits to be weighed.
func weighedNow(tx *store.Tx, id avow.ID) (yes bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_case_steps WHERE case_id = ? AND kind = ? AND done IS NULL)`, id, kindWeigh).Scan(&yes)
	return yes, err
}

// outcome is what a weighed request came to.
func (w *Weighed) outcome() string {
	if w.All {
		return "refused: the objection was outweighed"
	}
	return "partly refused: the objection was outweighed in part"
}
