package web

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/policy/notice"
)

// renderings are the forms of a notice, by the ending of its address.
var renderings = map[string]struct {
	contentType string
	write       func(*bytes.Buffer, *policy.Policy, notice.Options) error
}{
	".md":   {"text/markdown; charset=utf-8", func(b *bytes.Buffer, p *policy.Policy, o notice.Options) error { return notice.Markdown(b, p, o) }},
	".json": {"application/json", func(b *bytes.Buffer, p *policy.Policy, o notice.Options) error { return notice.JSON(b, p, o) }},
	".pdf":  {"application/pdf", func(b *bytes.Buffer, p *policy.Policy, o notice.Options) error { return notice.PDF(b, p, o) }},
}

// policyNotice shows the version in force: `/policy/website`, `.md`, `.json`, `.pdf`.
func (s *Server) policyNotice(w http.ResponseWriter, r *http.Request) {
	name, ending := splitEnding(r.PathValue("name"))
	p, err := s.Consent.Current(name, s.Now())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showNotice(w, r, p, ending)
}

// policyVersion shows one version, in force or not: `/policy/website/versions/2`.
func (s *Server) policyVersion(w http.ResponseWriter, r *http.Request) {
	number, ending := splitEnding(r.PathValue("number"))
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		s.fail(w, r, avow.Errorf(avow.NotFound, "There is no such version."))
		return
	}
	p, err := s.Consent.Version(r.PathValue("name"), n)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showNotice(w, r, p, ending)
}

func splitEnding(name string) (string, string) {
	for ending := range renderings {
		if base, ok := strings.CutSuffix(name, ending); ok {
			return base, ending
		}
	}
	return name, ""
}

// showNotice answers with a version. A version never changes, so that its hash is its entity tag.
func (s *Server) showNotice(w http.ResponseWriter, r *http.Request, p *policy.Policy, ending string) {
	tag := fmt.Sprintf(`"%x%s"`, p.Hash[:8], ending)
	w.Header().Set("Cache-Control", "no-cache")
	if ending != "" {
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	var b bytes.Buffer
	o, err := s.noticeOptions(r.Context(), p)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if ending == "" {
		if err := notice.HTMLFragment(&b, p, o); err != nil {
			s.fail(w, r, err)
			return
		}
		s.show(w, r, http.StatusOK, "notice", page{Title: plain(p, p.Document.Title), Wide: true, Notice: true, Here: "/policy/" + p.Name, Is: template.HTML(b.String())})
		return
	}
	f := renderings[ending]
	if err := f.write(&b, p, o); err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`inline; filename="%s-version-%d%s"`, p.Name, p.Number, ending))
	w.Write(b.Bytes())
}

func (s *Server) noticeOptions(ctx context.Context, p *policy.Policy) (notice.Options, error) {
	here := s.PublicURL + "/policy/" + p.Name
	o := notice.Options{BaseURL: here, Stylesheet: "/assets/notice.css", PrivacyCentre: s.PublicURL + "/privacy"}
	versions, err := s.Consent.Versions(ctx, p.Name)
	if err != nil {
		return o, err
	}
	for _, v := range versions {
		o.Versions = append(o.Versions, notice.VersionInfo{Number: v.Policy.Number, Effective: v.Policy.Effective, URL: fmt.Sprintf("%s/versions/%d", here, v.Policy.Number)})
	}
	if p.Number > 1 && p.Number <= len(versions) {
		o.Changes = policy.Diff(versions[p.Number-2].Policy, p)
	}
	at := fmt.Sprintf("%s/versions/%d", here, p.Number)
	o.Links = []notice.Link{{Name: "PDF", URL: at + ".pdf"}, {Name: "Markdown", URL: at + ".md"}, {Name: "JSON", URL: at + ".json"}, {Name: "Versions and changes", URL: here + "/versions"}}
	return o, nil
}

// versionRow is one version in the list.
type versionRow struct {
	Number    int
	Effective string
	Hash      string
	InForce   bool
	Later     bool // its day has not come
	Changes   []changeRow
}

// changeRow is a change in words.
type changeRow struct {
	Effect policy.Effect
	What   string
}

// policyVersions lists all versions with what each changed.
func (s *Server) policyVersions(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	versions, err := s.Consent.Versions(r.Context(), name)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	current, _ := s.Consent.Current(name, s.Now()) // none may be in force yet
	var rows []versionRow
	for i := len(versions) - 1; i >= 0; i-- {
		v := versions[i].Policy
		row := versionRow{Number: v.Number, Effective: v.Effective.Format("2 January 2006"), Hash: fmt.Sprintf("%x", v.Hash), InForce: v == current, Later: v.Effective.After(s.Now())}
		if i > 0 {
			row.Changes = changeRows(v, policy.Diff(versions[i-1].Policy, v))
		}
		rows = append(rows, row)
	}
	last := versions[len(versions)-1].Policy
	title := plain(last, last.Document.Title)
	s.show(w, r, http.StatusOK, "versions", page{Title: title + ": versions", Here: "/policy/" + name, Is: struct {
		Name, Title string
		Rows        []versionRow
	}{name, title, rows}})
}

func changeRows(p *policy.Policy, changes []policy.Change) []changeRow {
	rows := make([]changeRow, len(changes))
	for i, c := range changes {
		rows[i] = changeRow{c.Effect, notice.Change(p, c, p.Document.Languages.Prevails)}
	}
	return rows
}
