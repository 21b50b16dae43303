package store

import "context"

// Read runs fn on a snapshot that does not change under it. fn may run more than
// once and cannot write: a connection that the server has ended meanwhile is no
// reason to fail. The caller's ctx ends it.
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
	conn, err := openSession(ctx, db.r, beginRead[db.kind])
	if err != nil {
		return err
	}
	defer conn.rollback()
	tx := &Tx{b: &batch{db: db, ctx: ctx, conn: conn}, alone: true}
	defer tx.close() // before the rollback, also when fn panics
	if err := fn(tx); tx.fault == nil {
		return err
	}
	return tx.fault
}
