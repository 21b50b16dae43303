package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// maxAnswer bounds what the story reads of one answer, in bytes.
const maxAnswer = 8 << 20

// visitor is somebody with a browser: it follows links, fills forms with the
// fields they have, and keeps cookies.
type visitor struct {
	base   string
	client *http.Client
	token  string // of the organisation's own systems, for decisions
}

func newVisitor(base, token string) *visitor {
	jar, _ := cookiejar.New(nil)
	return &visitor{base: base, token: token, client: &http.Client{Jar: jar}}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) has(text string) bool { return strings.Contains(string(a.body), text) }

func (v *visitor) do(ctx context.Context, method, path, contentType string, body io.Reader, header http.Header) (answer, error) {
	if !strings.HasPrefix(path, "http") {
		path = v.base + path
	}
	r, err := http.NewRequestWithContext(ctx, method, path, body)
	if err != nil {
		return answer{}, err
	}
	for k, vs := range header {
		r.Header[k] = vs
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	res, err := v.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return answer{res.StatusCode, res.Header, b}, err
}

func (v *visitor) get(ctx context.Context, path string) (answer, error) {
	return v.do(ctx, http.MethodGet, path, "", nil, nil)
}

// submit opens a page, takes the form whose action is given, fills it over the
// values it came with, and sends it.
func (v *visitor) submit(ctx context.Context, page, action string, fill url.Values) (answer, error) {
	a, err := v.get(ctx, page)
	if err != nil {
		return a, err
	}
	values, err := formValues(a.body, action)
	if err != nil {
		return a, fmt.Errorf("%s: %w", strings.SplitN(page, "?", 2)[0], err)
	}
	for k, vs := range fill {
		values[k] = vs
	}
	return v.post(ctx, action, values)
}

func (v *visitor) post(ctx context.Context, path string, values url.Values) (answer, error) {
	return v.do(ctx, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()), nil)
}

// formValues are the hidden values of the form with an action.
func formValues(page []byte, action string) (url.Values, error) {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, err
	}
	for n := range doc.Descendants() {
		if n.Data != "form" || attr(n, "action") != action {
			continue
		}
		values := url.Values{}
		for in := range n.Descendants() {
			if in.Data == "input" && attr(in, "type") == "hidden" {
				values.Set(attr(in, "name"), attr(in, "value"))
			}
		}
		return values, nil
	}
	return nil, fmt.Errorf("the page has no form that goes to %s", action)
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// letter is one mail in the demo's mailbox.
type letter struct {
	To, Subject, Text string
}

// letters lists the mailbox of one address, the newest first.
func (v *visitor) letters(ctx context.Context, to string) ([]letter, error) {
	a, err := v.get(ctx, "/mailbox.json")
	if err != nil {
		return nil, err
	}
	var all, mine []letter
	if err := json.Unmarshal(a.body, &all); err != nil {
		return nil, fmt.Errorf("the mailbox is not readable: %w", err)
	}
	for _, l := range all {
		if strings.EqualFold(l.To, to) {
			mine = append(mine, l)
		}
	}
	return mine, nil
}

// link finds the address of ours in a letter.
func (l letter) link(base string) (string, error) {
	for _, word := range strings.Fields(l.Text) {
		if strings.HasPrefix(word, base+"/") {
			return strings.TrimPrefix(word, base), nil
		}
	}
	return "", fmt.Errorf("the letter %q has no link of ours", l.Subject)
}

// decision is an answer of the gate.
type decision struct {
	Decision bool
	Context  struct {
		Reason, Says, Basis, Clause string
		Version                     int
		Line                        int
	}
}

// ask asks the gate as the organisation's own systems do (authzen:1.0#6.1).
func (v *visitor) ask(ctx context.Context, subject, act, purpose, recipient string, data ...string) (decision, error) {
	question := map[string]any{
		"subject":  map[string]any{"type": "service", "id": "shop"},
		"action":   map[string]any{"name": act},
		"resource": map[string]any{"type": "data-subject", "id": subject, "properties": map[string]any{"policy": "harbour", "data": data}},
		"context":  map[string]any{"purpose": purpose, "recipient": recipient},
	}
	body, err := json.Marshal(question)
	if err != nil {
		return decision{}, err
	}
	a, err := v.do(ctx, http.MethodPost, "/access/v1/evaluation", "application/json", bytes.NewReader(body), http.Header{"Authorization": {"Bearer " + v.token}})
	if err != nil {
		return decision{}, err
	}
	if a.status != http.StatusOK {
		return decision{}, fmt.Errorf("the decision interface answered %d: %.200s", a.status, a.body)
	}
	var d decision
	return d, json.Unmarshal(a.body, &d)
}

// unzip reads a package into its files.
func unzip(b []byte) (map[string]string, error) {
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(io.LimitReader(in, maxAnswer))
		in.Close()
		if err != nil {
			return nil, err
		}
		files[f.Name] = string(content)
	}
	return files, nil
}
