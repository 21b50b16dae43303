package rights

import (
	"context"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Unjoined is the event that undoes a merger by staff.
const Unjoined ledger.Type = "unjoined"

// Merger is what merging two people by staff, or undoing it, came to.
type Merger struct {
	Subject avow.ID // who stays; of an undoing: who was merged, and is somebody again
	Other   avow.ID // who became part of them; of an undoing: whom they were taken for
	Event   avow.ID
}

const maxEvidence = 2000 // bytes

// Merge has staff bring together two subjects whom they found to be one person, on
// evidence they state: a reference to it, not the evidence itself. Objections and
// restrictions of both hold, a consent only where both gave it. Unmerge undoes it.
func (d *Desk) Merge(ctx context.Context, into, other avow.ID, by, evidence string) (Merger, error) {
	var done Merger
	if err := stated(by, evidence); err != nil {
		return done, err
	}
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		a, err := d.Vault.Subject(tx, into)
		if err != nil {
			return err
		}
		b, err := d.Vault.Subject(tx, other)
		if err != nil {
			return err
		}
		if a.ID == b.ID {
			return avow.Errorf(avow.Conflict, "these two are one person already")
		}
		receipt, err := d.record(tx, ledger.Event{Type: ledger.Joined, Subject: a.ID},
			note{Was: []string{b.ID.String()}, Way: "staff", By: by, Evidence: evidence})
		if err != nil {
			return err
		}
		done = Merger{a.ID, b.ID, receipt.ID}
		return d.merge(tx, done, receipt)
	})
	return done, err
}

// merge brings together what rooms keep. Whoever an import left beside one of the two joins first.
func (d *Desk) merge(tx *store.Tx, m Merger, because *ledger.Receipt) error {
	v, err := d.Vault.Merge(tx, m.Subject, m.Other, m.Event)
	if err != nil {
		return err
	}
	for _, old := range v.Absorbed {
		if old == m.Other {
			err = d.Register.Merge(tx, v.Subject, old)
		} else {
			err = d.Register.Join(tx, v.Subject, []avow.ID{old})
		}
		if err != nil {
			return err
		}
	}
	return d.Register.Renew(tx, v.Subject, because)
}

// Unmerge undoes a Merge, by the id that became part of the other. What was stopped
// while they were taken for one stays stopped for both. NotFound when staff merged nobody of this id.
func (d *Desk) Unmerge(ctx context.Context, old avow.ID, by, evidence string) (Merger, error) {
	var done Merger
	if err := stated(by, evidence); err != nil {
		return done, err
	}
	err := d.DB.Write(ctx, func(tx *store.Tx) error {
		split, err := d.Vault.Unmerge(tx, old)
		if err != nil {
			return err
		}
		if err := d.Register.Split(tx, split.From, split.Subject); err != nil {
			return err
		}
		if err := d.Register.Join(tx, split.Subject, split.Absorbed); err != nil {
			return err
		}
		done = Merger{Subject: split.Subject, Other: split.From}
		for _, id := range []avow.ID{split.From, split.Subject} {
			receipt, err := d.record(tx, ledger.Event{Type: Unjoined, Subject: id}, note{Way: "staff", By: by, Evidence: evidence, Request: split.Event.String()})
			if err != nil {
				return err
			}
			if err := d.Register.Renew(tx, id, receipt); err != nil {
				return err
			}
			done.Event = receipt.ID
		}
		return nil
	})
	return done, err
}

func stated(by, evidence string) error {
	switch {
	case strings.TrimSpace(by) == "" || len(by) > 200:
		return avow.FieldErrorf("by", "say who decides this")
	case strings.TrimSpace(evidence) == "" || len(evidence) > maxEvidence:
		return avow.FieldErrorf("evidence", "say what shows it, such as the number of a ticket, in at most %d bytes", maxEvidence)
	}
	return nil
}
