package store

import (
	"context"
	"database/sql"
)

// Read runs fn on a snapshot that does not change under it. fn may run more than
// once and cannot write. The caller's ctx ends it.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	for try := 0; ; try++ {
		err := db.read(ctx, fn)
		if err == nil || !transient(err) || try >= retries || ctx.Err() != nil {
			return errorOf(err)
		}
		pause(ctx, try)
	}
}

func (db *DB) read(ctx context.Context, fn func(*Tx) error) error {
	options := &sql.TxOptions{}
	if db.kind == PostgreSQL {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	t, err := db.r.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer t.Rollback()
	tx := &Tx{b: &batch{db: db, ctx: ctx, tx: t}, alone: true}
	err = fn(tx)
	tx.ended = true
	if tx.fault != nil {
		err = tx.fault
	}
	return err
}
