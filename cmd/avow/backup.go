package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// backupCommand copies what is kept, while servers go on.
type backupCommand struct {
	where `embed:""`
	Dir   string `arg:"" help:"The directory to make; it must not exist yet." type:"path"`
}

const (
	backupFile  = "avow.db"
	backupNotes = "backup.json"
)

// backupManifest says what a backup is. It names no person.
type backupManifest struct {
	Program string    `json:"program"`
	Made    time.Time `json:"made"`
	Bytes   int64     `json:"bytes"`
	SHA256  string    `json:"sha256"`
}

// Run makes a backup: whole under its name, or not there at all. The keys of people
// are not in it, so that it forgets with the original whom the original forgets.
func (c *backupCommand) Run(ctx context.Context, t *terminal) error {
	if _, err := os.Lstat(c.Dir); err == nil {
		return avow.Errorf(avow.Conflict, "%s is there already; name a directory that is not", c.Dir)
	}
	h := &house{log: slog.New(slog.DiscardHandler)}
	defer h.close()
	if err := h.inspect(ctx, c.where); err != nil {
		return err
	}
	if h.db.Kind() == store.PostgreSQL {
		return h.db.Backup(ctx, c.Dir, nil) // which says what to do instead
	}
	part := c.Dir + ".part"
	if err := os.MkdirAll(part, 0o700); err != nil {
		return avow.Errorf(avow.Unavailable, "the directory of the backup cannot be made: %w", err)
	}
	show := t.progress("copying", "pages")
	m, err := makeBackup(ctx, h.db, part, func(done, total int) { show(int64(done), int64(total)) })
	if err == nil {
		err = durableRename(part, c.Dir)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	fmt.Fprintf(t.out, "%s: %d bytes, SHA-256 %s\n", c.Dir, m.Bytes, m.SHA256)
	fmt.Fprintln(t.err, "The keys of people and of the organisation are not in it, and without them it opens nothing.")
	return nil
}

// there holds that something is kept here already. Whoever looks after what is kept must not
// be told that all is well with a directory they named by mistake, nor have anything made in it.
func (w where) there() error {
	if w.Database != "" {
		return nil
	}
	info, err := os.Stat(w.databaseFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return avow.Errorf(avow.NotFound, "there is no database %s; name the data directory with --data", w.databaseFile())
	case err != nil:
		return avow.Errorf(avow.Unavailable, "the database cannot be looked at: %w", err)
	case info.Size() == 0:
		return avow.Errorf(avow.Refused, "the file %s is empty: what was in it is gone, or it never was a database; restore a backup", w.databaseFile())
	}
	return nil
}

// openStore opens the database alone.
func (w where) openStore(ctx context.Context) (*store.DB, error) {
	if w.Database != "" {
		return store.Open(ctx, store.Config{DSN: w.Database})
	}
	return store.Open(ctx, store.Config{Path: w.databaseFile()})
}

func makeBackup(ctx context.Context, db *store.DB, dir string, progress func(done, total int)) (backupManifest, error) {
	file := filepath.Join(dir, backupFile)
	if err := db.Backup(ctx, file, progress); err != nil {
		return backupManifest{}, err
	}
	m := backupManifest{Program: programVersion(), Made: time.Now().UTC().Truncate(time.Second)}
	var err error
	if m.Bytes, m.SHA256, err = digest(file); err != nil {
		return m, err
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	return m, writeDurably(filepath.Join(dir, backupNotes), append(b, '\n'))
}

// readBackup reads what a backup says of itself and holds it to that.
func readBackup(dir string) (backupManifest, error) {
	var m backupManifest
	b, err := os.ReadFile(filepath.Join(dir, backupNotes))
	if err != nil {
		return m, avow.Errorf(avow.NotFound, "%s is no backup made by `avow backup`: it has no %s", dir, backupNotes)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, avow.Errorf(avow.Invalid, "%s of %s cannot be read", backupNotes, dir)
	}
	size, sum, err := digest(filepath.Join(dir, backupFile))
	if err != nil {
		return m, err
	}
	if size != m.Bytes || sum != m.SHA256 {
		return m, avow.Errorf(avow.Refused, "the backup %s is not as it was made: it has %d bytes with SHA-256 %s, and had %d with %s",
			dir, size, sum, m.Bytes, m.SHA256)
	}
	return m, nil
}

func digest(file string) (size int64, sum string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, "", avow.Errorf(avow.Unavailable, "the backup's file cannot be read: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return 0, "", avow.Errorf(avow.Unavailable, "the backup's file cannot be read: %w", err)
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}

// writeDurably writes a new file through to the disk.
func writeDurably(file string, b []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return avow.Errorf(avow.Unavailable, "%s cannot be written: %w", file, err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return avow.Errorf(avow.Unavailable, "%s cannot be written: %w", file, err)
	}
	return nil
}

// durableRename gives a file or directory its name, through to the disk.
func durableRename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return avow.Errorf(avow.Unavailable, "%s cannot be given its name: %w", to, err)
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return avow.Errorf(avow.Unavailable, "%s cannot be written through to the disk: %w", to, err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}
