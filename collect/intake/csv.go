package intake

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// csvTable reads values that are kept apart by a sign (rfc:4180). It never holds more
// than one line, however long a quote stays open.
type csvTable struct {
	r     *bufio.Reader
	comma byte
	line  int // of the sign that was read last
	names []string

	start  int // of the record
	size   int
	buf    []byte
	ends   []int // of each value in buf
	quoted bool  // a value of the record stood in quotes
}

func newCSV(r io.Reader, comma byte) *csvTable {
	t := &csvTable{r: bufio.NewReaderSize(r, 64<<10), comma: comma, line: 1}
	if head, _ := t.r.Peek(len(bom)); string(head) == string(bom) {
		t.r.Discard(len(bom))
	}
	return t
}

func (t *csvTable) header() ([]string, error) {
	if t.comma == 0 {
		t.comma = t.guess()
	}
	cells, err := t.record()
	if err == io.EOF {
		return nil, noHeader()
	}
	var p *problem
	if errors.As(err, &p) {
		p.fatal = true
	}
	if err != nil {
		return nil, err
	}
	t.names, err = headerOf(t.start, cells)
	return t.names, err
}

// guess takes the sign that stands most often in the first line, outside quotes.
func (t *csvTable) guess() byte {
	head, _ := t.r.Peek(t.r.Size())
	counts := map[byte]int{}
	quoted := false
	for _, b := range head {
		if b == '"' {
			quoted = !quoted
		}
		if b == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[b]++
		}
	}
	best := byte(',')
	for _, b := range []byte{';', '\t'} {
		if counts[b] > counts[best] {
			best = b
		}
	}
	return best
}

func (t *csvTable) next() (row, error) {
	cells, err := t.record()
	if err != nil {
		return row{line: t.start}, err
	}
	if len(cells) != len(t.names) {
		return row{line: t.start}, wrong(t.start, CodeColumns, fmt.Sprintf("the line has %d values, and the file has %d columns", len(cells), len(t.names)),
			"put a value, or nothing, under each column; a value with the separating sign in it stands in quotes")
	}
	r := row{line: t.start, names: t.names, cells: make([]cell, len(cells))}
	for i, c := range cells {
		r.cells[i] = cell{text: c, formula: len(c) > 1 && c[0] == '='}
	}
	return r, nil
}

// record reads one record, over as many lines as its quotes span. Empty lines are passed over.
func (t *csvTable) record() ([]string, error) {
	for {
		t.start, t.size, t.buf, t.ends, t.quoted = t.line, 0, t.buf[:0], t.ends[:0], false
		if _, err := t.r.Peek(1); err != nil {
			return nil, ended(err)
		}
		if err := t.values(); err != nil {
			return nil, err
		}
		if len(t.ends) == 1 && t.ends[0] == 0 && !t.quoted {
			continue
		}
		if !utf8.Valid(t.buf) {
			return nil, notUTF8(t.start)
		}
		return t.cut(), nil
	}
}

func (t *csvTable) cut() []string {
	text := string(t.buf)
	cells := make([]string, len(t.ends))
	from := 0
	for i, end := range t.ends {
		cells[i] = text[from:end]
		from = end
	}
	return cells
}

// values reads the values of a record, and the end of its line.
func (t *csvTable) values() error {
	for {
		if len(t.ends) == maxColumns {
			return t.skip(tooManyColumns(t.start))
		}
		last, err := t.value()
		if err != nil {
			return err
		}
		t.ends = append(t.ends, len(t.buf))
		if last {
			return nil
		}
	}
}

// value reads one value and the sign behind it; last tells that it was the end of the line.
func (t *csvTable) value() (last bool, err error) {
	b, err := t.byte()
	if err != nil {
		return true, ignoreEOF(err)
	}
	if b == '"' {
		return t.inQuotes()
	}
	from := len(t.buf)
	for {
		switch b {
		case t.comma:
			return false, nil
		case '\n':
			if n := len(t.buf); n > from && t.buf[n-1] == '\r' {
				t.buf = t.buf[:n-1]
			}
			return true, nil
		case '"':
			return true, t.skip(wrong(t.start, CodeQuotes, "a quote stands inside a value that does not begin with one",
				"put the whole value in quotes, and write each quote in it twice"))
		}
		t.buf = append(t.buf, b)
		if b, err = t.byte(); err != nil {
			return true, ignoreEOF(err)
		}
	}
}

// inQuotes reads on behind a quote.
func (t *csvTable) inQuotes() (last bool, err error) {
	t.quoted = true
	for {
		b, err := t.byte()
		if errors.Is(err, io.EOF) || tooLong(err) {
			return true, broken(t.start, CodeQuotes, "a quote that opens on this line does not close", "close it; everything behind it was read as one value")
		}
		if err != nil {
			return true, err
		}
		if b != '"' {
			t.buf = append(t.buf, b)
			continue
		}
		next, err := t.byte()
		if err != nil {
			return true, ignoreEOF(err)
		}
		if next == '\r' {
			if peek, _ := t.r.Peek(1); len(peek) == 1 && peek[0] == '\n' {
				next, _ = t.byte()
			}
		}
		switch next {
		case '"':
			t.buf = append(t.buf, '"')
		case t.comma:
			return false, nil
		case '\n':
			return true, nil
		default:
			return true, t.skip(wrong(t.start, CodeQuotes, "something stands behind a closing quote", "write each quote inside a value twice"))
		}
	}
}

// byte reads one sign, within the bound of a line.
func (t *csvTable) byte() (byte, error) {
	if t.size++; t.size > maxLine {
		return 0, t.skip(lineTooLong(t.start))
	}
	b, err := t.r.ReadByte()
	if err == nil && b == '\n' {
		t.line++
	}
	return b, err
}

// skip gives up the rest of the line.
func (t *csvTable) skip(p *problem) error {
	for {
		rest, err := t.r.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			continue
		}
		if len(rest) > 0 && rest[len(rest)-1] == '\n' {
			t.line++
		}
		if err != nil && err != io.EOF {
			return ended(err)
		}
		return p
	}
}

func lineTooLong(line int) *problem {
	return wrong(line, CodeTooLong, fmt.Sprintf("the line is longer than %d KiB", maxLine>>10), "shorten its values, or close its quotes")
}

func tooLong(err error) bool {
	var p *problem
	return errors.As(err, &p) && p.Code == CodeTooLong
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
