package mail

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

//go:embed sql/*.sql
var files embed.FS

// Migrate brings the room's tables up to date.
func Migrate(ctx context.Context, db *store.DB) error {
	sub, err := fs.Sub(files, "sql")
	if err != nil {
		return err
	}
	return db.Migrate(ctx, "mail", sub)
}

// How the outbox works.
const (
	atOnce   = 4                   // letters handed over at the same time
	batch    = 16                  // letters taken in one look: at worst four minutes of work, less than the lease
	lease    = 5 * time.Minute     // a letter taken by a node that died is taken again after this
	worthFor = 3 * 24 * time.Hour  // how long a message is tried when it does not say
	remember = 30 * 24 * time.Hour // how long an id is kept after its letter has left
	idle     = time.Minute         // a look at the table when nobody calls
)

// Outbox holds messages from the transaction of their cause until they have left.
// Several nodes may work on one table: each letter is leased to one of them.
type Outbox struct {
	db     *store.DB
	seals  seals
	from   From
	sender Sender
	log    *slog.Logger
	wake   chan struct{}
}

// Config is what an outbox needs.
type Config struct {
	Key    []byte // KeySize bytes; who has it can read what waits
	From   From
	Sender Sender
	Log    *slog.Logger // nil: nothing is logged
}

// NewOutbox makes an outbox over a migrated database.
func NewOutbox(db *store.DB, c Config) (*Outbox, error) {
	s, err := newSeals(c.Key)
	if err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if _, _, err := Address(c.From.Address); err != nil {
		return nil, avow.Errorf(avow.Invalid, "the sender's address cannot be used: %s", avow.MessageOf(err))
	}
	return &Outbox{db: db, seals: s, from: c.From, sender: c.Sender, log: c.Log, wake: make(chan struct{}, 1)}, nil
}

// Put adds a message in the transaction of its cause. A message whose ID is there
// already changes nothing. An Invalid error: it could never be sent.
func (o *Outbox) Put(tx *store.Tx, m Message) error {
	now := tx.Now()
	if m.Until.IsZero() {
		m.Until = now.Add(worthFor)
	}
	l, err := Compose(m, o.from, now)
	if err != nil {
		return err
	}
	sealed, err := o.seals.close(m.ID, l)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO mail_outbox (id, made, due, until, tries, state, letter)
		VALUES (?, ?, ?, ?, 0, 'waiting', ?) ON CONFLICT (id) DO NOTHING`, m.ID, now, now, m.Until, sealed)
	tx.OnCommit(o.call)
	return err
}

func (o *Outbox) call() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends. What cannot be delivered now is tried again later,
// by this node or another.
func (o *Outbox) Run(ctx context.Context) {
	for {
		n, err := o.Deliver(ctx)
		if err != nil && ctx.Err() == nil {
			o.log.Error("mail: the outbox could not be worked", "kind", avow.KindOf(err).String(), "error", err)
		}
		if n > 0 && err == nil {
			continue
		}
		t := time.NewTimer(idle)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-o.wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// taken is a letter leased to us.
type taken struct {
	id    avow.ID
	tries int64
	until time.Time
	box   []byte
}

// Deliver takes what is due, hands it over and records what became of it. It
// returns how many letters were taken; the error is the database's, not the mail server's.
func (o *Outbox) Deliver(ctx context.Context) (int, error) {
	due, err := o.take(ctx)
	if err != nil {
		return 0, err
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		slots = make(chan struct{}, atOnce)
	)
	for _, t := range due {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := avow.Unpanicked(func() error { return o.deliver(ctx, t) }); err != nil {
				mu.Lock()
				first = err
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return len(due), first
}

// take leases what is due: the row's own condition lets one node win. It also lets
// go of what is too late and of ids that need no remembering.
func (o *Outbox) take(ctx context.Context) ([]taken, error) {
	var due []taken
	err := o.db.Write(ctx, func(tx *store.Tx) error {
		now := tx.Now()
		if _, err := tx.Exec(`UPDATE mail_outbox SET state = 'late', letter = NULL WHERE state = 'waiting' AND until <= ?`, now); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM mail_outbox WHERE made < ? AND state <> 'waiting'`, now.Add(-remember)); err != nil {
			return err
		}
		var err error
		due, err = store.Collect(tx, scanTaken, `UPDATE mail_outbox SET due = ?, tries = tries + 1
			WHERE id IN (SELECT id FROM mail_outbox WHERE state = 'waiting' AND due <= ? ORDER BY due LIMIT ?)
			AND state = 'waiting' AND due <= ?
			RETURNING id, tries, until, letter`, now.Add(lease), now, batch, now)
		return err
	})
	return due, err
}

func scanTaken(r *store.Rows) (taken, error) {
	var t taken
	err := r.Scan(store.IntoID(&t.id), &t.tries, store.IntoTime(&t.until), &t.box)
	return t, err
}

func (o *Outbox) deliver(ctx context.Context, t taken) error {
	var l Letter
	if err := o.seals.open(t.id, t.box, &l); err != nil {
		o.log.Error("mail: a waiting message cannot be opened", "id", t.id.String())
		return o.done(ctx, t, "refused")
	}
	err := o.sender.Send(ctx, l)
	if err == nil {
		return o.done(ctx, t, "sent")
	}
	kind := avow.KindOf(err)
	o.log.Warn("mail: not delivered", "id", t.id.String(), "try", t.tries, "kind", kind.String(), "error", err)
	if kind == avow.Refused || kind == avow.Invalid {
		return o.done(ctx, t, "refused")
	}
	return o.later(ctx, t)
}

// done lets go of a letter. It happens even when we are told to stop meanwhile:
// the letter has left.
func (o *Outbox) done(ctx context.Context, t taken, state string) error {
	return o.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE mail_outbox SET state = ?, letter = NULL WHERE id = ? AND state = 'waiting'`, state, t.id)
		return err
	})
}

// later sets the next try: after half a minute, then ever later, an hour at most.
func (o *Outbox) later(ctx context.Context, t taken) error {
	wait := min(time.Hour, 30*time.Second<<min(t.tries-1, 8))
	return o.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE mail_outbox SET due = ? WHERE id = ? AND state = 'waiting'`, tx.Now().Add(wait), t.id)
		return err
	})
}

// GiveUp lets go of every letter that waits, and returns how many there were. It is
// for a restored backup: what waited when it was made has long been sent, or is of
// people who have stopped it since.
func GiveUp(ctx context.Context, db *store.DB) (letters int64, err error) {
	err = db.Write(ctx, func(tx *store.Tx) error {
		letters, err = tx.Exec(`UPDATE mail_outbox SET state = 'late', letter = NULL WHERE state = 'waiting'`)
		return err
	})
	return letters, err
}

// State tells how far a message is: waiting, sent, refused or late. NotFound when no
// such message was put, or it left so long ago that its id is forgotten: 30 days.
func (o *Outbox) State(tx *store.Tx, id avow.ID) (state string, err error) {
	return state, tx.QueryRow(`SELECT state FROM mail_outbox WHERE id = ?`, id).Scan(&state)
}

// Counts says how many messages are in each state: waiting, sent, refused, late.
func (o *Outbox) Counts(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	err := o.db.Read(ctx, func(tx *store.Tx) error {
		return store.Each(tx, func(r *store.Rows) error {
			var state string
			var n int
			err := r.Scan(&state, &n)
			counts[state] = n
			return err
		}, `SELECT state, count(*) FROM mail_outbox GROUP BY state`)
	})
	return counts, err
}
