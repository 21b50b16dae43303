package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// openSQLite opens one connection that writes, a pool that can only read, and one that
// reads for the writer. WAL lets them work side by side; FULL makes a commit wait for the
// disk. A small cache is enough, since the system has the file in its own: SQLite goes through
// the whole cache at the end of many transactions. Pages that change often are carried over from the
// journal the less often the longer it may become.
func (db *DB) openSQLite(ctx context.Context, c Config) error {
	db.kind = SQLite
	if err := makeFile(c.Path); err != nil {
		return err
	}
	pragmas := []string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"secure_delete(1)", "temp_store(MEMORY)", "journal_size_limit(67108864)", "wal_autocheckpoint(12000)"}
	var err error
	if db.w, err = openFile(c.Path, 1, append(pragmas, "cache_size(-8192)"), "immediate"); err != nil {
		return err
	}
	db.jobs = db.w
	if err := db.w.PingContext(ctx); err != nil {
		return err
	}
	db.r, err = openFile(c.Path, c.Readers, append(pragmas, "query_only(1)"), "deferred")
	if err != nil {
		return err
	}
	if db.beside, err = openFile(c.Path, 1, append(pragmas, "query_only(1)"), "deferred"); err != nil {
		return err
	}
	return db.r.PingContext(ctx)
}

func openFile(path string, conns int, pragmas []string, lock string) (*sql.DB, error) {
	options := []string{"_txlock", lock}
	for _, p := range pragmas {
		options = append(options, "_pragma", p)
	}
	return openLite(fileURI(path, options...), conns)
}

func openLite(uri string, conns int) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(uri)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(parsing{connector})
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

// fileURI names a SQLite file; options are keys, each followed by its value.
func fileURI(path string, options ...string) string {
	q := url.Values{}
	for i := 0; i < len(options); i += 2 {
		q.Add(options[i], options[i+1])
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}
	return u.String()
}

// makeFile makes the file ours alone before SQLite sees it; the journal takes its mode from it. One
// that is there is not opened: whoever closes a file takes away every lock that its process has on it.
func makeFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return f.Close()
}
