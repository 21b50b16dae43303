package cases

import (
	"context"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
)

// Approve lets a plan be carried out. It takes a second person: not the one who asked on the
// person's behalf, nor the one who took them for who they are. Conflict when no plan waits.
func (d *Desk) Approve(ctx context.Context, id avow.ID, by string) error {
	if err := stated(by, "the plan"); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		list, err := steps(tx, id, `kind = ? AND done IS NULL`, kindApprove)
		switch {
		case err != nil:
			return err
		case len(list) == 0 || c.State != Approval:
			return avow.Errorf(avow.Conflict, "this request is %s; no plan waits to be approved", c.State)
		case sameName(by, c.openedBy) || sameName(by, c.vouchedBy):
			return avow.Errorf(avow.Forbidden, "a second person approves: somebody who did not ask for it and did not vouch for the person")
		}
		c.approvedBy = by
		if err := finish(tx, &list[0], stepDone, by, nil); err != nil {
			return err
		}
		if c.begun() {
			return d.move(tx, c, stateOf[c.stage])
		}
		return d.advance(tx, c)
	})
}

// sameName tells whether two spellings are one person's name.
func sameName(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}

// Reject sends a plan back: it is made again.
func (d *Desk) Reject(ctx context.Context, id avow.ID, by, why string) error {
	if err := stated(by, why); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		if c.State != Approval {
			return avow.Errorf(avow.Conflict, "this request is %s; no plan waits to be approved", c.State)
		}
		if c.begun() {
			return avow.Errorf(avow.Conflict, "what was asked for has been begun, and what was captured must not be lost; correct the map, and the plan is made anew")
		}
		if err := d.replan(tx, c); err != nil {
			return err
		}
		return d.move(tx, c, Planning)
	})
}

// replan throws a plan away that was not begun, and makes another.
func (d *Desk) replan(tx *store.Tx, c *record) error {
	if _, err := tx.Exec(`UPDATE rights_case_steps SET state = ?, done = ?, holder = NULL, leased = NULL WHERE case_id = ? AND done IS NULL AND kind <> ?`,
		stepDropped, tx.Now(), c.ID, kindFind); err != nil {
		return err
	}
	c.round++
	c.stage = toPlan
	_, err := add(tx, c, step{Stage: toPlan, Kind: kindPlan})
	return err
}

// Refuse ends a request without doing it. The person is told why, how to have that looked at again, and
// where to complain (gdpr:12(4)). Conflict once something was changed.
func (d *Desk) Refuse(ctx context.Context, id avow.ID, by, reason string) error {
	if err := stated(by, reason); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		switch {
		case c.Right == Lift:
			return avow.Errorf(avow.Conflict, "a lifting is cancelled and not refused: then the restriction stays")
		case c.State.Over() || c.State == Delivering:
			return avow.Errorf(avow.Conflict, "this request is %s", c.State)
		case !c.Changed.IsZero() && c.State != Appealed:
			return avow.Errorf(avow.Conflict, "what was asked for has been begun; it is finished")
		}
		s, err := d.open(tx, c)
		if err != nil {
			return err
		}
		s.Reason = reason
		if err := d.seal(tx, c, s); err != nil {
			return err
		}
		c.refuseBy, c.Outcome = by, "refused"
		if err := d.moment(tx, c, law.Answered, law.Date{}); err != nil {
			return err
		}
		if err := d.refusalLetter(tx, c, s); err != nil {
			return err
		}
		return d.end(tx, c, Refused)
	})
}

// Cancel ends a request because the person wants it no more, until the first change, by a program or by people who did a
// task. Tasks that are open are withdrawn. With a pass it is the person
// who does, else by names the staff they told.
func (d *Desk) Cancel(ctx context.Context, id avow.ID, by string) error {
	if err := stated(by, "the person said so"); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		c.Outcome = "cancelled; the person told " + by
		return d.cancel(tx, c)
	})
}

// CancelMine is Cancel by the person.
func (d *Desk) CancelMine(ctx context.Context, pass string) error {
	return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := holder(tx, pass)
		if err != nil {
			return err
		}
		if c.Right == Lift && c.Door == Staff {
			return avow.Errorf(avow.Refused, "staff lift a restriction; write to them if it should stay")
		}
		if err := d.cancel(tx, &c); err != nil {
			return err
		}
		return save(tx, &c)
	})
}

func (d *Desk) cancel(tx *store.Tx, c *record) error {
	if c.State.Over() {
		return avow.Errorf(avow.Conflict, "this request is %s", c.State)
	}
	if !c.Changed.IsZero() || !c.State.May(Cancelled) {
		return avow.Errorf(avow.Refused, "it has been begun; what was changed cannot be brought back, so it is finished")
	}
	if c.Right == Lift {
		if err := d.notLifted(tx, c); err != nil {
			return err
		}
	}
	if err := d.withdraw(tx, c); err != nil {
		return err
	}
	return d.end(tx, c, Cancelled)
}

// withdraw says of the tasks that are open that nobody has to do them any more.
func (d *Desk) withdraw(tx *store.Tx, c *record) error {
	open, err := steps(tx, c.ID, `kind = ? AND done IS NULL`, kindTask)
	if err != nil || len(open) == 0 {
		return err
	}
	said := counted(len(open), "task was withdrawn", "tasks were withdrawn")
	c.Outcome = strings.TrimPrefix(c.Outcome+"; "+said, "; ")
	if d.Staff == "" {
		return nil
	}
	text := "Request " + c.Number + " was cancelled before anything was changed. Nobody has to do this any more:\n"
	for _, s := range open {
		text += "\n- " + s.Who + ": " + s.What
	}
	return d.Desk.Outbox.Put(tx, mail.Message{ID: once(c.ID, "withdrawn"), To: d.Staff, Subject: "Request " + c.Number + " was cancelled: " + said, Text: text})
}

// Extend takes the time the law gives beyond the first, and tells the person why. until is for laws that let
// the notice fix the day. Refused when no law that covers the person allows it, or it is too late for the notice.
func (d *Desk) Extend(ctx context.Context, id avow.ID, by, why string, until law.Date) error {
	if err := stated(by, why); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		if c.State.Over() || c.State == Appealed {
			return avow.Errorf(avow.Conflict, "this request is %s", c.State)
		}
		s, err := d.reached(tx, c)
		if err != nil {
			return err
		}
		before := c.Due
		if err := d.moment(tx, c, law.Extended, until); err != nil {
			return err
		}
		if !c.Due.After(before) {
			return avow.Errorf(avow.Refused, "the law gives no more time, or its notice would have been due already: see the clock")
		}
		return d.extensionLetter(tx, c, s, why)
	})
}

// reached opens what a request holds, for a letter that moves its clock. Refused where nobody would hear of it: no address was shown to be
// theirs, and there is neither staff nor an agent who asked for them and tells them.
func (d *Desk) reached(tx *store.Tx, c *record) (*secret, error) {
	s, err := d.open(tx, c)
	if err == nil && s.To == "" && c.Door != Staff && c.Door != Agent {
		err = avow.Errorf(avow.Refused, "nobody has shown yet which address is theirs, so that nobody can be told, and what is told to nobody moves no clock")
	}
	return s, err
}

// asks are what can be asked of a person.
var asks = map[law.Cause][2]law.Event{
	law.Identity:      {law.IdentityAsked, law.IdentityGiven},
	law.Clarification: {law.ClarificationAsked, law.ClarificationGiven},
	law.Payment:       {law.FeeAsked, law.FeeAgreed},
}

// Pause asks the person for something and does nothing until Resume. Whether the clock stops is the law's.
func (d *Desk) Pause(ctx context.Context, id avow.ID, by string, cause law.Cause, words string) error {
	if err := stated(by, words); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		what, ok := asks[cause]
		switch {
		case !ok:
			return avow.FieldErrorf("cause", "is identity, clarification or fee")
		case c.State.Over() || !c.Changed.IsZero():
			return avow.Errorf(avow.Conflict, "there is nothing to ask any more")
		case c.paused != "":
			return avow.Errorf(avow.Conflict, "the person was asked already and has not answered")
		}
		s, err := d.reached(tx, c)
		if err != nil {
			return err
		}
		c.paused = string(cause)
		if err := d.moment(tx, c, what[0], law.Date{}); err != nil {
			return err
		}
		return d.askLetter(tx, c, s, words)
	})
}

// Resume goes on after Pause: the person has answered.
func (d *Desk) Resume(ctx context.Context, id avow.ID, by string) error {
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		what, ok := asks[law.Cause(c.paused)]
		if !ok {
			return avow.Errorf(avow.Conflict, "this request waits for no answer")
		}
		c.paused = ""
		return d.moment(tx, c, what[1], law.Date{})
	})
}

// Appeal has a refusal looked at again, by somebody else, where the law knows that. Refused elsewhere,
// with where to complain.
func (d *Desk) Appeal(ctx context.Context, pass, words string) error {
	if strings.TrimSpace(words) == "" || len(words) > 4*mostText {
		return avow.FieldErrorf("words", "say what is wrong with the answer, in at most %d characters", mostText)
	}
	return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := holder(tx, pass)
		if err != nil {
			return err
		}
		if !d.appealable(&c) {
			return avow.Errorf(avow.Refused, "the law that covers you knows no appeal to the organisation itself; complain: %s", d.recourse(&c))
		}
		if c.State != Refused && c.State != Closed || c.stage == over {
			return avow.Errorf(avow.Conflict, "there is no answer to appeal")
		}
		s, err := d.open(tx, &c)
		if err != nil {
			return err
		}
		s.Appeal = words
		if err := d.seal(tx, &c, s); err != nil {
			return err
		}
		if err := d.move(tx, &c, Appealed); err != nil {
			return err
		}
		if err := drop(tx, c.ID); err != nil { // it is not forgotten yet
			return err
		}
		c.stage = toAnswer
		if err := d.moment(tx, &c, law.Appealed, law.Date{}); err != nil {
			return err
		}
		if err := d.addTask(tx, &c, step{Stage: toAnswer, Kind: kindProve, Who: "somebody who did not refuse it", What: "Decide the appeal."}, 0); err != nil {
			return err
		}
		return save(tx, &c)
	})
}

// appealable tells whether a law that covers the person knows an appeal.
func (d *Desk) appealable(c *record) bool {
	return slices.ContainsFunc(c.Regimes, func(name avow.Regime) bool {
		rule, err := d.rule(c, name)
		return err == nil && rule.Appeal != nil
	})
}

func (d *Desk) rule(c *record, name avow.Regime) (*law.Rule, error) {
	g, err := d.Regimes.Regime(name)
	if err != nil {
		return nil, err
	}
	zone, err := zoneOf(g, c.Region)
	if err != nil {
		return nil, err
	}
	return g.Rule(c.Right, law.DateOf(c.Received, zone))
}

// DecideAppeal ends an appeal: granted, the request is done after all; else the refusal stands, and the person is told
// where to go next. Forbidden for whoever refused it.
func (d *Desk) DecideAppeal(ctx context.Context, id avow.ID, by, reason string, granted bool) error {
	if err := stated(by, reason); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		switch {
		case c.State != Appealed:
			return avow.Errorf(avow.Conflict, "this request is %s; there is no appeal to decide", c.State)
		case sameName(by, c.refuseBy):
			return avow.Errorf(avow.Forbidden, "somebody decides who did not refuse it")
		}
		s, err := d.open(tx, c)
		if err != nil {
			return err
		}
		if err := d.moment(tx, c, law.AppealDecided, law.Date{}); err != nil {
			return err
		}
		if err := drop(tx, c.ID); err != nil {
			return err
		}
		s.Reason = reason
		if granted {
			s.Outweighed, s.Lift = nil, false
		}
		if err := d.seal(tx, c, s); err != nil {
			return err
		}
		if granted {
			return d.grant(tx, c)
		}
		c.refuseBy = by
		if err := d.appealLetter(tx, c, s); err != nil {
			return err
		}
		return d.end(tx, c, Refused)
	})
}

// grant does what was refused, from the plan on.
func (d *Desk) grant(tx *store.Tx, c *record) error {
	c.Outcome, c.approvedBy = "", "" // what is planned now nobody has seen
	c.round++
	if c.Verified.IsZero() { // it was refused before anybody showed who they are
		c.stage = toVerify
		return d.askWho(tx, c)
	}
	return d.enterAgain(tx, c, after(c.Right, toVerify))
}

func (d *Desk) enterAgain(tx *store.Tx, c *record, to stage) error {
	if err := d.enter(tx, c, to); err != nil {
		return err
	}
	return d.advance(tx, c)
}

// Without has a plan be made without a system that stays away: what is in it becomes a task. Only before the first change.
func (d *Desk) Without(ctx context.Context, id avow.ID, system, by, why string) error {
	if err := stated(by, why); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		if c.State != Planning && c.State != Approval && c.stage != toPack || !c.Changed.IsZero() {
			return avow.Errorf(avow.Conflict, "this request is %s; the systems are fixed", c.State)
		}
		s, err := d.open(tx, c)
		if err != nil {
			return err
		}
		if !slices.Contains(s.Without, system) {
			s.Without = append(s.Without, system)
		}
		if err := d.seal(tx, c, s); err != nil {
			return err
		}
		if c.State != Approval && c.stage == toPlan {
			_, err = tx.Exec(`UPDATE rights_case_steps SET next = ? WHERE case_id = ? AND done IS NULL AND kind = ?`, tx.Now(), id, kindPlan)
			return err
		}
		if c.stage == toPack {
			if _, err = tx.Exec(`UPDATE rights_case_steps SET next = ? WHERE case_id = ? AND done IS NULL AND kind = ?`, tx.Now(), id, kindPack); err != nil {
				return err
			}
			return d.addTask(tx, c, step{Stage: toPack, Kind: kindTask, About: system, What: "The package is made without " + system + ". See that the person gets what is in it."}, 0)
		}
		if err := d.replan(tx, c); err != nil {
			return err
		}
		return d.move(tx, c, Planning)
	})
}

// merge brings a request together with an earlier one of the same person for the same. The earlier one's clock counts.
func (d *Desk) merge(tx *store.Tx, c *record, s *secret) (bool, error) {
	if !slices.Contains([]law.Right{law.Remove, law.Copy, law.Move, law.Restrict, Lift}, c.Right) || c.Door == Replay {
		return false, nil
	}
	if proved := s.proved(); len(proved) > 0 {
		if ids := d.sameness(c.Right, proved); ids != nil {
			c.same = ids
		}
	}
	if err := tx.Lock("rights case same", c.same); err != nil {
		return false, err
	}
	// Another policy has other systems, which the earlier request does not reach.
	earlier, err := list(tx, `(same = ? OR subject = ?) AND asked = ? AND policy = ? AND verified IS NOT NULL AND closed IS NULL AND id <> ? ORDER BY received LIMIT 1`,
		c.same, c.Subject, string(c.Right), c.Policy, c.ID)
	if err != nil || len(earlier) == 0 {
		return false, err
	}
	if takes, err := d.takesOver(tx, earlier[0].ID, s); err != nil || !takes {
		return false, err
	}
	c.Into = earlier[0].ID
	return true, d.end(tx, c, Merged)
}

// takesOver has an earlier request search by what a later one has shown, too. It cannot any more when its plan
// is made and lacks something: then the two stay apart, and nothing is left out.
func (d *Desk) takesOver(tx *store.Tx, id avow.ID, later *secret) (bool, error) {
	e, err := lock(tx, id)
	if err != nil {
		return false, err
	}
	s, err := d.open(tx, &e)
	if err != nil {
		return false, err
	}
	if goes, err := d.joined(tx, &e, s, later); err != nil || !goes {
		return false, err
	}
	known := s.proved()
	fresh := slices.DeleteFunc(later.proved(), func(id Identity) bool { return slices.Contains(known, id) })
	if len(fresh) == 0 {
		return true, nil
	}
	if e.stage != toPlan {
		return false, nil
	}
	for _, id := range fresh {
		s.prove(id, "shown with a later request")
	}
	// A plan that is being made now knows nothing of them: it is made again.
	if err := d.replan(tx, &e); err != nil {
		return false, err
	}
	if err := d.seal(tx, &e, s); err != nil {
		return false, err
	}
	return true, save(tx, &e)
}
