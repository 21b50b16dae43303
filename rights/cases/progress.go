package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Progress is what a person may see of their request. It names no system and nobody of the staff.
type Progress struct {
	Number   string    `json:"number"`
	Right    law.Right `json:"right"`
	State    State     `json:"state"`
	Words    string    `json:"words"`
	Received time.Time `json:"received"`
	Due      time.Time `json:"due,omitzero"` // the answer comes before this
	Closed   time.Time `json:"closed,omitzero"`
	Steps    int       `json:"steps"` // there are by now
	Done     int       `json:"done"`
	Reason   string    `json:"reason,omitempty"`   // of a refusal
	Recourse string    `json:"recourse,omitempty"` // where to complain
	Appeal   bool      `json:"appeal"`             // it can be appealed here
	Cancel   bool      `json:"cancel"`             // it can be cancelled still
	Package  bool      `json:"package"`            // it can be downloaded
	Until    time.Time `json:"until,omitzero"`     // so long
}

var stateWords = map[State]string{
	Received: "We have your request.", Verifying: "We wait for you to show that you are who the request is about.",
	Planning: "We look for what concerns you.", Approval: "A second person looks at what is to be done.", Running: "It is being done.",
	Checking: "We check that all of it was done.", Delivering: "The answer is being made.", Closed: "It is done.",
	Refused: "It was refused.", Cancelled: "You cancelled it.", Appealed: "Somebody else looks at it again.",
	Merged: "It was brought together with an earlier request of yours.", Lapsed: "Nobody showed to be the person in time.",
}

// Progress shows somebody with a pass how far their request is.
func (d *Desk) Progress(ctx context.Context, pass string) (p Progress, err error) {
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := holder(tx, pass)
		if err != nil {
			return err
		}
		p = Progress{Number: c.Number, Right: c.Right, State: c.State, Words: stateWords[c.State], Received: c.Received, Due: c.Due, Closed: c.Closed,
			Cancel: !c.State.Over() && c.Changed.IsZero() && c.State.May(Cancelled) && (c.Right != Lift || c.Door != Staff)}
		if c.paused != "" {
			p.Words = strings.TrimSpace("We asked you something, and wait for your answer. " + d.answerTo(&c))
		} else if weighed, err := weighedNow(tx, c.ID); err != nil {
			return err
		} else if weighed {
			p.Words = "Your objection counts already: nothing is done for what you objected to. Our staff weigh it, and tell you what they find."
		} else if waits, err := waitsFor(tx, c.ID); err != nil {
			return err
		} else {
			p.Words += waits
		}
		if err := tx.QueryRow(`SELECT count(n), count(done) FROM rights_case_steps WHERE case_id = ?`, c.ID).Scan(&p.Steps, &p.Done); err != nil {
			return err
		}
		if c.stage == over {
			return nil
		}
		return d.afterwards(tx, &c, &p)
	})
	return p, err
}

// afterwards fills in what somebody can do when a request has ended.
func (d *Desk) afterwards(tx *store.Tx, c *record, p *Progress) error {
	if c.State.Over() {
		p.Until = c.Closed.Add(d.keepFor(c))
	}
	p.Package = c.State == Closed && (c.Right == law.Copy || c.Right == law.Move)
	if c.State != Refused && (c.Right != law.Object || c.refuseBy == "") {
		return nil
	}
	s, err := d.open(tx, c)
	if err != nil {
		return err
	}
	if s.Outweighed != nil {
		p.Words = "Your objection was weighed, and is not followed for: " + strings.Join(s.Outweighed.Titles, "; ") + "."
	}
	p.Reason, p.Recourse, p.Appeal = s.Reason, d.recourse(c), d.appealable(c)
	return nil
}

// Overview is a request in the list of staff. It holds no value of anybody.
type Overview struct {
	ID       avow.ID       `json:"id"`
	Number   string        `json:"number"`
	Right    law.Right     `json:"right"`
	Regimes  []avow.Regime `json:"regimes"`
	Region   avow.Region   `json:"region,omitempty"`
	Policy   string        `json:"policy"`
	Door     Door          `json:"door"`
	State    State         `json:"state"`
	Paused   string        `json:"paused,omitempty"`
	Outcome  string        `json:"outcome,omitempty"`
	Received time.Time     `json:"received"`
	Due      time.Time     `json:"due,omitzero"`
	Late     bool          `json:"late"`
	Closed   time.Time     `json:"closed,omitzero"`
	Into     *avow.ID      `json:"into,omitempty"`
}

func (c *record) overview(now time.Time) Overview {
	o := Overview{ID: c.ID, Number: c.Number, Right: c.Right, Regimes: c.Regimes, Region: c.Region, Policy: c.Policy, Door: c.Door, State: c.State,
		Paused: c.paused, Outcome: c.Outcome, Received: c.Received, Due: c.Due, Closed: c.Closed, Late: c.Closed.IsZero() && !c.Due.IsZero() && !now.Before(c.Due)}
	if !c.Into.IsZero() {
		o.Into = &c.Into
	}
	return o
}

// List gives requests, those due first first: open ones, or those that have ended, newest first. At most limit from an offset on.
func (d *Desk) List(ctx context.Context, ended bool, offset, limit int) (out []Overview, err error) {
	where := `closed IS NULL ORDER BY due, id LIMIT ? OFFSET ?`
	if ended {
		where = `closed IS NOT NULL ORDER BY closed DESC, id LIMIT ? OFFSET ?`
	}
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		found, err := list(tx, where, min(max(limit, 1), 1000), max(offset, 0))
		out = make([]Overview, 0, len(found))
		for _, c := range found {
			out = append(out, c.overview(tx.Now()))
		}
		return err
	})
	return out, err
}

// ByID finds a request.
func (d *Desk) ByID(ctx context.Context, id avow.ID) (o Overview, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := read(tx, id)
		if err == nil {
			o = c.overview(tx.Now())
		}
		return err
	})
	return o, err
}

// ByNumber finds a request by its number.
func (d *Desk) ByNumber(ctx context.Context, number string) (o Overview, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		found, err := list(tx, `number = ?`, number)
		if err == nil && len(found) == 0 {
			err = noRequest
		}
		if err != nil {
			return err
		}
		o = found[0].overview(tx.Now())
		return nil
	})
	return o, err
}

// Step is one thing to do, as staff see it.
type Step struct {
	N       int             `json:"n"`
	Round   int             `json:"round"`
	Kind    string          `json:"kind"`
	About   string          `json:"about,omitempty"` // a system, a recipient
	State   string          `json:"state"`
	Who     string          `json:"who,omitempty"`
	What    string          `json:"what,omitempty"`
	Due     time.Time       `json:"due,omitzero"`
	Done    time.Time       `json:"done,omitzero"`
	By      string          `json:"by,omitempty"`
	Tries   int             `json:"tries,omitempty"`
	Next    time.Time       `json:"next,omitzero"` // of what waits
	Trouble string          `json:"trouble,omitempty"`
	Class   string          `json:"class,omitempty"`
	Mend    bool            `json:"mend,omitempty"`    // the trouble stays until people put something right
	Outcome json.RawMessage `json:"outcome,omitempty"` // names and counts: the plan, what was left
}

// Steps gives what is to be done and was done for a request.
func (d *Desk) Steps(ctx context.Context, id avow.ID) (out []Step, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		if _, err := read(tx, id); err != nil {
			return err
		}
		found, err := steps(tx, id, `n > 0`)
		out = make([]Step, 0, len(found))
		for _, s := range found {
			v := Step{N: s.N, Round: s.Round, Kind: s.Kind, About: s.About, State: s.State, Who: s.Who, What: s.What, Due: s.Due, Done: s.Done, By: s.By,
				Tries: s.Tries, Trouble: s.Trouble, Class: s.Class, Mend: mends(s.Class), Outcome: json.RawMessage(s.Outcome)}
			if s.State == stepWaiting {
				v.Next = s.Next
			}
			out = append(out, v)
		}
		return err
	})
	return out, err
}

// ToDo is something people have to do.
type ToDo struct {
	Request Overview `json:"request"`
	Step    Step     `json:"step"`
}

// ToDo lists the open tasks of all requests, those due first first.
func (d *Desk) ToDo(ctx context.Context, limit int) ([]ToDo, error) {
	return d.todo(ctx, `state = ? AND done IS NULL ORDER BY due LIMIT ?`, stepOpen, limit)
}

// Stuck lists the steps that met trouble and wait for another try, the most tried first: a system
// that is away, or, with Mend, what people have to put right, such as a grant that is missing. They go on by themselves when that is so.
func (d *Desk) Stuck(ctx context.Context, limit int) ([]ToDo, error) {
	return d.todo(ctx, `state = ? AND trouble <> '' ORDER BY tries DESC LIMIT ?`, stepWaiting, limit)
}

func (d *Desk) todo(ctx context.Context, where, state string, limit int) (out []ToDo, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		out = []ToDo{}
		found, err := store.Collect(tx, func(r *store.Rows) (step, error) { return scanStep(r) },
			`SELECT `+stepColumns+` FROM rights_case_steps WHERE `+where, state, min(max(limit, 1), 1000))
		for _, s := range found {
			c, err := read(tx, s.Case)
			if err != nil {
				return err
			}
			out = append(out, ToDo{c.overview(tx.Now()), Step{N: s.N, Round: s.Round, Kind: s.Kind, About: s.About, State: s.State, Who: s.Who, What: s.What, Due: s.Due,
				Tries: s.Tries, Next: s.Next, Trouble: s.Trouble, Class: s.Class, Mend: mends(s.Class)}})
		}
		return err
	})
	return out, err
}

// Wrote is what a request holds of the person. Looking is an event.
type Wrote struct {
	Identities  []Identity   `json:"identities"`
	Shown       []Identity   `json:"shown"` // those shown to be theirs
	Corrections []Correction `json:"corrections,omitempty"`
	Of          []string     `json:"of,omitempty"`
	Text        string       `json:"text,omitempty"`
	Evidence    string       `json:"evidence,omitempty"`
	Agent       string       `json:"agent,omitempty"`
	Appeal      string       `json:"appeal,omitempty"`
}

// Look shows staff what a person wrote and gave. NotFound when it is gone.
func (d *Desk) Look(ctx context.Context, id avow.ID, by string) (w Wrote, err error) {
	if err := stated(by, "look"); err != nil {
		return w, err
	}
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := lock(tx, id)
		if err != nil {
			return err
		}
		if c.stage == over {
			return avow.Errorf(avow.NotFound, "what was written is gone; the certificate says what was done")
		}
		s, err := d.open(tx, &c)
		if err != nil {
			return err
		}
		w = Wrote{Identities: s.all(), Shown: s.proved(), Corrections: s.Corrections, Of: s.Of, Text: s.Wrote, Evidence: s.Evidence, Agent: s.Agent, Appeal: s.Appeal}
		return d.looked(tx, &c, by)
	})
	return w, err
}

// looked records that somebody of the staff saw what is held of a person.
func (d *Desk) looked(tx *store.Tx, c *record, by string) error {
	body, err := json.Marshal(map[string]string{"request": string(c.Right), "number": c.Number, "by": by})
	if err != nil {
		return err
	}
	e := ledger.Event{Type: ledger.LookedAt, Policy: c.Policy, Version: c.Version, Body: body, Ours: true}
	if !c.Verified.IsZero() {
		e.Subject = c.Subject
	}
	_, err = d.Desk.Ledger.Append(tx, e)
	return err
}

// Counts are how many requests are in each state, and how many are overdue, for metrics.
func (d *Desk) Counts(ctx context.Context) (states map[State]int, overdue int, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		states = map[State]int{}
		return store.Each(tx, func(r *store.Rows) error {
			var s string
			var n int
			if err := r.Scan(&s, &n); err != nil {
				return err
			}
			states[State(s)] = n
			return nil
		}, `SELECT state, count(id) FROM rights_cases GROUP BY state`)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("requests cannot be counted: %w", err)
	}
	late, err := d.Overdue(ctx)
	return states, len(late), err
}
