package store_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// A full disk: what does not fit leaves nothing, and later, with room again, all is as before.
func TestDiskFull(t *testing.T) {
	db := storetest.Open(t)
	things(t, db)
	room := func(pages int) {
		t.Helper()
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			var n int
			return tx.QueryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&n)
		}); err != nil {
			t.Fatal(err)
		}
	}
	room(20)
	kept := 0
	var full error
	for i := 0; full == nil && i < 100; i++ {
		full = db.Write(t.Context(), func(tx *store.Tx) error {
			if err := add(tx, fmt.Sprintf("a-%02d", i)); err != nil {
				return err
			}
			return add(tx, fmt.Sprintf("b-%02d", i)+strings.Repeat("x", 5000))
		})
		if full == nil {
			kept += 2
		}
	}
	if avow.KindOf(full) != avow.Unavailable || kept == 0 {
		t.Fatalf("%d rows, then %v", kept, full)
	}
	if got := names(t, db); len(got) != kept {
		t.Errorf("%d rows, %d acknowledged", len(got), kept)
	}
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, fmt.Sprintf("c-%02d", i)+strings.Repeat("x", 9000)) })
			if avow.KindOf(err) != avow.Unavailable {
				t.Errorf("together: %v", err)
			}
		})
	}
	wg.Wait()
	room(1 << 20)
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, "d") }); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if got := names(t, db); len(got) != kept+1 {
		t.Errorf("%d rows, want %d", len(got), kept+1)
	}
}

// A damaged file is said to be one.
func TestDamagedFile(t *testing.T) {
	c := storetest.SQLite(t)
	db, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	things(t, db)
	for i := range 50 {
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, fmt.Sprint(i)+strings.Repeat("y", 500)) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(c.Path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, 20*4096), 2*4096); err != nil {
		t.Fatal(err)
	}
	db = storetest.OpenConfig(t, c)
	err = db.Read(t.Context(), func(tx *store.Tx) error {
		_, err := store.Collect(tx, func(r *store.Rows) (s string, err error) { return s, r.Scan(&s) }, "SELECT name FROM things")
		return err
	})
	if avow.KindOf(err) != avow.Unavailable || !strings.Contains(avow.MessageOf(err), "damaged") {
		t.Errorf("got %v", err)
	}
}

// A connection is cut around the commit: before the server saw it, and after it
// did but before it said so. Either way the row is there once and Write says so.
func TestCommitFails(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		for name, seen := range map[string]bool{"before the server saw it": false, "before the server said so": true} {
			t.Run(name, func(t *testing.T) {
				w := storetest.NewWire(t, c)
				db := storetest.OpenConfig(t, w.Config())
				if err := db.Migrate(t.Context(), "things", migrations(first)); err != nil {
					t.Fatal(err)
				}
				runs := 0
				made := w.CutAt(1, storetest.Cut{Seen: seen, Commits: true})
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					runs++
					return add(tx, name)
				})
				<-made
				if err != nil {
					t.Error(err)
				}
				want := 2
				if seen {
					want = 1
				}
				if runs != want {
					t.Errorf("the closure ran %d times, want %d", runs, want)
				}
				if got := names(t, db); len(got) != 1 || got[0] != name {
					t.Errorf("rows %v", got)
				}
				if err := db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec("DELETE FROM things"); return err }); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// The server ends our connections, as it does when it restarts: nobody hears of it.
func TestConnectionsEnded(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		db, other := storetest.OpenConfig(t, c), storetest.OpenConfig(t, c)
		things(t, db)
		for i := range 5 {
			err := other.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				names(t, db) // on whichever of the connections that are gone
			}
			if err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, fmt.Sprint(i)) }); err != nil {
				t.Error(err)
			}
			names(t, db)
		}
		if got := names(t, db); len(got) != 5 {
			t.Errorf("rows %v", got)
		}
	})
}

// The server goes away and comes back.
func TestServerAway(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		w := storetest.NewWire(t, c)
		db := storetest.OpenConfig(t, w.Config())
		things(t, db)
		w.Away()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, fmt.Sprint(i)) })
				if avow.KindOf(err) != avow.Unavailable {
					t.Errorf("a write while the server is away: %v", err)
				}
			})
		}
		wg.Wait()
		if err := db.Read(t.Context(), func(tx *store.Tx) error { return nil }); avow.KindOf(err) != avow.Unavailable {
			t.Errorf("a read while the server is away: %v", err)
		}
		if err := db.Ping(t.Context()); avow.KindOf(err) != avow.Unavailable {
			t.Errorf("a ping while the server is away: %v", err)
		}
		w.Back()
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, "back") }); err != nil {
			t.Error(err)
		}
		if got := names(t, db); len(got) != 1 {
			t.Errorf("rows %v", got)
		}
	})
}

func eachPostgres(t *testing.T, test func(t *testing.T, c store.Config)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		if c.DSN != "" {
			test(t, c)
		}
	})
}
