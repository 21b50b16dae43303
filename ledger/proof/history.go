package proof

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
)

// log checks a log: its checkpoint, its whole tree, and what the caller kept of it.
func (v *verification) log(f files) error {
	signed, err := f.read(v.ctx, "checkpoint", MaxCheckpoint)
	if err != nil {
		return err
	}
	s, err := v.opened(signed, "")
	if err != nil {
		return err
	}
	if v.o.Key != "" && v.otherName(s.Checkpoint) {
		v.add(Failed, "", "this is the log %s, and not the one whose key you trust", s.Checkpoint.Origin)
	}
	v.is(s.Checkpoint)
	v.offered(f, signed)
	v.cosigned(s, "")
	if !v.o.Quick {
		if err := walkLog(v, f, s.Checkpoint); err != nil {
			return err
		}
		if err := v.events(f, s.Checkpoint); err != nil {
			return err
		}
	}
	return v.kept(f, s.Checkpoint)
}

// offered reads the key the log gives out beside its checkpoint, so that a caller
// without one can write it down and compare it with what they get elsewhere.
func (v *verification) offered(f files, signed []byte) {
	text, err := f.read(v.ctx, "key", 4096)
	if err != nil {
		return
	}
	key := strings.TrimSpace(string(text))
	switch _, err := OpenCheckpoint(signed, key); {
	case err != nil:
		v.add(Failed, "key", "the log gives out a key that did not sign its checkpoint")
	case v.o.Key == "":
		v.Offered = key
		v.add(Left, "key", "the checkpoint is signed by the key the log gives out; compare that key with one you got elsewhere")
	case key != v.Key:
		v.add(Failed, "key", "the log gives out another key than the one you trust")
	}
}

// kept checks the earlier checkpoint and the receipts against the log.
func (v *verification) kept(f files, c Checkpoint) error {
	h := tlog.TileHashReader(c.Tree(), tileReader{v.ctx, f})
	before, err := v.earlier()
	if err != nil {
		return err
	}
	if before != nil {
		if err := v.consistent(h, before.Checkpoint, c, "the earlier checkpoint"); err != nil {
			return err
		}
	}
	if v.o.Receipt == nil {
		return nil
	}
	list, err := parseReceipts(v.o.Receipt)
	if err != nil {
		return err
	}
	for _, r := range list {
		if err := v.found(h, r, c); err != nil {
			return err
		}
	}
	return nil
}

// consistent checks that the log still has all it had at an earlier checkpoint.
func (v *verification) consistent(h tlog.HashReader, before, now Checkpoint, where string) error {
	switch {
	case before.Size > now.Size && before.Origin != now.Origin:
		v.add(Failed, where, "it is of another log, %s, which had %s", before.Origin, entriesOf(before.Size))
		return nil
	case before.Size > now.Size:
		v.add(Failed, where, "the log had %s and now has %d: it was cut short, or an old copy is shown", entriesOf(before.Size), now.Size)
		return nil
	case before.Size == 0 && before.Origin == now.Origin:
		v.add(Passed, where, "it is of the empty log, which every log goes on from")
		return nil
	}
	root, err := rootAt(h, before.Size, now)
	switch {
	case unread(err):
		return err
	case err != nil:
		v.add(Failed, where, "the log's tiles do not fit its checkpoint, so the history up to size %d cannot be compared", before.Size)
	case root != before.Root && before.Origin != now.Origin:
		v.add(Failed, where, "it is of another log, %s, which this one does not go on from", before.Origin)
	case before.Origin != now.Origin:
		v.add(Left, where, "it is of the log %s; this one has the same %s, and goes on from there under its own name", before.Origin, entriesOf(before.Size))
	case root != before.Root:
		v.add(Failed, where, "history was rewritten: the first %s of this log are not those that were signed then. Keep both checkpoints: together they prove it", entriesOf(before.Size))
	default:
		v.add(Passed, where, "the log still has all %s it had then, unchanged", entriesOf(before.Size))
	}
	return nil
}

// rootAt is the root the log's tiles give for a size it has passed.
func rootAt(h tlog.HashReader, size int64, now Checkpoint) (Hash, error) {
	switch size {
	case 0:
		return emptyRoot, nil
	case now.Size:
		return now.Root, nil
	}
	return tlog.TreeHash(size, h)
}

// found looks for a receipt's record in the log, and checks the checkpoint it came with.
func (v *verification) found(h tlog.HashReader, r *Receipt, c Checkpoint) error {
	where := "receipt " + r.ID.String()
	if err := r.Check(); err != nil {
		v.add(Failed, where, "%s", avow.MessageOf(err))
		return nil
	}
	if r.Proof.Index < 0 || r.Proof.Index >= c.Size {
		v.add(Failed, where, "it says entry %d; the log has %d: the entry was cut off, the receipt is of another log, or an old copy is shown", r.Proof.Index, c.Size)
		return nil
	}
	hashes, err := h.ReadHashes([]int64{tlog.StoredHashIndex(0, r.Proof.Index)})
	switch {
	case unread(err):
		return err
	case err != nil:
		v.add(Failed, where, "the log's tiles do not fit its checkpoint, so entry %d cannot be compared", r.Proof.Index)
		return nil
	case hashes[0] != hashOf(r):
		v.add(Failed, where, "entry %d of the log is another record", r.Proof.Index)
		return nil
	}
	v.add(Passed, where, "it says what was recorded, and is entry %d of this log", r.Proof.Index)
	if r.Proof.Log == "" {
		return nil
	}
	in, err := r.inclusion()
	if err != nil {
		v.add(Failed, where, "%s", avow.MessageOf(err))
		return nil
	}
	return v.cameWith(h, in, hashOf(r), c, where)
}

// cameWith checks the checkpoint a receipt was given with: a checkpoint handed out earlier.
func (v *verification) cameWith(h tlog.HashReader, in Inclusion, leaf Hash, c Checkpoint, where string) error {
	where += ", its checkpoint"
	s, err := v.opened(in.Checkpoint, where)
	if err == nil {
		err = in.Check(leaf, s.Checkpoint)
	}
	if err != nil {
		v.add(Failed, where, "%s", avow.MessageOf(err))
		return nil
	}
	return v.consistent(h, s.Checkpoint, c, where)
}

// unread reports whether an error is of the way to the log, not of what is in it.
func unread(err error) bool {
	kind := avow.KindOf(err)
	return err != nil && (kind == avow.Unavailable || kind == avow.Canceled || kind == avow.Forbidden)
}

// tileReader hands a log's tiles to tlog, which checks them against the root.
type tileReader struct {
	ctx context.Context
	f   files
}

func (r tileReader) Height() int                     { return tileHeight }
func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	list := make([][]byte, len(tiles))
	for i, t := range tiles {
		b, err := tile(r.ctx, r.f, TileRef{t.L, t.N, t.W})
		if err != nil {
			return nil, err
		}
		if len(b) != t.W*len(Hash{}) {
			return nil, errors.New("a tile is of the wrong size")
		}
		list[i] = b
	}
	return list, nil
}
