package webtest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/chromedp/chromedp"
)

// axeTags are the groups of axe-core's rules that every page must keep: WCAG
// 2.2 levels A and AA (wcag:2.2), and what axe-core calls good practice.
const axeTags = `["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]`

// Violation is one rule a page breaks, with the places where it does.
type Violation struct {
	ID      string `json:"id"`
	Impact  string `json:"impact"`
	Help    string `json:"help"`
	HelpURL string `json:"helpUrl"`
	Nodes   []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	} `json:"nodes"`
}

// String is the rule in one line and each place below it.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n  %s", v.ID, v.Impact, v.Help, v.HelpURL)
	for _, n := range v.Nodes {
		fmt.Fprintf(&b, "\n  %s\n    %s", clip(n.HTML), strings.ReplaceAll(n.FailureSummary, "\n", "\n    "))
	}
	return b.String()
}

func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

// Axe fails the test for each accessibility rule the page breaks as it looks now.
func (p *Page) Axe() {
	p.t.Helper()
	found := p.Violations()
	if len(found) == 0 {
		return
	}
	where := p.URL()
	for _, v := range found {
		p.t.Errorf("%s: %s", where, v)
	}
}

// Violations lists the accessibility rules the page breaks as it looks now.
// axe-core runs in the page but is put there through the debugger, which the
// page's Content-Security-Policy neither sees nor stops.
func (p *Page) Violations() []Violation {
	p.t.Helper()
	if p.silent { // axe-core needs scripts; the page's own were passed over when it was read and stay so
		p.scripts(true)
		defer p.scripts(false)
	}
	if !read(p, "look for axe-core", chromedp.Evaluate[bool](`typeof axe === "object"`)) { // another look at the same page
		p.Do("load axe-core", chromedp.Evaluate[chromedp.Void](axeSource(p)))
	}
	run := `axe.run(document, {
		runOnly: {type: "tag", values: ` + axeTags + `}, resultTypes: ["violations"], preload: false,
	}).then(r => r.violations)`
	return read(p, "run axe-core", chromedp.Evaluate[[]Violation](run, chromedp.EvalAwaitPromise))
}

func axeSource(p *Page) string {
	p.t.Helper()
	path := os.Getenv("AVOW_TEST_AXE")
	if path == "" {
		_, here, _, _ := runtime.Caller(0)
		path = filepath.Join(filepath.Dir(here), "..", "..", "test", "node_modules", "axe-core", "axe.min.js")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatalf("axe-core is missing: `make test` installs it, or AVOW_TEST_AXE names its axe.min.js: %v", err)
	}
	return string(source) + "\n;undefined"
}
