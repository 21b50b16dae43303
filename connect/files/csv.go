package files

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
	"golang.org/x/text/encoding/charmap"
)

// csvScanner reads CSV as programs write it: the delimiter is what parts the first line most
// (comma, semicolon, tab or bar), quotation marks are doubled inside of quotation marks, and a first
// line of names is told from one of values. Bytes that are no UTF-8 are read as Windows-1252.
type csvScanner struct {
	in        *lines
	file      string
	tabs      bool
	delimiter byte
	names     []string
	index     map[string]int
	started   bool
	header    bool
	begun     int // the line in which the last record begins
	pending   *entry
	foreign   bool // bytes that are no UTF-8 were met, or are known to come
}

func (s *csvScanner) next() (entry, error) {
	if s.pending != nil {
		e := *s.pending
		s.pending = nil
		return e, nil
	}
	raw, err := s.record()
	if err != nil {
		return entry{}, err
	}
	if !s.started {
		return s.first(raw)
	}
	return s.entry(raw), nil
}

// entry is a row, unless the line is blank.
func (s *csvScanner) entry(raw []byte) entry {
	if len(bytes.TrimSpace(raw)) == 0 && s.delimiter != '\t' || len(bytes.TrimRight(raw, "\r\n")) == 0 {
		return entry{raw: raw}
	}
	if !s.foreign && !utf8.Valid(raw) {
		s.foreign = true
	}
	return entry{raw: raw, row: &csvRow{s: s, raw: raw, fields: fields(raw, s.delimiter)}}
}

var byteOrder = []byte("\xef\xbb\xbf")

// first finds delimiter and names in the first record that is not blank.
func (s *csvScanner) first(raw []byte) (entry, error) {
	mark := []byte(nil)
	if bytes.HasPrefix(raw, byteOrder) && s.delimiter == 0 {
		mark = byteOrder
	}
	if bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}) {
		return entry{}, avow.Errorf(avow.Invalid, "%s is UTF-16; save it as UTF-8", s.file)
	}
	text := raw[len(mark):]
	if len(bytes.TrimSpace(text)) == 0 {
		return entry{raw: raw}, nil
	}
	s.started = true
	s.delimiter = s.guess(text)
	cells := fields(text, s.delimiter)
	if s.header = !hasValues(text, cells); s.header {
		if err := s.named(text, cells); err != nil {
			return entry{}, err
		}
	}
	s.index = map[string]int{}
	for i, c := range cells {
		name := "column" + strconv.Itoa(i+1)
		if s.header {
			name = strings.TrimSpace(c.text(text))
		}
		s.names = append(s.names, name)
		s.index[name] = i
	}
	if s.header {
		return entry{raw: raw}, nil
	}
	e := s.entry(text)
	if mark == nil {
		return e, nil
	}
	s.pending = &e
	return entry{raw: mark}, nil
}

func (s *csvScanner) guess(text []byte) byte {
	if s.tabs {
		return '\t'
	}
	counts := map[byte]int{}
	q := quotes{}
	for i := 0; i < len(text); i++ {
		if q.open && bytes.HasPrefix(text[i:], []byte(`""`)) {
			i++
			continue
		}
		if !q.after(text[i:i+1]) && strings.IndexByte(",;\t|", text[i]) >= 0 {
			counts[text[i]]++
		}
	}
	best := byte(',')
	for _, d := range []byte(";\t|") {
		if counts[d] > counts[best] {
			best = d
		}
	}
	return best
}

// opens checks the row that a file without names begins with after a change: it must not read as a line of names, or with
// another delimiter, or nobody would find it again.
func (s *csvScanner) opens(text []byte) error {
	if s.header || s.guess(text) == s.delimiter && hasValues(text, fields(text, s.delimiter)) {
		return nil
	}
	return avow.Errorf(avow.Invalid, "%s has no line of names, and its first row would read as one after the change; write the names of the columns in its first line", s.file)
}

// hasValues reports whether a first line is one of values, for no name is a number, an address or a moment.
func hasValues(text []byte, cells []cell) bool {
	return slices.ContainsFunc(cells, func(c cell) bool {
		name := strings.TrimSpace(c.text(text))
		_, err := strconv.ParseFloat(name, 64)
		_, moment := connect.ParseTime(name)
		return err == nil || moment || strings.Contains(name, "@")
	})
}

// named finds a name for each column, and for no two the same. A line in which one is missing may as well be one
// of values: taken for names it would be nobody's row any more, and taken for a row its names would be lost. No name
// is said, for it may be a value.
func (s *csvScanner) named(text []byte, cells []cell) error {
	first := map[string]int{}
	for i, c := range cells {
		name := strings.TrimSpace(c.text(text))
		if name == "" {
			return avow.Errorf(avow.Invalid, "%s:%d: column %d has no name, so that nobody can say whether this is the line of names; give each column one of its own there", s.file, s.begun, i+1)
		}
		if before, twice := first[name]; twice {
			return avow.Errorf(avow.Invalid, "%s:%d: columns %d and %d have the same name, so that nobody can say which is meant; give each column one of its own", s.file, s.begun, before+1, i+1)
		}
		first[name] = i
	}
	return nil
}

// record is the bytes of one record: lines until no quotation mark is open.
func (s *csvScanner) record() ([]byte, error) {
	var out []byte
	open := quotes{delimiter: s.delimiter}
	s.begun = s.in.n + 1
	for {
		line, err := s.in.next()
		if err == io.EOF && len(out) > 0 {
			return nil, avow.Errorf(avow.Invalid, "%s:%d: a quotation mark is not closed, so that nobody can say which rows are inside", s.file, s.begun)
		}
		if err != nil {
			return nil, err
		}
		start := line
		if len(out) == 0 {
			start = bytes.TrimPrefix(line, byteOrder)
		}
		out = append(out, line...)
		if !open.after(start) {
			return out, nil
		}
		if len(out) > s.in.most {
			return nil, errTooLong
		}
	}
}

// quotes follows whether a quotation mark is open. Before the delimiter is known, each may be it.
type quotes struct {
	delimiter byte
	open      bool
	inside    bool // past the first byte of a field
}

func (q *quotes) after(line []byte) bool {
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case q.open && c == '"' && i+1 < len(line) && line[i+1] == '"':
			i++
		case q.open && c == '"':
			q.open = false
		case q.open:
		case c == '"' && !q.inside:
			q.open, q.inside = true, true
		case c == q.delimiter, q.delimiter == 0 && strings.IndexByte(",;\t|", c) >= 0, c == '\n':
			q.inside = false
		default:
			q.inside = true
		}
	}
	return q.open
}

func (s *csvScanner) columns() []connect.Column {
	kind := "text"
	if s.foreign {
		kind = "text (not UTF-8: read as Windows-1252)"
	}
	out := make([]connect.Column, len(s.names))
	for i, name := range s.names {
		out[i] = connect.Column{Name: name, Type: kind, Kind: connect.TextKind, Nullable: true}
	}
	return out
}

// cell is where a field stands in its record.
type cell struct{ from, to int }

// fields parts a record; its end is in none.
func fields(raw []byte, delimiter byte) []cell {
	end := len(bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r")))
	var out []cell
	q := quotes{delimiter: delimiter}
	from := 0
	for i := 0; i < end; i++ {
		if !q.open && raw[i] == delimiter {
			out = append(out, cell{from, i})
			from = i + 1
			q.inside = false
			continue
		}
		width := 1
		if q.open && raw[i] == '"' && i+1 < end && raw[i+1] == '"' {
			width = 2
		}
		q.after(raw[i : i+width])
		i += width - 1
	}
	return append(out, cell{from, end})
}

// text is the value of a field.
func (c cell) text(raw []byte) string {
	b := raw[c.from:c.to]
	if len(b) == 0 || b[0] != '"' {
		return decoded(b)
	}
	var out []byte
	open := true
	for i := 1; i < len(b); i++ {
		switch {
		case open && b[i] == '"' && i+1 < len(b) && b[i+1] == '"':
			out = append(out, '"')
			i++
		case open && b[i] == '"':
			open = false
		default:
			out = append(out, b[i])
		}
	}
	return decoded(out)
}

func decoded(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(text)
}

// csvRow is one record.
type csvRow struct {
	s      *csvScanner
	raw    []byte
	fields []cell
}

func (r *csvRow) value(column string) any {
	i, ok := r.s.index[column]
	switch {
	case !ok && column == "file":
		return r.s.file
	case !ok || i >= len(r.fields):
		return nil
	}
	if text := r.fields[i].text(r.raw); text != "" {
		return text
	}
	return nil
}

// whole has the fields that stand behind the last name too.
func (r *csvRow) whole() map[string]any {
	out := make(map[string]any, len(r.fields))
	for i, c := range r.fields {
		name := r.s.unnamed(i)
		if i < len(r.s.names) {
			name = r.s.names[i]
		}
		if text := c.text(r.raw); text != "" {
			out[name] = text
		}
	}
	return out
}

// unnamed is what a column behind the last name is called: as no other.
func (s *csvScanner) unnamed(i int) string {
	name := "column" + strconv.Itoa(i+1)
	for _, taken := s.index[name]; taken; _, taken = s.index[name] {
		name += "'"
	}
	return name
}

func (r *csvRow) Tuples(columns []string) []connect.Tuple {
	return match.Flat(r.value).Tuples(columns)
}

// edited writes the fields that change and copies the bytes of all others.
func (r *csvRow) edited(w *editing, key int) ([]byte, error) {
	now := make([]any, len(r.fields))
	changed := false
	for _, set := range w.c.Set {
		i, ok := r.s.index[set.Column]
		if !ok {
			return nil, avow.Errorf(avow.NotFound, "%s: there is no column %s", r.s.file, set.Column)
		}
		to := connect.Text(value(set, key))
		if old, _ := r.value(set.Column).(string); old == to {
			continue
		}
		for len(now) <= i {
			now = append(now, "")
		}
		now[i], changed = to, true
	}
	if !changed {
		return r.raw, nil
	}
	return r.written(now)
}

func (r *csvRow) written(now []any) ([]byte, error) {
	var out []byte
	for i, to := range now {
		if i > 0 {
			out = append(out, r.s.delimiter)
		}
		var was []byte
		if i < len(r.fields) {
			was = r.raw[r.fields[i].from:r.fields[i].to]
		}
		if to == nil {
			out = append(out, was...)
			continue
		}
		text, err := r.quoted(to.(string), len(was) > 0 && was[0] == '"')
		if err != nil {
			return nil, err
		}
		out = append(out, text...)
	}
	if len(bytes.TrimSpace(out)) == 0 && len(now) == 1 {
		out = append(out, `""`...) // an empty line would be no row
	}
	return append(out, r.raw[r.fields[len(r.fields)-1].to:]...), nil
}

func (r *csvRow) quoted(text string, as bool) ([]byte, error) {
	out := []byte(strings.ToValidUTF8(text, "\uFFFD"))
	if !utf8.Valid(r.raw) || r.s.foreign && ascii(r.raw) {
		var err error
		if out, err = windows1252(out, r.s.file); err != nil {
			return nil, err
		}
	}
	if as || slices.Contains(out, r.s.delimiter) || bytes.ContainsAny(out, "\"\r\n") || strings.TrimSpace(text) != text || bytes.HasPrefix(out, byteOrder) {
		return append(append([]byte{'"'}, bytes.ReplaceAll(out, []byte{'"'}, []byte(`""`))...), '"'), nil
	}
	return out, nil
}

// windows1252 writes text as a file has it that is no UTF-8.
func windows1252(text []byte, file string) ([]byte, error) {
	out, err := charmap.Windows1252.NewEncoder().Bytes(text)
	if err != nil {
		return nil, avow.Errorf(avow.Invalid, "%s is not UTF-8, and the new value has letters that Windows-1252 lacks; save the file as UTF-8", file)
	}
	return out, nil
}

// ascii reports whether bytes are the same in both encodings.
func ascii(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf })
}

// value is what a column holds after a change.
func value(set connect.Set, key int) any {
	if set.Each != nil {
		return set.Each[key]
	}
	return set.To
}
