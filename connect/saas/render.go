package saas

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/avowhq/avow"
)

// rendered is a request with its values in their places.
type rendered struct {
	c      *client
	q      *request
	path   string // encoded
	query  url.Values
	header http.Header
	body   any
}

// render fills the places of a request.
func (s *Source) render(q *request, sc *scope) (*rendered, error) {
	sc.empty, sc.credentials = s.d.empty, s.c.creds
	out := &rendered{c: s.c, q: q, query: url.Values{}, header: http.Header{}}
	var err error
	if out.path, err = q.path.text(sc, inPath); err != nil {
		return nil, err
	}
	for _, p := range q.query {
		text, err := p.text.text(sc, inText)
		if err != nil {
			return nil, err
		}
		out.query.Set(p.name, text)
	}
	for _, list := range [][]named{s.d.headers, q.headers} {
		for _, h := range list {
			text, err := h.text.text(sc, inHeader)
			if err != nil {
				return nil, err
			}
			out.header.Set(h.name, text)
		}
	}
	if q.body != nil {
		out.body, err = q.body.make(sc)
	}
	return out, err
}

// call is the request for one page, as the service named it; nil is the first.
func (r *rendered) call(page any) (*call, error) {
	body, query := r.body, r.query
	if page != nil && r.q.page != nil {
		where, name, _ := strings.Cut(r.q.page.into, ".")
		if where == "query" {
			query = url.Values{}
			for k, v := range r.query {
				query[k] = v
			}
			query.Set(name, plain(page))
		} else {
			body = withKey(r.body, name, page)
		}
	}
	out := &call{method: r.q.method, header: r.header.Clone(), rate: r.c.limiter(r.q), gone: r.q.gone}
	out.url = r.c.at(r.path)
	out.url.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	if r.q.body != nil {
		text, err := jsonBytes(body)
		if err != nil {
			return nil, err
		}
		out.body = text
		out.header.Set("Content-Type", "application/json")
	}
	out.header.Set("Accept", "application/json")
	return out, nil
}

func withKey(body any, name string, v any) any {
	out := map[string]any{name: v}
	if keys, ok := body.(map[string]any); ok {
		for k, each := range keys {
			if k != name {
				out[k] = each
			}
		}
	}
	return out
}

// at is an encoded path on the service's host.
func (c *client) at(encoded string) *url.URL {
	u := *c.base
	u.RawPath = c.base.EscapedPath() + encoded
	u.Path, _ = url.PathUnescape(u.RawPath)
	return &u
}

// limiter is the rate of one request's own; nil when it has none.
func (c *client) limiter(q *request) *limiter {
	if q.rate.requests == 0 {
		return nil
	}
	c.ratesMu.Lock()
	defer c.ratesMu.Unlock()
	l := c.rates[q.rate]
	if l == nil {
		l = newLimiter(q.rate)
		c.rates[q.rate] = l
	}
	return l
}

// long reports whether a call is longer than the service takes.
func (q *request) long(one *call) bool {
	return q.address > 0 && len(one.url.RequestURI()) > q.address || q.bytes > 0 && len(one.body) > q.bytes
}

// follow is the call for a further page whose address the service gave.
func (r *rendered) follow(link string) (*call, error) {
	u, err := r.c.base.Parse(link)
	if err != nil || u.Scheme != r.c.base.Scheme || u.Host != r.c.base.Host || u.User != nil {
		return nil, avow.Errorf(avow.Unavailable, "%s of system %q sent a further page to another host, which is not followed", r.c.d.name, r.c.system)
	}
	u.Fragment = ""
	header := r.header.Clone()
	header.Set("Accept", "application/json")
	return &call{method: http.MethodGet, url: u, header: header, rate: r.c.limiter(r.q), gone: r.q.gone}, nil
}
