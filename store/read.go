package store

import "context"

// Read runs fn on a snapshot that does not change under it. fn may run more than
// once and cannot write: a connection that the server has ended meanwhile is no
// reason to fail. The caller's ctx ends it: what the database fails in after that is Canceled.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	for try := 0; ; try++ {
		err := db.read(ctx, fn)
		if err == nil || !again(err) || try >= retries || ctx.Err() != nil {
			return db.errorOf(err)
		}
		pause(ctx, try)
	}
}

func (db *DB) read(ctx context.Context, fn func(*Tx) error) error {
	conn, err := openSession(ctx, db.r, db.kind, beginRead[db.kind])
	if err != nil {
		return db.givenUp(ctx, err)
	}
	defer conn.rollback()
	tx := &Tx{b: &batch{db: db, ctx: ctx, conn: conn}, alone: true}
	defer tx.close() // before the rollback, also when fn panics
	if err := fn(tx); tx.fault == nil {
		return err
	}
	return db.givenUp(ctx, tx.fault)
}

// givenUp: once ctx has ended, pgx closes the connection beside us, and what fails on it
// then looks like a server that went away.
func (db *DB) givenUp(ctx context.Context, err error) error {
	if ctx.Err() == nil || db.broken.Load() {
		return err
	}
	return db.errorOf(ctx.Err())
}
