package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/vault"
)

// auditCommand holds everything that is recorded against itself, with the database
// and the keys at hand.
type auditCommand struct {
	where `embed:""`
	JSON  bool `help:"Write the result as JSON." name:"json"`
	// An older program that ran beside this one during an upgrade wrote choices without their event.
	Accept bool `help:"Put choices that stand without their event, as an older program wrote them during an upgrade, into events, on your word; then audit."`
}

// audited is what an audit came to, as it is written.
type audited struct {
	Origin   string    `json:"origin"`
	Size     int64     `json:"size"`
	Root     string    `json:"root"`
	Outside  int64     `json:"outside"`           // size of the checkpoint kept outside the database; -1: none
	Missing  string    `json:"missing,omitempty"` // the file that should hold that checkpoint; nothing was held to it
	Opened   int64     `json:"opened"`
	Erased   int64     `json:"erased"`
	Expired  int64     `json:"expired"`
	Findings []finding `json:"findings"`
	More     int64     `json:"more,omitempty"`
}

type finding struct {
	Index int64  `json:"index"` // -1: about no event
	Event string `json:"event,omitempty"`
	What  string `json:"what"`
}

func findingOf(index int64, event avow.ID, what string) finding {
	f := finding{Index: index, What: what}
	if !event.IsZero() {
		f.Event = event.String()
	}
	return f
}

func (f finding) String() string {
	switch {
	case f.Index >= 0 && f.Event != "":
		return fmt.Sprintf("event %d (%s): %s", f.Index, f.Event, f.What)
	case f.Index >= 0:
		return fmt.Sprintf("event %d: %s", f.Index, f.What)
	}
	return f.What
}

// Run audits, beside a running server too, and ends with 1 when something is wrong.
func (c *auditCommand) Run(ctx context.Context, t *terminal) (err error) {
	h := &house{log: slog.New(slog.DiscardHandler)}
	defer h.close()
	if err := h.inspect(ctx, c.where); err != nil {
		return err
	}
	if err := h.openRegister(ctx, ""); avow.KindOf(err) == avow.Conflict && !c.Accept {
		h.unread = err
	} else if err != nil {
		return err
	}
	if c.Accept {
		if err := h.accept(ctx, t.out); err != nil {
			return err
		}
	}
	a, err := h.audit(ctx, t.progress("auditing", "events"))
	if err != nil {
		return err
	}
	if c.JSON {
		if err := writeJSON(t.out, a); err != nil {
			return err
		}
	} else {
		a.print(t.out)
	}
	if len(a.Findings) > 0 {
		return outcome(exitWrong)
	}
	return nil
}

func (h *house) accept(ctx context.Context, out io.Writer) error {
	err := h.consent.Accept(ctx)
	if err == nil {
		_, err = fmt.Fprintln(out, "What stood in the tables without an event is in events now, as it was found.")
	}
	return err
}

// inspect opens what is kept and its log to look, also where a server would refuse to start.
func (h *house) inspect(ctx context.Context, w where) (err error) {
	if err := w.there(); err != nil {
		return err
	}
	if h.inUse, err = w.use(false); err != nil {
		return err
	}
	db, err := w.openStore(ctx)
	if err != nil {
		return err
	}
	h.db = db
	h.vault, err = vault.Open(ctx, db, w.vault())
	if err != nil {
		return err
	}
	c := w.log()
	c.Inspect = true
	h.ledger, err = ledger.Open(ctx, db, h.vault, c)
	return err
}

// audit holds the file, the log and the folds against themselves and each other.
func (h *house) audit(ctx context.Context, progress func(done, total int64)) (*audited, error) {
	a := &audited{Findings: []finding{}}
	for _, check := range []func(context.Context) error{h.db.Check, h.vault.Check} {
		if err := check(ctx); avow.KindOf(err) == avow.Unavailable {
			return nil, err
		} else if err != nil {
			a.Findings = append(a.Findings, finding{Index: -1, What: avow.MessageOf(err)})
		}
	}
	log, err := h.ledger.Audit(ctx, ledger.AuditOptions{Progress: progress})
	if err != nil {
		return nil, err
	}
	a.Origin, a.Size, a.Root, a.Outside = log.Origin, log.Size, log.Root.String(), log.Outside
	a.Opened, a.Erased, a.Expired, a.More = log.Opened, log.Erased, log.Expired, log.More
	for _, f := range log.Findings {
		a.Findings = append(a.Findings, findingOf(f.Index, f.Event, f.What))
	}
	if a.Outside < 0 {
		a.Missing, _ = h.ledger.Missing()
	}
	folds, err := h.folds(ctx)
	if err != nil {
		return nil, err
	}
	a.add(folds)
	return a, nil
}

// folds holds what people have chosen against what was published, as far as that can be read.
func (h *house) folds(ctx context.Context) ([]consent.Finding, error) {
	if h.unread == nil {
		return h.consent.Check(ctx, nil)
	}
	list, err := h.consent.CheckPublished(ctx)
	return append(list, consent.Finding{Index: -1, What: "what people have chosen was not compared: " + avow.MessageOf(h.unread)}), err
}

func (a *audited) add(list []consent.Finding) {
	for _, f := range list {
		a.Findings = append(a.Findings, findingOf(f.Index, f.Event, f.What))
	}
}

func (a *audited) print(w io.Writer) {
	fmt.Fprintf(w, "log %s: %d events, root %s\n", a.Origin, a.Size, a.Root)
	fmt.Fprintf(w, "%d bodies opened and compared; %d erased and %d expired, each covered by a later event\n", a.Opened, a.Erased, a.Expired)
	if a.Outside >= 0 {
		fmt.Fprintf(w, "it goes on from the checkpoint kept outside the database, of %d events\n", a.Outside)
	}
	for _, f := range a.Findings {
		fmt.Fprintf(w, "WRONG %s\n", f)
	}
	if a.More > 0 {
		fmt.Fprintf(w, "and %d more findings\n", a.More)
	}
	if a.Missing != "" {
		fmt.Fprintf(w, "MISSING %s, the checkpoint kept outside the database: %s. What to do: %s.\n", a.Missing, cutUnnoticed, compareLog)
	}
	switch {
	case len(a.Findings) > 0:
	case a.Missing != "":
		fmt.Fprintln(w, "All that is there is as it was recorded.")
	default:
		fmt.Fprintln(w, "All is as it was recorded.")
	}
}
