package vault

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Looked is a subject with what kinds of data are held of it: see Look.
type Looked struct {
	Subject Subject
	Held    Held // under the present id and those of old
}

// LookAll is Look of many, in one statement: a row each, because a column read costs
// more than many a look-up. Whoever is not there under that id now (joined with
// another, of an import, erased or being erased) is left out, for Look to find.
func (v *Vault) LookAll(tx *store.Tx, ids []avow.ID) (map[avow.ID]*Looked, error) {
	people := make(map[avow.ID]*Looked, len(ids))
	if len(ids) == 0 {
		return people, nil
	}
	marks, args := store.Among(ids)
	return people, store.Each(tx, func(r *store.Rows) error {
		var l Looked
		var kind string
		var verified *bool // nil: no identity stands there
		err := r.Scan(store.IntoID(&l.Subject.ID), &kind, store.IntoTime(&l.Subject.Made), &verified, (*string)(&l.Held))
		if err != nil || verified == nil {
			return err
		}
		l.Subject.Verified = *verified
		l.Subject.Kind, err = avow.ParseSubjectKind(kind)
		people[l.Subject.ID] = &l
		return err
	}, `SELECT s.id, s.kind, s.made, (SELECT max(CASE WHEN i.verified THEN 1 ELSE 0 END) FROM vault_identities i WHERE i.subject = s.id),
			concat_ws('
', (SELECT `+heldAs+` FROM vault_values v WHERE v.subject = s.id),
				(SELECT `+heldAs+` FROM vault_aliases a JOIN vault_values v ON v.subject = a.old WHERE a.subject = s.id))
		FROM vault_subjects s WHERE s.id IN (`+marks+`)`, args...)
}

// Blind is an identity as it is looked up, and cannot be read. It is good for one
// run of the program: made once, where there is no transaction to hold up.
type Blind struct {
	kind string
	hash string
}

// Blind makes it of an identity.
func (v *Vault) Blind(id Identity) (Blind, error) {
	n, err := id.normal()
	if err != nil {
		return Blind{}, err
	}
	return Blind{n.kind, string(v.blind(n))}, nil
}

// FindBlind is Find.
func (v *Vault) FindBlind(tx *store.Tx, b Blind) ([]Found, error) {
	return v.find(tx, b.kind, []byte(b.hash))
}

// FindAll is Find of many, in a statement for each kind of identity. Who finds nobody is in the map too.
func (v *Vault) FindAll(tx *store.Tx, asked []Blind) (map[Blind][]Found, error) {
	found := make(map[Blind][]Found, len(asked))
	kinds := map[string][][]byte{}
	for _, b := range asked {
		found[b] = nil
		kinds[b.kind] = append(kinds[b.kind], []byte(b.hash))
	}
	for kind, hashes := range kinds {
		err := v.findMany(tx, kind, hashes, func(hash []byte, f Found) {
			b := Blind{kind, string(hash)}
			found[b] = append(found[b], f)
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
