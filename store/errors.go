package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"

	"github.com/avowhq/avow"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// errorOf is the one place where a driver's error becomes a kind. What is an
// avow.Error already stays as it is. The cause it keeps names codes and
// constraints, never the value that offended.
func (db *DB) errorOf(err error) error {
	var ours *avow.Error
	if err == nil || errors.As(err, &ours) {
		return err
	}
	kind, message := kindOf(err)
	if damaged(err) {
		message = db.damaged
	}
	return &avow.Error{Kind: kind, Message: message, Err: quiet{err}}
}

func kindOf(err error) (avow.ErrorKind, string) {
	var (
		lite *sqlite.Error
		pg   *pgconn.PgError
		file *fs.PathError
	)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return avow.NotFound, "there is no such record"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return avow.Canceled, "the work was given up before it was done"
	case errors.As(err, &lite):
		return sqliteKind(lite.Code())
	case errors.As(err, &pg):
		return postgresKind(pg.Code)
	case damaged(err):
		return avow.Unavailable, damagedMessage
	case errors.As(err, &file):
		return avow.Unavailable, noOpenMessage
	case lost(err):
		return avow.Unavailable, awayMessage
	case strings.Contains(err.Error(), "sql: database is closed"): // database/sql has no exported error for it
		return avow.Unavailable, "the database is closed"
	}
	return avow.Internal, "the database could not do this"
}

const (
	awayMessage   = "the database cannot be reached; nothing was changed"
	fullMessage   = "the disk of the database is full; nothing was changed"
	lockedMessage = "the database is read-only; nothing was changed"
	diskMessage   = "the disk of the database fails, or its space is limited; nothing was changed"
	busyMessage   = "the database is too busy; nothing was changed, try again"
	noOpenMessage = "the database file cannot be opened to be written; look at its path, its owner, and whether its disk is read-only"
	thereAlready  = "it is there already"
)

func sqliteKind(code int) (avow.ErrorKind, string) {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return avow.Conflict, thereAlready
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return avow.Unavailable, busyMessage
	case sqlite3.SQLITE_FULL:
		return avow.Unavailable, fullMessage
	case sqlite3.SQLITE_READONLY:
		return avow.Unavailable, lockedMessage
	case sqlite3.SQLITE_IOERR:
		return avow.Unavailable, diskMessage
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return avow.Unavailable, noOpenMessage
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return avow.Unavailable, damagedMessage
	case sqlite3.SQLITE_INTERRUPT:
		return avow.Canceled, "the work was given up before it was done"
	}
	return avow.Internal, "the database could not do this"
}

func postgresKind(code string) (avow.ErrorKind, string) {
	switch {
	case code == "23505":
		return avow.Conflict, thereAlready
	case code == "57014":
		return avow.Canceled, "the work was given up before it was done"
	case code == "53100":
		return avow.Unavailable, fullMessage
	case code == "25006":
		return avow.Unavailable, lockedMessage
	case code == "XX001", code == "XX002":
		return avow.Unavailable, "the PostgreSQL server has met a damaged page; restore a backup on a sound disk"
	case strings.HasPrefix(code, "58"):
		return avow.Unavailable, diskMessage
	case contended(code):
		return avow.Unavailable, busyMessage
	case code == "28000", code == "28P01", code == "3D000":
		return avow.Unavailable, "the PostgreSQL server refuses this user or has no such database; look at the connection string"
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57P"), code == idleTooLong:
		return avow.Unavailable, awayMessage
	}
	return avow.Internal, "the database could not do this"
}

// idleTooLong: the server ended a transaction that nobody drove, as while this process was stopped.
const idleTooLong = "25P03"

// contended: serialization failure, deadlock, lock not available.
func contended(code string) bool { return code == "40001" || code == "40P01" || code == "55P03" }

// readOnly: the server took part in no change, as one does that follows another.
func readOnly(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "25006"
}

// transient reports whether running the same transaction again may well succeed.
func transient(err error) bool {
	var (
		lite *sqlite.Error
		pg   *pgconn.PgError
	)
	switch {
	case errors.As(err, &lite):
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
	case errors.As(err, &pg):
		return contended(pg.Code)
	}
	return false
}

// lost reports whether the connection is gone, or never was.
func lost(err error) bool {
	var (
		connect *pgconn.ConnectError
		network *net.OpError
		pg      *pgconn.PgError
	)
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.Code, "57P") || strings.HasPrefix(pg.Code, "08") || pg.Code == idleTooLong
	}
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || pgconn.SafeToRetry(err) ||
		strings.Contains(err.Error(), "conn closed") // pgx has no exported error for a connection that died under us
}

// quiet keeps a driver's error for errors.As, and says only what holds no value:
// PostgreSQL repeats offending values in some of its messages.
type quiet struct{ err error }

func (q quiet) Unwrap() error { return q.err }

func (q quiet) Error() string {
	var pg *pgconn.PgError
	if errors.As(q.err, &pg) {
		return fmt.Sprintf("PostgreSQL %s %s%s", pg.Code, pg.TableName, pg.ConstraintName)
	}
	return q.err.Error()
}
