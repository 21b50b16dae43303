package ledger

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// head is the one row that says how far the log goes.
type head struct {
	size       int64 // events
	tree       int64 // of them in the tree
	peaks      []byte
	origin     string
	checkpoint []byte    // signed, of the tree
	at         time.Time // of the latest event
}

const headColumns = "size, tree, COALESCE(peaks, ?), COALESCE(origin, ''), COALESCE(checkpoint, ''), at"

func scanHead(r *store.Row) (h head, err error) {
	var checkpoint string
	err = r.Scan(&h.size, &h.tree, &h.peaks, &h.origin, &checkpoint, store.IntoTime(&h.at))
	h.checkpoint = []byte(checkpoint)
	if avow.KindOf(err) == avow.NotFound {
		err = errNoHead
	}
	return h, err
}

func readHead(tx *store.Tx) (head, error) {
	return scanHead(tx.QueryRow("SELECT "+headColumns+" FROM ledger_head WHERE one = 1", []byte{}))
}

// lockHead makes room for n more events, and holds the head until the transaction
// ends: nodes wait for each other only for this long. Only events move its time: else
// a start on a machine whose clock is years ahead would date all that comes.
func lockHead(tx *store.Tx, n int) (head, error) {
	if n == 0 {
		return scanHead(tx.QueryRow("UPDATE ledger_head SET size = size WHERE one = 1 RETURNING "+headColumns, []byte{}))
	}
	return scanHead(tx.QueryRow("UPDATE ledger_head SET size = size + ?, at = CASE WHEN at > ? THEN at ELSE ? END WHERE one = 1 RETURNING "+headColumns,
		n, tx.Now(), tx.Now(), []byte{}))
}

// errHead stops whoever would build on a head that is not the one that was signed.
var errHead = avow.Errorf(avow.Conflict, "the head of the log was changed in the database, or an older copy of it was put back: "+
	"it is not what was last signed. Nothing is added to it. Run avow audit to see what is wrong, and avow restore to go on under a new name")

var errNoHead = avow.Errorf(avow.Conflict, "the head of the log was deleted from the database: nothing says how many events there were. "+
	"Keep the database as it is, and put a backup in its place with avow restore")

// trusted gives the edge of the tree to build on. It is the one we committed last,
// or one that goes on from there and is signed; nothing else is signed over.
func (l *Ledger) trusted(h head) (frontier, error) {
	f, ok := unpackFrontier(h.tree, h.peaks)
	known := l.lastKnown()
	if !ok || h.origin != known.origin || h.tree < known.tree || h.size < h.tree {
		return f, errHead
	}
	if h.tree == known.tree && string(h.peaks) == string(known.peaks) {
		return f, nil
	}
	return f, l.signed(h, f)
}

// signed reports whether a head's checkpoint is ours, and of its tree.
func (l *Ledger) signed(h head, f frontier) error {
	c, err := l.verifies(h.origin, h.checkpoint)
	if err != nil || c.Size != f.size || c.Root != f.root() {
		return errHead
	}
	return nil
}

// verifies reads a checkpoint that our key signed for a log of this name.
func (l *Ledger) verifies(origin string, signed []byte) (proof.Checkpoint, error) {
	s, err := l.signerOf(origin)
	if err != nil {
		return proof.Checkpoint{}, err
	}
	return proof.OpenCheckpoint(signed, s.Key())
}

// signerOf is the signer for a name; the last one is kept.
func (l *Ledger) signerOf(origin string) (*proof.Signer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.signer != nil && l.signer.Origin() == origin {
		return l.signer, nil
	}
	s, err := proof.NewSigner(origin, l.seed)
	if err != nil {
		return nil, err
	}
	l.signer = s
	return s, nil
}

// seal writes the head of a tree that has grown, signed.
func (l *Ledger) seal(tx *store.Tx, h head, f frontier) error {
	s, err := l.signerOf(h.origin)
	if err != nil {
		return err
	}
	h.tree, h.peaks = f.size, f.pack()
	h.checkpoint = s.Sign(proof.Checkpoint{Size: f.size, Root: f.root()})
	_, err = tx.Exec("UPDATE ledger_head SET tree = ?, peaks = ?, origin = ?, checkpoint = ? WHERE one = 1", h.tree, h.peaks, h.origin, string(h.checkpoint))
	if err != nil {
		return err
	}
	tx.Tell("ledger")
	tx.OnCommit(func() { l.committed(h) })
	return nil
}

// committed remembers what is on disk, and has it written outside.
func (l *Ledger) committed(h head) {
	l.mu.Lock()
	l.known = h
	l.mu.Unlock()
	l.outside.offer(h.checkpoint)
}

func (l *Ledger) lastKnown() head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known
}

// start brings the log to where it can be appended to: named, signed, its tree up to date, and not behind what is known outside.
func (l *Ledger) start(ctx context.Context, c Config) error {
	outside := l.look()
	h, err := l.found(ctx, c.Origin)
	if err != nil {
		return refusal(err)
	}
	f, ok := unpackFrontier(h.tree, h.peaks)
	if !ok {
		err = errHead
	} else {
		err = l.signed(h, f)
	}
	if err == nil {
		err = outside.against(ctx, l, h)
	}
	if err != nil {
		if c.Inspect && avow.KindOf(err) != avow.Unavailable {
			l.outside.stop()
			l.known = h
			return nil
		}
		return refusal(err)
	}
	l.missed(outside, h)
	l.committed(h)
	if c.Inspect {
		return nil
	}
	return l.catchUp(ctx)
}

// refusal is what a start that meets a changed log ends with.
func refusal(err error) error {
	if avow.KindOf(err) == avow.Conflict {
		return avow.Errorf(avow.Refused, "%s", avow.MessageOf(err))
	}
	return err
}

// found gives a log that has no name yet its name and its first signature. Of several nodes that start at once, one does.
func (l *Ledger) found(ctx context.Context, origin string) (h head, err error) {
	err = l.db.Read(ctx, func(tx *store.Tx) error { h, err = readHead(tx); return err })
	if err != nil || h.origin != "" {
		return h, err
	}
	if origin == "" {
		origin = "avow.invalid/" + strings.ToLower(rand.Text())
	}
	if err := proof.CheckOrigin(origin); err != nil {
		return h, err
	}
	err = l.db.Write(ctx, func(tx *store.Tx) error {
		if h, err = lockHead(tx, 0); err != nil || h.origin != "" {
			return err
		}
		h.origin = origin
		s, err := l.signerOf(origin)
		if err != nil {
			return err
		}
		h.checkpoint = s.Sign(proof.Checkpoint{Root: proof.EmptyRoot()})
		_, err = tx.Exec("UPDATE ledger_head SET origin = ?, checkpoint = ? WHERE one = 1", h.origin, string(h.checkpoint))
		return err
	})
	return h, err
}
