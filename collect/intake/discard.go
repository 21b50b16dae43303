package intake

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Discard destroys an import that was not flipped: what was staged was never there, and
// its keys are destroyed. It can be stopped, and called again. The report stays.
// Refused when the import is in force: its people can be erased one by one.
func (d *Desk) Discard(ctx context.Context, id avow.ID, by string) error {
	x, err := d.discarding(ctx, id)
	if err != nil || x.State == Discarded {
		return err
	}
	for more := true; more; {
		if more, err = d.discardSome(ctx, id); err != nil {
			return err
		}
	}
	for more := true; more; {
		more, err = d.vault.Discard(ctx, id, chunkPeople)
		if avow.KindOf(err) == avow.NotFound {
			break // nobody was staged yet
		}
		if err != nil {
			return err
		}
	}
	if err := d.forgetWho(ctx, id); err != nil {
		return err
	}
	return d.db.Write(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE intake_imports SET state = ?, ended = ? WHERE id = ? AND state = ?`, string(Discarded), tx.Now(), id, string(Discarding))
		if err != nil || n == 0 {
			return err
		}
		_, err = d.ledger.Append(tx, x.event(ledger.ImportDiscarded, by))
		return err
	})
}

func (d *Desk) discarding(ctx context.Context, id avow.ID) (x record, err error) {
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Lock("intake", id[:]); err != nil {
			return err
		}
		if x, err = find(tx, id); err != nil {
			return err
		}
		if x.State == Flipped || x.State == Settled {
			return avow.Errorf(avow.Refused, "this import is in force; its people can be erased one by one")
		}
		if x.State == Discarded {
			return nil
		}
		_, err := tx.Exec(`UPDATE intake_imports SET state = ? WHERE id = ?`, string(Discarding), id)
		return err
	})
	return x, err
}

// discarded is the body of an Erased event about people of an import who never were
// there: an audit knows by it why what was recorded of them can no more be opened.
type discarded struct {
	Import avow.ID `json:"import"`
	ledger.Erasure
}

// discardSome lets go of what is kept of some people beside the vault, and records that their keys go.
func (d *Desk) discardSome(ctx context.Context, id avow.ID) (more bool, err error) {
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		people, err := store.Collect(tx, scanID, `SELECT subject FROM intake_people WHERE import = ? ORDER BY subject LIMIT ?`, id, chunkPeople)
		more = len(people) > 0
		if err != nil || !more {
			return err
		}
		if err := d.consent.Discard(tx, people); err != nil {
			return err
		}
		_, err = d.ledger.Append(tx, ledger.Event{Type: ledger.Erased, Ours: true, Body: bodyOf(discarded{id, ledger.Erasure{Family: people}})})
		if err != nil {
			return err
		}
		args := []any{id}
		for _, p := range people {
			args = append(args, p)
		}
		for _, table := range []string{"intake_duties", "intake_people"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE import = ? AND subject IN (`+store.Marks(len(people))+`)`, args...); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}
