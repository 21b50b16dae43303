package cases

import (
	"context"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// TaskDone says that people have done a task; evidence is a reference, and attachments are
// for the package of who asked for one. Of each file the certificate holds the SHA-256.
func (d *Desk) TaskDone(ctx context.Context, id avow.ID, n int, by, evidence string, attached ...Attachment) error {
	return d.task(ctx, id, n, by, evidence, stepDone, attached)
}

// TaskRefused says that a task cannot be done, and why: the person is told that, and the
// certificate holds it. Invalid when why names the person.
func (d *Desk) TaskRefused(ctx context.Context, id avow.ID, n int, by, why string, attached ...Attachment) error {
	return d.task(ctx, id, n, by, why, stepRefused, attached)
}

const mostAttached = 32 << 20 // bytes of one task

// shownBy is what outlives a task beside its words: it holds no value of anybody.
type shownBy struct {
	Why   string          `json:"why,omitempty"` // it was refused
	Files []CertifiedFile `json:"files,omitempty"`
}

func (d *Desk) task(ctx context.Context, id avow.ID, n int, by, evidence, state string, attached []Attachment) error {
	if err := stated(by, evidence); err != nil {
		return err
	}
	return d.change(ctx, id, func(tx *store.Tx, c *record) error {
		list, err := steps(tx, id, `n = ? AND kind = ? AND done IS NULL`, n, kindTask)
		if err != nil {
			return err
		}
		if len(list) == 0 && c.State == Cancelled {
			return avow.Errorf(avow.Conflict, "the request was cancelled, and its tasks were withdrawn: there is nothing to do any more")
		}
		if len(list) == 0 {
			return avow.Errorf(avow.NotFound, "there is no such task to do")
		}
		plain, err := packTask(evidence, attached)
		if err != nil {
			return err
		}
		if err := d.keepPart(tx, id, n, plain); err != nil {
			return err
		}
		shown, err := d.evidence(tx, c, evidence, state, attached)
		if err != nil {
			return err
		}
		if err := finish(tx, &list[0], state, by, shown); err != nil {
			return err
		}
		if state == stepDone {
			c.changes(tx)
		}
		if strings.HasPrefix(list[0].About, "recipient ") && state == stepDone {
			if err := d.event(tx, c, ledger.RecipientsTold); err != nil {
				return err
			}
		}
		return d.advance(tx, c)
	})
}

// changes notes the first change by somebody, who may be no program: what was only looked through for a package is none.
func (c *record) changes(tx *store.Tx) {
	if c.Changed.IsZero() && c.Right != law.Copy && c.Right != law.Move {
		c.Changed = tx.Now()
	}
}

// evidence is what the certificate will say of how a task ended.
func (d *Desk) evidence(tx *store.Tx, c *record, said, state string, attached []Attachment) (out shownBy, err error) {
	for _, a := range attached {
		out.Files = append(out.Files, CertifiedFile{sum(string(a.Data)), len(a.Data)})
	}
	if state != stepRefused {
		return out, nil
	}
	s, err := d.open(tx, c)
	if err != nil {
		return out, err
	}
	for _, id := range s.all() {
		if strings.Contains(strings.ToLower(said), strings.ToLower(id.Value)) {
			return out, avow.FieldErrorf("because", "names the person by their %s; it stands in the certificate, so say it without", id.Kind)
		}
	}
	out.Why = said
	return out, nil
}
