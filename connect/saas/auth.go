package saas

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/avowhq/avow"
)

// tokens keeps the token of an OAuth service until it expires or is refused.
type tokens struct {
	mu      sync.Mutex
	now     string
	refresh string // the newest refresh token, where the service changes it
	timer   *time.Timer
}

// drop forgets a token that was refused, unless there is another one already.
func (t *tokens) drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now == token {
		t.now = ""
	}
}

func (t *tokens) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
	}
}

// early is how long before its end a token is no longer used.
const early = 60 * time.Second

// keep keeps a token as long as it holds.
func (t *tokens) keep(token string, seconds int64) {
	t.now = token
	if t.timer != nil {
		t.timer.Stop()
	}
	if life := time.Duration(seconds) * time.Second; life > 2*early {
		t.timer = time.AfterFunc(life-early, func() { t.drop(token) })
	}
}

// token is the token of an OAuth service; "" for other ways to sign in.
func (c *client) token(ctx context.Context) (string, error) {
	if c.auth.kind != "oauth" {
		return "", nil
	}
	t := &c.tokens
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now != "" {
		return t.now, nil
	}
	return c.newToken(ctx, t)
}

// newToken asks for a token (rfc:6749#4.4.2, rfc:6749#6).
func (c *client) newToken(ctx context.Context, t *tokens) (string, error) {
	req, err := c.tokenRequest(ctx, t)
	if err != nil {
		return "", err
	}
	a, err := c.exchange(req)
	if err != nil {
		return "", err
	}
	keys, _ := a.body.(map[string]any)
	token, _ := keys["access_token"].(string)
	kind, said := keys["token_type"].(string)
	if a.status/100 == 5 || a.status == http.StatusTooManyRequests {
		return "", avow.Errorf(avow.Unavailable, "%s of system %q gives no token at present (%d)", c.d.name, c.system, a.status)
	}
	if a.status != http.StatusOK || token == "" || strings.ContainsFunc(token, control) || said && !strings.EqualFold(kind, "bearer") {
		return "", avow.Errorf(avow.Forbidden, "%s does not accept the credentials of system %q (%d%s); see that the client and its grant are still there", c.d.name, c.system, a.status, codeText(keys["error"]))
	}
	if next, _ := keys["refresh_token"].(string); next != "" {
		t.refresh = next
	}
	seconds, _ := keys["expires_in"].(json.Number)
	life, _ := seconds.Int64()
	t.keep(token, life)
	return token, nil
}

func (c *client) tokenRequest(ctx context.Context, t *tokens) (*http.Request, error) {
	form := url.Values{"grant_type": {c.auth.grant}}
	if c.auth.grant == "refresh_token" {
		form.Set("refresh_token", c.creds["refresh_token"])
		if t.refresh != "" {
			form.Set("refresh_token", t.refresh)
		}
	}
	if c.auth.scope != "" {
		form.Set("scope", c.auth.scope)
	}
	if !c.auth.basic {
		form.Set("client_id", c.creds["client_id"])
		form.Set("client_secret", c.creds["client_secret"])
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.tokenURL().String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, avow.Errorf(avow.Invalid, "the address for tokens of %s cannot be used", c.d.name)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if c.auth.basic {
		req.SetBasicAuth(url.QueryEscape(c.creds["client_id"]), url.QueryEscape(c.creds["client_secret"]))
	}
	return req, nil
}

// tokenURL is on the service's own host, or on the one that its description names.
func (c *client) tokenURL() *url.URL {
	if strings.HasPrefix(c.auth.token, "/") {
		u := *c.base
		u.Path += c.auth.token
		return &u
	}
	u, err := url.Parse(c.auth.token)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// sign says who is asking.
func (c *client) sign(req *http.Request, token string) {
	switch c.auth.kind {
	case "bearer":
		req.Header.Set("Authorization", "Bearer "+c.creds[c.auth.names[0]])
	case "basic":
		req.SetBasicAuth(c.creds[c.auth.names[0]], c.creds[c.auth.names[1]])
	case "header":
		req.Header.Set(c.auth.header, c.creds[c.auth.names[0]])
	case "oauth":
		req.Header.Set("Authorization", "Bearer "+token)
	}
}
