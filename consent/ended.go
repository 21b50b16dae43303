package consent

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/avowhq/avow"
)

// endings keeps up with destroyed keys, which end people without an event of their own.
type endings struct {
	missed atomic.Bool // news of some may have been lost
	since  time.Time   // of all that ended before this it was heard, or they were asked for
}

// lateNews is how much longer ago than the last look the next one asks: clocks differ, and
// a transaction takes its time. Who is let go of twice is asked for in the database once more.
const lateNews = time.Hour

// hear lets go of whom it is told, and remembers when it is told that news were lost: of the
// connection that is new, or in a message that could not hold all ids.
func (e *endings) hear(r *Register, ids []avow.ID) {
	if len(ids) == 0 {
		e.missed.Store(true)
	}
	for _, id := range ids {
		r.letGo(id)
	}
}

// catchUp lets go of those whose ends may have been missed. Until it has, nothing may be called fresh.
func (e *endings) catchUp(ctx context.Context, r *Register) error {
	if !e.missed.Swap(false) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	now := r.db.Machine()
	err := r.vault.ShreddedSince(ctx, e.since.Add(-lateNews), func(ids []avow.ID) error {
		for _, id := range ids {
			r.letGo(id)
		}
		return nil
	})
	if err != nil {
		e.missed.Store(true)
		return err
	}
	e.since = now
	return nil
}
