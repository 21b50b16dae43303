package store

import (
	"context"
	"errors"

	"github.com/avowhq/avow"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const damagedMessage = "the database file is damaged, or is not a database; nothing is written to it any more. " +
	"Stop avow, keep the file, and restore a backup"

// Check reads the whole database and reports whether its structure is sound:
// every page of the SQLite file; on PostgreSQL the checksum failures that the
// server has met. It takes as long as reading takes, and others go on meanwhile.
// It says nothing about what the records mean: that is the ledger's audit.
func (db *DB) Check(ctx context.Context) error {
	if db.kind == PostgreSQL {
		return db.Read(ctx, checkPostgres)
	}
	return db.Read(ctx, func(tx *Tx) error { return checkSQLite(tx, "PRAGMA quick_check(1)") })
}

func checkSQLite(tx *Tx, pragma string) error {
	var found string
	if err := tx.QueryRow(pragma).Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return tx.fail(fault(found))
	}
	return nil
}

// fault is what SQLite found wrong with a file. It names pages, never what is on them.
type fault string

func (f fault) Error() string { return string(f) }

func checkPostgres(tx *Tx) error {
	var failures int64
	err := tx.QueryRow("SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()").Scan(&failures)
	if err == nil && failures > 0 {
		err = avow.Errorf(avow.Unavailable, "the PostgreSQL server has met %d damaged pages in this database; restore a backup on a sound disk", failures)
	}
	return err
}

// damaged reports whether an error says that the SQLite file is broken.
func damaged(err error) bool {
	var (
		lite  *sqlite.Error
		found fault
	)
	if errors.As(err, &lite) {
		code := lite.Code() & 0xff
		return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
	}
	return errors.As(err, &found)
}

// errDamaged says of a file that was found damaged what Config says of it.
func (db *DB) errDamaged() error { return avow.Errorf(avow.Unavailable, "%s", db.damaged) }

// note remembers damage: from then on this process writes nothing over what may still be saved.
func (db *DB) note(err error) {
	if damaged(err) {
		db.broken.Store(true)
	}
}
