package pack

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"io"
	"os"
)

// spool is a temporary file whose bytes are sealed with a key that is never written
// down. It is written once and then read; on Linux nothing in the file system names it.
type spool struct {
	file  *os.File
	block cipher.Block
	w     *bufio.Writer
}

func newSpool(folder string) (*spool, error) {
	f, err := os.CreateTemp(folder, ".avow-*")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name()) // where a file in use cannot be removed, close does it
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		f.Close()
		return nil, err
	}
	s := &spool{file: f, block: block}
	s.w = bufio.NewWriterSize(cipher.StreamWriter{S: s.stream(), W: f}, 64<<10)
	return s, nil
}

// stream is the key stream from the beginning: the key serves one file alone.
func (s *spool) stream() cipher.Stream {
	return cipher.NewCTR(s.block, make([]byte, aes.BlockSize))
}

func (s *spool) Write(b []byte) (int, error) { return s.w.Write(b) }

// reader gives all that was written, from its beginning.
func (s *spool) reader() (*bufio.Reader, error) {
	if err := s.w.Flush(); err != nil {
		return nil, err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(cipher.StreamReader{S: s.stream(), R: s.file}, 64<<10), nil
}

// writeTo copies all that was written.
func (s *spool) writeTo(to io.Writer) error {
	r, err := s.reader()
	if err != nil {
		return err
	}
	_, err = io.Copy(to, r)
	return err
}

func (s *spool) close() error {
	name := s.file.Name()
	err := s.file.Close()
	os.Remove(name)
	return err
}
