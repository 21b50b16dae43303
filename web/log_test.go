package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/web"
)

// some is a log with a full tile, a partial one, and two levels.
func some(h *house) *signed {
	list := make([]ledger.Event, 300)
	for i := range list {
		list[i] = ledger.Event{Type: ledger.Collected, Body: fmt.Appendf(nil, `{"n":%d}`, i)}
	}
	h.happen(list...)
	return h.sign()
}

// Whoever fetches the key, the checkpoint and the tiles can build the whole tree from
// its lines, and comes to the root that was signed: of the ledger's own log, and of one that
// other people's arithmetic made.
func TestLogIsWhole(t *testing.T) {
	for name, of := range map[string]func(h *house) web.Log{
		"the ledger's": func(h *house) web.Log { some(h); return h.ledger },
		"another":      func(h *house) web.Log { return some(h) },
	} {
		t.Run(name, func(t *testing.T) {
			isWhole(t, newHouse(t, func(h *house) { h.config.Ledger = of(h) }))
		})
	}
}

func isWhole(t *testing.T, h *house) {
	t.Helper()
	res, key := h.get("/log/key")
	if got := res.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("the key is %s", got)
	}
	res, note := h.get("/log/checkpoint")
	if got := res.Header.Get("Cache-Control"); !strings.Contains(got, "max-age=2") || res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the checkpoint may be kept: %s; read from: %s", got, res.Header.Get("Access-Control-Allow-Origin"))
	}
	checkpoint, err := proof.OpenCheckpoint(note, string(key))
	h.check(err)
	mine := &signed{}
	for ref := range proof.Tiles(checkpoint.Size) {
		res, b := h.get("/log/" + ref.Path())
		want := "max-age=31536000, immutable"
		if ref.Width < proof.Width {
			want = "max-age=60"
		}
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/octet-stream" || !strings.HasSuffix(res.Header.Get("Cache-Control"), want) {
			t.Errorf("%s: %s, %s, %s", ref.Path(), res.Status, res.Header.Get("Content-Type"), res.Header.Get("Cache-Control"))
		}
		if ref.Level == proof.Entries { // these come first
			leaves, err := proof.ParseBundle(b)
			h.check(err)
			for _, leaf := range leaves {
				mine.add(t, leaf)
			}
			continue
		}
		own, err := tlog.ReadTileData(ref.Tile(), mine)
		h.check(err)
		if string(own) != string(b) {
			t.Errorf("%s is not what its lines make", ref.Path())
		}
	}
	root, err := tlog.TreeHash(int64(len(mine.leaves)), mine)
	h.check(err)
	if int64(len(mine.leaves)) != checkpoint.Size || root != checkpoint.Root {
		t.Errorf("%d lines make %v; signed were %d and %v", len(mine.leaves), root, checkpoint.Size, checkpoint.Root)
	}
}

// What is not there is not there, however it is asked for.
func TestLogHasNothingElse(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Ledger = some(h) })
	for _, path := range []string{"tile/0/001.p/200", "tile/0/002", "tile/9/000.p/1", "tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "tile/-1/000",
		"tile/entries/009", "tile/", "tile/8/entries", "tile/0/..%2f..%2fkey", "tile/0/" + strings.Repeat("x001/", 200) + "001", "tile/0/000?x=1", "tile/64/000", "tile/0/%30%30%30%00"} {
		res, b := h.get("/log/" + path)
		if res.StatusCode == http.StatusOK || res.StatusCode >= 500 || len(b) > 200 {
			t.Errorf("%.40s: %s, %.60s", path, res.Status, b)
		}
	}
	none := newHouse(t, func(*house) {})
	if res, _ := none.get("/log/checkpoint"); res.StatusCode != http.StatusNotFound {
		t.Errorf("a server without a log answers %s", res.Status)
	}
}

// Where the organisation has said who may read the lines, others get hashes only, and
// no cache keeps for them what an auditor was given.
func TestEntriesAreForAuditors(t *testing.T) {
	h := newHouse(t, func(h *house) {
		h.config.Ledger = some(h)
		h.config.Auditor = func(r *http.Request) error {
			if r.Header.Get("Authorization") != "Bearer auditor" {
				return avow.Errorf(avow.Unauthorized, "the entries are for auditors")
			}
			return nil
		}
	})
	res, b := h.get("/log/tile/entries/000")
	if res.StatusCode != http.StatusUnauthorized || res.Header.Get("WWW-Authenticate") == "" || string(b) != "The entries are for auditors.\n" {
		t.Errorf("anybody: %s, %q", res.Status, b)
	}
	res, b = h.get("/log/tile/entries/000", "Authorization", "Bearer auditor")
	if leaves, err := proof.ParseBundle(b); res.StatusCode != http.StatusOK || err != nil || len(leaves) != 256 || !strings.HasPrefix(res.Header.Get("Cache-Control"), "private") {
		t.Errorf("an auditor: %s, %v, %s", res.Status, err, res.Header.Get("Cache-Control"))
	}
	if res, _ := h.get("/log/tile/0/000"); res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Cache-Control"), "public") {
		t.Errorf("hashes: %s", res.Status)
	}
}

// One sender who asks without end is stopped, and nobody else is.
func TestLogHasLimits(t *testing.T) {
	h := newHouse(t, func(h *house) { h.config.Ledger = h.sign() })
	last := 0
	for n := 0; n < 5000 && last != http.StatusTooManyRequests; n++ {
		res, _ := h.get("/log/key", "X-Sender", "greedy")
		last = res.StatusCode
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("5,000 requests at one moment: the last got %d", last)
	}
	if res, _ := h.get("/log/key", "X-Sender", "other"); res.StatusCode != http.StatusOK {
		t.Errorf("somebody else gets %s", res.Status)
	}
}
