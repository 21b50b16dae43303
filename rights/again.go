package rights

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// EraseAgain has a restored backup know that somebody was erased after it was made.
// Their keys are gone already, and what the vault held (see vault.ApplyTombstones);
// here what they had said goes, and an event covers what no longer opens. It can be
// called again, and for ids of whom nothing is there.
func (d *Desk) EraseAgain(ctx context.Context, subject avow.ID) error {
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		if err := d.Register.Bury(tx, []avow.ID{subject}); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM rights_sessions WHERE subject = ?`, subject); err != nil {
			return err
		}
		events, err := d.Ledger.BySubject(tx, subject)
		if err != nil || len(events) == 0 || events[len(events)-1].Type == ledger.Erased {
			return err
		}
		_, err = d.record(tx, ledger.Event{Type: ledger.Erased, Subject: subject, Ours: true},
			note{Way: "a restored backup", By: "avow restore", Erasure: ledger.Erasure{Family: []avow.ID{subject}}})
		return err
	})
}
