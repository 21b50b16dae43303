package intake

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// flipped is the body of the event that makes an import true, and of the one that ends it.
type flipped struct {
	Import   avow.ID      `json:"import"`
	File     string       `json:"fileSHA256"`
	Source   string       `json:"source,omitempty"`
	Lines    int          `json:"lines"`
	Accepted int          `json:"accepted"`
	People   int          `json:"people"`
	Errors   int          `json:"errors"`
	Codes    map[Code]int `json:"codes,omitempty"`
	By       string       `json:"by,omitempty"`
}

func (x *record) event(what ledger.Type, by string) ledger.Event {
	return ledger.Event{Type: what, Policy: x.Policy, Version: x.Version, Ours: true, Body: bodyOf(flipped{Import: x.id, File: hexOf(x.hash),
		Source: x.Source, Lines: x.Lines, Accepted: x.Accepted, People: x.People, Errors: x.Errors, Codes: x.Codes, By: by})}
}

// Flip makes everything of a staged import true in one short transaction. What people
// have stopped while it was being staged holds for it too. Settle is called next. An
// import that is flipped already is no error.
//
// Errors: NotFound; Refused when the file was not staged to its end, was discarded, or
// has more lines with errors than were allowed.
func (d *Desk) Flip(ctx context.Context, id avow.ID, by string) (*Report, error) {
	for more := true; more; {
		var err error
		if more, err = d.flip(ctx, id, by); err != nil {
			return nil, err
		}
	}
	// What was being stopped in the moment of the flip was not yet to be seen in it.
	if err := d.recallAll(ctx, id); err != nil {
		return nil, err
	}
	return d.Report(ctx, id)
}

// flip flips, or looks at some of what happened since the staging began; more tells that there was more of it.
func (d *Desk) flip(ctx context.Context, id avow.ID, by string) (more bool, err error) {
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		more = false
		if err := tx.Lock("intake", id[:]); err != nil {
			return err
		}
		x, err := find(tx, id)
		if err != nil {
			return err
		}
		if x.State == Flipped || x.State == Settled {
			return nil
		}
		if err := x.mayFlip(); err != nil {
			return err
		}
		if more, err = d.recall(tx, &x); err != nil || more {
			return err
		}
		if err := d.vault.Flip(tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE intake_imports SET state = ?, flipped = ? WHERE id = ?`, string(Flipped), tx.Now(), id); err != nil {
			return err
		}
		_, err = d.ledger.Append(tx, x.event(ledger.ImportFlipped, by))
		return err
	})
	return more, err
}

func (x *record) mayFlip() error {
	switch x.State {
	case Staged:
		return x.report().refusal()
	case Staging:
		return avow.Errorf(avow.Refused, "this file was not staged to its end; stage it again, and it goes on where it stopped")
	}
	return avow.Errorf(avow.Refused, "this import was discarded; import the file anew")
}
