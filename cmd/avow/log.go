package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/avowhq/avow/ledger"
)

// logCommands are about the log of events.
type logCommands struct {
	Key        logKeyCommand        `cmd:"" help:"Print the public key that checks the log's signature."`
	Checkpoint logCheckpointCommand `cmd:"" help:"Print the log's last checkpoint, signed."`
	Export     logExportCommand     `cmd:"" help:"Write the whole log as files, for an auditor."`
}

// logKeyCommand prints the log's key.
type logKeyCommand struct {
	where `embed:""`
}

// Run prints the key.
func (c *logKeyCommand) Run(ctx context.Context, t *terminal) error {
	return c.withLog(ctx, func(l *ledger.Ledger) error {
		_, err := fmt.Fprintln(t.out, l.Key())
		return err
	})
}

// logCheckpointCommand prints the last checkpoint.
type logCheckpointCommand struct {
	where `embed:""`
}

// Run prints the checkpoint, for somebody to keep.
func (c *logCheckpointCommand) Run(ctx context.Context, t *terminal) error {
	return c.withLog(ctx, func(l *ledger.Ledger) error {
		signed, err := l.Checkpoint(ctx)
		if err == nil {
			_, err = t.out.Write(signed)
		}
		return err
	})
}

// logExportCommand writes the log as files.
type logExportCommand struct {
	where  `embed:""`
	To     string `required:"" help:"The directory to make." type:"path" placeholder:"DIR"`
	Bodies bool   `help:"Write what the events say too, as far as it can be opened. It is personal data."`
}

// Run exports.
func (c *logExportCommand) Run(ctx context.Context, t *terminal) error {
	return c.withLog(ctx, func(l *ledger.Ledger) error {
		err := l.Export(ctx, c.To, ledger.ExportOptions{Bodies: c.Bodies, Progress: t.progress("exporting", "events")})
		if err == nil {
			fmt.Fprintf(t.out, "The log is in %s; check it with: avow verify --key KEY %[1]s\n", c.To)
		}
		return err
	})
}

// withLog opens the rooms to look at the log.
func (w where) withLog(ctx context.Context, look func(l *ledger.Ledger) error) error {
	h := &house{log: slog.New(slog.DiscardHandler)}
	defer h.close()
	if err := h.inspect(ctx, w); err != nil {
		return err
	}
	return look(h.ledger)
}
