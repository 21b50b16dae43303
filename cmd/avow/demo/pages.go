package demo

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
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
	Source  string // the policy file of version 1
	Mailbox *mail.Mailbox
	// Insider edits the database past the program.
	Insider *Insider
	// Audit audits the records now, for people who do not want to wait for the next time.
	Audit func(ctx context.Context) error
	// Records is the state of the records as a part of a page.
	Records func(ctx context.Context) template.HTML
	// Log is the verifier key of the log.
	Log func() string
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
	own := http.NewCrossOriginProtection()
	mux.Handle("POST /demo/insider", own.Handler(p.meddle((*Insider).Edit)))
	mux.Handle("POST /demo/insider/undo", own.Handler(p.meddle((*Insider).Undo)))
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
	Records   template.HTML
	Typed     string // by the insider, and not undone yet
	Log, Key  string // the log's address and key
	Lines     []line // of the policy, for a first look
	Questions []question
	Question  string // the words of the one that was asked
	Address   string
	Problem   string
	Answer    *outcome
}

type outcome struct {
	Allowed bool
	Says    string
	Version int
	Cited   []line // of the policy; none where no line allows it
}

// line is one line of the policy file.
type line struct {
	Number int
	Text   string
	Cited  bool
}

// lines are those from one that begins with a text to one that does.
func lines(source, from, to string) (out []line) {
	for i, text := range strings.Split(source, "\n") {
		if out == nil && !strings.HasPrefix(text, from) {
			continue
		}
		out = append(out, line{Number: i + 1, Text: text})
		if strings.HasPrefix(text, to) {
			break
		}
	}
	return outdented(out)
}

// outdented takes away the indent that all lines share.
func outdented(list []line) []line {
	shared := 1 << 10
	for _, l := range list {
		shared = min(shared, indent(l.Text))
	}
	for i := range list {
		list[i].Text = list[i].Text[shared:]
	}
	return list
}

// maxCited bounds the lines shown of one sentence of the policy.
const maxCited = 8

// cited is a line of the policy with what belongs to it: the lines below that are set further in.
func cited(source string, number int) (out []line) {
	all := strings.Split(source, "\n")
	if number < 1 || number > len(all) {
		return nil
	}
	depth := indent(all[number-1])
	for i := number - 1; i < len(all) && len(out) < maxCited; i++ {
		if len(out) > 0 && indent(all[i]) <= depth {
			break
		}
		out = append(out, line{i + 1, all[i], len(out) == 0})
	}
	return outdented(out)
}

func indent(text string) int { return len(text) - len(strings.TrimLeft(text, " ")) }

// question is one thing Harbour's systems may want to do.
type question struct {
	Key, Label                    string
	act, purpose, recipient, data string
}

func questions() []question {
	return []question{
		{"newsletter", "Send the newsletter to it?", "send", "newsletter", "", "contact.email"},
		{"answer", "Use it to answer a message?", "use", "answer", "", "contact.email"},
		{"advertiser", "Give it to an advertiser?", "disclose", "newsletter", "advertising", "contact.email"},
		{"scoring", "Score their credit with it?", "use", "credit-scoring", "", "contact.email"},
	}
}

// first is the start page before anything was asked.
func (p *Pages) first(ctx context.Context) start {
	return start{Records: p.Records(ctx), Typed: p.Insider.Typed(), Log: p.Base + "/log", Key: p.Log(),
		Questions: questions(), Lines: lines(p.Source, "      newsletter:", "        sends:")}
}

func (p *Pages) start(w http.ResponseWriter, r *http.Request) {
	p.show(w, r, "A promise, kept", "start.html", true, p.first(r.Context()))
}

// meddle lets the insider act, audits, and shows the start page.
func (p *Pages) meddle(act func(i *Insider, ctx context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := act(p.Insider, r.Context())
		if err == nil {
			err = p.Audit(r.Context())
		}
		if err != nil {
			p.Fail(w, r, err)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
}

func (p *Pages) ask(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.Fail(w, r, avow.Errorf(avow.Invalid, "The form did not arrive whole. Please send it again."))
		return
	}
	s := p.first(r.Context())
	s.Address = strings.TrimSpace(r.PostForm.Get("address"))
	s.Answer, s.Problem = p.outcome(r.Context(), &s, r.PostForm.Get("question"))
	p.show(w, r, "A promise, kept", "start.html", true, s)
}

// outcome asks the gate; where that cannot be done, it says why.
func (p *Pages) outcome(ctx context.Context, s *start, key string) (*outcome, string) {
	i := slices.IndexFunc(s.Questions, func(q question) bool { return q.Key == key })
	if i < 0 {
		return nil, "Choose one of the questions."
	}
	q := s.Questions[i]
	s.Question = q.Label
	d, err := newVisitor(p.Base, p.Token).ask(ctx, "email:"+s.Address, q.act, q.purpose, q.recipient, q.data)
	if err != nil {
		return nil, "That could not be asked. Is it an e-mail address, like ann@visitor.example?"
	}
	_, says, _ := strings.Cut(d.Context.Says, ": ") // the page shows the yes or no itself
	out := &outcome{Allowed: d.Decision, Says: strings.ToUpper(says[:min(1, len(says))]) + says[min(1, len(says)):], Version: d.Context.Version}
	if out.Version == 1 { // the version whose file this is
		out.Cited = cited(p.Source, d.Context.Line)
	}
	return out, ""
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
