package files

import (
	"context"
	"io"
)

// folder is where the files are. Names have slashes, whatever the system. An error is of io/fs, errChanged or errRights.
type folder interface {
	// list gives the names of all files that begin with prefix, which ends a folder.
	list(ctx context.Context, prefix string, each func(name string) error) error
	// has reports whether there is a folder.
	has(ctx context.Context, dir string) bool
	open(ctx context.Context, name string) (io.ReadCloser, error)
	// replace puts what change writes in the place of what it reads, whole or not at all;
	// not at all also when change reports that there is nothing to change.
	replace(ctx context.Context, name string, change func(old io.Reader, now io.Writer) (changed bool, err error)) error
	// remove removes a file; one that is gone is removed.
	remove(ctx context.Context, name string) error
	// lacks says what is missing for a file to be replaced, or for one in the folder of its name that is not there; nothing
	// when nothing is, and when it cannot be known.
	lacks(name string) string
	close() error
}
