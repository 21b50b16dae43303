// Package ledger is the record of what happened: events that are only ever added,
// in the transaction of their cause.
//
// What stays true: events are numbered from 0 without a gap, in the order of their
// commits, and their times do not run backwards by more than the batches that
// crossed. An event's leaf (type, minute, a hash of the sealed body, a commitment) holds no
// subject and no value, and stays when the body has become unreadable. Whoever has the
// receipt of an event can prove what was recorded, whether or not we still can.
//
// What it never does: change or drop an event, know what an event means, or hold a
// key. Sealing is the vault's, handed in as a Sealer.
package ledger

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

//go:embed migrations
var migrations embed.FS

// Sealer seals under a subject's key, or under the organisation's for the zero ID.
// What it sealed opens only with the same context, and no more once the key is destroyed.
type Sealer interface {
	Seal(tx *store.Tx, subject avow.ID, context, plain []byte) ([]byte, error)
	Open(tx *store.Tx, subject avow.ID, context, sealed []byte) ([]byte, error)
}

// Config of a ledger; the zero value serves.
type Config struct {
	// Rand replaces the source of randomness. For tests.
	Rand io.Reader
}

// Ledger is safe for concurrent use.
type Ledger struct {
	sealer   Sealer
	rand     io.Reader
	appended *store.Stage[*pending]
}

// maxBody bounds an event's body: it names what happened, it does not carry data about.
const maxBody = 64 << 10

// Open opens the ledger in a database, making its tables. From then on no
// transaction of the database is given a time before the last event's.
func Open(ctx context.Context, db *store.DB, sealer Sealer, c Config) (*Ledger, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "ledger", files); err != nil {
		return nil, err
	}
	l := &Ledger{sealer: sealer, rand: c.Rand}
	if l.rand == nil {
		l.rand = rand.Reader
	}
	l.appended = store.NewStage(db, store.Last, sequence)
	db.Floor(lastTime)
	return l, nil
}

func lastTime(tx *store.Tx) (at time.Time, err error) {
	return at, tx.QueryRow("SELECT at FROM ledger_head WHERE one = 1").Scan(store.IntoTime(&at))
}

// Event is something that happened, and what it rested on.
type Event struct {
	Index   int64     // its place in the log; given at the commit
	ID      avow.ID   // given by Append
	At      time.Time // the time of its transaction
	Type    Type
	Subject avow.ID // the one person it is about; zero: nobody
	Policy  string
	Version int
	// Body says the rest, as JSON of at most 64 KiB. It is sealed under the
	// subject's key, so that it goes with the person.
	Body json.RawMessage
	// Ours seals the body under the organisation's key although it is about a
	// person: what must still be readable when they are gone, such as the record of
	// the erasure itself. Names and counts only.
	Ours bool
}

// Append adds an event to the transaction, and returns its receipt, whose Index is
// filled in when Write has returned. Until then the event cannot be read back. Index, ID
// and At are the ledger's to give.
func (l *Ledger) Append(tx *store.Tx, e Event) (*Receipt, error) {
	if err := check(e); err != nil {
		return nil, err
	}
	e.ID, e.At = avow.NewID(tx.Now()), tx.Now()
	text, err := e.document()
	if err != nil {
		return nil, err
	}
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(l.rand, salt); err != nil {
		return nil, err
	}
	sealed, err := l.sealer.Seal(tx, e.sealedFor(), sealContext(e.ID), append(salt[:saltSize:saltSize], text...))
	if err != nil {
		return nil, err
	}
	r := newReceipt(e, text, salt, leafOf(e, text, salt, sealed))
	l.appended.Add(tx, &pending{event: e, sealed: sealed, receipt: r})
	return r, nil
}

func check(e Event) error {
	switch {
	case e.Type == "" || len(e.Type) > 64 || strings.ContainsFunc(string(e.Type), notInType):
		return avow.Errorf(avow.Invalid, "%q is not a type of event", e.Type)
	case len(e.Body) > maxBody:
		return avow.Errorf(avow.TooLarge, "the body of an event is longer than 64 KiB")
	case len(e.Body) > 0 && !json.Valid(e.Body):
		return avow.Errorf(avow.Invalid, "the body of an event is not JSON")
	case len(e.Policy) > 200 || e.Version < 0:
		return avow.Errorf(avow.Invalid, "an event names a policy that cannot be")
	}
	return nil
}

func notInType(r rune) bool { return (r < 'a' || r > 'z') && r != '-' }

// sealedFor is whose key seals the body.
func (e Event) sealedFor() avow.ID {
	if e.Ours {
		return avow.ID{}
	}
	return e.Subject
}

func sealContext(id avow.ID) []byte { return append([]byte("ledger_events\x00"), id[:]...) }
