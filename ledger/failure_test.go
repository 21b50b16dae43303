package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// try appends some events in one transaction; their receipts are returned when it was acknowledged.
func (h *house) try(subject avow.ID, n int) (receipts []*ledger.Receipt, err error) {
	err = h.db.Write(h.t.Context(), func(tx *store.Tx) error {
		receipts = nil
		for range n {
			r, err := h.Append(tx, given(subject))
			if err != nil {
				return err
			}
			receipts = append(receipts, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return receipts, nil
}

// holds checks everything that must be true of a log: what was acknowledged is in it
// once, at its place and provable, nothing else is, and it has no gap and no damage.
func (h *house) holds(when string, acknowledged []*ledger.Receipt) {
	h.t.Helper()
	if a := h.audit(ledger.AuditOptions{}); !a.Sound() {
		h.t.Fatalf("%s: found %v", when, a.Findings)
	}
	entries := h.all()
	if len(entries) != len(acknowledged) {
		h.t.Fatalf("%s: %d events, %d were acknowledged", when, len(entries), len(acknowledged))
	}
	for i, e := range entries {
		if e.Index != int64(i) || acknowledged[i].Proof.Index != e.Index || acknowledged[i].ID != e.ID {
			h.t.Fatalf("%s: event %d is not the one acknowledged at its place", when, i)
		}
	}
	c := h.checkpoint()
	if c.Size != int64(len(entries)) {
		h.t.Fatalf("%s: the checkpoint is of %d events", when, c.Size)
	}
	for _, r := range acknowledged[max(0, len(acknowledged)-5):] {
		if err := h.prove(r).Verify(h.Key()); err != nil {
			h.t.Fatalf("%s: the receipt of %d: %v", when, r.Proof.Index, err)
		}
	}
	if err := h.WriteOutside(); err != nil {
		h.t.Fatal(err)
	}
	h.outsideNotAhead(when, c)
}

func (h *house) outsideNotAhead(when string, c proof.Checkpoint) {
	h.t.Helper()
	text, err := os.ReadFile(h.outside)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	kept, bad := proof.OpenCheckpoint(text, h.Key())
	if err != nil || bad != nil || kept.Size > c.Size || kept.Size == c.Size && kept.Root != c.Root {
		h.t.Fatalf("%s: outside is %+v, the log %+v: %v %v", when, kept, c, err, bad)
	}
}

// Each statement that the ledger writes with fails, at an event that fills a tile and at
// one that does not; then the same is tried again.
func TestEachWriteFails(t *testing.T) {
	h := buildOutside(t, storetest.SQLite(t), t.TempDir())
	ann := h.person("ann@example.com")
	var kept []*ledger.Receipt
	for round, n := range []int{3, 250, 3, 7, 260} { // crosses the ends of tiles in the second and the last
		for _, on := range []string{"INSERT ON ledger_events", "INSERT ON ledger_tiles", "DELETE ON ledger_tiles", "UPDATE OF size ON ledger_head", "UPDATE OF peaks ON ledger_head"} {
			h.run("CREATE TRIGGER fault BEFORE " + on + " BEGIN SELECT RAISE(ABORT, 'on purpose'); END")
			receipts, err := h.try(ann, n)
			h.run("DROP TRIGGER fault")
			if err == nil {
				kept = append(kept, receipts...) // it has no such statement
			}
			h.holds(fmt.Sprintf("round %d, %s failed", round, on), kept)
		}
		receipts, err := h.try(ann, n)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, receipts...)
		h.holds(fmt.Sprintf("round %d", round), kept)
	}
}

// The disk is full at any point of a transaction; with room again everything goes on.
func TestDiskFull(t *testing.T) {
	h := buildOutside(t, storetest.SQLite(t), t.TempDir())
	ann := h.person("ann@example.com")
	var kept []*ledger.Receipt
	room := func(limit int) (pages int) {
		t.Helper()
		h.write(func(tx *store.Tx) error {
			if err := tx.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
				return err
			}
			var n int
			return tx.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", limit)).Scan(&n)
		})
		return pages
	}
	full := 0
	for more := range 25 {
		room(room(1<<30) + more)
		receipts, err := h.try(ann, 60)
		if err != nil && avow.KindOf(err) != avow.Unavailable {
			t.Fatal(err)
		}
		if err != nil {
			full++
		}
		kept = append(kept, receipts...)
		room(1 << 30)
		h.holds(fmt.Sprintf("with %d pages more", more), kept)
	}
	if full == 0 || len(kept) == 0 {
		t.Errorf("full %d times, %d events kept", full, len(kept))
	}
}

// The machine stops right after a commit that nobody heard of: whoever starts on what is on disk has the
// whole of it, and goes on from there.
func TestStoppedAfterCommit(t *testing.T) {
	dir := t.TempDir()
	c := storetest.SQLite(t)
	h := buildOutside(t, c, dir)
	ann := h.person("ann@example.com")
	var kept []*ledger.Receipt
	for round, n := range []int{1, 1, 253, 1, 1, 300} {
		receipts, err := h.try(ann, n)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, receipts...)
		after := buildOutside(t, store.Config{Path: copied(t, c.Path)}, copiedDir(t, dir))
		after.holds(fmt.Sprintf("round %d", round), kept)
		more, err := after.try(ann, 2)
		if err != nil {
			t.Fatal(err)
		}
		after.holds(fmt.Sprintf("round %d, and on", round), append(kept[:len(kept):len(kept)], more...))
	}
}

// copied copies a database as it is on disk while it is in use, with its journal.
func copied(t *testing.T, file string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "avow.db")
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(file + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+end, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// copiedDir copies the keys, and not what is kept outside.
func copiedDir(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.IsDir() || strings.HasSuffix(f, "-shm") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(f)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// The connection is cut at each message of the transaction, before the server saw it
// and after: whatever Write says is what is in the log.
func TestEachMessageFails(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.DSN == "" {
			return // what fails on SQLite is tested above
		}
		w := storetest.NewWire(t, c)
		h := buildOutside(t, w.Config(), t.TempDir())
		ann := h.person("ann@example.com")
		kept, err := h.try(ann, 253)
		if err != nil {
			t.Fatal(err)
		}
		cuts := 0
		for _, seen := range []bool{false, true} {
			for at := 1; ; at++ {
				w.CutAt(at, storetest.Cut{Seen: seen})
				receipts, err := h.try(ann, 2+at%3*100)
				if err != nil {
					t.Fatalf("cut at message %d, seen by the server: %v: %v", at, seen, err)
				}
				cut := w.Spare()
				kept = append(kept, receipts...)
				h.holds(fmt.Sprintf("cut at message %d, seen by the server: %v", at, seen), kept)
				if !cut {
					break // the transaction has no more messages
				}
				cuts++
			}
		}
		if cuts < 10 {
			t.Errorf("only %d cuts", cuts)
		}
	})
}
