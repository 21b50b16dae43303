package pack

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/find"
)

// data writes data.json: what is told beside the records, then the records.
func (w *Writer) data(to io.Writer) error {
	head, err := encoded(struct {
		Format       string     `json:"format"`
		Made         time.Time  `json:"made"`
		Organisation string     `json:"organisation"`
		Identities   []string   `json:"identities"`
		Categories   []category `json:"categories"`
		Received     []Received `json:"received"`
		Missing      []string   `json:"missing"`
		Notice       Notice     `json:"notice"`
	}{Format, w.o.Made, w.organisation(), orNone(w.o.Identities), w.categories(), orNone(w.o.Received), orNone(w.o.Missing), NoticeOf(w.o.Policy)})
	if err != nil {
		return err
	}
	if _, err := to.Write(append(bytes.TrimSuffix(head, []byte("}")), `,"records":[`...)); err != nil {
		return err
	}
	if err := w.json.writeTo(to); err != nil {
		return err
	}
	_, err = io.WriteString(to, "\n]}\n")
	return err
}

func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// addJSON writes one record into the list of data.json.
func (w *Writer) addJSON(t *table, rec find.Record) error {
	line, err := encoded(view(rec))
	if err != nil {
		return err
	}
	lead := "\n"
	if w.count > 1 {
		lead = ",\n"
	}
	if _, err = io.WriteString(w.json, lead); err == nil {
		_, err = w.json.Write(line)
	}
	return err
}

// recordView is a record for machines.
type recordView struct {
	System   string   `json:"system"`
	Table    string   `json:"table"`
	Key      pairs    `json:"key"`
	Relation string   `json:"relation"`
	Via      string   `json:"via"`
	Columns  pairs    `json:"columns"`
	Redacted []string `json:"redacted,omitempty"` // somebody else's
	Withheld []string `json:"withheld,omitempty"` // it may speak of somebody else
}

func view(rec find.Record) recordView {
	v := recordView{System: rec.Table.System.Name.Text, Table: rec.Table.Name, Relation: rec.Relation.String(), Via: rec.Via, Columns: pairs{}}
	for i, name := range keyNames(rec) {
		v.Key = append(v.Key, pair{name, rec.Key[i]})
	}
	for _, c := range rec.Cells {
		switch c.Access {
		case datamap.Redacted:
			v.Redacted = append(v.Redacted, c.Name)
		case datamap.Withheld:
			v.Withheld = append(v.Withheld, c.Name)
		default:
			v.Columns = append(v.Columns, pair{c.Name, c.Value})
		}
	}
	return v
}

// keyNames are the names of the key's columns; where the table has none, numbers.
func keyNames(rec find.Record) []string {
	names := rec.Table.KeyColumns()
	if len(names) == len(rec.Key) {
		return names
	}
	names = make([]string, len(rec.Key))
	for i := range names {
		names[i] = "column " + string(rune('1'+i%9))
	}
	return names
}

// pairs is an object whose keys keep their order.
type pairs []pair

type pair struct {
	name  string
	value any
}

// MarshalJSON writes the object.
func (ps pairs) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encoded(p.name)
		if err != nil {
			return nil, err
		}
		value, err := encoded(jsonValue(p.value))
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// jsonValue is a value of a row as JSON has it: exact numbers stay exact.
func jsonValue(v any) any {
	switch v := v.(type) {
	case connect.Decimal:
		return json.Number(v)
	case []byte:
		if text, ok := legible(v); ok {
			return text
		}
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return connect.Writable(v)
}

// legible is the text that a column of bytes holds, as some keep names and addresses.
func legible(b []byte) (string, bool) {
	hidden := func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\r' && r != '\t' }
	text := string(b)
	return text, utf8.Valid(b) && strings.IndexFunc(text, hidden) < 0
}

// textOf is the text of a value as a person reads it.
func textOf(v any) string {
	if b, ok := v.([]byte); ok {
		if text, ok := legible(b); ok {
			return text
		}
	}
	return connect.Text(v)
}

// encoded is JSON on one line, without marks for HTML.
func encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
