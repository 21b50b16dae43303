// Package web is the face for people: the notice, the forms, the confirmation of
// a consent, and the privacy centre where somebody sees, changes, copies and
// erases what is held about them, asks for what else the law gives them, and follows that.
//
// What stays true: every page works without a script, and one page alone loads any:
// that which checks a receipt, in the browser, without asking us anything; a link in
// a mail changes nothing until a button is pressed; a form shows only what the policy
// declares, with no box ticked; the answer to an address is the same whether or not it
// is known; no personal value stands in a URL or a log.
//
// What it never does: decide, or keep anything: the duties do.
package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/collect"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/policy/notice"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/rights/cases"
)

// Config is what the pages stand on.
type Config struct {
	Consent *consent.Register
	Collect *collect.Desk
	Rights  *rights.Desk
	// Requests takes what people ask; nil: they can ask for nothing but what Rights does.
	Requests *cases.Desk
	// Mapped tells whether systems are mapped for a policy, in which requests are answered too.
	Mapped func(policy string) bool
	// Allow bounds how often somebody unknown may ask: TooMany, by whom the request is from. nil: without bounds.
	Allow     func(sender string) error
	PublicURL string // https://privacy.harbour.example
	Menu      []Link // beside the privacy centre
	Start     bool   // show a start page of our own at /
	Now       func() time.Time
	Log       *slog.Logger
	// Remote names whom a request is from, for limits; it is not kept.
	Remote func(*http.Request) string
	// JSON takes what is posted to a collection point as JSON.
	JSON http.HandlerFunc
	// Ledger is the public log; nil: this server hands out none.
	Ledger Log
	// Auditor says whether a request may read the log's entries, which tell what kind of
	// thing happened in which minute. nil: anybody may.
	Auditor func(*http.Request) error
	// Records tells the state of the records; nil: nobody says.
	Records func(ctx context.Context) (Records, error)
}

// Server serves the pages.
type Server struct {
	Config
	log        *slog.Logger
	templates  templates
	assets     map[string]asset
	version    string // of the assets
	brokenPage []byte
	secure     bool // people reach us by https
	readers    readers
}

// New reads the pages, and renders the one that is shown when another breaks.
func New(c Config) (*Server, error) {
	s := &Server{Config: c, log: c.Log, secure: len(c.PublicURL) > 6 && c.PublicURL[:6] == "https:"}
	var err error
	if s.templates, err = parseTemplates(); err != nil {
		return nil, err
	}
	if err := s.loadAssets(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = s.templates.render(&b, "error", page{Site: &site{Name: "avow", AssetVersion: s.version}, Title: "Something went wrong",
		Is: errorPage{"Something went wrong", avow.MessageOf(nil)}, NoIndex: true})
	s.brokenPage = b.Bytes()
	return s, err
}

// Routes adds every page to a mux. What changes something is refused when another
// site's page sends it, but for what people post at a collection point: a form
// may stand on the organisation's own site.
func (s *Server) Routes(mux *http.ServeMux) {
	own := http.NewCrossOriginProtection()
	post := func(pattern string, h http.HandlerFunc) { mux.Handle("POST "+pattern, own.Handler(h)) }

	if s.Start {
		mux.HandleFunc("GET /{$}", s.welcome)
	}
	mux.HandleFunc("GET /assets/{name}", s.asset)

	mux.HandleFunc("GET /policy/{name}", s.policyNotice)
	mux.HandleFunc("GET /policy/{name}/versions", s.policyVersions)
	mux.HandleFunc("GET /policy/{name}/versions/{number}", s.policyVersion)

	mux.HandleFunc("GET /forms/{point}", s.form)
	mux.HandleFunc("POST /collect/{point}", s.collect)
	mux.HandleFunc("GET /confirm", s.confirm)
	post("/confirm", s.confirmed)

	mux.HandleFunc("GET /privacy", s.privacy)
	post("/privacy/link", s.privacyLink)
	mux.HandleFunc("GET /privacy/open", s.privacyOpen)
	post("/privacy/open", s.privacyEnter)
	mux.HandleFunc("GET /privacy/me", s.me)
	post("/privacy/choices", s.choices)
	post("/privacy/copy", s.copy)
	post("/privacy/receipt", s.receipt)
	post("/privacy/correct", s.correct)
	post("/privacy/erase", s.erase)
	post("/privacy/leave", s.leave)
	s.addressRoutes(mux, post)
	if s.Requests != nil {
		s.askingRoutes(mux, post)
	}

	s.logRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, avow.Errorf(avow.NotFound, "Nothing is at this address."))
	})
}

// site gathers what all pages share.
func (s *Server) site(context.Context) *site {
	v := &site{Name: "avow", AssetVersion: s.version, Asks: s.Requests != nil}
	v.Menu = append(v.Menu, s.Menu...)
	for _, p := range s.Consent.Policies(s.Now()) {
		org := p.Document.Organisation
		if len(v.Policies) == 0 {
			v.Name, v.Mail = plain(p, org.Name), org.Contact.Email
		}
		v.Policies = append(v.Policies, policyLink{p.Name, plain(p, p.Document.Title)})
		v.Menu = append(v.Menu, Link{"/policy/" + p.Name, plain(p, p.Document.Title)})
	}
	v.Menu = append(v.Menu, Link{"/privacy", "Your data and choices"})
	return v
}

// Show puts a body made elsewhere into a page of ours.
func (s *Server) Show(w http.ResponseWriter, r *http.Request, status int, title string, wide bool, body template.HTML) {
	s.show(w, r, status, "notice", page{Title: title, Wide: wide, Here: r.URL.Path, Is: body})
}

// Fail shows an error as a page.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) { s.fail(w, r, err) }

// asset is a sheet, picture or script of ours.
type asset struct {
	contentType string
	body        []byte
}

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8"}

func (s *Server) loadAssets() error {
	s.assets = map[string]asset{"notice.css": {"text/css; charset=utf-8", []byte(notice.CSS)}}
	files, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := assetFiles.ReadFile("assets/" + f.Name())
		if err != nil {
			return err
		}
		s.assets[f.Name()] = asset{assetTypes[path.Ext(f.Name())], b}
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(s.assets)) {
		h.Write(s.assets[name].body)
	}
	s.version = hex.EncodeToString(h.Sum(nil)[:6])
	return nil
}

func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.PathValue("name")]
	if !ok {
		s.fail(w, r, avow.Errorf(avow.NotFound, "Nothing is at this address."))
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=86400")
	if strings.HasSuffix(r.PathValue("name"), ".js") { // scripts import each other by name: both are of one version
		tag := `"` + s.version + `"`
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.Write(a.body)
}
