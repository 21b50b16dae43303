package files

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// disk is a folder of the machine. Nothing outside of it is reached, by no link.
type disk struct {
	path string
	root *os.Root
}

func openDisk(at string) (*disk, error) {
	root, err := os.OpenRoot(at)
	if err != nil {
		return nil, err
	}
	return &disk{path: at, root: root}, nil
}

// beside is the name of the new version of a file. A crash may leave it; the next change of
// the file begins it anew.
func beside(name string) string { return path.Join(path.Dir(name), "."+path.Base(name)+".avow-new") }

func isBeside(name string) bool { return strings.HasSuffix(name, ".avow-new") }

func (d *disk) list(ctx context.Context, prefix string, each func(string) error) error {
	begin := path.Clean(prefix)
	err := fs.WalkDir(d.root.FS(), begin, func(name string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone meanwhile, or never there
		case err != nil:
			return err
		case e.IsDir() || isBeside(name) || !e.Type().IsRegular():
			return nil
		}
		return each(name)
	})
	return err
}

func (d *disk) has(_ context.Context, dir string) bool {
	at, err := d.root.Stat(filepath.FromSlash(dir + "/cur"))
	return err == nil && at.IsDir()
}

func (d *disk) open(_ context.Context, name string) (io.ReadCloser, error) {
	return d.root.Open(filepath.FromSlash(name))
}

// replace holds the new version locked from the first look at the old one, so that two
// that change one file do it one after the other. A program that knows nothing of this is noticed by
// the file's size, time and identity.
func (d *disk) replace(ctx context.Context, name string, change func(io.Reader, io.Writer) (bool, error)) error {
	old, err := d.root.Open(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	defer old.Close()
	before, err := old.Stat()
	if err != nil {
		return err
	}
	now, err := d.begin(name)
	if err != nil {
		return err
	}
	defer now.Close()
	changed, err := d.write(old, now, before, change)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && changed {
		err = d.asItWas(name, before)
	}
	if err != nil || !changed {
		return errors.Join(err, d.root.Remove(filepath.FromSlash(beside(name))))
	}
	if err := d.root.Rename(filepath.FromSlash(beside(name)), filepath.FromSlash(name)); err != nil {
		return err
	}
	return d.sync(name)
}

// write has the new version belong to whom the old one does before anything is in it.
func (d *disk) write(old, now *os.File, before fs.FileInfo, change func(io.Reader, io.Writer) (bool, error)) (bool, error) {
	if err := keepRights(now, old, before); err != nil {
		return false, err
	}
	w := bufio.NewWriterSize(now, 1<<20)
	changed, err := change(old, w)
	if err != nil || !changed {
		return false, err
	}
	return true, errors.Join(w.Flush(), now.Sync())
}

// begin opens the empty new version, which nobody else may read yet, and locks it.
func (d *disk) begin(name string) (*os.File, error) {
	const alone = 0o600
	at := filepath.FromSlash(beside(name))
	f, err := d.root.OpenFile(at, os.O_CREATE|os.O_RDWR, alone)
	if errors.Is(err, fs.ErrPermission) && d.root.Chmod(at, alone) == nil { // what a crash left of a file that nobody may write
		f, err = d.root.OpenFile(at, os.O_RDWR, alone)
	}
	if err != nil {
		return nil, err
	}
	if err := d.own(f, at); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// own locks the new version, and empties it when it still is: the one who had it may have
// put it in the place of the file before it let go.
func (d *disk) own(f *os.File, at string) error {
	if err := lock(f); err != nil {
		return errChanged
	}
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := d.root.Lstat(at)
	if err != nil || !os.SameFile(mine, there) {
		return errChanged
	}
	return f.Truncate(0)
}

func (d *disk) asItWas(name string, before fs.FileInfo) error {
	now, err := d.root.Lstat(filepath.FromSlash(name))
	if err != nil {
		return err
	}
	if !os.SameFile(before, now) || before.Size() != now.Size() || !before.ModTime().Equal(now.ModTime()) {
		return errChanged
	}
	return nil
}

func (d *disk) remove(_ context.Context, name string) error {
	if err := d.root.Remove(filepath.FromSlash(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.sync(name)
}

// sync waits until the disk knows the names in the folder of a file.
func (d *disk) sync(name string) error {
	dir, err := d.root.Open(filepath.FromSlash(path.Dir(name)))
	if err != nil {
		return err
	}
	defer dir.Close()
	return syncFolder(dir)
}

// The rights that may be missing, for people.
const (
	mayReplace = "the right to write in the folder of the file"
	mayKeep    = "the right to keep the file's owner and group: run avow as its owner and in its group"
)

func (d *disk) lacks(name string) string {
	folder := filepath.FromSlash(path.Dir(name))
	if !mayWrite(filepath.Join(d.path, folder)) {
		return mayReplace
	}
	before, err := d.root.Stat(filepath.FromSlash(name))
	in, e := d.root.Stat(folder)
	if err == nil && e == nil && !before.IsDir() && !rightsStay(before, in) {
		return mayKeep
	}
	return ""
}

func (d *disk) close() error { return d.root.Close() }
