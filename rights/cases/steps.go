package cases

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
)

// What a step does.
const (
	kindFind     = "find"          // look up who holds an address, and send a link to it
	kindProve    = "prove"         // the person, or staff: shows who they are
	kindPlan     = "plan"          // find and capture
	kindApprove  = "approve"       // staff
	kindRestrict = "restrict"      // one system
	kindHere     = "restrict-here" // avow's own records
	kindRun      = "run"           // one system
	kindTask     = "task"          // staff: a system without a program, a recipient, what was found
	kindTell     = "tell"          // one recipient
	kindCheck    = "check"
	kindSweep    = "sweep"
	kindInform   = "inform" // the person, before a restriction is lifted
	kindOwn      = "own"
	kindPack     = "pack"
	kindDeliver  = "deliver"
	kindForget   = "forget"
	kindWeigh    = "weigh"    // staff: an objection
	kindOutweigh = "outweigh" // what staff found, after the person was told
)

// States of a step. One that met trouble waits: no step fails for good by itself.
const (
	stepOpen    = "open"    // for people
	stepWaiting = "waiting" // for its turn, or its next try
	stepDone    = "done"
	stepPartial = "partial" // as far as the system goes; why stands in the plan
	stepRefused = "refused" // a person said that it cannot be done, and why
	stepSkipped = "skipped" // a person decided to do without
	stepDropped = "dropped" // the request ended before
)

// step is one thing to do.
type step struct {
	Case    avow.ID
	N       int
	Round   int
	Stage   stage
	Kind    string
	About   string // a system, a recipient
	Rank    int
	State   string
	Tries   int
	Next    time.Time
	Who     string
	What    string
	Due     time.Time
	Done    time.Time
	By      string
	Outcome string // JSON, names and counts
	Trouble string
	Class   string // of the trouble

	holder avow.ID
}

const stepColumns = `case_id, n, round, stage, kind, about, step_rank, state, tries, next, who, what, due, done, done_by, outcome, trouble, trouble_kind, holder`

func scanStep(r interface{ Scan(...any) error }) (s step, err error) {
	var at string
	err = r.Scan(store.IntoID(&s.Case), &s.N, &s.Round, &at, &s.Kind, &s.About, &s.Rank, &s.State, &s.Tries, store.IntoTime(&s.Next), &s.Who, &s.What,
		store.IntoTime(&s.Due), store.IntoTime(&s.Done), &s.By, &s.Outcome, &s.Trouble, &s.Class, store.IntoID(&s.holder))
	s.Stage = stage(at)
	return s, err
}

func steps(tx *store.Tx, id avow.ID, where string, args ...any) ([]step, error) {
	return store.Collect(tx, func(r *store.Rows) (step, error) { return scanStep(r) },
		`SELECT `+stepColumns+` FROM rights_case_steps WHERE case_id = ? AND `+where+` ORDER BY n`, append([]any{id}, args...)...)
}

// add puts a step at the end, and gives its number.
func add(tx *store.Tx, c *record, s step) (int, error) {
	var n int
	if err := tx.QueryRow(`SELECT COALESCE(max(n), 0) + 1 FROM rights_case_steps WHERE case_id = ?`, c.ID).Scan(&n); err != nil {
		return 0, err
	}
	if s.State == "" {
		s.State = stepWaiting
	}
	if s.Next.IsZero() {
		s.Next = tx.Now()
	}
	return n, tx.Insert("rights_case_steps", stepColumns, []any{c.ID, n, c.round, string(s.Stage), s.Kind, s.About, s.Rank, s.State, 0, s.Next,
		s.Who, s.What, s.Due, s.Done, "", s.Outcome, "", "", avow.ID{}})
}

// finish writes what a step came to.
func finish(tx *store.Tx, s *step, state, by string, outcome any) error {
	text := s.Outcome
	if outcome != nil {
		b, err := json.Marshal(outcome)
		if err != nil {
			return err
		}
		text = string(b)
	}
	_, err := tx.Exec(`UPDATE rights_case_steps SET state = ?, done = ?, done_by = ?, outcome = ?, trouble = '', trouble_kind = '', holder = NULL, leased = NULL
		WHERE case_id = ? AND n = ? AND done IS NULL`, state, tx.Now(), by, text, s.Case, s.N)
	return err
}

// drop ends what has not been done, when the request ends.
func drop(tx *store.Tx, id avow.ID) error {
	_, err := tx.Exec(`UPDATE rights_case_steps SET state = ?, done = ?, holder = NULL, leased = NULL WHERE case_id = ? AND done IS NULL`, stepDropped, tx.Now(), id)
	return err
}

// slow are the kinds that hold up the end only, and not what comes next.
const slow = `('task', 'tell', 'weigh', 'outweigh')`

// advance goes on to the stages whose turn it is. Stages in which there is nothing to do are passed.
func (d *Desk) advance(tx *store.Tx, c *record) error {
	for c.stage != over {
		var open int
		err := tx.QueryRow(`SELECT count(n) FROM rights_case_steps WHERE case_id = ? AND round = ? AND stage = ? AND done IS NULL AND kind NOT IN `+slow,
			c.ID, c.round, string(c.stage)).Scan(&open)
		if err != nil || open > 0 {
			return err
		}
		to := after(c.Right, c.stage)
		if to.wantsAll(c.Right) {
			err := tx.QueryRow(`SELECT count(n) FROM rights_case_steps WHERE case_id = ? AND done IS NULL`, c.ID).Scan(&open)
			if err != nil || open > 0 {
				return err
			}
		}
		if err := d.enter(tx, c, to); err != nil {
			return err
		}
	}
	return nil
}

// wantsAll tells whether a stage waits for people too: the person's own record, the package and the answer come when all is done.
func (s stage) wantsAll(right law.Right) bool {
	return s == toPack || s == toDeliver || s == toOwn && (right == law.Remove || right == law.Correct)
}

// enter begins a stage.
func (d *Desk) enter(tx *store.Tx, c *record, to stage) error {
	c.stage = to
	if to == over { // it ended before, as whatever it ended as: merged, refused, cancelled
		return nil
	}
	if err := d.move(tx, c, stateOf[to]); err != nil {
		return err
	}
	if to == toOwn && c.Door == Replay && c.Right != law.Remove {
		return nil // avow's own records know it: they were not put back, or tell it themselves
	}
	if to == toOwn && c.Door == Switch {
		return d.weighBySwitch(tx, c)
	}
	switch to {
	case toPlan, toCheck, toSweep, toOwn, toPack, toDeliver:
		_, err := add(tx, c, step{Stage: to, Kind: string(to)})
		return err
	case toApprove:
		two, err := d.twoPeople(c)
		if err != nil {
			return err
		}
		if !two || c.Door == Replay {
			return nil
		}
		what := "Look at the plan and approve it."
		if c.approvedBy != "" {
			if more, err := d.plansMore(tx, c); err != nil || !more {
				return err
			}
			c.approvedBy, what = "", "What is planned now goes beyond what was approved. Look at the plan and approve it."
		}
		_, err = add(tx, c, step{Stage: to, Kind: kindApprove, State: stepOpen, Who: "a second person", What: what})
		return err
	case toRestrict:
		if c.Subject.IsZero() || d.Own.Restrict == nil {
			return nil
		}
		_, err := add(tx, c, step{Stage: to, Kind: kindHere})
		return err
	case toInform:
		_, err := add(tx, c, step{Stage: to, Kind: kindInform, About: "the letter"})
		return err
	case toAct:
		return d.addTasks(tx, c)
	case toAnswer:
		return d.addTask(tx, c, step{Stage: to, Kind: kindTask, What: "Answer the request: " + string(c.Right) + "."}, 0)
	case toForget:
		_, err := add(tx, c, step{Stage: to, Kind: kindForget, Next: tx.Now().Add(d.keepFor(c))})
		return err
	}
	return nil
}

// twoPeople tells whether a second person approves what is to be done.
func (d *Desk) twoPeople(c *record) (bool, error) {
	if d.Approved == nil {
		return slices.Contains(d.TwoPeople, RuledAs(c.Right)), nil
	}
	p, err := d.Desk.Register.Version(c.Policy, c.Version)
	return err == nil && d.Approved(p, RuledAs(c.Right)), err
}

// keepFor is how long the request's key outlives its end: an erasure's not at all.
func (d *Desk) keepFor(c *record) time.Duration {
	if c.Right == law.Remove && c.State == Closed || c.State == Merged || c.State == Lapsed || c.State == Cancelled {
		return 0
	}
	return d.Keep
}

// end ends a request before everything was done.
func (d *Desk) end(tx *store.Tx, c *record, state State) error {
	if err := drop(tx, c.ID); err != nil {
		return err
	}
	if err := d.move(tx, c, state); err != nil {
		return err
	}
	c.stage = toForget
	_, err := add(tx, c, step{Stage: toForget, Kind: kindForget, Next: tx.Now().Add(d.keepFor(c))})
	return err
}
