package work

import (
	"context"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// State is how an effect or a schedule stands, from the tables: the same on every
// node and in a process that runs nothing.
type State struct {
	Name   string
	Here   bool // this program has it registered
	Paused bool
	Node   string  // which node runs it; "" nobody
	Last   Trouble // why it cannot go on, what it failed on last, or how its last run failed; Message is empty when all is well

	// Of an effect.
	Effect                   bool
	Cursor                   int64 // every event before it is done, set aside or of no concern
	Lag                      int64 // events from there to the head; up to Poll's worth of those of no concern count
	Waiting, Dead, Cancelled int   // events it failed on
	Failures                 []Failure

	// Of a schedule.
	Every        time.Duration
	Running      bool
	Began, Ended time.Time // of the last run; Began alone: of the one that runs
	Next         time.Time
	Tries        int // failures in a row
}

// Failure is an event that an effect failed on.
type Failure struct {
	Event int64
	State string // Waiting, Dead, Cancelled
	Tries int
	Next  time.Time
	Trouble
}

// shown bounds the failures that State lists of one effect, the latest first.
const shown = 100

// State lists effects, then schedules, by name.
func (w *Work) State(ctx context.Context) ([]State, error) {
	var list []State
	err := w.DB.Read(ctx, func(tx *store.Tx) error {
		head, err := w.Ledger.Size(tx)
		if err != nil {
			return err
		}
		if list, err = store.Collect(tx, scanEffect, "SELECT name, cursor, paused, holder FROM work_effects ORDER BY name"); err != nil {
			return err
		}
		for i := range list {
			if err := w.addFailures(tx, &list[i], head); err != nil {
				return err
			}
		}
		schedules, err := store.Collect(tx, scanSchedule, "SELECT name, paused, holder, every, next, began, ended, tries, kind, message FROM work_schedules ORDER BY name")
		list = append(list, schedules...)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		w.addHere(&list[i])
	}
	return list, nil
}

func scanEffect(r *store.Rows) (State, error) {
	s := State{Effect: true}
	return s, r.Scan(&s.Name, &s.Cursor, &s.Paused, &s.Node)
}

func scanSchedule(r *store.Rows) (s State, err error) {
	var every int64
	err = r.Scan(&s.Name, &s.Paused, &s.Node, &every, store.IntoTime(&s.Next), store.IntoTime(&s.Began), store.IntoTime(&s.Ended), &s.Tries, &s.Last.Kind, &s.Last.Message)
	s.Every = time.Duration(every) * time.Microsecond
	s.Running = s.Node != ""
	if s.Last.Message != "" {
		s.Last.At = s.Ended
	}
	return s, err
}

func (w *Work) addFailures(tx *store.Tx, s *State, head int64) error {
	s.Lag = max(0, head-s.Cursor)
	err := store.Each(tx, func(r *store.Rows) error {
		var state string
		var n int
		err := r.Scan(&state, &n)
		switch state {
		case Waiting:
			s.Waiting = n
		case Dead:
			s.Dead = n
		case Cancelled:
			s.Cancelled = n
		}
		return err
	}, "SELECT state, count(*) FROM work_failed WHERE effect = ? GROUP BY state", s.Name)
	if err != nil || s.Waiting+s.Dead+s.Cancelled == 0 {
		return err
	}
	s.Failures, err = store.Collect(tx, scanFailure, "SELECT event, state, tries, next, at, kind, message FROM work_failed WHERE effect = ? ORDER BY at DESC, event DESC LIMIT ?", s.Name, shown)
	for _, f := range s.Failures {
		if f.State != Cancelled {
			s.Last = f.Trouble
			break
		}
	}
	return err
}

func scanFailure(r *store.Rows) (f Failure, err error) {
	return f, r.Scan(&f.Event, &f.State, &f.Tries, store.IntoTime(&f.Next), store.IntoTime(&f.At), &f.Kind, &f.Message)
}

// addHere adds what only this process knows.
func (w *Work) addHere(s *State) {
	w.mu.Lock()
	e := w.effects[s.Name]
	s.Here = e != nil || w.schedules[s.Name] != nil
	w.mu.Unlock()
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.trouble.Message != "" {
		s.Last = e.trouble
	}
}

// Pause has an effect stop after the transaction it is in, and a schedule begin no run,
// until Resume. It lasts over restarts.
func (w *Work) Pause(ctx context.Context, name string) error { return w.setPaused(ctx, name, true) }

// Resume undoes Pause. An effect goes on where it stopped.
func (w *Work) Resume(ctx context.Context, name string) error { return w.setPaused(ctx, name, false) }

func (w *Work) setPaused(ctx context.Context, name string, paused bool) error {
	return w.change(ctx, name, "nothing of that name is at work", func(tx *store.Tx) (n int64, err error) {
		for _, table := range []string{"work_effects", "work_schedules"} {
			changed, err := tx.Exec("UPDATE "+table+" SET paused = ? WHERE name = ?", paused, name)
			if n += changed; err != nil {
				return 0, err
			}
		}
		return n, nil
	})
}

// change writes what somebody decided, and tells the nodes.
func (w *Work) change(ctx context.Context, name, none string, write func(*store.Tx) (int64, error)) error {
	return w.write(ctx, func(tx *store.Tx) error {
		n, err := write(tx)
		if err == nil && n == 0 {
			err = avow.Errorf(avow.NotFound, "%s: %s", name, none)
		}
		tx.Tell(topic)
		return err
	})
}

// Retry has an event that an effect failed on tried again now, also one that was dead
// or cancelled. A dead one that fails again is dead again.
func (w *Work) Retry(ctx context.Context, name string, event int64) error {
	return w.change(ctx, name, "that event is not among its failures", func(tx *store.Tx) (int64, error) {
		return tx.Exec("UPDATE work_failed SET state = ?, next = ? WHERE effect = ? AND event = ?", Waiting, w.Clock(), name, event)
	})
}

// Cancel has an event that an effect failed on not tried again. It stays on the list.
func (w *Work) Cancel(ctx context.Context, name string, event int64) error {
	return w.change(ctx, name, "that event is not among its failures", func(tx *store.Tx) (int64, error) {
		return tx.Exec("UPDATE work_failed SET state = ? WHERE effect = ? AND event = ?", Cancelled, name, event)
	})
}

// RunNow makes a schedule due: at once when this process is started, else within Poll. A paused one is
// Conflict, and one that runs already goes on.
func (w *Work) RunNow(ctx context.Context, name string) error {
	err := w.change(ctx, name, "no schedule of that name", func(tx *store.Tx) (int64, error) {
		var paused bool
		err := tx.QueryRow("SELECT paused FROM work_schedules WHERE name = ?", name).Scan(&paused)
		if avow.KindOf(err) == avow.NotFound {
			return 0, nil
		}
		if err == nil && paused {
			err = avow.Errorf(avow.Conflict, "%s is paused; resume it first", name)
		}
		if err != nil {
			return 0, err
		}
		_, err = tx.Exec("UPDATE work_schedules SET next = ? WHERE name = ? AND holder = ''", w.Clock(), name)
		return 1, err
	})
	if err != nil {
		return err
	}
	return w.enqueueDue(ctx)
}

// CancelRun ends a run that is under way, on whichever node: at once when it is here, else
// within a third of Lease. The schedule is due again at its next time.
func (w *Work) CancelRun(ctx context.Context, name string) error {
	err := w.change(ctx, name, "does not run", func(tx *store.Tx) (int64, error) {
		return tx.Exec("UPDATE work_schedules SET cancel = ? WHERE name = ? AND holder <> ''", true, name)
	})
	if err == nil {
		w.heedCancels(ctx)
	}
	return err
}
