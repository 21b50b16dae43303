package ledger

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// sequence seals a batch's events, numbers and writes them, and brings tree and
// checkpoint up to them. The head is locked here and not before, and the events of one
// part are sealed while those of the part before are written.
func (l *Ledger) sequence(tx *store.Tx, events []*pending) error {
	s := l.startSealing(events)
	defer s.stop()
	if err := s.first(); err != nil {
		return err
	}
	h, err := lockHead(tx, len(events))
	if err != nil {
		return err
	}
	f, err := l.trusted(h)
	if err != nil {
		return err
	}
	return l.extend(tx, h, f, s)
}

// extend adds events to a log whose head is locked and has room for them.
func (l *Ledger) extend(tx *store.Tx, h head, f frontier, s *sealing) error {
	g := growth{0: run{hashes: make([]byte, 0, hashSize*len(s.events))}}
	next := h.size - int64(len(s.events))
	if err := l.addMissing(tx, &f, &g, next); err != nil {
		return err
	}
	for part, err := range s.parts() {
		if err != nil {
			return err
		}
		for _, p := range part {
			p.event.Index, p.receipt.Proof.Index = next, next
			f.add(p.hash, &g)
			next++
		}
		if err := l.insert(tx, part); err != nil {
			return err
		}
	}
	if err := g.write(tx); err != nil {
		return err
	}
	tx.OnCommit(func() { l.lately.add(s.events) })
	return l.seal(tx, h, f)
}

// catchUpRows bounds one transaction that brings the tree up to date.
const catchUpRows = 2000

// catchUp brings the tree up to events that were appended by a program that knows no tree.
func (l *Ledger) catchUp(ctx context.Context) error {
	for {
		behind := true
		err := l.db.Write(ctx, func(tx *store.Tx) error {
			h, err := lockHead(tx, 0)
			if err != nil {
				return err
			}
			f, err := l.trusted(h)
			if err != nil || f.size == h.size {
				behind = false
				return err
			}
			var g growth
			to := min(h.size, f.size+catchUpRows)
			if err := l.addMissing(tx, &f, &g, to); err != nil {
				return err
			}
			if err := g.write(tx); err != nil {
				return err
			}
			behind = to < h.size
			return l.seal(tx, h, f)
		})
		if err != nil || !behind {
			return refusal(err)
		}
	}
}

// addMissing adds events that are in the log, and not in the tree, up to one of
// them. Rows that nobody has bound are bound as they stand.
func (l *Ledger) addMissing(tx *store.Tx, f *frontier, g *growth, to int64) error {
	for f.size < to {
		unbound, err := l.addRows(tx, f, g, min(to, f.size+catchUpRows))
		if err != nil {
			return err
		}
		for _, e := range unbound {
			if _, err := tx.Exec("UPDATE ledger_events SET mac = ? WHERE idx = ?", l.binder.mac(e.Event, e.Leaf), e.Index); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *Ledger) addRows(tx *store.Tx, f *frontier, g *growth, to int64) (unbound []Entry, err error) {
	err = store.Each(tx, func(r *store.Rows) error {
		e, mac, err := scanRow(r)
		if err != nil || e.Index != f.size {
			return err
		}
		if mac == nil {
			e.Sealed = nil
			unbound = append(unbound, e)
		}
		f.add(leafHash(e.Leaf), g)
		return nil
	}, "SELECT "+rowColumns+" FROM ledger_events WHERE idx >= ? AND idx < ? ORDER BY idx", f.size, to)
	if err == nil && f.size != to {
		err = avow.Errorf(avow.Conflict, "event %d is missing from the log: it was deleted from the database before the log had a tree. "+
			"Put back a backup that has it", f.size)
	}
	return unbound, err
}
