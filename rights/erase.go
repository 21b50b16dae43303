package rights

import (
	"context"
	"encoding/json"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// Erasure is what an erasure came to. It holds names and counts, no value.
type Erasure struct {
	Event      avow.ID  // the record of it, which stays
	Values     int      // erased
	Fields     []string // of the erased values: `contact.email`
	Identities int      // removed; 0 when something must be kept
	Kept       []Kept   // what stays, and why
	Suppressed bool     // a keyed hash remembers that they said stop (gdpr:21(3))
	// Complete: nothing is left, and nothing opens what was there.
	Complete bool
}

// Erase erases whoever has the session (gdpr:17(1)). First what was said and what is held goes, in
// one transaction with the event, the sessions and links, and a last letter to the address; then, last,
// the keys and identities. What must be kept stays, for its purposes
// only, and with it who it is about, so that the person can come again and see it; the result
// lists it. Once it has begun it is finished even when this call
// is cut short. An Unavailable error after the beginning says that the rest is being done.
// The same session asking again within half an hour gets the same result.
func (d *Desk) Erase(ctx context.Context, session string) (Erasure, error) {
	var done Erasure
	err := d.DB.Write(ctx, func(tx *store.Tx) (err error) {
		done, err = d.erase(tx, session)
		return err
	})
	if err != nil {
		return Erasure{}, err
	}
	if err := d.finish(context.WithoutCancel(ctx), hashOf(session)); err != nil {
		return done, avow.Errorf(avow.Unavailable, "your data is gone; the last step, cleaning up after it, is being repeated: %w", err)
	}
	done.Complete = len(done.Kept) == 0
	return done, nil
}

// erase is the transaction. Two of one session, or of one person, wait for each other.
func (d *Desk) erase(tx *store.Tx, session string) (Erasure, error) {
	if err := tx.Lock("rights session", hashOf(session)); err != nil {
		return Erasure{}, err
	}
	subject, err := d.who(tx, session)
	if avow.KindOf(err) == avow.Unauthorized {
		return before(tx, hashOf(session), err)
	}
	if err != nil {
		return Erasure{}, err
	}
	if err := tx.Lock("rights subject", subject[:]); err != nil {
		return Erasure{}, err
	}
	if subject, err = d.act(tx, session); err != nil { // another session of theirs may have erased them meanwhile
		return Erasure{}, err
	}
	who, err := d.Vault.Subject(tx, subject)
	if err != nil {
		return Erasure{}, err
	}
	return d.eraseWho(tx, session, who, d.lastLetter)
}

// before is what the same session did already.
func before(tx *store.Tx, hash []byte, otherwise error) (done Erasure, err error) {
	var came string
	err = tx.QueryRow(`SELECT came FROM rights_erasures WHERE session = ? AND begun > ?`, hash, tx.Now().Add(-sessionLife)).Scan(&came)
	if avow.KindOf(err) == avow.NotFound {
		return done, otherwise
	}
	if err == nil {
		err = json.Unmarshal([]byte(came), &done)
	}
	return done, err
}

// eraseWho erases somebody; letter, when there is one, tells them.
func (d *Desk) eraseWho(tx *store.Tx, session string, who vault.Subject, letter func(*store.Tx, []vault.Identity, Erasure) error) (done Erasure, err error) {
	if err := d.Vault.Hold(tx, who.ID); err != nil {
		return done, err
	}
	values, err := d.Vault.Holdings(tx, who.ID)
	if err != nil {
		return done, err
	}
	identities, err := d.Vault.Identities(tx, who.ID)
	if err != nil {
		return done, err
	}
	family, err := d.Vault.Family(tx, who.ID)
	if err != nil {
		return done, err
	}
	var stay map[avow.ID][]string
	w := d.words(who.Kind)
	done.Kept, stay = w.mustKeep(values, tx.Now())
	if d.Held != nil {
		stops, err := d.Held(tx, who.ID)
		if err != nil {
			return done, err
		}
		done.Kept = w.hold(values, stops, done.Kept, stay)
	}
	done.Fields = []string{}
	for _, v := range values {
		if _, stays := stay[v.ID]; !stays {
			done.Fields = with(done.Fields, v.Category+"."+v.Field)
		}
	}
	if done.Values, err = d.Vault.KeepOnly(tx, who.ID, stay); err != nil {
		return done, err
	}
	if len(done.Kept) == 0 {
		done.Identities = len(identities)
	}
	if err := d.letGo(tx, family, &done); err != nil {
		return done, err
	}
	if letter != nil {
		if err := letter(tx, identities, done); err != nil {
			return done, err
		}
	}
	if len(done.Kept) == 0 {
		err = d.Vault.Leave(tx, who.ID)
	} else {
		err = d.Vault.SetEmployer(tx, who.ID, "") // no law keeps it
	}
	if err != nil {
		return done, err
	}
	return done, end(tx, session, family, done)
}

// letGo ends what the person has said, and writes the event that stays readable when
// they are gone: names and counts, and the ids whose keys go, by which an audit knows why
// what was sealed under them does not open. What they stopped stays stopped.
func (d *Desk) letGo(tx *store.Tx, family []avow.ID, done *Erasure) (err error) {
	subject, gone := family[0], []avow.ID{}
	if len(done.Kept) == 0 {
		gone = family
		if done.Suppressed, err = d.Register.Forget(tx, subject); err != nil {
			return err
		}
	}
	receipt, err := d.record(tx, ledger.Event{Type: ledger.Erased, Subject: subject, Ours: true},
		note{Fields: done.Fields, Values: done.Values, Identities: done.Identities, Kept: done.Kept, Suppressed: done.Suppressed, Way: theDesk, Erasure: ledger.Erasure{Family: gone}})
	if err != nil {
		return err
	}
	done.Event = receipt.ID
	if len(done.Kept) == 0 {
		return nil
	}
	return d.Register.Lapse(tx, subject, receipt)
}

// end ends every session of the person, and remembers what is still to be done and
// what it came to.
func end(tx *store.Tx, session string, family []avow.ID, done Erasure) error {
	for _, id := range family {
		if _, err := tx.Exec(`DELETE FROM rights_sessions WHERE subject = ?`, id); err != nil {
			return err
		}
	}
	came, err := json.Marshal(done)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO rights_erasures (session, subject, shred, begun, came) VALUES (?, ?, ?, ?, ?)`,
		hashOf(session), family[0], len(done.Kept) == 0, tx.Now(), string(came))
	return err
}

// finish does what comes after the transaction: the keys, the rows they sealed, the
// journal. Doing it again is safe.
func (d *Desk) finish(ctx context.Context, hash []byte) error {
	var subject avow.ID
	var shred bool
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT subject, shred FROM rights_erasures WHERE session = ?`, hash).Scan(store.IntoID(&subject), &shred)
	})
	if err != nil || subject.IsZero() {
		return err
	}
	if shred {
		if err := d.Vault.Shred(ctx, subject); err != nil && avow.KindOf(err) != avow.NotFound {
			return err
		}
	}
	if err := d.DB.Scrub(ctx); err != nil {
		return err
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE rights_erasures SET subject = NULL WHERE session = ?`, hash)
		return err
	})
}

// Resume finishes erasures that were cut short, here or by another node that died,
// and lets go of what was remembered of those that are long finished.
func (d *Desk) Resume(ctx context.Context) error {
	var left [][]byte
	var old bool
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		left, err = store.Collect(tx, func(r *store.Rows) (hash []byte, err error) { return hash, r.Scan(&hash) },
			`SELECT session FROM rights_erasures WHERE subject IS NOT NULL ORDER BY begun`)
		if err != nil {
			return err
		}
		return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM rights_erasures WHERE subject IS NULL AND begun < ?)`, tx.Now().Add(-sessionLife)).Scan(&old)
	})
	if err != nil {
		return err
	}
	for _, hash := range left {
		if err := d.finish(ctx, hash); err != nil {
			return err
		}
	}
	if !old {
		return nil
	}
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM rights_erasures WHERE subject IS NULL AND begun < ?`, tx.Now().Add(-sessionLife))
		return err
	})
}
