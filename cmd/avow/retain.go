package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/retain"
)

// retainCommands end what was kept long enough, and keep what must not end.
type retainCommands struct {
	Plan     retainPlanCommand     `cmd:"" help:"Show what a run would end, and change nothing."`
	Run      retainRunCommand      `cmd:"" help:"End what the policy's schedule no longer keeps, here and in every system."`
	Calendar retainCalendarCommand `cmd:"" help:"Count what comes to its end in each of the next months, and what is overdue."`
	Hold     retainHoldCommand     `cmd:"" help:"Keep something from ending and from erasure: for a claim, a complaint, an audit."`
	Lift     retainLiftCommand     `cmd:"" help:"Lift a hold."`
	Holds    retainHoldsCommand    `cmd:"" help:"List the holds."`
	Clock    retainClockCommand    `cmd:"" help:"Show what speaks for and against this machine's clock, and say which day it is."`
	Standing retainStandingCommand `cmd:"" help:"List what systems do not let go of: since when, and how many runs have met it."`
	Runs     retainRunsCommand     `cmd:"" help:"List the runs and what each came to."`
}

// retainPlanCommand shows a run.
type retainPlanCommand struct {
	atCounter `embed:""`
	asSent    `embed:""`
	asEnded   `embed:""`
}

// asEnded says how what a run ends is written.
type asEnded struct {
	JSON bool `name:"json" help:"Write JSON: system, table, rule, action, columns, rows, before, held, refused, instead."`
}

// Run plans.
func (c *retainPlanCommand) Run(ctx context.Context, t *terminal) error {
	o := retain.Options{Dry: true}
	var statements strings.Builder
	if c.SQL && !c.JSON {
		o.Statements = func(system string, s connect.Statement) error {
			fmt.Fprintf(&statements, "\n-- %s, in one step\n", system)
			writeStatement(&statements, s)
			return nil
		}
	}
	return c.with(ctx, t, func(b *counter) error {
		r, err := b.retain.Run(ctx, o)
		if err != nil {
			return err
		}
		if err := writeRetained(t, r, c.JSON); err != nil {
			return err
		}
		_, err = io.WriteString(t.out, statements.String())
		return err
	})
}

// retainRunCommand runs the schedule.
type retainRunCommand struct {
	atCounter `embed:""`
	actor     `embed:""`
	DryRun    bool `help:"As avow retain plan."`
	asEnded   `embed:""`
}

// Help is shown by avow retain run --help.
func (c *retainRunCommand) Help() string {
	return `In each table whose file names the moment a rule counts from, and in avow's own records: rows go, or columns are emptied, masked or shortened, as the policy and the files say. A thousand rows at a time, in a transaction each. It may be stopped at any point: what is left is due at the next run. A system that is away is said, and the command ends with status 1.

Nothing ends while another clock speaks against this machine's (avow retain clock). What is held, and what is restricted, stays. What only people can know (the end of a legal duty) is listed and left.`
}

// Run runs.
func (c *retainRunCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		r, err := b.retain.Run(ctx, retain.Options{By: c.name(), Dry: c.DryRun})
		if r == nil {
			return err
		}
		if wrong := writeRetained(t, r, c.JSON); err == nil {
			err = wrong
		}
		return err
	})
}

// writeRetained prints a run. Status 1: a system was away, or something is as it was before.
func writeRetained(t *terminal, r *retain.Report, asJSON bool) error {
	var err error
	if asJSON {
		err = writeJSON(t.out, r.Entries)
	} else {
		err = writeEnded(t.out, r.Entries)
	}
	if err != nil {
		return err
	}
	for _, a := range r.Away {
		fmt.Fprintf(t.err, "AWAY, and tried again at the next run: %s\n", a)
	}
	if n := r.Standing(); n > 0 {
		fmt.Fprintf(t.err, "NOT LET GO: %s of systems; avow retain standing lists what stands, and since when.\n", plural(n, "finding"))
	}
	if n := r.Left(); n > 0 {
		fmt.Fprintf(t.err, "NOT DONE: %s as before when they were read again.\n", plural(n, "row"))
	}
	if len(r.Away) > 0 || r.Left() > 0 {
		return outcome(exitWrong)
	}
	return nil
}

func writeEnded(w io.Writer, entries []retain.Entry) error {
	if len(entries) == 0 {
		_, err := fmt.Fprintln(w, "Nothing is over.")
		return err
	}
	table := ""
	for _, e := range entries {
		if path := e.System + "." + e.Table; path != table {
			table = path
			fmt.Fprintf(w, "%s\n", table)
		}
		if _, err := fmt.Fprintf(w, "  %s\n", endedLine(e)); err != nil {
			return err
		}
	}
	return nil
}

func endedLine(e retain.Entry) string {
	var b strings.Builder
	if e.Rule != "" {
		fmt.Fprintf(&b, "%s: ", e.Rule)
	}
	b.WriteString(string(e.Action))
	if e.How != "" {
		fmt.Fprintf(&b, " (%s)", e.How)
	}
	if e.Rows > 0 {
		fmt.Fprintf(&b, " %s", plural(e.Rows, "row"))
	}
	if len(e.Columns) > 0 {
		fmt.Fprintf(&b, ": %s", strings.Join(e.Columns, ", "))
	}
	if e.Before != "" {
		fmt.Fprintf(&b, "; from before %s", e.Before)
	}
	if e.Held > 0 {
		fmt.Fprintf(&b, "\n    HELD: %s", plural(e.Held, "row"))
	}
	for _, part := range []struct{ lead, text string }{{"; ", e.Because}, {"\n    REFUSED: ", e.Refused}, {"\n    instead: ", e.Instead}} {
		if part.text != "" {
			b.WriteString(part.lead + part.text)
		}
	}
	if e.Runs > 0 {
		fmt.Fprintf(&b, "\n    STANDS since %s: met in %s", e.Since.Format(time.DateOnly), plural(e.Runs, "run"))
	}
	return b.String()
}

// retainCalendarCommand shows what is to come.
type retainCalendarCommand struct {
	atCounter `embed:""`
	Months    int  `help:"How many months, with this one." default:"12"`
	JSON      bool `name:"json" help:"Write JSON: system, table, rule, month, rows."`
}

// Run counts.
func (c *retainCalendarCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		list, away, err := b.retain.Calendar(ctx, c.Months)
		if err != nil {
			return err
		}
		if c.JSON {
			if list == nil {
				list = []retain.Month{}
			}
			err = writeJSON(t.out, list)
		} else {
			err = writeMonths(t.out, list)
		}
		for _, a := range away {
			fmt.Fprintf(t.err, "AWAY: %s\n", a)
		}
		if err == nil && len(away) > 0 {
			err = outcome(exitWrong)
		}
		return err
	})
}

func writeMonths(w io.Writer, list []retain.Month) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "Nothing comes to its end in that time.")
		return err
	}
	for _, m := range list {
		rows := plural(m.Rows, "row")
		if m.AtLeast {
			rows = fmt.Sprintf("at least %s rows (%s of this rule were counted, and no more)", thousands(m.Rows), thousands(m.Counted))
		}
		if _, err := fmt.Fprintf(w, "%-8s %s.%s, %s: %s\n", m.Month, m.System, m.Table, m.Rule, rows); err != nil {
			return err
		}
	}
	return nil
}

// thousands is a number with commas: 1,000,000.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// retainHoldCommand places a hold.
type retainHoldCommand struct {
	atCounter `embed:""`
	Kind      string `help:"legal, complaint or audit." enum:"legal,complaint,audit" default:"legal"`
	Because   string `help:"Why, said to the person and in certificates: name nobody in it." placeholder:"TEXT" required:""`
	actor     `embed:""`
	Until     string   `help:"The day on which it ends by itself, as 2027-01-31. Without it it holds until it is lifted." placeholder:"DAY"`
	Identity  []string `help:"Of one person, by what they are known: email=ann@example.com." placeholder:"KIND=VALUE" sep:"none"`
	On        []string `help:"Data of the policy: a category, or a field such as contact.email." placeholder:"DATA"`
	Table     []string `help:"A table, as shop.orders; avow's own records are avow.values." placeholder:"TABLE"`
	All       bool     `help:"Everything."`
	JSON      bool     `name:"json" help:"Write JSON."`
}

// Run places it.
func (c *retainHoldCommand) Run(ctx context.Context, t *terminal) error {
	h := retain.Hold{Kind: retain.Kind(c.Kind), Because: c.Because, By: c.name(), Data: c.On, Tables: c.Table}
	if named := len(c.Identity)+len(c.On)+len(c.Table) > 0; named == c.All {
		return avow.FieldErrorf("--identity", "say what is held: --identity, --on, --table, or --all")
	}
	if len(c.Identity) > 0 {
		who, err := person(c.Identity)
		if err != nil {
			return err
		}
		h.Person = who.Identities
	}
	if c.Until != "" {
		day, err := time.Parse(time.DateOnly, c.Until)
		if err != nil {
			return avow.FieldErrorf("--until", "write the day as 2027-01-31")
		}
		h.Until = day
	}
	return c.with(ctx, t, func(b *counter) error {
		if err := b.knows(&h); err != nil {
			return err
		}
		placed, err := b.retain.Place(ctx, h)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, placed)
		}
		return writeHold(t.out, placed)
	})
}

// knows refuses names that neither the policy nor the files of the systems have.
func (c *counter) knows(h *retain.Hold) error {
	for _, name := range h.Data {
		if _, _, ok := c.systems.Policy.Data(name); !ok {
			return avow.FieldErrorf("--on", "the policy has no data %s", name)
		}
	}
	for _, path := range h.Tables {
		if c.systems.Table(path) == nil && path != "avow.values" {
			return avow.FieldErrorf("--table", "no file of a system has a table %s", path)
		}
	}
	for _, id := range h.Person {
		if !slices.ContainsFunc(c.kinds(), func(k string) bool { return k == id.Kind }) {
			return avow.FieldErrorf("--identity", "nobody is known by %s here; the kinds are %s", id.Kind, strings.Join(c.kinds(), ", "))
		}
	}
	return nil
}

// kinds are the kinds of identities that people are known by.
func (c *counter) kinds() []string {
	out := []string{"email", "phone"}
	for _, t := range c.systems.Tables() {
		for i := range t.Identities {
			if k := t.Identities[i].Is.Kind.Text; !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

func writeHold(w io.Writer, h retain.Hold) error {
	until := "until it is lifted"
	switch {
	case !h.Lifted.IsZero():
		until = "lifted " + h.Lifted.Format(time.DateOnly) + " by " + h.LiftedBy
	case !h.Until.IsZero():
		until = "until " + h.Until.Format(time.DateOnly)
	}
	_, err := fmt.Fprintf(w, "%s  %s: %s; %s; since %s by %s, %s\n", h.ID, h.Kind, h.What(), h.Because, h.Since.Format(time.DateOnly), h.By, until)
	for _, e := range h.Erased {
		if err == nil {
			_, err = fmt.Fprintf(w, "  %s\n", e.Words())
		}
	}
	return err
}

// retainLiftCommand lifts a hold.
type retainLiftCommand struct {
	atCounter `embed:""`
	Hold      string `arg:"" help:"The hold, as avow retain holds names it."`
	actor     `embed:""`
	JSON      bool `name:"json" help:"Write JSON."`
}

// Run lifts it.
func (c *retainLiftCommand) Run(ctx context.Context, t *terminal) error {
	id, err := avow.ParseID(c.Hold)
	if err != nil {
		return err
	}
	return c.with(ctx, t, func(b *counter) error {
		h, err := b.retain.Lift(ctx, id, c.name())
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, h)
		}
		return writeHold(t.out, h)
	})
}

// retainHoldsCommand lists holds.
type retainHoldsCommand struct {
	atCounter `embed:""`
	Ended     bool `help:"Those that have ended too."`
	JSON      bool `name:"json" help:"Write JSON."`
}

// Run lists.
func (c *retainHoldsCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		list, err := b.retain.Holds(ctx, c.Ended)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		for _, h := range list {
			if err := writeHold(t.out, h); err != nil {
				return err
			}
		}
		return nil
	})
}

// retainRunsCommand lists runs.
type retainRunsCommand struct {
	atCounter `embed:""`
	JSON      bool `name:"json" help:"Write JSON, with all that each came to."`
}

// Run lists.
func (c *retainRunsCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(ctx, t, func(b *counter) error {
		list, err := b.retain.Runs(ctx, 100)
		if err != nil {
			return err
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		for _, r := range list {
			state := "under way"
			if !r.Ended.IsZero() {
				state = fmt.Sprintf("ended %d, held %d, left %d, in %s", r.Done(), r.Held(), r.Left(), plural(r.Batches, "transaction"))
			}
			if n := r.Standing(); n > 0 {
				state += fmt.Sprintf("; not let go: %s", plural(n, "finding"))
			}
			for _, why := range append(slices.Clone(r.Away), r.Stopped) {
				if why != "" {
					state += "; " + why
				}
			}
			if _, err := fmt.Fprintf(t.out, "%s  by %s: %s\n", r.Began.Format(time.DateTime), r.By, state); err != nil {
				return err
			}
		}
		return nil
	})
}
