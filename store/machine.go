package store

import (
	"context"
	"time"
)

// Machine is the clock of this machine, which the database's may differ from, or what
// Config.Clock or Config.Machine put in its place. A difference of two of its times is how long it
// took, whatever was done to the machine's calendar meanwhile; tx.Now is for what is written.
func (db *DB) Machine() time.Time { return db.clock() }

// Server is the clock of the database's server, beside Machine; zero on SQLite, which has none of its own.
func (db *DB) Server(ctx context.Context) (now time.Time, err error) {
	if !db.asks {
		return now, nil
	}
	err = db.Read(ctx, func(tx *Tx) error {
		var micros int64
		if err := tx.QueryRow(clockQuery).Scan(&micros); err != nil {
			return err
		}
		now = time.UnixMicro(micros).UTC()
		return nil
	})
	return now, err
}
