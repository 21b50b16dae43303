package work

import (
	"context"
	"log/slog"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// schedule is one thing that is due again and again.
type schedule struct {
	name    string
	every   time.Duration
	timeout time.Duration
	do      func(context.Context) error
}

// ScheduleOption changes how a schedule is registered.
type ScheduleOption func(*schedule)

// Timeout bounds one run; otherwise it is ten minutes.
func Timeout(d time.Duration) ScheduleOption { return func(s *schedule) { s.timeout = d } }

// Schedule has do run every so often, on one node at a time; the first time soon after its
// first Start. A run that fails or panics is tried again after a wait that doubles, never
// longer than every. A run is given up when its time is over, when somebody cancels it and when
// the node stops: its context ends, and do returns. A node that was cut off from the database
// for a lease ends its runs too, but another may have begun by then, so do guards what
// must not be done twice as any transaction does. Call Schedule before Start.
func (w *Work) Schedule(name string, every time.Duration, do func(ctx context.Context) error, options ...ScheduleOption) {
	s := &schedule{name: name, every: every, timeout: 10 * time.Minute, do: do}
	for _, option := range options {
		option(s)
	}
	w.register(name, every >= time.Second && s.timeout > 0 && do != nil, func() { w.schedules[name] = s })
}

func (w *Work) enterSchedule(tx *store.Tx, s *schedule) error {
	_, err := tx.Exec("INSERT INTO work_schedules (name, every, next, paused, cancel, holder, began, ended, tries, kind, message) "+
		"VALUES (?, ?, ?, ?, ?, '', NULL, NULL, 0, '', '') ON CONFLICT DO NOTHING", s.name, s.every.Microseconds(), w.Clock(), false, false)
	if err != nil {
		return err
	}
	_, err = tx.Exec("UPDATE work_schedules SET every = ? WHERE name = ? AND every <> ?", s.every.Microseconds(), s.name, s.every.Microseconds())
	return err
}

// standing is how a schedule stands in its table.
type standing struct {
	name  string
	next  time.Time
	began time.Time // of the last run
	tries int
	holding
}

// skew is how far ahead of this node's clock another node's may be: a next run further
// away than that was written by a clock that was wrong.
const skew = 10 * time.Minute

func (w *Work) standings(ctx context.Context) (list []standing, err error) {
	now := w.Clock()
	err = w.DB.Read(ctx, func(tx *store.Tx) error {
		list, err = store.Collect(tx, scanStanding, `SELECT s.name, s.next, s.began, s.tries, s.holder, n.beat FROM work_schedules s LEFT JOIN work_nodes n ON n.node = s.holder
			WHERE NOT s.paused AND (s.next <= ? OR s.next > s.every + ?) ORDER BY s.name`, now, now.Add(skew))
		return err
	})
	return list, err
}

func scanStanding(r *store.Rows) (s standing, err error) {
	return s, r.Scan(&s.name, store.IntoTime(&s.next), store.IntoTime(&s.began), &s.tries, &s.node, &s.beat)
}

// due lists the schedules this program knows whose time has come and which nobody runs.
func (w *Work) due(ctx context.Context) ([]standing, error) {
	list, err := w.standings(ctx)
	var due []standing
	for _, s := range list {
		if w.schedules[s.name] != nil && w.canRun(s) {
			due = append(due, s)
		}
	}
	return due, err
}

// canRun: nobody runs it. What this node holds and does not run, it failed to let go of.
func (w *Work) canRun(s standing) bool {
	if s.node != w.node {
		return w.free(s.holding)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.runs[s.name] == nil
}

// runDue runs a schedule if it is still due.
func (w *Work) runDue(ctx context.Context, name string) error {
	list, err := w.due(ctx)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.name == name {
			return w.runOnce(ctx, w.schedules[name], s)
		}
	}
	return nil
}

// runOnce takes a schedule, runs it and lets it go.
func (w *Work) runOnce(ctx context.Context, s *schedule, at standing) error {
	node := ctx
	ctx, end := context.WithCancelCause(node)
	defer end(nil)
	if !w.begin(s.name, end) {
		return nil
	}
	defer w.end(s.name)
	began := w.Clock().Truncate(time.Microsecond)
	err := w.write(ctx, func(tx *store.Tx) error {
		if err := w.bury(tx, at.holding); err != nil {
			return err
		}
		return one(tx.Exec("UPDATE work_schedules SET holder = ?, began = ?, cancel = ? WHERE name = ? AND holder = ? AND next = ? AND NOT paused",
			w.node, began, false, s.name, at.node, at.next))
	})
	if avow.KindOf(err) == avow.Conflict {
		return nil
	}
	if err != nil {
		return err // a run that was taken all the same is nobody's, because this node does not run it
	}
	err = s.call(ctx)
	if context.Cause(ctx) == errCancelled {
		ctx = node // the run was ended, and the node goes on: it is written down until it is known
	}
	return w.finish(ctx, s, at, began, err)
}

// begin notes a run of this node; false when it runs already.
func (w *Work) begin(name string, end context.CancelCauseFunc) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs[name] != nil {
		return false
	}
	w.runs[name] = end
	return true
}

func (w *Work) end(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.runs, name)
}

var (
	errTimeout   = avow.Errorf(avow.Unavailable, "took longer than it may and was ended")
	errCancelled = avow.Errorf(avow.Canceled, "was cancelled by hand")
	errStopping  = avow.Errorf(avow.Canceled, "was given up because the node stops")
)

// call runs it within its time. Why its context ended says more than what it made of that.
func (s *schedule) call(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, errTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
		if cause := context.Cause(ctx); err != nil && cause != nil {
			err = cause
		}
	}()
	return s.do(ctx)
}

// finish writes down how a run ended, and when the next is. It tries for as long as
// the node runs: the run is over, and nobody else may begin one before it is known.
func (w *Work) finish(ctx context.Context, s *schedule, at standing, began time.Time, cause error) error {
	ended := w.Clock()
	var t Trouble
	tries := 0
	next := nextAfter(at.next, began, ended, s.every)
	switch {
	case cause == nil:
	case cause == errCancelled:
		t = troubleOf(cause, ended)
	case ctx.Err() != nil: // the node stops, or was cut off: it begins again at the next start, or elsewhere
		next, tries, t = at.next, at.tries, troubleOf(errStopping, ended)
	default:
		tries, t = at.tries+1, troubleOf(cause, ended)
		next = ended.Add(min(w.backoff(tries), s.every))
	}
	if t.Message != "" {
		w.Log.Warn("work: a scheduled run failed", slog.String("schedule", s.name), slog.String("kind", t.Kind), slog.String("message", t.Message))
	}
	return w.letGo(ctx, s, began, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE work_schedules SET holder = '', ended = ?, next = ?, tries = ?, kind = ?, message = ?, cancel = ? WHERE name = ? AND holder = ? AND began = ?",
			ended, next, tries, t.Kind, t.Message, false, s.name, w.node, began)
		return err
	})
}

// letGo writes the end of a run, again and again while the database is away.
func (w *Work) letGo(ctx context.Context, s *schedule, began time.Time, write func(*store.Tx) error) error {
	for failures := 1; ; failures++ {
		err := w.write(context.WithoutCancel(ctx), write)
		if err == nil || ctx.Err() != nil || !sleep(ctx, min(w.backoff(failures), w.Poll)) {
			return err
		}
	}
}

// nextAfter keeps the rhythm, but for runs that were missed or asked for by hand.
func nextAfter(due, began, ended time.Time, every time.Duration) time.Time {
	next := due.Add(every)
	if next.Before(ended) || due.After(began) {
		next = began.Add(every)
	}
	return next
}
