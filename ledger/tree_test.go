package ledger_test

import (
	"bytes"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"golang.org/x/mod/sumdb/tlog"
)

// reference is the same log kept the plain way: every hash in memory, by tlog's own functions.
type reference struct {
	size   int64
	leaves [][]byte
	hashes []tlog.Hash
}

func (r *reference) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = r.hashes[n]
	}
	return out, nil
}

func (r *reference) add(t *testing.T, leaf []byte) {
	t.Helper()
	more, err := tlog.StoredHashes(r.size, leaf, r)
	if err != nil {
		t.Fatal(err)
	}
	r.hashes = append(r.hashes, more...)
	r.leaves = append(r.leaves, leaf)
	r.size++
}

func (r *reference) root(t *testing.T, size int64) tlog.Hash {
	t.Helper()
	root, err := tlog.TreeHash(size, r)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// follow brings the reference up to what the log says its events are.
func (r *reference) follow(h *house) {
	h.t.Helper()
	for _, e := range h.all()[r.size:] {
		r.add(h.t, e.Leaf.Bytes())
	}
}

func (h *house) appendMany(subject avow.ID, n int) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		for range n {
			if _, err := h.Append(tx, given(subject)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (h *house) checkpoint() proof.Checkpoint {
	h.t.Helper()
	signed, err := h.Checkpoint(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	c, err := proof.OpenCheckpoint(signed, h.Key())
	if err != nil {
		h.t.Fatalf("%v: %s", err, signed)
	}
	return c
}

// The tree grows by steps that end everywhere in a tile and cross several; at each,
// root, tiles, entries and proofs are those that tlog computes from the same leaves.
func TestTree(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		var ref reference
		if c := h.checkpoint(); c.Size != 0 || c.Root != proof.EmptyRoot() || c.Origin != h.Origin() {
			t.Errorf("an empty log: %+v", c)
		}
		for _, n := range []int{1, 1, 2, 251, 1, 1, 254, 1, 300, 1, 700, 3} {
			h.appendMany(ann, n)
			ref.follow(h)
			c := h.checkpoint()
			if c.Size != ref.size || c.Root != ref.root(t, c.Size) {
				t.Fatalf("size %d: the checkpoint says %d and %v", ref.size, c.Size, c.Root)
			}
			h.compareTiles(&ref)
			h.compareProofs(&ref, c)
		}
	})
}

func (h *house) compareTiles(ref *reference) {
	h.t.Helper()
	for tile := range proof.Tiles(ref.size) {
		got, err := h.Tile(h.t.Context(), tile.Path())
		if err != nil {
			h.t.Fatalf("%s: %v", tile.Path(), err)
		}
		want := ref.tile(h.t, tile)
		if !bytes.Equal(got, want) {
			h.t.Errorf("%s of size %d differs", tile.Path(), ref.size)
		}
		if tile.Width > 1 {
			tile.Width--
			part, err := h.Tile(h.t.Context(), tile.Path())
			if err != nil || !bytes.HasPrefix(want, part) {
				h.t.Errorf("%s: %v", tile.Path(), err)
			}
		}
	}
}

func (r *reference) tile(t *testing.T, ref proof.TileRef) (b []byte) {
	t.Helper()
	if ref.Level == proof.Entries {
		for i := range int64(ref.Width) {
			b = proof.AppendEntry(b, r.leaves[ref.N*256+i])
		}
		return b
	}
	b, err := tlog.ReadTileData(ref.Tile(), r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (h *house) compareProofs(ref *reference, c proof.Checkpoint) {
	h.t.Helper()
	err := h.db.Read(h.t.Context(), func(tx *store.Tx) error {
		for _, i := range []int64{0, 1, 2, 254, 255, 256, 257, 511, ref.size / 2, ref.size - 1} {
			if i >= ref.size {
				continue
			}
			in, err := h.Inclusion(tx, i)
			if err != nil {
				return err
			}
			if err := in.Check(tlog.RecordHash(ref.leaves[i]), c); err != nil {
				h.t.Errorf("inclusion of %d in %d: %v", i, ref.size, err)
			}
			p, err := h.Consistency(tx, i+1, ref.size)
			if err != nil {
				return err
			}
			if i+1 < ref.size {
				err = tlog.CheckTree(p, ref.size, c.Root, i+1, ref.root(h.t, i+1))
			}
			if err != nil {
				h.t.Errorf("consistency of %d with %d: %v", i+1, ref.size, err)
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	each(t, func(h *house) {
		h.appendMany(h.person("ann@example.com"), 300)
		for path, want := range map[string]avow.ErrorKind{
			"tile/0/000": 0, "tile/0/001.p/44": 0, "tile/0/001.p/45": avow.NotFound, "tile/0/001": avow.NotFound, "tile/0/002.p/1": avow.NotFound,
			"tile/1/000.p/1": 0, "tile/1/000.p/2": avow.NotFound, "tile/2/000.p/1": avow.NotFound,
			"tile/entries/001.p/44": 0, "tile/entries/001.p/45": avow.NotFound, "tile/entries/x001/000": avow.NotFound,
			"tile/0/0": avow.Invalid, "tile/x/000": avow.Invalid, "": avow.Invalid, "checkpoint": avow.Invalid,
		} {
			b, err := h.Tile(t.Context(), path)
			if want == 0 && (err != nil || len(b) == 0) || want != 0 && avow.KindOf(err) != want {
				t.Errorf("%s: %d bytes, %v; want %v", path, len(b), err, want)
			}
		}
		err := h.db.Read(t.Context(), func(tx *store.Tx) error {
			for _, i := range []int64{-1, 300} {
				if _, err := h.Inclusion(tx, i); avow.KindOf(err) != avow.NotFound {
					t.Errorf("inclusion of %d: %v", i, err)
				}
			}
			for _, c := range [][2]int64{{-1, 10}, {20, 10}, {10, 301}} {
				if _, err := h.Consistency(tx, c[0], c[1]); avow.KindOf(err) != avow.NotFound {
					t.Errorf("consistency %v: %v", c, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A receipt carries its proof; the holder of an older one gets it anew after the erasure.
func TestReceiptWithProof(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		first := h.append(given(ann))
		h.appendMany(ann, 600)
		again := h.receipt(0)
		for name, r := range map[string]*ledger.Receipt{"given again": again, "given at first": h.prove(first)} {
			if err := r.Verify(h.Key()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := h.vault.Shred(t.Context(), ann); err != nil {
			t.Fatal(err)
		}
		h.append(ledger.Event{Type: ledger.NoticePublished})
		old := *first
		old.Proof.Log = ""
		if err := h.prove(&old).Verify(h.Key()); err != nil {
			t.Errorf("after the erasure: %v", err)
		}
		made := *first
		made.Proof.Index = 5
		err := h.db.Read(t.Context(), func(tx *store.Tx) error { return h.Prove(tx, &made) })
		if avow.KindOf(err) != avow.NotFound {
			t.Errorf("a receipt of another place is proved: %v", err)
		}
	})
}

func (h *house) prove(r *ledger.Receipt) *ledger.Receipt {
	h.t.Helper()
	if err := h.db.Read(h.t.Context(), func(tx *store.Tx) error { return h.Prove(tx, r) }); err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h *house) receipt(index int64) (r *ledger.Receipt) {
	h.t.Helper()
	err := h.db.Read(h.t.Context(), func(tx *store.Tx) error {
		page, err := h.Read(tx, index, 1)
		if err != nil {
			return err
		}
		r, err = h.Receipt(tx, page[0])
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// A program that knows no tree appended events, before and between: the tree has them.
func TestCatchesUp(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		dir := t.TempDir()
		h := build(t, c, dir)
		ann := h.person("ann@example.com")
		h.appendMany(ann, 5)
		h.forgetTree()
		h = build(t, c, dir)
		if got := h.checkpoint(); got.Size != 5 {
			t.Fatalf("after a start the tree has %d events", got.Size)
		}
		h.appendAsBefore(ann, 3)
		h.append(given(ann))
		var ref reference
		ref.follow(h)
		if got := h.checkpoint(); got.Size != 9 || got.Root != ref.root(t, 9) {
			t.Errorf("the tree has %d events", got.Size)
		}
		var unbound int
		h.write(func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*) FROM ledger_events WHERE mac IS NULL").Scan(&unbound)
		})
		if unbound != 0 {
			t.Errorf("%d rows are not bound", unbound)
		}
	})
}

// forgetTree leaves the database as the first version of this program would have.
func (h *house) forgetTree() {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		for _, s := range []string{"UPDATE ledger_events SET mac = NULL", "DELETE FROM ledger_tiles",
			"UPDATE ledger_head SET tree = 0, peaks = NULL, origin = NULL, checkpoint = NULL"} {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	})
}

// appendAsBefore appends with the statements of the first version.
func (h *house) appendAsBefore(subject avow.ID, n int) {
	h.t.Helper()
	entries := h.all()
	h.write(func(tx *store.Tx) error {
		for i := range n {
			at, e := int64(len(entries)+i), entries[i]
			_, err := tx.Exec(`INSERT INTO ledger_events (idx, id, type, subject, ours, at, policy, version, sealed, sealed_hash, commitment)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, at, avow.NewID(tx.Now()), string(e.Type), subject, false, tx.Now(), "", 0, e.Sealed, e.Leaf.Sealed[:], e.Leaf.Commitment[:])
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec("UPDATE ledger_head SET size = size + ?", n)
		return err
	})
}

// Nothing is built on a head that was changed behind our back.
func TestChangedHead(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		h.appendMany(ann, 5)
		h.appendMany(ann, 2)
		for _, change := range []string{
			"UPDATE ledger_head SET peaks = NULL",
			"UPDATE ledger_head SET peaks = (SELECT hashes FROM ledger_tiles LIMIT 1)",
			"UPDATE ledger_head SET tree = 5, size = 5",
			"UPDATE ledger_head SET tree = 8",
			"UPDATE ledger_head SET size = 6",
			"UPDATE ledger_head SET origin = 'elsewhere'",
		} {
			err := h.db.Write(t.Context(), func(tx *store.Tx) error {
				if _, err := tx.Exec(change); err != nil {
					return err
				}
				_, err := h.Append(tx, given(ann))
				return err
			})
			if avow.KindOf(err) != avow.Conflict {
				t.Errorf("%s: %v", change, err)
			}
		}
		h.append(given(ann))
		if c := h.checkpoint(); c.Size != 8 {
			t.Errorf("the tree has %d events", c.Size)
		}
	})
}
