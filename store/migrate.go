package store

import (
	"bytes"
	"context"
	"io/fs"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings one room's tables to what this program knows, forward only. Files
// are goose migrations ("00001_first.sql", "-- +goose Up"), recorded in the table
// <room>_schema. One text serves both databases by four words: {{blob}}, {{bigint}},
// {{bool}}, and {{strict}} after a table's closing bracket, which makes SQLite hold
// to the declared types as PostgreSQL does. Times are {{bigint}} microseconds since
// 1970, ids {{blob}} of 16 bytes, JSON is TEXT.
func (db *DB) Migrate(ctx context.Context, room string, files fs.FS) error {
	p, err := db.provider(room, files)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		err = db.migrate(ctx, p, room)
		// Two processes may start at once on one SQLite file; the loser looks again.
		if err == nil || avow.KindOf(err) == avow.Refused || db.kind == PostgreSQL || try >= 3 {
			return err
		}
		pause(ctx, try+5)
	}
}

func (db *DB) provider(room string, files fs.FS) (*goose.Provider, error) {
	dialect := goose.DialectSQLite3
	options := []goose.ProviderOption{goose.WithTableName(room + "_schema"), goose.WithDisableGlobalRegistry(true)}
	if db.kind == PostgreSQL {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db.w, macros{files, db.kind}, options...)
	if err != nil {
		return nil, avow.Errorf(avow.Internal, "the migrations of %s cannot be read: %w", room, err)
	}
	return p, nil
}

func (db *DB) migrate(ctx context.Context, p *goose.Provider, room string) error {
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return db.errorOf(err)
	}
	if current > target {
		return avow.Errorf(avow.Refused, "the database was written by a newer avow: its %s tables are at version %d and this program knows %d. "+
			"Start the newer program, or restore a backup made before the upgrade", room, current, target)
	}
	if current == target {
		return nil // no lock is taken: nodes that start do not wait for each other
	}
	if _, err := p.Up(ctx); err != nil {
		db.note(err)
		if damaged(err) {
			return db.errorOf(err)
		}
		return avow.Errorf(avow.KindOf(db.errorOf(err)), "the %s tables could not be brought up to date: %w", room, err)
	}
	return nil
}

// macros reads migration files with the words for types filled in.
type macros struct {
	fs.FS
	kind Kind
}

var words = map[Kind]*strings.Replacer{
	SQLite:     strings.NewReplacer("{{blob}}", "BLOB", "{{bigint}}", "INTEGER", "{{bool}}", "INTEGER", "{{strict}}", " STRICT"),
	PostgreSQL: strings.NewReplacer("{{blob}}", "BYTEA", "{{bigint}}", "BIGINT", "{{bool}}", "BOOLEAN", "{{strict}}", ""),
}

func (m macros) Open(name string) (fs.File, error) {
	f, err := m.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		return nil, err
	}
	text := words[m.kind].Replace(b.String())
	return &textFile{Reader: strings.NewReader(text), name: name, size: int64(len(text))}, nil
}

// textFile is a migration in memory: an fs.File and its own fs.FileInfo.
type textFile struct {
	*strings.Reader
	name string
	size int64
}

func (f *textFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *textFile) Close() error               { return nil }
func (f *textFile) Name() string               { return f.name }
func (f *textFile) Size() int64                { return f.size }
func (f *textFile) Mode() fs.FileMode          { return 0o444 }
func (f *textFile) ModTime() time.Time         { return time.Time{} }
func (f *textFile) IsDir() bool                { return false }
func (f *textFile) Sys() any                   { return nil }
