package webtest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow/web/webtest"
)

// strict is as narrow a policy as a page can live under: nothing inline, no
// eval, styles and forms from the same origin.
const strict = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const goodPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Your choices</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/style.css"></head>
<body><main><h1>Your choices</h1>
<form method="get" action="/saved"><p><label for="e">Email address</label> <input id="e" name="email" type="email" autocomplete="email"></p>
<p><button id="save">Save</button></p></form></main></body></html>`

const badPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Bad</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/style.css"></head>
<body><main><h1>Bad</h1><form><input name="email"></form><p class="faint">You cannot read this.</p></main></body></html>`

const style = `:root { color-scheme: light dark } body { font: 1rem sans-serif; color: CanvasText; background: Canvas }
.faint { color: #ddd; background: #fff } .wide { width: 2000px }`

func serve(t *testing.T) string {
	t.Helper()
	pages := map[string]string{"/good": goodPage, "/bad": badPage,
		"/inline": strings.Replace(goodPage, "<main>", `<main><script>document.title = "taken over"</script>`, 1),
		"/script": strings.Replace(goodPage, "<main>", `<main><script src="/title.js"></script>`, 1),
		"/wide":   strings.Replace(goodPage, "<h1>", `<div class="wide">wide</div><h1>`, 1),
		"/saved":  strings.Replace(goodPage, "Your choices</h1>", "Saved</h1>", 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", strict)
		switch r.URL.Path {
		case "/style.css":
			w.Header().Set("Content-Type", "text/css")
			w.Write([]byte(style))
			return
		case "/title.js":
			w.Header().Set("Content-Type", "text/javascript")
			w.Write([]byte(`document.title = "taken over"`))
			return
		}
		body, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(strings.Replace(body, "<h1>", "<h1 data-gpc='"+r.Header.Get("Sec-GPC")+"'>", 1)))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A good page passes every look, and its form can be filled in and sent.
func TestGoodPage(t *testing.T) {
	shots := t.TempDir()
	t.Setenv("AVOW_TEST_SHOTS", shots)
	base := serve(t)
	p := webtest.Browser(t).Open(base + "/good")
	p.Inspect("good page")
	for _, name := range []string{"good-page-desktop-light.png", "good-page-phone-dark.png"} {
		if info, err := os.Stat(filepath.Join(shots, name)); err != nil || info.Size() == 0 {
			t.Errorf("no screenshot %s: %v", name, err)
		}
	}
	if p.Title() != "Your choices" || p.Text("h1") != "Your choices" || p.Count("input") != 1 || p.Count("table") != 0 {
		t.Errorf("read the page wrongly: %q %q", p.Title(), p.Text("h1"))
	}
	p.Fill("#e", "ada@example.org")
	p.ClickTo("#save")
	if got := p.Text("h1"); got != "Saved" || !strings.Contains(p.URL(), "email=ada%40example.org") {
		t.Errorf("after the form: %q at %s", got, p.URL())
	}
	if got := p.Cookies(); !slices.Equal(got, []string{"seen"}) {
		t.Errorf("cookies %v", got)
	}
}

// A page with a nameless field and a faint text breaks exactly those rules, and
// the account of it names the place.
func TestBadPage(t *testing.T) {
	p := webtest.Browser(t).Open(serve(t) + "/bad")
	var ids []string
	for _, v := range p.Violations() {
		ids = append(ids, v.ID)
		if s := v.String(); !strings.Contains(s, "https://") || !strings.Contains(s, "<") {
			t.Errorf("%s is not readable: %s", v.ID, s)
		}
	}
	slices.Sort(ids)
	if want := []string{"color-contrast", "label"}; !slices.Equal(ids, want) {
		t.Errorf("violations %v, want %v", ids, want)
	}
}

// Axe, Screenshot and Inspect must fail a test, not only be able to look.
func TestFailures(t *testing.T) {
	base := serve(t)
	for _, c := range []struct {
		name, path, want string
		do               func(*webtest.Page)
	}{
		{"barriers", "/bad", "color-contrast (serious)", (*webtest.Page).Axe},
		{"sideways scrolling", "/wide", "2008 pixels wide on a phone of 390", func(p *webtest.Page) {
			p.Screenshot("wide", webtest.Phone, webtest.Light)
		}},
		{"a blocked script", "/inline", "Content Security Policy", func(p *webtest.Page) { p.Inspect("inline") }},
		{"a page that is missing", "/none", "404", func(p *webtest.Page) { p.Inspect("none") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{TB: t}
			c.do(webtest.Browser(r).Open(base + c.path))
			if !strings.Contains(r.log, c.want) {
				t.Errorf("the test would not have failed with %q; it said: %s", c.want, r.log)
			}
		})
	}
}

// Without Chromium or axe-core a test fails and says what to do.
func TestMissingTools(t *testing.T) {
	t.Run("chromium", func(t *testing.T) {
		t.Setenv("AVOW_TEST_CHROMIUM", "")
		t.Setenv("PATH", t.TempDir())
		r := &recorder{TB: t}
		r.run(func() { webtest.Browser(r) })
		if !strings.Contains(r.log, "make test") {
			t.Errorf("said %q", r.log)
		}
	})
	t.Run("axe-core", func(t *testing.T) {
		t.Setenv("AVOW_TEST_AXE", filepath.Join(t.TempDir(), "axe.min.js"))
		r := &recorder{TB: t}
		r.run(func() { webtest.Browser(r).Open(serve(t) + "/good").Axe() })
		if !strings.Contains(r.log, "make test") {
			t.Errorf("said %q", r.log)
		}
	})
}

// With scripts on, the script that TestSettings turns off does run.
func TestScripts(t *testing.T) {
	if p := webtest.Browser(t).Open(serve(t) + "/script"); p.Title() != "taken over" {
		t.Errorf("the page's script did not run: %q", p.Title())
	}
}

// What a request and a page carry can be set: headers, and no scripts.
func TestSettings(t *testing.T) {
	p := webtest.Browser(t).Tab()
	p.Headers(map[string]string{"Sec-GPC": "1"})
	p.Scripts(false)
	p.Go(serve(t) + "/script")
	if p.Title() != "Your choices" {
		t.Errorf("a script ran although scripts are off: %q", p.Title())
	}
	if p.Count("h1[data-gpc='1']") != 1 {
		t.Error("the header did not arrive")
	}
	p.Axe()
	if p.Title() != "Your choices" {
		t.Errorf("looking for barriers ran the page's script: %q", p.Title())
	}
	if got := p.Problems(); len(got) != 0 {
		t.Errorf("problems %v", got)
	}
}

// recorder is a test that remembers why it failed instead of failing.
type recorder struct {
	testing.TB
	log string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Error(args ...any)         { r.log += fmt.Sprint(args...) }
func (r *recorder) Errorf(f string, a ...any) { r.log += fmt.Sprintf(f, a...) }
func (r *recorder) Fatal(args ...any)         { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(f string, a ...any) { r.Errorf(f, a...); runtime.Goexit() }

// run runs what may end its goroutine.
func (r *recorder) run(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}
