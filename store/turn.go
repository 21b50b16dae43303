package store

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// On PostgreSQL the batches of all nodes run side by side, and two that lock the same
// things in different orders end in a deadlock: the server finds it after a second and
// ends one of them. That one would meet the same neighbours on its next try, again and
// again, while they go on. So it takes a turn: it runs while no other batch does, as do
// the next few of its node. Every batch holds the turn's lock, the others in common; whoever waits for a
// turn is before those who come later.

const (
	aloneFor = 16 // batches of a node that take a turn after one that met others
	turnWait = "2000"
)

var turn = lockOf("store turn", nil)

// takeTurn waits for a turn, or for those who have one, and tells the server's time.
// A turn that cannot be had for two seconds, because some batch does not end, is contended.
func (b *batch) takeTurn() (now time.Time, err error) {
	lock := "pg_advisory_xact_lock_shared"
	if b.db.alone > 0 {
		lock = "pg_advisory_xact_lock"
		if _, err := b.conn.exec(b.ctx, "SET LOCAL lock_timeout TO "+turnWait); err != nil {
			return now, err
		}
	}
	var micros int64
	err = b.conn.conn.QueryRowContext(b.ctx, clockQuery+" FROM "+lock+"($1)", turn).Scan(&micros)
	if err != nil || b.db.alone == 0 {
		return time.UnixMicro(micros), err
	}
	_, err = b.conn.exec(b.ctx, "SET LOCAL lock_timeout TO DEFAULT")
	return time.UnixMicro(micros), err
}

// met notes how a batch fared with others: one that lost to them takes a turn next, unless it was the turn that it could not have.
func (db *DB) met(err error) {
	var pg *pgconn.PgError
	switch {
	case !errors.As(err, &pg) || !contended(pg.Code):
	case errors.As(err, new(notBegun)):
		db.alone = 0
	default:
		db.alone = aloneFor
	}
}
