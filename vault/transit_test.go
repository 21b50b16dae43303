package vault_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

const transitToken = "s.abcdefghijklmnopqrstuvwx"

// transit is a key management service with the transit API: real keys, real refusals.
type transit struct {
	*httptest.Server
	keys  map[string]cipher.AEAD
	fails atomic.Int64 // a status to answer with instead
	calls atomic.Int64
}

func startTransit(t *testing.T, names ...string) *transit {
	s := &transit{keys: map[string]cipher.AEAD{}}
	for _, name := range names {
		key := make([]byte, 32)
		rand.Read(key)
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		if s.keys[name], err = cipher.NewGCM(block); err != nil {
			t.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/transit/encrypt/{key}", s.serve(func(key cipher.AEAD, in map[string]string) (string, string, bool) {
		plain, err := base64.StdEncoding.DecodeString(in["plaintext"])
		nonce := make([]byte, 12)
		rand.Read(nonce)
		sealed := key.Seal(nonce, nonce, plain, []byte(in["associated_data"]))
		return "ciphertext", "vault:v1:" + base64.StdEncoding.EncodeToString(sealed), err == nil
	}))
	mux.HandleFunc("POST /v1/transit/decrypt/{key}", s.serve(func(key cipher.AEAD, in map[string]string) (string, string, bool) {
		sealed, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(in["ciphertext"], "vault:v1:"))
		if err != nil || len(sealed) < 12 {
			return "", "", false
		}
		plain, err := key.Open(nil, sealed[:12], sealed[12:], []byte(in["associated_data"]))
		return "plaintext", base64.StdEncoding.EncodeToString(plain), err == nil
	}))
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *transit) serve(do func(cipher.AEAD, map[string]string) (string, string, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		var in map[string]string
		key := s.keys[r.PathValue("key")]
		switch {
		case s.fails.Load() == http.StatusOK:
			io.WriteString(w, "<html>a proxy's page</html>")
		case s.fails.Load() != 0:
			w.WriteHeader(int(s.fails.Load()))
		case r.Header.Get("X-Vault-Token") != transitToken:
			w.WriteHeader(http.StatusForbidden)
		case key == nil || json.NewDecoder(r.Body).Decode(&in) != nil:
			w.WriteHeader(http.StatusBadRequest)
		default:
			name, text, ok := do(key, in)
			if !ok {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			json.NewEncoder(w).Encode(map[string]any{"data": map[string]string{name: text}})
		}
	}
}

func (s *transit) uri(key string) string { return "kms-transit:" + s.URL + "/transit/keys/" + key }

// kmsConfig is a house's configuration with the key in a service.
func (h *house) kmsConfig(s *transit) vault.Config {
	c := h.config()
	c.OrganisationKey = s.uri("avow")
	c.KMSTokenFile = filepath.Join(h.dir, "token")
	if err := os.WriteFile(c.KMSTokenFile, []byte(transitToken+"\n"), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return c
}

func buildWithTransit(t *testing.T, c store.Config) (*house, *transit) {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), dir: t.TempDir()}
	c.Clock = func() time.Time { return h.now }
	h.db = storetest.OpenConfig(t, c)
	s := startTransit(t, "avow", "other")
	v, err := vault.Open(t.Context(), h.db, h.kmsConfig(s))
	if err != nil {
		t.Fatal(err)
	}
	h.Vault = v
	t.Cleanup(func() { h.Close() })
	return h, s
}

// The keyset is opened by a service at the start, and by nothing else; it rotates like one in a file.
func TestTransit(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h, s := buildWithTransit(t, c)
		ids := h.people(3)
		calls := s.calls.Load()
		h.claim(email("more@example.com"))
		if s.calls.Load() != calls || calls == 0 {
			t.Errorf("the service was asked %d times, then %d", calls, s.calls.Load())
		}
		reopen := func() {
			t.Helper()
			h.Close()
			v, err := vault.Open(t.Context(), h.db, h.kmsConfig(s))
			if err != nil {
				t.Fatal(err)
			}
			h.Vault = v
			if got := h.names(ids[2]); got != "P2" {
				t.Errorf("%q", got)
			}
		}
		reopen()
		if err := h.Rotate(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		reopen()
		h.now = h.now.Add(time.Hour)
		if n, err := h.DropOldKeys(t.Context(), h.now); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		reopen()
		if h.wrappers() != 1 {
			t.Error("some keys are wrapped by an old one")
		}
	})
}

// What is wrong with the service is said, and nothing is changed or lost by it.
func TestTransitRefuses(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h, s := buildWithTransit(t, c)
		ids := h.people(2)
		h.Close()
		good := h.kmsConfig(s)
		wrong := filepath.Join(h.dir, "wrong")
		if err := os.WriteFile(wrong, []byte("s.wrongwrongwrong"), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, x := range map[string]struct {
			spoil func(c *vault.Config)
			want  avow.ErrorKind
		}{
			"a wrong token":     {func(c *vault.Config) { c.KMSTokenFile = wrong }, avow.Refused},
			"no token":          {func(c *vault.Config) { c.KMSTokenFile = filepath.Join(h.dir, "none") }, avow.Refused},
			"no such key":       {func(c *vault.Config) { c.OrganisationKey = s.uri("nothing") }, avow.Refused},
			"another key":       {func(c *vault.Config) { c.OrganisationKey = s.uri("other") }, avow.Refused},
			"a file instead":    {func(c *vault.Config) { c.OrganisationKey = filepath.Join(h.dir, "x.json") }, avow.Refused},
			"away":              {func(c *vault.Config) { c.OrganisationKey = "kms-transit:http://127.0.0.1:1/transit/keys/avow" }, avow.Unavailable},
			"sealed":            {func(*vault.Config) { s.fails.Store(503) }, avow.Unavailable},
			"refusing":          {func(*vault.Config) { s.fails.Store(403) }, avow.Refused},
			"redirecting":       {func(*vault.Config) { s.fails.Store(307) }, avow.Unavailable},
			"something else":    {func(*vault.Config) { s.fails.Store(200) }, avow.Unavailable},
			"in the clear":      {func(c *vault.Config) { c.OrganisationKey = "kms-transit:http://192.0.2.1/transit/keys/avow" }, avow.Invalid},
			"not a key":         {func(c *vault.Config) { c.OrganisationKey = "kms-transit:" + s.URL + "/transit" }, avow.Invalid},
			"another directory": {func(c *vault.Config) { c.OrganisationKey = "kms-transit:" + s.URL + "/../sys/keys/avow" }, avow.Invalid},
			"another kind":      {func(c *vault.Config) { c.OrganisationKey = "kms-nothing:x" }, avow.Invalid},
		} {
			c := good
			x.spoil(&c)
			v, err := vault.Open(t.Context(), h.db, c)
			s.fails.Store(0)
			if err == nil {
				v.Close()
			}
			if avow.KindOf(err) != x.want {
				t.Errorf("%s: %v, want %v", name, err, x.want)
			}
			if err != nil && (strings.Contains(err.Error(), "s.") && strings.Contains(err.Error(), "wrong"+"wrong") || strings.Contains(err.Error(), transitToken)) {
				t.Errorf("%s: the error tells the token", name)
			}
		}
		v, err := vault.Open(t.Context(), h.db, good)
		if err != nil {
			t.Fatal(err)
		}
		h.Vault = v
		before := h.allWrapped()
		s.fails.Store(503)
		if err := h.Rotate(t.Context(), nil); avow.KindOf(err) != avow.Unavailable {
			t.Errorf("rotating without the service: %v", err)
		}
		after := h.allWrapped()
		for id, w := range before {
			if !bytes.Equal(w, after[id]) {
				t.Error("something was changed")
			}
		}
		if got := h.names(ids[1]); got != "P1" {
			t.Errorf("the service is away, and what was open is not: %q", got)
		}
	})
}

// A new vault without its service is not begun.
func TestTransitAwayAtTheFirstStart(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := &house{t: t, dir: t.TempDir()}
		h.db = storetest.OpenConfig(t, c)
		s := startTransit(t, "avow")
		s.fails.Store(503)
		config := h.kmsConfig(s)
		config.Clock = nil
		for range 2 {
			v, err := vault.Open(t.Context(), h.db, config)
			if avow.KindOf(err) != avow.Unavailable {
				v.Close()
				t.Fatalf("got %v", err)
			}
		}
		s.fails.Store(0)
		v, err := vault.Open(t.Context(), h.db, config)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
	})
}
