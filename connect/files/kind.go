package files

import (
	"bytes"
	"io"
	"path"
	"strings"

	"github.com/avowhq/avow/connect"
)

// kind is what a file is.
type kind int

const (
	csvFile kind = iota + 1
	jsonLines
	mbox
	maildir
)

func kindName(table string) string {
	switch ext := strings.ToLower(path.Ext(table)); ext {
	case ".csv", ".tsv", ".jsonl", ".ndjson", ".mbox":
		return ext
	}
	return ""
}

func kindOf(table string) (kind, bool) {
	switch kindName(table) {
	case ".csv", ".tsv":
		return csvFile, true
	case ".jsonl", ".ndjson":
		return jsonLines, true
	case ".mbox":
		return mbox, true
	}
	return maildir, path.Ext(path.Base(table)) == "" || strings.HasPrefix(path.Base(table), ".")
}

// entry is one piece of a file: a row, or what belongs to none, such as a header.
type entry struct {
	raw []byte
	row row // nil: it belongs to no row
}

// row is a row of a file.
type row interface {
	// value is what a column holds; tuples what several do, through lists too.
	value(column string) any
	Tuples(columns []string) []connect.Tuple
	// whole is everything in it that can be read as text, by path.
	whole() map[string]any
	// edited is the row's text after a change, with the values for one of its keys.
	edited(w *editing, key int) ([]byte, error)
}

// scanner takes a file apart. The pieces in their order are the file.
type scanner interface {
	next() (entry, error) // io.EOF after the last
	// columns are those that the pieces read so far have shown.
	columns() []connect.Column
}

// newScanner reads a file of a kind; name is the file's.
func newScanner(k kind, name string, r io.Reader) scanner {
	in := &lines{r: r, most: longestLine}
	switch k {
	case csvFile:
		return &csvScanner{in: in, file: name, tabs: strings.EqualFold(path.Ext(name), ".tsv")}
	case jsonLines:
		return &jsonScanner{in: in, file: name}
	case mbox:
		in.most = longestMessage
		return &mboxScanner{in: in, file: name}
	}
	in.most = longestMessage
	return &maildirScanner{in: in, file: name}
}

// The bounds of what is held at a time.
const (
	longestLine    = 16 << 20
	longestMessage = 64 << 20
)

// lines reads physical lines with their ends.
type lines struct {
	r    io.Reader
	most int
	buf  []byte
	at   int
	eof  bool
	err  error
	n    int // lines given
}

// next is one line with its end; the last may have none. It is valid until the next call.
func (l *lines) next() ([]byte, error) {
	searched := 0 // of what is not given yet
	for {
		if i := bytes.IndexByte(l.buf[l.at+searched:], '\n'); i >= 0 {
			line := l.buf[l.at : l.at+searched+i+1]
			l.at += len(line)
			l.n++
			return line, nil
		}
		if l.eof || l.err != nil {
			return l.rest()
		}
		if searched = len(l.buf) - l.at; searched > l.most {
			return nil, errTooLong
		}
		l.fill()
	}
}

func (l *lines) rest() ([]byte, error) {
	if l.err != nil {
		return nil, l.err
	}
	line := l.buf[l.at:]
	l.at = len(l.buf)
	if len(line) == 0 {
		return nil, io.EOF
	}
	l.n++
	return line, nil
}

// fill reads more. What was given makes room only when there is none, so that a reader that
// gives little at a time does not cost a copy of everything each time.
func (l *lines) fill() {
	if cap(l.buf)-len(l.buf) < 4<<10 {
		rest := l.buf[l.at:]
		to := l.buf[:0]
		if cap(l.buf) < 2*len(rest)+64<<10 {
			to = make([]byte, 0, 4*len(rest)+128<<10)
		}
		l.buf = append(to, rest...)
		l.at = 0
	}
	have := len(l.buf)
	n, err := l.r.Read(l.buf[have:cap(l.buf)])
	l.buf = l.buf[:have+n]
	switch {
	case err == io.EOF:
		l.eof = true
	case err != nil:
		l.err = err
	}
}

// whole reads up to the end, for a file that is one piece.
func (l *lines) whole() ([]byte, error) {
	out, err := io.ReadAll(io.LimitReader(l.r, int64(l.most)+1))
	if err == nil && len(out) > l.most {
		return nil, errTooLong
	}
	return out, err
}
