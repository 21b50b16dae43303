package proof_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow/ledger/proof"
)

// What is read was written so: reading and writing again gives the same bytes.

func FuzzLeaf(f *testing.F) {
	f.Add(build(f, 1).leaves[0])
	f.Fuzz(func(t *testing.T, b []byte) {
		if leaf, err := proof.ParseLeaf(b); err == nil && !bytes.Equal(leaf.Bytes(), b) {
			t.Errorf("%q is read as %+v", b, leaf)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	b := build(f, 3)
	w := newCosigner("witness.example")
	f.Add(b.signed(3), uint16(70), byte(1))
	f.Add(w.cosign(b.signed(3), 1_795_000_000), uint16(190), byte(4))
	f.Add(proof.SignAnything(b.signer, nil), uint16(0), byte(0))
	signedHere, textHere := b.signed(3), b.checkpoint(3).Text()
	good := w.cosign(signedHere, 1_795_000_000)
	f.Fuzz(func(t *testing.T, signed []byte, at uint16, flip byte) {
		if s, err := proof.PeekCheckpoint(signed); err == nil {
			again, err := proof.ParseCheckpoint(string(s.Checkpoint.Text()))
			if err != nil || !bytes.Equal(s.Text, s.Checkpoint.Text()) || again.Size != s.Checkpoint.Size || s.Checkpoint.Size < 0 {
				t.Errorf("%q: %+v, %v", signed, s, err)
			}
		}
		if c, err := proof.OpenCheckpoint(signed, b.signer.Key()); err == nil && !bytes.Equal(c.Text(), textHere) {
			t.Errorf("a made-up checkpoint opens: %q", signed)
		}
		spoilt := bytes.Clone(good)
		spoilt[int(at)%len(spoilt)] ^= flip
		if _, err := proof.ReadCheckpoint(spoilt, b.signer.Key(), w.vkey()); err == nil && !bytes.Equal(spoilt, good) &&
			!bytes.HasPrefix(spoilt, signedHere) {
			t.Errorf("a spoilt checkpoint opens: %q", spoilt)
		}
	})
}

func FuzzKey(f *testing.F) {
	f.Add(newSigner(f, origin, 1).Key())
	f.Add(newCosigner("witness.example").vkey())
	f.Fuzz(func(t *testing.T, key string) {
		if v, err := proof.NewVerifier(key); err == nil && proof.CheckOrigin(v.Name()) != nil {
			t.Errorf("%q is a key of %q", key, v.Name())
		}
		if v, err := proof.NewCosignatureVerifier(key); err == nil && v.Verify([]byte("x"), make([]byte, 72)) {
			t.Errorf("%q takes any signature", key)
		}
	})
}

func FuzzTilePath(f *testing.F) {
	for _, path := range []string{"tile/0/x001/x234/067.p/8", "tile/entries/000", "tile/63/999.p/255"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		ref, err := proof.ParseTilePath(path)
		if err != nil {
			return
		}
		if ref.Path() != path || ref.N < 0 || ref.Width < 1 || ref.Width > proof.Width || ref.Level < proof.Entries || ref.Level > 63 {
			t.Errorf("%q is read as %+v", path, ref)
		}
		if ref.In(0) || ref.In(1<<62) && ref.Level > 7 {
			t.Errorf("%+v is in a tree it cannot be in", ref)
		}
	})
}

func FuzzBundle(f *testing.F) {
	f.Add(build(f, 3).tile(proof.TileRef{Level: proof.Entries, N: 0, Width: 3}))
	f.Fuzz(func(t *testing.T, b []byte) {
		leaves, err := proof.ParseBundle(b)
		if err != nil {
			return
		}
		var again []byte
		for _, leaf := range leaves {
			again = proof.AppendEntry(again, leaf)
		}
		if !bytes.Equal(again, b) || len(leaves) > proof.Width {
			t.Errorf("%q", b)
		}
	})
}

func FuzzInclusion(f *testing.F) {
	b := build(f, 7)
	p, err := tlog.ProveRecord(7, 3, b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(proof.FormatInclusion(3, p, b.signed(7)))
	c := b.checkpoint(7)
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := proof.ParseInclusion(text)
		if err != nil {
			return
		}
		if !bytes.Equal(proof.FormatInclusion(in.Index, in.Proof, in.Checkpoint), text) {
			t.Errorf("%q", text)
		}
		if in.Check(tlog.RecordHash([]byte("never recorded")), c) == nil {
			t.Errorf("a made-up proof passes: %q", text)
		}
	})
}

// Nobody makes a receipt that verifies, but by leaving one as it is.
func FuzzReceipt(f *testing.F) {
	b := build(f, 7)
	f.Add(b.receiptText(3, 7))
	f.Add([]byte(`{"proof":{"leaf":"AQE=","salt":"AA=="},"document":"{}"}`))
	f.Add([]byte(`[{}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := proof.Verify(t.Context(), proof.Source{Receipts: text}, proof.Options{Key: b.signer.Key()})
		if err != nil || r.Verdict() != proof.Proved {
			return
		}
		one, err := proof.ParseReceipt(text)
		if err != nil {
			return // a list of good ones
		}
		if one.Proof.Index > 6 || one.Document != b.receipts[one.Proof.Index].Document {
			t.Errorf("a made-up receipt is proved: %q", text)
		}
		if again, err := json.Marshal(one); err != nil || len(again) == 0 {
			t.Error(err)
		}
	})
}

// A log of any sort is looked through without a crash, and is never proved unless it is the one.
func FuzzLog(f *testing.F) {
	b := build(f, 5)
	files := b.files()
	f.Add(files["checkpoint"], files["tile/0/000.p/5"], files["tile/entries/000.p/5"])
	o := proof.Options{Key: b.signer.Key(), Receipt: b.receiptText(3, 5), Earlier: b.signed(4)}
	f.Fuzz(func(t *testing.T, checkpoint, tile, entries []byte) {
		shown := map[string][]byte{"checkpoint": checkpoint, "tile/0/000.p/5": tile, "tile/entries/000.p/5": entries, "tile/0/000": tile, "tile/entries/000": entries}
		if bytes.Equal(checkpoint, files["checkpoint"]) {
			delete(shown, "tile/0/000")
			delete(shown, "tile/entries/000")
		}
		r, err := proof.VerifyFS(t.Context(), inMemory(shown), o)
		if err == nil && r.Verdict() == proof.Proved && !(bytes.Equal(tile, files["tile/0/000.p/5"]) && bytes.Equal(entries, files["tile/entries/000.p/5"])) {
			t.Errorf("%+v", r)
		}
	})
}
