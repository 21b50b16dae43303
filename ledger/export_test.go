package ledger_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/ledger/proof"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// An export is what the verifier of other people reads, and its lines are the log's.
func TestExport(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := lived(t, c, t.TempDir())
		dir := filepath.Join(t.TempDir(), "a", "log")
		var done, total int64
		if err := h.Export(t.Context(), dir, ledger.ExportOptions{Progress: func(d, n int64) { done, total = d, n }}); err != nil {
			t.Fatal(err)
		}
		size := h.checkpoint().Size
		if done != size || total != size {
			t.Errorf("progress ended at %d of %d", done, total)
		}
		report, err := proof.Verify(t.Context(), proof.Source{Dir: dir}, proof.Options{Key: h.Key()})
		if err != nil || report.Verdict() != proof.Proved {
			t.Errorf("the verifier says %+v, %v", report, err)
		}
		for i, line := range exported(t, dir) {
			if line.Index != int64(i) || line.Document != "" || line.Gone != "" {
				t.Fatalf("line %d: %+v", i, line)
			}
		}
		if err := h.Export(t.Context(), dir, ledger.ExportOptions{}); avow.KindOf(err) != avow.Refused {
			t.Errorf("over what is there: %v", err)
		}
	})
}

// With bodies, each document is the one its commitment commits to, and what is gone is said to be.
func TestExportWithBodies(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := lived(t, c, t.TempDir())
		dir := t.TempDir()
		if err := h.Export(t.Context(), dir, ledger.ExportOptions{Bodies: true}); err != nil {
			t.Fatal(err)
		}
		gone := map[string]int{}
		entries := h.all()
		for i, line := range exported(t, dir) {
			gone[line.Gone]++
			c := proof.Commit(line.Salt, []byte(line.Document))
			if line.Gone == "" && (!bytes.Equal(c[:], line.Commitment) || !bytes.Equal(entries[i].Leaf.Commitment[:], line.Commitment)) {
				t.Errorf("line %d: %+v", i, line)
			}
		}
		if gone["erased"] != 54 || gone["expired"] != 54 {
			t.Errorf("gone: %v", gone)
		}
	})
}

func TestExportOfADamagedLog(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := build(t, c, t.TempDir())
		h.appendMany(h.person("ann@example.com"), 20)
		h.run("DELETE FROM ledger_events WHERE idx = 7")
		dir := t.TempDir()
		if err := h.Export(t.Context(), dir, ledger.ExportOptions{}); avow.KindOf(err) != avow.Conflict {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, "checkpoint")); err == nil {
			t.Error("what was cut short looks whole")
		}
	})
}

func exported(t *testing.T, dir string) (lines []ledger.Exported) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var line ledger.Exported
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}
