package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// States of an event that an effect failed on.
const (
	Waiting   = "waiting"   // for its next try
	Dead      = "dead"      // tried often enough; a person decides
	Cancelled = "cancelled" // a person decided that it is not to be done
)

// longest bounds the wait between two tries.
const longest = time.Hour

// backoff is the wait after a number of failures, never two alike.
func (w *Work) backoff(failures int) time.Duration {
	d := min(longest, w.Backoff<<min(failures-1, 30))
	if d <= 0 {
		d = longest
	}
	return d*4/5 + rand.N(d*2/5+1)
}

// Trouble is what went wrong, in words that hold nothing of a person.
type Trouble struct {
	At      time.Time
	Kind    string // of avow.ErrorKind
	Message string
}

// troubleOf says what of an error may be kept: the words of this program. The text of
// an error made elsewhere can hold a value, so its type stands for it.
func troubleOf(err error, at time.Time) Trouble {
	t := Trouble{At: at, Kind: avow.KindOf(err).String(), Message: fmt.Sprintf("failed with an error of type %T", err)}
	var ours *avow.Error
	if errors.As(err, &ours) && ours.Message != "" {
		t.Message = ours.Message
	}
	if len(t.Message) > 300 {
		t.Message = strings.ToValidUTF8(t.Message[:300], "") + "…"
	}
	return t
}

// panicked makes an error of a panic. What was panicked with can hold a value, unless
// it is the runtime's own.
func panicked(p any) error {
	return avow.Errorf(avow.Internal, "panicked: %s", avow.PanicOf(p).What)
}

// setAside writes a failed event down, and passes it.
func (w *Work) setAside(ctx context.Context, e *effect, entry ledger.Entry, cause error) error {
	t := troubleOf(cause, w.Clock())
	state := w.stateAfter(1)
	err := w.write(ctx, func(tx *store.Tx) error {
		if err := w.advance(tx, e, entry.Index+1); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO work_failed (effect, event, state, tries, next, at, kind, message) VALUES (?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			e.name, entry.Index, state, t.At.Add(w.backoff(1)), t.At, t.Kind, t.Message)
		return err
	})
	if err == nil {
		w.reportFailure(e, entry.Index, state, t)
	}
	return err
}

func (w *Work) stateAfter(tries int) string {
	if tries >= w.Tries {
		return Dead
	}
	return Waiting
}

func (w *Work) reportFailure(e *effect, event int64, state string, t Trouble) {
	w.Log.Warn("work: an effect failed on an event", slog.String("effect", e.name), slog.Int64("event", event),
		slog.String("state", state), slog.String("kind", t.Kind), slog.String("message", t.Message))
}

// due is an event whose time for another try has come.
type due struct {
	event int64
	tries int
}

// retryDue tries again what is due. A time further away than any wait is due as well:
// the clock was ahead when it was written.
func (w *Work) retryDue(ctx context.Context, e *effect) error {
	var list []due
	now := w.Clock()
	err := w.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = store.Collect(tx, func(r *store.Rows) (d due, err error) { return d, r.Scan(&d.event, &d.tries) },
			"SELECT event, tries FROM work_failed WHERE effect = ? AND state = ? AND (next <= ? OR next > ?) ORDER BY event LIMIT ?",
			e.name, Waiting, now, now.Add(2*longest), batchSize)
		return err
	})
	for i := 0; i < len(list) && err == nil && ctx.Err() == nil; i++ {
		err = w.retry(ctx, e, list[i])
	}
	return err
}

func (w *Work) retry(ctx context.Context, e *effect, d due) error {
	failure, err := w.again(ctx, e, d)
	if err != nil || failure == nil {
		return err
	}
	t := troubleOf(failure, w.Clock())
	state := w.stateAfter(d.tries + 1)
	err = w.write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE work_failed SET state = ?, tries = ?, next = ?, at = ?, kind = ?, message = ? WHERE effect = ? AND event = ? AND tries = ? AND state = ?",
			state, d.tries+1, t.At.Add(w.backoff(d.tries+1)), t.At, t.Kind, t.Message, e.name, d.event, d.tries, Waiting)
		return err
	})
	if err == nil {
		w.reportFailure(e, d.event, state, t)
	}
	return err
}

// again does one event that failed before, unless somebody else did meanwhile.
func (w *Work) again(ctx context.Context, e *effect, d due) (failure, err error) {
	defer func() {
		if p := recover(); p != nil {
			failure, err = panicked(p), nil
		}
	}()
	err = w.write(ctx, func(tx *store.Tx) error {
		failure = nil
		n, err := tx.Exec("DELETE FROM work_failed WHERE effect = ? AND event = ? AND tries = ? AND state = ?", e.name, d.event, d.tries, Waiting)
		if err != nil || n == 0 {
			return err
		}
		entries, err := w.Ledger.Read(tx, d.event, 1)
		if err != nil || len(entries) == 0 {
			return err
		}
		if n, err := mark(tx, e, entries); err != nil || n == 0 {
			return err
		}
		failure = e.perform(tx, entries)
		return failure
	})
	if failure != nil {
		return failure, nil
	}
	return nil, err
}

// untilRetry is how long nothing is due.
func (w *Work) untilRetry(ctx context.Context, e *effect) (wait time.Duration, err error) {
	var next time.Time
	err = w.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT min(next) FROM work_failed WHERE effect = ? AND state = ?", e.name, Waiting).Scan(store.IntoTime(&next))
	})
	if err != nil || next.IsZero() {
		return longest, err
	}
	return max(0, min(longest, next.Sub(w.Clock()))), nil
}
