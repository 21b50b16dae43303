// Package store is the mechanism under every room that keeps something: it opens
// the database (SQLite inside, or PostgreSQL), migrates each room's tables, runs
// transactions, and turns driver errors into the kinds of package avow in one place.
//
// What stays true: a Write that returned nil is on disk, whole and once, and one
// that returned an error left nothing. The answer is never "perhaps", but for one
// case that says so: a PostgreSQL server lost during a commit that stays away.
// Times inside a transaction never run backwards. One SQL text serves both
// databases. A schema newer than this program is refused.
//
// What it never does: know a table. Each room owns its tables and its SQL, and
// no closure given to Write talks to a network.
package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"github.com/avowhq/avow"
	"github.com/jackc/pgx/v5"
)

// Kind is which database is behind a DB.
type Kind uint8

const (
	SQLite Kind = iota
	PostgreSQL
)

func (k Kind) String() string {
	if k == PostgreSQL {
		return "postgresql"
	}
	return "sqlite"
}

// Config says where the data is. One of Path and DSN is set.
type Config struct {
	// Path is the SQLite file. Its directory is made (0700) when missing, the file too (0600).
	Path string
	// DSN is a PostgreSQL connection string ("postgres://…" or "host=… dbname=…").
	DSN string
	// Readers bounds the connections that read; 0 means 8.
	Readers int
	// Damaged is what people are told of a SQLite file that is found broken, with what mends it;
	// "" says to restore a backup.
	Damaged string
	// Clock replaces the clock: the database's on PostgreSQL, the machine's on SQLite. For tests.
	Clock func() time.Time
	// Machine replaces the machine's clock alone: PostgreSQL keeps its own. For tests.
	Machine func() time.Time
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	kind   Kind
	w, r   *sql.DB // one writer connection; a pool of readers
	jobs   *sql.DB // what Pool gives
	beside *sql.DB // reads for the writer, on SQLite: see Together
	clock  func() time.Time
	asks   bool // time is asked of the database

	queue   chan *job
	careful int   // batches that will have savepoints; the writer's own
	alone   int   // batches that will run while none of another node does; the writer's own
	woken   int   // closures of the last batch; the writer's own
	batches int64 // begun on PostgreSQL; the writer's own
	closing chan struct{}
	done    chan struct{}
	once    sync.Once

	mu     sync.Mutex
	stages []stage
	floors []func(*Tx) (time.Time, error)
	last   time.Time   // the latest time a transaction was given here
	broken atomic.Bool // the file is damaged

	damaged string // what is said of it then

	node      string          // who tells
	server    *pgx.ConnConfig // where others are heard; nil on SQLite
	inserts   sync.Map        // insertion to text
	apart     []string        // tables whose rows no dump holds
	hearers   []*hearer
	listening sync.Once
	ears      sync.WaitGroup
}

// Open opens the database and starts its writer. Close must be called.
func Open(ctx context.Context, c Config) (*DB, error) {
	if (c.Path == "") == (c.DSN == "") {
		return nil, avow.Errorf(avow.Invalid, "name a database file or a PostgreSQL server, one of the two")
	}
	if c.Readers <= 0 {
		c.Readers = 8
	}
	db := &DB{clock: c.Clock, damaged: cmp.Or(c.Damaged, damagedMessage), queue: make(chan *job, maxBatch), closing: make(chan struct{}), done: make(chan struct{}), node: rand.Text()}
	if db.clock == nil {
		db.clock, db.asks = c.Machine, c.DSN != ""
	}
	if db.clock == nil {
		db.clock = time.Now
	}
	open := db.openSQLite
	if c.DSN != "" {
		open = db.openPostgres
	}
	if err := open(ctx, c); err != nil {
		db.closePools()
		return nil, db.errorOf(err)
	}
	go db.writer()
	return db, nil
}

// Kind tells which database this is.
func (db *DB) Kind() Kind { return db.kind }

// Ping reports whether the database answers, and is not known to be damaged.
func (db *DB) Ping(ctx context.Context) error {
	if db.broken.Load() {
		return db.errDamaged()
	}
	if err := db.r.PingContext(ctx); err != nil {
		return db.errorOf(err)
	}
	return nil
}

// Pool is the connections for a library that brings its own SQL, River. On SQLite
// it is the writer's one connection: what uses it waits for the writer and the
// writer for it, so it is used for moments. On PostgreSQL it is a pool of its own.
func (db *DB) Pool() *sql.DB { return db.jobs }

// Close finishes the writes that were accepted and closes the database. Writes that come later are Unavailable.
func (db *DB) Close() error {
	db.once.Do(func() { close(db.closing) })
	<-db.done
	db.listening.Do(func() {}) // nobody starts to listen any more
	db.ears.Wait()
	return db.closePools()
}

func (db *DB) closePools() error {
	var first error
	for _, pool := range []*sql.DB{db.jobs, db.beside, db.r, db.w} { // closing twice, where two are one, is nothing
		if pool == nil {
			continue
		}
		if err := pool.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Scrub takes deleted content out of the SQLite journal as well; secure_delete
// has already overwritten it in the file. A read that has been open since before
// the deletion can hold the journal: then Scrub is Unavailable and can be called
// again. PostgreSQL has no such journal of ours: its archives end by their own period.
func (db *DB) Scrub(ctx context.Context) error {
	if db.kind == PostgreSQL {
		return nil
	}
	var busy, frames, moved int
	for try := range retries {
		err := db.w.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
		if err != nil && !transient(err) {
			return db.errorOf(err)
		}
		if err == nil && busy == 0 {
			return nil
		}
		pause(ctx, try)
	}
	return avow.Errorf(avow.Unavailable, "the journal still holds deleted content because a long read is open; try again")
}
