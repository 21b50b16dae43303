package proof

import (
	"context"

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
