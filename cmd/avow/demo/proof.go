package demo

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
)

// insider has an administrator edit Ann's choice behind everybody's back: the start page
// must say so, and which event is contradicted; put back, it must be content again.
func (p *play) insider() error {
	if err := p.takeReceipt(ledger.ConsentWithdrawn); err != nil {
		return err
	}
	before, err := p.v.get(p.ctx, "/")
	if err != nil {
		return err
	}
	if before.has(damaged) {
		return errors.New("the start page is red before anybody did anything")
	}
	red, err := p.v.post(p.ctx, "/demo/insider", url.Values{})
	if err != nil {
		return err
	}
	event := fmt.Sprintf("Event %d", p.receipt.Proof.Index)
	if red.status != http.StatusOK || !red.has(damaged) || !red.has(event+".") {
		return fmt.Errorf("an administrator edited a consent, and the start page (%d) does not name event %d", red.status, p.receipt.Proof.Index)
	}
	p.proved("an administrator edits her no into a yes with SQL: the start page turns red, and names event %d", p.receipt.Proof.Index)
	again, err := p.v.post(p.ctx, "/demo/insider/undo", url.Values{})
	if err != nil {
		return err
	}
	if again.has(damaged) || !again.has(sound) {
		return fmt.Errorf("the edit was put back, and the start page (%d) is not content", again.status)
	}
	p.proved("put back, the next audit finds every event to be what was recorded")
	return nil
}

// What the start page says of the records.
const (
	damaged = `data-records="damaged"`
	sound   = `data-records="sound"`
)

// takeReceipt takes the receipt of the newest event of a type from the privacy centre.
func (p *play) takeReceipt(t ledger.Type) error {
	page, err := p.v.get(p.ctx, "/privacy/me")
	if err != nil {
		return err
	}
	events, err := buttons(page.body, "event")
	if err != nil {
		return err
	}
	for _, event := range events {
		a, err := p.v.post(p.ctx, "/privacy/receipt", url.Values{"event": {event}})
		if err != nil {
			return err
		}
		r, err := proof.ParseReceipt(a.body)
		if err != nil {
			return fmt.Errorf("a receipt answered %d: %w", a.status, err)
		}
		if r.EventType == t {
			p.receipt = r
			return nil
		}
	}
	return fmt.Errorf("none of %d events of her history is %s", len(events), t)
}

// buttons are the values of a page's buttons of a name, in order.
func buttons(page []byte, name string) (values []string, err error) {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, err
	}
	for n := range doc.Descendants() {
		if n.Data == "button" && attr(n, "name") == name {
			values = append(values, attr(n, "value"))
		}
	}
	return values, nil
}

// check checks the receipt and the whole log as a stranger does, who has the log's key.
func (p *play) check() error {
	key, err := p.v.get(p.ctx, "/log/key")
	if err != nil {
		return err
	}
	p.key = strings.TrimSpace(string(key.body))
	if err := p.receipt.Verify(p.key); err != nil {
		return fmt.Errorf("her receipt does not prove what it says: %w", err)
	}
	p.proved("her receipt proves, without asking anybody, that her no is event %d of the log", p.receipt.Proof.Index)
	worse := *p.receipt
	worse.Document = strings.Replace(worse.Document, "newsletter", "everything", 1)
	if worse.Verify(p.key) == nil {
		return errors.New("a receipt with another word in it is taken for good")
	}
	p.proved("with one word changed it proves nothing")
	report, err := proof.Verify(p.ctx, proof.Source{URL: p.Base + "/log"}, proof.Options{Key: p.key})
	if err != nil {
		return err
	}
	if report.Verdict() != proof.Proved {
		return fmt.Errorf("the log is not what was signed: %s", report.Verdict())
	}
	p.proved("the whole log, %d events, makes the root that was signed", report.Size)
	return p.checkPage()
}

// checkPage looks at the page that does the same in a browser: it must be able to run
// our own script, and to send nothing.
func (p *play) checkPage() error {
	page, err := p.v.get(p.ctx, "/verify")
	if err != nil {
		return err
	}
	csp := page.header.Get("Content-Security-Policy")
	if page.status != http.StatusOK || !strings.Contains(csp, "script-src 'self'") || !strings.Contains(csp, "connect-src 'none'") || !strings.Contains(html.UnescapeString(string(page.body)), p.key) {
		return fmt.Errorf("the page that checks receipts answered %d under %q", page.status, csp)
	}
	p.proved("the page that checks receipts in a browser shows the key, and can send nothing")
	return nil
}

// checkAll checks a file of receipts.
func (p *play) checkAll(receipts string) error {
	report, err := proof.Verify(p.ctx, proof.Source{Receipts: []byte(receipts)}, proof.Options{Key: p.key})
	if err != nil {
		return fmt.Errorf("the receipts in the copy cannot be read: %w", err)
	}
	if report.Verdict() != proof.Proved {
		return fmt.Errorf("the receipts in the copy are not what was signed: %s", report.Verdict())
	}
	p.proved("every receipt in it proves what was recorded")
	return nil
}

// stillProves checks Ann's receipt after she has gone.
func (p *play) stillProves() error {
	if err := p.receipt.Verify(p.key); err != nil {
		return fmt.Errorf("her receipt went with her: %w", err)
	}
	p.proved("her receipt still proves what she chose; nobody else can")
	return nil
}
