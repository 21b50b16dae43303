package work

import (
	"context"
	"database/sql"
	"errors"
	"hash/fnv"
	"log/slog"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// The queues of River, and how much of each one node does at a time.
const (
	ticks     = "avow_ticks"
	runs      = "avow_runs"
	runsAtOne = 4
)

// tickArgs is the job of looking whether something is due; River's elected node puts one in every Poll.
type tickArgs struct{}

// Kind names the job to River.
func (tickArgs) Kind() string { return "avow_tick" }

// runArgs is the job of one run of a schedule. River sees no more than this.
type runArgs struct {
	Schedule string `json:"schedule"`
	Due      int64  `json:"due"`   // microseconds since 1970
	After    int64  `json:"after"` // when the last run began: what was given up is due as it was, and is another job
}

// Kind names the job to River.
func (runArgs) Kind() string { return "avow_run" }

type client = river.Client[*sql.Tx]

func (w *Work) driver() riverdriver.Driver[*sql.Tx] {
	if w.DB.Kind() == store.SQLite {
		return riversqlite.New(w.DB.Pool())
	}
	return riverdatabasesql.New(w.DB.Pool())
}

// migrateRiver brings River's tables up by its own migrations. Versions this program
// does not know are left alone, so that it runs beside a newer one. River's migrator takes no
// lock of its own, so nodes that start together wait for each other here.
func (w *Work) migrateRiver(ctx context.Context) error {
	m, err := rivermigrate.New(w.driver(), &rivermigrate.Config{Logger: w.quiet()})
	if err != nil {
		return avow.Errorf(avow.Internal, "the tables of the job queue cannot be read: %w", err)
	}
	unlock, err := w.lockMigrations(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for try := 1; ; try++ {
		_, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err == nil {
			return nil
		}
		// Of two processes that start at once on one SQLite file, the slower one looks again.
		if w.DB.Kind() == store.PostgreSQL || try == 5 || !sleep(ctx, time.Duration(try)*50*time.Millisecond) {
			return avow.Errorf(avow.Unavailable, "the tables of the job queue could not be brought up to date: %w", err)
		}
	}
}

func (w *Work) lockMigrations(ctx context.Context) (unlock func(), err error) {
	if w.DB.Kind() == store.SQLite {
		return func() {}, nil
	}
	h := fnv.New64a()
	h.Write([]byte("avow work: migrations of river"))
	key := int64(h.Sum64())
	conn, err := w.DB.Pool().Conn(ctx)
	if err == nil {
		_, err = conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", key)
	}
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		return nil, avow.Errorf(avow.Unavailable, "the database cannot be reached; nothing was changed: %w", err)
	}
	return func() {
		conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", key)
		conn.Close()
	}, nil
}

// startRiver sets the queue up and starts it. Jobs may run before it returns.
func (w *Work) startRiver(ctx context.Context) error {
	workers := river.NewWorkers()
	river.AddWorker(workers, &tickWorker{w: w})
	river.AddWorker(workers, &runWorker{w: w})
	client, err := river.NewClient(w.driver(), &river.Config{
		ID:      w.node,
		Logger:  w.quiet(),
		Workers: workers,
		Queues:  map[string]river.QueueConfig{ticks: {MaxWorkers: 1}, runs: {MaxWorkers: runsAtOne}},
		// What is put in here is fetched at once; the rest, which other nodes left, can wait.
		FetchPollInterval: 2 * time.Second,
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(w.Poll),
			func() (river.JobArgs, *river.InsertOpts) { return tickArgs{}, &river.InsertOpts{Queue: ticks} },
			&river.PeriodicJobOpts{RunOnStart: true})},
		// A job is only a call to look; the room's own tables know what is due and what
		// failed. So one that was lost with its node is not needed again.
		MaxAttempts:                 1,
		RescueStuckJobsAfter:        5 * time.Minute,
		CompletedJobRetentionPeriod: time.Hour,
		CancelledJobRetentionPeriod: time.Hour,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
	})
	if err != nil {
		return avow.Errorf(avow.Internal, "the job queue cannot be set up: %w", err)
	}
	w.mu.Lock()
	w.jobs = client
	w.mu.Unlock()
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return avow.Errorf(avow.Unavailable, "the job queue cannot be started: %w", err)
	}
	return nil
}

// queue is nil in a process that runs nothing.
func (w *Work) queue() *client {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.jobs
}

// stopRiver lets jobs end by themselves for half the time there is, then ends their contexts.
func (w *Work) stopRiver(ctx context.Context) error {
	patient, cancel := context.WithCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		patient, cancel = context.WithTimeout(ctx, deadline.Sub(w.Clock())/2)
	}
	defer cancel()
	if w.queue().Stop(patient) == nil {
		return nil
	}
	w.endRuns(errStopping)
	if w.queue().StopAndCancel(ctx) == nil {
		return nil
	}
	return errStillRunning
}

type tickWorker struct {
	river.WorkerDefaults[tickArgs]
	w *Work
}

// Work tells every node to look, and puts in what is due.
func (t *tickWorker) Work(ctx context.Context, _ *river.Job[tickArgs]) error {
	err := t.w.write(ctx, func(tx *store.Tx) error {
		tx.Tell(topic)
		return nil
	})
	return t.w.said(errors.Join(t.w.enqueueDue(ctx), err))
}

type runWorker struct {
	river.WorkerDefaults[runArgs]
	w *Work
}

// Timeout leaves a run its own time, and some to write down how it ended.
func (r *runWorker) Timeout(job *river.Job[runArgs]) time.Duration {
	if s := r.w.schedules[job.Args.Schedule]; s != nil {
		return s.timeout + time.Minute
	}
	return time.Minute
}

// Work runs a schedule. One that only a newer program knows is left for a node that
// runs it: it stays due, and is put in again.
func (r *runWorker) Work(ctx context.Context, job *river.Job[runArgs]) error {
	if r.w.schedules[job.Args.Schedule] == nil {
		return nil
	}
	return r.w.said(r.w.runDue(ctx, job.Args.Schedule))
}

// said is an error as River may keep and log it.
func (w *Work) said(err error) error {
	if err == nil {
		return nil
	}
	t := troubleOf(err, w.Clock())
	return avow.Errorf(avow.KindOf(err), "%s", t.Message)
}

// enqueueDue puts in one job for each schedule that is due. One that nobody began within
// a minute, because a node died in between, is put in again.
func (w *Work) enqueueDue(ctx context.Context) error {
	queue := w.queue()
	if queue == nil {
		return nil
	}
	list, err := w.due(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	params := make([]river.InsertManyParams, len(list))
	for i, s := range list {
		params[i] = river.InsertManyParams{Args: runArgs{s.name, s.next.UnixMicro(), s.began.UnixMicro()}, InsertOpts: &river.InsertOpts{Queue: runs,
			UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: time.Minute}}}
	}
	if _, err := queue.InsertMany(ctx, params); err != nil {
		return avow.Errorf(avow.Unavailable, "the job queue takes nothing: %w", err)
	}
	return nil
}

// quiet is the log for River: warnings and errors.
func (w *Work) quiet() *slog.Logger {
	return slog.New(warnings{w.Log.Handler()}).With(slog.String("room", "work"))
}

type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// Handle passes on what went wrong; that something was ended by a stop is not.
func (h warnings) Handle(ctx context.Context, r slog.Record) error {
	ended := false
	r.Attrs(func(a slog.Attr) bool {
		err, is := a.Value.Any().(error)
		ended = ended || is && errors.Is(err, context.Canceled) || a.Value.String() == context.Canceled.Error()
		return !ended
	})
	if ended {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h warnings) WithAttrs(a []slog.Attr) slog.Handler { return warnings{h.Handler.WithAttrs(a)} }
func (h warnings) WithGroup(name string) slog.Handler   { return warnings{h.Handler.WithGroup(name)} }
