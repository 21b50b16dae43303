package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// Restored is the body of a LogRestored event: under which name the log was
// published before, and how far.
type Restored struct {
	Origin     string `json:"origin"`
	Key        string `json:"key"`
	Checkpoint string `json:"checkpoint"` // the last that is known to have been signed
	Size       int64  `json:"size"`       // events that were there when it went on
	Because    string `json:"because,omitempty"`
}

// NewOrigin goes on under a new name, from the events that are there: after a backup
// was put back, the old name's checkpoints can no longer be kept. What was last
// published under it stays on record, and the log says so in an event. A tree that does not
// lead to its checkpoint is built again from the events. "" takes the old name with a
// number. It is for one process alone, while no server runs.
func (l *Ledger) NewOrigin(ctx context.Context, origin, because string) error {
	if len(because) > 1000 {
		return avow.Errorf(avow.TooLarge, "the reason for a new origin is longer than 1000 bytes")
	}
	l.outside.resume()
	err := l.db.Write(ctx, func(tx *store.Tx) error { return l.rename(tx, origin, because) })
	if err != nil {
		return err
	}
	return l.WriteOutside()
}

func (l *Ledger) rename(tx *store.Tx, origin, because string) error {
	h, err := lockHead(tx, 0)
	if err != nil {
		return err
	}
	old, err := l.signerOf(h.origin)
	if err != nil {
		return err
	}
	was := Restored{Origin: h.origin, Key: old.Key(), Checkpoint: string(l.lastPublished(h)), Size: h.size, Because: because}
	if err := endOrigin(tx, was); err != nil {
		return err
	}
	f, err := l.standing(tx, h, was.Origin)
	if err != nil {
		return err
	}
	if later := l.publishedSince(h, because); later != nil { // this copy has been gone on from before
		was = *later
		if err := endOrigin(tx, was); err != nil {
			return err
		}
	}
	if h.origin, err = l.nextName(tx, origin); err != nil {
		return err
	}
	return l.sayRestored(tx, h, f, was)
}

// endOrigin keeps what was last published under a name.
func endOrigin(tx *store.Tx, was Restored) error {
	_, err := tx.Exec(`INSERT INTO ledger_origins (number, origin, key, checkpoint, size, ended)
		SELECT COALESCE(MAX(number), 0) + 1, ?, ?, ?, ?, ? FROM ledger_origins`, was.Origin, was.Key, was.Checkpoint, was.Size, tx.Now())
	return err
}

// publishedSince is what was last published under a name that this copy of the log
// does not know, by the checkpoint kept outside: the same backup was put back
// before. nil when that is not so.
func (l *Ledger) publishedSince(h head, because string) *Restored {
	kept, err := l.readKept()
	if err != nil || kept == nil || kept.Origin == h.origin {
		return nil
	}
	text, err := readOutside(l.outside.file)
	if err != nil {
		return nil
	}
	s, err := proof.NewSigner(kept.Origin, l.seed)
	if err != nil {
		return nil
	}
	return &Restored{Origin: kept.Origin, Key: s.Key(), Checkpoint: string(text), Size: h.size, Because: because}
}

// lastPublished is the furthest checkpoint that is known: the one kept outside, or the log's own.
func (l *Ledger) lastPublished(h head) []byte {
	if l.outside == nil {
		return h.checkpoint
	}
	text, err := readOutside(l.outside.file)
	if err != nil || text == nil {
		return h.checkpoint
	}
	kept, err := l.verifies(h.origin, text)
	if own, bad := l.verifies(h.origin, h.checkpoint); err != nil || bad == nil && own.Size > kept.Size {
		return h.checkpoint
	}
	return text
}

// nextName is a name that this log has never had: the one wanted, or the first
// name with the number after the highest that is known.
func (l *Ledger) nextName(tx *store.Tx, wanted string) (string, error) {
	had, err := store.Collect(tx, func(r *store.Rows) (s string, err error) { return s, r.Scan(&s) }, "SELECT origin FROM ledger_origins ORDER BY number")
	if err != nil {
		return "", err
	}
	if wanted == "" {
		number := 1
		for _, name := range had {
			_, digits, _ := strings.Cut(name, had[0]+"/")
			if n, err := strconv.Atoi(digits); err == nil {
				number = max(number, n)
			}
		}
		wanted = fmt.Sprintf("%s/%d", had[0], number+1)
	}
	if slices.Contains(had, wanted) {
		return "", avow.Errorf(avow.Conflict, "this log was called %s already; give it a name it never had", wanted)
	}
	return wanted, proof.CheckOrigin(wanted)
}

// standing is the edge of the tree to go on from: the old one where it was signed, else none, and the tree is built again.
func (l *Ledger) standing(tx *store.Tx, h head, was string) (frontier, error) {
	f, ok := unpackFrontier(h.tree, h.peaks)
	signed := h
	signed.origin = was
	if ok && h.tree <= h.size && l.signed(signed, f) == nil {
		return f, nil
	}
	_, err := tx.Exec("DELETE FROM ledger_tiles")
	return frontier{}, err
}

func (l *Ledger) sayRestored(tx *store.Tx, h head, f frontier, was Restored) error {
	body, err := json.Marshal(was)
	if err != nil {
		return err
	}
	p, err := l.prepare(tx, Event{Type: LogRestored, Body: body, Ours: true})
	if err != nil {
		return err
	}
	if _, err := lockHead(tx, 1); err != nil {
		return err
	}
	h.size++
	s := l.startSealing([]*pending{p})
	defer s.stop()
	return l.extend(tx, h, f, s)
}
