package files

import (
	"bytes"
	"io"
	"strings"

	"github.com/avowhq/avow/connect/match"
	"github.com/emersion/go-message"
)

// whole is the columns of a message, and besides what they leave out: its other headers,
// and every part that is text, unpacked. What is no text (pictures, documents) is only named.
func (l *letter) whole() map[string]any {
	out := match.Fields(l.document())
	e, err := message.Read(bytes.NewReader(l.text))
	if e == nil || broken(err) {
		out["headers"] = strings.ToValidUTF8(string(l.text), "\uFFFD") // no message at all
		return out
	}
	var headers, texts strings.Builder
	parts := 0
	_ = e.Walk(func(_ []int, part *message.Entity, err error) error {
		if parts++; broken(err) || parts > 1000 {
			return io.ErrUnexpectedEOF
		}
		others(&headers, part.Header)
		if kind, _, _ := part.Header.ContentType(); strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "message/") {
			texts.WriteString(read(part.Body, longestMessage) + "\n")
		}
		return nil
	})
	out["headers"], out["texts"] = headers.String(), texts.String()
	return out
}

// others writes the headers that no column gives: of those of which a column has one, what comes again.
func others(to *strings.Builder, h message.Header) {
	given := map[string]bool{}
	for fields := h.Fields(); fields.Next(); {
		switch name := strings.ToLower(fields.Key()); name {
		case "from", "to", "cc", "bcc", "reply-to":
			continue
		case "subject", "date", "message-id":
			if !given[name] {
				given[name] = true
				continue
			}
		}
		text, err := fields.Text()
		if err != nil {
			text = fields.Value()
		}
		to.WriteString(text + "\n")
	}
}
