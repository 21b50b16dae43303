package main

import (
	"fmt"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

type diffCommand struct {
	Old        string   `arg:"" help:"The earlier version."`
	New        string   `arg:"" help:"The later version."`
	After      []string `help:"Versions before the earlier one, oldest first." sep:"none" placeholder:"FILE"`
	NoWidening bool     `help:"End with status 1 when a change widens what may be done with data."`
	JSON       bool     `help:"Write a JSON array of the changes." name:"json"`
}

// Help is shown by avow diff --help.
func (c *diffCommand) Help() string {
	return `Each change narrows, widens or restates the promise:

    v2.yaml:31: widens: ` + "`newsletter`" + ` may now use ` + "`contact.age`" + `

What widens opens a new consent: who consented to the old words has not consented to the new ones.

    avow diff v1.yaml v2.yaml
    avow diff --no-widening v1.yaml v2.yaml   in a pipeline`
}

// Run compares two versions of one policy.
func (c *diffCommand) Run(t *terminal) error {
	before, err := t.load(c.Old, c.After)
	if err != nil {
		return err
	}
	if _, err := before.must(t); err != nil {
		return err
	}
	after, err := t.loadAfter(c.New, before.policy)
	if err != nil {
		return err
	}
	if _, err := after.must(t); err != nil {
		return err
	}
	if before.policy.Name != after.policy.Name {
		return avow.Errorf(avow.Invalid, "%s is the policy `%s` and %s is the policy `%s`; versions of one policy have one name", before.name, before.policy.Name, after.name, after.policy.Name)
	}
	changes := policy.Diff(before.policy, after.policy)
	if err := c.write(t, changes, before.name, after.name); err != nil {
		return err
	}
	if c.NoWidening && policy.Widening(changes) {
		return outcome(exitWrong)
	}
	return nil
}

func (c *diffCommand) write(t *terminal, changes []policy.Change, before, after string) error {
	if c.JSON {
		if changes == nil {
			changes = []policy.Change{}
		}
		return writeJSON(t.out, changes)
	}
	for _, change := range changes {
		file := after
		if change.Gone {
			file = before
		}
		fmt.Fprintf(t.out, "%s:%d: %s: %s\n", file, change.Line, change.Effect, change.What)
	}
	if len(changes) == 0 {
		fmt.Fprintln(t.err, "nothing that is promised has changed")
	}
	return nil
}
