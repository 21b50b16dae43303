package api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/avowhq/avow"
)

// SystemRole is the role of the controller's own systems, bound to no staff role.
const SystemRole = "system"

// AuditorRole is the role of somebody who may read the entries of the log, and nothing else.
const AuditorRole = "auditor"

// Caller is who holds a token: a program of the organisation, or of a recipient.
type Caller struct {
	Name  string   `json:"name"`
	Hash  string   `json:"hash"`  // SHA-256 of the token, in hex; the token itself is kept nowhere
	Roles []string `json:"roles"` // staff roles of the policy it may ask for, or `system`
}

// Keys knows the callers. It is safe for concurrent use; Set replaces all at once.
type Keys struct {
	callers atomic.Pointer[map[[32]byte]Caller]
}

// NewToken makes a token and the caller that goes into the list. The token has 130
// bits of randomness and is shown this once.
func NewToken(name string, roles []string) (string, Caller) {
	token := "avow_" + strings.ToLower(rand.Text())
	hash := sha256.Sum256([]byte(token))
	return token, Caller{Name: name, Hash: hex.EncodeToString(hash[:]), Roles: roles}
}

// ParseCallers reads a list of callers, as a JSON array.
func ParseCallers(b []byte) ([]Caller, error) {
	var list []Caller
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, avow.Errorf(avow.Invalid, "the list of tokens is not readable: %w", err)
	}
	for _, c := range list {
		if h, err := hex.DecodeString(c.Hash); err != nil || len(h) != sha256.Size || c.Name == "" || len(c.Roles) == 0 {
			return nil, avow.Errorf(avow.Invalid, "the list of tokens: the entry %q needs a name, a hash and a role", c.Name)
		}
	}
	return list, nil
}

// Set replaces the callers.
func (k *Keys) Set(list []Caller) {
	m := make(map[[32]byte]Caller, len(list))
	for _, c := range list {
		var h [32]byte
		hex.Decode(h[:], []byte(c.Hash))
		m[h] = c
	}
	k.callers.Store(&m)
}

// caller authenticates a request by its bearer token (rfc:6750#2.1). Looking a
// token up by its hash tells a guesser nothing.
func (k *Keys) caller(r *http.Request) (Caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	known := k.callers.Load()
	if strings.EqualFold(scheme, "bearer") && token != "" && known != nil {
		if c, ok := (*known)[sha256.Sum256([]byte(strings.TrimSpace(token)))]; ok {
			return c, nil
		}
	}
	return Caller{}, avow.Errorf(avow.Unauthorized, "send a token that is known here as `Authorization: Bearer …`; `avow token` makes one")
}

// Auditor says whether a request may read the entries of the log: nil when its token
// holds that role, else Unauthorized or Forbidden. The organisation's own systems have no need of them.
func (k *Keys) Auditor(r *http.Request) error {
	c, err := k.caller(r)
	if err != nil {
		return avow.Errorf(avow.Unauthorized, "the entries of the log are for auditors; send an auditor's token as `Authorization: Bearer …`")
	}
	if !slices.Contains(c.Roles, AuditorRole) {
		return avow.Errorf(avow.Forbidden, "this token is not an auditor's")
	}
	return nil
}

// role is the staff role a question is asked in: the one it names, when the caller
// holds it; else the caller's first.
func (c Caller) role(named string) (string, error) {
	if named == "" {
		return c.Roles[0], nil
	}
	if !slices.Contains(c.Roles, named) {
		return "", &avow.Error{Kind: avow.Forbidden, Field: "context.role", Message: "this token does not hold that role"}
	}
	return named, nil
}
