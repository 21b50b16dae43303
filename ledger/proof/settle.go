package proof

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

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
