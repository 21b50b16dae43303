package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
)

// planned is what a plan came to: what is to be done where, in names and counts.
type planned struct {
	Parts []plannedPart `json:"parts"`
	Whole bool          `json:"whole,omitempty"` // with what was planned in the rounds before
}

type plannedPart struct {
	System string    `json:"system"`
	Tables []Touched `json:"tables"`
	Task   *Task     `json:"task,omitempty"`
}

const mostRounds = 3

// doPlan captures what concerns the person in all systems at once: what one change takes
// away could be the only way to rows of another system. So it waits while one is away.
func (d *Desk) doPlan(ctx context.Context, c *record) (settle, error) {
	var r Request
	var stays bool
	err := d.Desk.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if r, err = d.request(tx, c); err != nil {
			return err
		}
		if r.Before, err = d.captured(tx, c, 1, c.round-1); err != nil {
			return err
		}
		stays, err = d.staysMarked(tx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	var parts []Part
	if !stays {
		parts, err = d.Engine.Capture(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx, c *record, s *step) error {
		if err := d.keepMet(tx, c, parts); err != nil {
			return err
		}
		out := planned{Parts: []plannedPart{}, Whole: len(r.Before) > 0}
		for _, p := range parts {
			out.Parts = append(out.Parts, plannedPart{p.System, p.Tables, p.Task})
			if p.Captured == nil {
				continue
			}
			if err := d.addSystem(tx, c, p); err != nil {
				return err
			}
		}
		return finish(tx, s, stepDone, "", out)
	}, nil
}

// ask reads what those who act see.
func (d *Desk) ask(ctx context.Context, c *record) (r Request, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		r, err = d.request(tx, c)
		return err
	})
	return r, err
}

func (d *Desk) addSystem(tx *store.Tx, c *record, p Part) error {
	if p.Restrict && c.Right == law.Remove {
		n, err := add(tx, c, step{Stage: toRestrict, Kind: kindRestrict, About: p.System})
		if err != nil {
			return err
		}
		if err := d.keepPart(tx, c.ID, n, p.Captured); err != nil {
			return err
		}
	}
	n, err := add(tx, c, step{Stage: toAct, Kind: kindRun, About: p.System, Rank: p.Rank})
	if err != nil {
		return err
	}
	return d.keepPart(tx, c.ID, n, p.Captured)
}

// plan is what the last plan came to.
func plan(tx *store.Tx, c *record) (out planned, err error) {
	list, err := steps(tx, c.ID, `kind = ? AND round = ? AND done IS NOT NULL`, kindPlan, c.round)
	if err != nil || len(list) == 0 || list[len(list)-1].Outcome == "" {
		return out, err
	}
	return out, json.Unmarshal([]byte(list[len(list)-1].Outcome), &out)
}

// doSystem does what was captured in one system.
func (d *Desk) doSystem(ctx context.Context, c *record, s *step) (settle, error) {
	var r Request
	var captured []byte
	err := d.Desk.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if r, err = d.request(tx, c); err != nil {
			return err
		}
		captured, err = d.part(tx, c.ID, s.N)
		return err
	})
	if err != nil {
		return nil, err
	}
	if end, err := d.renew(ctx, r, s, captured); end != nil || err != nil {
		return end, err
	}
	if s.Kind == kindRestrict {
		err = d.Engine.Restrict(ctx, r, s.About, captured)
		return func(tx *store.Tx, c *record, s *step) error { return finish(tx, s, stepDone, "", nil) }, err
	}
	if c.Right == law.Remove {
		if err := d.free(ctx, r, s, captured); err != nil {
			return nil, err
		}
	}
	out, err := d.Engine.Run(ctx, r, s.About, captured)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx, c *record, s *step) error {
		p, err := plan(tx, c)
		if err != nil {
			return err
		}
		secret, err := d.open(tx, c)
		if err != nil {
			return err
		}
		if err := d.remember(tx, c, secret); err != nil {
			return err
		}
		state := stepDone
		if out.Left > 0 || p.refuses(s.About) {
			state = stepPartial
		}
		return finish(tx, s, state, "", out)
	}, nil
}

// refuses tells whether a system does not do all that the map says.
func (p planned) refuses(system string) bool {
	return slices.ContainsFunc(p.Parts, func(x plannedPart) bool {
		return x.System == system && slices.ContainsFunc(x.Tables, func(t Touched) bool { return t.Refused != "" })
	})
}

// captured is what was captured and run in some rounds, by system: the last of each, which is with those before it.
func (d *Desk) captured(tx *store.Tx, c *record, from, to int) (map[string][]byte, error) {
	list, err := steps(tx, c.ID, `kind = ? AND round BETWEEN ? AND ? AND state IN (?, ?)`, kindRun, from, to, stepDone, stepPartial)
	out := map[string][]byte{}
	for _, s := range list {
		b, err := d.part(tx, c.ID, s.N)
		if err != nil {
			return nil, err
		}
		out[s.About] = b
	}
	return out, err
}

func (d *Desk) again(ctx context.Context, c *record) (r Request, captured map[string][]byte, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		if r, err = d.request(tx, c); err != nil {
			return err
		}
		captured, err = d.captured(tx, c, c.round, c.round)
		return err
	})
	return r, captured, err
}

// doCheck reads again. What is left is planned and done again, for what came in between;
// what is left then, people look at. It never counts as done.
func (d *Desk) doCheck(ctx context.Context, c *record, _ *step) (settle, error) {
	r, captured, err := d.again(ctx, c)
	if err != nil {
		return nil, err
	}
	left, err := d.Engine.Check(ctx, r, captured)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx, c *record, s *step) error {
		if len(left) == 0 {
			return finish(tx, s, stepDone, "", left)
		}
		return d.leftOver(tx, c, s, left, fmt.Sprintf("Something that should be gone is still there, in %s. Look why, and see to it.", left[0].System+"."+left[0].Table))
	}, nil
}

// doSweep looks for the person in texts. What is in rows of theirs is a failure; what is in others', people look at.
func (d *Desk) doSweep(ctx context.Context, c *record, _ *step) (settle, error) {
	r, captured, err := d.again(ctx, c)
	if err != nil {
		return nil, err
	}
	hits, err := d.Engine.Sweep(ctx, r, captured)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx, c *record, s *step) error {
		if slices.ContainsFunc(hits, func(h Hit) bool { return h.Owned }) {
			return d.leftOver(tx, c, s, hits, "The person is still named in texts that are theirs. Look why, and see to it.")
		}
		for _, t := range lookInto(hits) {
			if err := d.addTask(tx, c, t, 0); err != nil {
				return err
			}
		}
		return finish(tx, s, stepDone, "", hits)
	}, nil
}

func rowsOfOthers(n int) string {
	if n == 1 {
		return "1 row that is not theirs"
	}
	return fmt.Sprintf("%d rows that are not theirs", n)
}

// lookInto is what people look through after a sweep: rows of others that may name the
// person, and, a task a system, the tables that no program could search.
func lookInto(hits []Hit) (out []step) {
	gaps := map[string]int{}
	for _, h := range hits {
		at, asked := gaps[h.System]
		switch {
		case h.Not == "":
			out = append(out, step{Stage: toSweep, Kind: kindTask, About: h.System,
				What: fmt.Sprintf("%s.%s.%s may name the person, in %s. Look, and take the name out where it is.", h.System, h.Table, h.Column, rowsOfOthers(h.Rows))})
		case !h.Look:
		case asked:
			out[at].What += fmt.Sprintf(" Nor in %s: %s.", h.Table, h.Not)
		default:
			gaps[h.System] = len(out)
			out = append(out, step{Stage: toSweep, Kind: kindTask, About: h.System,
				What: fmt.Sprintf("Look in %s by hand for what still names the person. No program could search in %s: %s.", h.System, h.Table, h.Not)})
		}
	}
	return out
}

// leftOver begins another round, up to three; then people see to it.
func (d *Desk) leftOver(tx *store.Tx, c *record, s *step, left any, words string) error {
	if err := finish(tx, s, stepPartial, "", left); err != nil {
		return err
	}
	if c.round >= mostRounds {
		return d.addTask(tx, c, step{Stage: s.Stage, Kind: kindTask, What: words}, 0)
	}
	c.round++
	c.stage = toPlan
	if err := d.move(tx, c, Planning); err != nil {
		return err
	}
	_, err := add(tx, c, step{Stage: toPlan, Kind: kindPlan})
	return err
}

// restrictHere has the gate say no while an erasure is under way (gdpr:18).
func (d *Desk) restrictHere(tx *store.Tx, c *record, s *step) error {
	if c.Subject.IsZero() {
		return finish(tx, s, stepDone, "", nil)
	}
	_, err := d.Desk.Vault.Subject(tx, c.Subject)
	if err == nil {
		err = d.Own.Restrict(tx, c.Subject)
	}
	if err != nil && avow.KindOf(err) != avow.NotFound { // not there any more: nothing to restrict
		return err
	}
	return finish(tx, s, stepDone, "", nil)
}

// own does a request's part in avow's own records, in the transaction that ends the step.
func (d *Desk) own(tx *store.Tx, c *record, s *step) error {
	var out any
	var err error
	switch c.Right {
	case law.Remove:
		var done rights.Erasure
		if !c.Subject.IsZero() {
			done, err = d.Desk.EraseFor(tx, c.Subject, c.ID)
		}
		out = done
	case law.Correct:
		out, err = d.correctOwn(tx, c)
	case law.Restrict:
		if d.Own.Restrict == nil {
			return d.byHand(tx, c, s, "Restrict what is kept here about the person.")
		}
		return d.restrictHere(tx, c, s)
	case Lift:
		return d.liftHere(tx, c, s)
	default:
		if d.Own.Stop == nil {
			return d.byHand(tx, c, s, "Stop what the person wants stopped: "+string(c.Right)+".")
		}
		return d.stopHere(tx, c, s)
	}
	if err != nil {
		return err
	}
	return finish(tx, s, stepDone, "", out)
}

// stopHere stops at once, in avow's own gate, what it decides; what is left is a task. An objection that may be weighed counts
// until it was.
func (d *Desk) stopHere(tx *store.Tx, c *record, s *step) error {
	secret, err := d.open(tx, c)
	if err != nil {
		return err
	}
	what, err := d.Own.Stop(tx, c.stopped(secret))
	if err != nil {
		return err
	}
	if err := finish(tx, s, stepDone, "", nil); err != nil {
		return err
	}
	if what != "" {
		if err := d.addTask(tx, c, step{Stage: toOwn, Kind: kindTask, What: what}, 0); err != nil {
			return err
		}
	}
	return d.weighing(tx, c, secret)
}

func (c *record) stopped(s *secret) Stopped {
	return Stopped{Right: c.Right, Policy: c.Policy, Subject: c.Subject, Identities: s.all(), Of: s.Of}
}

func (d *Desk) byHand(tx *store.Tx, c *record, s *step, what string) error {
	if err := finish(tx, s, stepSkipped, "", nil); err != nil {
		return err
	}
	return d.addTask(tx, c, step{Stage: toOwn, Kind: kindTask, What: what}, 0)
}

func (d *Desk) correctOwn(tx *store.Tx, c *record) (Outcome, error) {
	out := Outcome{}
	if c.Subject.IsZero() {
		return out, nil
	}
	s, err := d.open(tx, c)
	if err != nil {
		return out, err
	}
	for _, x := range s.Corrections {
		n, err := d.Desk.CorrectFor(tx, c.Subject, x.Data, x.From, x.To)
		switch avow.KindOf(err) {
		case avow.Refused, avow.Invalid, avow.Conflict:
			if err != nil { // what cannot be put right here is told, and holds up nothing
				out.Notes = append(out.Notes, x.Data+": "+said(err))
				continue
			}
		}
		if err != nil {
			return out, err
		}
		out.Rows += int64(n)
	}
	return out, nil
}

// addTasks gives people what they have to do: systems without a program, and recipients (gdpr:19).
func (d *Desk) addTasks(tx *store.Tx, c *record) error {
	p, err := plan(tx, c)
	if err != nil {
		return err
	}
	if c.Door == Replay && c.Right != law.Remove {
		return nil // what people did for it is not undone by a backup of a system
	}
	given, err := d.givenBefore(tx, c)
	if err != nil {
		return err
	}
	for _, part := range p.Parts {
		if part.Task == nil || given[[2]string{part.System, part.Task.Do}] {
			continue
		}
		if err := d.addTask(tx, c, step{Stage: toAct, Kind: kindTask, About: part.System, Who: part.Task.Who, What: part.Task.Do}, part.Task.In); err != nil {
			return err
		}
	}
	if c.round > 1 || c.Right != law.Remove && c.Right != law.Correct && c.Right != law.Restrict && c.Right != Lift {
		return nil
	}
	recipients, err := d.recipients(tx, c, p)
	if err != nil {
		return err
	}
	for _, name := range recipients {
		if d.Tell != nil {
			_, err = add(tx, c, step{Stage: toAct, Kind: kindTell, About: name})
		} else {
			err = d.tellTask(tx, c, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// givenBefore are the tasks that people were given in an earlier round, by system and words: another round is for what a check found in the systems that
// programs reach, and what people did, or have to do, stands. A task whose words are others now is another. What goes to and fro has other rounds, and is given each time.
func (d *Desk) givenBefore(tx *store.Tx, c *record) (map[[2]string]bool, error) {
	out := map[[2]string]bool{}
	if !slices.Contains(recipes[c.Right], toCheck) {
		return out, nil
	}
	list, err := steps(tx, c.ID, `kind = ? AND stage = ? AND round < ? AND state <> ?`, kindTask, string(toAct), c.round, stepDropped)
	for _, s := range list {
		out[[2]string{s.About, s.What}] = true
	}
	return out, err
}

func (d *Desk) tellTask(tx *store.Tx, c *record, name string) error {
	return d.addTask(tx, c, step{Stage: toAct, Kind: kindTask, About: "recipient " + name,
		What: "Tell " + name + " of it (" + string(c.Right) + "). If that is impossible or takes disproportionate effort, say so and why."}, 0)
}

// addTask gives people something to do; in half of the time there is, unless it says otherwise.
func (d *Desk) addTask(tx *store.Tx, c *record, s step, in time.Duration) error {
	s.State = stepOpen
	if s.Who == "" {
		s.Who = "staff"
	}
	s.Due = tx.Now().Add(max(c.Due.Sub(tx.Now())/2, 0))
	if in > 0 {
		s.Due = tx.Now().Add(in)
	}
	_, err := add(tx, c, s)
	return err
}

// recipients are those the policy names who receive data that is touched, but for the systems that are mapped.
func (d *Desk) recipients(tx *store.Tx, c *record, p planned) (names []string, err error) {
	v, err := d.Desk.Register.Version(c.Policy, c.Version)
	if err != nil {
		return nil, err
	}
	data := map[string]bool{}
	for _, part := range p.Parts {
		for _, t := range part.Tables {
			for _, field := range t.Data {
				data[field] = true
			}
		}
	}
	if !c.Subject.IsZero() {
		held, err := d.Desk.Vault.Holdings(tx, c.Subject)
		if err != nil && avow.KindOf(err) != avow.NotFound {
			return nil, err
		}
		for _, h := range held {
			data[h.Category+"."+h.Field] = true
		}
	}
	for _, r := range v.Recipients {
		mapped := slices.ContainsFunc(p.Parts, func(x plannedPart) bool { return x.System == r.Name })
		if !r.Declared || mapped || strings.HasPrefix(r.Role, "other-users") {
			continue
		}
		for field := range data {
			if i, ok := v.Field(field); ok && r.Receives.Has(i) {
				names = append(names, r.Name)
				break
			}
		}
	}
	return names, nil
}

// doTell tells one recipient by program; one that none reaches becomes a task.
func (d *Desk) doTell(ctx context.Context, c *record, s *step) (settle, error) {
	r, err := d.ask(ctx, c)
	if err != nil {
		return nil, err
	}
	err = avow.Errorf(avow.Refused, "no program reaches it")
	if d.Tell != nil {
		err = d.Tell(ctx, s.About, r)
	}
	if err != nil && avow.KindOf(err) != avow.Refused {
		return nil, err
	}
	byHand := err != nil
	return func(tx *store.Tx, c *record, s *step) error {
		if byHand {
			if err := finish(tx, s, stepSkipped, "", nil); err != nil {
				return err
			}
			return d.tellTask(tx, c, s.About)
		}
		c.changes(tx) // nobody can untell it
		if err := finish(tx, s, stepDone, "", nil); err != nil {
			return err
		}
		return d.event(tx, c, ledger.RecipientsTold)
	}, nil
}
