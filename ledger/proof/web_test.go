package proof_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger/proof"
)

// served answers with files below /log/.
func served(files map[string][]byte) http.Handler {
	return http.StripPrefix("/log/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Write(text)
	}))
}

func serve(t *testing.T, h http.Handler) proof.Source {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return proof.Source{URL: s.URL + "/log"}
}

func TestWeb(t *testing.T) {
	b := build(t, 3000)
	key := b.signer.Key()
	from := serve(t, served(b.files()))
	o := proof.Options{Key: key, Earlier: b.signed(2000), Receipt: b.receiptText(1500, 1999)}
	wants(t, "whole", verify(t, from, o), proof.Proved, "passed: 3000 entries, each hashed", "passed: every tile", "passed: still has all 2000", "passed: is entry 1500")
	from.URL += "/"
	wants(t, "with a slash", verify(t, from, o), proof.Proved)
	files := clone(b.files())
	files["tile/entries/005"][1000] ^= 1
	wants(t, "an entry changed", verify(t, serve(t, served(files)), o), proof.Broken, fmt.Sprintf("failed: tile/entries/005: entry %d is not what was signed", 5*256+1000/(2+len(b.leaves[0]))))
	files = clone(b.files())
	files["tile/0/003"] = append(files["tile/0/003"], make([]byte, 1<<20)...)
	wants(t, "a tile too long", verify(t, serve(t, served(files)), o), proof.Broken, "failed: tile/0/003: tile/0/003 is longer than 8192 bytes")
	delete(files, "tile/0/003")
	wants(t, "a tile missing", verify(t, serve(t, served(files)), o), proof.Broken, "failed: tile/0/003 is missing")
}

// The public sees hashes; entries are for who has a token.
func TestWebEntriesForAuditors(t *testing.T) {
	b := build(t, 600)
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound} {
		files := b.files()
		var asked atomic.Int32
		from := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/entries/") && r.Header.Get("Authorization") != "Bearer secret" {
				asked.Add(1)
				w.WriteHeader(status)
				return
			}
			served(files).ServeHTTP(w, r)
		}))
		wants(t, "the public", verify(t, from, proof.Options{Key: b.signer.Key()}), proof.Proved, "left: the log shows its entries to auditors", "passed: every tile")
		if asked.Load() > 2 {
			t.Errorf("entries were asked for %d times", asked.Load())
		}
		wants(t, "an auditor", verify(t, from, proof.Options{Key: b.signer.Key(), Token: "secret"}), proof.Proved, "passed: 600 entries")
		files["tile/0/001"] = slices.Clone(files["tile/0/001"])
		files["tile/0/001"][70] ^= 1
		wants(t, "a hash changed", verify(t, from, proof.Options{Key: b.signer.Key()}), proof.Broken, "failed: tile/0/001: the tile tile/0/001 is not what was signed")
		delete(files, "tile/1/000.p/2")
		wants(t, "and no tile above", verify(t, from, proof.Options{Key: b.signer.Key()}), proof.Broken, "failed: tile/1/000.p/2 is missing")
	}
}

func TestWebHostile(t *testing.T) {
	b := build(t, 10)
	elsewhere := serve(t, served(b.files()))
	for _, x := range []struct {
		name string
		h    http.HandlerFunc
		want avow.ErrorKind
	}{
		{"sends elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/checkpoint", http.StatusFound)
		}, avow.Unavailable},
		{"sends elsewhere for good", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusPermanentRedirect)
		}, avow.Unavailable},
		{"never ends", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, avow.TooLarge},
		{"unpacks to much", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 64 {
				z.Write(make([]byte, 1<<20))
			}
			z.Close()
		}, avow.TooLarge},
		{"is a page", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<html>")) }, avow.Invalid},
		{"fails", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }, avow.Unavailable},
		{"is not there", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) }, avow.NotFound},
		{"is shut", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(403) }, avow.Forbidden},
		{"breaks off", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, avow.Unavailable},
		{"lies about its length", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			w.Write([]byte("x"))
		}, avow.Unavailable},
	} {
		if r, err := proof.Verify(t.Context(), serve(t, x.h), proof.Options{Key: b.signer.Key()}); err == nil || avow.KindOf(err) != x.want {
			t.Errorf("%s: %+v, %v", x.name, r, err)
		}
	}
}

// A log that says "too often" once is asked again; one that goes away half-way is no broken log.
func TestWebComesAndGoes(t *testing.T) {
	b := build(t, 600)
	var asked atomic.Int32
	busy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		served(b.files()).ServeHTTP(w, r)
	}))
	wants(t, "busy", verify(t, busy, proof.Options{Key: b.signer.Key()}), proof.Proved)
	gone := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "tile/0/001") {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		served(b.files()).ServeHTTP(w, r)
	}))
	if r, err := proof.Verify(t.Context(), gone, proof.Options{Key: b.signer.Key()}); avow.KindOf(err) != avow.Unavailable || r != nil {
		t.Errorf("%+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := proof.Options{Key: b.signer.Key(), Progress: func(int64, int64) { cancel() }}
	if r, err := proof.Verify(ctx, serve(t, served(b.files())), o); err == nil && r.Verdict() == proof.Proved {
		t.Errorf("given up, and proved: %+v", r)
	}
}

func TestCheckAddress(t *testing.T) {
	for _, good := range []string{"https://log.example", "https://log.example/a/b/", "https://10.0.0.1:8443/x", "http://127.0.0.1:80/x", "http://[::1]:9/", "http://localhost/x"} {
		if _, err := proof.CheckAddress(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "log.example", "http://log.example", "http://10.0.0.1/", "http://127.0.0.1.example.com/", "http://0.0.0.0/", "ftp://log.example/",
		"file:///etc/passwd", "https://", "https:///x", "https://user@log.example/", "https://user:pass@log.example/", "https://log.example/?x=1", "https://log.example/?",
		"https://log.example/#x", "javascript:alert(1)", "https:log.example", "https://log example/", "http://localhost.example/", "https://:443/",
		"https://log.example/" + strings.Repeat("x", 2000)} {
		if _, err := proof.CheckAddress(bad); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
		if _, err := proof.Verify(t.Context(), proof.Source{URL: bad}, proof.Options{}); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%q as a log: %v", bad, err)
		}
	}
}

// Over http nothing but this machine is reached, whatever a name is said to mean.
func TestClientStaysHere(t *testing.T) {
	u, err := proof.CheckAddress("http://localhost/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, there := range []string{"http://192.0.2.1:9/", "http://0.0.0.0:9/", "http://[2001:db8::1]:9/"} {
		resp, err := proof.Client(u).Get(there)
		if err == nil {
			resp.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "for this machine alone") {
			t.Errorf("%s: %v", there, err)
		}
	}
}
