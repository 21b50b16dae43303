package intake

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// recallAll takes over what people have stopped since it was last looked at, to the end.
func (d *Desk) recallAll(ctx context.Context, id avow.ID) error {
	for more := true; more; {
		err := d.db.Write(ctx, func(tx *store.Tx) error {
			if err := tx.Lock("intake", id[:]); err != nil {
				return err
			}
			x, err := find(tx, id)
			if err != nil {
				return err
			}
			more, err = d.recall(tx, &x)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lookAt is how many events are looked at in one transaction.
const lookAt = 5_000

// recall looks at what happened after the mark of an import. Who stopped something may be in the file
// under the same address: then it is stopped there too, as it would have been had they been staged after it.
func (d *Desk) recall(tx *store.Tx, x *record) (more bool, err error) {
	events, err := d.ledger.Briefs(tx, x.seen, lookAt)
	if err != nil || len(events) == 0 {
		return false, err
	}
	who := map[avow.ID]bool{}
	remembered := false
	for _, e := range events {
		if !stops(e.Type) {
			continue
		}
		if e.Subject.IsZero() || e.Type == ledger.Erased {
			remembered = true
		} else {
			who[e.Subject] = true
		}
	}
	for subject := range who {
		if err := d.recallFrom(tx, x.id, subject); err != nil {
			return false, err
		}
	}
	if remembered {
		if err := d.recallRemembered(tx, x); err != nil {
			return false, err
		}
	}
	x.seen += int64(len(events))
	_, err = tx.Exec(`UPDATE intake_imports SET seen = ? WHERE id = ?`, x.seen, x.id)
	return len(events) == lookAt, err
}

// stops tells events by which somebody may have stopped something.
func stops(t ledger.Type) bool {
	switch t {
	case ledger.Objected, ledger.ConsentWithdrawn, ledger.ConsentRefused, ledger.UsedOnce, ledger.SignalSeen, ledger.Erased, ledger.Joined, ledger.IdentityVerified,
		consent.Suppressed, consent.ObjectionsRecalled, consent.ChoicesMerged:
		return true
	}
	return false
}

// recallFrom takes over what somebody who is there has stopped.
func (d *Desk) recallFrom(tx *store.Tx, imp, subject avow.ID) error {
	ids, err := d.vault.Identities(tx, subject)
	if avow.KindOf(err) == avow.NotFound {
		return nil // of this or another import, or erased meanwhile
	}
	if err != nil {
		return err
	}
	for _, id := range ids {
		address, err := d.consent.Address(id)
		if err != nil {
			return err
		}
		if err := d.recallAt(tx, imp, address, subject, id); err != nil {
			return err
		}
	}
	return nil
}

// recallRemembered takes over what is remembered of people who are not there, or no more.
func (d *Desk) recallRemembered(tx *store.Tx, x *record) error {
	addresses, err := d.consent.StoppedSince(tx, x.Started)
	if err != nil {
		return err
	}
	for _, address := range addresses {
		if err := d.recallAt(tx, x.id, address, avow.ID{}); err != nil {
			return err
		}
	}
	return nil
}

// recallAt has those of an import whom an address finds take over what its holder
// stopped. The identities are the address's, or those of each.
func (d *Desk) recallAt(tx *store.Tx, imp avow.ID, address []byte, but avow.ID, ids ...vault.Identity) error {
	members, err := store.Collect(tx, scanID, `SELECT subject FROM intake_addresses WHERE import = ? AND address = ?`, imp, address)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m == but {
			continue
		}
		err := d.recallOne(tx, m, ids)
		if err != nil && avow.KindOf(err) != avow.NotFound { // not found: erased since the flip
			return err
		}
	}
	return nil
}

func (d *Desk) recallOne(tx *store.Tx, subject avow.ID, ids []vault.Identity) error {
	h, err := d.consent.In(tx, subject)
	if err == nil && len(ids) == 0 {
		ids, err = d.vault.StagedIdentities(tx, subject)
	}
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := h.Recall(id); err != nil {
			return err
		}
	}
	return h.Done()
}
