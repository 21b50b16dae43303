package saas

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/connect/inside"
)

// credentials are the texts that open a service, by name. They never stand in an error.
type credentials map[string]string

// readCredentials reads a JSON object of texts, or one token, which is called `token`.
func readCredentials(system, secret string) (credentials, error) {
	secret = strings.TrimSpace(secret)
	if secret == "" {
		return nil, avow.Errorf(avow.Invalid, "the credentials of system %q are empty", system)
	}
	out := credentials{}
	if !strings.HasPrefix(secret, "{") {
		out["token"] = secret
	} else {
		d := json.NewDecoder(bytes.NewReader([]byte(secret)))
		if err := d.Decode(&out); err != nil || d.More() {
			return nil, avow.Errorf(avow.Invalid, "the credentials of system %q begin with { and are not a JSON object of texts", system)
		}
	}
	for name, v := range out {
		if len(v) > 16<<10 || strings.ContainsFunc(v, control) {
			return nil, avow.Errorf(avow.Invalid, "the credential %q of system %q is too long or has a control character", clip(name), system)
		}
	}
	return out, nil
}

func (c credentials) get(name string) string { return c[name] }

func (c credentials) all(names []string) bool {
	for _, name := range names {
		if c[name] == "" {
			return false
		}
	}
	return true
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// hostLabels are names of hosts with dots between: nothing in it ends the host.
var hostLabels = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?)*$`)

// base is where the service is: what its description says, with names from the
// credentials, or the credentials' own `address` (a sandbox, a gateway).
func (d *description) base(system string, c credentials, allow *inside.Allowed) (*url.URL, error) {
	text := c["address"]
	if text == "" {
		var out strings.Builder
		for _, p := range d.address.parts {
			out.WriteString(p.literal)
			if p.name == "" {
				continue
			}
			if !hostLabels.MatchString(c[p.name]) {
				return nil, avow.Errorf(avow.Invalid, "the credentials of system %q need %q: a part of the name of the service's host", system, p.name)
			}
			out.WriteString(c[p.name])
		}
		text = out.String()
	}
	return baseURL(system, text, allow)
}

func baseURL(system, text string, allow *inside.Allowed) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, avow.Errorf(avow.Invalid, "the address of system %q cannot be used; write for instance https://crm.example", system)
	case u.Scheme == "http" && !allow.Host(u.Host):
		return nil, avow.Errorf(avow.Invalid, "the address of system %q is without TLS; write https://, or let the operator allow the host", system)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	u.RawPath = ""
	return u, nil
}
