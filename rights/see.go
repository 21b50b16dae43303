package rights

import (
	"context"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

const (
	lookEvery = time.Minute // looks of one session that are closer together are one event
	shown     = 500         // events of the history that See gives; the copy has all
)

// See gives everything held of whoever has the session, with the newest events of
// their history and without receipts, which are in the copy. The look is an event,
// recorded before anything is shown; looks of one session within a minute are one.
func (d *Desk) See(ctx context.Context, session string) (Record, error) {
	var subject avow.ID
	err := d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		if subject, err = d.act(tx, session); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE rights_sessions SET looked = ? WHERE hash = ? AND (looked IS NULL OR looked <= ?)`,
			tx.Now(), hashOf(session), tx.Now().Add(-lookEvery))
		if err != nil || n == 0 {
			return err
		}
		_, err = d.record(tx, ledger.Event{Type: ledger.RequestAnswered, Subject: subject}, note{Request: "see"})
		return err
	})
	if err != nil {
		return Record{}, err
	}
	return d.read(ctx, subject, shown)
}

// read gathers the record from one snapshot; a limit of 0 is the whole history, with receipts.
func (d *Desk) read(ctx context.Context, subject avow.ID, limit int) (rec Record, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		rec, err = d.readIn(tx, subject, limit)
		return err
	})
	if err == nil && d.Choices != nil {
		rec.Choices, err = d.Choices(ctx, rec.Subject)
	}
	if avow.KindOf(err) == avow.NotFound { // erased since
		err = avow.Errorf(avow.Unauthorized, "your visit has ended; ask for a new link")
	}
	return rec, err
}

func (d *Desk) readIn(tx *store.Tx, subject avow.ID, limit int) (Record, error) {
	who, err := d.Vault.Subject(tx, subject)
	if err != nil {
		return Record{}, err
	}
	rec := Record{Format: Format, Subject: who.ID, At: tx.Now(), Kind: who.Kind, Acts: who.Kind.String(), Since: who.Made,
		Identities: []Identity{}, Categories: []Category{}, Choices: []Choice{}, Notices: []Notice{}, History: []Happening{}, Receipts: []*ledger.Receipt{}}
	identities, err := d.Vault.Identities(tx, who.ID)
	if err != nil {
		return rec, err
	}
	for _, id := range identities {
		rec.Identities = append(rec.Identities, Identity{id.Kind, id.Value, id.Verified})
	}
	if rec.Employer, err = d.Vault.Employer(tx, who.ID); err != nil {
		return rec, err
	}
	values, err := d.Vault.Values(tx, who.ID)
	if err != nil {
		return rec, err
	}
	w := d.words(who.Kind)
	for _, v := range values {
		rec.add(w, v)
	}
	rec.MustKeep, _ = w.mustKeep(values, tx.Now())
	return rec, d.history(tx, w, &rec, limit)
}

func with(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
