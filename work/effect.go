package work

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

const (
	pageSize  = 256                   // events read at once
	batchSize = 64                    // events done in one transaction
	gather    = 5 * time.Millisecond  // more news may follow the first
	lull      = 50 * time.Millisecond // the same, where the last concerned nobody: most are such
	kept      = 1024                  // marks kept behind the cursor
)

// effect is one thing that follows from events.
type effect struct {
	name  string
	types map[ledger.Type]bool
	do    func(*store.Tx, ledger.Entry) error
	late  bool          // begins at the events that come, not at the first
	wake  chan struct{} // holds one call

	// Of the goroutine that runs it.
	cursor int64     // as it stands in the table
	pos    int64     // read up to here: what lies between concerned nobody
	saved  time.Time // when the cursor was last written
	past   bool      // what was read last concerned nobody

	mu      sync.Mutex
	trouble Trouble // why it cannot go on at all, here and now
}

// EffectOption changes how an effect is registered.
type EffectOption func(*effect)

// FromNow has an effect that is new to the database begin with the events that come
// after its first Start. Otherwise it begins with the first event there is.
func FromNow() EffectOption { return func(e *effect) { e.late = true } }

// Effect has do run for every event of the types, in one transaction with the row
// that says so: once, whatever fails. Events come in the order of the log, each with its body
// still sealed (ledger.Open opens it), but for those that failed before. do is a closure of
// store.Write: it changes nothing but through tx, talks to no network and may be
// run again. An error or a panic undoes it and sets the event aside for a later try. Call
// Effect before Start; what an event must cause outside the database, such as a
// letter, do puts into a table whose own sender takes it on.
func (w *Work) Effect(name string, types []ledger.Type, do func(tx *store.Tx, e ledger.Entry) error, options ...EffectOption) {
	e := &effect{name: name, types: map[ledger.Type]bool{}, do: do, wake: make(chan struct{}, 1)}
	for _, t := range types {
		e.types[t] = true
	}
	for _, option := range options {
		option(e)
	}
	w.register(name, len(types) > 0 && do != nil, func() { w.effects[name] = e })
}

func (w *Work) enterEffect(tx *store.Tx, e *effect) (err error) {
	var begin int64
	if e.late {
		if begin, err = w.Ledger.Size(tx); err != nil {
			return err
		}
	}
	_, err = tx.Exec("INSERT INTO work_effects (name, cursor, paused, holder) VALUES (?, ?, ?, '') ON CONFLICT DO NOTHING", e.name, begin, false)
	return err
}

func (e *effect) call() {
	select {
	case e.wake <- struct{}{}:
	default: // called already
	}
}

// run follows the ledger until ctx ends: when called, when a failed event is due again,
// and when the node that holds the effect may be gone.
func (w *Work) run(ctx context.Context, e *effect) {
	for failures := 0; ctx.Err() == nil; {
		wait, err := w.follow(ctx, e)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			failures = 0
			e.note(Trouble{})
		case avow.KindOf(err) == avow.Conflict && failures < 3: // somebody paused it, or was quicker
			failures++
			wait = gather
		default:
			failures++
			w.troubled(e, err)
			sleep(ctx, min(w.backoff(failures), w.Poll)) // a call does not make the database come back
			continue
		}
		e.wait(ctx, wait)
	}
}

func (w *Work) troubled(e *effect, err error) {
	t := troubleOf(err, w.Clock())
	if e.note(t) {
		w.Log.Warn("work: an effect cannot go on; it is tried again", slog.String("effect", e.name), slog.String("kind", t.Kind), slog.String("message", t.Message))
	}
}

// note keeps what is in the way, and reports whether that is news.
func (e *effect) note(t Trouble) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	news := e.trouble.Message != t.Message
	e.trouble = t
	return news
}

func (e *effect) wait(ctx context.Context, longest time.Duration) {
	t := time.NewTimer(longest)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-e.wake:
		sleep(ctx, e.pause())
		select {
		case <-e.wake:
		default:
		}
	}
}

// pause is how long more news is waited for.
func (e *effect) pause() time.Duration {
	if e.past {
		return lull
	}
	return gather
}

// follow brings an effect up to the head of the log, if it is this node's to run, and
// says how long there is nothing to do.
func (w *Work) follow(ctx context.Context, e *effect) (time.Duration, error) {
	ours, err := w.look(ctx, e)
	if err != nil || !ours {
		return w.Lease, err
	}
	for ctx.Err() == nil {
		if err := w.retryDue(ctx, e); err != nil {
			return 0, err
		}
		n, err := w.page(ctx, e)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			break
		}
	}
	if err := w.save(ctx, e); err != nil {
		return 0, err
	}
	return w.untilRetry(ctx, e)
}

// look reads how the effect stands, and takes it when nobody runs it.
func (w *Work) look(ctx context.Context, e *effect) (ours bool, err error) {
	var paused bool
	var h holding
	err = w.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT e.cursor, e.paused, e.holder, n.beat FROM work_effects e LEFT JOIN work_nodes n ON n.node = e.holder WHERE e.name = ?", e.name).
			Scan(&e.cursor, &paused, &h.node, &h.beat)
	})
	if err != nil || paused {
		return false, err
	}
	e.pos = max(e.pos, e.cursor)
	if h.node == w.node {
		return true, nil
	}
	if !w.free(h) {
		return false, nil
	}
	return true, w.take(ctx, e, h)
}

func (w *Work) take(ctx context.Context, e *effect, h holding) error {
	return w.write(ctx, func(tx *store.Tx) error {
		if err := w.bury(tx, h); err != nil {
			return err
		}
		return one(tx.Exec("UPDATE work_effects SET holder = ? WHERE name = ? AND holder = ?", w.node, e.name, h.node))
	})
}

// one expects a statement to have changed one row; otherwise another node was quicker.
func one(n int64, err error) error {
	if err == nil && n != 1 {
		return errMoved
	}
	return err
}

// page does the next events of the log, and says how many it went past.
func (w *Work) page(ctx context.Context, e *effect) (int, error) {
	read, batch, err := w.read(ctx, e)
	if err != nil || read == 0 {
		return 0, err
	}
	to := e.pos + int64(read)
	e.past = len(batch) == 0
	for len(batch) > 0 && ctx.Err() == nil {
		n := min(len(batch), batchSize)
		if err := w.apply(ctx, e, batch[:n]); err != nil {
			return 0, err
		}
		batch = batch[n:]
	}
	if len(batch) == 0 {
		e.pos = max(e.pos, to)
	}
	return read, nil
}

// read looks how many events there are next, and reads those among them that concern the
// effect: most concern nobody, and their bodies are left alone.
func (w *Work) read(ctx context.Context, e *effect) (read int, batch []ledger.Entry, err error) {
	err = w.DB.Read(ctx, func(tx *store.Tx) error {
		batch = nil
		briefs, err := w.Ledger.Briefs(tx, e.pos, pageSize)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(briefs, func(b ledger.Brief) bool { return e.types[b.Type] }); i >= 0 {
			if batch, err = w.Ledger.Read(tx, briefs[i].Index, len(briefs)-i); err != nil {
				return err
			}
		}
		read = len(briefs)
		return e.withoutGap(briefs)
	})
	return read, slices.DeleteFunc(batch, func(entry ledger.Entry) bool { return !e.types[entry.Type] }), err
}

// withoutGap expects every event of the log from where the effect is.
func (e *effect) withoutGap(briefs []ledger.Brief) error {
	for i, b := range briefs {
		if b.Index != e.pos+int64(i) {
			return avow.Errorf(avow.Internal, "the log has no event %d; run avow audit", e.pos+int64(i))
		}
	}
	return nil
}

// apply does a batch in one transaction. When the effect fails on one of them they are
// done one by one, and the one is set aside.
func (w *Work) apply(ctx context.Context, e *effect, batch []ledger.Entry) error {
	to := batch[len(batch)-1].Index + 1
	failure, err := w.attempt(ctx, e, batch, to)
	switch {
	case err != nil:
		return err
	case failure != nil && len(batch) > 1:
		for i := range batch {
			if err := w.apply(ctx, e, batch[i:i+1]); err != nil || ctx.Err() != nil {
				return err
			}
		}
		return nil
	case failure != nil:
		if err := w.setAside(ctx, e, batch[0], failure); err != nil {
			return err
		}
	}
	e.cursor, e.pos, e.saved = to, to, w.Clock()
	return nil
}

// attempt is the one transaction: the cursor, the marks, and what the effect does.
// failure is the effect's own; err is what the room or the database met.
func (w *Work) attempt(ctx context.Context, e *effect, batch []ledger.Entry, to int64) (failure, err error) {
	defer func() {
		if p := recover(); p != nil {
			failure, err = panicked(p), nil
		}
	}()
	err = w.write(ctx, func(tx *store.Tx) error {
		failure = nil
		if err := w.advance(tx, e, to); err != nil {
			return err
		}
		n, err := mark(tx, e, batch)
		switch {
		case err != nil || n == 0:
			return err
		case n < int64(len(batch)): // some are done: one by one it shows which
			failure = errMoved
		default:
			failure = e.perform(tx, batch)
		}
		return failure
	})
	if failure != nil {
		return failure, nil
	}
	return nil, err
}

// perform does what follows from events. A failed statement that the effect made
// nothing of fails it all the same, and is found here rather than at the commit.
func (e *effect) perform(tx *store.Tx, entries []ledger.Entry) error {
	for _, entry := range entries {
		if err := e.do(tx, entry); err != nil {
			return err
		}
	}
	var alive int
	return tx.QueryRow("SELECT 1").Scan(&alive)
}

// advance moves the cursor, if it is where it was read, the effect is still this
// node's and nobody paused it.
func (w *Work) advance(tx *store.Tx, e *effect, to int64) error {
	err := one(tx.Exec("UPDATE work_effects SET cursor = ? WHERE name = ? AND cursor = ? AND holder = ? AND NOT paused", to, e.name, e.cursor, w.node))
	if err != nil || to/kept == e.cursor/kept {
		return err
	}
	_, err = tx.Exec("DELETE FROM work_done WHERE effect = ? AND event < ?", e.name, to-kept)
	return err
}

// mark writes down what is being done; those that were done before are not counted.
func mark(tx *store.Tx, e *effect, batch []ledger.Entry) (int64, error) {
	args := make([]any, 0, 2*len(batch))
	for _, entry := range batch {
		args = append(args, e.name, entry.Index)
	}
	return tx.Exec("INSERT INTO work_done (effect, event) VALUES (?, ?)"+strings.Repeat(", (?, ?)", len(batch)-1)+" ON CONFLICT DO NOTHING", args...)
}

// save writes the cursor down when events went by that concerned nobody, now and then:
// a node that takes over reads them again, no more.
func (w *Work) save(ctx context.Context, e *effect) error {
	now := w.Clock()
	if e.pos == e.cursor || now.Sub(e.saved) < w.Poll {
		return nil
	}
	err := w.write(ctx, func(tx *store.Tx) error { return w.advance(tx, e, e.pos) })
	if err == nil {
		e.cursor, e.saved = e.pos, now
	}
	return err
}
