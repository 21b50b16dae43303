package vault

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

const (
	maxIdentities = 20  // of one person
	maxPeople     = 500 // settled or discarded in one transaction
)

// Person is somebody in an import.
type Person struct {
	Kind avow.SubjectKind
	// Identities find the person; Verified tells that the source proved one. Where it
	// proved none, only the holder of the first will be this person: a list that names
	// my address beside your telephone must not open to you what it says of me.
	Identities []Identity
	Values     []Value // their Subject is filled in
}

// Stage takes a person into an import, without values: see StageAll.
func (v *Vault) Stage(tx *store.Tx, imp avow.ID, ids []Identity, kind avow.SubjectKind) (avow.ID, error) {
	subjects, err := v.StageAll(tx, imp, []Person{{Kind: kind, Identities: ids}})
	if err != nil {
		return avow.ID{}, err
	}
	return subjects[0], nil
}

// StageAll takes people into an import and returns their ids in the same order. Each
// is a new subject: nobody is joined, in the import or out of it. Until Flip nothing
// finds them; Put and Values work on them for whoever has the id. An import begins
// with its first people, and takes no more once it was flipped or discarded: Refused.
// A person without an identity, or with one that cannot be one, is Invalid, and
// nobody of the call is taken. Some hundred people a call are quickest.
func (v *Vault) StageAll(tx *store.Tx, imp avow.ID, people []Person) ([]avow.ID, error) {
	if err := openImport(tx, imp); err != nil {
		return nil, err
	}
	in := intake{v: v, tx: tx, imp: imp,
		people: rows{table: "vault_imported", columns: "id, import, kind, made"},
		beside: rows{table: "vault_beside", columns: "subject, kind, index_version, blind, standing, sealed, at, import"},
		values: rows{table: "vault_values", columns: valueColumns},
	}
	subjects := make([]avow.ID, len(people))
	for i, p := range people {
		var err error
		if subjects[i], err = in.take(p); err != nil {
			return nil, err
		}
	}
	for _, r := range []*rows{&in.people, &in.beside, &in.values} {
		if err := r.insert(tx); err != nil {
			return nil, err
		}
	}
	return subjects, nil
}

// openImport begins an import, or goes on with one. Those who stage, flip or discard one wait for each other.
func openImport(tx *store.Tx, imp avow.ID) error {
	if imp.IsZero() {
		return avow.Errorf(avow.Invalid, "an import needs an id")
	}
	if err := tx.Lock("vault import", imp[:]); err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO vault_imports (id, begun) VALUES (?, ?) ON CONFLICT DO NOTHING", imp, tx.Now()); err != nil {
		return err
	}
	var open bool
	err := tx.QueryRow("SELECT flipped IS NULL AND discarded IS NULL FROM vault_imports WHERE id = ?", imp).Scan(&open)
	if err == nil && !open {
		err = avow.Errorf(avow.Refused, "this import is closed; begin another")
	}
	return err
}

// intake gathers the rows of people on their way in.
type intake struct {
	v                      *Vault
	tx                     *store.Tx
	imp                    avow.ID
	people, beside, values rows
}

func (in *intake) take(p Person) (avow.ID, error) {
	held, err := in.v.standings(p.Identities)
	if err != nil {
		return avow.ID{}, err
	}
	subject := avow.NewID(in.tx.Now())
	k, err := in.v.makeKey(in.tx, subject)
	if err != nil {
		return subject, err
	}
	in.people.add(subject, in.imp, p.Kind.String(), in.tx.Now())
	for _, h := range held {
		sealed, err := in.v.seal(k, identityContext(subject, h.kind, h.blind), []byte(h.written))
		if err != nil {
			return subject, err
		}
		in.beside.add(subject, h.kind, indexVersion, h.blind, string(h.standing), sealed, in.tx.Now(), in.imp)
	}
	return subject, in.keep(k, subject, p.Values, held[0].standing != verified)
}

// keep seals the values of somebody new. Equal ones are one value.
func (in *intake) keep(k *dataKey, subject avow.ID, values []Value, claimed bool) error {
	seen := map[string]bool{}
	for _, value := range values {
		if err := checkValue(value); err != nil {
			return err
		}
		same := k.sameValue(value)
		if seen[string(same)] {
			continue
		}
		seen[string(same)] = true
		value.ID, value.Subject, value.Claimed = avow.NewID(in.tx.Now()), subject, claimed
		if value.At.IsZero() {
			value.At = in.tx.Now()
		}
		sealed, err := in.v.seal(k, valueContext(value), []byte(value.Data))
		if err != nil {
			return err
		}
		in.values.add(valueRow(value, same, sealed)...)
	}
	return nil
}

// standings brings a new person's identities into order: those that open come first.
func (v *Vault) standings(ids []Identity) ([]identityRow, error) {
	if len(ids) == 0 || len(ids) > maxIdentities {
		return nil, avow.Errorf(avow.Invalid, "a person needs something to be found by, and at most %d such", maxIdentities)
	}
	var proved, other []identityRow
	for _, id := range ids {
		n, err := id.normal()
		if err != nil {
			return nil, err
		}
		h := identityRow{normal: n, blind: v.blind(n), standing: added}
		if id.Verified {
			h.standing = verified
			proved = append(proved, h)
		} else {
			other = append(other, h)
		}
	}
	all := append(proved, other...)
	if len(proved) == 0 {
		all[0].standing = leading
	}
	return distinct(all), nil
}

func distinct(list []identityRow) (out []identityRow) {
	seen := map[string]bool{}
	for _, h := range list {
		key := string(h.matched())
		if !seen[key] {
			out = append(out, h)
		}
		seen[key] = true
	}
	return out
}

// Flip makes all people of an import be there at once. It is one short statement,
// whatever the size; Find may then give several subjects for one identity until
// Settle has been through. Flipping again is nothing. NotFound when nothing was
// staged, Refused when it was discarded.
func (v *Vault) Flip(tx *store.Tx, imp avow.ID) error {
	if err := tx.Lock("vault import", imp[:]); err != nil {
		return err
	}
	var discarded bool
	err := tx.QueryRow("SELECT discarded IS NOT NULL FROM vault_imports WHERE id = ?", imp).Scan(&discarded)
	if err != nil {
		return err
	}
	if discarded {
		return avow.Errorf(avow.Refused, "this import was discarded; begin another")
	}
	_, err = tx.Exec("UPDATE vault_imports SET flipped = ? WHERE id = ? AND flipped IS NULL", tx.Now(), imp)
	return err
}

// Staged gives somebody of an import that was not flipped, by the id that Stage returned.
func (v *Vault) Staged(tx *store.Tx, id avow.ID) (Subject, error) { return imported(tx, id, false) }

func imported(tx *store.Tx, id avow.ID, flipped bool) (s Subject, err error) {
	s.ID = id
	var kind string
	err = tx.QueryRow(`SELECT p.kind, p.made, EXISTS (SELECT 1 FROM vault_beside b WHERE b.subject = p.id AND b.standing = 'verified')
		FROM vault_imported p JOIN vault_imports i ON i.id = p.import WHERE p.id = ? AND (i.flipped IS NOT NULL) = ?`, id, flipped).
		Scan(&kind, store.IntoTime(&s.Made), &s.Verified)
	if err != nil {
		return s, err
	}
	s.Kind, err = avow.ParseSubjectKind(kind)
	return s, err
}

// Discard destroys an import that was not flipped, up to limit people a call (at most
// 500): their keys first, so that no backup opens what it holds of them. Call it until
// more is false; a call that was cut short is made good by the next. The import
// takes nobody any more from the first call on. Refused when it was flipped.
func (v *Vault) Discard(ctx context.Context, imp avow.ID, limit int) (more bool, err error) {
	people, err := v.discarding(ctx, imp, bounded(limit))
	if err != nil {
		return false, err
	}
	if len(people) == 0 {
		return false, v.db.Scrub(ctx)
	}
	if err := v.deleteKeys(ctx, people); err != nil {
		return false, err
	}
	return true, v.db.Write(ctx, func(tx *store.Tx) error { return clearRows(tx, people) })
}

func bounded(limit int) int { return max(1, min(limit, maxPeople)) }

// discarding closes an import for good and gives some of its people.
func (v *Vault) discarding(ctx context.Context, imp avow.ID, limit int) (people []avow.ID, err error) {
	err = v.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Lock("vault import", imp[:]); err != nil {
			return err
		}
		var flipped bool
		if err := tx.QueryRow("SELECT flipped IS NOT NULL FROM vault_imports WHERE id = ?", imp).Scan(&flipped); err != nil {
			return err
		}
		if flipped {
			return avow.Errorf(avow.Refused, "this import is in force; its people can be erased one by one")
		}
		if _, err := tx.Exec("UPDATE vault_imports SET discarded = ? WHERE id = ? AND discarded IS NULL", tx.Now(), imp); err != nil {
			return err
		}
		people, err = store.Collect(tx, scanID, "SELECT id FROM vault_imported WHERE import = ? ORDER BY id LIMIT ?", imp, limit)
		return err
	})
	return people, err
}

// deleteKeys ends keys of people who never were there: no tombstone is kept of them.
func (v *Vault) deleteKeys(ctx context.Context, people []avow.ID) error {
	err := v.keys.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec("DELETE FROM vault_keys WHERE subject IN ("+store.Marks(len(people))+")", list(people)...)
		if err != nil {
			return err
		}
		return countEnds(tx)
	})
	if err != nil {
		return err
	}
	v.cache.drop(people...)
	return v.keys.Scrub(ctx)
}
