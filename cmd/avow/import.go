package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect/intake"
	"github.com/avowhq/avow/mail"
)

// importCommands bring in people who were known before avow.
type importCommands struct {
	Check   importCheckCommand   `cmd:"" help:"Read a file, say what is wrong with it, and keep nothing."`
	Stage   importStageCommand   `cmd:"" help:"Keep a file apart, where nobody finds it, until it is flipped."`
	Flip    importFlipCommand    `cmd:"" help:"Make all of a staged file true at once."`
	Discard importDiscardCommand `cmd:"" help:"Destroy what was staged."`
	List    importListCommand    `cmd:"" help:"List the imports there were, and whom the law still wants told."`
	Report  importReportCommand  `cmd:"" help:"Write all that was found in a staged file, line by line."`
}

// imported says what a file is.
type imported struct {
	File            string    `arg:"" type:"existingfile" help:"CSV, JSON lines or XLSX."`
	Policy          string    `required:"" help:"The policy under which it is held." placeholder:"NAME"`
	Source          string    `help:"Where it comes from, as the policy declares it. Not given: a column says it." placeholder:"SOURCE"`
	For             []string  `help:"What it was collected for." placeholder:"PURPOSE"`
	Map             string    `help:"A file that says which column is what: column in the file = name in the policy, or - for one that is left out." type:"existingfile" placeholder:"FILE"`
	Format          string    `help:"csv, jsonl or xlsx; found by how the file begins." enum:",csv,jsonl,xlsx" default:""`
	Sheet           string    `help:"The sheet of a workbook; the first when not given."`
	Obtained        time.Time `help:"The day the data was obtained (2026-11-22), from which the time to tell people counts; today when not given." format:"2006-01-02" placeholder:"DAY"`
	WithoutEvidence bool      `help:"Take a consent that nobody can show as none, instead of refusing the line."`
	Allowed         int       `help:"So many lines may be wrong and are left out; one more, and nothing of the file counts." default:"0"`
	Again           bool      `help:"Take a file that was taken before."`
	JSON            bool      `help:"Write the report as JSON." name:"json"`
}

func (c *imported) options(t *terminal) (intake.Options, error) {
	o := intake.Options{Format: intake.Format(c.Format), Sheet: c.Sheet, Policy: c.Policy, Source: c.Source, For: c.For, Obtained: c.Obtained,
		WithoutEvidence: c.WithoutEvidence, Allowed: c.Allowed, Again: c.Again, By: "staff", Progress: importProgress(t)}
	if c.Map == "" {
		return o, nil
	}
	f, err := os.Open(c.Map)
	if err != nil {
		return o, avow.Errorf(avow.NotFound, "the map %s cannot be opened: %w", c.Map, err)
	}
	defer f.Close()
	o.Map, err = intake.ReadMap(f)
	return o, err
}

// importProgress shows how far the reading and the keeping are, about once a second,
// and only when it takes longer than that.
func importProgress(t *terminal) func(doing intake.State, line int) {
	last := time.Now()
	return func(doing intake.State, line int) {
		if time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		fmt.Fprintf(t.err, "%s: line %d\n", doing, line)
	}
}

// take opens the file and has take read it.
func (c *imported) take(w where, ctx context.Context, t *terminal, take func(d *intake.Desk, f intake.File, o intake.Options) (*intake.Report, error)) error {
	o, err := c.options(t)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return avow.Errorf(avow.NotFound, "%s cannot be opened: %w", c.File, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return avow.Errorf(avow.Unavailable, "%s cannot be read: %w", c.File, err)
	}
	return w.withIntake(ctx, func(d *intake.Desk) error {
		r, err := take(d, intake.File{Name: filepath.Base(c.File), ReaderAt: f, Size: info.Size()}, o)
		if r != nil {
			if werr := writeImport(t.out, r, c.JSON); werr != nil {
				return werr
			}
		}
		if err == nil && !r.OK() {
			err = outcome(exitWrong)
		}
		return err
	})
}

// importCheckCommand only looks.
type importCheckCommand struct {
	where    `embed:""`
	imported `embed:""`
}

// Run checks.
func (c *importCheckCommand) Run(ctx context.Context, t *terminal) error {
	return c.take(c.where, ctx, t, func(d *intake.Desk, f intake.File, o intake.Options) (*intake.Report, error) {
		return d.Check(ctx, f, o)
	})
}

// importStageCommand keeps a file apart.
type importStageCommand struct {
	where    `embed:""`
	imported `embed:""`
}

// Run stages; run again after a crash, it goes on.
func (c *importStageCommand) Run(ctx context.Context, t *terminal) error {
	return c.take(c.where, ctx, t, func(d *intake.Desk, f intake.File, o intake.Options) (*intake.Report, error) {
		return d.Stage(ctx, f, o)
	})
}

// importID names an import.
type importID struct {
	ID   string `arg:"" help:"The import, as avow import stage printed it."`
	JSON bool   `help:"Write JSON." name:"json"`
}

// importFlipCommand makes an import true.
type importFlipCommand struct {
	where    `embed:""`
	importID `embed:""`
}

// Run flips, then brings people together with those who were there.
func (c *importFlipCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(c.where, ctx, func(d *intake.Desk, id avow.ID) error {
		if _, err := d.Flip(ctx, id, "staff"); err != nil {
			return err
		}
		if err := d.Settle(ctx, id); err != nil {
			return avow.Errorf(avow.KindOf(err), "all of it is true; bringing people together goes on when this is run again, or in a running server: %w", err)
		}
		r, err := d.Report(ctx, id)
		if err != nil {
			return err
		}
		return writeImport(t.out, r, c.JSON)
	})
}

// importDiscardCommand destroys a staged import.
type importDiscardCommand struct {
	where    `embed:""`
	importID `embed:""`
}

// Run discards.
func (c *importDiscardCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(c.where, ctx, func(d *intake.Desk, id avow.ID) error {
		if err := d.Discard(ctx, id, "staff"); err != nil {
			return err
		}
		_, err := fmt.Fprintln(t.out, "Nothing of it is kept but the report.")
		return err
	})
}

// importReportCommand writes everything that was found.
type importReportCommand struct {
	where    `embed:""`
	importID `embed:""`
}

// Run writes CSV, or JSON.
func (c *importReportCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(c.where, ctx, func(d *intake.Desk, id avow.ID) error {
		write := intake.WriteCSV
		if c.JSON {
			write = intake.WriteJSON
		}
		return write(t.out, func(yield func(intake.Finding) error) error { return d.Findings(ctx, id, yield) })
	})
}

// importListCommand lists imports.
type importListCommand struct {
	where `embed:""`
}

// Run lists imports, and how many people are still to be told (gdpr:14).
func (c *importListCommand) Run(ctx context.Context, t *terminal) error {
	return c.withIntake(ctx, func(d *intake.Desk) error {
		list, err := d.List(ctx)
		if err != nil {
			return err
		}
		for _, r := range list {
			fmt.Fprintf(t.out, "%s  %-10s %7d people  %s  %s\n", r.ID, r.State, r.People, r.Started.Format("2006-01-02"), r.File)
		}
		counts, err := d.DutyCounts(ctx)
		if err != nil {
			return err
		}
		b, err := json.Marshal(counts)
		if err == nil && len(counts) > 0 {
			_, err = fmt.Fprintf(t.out, "to be told: %s\n", b)
		}
		return err
	})
}

func (c importID) with(w where, ctx context.Context, act func(d *intake.Desk, id avow.ID) error) error {
	id, err := avow.ParseID(c.ID)
	if err != nil {
		return err
	}
	return w.withIntake(ctx, func(d *intake.Desk) error { return act(d, id) })
}

// withIntake opens the desk that takes files in, beside a running server.
func (w where) withIntake(ctx context.Context, act func(d *intake.Desk) error) error {
	return w.withHouse(ctx, func(h *house) error {
		d, err := openIntake(ctx, h, nil, "")
		if err != nil {
			return err
		}
		return act(d)
	})
}

func openIntake(ctx context.Context, h *house, outbox *mail.Outbox, base string) (*intake.Desk, error) {
	return intake.Open(ctx, intake.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Consent: h.consent, Outbox: outbox, Base: base})
}

func writeImport(w io.Writer, r *intake.Report, asJSON bool) error {
	if asJSON {
		return writeJSON(w, r)
	}
	for _, f := range r.Findings {
		where := fmt.Sprintf("line %d", f.Line)
		if f.Column != "" {
			where += ", column " + f.Column
		}
		fmt.Fprintf(w, "%s: %s: %s; %s [%s]\n", where, f.Level, f.What, f.Do, f.Code)
	}
	fmt.Fprintf(w, "%s: lines: %d, accepted: %d, with errors: %d; SHA-256 %s\n", r.File, r.Lines, r.Accepted, r.Errors, r.Hash)
	if r.ID.IsZero() {
		_, err := fmt.Fprintln(w, "Nothing was kept.")
		return err
	}
	_, err := fmt.Fprintf(w, "import %s: %s, %d people\n", r.ID, r.State, r.People)
	return err
}
