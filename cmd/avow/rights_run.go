package main

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// doing is what the commands that change something have in common.
type doing struct {
	whom   `embed:""`
	acting `embed:""`
	where  `embed:""`
	DryRun bool   `help:"Show what would be done, with the statements and their parameters, and change nothing."`
	Out    string `help:"The folder for the certificate and its proof." placeholder:"DIR"`
	Lives  string `help:"Where the person lives, such as DE or US-CA: its law sets the clock." placeholder:"REGION"`
}

// eraseCommand erases somebody.
type eraseCommand struct {
	doing `embed:""`
}

// Help is shown by avow rights erase --help.
func (c *eraseCommand) Help() string {
	return `One transaction in each system; then the same ways are read again, and whatever is left is an error. What must be kept stays, and is said with its reason. A row that others share loses only this person's part.

    avow rights erase --identity email=ann@example.com --dry-run
    avow rights erase --identity email=ann@example.com --out ann/ --by Kim --because "ticket 4711"

It may be stopped at any point: asked for again, or by avow rights continue, it goes on where it stopped. A system that is away makes it wait, and the command says so and ends with status 1.`
}

// Run erases.
func (c *eraseCommand) Run(ctx context.Context, t *terminal) error {
	return c.do(ctx, t, plan.Erasure, law.Remove, nil)
}

// rectifyCommand corrects.
type rectifyCommand struct {
	doing `embed:""`
	Set   []string `required:"" help:"The field of the policy and what is right: contact.email=ann@new.example." placeholder:"FIELD=VALUE" sep:"none"`
	Was   []string `help:"What the field says now. Only where it says that is it changed: contact.email=ann@old.example." placeholder:"FIELD=VALUE" sep:"none"`
}

// Help is shown by avow rights rectify --help.
func (c *rectifyCommand) Help() string {
	return `What is right takes the place of what stands in every column that the maps name for the field. Where a row has several such columns, as first and last name, nothing is changed until --was says which of them is meant.

    avow rights rectify --identity email=ann@example.com --was contact.name=Vistor --set contact.name=Visitor --by Kim --because "ticket 4711"`
}

// Run corrects.
func (c *rectifyCommand) Run(ctx context.Context, t *terminal) error {
	fix, err := corrections(c.Set, c.Was)
	if err != nil {
		return err
	}
	return c.do(ctx, t, plan.Rectification, law.Correct, fix)
}

// restrictCommand has data kept and not used (gdpr:18).
type restrictCommand struct {
	doing `embed:""`
}

// Run restricts.
func (c *restrictCommand) Run(ctx context.Context, t *terminal) error {
	return c.do(ctx, t, plan.Restriction, law.Restrict, nil)
}

// unrestrictCommand lifts a restriction (gdpr:18(3)).
type unrestrictCommand struct {
	doing  `embed:""`
	Reason string `help:"Why the restriction is lifted. The person reads it." placeholder:"TEXT"`
	Told   string `help:"How you told the person already: by telephone, in a letter of yours. Without it they get a mail first." placeholder:"TEXT"`
}

// Help is shown by avow rights unrestrict --help.
func (c *unrestrictCommand) Help() string {
	return `The person is told before their data is used again, and why. Then the marks that a restriction set are taken back in the systems, where they still stand, and avow's own gate says yes last.

    avow rights unrestrict --identity email=ann@example.com --dry-run
    avow rights unrestrict --identity email=ann@example.com --reason "Your address was put right." --told "by telephone, 4 March" --by Kim

Without --told a mail tells them. It leaves when avow serve runs with a mail server on the same records, and a day after it left the restriction is lifted; until then, and where it cannot be handed over, nothing is. Asked for again with --told, the request that waits goes on.`
}

// Run lifts.
func (c *unrestrictCommand) Run(ctx context.Context, t *terminal) error {
	if c.Reason == "" && !c.DryRun {
		return avow.FieldErrorf("--reason", "say why the restriction is lifted; the person reads it")
	}
	return c.do(ctx, t, plan.Lifting, cases.Lift, nil, func(a *cases.Ask) { a.Reason, a.Told = c.Reason, c.Told })
}

// do takes the request down, does it, and says what it came to.
func (c *doing) do(ctx context.Context, t *terminal, what plan.Work, right law.Right, fix []plan.Correction, more ...func(*cases.Ask)) error {
	if c.DryRun {
		return c.show(ctx, t, c.where, string(what), fix, !c.JSON)
	}
	who, err := person(c.Identity)
	if err != nil {
		return err
	}
	b, err := c.openCounter(ctx, t, c.where)
	if err != nil {
		return err
	}
	defer b.close()
	ask := cases.Ask{Right: right, Policy: b.systems.Policy.Name, Region: avow.Region(c.Lives), Door: cases.Staff, By: c.name(), Evidence: c.Because}
	for _, id := range who.Identities {
		ask.Identities = append(ask.Identities, cases.Identity{Kind: id.Kind, Value: b.inFull(id)})
	}
	for _, f := range fix {
		if _, known := b.systems.Policy.Field(f.Data); !known {
			return avow.FieldErrorf("--set", "the policy has no field `%s`; name one such as contact.email", f.Data)
		}
		ask.Corrections = append(ask.Corrections, cases.Correction{Data: f.Data, To: f.To, From: f.From})
	}
	for _, add := range more {
		add(&ask)
	}
	taken, err := b.desk.Take(ctx, ask)
	if err != nil {
		return err
	}
	if err := b.finish(ctx, taken.ID); err != nil {
		return err
	}
	return c.tell(ctx, t, b, taken)
}

// tell prints what was done, keeps the certificate, and says what is still to do.
func (c *doing) tell(ctx context.Context, t *terminal, b *counter, taken cases.Taken) error {
	o, err := b.standing(ctx, taken)
	if err != nil {
		return err
	}
	// Of a request that waits before it is planned nothing is known, least of all that there is nothing.
	entries, err := b.withTasks(ctx, o.ID, b.planned(c.JSON))
	if err != nil {
		return err
	}
	if c.JSON || len(entries) > 0 || o.State == cases.Closed {
		if err := c.write(t, entries); err != nil {
			return err
		}
	}
	if c.Out != "" {
		if err := b.certify(ctx, c.Out, o.ID); err != nil {
			return err
		}
	}
	return b.outcome(ctx, t, o)
}

// inFull is an identity as it is taken down: a telephone number without a country code is
// one of where the organisation is, as it is when the systems are searched.
func (c *counter) inFull(id find.Identity) string {
	if id.Kind == "phone" {
		if number, ok := connect.Normal(connect.Phone, c.region, id.Value); ok {
			return number
		}
	}
	return id.Value
}
