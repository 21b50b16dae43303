package intake

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
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

func scanID(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) }

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
