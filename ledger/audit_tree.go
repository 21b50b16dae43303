package ledger

import (
	"bytes"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"golang.org/x/mod/sumdb/tlog"
)

// heldTile is the tile of a level that was looked at last: the hashes to believe.
type heldTile struct {
	read   bool
	n      int64
	hashes []byte
}

// tileHash is the root of the hashes of a whole tile.
func tileHash(hashes []byte) proof.Hash {
	list := hashesOf(hashes)
	for len(list) > 1 {
		for i := range len(list) / 2 {
			list[i] = tlog.NodeHash(list[2*i], list[2*i+1])
		}
		list = list[:len(list)/2]
	}
	return list[0]
}

// edgeRoot is the root that the unfinished tiles of all levels lead to, from the top down.
func edgeRoot(size int64, edges [tileLevels][]byte) (root proof.Hash, ok bool) {
	f := frontier{size: size}
	for level := tileLevels - 1; level >= 0; level-- {
		width := widthAt(size, level)
		if len(edges[level]) != width*hashSize {
			return root, false
		}
		list := hashesOf(edges[level])
		for bit := proof.Width / 2; bit > 0; bit /= 2 {
			if width&bit != 0 {
				f.peaks = append(f.peaks, subtree(list[:bit]))
				list = list[bit:]
			}
		}
	}
	return f.root(), true
}

func subtree(list []proof.Hash) proof.Hash {
	if len(list) == 1 {
		return list[0]
	}
	half := len(list) / 2
	return tlog.NodeHash(subtree(list[:half]), subtree(list[half:]))
}

// widthAt is how many hashes the unfinished tile of a level has.
func widthAt(size int64, level int) int { return int(size >> (tileBits * level) % proof.Width) }

// theEdges finds the unfinished tiles that lead to the signed root: as they are
// stored, or where that does not lead there, as what is below them says.
func (a *auditor) theEdges() error {
	size := a.head.tree
	var stored, below [tileLevels][]byte
	for level := range tileLevels {
		err := a.l.db.Read(a.ctx, func(tx *store.Tx) (err error) {
			n := size >> (tileBits * level) / proof.Width
			stored[level], err = readRuns(tx, level, n*proof.Width, int64(widthAt(size, level)))
			return err
		})
		if err != nil {
			return err
		}
	}
	a.edges = stored
	if root, ok := edgeRoot(size, stored); ok && (a.root == nil || root == *a.root) {
		return nil
	}
	for level := range tileLevels {
		var err error
		if below[level], err = a.fromBelow(level, size>>(tileBits*level)/proof.Width, widthAt(size, level)); err != nil {
			return err
		}
	}
	for mask := range 1 << tileLevels {
		tried := mixed(stored, below, mask)
		if root, ok := edgeRoot(size, tried); ok && a.root != nil && root == *a.root {
			a.edges = tried
			a.nameEdges(stored, tried, "was changed in the database: it is not what its signed checkpoint was made of")
			return nil
		}
	}
	a.finding(-1, avow.ID{}, "the hashes of the log do not lead to its checkpoint: at least one event or hash among the last was changed together with what would show it")
	a.nameEdges(stored, below, "does not fit what is below it")
	return nil
}

// mixed takes the levels that a mask names from below.
func mixed(stored, below [tileLevels][]byte, mask int) [tileLevels][]byte {
	for level := range tileLevels {
		if mask&(1<<level) != 0 {
			stored[level] = below[level]
		}
	}
	return stored
}

func (a *auditor) nameEdges(stored, other [tileLevels][]byte, what string) {
	for level := range tileLevels {
		if !bytes.Equal(stored[level], other[level]) {
			t := proof.TileRef{Level: level, N: a.head.tree >> (tileBits * level) / proof.Width, Width: max(1, widthAt(a.head.tree, level))}
			a.nameTile(t, stored[level], other[level], what)
		}
	}
}

// nameTile says that a tile is wrong, and about which event, where its hashes are those of events.
func (a *auditor) nameTile(t proof.TileRef, stored, right []byte, what string) {
	at := firstDifference(stored, right)
	if t.Level == 0 && at >= 0 {
		a.finding(t.N*proof.Width+int64(at), avow.ID{}, "the hash of event %d, in %s, %s", t.N*proof.Width+int64(at), t.Path(), what)
		return
	}
	a.finding(-1, avow.ID{}, "the tile of hashes %s %s", t.Path(), what)
}

// firstDifference is the place of the first hash that differs or is missing; -1: none.
func firstDifference(x, y []byte) int {
	for i := 0; i < max(len(x), len(y)); i += hashSize {
		if i+hashSize > len(x) || i+hashSize > len(y) || !bytes.Equal(x[i:i+hashSize], y[i:i+hashSize]) {
			return i / hashSize
		}
	}
	return -1
}

// fromBelow makes the hashes of a tile out of the tiles below it, or at the bottom out of the events' rows.
func (a *auditor) fromBelow(level int, n int64, width int) (out []byte, err error) {
	start := n * proof.Width
	if level == 0 {
		err = a.l.db.Read(a.ctx, func(tx *store.Tx) error {
			out = out[:0]
			return store.Each(tx, func(r *store.Rows) error {
				index, leaf, err := scanLeaf(r)
				if h := leafHash(leaf); err == nil && index == start+int64(len(out)/hashSize) {
					out = append(out, h[:]...)
				}
				return err
			}, "SELECT "+leafColumns+" FROM ledger_events WHERE idx >= ? AND idx < ? ORDER BY idx", start, start+int64(width))
		})
		return out, err
	}
	for i := range int64(width) {
		lower, err := a.stored(level-1, start+i)
		if err == nil && len(lower) != proof.Width*hashSize {
			lower, err = a.fromBelow(level-1, start+i, proof.Width)
		}
		if err != nil || len(lower) != proof.Width*hashSize {
			return out, err
		}
		h := tileHash(lower)
		out = append(out, h[:]...)
	}
	return out, nil
}

// stored is a whole tile as it is stored, as far as it is.
func (a *auditor) stored(level int, n int64) (b []byte, err error) {
	err = a.l.db.Read(a.ctx, func(tx *store.Tx) error {
		b, err = readRuns(tx, level, n*proof.Width, proof.Width)
		return err
	})
	return b, err
}

// tile gives the hashes to believe of a tile, which was held to the one above it.
func (a *auditor) tile(level int, n int64) ([]byte, error) {
	held := &a.tiles[level]
	if held.read && held.n == n {
		return held.hashes, nil
	}
	*held = heldTile{read: true, n: n}
	if n == a.head.tree>>(tileBits*level)/proof.Width {
		held.hashes = a.edges[level]
		return held.hashes, nil
	}
	above, err := a.tile(level+1, n/proof.Width)
	if err != nil {
		return nil, err
	}
	place := int(n % proof.Width * hashSize)
	if place+hashSize > len(above) {
		return nil, nil // the tile above is not there, which was found
	}
	held.hashes, err = a.believe(proof.TileRef{Level: level, N: n, Width: proof.Width}, proof.Hash(above[place:place+hashSize]))
	return held.hashes, err
}

// believe gives a tile's hashes, as stored or as what is below says, whichever is what the tile above says.
func (a *auditor) believe(t proof.TileRef, want proof.Hash) ([]byte, error) {
	stored, err := a.stored(t.Level, t.N)
	whole := len(stored) == proof.Width*hashSize
	if err != nil || whole && tileHash(stored) == want {
		return stored, err
	}
	below, err := a.fromBelow(t.Level, t.N, proof.Width)
	if err != nil {
		return nil, err
	}
	if len(below) == proof.Width*hashSize && tileHash(below) == want {
		a.nameTile(t, stored, below, "was changed in the database: it is not what the tiles above it were made of")
		return below, nil
	}
	if whole && bytes.Equal(stored, below) {
		a.finding(t.N<<(tileBits*(t.Level+1)), avow.ID{}, "at least one of the events %d to %d was changed in the database together with its hash: %s does not lead to the tile above it",
			t.N<<(tileBits*(t.Level+1)), (t.N+1)<<(tileBits*(t.Level+1))-1, t.Path())
		return stored, nil
	}
	a.nameTile(t, stored, below, "does not fit the tile above it, nor what is below it")
	return stored, nil
}
