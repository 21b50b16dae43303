package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// keysCommands look after the keys.
type keysCommands struct {
	Rotate  keysRotateCommand  `cmd:"" help:"Change the organisation's key, while servers go on."`
	DropOld keysDropOldCommand `cmd:"" name:"drop-old" help:"End organisation keys that were replaced; copies of people's keys from before open nothing then."`
	Backup  keysBackupCommand  `cmd:"" help:"Copy the keys of people (SQLite), to be kept in another place than the backups of the data."`
}

// keysRotateCommand changes the organisation's key.
type keysRotateCommand struct {
	where `embed:""`
}

// Run rotates; run again after a crash, it goes on.
func (c *keysRotateCommand) Run(ctx context.Context, t *terminal) error {
	return c.withHouse(ctx, func(h *house) error {
		if err := h.vault.Rotate(ctx, t.progress("wrapping keys anew", "keys")); err != nil {
			return err
		}
		_, err := fmt.Fprintln(t.out, "Every key is wrapped by a new key of the organisation. The old ones open what they wrapped until avow keys drop-old.")
		return err
	})
}

// keysDropOldCommand ends old keys.
type keysDropOldCommand struct {
	where     `embed:""`
	OlderThan time.Duration `required:"" help:"Only keys that were replaced so long ago: as long as backups and archives are kept (720h)." placeholder:"TIME"`
}

// Run drops.
func (c *keysDropOldCommand) Run(ctx context.Context, t *terminal) error {
	return c.withHouse(ctx, func(h *house) error {
		n, err := h.vault.DropOldKeys(ctx, time.Now().Add(-c.OlderThan))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%d keys of the organisation ended.\n", n)
		return err
	})
}

// keysBackupCommand copies the keys of people.
type keysBackupCommand struct {
	where `embed:""`
	File  string `arg:"" help:"The file to make." type:"path"`
}

// Run copies.
func (c *keysBackupCommand) Run(ctx context.Context, t *terminal) error {
	if c.Database != "" {
		return avow.Errorf(avow.Refused, "on PostgreSQL use its own tools: pg_dump --dbname=DSN --file=keys.dump --format=custom --data-only --table=vault_keys --table=vault_keyset --table=vault_rotations --table=vault_stops")
	}
	if _, err := os.Stat(c.vault().Keys); err != nil {
		return avow.Errorf(avow.NotFound, "there are no keys in %s; name the data directory with --data", c.vault().Keys)
	}
	db, err := store.Open(ctx, store.Config{Path: c.vault().Keys})
	if err != nil {
		return err
	}
	defer db.Close()
	show := t.progress("copying", "pages")
	if err := db.Backup(ctx, c.File, func(done, total int) { show(int64(done), int64(total)) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s holds the keys of people, wrapped. Keep the last one only: an older one still knows whom this house has forgotten.\n", c.File)
	return err
}

// withHouse opens the rooms beside a running server. It makes none that are not there.
func (w where) withHouse(ctx context.Context, act func(h *house) error) error {
	if err := w.there(); err != nil {
		return err
	}
	h, err := openHouse(ctx, w, "", slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	return act(h)
}
