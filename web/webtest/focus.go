package webtest

import (
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused tells where the keyboard is, and whether a person can see it there: by an
// outline at least two pixels wide, inside the page.
const focused = `(() => {
	const e = document.activeElement;
	if (!e || e === document.body || e === document.documentElement) return {};
	const s = getComputedStyle(e), r = e.getBoundingClientRect();
	return {
		what: (e.tagName + " " + (e.id || e.getAttribute("href") || e.getAttribute("name") || e.textContent || "").trim()).slice(0, 60),
		seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && r.width > 0 && r.height > 0 && r.right > 0 && r.bottom > 0,
	};
})()`

type focus struct {
	What string `json:"what"`
	Seen bool   `json:"seen"`
}

// Keyboard goes through the page with the tab key, at most limit stops, and fails the
// test where the keyboard goes somewhere that cannot be seen (wcag:2.2#2.4.7). It gives the number of stops.
func (p *Page) Keyboard(limit int) int {
	p.t.Helper()
	for i := range limit {
		p.Do("press tab", chromedp.KeyEvent(kb.Tab))
		f := read(p, "where the keyboard is", chromedp.Evaluate[focus](focused))
		if f.What == "" {
			return i
		}
		if !f.Seen {
			p.t.Errorf("%s: the keyboard is at %q, and nothing shows it", p.URL(), f.What)
		}
	}
	return limit
}

// Stops is Keyboard for a page that must have at least some.
func (p *Page) Stops(least, limit int) {
	p.t.Helper()
	if n := p.Keyboard(limit); n < least {
		p.t.Errorf("%s: the keyboard reaches %d places, want at least %d", p.URL(), n, least)
	}
}
