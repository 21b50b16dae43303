package store

import (
	"context"
	"time"

	"github.com/avowhq/avow"
)

// batch is one transaction of the database, with the closures that share it.
type batch struct {
	db      *DB
	ctx     context.Context
	cancel  context.CancelFunc
	conn    *session
	careful bool // each closure has a savepoint
	writes  bool // has the right to, from its begin on
	now     time.Time
	number  int64 // among this node's, to ask PostgreSQL what became of it
	items   map[stage][]any
	ahead   map[ahead]any // what was read for the closures
	changed bool          // by a statement, since
	after   []func()
	told    []news
	landed  int // closures that succeeded
}

var (
	// errAborted: the server says that a commit it did not answer was rolled back. Running it again is safe.
	errAborted = avow.Errorf(avow.Unavailable, "the database was lost before a commit; nothing was changed")
	// errUnknown wraps nothing, so that nothing takes it for a reason to run the closure again.
	errUnknown = avow.Errorf(avow.Internal, "the database was lost during a commit and has not come back: this may or may not have been kept")
	errSlow    = avow.Errorf(avow.Unavailable, "the database took longer than a minute; nothing was changed")
	// errTangled: a closure failed that had changed something, and there is no savepoint to go back to.
	errTangled = avow.Errorf(avow.Unavailable, "a neighbour in the transaction failed; nothing was changed")
)

func (db *DB) begin(careful bool) (*batch, error) {
	b := &batch{db: db, writes: true, cancel: func() {}, careful: careful, items: map[stage][]any{}}
	b.ctx = context.WithValue(context.Background(), inside{}, db)
	if db.kind == PostgreSQL {
		db.batches++
		b.number = db.batches
		b.ctx, b.cancel = context.WithTimeout(b.ctx, batchLimit)
	}
	var err error
	if b.conn, err = openSession(b.ctx, db.w, db.kind, beginWrite[db.kind]); err != nil {
		b.cancel()
		return nil, err
	}
	if err := b.setTime(); err != nil {
		b.rollback(err)
		return nil, err
	}
	return b, nil
}

// rollback ends the transaction without a trace; after commit it does nothing.
func (b *batch) rollback(because error) {
	b.conn.stale = readOnly(because) // another connection may find a server that can be written
	b.conn.rollback()
	b.cancel()
}

// run runs one closure. It returns an error when the whole batch must be given up;
// the closure's own failure is the job's.
func (b *batch) run(j *job, shared bool) error {
	tx := &Tx{b: b, alone: !shared || !b.careful}
	err := j.call(tx)
	if err == nil && !tx.alone && tx.fault == nil {
		err = tx.catchUp()
	}
	tx.close()
	switch {
	case b.ctx.Err() != nil:
		return errSlow
	case avow.KindOf(tx.fault) == avow.Unavailable:
		return tx.fault // the ground is gone for everyone
	}
	if err == nil {
		err = tx.fault
	}
	if err != nil {
		j.err = b.db.errorOf(err)
		if shared && tx.alone && (tx.changed || tx.fault != nil) {
			return errTangled
		}
		return tx.endSavepoint("ROLLBACK TO SAVEPOINT job")
	}
	for _, h := range tx.staged {
		b.items[h.to] = append(b.items[h.to], h.item)
	}
	b.keep(tx)
	b.landed++
	return tx.endSavepoint("RELEASE SAVEPOINT job")
}

// between runs what belongs to the transaction, and to no closure.
func (b *batch) between(f func(tx *Tx) error) error {
	tx := &Tx{b: b, alone: true}
	defer tx.close()
	if err := avow.Unpanicked(func() error { return f(tx) }); err != nil {
		return err
	}
	return tx.fault
}

// keep remembers what is to be done after the commit.
func (b *batch) keep(tx *Tx) {
	b.after = append(b.after, tx.after...)
	b.told = append(b.told, tx.told...)
}

// beginSavepoint is called before the first statement: a closure that only hands in to stages needs none.
func (tx *Tx) beginSavepoint() error {
	if tx.alone || tx.marked {
		return nil
	}
	tx.marked = true
	_, err := tx.b.conn.exec(tx.b.ctx, "SAVEPOINT job")
	return tx.fail(err)
}

func (tx *Tx) endSavepoint(statement string) error {
	if !tx.marked {
		return nil
	}
	_, err := tx.b.conn.exec(tx.b.ctx, statement)
	return err
}

// finish runs the stages, then commits. Nothing is committed for closures that all failed.
func (b *batch) finish() error {
	if b.landed == 0 {
		return nil
	}
	for _, s := range b.db.stageList() {
		if len(b.items[s]) == 0 {
			continue
		}
		err := b.between(func(tx *Tx) error {
			err := s.run(tx, b.items[s])
			b.keep(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	b.told = merge(b.told)
	if err := b.sign(); err != nil {
		return err
	}
	if err := b.commit(); err != nil {
		return err
	}
	for _, f := range b.after {
		f()
	}
	b.db.deliver(b.told)
	return nil
}

// commit commits. When PostgreSQL was lost on the way, it is asked what it did.
func (b *batch) commit() error {
	err := b.conn.commit(b.ctx)
	if err == nil || b.db.kind == SQLite || !(lost(err) || b.ctx.Err() != nil) {
		return err
	}
	committed, known := b.db.outcome(b.number)
	switch {
	case committed:
		return nil
	case known:
		return errAborted
	}
	b.db.deliverAnything()
	return errUnknown
}
