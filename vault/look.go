package vault

import (
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Look gives a subject, by any id it has had, with what kinds of data are held of it:
// Subject and Holdings in one statement for most. The values have no order, and of each only
// what says where and for what it is there: Category, Field, Source, Policy, Version, Purposes, Limited.
func (v *Vault) Look(tx *store.Tx, id avow.ID) (Subject, []Value, error) {
	s, values, err := look(tx, id)
	if err != nil || !s.ID.IsZero() {
		return s, values, err
	}
	if s, err = v.Subject(tx, id); err != nil || s.ID == id {
		if err != nil {
			return s, nil, err
		}
		values, err = v.Holdings(tx, id) // somebody imported, not settled yet
		return s, values, err
	}
	present, values, err := look(tx, s.ID)
	if err == nil && present.ID.IsZero() {
		values, err = v.Holdings(tx, s.ID)
		return s, values, err
	}
	return present, values, err
}

// look finds a subject by its present id; the zero Subject when it has none such.
func look(tx *store.Tx, id avow.ID) (s Subject, values []Value, err error) {
	err = store.Each(tx, func(r *store.Rows) error {
		var person, verified, flag bool
		var category, field, source, policy, purposes string
		var version int
		var made time.Time
		err := r.Scan(&person, &verified, &category, &field, &source, &policy, &version, &purposes, &flag, store.IntoTime(&made))
		switch {
		case err != nil:
			return err
		case person:
			s.ID, s.Verified, s.Left, s.Made = id, verified, flag, made
			s.Kind, err = avow.ParseSubjectKind(category)
			return err
		}
		values = append(values, Value{Subject: id, Category: category, Field: field, Source: source, Policy: policy, Version: version,
			Purposes: strings.Fields(purposes), Limited: flag})
		return nil
	}, `SELECT TRUE, EXISTS (SELECT 1 FROM vault_identities WHERE subject = s.id AND verified), s.kind, '', '', '', 0, '', `+left+`, s.made
			FROM vault_subjects s WHERE s.id = ?
		UNION ALL SELECT FALSE, FALSE, category, field, source, policy, version, purposes, limited, 0 FROM vault_values WHERE subject = ?
		UNION ALL SELECT FALSE, FALSE, v.category, v.field, v.source, v.policy, v.version, v.purposes, v.limited, 0
			FROM vault_aliases a JOIN vault_values v ON v.subject = a.old WHERE a.subject = ?`, id, id, id)
	return s, values, err
}
