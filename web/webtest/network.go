package webtest

import (
	"context"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Offline cuts the tab's connection, as when somebody pulls the cable, or joins it again.
func (p *Page) Offline(off bool) {
	p.t.Helper()
	p.Do("cut the connection", chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		all := &network.Conditions{Offline: off, DownloadThroughput: -1, UploadThroughput: -1}
		_, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{all}})
		if err != nil {
			return err
		}
		_, err = chromedp.Call(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: off, DownloadThroughput: -1, UploadThroughput: -1})
		return err
	}))
}

// Upload chooses a file in the first file field that a CSS selector finds.
func (p *Page) Upload(selector, file string) {
	p.t.Helper()
	p.Do("choose a file in "+selector, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{file}))
}

// Ask runs JavaScript through the debugger, which the page's Content-Security-Policy
// does not stop, and gives what its promise comes to.
func Ask[T any](p *Page, script string) T {
	p.t.Helper()
	return read(p, "run a script", chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
}
