package retain

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Everything ends by the clock of this machine, and what a clock that is years ahead has
// ended does not come back. So it is held against every other witness there is: what it said
// when it was last looked at here, avow's own database and the mapped systems, where these
// have clocks. Where one speaks against it nothing ends, until it is put right or a
// person says which day it is.

// mostPassed is how long nobody may have looked at the clock here. A server looks every ten minutes, and
// who has no server runs the schedule once a month at least; a machine that was off for longer
// cannot tell that from a clock that leapt. As long as the clock is in doubt, what
// it said before stands, so that a wrong time does not become the measure of itself.
const mostPassed = 35 * day

// Clock is what a witness says of this machine's clock.
type Clock struct {
	Of     string    `json:"of"`            // a system; `avow`: avow's own database; empty: this machine's, when it was last looked at
	Says   time.Time `json:"says"`          // what it says, or said
	Ours   time.Time `json:"ours"`          // what this machine's said then
	Off    string    `json:"off,omitempty"` // how far this machine's is ahead of it, as a person found right: `72h0m0s`
	Doubts bool      `json:"doubts"`        // it speaks against this machine's
	off    time.Duration
}

// judge tells whether a clock speaks against this machine's.
func (c *Clock) judge() {
	most := mostAhead
	if c.Of == "" {
		most = mostPassed
	}
	ahead := c.Ours.Add(-c.off).Sub(c.Says)
	c.Doubts = ahead > most || ahead < -most
}

// who names the witness.
func (c *Clock) who() string {
	switch c.Of {
	case "":
		return "what it said when it was last looked at"
	case Own:
		return "the clock of avow's own database"
	}
	return "the clock of " + c.Of
}

// doubting are those that speak against this machine's clock.
func doubting(list []Clock) []Clock {
	return slices.DeleteFunc(slices.Clone(list), func(c Clock) bool { return !c.Doubts })
}

// whyNot is why nothing ends, as it stands for as long as the same witnesses say so.
func whyNot(against []Clock) string {
	var names []string
	for i := range against {
		names = append(names, against[i].who())
	}
	return "the clock of this machine is too far from " + strings.Join(names, " and ") + "; avow retain clock shows how far"
}

// errDoubt says what each clock says, and what to do.
func errDoubt(against []Clock) error {
	var said []string
	for i := range against {
		said = append(said, against[i].who()+" is "+minute(against[i].Says))
	}
	return avow.Errorf(avow.Refused, "the clock of this machine says %s, and %s. What is ended too early does not come back, so nothing ends. "+
		"Put the wrong clock right; if this machine's is right, say which day it really is: avow retain clock --today DAY --by NAME", minute(against[0].Ours), strings.Join(said, ", "))
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// SureOfClock is Refused when avow's own database, or what was seen here before, speaks against this machine's clock. Whatever ends
// something because its time is over asks it first; a run of the schedule asks the mapped systems too.
func (d *Desk) SureOfClock(ctx context.Context) error {
	list, err := d.lookAtClock(ctx)
	if err != nil {
		return err
	}
	return d.sawClock(ctx, list[0])
}

// ClockDoubt is as SureOfClock, for who only asks: nothing is written.
func (d *Desk) ClockDoubt(ctx context.Context) error {
	_, err := d.lookAtClock(ctx)
	return err
}

func (d *Desk) lookAtClock(ctx context.Context) ([]Clock, error) {
	list, err := d.ownClocks(ctx)
	if against := doubting(list); err == nil && len(against) > 0 {
		err = errDoubt(against)
	}
	return list, err
}

// Clocks lists what every witness says: first what was seen here, then avow's database, then the systems that can be asked.
func (d *Desk) Clocks(ctx context.Context) ([]Clock, error) {
	list, err := d.ownClocks(ctx)
	if err != nil {
		return nil, err
	}
	systems, err := d.systems(ctx)
	if err != nil {
		return nil, err
	}
	more, err := d.clocksOf(ctx, systems)
	return append(list, more...), err
}

// Today takes a person's word for which day it is: where this machine's clock says so too it is right from
// then on, and clocks that say otherwise are off by as much. Refused where it says another day.
func (d *Desk) Today(ctx context.Context, today time.Time, by string) error {
	if err := checkText("by", by); err != nil {
		return err
	}
	list, err := d.Clocks(ctx)
	if err != nil {
		return err
	}
	ours := list[0].Ours
	if apart := dayOf(ours).Sub(dayOf(today)); apart > day || apart < -day { // it may be another day where the person is
		return avow.Errorf(avow.Refused, "it is %s, and the clock of this machine says %s: put that right; nothing ends until then", today.Format(time.DateOnly), minute(ours))
	}
	body, err := json.Marshal(struct {
		By     string  `json:"by"`
		Today  string  `json:"today"`
		Clocks []Clock `json:"clocks"`
	}{by, today.Format(time.DateOnly), list})
	if err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec("UPDATE retain_clock SET seen = ? WHERE one = 1", ours); err != nil {
			return err
		}
		for i := range list[1:] {
			if err := keepOff(tx, list[1+i]); err != nil {
				return err
			}
		}
		_, err := d.Ledger.Append(tx, ledger.Event{Type: ClockConfirmed, Body: body, Ours: true})
		return err
	})
}

// keepOff notes how far another clock is off; one that is not, or no more, has none.
func keepOff(tx *store.Tx, c Clock) error {
	c.off = 0
	if c.judge(); !c.Doubts {
		_, err := tx.Exec("DELETE FROM retain_clocks_off WHERE name = ?", c.Of)
		return err
	}
	_, err := tx.Exec("INSERT INTO retain_clocks_off (name, ahead) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET ahead = excluded.ahead", c.Of, c.Ours.Sub(c.Says).Microseconds())
	return err
}

// beginClock notes, where nobody has looked before, the time of the last event: it was recorded by a clock that nobody doubted.
func (d *Desk) beginClock(ctx context.Context) error {
	begun, seen := false, d.DB.Machine()
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM retain_clock)").Scan(&begun); err != nil || begun {
			return err
		}
		size, err := d.Ledger.Size(tx)
		if err != nil || size == 0 {
			return err
		}
		last, err := d.Ledger.Read(tx, size-1, 1)
		for i := range last {
			if last[i].At.Before(seen) { // a clock that was ahead once is no measure
				seen = last[i].At
			}
		}
		return err
	})
	if err != nil || begun {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO retain_clock (one, seen) VALUES (1, ?) ON CONFLICT DO NOTHING", seen)
		return err
	})
}

// ownClocks are the witnesses that are always there.
func (d *Desk) ownClocks(ctx context.Context) ([]Clock, error) {
	seen := Clock{Ours: d.DB.Machine()}
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT seen FROM retain_clock WHERE one = 1").Scan(store.IntoTime(&seen.Says))
	})
	if err != nil {
		return nil, err
	}
	seen.judge()
	list := []Clock{seen}
	server, err := d.DB.Server(ctx)
	if err == nil && !server.IsZero() {
		list, err = d.addClock(ctx, list, Own, server)
	}
	return list, err
}

// sawClock moves what was seen to now; it is of no use to be more exact than a minute.
func (d *Desk) sawClock(ctx context.Context, c Clock) error {
	if passed := c.Ours.Sub(c.Says); passed < time.Minute && passed > -time.Minute {
		return nil
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE retain_clock SET seen = ? WHERE one = 1 AND seen = ?", c.Ours, c.Says)
		return err
	})
}

// clocksOf asks the systems that have clocks. One that does not answer is no witness: nothing is ended in it either.
func (d *Desk) clocksOf(ctx context.Context, systems []Systems) (list []Clock, err error) {
	for _, s := range systems {
		for name, src := range s.Search.Sources {
			k, ok := src.(connect.Timekeeper)
			if !ok || slices.ContainsFunc(list, func(c Clock) bool { return c.Of == name }) {
				continue
			}
			now, wrong := k.Now(ctx)
			if ctx.Err() != nil {
				return nil, wrong
			}
			if wrong != nil || now.IsZero() {
				continue
			}
			if list, err = d.addClock(ctx, list, name, now); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(list, func(a, b Clock) int { return strings.Compare(a.Of, b.Of) })
	return list, nil
}

// addClock adds a clock that was asked just now.
func (d *Desk) addClock(ctx context.Context, list []Clock, name string, says time.Time) ([]Clock, error) {
	c := Clock{Of: name, Says: says, Ours: d.DB.Machine()}
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		var micros int64
		err := tx.QueryRow("SELECT coalesce(max(ahead), 0) FROM retain_clocks_off WHERE name = ?", name).Scan(&micros)
		c.off = time.Duration(micros) * time.Microsecond
		return err
	})
	if c.off != 0 {
		c.Off = c.off.Round(time.Second).String()
	}
	c.judge()
	return append(list, c), err
}

// askClocks asks the systems of a run, before it changes anything.
func (r *run) askClocks(ctx context.Context, list []Systems) error {
	clocks, err := r.clocksOf(ctx, list)
	if err != nil {
		return err
	}
	if against := doubting(clocks); len(against) > 0 {
		return r.doubt(against)
	}
	return nil
}

// doubt has a run end nothing, and say why.
func (r *run) doubt(against []Clock) error {
	r.doubted = true
	err := errDoubt(against)
	r.report.add(Entry{System: Own, Table: "clock", Rule: "every rule", Action: plan.Keep, Refused: whyNot(against), Instead: "nothing ends until the clock is sure"})
	return err
}

// refuse records a run that may not begin: by its clock it could not even tell whether another one runs.
func (r *run) refuse(ctx context.Context, against []Clock) (*Report, error) {
	err := r.doubt(against)
	r.report.Ended, r.report.Stopped = r.report.Began, avow.MessageOf(err)
	return r.report, errors.Join(err, r.DB.Write(ctx, r.enter), r.end(ctx))
}
