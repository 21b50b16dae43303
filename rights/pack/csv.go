package pack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"io"
	"slices"

	"github.com/avowhq/avow/datamap/find"
)

// mostColumns bounds what a spreadsheet has to show. What records have beyond is in the last column, as JSON.
const mostColumns = 1000

// further is that column.
const further = "further fields"

// addCSV keeps the line of a record (rfc:4180). A later record may have columns that this one has not: what is written
// meanwhile says how many the line has, so that it gets its empty ones at the end.
func (t *table) addCSV(rec find.Record) error {
	line := make([]string, 1+len(t.keys)+len(t.head))
	line[0] = rec.Relation.String()
	for i, name := range keyNames(rec) {
		if k := slices.Index(t.keys, name); k >= 0 {
			line[1+k] = textOf(rec.Key[i])
		}
	}
	more := pairs{}
	for _, c := range rec.Cells {
		text := textOf(c.Value)
		if left := leftOut(c.Access); left != "" {
			text = "(" + left + ")"
		}
		switch i := slices.Index(t.head, c.Name); {
		case i >= 0:
			line[1+len(t.keys)+i] = text
		case slices.Contains(t.keys, c.Name): // it is there already
		case len(t.head) < mostColumns:
			t.head = append(t.head, c.Name)
			line = append(line, text)
		default:
			more = append(more, pair{c.Name, text})
		}
	}
	if len(more) == 0 {
		return t.keep(line, "")
	}
	t.loose = true
	rest, err := encoded(more)
	if err != nil {
		return err
	}
	return t.keep(line, string(rest))
}

// keep puts a line into the spool: how many cells it has, they, and what is beyond.
func (t *table) keep(line []string, more string) error {
	out := binary.AppendUvarint(nil, uint64(len(line)))
	for _, cells := range [][]string{line, {more}} {
		text, err := csvText(cells)
		if err != nil {
			return err
		}
		out = append(binary.AppendUvarint(out, uint64(len(text))), text...)
	}
	_, err := t.csv.Write(out)
	return err
}

// csvText is a line without its end. What a value has in it stays as it is.
func csvText(cells []string) ([]byte, error) {
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	if err := c.Write(Harmless(cells...)); err != nil {
		return nil, err
	}
	c.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), c.Error()
}

// writeCSV writes the names of all columns, and the lines.
func (t *table) writeCSV(to io.Writer) error {
	head := slices.Concat([]string{"relation"}, t.keys, t.head)
	columns := len(head)
	if t.loose {
		head = append(head, further)
	}
	text, err := csvText(head)
	if err != nil {
		return err
	}
	if _, err := to.Write(append(text, "\r\n"...)); err != nil {
		return err
	}
	from, err := t.csv.reader()
	if err != nil {
		return err
	}
	for range t.rows {
		line, err := t.kept(from, columns)
		if err != nil {
			return err
		}
		if _, err := to.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// kept is the next line as it stands in the file, with its end.
func (t *table) kept(from *bufio.Reader, columns int) ([]byte, error) {
	cells, err := binary.ReadUvarint(from)
	if err != nil {
		return nil, err
	}
	line, err := piece(from)
	if err != nil {
		return nil, err
	}
	more, err := piece(from)
	if err != nil {
		return nil, err
	}
	line = append(line, bytes.Repeat([]byte(","), columns-int(cells))...)
	if t.loose {
		line = append(append(line, ','), more...)
	}
	return append(line, "\r\n"...), nil
}

func piece(from *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadUvarint(from)
	if err != nil {
		return nil, err
	}
	out := make([]byte, n)
	_, err = io.ReadFull(from, out)
	return out, err
}
