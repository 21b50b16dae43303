package cases

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
)

var zeroTime time.Time

// clocks are the deadlines of a request by each law that covers the person, as known at a time.
func (d *Desk) clocks(tx *store.Tx, c *record, at time.Time) ([]*law.Deadline, error) {
	moments, err := store.Collect(tx, func(r *store.Rows) (m law.Moment, err error) {
		var what, until string
		if err = r.Scan(&what, store.IntoTime(&m.At), &until); err != nil || until == "" {
			m.What = law.Event(what)
			return m, err
		}
		m.What = law.Event(what)
		m.Until, err = law.ParseDate(until)
		return m, err
	}, `SELECT what, at, until FROM rights_case_moments WHERE case_id = ? ORDER BY n`, c.ID)
	if err != nil {
		return nil, err
	}
	out := []*law.Deadline{}
	for _, name := range c.Regimes {
		g, err := d.Regimes.Regime(name)
		if err != nil {
			return nil, err
		}
		zone, err := zoneOf(g, c.Region)
		if err != nil {
			return nil, err
		}
		one, err := d.Regimes.Clock(law.Case{Regime: name, Right: c.Right, Received: c.Received, Zone: zone, Region: c.Region, Moments: moments}, at)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// zoneOf is where the days of a law begin and end for people of a region.
func zoneOf(g *law.Regime, region avow.Region) (*time.Location, error) {
	zone, err := time.LoadLocation(g.ZoneOf(region))
	if err != nil {
		err = avow.Errorf(avow.Internal, "the time zone %s of %s is not known on this machine: %w", g.ZoneOf(region), g.Name, err)
	}
	return zone, err
}

// dueBy is the first moment that is too late for one of the laws; without a law, the
// organisation's own promise counts.
func (d *Desk) dueBy(c *record, clocks []*law.Deadline) (due time.Time) {
	appealed := c.State == Appealed || slices.ContainsFunc(clocks, func(k *law.Deadline) bool { return !k.Appeal.IsZero() })
	for _, k := range clocks {
		end := k.Respond.Ends
		if appealed { // also of what an appeal has granted
			end = k.Appeal.Ends
		}
		if !end.IsZero() && (due.IsZero() || end.Before(due)) {
			due = end
		}
	}
	if due.IsZero() {
		due = c.Received.AddDate(0, 0, d.Promise)
	}
	return due
}

// waits tells whether the law lets the clock stand still for the person.
func waits(clocks []*law.Deadline) bool {
	return len(clocks) > 0 && !slices.ContainsFunc(clocks, func(k *law.Deadline) bool { return k.Standing != law.Waiting })
}

// reckon writes by when a request is due, and when to look at it next.
func (d *Desk) reckon(tx *store.Tx, c *record) error {
	clocks, err := d.clocks(tx, c, tx.Now())
	if err != nil {
		return err
	}
	c.Due = d.dueBy(c, clocks)
	look := tx.Now().AddDate(0, 0, 1) // each day when it is late or waits: then the day moves
	if c.Due.After(tx.Now()) && !waits(clocks) {
		look = c.Due
		for _, n := range d.Remind {
			if at := c.Due.AddDate(0, 0, -n); at.After(tx.Now()) && at.Before(look) {
				look = at
			}
		}
	}
	_, err = tx.Exec(`UPDATE rights_cases SET due = ?, remind = ? WHERE id = ?`, c.Due, look, c.ID)
	return err
}

// Clock is the deadlines of a request by each law, for people (Explain) and scripts (JSON).
func (d *Desk) Clock(ctx context.Context, id avow.ID) (list []*law.Deadline, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := read(tx, id)
		if err != nil {
			return err
		}
		list, err = d.clocks(tx, &c, tx.Now())
		return err
	})
	return list, err
}

// Late is a request whose answer is overdue.
type Late struct {
	ID     avow.ID
	Number string
	Right  law.Right
	State  State
	Due    time.Time // the first moment that was too late
}

// Overdue lists the requests whose deadline is past, the longest first. What waits for
// the person, as a law allows, is not among them.
func (d *Desk) Overdue(ctx context.Context) (late []Late, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		late = []Late{}
		open, err := list(tx, `closed IS NULL AND due <= ? ORDER BY due`, tx.Now())
		if err != nil {
			return err
		}
		for _, c := range open {
			clocks, err := d.clocks(tx, &c, tx.Now())
			if err != nil {
				return err
			}
			if due := d.dueBy(&c, clocks); !waits(clocks) && !tx.Now().Before(due) {
				late = append(late, Late{c.ID, c.Number, c.Right, c.State, due})
			}
		}
		return nil
	})
	return late, err
}

// Watch is run by a schedule: it reminds staff of deadlines that come near or are past, each day once,
// and ends requests of which nobody has shown in time to be the person.
func (d *Desk) Watch(ctx context.Context) error {
	if err := d.lapse(ctx); err != nil {
		return err
	}
	var due []avow.ID
	err := d.Desk.DB.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = ids(tx, `SELECT id FROM rights_cases WHERE closed IS NULL AND remind <= ? ORDER BY remind LIMIT 1000`, tx.Now())
		return err
	})
	for _, id := range due {
		if err == nil {
			err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error { return d.remind(tx, id) })
		}
	}
	if err != nil {
		return err
	}
	return d.Desk.DB.Write(ctx, d.remindTasks)
}

// remindTasks reminds staff, each day once, of requests with tasks whose time is over.
func (d *Desk) remindTasks(tx *store.Tx) error {
	late, err := ids(tx, `SELECT DISTINCT s.case_id FROM rights_case_steps s JOIN rights_cases c ON c.id = s.case_id
		WHERE s.state = ? AND s.due <= ? AND c.closed IS NULL LIMIT 500`, stepOpen, tx.Now())
	if err != nil {
		return err
	}
	for _, id := range late {
		c, err := read(tx, id)
		if err != nil {
			return err
		}
		if err := d.toStaff(tx, &c, "A task of request "+c.Number+" is late", "by the end of "+law.DayEnding(c.Due).Long()); err != nil {
			return err
		}
	}
	return nil
}

func ids(tx *store.Tx, query string, args ...any) ([]avow.ID, error) {
	return store.Collect(tx, func(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) }, query, args...)
}

func (d *Desk) remind(tx *store.Tx, id avow.ID) error {
	c, err := lock(tx, id)
	if err != nil || c.State.Over() {
		return err
	}
	if err := d.reckon(tx, &c); err != nil {
		return err
	}
	clocks, err := d.clocks(tx, &c, tx.Now())
	if err != nil || waits(clocks) {
		return err
	}
	left := int(c.Due.Sub(tx.Now()).Hours() / 24)
	head := fmt.Sprintf("Request %s is due in %d days", c.Number, left)
	switch late := !tx.Now().Before(c.Due); {
	case late:
		head = fmt.Sprintf("OVERDUE: request %s should have been answered", c.Number)
	case left > slices.Max(append([]int{0}, d.Remind...)):
		return nil
	}
	return d.toStaff(tx, &c, head, "by the end of "+law.DayEnding(c.Due).Long())
}

// toStaff writes to whoever looks after requests, once a day about the same. There is no personal value in it.
func (d *Desk) toStaff(tx *store.Tx, c *record, head, when string) error {
	if d.Staff == "" {
		return nil
	}
	return d.Desk.Outbox.Put(tx, mail.Message{ID: once(c.ID, tx.Now().Format(time.DateOnly), head), To: d.Staff, Subject: head,
		Text: fmt.Sprintf("A request about personal data (%s), taken down on %s, is %s. It is to be answered %s.\n\n"+
			"How the day comes about, and what is still to be done, is shown with the request.",
			c.Right, c.Received.UTC().Format("2 January 2006"), c.State, when)})
}

// once is an id for something that is sent once.
func once(id avow.ID, parts ...string) (out avow.ID) {
	h := sha256.New()
	h.Write(id[:])
	for _, p := range parts {
		fmt.Fprintf(h, "\x00%s", p)
	}
	copy(out[:], h.Sum(nil))
	return out
}

func (d *Desk) lapse(ctx context.Context) error {
	if sure, err := d.sure(ctx); err != nil || !sure {
		return err
	}
	return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		asked := tx.Now().Add(-d.Lapse) // an appeal that was granted asks once more
		old, err := ids(tx, `SELECT id FROM rights_cases c WHERE state = ? AND received < ? AND NOT EXISTS (SELECT 1 FROM rights_case_steps s
			WHERE s.case_id = c.id AND s.kind = ? AND s.done IS NULL AND s.next >= ?) LIMIT 500`, string(Verifying), asked, kindProve, asked)
		if err != nil {
			return err
		}
		for _, id := range old {
			c, err := lock(tx, id)
			if err != nil {
				return err
			}
			if c.State != Verifying {
				continue
			}
			if err := d.end(tx, &c, Lapsed); err != nil {
				return err
			}
			if err := save(tx, &c); err != nil {
				return err
			}
		}
		return nil
	})
}
