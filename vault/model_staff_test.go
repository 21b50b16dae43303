package vault_test

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

type staffMerge struct {
	old    avow.ID
	actors [2]int // both verified: each is taken for the other; the second is -1 for somebody who was only claimed
	values map[string]bool
}

// mergeOrUndo is staff: they take two people for one, or find that they are not.
func (w *world) mergeOrUndo(n node, r *rand.Rand) error {
	if len(w.merges) > 0 && r.IntN(2) == 0 {
		i := r.IntN(len(w.merges))
		mixed := false
		err := n.db.Write(context.Background(), func(tx *store.Tx) error {
			split, err := n.Unmerge(tx, w.merges[i].old)
			if err != nil {
				return err
			}
			mixed, err = w.mixed(n, tx, split.From)
			return err
		})
		switch {
		case err == nil && mixed:
			w.merges[i].old = avow.ID{} // for good
			clear(w.merges[i].values)
		case err == nil:
			w.merges = slices.Delete(w.merges, i, i+1)
		}
		return err
	}
	a := w.actors[r.IntN(modelActors)]
	if a.session.IsZero() {
		return nil
	}
	m := &staffMerge{actors: [2]int{a.number, -1}, values: map[string]bool{}}
	err := n.db.Write(context.Background(), func(tx *store.Tx) error {
		found, err := n.Find(tx, w.any(r))
		if err != nil || len(found) == 0 {
			return err
		}
		f := found[len(found)-1]
		s, err := n.Subject(tx, f.Subject)
		if err != nil {
			return err
		}
		m.actors[1] = -1
		clear(m.values)
		if s.Verified {
			ids, err := n.Identities(tx, s.ID)
			if err != nil {
				return err
			}
			m.actors[1] = w.owner(ids[0].Value)
		}
		v, err := n.Merge(tx, a.session, s.ID, avow.NewID(tx.Now()))
		if err != nil || len(v.Absorbed) == 0 {
			return err
		}
		m.old = v.Absorbed[len(v.Absorbed)-1]
		if s.Verified {
			return nil
		}
		values, err := n.Values(tx, a.session) // now there are those of who was claimed, too
		for _, v := range values {
			if v.Subject != a.session {
				m.values[v.Data] = true
			}
		}
		return err
	})
	if err == nil && !m.old.IsZero() {
		w.merges, w.merged = append(w.merges, m), true
	}
	return err
}

// mixed tells whether somebody has verified addresses of several: those that a person
// verified while staff took them for another stay with the other.
func (w *world) mixed(n node, tx *store.Tx, subject avow.ID) (bool, error) {
	ids, err := n.Identities(tx, subject)
	owners := map[int]bool{}
	for _, id := range ids {
		if id.Verified {
			owners[w.owner(id.Value)] = true
		}
	}
	return len(owners) > 1, err
}
