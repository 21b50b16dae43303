package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

var errOnPurpose = errors.New("on purpose")

// together has four write at once: one whose transaction the others wait for, two that
// share the next, and a neighbour of theirs that fails after a change. It returns what was acknowledged.
func together(t *testing.T, db *store.DB, prefix string) (kept []string) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	write := func(name string, f func(tx *store.Tx) error) {
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			tx.Tell("things")
			if err := add(tx, prefix+name); err != nil {
				return err
			}
			return f(tx)
		})
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			kept = append(kept, prefix+name)
		case !errors.Is(err, errOnPurpose):
			t.Errorf("%s%s: %v", prefix, name, err)
		}
	}
	begun, waiting := make(chan struct{}), make(chan struct{})
	var once sync.Once
	wg.Go(func() {
		write("a", func(*store.Tx) error {
			once.Do(func() { close(begun) })
			<-waiting
			return nil
		})
	})
	<-begun
	for _, name := range []string{"b", "c"} {
		wg.Go(func() { write(name, func(*store.Tx) error { return nil }) })
	}
	wg.Go(func() { write("d", func(*store.Tx) error { return errOnPurpose }) })
	close(waiting)
	wg.Wait()
	slices.Sort(kept)
	return kept
}

// The connection is cut at each message of the transactions of several, before the
// server saw it and after: nobody hears of it, and what was acknowledged is there once.
func TestEachMessageFails(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		w := storetest.NewWire(t, c)
		db := storetest.OpenConfig(t, w.Config())
		things(t, db)
		var kept []string
		cuts := 0
		for at, more := 1, true; more && at < 100; at++ {
			for _, seen := range []bool{false, true} {
				w.CutAt(at, storetest.Cut{Seen: seen})
				some := together(t, db, fmt.Sprintf("%03d-%v-", at, seen))
				if more = w.Spare(); more {
					cuts++
				}
				if len(some) != 3 {
					t.Errorf("message %d, seen: %v: acknowledged %q", at, seen, some)
				}
				kept = append(kept, some...)
			}
		}
		slices.Sort(kept)
		if got := names(t, db); !slices.Equal(got, kept) {
			t.Errorf("%d rows, %d were acknowledged: %q", len(got), len(kept), got)
		}
		if cuts < 12 {
			t.Errorf("only %d cuts", cuts)
		}
	})
}

// A migration is cut at each second of its messages: the next start finds it whole or not at all, and makes it whole.
func TestMigrationFails(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		w := storetest.NewWire(t, c)
		db := storetest.OpenConfig(t, w.Config())
		failed := 0
		for at, more := 1, true; more && at < 100; at += 2 {
			for _, seen := range []bool{false, true} {
				room := fmt.Sprintf("r%d%v", at, seen)
				files := migrations(strings.ReplaceAll(first, "things", room))
				w.CutAt(at, storetest.Cut{Seen: seen})
				err := db.Migrate(t.Context(), room, files)
				more = w.Spare()
				if err != nil {
					failed++
				}
				if err := db.Migrate(t.Context(), room, files); err != nil {
					t.Fatalf("message %d, seen: %v: the next start: %v", at, seen, err)
				}
				if err := db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec("DELETE FROM " + room); return err }); err != nil {
					t.Errorf("message %d, seen: %v: %v", at, seen, err)
				}
			}
		}
		if failed == 0 {
			t.Error("no migration failed: the test sees nothing")
		}
	})
}

// The answer to a commit is lost and the server stays away for longer than it is asked:
// the one case in which the answer is "perhaps". It is run no second time, those who hear
// are told that anything may have happened, and once the server is back it shows.
func TestAnswerFailsToCome(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		direct := storetest.OpenConfig(t, c)
		things(t, direct)
		var wg sync.WaitGroup
		for name, seen := range map[string]bool{"kept": true, "lost": false} {
			w := storetest.NewWire(t, c)
			db := storetest.OpenConfig(t, w.Config())
			heard := &ear{}
			db.Hear("things", heard.hear)
			heard.await(t, nil)
			w.CutAt(1, storetest.Cut{Seen: seen, Stay: true, Commits: true})
			wg.Go(func() {
				runs := 0
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					runs++
					tx.Tell("things")
					return add(tx, name)
				})
				if avow.KindOf(err) != avow.Internal || !strings.Contains(err.Error(), "may or may not have been kept") || runs != 1 {
					t.Errorf("%s: %v after %d runs", name, err, runs)
				}
				heard.await(t, nil)
				w.Back()
				if err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, name+", and on") }); err != nil {
					t.Errorf("%s: and on: %v", name, err)
				}
			})
		}
		wg.Wait()
		if got := names(t, direct); !slices.Equal(got, []string{"kept", "kept, and on", "lost, and on"}) {
			t.Errorf("rows %q", got)
		}
	})
}

// The machine stops right before and right after each commit: of migrations, of a write,
// of several that share one. What was acknowledged by then is there, and it goes on.
func TestMachineFailsAtEveryCommit(t *testing.T) {
	c := storetest.SQLite(t)
	watch := storetest.WatchStops(t, filepath.Dir(c.Path))
	var kept []string
	stops := watch.During(func() {
		db := storetest.OpenConfig(t, c)
		things(t, db)
		for i := range 4 {
			kept = append(kept, together(t, db, fmt.Sprintf("%d-", i))...)
		}
	})
	if len(stops) < 8 {
		t.Errorf("%d stops", len(stops))
	}
	before := -1
	for i, s := range stops {
		db := storetest.OpenConfig(t, store.Config{Path: filepath.Join(s.Dir, "avow.db")})
		things(t, db)
		got := names(t, db)
		if len(got) < before || len(got) > len(kept) || !slices.Equal(got, kept[:len(got)]) {
			t.Errorf("stop %d, %s: %q, after %d", i, s.When, got, before)
		}
		before = len(got)
		if err := db.Check(t.Context()); err != nil {
			t.Errorf("stop %d, %s: %v", i, s.When, err)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, "and on") }); err != nil {
			t.Errorf("stop %d, %s: %v", i, s.When, err)
		}
	}
	if before != len(kept) {
		t.Errorf("the last stop has %d rows, %d were acknowledged", before, len(kept))
	}
}
