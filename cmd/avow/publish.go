package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/policy"
)

// publishCommand makes a policy file the next version that holds.
type publishCommand struct {
	where      `embed:""`
	File       string `arg:"" help:"The policy file."`
	Yes        bool   `help:"Publish without asking." short:"y"`
	NoWidening bool   `help:"Refuse a version that widens the promise."`
	DryRun     bool   `help:"Show what would change, and change nothing."`
}

// Run shows what would change, asks, and publishes.
func (c *publishCommand) Run(ctx context.Context, t *terminal) error {
	src, name, err := t.read(c.File)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, c.where, "", slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	v, err := h.consent.Preview(name, src)
	if err != nil {
		return err
	}
	if err := c.show(t.out, v); err != nil || v.Same || c.DryRun {
		return err
	}
	if !c.Yes && !agreed(t.in, t.out, "Publish it? [y/N] ") {
		return avow.Errorf(avow.Canceled, "nothing was published; answer y, or give --yes")
	}
	if v, err = h.consent.Publish(ctx, name, src); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Published %s, version %d, effective %s.\n", v.Policy.Name, v.Policy.Number, v.Policy.Effective.Format("2 January 2006"))
	return nil
}

// show says what publishing would do, and whether it may.
func (c *publishCommand) show(w io.Writer, v consent.Preview) error {
	for _, p := range v.Problems {
		fmt.Fprintln(w, p)
	}
	switch {
	case v.Policy == nil || v.Problems.Errors():
		return avow.Errorf(avow.Invalid, "the file has errors; nothing was published")
	case v.Same:
		fmt.Fprintf(w, "Version %d of %s is exactly this file already.\n", v.Policy.Number, v.Policy.Name)
		return nil
	case v.Policy.Number == 1:
		fmt.Fprintf(w, "The first version of %s.\n", v.Policy.Name)
		return nil
	}
	fmt.Fprintf(w, "Version %d of %s:\n", v.Policy.Number, v.Policy.Name)
	widens := false
	for _, change := range v.Changes {
		fmt.Fprintf(w, "  %s: %s\n", change.Effect, change.What)
		widens = widens || change.Effect == policy.Widens
	}
	if widens && c.NoWidening {
		return avow.Errorf(avow.Refused, "this version widens the promise; nothing was published")
	}
	return nil
}

// agreed asks on a terminal; anything but a yes is a no.
func agreed(in io.Reader, out io.Writer, question string) bool {
	fmt.Fprint(out, question)
	var word string
	fmt.Fscanln(in, &word)
	return word == "y" || word == "yes" || word == "Y"
}
