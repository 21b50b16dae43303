package ledger

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// insert writes the rows of a batch: on PostgreSQL as one array for each column,
// which it reads almost twice as fast as rows; SQLite has no arrays.
func (l *Ledger) insert(tx *store.Tx, events []*pending) error {
	if l.db.Kind() == store.PostgreSQL {
		return l.insertArrays(tx, events)
	}
	const columns = 12
	args := make([]any, 0, columns*len(events))
	for _, p := range events {
		e := &p.event
		args = append(args, e.Index, e.ID[:], string(e.Type), subjectOf(e), e.Ours, e.At.UnixMicro(), e.Policy, e.Version,
			p.sealed, p.leaf.Sealed[:], p.leaf.Commitment[:], p.mac)
	}
	return tx.Insert("ledger_events", rowColumns, args)
}

func (l *Ledger) insertArrays(tx *store.Tx, events []*pending) error {
	n := len(events)
	indexes, ats, versions := make([]int64, n), make([]int64, n), make([]int64, n)
	types, policies, ours := make([]string, n), make([]string, n), make([]bool, n)
	ids, subjects, sealed := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	hashes, commitments, macs := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	for i, p := range events {
		e := &p.event
		indexes[i], ats[i], versions[i] = e.Index, e.At.UnixMicro(), int64(e.Version)
		types[i], policies[i], ours[i] = string(e.Type), e.Policy, e.Ours
		ids[i], subjects[i], sealed[i] = e.ID[:], subjectOf(e), p.sealed
		hashes[i], commitments[i], macs[i] = p.leaf.Sealed[:], p.leaf.Commitment[:], p.mac
	}
	_, err := tx.Exec(`INSERT INTO ledger_events (`+rowColumns+`) SELECT `+rowColumns+` FROM unnest(?::bigint[], ?::bytea[], ?::text[], ?::bytea[], ?::boolean[], ?::bigint[],
		?::text[], ?::bigint[], ?::bytea[], ?::bytea[], ?::bytea[], ?::bytea[]) AS rows (`+rowColumns+`)`,
		indexes, ids, types, subjects, ours, ats, policies, versions, sealed, hashes, commitments, macs)
	return err
}

// subjectOf is nil, which is NULL, for nobody.
func subjectOf(e *Event) []byte {
	if e.Subject == (avow.ID{}) {
		return nil
	}
	return e.Subject[:]
}
