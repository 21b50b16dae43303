package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// jsonlTable reads one JSON object a line.
type jsonlTable struct {
	r    *bufio.Reader
	line int
}

func newJSONL(r io.Reader) *jsonlTable {
	t := &jsonlTable{r: bufio.NewReaderSize(r, maxLine)}
	if head, _ := t.r.Peek(len(bom)); bytes.Equal(head, bom) {
		t.r.Discard(len(bom))
	}
	return t
}

func (t *jsonlTable) header() ([]string, error) { return nil, nil }

func (t *jsonlTable) next() (row, error) {
	for {
		text, err := t.r.ReadSlice('\n')
		if len(text) == 0 && err != nil {
			return row{}, ended(err)
		}
		t.line++
		if err == bufio.ErrBufferFull {
			return row{line: t.line}, t.skip()
		}
		if err != nil && err != io.EOF {
			return row{}, ended(err)
		}
		if !utf8.Valid(text) {
			return row{line: t.line}, notUTF8(t.line)
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		return t.object(text)
	}
}

func (t *jsonlTable) skip() error {
	for {
		_, err := t.r.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && err != io.EOF {
			return ended(err)
		}
		return lineTooLong(t.line)
	}
}

// object reads an object of plain values. Names are looked at one by one, because the
// decoder would let the last of two equal ones win.
func (t *jsonlTable) object(text []byte) (row, error) {
	r := row{line: t.line}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return r, t.notObject()
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return r, t.notObject()
		}
		if err := t.pair(&r, d, strings.TrimSpace(name.(string))); err != nil {
			return r, err
		}
	}
	if _, err := d.Token(); err != nil {
		return r, t.notObject()
	}
	if _, err := d.Token(); err != io.EOF {
		return r, t.notObject()
	}
	return r, nil
}

func (t *jsonlTable) pair(r *row, d *json.Decoder, name string) error {
	if len(r.names) == maxColumns {
		return tooManyColumns(t.line)
	}
	for _, other := range r.names {
		if other == name {
			return wrong(t.line, CodeHeader, fmt.Sprintf("%q stands twice on the line", clip(name)), "write it once")
		}
	}
	value, err := d.Token()
	if err != nil {
		return t.notObject()
	}
	text, ok := plain(value)
	if !ok {
		p := wrong(t.line, CodeValue, "is a list or an object", "write a text, a number, true, false or null")
		p.Column = clip(name)
		return p
	}
	r.names = append(r.names, name)
	r.cells = append(r.cells, cell{text: text})
	return nil
}

func plain(v json.Token) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "yes", true
		}
		return "no", true
	case nil:
		return "", true
	}
	return "", false
}

func (t *jsonlTable) notObject() *problem {
	return wrong(t.line, CodeJSON, "the line is not one JSON object", `write one object on each line, such as {"email": "…", "contact.name": "…"}`)
}

// ended is the end of a file, or why it cannot be read on.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return unreadable(err)
}
