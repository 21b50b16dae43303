package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

const origin = "log.harbour.example/avow"

// house is a real ledger, on SQLite.
type house struct {
	*ledger.Ledger
	t     *testing.T
	db    *store.DB
	vault *vault.Vault
	ann   avow.ID
	size  int
}

func build(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, db: storetest.OpenConfig(t, storetest.SQLite(t))}
	dir := t.TempDir()
	var err error
	h.vault, err = vault.Open(t.Context(), h.db, vault.Config{OrganisationKey: filepath.Join(dir, "org.key"), Keys: filepath.Join(dir, "keys.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.vault.Close() })
	if h.Ledger, err = ledger.Open(t.Context(), h.db, h.vault, ledger.Config{Origin: origin, Seed: make([]byte, 32)}); err != nil {
		t.Fatal(err)
	}
	h.write(func(tx *store.Tx) (err error) {
		h.ann, err = h.vault.Claim(tx, vault.Identity{Kind: vault.Email, Value: "ann@example.com"})
		return err
	})
	return h
}

func (h *house) write(f func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Write(h.t.Context(), f); err != nil {
		h.t.Fatal(err)
	}
}

// growTo adds events about Ann until the log has so many; it gives the receipt of the last.
func (h *house) growTo(size int) (last *ledger.Receipt) {
	h.t.Helper()
	for h.size < size {
		n := min(2000, size-h.size)
		h.write(func(tx *store.Tx) (err error) {
			for i := range n {
				body := json.RawMessage(fmt.Sprintf(`{"purpose":"newsletter","n":%d}`, h.size+i))
				if last, err = h.Append(tx, ledger.Event{Type: ledger.ConsentGiven, Subject: h.ann, Policy: "website", Version: 1, Body: body}); err != nil {
					return err
				}
			}
			return nil
		})
		h.size += n
	}
	return last
}

// receipt is the one of an event, with its proof, as it is handed out.
func (h *house) receipt(index int64) (r *ledger.Receipt) {
	h.t.Helper()
	err := h.db.Read(h.t.Context(), func(tx *store.Tx) error {
		page, err := h.Read(tx, index, 1)
		if err != nil || len(page) != 1 {
			return fmt.Errorf("%d events, %v", len(page), err)
		}
		r, err = h.Receipt(tx, page[0])
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// ServeHTTP shows the log as the specification has it.
func (h *house) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := h.file(r.Context(), strings.TrimPrefix(r.URL.Path, "/log/"))
	if err != nil {
		status := http.StatusInternalServerError
		if kind := avow.KindOf(err); kind == avow.NotFound || kind == avow.Invalid {
			status = http.StatusNotFound
		}
		http.Error(w, avow.MessageOf(err), status)
		return
	}
	w.Write(b)
}

func (h *house) file(ctx context.Context, name string) ([]byte, error) {
	if name == "checkpoint" {
		return h.Checkpoint(ctx)
	}
	return h.Tile(ctx, name)
}

// serve shows a log on this machine.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/log/"
}

// spoiled shows a log with one byte of one file changed.
func spoiled(h http.Handler, name string, at int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/log/"+name {
			h.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		b := rec.Body.Bytes()
		b[at] ^= 1
		w.Write(b)
	})
}

const patience = time.Minute // for other people's programs
