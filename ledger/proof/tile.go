package proof

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
)

// Entries is the level of a tile that holds entries instead of hashes.
const Entries = -1

// TileRef names a tile: 256 hashes of one level, or fewer at the end. // c2sp:tlog-tiles
type TileRef struct {
	Level int   // 0 are the leaves' hashes, then every eighth level; Entries are the leaves
	N     int64 // place within the level
	Width int   // 1 to 256; fewer than 256 is a partial tile
}

// Path is where the tile is below a log's address: "tile/0/x001/234.p/17", "tile/entries/000".
func (t TileRef) Path() string {
	level := "entries"
	if t.Level != Entries {
		level = strconv.Itoa(t.Level)
	}
	n := fmt.Sprintf("%03d", t.N%1000)
	for rest := t.N / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	if t.Width < Width {
		n += ".p/" + strconv.Itoa(t.Width)
	}
	return "tile/" + level + "/" + n
}

// Full is the whole tile that this one is the beginning of.
func (t TileRef) Full() TileRef { return TileRef{t.Level, t.N, Width} }

// Tile is the tile as tlog counts, for its functions; not for one of entries.
func (t TileRef) Tile() tlog.Tile { return tlog.Tile{H: tileHeight, L: t.Level, N: t.N, W: t.Width} }

// In reports whether a tree of this size has the tile, as wide as it says.
func (t TileRef) In(size int64) bool {
	below := size >> (tileHeight * max(t.Level, 0)) // Go shifts by 64 and more to 0
	return t.Width >= 1 && t.Width <= Width && t.N >= 0 && t.N <= (below-int64(t.Width))/Width && int64(t.Width) <= below-t.N*Width
}

// ParseTilePath reads what Path wrote, and nothing else; Invalid otherwise.
func ParseTilePath(path string) (TileRef, error) {
	bad := avow.Errorf(avow.Invalid, "that is not the path of a tile")
	rest, found := strings.CutPrefix(path, "tile/")
	level, rest, cut := strings.Cut(rest, "/")
	if !found || !cut || len(path) > 64 {
		return TileRef{}, bad
	}
	t := TileRef{Level: Entries, Width: Width}
	var err error
	if level != "entries" {
		if t.Level, err = strconv.Atoi(level); err != nil || t.Level < 0 || t.Level > 63 {
			return TileRef{}, bad
		}
	}
	if n, width, partial := strings.Cut(rest, ".p/"); partial {
		if t.Width, err = strconv.Atoi(width); err != nil || t.Width < 1 || t.Width >= Width {
			return TileRef{}, bad
		}
		rest = n
	}
	if t.N, err = parsePlace(rest); err != nil || t.Path() != path {
		return TileRef{}, bad
	}
	return t, nil
}

// parsePlace reads "x001/x234/067". Whether it is spelled in the one way is for the caller to see.
func parsePlace(s string) (n int64, err error) {
	for part := range strings.SplitSeq(s, "/") {
		digits, err := strconv.ParseUint(strings.TrimPrefix(part, "x"), 10, 10)
		if err != nil || digits > 999 || n > (math.MaxInt64-999)/1000 {
			return 0, avow.Errorf(avow.Invalid, "no place")
		}
		n = n*1000 + int64(digits)
	}
	return n, nil
}

// Tiles goes through the tiles of a tree of this size: the entries first, then level by level upward.
func Tiles(size int64) iter.Seq[TileRef] {
	return func(yield func(TileRef) bool) {
		for t := range tilesOf(Entries, size) {
			if !yield(t) {
				return
			}
		}
		for level := 0; size>>(tileHeight*level) > 0; level++ {
			for t := range tilesOf(level, size>>(tileHeight*level)) {
				if !yield(t) {
					return
				}
			}
		}
	}
}

// tilesOf goes through one level of so many hashes. It keeps no list: a checkpoint may say any size.
func tilesOf(level int, hashes int64) iter.Seq[TileRef] {
	return func(yield func(TileRef) bool) {
		for n := range hashes / Width {
			if !yield(TileRef{level, n, Width}) {
				return
			}
		}
		if rest := hashes % Width; rest > 0 {
			yield(TileRef{level, hashes / Width, int(rest)})
		}
	}
}

// AppendEntry appends a leaf to a bundle of entries. A leaf is at most 65,535 bytes; longer ones panic.
func AppendEntry(bundle, leaf []byte) []byte {
	if len(leaf) > math.MaxUint16 {
		panic("proof: an entry of a log is at most 65535 bytes")
	}
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(leaf))), leaf...)
}

// ParseBundle gives the leaves of a bundle, which share its memory; Invalid when it
// has more than 256 or ends in the middle of one.
func ParseBundle(b []byte) ([][]byte, error) {
	leaves, err := parseEntries(b)
	if err == nil && len(leaves) > Width {
		err = avow.Errorf(avow.Invalid, "a bundle has at most %d entries", Width)
	}
	return leaves, err
}

// parseEntries reads a bundle of any number of entries.
func parseEntries(b []byte) (leaves [][]byte, err error) {
	for len(b) > 0 {
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			return nil, avow.Errorf(avow.Invalid, "that is not a bundle of entries")
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		leaves = append(leaves, b[2:n:n])
		b = b[n:]
	}
	return leaves, nil
}
