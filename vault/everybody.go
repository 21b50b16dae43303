package vault

import (
	"strconv"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Everybody gives the subjects after an id, in order, with nothing but who they are
// and as what. One may come twice while an import is being settled.
func (v *Vault) Everybody(tx *store.Tx, after avow.ID, f func(Subject) error) error {
	return store.Each(tx, func(r *store.Rows) error {
		var s Subject
		var kind string
		err := r.Scan(store.IntoID(&s.ID), &kind)
		if err == nil {
			s.Kind, err = avow.ParseSubjectKind(kind)
		}
		if err != nil {
			return err
		}
		return f(s)
	}, `SELECT id, kind FROM vault_subjects WHERE id > ?
		UNION ALL SELECT p.id, p.kind FROM vault_imported p JOIN vault_imports i ON i.id = p.import WHERE i.flipped IS NOT NULL AND p.id > ?
		ORDER BY id`, after[:], after[:])
}

// Held is what kinds of data are held under one id, in a form that is the same for all of
// whom the same is held. Nothing is opened.
type Held string

// heldAs writes values as Held: a line each.
const heldAs = `string_agg(concat_ws('	', v.category, v.field, v.source, v.policy, v.version, v.purposes, v.limited), '
')`

// EverybodysValues gives what is held under each id after one, in order of ids. What
// is held under an id of old is not among it: see OldValues.
func (v *Vault) EverybodysValues(tx *store.Tx, after avow.ID, f func(avow.ID, Held) error) error {
	return eachHeld(tx, f, `SELECT v.subject, `+heldAs+` FROM vault_values v WHERE v.subject > ? GROUP BY v.subject ORDER BY v.subject`, after[:])
}

// OldValues gives what is held under ids of old, for the people after an id who have had such.
func (v *Vault) OldValues(tx *store.Tx, after avow.ID, f func(avow.ID, Held) error) error {
	return eachHeld(tx, f, `SELECT a.subject, `+heldAs+` FROM vault_aliases a JOIN vault_values v ON v.subject = a.old
		WHERE a.subject > ? GROUP BY a.subject ORDER BY a.subject`, after[:])
}

func eachHeld(tx *store.Tx, f func(avow.ID, Held) error, query string, args ...any) error {
	return store.Each(tx, func(r *store.Rows) error {
		var id avow.ID
		var held string
		if err := r.Scan(store.IntoID(&id), &held); err != nil {
			return err
		}
		return f(id, Held(held))
	}, query, args...)
}

// Values reads it: of each value what Look gives, without whose it is.
func (h Held) Values() []Value {
	var out []Value
	for line := range strings.SplitSeq(string(h), "\n") {
		p := strings.Split(line, "\t")
		if len(p) != 7 {
			continue // nothing is held
		}
		version, _ := strconv.Atoi(p[4]) // a number of the database
		out = append(out, Value{Category: p[0], Field: p[1], Source: p[2], Policy: p[3], Version: version,
			Purposes: strings.Fields(p[5]), Limited: p[6] == "1" || p[6] == "t"}) // as either database writes it
	}
	return out
}
