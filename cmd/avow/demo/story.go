package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/avowhq/avow/ledger/proof"
)

// Story is the eight steps of a promise kept, played over HTTP. Every step checks
// what a person, or the organisation, would have to rely on.
type Story struct {
	Base  string // http://127.0.0.1:8080
	Token string // of the organisation's own systems
	Out   io.Writer
	// Traces looks for a text in all that the database holds, and says where it found it.
	Traces func(ctx context.Context, text string) (where string, err error)
}

const (
	ann = "ann@visitor.example" // the person of the story
	bob = "bob@visitor.example" // somebody else, whose data must never show
)

// Play plays the story, and returns the first promise that broke.
func (s Story) Play(ctx context.Context) error {
	p := &play{Story: s, ctx: ctx, v: newVisitor(s.Base, s.Token)}
	steps := []struct {
		title string
		run   func() error
	}{
		{"The promise is published", p.promise},
		{"Ann gives data under it", p.give},
		{"A use is allowed, another refused", p.use},
		{"Ann says stop", p.stop},
		{"An administrator edits a consent in the database by hand", p.insider},
		{"A stranger checks the log", p.check},
		{"Ann gets a copy", p.copy},
		{"Ann is erased", p.erase},
	}
	for i, step := range steps {
		fmt.Fprintf(s.Out, "%d. %s\n", i+1, step.title)
		if err := step.run(); err != nil {
			fmt.Fprintf(s.Out, "   BROKEN: %v\n", err)
			return fmt.Errorf("step %d, %q: %w", i+1, step.title, err)
		}
	}
	fmt.Fprintf(s.Out, "All %d steps kept.\n", len(steps))
	return nil
}

// play is one playing of the story.
type play struct {
	Story
	ctx context.Context
	v   *visitor

	receipt *proof.Receipt // of her no
	key     string         // of the log
}

// proved prints what a check has shown.
func (p *play) proved(format string, args ...any) {
	fmt.Fprintf(p.Out, "   ✓ "+format+"\n", args...)
}

func (p *play) promise() error {
	page, err := p.v.get(p.ctx, "/policy/harbour")
	if err != nil {
		return err
	}
	if page.status != http.StatusOK || !page.has("<h1") {
		return fmt.Errorf("the notice answered %d", page.status)
	}
	if csp := page.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || page.has("<script") {
		return errors.New("the notice may run a script")
	}
	p.proved("the notice is a page that needs no script")
	twin, err := p.v.get(p.ctx, "/policy/harbour.json")
	if err != nil {
		return err
	}
	var n struct {
		Notice struct {
			Version int
			SHA256  string
		}
	}
	if err := json.Unmarshal(twin.body, &n); err != nil || n.Notice.Version < 1 || len(n.Notice.SHA256) != 64 {
		return fmt.Errorf("the machine twin does not name its version and hash (%v)", err)
	}
	p.proved("version %d, named by its hash %s…", n.Notice.Version, n.Notice.SHA256[:12])
	for _, form := range []string{".md", ".pdf"} {
		a, err := p.v.get(p.ctx, "/policy/harbour"+form)
		if err != nil {
			return err
		}
		if a.status != http.StatusOK || len(a.body) < 1000 {
			return fmt.Errorf("the notice as %s answered %d with %d bytes", form, a.status, len(a.body))
		}
	}
	p.proved("the same words as Markdown and as PDF")
	return nil
}

func (p *play) give() error {
	refused, err := p.v.submit(p.ctx, "/forms/newsletter", "/collect/newsletter", url.Values{"contact.email": {ann}, "shoe-size": {"38"}})
	if err != nil {
		return err
	}
	if refused.status != http.StatusUnprocessableEntity || !refused.has("shoe-size") {
		return fmt.Errorf("an undeclared field answered %d", refused.status)
	}
	p.proved("a field the policy does not declare is refused by its name")
	if err := p.subscribe(ann, "Ann Visitor"); err != nil {
		return err
	}
	if err := p.subscribe(bob, "Bob Other"); err != nil {
		return err
	}
	d, err := p.v.ask(p.ctx, "email:"+ann, "send", "newsletter", "", "contact.email")
	if err != nil {
		return err
	}
	if d.Decision {
		return errors.New("an unconfirmed consent already counts")
	}
	p.proved("before Ann confirms, the answer is no: %s", d.Context.Says)
	return p.confirm(ann)
}

func (p *play) subscribe(address, name string) error {
	a, err := p.v.submit(p.ctx, "/forms/newsletter", "/collect/newsletter",
		url.Values{"contact.email": {address}, "contact.name": {name}, "consent.newsletter": {"yes"}})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK || !a.has("receipt") {
		return fmt.Errorf("the form answered %d without a receipt", a.status)
	}
	if address == ann {
		p.proved("the form is accepted, and Ann gets a receipt")
	}
	return nil
}

// confirm follows the link of the newest letter.
func (p *play) confirm(address string) error {
	link, err := p.linkIn(address, "confirm")
	if err != nil {
		return err
	}
	page, err := p.v.get(p.ctx, link)
	if err != nil {
		return err
	}
	if d, err := p.v.ask(p.ctx, "email:"+address, "send", "newsletter", "", "contact.email"); err != nil || d.Decision {
		return fmt.Errorf("opening the link (as a mail scanner does) already confirmed the consent (%v)", err)
	}
	action := strings.SplitN(link, "?", 2)[0]
	values, err := formValues(page.body, action)
	if err != nil {
		return err
	}
	done, err := p.v.post(p.ctx, action, values)
	if err != nil {
		return err
	}
	if done.status != http.StatusOK {
		return fmt.Errorf("the confirmation answered %d", done.status)
	}
	p.proved("opening the link changes nothing; pressing the button confirms")
	return nil
}

// patience is how long a letter may take.
const patience = 20 * time.Second

// linkIn waits for the letter about something and gives the link in it.
func (p *play) linkIn(address, about string) (string, error) {
	for end := time.After(patience); ; {
		letters, err := p.v.letters(p.ctx, address)
		if err != nil {
			return "", err
		}
		for _, l := range letters {
			if strings.Contains(l.Subject, about) {
				return l.link(p.Base)
			}
		}
		select {
		case <-end:
			return "", fmt.Errorf("no letter about %q arrived", about)
		case <-p.ctx.Done():
			return "", p.ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *play) use() error {
	d, err := p.v.ask(p.ctx, "email:"+ann, "send", "newsletter", "", "contact.email")
	if err != nil {
		return err
	}
	if !d.Decision || d.Context.Basis != "consent" {
		return fmt.Errorf("the newsletter is refused: %s", d.Context.Says)
	}
	p.proved("the newsletter may be sent: %s", d.Context.Says)
	d, err = p.v.ask(p.ctx, "email:"+ann, "disclose", "newsletter", "advertising", "contact.email")
	if err != nil {
		return err
	}
	if d.Decision || d.Context.Says == "" {
		return errors.New("an advertiser nobody declared may have Ann's address")
	}
	p.proved("the advertiser may not have her address: %s", d.Context.Says)
	if d, err = p.v.ask(p.ctx, "email:"+ann, "use", "credit-scoring", "", "contact.email"); err != nil || d.Decision {
		return fmt.Errorf("a purpose nobody stated is allowed (%v)", err)
	}
	p.proved("a purpose the policy does not state is refused: %s", d.Context.Says)
	nobody := newVisitor(p.Base, "not-a-token")
	if _, err := nobody.ask(p.ctx, "email:"+ann, "send", "newsletter", "", "contact.email"); err == nil {
		return errors.New("somebody without a token gets decisions")
	}
	p.proved("without a token there is no answer at all")
	return nil
}

// enter opens the privacy centre by a one-time link.
func (p *play) enter(address string) error {
	known, err := p.v.submit(p.ctx, "/privacy", "/privacy/link", url.Values{"address": {address}})
	if err != nil {
		return err
	}
	unknown, err := p.v.submit(p.ctx, "/privacy", "/privacy/link", url.Values{"address": {"nobody@visitor.example"}})
	if err != nil {
		return err
	}
	if string(known.body) != string(unknown.body) || known.status != unknown.status {
		return errors.New("the answer tells whether an address is known")
	}
	link, err := p.linkIn(address, "Your link")
	if err != nil {
		return err
	}
	page, err := p.v.get(p.ctx, link)
	if err != nil {
		return err
	}
	action := strings.SplitN(link, "?", 2)[0]
	values, err := formValues(page.body, action)
	if err != nil {
		return err
	}
	in, err := p.v.post(p.ctx, action, values)
	if err != nil {
		return err
	}
	if !in.has(address) || in.has(bob) && address != bob {
		return fmt.Errorf("the privacy centre answered %d without showing what it holds", in.status)
	}
	again, err := newVisitor(p.Base, "").post(p.ctx, action, values)
	if err != nil {
		return err
	}
	if again.has(address) || again.status == http.StatusOK {
		return errors.New("a one-time link worked twice")
	}
	return nil
}

func (p *play) stop() error {
	if err := p.enter(ann); err != nil {
		return err
	}
	p.proved("the privacy centre opens by a link that works once, and tells nobody whether an address is known")
	a, err := p.v.submit(p.ctx, "/privacy/me", "/privacy/choices", url.Values{"withdraw": {"newsletter"}})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("the choice answered %d", a.status)
	}
	d, err := p.v.ask(p.ctx, "email:"+ann, "send", "newsletter", "", "contact.email")
	if err != nil {
		return err
	}
	if d.Decision {
		return errors.New("the newsletter may still be sent")
	}
	p.proved("from the answer to her click on, the newsletter is refused: %s", d.Context.Says)
	return nil
}

func (p *play) copy() error {
	a, err := p.v.submit(p.ctx, "/privacy/me", "/privacy/copy", nil)
	if err != nil {
		return err
	}
	files, err := unzip(a.body)
	if err != nil {
		return fmt.Errorf("the copy is not a package (%d): %w", a.status, err)
	}
	all := strings.Join([]string{files["index.html"], files["data.json"], files["data.csv"]}, "\n")
	for _, want := range []string{"index.html", "data.json", "data.csv", "manifest.json"} {
		if files[want] == "" {
			return fmt.Errorf("the copy has no %s", want)
		}
	}
	if !strings.Contains(files["data.json"], ann) || strings.Contains(all, bob) || strings.Contains(all, "Bob Other") {
		return errors.New("the copy lacks Ann's data, or holds somebody else's")
	}
	p.proved("the copy is %d files a person and a machine can read, and nothing in it is about Bob", len(files))
	return p.checkAll(files["receipts.json"])
}

func (p *play) erase() error {
	a, err := p.v.submit(p.ctx, "/privacy/me", "/privacy/erase", url.Values{"sure": {"yes"}})
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("the erasure answered %d", a.status)
	}
	d, err := p.v.ask(p.ctx, "email:"+ann, "use", "answer", "", "contact.email")
	if err != nil {
		return err
	}
	if d.Decision {
		return errors.New("her data may still be used")
	}
	p.proved("no use is left: %s", d.Context.Says)
	back, err := p.v.get(p.ctx, "/privacy/me")
	if err != nil {
		return err
	}
	if back.has(ann) || back.has("Ann Visitor") {
		return errors.New("the privacy centre still shows her data")
	}
	if other, err := p.v.ask(p.ctx, "email:"+bob, "use", "answer", "", "contact.email"); err != nil || other.Context.Reason == d.Context.Reason {
		return fmt.Errorf("what is held about Bob went with her (%v)", err)
	}
	p.proved("Bob is untouched")
	if err := p.stillProves(); err != nil {
		return err
	}
	return p.lookForTraces()
}

// lookForTraces proves first that it can find something: the policy stands in the
// database in the clear, and must be found.
func (p *play) lookForTraces() error {
	known, err := p.Traces(p.ctx, "policy: harbour")
	if err != nil {
		return err
	}
	if known == "" {
		return errors.New("the search for traces does not even find the policy")
	}
	for _, text := range []string{ann, "Ann Visitor"} {
		where, err := p.Traces(p.ctx, text)
		if err != nil {
			return err
		}
		if where != "" {
			return fmt.Errorf("a trace of her is left in %s", where)
		}
	}
	p.proved("her name and address stand nowhere in the database (the same search finds the policy, in %s)", known)
	return nil
}
