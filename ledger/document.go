package ledger

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/avowhq/avow/ledger/proof"
)

// document is the text that is committed to, to the letter what json.Marshal makes
// of a proof.Document. Where no character needs care it is put together by hand, because every event pays for it.
func (e *Event) document() ([]byte, error) { return e.appendDocument(nil, compact(e.Body)) }

// appendDocument appends the document to what comes before it. compacted tells of the body what compact says of it.
func (e *Event) appendDocument(b []byte, compacted bool) ([]byte, error) {
	if !plain(e.Policy) || !compacted || e.At.Year() > 9999 || e.At.Year() < 0 {
		text, err := e.marshal()
		return append(b, text...), err
	}
	const rest = 240 // names, ids, type and time
	b = slices.Grow(b, rest+len(e.Policy)+len(e.Body))
	b = append(b, `{"id":"`...)
	b = append(b, e.ID.String()...)
	b = append(b, `","type":"`...)
	b = append(b, e.Type...)
	if !e.Subject.IsZero() {
		b = append(b, `","subject":"`...)
		b = append(b, e.Subject.String()...)
	}
	b = append(b, `","at":"`...)
	b = e.At.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	if e.Policy != "" {
		b = append(b, `,"policy":"`...)
		b = append(append(b, e.Policy...), '"')
	}
	if e.Version != 0 {
		b = append(b, `,"version":`...)
		b = strconv.AppendInt(b, int64(e.Version), 10)
	}
	if len(e.Body) > 0 {
		b = append(b, `,"body":`...)
		b = append(b, e.Body...)
	}
	return append(b, '}'), nil
}

func (e *Event) marshal() ([]byte, error) {
	d := proof.Document{ID: e.ID, Type: e.Type, At: e.At.UTC(), Policy: e.Policy, Version: e.Version, Body: e.Body}
	if !e.Subject.IsZero() {
		d.Subject = e.Subject.String()
	}
	return json.Marshal(d)
}

// says reports whether a document is the one of this event.
func (e *Event) says(text []byte) bool {
	want, err := e.document()
	return err == nil && bytes.Equal(want, text)
}

// plain reports whether a text stands in JSON as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// compact reports whether JSON that is valid is written as json.Marshal would: no
// space between its parts, and nothing that it would escape. When in doubt, no.
func compact(b []byte) bool {
	inside := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			inside = !inside
		case c == '\\':
			i++
		case c == '<' || c == '>' || c == '&' || c == 0xe2:
			return false
		case c <= ' ' && !inside:
			return false
		}
	}
	return true
}
