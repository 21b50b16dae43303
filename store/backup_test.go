package store_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// A backup made while others write is one moment: every pair whole, everything
// acknowledged before it there, and everybody went on.
func TestBackup(t *testing.T) {
	db := storetest.Open(t)
	things(t, db)
	fill(t, db, 300)
	before := names(t, db)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var written atomic.Int64
	for g := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				name := fmt.Sprintf("meanwhile-%d-%d", g, i)
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					if err := add(tx, name); err != nil {
						return err
					}
					return add(tx, name+"-twin")
				})
				if err != nil {
					t.Error(err)
				}
				written.Add(1)
			}
		})
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a backup?.db")
	var steps int
	var last [2]int
	during := written.Load()
	err := db.Backup(t.Context(), file, func(done, total int) {
		for written.Load() == during { // somebody writes between two steps
			time.Sleep(time.Millisecond)
		}
		during = written.Load()
		steps++
		last = [2]int{done, total}
	})
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if steps < 2 || last[0] != last[1] || last[1] == 0 {
		t.Errorf("%d steps, the last at %v", steps, last)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info, err)
	}
	if left := entries(t, dir); len(left) != 1 {
		t.Errorf("beside the backup there is %v", left)
	}
	if err := db.Backup(t.Context(), file, nil); avow.KindOf(err) != avow.Conflict {
		t.Errorf("a backup over a backup: %v", err)
	}
	copied := storetest.OpenConfig(t, store.Config{Path: file})
	if err := copied.Check(t.Context()); err != nil {
		t.Error(err)
	}
	got := names(t, copied)
	for _, name := range before {
		if _, ok := slices.BinarySearch(got, name); !ok {
			t.Fatalf("%s is missing", name)
		}
	}
	for _, name := range got {
		if twin := name + "-twin"; strings.HasPrefix(name, "meanwhile") && !strings.HasSuffix(name, "-twin") && !slices.Contains(got, twin) {
			t.Fatalf("half a pair: %s", name)
		}
	}
}

// fill adds rows of some length, so that there is more than one step to a backup.
func fill(t *testing.T, db *store.DB, rows int) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		for i := range rows {
			if err := add(tx, fmt.Sprintf("row %05d %s", i, strings.Repeat("x", 6000))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestBackupFails(t *testing.T) {
	db := storetest.Open(t)
	things(t, db)
	fill(t, db, 300)
	dir := t.TempDir()
	gone, cancel := context.WithCancel(t.Context())
	err := db.Backup(gone, filepath.Join(dir, "given up.db"), func(int, int) { cancel() })
	if avow.KindOf(err) != avow.Canceled {
		t.Errorf("given up: %v", err)
	}
	err = db.Backup(t.Context(), filepath.Join(dir, "nowhere", "b.db"), nil)
	if avow.KindOf(err) != avow.Unavailable || !strings.Contains(avow.MessageOf(err), "the backup") {
		t.Errorf("no directory: %v", err)
	}
	// Somebody takes the name while the backup runs.
	taken := filepath.Join(dir, "taken.db")
	err = db.Backup(t.Context(), taken, func(int, int) { os.WriteFile(taken, []byte("mine"), 0o600) })
	if text, _ := os.ReadFile(taken); avow.KindOf(err) != avow.Conflict || string(text) != "mine" {
		t.Errorf("a name taken meanwhile: %v, %q", err, text)
	}
	if left := entries(t, dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// The command that PostgreSQL's refusal names does what it says, and takes no keys along.
func TestBackupOfPostgreSQL(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		c.DSN = strings.Replace(c.DSN, "avow@", "avow:a-secret@", 1)
		db := storetest.OpenConfig(t, c)
		things(t, db)
		db.Apart("apart")
		if err := db.Migrate(t.Context(), "apart", migrations("-- +goose Up\nCREATE TABLE apart (word TEXT);\nINSERT INTO apart VALUES ('never in a dump');\n")); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, "in every dump") }); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "it's a dump")
		err := db.Backup(t.Context(), file, nil)
		_, command, ok := strings.Cut(avow.MessageOf(err), "Run: ")
		if avow.KindOf(err) != avow.Refused || !ok || strings.Contains(err.Error(), "a-secret") {
			t.Fatalf("got %v", err)
		}
		run := exec.Command("sh", "-c", strings.Replace(command, "--format=custom", "--format=plain", 1))
		run.Env = append(os.Environ(), "PATH="+storetest.PostgresBin(t)+":"+os.Getenv("PATH"))
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
		dump, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(dump), "in every dump") || strings.Contains(string(dump), "never in a dump") {
			t.Errorf("the dump: %v, %d bytes", err, len(dump))
		}
	})
}
