package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// peopleCommands are what staff decide about who is who.
type peopleCommands struct {
	Merge   mergeCommand   `cmd:"" help:"Bring together two people who were found to be one. It can be undone."`
	Unmerge unmergeCommand `cmd:"" help:"Undo a merge."`
	ActFor  actForCommand  `cmd:"" name:"act-for" help:"List the ids of those who act for an employer. Each of them can see that it was looked."`
}

// evidence is who decides and what shows it.
type evidence struct {
	By      string `required:"" help:"Who decides this." placeholder:"NAME"`
	Because string `required:"" help:"What shows it, such as the number of a ticket. It is kept, sealed with the person's data." placeholder:"TEXT"`
}

// mergeCommand brings two people together.
type mergeCommand struct {
	where    `embed:""`
	evidence `embed:""`
	Into     string `arg:"" help:"Who stays: an id, or an identity such as email=ann@example.com."`
	Other    string `arg:"" help:"Who becomes part of them."`
}

// Run merges.
func (c *mergeCommand) Run(ctx context.Context, t *terminal) error {
	return c.withDesk(ctx, func(h *house, d *rights.Desk) error {
		into, err := h.who(ctx, c.Into)
		if err != nil {
			return err
		}
		other, err := h.who(ctx, c.Other)
		if err != nil {
			return err
		}
		m, err := d.Merge(ctx, into, other, c.By, c.Because)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "Merged. Event %s.\nTo undo it: avow people unmerge %s --by NAME --because TEXT\n", m.Event, m.Other)
		return err
	})
}

// unmergeCommand undoes a merge.
type unmergeCommand struct {
	where    `embed:""`
	evidence `embed:""`
	ID       string `arg:"" help:"The id that avow people merge printed."`
}

// Run undoes it.
func (c *unmergeCommand) Run(ctx context.Context, t *terminal) error {
	old, err := avow.ParseID(c.ID)
	if err != nil {
		return err
	}
	return c.withDesk(ctx, func(_ *house, d *rights.Desk) error {
		m, err := d.Unmerge(ctx, old, c.By, c.Because)
		if err == nil {
			_, err = fmt.Fprintf(t.out, "They are two people again: %s and %s. Event %s.\n", m.Subject, m.Other, m.Event)
		}
		return err
	})
}

// actForCommand lists who acts for an employer.
type actForCommand struct {
	where    `embed:""`
	evidence `embed:""`
	Employer string `arg:"" help:"The employer, as people named it."`
}

// Run lists ids only, and records the look.
func (c *actForCommand) Run(ctx context.Context, t *terminal) error {
	return c.withDesk(ctx, func(_ *house, d *rights.Desk) error {
		ids, err := d.Employees(ctx, c.Employer, c.By, c.Because)
		for _, id := range ids {
			fmt.Fprintln(t.out, id)
		}
		return err
	})
}

// withDesk opens the rooms beside a running server, which sees what is done at once.
func (w where) withDesk(ctx context.Context, act func(h *house, d *rights.Desk) error) error {
	return w.withHouse(ctx, func(h *house) error {
		d, err := rights.Open(ctx, rights.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Register: h.consent})
		if err != nil {
			return err
		}
		return act(h, d)
	})
}

// who finds the one person whom a word names.
func (h *house) who(ctx context.Context, word string) (avow.ID, error) {
	kind, value, named := strings.Cut(word, "=")
	if !named {
		return avow.ParseID(word)
	}
	var found []vault.Found
	err := h.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = h.vault.Find(tx, vault.Identity{Kind: kind, Value: value})
		found = vault.Holders(found)
		return err
	})
	if err != nil {
		return avow.ID{}, err
	}
	switch len(found) {
	case 0:
		return avow.ID{}, avow.Errorf(avow.NotFound, "nobody is found by this %s", kind)
	case 1:
		return found[0].Subject, nil
	}
	var ids []string
	for _, f := range found {
		standing := "claimed"
		if f.Verified {
			standing = "verified"
		}
		ids = append(ids, fmt.Sprintf("%s (%s)", f.Subject, standing))
	}
	return avow.ID{}, avow.Errorf(avow.Conflict, "this %s finds several: %s; name one by its id", kind, strings.Join(ids, ", "))
}
