package cases

import (
	"bufio"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/store"
)

// Packages keeps encrypted packages by name. Create replaces one of the name when it is closed, whole.
type Packages interface {
	Create(name string) (PackageWriter, error)
	Open(name string) (io.ReadCloser, error)
	Remove(name string) error // one that is not there is removed
}

// PackageWriter writes one package: after Commit it is there and on disk, after Discard it never was.
type PackageWriter interface {
	io.Writer
	Commit() error
	Discard()
}

// Folder keeps packages as files of mode 0600 in a directory of the data directory. Several nodes share it.
type Folder string

// Create begins a file under another name.
func (f Folder) Create(name string) (PackageWriter, error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, away(err)
	}
	file, err := os.CreateTemp(string(f), name+".new-*")
	if err != nil {
		return nil, away(err)
	}
	return &folderFile{File: file, name: filepath.Join(string(f), name)}, nil
}

// Open opens a package.
func (f Folder) Open(name string) (io.ReadCloser, error) {
	file, err := os.Open(filepath.Join(string(f), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, avow.Errorf(avow.NotFound, "the package is gone; ask again")
	}
	if err != nil {
		return nil, away(err)
	}
	return file, nil
}

// Remove deletes a package, and what a stop left of one that was being made.
func (f Folder) Remove(name string) error {
	all, err := filepath.Glob(filepath.Join(string(f), name+".new-*"))
	if err != nil {
		return away(err)
	}
	for _, path := range append(all, filepath.Join(string(f), name)) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return away(err)
		}
	}
	return nil
}

func away(err error) error {
	return avow.Errorf(avow.Unavailable, "the folder of packages cannot be used: %w", err)
}

type folderFile struct {
	*os.File
	name string
}

func (f *folderFile) Commit() error {
	err := f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), f.name)
	}
	if err != nil {
		os.Remove(f.Name())
		return away(err)
	}
	return nil
}

func (f *folderFile) Discard() {
	f.Close()
	os.Remove(f.Name())
}

// A package is encrypted in pieces of pieceSize, each with its number as nonce, and the
// last one marked, so that one that was cut off does not open.
const pieceSize = 64 << 10

func packageCipher(key []byte) (cipher.AEAD, error) {
	k, err := hkdf.Key(sha256.New, key, nil, "avow package", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func pieceNonce(n uint64, last bool) []byte {
	nonce := make([]byte, 12)
	binary.BigEndian.PutUint64(nonce[3:11], n)
	if last {
		nonce[11] = 1
	}
	return nonce
}

// encrypter encrypts as it is written. Each try has a salt of its own, because another
// try of the same package must not use a nonce again.
type encrypter struct {
	to    io.Writer
	aead  cipher.AEAD
	piece []byte
	n     uint64
	bytes int64
}

func newEncrypter(to io.Writer, key []byte, salt []byte) (*encrypter, error) {
	a, err := packageCipher(append(append([]byte{}, key...), salt...))
	if err != nil {
		return nil, err
	}
	if _, err := to.Write(salt); err != nil {
		return nil, err
	}
	return &encrypter{to: to, aead: a, piece: make([]byte, 0, pieceSize)}, nil
}

func (e *encrypter) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		if len(e.piece) == pieceSize {
			if err := e.flush(false); err != nil {
				return total - len(b), err
			}
		}
		n := min(pieceSize-len(e.piece), len(b))
		e.piece = append(e.piece, b[:n]...)
		b = b[n:]
	}
	e.bytes += int64(total)
	return total, nil
}

func (e *encrypter) flush(last bool) error {
	_, err := e.to.Write(e.aead.Seal(nil, pieceNonce(e.n, last), e.piece, nil))
	e.n++
	e.piece = e.piece[:0]
	return err
}

const saltSize = 16

// decrypt writes a package as it was before it was encrypted.
func decrypt(w io.Writer, from io.Reader, key []byte) error {
	broken := avow.Errorf(avow.Internal, "the package is damaged")
	in := bufio.NewReaderSize(from, pieceSize+64)
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(in, salt); err != nil {
		return broken
	}
	a, err := packageCipher(append(append([]byte{}, key...), salt...))
	if err != nil {
		return err
	}
	buf := make([]byte, pieceSize+a.Overhead())
	for n := uint64(0); ; n++ {
		k, err := io.ReadFull(in, buf)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return broken
		}
		_, end := in.Peek(1)
		plain, err := a.Open(nil, pieceNonce(n, end != nil), buf[:k], nil)
		if err != nil {
			return broken
		}
		if _, err := w.Write(plain); err != nil {
			return err
		}
		if end != nil {
			return nil
		}
	}
}

func packageName(id avow.ID) string { return id.String() + ".package" }

// handed is what staff say of a task that they did.
type handed struct {
	Evidence string       `json:"evidence"`
	Attached []Attachment `json:"attached,omitempty"`
}

func packTask(evidence string, attached []Attachment) ([]byte, error) {
	n := 0
	for _, a := range attached {
		n += len(a.Data)
		if len(a.Name) > 200 || filepath.Base(a.Name) != a.Name {
			return nil, avow.FieldErrorf("attached", "a file has a plain name of at most 200 bytes")
		}
	}
	if n > mostAttached || len(attached) > 100 {
		return nil, avow.Errorf(avow.TooLarge, "at most 100 files of together %d MiB", mostAttached>>20)
	}
	return json.Marshal(handed{evidence, attached})
}

// attached is what staff added by hand.
func (d *Desk) attached(tx *store.Tx, c *record) (out []Attachment, err error) {
	list, err := steps(tx, c.ID, `kind = ? AND state = ?`, kindTask, stepDone)
	for _, s := range list {
		plain, err := d.part(tx, c.ID, s.N)
		if err != nil {
			return nil, err
		}
		var h handed
		if err := json.Unmarshal(plain, &h); err != nil {
			return nil, err
		}
		for _, a := range h.Attached {
			a.System = s.About
			out = append(out, a)
		}
	}
	return out, err
}

// undone is what people said that they cannot do.
func undone(tx *store.Tx, c *record) (out []Undone, err error) {
	list, err := steps(tx, c.ID, `kind = ? AND state = ?`, kindTask, stepRefused)
	for _, s := range list {
		var shown shownBy
		if err := json.Unmarshal([]byte(s.Outcome), &shown); err != nil {
			return nil, err
		}
		out = append(out, Undone{s.About, shown.Why})
	}
	return out, err
}

// doPack writes the package, encrypted as it is made. Doing it again replaces it.
func (d *Desk) doPack(ctx context.Context, c *record) (settle, error) {
	var r Request
	var attached []Attachment
	err := d.Desk.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if r, err = d.request(tx, c); err != nil {
			return err
		}
		if r.Undone, err = undone(tx, c); err != nil {
			return err
		}
		attached, err = d.attached(tx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	if d.Pack == nil || d.Packages == nil {
		return nil, avow.Errorf(avow.Unavailable, "this server has no place for packages; name one in its configuration")
	}
	file, err := d.Packages.Create(packageName(c.ID))
	if err != nil {
		return nil, err
	}
	defer file.Discard()
	e, err := newEncrypter(file, r.Key, randomSalt())
	if err != nil {
		return nil, err
	}
	packed, err := d.Pack(ctx, r, attached, e)
	if err != nil {
		return nil, err
	}
	if err := e.flush(true); err != nil {
		return nil, away(err)
	}
	packed.Bytes = e.bytes
	if err := file.Commit(); err != nil {
		return nil, err
	}
	return func(tx *store.Tx, c *record, s *step) error { return finish(tx, s, stepDone, "", packed) }, nil
}

// doForget ends what is kept of a request, its key first. Every part of it can be done again.
func (d *Desk) doForget(ctx context.Context, c *record) (settle, error) {
	if c.Right == law.Remove {
		if err := d.Desk.FinishFor(ctx, c.ID); err != nil {
			return nil, err
		}
	}
	if err := d.Desk.Vault.EndKey(ctx, c.ID); err != nil {
		return nil, err
	}
	if d.Packages != nil {
		if err := d.Packages.Remove(packageName(c.ID)); err != nil {
			return nil, err
		}
	}
	return func(tx *store.Tx, c *record, s *step) error {
		for _, table := range []string{"rights_case_parts", "rights_case_links", "rights_case_passes"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE case_id = ?`, c.ID); err != nil {
				return err
			}
		}
		c.sealed = []byte{}
		return finish(tx, s, stepDone, "", nil)
	}, nil
}
