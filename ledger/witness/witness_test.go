package witness_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/ledger/witness"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// house is a ledger on a database.
type house struct {
	*ledger.Ledger
	t   *testing.T
	db  *store.DB
	now time.Time
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(build(t, c, "log.harbour.example/avow")) })
}

func build(t *testing.T, c store.Config, origin string) *house {
	t.Helper()
	h := &house{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	c.Clock = func() time.Time { return h.now }
	h.db = storetest.OpenConfig(t, c)
	dir := t.TempDir()
	v, err := vault.Open(t.Context(), h.db, vault.Config{OrganisationKey: filepath.Join(dir, "org.key"), Keys: filepath.Join(dir, "keys.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	if h.Ledger, err = ledger.Open(t.Context(), h.db, v, ledger.Config{Origin: origin, Seed: make([]byte, 32)}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) grow(n int) {
	h.t.Helper()
	err := h.db.Write(h.t.Context(), func(tx *store.Tx) error {
		for i := range n {
			if _, err := h.Append(tx, ledger.Event{Type: ledger.NoticePublished, Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, i))}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) desk(witnesses ...witness.Witness) *witness.Desk {
	h.t.Helper()
	d, err := witness.Open(h.t.Context(), h.db, h.Ledger, witnesses)
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

func (h *house) checkpoint() []byte {
	h.t.Helper()
	signed, err := h.Checkpoint(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return signed
}

func (h *house) state(d *witness.Desk) []witness.Status {
	h.t.Helper()
	list, err := d.State(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// server is somebody else's witness, made from the specification.
type server struct {
	t    *testing.T
	name string
	key  ed25519.PrivateKey
	logs string // the key of the log it knows

	mu      sync.Mutex
	size    int64
	root    tlog.Hash
	asked   []string // first lines of requests
	instead func(w http.ResponseWriter, r *http.Request) bool
}

func newServer(t *testing.T, name, logKey string) (*server, witness.Witness) {
	t.Helper()
	s := &server{t: t, name: name, logs: logKey, key: ed25519.NewKeyFromSeed(append([]byte(name), make([]byte, 32-len(name))...))}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, witness.Witness{Key: s.vkey(), URL: web.URL + "/w/"}
}

func (s *server) hash() []byte {
	sum := sha256.Sum256(append([]byte(s.name+"\n\x04"), s.key.Public().(ed25519.PublicKey)...))
	return sum[:4]
}

func (s *server) vkey() string {
	return fmt.Sprintf("%s+%x+%s", s.name, s.hash(), base64.StdEncoding.EncodeToString(append([]byte{4}, s.key.Public().(ed25519.PublicKey)...)))
}

// answer has it forget what it was asked, and answer otherwise from now on; nil: as a witness should.
func (s *server) answer(instead func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.instead = nil, instead
}

// times is how often it was asked.
func (s *server) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/w/add-checkpoint" {
		s.t.Errorf("%s %s, %v", r.Method, r.URL, err)
	}
	head, checkpoint, _ := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	s.asked = append(s.asked, lines[0])
	if s.instead != nil && s.instead(w, r) {
		return
	}
	c, err := proof.OpenCheckpoint([]byte(checkpoint), s.logs)
	if err != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if lines[0] != fmt.Sprintf("old %d", s.size) {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", s.size)
		return
	}
	if !s.follows(c, lines[1:]) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	s.size, s.root = c.Size, c.Root
	fmt.Fprintf(w, "— other.example/x AAAAAAAAAAAAAAAAAAAA\n%s", s.line(c, 1_795_000_000))
}

func (s *server) follows(c proof.Checkpoint, lines []string) bool {
	if s.size == 0 {
		return len(lines) == 0
	}
	var p tlog.TreeProof
	for _, line := range lines {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return false
		}
		p = append(p, h)
	}
	return tlog.CheckTree(p, c.Size, c.Root, s.size, s.root) == nil
}

func (s *server) line(c proof.Checkpoint, at uint64) string {
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, c.Text())
	raw := append(binary.BigEndian.AppendUint64(s.hash(), at), ed25519.Sign(s.key, []byte(message))...)
	return fmt.Sprintf("— %s %s\n", s.name, base64.StdEncoding.EncodeToString(raw))
}

func TestPush(t *testing.T) {
	each(t, func(h *house) {
		one, a := newServer(t, "one.example", h.Key())
		two, b := newServer(t, "two.example", h.Key())
		d := h.desk(a, b)
		if err := d.Push(t.Context()); err != nil || len(one.asked) != 0 {
			t.Errorf("a log of nothing was pushed: %v, %q", err, one.asked)
		}
		if witness.Witnessed(h.state(d), h.now, time.Hour) {
			t.Error("a log that nobody signed is witnessed")
		}
		if _, err := d.Last(t.Context()); avow.KindOf(err) != avow.NotFound {
			t.Errorf("the last cosigned checkpoint of none: %v", err)
		}
		for _, n := range []int{1, 299, 0, 700} {
			h.grow(n)
			h.now = h.now.Add(time.Minute)
			if err := d.Push(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"old 0", "old 1", "old 300", "old 300"}; strings.Join(one.asked, ",") != strings.Join(want, ",") {
			t.Errorf("asked %q", one.asked)
		}
		signed, err := d.Cosigned(t.Context(), h.checkpoint())
		if err != nil {
			t.Fatal(err)
		}
		s, err := proof.ReadCheckpoint(signed, h.Key(), one.vkey(), two.vkey())
		if err != nil || len(s.Signatures) != 3 || !s.Signatures[1].Verified || !s.Signatures[2].Verified || s.Checkpoint.Size != 1000 {
			t.Errorf("%+v, %v", s, err)
		}
		if last, err := d.Last(t.Context()); err != nil || !bytes.Equal(last, signed) {
			t.Errorf("the last: %s, %v", last, err)
		}
		for i, st := range h.state(d) {
			if st.Name != []string{"one.example", "two.example"}[i] || st.Size != 1000 || !st.At.Equal(h.now) || st.LastError != "" {
				t.Errorf("%+v", st)
			}
		}
		if list := h.state(d); !witness.Witnessed(list, h.now.Add(time.Hour), time.Hour) || witness.Witnessed(list, h.now.Add(61*time.Minute), time.Hour) {
			t.Error("witnessed too long, or not long enough")
		}
		h.grow(1)
		if bare, err := d.Cosigned(t.Context(), h.checkpoint()); err != nil || !bytes.Equal(bare, h.checkpoint()) {
			t.Errorf("a checkpoint that nobody signed is cosigned: %s, %v", bare, err)
		}
		if last, err := d.Last(t.Context()); err != nil || !bytes.Equal(last, signed) {
			t.Errorf("the last: %s, %v", last, err)
		}
	})
}

// What a witness says it knows counts, not what we remember.
func TestPushToWhoKnowsOtherwise(t *testing.T) {
	each(t, func(h *house) {
		one, a := newServer(t, "one.example", h.Key())
		h.grow(40)
		before := h.desk(a)
		if err := before.Push(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.grow(40)
		one.size, one.root = 0, tlog.Hash{} // it forgot everything
		if err := before.Push(t.Context()); err != nil || one.size != 80 {
			t.Errorf("to one that forgot: %v, %d", err, one.size)
		}
		if err := h.db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec("DELETE FROM ledger_witnesses"); return err }); err != nil {
			t.Fatal(err)
		}
		h.grow(1)
		if err := before.Push(t.Context()); err != nil || one.size != 81 { // we forgot
			t.Errorf("by one that forgot: %v, %d", err, one.size)
		}
	})
}

func TestPushFails(t *testing.T) {
	each(t, func(h *house) {
		h.grow(20)
		good, a := newServer(t, "good.example", h.Key())
		bad, b := newServer(t, "bad.example", h.Key())
		d := h.desk(a, b)
		answer := func(status int, text string) func(http.ResponseWriter, *http.Request) bool {
			return func(w http.ResponseWriter, r *http.Request) bool {
				w.WriteHeader(status)
				io.WriteString(w, text)
				return true
			}
		}
		c, err := proof.OpenCheckpoint(h.checkpoint(), h.Key())
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			t.Error("it was followed elsewhere")
		}))
		defer elsewhere.Close()
		shorter := proof.Checkpoint{Origin: c.Origin, Size: 19, Root: c.Root}
		for name, x := range map[string]struct {
			instead func(http.ResponseWriter, *http.Request) bool
			want    avow.ErrorKind
			says    string
		}{
			"unknown log":     {answer(404, ""), avow.NotFound, "give whoever runs it the log's key"},
			"another key":     {answer(403, ""), avow.Forbidden, "under another key"},
			"no consistency":  {answer(422, ""), avow.Conflict, "does not go on from what it has seen"},
			"busy":            {answer(429, ""), avow.TooMany, "busy"},
			"broken":          {answer(500, "trace"), avow.Unavailable, "status 500"},
			"a longer log":    {answer(409, "21\n"), avow.Conflict, "seen this log with 21 entries, and it has 20"},
			"another history": {answer(409, "0\n"), avow.Conflict, "another history"},
			"no size":         {answer(409, "none"), avow.Unavailable, "does not say which"},
			"a strange size":  {answer(409, "0019\n"), avow.Unavailable, "does not say which"},
			"a negative size": {answer(409, "-1\n"), avow.Unavailable, "does not say which"},
			"no signature":    {answer(200, ""), avow.Invalid, "not a signed checkpoint"},
			"another's":       {answer(200, good.line(c, 1_795_000_000)), avow.Refused, "not signed by bad.example"},
			"of another size": {answer(200, bad.line(shorter, 1_795_000_000)), avow.Refused, "does not fit"},
			"something else":  {answer(200, "<html>"), avow.Invalid, "not a signed checkpoint"},
			"too much":        {answer(200, strings.Repeat(bad.line(c, 1), 1000)), avow.TooLarge, "longer than"},
			"sends elsewhere": {func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
				return true
			}, avow.Unavailable, "status 307"},
			"breaks off": {func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, avow.Unavailable, "does not answer"},
			"a size each time": {func(w http.ResponseWriter, r *http.Request) bool {
				return answer(409, fmt.Sprintf("%d\n", len(bad.asked)))(w, r)
			}, avow.Unavailable, "another size each time"},
		} {
			bad.answer(x.instead)
			err := d.Push(t.Context())
			if err == nil || avow.KindOf(err) != x.want || !strings.Contains(err.Error(), "witness bad.example: ") || !strings.Contains(err.Error(), x.says) {
				t.Errorf("%s: %v", name, err)
			}
			list := h.state(d)
			if list[0].LastError != "" || list[0].Size != 20 {
				t.Errorf("%s: the good one is at %+v", name, list[0])
			}
			if list[1].Size != 0 || !list[1].At.IsZero() || !strings.Contains(list[1].LastError, x.says) {
				t.Errorf("%s: the bad one is at %+v", name, list[1])
			}
			if n := bad.times(); n > 3 {
				t.Errorf("%s: asked %d times", name, n)
			}
		}
		bad.answer(nil)
		if err := d.Push(t.Context()); err != nil || h.state(d)[1].LastError != "" || h.state(d)[1].Size != 20 {
			t.Errorf("after it came back: %v, %+v", err, h.state(d)[1])
		}
		ctx, cancel := context.WithCancel(t.Context())
		bad.instead = func(http.ResponseWriter, *http.Request) bool { cancel(); return false }
		if err := d.Push(ctx); err == nil {
			t.Error("a push that was given up went well")
		}
		if h.state(d)[1].LastError != "" {
			t.Errorf("a push that was given up is held against the witness: %+v", h.state(d)[1])
		}
	})
}

// A log that was rewritten, under the same key and name, gets no signature.
func TestRewrittenIsNotSigned(t *testing.T) {
	each(t, func(h *house) {
		one, a := newServer(t, "one.example", h.Key())
		h.grow(30)
		if err := h.desk(a).Push(t.Context()); err != nil {
			t.Fatal(err)
		}
		forged := build(t, storetest.SQLite(t), "log.harbour.example/avow")
		if forged.Key() != h.Key() {
			t.Fatal("another key")
		}
		forged.grow(29)
		if err := forged.desk(a).Push(t.Context()); avow.KindOf(err) != avow.Conflict || !strings.Contains(err.Error(), "cut short") {
			t.Errorf("a shorter one: %v", err)
		}
		forged.grow(10)
		if err := forged.desk(a).Push(t.Context()); avow.KindOf(err) != avow.Conflict || !strings.Contains(err.Error(), "does not go on") {
			t.Errorf("a longer one: %v", err)
		}
		if one.size != 30 {
			t.Errorf("the witness is at %d", one.size)
		}
	})
}

func TestFewAreKept(t *testing.T) {
	each(t, func(h *house) {
		_, a := newServer(t, "one.example", h.Key())
		d := h.desk(a)
		for range 105 {
			h.grow(1)
			if err := d.Push(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var n, first int64
		err := h.db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT COUNT(*), MIN(size) FROM ledger_cosignatures").Scan(&n, &first)
		})
		if err != nil || n != 100 || first != 6 {
			t.Errorf("%d from %d on, %v", n, first, err)
		}
	})
}

func TestParse(t *testing.T) {
	s := &server{name: "one.example/w", key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	key := s.vkey()
	plain := ed25519Key(s)
	for _, text := range []string{key + "+https://one.example/w", key + " https://one.example/w/", "  " + key + "\thttps://one.example/w\n"} {
		if w, err := witness.Parse(text); err != nil || w.Key != key || w.Name != s.name || w.URL != "https://one.example/w" {
			t.Errorf("%q: %+v, %v", text, w, err)
		}
	}
	if w, err := witness.Parse(plain + "+http://127.0.0.1:8080"); err != nil || w.Name != s.name {
		t.Errorf("a plain Ed25519 key: %+v, %v", w, err)
	}
	for text, field := range map[string]string{
		"": "witness", key: "witness", "https://one.example": "witness key", "x+https://one.example": "witness key", strings.Replace(key, "one", "two", 1) + "+https://one.example": "witness key",
		key + "+http://one.example": "witness address", key + "+ftp://one.example": "witness address", key + "+https://a:b@one.example": "witness address",
		key + "+https://one.example?x": "witness address", key + "+https://": "witness address",
	} {
		_, err := witness.Parse(text)
		var e *avow.Error
		if !as(err, &e) || e.Field != field || e.Kind != avow.Invalid {
			t.Errorf("%q: %v, want an error of %s", text, err, field)
		}
	}
	h := build(t, storetest.SQLite(t), "")
	w, err := witness.Parse(key + "+https://one.example/w")
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string][]witness.Witness{"twice": {w, w}, "another name": {{Name: "x", Key: w.Key, URL: w.URL}}, "no key": {{URL: w.URL}}, "no address": {{Key: w.Key}}} {
		if _, err := witness.Open(t.Context(), h.db, h.Ledger, list); avow.KindOf(err) != avow.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func as(err error, e **avow.Error) bool {
	got, ok := err.(*avow.Error)
	*e = got
	return ok
}

// ed25519Key is the same key written as one that signs notes.
func ed25519Key(s *server) string {
	public := append([]byte{1}, s.key.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(s.name+"\n"), public...))
	return fmt.Sprintf("%s+%x+%s", s.name, sum[:4], base64.StdEncoding.EncodeToString(public))
}

func FuzzParse(f *testing.F) {
	s := &server{name: "one.example/w", key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	f.Add(s.vkey() + "+https://one.example/w")
	f.Add(s.vkey() + " http://localhost:1")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := witness.Parse(text)
		if err != nil {
			return
		}
		if again, err := witness.Parse(w.Key + "+" + w.URL); err != nil || again != w {
			t.Errorf("%q: %+v, %+v, %v", text, w, again, err)
		}
	})
}
