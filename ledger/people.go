package ledger

import (
	"time"

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

// ownDoing are the types of what a person does themselves.
const ownDoing = `'collected', 'consent-given', 'consent-confirmed', 'consent-withdrawn', 'consent-refused', 'objected', 'objection-ended', 'restricted', 'unrestricted',
	'signal-seen', 'identity-verified', 'request-made', 'copy-handed-over', 'corrected'`

// LastOwn is when a person last did something themselves; zero when nothing tells. Give
// all ids they have had.
func (l *Ledger) LastOwn(tx *store.Tx, ids ...avow.ID) (last time.Time, err error) {
	if len(ids) == 0 {
		return last, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return last, tx.QueryRow("SELECT max(at) FROM ledger_events WHERE subject IN ("+store.Marks(len(ids))+") AND type IN ("+ownDoing+")", args...).Scan(store.IntoTime(&last))
}
