package ledger

import (
	"context"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"golang.org/x/mod/sumdb/tlog"
)

// Key is the verifier key of the log, to hand out: the name, a hash of the key, and the key.
func (l *Ledger) Key() string {
	s, err := l.signerOf(l.Origin())
	if err != nil {
		return "" // a name that cannot be was refused when the log was opened
	}
	return s.Key()
}

// Origin is the name of the log.
func (l *Ledger) Origin() string { return l.lastKnown().origin }

// Checkpoint is the signed checkpoint of the last commit.
func (l *Ledger) Checkpoint(ctx context.Context) (signed []byte, err error) {
	err = l.db.Read(ctx, func(tx *store.Tx) error {
		h, err := readHead(tx)
		signed = h.checkpoint
		return err
	})
	return signed, err
}

// Tile is a tile of hashes or a bundle of entries, by its path below the log's
// address: NotFound when the log does not go that far, Invalid when it is no path.
func (l *Ledger) Tile(ctx context.Context, path string) (tile []byte, err error) {
	t, err := proof.ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	err = l.db.Read(ctx, func(tx *store.Tx) error {
		h, err := readHead(tx)
		if err != nil {
			return err
		}
		if !t.In(h.tree) {
			return avow.Errorf(avow.NotFound, "the log does not go that far")
		}
		if t.Level == proof.Entries {
			tile, err = bundle(tx, t)
			return err
		}
		tile, err = readTile(tx, t)
		return err
	})
	return tile, err
}

const leafColumns = "idx, type, at, sealed_hash, commitment"

func scanLeaf(r *store.Rows) (index int64, leaf Leaf, err error) {
	var at int64
	var sealed, commitment []byte
	err = r.Scan(&index, &leaf.Type, &at, &sealed, &commitment)
	leaf.Minute = proof.MinuteOf(time.UnixMicro(at))
	copy(leaf.Sealed[:], sealed)
	copy(leaf.Commitment[:], commitment)
	return index, leaf, err
}

// bundle gives the entries of a tile; Conflict when one is missing.
func bundle(tx *store.Tx, t proof.TileRef) ([]byte, error) {
	start := t.N * proof.Width
	next := start
	var b []byte
	err := store.Each(tx, func(r *store.Rows) error {
		index, leaf, err := scanLeaf(r)
		if err == nil && index == next && len(leaf.Type) < 256 {
			b = proof.AppendEntry(b, leaf.Bytes())
			next++
		}
		return err
	}, "SELECT "+leafColumns+" FROM ledger_events WHERE idx >= ? AND idx < ? ORDER BY idx", start, start+int64(t.Width))
	if err == nil && next != start+int64(t.Width) {
		err = avow.Errorf(avow.Conflict, "event %d is missing from the log: it was deleted from the database", next)
	}
	return b, err
}

// Inclusion shows that the tree of the last checkpoint has an event at a place; NotFound when it does not go that far.
func (l *Ledger) Inclusion(tx *store.Tx, index int64) (proof.Inclusion, error) {
	h, tree, err := l.signedTree(tx)
	if err != nil {
		return proof.Inclusion{}, err
	}
	if index < 0 || index >= tree.N {
		return proof.Inclusion{}, avow.Errorf(avow.NotFound, "the log does not go as far as place %d", index)
	}
	p, err := l.proveRecord(tx, tree, index)
	if err != nil { // what is kept may be what has been put right since
		l.upper.forget()
		p, err = l.proveRecord(tx, tree, index)
	}
	return proof.Inclusion{Index: index, Proof: p, Checkpoint: h.checkpoint}, treeError(err)
}

// Consistency shows that the log at a later size goes on from what it was at an
// earlier one. NotFound for a size that the last checkpoint has not reached.
func (l *Ledger) Consistency(tx *store.Tx, earlier, later int64) (tlog.TreeProof, error) {
	_, tree, err := l.signedTree(tx)
	if err != nil {
		return nil, err
	}
	if earlier < 0 || earlier > later || later > tree.N {
		return nil, avow.Errorf(avow.NotFound, "there is no way from size %d to size %d in a log of size %d", earlier, later, tree.N)
	}
	if earlier == 0 || earlier == later {
		return tlog.TreeProof{}, nil
	}
	p, err := tlog.ProveTree(later, earlier, tlog.TileHashReader(tree, tileReader{tx}))
	return p, treeError(err)
}

// signedTree is what the stored checkpoint says, whose signature must be ours: a tile is believed only if it leads there.
func (l *Ledger) signedTree(tx *store.Tx) (head, tlog.Tree, error) {
	h, err := readHead(tx)
	if err != nil {
		return h, tlog.Tree{}, err
	}
	if known := l.lastKnown(); string(known.checkpoint) == string(h.checkpoint) {
		c, err := proof.PeekCheckpoint(h.checkpoint)
		return h, c.Checkpoint.Tree(), err
	}
	c, err := l.verifies(h.origin, h.checkpoint)
	if err != nil {
		return h, tlog.Tree{}, errHead
	}
	return h, c.Tree(), nil
}

// rootAt is the root that the tiles had at a size.
func rootAt(tx *store.Tx, tree tlog.Tree, size int64) (proof.Hash, error) {
	if size == 0 {
		return proof.EmptyRoot(), nil
	}
	root, err := tlog.TreeHash(size, tlog.TileHashReader(tree, tileReader{tx}))
	return root, treeError(err)
}

// treeError is what tlog's finding comes to: the tiles do not lead to the checkpoint.
func treeError(err error) error {
	if err == nil || avow.KindOf(err) != avow.Internal {
		return err
	}
	return avow.Errorf(avow.Conflict, "the hashes of the log do not lead to its checkpoint: they were changed in the database; avow audit names what is wrong")
}
