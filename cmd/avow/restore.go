package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/mail"
	"github.com/avowhq/avow/store"
)

// restoreCommand puts a backup in the place of what is kept.
type restoreCommand struct {
	where     `embed:""`
	Dir       string `arg:"" optional:"" help:"A directory made by avow backup. Not given: the database has been put back already, by PostgreSQL's own tools." type:"path"`
	NewOrigin string `help:"The name of the log from now on, when what is put back is older than what was published. By default the old one with a number." placeholder:"NAME"`
	Yes       bool   `help:"Do it without asking." short:"y"`
}

// Run restores: the file first, the former one put aside; then, before anything else
// can happen, whoever was erased since is erased again and what was stopped since is
// stopped again; then the log gets a new origin when it is shorter than what was published.
func (c *restoreCommand) Run(ctx context.Context, t *terminal) error {
	if (c.Dir == "") == (c.Database == "") {
		return avow.Errorf(avow.Invalid, "name the directory of a backup; with --database, first put the database back with pg_restore, and name none")
	}
	alone, err := c.use(true)
	if err != nil {
		return err
	}
	defer alone.Close()
	if c.Dir != "" {
		if err := c.putBack(t); err != nil {
			return err
		}
	}
	return c.complete(ctx, t.out)
}

func (c *restoreCommand) putBack(t *terminal) error {
	m, err := readBackup(c.Dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "This puts the backup of %s in the place of %s. What happened since then is put aside.\n",
		m.Made.Format("2 January 2006, 15:04 MST"), c.databaseFile())
	if !c.Yes && !agreed(t.in, t.out, "Restore it? [y/N] ") {
		return avow.Errorf(avow.Canceled, "nothing was changed; answer y, or give --yes")
	}
	next := c.databaseFile() + ".restored"
	if err := copyDurably(filepath.Join(c.Dir, backupFile), next); err != nil {
		return err
	}
	aside, err := putAside(c.databaseFile())
	if err != nil {
		return err
	}
	if err := durableRename(next, c.databaseFile()); err != nil {
		return err
	}
	if aside != "" {
		fmt.Fprintf(t.out, "The former database is in %s; delete it when it is no longer needed.\n", aside)
	}
	return nil
}

// putAside moves a database with its journal into a directory beside it.
func putAside(file string) (aside string, err error) {
	if _, err := os.Lstat(file); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	aside, err = os.MkdirTemp(filepath.Dir(file), "before-restore-"+time.Now().UTC().Format("20060102-150405")+"-")
	if err != nil {
		return "", avow.Errorf(avow.Unavailable, "the former database cannot be put aside: %w", err)
	}
	for _, name := range []string{file + "-wal", file + "-shm", file} {
		err := os.Rename(name, filepath.Join(aside, filepath.Base(name)))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", avow.Errorf(avow.Unavailable, "the former database cannot be put aside: %w", err)
		}
	}
	return aside, nil
}

func copyDurably(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return avow.Errorf(avow.Unavailable, "%s cannot be replaced: %w", to, err)
	}
	in, err := os.Open(from)
	if err != nil {
		return avow.Errorf(avow.Unavailable, "the backup cannot be read: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return avow.Errorf(avow.Unavailable, "%s cannot be written: %w", to, err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return avow.Errorf(avow.Unavailable, "%s cannot be written: %w", to, err)
	}
	return nil
}

// complete finishes a restore, in the one order that is safe. It can be repeated.
func (c *restoreCommand) complete(ctx context.Context, out io.Writer) (err error) {
	h := &house{log: slog.New(slog.DiscardHandler)}
	defer func() { err = errors.Join(err, h.close()) }()
	if err := h.openKept(ctx, c.where); err != nil {
		return err
	}
	if err := h.vault.ApplyTombstones(ctx); err != nil {
		return err
	}
	last, err := h.reopenLog(ctx, c.where, c.NewOrigin, out)
	if err != nil {
		return err
	}
	if err := h.openRegister(ctx, ""); err != nil {
		return err
	}
	if err := h.bringUp(ctx, last, out); err != nil {
		return err
	}
	a, err := h.audit(ctx, nil)
	if err != nil {
		return err
	}
	a.print(out)
	if len(a.Findings) > 0 {
		return outcome(exitWrong)
	}
	return nil
}

// bringUp has the restored data know what was decided after the backup was made, as
// far as it is kept outside: who was erased, and what was stopped.
func (h *house) bringUp(ctx context.Context, last time.Time, out io.Writer) error {
	requests, err := h.openCases(ctx, casesConfig{})
	if err != nil {
		return err
	}
	erased, ended := 0, 0
	err = h.vault.ShreddedSince(ctx, last, func(page []avow.ID) error {
		for _, id := range page {
			if err := requests.Config.Desk.EraseAgain(ctx, id); err != nil {
				return err
			}
			erased++
		}
		n, err := requests.EndElsewhere(ctx, page)
		ended += n
		return err
	})
	if err != nil {
		return err
	}
	stopped, err := h.consent.Replay(ctx, last)
	if err != nil {
		return err
	}
	letters, err := mail.GiveUp(ctx, h.db)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The last event of the backup is of %s. Since then: %d ids were erased, and are erased here too; %d things were stopped, and are stopped here too.\n"+
		"%d letters that waited when the backup was made are not sent. What else happened since then is not here: consents, data, corrections, requests.\n"+
		"%d requests that were open when the backup was made have ended since, and are closed here too.\n"+
		"If a system of the data map is put back too, run avow rights replay before it is used again.\n",
		last.Format("2 January 2006, 15:04:05 MST"), erased, stopped, letters, ended)
	return err
}

// reopenLog opens the log; one that is not what was published goes on under a new
// name. It gives the time of the last event that was there.
func (h *house) reopenLog(ctx context.Context, w where, origin string, out io.Writer) (last time.Time, err error) {
	h.ledger, err = ledger.Open(ctx, h.db, h.vault, w.log())
	if err == nil {
		return h.lastEvent(ctx)
	}
	if avow.KindOf(err) == avow.Unavailable {
		return last, err
	}
	c := w.log()
	c.Inspect = true
	if h.ledger, err = ledger.Open(ctx, h.db, h.vault, c); err != nil {
		return last, err
	}
	if last, err = h.lastEvent(ctx); err != nil {
		return last, err
	}
	if err := h.ledger.NewOrigin(ctx, origin, "a backup was restored"); err != nil {
		return last, err
	}
	fmt.Fprintf(out, "The log goes on under the name %s; what was published under the old one and is not here any more stays on record.\nIts key is now\n%s\n",
		h.ledger.Origin(), h.ledger.Key())
	return last, nil
}

// lastEvent is the time of the last event in the log.
func (h *house) lastEvent(ctx context.Context) (at time.Time, err error) {
	err = h.db.Read(ctx, func(tx *store.Tx) error {
		size, err := h.ledger.Size(tx)
		if err != nil || size == 0 {
			return err
		}
		list, err := h.ledger.Read(tx, size-1, 1)
		if len(list) > 0 {
			at = list[0].At
		}
		return err
	})
	return at, err
}
