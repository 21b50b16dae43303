package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/examples"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
	"github.com/avowhq/avow/web"
)

var bg = context.Background()

// house is the pages over a real ledger and register, served on this machine.
type house struct {
	t      *testing.T
	db     *store.DB
	ledger *ledger.Ledger
	config web.Config
	base   string
	asked  atomic.Int64 // requests served
	icon   atomic.Bool  // the icon was among them; a browser gets it after everything else

	mu  sync.Mutex
	now time.Time
}

func newHouse(t *testing.T, change func(*house)) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)}
	c := storetest.SQLite(t)
	c.Clock = h.clock
	h.db = storetest.OpenConfig(t, c)
	dir := t.TempDir()
	v, err := vault.Open(bg, h.db, vault.Config{OrganisationKey: filepath.Join(dir, "organisation.key"), Keys: filepath.Join(dir, "keys.db")})
	h.check(err)
	t.Cleanup(func() { v.Close() })
	h.ledger, err = ledger.Open(bg, h.db, v, ledger.Config{})
	h.check(err)
	t.Cleanup(func() { h.check(h.ledger.Close()) })
	reg, err := consent.Open(bg, consent.Config{DB: h.db, Vault: v, Ledger: h.ledger, Base: "https://quay.example"})
	h.check(err)
	src, err := examples.Read("harbour-demo/policy.yaml")
	h.check(err)
	_, err = reg.Publish(bg, "policy.yaml", src)
	h.check(err)
	h.config = web.Config{Consent: reg, PublicURL: "http://quay.example", Start: true, Now: h.clock, Log: slog.New(slog.DiscardHandler),
		Remote: func(r *http.Request) string { return r.Header.Get("X-Sender") }}
	change(h)
	h.serve()
	return h
}

// serve serves the pages under the headers that every answer of the program has.
func (h *house) serve() {
	h.t.Helper()
	pages, err := web.New(h.config)
	h.check(err)
	mux := http.NewServeMux()
	pages.Routes(mux)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		defer h.icon.Store(h.icon.Load() || r.URL.Path == "/assets/icon.svg")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		mux.ServeHTTP(w, r)
	}))
	h.t.Cleanup(server.Close)
	h.base = server.URL
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// happen records events, and gives their receipts.
func (h *house) happen(list ...ledger.Event) (receipts []proof.Receipt) {
	h.t.Helper()
	var made []*ledger.Receipt
	h.check(h.db.Write(bg, func(tx *store.Tx) error {
		made = made[:0]
		for _, e := range list {
			r, err := h.ledger.Append(tx, e)
			if err != nil {
				return err
			}
			made = append(made, r)
		}
		return nil
	}))
	for _, r := range made {
		b, err := json.Marshal(r)
		h.check(err)
		var p proof.Receipt
		h.check(json.Unmarshal(b, &p))
		receipts = append(receipts, p)
	}
	return receipts
}

// get asks for a path as a program does.
func (h *house) get(path string, header ...string) (*http.Response, []byte) {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, h.base+path, nil)
	h.check(err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	h.check(err)
	defer res.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	h.check(err)
	return res, b.Bytes()
}

// signed is a log made of the leaves of a ledger by other people's arithmetic, so that
// the pages are tested against something they have no part in.
type signed struct {
	signer *proof.Signer
	leaves [][]byte
	hashes []tlog.Hash
}

func (s *signed) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = s.hashes[at]
	}
	return out, nil
}

// sign makes the log of all that is in a ledger.
func (h *house) sign() *signed {
	h.t.Helper()
	signer, err := proof.NewSigner("quay.example/log", bytes.Repeat([]byte{7}, 32))
	h.check(err)
	s := &signed{signer: signer}
	h.check(h.db.Read(bg, func(tx *store.Tx) error {
		entries, err := h.ledger.Read(tx, 0, 10_000)
		for _, e := range entries {
			s.add(h.t, e.Leaf.Bytes())
		}
		return err
	}))
	return s
}

func (s *signed) add(t *testing.T, leaf []byte) {
	t.Helper()
	hashes, err := tlog.StoredHashes(int64(len(s.leaves)), leaf, s)
	if err != nil {
		t.Fatal(err)
	}
	s.leaves, s.hashes = append(s.leaves, leaf), append(s.hashes, hashes...)
}

func (s *signed) Key() string { return s.signer.Key() }

func (s *signed) Checkpoint(context.Context) ([]byte, error) {
	size := int64(len(s.leaves))
	root, err := tlog.TreeHash(size, s)
	return s.signer.Sign(proof.Checkpoint{Size: size, Root: root}), err
}

func (s *signed) Tile(_ context.Context, path string) ([]byte, error) {
	ref, err := proof.ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	if !ref.In(int64(len(s.leaves))) {
		return nil, avow.Errorf(avow.NotFound, "the log has no such tile")
	}
	if ref.Level != proof.Entries {
		return tlog.ReadTileData(ref.Tile(), s)
	}
	var bundle []byte
	for _, leaf := range s.leaves[ref.N*proof.Width:][:ref.Width] {
		bundle = proof.AppendEntry(bundle, leaf)
	}
	return bundle, nil
}

// prove puts the proof of its place into a receipt.
func (s *signed) prove(t *testing.T, r proof.Receipt) proof.Receipt {
	t.Helper()
	p, err := tlog.ProveRecord(int64(len(s.leaves)), r.Proof.Index, s)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := s.Checkpoint(bg)
	if err != nil {
		t.Fatal(err)
	}
	r.Proof.Log = string(proof.FormatInclusion(r.Proof.Index, p, checkpoint))
	return r
}
