package main

import (
	"bytes"
	"io"
	"os"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
)

type noticeCommand struct {
	File   string   `arg:"" help:"The policy file; - is the standard input."`
	Format string   `help:"${enum}." enum:"html,md,pdf,json,ropa,ropa-csv" default:"html"`
	Out    string   `short:"o" help:"The file to write. Without it the notice is printed." placeholder:"FILE"`
	Lang   string   `help:"The language of the reader, as a tag: en, nl, pt-BR." default:"en"`
	After  []string `help:"Earlier versions of the policy, oldest first: the notice then says what changed." sep:"none" placeholder:"FILE"`
}

// Help is shown by avow notice --help.
func (c *noticeCommand) Help() string {
	return `html, md, pdf and json are the notice people read; ropa (a page) and ropa-csv (a table) are the record of processing activities an authority may ask for (Article 30 GDPR).

    avow notice policy.yaml > notice.html
    avow notice policy.yaml --format pdf -o notice.pdf
    avow notice --after v1.yaml v2.yaml -o notice.html`
}

// Run makes the notice whole before any of it is written.
func (c *noticeCommand) Run(t *terminal) error {
	if c.Format == "pdf" && c.Out == "" && isTerminal(t.out) {
		return avow.Errorf(avow.Invalid, "a PDF does not go on a terminal; name a file with -o")
	}
	l, err := t.load(c.File, c.After)
	if err != nil {
		return err
	}
	p, err := l.must(t)
	if err != nil {
		return err
	}
	var made bytes.Buffer
	if err := c.make(&made, p, l.after); err != nil {
		return err
	}
	if c.Out == "" {
		_, err = t.out.Write(made.Bytes())
		return err
	}
	if err := os.WriteFile(c.Out, made.Bytes(), 0o644); err != nil {
		return avow.Errorf(avow.Invalid, "%s cannot be written: %w", c.Out, err)
	}
	return nil
}

func (c *noticeCommand) make(w io.Writer, p, before *policy.Policy) error {
	o := notice.Options{Lang: c.Lang, Versions: []notice.VersionInfo{{Number: p.Number, Effective: p.Effective, Hash: p.Hash}}}
	if before != nil {
		o.Changes = policy.Diff(before, p)
		o.Versions = append(o.Versions, notice.VersionInfo{Number: before.Number, Effective: before.Effective, Hash: before.Hash})
	}
	switch c.Format {
	case "md":
		return notice.Markdown(w, p, o)
	case "pdf":
		return notice.PDF(w, p, o)
	case "json":
		return notice.JSON(w, p, o)
	case "ropa":
		return notice.ROPA(w, p, o)
	case "ropa-csv":
		return notice.ROPACSV(w, p, o)
	}
	return notice.HTML(w, p, o)
}
