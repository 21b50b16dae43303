package webtest

import (
	"bytes"
	"context"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Viewport is the size of the part of a page a person sees, in CSS pixels.
type Viewport struct {
	Name          string
	Width, Height int64
	Phone         bool // touch, and the page's own viewport line counts
}

// Scheme is the person's choice of light or dark.
type Scheme string

const (
	Light Scheme = "light"
	Dark  Scheme = "dark"
)

// The two sizes every page is looked at in.
var (
	Desktop = Viewport{Name: "desktop", Width: 1280, Height: 900}
	Phone   = Viewport{Name: "phone", Width: 390, Height: 844, Phone: true}
)

// Look shows the page in a viewport and scheme, until another look.
func (p *Page) Look(v Viewport, s Scheme) {
	p.t.Helper()
	var options []chromedp.EmulateViewportOption
	if v.Phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	p.Do("look at "+v.Name+" "+string(s), chromedp.EmulateViewport(v.Width, v.Height, options...),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			features := []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: string(s)},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			}
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
			return err
		}))
}

// Screenshot shows the whole page, from top to bottom, in a viewport and scheme, and writes a picture of it to
// $AVOW_TEST_SHOTS/name-viewport-scheme.png when that directory is named. It fails the test when the page is wider than
// the viewport, so that a person would have to scroll sideways (wcag:2.2#1.4.10).
func (p *Page) Screenshot(name string, v Viewport, s Scheme) {
	p.t.Helper()
	p.Look(v, s)
	if wide := read(p, "width of the page", chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); wide > v.Width {
		p.t.Errorf("%s is %d pixels wide on a %s of %d", name, wide, v.Name, v.Width)
	}
	if dir := os.Getenv("AVOW_TEST_SHOTS"); dir != "" {
		p.photograph(filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-").Replace(name)+"-"+v.Name+"-"+string(s)+".png"))
	}
}

func (p *Page) photograph(file string) {
	p.t.Helper()
	shot := read(p, "screenshot", chromedp.FullScreenshot(100))
	if _, err := png.DecodeConfig(bytes.NewReader(shot)); err != nil {
		p.t.Fatalf("screenshot for %s: %v", file, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, shot, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// Inspect looks at the page as every person may meet it: on a desktop and on a
// phone, light and dark. Each look is searched for barriers, and the browser must have had nothing to complain about.
func (p *Page) Inspect(name string) {
	p.t.Helper()
	for _, v := range []Viewport{Desktop, Phone} {
		for _, s := range []Scheme{Light, Dark} {
			p.Screenshot(name, v, s)
			p.Axe()
		}
	}
	for _, problem := range p.Problems() {
		p.t.Errorf("%s: the browser complains: %s", name, problem)
	}
	p.Look(Desktop, Light)
}
