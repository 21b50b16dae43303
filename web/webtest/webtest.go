// Package webtest opens pages in a real Chromium for tests: it clicks, fills
// in, reads, looks for barriers with axe-core and takes screenshots.
//
// What stays true: every window is a new browser with a new, empty profile that
// is gone when its test ends; the browser reaches this machine only; what the
// helper injects works under any Content-Security-Policy, and the policy itself
// stays in force for the page; a page that does not answer fails its test.
//
// What it never does: skip. A machine without Chromium or axe-core fails the
// test with a sentence that says how to get them.
package webtest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long one step may take before the test gives up on it. It
// guards against a page that never settles and measures nothing.
const patience = 60 * time.Second

// Window is one browser with its own profile. Pages of one window share cookies.
type Window struct {
	t   testing.TB
	ctx context.Context
}

// Browser starts a browser for one test. The test fails at once when there is
// no Chromium: AVOW_TEST_CHROMIUM names it, else it is looked for in PATH.
func Browser(t testing.TB) *Window {
	t.Helper()
	path := chromium(t)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // the tests run as root in containers, where Chromium has no sandbox to use
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "en-GB"),
		// Nothing a page asks for may leave this machine.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"),
	)
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	return &Window{t: t, ctx: ctx}
}

func chromium(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("AVOW_TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium for the tests of pages: `make test` installs it, or AVOW_TEST_CHROMIUM names it")
	return ""
}

// Open opens a page in a new tab and waits until it is loaded.
func (w *Window) Open(url string) *Page {
	w.t.Helper()
	p := w.Tab()
	p.Go(url)
	return p
}

// Tab opens an empty tab, for a page that needs headers or settings before it is loaded.
func (w *Window) Tab() *Page {
	w.t.Helper()
	ctx, cancel := chromedp.NewContext(w.ctx)
	w.t.Cleanup(cancel)
	p := &Page{t: w.t, ctx: ctx, console: &console{}}
	if err := chromedp.Do(ctx); err != nil {
		w.t.Fatalf("a new tab: %v", err)
	}
	if err := chromedp.Listen(ctx, p.console.hear); err != nil {
		w.t.Fatalf("listen to the console: %v", err)
	}
	p.Look(Desktop, Light)
	return p
}
