package cases

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// settle writes what a step came to, in the transaction that ends it. It may run again.
type settle func(tx *store.Tx, c *record, s *step) error

// due are the steps whose turn it is: of their request's stage, after those of a lower
// rank, and of nobody who still shows life.
const due = `s.state = 'waiting' AND s.next <= ? AND (s.leased IS NULL OR s.leased <= ?) AND c.paused = ''
	AND (s.stage = c.stage AND s.round = c.round OR s.kind IN ('tell', 'find', 'outweigh')) AND c.stage <> 'over'
	AND NOT EXISTS (SELECT 1 FROM rights_case_steps e WHERE e.case_id = s.case_id AND e.round = s.round AND e.stage = s.stage
		AND e.step_rank < s.step_rank AND e.done IS NULL AND e.kind NOT IN ` + slow + `)`

// Follow does what is due until ctx ends: looking every so often, and at once when
// something happened here. Several nodes may; each step is done by one at a time.
func (d *Desk) Follow(ctx context.Context, every time.Duration, report func(error)) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		if _, err := d.Run(ctx); err != nil && ctx.Err() == nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-d.wake:
		}
	}
}

// Run does what is due now, and what that makes due, and returns how many steps it tried.
// The error is avow's own database's: what a system refuses stands with the step.
func (d *Desk) Run(ctx context.Context) (tried int, err error) {
	for ctx.Err() == nil {
		found, err := d.dueNow(ctx)
		if err != nil || len(found) == 0 {
			return tried, err
		}
		n, err := d.runAll(ctx, found)
		tried += n
		if err != nil || n == 0 {
			return tried, err
		}
	}
	return tried, nil
}

func (d *Desk) dueNow(ctx context.Context) (found []step, err error) {
	if found, err = d.dueOf(ctx, ""); err != nil || !slices.ContainsFunc(found, func(s step) bool { return s.Kind == kindForget }) {
		return found, err
	}
	if sure, err := d.sure(ctx); err != nil || sure {
		return found, err
	}
	return d.dueOf(ctx, keptOn)
}

// keptOn leaves out what ends because a time after the end of its request is over.
const keptOn = ` AND (s.kind <> 'forget' OR s.next <= c.closed)`

func (d *Desk) dueOf(ctx context.Context, which string) (found []step, err error) {
	err = d.Desk.DB.Read(ctx, func(tx *store.Tx) error {
		found, err = store.Collect(tx, func(r *store.Rows) (s step, err error) { return s, r.Scan(store.IntoID(&s.Case), &s.N, &s.Kind) },
			`SELECT s.case_id, s.n, s.kind FROM rights_case_steps s JOIN rights_cases c ON c.id = s.case_id WHERE `+due+which+` ORDER BY s.next LIMIT 50`, tx.Now(), tx.Now())
		return err
	})
	return found, err
}

// sure is false while the clock is in doubt: what ends because its time is over waits, and all else goes on.
func (d *Desk) sure(ctx context.Context) (bool, error) {
	if d.SureOfClock == nil {
		return true, nil
	}
	err := d.SureOfClock(ctx)
	if err != nil && avow.KindOf(err) == avow.Refused {
		return false, nil
	}
	return err == nil, err
}

// runAll tries several steps, some at once.
func (d *Desk) runAll(ctx context.Context, found []step) (tried int, err error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	places := make(chan struct{}, d.Parallel)
	for _, s := range found {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			var ran bool
			e := avow.Unpanicked(func() (err error) { ran, err = d.runOne(ctx, s.Case, s.N); return err })
			mu.Lock()
			defer mu.Unlock()
			if ran {
				tried++
			}
			err = errors.Join(err, e)
		})
	}
	wg.Wait()
	return tried, err
}

// runOne takes a step, does it and writes what it came to.
func (d *Desk) runOne(ctx context.Context, id avow.ID, n int) (ran bool, err error) {
	var c record
	var s step
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		ran = false
		c, s, err = d.claim(tx, id, n)
		if avow.KindOf(err) == avow.NotFound {
			return nil // somebody else has it, or it is not its turn any more
		}
		ran = err == nil
		return err
	})
	if err != nil || !ran {
		return false, err
	}
	working, stop := d.alive(ctx, &s)
	var end settle
	trouble := avow.Unpanicked(func() (err error) { end, err = d.do(working, &c, &s); return err })
	stop()
	stopped := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	if stopped {
		return true, d.release(ctx, &s)
	}
	err = d.Desk.DB.Write(ctx, func(tx *store.Tx) error { return d.settled(tx, &s, end, trouble) })
	if err == nil || trouble != nil {
		return true, err
	}
	// What it came to could not be written: that is this step's trouble, unless it is the database's.
	return true, d.Desk.DB.Write(ctx, func(tx *store.Tx) error { return d.settled(tx, &s, nil, err) })
}

// release gives a step back that a stop of this node cut short: another node, or the next start, does it again.
func (d *Desk) release(ctx context.Context, s *step) error {
	return d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE rights_case_steps SET holder = NULL, leased = NULL WHERE case_id = ? AND n = ? AND holder = ?`, s.Case, s.N, s.holder)
		return err
	})
}

// claim takes a step for this node. A first change ends the time for cancelling: both wait for the same lock.
func (d *Desk) claim(tx *store.Tx, id avow.ID, n int) (c record, s step, err error) {
	if c, err = lock(tx, id); err != nil {
		return c, s, err
	}
	s, err = scanStep(tx.QueryRow(`SELECT s.case_id, s.n, s.round, s.stage, s.kind, s.about, s.step_rank, s.state, s.tries, s.next, s.who, s.what, s.due, s.done,
		s.done_by, s.outcome, s.trouble, s.trouble_kind, s.holder FROM rights_case_steps s JOIN rights_cases c ON c.id = s.case_id
		WHERE `+due+` AND s.case_id = ? AND s.n = ?`, tx.Now(), tx.Now(), id, n))
	if err != nil {
		return c, s, err
	}
	s.holder = avow.NewID(tx.Now())
	if _, err = tx.Exec(`UPDATE rights_case_steps SET holder = ?, leased = ? WHERE case_id = ? AND n = ?`,
		s.holder, tx.Now().Add(d.Lease), id, n); err != nil {
		return c, s, err
	}
	if s.Stage.changes() && s.Kind != kindTell && c.Changed.IsZero() {
		c.Changed = tx.Now()
		_, err = tx.Exec(`UPDATE rights_cases SET changed = ? WHERE id = ?`, c.Changed, id)
	}
	return c, s, err
}

// alive keeps the lease of a step until stop, and ends its context when another node has taken it.
func (d *Desk) alive(ctx context.Context, s *step) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(d.Lease / 3)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			var n int64
			err := avow.Unpanicked(func() error {
				return d.Desk.DB.Write(ctx, func(tx *store.Tx) (err error) {
					n, err = tx.Exec(`UPDATE rights_case_steps SET leased = ? WHERE case_id = ? AND n = ? AND holder = ?`, tx.Now().Add(d.Lease), s.Case, s.N, s.holder)
					return err
				})
			})
			if err == nil && n == 0 {
				cancel()
			}
		}
	}()
	return ctx, func() { cancel(); <-done }
}

// do is what each kind of step does outside of a transaction.
func (d *Desk) do(ctx context.Context, c *record, s *step) (settle, error) {
	switch s.Kind {
	case kindFind:
		return d.doFind(ctx, c, s)
	case kindPlan:
		return d.doPlan(ctx, c)
	case kindRestrict, kindRun:
		return d.doSystem(ctx, c, s)
	case kindTell:
		return d.doTell(ctx, c, s)
	case kindCheck:
		return d.doCheck(ctx, c, s)
	case kindSweep:
		return d.doSweep(ctx, c, s)
	case kindInform:
		return d.inform, nil
	case kindHere:
		return d.restrictHere, nil
	case kindOwn:
		return d.own, nil
	case kindPack:
		return d.doPack(ctx, c)
	case kindDeliver:
		return d.deliver, nil
	case kindForget:
		return d.doForget(ctx, c)
	case kindOutweigh:
		return d.outweigh, nil
	}
	return nil, avow.Errorf(avow.Internal, "a step of kind %q is not known to this program; update it", s.Kind)
}

// settled writes the end of a try, unless another node has taken the step meanwhile.
func (d *Desk) settled(tx *store.Tx, s *step, end settle, trouble error) error {
	c, err := lock(tx, s.Case)
	if err != nil {
		return err
	}
	var mine bool
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_case_steps WHERE case_id = ? AND n = ? AND holder = ?)`, s.Case, s.N, s.holder).Scan(&mine)
	if err != nil || !mine {
		return err
	}
	// A try counts when it came to its end: one that a kill or a stop cut short says nothing of the system, and makes nobody wait longer.
	if _, err := tx.Exec(`UPDATE rights_case_steps SET tries = tries + 1 WHERE case_id = ? AND n = ?`, s.Case, s.N); err != nil {
		return err
	}
	if errors.Is(trouble, vault.ErrErased) && s.Kind != kindForget {
		return d.endedElsewhere(tx, &c)
	}
	if trouble != nil {
		return d.later(tx, s, trouble)
	}
	if err := end(tx, &c, s); err != nil {
		return err
	}
	if err := d.advance(tx, &c); err != nil {
		return err
	}
	return save(tx, &c)
}

// later has a step that met trouble wait for its next try, longer each time. What is said holds no value.
func (d *Desk) later(tx *store.Tx, s *step, trouble error) error {
	wait := d.Backoff
	for i := 0; i < s.Tries && wait < time.Hour; i++ { // those before this one
		wait *= 2
	}
	_, err := tx.Exec(`UPDATE rights_case_steps SET next = ?, trouble = ?, trouble_kind = ?, holder = NULL, leased = NULL WHERE case_id = ? AND n = ?`,
		tx.Now().Add(min(wait, time.Hour)), said(trouble), avow.KindOf(trouble).String(), s.Case, s.N)
	if err != nil || !mends(avow.KindOf(trouble).String()) {
		return err
	}
	return d.mendLetter(tx, s.Case, trouble)
}

func said(err error) string {
	text := avow.MessageOf(err)
	if len(text) > 1000 {
		text = text[:1000]
	}
	return text
}

// endedElsewhere closes a request whose key is gone: this database was restored from a backup
// of before its end.
func (d *Desk) endedElsewhere(tx *store.Tx, c *record) error {
	if err := drop(tx, c.ID); err != nil {
		return err
	}
	if !c.State.Over() {
		c.Outcome = "ended after the backup was made from which these records were restored"
		c.State, c.Closed = Closed, tx.Now()
		if err := d.tell(tx, c, Moved, ""); err != nil {
			return err
		}
	}
	c.stage = over
	return save(tx, c)
}

// EndElsewhere closes those of some requests that are not over here: their keys are gone, so they ended after the backup was
// made from which these records were restored. What people had to do for them is not asked of them again. It returns how many there were.
func (d *Desk) EndElsewhere(ctx context.Context, ids []avow.ID) (ended int, err error) {
	for _, id := range ids {
		open := false
		err := d.Desk.DB.Write(ctx, func(tx *store.Tx) error {
			open = false
			c, err := lock(tx, id)
			if avow.KindOf(err) == avow.NotFound && err != nil || err == nil && c.stage == over {
				return nil
			}
			if err != nil {
				return err
			}
			open = true
			return d.endedElsewhere(tx, &c)
		})
		if err != nil {
			return ended, err
		}
		if open {
			ended++
		}
	}
	return ended, nil
}

// Retry has a step that met trouble tried again now.
func (d *Desk) Retry(ctx context.Context, id avow.ID, n int) error {
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		changed, err := tx.Exec(`UPDATE rights_case_steps SET next = ? WHERE case_id = ? AND n = ? AND state = ?`, tx.Now(), id, n, stepWaiting)
		if err == nil && changed == 0 {
			err = avow.Errorf(avow.NotFound, "there is no such step that waits")
		}
		return err
	})
}
