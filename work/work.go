// Package work does what follows from what happened, and what is due by the clock.
//
// An effect follows the ledger: for each event of its types it runs once, in one
// transaction with the row that says so. A schedule runs every so often, on one
// node at a time. Both are kept in tables of this room; River, on the same
// database, elects the node that looks after the clock, queues the runs of
// schedules, bounds them and ends them.
//
// What stays true: an effect's rows are there exactly once an event, whoever was
// killed, whichever node ran it, and also when the answer to a commit was lost,
// because cursor, mark and rows are one transaction guarded by the cursor that was
// read before. Events are taken in the order of the log. One that fails is set
// aside, tried again later and later, and holds nobody up; when it has failed often
// enough it is a dead letter, which a person retries or cancels. What is paused
// stays paused, over restarts and on every node. A node is taken for gone when its
// beat has not changed for a lease by the clock of the node that looks: no two
// clocks are compared.
//
// What it never does: put a job into River for each event, hold a transaction open
// while something runs, or keep, log or hand to River anything of a person. It
// keeps names, numbers of events, and the kind and message of an error.
//
// On SQLite, River shares the one connection that writes. Each of its statements
// takes its turn between two group commits and nothing here waits for the writer while holding
// that connection, so neither can lock the other out.
package work

import (
	"context"
	"crypto/rand"
	"embed"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

//go:embed migrations
var migrations embed.FS

// Config of the room. DB, Ledger, Log and Clock are required; the rest has defaults.
type Config struct {
	DB     *store.DB
	Ledger *ledger.Ledger
	Log    *slog.Logger
	Clock  func() time.Time

	Poll    time.Duration // how often it is looked whether something is due; 5 s
	Lease   time.Duration // how long a node may show no life before others take over; 15 s
	Tries   int           // failures of one event before it is a dead letter; 16
	Backoff time.Duration // the wait after a first failure, doubled with each, up to an hour; 1 s
}

// Work is safe for concurrent use.
type Work struct {
	Config
	node  string
	write func(context.Context, func(*store.Tx) error) error

	mu        sync.Mutex
	wrong     error // the first mistake in what was registered
	started   bool
	effects   map[string]*effect
	schedules map[string]*schedule
	seen      map[string]sighting
	runs      map[string]context.CancelCauseFunc // schedules that run here

	jobs    *client
	unhear  []func()
	stop    context.CancelFunc
	runners sync.WaitGroup // those that follow the ledger
	beating sync.WaitGroup
	still   context.CancelFunc // ends the beats
}

// Open makes the tables: the room's own, and River's by River's own migrations.
// Nothing runs before Start; without it, State and what people can do about
// effects and schedules work from any process.
func Open(ctx context.Context, c Config) (*Work, error) {
	if c.DB == nil || c.Ledger == nil || c.Log == nil || c.Clock == nil {
		return nil, avow.Errorf(avow.Internal, "work needs a database, a ledger, a log and a clock")
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := c.DB.Migrate(ctx, "work", files); err != nil {
		return nil, err
	}
	w := &Work{Config: c.withDefaults(), node: nodeName(), write: c.DB.Write, effects: map[string]*effect{},
		schedules: map[string]*schedule{}, seen: map[string]sighting{}, runs: map[string]context.CancelCauseFunc{}}
	return w, w.migrateRiver(ctx)
}

func (c Config) withDefaults() Config {
	c.Poll = orElse(c.Poll, 5*time.Second)
	c.Lease = orElse(c.Lease, 15*time.Second)
	c.Tries = orElse(c.Tries, 16)
	c.Backoff = orElse(c.Backoff, time.Second)
	return c
}

func orElse[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// nodeName names this process among those on the database, for people too.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host[:min(len(host), 60)] + "-" + rand.Text()[:10]
}

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9-]{1,62}$`)

// register notes what Start is to run, and the first mistake for Start to return.
func (w *Work) register(name string, ok bool, add func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, isEffect := w.effects[name]
	_, isSchedule := w.schedules[name]
	switch {
	case w.started:
		w.wrong = avow.Errorf(avow.Internal, "%q was registered after Start", name)
	case !nameShape.MatchString(name) || isEffect || isSchedule || !ok:
		w.wrong = avow.Errorf(avow.Internal, "%q cannot be registered: a name is 2 to 63 small letters, digits and hyphens, once; "+
			"an effect has types, a schedule is due every second or less often", name)
	default:
		add()
	}
}

// Start runs everything that was registered until Stop. ctx bounds the start only.
func (w *Work) Start(ctx context.Context) error {
	w.mu.Lock()
	wrong := w.wrong
	if w.started && wrong == nil {
		wrong = avow.Errorf(avow.Internal, "work was started twice")
	}
	w.started = true
	w.mu.Unlock()
	if wrong != nil {
		return wrong
	}
	if err := w.enter(ctx); err != nil {
		return err
	}
	if err := w.startRiver(ctx); err != nil {
		return err
	}
	for _, topic := range []string{"ledger", topic} {
		w.unhear = append(w.unhear, w.DB.Hear(topic, func([]avow.ID) { w.wakeAll() }))
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	for _, e := range w.effects {
		w.runners.Go(func() { w.run(running, e) })
	}
	beating, still := context.WithCancel(context.WithoutCancel(ctx))
	w.still = still
	w.beating.Go(func() { w.beats(beating) })
	if err := w.enqueueDue(ctx); err != nil {
		w.Log.Warn("work: what is due begins a little later", slog.Any("error", err))
	}
	return nil
}

// topic is told when something was paused, resumed, retried or cancelled, and when
// it is time to look.
const topic = "work"

// enter writes down this node and what it has registered.
func (w *Work) enter(ctx context.Context) error {
	return w.write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(insertNode, w.node, w.Clock(), w.Clock()); err != nil {
			return err
		}
		for _, e := range w.effects {
			if err := w.enterEffect(tx, e); err != nil {
				return err
			}
		}
		for _, s := range w.schedules {
			if err := w.enterSchedule(tx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// Stop ends what runs: an effect after its transaction, a schedule when it is done or,
// after half the time ctx gives, by ending its context. What was given up runs again
// at the next start, or on another node at once. Unavailable: something is still
// running when ctx ends; other nodes then wait for a lease before they take over.
func (w *Work) Stop(ctx context.Context) error {
	for _, unhear := range w.unhear {
		unhear()
	}
	w.unhear = nil
	if w.stop == nil {
		return nil
	}
	w.stop()
	err := w.stopRiver(ctx)
	if !ended(ctx, &w.runners) && err == nil {
		err = errStillRunning
	}
	w.still()
	w.beating.Wait()
	if err != nil {
		return err
	}
	return w.leave(ctx)
}

var errStillRunning = avow.Errorf(avow.Unavailable, "something is still running; it was told to stop and did not in time")

// ended waits for a group as long as ctx allows.
func ended(ctx context.Context, group *sync.WaitGroup) bool {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// leave lets others take over at once.
func (w *Work) leave(ctx context.Context) error {
	return w.write(ctx, func(tx *store.Tx) error {
		for _, statement := range []string{"UPDATE work_effects SET holder = '' WHERE holder = ?", "DELETE FROM work_nodes WHERE node = ?"} {
			if _, err := tx.Exec(statement, w.node); err != nil {
				return err
			}
		}
		tx.Tell(topic)
		return nil
	})
}

func (w *Work) wakeAll() {
	for _, e := range w.effects {
		e.call()
	}
}

// sleep waits; false: ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
