package proof_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
)

const origin = "log.harbour.example/avow"

// built is a log made of the formats alone, the way a ledger makes one.
type built struct {
	t        testing.TB
	signer   *proof.Signer
	leaves   [][]byte
	hashes   []tlog.Hash // as tlog stores them
	receipts []*proof.Receipt
}

func newSigner(t testing.TB, origin string, first byte) *proof.Signer {
	t.Helper()
	s, err := proof.NewSigner(origin, append([]byte{first}, make([]byte, 31)...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func build(t testing.TB, size int) *built {
	t.Helper()
	b := &built{t: t, signer: newSigner(t, origin, 1)}
	for range size {
		b.grow("yes")
	}
	return b
}

func (b *built) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		list[i] = b.hashes[n]
	}
	return list, nil
}

// grow adds an event whose document says a word.
func (b *built) grow(word string) {
	b.t.Helper()
	n := int64(len(b.leaves))
	at := time.Date(2026, 11, 22, 12, int(n%50), 15, 5000, time.UTC)
	d := proof.Document{ID: avow.ID{15: byte(n), 14: byte(n >> 8), 0: 1}, Type: "consent-given", Subject: "somebody", At: at, Policy: "website", Version: 3,
		Body: json.RawMessage(fmt.Sprintf(`{"answer":%q,"shown":"<b>%d</b>"}`, word, n))}
	text, err := json.Marshal(d)
	if err != nil {
		b.t.Fatal(err)
	}
	salt := bytes.Repeat([]byte{byte(n)}, proof.SaltSize)
	leaf := proof.Leaf{Type: d.Type, Minute: proof.MinuteOf(at), Sealed: [32]byte{byte(n)}, Commitment: proof.Commit(salt, text)}
	b.receipts = append(b.receipts, &proof.Receipt{Schema: proof.SchemaReceipt, ID: d.ID, Record: d.ID, Principal: d.Subject, EventType: d.Type, EventTime: d.At,
		Policy: d.Policy, Version: d.Version, Consent: d.Body, Document: string(text), Proof: proof.Proof{Index: n, Leaf: leaf.Bytes(), Salt: salt}})
	b.add(leaf.Bytes())
}

func (b *built) add(leaf []byte) {
	b.t.Helper()
	hashes, err := tlog.StoredHashes(int64(len(b.leaves)), leaf, b)
	if err != nil {
		b.t.Fatal(err)
	}
	b.leaves, b.hashes = append(b.leaves, leaf), append(b.hashes, hashes...)
}

func (b *built) size() int64 { return int64(len(b.leaves)) }

// checkpoint is the unsigned one at a size the log has passed.
func (b *built) checkpoint(size int64) proof.Checkpoint {
	b.t.Helper()
	root := proof.EmptyRoot()
	if size > 0 {
		var err error
		if root, err = tlog.TreeHash(size, b); err != nil {
			b.t.Fatal(err)
		}
	}
	return proof.Checkpoint{Origin: b.signer.Origin(), Size: size, Root: root}
}

func (b *built) signed(size int64) []byte { return b.signer.Sign(b.checkpoint(size)) }

// receipt is the one of an event, with its proof in the log at a size.
func (b *built) receipt(index, size int64) *proof.Receipt {
	b.t.Helper()
	p, err := tlog.ProveRecord(size, index, b)
	if err != nil {
		b.t.Fatal(err)
	}
	r := *b.receipts[index]
	r.Proof.Log = string(proof.FormatInclusion(index, p, b.signed(size)))
	return &r
}

func (b *built) receiptText(index, size int64) []byte {
	b.t.Helper()
	text, err := json.Marshal(b.receipt(index, size))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

// files is what the log serves and exports, by path.
func (b *built) files() map[string][]byte {
	b.t.Helper()
	files := map[string][]byte{"checkpoint": b.signed(b.size()), "key": []byte(b.signer.Key() + "\n")}
	for ref := range proof.Tiles(b.size()) {
		files[ref.Path()] = b.tile(ref)
	}
	return files
}

func (b *built) tile(ref proof.TileRef) (data []byte) {
	b.t.Helper()
	if ref.Level != proof.Entries {
		data, err := tlog.ReadTileData(ref.Tile(), b)
		if err != nil {
			b.t.Fatal(err)
		}
		return data
	}
	for _, leaf := range b.leaves[ref.N*proof.Width:][:ref.Width] {
		data = proof.AppendEntry(data, leaf)
	}
	return data
}

// export writes files into a directory.
func export(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func clone(files map[string][]byte) map[string][]byte {
	files = maps.Clone(files)
	for name, text := range files {
		files[name] = bytes.Clone(text)
	}
	return files
}

func verify(t testing.TB, from proof.Source, o proof.Options) *proof.Report {
	t.Helper()
	r, err := proof.Verify(t.Context(), from, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// failures are the lines of a report that say something is wrong.
func failures(r *proof.Report) (list []string) {
	for _, c := range r.Checks {
		if c.State == proof.Failed {
			list = append(list, c.Where+": "+c.What)
		}
	}
	return list
}
