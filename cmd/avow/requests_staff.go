package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// atCounter is what the commands about requests that exist have in common.
type atCounter struct {
	folder `embed:""`
	where  `embed:""`
}

func (c atCounter) with(ctx context.Context, t *terminal, act func(*counter) error) error {
	b, err := c.openCounter(ctx, t, c.where)
	if err != nil {
		return err
	}
	defer b.close()
	return act(b)
}

// numbered finds the request that somebody names. What is named is shown only where it
// could be a number: an address that slipped in there belongs into no log of a terminal.
func (c *counter) numbered(ctx context.Context, number string) (cases.Overview, error) {
	o, err := c.desk.ByNumber(ctx, number)
	if avow.KindOf(err) != avow.NotFound {
		return o, err
	}
	if len(number) > 20 || strings.Trim(number, "0123456789-") != "" {
		return o, avow.Errorf(avow.NotFound, "that is no number of a request, which looks like 4821-7730; avow rights list shows them, with --ended those that have ended")
	}
	return o, avow.Errorf(avow.NotFound, "there is no request %s; avow rights list shows them, with --ended those that have ended", number)
}

// listCommand lists requests.
type listCommand struct {
	atCounter `embed:""`
	Ended     bool `help:"Those that have ended, the newest first."`
	JSON      bool `name:"json" help:"Write a JSON array."`
}

// Run lists.
func (c *listCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		list, err := b.desk.List(ctx, c.Ended, 0, 1000)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		for _, o := range list {
			if err := writeRequest(t.out, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeRequest prints one request on a line.
func writeRequest(w io.Writer, o cases.Overview) error {
	due := ""
	switch {
	case o.Late:
		due = "  OVERDUE since the end of " + law.DayEnding(o.Due).String()
	case o.Closed.IsZero() && !o.Due.IsZero():
		due = "  answer by " + law.DayEnding(o.Due).String()
	}
	_, err := fmt.Fprintf(w, "%s  %-10s %-10s received %s%s\n", o.Number, o.Right, o.State, o.Received.Format(time.DateOnly), due)
	return err
}

// showCommand shows one request.
type showCommand struct {
	atCounter `embed:""`
	Number    string `arg:"" help:"The number of the request."`
	JSON      bool   `name:"json" help:"Write JSON."`
}

// Run shows it.
func (c *showCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		o, err := b.numbered(ctx, c.Number)
		if err != nil {
			return err
		}
		steps, err := b.desk.Steps(ctx, o.ID)
		if err != nil {
			return err
		}
		clocks, err := b.desk.Clock(ctx, o.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, map[string]any{"request": o, "steps": steps, "clocks": clocks})
		}
		writeRequest(t.out, o)
		for _, s := range steps {
			writeStep(t.out, s)
		}
		for _, d := range clocks {
			fmt.Fprintf(t.out, "\n%s", d.Explain())
		}
		return nil
	})
}

func writeStep(w io.Writer, s cases.Step) {
	line := fmt.Sprintf("  %3d %-9s %-8s %s", s.N, s.Kind, s.State, s.About)
	if s.What != "" {
		line += ": " + s.What
	}
	if s.Trouble != "" {
		line += fmt.Sprintf(" (%s; tried %d times)", s.Trouble, s.Tries)
	}
	fmt.Fprintln(w, line)
}

// continueCommand goes on.
type continueCommand struct {
	atCounter `embed:""`
}

// Run does what is due.
func (c *continueCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		open, err := b.desk.List(ctx, false, 0, 1000)
		if err != nil {
			return err
		}
		for _, o := range open {
			if err := b.retry(ctx, o.ID); err != nil {
				return err
			}
		}
		var last error
		for _, o := range open {
			if err := b.finish(ctx, o.ID); err != nil {
				return err
			}
			if o, err = b.desk.ByID(ctx, o.ID); err != nil {
				return err
			}
			if err := b.outcome(ctx, t, o); err != nil {
				last = err
			}
		}
		return last
	})
}

// retry has the steps that wait for a system tried now.
func (c *counter) retry(ctx context.Context, id avow.ID) error {
	steps, err := c.desk.Steps(ctx, id)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if s.Done.IsZero() && s.Trouble != "" {
			if err := c.desk.Retry(ctx, id, s.N); err != nil {
				return err
			}
		}
	}
	return nil
}

// goOn does what is due, and says where the request stands then.
func (c *counter) goOn(ctx context.Context, t *terminal, id avow.ID) error {
	if err := c.finish(ctx, id); err != nil {
		return err
	}
	o, err := c.desk.ByID(ctx, id)
	if err != nil {
		return err
	}
	return c.outcome(ctx, t, o)
}

// replayCommand erases again, and marks what stands.
type replayCommand struct {
	atCounter `embed:""`
	acting    `embed:""`
	Since     string   `help:"What was done since then: the time of the backup." required:"" placeholder:"DATE"`
	System    []string `help:"The system that was restored. Without it, all." placeholder:"NAME"`
	DryRun    bool     `help:"Say who is back and what stands, and change nothing."`
	JSON      bool     `name:"json" help:"Write a JSON array."`
}

// Help is shown by avow rights replay --help.
func (c *replayCommand) Help() string {
	return `A system that was restored from a backup knows again whom it had forgotten. Of those who were erased avow keeps keyed hashes of their addresses, and nothing else; every address in the system is held against them, once. Those whose restriction or objection stands are known by such hashes too, and are marked again. They lie beside the keys, so that it works after avow was restored from an older backup, too: avow restore comes first.

    avow rights replay --since 2026-11-01 --system shop --dry-run

Run it before the system is used again.`
}

// Run replays.
func (c *replayCommand) Run(ctx context.Context, t *terminal) error {
	since, err := whenIn(c.Since, time.UTC, "--since")
	if err != nil {
		return err
	}
	return c.with(ctx, t, func(b *counter) error {
		list, err := b.desk.Replay(ctx, since, c.System, c.name(), c.DryRun)
		if err != nil {
			return err
		}
		if _, err := b.desk.Run(ctx); err != nil && !c.DryRun {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		return writeReplayed(t.out, list)
	})
}

// replayedWords is what a replay does again, as it is said.
var replayedWords = map[law.Right]string{law.Remove: "erased", law.Restrict: "restricted", law.Object: "objected to a use"}

// writeReplayed says who is back, and whose restrictions and objections stand.
func writeReplayed(w io.Writer, list []cases.Replayed) error {
	count := map[law.Right]int{}
	for _, r := range list {
		count[r.Right]++
		fmt.Fprintf(w, "%s %s by request %s, met again in %s%s\n", replayedWords[r.Right], r.At.Format(time.DateOnly), r.Was, inWords(r.Tables), again(r))
	}
	if n, o := count[law.Restrict], count[law.Object]; n+o > 0 {
		fmt.Fprintf(w, "%s and %s stand\n", plural(n, "restriction"), plural(o, "objection"))
	}
	_, err := fmt.Fprintln(w, back(count[law.Remove]))
	return err
}

func back(people int) string {
	if people == 1 {
		return "1 person is back"
	}
	return fmt.Sprintf("%d people are back", people)
}

func again(r cases.Replayed) string {
	switch {
	case r.Again:
		return "; somebody of this address has become known since, so look yourself"
	case r.Request.IsZero():
		return ""
	}
	if r.Right != law.Remove {
		return "; set again by request " + r.Request.String()
	}
	return "; erased again by request " + r.Request.String()
}
