package ledger

import (
	"crypto/sha256"
	"encoding/json"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// Entry is an event as it stands in the log: the body still sealed.
type Entry struct {
	Event  // its Body is empty until Open
	Leaf   Leaf
	Sealed []byte // nil once the body has expired
}

const (
	entryColumns = "idx, id, type, subject, ours, at, policy, version, sealed, sealed_hash, commitment"
	rowColumns   = entryColumns + ", mac"
)

func scanEntry(r *store.Rows) (Entry, error) { return scanWith(r) }

// scanRow reads an entry with the digest that binds its row; nil when nobody has bound it yet.
func scanRow(r *store.Rows) (e Entry, mac []byte, err error) {
	e, err = scanWith(r, &mac)
	return e, mac, err
}

func scanWith(r *store.Rows, more ...any) (Entry, error) {
	var e Entry
	var sealedHash, commitment []byte
	err := r.Scan(append([]any{&e.Index, store.IntoID(&e.ID), &e.Type, store.IntoID(&e.Subject), &e.Ours, store.IntoTime(&e.At), &e.Policy, &e.Version,
		&e.Sealed, &sealedHash, &commitment}, more...)...)
	e.Leaf = Leaf{Type: e.Type, Minute: proof.MinuteOf(e.At)}
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
	var d proof.Document
	if proof.Commit(salt, text) != e.Leaf.Commitment || json.Unmarshal(text, &d) != nil {
		return event, nil, altered
	}
	event = e.Event
	event.Body = d.Body
	if !event.says(text) {
		return Event{}, nil, altered
	}
	return event, plain, nil
}
