// Package witness hands the log's checkpoints to witnesses: other people's servers
// that sign a checkpoint only when it goes on from the last one they saw. Who trusts
// a witness then knows that everybody is shown one history.
//
// What stays true: a cosignature is kept only when it verifies with the key that was
// configured, over the checkpoint that was sent; what a witness knows is taken from its answer, never
// assumed. A log that no witness signs goes on, and is called unwitnessed.
//
// What it never does: sign anything itself, send more of the log than checkpoints and
// hashes, follow a witness's answer to another address, or stop the log.
package witness

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

//go:embed migrations
var migrations embed.FS

// Log is what is needed of a ledger.
type Log interface {
	// Checkpoint is the signed checkpoint of the last commit.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Consistency shows that the log at a later size goes on from an earlier one.
	Consistency(tx *store.Tx, earlier, later int64) (tlog.TreeProof, error)
}

// Witness is one to push to.
type Witness struct {
	Name string // of its key
	Key  string // verifier key, of type cosignature/v1
	URL  string // what "add-checkpoint" is below
}

// kept is how many cosignatures of each witness stay.
const kept = 100

// Desk pushes checkpoints and keeps what comes back. It is safe for concurrent use.
type Desk struct {
	db        *store.DB
	log       Log
	witnesses []*peer
}

// Open opens the desk, making its tables. Invalid when a witness's key or address cannot be, or stands twice.
func Open(ctx context.Context, db *store.DB, log Log, witnesses []Witness) (*Desk, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	d := &Desk{db: db, log: log}
	for _, w := range witnesses {
		p, err := newPeer(w)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(d.witnesses, func(q *peer) bool { return q.id == p.id }) {
			return nil, avow.FieldErrorf("witness", "%s stands there twice", p.id)
		}
		d.witnesses = append(d.witnesses, p)
	}
	return d, db.Migrate(ctx, "ledger_witness", files)
}

// Parse reads a witness from configuration: its verifier key and its address, with a
// plus sign or a space between them. The errors name the field.
func Parse(text string) (Witness, error) {
	text = strings.TrimSpace(text)
	at := strings.Index(text, "://")
	if at < 0 {
		return Witness{}, avow.FieldErrorf("witness", "it is a key and an address: name+hash+base64+https://…")
	}
	at = strings.LastIndexAny(text[:at], "+ \t") + 1
	w := Witness{Key: strings.TrimRight(text[:at], "+ \t"), URL: text[at:]}
	p, err := newPeer(w)
	if err != nil {
		return Witness{}, err
	}
	return p.Witness, nil
}

// Push sends the log's last checkpoint to every witness and keeps the cosignatures.
// The error is of the witnesses that did not sign; the others have. A log of nothing is not sent.
func (d *Desk) Push(ctx context.Context) error {
	if len(d.witnesses) == 0 {
		return nil
	}
	signed, err := d.log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	s, err := proof.PeekCheckpoint(signed)
	if err != nil {
		return err
	}
	if s.Checkpoint.Size == 0 {
		return nil
	}
	errs := make([]error, len(d.witnesses))
	var all sync.WaitGroup
	for i, p := range d.witnesses {
		all.Go(func() { errs[i] = avow.Unpanicked(func() error { return d.push(ctx, p, signed, s) }) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (d *Desk) push(ctx context.Context, p *peer, signed []byte, s proof.Signed) error {
	origin := s.Checkpoint.Origin
	known, err := d.size(ctx, p.id, origin)
	if err != nil {
		return err
	}
	line, pushed := p.push(ctx, signed, s.Checkpoint.Size, known, func(earlier int64) (tlog.TreeProof, error) {
		return d.consistency(ctx, earlier, s.Checkpoint.Size)
	})
	if ctx.Err() != nil && pushed != nil {
		return avow.Errorf(avow.Canceled, "the push was given up: %w", ctx.Err())
	}
	err = d.db.Write(ctx, func(tx *store.Tx) error {
		if pushed != nil {
			return d.failed(tx, p.id, origin, avow.MessageOf(pushed))
		}
		return d.keep(tx, p.id, signed, s, line)
	})
	if err != nil {
		return err
	}
	if pushed != nil {
		return &avow.Error{Kind: avow.KindOf(pushed), Message: "witness " + p.Name + ": " + avow.MessageOf(pushed), Err: pushed}
	}
	return nil
}

func (d *Desk) consistency(ctx context.Context, earlier, later int64) (p tlog.TreeProof, err error) {
	if earlier == 0 || earlier == later {
		return nil, nil
	}
	err = d.db.Read(ctx, func(tx *store.Tx) error { p, err = d.log.Consistency(tx, earlier, later); return err })
	return p, err
}

// size is what a witness signed last, as far as we know.
func (d *Desk) size(ctx context.Context, witness, origin string) (size int64, err error) {
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow("SELECT COALESCE(MAX(size), 0) FROM ledger_witnesses WHERE witness = ? AND origin = ?", witness, origin).Scan(&size)
	})
	return size, err
}

func (d *Desk) failed(tx *store.Tx, witness, origin, message string) error {
	_, err := tx.Exec(`INSERT INTO ledger_witnesses (witness, origin, size, at, error) VALUES (?, ?, 0, 0, ?)
		ON CONFLICT (witness, origin) DO UPDATE SET error = excluded.error`, witness, origin, message)
	return err
}

func (d *Desk) keep(tx *store.Tx, witness string, signed []byte, s proof.Signed, line string) error {
	c := s.Checkpoint
	_, err := tx.Exec(`INSERT INTO ledger_witnesses (witness, origin, size, at, error) VALUES (?, ?, ?, ?, '')
		ON CONFLICT (witness, origin) DO UPDATE SET size = excluded.size, at = excluded.at, error = ''`, witness, c.Origin, c.Size, tx.Now())
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO ledger_cosignatures (witness, origin, size, text, signed, line) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (origin, size, witness) DO UPDATE SET text = excluded.text, signed = excluded.signed, line = excluded.line`,
		witness, c.Origin, c.Size, string(s.Text), string(signed), line)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`DELETE FROM ledger_cosignatures WHERE witness = ? AND size NOT IN (
		SELECT size FROM ledger_cosignatures WHERE witness = ? ORDER BY size DESC LIMIT ?)`, witness, witness, kept)
	return err
}

// Status is how it stands with one witness.
type Status struct {
	Name      string
	Size      int64     // of the last checkpoint it signed; 0: none
	At        time.Time // when that was, by our clock; zero: never
	LastError string    // of the last push, for people; "" when it went well
}

// State lists the configured witnesses, in their order, as they stand with the log's present name.
func (d *Desk) State(ctx context.Context) ([]Status, error) {
	list := make([]Status, len(d.witnesses))
	signed, err := d.log.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	s, err := proof.PeekCheckpoint(signed)
	if err != nil {
		return nil, err
	}
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		for i, p := range d.witnesses {
			list[i] = Status{Name: p.Name}
			err := tx.QueryRow("SELECT COALESCE(MAX(size), 0), COALESCE(MAX(at), 0), COALESCE(MAX(error), '') FROM ledger_witnesses WHERE witness = ? AND origin = ?",
				p.id, s.Checkpoint.Origin).Scan(&list[i].Size, store.IntoTime(&list[i].At), &list[i].LastError)
			if err != nil {
				return err
			}
			if list[i].Size == 0 {
				list[i].At = time.Time{}
			}
		}
		return nil
	})
	return list, err
}

// Witnessed reports whether a witness signed within a time before now. Without one
// the log is unwitnessed: nobody but us says that everybody is shown the same history.
func Witnessed(list []Status, now time.Time, within time.Duration) bool {
	return slices.ContainsFunc(list, func(s Status) bool { return !s.At.IsZero() && now.Sub(s.At) <= within })
}

// Cosigned adds to a signed checkpoint the cosignatures there are of it.
func (d *Desk) Cosigned(ctx context.Context, signed []byte) ([]byte, error) {
	s, err := proof.PeekCheckpoint(signed)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(signed)
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		lines, err := store.Collect(tx, scanText, "SELECT line FROM ledger_cosignatures WHERE origin = ? AND size = ? AND text = ? ORDER BY witness",
			s.Checkpoint.Origin, s.Checkpoint.Size, string(s.Text))
		out = append(out, strings.Join(lines, "")...)
		return err
	})
	return out, err
}

// Last is the furthest checkpoint of the log's present name that a witness signed,
// with all its cosignatures; NotFound when there is none.
func (d *Desk) Last(ctx context.Context) ([]byte, error) {
	now, err := d.log.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	s, err := proof.PeekCheckpoint(now)
	if err != nil {
		return nil, err
	}
	var list []string
	err = d.db.Read(ctx, func(tx *store.Tx) error {
		list, err = store.Collect(tx, scanText, "SELECT signed FROM ledger_cosignatures WHERE origin = ? ORDER BY size DESC LIMIT 1", s.Checkpoint.Origin)
		return err
	})
	if err == nil && len(list) == 0 {
		err = avow.Errorf(avow.NotFound, "no witness has signed this log")
	}
	if err != nil {
		return nil, err
	}
	return d.Cosigned(ctx, []byte(list[0]))
}

func scanText(r *store.Rows) (s string, err error) { return s, r.Scan(&s) }
