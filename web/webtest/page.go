package webtest

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Page is one tab. Every method fails the test when the browser cannot do it.
type Page struct {
	t       testing.TB
	ctx     context.Context
	console *console
	silent  bool // the page's own scripts do not run
}

// Do runs any actions of chromedp on the page.
func (p *Page) Do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// read runs an action that answers something.
func read[T any](p *Page, what string, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	return v
}

// Go loads a URL in this tab.
func (p *Page) Go(url string) {
	p.t.Helper()
	p.Do("open "+url, chromedp.Navigate(url))
}

// Fill replaces what stands in the first field that a CSS selector finds.
func (p *Page) Fill(selector, text string) {
	p.t.Helper()
	p.Do("fill "+selector, chromedp.Evaluate[chromedp.Void]("document.querySelector("+quoted(selector)+").value = ''"), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Click clicks the first element that a CSS selector finds. A click that loads
// another page is ClickTo.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Do("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// ClickTo clicks and waits until the page it leads to is loaded.
func (p *Page) ClickTo(selector string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		p.t.Fatalf("click %s and follow: %v", selector, err)
	}
}

// Text is the visible text of the first element that a CSS selector finds.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return strings.TrimSpace(read(p, "text of "+selector, chromedp.Text(chromedp.CSS(selector))))
}

// Count is how many elements a CSS selector finds now.
func (p *Page) Count(selector string) int {
	p.t.Helper()
	return read(p, "count "+selector, chromedp.Evaluate[int]("document.querySelectorAll("+quoted(selector)+").length"))
}

// quoted writes a text as JavaScript does.
func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always can be
	return string(b)
}

// Title is the title of the document.
func (p *Page) Title() string {
	p.t.Helper()
	return read(p, "title", chromedp.Title())
}

// URL is where the tab is now.
func (p *Page) URL() string {
	p.t.Helper()
	return read(p, "location", chromedp.Location())
}

// Headers makes every later request of this tab carry these headers, for
// example "Sec-GPC: 1".
func (p *Page) Headers(h map[string]string) {
	p.t.Helper()
	all := network.Headers{}
	for k, v := range h {
		all[k] = v
	}
	p.Do("set headers", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: all})
		return err
	}))
}

// Scripts says whether the page's own scripts run, from the next page on.
func (p *Page) Scripts(run bool) {
	p.t.Helper()
	p.silent = !run
	p.scripts(run)
}

func (p *Page) scripts(run bool) {
	p.t.Helper()
	p.Do("set scripts", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run})
		return err
	}))
}

// Cookies are the names of the cookies the page's server would get, in no order.
func (p *Page) Cookies() []string {
	p.t.Helper()
	var names []string
	p.Do("read cookies", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		r, err := chromedp.Call(ctx, network.GetCookies, network.GetCookiesParams{})
		for _, c := range r.Cookies {
			names = append(names, c.Name)
		}
		return err
	}))
	return names
}

// Problems lists what the browser itself complained about since the tab was
// opened: scripts that failed, resources that did not load, and everything the
// Content-Security-Policy blocked.
func (p *Page) Problems() []string { return p.console.all() }

type console struct {
	mu      sync.Mutex
	lines   []line
	refused map[string]bool // pages that answered with an error: what they show is theirs to say
}

type line struct{ text, url string }

func (c *console) hear(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			c.add(line{e.Entry.Text, e.Entry.URL})
		}
	case *runtime.EventExceptionThrown:
		c.add(line{e.ExceptionDetails.Text, e.ExceptionDetails.URL})
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument && e.Response.Status >= 400 {
			c.refuse(e.Response.URL)
		}
	}
}

func (c *console) refuse(url string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		c.refused = map[string]bool{}
	}
	c.refused[url] = true
}

func (c *console) add(l line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, l)
}

// all leaves out that a page itself answered with an error status, which the browser
// logs too; a missing sheet or picture stays in.
func (c *console) all() (all []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lines {
		if !c.refused[l.url] || !strings.HasPrefix(l.text, "Failed to load resource") {
			all = append(all, strings.TrimSpace(l.text+" "+l.url))
		}
	}
	return all
}
