package interop

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/log"
	f_note "github.com/transparency-dev/formats/note"
	f_proof "github.com/transparency-dev/formats/proof"
	m_proof "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
)

// A receipt's proof is read by two other programs' readers, at every place of the tree that is an edge of something.
func TestReceiptElsewhere(t *testing.T) {
	h := build(t)
	h.growTo(700)
	v, err := f_note.NewVerifier(h.Key())
	if err != nil {
		t.Fatal(err)
	}
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(origin), torchwood.SingleVerifierPolicy(v))
	for _, index := range []int64{0, 1, 127, 255, 256, 511, 512, 698, 699} {
		r := h.receipt(index)
		if err := r.Verify(h.Key()); err != nil {
			t.Errorf("entry %d: %v", index, err)
		}
		leaf, err := proof.ParseLeaf(r.Proof.Leaf)
		if err != nil {
			t.Fatal(err)
		}
		if err := torchwood.VerifyProof(policy, leaf.Hash(), []byte(r.Proof.Log)); err != nil {
			t.Errorf("entry %d, torchwood: %v", index, err)
		}
		if err := torchwood.VerifyProof(policy, tlog.Hash{1}, []byte(r.Proof.Log)); err == nil {
			t.Error("torchwood takes any leaf")
		}
		if err := formats(v, r); err != nil {
			t.Errorf("entry %d, transparency-dev/formats: %v", index, err)
		}
		other := *r
		other.Proof.Leaf = h.receipt((index + 1) % 700).Proof.Leaf
		if err := formats(v, &other); err == nil {
			t.Error("transparency-dev/merkle takes any leaf")
		}
	}
}

// formats checks a receipt with transparency-dev's formats and Merkle proofs alone.
func formats(v note.Verifier, r *proof.Receipt) error {
	var p f_proof.TLogProof
	if err := p.Unmarshal([]byte(r.Proof.Log)); err != nil {
		return err
	}
	if !bytes.Equal(p.Marshal(), []byte(r.Proof.Log)) {
		return errors.New("it is written otherwise")
	}
	c, _, _, err := log.ParseCheckpoint(p.Checkpoint, origin, v)
	if err != nil {
		return err
	}
	hashes := make([][]byte, len(p.Hashes))
	for i, h := range p.Hashes {
		hashes[i] = h[:]
	}
	return m_proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, c.Size, rfc6962.DefaultHasher.HashLeaf(r.Proof.Leaf), hashes, c.Hash)
}

// A key that is not the log's opens nothing there either, so that the readers are known to look.
func TestKeysElsewhere(t *testing.T) {
	h := build(t)
	h.growTo(3)
	s, err := proof.NewSigner(origin, bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, err := f_note.NewVerifier(s.Key())
	if err != nil {
		t.Fatal(err)
	}
	if err := formats(other, h.receipt(1)); err == nil {
		t.Error("transparency-dev/formats takes any key")
	}
	if _, err := torchwood.ParseCheckpoint(string(proof.Checkpoint{Origin: origin, Size: 5, Root: tlog.Hash{1}}.Text())); err != nil {
		t.Errorf("torchwood on our checkpoint: %v", err)
	}
}

// A consistency proof of ours convinces another's arithmetic.
func TestConsistencyElsewhere(t *testing.T) {
	h := build(t)
	roots := map[int64]tlog.Hash{}
	sizes := []int64{1, 2, 255, 256, 257, 600}
	for _, size := range sizes {
		h.growTo(int(size))
		signed, err := h.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := proof.OpenCheckpoint(signed, h.Key())
		if err != nil || c.Size != size {
			t.Fatalf("%+v, %v", c, err)
		}
		roots[size] = c.Root
	}
	for i, earlier := range sizes {
		for _, later := range sizes[i:] {
			var steps tlog.TreeProof
			err := h.db.Read(t.Context(), func(tx *store.Tx) (err error) { steps, err = h.Consistency(tx, earlier, later); return err })
			if err != nil {
				t.Fatal(err)
			}
			hashes := make([][]byte, len(steps))
			for i, h := range steps {
				hashes[i] = h[:]
			}
			a, b := roots[earlier], roots[later]
			if err := m_proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(earlier), uint64(later), hashes, a[:], b[:]); err != nil {
				t.Errorf("%d to %d: %v", earlier, later, err)
			}
		}
	}
}

// Paths and bundles as torchwood has them, both ways.
func TestTilesElsewhere(t *testing.T) {
	for ref := range proof.Tiles(70_000) {
		want := tlog.Tile{H: 8, L: ref.Level, N: ref.N, W: ref.Width}
		if got := torchwood.TilePath(want); got != ref.Path() {
			t.Fatalf("%+v: %s, torchwood has %s", ref, ref.Path(), got)
		}
		if got, err := torchwood.ParseTilePath(ref.Path()); err != nil || got != want {
			t.Fatalf("%s: torchwood reads %+v, %v", ref.Path(), got, err)
		}
	}
	bundle, err := torchwood.AppendTileEntry(nil, []byte("entry"))
	if err != nil || !bytes.Equal(bundle, proof.AppendEntry(nil, []byte("entry"))) {
		t.Errorf("%q, %v", bundle, err)
	}
}

// torchwood's client goes through our log and gets every entry.
func TestTorchwoodClient(t *testing.T) {
	h := build(t)
	h.growTo(1000)
	from, err := torchwood.NewTileFetcher(strings.TrimSuffix(serve(t, h), "/"))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := torchwood.NewClient(from)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := h.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.OpenCheckpoint(signed, h.Key())
	if err != nil {
		t.Fatal(err)
	}
	next := int64(0)
	for i, entry := range reader.AllEntries(t.Context(), c.Tree(), 0) {
		leaf, err := proof.ParseLeaf(entry)
		if err != nil || i != next || leaf.Type != "consent-given" {
			t.Fatalf("entry %d, want %d: %+v, %v", i, next, leaf, err)
		}
		next++
	}
	if err := reader.Err(); err != nil || next != 1000 {
		t.Errorf("%d entries, %v", next, err)
	}
}
