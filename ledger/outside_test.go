package ledger_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// A log with events whose file outside is missing says so each time it is opened, to look or to work, until somebody has the file
// written anew; what is appended meanwhile does not write it.
func TestMissingOutside(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		dir := t.TempDir()
		file := filepath.Join(dir, "outside", "checkpoint")
		h := buildOutside(t, c, dir)
		missing := func(want int64) {
			t.Helper()
			at, events := h.Ledger.Missing()
			if events != want || (at == file) != (want > 0) {
				t.Errorf("%d events are said to have no checkpoint in %q, want %d", events, at, want)
			}
			if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) != (want > 0) {
				t.Errorf("with %d events without it the file is there or not: %v", want, err)
			}
		}
		again := func(inspect bool) {
			t.Helper()
			if err := h.Ledger.Close(); err != nil {
				t.Fatal(err)
			}
			l, err := ledger.Open(t.Context(), h.db, h.vault, ledger.Config{Outside: file, Inspect: inspect})
			if err != nil {
				t.Fatal(err)
			}
			h.Ledger = l
		}
		if err := h.WriteOutside(); err != nil {
			t.Fatal(err)
		}
		missing(0)
		ann := h.person("ann@example.com")
		h.appendMany(ann, 3)
		again(false)
		missing(0)

		if err := h.Ledger.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		again(true)
		missing(3)
		if a := h.audit(ledger.AuditOptions{}); !a.Sound() || a.Outside != -1 {
			t.Errorf("without the file the audit holds the log to %d: %v", a.Outside, a.Findings)
		}
		again(false)
		h.appendMany(ann, 2)
		if err := h.WriteOutside(); err != nil {
			t.Fatal(err)
		}
		missing(3)
		again(false)
		missing(5)
		if err := h.Renew(); err != nil {
			t.Fatal(err)
		}
		h.append(given(ann))
		again(false)
		missing(0)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := proof.OpenCheckpoint(text, h.Key()); err != nil || kept.Size != 6 {
			t.Errorf("written anew, it is %+v, %v", kept, err)
		}
	})
}
