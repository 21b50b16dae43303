package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/retain"
)

// retainClockCommand shows the clocks, and takes a person's word for the day.
type retainClockCommand struct {
	atCounter `embed:""`
	Today     string `help:"The day that it really is, as 2027-01-31: where this machine's clock says so too, it is right from then on, and the others are off." placeholder:"DAY"`
	actor     `embed:""`
	JSON      bool `name:"json" help:"Write JSON: of, says, ours, off, doubts."`
}

// Help is shown by avow retain clock --help.
func (c *retainClockCommand) Help() string {
	return `What is kept long enough ends by the clock of this machine. Nothing ends while another clock speaks against it: what it said when it was last looked at here (more than 35 days away), that of avow's own database, or that of a mapped database (more than a day away). Put the wrong clock right. Where this machine's is right, because it was off for months or the other clock is wrong, look at a calendar and say which day it is:

    avow retain clock --today 2027-01-31 --by Kim

Status 1: something speaks against it.`
}

// Run shows.
func (c *retainClockCommand) Run(ctx context.Context, t *terminal) error {
	return c.withDesk(ctx, t, func(desk *retain.Desk) error {
		if err := c.say(ctx, desk); err != nil {
			return err
		}
		list, err := desk.Clocks(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			err = writeJSON(t.out, list)
		} else {
			err = writeClocks(t.out, list)
		}
		for _, k := range list {
			if err == nil && k.Doubts {
				err = outcome(exitWrong)
			}
		}
		return err
	})
}

// withDesk opens the desk over the mapped systems; where there are none, over avow's own records.
func (c *retainClockCommand) withDesk(ctx context.Context, t *terminal, act func(*retain.Desk) error) error {
	_, err := c.readMap(t)
	if err == nil {
		return c.with(ctx, t, func(b *counter) error { return act(b.retain) })
	}
	if avow.KindOf(err) != avow.NotFound {
		return err
	}
	fmt.Fprintf(t.err, "NO SYSTEM IS ASKED: %s\n", avow.MessageOf(err))
	return c.withHouse(ctx, func(h *house) error {
		desk, err := h.openRetain(ctx, h.consent.Version, nil)
		if err != nil {
			return err
		}
		return act(desk)
	})
}

// say takes somebody's word for the day, where it is given.
func (c *retainClockCommand) say(ctx context.Context, desk *retain.Desk) error {
	if c.Today == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, c.Today)
	if err != nil {
		return avow.FieldErrorf("--today", "write the day as 2027-01-31")
	}
	return desk.Today(ctx, day, c.name())
}

func writeClocks(out io.Writer, list []retain.Clock) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "this machine\t%s\t\n", list[0].Ours.UTC().Format(time.DateTime))
	for _, k := range list {
		name, word := "the database of "+k.Of, ""
		switch k.Of {
		case "":
			name = "when last looked at"
		case retain.Own:
			name = "avow's own database"
		}
		switch {
		case k.Doubts:
			word = "SPEAKS AGAINST IT"
		case k.Off != "":
			word = "known to be off: this machine's is " + k.Off + " ahead"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, k.Says.UTC().Format(time.DateTime), word)
	}
	return w.Flush()
}
