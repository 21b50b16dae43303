package proof_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
)

func TestLeaf(t *testing.T) {
	leaf := proof.Leaf{Type: "consent-given", Minute: 29_911_950, Sealed: [32]byte{1}, Commitment: [32]byte{31: 2}}
	b := leaf.Bytes()
	// The layout is what trees were built of: it can never change.
	want := "\x01\x0dconsent-given" + "\x00\x00\x00\x00\x01\xc8\x6b\x8e" + "\x01" + strings.Repeat("\x00", 62) + "\x02"
	if string(b) != want {
		t.Errorf("%q\n%q", b, want)
	}
	if got, err := proof.ParseLeaf(b); err != nil || got != leaf {
		t.Errorf("%+v, %v", got, err)
	}
	if leaf.Hash() != tlog.RecordHash(b) {
		t.Error("the hash is not the tree's")
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "short": b[:len(b)-1], "long": append(slices.Clone(b), 0), "version": append([]byte{2}, b[1:]...),
		"type": bytes.Replace(b, []byte("consent"), []byte("Consent"), 1), "length": append([]byte{1, 14}, b[2:]...),
		"no type": append([]byte{1, 0}, make([]byte, 72)...),
	} {
		if _, err := proof.ParseLeaf(b); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The commitment is what receipts in people's hands rest on: it can never change.
func TestCommit(t *testing.T) {
	got := proof.Commit(make([]byte, 32), []byte("{}"))
	if text := base64.StdEncoding.EncodeToString(got[:]); text != "4ONUfSc3soemuysW93wwYkWh+HrBQ/r96s/dhvgHoGQ=" {
		t.Error(text)
	}
}

// x/mod's own reader of notes takes what is signed, under the key handed out.
func TestSign(t *testing.T) {
	s := newSigner(t, origin, 7)
	c := proof.Checkpoint{Origin: "ignored", Size: 0, Root: proof.EmptyRoot()}
	v, err := note.NewVerifier(s.Key())
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(s.Sign(c), note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	if want := origin + "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"; n.Text != want || len(n.Sigs) != 1 {
		t.Errorf("%q", n.Text)
	}
	if got, err := proof.OpenCheckpoint(s.Sign(c), s.Key()+"\n"); err != nil || got.Origin != origin || got.Size != 0 || got.Root != c.Root {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "two words", "a+b", "a\nb", "a\tb", "\u2003", "\xff", strings.Repeat("x", 256)} {
		if _, err := proof.NewSigner(bad, make([]byte, 32)); avow.KindOf(err) != avow.Invalid {
			t.Errorf("a log named %q: %v", bad, err)
		}
	}
	if _, err := proof.NewSigner("a", make([]byte, 31)); avow.KindOf(err) != avow.Invalid {
		t.Errorf("a short seed: %v", err)
	}
}

func TestOpenCheckpoint(t *testing.T) {
	s, other := newSigner(t, origin, 1), newSigner(t, "other.example", 1)
	c := proof.Checkpoint{Size: 4711, Root: tlog.Hash{5}}
	good := s.Sign(c)
	text, _, _ := bytes.Cut(good, []byte("\n\n"))
	resign := func(old, new string) []byte {
		body := strings.Replace(string(text)+"\n", old, new, 1)
		n, err := note.Sign(&note.Note{Text: body}, noteSigner{s})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, x := range []struct {
		name   string
		signed []byte
		key    string
		want   avow.ErrorKind
	}{
		{"another key", good, newSigner(t, origin, 2).Key(), avow.Refused},
		{"another log's key", good, other.Key(), avow.Refused},
		{"no key", good, "", avow.Invalid},
		{"half a key", good, s.Key()[:30], avow.Invalid},
		{"a key of another name", good, strings.Replace(s.Key(), "harbour", "Harbour", 1), avow.Invalid},
		{"nothing", nil, s.Key(), avow.Invalid},
		{"no signature", append(text, "\n\n"...), s.Key(), avow.Invalid},
		{"cut", good[:len(good)-1], s.Key(), avow.Invalid},
		{"too long", append(bytes.Repeat([]byte("x\n"), 40_000), good...), s.Key(), avow.TooLarge},
		{"size changed", bytes.Replace(good, []byte("4711"), []byte("4712"), 1), s.Key(), avow.Refused},
		{"signed: a zero before", resign("4711", "04711"), s.Key(), avow.Invalid},
		{"signed: a sign before", resign("4711", "+4711"), s.Key(), avow.Invalid},
		{"signed: negative", resign("4711", "-4711"), s.Key(), avow.Invalid},
		{"signed: past int64", resign("4711", "9223372036854775808"), s.Key(), avow.Invalid},
		{"signed: empty with a root", resign("4711", "0"), s.Key(), avow.Invalid},
		{"signed: an empty line", resign("4711\n", "4711\n\n"), s.Key(), avow.Invalid},
		{"signed: no root", resign("BQAA", "BQ"), s.Key(), avow.Invalid},
		{"signed: another origin", resign(origin, "elsewhere.example"), s.Key(), avow.Refused},
	} {
		if _, err := proof.OpenCheckpoint(x.signed, x.key); err == nil || avow.KindOf(err) != x.want {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
	}
	extended := resign(origin+"\n4711\n"+tlog.Hash{5}.String()+"\n", origin+"\n4711\n"+tlog.Hash{5}.String()+"\nmore\n")
	if got, err := proof.OpenCheckpoint(extended, s.Key()); err != nil || !slices.Equal(got.Extensions, []string{"more"}) {
		t.Errorf("%+v, %v", got, err)
	}
	for i := range good {
		spoilt := slices.Clone(good)
		spoilt[i] ^= 1
		if got, err := proof.OpenCheckpoint(spoilt, s.Key()); err == nil {
			t.Errorf("byte %d changed, and it opens: %+v", i, got)
		}
	}
}

// noteSigner signs any text with a log's key, as a log that misbehaves can.
type noteSigner struct{ *proof.Signer }

func (s noteSigner) Name() string    { return s.Origin() }
func (s noteSigner) KeyHash() uint32 { v, _ := note.NewVerifier(s.Key()); return v.KeyHash() }
func (s noteSigner) Sign(text []byte) ([]byte, error) {
	return proof.SignAnything(s.Signer, text), nil
}

// The example of the specification, and what is none.
func TestTilePath(t *testing.T) {
	for _, x := range []struct {
		path string
		ref  proof.TileRef
	}{
		{"tile/0/000", proof.TileRef{Level: 0, N: 0, Width: 256}},
		{"tile/0/x001/x234/067", proof.TileRef{Level: 0, N: 1234067, Width: 256}},
		{"tile/0/x001/x234/067.p/8", proof.TileRef{Level: 0, N: 1234067, Width: 8}},
		{"tile/entries/x001/000.p/255", proof.TileRef{Level: proof.Entries, N: 1000, Width: 255}},
		{"tile/63/999", proof.TileRef{Level: 63, N: 999, Width: 256}},
	} {
		if got := x.ref.Path(); got != x.path {
			t.Errorf("%+v: %s", x.ref, got)
		}
		if got, err := proof.ParseTilePath(x.path); err != nil || got != x.ref {
			t.Errorf("%s: %+v, %v", x.path, got, err)
		}
	}
	for _, bad := range []string{"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/0000", "tile/00/000", "tile/-1/000", "tile/+1/000", "tile/64/000",
		"tile/data/000", "tile/8/0/000", "tile/0/001/000", "tile/0/x000/001", "tile/0/x001/x000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
		"tile/0/000.p/", "tile/0/000.p/-1", "tile/0/000.p", "/tile/0/000", "tile/0/../000", "tile/0/x+01/000", "tile/0/000 ",
		"tile/0/x009/x223/x372/x036/x854/x775/808", "tile/0/" + strings.Repeat("x999/", 20) + "999"} {
		if got, err := proof.ParseTilePath(bad); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%q is read as %+v, %v", bad, got, err)
		}
	}
}

// The specification's example of a tree of 70,000, and the sizes around a full tile.
func TestTiles(t *testing.T) {
	for size, want := range map[int64]string{
		0:   "",
		1:   "tile/entries/000.p/1 tile/0/000.p/1",
		255: "tile/entries/000.p/255 tile/0/000.p/255",
		256: "tile/entries/000 tile/0/000 tile/1/000.p/1",
		257: "tile/entries/000 tile/entries/001.p/1 tile/0/000 tile/0/001.p/1 tile/1/000.p/1",
	} {
		var got []string
		for ref := range proof.Tiles(size) {
			got = append(got, ref.Path())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d: %v", size, got)
		}
	}
	count := map[int]int{}
	var last proof.TileRef
	for ref := range proof.Tiles(70_000) {
		if !ref.In(70_000) || ref.Width < 256 && (proof.TileRef{Level: ref.Level, N: ref.N, Width: ref.Width + 1}).In(70_000) {
			t.Errorf("%+v is not as wide as the tree", ref)
		}
		count[ref.Level]++
		last = ref
	}
	if count[0] != 274 || count[proof.Entries] != 274 || count[1] != 2 || count[2] != 1 || last != (proof.TileRef{Level: 2, N: 0, Width: 1}) {
		t.Errorf("%v, %+v", count, last)
	}
	for _, out := range []proof.TileRef{{Level: 0, N: 273, Width: 113}, {Level: 0, N: 274, Width: 1}, {Level: 0, N: -1, Width: 1}, {Level: 1, N: 1, Width: 18},
		{Level: 3, N: 0, Width: 1}, {Level: 63, N: 0, Width: 1}, {Level: 0, N: 1 << 62, Width: 256}, {Level: 0, N: 0, Width: 0}} {
		if out.In(70_000) {
			t.Errorf("%+v is said to be in a tree of 70,000", out)
		}
	}
}

func TestBundle(t *testing.T) {
	var b []byte
	want := [][]byte{[]byte("one"), {}, bytes.Repeat([]byte("x"), 65535)}
	for _, leaf := range want {
		b = proof.AppendEntry(b, leaf)
	}
	got, err := proof.ParseBundle(b)
	if err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("%d leaves, %v", len(got), err)
	}
	for name, bad := range map[string][]byte{"half a length": {0}, "half an entry": {0, 2, 'x'}, "257 entries": make([]byte, 2*257)} {
		if _, err := proof.ParseBundle(bad); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an entry that does not fit was written")
		}
	}()
	proof.AppendEntry(nil, make([]byte, 65536))
}

func TestInclusion(t *testing.T) {
	b := build(t, 70)
	c := b.checkpoint(70)
	for i := range int64(70) {
		p, err := tlog.ProveRecord(70, i, b)
		if err != nil {
			t.Fatal(err)
		}
		text := proof.FormatInclusion(i, p, b.signed(70))
		in, err := proof.ParseInclusion(text)
		if err != nil || in.Index != i || !bytes.Equal(in.Checkpoint, b.signed(70)) {
			t.Fatalf("%+v, %v", in, err)
		}
		if err := in.Check(tlog.RecordHash(b.leaves[i]), c); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		if err := in.Check(tlog.RecordHash(b.leaves[(i+1)%70]), c); avow.KindOf(err) != avow.Refused {
			t.Errorf("entry %d with the leaf of another: %v", i, err)
		}
		if err := in.Check(tlog.RecordHash(b.leaves[i]), proof.Checkpoint{Size: i, Root: c.Root}); avow.KindOf(err) != avow.Refused {
			t.Errorf("entry %d in a tree without it: %v", i, err)
		}
	}
	good := string(proof.FormatInclusion(3, tlog.RecordProof{{1}, {2}}, b.signed(70)))
	for name, bad := range map[string]string{
		"nothing": "", "head": strings.Replace(good, "@v1", "@v2", 1), "extra": strings.Replace(good, "index", "extra AAAA\nindex", 1),
		"negative": strings.Replace(good, "index 3", "index -3", 1), "zero before": strings.Replace(good, "index 3", "index 03", 1),
		"no index": strings.Replace(good, "index ", "", 1), "a bad hash": strings.Replace(good, "AgAA", "AgA", 1),
		"no checkpoint": good[:strings.Index(good, "\n\n")], "CRLF": strings.ReplaceAll(good, "\n", "\r\n"),
		"64 hashes": string(proof.FormatInclusion(3, make(tlog.RecordProof, 64), b.signed(70))), "long": good + strings.Repeat("x", proof.MaxInclusion),
	} {
		if _, err := proof.ParseInclusion([]byte(bad)); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}
