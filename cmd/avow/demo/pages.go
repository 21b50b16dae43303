package demo

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/mail"
)

//go:embed templates/*.html
var templateFiles embed.FS

// maxForm bounds what the demo's own form may send, in bytes.
const maxForm = 4 << 10

// Pages are the demo's own pages around the product: the start, Harbour's site,
// and the mailbox.
type Pages struct {
	Base    string // of this server, as its own systems reach it
	Token   string // of Harbour's own systems
	Mailbox *mail.Mailbox
	// Show puts a body into the product's page; Fail shows an error.
	Show func(w http.ResponseWriter, r *http.Request, status int, title string, wide bool, body template.HTML)
	Fail func(w http.ResponseWriter, r *http.Request, err error)

	templates *template.Template
}

// Routes adds the pages to a mux.
func (p *Pages) Routes(mux *http.ServeMux) error {
	t, err := template.ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return err
	}
	p.templates = t
	mux.HandleFunc("GET /{$}", p.start)
	mux.HandleFunc("POST /demo/ask", p.ask)
	mux.HandleFunc("GET /site", p.site)
	mux.HandleFunc("GET /mailbox", p.mailbox)
	mux.HandleFunc("GET /mailbox.json", p.mailboxJSON)
	return nil
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, title, name string, wide bool, data any) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, data); err != nil {
		p.Fail(w, r, err)
		return
	}
	p.Show(w, r, http.StatusOK, title, wide, template.HTML(b.String()))
}

// start is what the first page shows.
type start struct {
	Questions []question
	Question  string
	Address   string
	Answer    *outcome
}

type outcome struct {
	Allowed       bool
	Says, Clause  string
	Version, Line int
}

// question is one thing Harbour's systems may want to do.
type question struct {
	Key, Label                    string
	act, purpose, recipient, data string
}

func questions() []question {
	return []question{
		{"newsletter", "send them the newsletter?", "send", "newsletter", "", "contact.email"},
		{"answer", "use their address to answer them?", "use", "answer", "", "contact.email"},
		{"advertiser", "give their address to an advertiser?", "disclose", "newsletter", "advertising", "contact.email"},
		{"scoring", "score their credit with it?", "use", "credit-scoring", "", "contact.email"},
	}
}

func (p *Pages) start(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, "A promise, kept", "start.html", false, start{Questions: questions()})
}

func (p *Pages) ask(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.Fail(w, r, avow.Errorf(avow.Invalid, "the form did not arrive whole; please send it again"))
		return
	}
	s := start{Questions: questions(), Question: r.PostForm.Get("question"), Address: strings.TrimSpace(r.PostForm.Get("address"))}
	out, err := p.outcome(r.Context(), s)
	if err != nil {
		p.Fail(w, r, err)
		return
	}
	s.Answer = out
	p.show(w, r, "A promise, kept", "start.html", false, s)
}

func (p *Pages) outcome(ctx context.Context, s start) (*outcome, error) {
	for _, q := range s.Questions {
		if q.Key != s.Question {
			continue
		}
		d, err := newVisitor(p.Base, p.Token).ask(ctx, "email:"+s.Address, q.act, q.purpose, q.recipient, q.data)
		if err != nil {
			return nil, avow.FieldErrorf("address", "the question could not be asked; is it an e-mail address?")
		}
		c := d.Context
		return &outcome{d.Decision, c.Says, c.Clause, c.Version, c.Line}, nil
	}
	return nil, avow.FieldErrorf("question", "choose one of the questions")
}

func (p *Pages) site(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, "Harbour", "site.html", true, nil)
}

// piece is a run of text in a letter; with Href it is a link of ours.
type piece struct{ Text, Href string }

type shownLetter struct {
	Subject, To string
	Paragraphs  [][]piece
}

func (p *Pages) mailbox(w http.ResponseWriter, r *http.Request) {
	letters, err := p.Mailbox.List(r.Context(), "", 50)
	if err != nil {
		p.Fail(w, r, err)
		return
	}
	var shown []shownLetter
	for _, l := range letters {
		shown = append(shown, shownLetter{l.Subject, l.To, p.paragraphs(l.Text)})
	}
	p.show(w, r, "Mailbox", "mailbox.html", false, struct{ Letters []shownLetter }{shown})
}

// paragraphs cuts a letter at its empty lines and makes links of our own addresses.
func (p *Pages) paragraphs(text string) (out [][]piece) {
	for _, para := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		var pieces []piece
		for _, word := range strings.Fields(para) {
			if strings.HasPrefix(word, p.Base+"/") {
				pieces = append(pieces, piece{word, strings.TrimPrefix(word, p.Base)})
				continue
			}
			pieces = append(pieces, piece{Text: word + " "})
		}
		out = append(out, pieces)
	}
	return out
}

// mailboxJSON is the mailbox for a program that plays the visitor.
func (p *Pages) mailboxJSON(w http.ResponseWriter, r *http.Request) {
	letters, err := p.Mailbox.List(r.Context(), "", 200)
	if err != nil {
		p.Fail(w, r, err)
		return
	}
	out := []letter{}
	for _, l := range letters {
		out = append(out, letter{To: l.To, Subject: l.Subject, Text: l.Text})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(out)
}
