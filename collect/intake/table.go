package intake

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow"
)

// Bounds of a file. They are per line or per part, so that the number of lines costs no memory.
const (
	maxLine    = 128 << 10 // bytes of one line
	maxColumns = 256
	maxName    = 200 // bytes of a column's name
)

// File is what is imported. It is read more than once: first to check all of it,
// then to keep it.
type File struct {
	Name string // told in the report; no path
	io.ReaderAt
	Size int64
}

// Format is how a file is written.
type Format string

// The formats.
const (
	Detect Format = "" // by how the file begins
	CSV    Format = "csv"
	JSONL  Format = "jsonl"
	XLSX   Format = "xlsx"
)

// ParseFormat reads the name of a format.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case Detect, CSV, JSONL, XLSX:
		return f, nil
	}
	return Detect, avow.FieldErrorf("format", "is csv, jsonl or xlsx")
}

// row is one line of a file, under the names of its columns.
type row struct {
	line  int
	names []string
	cells []cell
}

// cell is one value as it is written.
type cell struct {
	text    string
	number  bool // a number of a spreadsheet: where a date is wanted, it counts days
	date04  bool // …from 1904
	formula bool
}

// table gives the lines of a file, one after the other. next ends with io.EOF. A
// *problem is about one line, and the next line can be read; unless it is fatal: then
// nothing behind it can be trusted. Any other error is the file's own.
type table interface {
	// header names the columns, or is nil where each line names its own.
	header() ([]string, error)
	next() (row, error)
}

// problem is what is wrong with a line.
type problem struct {
	Finding
	fatal bool
}

func (p *problem) Error() string { return fmt.Sprintf("line %d: %s; %s", p.Line, p.What, p.Do) }

func wrong(line int, code Code, what, do string) *problem {
	return &problem{Finding: Finding{Line: line, Code: code, What: what, Do: do, Level: Error}}
}

func broken(line int, code Code, what, do string) *problem {
	p := wrong(line, code, what, do)
	p.fatal = true
	return p
}

// open finds how a file is written and begins to read it.
func open(f File, o Options) (table, error) {
	head := make([]byte, 512)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, avow.Errorf(avow.Unavailable, "the file cannot be read: %w", err)
	}
	head = head[:n]
	format := o.Format
	if format == Detect {
		format = detect(head)
	}
	switch format {
	case XLSX:
		return openXLSX(f, o.Sheet)
	case JSONL:
		return newJSONL(io.NewSectionReader(f, 0, f.Size)), encoded(head)
	case CSV:
		return newCSV(io.NewSectionReader(f, 0, f.Size), o.Delimiter), encoded(head)
	}
	return nil, avow.FieldErrorf("format", "is csv, jsonl or xlsx")
}

func detect(head []byte) Format {
	switch text := bytes.TrimLeft(bytes.TrimPrefix(head, bom), " \t\r\n"); {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, oleHead):
		return XLSX
	case bytes.HasPrefix(text, []byte("{")):
		return JSONL
	}
	return CSV
}

var (
	bom     = []byte("\xef\xbb\xbf")
	oleHead = []byte("\xd0\xcf\x11\xe0") // spreadsheets of before 2007, and those with a password
)

// encoded refuses what is certainly no UTF-8 by its beginning; each line is looked at later.
func encoded(head []byte) error {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || bytes.IndexByte(head, 0) >= 0 {
		return notUTF8(1)
	}
	return nil
}

func notUTF8(line int) *problem {
	return broken(line, CodeEncoding, "the file is not written in UTF-8", "save it as UTF-8 and import it again")
}

// headerOf checks the names of columns. A byte order mark is no part of the first one.
func headerOf(line int, cells []string) ([]string, error) {
	names := make([]string, len(cells))
	seen := map[string]bool{}
	for i, c := range cells {
		name := strings.TrimSpace(c)
		switch {
		case name == "":
			return nil, broken(line, CodeHeader, fmt.Sprintf("column %d has no name", i+1), "name it, or take it out of the file")
		case len(name) > maxName || !utf8.ValidString(name):
			return nil, broken(line, CodeHeader, fmt.Sprintf("the name of column %d is too long or cannot be read", i+1), "begin the file with a line that names its columns")
		case seen[name]:
			return nil, broken(line, CodeHeader, fmt.Sprintf("two columns are named %q", clip(name)), "name each column once")
		}
		seen[name] = true
		names[i] = name
	}
	return names, nil
}

func noHeader() *problem {
	return broken(1, CodeHeader, "the file has no lines", "begin it with a line that names its columns")
}

func tooManyColumns(line int) *problem {
	return wrong(line, CodeTooLong, fmt.Sprintf("the line has more than %d columns", maxColumns), "take out the columns that are not to be imported")
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
