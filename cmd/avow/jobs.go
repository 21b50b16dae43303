package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/avowhq/avow/work"
)

// workCommands look after what follows from events and what is due by the clock.
type workCommands struct {
	List   workListCommand   `cmd:"" help:"Show what runs, how far it is, and what failed."`
	Pause  workPauseCommand  `cmd:"" help:"Stop something until it is resumed, on every node and over restarts."`
	Resume workResumeCommand `cmd:"" help:"Undo a pause."`
	Run    workRunCommand    `cmd:"" help:"Make a schedule due now."`
	Retry  workRetryCommand  `cmd:"" help:"Try an event again that something failed on."`
	Cancel workCancelCommand `cmd:"" help:"Do not try an event again; or, without an event, end the run that is under way."`
}

// workListCommand shows everything.
type workListCommand struct {
	where `embed:""`
	JSON  bool `help:"Write JSON." name:"json"`
}

// Run lists.
func (c *workListCommand) Run(ctx context.Context, t *terminal) error {
	return c.withWork(ctx, func(w *work.Work) error {
		list, err := w.State(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		return writeWork(t.out, list)
	})
}

func writeWork(out io.Writer, list []work.State) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, workState(s), s.Last.Message)
		for _, f := range s.Failures {
			fmt.Fprintf(w, "  event %d\ttried %d times\t%s\n", f.Event, f.Tries, f.Message)
		}
	}
	return w.Flush()
}

func workState(s work.State) string {
	state := "runs"
	switch {
	case s.Paused:
		state = "paused"
	case s.Effect:
		state = fmt.Sprintf("at event %d, %d behind", s.Cursor, s.Lag)
	case !s.Running && !s.Next.IsZero():
		state = "next " + s.Next.UTC().Format(time.DateTime)
	case !s.Running:
		state = "waits"
	}
	if s.Waiting+s.Dead > 0 {
		state += fmt.Sprintf("; %d events failed, %d of them given up", s.Waiting+s.Dead, s.Dead)
	}
	return state
}

// workName names an effect or a schedule.
type workName struct {
	where `embed:""`
	Name  string `arg:"" help:"As avow work list names it."`
}

type (
	workPauseCommand  struct{ workName }
	workResumeCommand struct{ workName }
	workRunCommand    struct{ workName }
	workRetryCommand  struct {
		workName
		Event int64 `arg:"" help:"The event's number."`
	}
	workCancelCommand struct {
		workName
		Event *int64 `arg:"" optional:"" help:"The event's number."`
	}
)

// Run pauses.
func (c *workPauseCommand) Run(ctx context.Context) error {
	return c.withWork(ctx, func(w *work.Work) error { return w.Pause(ctx, c.Name) })
}

// Run resumes.
func (c *workResumeCommand) Run(ctx context.Context) error {
	return c.withWork(ctx, func(w *work.Work) error { return w.Resume(ctx, c.Name) })
}

// Run makes a schedule due.
func (c *workRunCommand) Run(ctx context.Context) error {
	return c.withWork(ctx, func(w *work.Work) error { return w.RunNow(ctx, c.Name) })
}

// Run retries.
func (c *workRetryCommand) Run(ctx context.Context) error {
	return c.withWork(ctx, func(w *work.Work) error { return w.Retry(ctx, c.Name, c.Event) })
}

// Run cancels.
func (c *workCancelCommand) Run(ctx context.Context) error {
	return c.withWork(ctx, func(w *work.Work) error {
		if c.Event == nil {
			return w.CancelRun(ctx, c.Name)
		}
		return w.Cancel(ctx, c.Name, *c.Event)
	})
}

// withWork opens the tables of the work room, beside a running server; nothing runs here.
func (w where) withWork(ctx context.Context, act func(w *work.Work) error) error {
	return w.withHouse(ctx, func(h *house) error {
		k, err := work.Open(ctx, work.Config{DB: h.db, Ledger: h.ledger, Log: h.log, Clock: time.Now})
		if err != nil {
			return err
		}
		return act(k)
	})
}
