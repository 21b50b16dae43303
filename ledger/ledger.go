// Package ledger is the record of what happened: events that are only ever added,
// in the transaction of their cause.
//
// What stays true: events are numbered from 0 without a gap, in the order of their
// commits, and their times do not run backwards by more than the batches that
// crossed. An event's leaf (type, minute, a hash of the sealed body, a commitment) holds no
// subject and no value, and stays when the body has become unreadable. Whoever has the
// receipt of an event can prove what was recorded, whether or not we still can.
//
// The leaves stand in a Merkle tree whose root is signed in the same transaction: when
// a Write has returned, what it appended can be proved.
//
// What it never does: change or drop an event, sign a tree that does not go on from
// the last one signed, or know what an event means. Sealing is the vault's, handed in as a Sealer.
package ledger

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

//go:embed migrations
var migrations embed.FS

// Sealer seals under a subject's key, or under the organisation's for the zero ID.
// What it sealed opens only with the same context, and no more once the key is
// destroyed: then Open is NotFound, and only then. KeyFor gives 32 secret bytes for one use.
type Sealer interface {
	// SealFor gives what seals for a subject; it can be used after the closure that
	// asked for it, by several goroutines.
	SealFor(tx *store.Tx, subject avow.ID) (seal func(context, plain []byte) ([]byte, error), err error)
	Open(tx *store.Tx, subject avow.ID, context, sealed []byte) ([]byte, error)
	KeyFor(use string) []byte
}

// Config of a ledger; the zero value serves.
type Config struct {
	// Rand replaces the source of randomness; several goroutines read it. For tests.
	Rand io.Reader
	// Seed is 32 secret bytes from which the log's keys are made; nil means the Sealer's for "log signing key".
	Seed []byte
	// Origin names a new log: where it is found, without the scheme. A log keeps the
	// name it has. "" makes one up, below avow.invalid.
	Origin string
	// Outside is a file, away from the data and its backups, in which the last signed
	// checkpoint is kept. A log that does not go on from there does not open. "" keeps none. A log with events
	// whose file is missing opens, and leaves it so: see Missing.
	Outside string
	// Inspect opens a log that would refuse to open, so that Audit can say what is
	// wrong with it, or NewOrigin go on from it. The file outside is not written before.
	Inspect bool
}

// Ledger is safe for concurrent use.
type Ledger struct {
	db       *store.DB
	sealer   Sealer
	rand     io.Reader
	seed     []byte
	binding  []byte  // key of the rows' digests
	binder   *binder // the writer's
	appended *store.Stage[*pending]
	outside  *outside
	upper    upper
	lately   lately
	mu       sync.Mutex
	signer   *proof.Signer
	known    head  // the last that we have committed, or read and found signed
	missing  int64 // events that nothing outside held the log to when it was opened
	auditing sync.Mutex
	covers   *covers // what audits have read
}

// maxBody bounds an event's body: it names what happened, it does not carry data about.
const maxBody = 64 << 10

// Open opens the ledger in a database, making its tables. From then on no
// transaction of the database is given a time before the last event's. A log that
// is shorter than its own checkpoint, or than the one kept outside, or contradicts
// one of them, is Refused: it was changed, or is an older copy. Close must be called.
func Open(ctx context.Context, db *store.DB, sealer Sealer, c Config) (*Ledger, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx, "ledger", files); err != nil {
		return nil, err
	}
	l := &Ledger{db: db, sealer: sealer, rand: c.Rand, seed: c.Seed, covers: newCovers(), upper: upper{tiles: map[proof.TileRef]nodes{}}}
	if l.rand == nil {
		l.rand = rand.Reader
	}
	if l.seed == nil {
		l.seed = sealer.KeyFor("log signing key")
	}
	if l.binding, err = bindingKey(l.seed); err != nil {
		return nil, err
	}
	l.binder = newBinder(l.binding)
	l.outside = newOutside(c.Outside)
	if err := l.start(ctx, c); err != nil {
		return nil, err
	}
	l.appended = store.NewStage(db, store.Last, l.sequence)
	db.Floor(lastTime)
	return l, nil
}

// Close writes the last checkpoint to the file outside. The database stays open.
func (l *Ledger) Close() error { return l.outside.close() }

func lastTime(tx *store.Tx) (at time.Time, err error) {
	err = tx.QueryRow("SELECT at FROM ledger_head WHERE one = 1").Scan(store.IntoTime(&at))
	if avow.KindOf(err) == avow.NotFound {
		err = errNoHead
	}
	return at, err
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

// Append adds an event to the transaction, and returns its receipt. Its document,
// leaf, salt and place are filled in when Write has returned; until then the event cannot
// be read back. Index, ID and At are the ledger's to give.
func (l *Ledger) Append(tx *store.Tx, e Event) (*Receipt, error) {
	if len(e.Body) > 0 && !json.Valid(e.Body) {
		return nil, avow.Errorf(avow.Invalid, "the body of an event is not JSON")
	}
	return l.add(tx, e, nil)
}

// Said is a body that json.Marshal made, and therefore valid and compact. Nobody changes it.
type Said struct{ text json.RawMessage }

// Say makes the body of v.
func Say(v any) (Said, error) {
	text, err := json.Marshal(v)
	return Said{text}, err
}

// AppendLate is Append of an event whose body is put together when the events of the
// batch are sealed, by every processor and not by the one that writes. say looks at
// nothing that changes; it is called by any goroutine, perhaps not at all. What is wrong with the body, Write returns.
func (l *Ledger) AppendLate(tx *store.Tx, e Event, say func() (Said, error)) (*Receipt, error) {
	e.Body = nil
	return l.add(tx, e, say)
}

func (l *Ledger) add(tx *store.Tx, e Event, say func() (Said, error)) (*Receipt, error) {
	p, err := l.prepare(tx, e)
	if err != nil {
		return nil, err
	}
	p.say = say
	l.appended.Add(tx, p)
	return p.receipt, nil
}

// prepare does of an event what needs the transaction: its id and time, and the key
// that seals it. Sealing does the rest.
func (l *Ledger) prepare(tx *store.Tx, e Event) (*pending, error) {
	if err := check(e); err != nil {
		return nil, err
	}
	e.ID, e.At = avow.NewID(tx.Now()), tx.Now()
	seal, err := l.sealer.SealFor(tx, e.sealedFor())
	if err != nil {
		return nil, err
	}
	return &pending{event: e, seal: seal, receipt: newReceipt(e)}, nil
}

var errLongBody = avow.Errorf(avow.TooLarge, "the body of an event is longer than 64 KiB")

func check(e Event) error {
	switch {
	case !e.Type.Valid():
		return avow.Errorf(avow.Invalid, "%q is not a type of event", e.Type)
	case len(e.Body) > maxBody:
		return errLongBody
	case len(e.Policy) > 200 || e.Version < 0:
		return avow.Errorf(avow.Invalid, "an event names a policy that cannot be")
	}
	return nil
}

// sealedFor is whose key seals the body.
func (e Event) sealedFor() avow.ID {
	if e.Ours {
		return avow.ID{}
	}
	return e.Subject
}

func sealContext(id avow.ID) []byte { return append([]byte("ledger_events\x00"), id[:]...) }
