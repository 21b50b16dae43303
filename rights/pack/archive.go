package pack

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
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

// Archive writes the files of a package, one after the other, and their manifest last. Whatever a file is
// called, it gets a name that every system can unpack, inside the package, and that no other file of it has.
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

// manifestName is the file that lists the others.
const manifestName = "manifest.json"

// Add writes one file as it is made, and its line of the manifest. The folders of its name are parted by `/`.
func (a *Archive) Add(name, says string, write func(io.Writer) error) error {
	f, err := a.write(a.free(name), write)
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
	_, err := a.write(manifestName, func(w io.Writer) error {
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

// free is a name as the package has it: of a second file of the same name, which is so where capitals do not count, too,
// one with a number.
func (a *Archive) free(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = fileName(parts[i])
	}
	name = path.Join(parts...)
	end := path.Ext(name)
	start := strings.TrimSuffix(name, end)
	for n := 2; a.taken(name); n++ {
		name = fmt.Sprintf("%s-%d%s", start, n, end)
	}
	return name
}

func (a *Archive) taken(name string) bool {
	return strings.EqualFold(name, manifestName) || slices.ContainsFunc(a.Manifest.Files, func(f File) bool { return strings.EqualFold(f.Name, name) })
}

// longestName is how many bytes a name of a file has, so that a number fits beside it.
const longestName = 200

// devices are names that Windows gives to no file, whatever their ending.
var devices = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)

// fileName makes a name of a table or an attachment into one that is a file's on every system.
func fileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, name)
	clean = strings.Trim(clean, ".")
	if len(clean) > longestName {
		end := path.Ext(clean)
		if len(end) > 20 {
			end = ""
		}
		clean = strings.ToValidUTF8(clean[:longestName-len(end)], "") + end
	}
	if clean == "" || devices.MatchString(clean) {
		return "_" + clean
	}
	return clean
}
