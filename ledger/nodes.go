package ledger

import (
	"sync"

	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"golang.org/x/mod/sumdb/tlog"
)

// nodes are all hashes within a tile: the first level as it is stored, and what follows from it.
type nodes [][]proof.Hash

func nodesOf(stored []byte) nodes {
	list := nodes{hashesOf(stored)}
	for below := list[0]; len(below) > 1; {
		level := make([]proof.Hash, len(below)/2)
		for i := range level {
			level[i] = tlog.NodeHash(below[2*i], below[2*i+1])
		}
		list = append(list, level)
		below = level
	}
	return list
}

// maxUpper bounds the upper tiles that are kept, at 16 KiB each.
const maxUpper = 256

// upper keeps tiles above the lowest level, which many proofs share. What it keeps is
// not believed: each proof is checked against the signed root before it is given out.
type upper struct {
	mu    sync.Mutex
	tiles map[proof.TileRef]nodes
}

func (u *upper) get(t proof.TileRef) nodes {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.tiles[t]
}

func (u *upper) put(t proof.TileRef, n nodes) {
	if t.Level == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for old := range u.tiles { // any: the order of a map is random enough
		if len(u.tiles) < maxUpper {
			break
		}
		delete(u.tiles, old)
	}
	u.tiles[t] = n
}

func (u *upper) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.tiles = map[proof.TileRef]nodes{}
}

// nodeReader reads hashes of a tree for tlog, by the tile, each once.
type nodeReader struct {
	tx    *store.Tx
	upper *upper
	size  int64
	tiles map[proof.TileRef]nodes
}

func (r nodeReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var missing []tlog.Tile
	for _, x := range indexes {
		t, _, _ := r.find(x)
		if _, seen := r.tiles[t]; seen {
			continue
		}
		r.tiles[t] = r.upper.get(t)
		if r.tiles[t] == nil {
			missing = append(missing, t.Tile())
		}
	}
	stored, err := tileReader{r.tx}.ReadTiles(missing)
	if err != nil {
		return nil, err
	}
	for i, b := range stored {
		t := proof.TileRef{Level: missing[i].L, N: missing[i].N, Width: missing[i].W}
		r.tiles[t] = nodesOf(b)
		r.upper.put(t, r.tiles[t])
	}
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		t, level, place := r.find(x)
		out[i] = r.tiles[t][level][place]
	}
	return out, nil
}

// find says in which tile a hash of tlog's numbering is, and where.
func (r nodeReader) find(index int64) (t proof.TileRef, level int, place int64) {
	level, n := tlog.SplitStoredHashIndex(index)
	t.Level, level = level/tileBits, level%tileBits
	t.N = n >> (tileBits - level)
	t.Width = int(min(r.size>>(tileBits*t.Level)-t.N*proof.Width, proof.Width))
	return t, level, n - t.N<<(tileBits-level)
}

// proveRecord makes a proof and holds it to the signed root.
func (l *Ledger) proveRecord(tx *store.Tx, tree tlog.Tree, index int64) (tlog.RecordProof, error) {
	r := nodeReader{tx, &l.upper, tree.N, map[proof.TileRef]nodes{}}
	p, err := tlog.ProveRecord(tree.N, index, r)
	if err != nil {
		return nil, err
	}
	leaf, err := r.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return nil, err
	}
	return p, tlog.CheckRecord(p, tree.N, tree.Hash, index, leaf[0])
}
