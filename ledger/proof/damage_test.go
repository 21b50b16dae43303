package proof_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
)

// inMemory is an export that need not be written to a disk thousands of times.
func inMemory(files map[string][]byte) fs.FS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: text}
	}
	return m
}

func verifyFiles(t testing.TB, files map[string][]byte, o proof.Options) *proof.Report {
	t.Helper()
	r, err := proof.VerifyFS(t.Context(), inMemory(files), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWholeLogs(t *testing.T) {
	b := build(t, 0)
	for _, size := range []int{0, 1, 2, 255, 256, 257, 512, 1000, 65536, 66100} {
		for len(b.leaves) < size {
			b.grow("yes")
		}
		var seen []int64
		r := verify(t, proof.Source{Dir: export(t, b.files())}, proof.Options{Key: b.signer.Key(), Progress: func(done, total int64) {
			if total != int64(size) {
				t.Errorf("%d of %d", done, total)
			}
			seen = append(seen, done)
		}})
		if r.Verdict() != proof.Proved || r.Size != int64(size) || r.Origin != origin || r.Key != b.signer.Key() {
			t.Errorf("size %d: %+v", size, r)
		}
		if !slices.IsSorted(seen) || size > 0 && seen[len(seen)-1] != int64(size) {
			t.Errorf("size %d: progress %v", size, seen)
		}
	}
}

// Whatever byte of an exported log is changed, the file it is in is named, and in it the entry or hash.
func TestEveryByte(t *testing.T) {
	for _, x := range []struct{ size, stride int }{{1, 1}, {5, 1}, {258, 13}} {
		b := build(t, x.size)
		good := b.files()
		for name, text := range good {
			if name == "key" {
				text = bytes.TrimSpace(text) // space around it is no part of a key
			}
			for i := 0; i < len(text); i += x.stride {
				files := clone(good)
				files[name][i] ^= 1 << (i % 8)
				flipped(t, b, files, name, i)
			}
		}
	}
}

func flipped(t *testing.T, b *built, files map[string][]byte, name string, i int) {
	t.Helper()
	r, err := proof.VerifyFS(t.Context(), inMemory(files), proof.Options{Key: b.signer.Key()})
	if name == "checkpoint" {
		if err == nil && r.Verdict() != proof.Broken {
			t.Errorf("%s, byte %d: %+v", name, i, r)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s, byte %d: %v", name, i, err)
	}
	wrong := failures(r)
	if r.Verdict() != proof.Broken || len(wrong) != 1 || !strings.HasPrefix(wrong[0], name+": ") {
		t.Fatalf("%s, byte %d of size %d: %v", name, i, len(b.leaves), wrong)
	}
	ref, err := proof.ParseTilePath(name)
	if err != nil {
		return
	}
	if want := fmt.Sprintf("hash %d of the tile", i/32); ref.Level >= 0 && !strings.Contains(wrong[0], want) {
		t.Fatalf("%s, byte %d: %v, want %s", name, i, wrong, want)
	}
	place := 2 + len(b.leaves[0])
	if want := fmt.Sprintf("entry %d is", int(ref.N)*256+i/place); ref.Level == proof.Entries && i%place >= 2 && !strings.Contains(wrong[0], want) {
		t.Fatalf("%s, byte %d: %v, want %s", name, i, wrong, want)
	}
}

// The same in a tree of three levels, at random places.
func TestBytesOfALargerLog(t *testing.T) {
	b := build(t, 66_100)
	good := b.files()
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range good {
			if strings.HasPrefix(name, "tile/") && !yield(name) {
				return
			}
		}
	})
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range append([]string{"tile/1/000", "tile/1/001.p/2", "tile/2/000.p/1", "tile/0/x258"}, names[:0]...) {
		if _, ok := good[name]; ok {
			names = append(names, name, name)
		}
	}
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	upper := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !strings.HasPrefix(name, "tile/1") && !strings.HasPrefix(name, "tile/2")
	})
	for _, name := range append(upper, names[:20]...) {
		files := clone(good)
		i := random.IntN(len(files[name]))
		files[name][i] ^= 0x10
		flipped(t, b, files, name, i)
	}
}

// swapped gives the leaves of a log after something was done to them.
func (b *built) with(change func(leaves [][]byte) [][]byte) *built {
	b.t.Helper()
	other := &built{t: b.t, signer: b.signer}
	for _, leaf := range change(slices.Clone(b.leaves)) {
		other.add(leaf)
	}
	return other
}

func take(from map[string][]byte, into map[string][]byte, prefix string) {
	for name := range into {
		if strings.HasPrefix(name, prefix) {
			delete(into, name)
		}
	}
	for name, text := range from {
		if strings.HasPrefix(name, prefix) {
			into[name] = text
		}
	}
}

// What is done to the entries shows where it was done, whether or not tiles were changed to match.
func TestEntriesChanged(t *testing.T) {
	b := build(t, 700)
	drop := func(n int) func([][]byte) [][]byte {
		return func(l [][]byte) [][]byte { return slices.Delete(l, n, n+1) }
	}
	put := func(n int) func([][]byte) [][]byte {
		return func(l [][]byte) [][]byte { return slices.Insert(l, n, l[3]) }
	}
	swap := func(n, m int) func([][]byte) [][]byte {
		return func(l [][]byte) [][]byte { l[n], l[m] = l[m], l[n]; return l }
	}
	for _, x := range []struct {
		name   string
		change func([][]byte) [][]byte
		size   int // of what is shown
		where  string
		what   string
	}{
		{"dropped, the rest moved up", drop(300), 700, "tile/entries/001", "entry 300 is not what was signed"},
		{"put in, the rest moved down", put(300), 700, "tile/entries/001", "entry 300 is not what was signed"},
		{"two changed places", swap(10, 20), 700, "tile/entries/000", "entry 10 is not what was signed: it stands in another place"},
		{"two far apart", swap(10, 600), 700, "tile/entries/000", "entry 10 is not what was signed"},
		{"the last dropped", drop(699), 700, "tile/entries/002.p/188", "missing"},
	} {
		t.Run(x.name, func(t *testing.T) {
			files := b.files()
			take(b.with(x.change).files(), files, "tile/entries/")
			r := verifyFiles(t, files, proof.Options{Key: b.signer.Key()})
			wrong := failures(r)
			if r.Verdict() != proof.Broken || len(wrong) == 0 || !strings.HasPrefix(wrong[0], x.where+": ") || !strings.Contains(wrong[0], x.what) {
				t.Errorf("entries alone: %v", wrong)
			}
			// Everything made anew below the old checkpoint: no entry can be named, and it shows.
			take(b.with(x.change).files(), files, "tile/")
			if r := verifyFiles(t, files, proof.Options{Key: b.signer.Key()}); r.Verdict() != proof.Broken {
				t.Errorf("entries and tiles: %v", r.Checks)
			}
		})
	}
}

// One bundle has one entry too few, or too many, and the others are as they were.
func TestBundleChanged(t *testing.T) {
	b := build(t, 600)
	bundle := func(change func([][]byte) [][]byte) (text []byte) {
		for _, leaf := range change(slices.Clone(b.leaves[256:512])) {
			text = proof.AppendEntry(text, leaf)
		}
		return text
	}
	for what, text := range map[string][]byte{
		"255 entries, not 256: an entry was dropped at or before entry 300": bundle(func(l [][]byte) [][]byte { return slices.Delete(l, 44, 45) }),
		"257 entries, not 256: an entry was put in at or before entry 300":  bundle(func(l [][]byte) [][]byte { return slices.Insert(l, 44, l[0]) }),
		"0 entries, not 256: an entry was dropped at or before entry 256":   nil,
		"cut short or cannot be read":                                       bundle(func(l [][]byte) [][]byte { return l })[:1000],
	} {
		files := b.files()
		files["tile/entries/001"] = text
		wrong := failures(verifyFiles(t, files, proof.Options{Key: b.signer.Key()}))
		if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "tile/entries/001: ") || !strings.Contains(wrong[0], what) {
			t.Errorf("%v, want %s", wrong, what)
		}
	}
}

func TestFilesChanged(t *testing.T) {
	b := build(t, 600)
	for _, x := range []struct {
		name   string
		change func(files map[string][]byte)
		want   []string
	}{
		{"a tile is missing", func(f map[string][]byte) { delete(f, "tile/0/001") }, []string{"tile/0/001: tile/0/001 is missing"}},
		{"a bundle is missing", func(f map[string][]byte) { delete(f, "tile/entries/001") }, []string{"tile/entries/001: tile/entries/001 is missing"}},
		{"both are", func(f map[string][]byte) { delete(f, "tile/0/001"); delete(f, "tile/entries/001") },
			[]string{"tile/0/001: tile/0/001 is missing", "tile/entries/001: tile/entries/001 is missing", "tile/0/001: from entry 256 on nothing can be checked"}},
		{"an upper tile is missing", func(f map[string][]byte) { delete(f, "tile/1/000.p/2") }, []string{"tile/1/000.p/2: tile/1/000.p/2 is missing"}},
		{"a tile is short", func(f map[string][]byte) { f["tile/0/000"] = f["tile/0/000"][:8191] }, []string{"tile/0/000: a tile is cut short or too long: it has 8191 bytes, not 8192"}},
		{"a tile is long", func(f map[string][]byte) { f["tile/0/000"] = append(f["tile/0/000"], 0) }, []string{"tile/0/000: tile/0/000 is longer than 8192 bytes"}},
		{"a partial tile is empty", func(f map[string][]byte) { f["tile/0/002.p/88"] = nil }, []string{"tile/0/002.p/88: a tile is cut short or too long: it has 0 bytes, not 2816"}},
		{"an entry and its hash", func(f map[string][]byte) {
			f["tile/entries/001"][700] ^= 1
			leaves, _ := proof.ParseBundle(f["tile/entries/001"])
			leaf, _ := proof.ParseLeaf(leaves[7])
			h := leaf.Hash()
			copy(f["tile/0/001"][7*32:], h[:])
		}, []string{"tile/0/001: the tile tile/0/001 is not what was signed"}},
		{"an entry here and a hash there", func(f map[string][]byte) { f["tile/entries/001"][700] ^= 1; f["tile/0/000"][64] ^= 1 },
			[]string{"tile/0/000: hash 2 of the tile is not what was signed; entry 2 is", "tile/entries/001: entry 263 is not what was signed"}},
		{"a tile that is not in the tree", func(f map[string][]byte) { f["tile/entries/003"] = f["tile/entries/001"] },
			[]string{"tile/entries/003: the tree that is signed has no such tile"}},
		{"a file that is no tile", func(f map[string][]byte) { f["tile/0/000.txt"] = nil }, []string{"tile/0/000.txt: the tree that is signed has no such tile"}},
		{"an old partial tile that says something else", func(f map[string][]byte) { f["tile/0/000.p/9"] = make([]byte, 9*32) },
			[]string{"tile/0/000.p/9: an old partial tile is not the beginning of the tile it became"}},
		{"an old partial bundle that says something else", func(f map[string][]byte) { f["tile/entries/002.p/1"] = proof.AppendEntry(nil, b.leaves[0]) },
			[]string{"tile/entries/002.p/1: an old partial tile is not the beginning of the tile it became"}},
		{"an old partial tile", func(f map[string][]byte) { f["tile/0/000.p/9"] = f["tile/0/000"][:9*32] }, nil},
		{"another key beside it", func(f map[string][]byte) { f["key"] = []byte(newSigner(t, origin, 9).Key()) },
			[]string{"key: the log gives out a key that did not sign its checkpoint"}},
		{"no key beside it", func(f map[string][]byte) { delete(f, "key") }, nil},
	} {
		files := clone(b.files())
		x.change(files)
		if got := failures(verifyFiles(t, files, proof.Options{Key: b.signer.Key()})); !slices.Equal(got, x.want) {
			t.Errorf("%s: %q", x.name, got)
		}
	}
}

// A log may drop a partial tile when it has become full: what is asked for is read out of the full one.
func TestFullForPartial(t *testing.T) {
	b := build(t, 512)
	files := b.files()
	files["checkpoint"] = b.signed(300)
	files["tile/1/000.p/1"] = files["tile/1/000.p/2"][:32]
	r := verifyFiles(t, files, proof.Options{Key: b.signer.Key(), Receipt: b.receiptText(299, 300)})
	want := []string{} // what is in the directory beyond the checkpoint is nothing it vouches for
	for _, name := range []string{"tile/0/001", "tile/1/000.p/2", "tile/entries/001"} {
		want = append(want, name+": the tree that is signed has no such tile")
	}
	if got := failures(r); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// A log that is wrong all over ends soon, and says so.
func TestWrongAllOver(t *testing.T) {
	b := build(t, 10)
	c := proof.Checkpoint{Size: 1 << 62, Root: b.checkpoint(10).Root}
	r := verifyFiles(t, map[string][]byte{"checkpoint": b.signer.Sign(c)}, proof.Options{Key: b.signer.Key()})
	if n := len(failures(r)); r.Verdict() != proof.Broken || n == 0 || n > 110 {
		t.Errorf("%d failures", n)
	}
	files := map[string][]byte{}
	for i := range 300 {
		files[proof.TileRef{Level: 0, N: int64(i), Width: 256}.Path()] = bytes.Repeat([]byte{1}, 8192)
		files[proof.TileRef{Level: proof.Entries, N: int64(i), Width: 256}.Path()] = bytes.Repeat([]byte{0, 0}, 256)
	}
	files["checkpoint"] = b.signer.Sign(c)
	r = verifyFiles(t, files, proof.Options{Key: b.signer.Key()})
	if n := len(failures(r)); r.Verdict() != proof.Broken || n != 101 {
		t.Errorf("%d failures", n)
	}
}

func TestNoLog(t *testing.T) {
	for name, x := range map[string]struct {
		from proof.Source
		want avow.ErrorKind
	}{
		"nothing":               {proof.Source{}, avow.Invalid},
		"no directory":          {proof.Source{Dir: "/nonexistent"}, avow.NotFound},
		"an empty directory":    {proof.Source{Dir: t.TempDir()}, avow.NotFound},
		"no checkpoint in it":   {proof.Source{Dir: export(t, map[string][]byte{"checkpoint": []byte("x")})}, avow.Invalid},
		"a checkpoint too long": {proof.Source{Dir: export(t, map[string][]byte{"checkpoint": make([]byte, proof.MaxCheckpoint+1)})}, avow.TooLarge},
	} {
		if _, err := proof.Verify(t.Context(), x.from, proof.Options{}); err == nil || avow.KindOf(err) != x.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, key := range []string{"x", "a+00000000+AAAA"} {
		if _, err := proof.Verify(t.Context(), proof.Source{Dir: t.TempDir()}, proof.Options{Key: key}); avow.KindOf(err) != avow.Invalid {
			t.Errorf("key %q: %v", key, err)
		}
		if _, err := proof.Verify(t.Context(), proof.Source{Dir: t.TempDir()}, proof.Options{Witnesses: []string{key}}); avow.KindOf(err) != avow.Invalid {
			t.Errorf("witness %q: %v", key, err)
		}
	}
}
