package pack

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// Manifest is what is in a package, so that whoever has it sees that no file was changed.
type Manifest struct {
	Format       string    `json:"format"`
	Made         time.Time `json:"made"`
	Organisation string    `json:"organisation"`
	Notices      []Notice  `json:"notices"`
	Files        []File    `json:"files"`
}

// File is one file of a package.
type File struct {
	Name   string `json:"name"`
	Says   string `json:"says"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Archive writes the files of a package, one after the other, and their manifest last.
type Archive struct {
	Manifest Manifest
	create   func(name string) (io.WriteCloser, error)
	close    func() error
}

// NewArchive is an archive in a ZIP file.
func NewArchive(w io.Writer, m Manifest) *Archive {
	z := zip.NewWriter(w)
	return &Archive{ready(m), func(name string) (io.WriteCloser, error) {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: m.Made})
		return unclosed{f}, err
	}, z.Close}
}

// NewFolder is an archive in a folder, which is made when it is not there. Only its owner can read it.
func NewFolder(folder string, m Manifest) *Archive {
	return &Archive{ready(m), func(name string) (io.WriteCloser, error) {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return nil, err
		}
		return os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	}, func() error { return nil }}
}

func ready(m Manifest) Manifest {
	m.Files = []File{}
	if m.Notices == nil {
		m.Notices = []Notice{}
	}
	return m
}

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// Add writes one file as it is made, and its line of the manifest.
func (a *Archive) Add(name, says string, write func(io.Writer) error) error {
	f, err := a.write(name, write)
	f.Says = says
	a.Manifest.Files = append(a.Manifest.Files, f)
	return err
}

func (a *Archive) write(name string, write func(io.Writer) error) (File, error) {
	f, err := a.create(name)
	if err != nil {
		return File{}, err
	}
	sum := &measured{hash: sha256.New()}
	err = write(io.MultiWriter(f, sum))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return File{Name: name, Size: sum.size, SHA256: hex.EncodeToString(sum.hash.Sum(nil))}, err
}

// Close writes the manifest.
func (a *Archive) Close() error {
	_, err := a.write("manifest.json", func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(a.Manifest)
	})
	if err != nil {
		return err
	}
	return a.close()
}

type measured struct {
	size int64
	hash hash.Hash
}

func (m *measured) Write(b []byte) (int, error) {
	m.size += int64(len(b))
	return m.hash.Write(b)
}

// fileName makes a name of a table or an attachment into one that is a file's on every system.
func fileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, name)
	if clean = strings.TrimLeft(clean, "."); clean == "" {
		return "_"
	}
	if r := []rune(clean); len(r) > 100 {
		return string(r[:100])
	}
	return clean
}
