package consent

import (
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/store"
)

// IsRestricted reports whether what is held of a person is only to be kept (gdpr:18).
// Give all ids they have had.
func (r *Register) IsRestricted(tx *store.Tx, ids ...avow.ID) (is bool, err error) {
	if len(ids) == 0 {
		return false, nil
	}
	if err := r.saved.Flush(tx); err != nil {
		return false, err
	}
	args := []any{kindRestriction, set}
	for _, id := range ids {
		args = append(args, id)
	}
	return is, tx.QueryRow("SELECT EXISTS (SELECT 1 FROM consent_choices WHERE kind = ? AND state = ? AND subject IN ("+store.Marks(len(ids))+"))", args...).Scan(&is)
}

// AllRestricted gives those of whom everything held is only to be kept, at most limit,
// in the order of their ids, after one.
func (r *Register) AllRestricted(tx *store.Tx, after avow.ID, limit int) ([]avow.ID, error) {
	if err := r.saved.Flush(tx); err != nil {
		return nil, err
	}
	return store.Collect(tx, func(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) },
		"SELECT DISTINCT subject FROM consent_choices WHERE kind = ? AND state = ? AND subject > ? ORDER BY subject LIMIT ?", kindRestriction, set, after[:], limit)
}

// ShownAt is when an event last showed a fact of a person that the policy says it shows:
// a word under `people` with `shown-by: event purchase`, for the event `purchase`. Zero when
// nothing tells. Give all ids they have had.
func (r *Register) ShownAt(tx *store.Tx, p *policy.Policy, event string, ids ...avow.ID) (last time.Time, err error) {
	if err := r.saved.Flush(tx); err != nil {
		return last, err
	}
	for _, f := range p.Facts {
		if !f.Declared || f.ShownBy != "event "+event && f.Name != event {
			continue
		}
		args := []any{kindFact, set, p.Name, f.Name}
		for _, id := range ids {
			args = append(args, id)
		}
		var at time.Time
		err := tx.QueryRow("SELECT max(at) FROM consent_choices WHERE kind = ? AND state = ? AND policy = ? AND name = ? AND subject IN ("+store.Marks(len(ids))+")", args...).
			Scan(store.IntoTime(&at))
		if err != nil {
			return last, err
		}
		if at.After(last) {
			last = at
		}
	}
	return last, nil
}
