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
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// wrapper wraps and unwraps data keys: the organisation's key, or one day a service that holds it.
type wrapper interface {
	Encrypt(plain, context []byte) ([]byte, error)
	Decrypt(sealed, context []byte) ([]byte, error)
}

// openOrganisationKey reads the key from its file. A vault that has no keys yet
// makes the file when it is missing; one that has refuses to start without it.
func openOrganisationKey(file string, fresh bool) (wrapper, error) {
	if file == "" {
		return nil, avow.Errorf(avow.Invalid, "no file is named for the organisation's key")
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && fresh:
		return makeOrganisationKey(file)
	case errors.Is(err, fs.ErrNotExist):
		return nil, avow.Errorf(avow.Refused, "the organisation's key is missing: there is no file %s. "+
			"What the vault holds cannot be read without it. Put the file back from where it is kept safe", file)
	case err != nil:
		return nil, avow.Errorf(avow.Unavailable, "the organisation's key %s cannot be read: %w", file, err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, avow.Errorf(avow.Refused, "the organisation's key %s can be read by others on this machine. "+
			"Run: chmod 600 %[1]s", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the organisation's key %s cannot be read: %w", file, err)
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, avow.Errorf(avow.Refused, "%s does not hold a key of an organisation; put the right file back", file)
	}
	return aead.New(handle)
}

// makeOrganisationKey makes a key and has it on disk before anything is sealed with it.
func makeOrganisationKey(file string) (wrapper, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, err
	}
	if err := writeNew(file, text.Bytes()); err != nil {
		return nil, avow.Errorf(avow.Unavailable, "the organisation's key cannot be written to %s: %w", file, err)
	}
	return aead.New(handle)
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
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// foundOrganisation makes the organisation's own data key. Of several nodes that start at once, one wins.
func (v *Vault) foundOrganisation(ctx context.Context) ([]byte, error) {
	secret, err := v.random(keySize)
	if err != nil {
		return nil, err
	}
	wrapped, err := v.org.Encrypt(secret, wrapContext(avow.ID{}))
	if err != nil {
		return nil, err
	}
	err = v.keys.Write(ctx, func(tx *store.Tx) error {
		return insertKeys(tx, []madeKey{{wrapped: wrapped}})
	})
	if err != nil {
		return nil, err
	}
	return v.heldKey(ctx, avow.ID{})
}
