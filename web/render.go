package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	"github.com/avowhq/avow"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

// Link is one entry of a menu.
type Link struct{ Href, Label string }

// page is what every template is given.
type page struct {
	Site    *site
	Title   string
	Lang    string
	Here    string // the path of the menu entry this page stands under
	Wide    bool
	Notice  bool // the page shows a notice and needs its sheet
	NoIndex bool
	Script  string // the one script of ours it loads
	Is      any    // what the page itself shows
}

// site is what all pages share.
type site struct {
	Name         string
	Mail         string
	Menu         []Link
	Policies     []policyLink
	AssetVersion string
	Asks         bool // requests are taken
}

type policyLink struct{ Name, Title string }

type templates map[string]*template.Template

// parseTemplates reads every page with the base it stands in; one that does not parse stops the start.
func parseTemplates() (templates, error) {
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	base, err := template.New("").Funcs(words).ParseFS(templateFiles, "templates/base.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	set := templates{}
	for _, name := range names {
		t, err := base.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, name)
		}
		if err != nil {
			return nil, fmt.Errorf("web: %s: %w", name, err)
		}
		set[name[len("templates/"):len(name)-len(".html")]] = t
	}
	return set, nil
}

func (t templates) render(w io.Writer, name string, p page) error {
	if p.Lang == "" {
		p.Lang = "en"
	}
	return t[name].ExecuteTemplate(w, "page", p)
}

// show renders a page into memory first, so that a person never gets half of one.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	p.Site = s.site(r.Context())
	var b bytes.Buffer
	if err := s.templates.render(&b, name, p); err != nil {
		s.log.ErrorContext(r.Context(), "page failed", slog.String("page", name), slog.Any("error", err))
		s.broken(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// broken writes the page that was rendered when the server started.
func (s *Server) broken(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusInternalServerError)
	w.Write(s.brokenPage)
}

// statusOf is this face's one map from kinds of errors to HTTP.
func statusOf(k avow.ErrorKind) int {
	switch k {
	case avow.Invalid:
		return http.StatusUnprocessableEntity
	case avow.NotFound:
		return http.StatusNotFound
	case avow.Conflict:
		return http.StatusConflict
	case avow.Refused, avow.Forbidden:
		return http.StatusForbidden
	case avow.Unauthorized:
		return http.StatusUnauthorized
	case avow.TooLarge:
		return http.StatusRequestEntityTooLarge
	case avow.TooMany:
		return http.StatusTooManyRequests
	case avow.Unavailable, avow.Canceled:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

type errorPage struct{ Heading, Message string }

var headings = map[avow.ErrorKind]string{
	avow.Invalid: "Something in the form is not right", avow.NotFound: "There is no such page",
	avow.Conflict: "That has been done already", avow.Refused: "Not under this policy",
	avow.Forbidden: "Not allowed", avow.Unauthorized: "This link does not work any more",
	avow.TooLarge: "That is too much", avow.TooMany: "Too many tries", avow.Unavailable: "Not possible right now",
}

// fail answers with a page that says what happened and what to do.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	kind := avow.KindOf(err)
	status := statusOf(kind)
	s.logFailure(r, kind, err)
	if kind == avow.Internal {
		s.broken(w)
		return
	}
	if kind == avow.TooMany {
		w.Header().Set("Retry-After", "60")
	}
	s.show(w, r, status, "error", page{Title: headings[kind], Is: errorPage{headings[kind], wholeSentence(avow.MessageOf(err))}, NoIndex: true})
}

// logFailure logs what is ours to repair, and not that somebody went away before the answer: PostgreSQL's driver gives up
// the connection then, which looks as if the database were away.
func (s *Server) logFailure(r *http.Request, kind avow.ErrorKind, err error) {
	if (kind == avow.Canceled || kind == avow.Unavailable) && r.Context().Err() != nil {
		return
	}
	if statusOf(kind) >= 500 {
		s.log.ErrorContext(r.Context(), "request failed", slog.String("route", r.Pattern), slog.String("kind", kind.String()), slog.Any("error", err))
	}
}

// wholeSentence makes a sentence of a message, which may be a part of one.
func wholeSentence(s string) string {
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return upperFirst(s)
}
