package ledger

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Brief is what a follower needs of an event: its place, what kind of thing happened, and to whom.
type Brief struct {
	Index   int64
	Type    Type
	Subject avow.ID // zero: nobody
}

// Briefs gives at most limit events from an index on, without their bodies.
func (l *Ledger) Briefs(tx *store.Tx, from int64, limit int) ([]Brief, error) {
	return store.Collect(tx, func(r *store.Rows) (b Brief, err error) {
		return b, r.Scan(&b.Index, &b.Type, store.IntoID(&b.Subject))
	}, "SELECT idx, type, subject FROM ledger_events WHERE idx >= ? ORDER BY idx LIMIT ?", from, limit)
}

// Subjects gives at most limit ids that events are about, in order, after one.
func (l *Ledger) Subjects(tx *store.Tx, after avow.ID, limit int) ([]avow.ID, error) {
	return store.Collect(tx, func(r *store.Rows) (id avow.ID, err error) { return id, r.Scan(store.IntoID(&id)) },
		"SELECT DISTINCT subject FROM ledger_events WHERE subject > ? ORDER BY subject LIMIT ?", after[:], limit)
}

// OfNobody gives at most limit events that are about nobody, from an index on.
func (l *Ledger) OfNobody(tx *store.Tx, from int64, limit int) ([]Entry, error) {
	return store.Collect(tx, scanEntry, "SELECT "+entryColumns+" FROM ledger_events WHERE subject IS NULL AND idx >= ? ORDER BY idx LIMIT ?", from, limit)
}
