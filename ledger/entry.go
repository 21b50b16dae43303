package ledger

import (
	"crypto/sha256"
	"encoding/json"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Entry is an event as it stands in the log: the body still sealed.
type Entry struct {
	Event  // its Body is empty until Open
	Leaf   Leaf
	Sealed []byte // nil once the body has expired
}

// pending is an event on its way into the log.
type pending struct {
	event   Event
	sealed  []byte
	receipt *Receipt
}

// rowsPerInsert keeps a statement under the placeholders both databases take.
const rowsPerInsert = 500

// sequence numbers a batch's events and writes them. The head is locked here and
// not before, so that nodes wait for each other only for this long.
func sequence(tx *store.Tx, events []*pending) error {
	var size int64
	err := tx.QueryRow("UPDATE ledger_head SET size = size + ?, at = CASE WHEN at > ? THEN at ELSE ? END WHERE one = 1 RETURNING size",
		len(events), tx.Now(), tx.Now()).Scan(&size)
	if err != nil {
		return err
	}
	first := size - int64(len(events))
	for i, p := range events {
		p.event.Index = first + int64(i)
		p.receipt.Proof.Index = p.event.Index
	}
	for len(events) > 0 {
		n := min(len(events), rowsPerInsert)
		if err := insert(tx, events[:n]); err != nil {
			return err
		}
		events = events[n:]
	}
	return nil
}

func insert(tx *store.Tx, events []*pending) error {
	const columns = 11
	args := make([]any, 0, columns*len(events))
	for _, p := range events {
		e, leaf := p.event, p.receipt.leaf
		args = append(args, e.Index, e.ID, string(e.Type), e.Subject, e.Ours, e.At, e.Policy, e.Version,
			p.sealed, leaf.Sealed[:], leaf.Commitment[:])
	}
	row := "(" + store.Marks(columns) + ")"
	_, err := tx.Exec(`INSERT INTO ledger_events (idx, id, type, subject, ours, at, policy, version, sealed, sealed_hash, commitment) VALUES `+
		row+strings.Repeat(", "+row, len(events)-1), args...)
	return err
}

const entryColumns = "idx, id, type, subject, ours, at, policy, version, sealed, sealed_hash, commitment"

func scanEntry(r *store.Rows) (Entry, error) {
	var e Entry
	var sealedHash, commitment []byte
	err := r.Scan(&e.Index, store.IntoID(&e.ID), &e.Type, store.IntoID(&e.Subject), &e.Ours, store.IntoTime(&e.At), &e.Policy, &e.Version,
		&e.Sealed, &sealedHash, &commitment)
	e.Leaf = Leaf{Type: e.Type, Minute: minuteOf(e.At)}
	copy(e.Leaf.Sealed[:], sealedHash)
	copy(e.Leaf.Commitment[:], commitment)
	return e, err
}

// Size is the number of events.
func (l *Ledger) Size(tx *store.Tx) (size int64, err error) {
	return size, tx.QueryRow("SELECT size FROM ledger_head WHERE one = 1").Scan(&size)
}

// Read gives at most limit events, from an index on.
func (l *Ledger) Read(tx *store.Tx, from int64, limit int) ([]Entry, error) {
	return store.Collect(tx, scanEntry, "SELECT "+entryColumns+" FROM ledger_events WHERE idx >= ? ORDER BY idx LIMIT ?", from, limit)
}

// ByID gives one event; NotFound when there is none.
func (l *Ledger) ByID(tx *store.Tx, id avow.ID) (Entry, error) {
	list, err := store.Collect(tx, scanEntry, "SELECT "+entryColumns+" FROM ledger_events WHERE id = ?", id)
	if err == nil && len(list) == 0 {
		err = avow.Errorf(avow.NotFound, "there is no such event")
	}
	if err != nil {
		return Entry{}, err
	}
	return list[0], nil
}

// BySubject gives all events about a person, in order. Give all ids they have had.
func (l *Ledger) BySubject(tx *store.Tx, ids ...avow.ID) ([]Entry, error) {
	if len(ids) == 0 {
		return []Entry{}, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return store.Collect(tx, scanEntry, "SELECT "+entryColumns+" FROM ledger_events WHERE subject IN ("+store.Marks(len(ids))+
		") ORDER BY idx", args...)
}

// Open opens an event's body and checks the whole of it against its leaf. The
// Sealer's own NotFound comes back when the person was erased; an event that is not what was recorded is a Conflict that names it.
func (l *Ledger) Open(tx *store.Tx, e Entry) (Event, error) {
	event, _, err := l.open(tx, e)
	return event, err
}

// Receipt gives the receipt of an event again, while its body can be opened.
func (l *Ledger) Receipt(tx *store.Tx, e Entry) (*Receipt, error) {
	event, plain, err := l.open(tx, e)
	if err != nil {
		return nil, err
	}
	r := newReceipt(event, plain[saltSize:], plain[:saltSize], e.Leaf)
	r.Proof.Index = e.Index
	return r, nil
}

func (l *Ledger) open(tx *store.Tx, e Entry) (event Event, plain []byte, err error) {
	if e.Sealed == nil {
		return event, nil, avow.Errorf(avow.NotFound, "the body of this event has expired")
	}
	altered := avow.Errorf(avow.Conflict, "event %d is not what was recorded: it was changed in the database", e.Index)
	if sha256.Sum256(e.Sealed) != e.Leaf.Sealed {
		return event, nil, altered
	}
	plain, err = l.sealer.Open(tx, e.sealedFor(), sealContext(e.ID), e.Sealed)
	if err != nil {
		return event, nil, err
	}
	if len(plain) < saltSize {
		return event, nil, altered
	}
	salt, text := plain[:saltSize], plain[saltSize:]
	var d document
	if commit(salt, text) != e.Leaf.Commitment || json.Unmarshal(text, &d) != nil {
		return event, nil, altered
	}
	event = e.Event
	event.Body = d.Body
	if !event.says(text) {
		return Event{}, nil, altered
	}
	return event, plain, nil
}
