package store

import (
	"sync/atomic"

	"github.com/avowhq/avow"
)

// Together reads two things of one state. On SQLite they are read side by side, the
// second on a connection of its own: while this transaction has the right to write and has changed nothing,
// every connection sees what it sees. Where that does not hold, or nobody was free to begin, one is read after the other.
func (tx *Tx) Together(one, other func(*Tx) error) error {
	if tx.b.db.beside == nil || !tx.b.writes || tx.b.changed {
		if err := one(tx); err != nil {
			return err
		}
		return other(tx)
	}
	var begun atomic.Bool
	done := make(chan error, 1)
	go func() {
		if !begun.Swap(true) {
			done <- avow.Unpanicked(func() error { return tx.b.readBeside(other) })
		}
	}()
	err := one(tx)
	if begun.Swap(true) {
		if failed := <-done; err == nil {
			err = failed
		}
		return err
	}
	if err != nil { // every processor was busy
		return err
	}
	return other(tx)
}

func (b *batch) readBeside(fn func(*Tx) error) error {
	conn, err := openSession(b.ctx, b.db.beside, SQLite, beginRead[SQLite])
	if err != nil {
		return b.db.errorOf(err)
	}
	defer conn.rollback()
	tx := &Tx{b: &batch{db: b.db, ctx: b.ctx, conn: conn}, alone: true}
	defer tx.close()
	if err := fn(tx); tx.fault == nil {
		return err
	}
	return tx.fault
}
