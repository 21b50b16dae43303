package ledger

import (
	"crypto/sha256"
	"math/bits"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"golang.org/x/mod/sumdb/tlog"
)

// frontier is all of a tree that an append needs: its size, and the roots of its
// whole subtrees, largest first, one for each bit of the size. // rfc:6962#2.1
type frontier struct {
	size  int64
	peaks []proof.Hash
}

const (
	hashSize   = sha256.Size
	tileBits   = 8 // levels of the tree in a tile
	tileLevels = (63 + tileBits) / tileBits
)

// add appends a leaf's hash. Each hash that tiles keep, one at every eighth level, goes to the growth.
func (f *frontier) add(h proof.Hash, g *growth) {
	g.add(0, f.size, h)
	level := 0
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.peaks) - 1
		h = tlog.NodeHash(f.peaks[last], h)
		f.peaks = f.peaks[:last]
		if level++; level%tileBits == 0 {
			g.add(level/tileBits, f.size>>level, h)
		}
	}
	f.peaks = append(f.peaks, h)
	f.size++
}

// root is the root of the whole tree.
func (f *frontier) root() proof.Hash {
	if len(f.peaks) == 0 {
		return proof.EmptyRoot()
	}
	root := f.peaks[len(f.peaks)-1]
	for i := len(f.peaks) - 2; i >= 0; i-- {
		root = tlog.NodeHash(f.peaks[i], root)
	}
	return root
}

func (f *frontier) pack() []byte {
	b := make([]byte, 0, hashSize*len(f.peaks))
	for _, p := range f.peaks {
		b = append(b, p[:]...)
	}
	return b
}

// unpackFrontier reads what pack wrote; not ok when it cannot be the edge of a tree of this size.
func unpackFrontier(size int64, b []byte) (f frontier, ok bool) {
	if size < 0 || len(b) != hashSize*bits.OnesCount64(uint64(size)) {
		return f, false
	}
	return frontier{size, hashesOf(b)}, true
}

func hashesOf(b []byte) []proof.Hash {
	out := make([]proof.Hash, len(b)/hashSize)
	for i := range out {
		copy(out[i][:], b[i*hashSize:])
	}
	return out
}

// leafHash is Leaf.Hash without making anything.
func leafHash(l Leaf) proof.Hash {
	var room [160]byte
	return sha256.Sum256(l.AppendTo(room[:1]))
}

// growth is the hashes that an append adds to the tiles of each level.
type growth [tileLevels]run

// run is hashes of one level that follow each other.
type run struct {
	start  int64
	hashes []byte
}

func (g *growth) add(level int, at int64, h proof.Hash) {
	r := &g[level]
	if len(r.hashes) == 0 {
		r.start = at
	}
	r.hashes = append(r.hashes, h[:]...)
}

// write keeps the hashes. Nothing written before is written again, but for a tile
// that becomes full: its runs become one.
func (g *growth) write(tx *store.Tx) error {
	for level, r := range g {
		for len(r.hashes) > 0 {
			room := proof.Width - int(r.start%proof.Width)
			n := min(room*hashSize, len(r.hashes))
			if err := (run{r.start, r.hashes[:n]}).write(tx, level, n == room*hashSize); err != nil {
				return err
			}
			r = run{r.start + int64(n/hashSize), r.hashes[n:]}
		}
	}
	return nil
}

func (r run) write(tx *store.Tx, level int, fills bool) error {
	if before := r.start % proof.Width; fills && before > 0 {
		whole, err := joinRuns(tx, level, r.start-before, before)
		if err != nil {
			return err
		}
		if whole != nil { // else something is missing: the rest is kept as it comes, and audit says what
			r = run{r.start - before, append(whole, r.hashes...)}
		}
	}
	_, err := tx.Exec("INSERT INTO ledger_tiles (level, start, hashes) VALUES (?, ?, ?)", level, r.start, r.hashes)
	return err
}

// joinRuns takes out the runs of the first hashes of a tile, and gives them as one; nil when they do not add up.
func joinRuns(tx *store.Tx, level int, start, count int64) ([]byte, error) {
	whole, err := readRuns(tx, level, start, count)
	if err != nil || int64(len(whole)) != count*hashSize {
		return nil, err
	}
	_, err = tx.Exec("DELETE FROM ledger_tiles WHERE level = ? AND start >= ? AND start < ?", level, start, start+count)
	return whole, err
}

// readRuns gives hashes of one tile, as far as they are there without a gap, and no more than count.
func readRuns(tx *store.Tx, level int, start, count int64) ([]byte, error) {
	whole := make([]byte, 0, proof.Width*hashSize)
	gap := false
	err := store.Each(tx, func(r *store.Rows) error {
		var at int64
		var hashes []byte
		if err := r.Scan(&at, &hashes); err != nil {
			return err
		}
		gap = gap || at != start+int64(len(whole))/hashSize || len(hashes)%hashSize != 0
		if !gap {
			whole = append(whole, hashes...)
		}
		return nil
	}, "SELECT start, hashes FROM ledger_tiles WHERE level = ? AND start >= ? AND start < ? ORDER BY start", level, start, start+count)
	return whole[:min(int64(len(whole)), count*hashSize)], err
}

// readTile gives a tile of hashes as wide as asked; Conflict when it is not there whole.
func readTile(tx *store.Tx, t proof.TileRef) ([]byte, error) {
	b, err := readRuns(tx, t.Level, t.N*proof.Width, int64(t.Width))
	if err == nil && len(b) != t.Width*hashSize {
		err = missingHashes(t)
	}
	return b, err
}

func missingHashes(t proof.TileRef) error {
	return avow.Errorf(avow.Conflict, "hashes of the log are missing from the database (%s); avow audit names what is wrong", t.Path())
}

// tileReader reads tiles for tlog, within a transaction.
type tileReader struct{ tx *store.Tx }

func (r tileReader) Height() int { return tileBits }

// ReadTiles reads all of them in one query; Conflict when one is not there whole.
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	if len(tiles) == 0 {
		return out, nil
	}
	ranges, args := "", []any{}
	for _, t := range tiles {
		ranges += " OR level = ? AND start >= ? AND start < ?"
		args = append(args, t.L, t.N*proof.Width, t.N*proof.Width+int64(t.W))
	}
	err := store.Each(r.tx, func(row *store.Rows) error {
		var level int
		var start int64
		var hashes []byte
		if err := row.Scan(&level, &start, &hashes); err != nil {
			return err
		}
		for i, t := range tiles {
			if t.L == level && t.N == start/proof.Width && int64(len(out[i])) == start%proof.Width*hashSize {
				out[i] = append(out[i], hashes...)
			}
		}
		return nil
	}, "SELECT level, start, hashes FROM ledger_tiles WHERE"+strings.TrimPrefix(ranges, " OR")+" ORDER BY level, start", args...)
	for i, t := range tiles {
		if err == nil && len(out[i]) < t.W*hashSize {
			err = missingHashes(proof.TileRef{Level: t.L, N: t.N, Width: t.W})
		}
		out[i] = out[i][:min(len(out[i]), t.W*hashSize)]
	}
	return out, err
}

func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
