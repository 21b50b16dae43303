package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/avowhq/avow"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// backupStep is how many pages are copied between two looks at the caller's context: one mebibyte.
const backupStep = 256

// Backup copies a SQLite database, as it is at this moment, into a new file while
// others read and write. The file appears under its name when it is whole, has been
// checked and is on disk; one that exists is never overwritten (Conflict). progress,
// which may be nil, is told the pages done and how many there are. What another
// store keeps, such as the keys, is not in it. PostgreSQL has tools of its own:
// there Backup is Refused, with the command to use.
func (db *DB) Backup(ctx context.Context, file string, progress func(done, total int)) error {
	if db.kind == PostgreSQL {
		return avow.Errorf(avow.Refused, "PostgreSQL is backed up with its own tools. Run: %s", db.dumpCommand(file))
	}
	if _, err := os.Lstat(file); err == nil {
		return errBackupThere
	}
	partial := file + ".partial-" + strings.ToLower(rand.Text()[:8])
	defer os.Remove(partial)
	err := db.copyTo(ctx, partial, progress)
	if err == nil {
		err = checkFile(ctx, partial)
	}
	if err == nil {
		err = publish(partial, file)
	}
	return db.backupError(err)
}

var errBackupThere = avow.Errorf(avow.Conflict, "there is a file of that name already, and a backup overwrites none; name another")

// backupError says that it was the backup that failed, and that nothing else did.
func (db *DB) backupError(err error) error {
	var path *fs.PathError
	switch kind := avow.KindOf(db.errorOf(err)); {
	case err == nil:
		return nil
	case kind == avow.Conflict || kind == avow.Canceled:
		return db.errorOf(err)
	case unwritten(err): // what is copied is only read, so it is not the disk of the database
		return avow.Errorf(avow.Unavailable, "the backup was not made: the disk it was to be written to is full or fails, or its space is limited; make room there, or name another directory: %w", quiet{err})
	case errors.As(err, &path):
		return avow.Errorf(avow.Unavailable, "the backup cannot be written there; look at the directory, its owner and its disk: %w", err)
	default:
		return avow.Errorf(kind, "the backup was not made: %s: %w", avow.MessageOf(db.errorOf(err)), quiet{err})
	}
}

// unwritten reports whether a disk did not take what was written.
func unwritten(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code()&0xff == sqlite3.SQLITE_FULL || lite.Code() == sqlite3.SQLITE_IOERR_WRITE
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// copyTo copies one snapshot. Readers' connections see it; writers go on behind it.
func (db *DB) copyTo(ctx context.Context, file string, progress func(done, total int)) error {
	if err := makeEmpty(file); err != nil {
		return err
	}
	s, err := openSession(ctx, db.r, SQLite, beginRead[SQLite])
	if err != nil {
		return err
	}
	defer s.rollback()
	// A transaction sees what was there at its first look.
	var tables int
	if err := s.conn.QueryRowContext(ctx, "SELECT count(name) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	err = s.conn.Raw(func(conn any) error { return copyPages(ctx, conn.(*lite), file, progress) })
	db.note(err)
	return err
}

func copyPages(ctx context.Context, c *lite, file string, progress func(done, total int)) error {
	source := c.liteConn.(interface {
		NewBackup(uri string) (*sqlite.Backup, error)
	})
	// No journal: the file is whole or removed.
	b, err := source.NewBackup(fileURI(file, "_pragma", "journal_mode(OFF)", "_pragma", "synchronous(OFF)"))
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if more, err = b.Step(backupStep); err == nil && progress != nil {
			progress(b.PageCount()-b.Remaining(), b.PageCount())
		}
		if err == nil {
			err = ctx.Err()
		}
	}
	if end := b.Finish(); err == nil { // else it says the same again
		err = end
	}
	return err
}

// checkFile reads a finished copy as a whole, without making a journal beside it.
func checkFile(ctx context.Context, file string) error {
	pool, err := openLite(fileURI(file, "mode", "ro", "immutable", "1"), 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	var found string
	if err := pool.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return fault(found)
	}
	return nil
}

// publish puts a file on disk and under its name, unless something has that name.
func publish(partial, file string) error {
	if err := syncFile(partial); err != nil {
		return err
	}
	err := os.Link(partial, file)
	switch {
	case errors.Is(err, fs.ErrExist):
		return errBackupThere
	case err != nil: // a file system without links
		if err := os.Rename(partial, file); err != nil {
			return err
		}
	}
	return syncFile(filepath.Dir(file))
}

func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func makeEmpty(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Apart keeps a table's rows out of the dumps of a PostgreSQL database: keys must not be where the data is.
func (db *DB) Apart(table string) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.apart = append(db.apart, table)
}

// dumpCommand is the pg_dump that backs this database up. It holds no password.
func (db *DB) dumpCommand(file string) string {
	words := []string{"pg_dump", "--format=custom", "--file=" + file}
	db.mu.Lock()
	for _, table := range db.apart {
		words = append(words, "--exclude-table-data="+table)
	}
	db.mu.Unlock()
	words = append(words, "--host="+db.server.Host, fmt.Sprintf("--port=%d", db.server.Port), "--username="+db.server.User, db.server.Database)
	for i, w := range words {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

// shellWord quotes what a shell would not take as it is.
func shellWord(w string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=./:,@%+", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
