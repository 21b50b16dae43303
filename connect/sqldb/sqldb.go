// Package sqldb reaches PostgreSQL, MySQL and MariaDB, and SQLite. It is one driver: what
// differs between the three is a dialect, which knows how each quotes, describes itself,
// takes a set of values and says what went wrong.
//
// What stays true: names come from the catalog of the database and are quoted, values
// are parameters; neither is ever written into the other. However many values are
// asked for, the statements are few. A row is given once, whichever of the alternatives
// it meets. Reads see one state of the database and cannot write.
//
// What it never does: let a driver's own words out, which may hold a value or a password.
package sqldb

import (
	"context"
	"database/sql"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
)

// The pools are small: the database belongs to somebody else's application.
const (
	maxReaders = 8
	maxWriters = 2
	idle       = time.Minute // after which a connection is given back
)

// pool keeps connections as long as one read follows the other: to open one takes longer than most reads.
func pool(db *sql.DB, most int) {
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	db.SetConnMaxIdleTime(idle)
}

// Open opens a database of one of the kinds postgresql, mysql (also MariaDB) and sqlite.
// c.Secret is its connection string: a URL or `key=value` words for PostgreSQL,
// `user:password@tcp(host:3306)/database?tls=true` for MySQL, a path or a file: URI for SQLite.
func Open(ctx context.Context, c connect.Config) (connect.Source, error) {
	s := &source{config: c}
	var err error
	switch c.Kind {
	case "postgresql":
		s.dialect = postgres{}
		s.reads, s.writes, err = openPostgres(c)
	case "mysql":
		s.dialect = mysql{}
		s.reads, s.writes, err = openMySQL(c)
	case "sqlite":
		s.dialect, s.reads, s.writes, err = openSQLite(c)
	default:
		err = avow.Errorf(avow.Invalid, "system %s: %q is no kind of SQL database; there are postgresql, mysql and sqlite", c.System, c.Kind)
	}
	if err != nil {
		return nil, err
	}
	pool(s.reads, maxReaders)
	pool(s.writes, maxWriters)
	if err := s.reads.PingContext(ctx); err != nil {
		s.Close()
		return nil, s.fault(ctx, "opening", err)
	}
	return s, nil
}

// source is an opened database.
type source struct {
	config  connect.Config
	dialect dialect
	reads   *sql.DB // its connections cannot write
	writes  *sql.DB

	prepared prepared

	mu      sync.Mutex
	catalog *catalog // as it was last read; nil: never
}

func (s *source) Close() error {
	err := s.reads.Close()
	if err2 := s.writes.Close(); err == nil {
		err = err2
	}
	if err != nil {
		return avow.Errorf(avow.Unavailable, "system %s could not be closed", s.config.System)
	}
	return nil
}

// asker is a database, a connection or a transaction.
type asker interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}
