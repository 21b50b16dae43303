package main

import (
	"context"
	"os"
	"strings"

	"github.com/avowhq/avow/ledger/proof"
)

// verifyCommand checks a receipt or a log as an outsider: without a database, and
// without trusting whoever keeps the log.
type verifyCommand struct {
	What    string   `arg:"" help:"A file of receipts, a directory made by avow log export, or the address of a log (https://privacy.example/log)."`
	Key     string   `help:"The log's public key, or a file with it, got from somewhere else than the log. Without it nothing is proved." placeholder:"KEY"`
	Earlier string   `help:"A checkpoint that was kept: the log must still have all that it had then." type:"existingfile" placeholder:"FILE"`
	Receipt string   `help:"A receipt to be found in the log." type:"existingfile" placeholder:"FILE"`
	Witness []string `help:"The public key of a witness that is trusted; its signature is checked." placeholder:"KEY" sep:"none"`
	Token   string   `help:"A token that opens the entries of a log that shows them to auditors." env:"AVOW_TOKEN" placeholder:"TOKEN"`
	Quick   bool     `help:"Read of a log only what --earlier and --receipt need."`
	JSON    bool     `help:"Write the report as JSON." name:"json"`
}

// Run verifies; the exit status is 0 when all is proved, 2 when something is missing
// for a proof, and 1 when something is wrong.
func (c *verifyCommand) Run(ctx context.Context, t *terminal) error {
	from, err := proof.Locate(c.What)
	if err != nil {
		return err
	}
	options, err := c.options(t)
	if err != nil {
		return err
	}
	report, err := proof.Verify(ctx, from, options)
	if err != nil {
		return err
	}
	if err := c.print(t, report); err != nil {
		return err
	}
	switch report.Verdict() {
	case proof.Proved:
		return nil
	case proof.Unproved:
		return outcome(exitWarnings)
	}
	return outcome(exitWrong)
}

func (c *verifyCommand) options(t *terminal) (o proof.Options, err error) {
	o = proof.Options{Witnesses: c.Witness, Quick: c.Quick, Token: c.Token, Progress: t.progress("reading the log", "entries")}
	if o.Key, err = keyOrFile(c.Key); err != nil {
		return o, err
	}
	if c.Earlier != "" {
		if o.Earlier, err = proof.ReadFile(c.Earlier, proof.MaxCheckpoint); err != nil {
			return o, err
		}
	}
	if c.Receipt != "" {
		o.Receipt, err = proof.ReadFile(c.Receipt, proof.MaxReceipts)
	}
	return o, err
}

// keyOrFile is a key as it was typed, or as it stands in the file that was named.
func keyOrFile(text string) (string, error) {
	if text == "" || strings.Contains(text, "+") {
		return strings.TrimSpace(text), nil
	}
	if _, err := os.Stat(text); err != nil {
		return text, nil // the verifier says what a key looks like
	}
	b, err := proof.ReadFile(text, 4096)
	return strings.TrimSpace(string(b)), err
}

func (c *verifyCommand) print(t *terminal, report *proof.Report) error {
	if !c.JSON {
		return report.Print(t.out)
	}
	return writeJSON(t.out, struct {
		Verdict proof.Verdict `json:"verdict"`
		*proof.Report
	}{report.Verdict(), report})
}
