package store

import "time"

// Floor registers the time of the last event: no transaction is given an earlier
// one. It is asked at the start of each writing transaction and is one look-up.
func (db *DB) Floor(last func(*Tx) (time.Time, error)) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.floors = append(db.floors, last)
}

// setTime fixes the time of a transaction that writes.
func (b *batch) setTime() error {
	now, err := b.start()
	if err != nil {
		return err
	}
	b.db.mu.Lock()
	floors := b.db.floors
	b.db.mu.Unlock()
	for _, floor := range floors {
		err := b.between(func(tx *Tx) error {
			t, err := floor(tx)
			now = later(now, t)
			return err
		})
		if err != nil {
			return err
		}
	}
	b.now = b.db.advance(now)
	return nil
}

// start is the time at which the transaction may go on.
func (b *batch) start() (time.Time, error) {
	if b.db.kind == SQLite {
		return b.clock()
	}
	now, err := b.takeTurn()
	if !b.db.asks {
		now = b.db.clock()
	}
	return now, err
}

// clock asks the clock that counts.
func (b *batch) clock() (time.Time, error) {
	if !b.db.asks {
		return b.db.clock(), nil
	}
	var micros int64
	err := b.conn.conn.QueryRowContext(b.ctx, clockQuery).Scan(&micros)
	return time.UnixMicro(micros), err
}

const clockQuery = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

// time is the time of the transaction; one that reads learns it when it first asks.
func (b *batch) time() time.Time {
	if !b.now.IsZero() {
		return b.now
	}
	now, err := b.clock()
	if err != nil {
		now = b.db.clock()
	}
	b.now = b.db.notBefore(now)
	return b.now
}

// advance makes now the latest time given out, unless a later one was.
func (db *DB) advance(now time.Time) time.Time {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.last = later(db.last, now.UTC().Truncate(time.Microsecond))
	return db.last
}

func (db *DB) notBefore(now time.Time) time.Time {
	db.mu.Lock()
	defer db.mu.Unlock()
	return later(db.last, now.UTC().Truncate(time.Microsecond))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
