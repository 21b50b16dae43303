package proof

import (
	"context"
	"fmt"
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
)

// ahead is how many tiles are read before they are needed.
const ahead = 8

// walk goes once through a log, from the leaves up, and compares every stored tile
// with what the tiles below it give. Where two do not fit, the hashes above say
// which of them is the one that was signed.
type walk struct {
	*verification
	f       files
	c       Checkpoint
	entries bool     // the log shows its entries
	gap     bool     // neither a tile nor its entries could be read: nothing after it can be checked
	pending [][]Hash // level by level, the hashes of the tile that is not full yet
	full    []int64  // level by level, how many tiles were full
}

// leavesRead is one tile of the lowest level with its entries, as they came.
type leavesRead struct {
	ref          TileRef
	tile, bundle []byte
	err, bundErr error
}

func walkLog(v *verification, f files, c Checkpoint) error {
	w := &walk{verification: v, f: f, c: c, entries: true}
	failed := v.failed
	if err := w.probe(); err != nil {
		return err
	}
	if err := w.all(); err != nil {
		return err
	}
	if err := w.strays(); err != nil {
		return err
	}
	w.conclude(v.failed - failed)
	return nil
}

// probe finds out whether a log on the web keeps its entries for auditors.
func (w *walk) probe() error {
	if _, web := w.f.(*address); !web || w.c.Size == 0 {
		return nil
	}
	_, err := tile(w.ctx, w.f, TileRef{Entries, 0, int(min(w.c.Size, Width))})
	switch kind := avow.KindOf(err); {
	case err == nil:
	case kind == avow.Forbidden, kind == avow.NotFound && w.o.Token == "":
		w.entries = false
	case unread(err):
		return err
	}
	return nil
}

// all reads the lowest level in order, a few tiles ahead.
func (w *walk) all() error {
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	line := make(chan chan leavesRead, ahead)
	go func() {
		defer close(line)
		for ref := range tilesOf(0, w.c.Size) {
			next := make(chan leavesRead, 1)
			select {
			case line <- next:
				go func() { next <- w.fetch(ctx, ref) }()
			case <-ctx.Done():
				return
			}
		}
	}()
	for next := range line {
		if err := w.leaves(<-next); err != nil {
			return err
		}
		if w.Report.full() || w.gap {
			return nil
		}
	}
	if w.ctx.Err() != nil {
		return avow.Errorf(avow.Canceled, "it was given up: %w", w.ctx.Err())
	}
	return w.top()
}

func (w *walk) fetch(ctx context.Context, ref TileRef) (r leavesRead) {
	r.ref = ref
	r.tile, r.err = tile(ctx, w.f, ref)
	if w.entries {
		r.bundle, r.bundErr = tile(ctx, w.f, w.entriesOf(ref))
	}
	return r
}

func (w *walk) entriesOf(ref TileRef) TileRef { return TileRef{Entries, ref.N, ref.Width} }

// leaves settles one tile of the lowest level and its entries.
func (w *walk) leaves(r leavesRead) error {
	for _, err := range []error{r.err, r.bundErr} {
		if unread(err) {
			return err
		}
	}
	stored := w.hashes(r.ref, r.tile, r.err)
	given := w.entryHashes(r)
	chosen := w.settle(r.ref, given, stored)
	if chosen == nil {
		w.gap = true
		w.add(Failed, r.ref.Path(), "from entry %d on nothing can be checked", r.ref.N*Width)
		return nil
	}
	if w.o.Progress != nil {
		w.o.Progress(r.ref.N*Width+int64(r.ref.Width), w.c.Size)
	}
	return w.carry(0, r.ref, chosen)
}

// hashes reads a stored tile, or says what is wrong with it.
func (w *walk) hashes(ref TileRef, b []byte, err error) []Hash {
	if err != nil {
		w.add(Failed, ref.Path(), "%s", avow.MessageOf(err))
		return nil
	}
	list, err := hashesIn(b, ref.Width)
	if err != nil {
		w.add(Failed, ref.Path(), "a tile is cut short or too long: %v", err)
	}
	return list
}

// entryHashes hashes the entries of a bundle, or says what is wrong with it.
func (w *walk) entryHashes(r leavesRead) []Hash {
	ref := w.entriesOf(r.ref)
	if !w.entries {
		return nil
	}
	if r.bundErr != nil {
		w.add(Failed, ref.Path(), "%s", avow.MessageOf(r.bundErr))
		return nil
	}
	leaves, err := parseEntries(r.bundle)
	if err != nil {
		w.add(Failed, ref.Path(), "a bundle of entries is cut short or cannot be read")
		return nil
	}
	list := make([]Hash, len(leaves))
	for i, leaf := range leaves {
		list[i] = tlog.RecordHash(leaf)
	}
	if len(leaves) == r.ref.Width {
		return list
	}
	w.count(r, list)
	return nil
}

// count names where a bundle with too few or too many entries goes wrong, by the hashes beside it.
func (w *walk) count(r leavesRead, got []Hash) {
	ref := w.entriesOf(r.ref)
	stored, err := hashesIn(r.tile, r.ref.Width)
	if r.err != nil || err != nil {
		w.add(Failed, ref.Path(), "the bundle has %s, not %d", entriesOf(int64(len(got))), r.ref.Width)
		return
	}
	i := differ(got, stored)
	what := "an entry was dropped at or before"
	if len(got) > r.ref.Width {
		what = "an entry was put in at or before"
	}
	w.add(Failed, ref.Path(), "the bundle has %s, not %d: %s entry %d", entriesOf(int64(len(got))), r.ref.Width, what, r.ref.N*Width+int64(i))
}

// settle compares what is below a tile with what is stored in it, names what is
// wrong, and gives the hashes to go on with; nil when there are none.
func (w *walk) settle(ref TileRef, below, stored []Hash) []Hash {
	if below == nil {
		return stored
	}
	if stored == nil {
		return below
	}
	i := differ(below, stored)
	if i < 0 {
		return below
	}
	switch {
	case w.fits(ref, below):
		w.add(Failed, ref.Path(), "hash %d of the tile is not what was signed; %s is", i, w.child(ref, i))
		return below
	case w.fits(ref, stored):
		w.add(Failed, w.childPath(ref, i), "%s is not what was signed%s", w.child(ref, i), w.moved(ref, below, stored))
		return stored
	}
	w.add(Failed, ref.Path(), "hash %d of the tile and %s do not go together, and neither tile nor what is below it is what was signed", i, w.child(ref, i))
	return below
}

// moved says so when the entries of a tile are all there in another order.
func (w *walk) moved(ref TileRef, below, stored []Hash) string {
	a, b := slices.Clone(below), slices.Clone(stored)
	slices.SortFunc(a, compareHashes)
	slices.SortFunc(b, compareHashes)
	if ref.Level == 0 && slices.Equal(a, b) {
		return ": it stands in another place"
	}
	return ""
}

func compareHashes(a, b Hash) int { return slices.Compare(a[:], b[:]) }

// child names what hash i of a tile is the hash of.
func (w *walk) child(ref TileRef, i int) string {
	if ref.Level == 0 {
		return fmt.Sprintf("entry %d", ref.N*Width+int64(i))
	}
	return "the tile " + w.childPath(ref, i)
}

func (w *walk) childPath(ref TileRef, i int) string {
	if ref.Level == 0 {
		return w.entriesOf(ref).Path()
	}
	return TileRef{ref.Level - 1, ref.N*Width + int64(i), Width}.Path()
}

// fits reports whether hashes, as the content of a tile, lead to the signed root,
// with the tiles above as they are stored.
func (w *walk) fits(ref TileRef, hashes []Hash) bool {
	for ref.Width == Width {
		up := w.above(ref)
		stored := w.stored(up)
		if stored == nil || stored[ref.N%Width] != subtree(hashes) {
			return false
		}
		ref, hashes = up, stored
	}
	return w.edge(ref.Level, hashes) == w.c.Root
}

// above is the tile that has the hash of a full one, as wide as it is in this tree.
func (w *walk) above(ref TileRef) TileRef {
	up := TileRef{ref.Level + 1, ref.N / Width, Width}
	if !up.In(w.c.Size) {
		up.Width = int(w.c.Size >> (tileHeight * up.Level) % Width)
	}
	return up
}

// stored reads a tile again, quietly: what is wrong with it is said when it is its turn.
func (w *walk) stored(ref TileRef) []Hash {
	b, err := tile(w.ctx, w.f, ref)
	if err != nil {
		return nil
	}
	list, err := hashesIn(b, ref.Width)
	if err != nil {
		return nil
	}
	return list
}

// edge is the root that the tiles of the right edge give, with one level's hashes as told.
func (w *walk) edge(level int, hashes []Hash) Hash {
	var root fold
	for l := 0; w.c.Size>>(tileHeight*l) > 0; l++ {
		at := w.c.Size >> (tileHeight * l)
		switch width := int(at % Width); {
		case l == level:
			root.left(hashes)
		case width > 0:
			root.left(w.stored(TileRef{l, at / Width, width}))
		}
	}
	return root.hash
}

// carry takes the hashes of a tile up to the next level.
func (w *walk) carry(level int, ref TileRef, hashes []Hash) error {
	for len(w.pending) <= level+1 {
		w.pending, w.full = append(w.pending, nil), append(w.full, 0)
	}
	if ref.Width < Width {
		w.pending[level] = hashes
		return nil
	}
	up := append(w.pending[level+1], subtree(hashes))
	w.pending[level+1] = up
	if len(up) < Width {
		return nil
	}
	parent := TileRef{level + 1, w.full[level+1], Width}
	w.full[level+1]++
	w.pending[level+1] = nil
	chosen, err := w.compare(parent, up)
	if err != nil {
		return err
	}
	return w.carry(level+1, parent, chosen)
}

// compare reads the stored tile of a level above the lowest.
func (w *walk) compare(ref TileRef, below []Hash) ([]Hash, error) {
	b, err := tile(w.ctx, w.f, ref)
	if unread(err) {
		return nil, err
	}
	return w.settle(ref, below, w.hashes(ref, b, err)), nil
}

// top compares the tiles that end the levels above the lowest, and the root.
func (w *walk) top() error {
	for level := 1; level < len(w.pending); level++ {
		below := w.pending[level]
		if len(below) == 0 {
			continue
		}
		chosen, err := w.compare(TileRef{level, w.full[level], len(below)}, below)
		if err != nil {
			return err
		}
		w.pending[level] = chosen
	}
	return nil
}

// root is what all that was read gives.
func (w *walk) root() Hash {
	if w.c.Size == 0 {
		return emptyRoot
	}
	var root fold
	for _, hashes := range w.pending {
		root.left(hashes)
	}
	return root.hash
}

func (w *walk) conclude(failed int) {
	switch {
	case w.Report.full():
		w.Checks = append(w.Checks, Check{Failed, "so much is wrong that the rest was not read", ""})
		return
	case failed > 0:
		return
	case w.root() != w.c.Root:
		w.add(Failed, "checkpoint", "entries and tiles go together, and are not the ones that were signed: they give another root")
		return
	}
	if w.entries {
		w.add(Passed, "", "%s, each hashed to its place in the tree", entriesOf(w.c.Size))
	} else {
		w.add(Left, "tile/entries", "the log shows its entries to auditors with a token; their hashes were checked, they themselves were not")
	}
	w.add(Passed, "", "every tile of the tree, and the root that is signed")
}

// strays looks in a directory for what the tree does not have, and for old partial tiles that say something else.
func (w *walk) strays() error {
	d, local := w.f.(directory)
	if !local || w.Report.full() {
		return nil
	}
	return fs.WalkDir(d.FS, "tile", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			if name == "tile" && w.c.Size == 0 {
				return fs.SkipAll
			}
			return nil
		}
		if w.ctx.Err() != nil || w.Report.full() {
			return fs.SkipAll
		}
		w.stray(name)
		return nil
	})
}

func (w *walk) stray(name string) {
	ref, err := ParseTilePath(name)
	if err != nil || !ref.In(w.c.Size) {
		w.add(Failed, name, "the tree that is signed has no such tile")
		return
	}
	whole := TileRef{ref.Level, ref.N, Width}
	if !whole.In(w.c.Size) {
		whole.Width = int(w.c.Size >> (tileHeight * max(ref.Level, 0)) % Width)
	}
	if ref.Width == whole.Width {
		return // it was read on the way
	}
	part, err := tile(w.ctx, w.f, ref)
	all, allErr := tile(w.ctx, w.f, whole)
	if err != nil || allErr != nil || len(part) > len(all) || string(part) != string(all[:len(part)]) {
		w.add(Failed, name, "an old partial tile is not the beginning of the tile it became")
	}
}

// differ is the first place where two lists differ, or -1.
func differ(a, b []Hash) int {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}

// fold makes a root of the right edge, from the lowest hash up.
type fold struct {
	hash  Hash
	begun bool
}

// left takes hashes of one level, which stand to the left of all that was taken.
func (f *fold) left(hashes []Hash) {
	for len(hashes) > 0 {
		n := len(hashes) & -len(hashes) // the last perfect subtree
		peak := subtree(hashes[len(hashes)-n:])
		if f.begun {
			peak = tlog.NodeHash(peak, f.hash)
		}
		f.hash, f.begun = peak, true
		hashes = hashes[:len(hashes)-n]
	}
}

// subtree is the hash of a power of two of hashes.
func subtree(hashes []Hash) Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(subtree(hashes[:half]), subtree(hashes[half:]))
}
