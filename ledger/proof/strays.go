package proof

import "io/fs"

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
