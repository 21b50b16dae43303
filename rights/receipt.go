package rights

import (
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// theReceipt names the request in an event's body.
const theReceipt = "receipt"

// Receipt gives the receipt of one event of whoever has the session. That it was
// handed over is an event, in the same transaction. NotFound when the event is not
// theirs, is not there, or can be opened no more: the three are told apart for nobody.
func (d *Desk) Receipt(ctx context.Context, session string, event avow.ID) (receipt *ledger.Receipt, err error) {
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		subject, err := d.act(tx, session)
		if err != nil {
			return err
		}
		if receipt, err = d.receiptOf(tx, subject, event); err != nil {
			return err
		}
		_, err = d.record(tx, ledger.Event{Type: ledger.CopyHandedOver, Subject: subject}, note{Request: theReceipt, Events: 1})
		return err
	})
	if err != nil {
		return nil, err
	}
	return receipt, nil
}

func (d *Desk) receiptOf(tx *store.Tx, subject, event avow.ID) (*ledger.Receipt, error) {
	none := avow.Errorf(avow.NotFound, "there is no such receipt of yours; what is older than its time can be opened no more")
	entry, err := d.Ledger.ByID(tx, event)
	if avow.KindOf(err) == avow.NotFound {
		return nil, none
	}
	if err != nil {
		return nil, err
	}
	family, err := d.Vault.Family(tx, subject)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(family, entry.Subject) {
		return nil, none
	}
	receipt, err := d.Ledger.Receipt(tx, entry)
	if avow.KindOf(err) == avow.NotFound {
		return nil, none
	}
	return receipt, err
}
