package vault_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

func (h *house) whom(ids ...vault.Identity) string {
	var parts []string
	for _, id := range ids {
		parts = append(parts, h.told(id))
	}
	return strings.TrimSpace(strings.Join(strings.Fields(strings.Join(parts, " | ")), " "))
}

// sound is what holds at every moment, whatever failed. Where something was cut short,
// settled is false until it was done again or the vault opened anew: then a person may be
// found whose keys are gone.
func (h *house) sound(settled bool) {
	h.t.Helper()
	h.noRowOfNobody()
	keys := h.keyStates()
	rows := h.peopleOfRows()
	h.keysBeforeRows(keys, rows)
	h.everybodyOpens(settled)
	h.valuesOpenForTheirOwner(settled, rows)
	if settled {
		h.shreddedIsGone(keys)
	}
}

// rowsOfNobody counts, each by its name, what must not be there.
const rowsOfNobody = `SELECT 'identities of nobody', (SELECT count(blind) FROM vault_identities WHERE subject NOT IN (SELECT id FROM vault_subjects))
	UNION ALL SELECT 'identities beside of nobody', (SELECT count(blind) FROM vault_beside WHERE subject NOT IN (SELECT id FROM vault_subjects UNION SELECT id FROM vault_imported))
	UNION ALL SELECT 'leading ones of the settled', (SELECT count(blind) FROM vault_beside WHERE standing <> 'added' AND subject NOT IN (SELECT id FROM vault_imported))
	UNION ALL SELECT 'values of nobody', (SELECT count(id) FROM vault_values WHERE subject NOT IN (SELECT id FROM vault_subjects UNION SELECT id FROM vault_imported UNION SELECT old FROM vault_aliases))
	UNION ALL SELECT 'links of nobody', (SELECT count(hash) FROM vault_links WHERE subject NOT IN (SELECT id FROM vault_subjects UNION SELECT id FROM vault_imported UNION SELECT old FROM vault_aliases))
	UNION ALL SELECT 'two at once', (SELECT count(id) FROM vault_subjects WHERE id IN (SELECT old FROM vault_aliases) OR id IN (SELECT id FROM vault_imported))
	UNION ALL SELECT 'somebody by nothing', (SELECT count(id) FROM vault_subjects WHERE id NOT IN (SELECT subject FROM vault_identities))
	UNION ALL SELECT 'claims of the verified', (SELECT count(blind) FROM vault_identities WHERE NOT verified AND subject IN (SELECT subject FROM vault_identities WHERE verified))
	UNION ALL SELECT 'an identity verified by two', (SELECT count(n) FROM (SELECT count(subject) AS n FROM vault_identities WHERE verified GROUP BY kind, blind) AS held WHERE n > 1)
	UNION ALL SELECT 'merges of nobody', (SELECT count(old) FROM vault_merges WHERE old NOT IN (SELECT old FROM vault_aliases))
	UNION ALL SELECT 'identities of an undone merge', (SELECT count(old) FROM vault_merged_identities WHERE old NOT IN (SELECT old FROM vault_merges))
	UNION ALL SELECT 'people of no import', (SELECT count(id) FROM vault_imported WHERE import NOT IN (SELECT id FROM vault_imports))`

func (h *house) noRowOfNobody() {
	h.t.Helper()
	h.read(func(tx *store.Tx) error {
		return store.Each(tx, func(r *store.Rows) error {
			var name string
			var n int
			err := r.Scan(&name, &n)
			if n != 0 {
				h.t.Errorf("%s: %d", name, n)
			}
			return err
		}, rowsOfNobody)
	})
}

// keyState is a subject's key, as it stands.
type keyState struct{ there, shredded bool }

// withKeys opens where the keys are, for a moment.
func (h *house) withKeys(f func(db *store.DB) error) {
	h.t.Helper()
	db := h.db
	if db.Kind() == store.SQLite {
		var err error
		if db, err = store.Open(h.t.Context(), store.Config{Path: h.config().Keys, Readers: 1}); err != nil {
			h.t.Fatal(err)
		}
		defer db.Close()
	}
	if err := f(db); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) keyStates() map[avow.ID]keyState {
	h.t.Helper()
	keys := map[avow.ID]keyState{}
	h.withKeys(func(db *store.DB) error {
		return db.Read(h.t.Context(), func(tx *store.Tx) error {
			clear(keys)
			return store.Each(tx, func(r *store.Rows) error {
				var id avow.ID
				var k keyState
				err := r.Scan(store.IntoID(&id), &k.there, &k.shredded)
				keys[id] = k
				return err
			}, "SELECT subject, wrapped IS NOT NULL, shredded IS NOT NULL FROM vault_keys")
		})
	})
	for id, k := range keys {
		if k.there == k.shredded {
			h.t.Errorf("the key of %v: %+v", id, k)
		}
	}
	return keys
}

// peopleOfRows are the ids under which something may be sealed; true: of an import that was discarded.
func (h *house) peopleOfRows() map[avow.ID]bool {
	h.t.Helper()
	people := map[avow.ID]bool{}
	h.read(func(tx *store.Tx) error {
		clear(people)
		return store.Each(tx, func(r *store.Rows) error {
			var id avow.ID
			var discarded bool
			err := r.Scan(store.IntoID(&id), &discarded)
			people[id] = discarded
			return err
		}, `SELECT id, FALSE FROM vault_subjects UNION ALL SELECT old, FALSE FROM vault_aliases
			UNION ALL SELECT p.id, i.discarded IS NOT NULL FROM vault_imported p JOIN vault_imports i ON i.id = p.import`)
	})
	return people
}

// keysBeforeRows: whoever has rows has a key, or had one that was destroyed.
func (h *house) keysBeforeRows(keys map[avow.ID]keyState, rows map[avow.ID]bool) {
	h.t.Helper()
	for id, discarded := range rows {
		if _, known := keys[id]; !known && !discarded {
			h.t.Errorf("%v has rows and never had a key", id)
		}
	}
	h.read(func(tx *store.Tx) error {
		for id := range keys {
			if _, there := rows[id]; there || id.IsZero() {
				continue
			}
			if _, err := h.Subject(tx, id); avow.KindOf(err) != avow.NotFound {
				h.t.Errorf("a key of nobody is somebody: %v", err)
			}
		}
		return nil
	})
}

// everybodyOpens: each person is listed once, and all of theirs opens.
func (h *house) everybodyOpens(settled bool) {
	h.t.Helper()
	seen := map[avow.ID]int{}
	h.read(func(tx *store.Tx) error {
		clear(seen)
		return h.Everybody(tx, avow.ID{}, func(s vault.Subject) error { seen[s.ID]++; return nil })
	})
	for id, n := range seen {
		if n != 1 {
			h.t.Errorf("%v is listed %d times", id, n)
		}
		err := h.db.Read(h.t.Context(), func(tx *store.Tx) error {
			if _, err := h.Identities(tx, id); err != nil {
				return err
			}
			if _, err := h.Employer(tx, id); err != nil {
				return err
			}
			_, err := h.Values(tx, id)
			return err
		})
		if err != nil && (settled || !errors.Is(err, vault.ErrErased)) {
			h.t.Errorf("what is kept of %v: %v", id, err)
		}
	}
}

type sealedValue struct {
	vault.Value
	sealed []byte
}

// valuesOpenForTheirOwner, and for nobody else there is.
func (h *house) valuesOpenForTheirOwner(settled bool, people map[avow.ID]bool) {
	h.t.Helper()
	h.read(func(tx *store.Tx) error {
		values, err := store.Collect(tx, func(r *store.Rows) (v sealedValue, err error) {
			return v, r.Scan(store.IntoID(&v.ID), store.IntoID(&v.Subject), &v.Category, &v.Field, &v.sealed)
		}, "SELECT id, subject, category, field, sealed FROM vault_values")
		for _, v := range values {
			bound := parts([]byte("vault_values"), v.ID[:], v.Subject[:], []byte(v.Category), []byte(v.Field))
			for id, discarded := range people {
				_, err := h.Open(tx, id, bound, v.sealed)
				switch {
				case id != v.Subject && err == nil:
					h.t.Errorf("a value of %v opens for %v", v.Subject, id)
				case id == v.Subject && err != nil && !discarded && (settled || !errors.Is(err, vault.ErrErased)):
					h.t.Errorf("a value of %v does not open: %v", id, err)
				}
			}
		}
		return err
	})
}

// shreddedIsGone: nobody who was destroyed is found, and nothing opens under their key.
func (h *house) shreddedIsGone(keys map[avow.ID]keyState) {
	h.t.Helper()
	h.read(func(tx *store.Tx) error {
		for id, k := range keys {
			if !k.shredded {
				continue
			}
			if _, err := h.Subject(tx, id); avow.KindOf(err) != avow.NotFound {
				h.t.Errorf("somebody who was erased is there: %v", err)
			}
			if _, err := h.Open(tx, id, nil, make([]byte, 64)); !errors.Is(err, vault.ErrErased) {
				h.t.Errorf("the key of somebody who was erased: %v", err)
			}
		}
		return nil
	})
}

// parts is how a box is bound to its row; see parts in the vault.
func parts(list ...[]byte) (b []byte) {
	for _, p := range list {
		b = append(binary.AppendUvarint(b, uint64(len(p))), p...)
	}
	return b
}

// forgetAll erases those who are there. Who was erased before them has been looked at
// often enough, and each one more would be more to do at every look.
func (h *house) forgetAll(ids ...vault.Identity) {
	h.t.Helper()
	h.forgetTombstones()
	for _, id := range ids {
		for _, f := range slices.Backward(h.find(id)) {
			if err := h.Shred(h.t.Context(), f.Subject); err != nil && avow.KindOf(err) != avow.NotFound {
				h.t.Fatal(err)
			}
		}
	}
}
