package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/avowhq/avow"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	maxBatch   = 256 // closures that share one commit
	retries    = 12  // tries of one closure that meets others; with the pauses about five seconds
	shared     = 3   // tries of a batch before its closures go one by one
	carefulFor = 16  // batches with savepoints after one that had to be run again for want of them
)

// inside marks the context of a running transaction, so that a Write within a Write is refused instead of waiting for itself.
type inside struct{}

// job is one Write: waiting, then either taken by the writer or left by its caller.
type job struct {
	ctx   context.Context
	fn    func(*Tx) error
	need  Need
	taken atomic.Bool
	done  chan struct{}
	err   error
	panic any
}

// Write runs fn in a transaction and returns when it is on disk, or when nothing
// of it is. fn may run more than once, so it changes nothing but through tx; it
// talks to no network and is short, because closures of other callers share its
// commit. An error from fn undoes only fn: a savepoint costs more than a small
// statement, so a batch whose closure fails after a change is run again with them. What busy
// neighbours cause is tried again inside. A caller that goes away before fn began
// gets Canceled; afterwards Write waits for the outcome.
//
// On PostgreSQL, other nodes' transactions run meanwhile (READ COMMITTED): guard
// what must not be done twice with a key, with a condition in UPDATE, or with Tx.Lock.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	return db.WriteWith(ctx, Need{}, fn)
}

// WriteWith is Write of a closure that is known to look something up (see Ahead).
func (db *DB) WriteWith(ctx context.Context, need Need, fn func(*Tx) error) error {
	j, err := db.enqueue(ctx, need, fn)
	if err != nil {
		return err
	}
	return db.await(j)
}

// StartWrite is Write that does not wait, and gives what waits for its end, once.
func (db *DB) StartWrite(ctx context.Context, fn func(*Tx) error) (wait func() error) {
	j, err := db.enqueue(ctx, Need{}, fn)
	if err != nil {
		return func() error { return err }
	}
	return func() error { return db.await(j) }
}

func (db *DB) enqueue(ctx context.Context, need Need, fn func(*Tx) error) (*job, error) {
	if ctx.Value(inside{}) == db {
		return nil, avow.Errorf(avow.Internal, "a Write was started inside a Write")
	}
	if db.broken.Load() {
		return nil, db.errDamaged()
	}
	if err := ctx.Err(); err != nil {
		return nil, db.errorOf(err)
	}
	j := &job{ctx: ctx, fn: fn, need: need, done: make(chan struct{})}
	select {
	case <-db.closing:
		return nil, errClosed
	case <-ctx.Done():
		return nil, db.errorOf(ctx.Err())
	case db.queue <- j:
	}
	return j, nil
}

var errClosed = avow.Errorf(avow.Unavailable, "the database is being closed; nothing was changed")

func (db *DB) await(j *job) error {
	select {
	case <-j.done:
	case <-db.done:
		if !j.taken.Swap(true) {
			return errClosed // queued after the writer had gone
		}
		<-j.done
	case <-j.ctx.Done():
		if !j.taken.Swap(true) {
			return db.errorOf(j.ctx.Err())
		}
		<-j.done
	}
	if j.panic != nil {
		panic(j.panic) // in the caller's goroutine, where its recover is
	}
	return j.err
}

// call runs the closure. A panic in it undoes it, and is handed to its caller.
func (j *job) call(tx *Tx) (err error) {
	j.err, j.panic = nil, nil
	defer func() {
		if p := recover(); p != nil {
			j.panic = p
			err = avow.Errorf(avow.Internal, "a transaction panicked")
		}
	}()
	return j.fn(tx)
}

// writer is the one goroutine that writes: it takes whatever waits and commits it together.
func (db *DB) writer() {
	defer close(db.done)
	for {
		select {
		case j := <-db.queue:
			db.letCome()
			db.commit(db.gather(j))
		case <-db.closing:
			for jobs := db.gather(nil); len(jobs) > 0; jobs = db.gather(nil) {
				db.commit(jobs)
			}
			return
		}
	}
}

// letCome lets those run whom the last commit woke, as long as more come to write: a batch
// costs as much for one as for many. Where about as many have come meanwhile, nobody is
// waited for: those and the others take turns then, and what they do besides goes on beside the writer.
func (db *DB) letCome() {
	if 2*len(db.queue) >= db.woken {
		return
	}
	for waiting := -1; db.woken > 1 && waiting < len(db.queue); {
		waiting = len(db.queue)
		runtime.Gosched()
	}
}

// gather takes the jobs that wait now, up to a batch, leaving those whose callers went away.
func (db *DB) gather(first *job) []*job {
	var jobs []*job
	for j := first; ; {
		if j != nil && !j.taken.Swap(true) {
			jobs = append(jobs, j)
		}
		if len(jobs) == maxBatch {
			return jobs
		}
		select {
		case j = <-db.queue:
		default:
			return jobs
		}
	}
}

func (db *DB) commit(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	db.careful = max(0, db.careful-1)
	db.settle(jobs)
	db.alone = max(0, db.alone-1)
	db.woken = len(jobs)
	for _, j := range jobs {
		close(j.done)
	}
}

// settle brings jobs to their end: together, or one by one when together does not
// work, so that one closure's trouble stays its own.
func (db *DB) settle(jobs []*job) {
	limit := retries
	if len(jobs) > 1 {
		limit = shared
	}
	for try := 1; ; try++ {
		err := db.attempt(jobs)
		if errors.As(err, new(notBegun)) {
			limit = shared
		}
		db.met(err)
		switch {
		case err == nil:
			return
		case err == errTangled:
			db.careful = carefulFor
		case err == errUnknown:
			fail(jobs, err)
			return
		case try < limit && again(err):
			pause(context.Background(), try)
		case len(jobs) > 1 && !db.unreachable(err):
			for i := range jobs {
				db.settle(jobs[i : i+1])
			}
			return
		default:
			db.note(err)
			fail(jobs, db.errorOf(err))
			return
		}
	}
}

// fail gives a panic of what was done for all, and that the job met alone again, to its caller.
func fail(jobs []*job, err error) {
	var p *avow.Panic
	if errors.As(err, &p) {
		jobs[0].panic = p
	}
	for _, j := range jobs {
		j.err = err
	}
}

// attempt runs jobs in one transaction. An error means that none of them left anything.
func (db *DB) attempt(jobs []*job) (err error) {
	b, err := db.begin(db.careful > 0)
	if err != nil {
		return notBegun{err}
	}
	defer func() { b.rollback(err) }()
	if err := b.lookAhead(jobs); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := b.run(j, len(jobs) > 1); err != nil {
			return err
		}
	}
	return b.finish()
}

// notBegun: there was no transaction to run a closure in.
type notBegun struct{ error }

func (n notBegun) Unwrap() error { return n.error }

// again: the same transaction may succeed on another try, and has certainly left
// nothing so far. A connection that broke before the commit is one such case; one
// that cannot be made is not.
func again(err error) bool {
	var connect *pgconn.ConnectError
	return transient(err) || errors.Is(err, errAborted) || lost(err) && !errors.As(err, &connect)
}

// unreachable: no closure would fare better alone.
func (db *DB) unreachable(err error) bool {
	return errors.As(err, new(notBegun)) || lost(err) || avow.KindOf(db.errorOf(err)) == avow.Unavailable && !transient(err)
}

// pause waits a little longer at each try, never two waiters equally long, at most a second.
func pause(ctx context.Context, try int) {
	longest := min(time.Second, time.Millisecond<<min(try, 10))
	t := time.NewTimer(longest/2 + rand.N(longest/2))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
