package mail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
)

var (
	noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	from = mail.From{Name: "Harbour Privacy", Address: "privacy@harbour.example"}
)

func message() mail.Message {
	return mail.Message{ID: avow.NewID(noon), To: "ann@example.org", Subject: "Your link", Text: "You asked for it.\n\nIt is used once.",
		Button: "Open", Link: "https://harbour.example/privacy?t=1&x=<2>"}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"ann@example.org":                        "ann@example.org",
		"  Ann.Other+x@Example.ORG ":             "Ann.Other+x@example.org",
		"ann@bücher.example":                     "ann@xn--bcher-kva.example",
		"jürgen@example.org":                     "jürgen@example.org",
		"ann@localhost":                          "ann@localhost",
		"":                                       "",
		"ann":                                    "",
		"@example.org":                           "",
		"ann@":                                   "",
		"ann@intranet":                           "ann@intranet",
		"ann@exa mple.org":                       "",
		"ann@example.org\r\nBcc: x@y.":           "",
		"ann\n@example.org":                      "",
		"a@b@example.org":                        "",
		`"a b"@example.org`:                      "",
		"ann..other@example.org":                 "",
		".ann@example.org":                       "",
		"<ann@example.org>":                      "",
		"ann@[127.0.0.1]":                        "",
		"ann,bob@example.org":                    "",
		"ann\u200b@example.org":                  "",
		strings.Repeat("a", 65) + "@example.org": "",
		"ann@" + strings.Repeat("a.", 125) + "example.org": "",
		"ann@-example.org": "",
		"ann@example.org.": "",
		"ann@example.org>\r\nRCPT TO:<bob@example.org":    "",
		"ann@" + strings.Repeat("a", 64) + ".example.org": "",
		strings.Repeat("é", 33) + "@example.org":          "",
		"\xff\xfe@example.org":                            "",
		"ann@example.org ":                                "ann@example.org",
		"o'neil@example.org":                              "o'neil@example.org",
		"ann@xn--bcher-kva.example":                       "ann@xn--bcher-kva.example",
		"ann@\u202eexample.org":                           "",
		"ann@example.org,bob@example.org":                 "",
		"ann@example.org\x00":                             "",
	} {
		got, _, err := mail.Address(in)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("Address(%q) = %q, %v; want %q", in, got, err, want)
		}
		if err != nil && len(in) > 11 && strings.Contains(err.Error(), in) {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
}

func TestCompose(t *testing.T) {
	m := message()
	l, err := mail.Compose(m, from, noon)
	if err != nil {
		t.Fatal(err)
	}
	o, err := mail.Open(l)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Date":             "Mon, 30 Nov 2026 12:00:00 +0000",
		"Message-Id":       "<" + m.ID.String() + "@harbour.example>",
		"Auto-Submitted":   "auto-generated",
		"From":             `"Harbour Privacy" <privacy@harbour.example>`,
		"To":               "<ann@example.org>",
		"Subject":          "Your link",
		"Content-Language": "en",
		"Mime-Version":     "1.0",
	} {
		if o.Header[name] != want {
			t.Errorf("%s: %q, want %q", name, o.Header[name], want)
		}
	}
	if want := "You asked for it.\n\nIt is used once.\n\nOpen:\n" + m.Link + "\n"; o.Text != want {
		t.Errorf("text %q, want %q", o.Text, want)
	}
	for _, want := range []string{"<p style=\"white-space: pre-line\">It is used once.</p>", `href="https://harbour.example/privacy?t=1&amp;x=%3c2%3e"`, `lang="en"`} {
		if !strings.Contains(o.HTML, want) {
			t.Errorf("the HTML lacks %s:\n%s", want, o.HTML)
		}
	}
	if strings.Contains(o.HTML, "<img") || strings.Contains(o.HTML, "<script") {
		t.Error("the HTML loads something")
	}
}

func TestComposeRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*mail.Message, *mail.From){
		"no id":                func(m *mail.Message, _ *mail.From) { m.ID = avow.ID{} },
		"a line in a subject":  func(m *mail.Message, _ *mail.From) { m.Subject = "Hello\r\nBcc: bob@example.org" },
		"a bare line feed":     func(m *mail.Message, _ *mail.From) { m.Subject = "Hello\nBcc: bob@example.org" },
		"an empty subject":     func(m *mail.Message, _ *mail.From) { m.Subject = "" },
		"a long subject":       func(m *mail.Message, _ *mail.From) { m.Subject = strings.Repeat("a", 201) },
		"a line in the name":   func(_ *mail.Message, f *mail.From) { f.Name = "Harbour\r\nBcc: bob@example.org" },
		"a line in the sender": func(_ *mail.Message, f *mail.From) { f.Address = "a@b.example\r\nBcc: bob@example.org" },
		"a line in the to":     func(m *mail.Message, _ *mail.From) { m.To = "ann@example.org\r\nBcc: bob@example.org" },
		"two recipients":       func(m *mail.Message, _ *mail.From) { m.To = "ann@example.org, bob@example.org" },
		"no text":              func(m *mail.Message, _ *mail.From) { m.Text = "" },
		"a huge text":          func(m *mail.Message, _ *mail.From) { m.Text = strings.Repeat("a", 1<<15) },
		"a script link":        func(m *mail.Message, _ *mail.From) { m.Link = "javascript:alert(1)" },
		"a link without words": func(m *mail.Message, _ *mail.From) { m.Button = "" },
		"a language of lines":  func(m *mail.Message, _ *mail.From) { m.Lang = "en\r\nBcc: bob@example.org" },
	} {
		m, f := message(), from
		spoil(&m, &f)
		if l, err := mail.Compose(m, f, noon); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s: %v\n%s", name, err, l.Data)
		}
	}
}

func TestComposeEncodes(t *testing.T) {
	m := message()
	m.Subject, m.Text, m.Lang = "Votre lien, à usage unique", "Voilà: <b>pas de gras</b>", "fr"
	l, err := mail.Compose(m, from, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(l.Data), "\r\n") {
		if len(line) > 998 || strings.ContainsRune(line, '\n') || strings.IndexFunc(line, func(r rune) bool { return r > 126 }) >= 0 {
			t.Errorf("a line that does not travel everywhere: %q", line)
		}
	}
	o, err := mail.Open(l)
	if err != nil || o.Subject != m.Subject || !strings.Contains(o.Text, m.Text) {
		t.Errorf("read back as %q, %q, %v", o.Subject, o.Text, err)
	}
	if strings.Contains(o.HTML, "<b>") || !strings.Contains(o.HTML, `lang="fr"`) {
		t.Errorf("the HTML carries markup from the text, or another language:\n%s", o.HTML)
	}
}
