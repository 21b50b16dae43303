package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// proofs is what it takes to prove an event, and to check it, in a log of so many.
type proofs struct {
	events    int64
	inclusion waits // of an event that is only a hash: the proof out of the database, and its check
	receipt   waits // of a real one: opened, its receipt with the proof, and the check of that
	built     time.Duration
}

// waits are how long single operations took, one after the other.
type waits struct{ median, most time.Duration }

const proved = 2000 // events, each once

func measureProofs(ctx context.Context, c config) (*proofs, error) {
	dir, err := os.MkdirTemp(c.dir, "avow-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	h, people, err := inhabited(ctx, dir, "", few)
	if err != nil {
		return nil, err
	}
	defer func() { h.close() }()
	p := &proofs{events: c.events}
	began := time.Now()
	if err := h.madeUp(ctx, dir, c.events); err != nil {
		return nil, err
	}
	p.built = time.Since(began)
	progress("a tree of %d events was made in %v", c.events, p.built.Round(time.Second))
	for i := range proved / 4 {
		if err := h.append(ctx, people[i%len(people)], 4); err != nil {
			return nil, err
		}
	}
	if p.inclusion, err = waited(func(int) error { return h.proves(ctx, rand.Int64N(c.events)) }); err != nil {
		return nil, err
	}
	p.receipt, err = waited(func(i int) error { return h.receives(ctx, c.events+int64(i)) })
	return p, err
}

func waited(do func(i int) error) (waits, error) {
	list := make([]time.Duration, proved)
	for i := range list {
		began := time.Now()
		if err := do(i); err != nil {
			return waits{}, err
		}
		list[i] = time.Since(began)
	}
	slices.Sort(list)
	return waits{list[proved/2], list[proved*99/100]}, nil
}

// proves takes a proof out of the database and checks it as whoever gets it does: signature, path and root.
func (h *house) proves(ctx context.Context, index int64) error {
	var in proof.Inclusion
	err := h.db.Read(ctx, func(tx *store.Tx) (err error) {
		in, err = h.ledger.Inclusion(tx, index)
		return err
	})
	if err != nil {
		return err
	}
	c, err := proof.OpenCheckpoint(in.Checkpoint, h.ledger.Key())
	if err != nil {
		return err
	}
	return in.Check(madeUpLeaf(index), c)
}

// receives reads an event, makes its receipt, and checks that.
func (h *house) receives(ctx context.Context, index int64) error {
	var r *ledger.Receipt
	err := h.db.Read(ctx, func(tx *store.Tx) error {
		list, err := h.ledger.Read(tx, index, 1)
		if err != nil {
			return err
		}
		r, err = h.ledger.Receipt(tx, list[0])
		return err
	})
	if err != nil {
		return err
	}
	return r.Verify(h.ledger.Key())
}

func madeUpLeaf(i int64) (h proof.Hash) {
	binary.BigEndian.PutUint64(h[:], uint64(i))
	return h
}

// tree is what the ledger keeps of its tree: the roots of the whole subtrees at its
// edge, and at every eighth level the hashes of the tile that is not full yet. Full ones go to the database.
type tree struct {
	size  int64
	peaks []proof.Hash
	open  [8][]byte
	full  []any // level, start and hashes of each, in turn
}

func (t *tree) add(h proof.Hash) {
	t.keep(0, t.size, h)
	level := 0
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.peaks) - 1
		h = tlog.NodeHash(t.peaks[last], h)
		t.peaks = t.peaks[:last]
		if level++; level%8 == 0 {
			t.keep(level/8, t.size>>level, h)
		}
	}
	t.peaks = append(t.peaks, h)
	t.size++
}

func (t *tree) keep(level int, at int64, h proof.Hash) {
	t.open[level] = append(t.open[level], h[:]...)
	if at%proof.Width == proof.Width-1 {
		t.full = append(t.full, level, at-at%proof.Width, t.open[level])
		t.open[level] = nil
	}
}

// edge gives the tiles that are not full.
func (t *tree) edge() (rows []any) {
	for level, hashes := range t.open {
		if len(hashes) > 0 {
			count := t.size >> (8 * level)
			rows = append(rows, level, count-count%proof.Width, hashes)
		}
	}
	return rows
}

func (t *tree) root() proof.Hash {
	root := t.peaks[len(t.peaks)-1]
	for _, p := range slices.Backward(t.peaks[:len(t.peaks)-1]) {
		root = tlog.NodeHash(p, root)
	}
	return root
}

// madeUp puts the whole tree of a log of events that are not there into the
// ledger's own tables, signed with its own key, and has the ledger open it.
func (h *house) madeUp(ctx context.Context, dir string, size int64) error {
	const chunk = 256 * proof.Width
	err := h.db.Write(ctx, func(tx *store.Tx) error {
		for _, table := range []string{"ledger_tiles", "ledger_events"} { // the policy's own events
			if _, err := tx.Exec("DELETE FROM " + table); err != nil {
				return err
			}
		}
		return nil
	})
	var t tree
	for err == nil && t.size < size {
		t.full = nil
		for range min(chunk, size-t.size) {
			t.add(madeUpLeaf(t.size))
		}
		err = h.db.Write(ctx, func(tx *store.Tx) error { return tx.Insert("ledger_tiles", "level, start, hashes", t.full) })
	}
	if err != nil {
		return err
	}
	signer, err := proof.NewSigner(h.ledger.Origin(), h.vault.KeyFor("log signing key"))
	if err != nil {
		return err
	}
	var peaks []byte
	for _, p := range t.peaks {
		peaks = append(peaks, p[:]...)
	}
	err = h.db.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Insert("ledger_tiles", "level, start, hashes", t.edge()); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE ledger_head SET size = ?, tree = ?, peaks = ?, checkpoint = ? WHERE one = 1", size, size, peaks,
			string(signer.Sign(proof.Checkpoint{Size: size, Root: t.root()})))
		return err
	})
	if err != nil {
		return err
	}
	return h.reopen(ctx, dir)
}

// reopen has the log looked at as at a start: a head that is not signed, or an edge
// that is not of its tree, is refused. The checkpoint outside is of the log that was here before.
func (h *house) reopen(ctx context.Context, dir string) error {
	if err := h.close(); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(keysOf(dir), "checkpoint")); err != nil {
		return err
	}
	again, err := openHouse(ctx, dir, "")
	if err != nil {
		return fmt.Errorf("the made-up log: %w", err)
	}
	*h = *again
	return nil
}
