package mail

import (
	"bytes"
	"html/template"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/avowhq/avow"
	gomail "github.com/emersion/go-message/mail"
)

// Bounds of a message.
const (
	maxSubject = 200
	maxText    = 16 << 10
	maxLink    = 2000
)

// Compose makes the letter of a message: plain text and the same as simple HTML.
// An Invalid error names the part that cannot be sent.
func Compose(m Message, from From, at time.Time) (Letter, error) {
	var l Letter
	if err := check(m, from); err != nil {
		return l, err
	}
	to, beyond, err := Address(m.To)
	if err != nil {
		return l, err
	}
	sender, beyondFrom, err := Address(from.Address)
	if err != nil {
		return l, avow.Errorf(avow.Invalid, "the sender's address cannot be used: %s", avow.MessageOf(err))
	}
	data, err := render(m, header(m, from.Name, sender, to, at))
	if err != nil {
		return l, avow.Errorf(avow.Internal, "a message could not be written: %w", err)
	}
	return Letter{ID: m.ID, From: sender, To: to, UTF8: beyond || beyondFrom, Data: data}, nil
}

// check refuses what would not stay inside its header or its bound.
func check(m Message, from From) error {
	switch {
	case m.ID.IsZero():
		return avow.Errorf(avow.Invalid, "a message needs an id")
	case !oneLine(m.Subject) || m.Subject == "" || utf8.RuneCountInString(m.Subject) > maxSubject:
		return avow.FieldErrorf("subject", "a subject is one line of at most %d characters", maxSubject)
	case !oneLine(from.Name):
		return avow.FieldErrorf("from", "the sender's name is one line")
	case m.Text == "" || len(m.Text) > maxText || !utf8.ValidString(m.Text):
		return avow.FieldErrorf("text", "a message has a text of at most %d bytes", maxText)
	case (m.Button == "") != (m.Link == "") || !oneLine(m.Button):
		return avow.FieldErrorf("link", "a link and its words come together")
	case m.Link != "" && !webAddress(m.Link):
		return avow.FieldErrorf("link", "a link begins with https:// or http://")
	case strings.IndexFunc(m.Lang, notTag) >= 0:
		return avow.FieldErrorf("lang", "a language tag has letters, digits and dashes")
	}
	return nil
}

// oneLine: no character that ends a header, and none that hides (rfc:5322#2.2).
func oneLine(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxLink && oneLine(s) && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func notTag(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-')
}

func header(m Message, name, from, to string, at time.Time) gomail.Header {
	var h gomail.Header
	h.SetDate(at)
	h.SetAddressList("From", []*gomail.Address{{Name: name, Address: from}})
	h.SetAddressList("To", []*gomail.Address{{Address: to}})
	h.SetSubject(m.Subject)
	// The same message has the same identifier however often it is handed over.
	h.SetMessageID(m.ID.String() + "@" + from[strings.LastIndexByte(from, '@')+1:])
	h.Set("Auto-Submitted", "auto-generated") // rfc:3834#5
	h.Set("Content-Language", language(m))
	h.Set("MIME-Version", "1.0")
	return h
}

func language(m Message) string {
	if m.Lang == "" {
		return "en"
	}
	return m.Lang
}

func render(m Message, h gomail.Header) ([]byte, error) {
	var b bytes.Buffer
	w, err := gomail.CreateInlineWriter(&b, h)
	if err != nil {
		return nil, err
	}
	if err := part(w, "text/plain", func(w io.Writer) error {
		_, err := io.WriteString(w, plain(m))
		return err
	}); err != nil {
		return nil, err
	}
	if err := part(w, "text/html", func(w io.Writer) error { return page.Execute(w, pageOf(m)) }); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

func part(w *gomail.InlineWriter, kind string, write func(io.Writer) error) error {
	var h gomail.InlineHeader
	h.SetContentType(kind, map[string]string{"charset": "utf-8"})
	p, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	if err := write(p); err != nil {
		return err
	}
	return p.Close()
}

func plain(m Message) string {
	text := strings.TrimSpace(strings.ReplaceAll(m.Text, "\r\n", "\n"))
	if m.Link != "" {
		text += "\n\n" + m.Button + ":\n" + m.Link
	}
	return strings.ReplaceAll(text+"\n", "\n", "\r\n")
}

type pageData struct {
	Lang, Subject, Button, Link string
	Paragraphs                  []string
}

func pageOf(m Message) pageData {
	text := strings.TrimSpace(strings.ReplaceAll(m.Text, "\r\n", "\n"))
	return pageData{language(m), m.Subject, m.Button, m.Link, strings.Split(text, "\n\n")}
}

// page is plain HTML that every reader shows, without an image and without a
// tracker: nothing is loaded when it is opened.
var page = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="font-family: sans-serif; line-height: 1.5; max-width: 36em; margin: 1em auto; padding: 0 1em">
{{range .Paragraphs}}<p style="white-space: pre-line">{{.}}</p>
{{end}}{{if .Link}}<p><a href="{{.Link}}" style="display: inline-block; padding: .6em 1.2em; background: #1a4f8b; color: #ffffff; border-radius: .3em">{{.Button}}</a></p>
<p style="font-size: small; overflow-wrap: anywhere">{{.Link}}</p>
{{end}}</body></html>
`))
