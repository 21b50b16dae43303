package saas

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect"
	"github.com/avowhq/avow/connect/inside"
)

// client speaks with one service.
type client struct {
	d      *description
	system string
	creds  credentials
	base   *url.URL
	auth   auth
	http   *http.Client
	rate   *limiter
	slots  chan struct{}
	tokens tokens
	wait   func(context.Context, time.Duration) error

	ratesMu sync.Mutex
	rates   map[rate]*limiter // of requests that have their own; those with the same share one
}

// maxRedirects is how many redirects of one request are followed, on the same host.
const maxRedirects = 3

var errRedirect = errors.New("the service sent the request elsewhere")

func newClient(system string, d *description, creds credentials, base *url.URL, allow *inside.Allowed) (*client, error) {
	c := &client{d: d, system: system, creds: creds, base: base, wait: sleep, rate: newLimiter(d.limits.rate),
		slots: make(chan struct{}, d.limits.together), rates: map[rate]*limiter{}}
	c.http = &http.Client{
		Timeout:       d.limits.timeout,
		CheckRedirect: c.redirect,
		Transport: &http.Transport{
			// No Proxy: it would dial in our place, and nobody would judge where.
			DialContext:            allow.Dial,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    d.limits.together,
			IdleConnTimeout:        time.Minute,
			ForceAttemptHTTP2:      true,
		},
	}
	for _, a := range d.auth {
		if creds.all(a.names) {
			c.auth = a
			return c, nil
		}
	}
	return nil, avow.Errorf(avow.Invalid, "the credentials of system %q are not what %s needs: %s", system, d.name, d.needs())
}

// needs says which credentials open the service, for people.
func (d *description) needs() string {
	ways := make([]string, len(d.auth))
	for i, a := range d.auth {
		ways[i] = strings.Join(a.names, " and ")
	}
	return strings.Join(ways, ", or ")
}

// redirect follows a redirect of a read within the service, and none elsewhere.
func (c *client) redirect(to *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects || via[0].Method != http.MethodGet || to.URL.Scheme != via[0].URL.Scheme || to.URL.Host != via[0].URL.Host {
		return errRedirect
	}
	return nil
}

// call is one request as it is sent.
type call struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte
	rate   *limiter
	gone   []int
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   any // JSON with numbers as they were written; nil when there was none
}

// budget counts the requests of one operation.
type budget struct{ left int }

// send makes one request and tries it again where that may help. All requests of a
// description may be repeated: what they change, they set or take away.
func (c *client) send(ctx context.Context, q *call, b *budget) (*answer, error) {
	renewed := false
	for attempt := 0; ; attempt++ {
		if b.left--; b.left < 0 {
			return nil, &avow.Error{Kind: avow.Unavailable, Err: connect.ErrBudget, Message: fmt.Sprintf(
				"%s needed more than %d requests for one step in system %q; raise `limits: budget` of its description if that is right", c.d.name, c.d.limits.budget, c.system)}
		}
		a, token, err := c.once(ctx, q)
		if err != nil {
			if ctx.Err() != nil {
				return nil, c.ended(ctx)
			}
			var mine *avow.Error
			if errors.As(err, &mine) || attempt >= c.d.limits.retries || hopeless(err) {
				return nil, c.away(err)
			}
			if err := c.pause(ctx, nil, attempt); err != nil {
				return nil, err
			}
			continue
		}
		f := c.judge(q, a)
		switch {
		case f == nil:
			return a, nil
		case f.means == expired && c.auth.kind == "oauth" && !renewed:
			renewed = true
			c.tokens.drop(token)
		case f.means == busy && attempt < c.d.limits.retries:
			if err := c.pause(ctx, a.header, attempt); err != nil {
				return nil, err
			}
		default:
			return a, f
		}
	}
}

func (c *client) pause(ctx context.Context, h http.Header, attempt int) error {
	d, ok := pause(h, attempt)
	if !ok {
		return avow.Errorf(avow.Unavailable, "%s of system %q asks to wait %s", c.d.name, c.system, d)
	}
	if c.wait(ctx, d) != nil {
		return c.ended(ctx)
	}
	return nil
}

func (c *client) ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return avow.Errorf(avow.Unavailable, "%s of system %q took too long", c.d.name, c.system)
	}
	return avow.Errorf(avow.Canceled, "the request to system %q was stopped", c.system)
}

// once makes one attempt. The error says nothing of the address asked, which holds values.
func (c *client) once(ctx context.Context, q *call) (*answer, string, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	token, err := c.token(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, l := range []*limiter{q.rate, c.rate} {
		if err := l.wait(ctx); err != nil {
			return nil, "", err
		}
	}
	req, err := http.NewRequestWithContext(ctx, q.method, q.url.String(), bytes.NewReader(q.body))
	if err != nil {
		return nil, "", avow.Errorf(avow.Invalid, "the request to system %q cannot be written", c.system)
	}
	req.Header = q.header.Clone()
	c.sign(req, token)
	a, err := c.exchange(req)
	return a, token, err
}

// exchange sends a request and reads the answer within the bound of an answer.
func (c *client) exchange(req *http.Request) (*answer, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, c.d.limits.answer+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > c.d.limits.answer {
		return nil, avow.Errorf(avow.Unavailable, "an answer of %s is larger than %d MiB; make its pages smaller, or raise `limits: answer` of its description", c.d.name, c.d.limits.answer>>20)
	}
	a := &answer{status: resp.StatusCode, header: resp.Header}
	if len(bytes.TrimSpace(text)) == 0 {
		return a, nil
	}
	if !utf8.Valid(text) && a.status < 300 {
		return nil, avow.Errorf(avow.Unavailable, "%s of system %q did not answer in UTF-8", c.d.name, c.system)
	}
	if a.body, err = decodeJSON(text); err != nil && a.status < 300 {
		return nil, avow.Errorf(avow.Unavailable, "%s of system %q did not answer with JSON", c.d.name, c.system)
	}
	return a, nil
}

func decodeJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

// hopeless reports what another attempt does not change.
func hopeless(err error) bool {
	var untrusted *tls.CertificateVerificationError
	return errors.Is(err, inside.Err) || errors.Is(err, errRedirect) || errors.As(err, &untrusted)
}

// away turns what went wrong on the way into an error for people.
func (c *client) away(err error) error {
	var mine *avow.Error
	var timeout net.Error
	var op *net.OpError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &mine):
		return err
	case errors.Is(err, inside.Err):
		return avow.Errorf(avow.Invalid, "the address of system %q leads into a private network, which is refused; the operator can allow the host by name", c.system)
	case errors.Is(err, errRedirect):
		return avow.Errorf(avow.Unavailable, "%s of system %q sent the request elsewhere, which is not followed", c.d.name, c.system)
	case errors.As(err, &untrusted):
		return avow.Errorf(avow.Unavailable, "nobody who is trusted here vouches for the certificate of system %q", c.system)
	case errors.As(err, &timeout) && timeout.Timeout():
		return avow.Errorf(avow.Unavailable, "%s of system %q took too long", c.d.name, c.system)
	case errors.As(err, &op):
		return &avow.Error{Kind: avow.Unavailable, Message: c.d.name + " of system " + c.system + " cannot be reached", Err: op}
	}
	return avow.Errorf(avow.Unavailable, "%s of system %q cannot be reached, or broke off", c.d.name, c.system)
}

// close ends what is open.
func (c *client) close() {
	c.tokens.stop()
	c.http.CloseIdleConnections()
}
