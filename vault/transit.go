package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/avowhq/avow"
	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	transitScheme = "kms-transit:"
	transitTakes  = 10 * time.Second // one call at most
	transitBytes  = 1 << 20          // of one answer at most
)

// TransitToken is the environment variable that holds the token of a transit service where no file does.
const TransitToken = "AVOW_KMS_TOKEN"

// Transit is a client of key management services that speak the transit API of
// HashiCorp Vault and OpenBao. A key is named
// kms-transit:https://vault.example:8200/transit/keys/avow, where transit is where the
// engine is mounted. Plain http is taken on loopback only.
type Transit struct {
	// TokenFile holds the token, and is read at each call, so that a token can be
	// changed; without one the environment's TransitToken counts.
	TokenFile string
}

// Supported tells whether the URI names a key of such a service.
func (t Transit) Supported(uri string) bool { return strings.HasPrefix(uri, transitScheme) }

// GetAEAD is the key that a URI names. Nothing is asked of the service yet.
func (t Transit) GetAEAD(uri string) (tink.AEAD, error) {
	u, err := url.Parse(strings.TrimPrefix(uri, transitScheme))
	bad := avow.Errorf(avow.Invalid, "write the organisation's key as kms-transit:https://vault.example:8200/transit/keys/avow")
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, bad
	}
	mount, name, ok := strings.Cut(strings.Trim(u.Path, "/"), "/keys/")
	if !ok || mount == "" || name == "" || strings.Contains(name, "/") || path.Clean("/"+mount) != "/"+mount || name == ".." {
		return nil, bad
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && avow.ThisMachine(u.Hostname())) {
		return nil, avow.Errorf(avow.Invalid, "the key management service must be reached by https://; http:// is for loopback")
	}
	return &transitKey{t, u.Scheme + "://" + u.Host + "/v1/" + mount, name, transitClient()}, nil
}

// transitClient follows nothing and asks no proxy: what it carries opens the vault.
func transitClient() *http.Client {
	return &http.Client{
		Timeout:       transitTakes,
		Transport:     &http.Transport{TLSHandshakeTimeout: transitTakes, ResponseHeaderTimeout: transitTakes, MaxIdleConns: 1, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// transitKey is one key in the service, which it never leaves.
type transitKey struct {
	t          Transit
	base, name string
	client     *http.Client
}

type transitText struct {
	Plaintext      string `json:"plaintext,omitempty"`
	Ciphertext     string `json:"ciphertext,omitempty"`
	AssociatedData string `json:"associated_data,omitempty"`
}

func (k *transitKey) Encrypt(plain, context []byte) ([]byte, error) {
	out, err := k.call("encrypt", transitText{Plaintext: base64.StdEncoding.EncodeToString(plain), AssociatedData: base64.StdEncoding.EncodeToString(context)})
	if err == nil && out.Ciphertext == "" {
		err = errTransitAnswer
	}
	return []byte(out.Ciphertext), err
}

func (k *transitKey) Decrypt(sealed, context []byte) ([]byte, error) {
	out, err := k.call("decrypt", transitText{Ciphertext: string(sealed), AssociatedData: base64.StdEncoding.EncodeToString(context)})
	if err != nil {
		return nil, err
	}
	plain, err := base64.StdEncoding.DecodeString(out.Plaintext)
	if err != nil || len(plain) == 0 {
		return nil, errTransitAnswer
	}
	return plain, nil
}

var errTransitAnswer = avow.Errorf(avow.Unavailable, "the key management service gave an answer that is none; is its address right?")

// call asks the service once. No error names the token, or repeats what the service said.
func (k *transitKey) call(do string, in transitText) (out transitText, err error) {
	token, err := k.t.token()
	if err != nil {
		return out, err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	req, err := http.NewRequest(http.MethodPost, k.base+"/"+do+"/"+url.PathEscape(k.name), bytes.NewReader(body))
	if err != nil {
		return out, errTransitAnswer
	}
	req.Header.Set("X-Vault-Token", token)
	req.Header.Set("Content-Type", "application/json")
	res, err := k.client.Do(req)
	if err != nil {
		return out, avow.Errorf(avow.Unavailable, "the key management service cannot be reached: %w", reason(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return out, transitRefusal(res.StatusCode)
	}
	var answer struct {
		Data transitText `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, transitBytes)).Decode(&answer); err != nil {
		return out, errTransitAnswer
	}
	return answer.Data, nil
}

// reason is why a request failed, without its address.
func reason(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func transitRefusal(status int) error {
	switch status {
	case http.StatusForbidden, http.StatusUnauthorized:
		return avow.Errorf(avow.Refused, "the key management service refuses: the token is wrong or has expired, or may not use this key")
	case http.StatusBadRequest, http.StatusNotFound:
		return avow.Errorf(avow.Refused, "the key management service has no such key, or its key is not the one that sealed this vault's keyset")
	}
	return avow.Errorf(avow.Unavailable, "the key management service answers with status %d; it may be sealed or starting", status)
}

func (t Transit) token() (string, error) {
	if t.TokenFile == "" {
		token := strings.TrimSpace(os.Getenv(TransitToken))
		if token == "" {
			return "", avow.Errorf(avow.Refused, "there is no token for the key management service; put it into a file and name that, or set %s", TransitToken)
		}
		return token, nil
	}
	text, err := os.ReadFile(t.TokenFile)
	if err != nil {
		return "", avow.Errorf(avow.Refused, "the token of the key management service cannot be read: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
