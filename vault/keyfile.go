package vault

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// keyFile is a keyset in a file that only its owner reads.
type keyFile string

func (f keyFile) String() string { return string(f) }

func (f keyFile) load(context.Context) (*keyset.Handle, error) {
	info, err := os.Stat(string(f))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, avow.Errorf(avow.NotFound, "the organisation's key is missing: there is no file %s", f)
	case err != nil:
		return nil, f.unreadable(err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, avow.Errorf(avow.Refused, "the organisation's key %s can be read by others on this machine. "+
			"Run: chmod 600 %[1]s", f)
	}
	text, err := os.ReadFile(string(f))
	if err != nil {
		return nil, f.unreadable(err)
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, avow.Errorf(avow.Refused, "%s does not hold a key of an organisation; put the right file back", f)
	}
	return h, nil
}

func (f keyFile) unreadable(err error) error {
	return avow.Errorf(avow.Unavailable, "the organisation's key %s cannot be read: %w", f, err)
}

func (f keyFile) unwritable(err error) error {
	return avow.Errorf(avow.Unavailable, "the organisation's key cannot be written to %s: %w", f, err)
}

func (f keyFile) found(_ context.Context, h *keyset.Handle) (*keyset.Handle, error) {
	text, err := keysetText(h)
	if err == nil {
		err = writeNew(string(f), text)
	}
	if err != nil {
		return nil, f.unwritable(err)
	}
	return h, nil
}

func keysetText(h *keyset.Handle) ([]byte, error) {
	var text bytes.Buffer
	err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&text))
	return text.Bytes(), err
}

// prepare writes the new file beside the old one; commit renames it, which is whole or
// not at all, and then overwrites what the old one held, as far as the disk lets it.
func (f keyFile) prepare(_ context.Context, h *keyset.Handle) (commit func(*store.Tx) error, drop func(), err error) {
	text, err := keysetText(h)
	if err != nil {
		return nil, nil, err
	}
	next := string(f) + ".new"
	os.Remove(next) // of a try that was cut short
	if err := writeNew(next, text); err != nil {
		return nil, nil, f.unwritable(err)
	}
	done := false
	commit = func(*store.Tx) error { // which may run again
		if done {
			return nil
		}
		old, err := os.OpenFile(string(f), os.O_WRONLY, 0)
		if err != nil {
			return f.unwritable(err)
		}
		defer old.Close()
		if err := os.Rename(next, string(f)); err != nil {
			return f.unwritable(err)
		}
		done = true
		if err := errors.Join(syncDir(filepath.Dir(string(f))), overwrite(old)); err != nil {
			return f.unwritable(err)
		}
		return nil
	}
	return commit, func() { os.Remove(next) }, nil
}

func overwrite(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(make([]byte, info.Size()), 0); err != nil {
		return err
	}
	return f.Sync()
}

// writeNew writes a file that must not exist yet, and its name, through to the disk.
func writeNew(file string, text []byte) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
