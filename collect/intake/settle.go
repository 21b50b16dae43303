package intake

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// settlePeople is how many are brought together in one transaction.
const settlePeople = 200

// Settle brings an import's people together with those who were there already, by the
// rules of vault.Claim and vault.Verify: objections add up, and a no that was said here
// stands. It can be stopped, and called again; of an import that is settled it does nothing.
func (d *Desk) Settle(ctx context.Context, id avow.ID) error {
	if err := d.recallAll(ctx, id); err != nil {
		return err
	}
	for more := true; more; {
		var err error
		if more, err = d.vault.Settle(ctx, id, settlePeople, d.join(id)); err != nil {
			return err
		}
	}
	// Those who verified an address while it was settled were settled by that.
	if err := d.recallAll(ctx, id); err != nil {
		return err
	}
	if err := d.forgetWho(ctx, id); err != nil {
		return err
	}
	err := d.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE intake_imports SET state = ?, ended = ? WHERE id = ? AND state = ?`, string(Settled), tx.Now(), id, string(Flipped))
		return err
	})
	if err != nil {
		return err
	}
	_, err = d.consent.Load(ctx) // the gates of this node; those of others ask for each when they first meet them
	return err
}

// SettleAll settles every import that waits for it: after a crash, and as a schedule.
func (d *Desk) SettleAll(ctx context.Context) error {
	var waiting []avow.ID
	err := d.db.Read(ctx, func(tx *store.Tx) (err error) {
		waiting, err = store.Collect(tx, scanID, `SELECT id FROM intake_imports WHERE state = ? ORDER BY flipped`, string(Flipped))
		return err
	})
	for _, id := range waiting {
		if err == nil {
			err = d.Settle(ctx, id)
		}
	}
	return err
}

// join is what this house does when somebody of an import turns out to be somebody who was there.
func (d *Desk) join(imp avow.ID) func(tx *store.Tx, into avow.ID, absorbed []avow.ID) error {
	return func(tx *store.Tx, into avow.ID, absorbed []avow.ID) error {
		if err := d.consent.Join(tx, into, absorbed); err != nil {
			return err
		}
		if err := d.keepIndividual(tx, imp, into, absorbed); err != nil {
			return err
		}
		h, err := d.consent.In(tx, into)
		if err != nil {
			return err
		}
		if _, err := h.Append(ledger.Event{Type: ledger.Joined, Body: bodyOf(map[string]any{"import": imp, "joined": absorbed})}); err != nil {
			return err
		}
		return h.Done()
	}
}

// keepIndividual: of two kinds the more protected stays. A file does not make an
// individual a business.
func (d *Desk) keepIndividual(tx *store.Tx, imp, into avow.ID, absorbed []avow.ID) error {
	for _, s := range append(absorbed[:len(absorbed):len(absorbed)], into) {
		kinds, err := store.Collect(tx, func(r *store.Rows) (kind string, err error) { return kind, r.Scan(&kind) },
			`SELECT kind FROM intake_people WHERE import = ? AND subject = ?`, imp, s)
		if err != nil {
			return err
		}
		if len(kinds) > 0 && kinds[0] == avow.Individual.String() {
			return d.vault.SetKind(tx, into, avow.Individual)
		}
	}
	return nil
}

// forgetWho lets go of who came by an import, and of the hashes of their addresses.
func (d *Desk) forgetWho(ctx context.Context, id avow.ID) error {
	for _, statement := range []string{
		`DELETE FROM intake_people WHERE import = ? AND subject IN (SELECT subject FROM intake_people WHERE import = ? LIMIT 5000)`,
		`DELETE FROM intake_addresses WHERE import = ? AND address IN (SELECT address FROM intake_addresses WHERE import = ? LIMIT 5000)`,
	} {
		for n := int64(1); n > 0; {
			err := d.db.Write(ctx, func(tx *store.Tx) (err error) {
				n, err = tx.Exec(statement, id, id)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
