package vault

import (
	"bytes"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// joinTries bounds how often somebody is looked for who is being joined with another meanwhile.
const joinTries = 8

var errJoining = avow.Errorf(avow.Unavailable, "these people are being joined elsewhere; nothing was changed, try again")

// lockSubjects makes those who join, shred or change identities of a subject wait for each
// other, on all nodes. Locks of identities come before.
func lockSubjects(tx *store.Tx, ids ...avow.ID) error {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, compareIDs)
	for _, id := range slices.Compact(ids) {
		if err := tx.Lock("vault subject", id[:]); err != nil {
			return err
		}
	}
	return nil
}

func compareIDs(a, b avow.ID) int { return bytes.Compare(a[:], b[:]) }

// joined makes other an alias of into. Both are locked and there. What other has
// verified, into has verified; what it had claimed beside finds into from now on; what
// into has already is dropped. Values stay sealed under their own subject's key.
func (v *Vault) joined(tx *store.Tx, into, other avow.ID) error {
	mine, err := identityRows(tx, into)
	if err != nil {
		return err
	}
	theirs, err := identityRows(tx, other)
	if err != nil {
		return err
	}
	for _, statement := range []string{"DELETE FROM vault_beside WHERE subject = ?", "DELETE FROM vault_identities WHERE NOT verified AND subject = ?"} {
		if _, err := tx.Exec(statement, other); err != nil {
			return err
		}
	}
	for _, h := range theirs {
		i := slices.IndexFunc(mine, h.alike)
		switch {
		case h.standing == verified:
			err = v.moveVerified(tx, into, other, h)
		case i < 0:
			err = v.addBeside(tx, into, other, h)
		}
		if err != nil {
			return err
		}
	}
	return alias(tx, into, other)
}

func (h identityRow) alike(other identityRow) bool {
	return h.kind == other.kind && bytes.Equal(h.blind, other.blind)
}

// reseal seals an identity of one subject for another.
func (v *Vault) reseal(tx *store.Tx, into, from avow.ID, h identityRow) ([]byte, error) {
	text, err := v.openIdentity(tx, from, h)
	if err != nil {
		return nil, err
	}
	return v.Seal(tx, into, identityContext(into, h.kind, h.blind), []byte(text))
}

func (v *Vault) moveVerified(tx *store.Tx, into, from avow.ID, h identityRow) error {
	sealed, err := v.reseal(tx, into, from, h)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE vault_identities SET subject = ?, sealed = ? WHERE kind = ? AND index_version = ? AND blind = ? AND verified = ?`,
		into, sealed, h.kind, indexVersion, h.blind, true)
	if err != nil {
		return err
	}
	return dropBeside(tx, into, h)
}

func (v *Vault) addBeside(tx *store.Tx, into, from avow.ID, h identityRow) error {
	sealed, err := v.reseal(tx, into, from, h)
	if err != nil {
		return err
	}
	h.sealed, h.standing = sealed, added
	return insertBeside(tx, into, h)
}

func dropBeside(tx *store.Tx, subject avow.ID, h identityRow) error {
	_, err := tx.Exec("DELETE FROM vault_beside WHERE subject = ? AND kind = ? AND index_version = ? AND blind = ?",
		subject, h.kind, indexVersion, h.blind)
	return err
}

func alias(tx *store.Tx, into, other avow.ID) error {
	for _, step := range []struct {
		query string
		args  []any
	}{
		{"UPDATE vault_aliases SET subject = ? WHERE subject = ?", []any{into, other}},
		{"INSERT INTO vault_aliases (old, subject, at) VALUES (?, ?, ?)", []any{other, into, tx.Now()}},
		{"DELETE FROM vault_subjects WHERE id = ?", []any{other}},
	} {
		if _, err := tx.Exec(step.query, step.args...); err != nil {
			return err
		}
	}
	return nil
}

func makeSubject(tx *store.Tx, s Subject) error {
	_, err := tx.Exec("INSERT INTO vault_subjects (id, kind, made) VALUES (?, ?, ?)", s.ID, s.Kind.String(), s.Made)
	return err
}
