package intake

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow"
)

// workbook is what a spreadsheet says of its sheets.
type workbook struct {
	sheets  []sheetName
	targets map[string]string // relation → part
	strings string
	date04  bool
}

type sheetName struct{ name, relation string }

func readWorkbook(z *zip.Reader) (*workbook, error) {
	w := &workbook{targets: map[string]string{}}
	err := eachElement(partOf(z, "xl/workbook.xml"), maxPart, func(e xml.StartElement) {
		switch e.Name.Local {
		case "sheet":
			s := sheetName{name: attr(e, "name")}
			for _, a := range e.Attr {
				if a.Name.Local == "id" && a.Name.Space != "" {
					s.relation = a.Value
				}
			}
			w.sheets = append(w.sheets, s)
		case "workbookPr":
			w.date04 = attr(e, "date1904") == "1" || attr(e, "date1904") == "true"
		}
	})
	if err != nil {
		return nil, err
	}
	return w, eachElement(partOf(z, "xl/_rels/workbook.xml.rels"), maxPart, func(e xml.StartElement) {
		if e.Name.Local != "Relationship" {
			return
		}
		target := strings.TrimPrefix(path.Join("/xl", attr(e, "Target")), "/")
		if strings.HasPrefix(attr(e, "Target"), "/") {
			target = strings.TrimPrefix(path.Clean(attr(e, "Target")), "/")
		}
		w.targets[attr(e, "Id")] = target
		if strings.HasSuffix(attr(e, "Type"), "/sharedStrings") {
			w.strings = target
		}
	})
}

// find gives the part of the sheet with a name, or of the first.
func (w *workbook) find(name string) (string, error) {
	for _, s := range w.sheets {
		if target, ok := w.targets[s.relation]; ok && (name == "" || s.name == name) {
			return target, nil
		}
	}
	if name != "" {
		return "", broken(1, CodeFormat, fmt.Sprintf("the spreadsheet has no sheet %q", clip(name)), "name one it has, or none for the first")
	}
	return "", notXLSX()
}

func eachElement(part *zip.File, limit int64, f func(xml.StartElement)) error {
	if part == nil {
		return notXLSX()
	}
	r, err := part.Open()
	if err != nil {
		return notXLSX()
	}
	defer r.Close()
	x := newPieces(r, limit)
	for {
		piece, err := x.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return notXLSX()
		}
		if e, ok := piece.(xml.StartElement); ok {
			f(e)
		}
	}
}

// sharedStrings are the texts that cells name by number, end to end.
type sharedStrings struct {
	text []byte
	ends []uint32
}

func (s sharedStrings) get(i int) (string, bool) {
	if i < 0 || i >= len(s.ends) {
		return "", false
	}
	from := uint32(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	return string(s.text[from:s.ends[i]]), true
}

func readShared(z *zip.Reader, name string) (s sharedStrings, err error) {
	part := partOf(z, name)
	if name == "" || part == nil {
		return s, nil // every text may stand in its cell
	}
	r, err := part.Open()
	if err != nil {
		return s, notXLSX()
	}
	defer r.Close()
	x := newPieces(r, maxStrings)
	takes, deaf := false, false
	for {
		piece, err := x.next()
		switch {
		case err == io.EOF:
			return s, nil
		case errors.Is(err, errTooMuch), len(s.text) > maxShared, len(s.ends) > maxShared/4:
			return s, tooBig("the text")
		case err != nil:
			return s, notXLSX()
		}
		switch e := piece.(type) {
		case xml.StartElement:
			deaf = deaf || e.Name.Local == "rPh"
			takes = e.Name.Local == "t" && !deaf
		case xml.CharData:
			if takes {
				s.text = append(s.text, e...)
			}
		case xml.EndElement:
			takes = false
			deaf = deaf && e.Name.Local != "rPh"
			if e.Name.Local == "si" {
				s.ends = append(s.ends, uint32(len(s.text)))
			}
		}
	}
}

var errTooMuch = avow.Errorf(avow.TooLarge, "this is more than can be read")

// pieces are the pieces of an XML part, each of bounded size, all of them bounded too.
// Nesting is not followed, so that its depth costs nothing.
type pieces struct {
	limited *limited
	d       *xml.Decoder
}

// limited fails where too much is read: in all, or for one piece.
type limited struct {
	r          io.Reader
	left, more int64
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 || l.more <= 0 {
		return 0, errTooMuch
	}
	n, err := l.r.Read(b[:min(int64(len(b)), l.left, l.more)])
	l.left -= int64(n)
	l.more -= int64(n)
	return n, err
}

func newPieces(r io.Reader, limit int64) *pieces {
	l := &limited{r: r, left: limit, more: maxToken}
	return &pieces{limited: l, d: xml.NewDecoder(l)}
}

func (p *pieces) next() (xml.Token, error) {
	p.limited.more = maxToken
	token, err := p.d.RawToken()
	if err != nil && err != io.EOF && p.limited.left <= 0 {
		return nil, errTooMuch
	}
	if text, ok := token.(xml.CharData); ok && !utf8.Valid(text) {
		return nil, avow.Errorf(avow.Invalid, "a text is not UTF-8")
	}
	return token, err
}
