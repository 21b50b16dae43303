package vault

import (
	"bytes"
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Merge joins two subjects whom staff found to be one person, on evidence that
// the event of the ledger states; the vault keeps the event's id and no reason. other
// becomes an alias of into. What only other had claimed opens nothing of the two
// together. Unmerge undoes it. Refused when other has verified something and into
// has not: then it is other that stays. The caller brings together what rooms keep of
// those who were absorbed (consent: both must have given it).
func (v *Vault) Merge(tx *store.Tx, into, other, event avow.ID) (Verification, error) {
	if event.IsZero() {
		return Verification{}, avow.Errorf(avow.Invalid, "people are merged because of something; give the event that says why")
	}
	absorbed, err := v.settleFirst(tx, into, other)
	if err != nil {
		return Verification{}, err
	}
	a, b, err := v.lockPair(tx, into, other)
	if err != nil {
		return Verification{}, err
	}
	switch {
	case a.ID == b.ID:
		return Verification{a.ID, absorbed}, nil
	case b.Verified && !a.Verified:
		return Verification{}, avow.Errorf(avow.Refused, "only the other of these two has verified an address; merge into that one")
	}
	if err := v.remember(tx, a, b, event); err != nil {
		return Verification{}, err
	}
	if err := v.SetKind(tx, a.ID, together(a.Kind, b.Kind)); err != nil {
		return Verification{}, err
	}
	return Verification{a.ID, append(absorbed, b.ID)}, v.joined(tx, a.ID, b.ID)
}

// together is the kind of somebody who was thought to be two: an individual is the more protected.
func together(a, b avow.SubjectKind) avow.SubjectKind {
	if a == avow.KindUnknown || b == avow.Individual {
		return b
	}
	return a
}

// lockPair locks the identities of two subjects, then the two.
func (v *Vault) lockPair(tx *store.Tx, into, other avow.ID) (a, b Subject, err error) {
	var blinds [][]byte
	for _, id := range []avow.ID{into, other} {
		s, err := v.Subject(tx, id)
		if err != nil {
			return a, b, err
		}
		held, err := identityRows(tx, s.ID)
		if err != nil {
			return a, b, err
		}
		for _, h := range held {
			blinds = append(blinds, h.blind)
		}
	}
	slices.SortFunc(blinds, bytes.Compare)
	for _, blind := range blinds {
		if err := tx.Lock(identityLock, blind); err != nil {
			return a, b, err
		}
	}
	if a, err = v.lockSubject(tx, into); err != nil {
		return a, b, err
	}
	b, err = v.lockSubject(tx, other)
	return a, b, err
}

// remember keeps what undoing a merge needs.
func (v *Vault) remember(tx *store.Tx, into, other Subject, event avow.ID) error {
	_, err := tx.Exec("INSERT INTO vault_merges (old, subject, event, kind, made, into_kind, merged_kind, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		other.ID, into.ID, event, other.Kind.String(), other.Made, into.Kind.String(), together(into.Kind, other.Kind).String(), tx.Now())
	if err != nil {
		return err
	}
	theirs, err := identityRows(tx, other.ID)
	if err != nil {
		return err
	}
	mine, err := identityRows(tx, into.ID)
	if err != nil {
		return err
	}
	mine = slices.DeleteFunc(mine, func(h identityRow) bool { return !slices.ContainsFunc(theirs, h.alike) })
	r := rows{table: "vault_merged_identities", columns: "old, subject, kind, index_version, blind, standing, sealed"}
	for _, h := range theirs {
		r.add(other.ID, other.ID, h.kind, indexVersion, h.blind, string(h.standing), h.sealed)
	}
	for _, h := range mine {
		r.add(other.ID, into.ID, h.kind, indexVersion, h.blind, string(h.standing), h.sealed)
	}
	if err := r.insert(tx); err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO vault_merged_aliases (old, alias) SELECT subject, old FROM vault_aliases WHERE subject = ?", other.ID)
	return err
}

var errNotMerged = avow.Errorf(avow.NotFound, "staff did not merge this id into another, or it was undone already, or the person was erased")

// Split is what undoing a merge came to.
type Split struct {
	Subject avow.ID // who was merged, and is somebody again
	From    avow.ID // whom they were taken for
	Event   avow.ID // that merged them
	// Absorbed were claimed meanwhile under what Subject has claimed: they are Subject now.
	Absorbed []avow.ID
}

// Unmerge undoes a Merge, by the id that became an alias: identities, values and kind
// are with whom they were, as far as they are still there; what came after the merge
// stays with the other, addresses too that the person verified while the two were taken
// for one: look at Identities of the other before telling them. NotFound when staff did
// not merge this one, or when they were erased.
func (v *Vault) Unmerge(tx *store.Tx, old avow.ID) (Split, error) {
	out := Split{Subject: old}
	kept, err := mergedIdentities(tx, old)
	if err != nil {
		return out, err
	}
	for _, h := range kept {
		if err := tx.Lock(identityLock, h.blind); err != nil {
			return out, err
		}
	}
	survivor, err := v.lockSubject(tx, old)
	if avow.KindOf(err) == avow.NotFound {
		return out, errNotMerged
	}
	if err != nil {
		return out, err
	}
	if err := lockSubjects(tx, old); err != nil {
		return out, err
	}
	out.From = survivor.ID
	if out.Event, err = v.revive(tx, survivor, old); err != nil {
		return out, err
	}
	for _, h := range kept {
		claimed, err := v.giveBack(tx, survivor.ID, old, h)
		if err != nil {
			return out, err
		}
		if !claimed.IsZero() {
			out.Absorbed = append(out.Absorbed, claimed)
		}
	}
	return out, forgetMerge(tx, old)
}

type mergedIdentity struct {
	identityRow
	subject avow.ID
}

func mergedIdentities(tx *store.Tx, old avow.ID) ([]mergedIdentity, error) {
	return store.Collect(tx, func(r *store.Rows) (h mergedIdentity, err error) {
		var s string
		err = r.Scan(store.IntoID(&h.subject), &h.kind, &h.blind, &s, &h.sealed)
		h.standing = standing(s)
		return h, err
	}, "SELECT subject, kind, blind, standing, sealed FROM vault_merged_identities WHERE old = ? AND index_version = ? ORDER BY CASE WHEN subject = old THEN 0 ELSE 1 END, blind", old, indexVersion)
}

// revive makes an alias a subject again, with the aliases it had.
func (v *Vault) revive(tx *store.Tx, survivor Subject, old avow.ID) (event avow.ID, err error) {
	s := Subject{ID: old}
	var into avow.ID
	var kind, was, became string
	err = tx.QueryRow("SELECT subject, event, kind, made, into_kind, merged_kind FROM vault_merges WHERE old = ?", old).
		Scan(store.IntoID(&into), store.IntoID(&event), &kind, store.IntoTime(&s.Made), &was, &became)
	if avow.KindOf(err) == avow.NotFound {
		return event, errNotMerged
	}
	if err != nil {
		return event, err
	}
	if s.Kind, err = avow.ParseSubjectKind(kind); err != nil {
		return event, err
	}
	if _, err := tx.Exec("DELETE FROM vault_aliases WHERE old = ?", old); err != nil {
		return event, err
	}
	if err := makeSubject(tx, s); err != nil {
		return event, err
	}
	_, err = tx.Exec(`UPDATE vault_aliases SET subject = ? WHERE subject = ? AND old IN (SELECT alias FROM vault_merged_aliases WHERE old = ?)`,
		old, survivor.ID, old)
	if err != nil || into != survivor.ID || survivor.Kind.String() != became {
		return event, err // the other became part of somebody else, or another kind was recorded since
	}
	kindWas, err := avow.ParseSubjectKind(was)
	if err != nil {
		return event, err
	}
	return event, v.SetKind(tx, survivor.ID, kindWas)
}

// giveBack gives one identity back to whom it was with. Where somebody has claimed what
// old had claimed, the two are one, and their id is returned.
func (v *Vault) giveBack(tx *store.Tx, survivor, old avow.ID, h mergedIdentity) (claimed avow.ID, err error) {
	mine, err := identityRows(tx, survivor)
	if err != nil {
		return claimed, err
	}
	i := slices.IndexFunc(mine, h.alike)
	if h.subject != old {
		if h.subject == survivor && i < 0 {
			err = insertBeside(tx, survivor, h.identityRow)
		}
		return claimed, err
	}
	switch {
	case h.standing == verified && i >= 0 && mine[i].standing == verified:
		_, err = tx.Exec("UPDATE vault_identities SET subject = ?, sealed = ? WHERE verified AND kind = ? AND index_version = ? AND blind = ?",
			old, h.sealed, h.kind, indexVersion, h.blind)
		return claimed, err
	case h.standing == verified: // removed since, or it is another's by now
		return claimed, nil
	case h.standing == added:
		err = v.giveBackAdded(tx, survivor, old, h, i >= 0 && mine[i].standing == added)
		return claimed, err
	}
	return v.giveBackClaim(tx, survivor, old, h, i >= 0 && mine[i].standing == added)
}

func (v *Vault) giveBackAdded(tx *store.Tx, survivor, old avow.ID, h mergedIdentity, here bool) error {
	if here {
		if err := v.dropUnlessOwn(tx, survivor, old, h); err != nil {
			return err
		}
	}
	return insertBeside(tx, old, h.identityRow)
}

// dropUnlessOwn takes an added identity from the survivor, unless they had it before the merge.
func (v *Vault) dropUnlessOwn(tx *store.Tx, survivor, old avow.ID, h mergedIdentity) error {
	_, err := tx.Exec(`DELETE FROM vault_beside WHERE subject = ? AND kind = ? AND index_version = ? AND blind = ? AND NOT EXISTS
		(SELECT 1 FROM vault_merged_identities m WHERE m.old = ? AND m.subject <> m.old AND m.kind = vault_beside.kind AND m.blind = vault_beside.blind)`,
		survivor, h.kind, indexVersion, h.blind, old)
	return err
}

func (v *Vault) giveBackClaim(tx *store.Tx, survivor, old avow.ID, h mergedIdentity, here bool) (avow.ID, error) {
	if here {
		if err := v.dropUnlessOwn(tx, survivor, old, h); err != nil {
			return avow.ID{}, err
		}
	}
	claimed, known, err := v.held(tx, h.kind, h.blind, false)
	if err != nil {
		return claimed, err
	}
	if !known {
		return claimed, insertIdentity(tx, old, h.identityRow)
	}
	if err := lockSubjects(tx, claimed); err != nil {
		return claimed, err
	}
	_, err = tx.Exec("UPDATE vault_identities SET subject = ?, sealed = ? WHERE NOT verified AND kind = ? AND index_version = ? AND blind = ?",
		old, h.sealed, h.kind, indexVersion, h.blind)
	if err != nil {
		return claimed, err
	}
	return claimed, v.joined(tx, old, claimed)
}

func forgetMerge(tx *store.Tx, old avow.ID) error {
	for _, table := range []string{"vault_merges", "vault_merged_identities", "vault_merged_aliases"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE old = ?", old); err != nil {
			return err
		}
	}
	return nil
}

// Merged is a merge by staff that can be undone.
type Merged struct {
	Old   avow.ID
	Event avow.ID
	At    time.Time
}

// Merges lists whom staff merged into a subject, the earliest first.
func (v *Vault) Merges(tx *store.Tx, subject avow.ID) ([]Merged, error) {
	family, err := v.Family(tx, subject)
	if err != nil {
		return nil, err
	}
	return store.Collect(tx, func(r *store.Rows) (m Merged, err error) {
		return m, r.Scan(store.IntoID(&m.Old), store.IntoID(&m.Event), store.IntoTime(&m.At))
	}, "SELECT old, event, at FROM vault_merges WHERE old IN ("+store.Marks(len(family))+") ORDER BY at, old", list(family)...)
}
