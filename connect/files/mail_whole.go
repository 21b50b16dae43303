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
	if e == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		out["headers"] = strings.ToValidUTF8(string(l.text[:min(len(l.text), longestBody)]), "\uFFFD") // no message at all
		return out
	}
	var headers, texts strings.Builder
	parts := 0
	_ = e.Walk(func(_ []int, part *message.Entity, err error) error {
		if parts++; err != nil || parts > 1000 {
			return io.ErrUnexpectedEOF
		}
		others(&headers, part.Header)
		if kind, _, _ := part.Header.ContentType(); strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "message/") {
			texts.WriteString(read(part.Body) + "\n")
		}
		return nil
	})
	out["headers"], out["texts"] = headers.String(), texts.String()
	return out
}

// others writes the headers that no column gives.
func others(to *strings.Builder, h message.Header) {
	for fields := h.Fields(); fields.Next(); {
		switch strings.ToLower(fields.Key()) {
		case "from", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id":
			continue
		}
		text, err := fields.Text()
		if err != nil {
			text = fields.Value()
		}
		to.WriteString(text + "\n")
	}
}
