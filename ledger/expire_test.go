package ledger_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Exactly what the schedule names ends: other types and later events stay, and doing it again finds nothing.
func TestExpire(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		begin := h.now
		for range 3 {
			for _, what := range []ledger.Type{ledger.Used, ledger.Sent, ledger.ConsentGiven} {
				h.append(ledger.Event{Type: what, Subject: ann, Body: json.RawMessage(`{"a":1}`)})
			}
			h.now = h.now.Add(24 * time.Hour)
		}
		schedule := []ledger.Expiry{{Type: ledger.Used, Before: begin.Add(36 * time.Hour)}, {Type: ledger.Sent, Before: begin.Add(time.Hour)}}
		if n, err := h.Expire(t.Context(), schedule); n != 3 || err != nil {
			t.Fatalf("%d ended, %v", n, err)
		}
		if n, err := h.Expire(t.Context(), schedule); n != 0 || err != nil {
			t.Errorf("again: %d ended, %v", n, err)
		}
		var gone []int64
		for _, e := range h.all() {
			if e.Sealed == nil {
				gone = append(gone, e.Index)
				if _, err := h.open(e); avow.KindOf(err) != avow.NotFound {
					t.Errorf("event %d opens: %v", e.Index, err)
				}
			}
		}
		if len(gone) != 3 || gone[0] != 0 || gone[1] != 1 || gone[2] != 3 {
			t.Errorf("gone are %v", gone)
		}
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() || a.Expired != 3 || a.Size != 10 {
			t.Errorf("%+v", a)
		}
	})
}

func TestExpireRefuses(t *testing.T) {
	each(t, func(h *house) {
		for name, c := range map[string]struct {
			schedule []ledger.Expiry
			want     avow.ErrorKind
		}{
			"nothing":      {nil, avow.Invalid},
			"no type":      {[]ledger.Expiry{{Before: h.now}}, avow.Invalid},
			"no time":      {[]ledger.Expiry{{Type: ledger.Used}}, avow.Invalid},
			"erasures":     {[]ledger.Expiry{{Type: ledger.Erased, Before: h.now}}, avow.Refused},
			"expiries":     {[]ledger.Expiry{{Type: ledger.Used, Before: h.now}, {Type: ledger.Expired, Before: h.now}}, avow.Refused},
			"restorations": {[]ledger.Expiry{{Type: ledger.LogRestored, Before: h.now}}, avow.Refused},
		} {
			if _, err := h.Expire(t.Context(), c.schedule); avow.KindOf(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Many thousands of rows take several transactions, each with its own event.
func TestExpireMany(t *testing.T) {
	each(t, func(h *house) {
		h.write(func(tx *store.Tx) error {
			for i := range 6000 {
				e := ledger.Event{Type: ledger.Used}
				if i >= 5000 {
					e.Type = ledger.Sent
				}
				if _, err := h.Append(tx, e); err != nil {
					return err
				}
			}
			return nil
		})
		h.now = h.now.Add(time.Hour)
		n, err := h.Expire(t.Context(), []ledger.Expiry{{Type: ledger.Used, Before: h.now}, {Type: ledger.Sent, Before: h.now}})
		if n != 6000 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() || a.Expired != 6000 || a.Size != 6002 {
			t.Errorf("%+v", a)
		}
	})
}

// An erasure recorded before erasures named their family covers what is before it, and the audit counts what rests on that.
func TestErasureThatNamesNobody(t *testing.T) {
	each(t, func(h *house) {
		ann, alias := h.person("ann@example.com"), h.person("annie@example.com")
		h.appendMany(ann, 2)
		h.appendMany(alias, 3)
		h.append(ledger.Event{Type: ledger.Erased, Subject: ann, Ours: true, Body: json.RawMessage(`{"values":2}`)})
		for _, who := range []avow.ID{ann, alias} {
			if err := h.vault.Shred(t.Context(), who); err != nil {
				t.Fatal(err)
			}
		}
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() || a.Erased != 5 || a.Unnamed != 3 {
			t.Errorf("%+v", a)
		}
		bob := h.person("bob@example.com")
		h.appendMany(bob, 1)
		if err := h.vault.Shred(t.Context(), bob); err != nil {
			t.Fatal(err)
		}
		if a := h.audit(ledger.AuditOptions{}); len(named(a)) != 1 || named(a)[0] != 6 || !strings.Contains(a.Findings[0].What, "no event says that the person was erased") {
			t.Errorf("a key that just went: %+v", a.Findings)
		}
	})
}

// An erasure that keeps something destroys no key, and covers nothing.
func TestErasureThatKeeps(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		h.appendMany(ann, 2)
		body, err := json.Marshal(ledger.Erasure{Family: []avow.ID{}})
		if err != nil || string(body) != `{"family":[]}` {
			t.Fatalf("%s, %v", body, err)
		}
		h.append(ledger.Event{Type: ledger.Erased, Subject: ann, Ours: true, Body: body})
		if err := h.vault.Shred(t.Context(), ann); err != nil {
			t.Fatal(err)
		}
		if a := h.audit(ledger.AuditOptions{}); len(named(a)) != 2 {
			t.Errorf("%+v", a)
		}
	})
}

// Audits while the log is in use, and while people are erased and bodies end, find nothing that is not there.
func TestAuditOfALogInUse(t *testing.T) {
	each(t, func(h *house) {
		ann := h.person("ann@example.com")
		h.appendMany(ann, 500)
		done := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			defer close(done)
			for i := range 8 {
				who := h.person(string(rune('a'+i)) + "@example.com")
				h.appendMany(who, 40)
				h.erase(who)
				h.append(ledger.Event{Type: ledger.Used, Subject: ann})
				if _, err := h.Expire(t.Context(), []ledger.Expiry{{Type: ledger.Used, Before: h.now.Add(time.Hour)}}); err != nil {
					t.Error(err)
				}
			}
		})
		audits := 0
		for running := true; running; audits++ {
			select {
			case <-done:
				running = false
			default:
			}
			if a := h.audit(ledger.AuditOptions{}); !a.Sound() {
				t.Fatalf("found %v", a.Findings)
			}
		}
		wg.Wait()
		if audits < 2 {
			t.Errorf("%d audits", audits)
		}
	})
}

// The file outside follows the log without being asked, and says why when it cannot.
func TestOutsideFollows(t *testing.T) {
	each(t, func(h *house) {
		dir := t.TempDir()
		file := filepath.Join(dir, "outside", "checkpoint")
		l, err := ledger.Open(t.Context(), h.db, h.vault, ledger.Config{Outside: file})
		if err != nil {
			t.Fatal(err)
		}
		h.Ledger, h.outside = l, file
		h.appendMany(h.person("ann@example.com"), 5)
		for range 100 {
			if size, err := l.Outside(); size == 5 && err == nil {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if size, err := l.Outside(); size != 5 || err != nil {
			t.Errorf("outside is %d, %v", size, err)
		}
		h.outsideNotAhead("followed", h.checkpoint())
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		blocked, err := ledger.Open(t.Context(), h.db, h.vault, ledger.Config{Outside: filepath.Join(file, "under-a-file")})
		if err == nil {
			err = blocked.Close()
		}
		if avow.KindOf(err) != avow.Unavailable {
			t.Errorf("a place where no file can be: %v", err)
		}
	})
}
