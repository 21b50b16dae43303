package intake

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Bounds of a spreadsheet, unpacked (ISO/IEC 29500-1). The sheet itself is never held.
const (
	maxSheet   = 4 << 30
	maxStrings = 512 << 20 // of XML, and
	maxShared  = 128 << 20 // of text in it, which is held
	maxPart    = 4 << 20   // of the parts that say where the others are
	maxToken   = 1 << 20   // of one piece of XML
)

// xlsxTable reads a sheet row by row out of the packed file. It writes nothing to the
// disk: what is in the file are people's data.
type xlsxTable struct {
	sheet  io.ReadCloser
	x      *pieces
	shared sharedStrings
	date04 bool
	names  []string
	line   int
	ended  bool
}

func openXLSX(f File, sheet string) (*xlsxTable, error) {
	head := make([]byte, len(oleHead))
	if f.ReadAt(head, 0); bytes.Equal(head, oleHead) {
		return nil, broken(1, CodeFormat, "the spreadsheet has a password, or is of a form older than XLSX", "save it as XLSX without a password")
	}
	z, err := zip.NewReader(f, f.Size)
	if err != nil {
		return nil, notXLSX()
	}
	w, err := readWorkbook(z)
	if err != nil {
		return nil, err
	}
	name, err := w.find(sheet)
	if err != nil {
		return nil, err
	}
	t := &xlsxTable{date04: w.date04}
	if t.shared, err = readShared(z, w.strings); err != nil {
		return nil, err
	}
	part := partOf(z, name)
	if part == nil {
		return nil, notXLSX()
	}
	if t.sheet, err = part.Open(); err != nil {
		return nil, notXLSX()
	}
	t.x = newPieces(t.sheet, maxSheet)
	return t, nil
}

func notXLSX() *problem {
	return broken(1, CodeFormat, "the file is not a whole XLSX spreadsheet", "save it again as XLSX, or as CSV in UTF-8")
}

func tooBig(what string) *problem {
	return broken(1, CodeTooLong, what+" of the spreadsheet is too large to be read with bounded memory", "save it as CSV in UTF-8")
}

func partOf(z *zip.Reader, name string) *zip.File {
	for _, f := range z.File {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func (t *xlsxTable) header() ([]string, error) {
	cells, err := t.record()
	if err == io.EOF {
		return nil, noHeader()
	}
	if err != nil {
		return nil, fatal(err)
	}
	names := make([]string, len(cells))
	for i, c := range cells {
		names[i] = c.text
	}
	t.names, err = headerOf(t.line, names)
	return t.names, err
}

func fatal(err error) error {
	var p *problem
	if errors.As(err, &p) {
		p.fatal = true
	}
	return err
}

func (t *xlsxTable) next() (row, error) {
	cells, err := t.record()
	if err != nil {
		return row{line: t.line}, err
	}
	if len(cells) > len(t.names) {
		return row{line: t.line}, wrong(t.line, CodeColumns, fmt.Sprintf("the row has a value in column %d, and the sheet has %d columns", len(cells), len(t.names)),
			"name that column in the first row, or empty it")
	}
	r := row{line: t.line, names: t.names, cells: make([]cell, len(t.names))}
	copy(r.cells, cells)
	return r, nil
}

// record reads the next row that has something in it, without the empty cells at its end.
func (t *xlsxTable) record() ([]cell, error) {
	for !t.ended {
		piece, err := t.x.next()
		if err != nil {
			return nil, t.broke(err)
		}
		switch e := piece.(type) {
		case xml.StartElement:
			if e.Name.Local == "row" {
				cells, err := t.row(e)
				if err != nil || len(cells) > 0 {
					return cells, err
				}
			}
		case xml.EndElement:
			t.ended = e.Name.Local == "sheetData"
		}
	}
	return nil, t.drain()
}

// drain reads what is behind the rows, so that the checksum of the whole is looked at.
func (t *xlsxTable) drain() error {
	t.x.limited.more = t.x.limited.left
	if _, err := io.Copy(io.Discard, t.x.limited); err != nil {
		return t.broke(err)
	}
	t.sheet.Close()
	return io.EOF
}

func (t *xlsxTable) broke(err error) error {
	if errors.Is(err, errTooMuch) {
		p := tooBig("the sheet, or one value in it,")
		p.Line = max(t.line, 1)
		return p
	}
	return broken(t.line, CodeFormat, "the sheet ends, or breaks, behind this row", "save the spreadsheet again, or as CSV in UTF-8")
}

// row reads the cells of a row up to its end.
func (t *xlsxTable) row(e xml.StartElement) ([]cell, error) {
	line := t.line + 1
	if r := attr(e, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n <= t.line || n > 1<<24 {
			return nil, broken(line, CodeFormat, "the rows of the sheet are not in order", "save the spreadsheet again, or as CSV in UTF-8")
		}
		line = n
	}
	t.line = line
	b := rowBuilder{t: t}
	for {
		piece, err := t.x.next()
		if err != nil {
			return nil, t.broke(err)
		}
		switch e := piece.(type) {
		case xml.StartElement:
			b.start(e)
		case xml.CharData:
			b.text(e)
		case xml.EndElement:
			if e.Name.Local == "row" {
				return b.cells, b.problem()
			}
			b.end(e.Name.Local)
		}
	}
}

// rowBuilder puts the pieces of a row together. What is wrong with it is told at the
// end of the row, so that the next one can be read.
type rowBuilder struct {
	t     *xlsxTable
	cells []cell
	at    int // the column of the cell that is being read
	size  int
	kind  string
	value strings.Builder
	takes bool // text is of the value
	deaf  bool // in something that is not said: how a word is read aloud
	form  bool
	wrong *problem
}

func (b *rowBuilder) start(e xml.StartElement) {
	switch e.Name.Local {
	case "c":
		b.kind, b.form = attr(e, "t"), false
		b.value.Reset()
		b.at = len(b.cells)
		if ref := attr(e, "r"); ref != "" {
			b.at = columnOf(ref)
		}
		if b.at < len(b.cells) || b.at >= maxColumns {
			b.fail(tooManyColumns(b.t.line))
			b.at = -1
		}
	case "v", "t":
		b.takes = !b.deaf
	case "rPh":
		b.deaf = true
	case "f":
		b.form = true
	}
}

func (b *rowBuilder) text(text xml.CharData) {
	if !b.takes {
		return
	}
	if b.size += len(text); b.size > maxLine {
		b.fail(lineTooLong(b.t.line))
		return
	}
	b.value.Write(text)
}

func (b *rowBuilder) end(name string) {
	switch name {
	case "v", "t":
		b.takes = false
	case "rPh":
		b.deaf = false
	case "c":
		if b.at >= 0 && b.wrong == nil {
			b.put()
		}
	}
}

func (b *rowBuilder) put() {
	c, err := b.t.read(b.kind, b.value.String())
	if err != nil {
		b.fail(err)
		return
	}
	c.formula = b.form
	if b.size += len(c.text); b.size > 2*maxLine {
		b.fail(lineTooLong(b.t.line))
	}
	if c.text == "" && !c.formula {
		return
	}
	for len(b.cells) < b.at {
		b.cells = append(b.cells, cell{})
	}
	b.cells = append(b.cells, c)
}

func (b *rowBuilder) fail(p *problem) {
	if b.wrong == nil {
		b.wrong = p
	}
}

func (b *rowBuilder) problem() error {
	if b.wrong != nil {
		return b.wrong
	}
	return nil
}

// read makes a value of what stands in a cell of a type.
func (t *xlsxTable) read(kind, text string) (cell, *problem) {
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(text))
		if s, ok := t.shared.get(i); ok && err == nil {
			return cell{text: s}, nil
		}
		return cell{}, broken(t.line, CodeFormat, "the sheet names a text that is not in the file", "save the spreadsheet again, or as CSV in UTF-8")
	case "b":
		if strings.TrimSpace(text) == "1" {
			return cell{text: "yes"}, nil
		}
		return cell{text: "no"}, nil
	case "e":
		return cell{}, wrong(t.line, CodeValue, "a cell holds an error of the spreadsheet", "put the value there, or empty the cell")
	case "inlineStr", "str", "d":
		return cell{text: text}, nil
	}
	return cell{text: digits(strings.TrimSpace(text)), number: true, date04: t.date04}, nil
}

// digits writes a whole number out: 3.12E10 is how a spreadsheet keeps a telephone number.
func digits(text string) string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !strings.ContainsAny(text, "eE") || f != float64(int64(f)) || f > 1e15 || f < -1e15 {
		return text
	}
	return strconv.FormatInt(int64(f), 10)
}

// columnOf is the column of a reference such as AB12, from 0; too large when it is none.
func columnOf(ref string) int {
	n := 0
	for _, r := range ref {
		if r < 'A' || r > 'Z' || n > maxColumns {
			break
		}
		n = n*26 + int(r-'A') + 1
	}
	if n == 0 {
		return maxColumns
	}
	return n - 1
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
