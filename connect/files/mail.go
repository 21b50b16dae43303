package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/match"
	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mail in other encodings than UTF-8
	"github.com/emersion/go-message/mail"
)

// longestBody is how much of a message's text is given.
const longestBody = 1 << 20

// mailColumns are those of every message. An `id` is the Message-ID, or the hash of a message that has
// none; in a maildir it is the part of the file's name that stays when the message is read or flagged.
func mailColumns() []connect.Column {
	var out []connect.Column
	for _, name := range []string{"id", "message-id", "from[]", "to[]", "cc[]", "bcc[]", "reply-to[]", "sender", "recipients", "subject", "date", "body", "attachments[]"} {
		c := connect.Column{Name: name, Type: "text", Kind: connect.TextKind, Nullable: name != "id"}
		if name == "date" {
			c.Type, c.Kind = "time", connect.TimeKind
		}
		out = append(out, c)
	}
	return out
}

// mboxScanner parts a mailbox into messages: each begins with a line `From ` behind an
// empty one (rfc:4155). What stands before the first is kept.
type mboxScanner struct {
	in    *lines
	file  string
	first []byte // the line with which the next message begins
	ended bool
}

func (s *mboxScanner) next() (entry, error) {
	if s.ended {
		return entry{}, io.EOF
	}
	out := slices.Clone(s.first)
	begun := len(out) > 0
	blank := !begun
	s.first = nil
	for {
		line, err := s.in.next()
		if err == io.EOF {
			s.ended = true
			if len(out) == 0 {
				return entry{}, io.EOF
			}
			return s.entry(out, begun), nil
		}
		if err != nil {
			return entry{}, err
		}
		if blank && bytes.HasPrefix(line, []byte("From ")) {
			if len(out) > 0 {
				s.first = slices.Clone(line)
				return s.entry(out, begun), nil
			}
			begun = true
		}
		out = append(out, line...)
		if len(out) > s.in.most {
			return entry{}, errTooLong
		}
		blank = len(bytes.TrimRight(line, "\r\n")) == 0
	}
}

func (s *mboxScanner) entry(raw []byte, message bool) entry {
	if !message {
		return entry{raw: raw}
	}
	_, text, _ := bytes.Cut(raw, []byte("\n"))
	return entry{raw: raw, row: &letter{file: s.file, raw: raw, text: text}}
}

func (s *mboxScanner) columns() []connect.Column { return mailColumns() }

// maildirScanner reads the one message of a file.
type maildirScanner struct {
	in   *lines
	file string
	done bool
}

func (s *maildirScanner) next() (entry, error) {
	if s.done {
		return entry{}, io.EOF
	}
	s.done = true
	raw, err := s.in.whole()
	if err != nil {
		return entry{}, err
	}
	name, _, _ := strings.Cut(path.Base(s.file), ":")
	return entry{raw: raw, row: &letter{file: s.file, raw: raw, text: raw, id: name}}, nil
}

func (s *maildirScanner) columns() []connect.Column { return mailColumns() }

// letter is one message. It is read when the first column is asked for.
type letter struct {
	file   string
	raw    []byte
	text   []byte
	id     string
	parsed match.Document
}

func (l *letter) value(column string) any { return l.document().Value(column) }

func (l *letter) Tuples(columns []string) []connect.Tuple { return l.document().Tuples(columns) }

func (l *letter) edited(*editing, int) ([]byte, error) {
	return nil, avow.Errorf(avow.Invalid, "%s: a message is only removed as a whole; write `erase: delete`", l.file)
}

// document is the message as columns. A part that cannot be read leaves its column empty.
func (l *letter) document() match.Document {
	if l.parsed != nil {
		return l.parsed
	}
	d := match.Document{"file": l.file}
	l.parsed = d
	e, err := message.Read(bytes.NewReader(l.text))
	if e == nil || broken(err) {
		l.identify(d, "")
		return d
	}
	h := mail.Header{Header: e.Header}
	id, _ := h.MessageID()
	l.identify(d, id)
	for _, name := range []string{"from", "to", "cc", "bcc", "reply-to"} {
		d[name] = addresses(h, name)
	}
	d["sender"] = header(h, "from")
	d["recipients"] = strings.Trim(header(h, "to")+", "+header(h, "cc"), ", ")
	if subject, err := h.Subject(); err == nil || subject != "" {
		d["subject"] = subject
	}
	if date, err := h.Date(); err == nil && !date.IsZero() {
		d["date"] = date.UTC()
	}
	body(d, e)
	return d
}

func (l *letter) identify(d match.Document, messageID string) {
	if messageID != "" {
		d["message-id"] = messageID
	}
	switch {
	case l.id != "":
		d["id"] = l.id
	case messageID != "":
		d["id"] = messageID
	default:
		sum := sha256.Sum256(bytes.TrimSpace(l.text))
		d["id"] = "sha256:" + hex.EncodeToString(sum[:])
	}
}

// header is the text of a header; of one that comes several times, of all.
func header(h mail.Header, name string) string {
	var all []string
	for fields := h.FieldsByKey(name); fields.Next(); {
		text, err := fields.Text()
		if err != nil {
			text = fields.Value()
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// addresses are those of a header, however often it comes. What no address can be read from is one as it stands, so
// that it is found where it is looked for.
func addresses(h mail.Header, name string) any {
	out := []any{}
	for fields := h.FieldsByKey(name); fields.Next(); {
		if strings.TrimSpace(fields.Value()) == "" {
			continue
		}
		list, err := mail.ParseAddressList(fields.Value())
		if err != nil {
			for part := range strings.SplitSeq(fields.Value(), ",") {
				out = append(out, loose(part))
			}
			continue
		}
		for _, a := range list {
			out = append(out, a.Address)
		}
	}
	return out
}

// loose takes an address out of brackets.
func loose(text string) string {
	if _, inside, ok := strings.Cut(text, "<"); ok {
		text, _, _ = strings.Cut(inside, ">")
	}
	return strings.TrimSpace(text)
}

// body gives the first plain text, or else the first text of another kind, and the names of attachments.
func body(d match.Document, e *message.Entity) {
	var plain, other string
	attachments := []any{}
	parts := 0
	_ = e.Walk(func(_ []int, part *message.Entity, err error) error {
		if parts++; broken(err) || parts > 1000 {
			return io.ErrUnexpectedEOF // the rest of a message that is no message
		}
		kind, params, _ := part.Header.ContentType()
		disposition, named, _ := part.Header.ContentDisposition()
		name := named["filename"]
		if name == "" {
			name = params["name"]
		}
		switch {
		case strings.HasPrefix(kind, "multipart/"):
		case disposition == "attachment" || name != "":
			attachments = append(attachments, name)
		case kind == "text/plain" && plain == "":
			plain = read(part.Body, longestBody)
		case strings.HasPrefix(kind, "text/") && other == "":
			other = read(part.Body, longestBody)
		}
		return nil
	})
	d["attachments"] = attachments
	if plain == "" {
		plain = other
	}
	if plain != "" {
		d["body"] = plain
	}
}

// broken reports whether a part cannot be read at all. One in an encoding that nobody knows is given as it stands.
func broken(err error) bool {
	return err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err)
}

func read(r io.Reader, most int64) string {
	text, _ := io.ReadAll(io.LimitReader(r, most))
	return strings.ToValidUTF8(string(text), "\uFFFD")
}
