package consent

import (
	"context"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// carried is how many people are put into events in one transaction.
const carried = 100

// Accept puts into events what stands in the table of what people have said and no event
// says, on the word of whoever calls: after an upgrade during which an older program
// went on writing, or when an edit by hand is to stand. The events say that it was
// found so; what they said before stays in the log.
func (r *Register) Accept(ctx context.Context) error {
	err := r.db.Write(ctx, func(tx *store.Tx) error {
		if err := r.saved.Flush(tx); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO consent_uncarried (subject) SELECT DISTINCT subject FROM consent_choices WHERE TRUE ON CONFLICT DO NOTHING`)
		return err
	})
	if err != nil {
		return err
	}
	return r.carry(ctx)
}

// carry puts into events what an older program kept without one: once for each person
// and address that was there when the tables were brought up to date. What the events say already is left alone.
func (r *Register) carry(ctx context.Context) error {
	var left bool
	err := r.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM consent_uncarried) OR EXISTS (SELECT 1 FROM consent_suppressed_uncarried)`).Scan(&left)
	})
	for err == nil && left {
		err = r.db.Write(ctx, func(tx *store.Tx) error {
			people, err := store.Collect(tx, scanID, `SELECT subject FROM consent_uncarried ORDER BY subject LIMIT ?`, carried)
			if err != nil {
				return err
			}
			for _, id := range people {
				if err := r.carryOne(tx, id); err != nil {
					return err
				}
			}
			addresses, err := store.Collect(tx, func(rows *store.Rows) (a []byte, err error) { return a, rows.Scan(&a) },
				`SELECT address FROM consent_suppressed_uncarried ORDER BY address LIMIT ?`, carried)
			if err != nil {
				return err
			}
			for _, a := range addresses {
				if err := r.carryAddress(tx, a); err != nil {
					return err
				}
			}
			left = len(people)+len(addresses) > 0
			return nil
		})
	}
	return err
}

func (r *Register) carryOne(tx *store.Tx, id avow.ID) error {
	if err := tx.Lock(lockName, id[:]); err != nil {
		return err
	}
	n, err := tx.Exec(`DELETE FROM consent_uncarried WHERE subject = ?`, id)
	if err != nil || n == 0 { // another node did it
		return err
	}
	who, _, err := r.who(tx, id)
	if avow.KindOf(err) == avow.NotFound || err == nil && who.ID != id {
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := r.choices(tx, id)
	if err != nil {
		return err
	}
	entries, err := r.ledger.BySubject(tx, id)
	if err != nil {
		return err
	}
	findings, err := r.checkOne(tx, id, entries, rows)
	if err != nil || len(findings) == 0 {
		return err
	}
	_, err = r.ledger.Append(tx, ledger.Event{Type: ChoicesCarried, Subject: id, Body: body(words{Things: thingsOf(rows)})})
	return err
}

func (r *Register) carryAddress(tx *store.Tx, address []byte) error {
	n, err := tx.Exec(`DELETE FROM consent_suppressed_uncarried WHERE address = ?`, address)
	if err != nil || n == 0 {
		return err
	}
	things, err := store.Collect(tx, func(rows *store.Rows) (t thing, err error) {
		var at time.Time
		err = rows.Scan(&t.Policy, &t.Kind, &t.Name, store.IntoTime(&at))
		t.At = at
		return t, err
	}, `SELECT policy, kind, name, at FROM consent_suppressed WHERE address = ? ORDER BY policy, kind, name`, address)
	if err != nil || len(things) == 0 {
		return err
	}
	_, err = r.ledger.Append(tx, ledger.Event{Type: Suppressed, Body: body(words{Address: address, Things: things})})
	return err
}
