package main

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// deciding is what the commands have in common by which staff decide about a request.
type deciding struct {
	atCounter `embed:""`
	Number    string `arg:"" help:"The number of the request."`
	By        string `required:"" help:"Who decides; it is recorded." placeholder:"NAME"`
}

// decide does something with the request, then what is due, and says where the request stands.
func (d deciding) decide(ctx context.Context, t *terminal, do func(desk *cases.Desk, id avow.ID) error) error {
	return d.with(ctx, t, func(b *counter) error {
		o, err := b.numbered(ctx, d.Number)
		if err != nil {
			return err
		}
		if err := do(b.desk, o.ID); err != nil {
			return err
		}
		return b.goOn(ctx, t, o.ID)
	})
}

// reasoned is a decision with its reason.
type reasoned struct {
	deciding `embed:""`
	Because  string `required:"" help:"Why; where the person is told, they read these words." placeholder:"TEXT"`
}

// approveCommand approves a plan.
type approveCommand struct {
	deciding `embed:""`
}

// Run approves, and does what was approved.
func (c *approveCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error { return desk.Approve(ctx, id, c.By) })
}

// rejectCommand sends a plan back.
type rejectCommand struct {
	reasoned `embed:""`
}

// Run sends it back; another is made.
func (c *rejectCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error { return desk.Reject(ctx, id, c.By, c.Because) })
}

// refuseCommand refuses a request.
type refuseCommand struct {
	reasoned `embed:""`
}

// Help is shown by avow rights refuse --help.
func (c *refuseCommand) Help() string {
	return `The person is told why, in your words, how to have that looked at again, and where to complain (gdpr:12(4)). Once something was changed nothing can be refused any more. The letter waits in the data directory until avow serve has a mail server for it; where you run none, tell them yourself.

    avow rights refuse 4821-7730 --by Kim --because "You asked for the same last week, and nothing has changed since."`
}

// Run refuses it.
func (c *refuseCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error { return desk.Refuse(ctx, id, c.By, c.Because) })
}

// cancelCommand ends a request that the person wants no more.
type cancelCommand struct {
	deciding `embed:""`
}

// Run cancels it, until the first change.
func (c *cancelCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error { return desk.Cancel(ctx, id, c.By) })
}

// extendCommand takes more time.
type extendCommand struct {
	reasoned `embed:""`
	Until    string `help:"The day, where the law lets the notice fix it." placeholder:"DATE"`
}

// Run extends the time, where a law that covers the person allows it.
func (c *extendCommand) Run(ctx context.Context, t *terminal) error {
	var until law.Date
	if c.Until != "" {
		var err error
		if until, err = law.ParseDate(c.Until); err != nil {
			return avow.FieldErrorf("--until", "%q is no day; write it as 2026-03-31", c.Until)
		}
	}
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error { return desk.Extend(ctx, id, c.By, c.Because, until) })
}

// pauseCommand asks the person for something.
type pauseCommand struct {
	deciding `embed:""`
	For      string `required:"" help:"What is missing: identity, clarification or fee." enum:"identity,clarification,fee" placeholder:"WHAT"`
	Ask      string `required:"" help:"What the person is asked; they read these words." placeholder:"TEXT"`
}

// Run pauses the request. Whether its clock stops is the law's.
func (c *pauseCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error { return desk.Pause(ctx, id, c.By, law.Cause(c.For), c.Ask) })
}

// resumeCommand goes on after a pause.
type resumeCommand struct {
	deciding `embed:""`
}

// Run goes on.
func (c *resumeCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error { return desk.Resume(ctx, id, c.By) })
}

// vouchCommand states who somebody is.
type vouchCommand struct {
	deciding `embed:""`
	Evidence string `required:"" help:"What shows it, as a reference: never the document." placeholder:"TEXT"`
}

// Run vouches, where no link can be sent.
func (c *vouchCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error { return desk.Vouch(ctx, id, c.By, c.Evidence) })
}

// withoutCommand leaves a system out.
type withoutCommand struct {
	reasoned `embed:""`
	System   string `required:"" help:"The system that stays away; what is in it becomes a task." placeholder:"NAME"`
}

// Run makes the plan without it, before the first change.
func (c *withoutCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error { return desk.Without(ctx, id, c.System, c.By, c.Because) })
}

// appealCommand decides an appeal.
type appealCommand struct {
	reasoned `embed:""`
	Granted  bool `help:"It is done after all. Without this the refusal stands."`
}

// Run decides it: not by whoever refused.
func (c *appealCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error {
		return desk.DecideAppeal(ctx, id, c.By, c.Because, c.Granted)
	})
}

// weighCommand decides an objection.
type weighCommand struct {
	reasoned   `embed:""`
	Outweighed bool `help:"Compelling legitimate grounds override it. Without this the objection stands."`
}

// Help is shown by avow rights weigh --help.
func (c *weighCommand) Help() string {
	return `Where the policy says objection: weighed, an objection stops the use at once, and staff decide whether compelling grounds override the person's interests. An objection to direct marketing is never weighed.

    avow rights weigh 4821-7730 --by Kim --because "A court has the claim before it." --outweighed

The person is told why and where to complain, and a day later the use goes on.`
}

// Run decides it.
func (c *weighCommand) Run(ctx context.Context, t *terminal) error {
	return c.decide(ctx, t, func(desk *cases.Desk, id avow.ID) error {
		return desk.Weigh(ctx, id, c.By, c.Because, c.Outweighed)
	})
}
