package cases

import (
	"encoding/json"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// note is what an event of a request says: names and counts, never a value.
type note struct {
	Request     string   `json:"request"` // its right
	Number      string   `json:"number"`
	State       State    `json:"state"`
	Was         State    `json:"was,omitempty"`
	Door        Door     `json:"door,omitempty"`
	By          string   `json:"by,omitempty"`
	Outcome     string   `json:"outcome,omitempty"`
	Steps       int      `json:"steps,omitempty"`       // done so far
	Certificate string   `json:"certificate,omitempty"` // SHA-256 of it
	Into        *avow.ID `json:"into,omitempty"`
}

// move changes the state, and records it.
func (d *Desk) move(tx *store.Tx, c *record, to State) error {
	if c.State == to {
		return nil
	}
	if !c.State.May(to) {
		return avow.Errorf(avow.Conflict, "a request that is %s cannot become %s", c.State, to)
	}
	was := c.State
	c.State = to
	c.Closed = zeroTime
	if to.Over() {
		c.Closed = tx.Now()
		c.paused = "" // nobody waits for an answer any more
	}
	what := Moved
	switch to {
	case Closed:
		what = ledger.RequestAnswered
	case Refused:
		what = ledger.RequestRefused
	}
	return d.tell(tx, c, what, was)
}

func (d *Desk) event(tx *store.Tx, c *record, what ledger.Type) error { return d.tell(tx, c, what, "") }

// tell writes an event. It is sealed under the organisation's key: the record of an
// erasure outlives the person. Whom it is about stands in it from when that was shown.
func (d *Desk) tell(tx *store.Tx, c *record, what ledger.Type, was State) error {
	n := note{Request: string(c.Right), Number: c.Number, State: c.State, Was: was, Door: c.Door, Outcome: c.Outcome, By: byOf(c)}
	if c.certificate != "" {
		n.Certificate = sum(c.certificate)
	}
	if !c.Into.IsZero() {
		n.Into = &c.Into
	}
	if err := tx.QueryRow(`SELECT count(n) FROM rights_case_steps WHERE case_id = ? AND done IS NOT NULL`, c.ID).Scan(&n.Steps); err != nil {
		return err
	}
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	e := ledger.Event{Type: what, Policy: c.Policy, Version: c.Version, Body: body, Ours: true}
	if !c.Verified.IsZero() {
		e.Subject = c.Subject
	}
	receipt, err := d.Desk.Ledger.Append(tx, e)
	if err == nil && c.State == Closed {
		c.event = receipt.ID
	}
	return err
}

// byOf names the staff who decided last.
func byOf(c *record) string {
	switch {
	case c.State == Refused:
		return c.refuseBy
	case c.State == Running && c.approvedBy != "":
		return c.approvedBy
	case c.State == Received:
		return c.openedBy
	}
	return ""
}

// moment records what matters to the clock, and reckons it anew.
func (d *Desk) moment(tx *store.Tx, c *record, what law.Event, until law.Date) error {
	var n int
	if err := tx.QueryRow(`SELECT count(n) + 1 FROM rights_case_moments WHERE case_id = ?`, c.ID).Scan(&n); err != nil {
		return err
	}
	day := ""
	if !until.IsZero() {
		day = until.String()
	}
	_, err := tx.Exec(`INSERT INTO rights_case_moments (case_id, n, what, at, until) VALUES (?, ?, ?, ?, ?)`, c.ID, n, string(what), tx.Now(), day)
	if err != nil {
		return err
	}
	return d.reckon(tx, c)
}
