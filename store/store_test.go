package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

const first = `-- +goose Up
CREATE TABLE things (
	id {{blob}} PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	amount {{bigint}} NOT NULL DEFAULT 0 CHECK (amount >= 0),
	done {{bool}} NOT NULL DEFAULT FALSE,
	at {{bigint}}
){{strict}};
`

func migrations(texts ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i, text := range texts {
		m[fmt.Sprintf("%05d_step.sql", i+1)] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func things(t *testing.T, db *store.DB) {
	t.Helper()
	if err := db.Migrate(t.Context(), "things", migrations(first)); err != nil {
		t.Fatal(err)
	}
}

func add(tx *store.Tx, name string) error {
	_, err := tx.Exec("INSERT INTO things (id, name, at) VALUES (?, ?, ?)", avow.NewID(tx.Now()), name, tx.Now())
	return err
}

func names(t *testing.T, db *store.DB) []string {
	t.Helper()
	var out []string
	err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
		out, err = store.Collect(tx, func(r *store.Rows) (s string, err error) { return s, r.Scan(&s) },
			"SELECT name FROM things ORDER BY name")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		id, at := avow.NewID(time.Now()), time.Date(2026, 11, 22, 1, 2, 3, 456789000, time.UTC)
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("INSERT INTO things (id, name, amount, done, at) VALUES (?, ?, ?, ?, ?)", id, "what? 'yes'", 1<<40, true, at)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var got avow.ID
		var when time.Time
		var amount int64
		var done bool
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT id, amount, done, at FROM things WHERE name LIKE 'what?%' AND id = ? AND done", id).
				Scan(store.IntoID(&got), &amount, &done, store.IntoTime(&when))
		})
		if err != nil || got != id || !when.Equal(at) || amount != 1<<40 || !done {
			t.Errorf("got %v %v %v %v, %v", got, amount, done, when, err)
		}
	})
}

func TestErrorKinds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		for _, c := range []struct {
			name string
			want avow.ErrorKind
			do   func(tx *store.Tx) error
		}{
			{"twice the same", avow.Conflict, func(tx *store.Tx) error { return errors.Join(add(tx, "a"), add(tx, "a")) }},
			{"no row", avow.NotFound, func(tx *store.Tx) error {
				var s string
				return tx.QueryRow("SELECT name FROM things WHERE name = ?", "nobody").Scan(&s)
			}},
			{"bad SQL", avow.Internal, func(tx *store.Tx) error { _, err := tx.Exec("INSERT INTO nowhere VALUES (1)"); return err }},
			{"a rule broken", avow.Internal, func(tx *store.Tx) error {
				_, err := tx.Exec("INSERT INTO things (id, name, amount) VALUES (?, ?, ?)", []byte{1}, "x", -1)
				return err
			}},
			{"an error swallowed", avow.Conflict, func(tx *store.Tx) error { add(tx, "b"); add(tx, "b"); return nil }},
			{"our own error", avow.Refused, func(tx *store.Tx) error { return avow.Errorf(avow.Refused, "no") }},
			{"rows left open", avow.Internal, func(tx *store.Tx) error {
				if err := add(tx, "c"); err != nil {
					return err
				}
				rows, err := tx.Query("SELECT name FROM things")
				if err != nil {
					return err
				}
				defer rows.Close()
				return add(tx, "d")
			}},
			{"a write in a write", avow.Internal, func(tx *store.Tx) error {
				return db.Write(tx.Context(), func(*store.Tx) error { return nil })
			}},
		} {
			err := db.Write(t.Context(), c.do)
			if err == nil || avow.KindOf(err) != c.want {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		if left := names(t, db); len(left) != 0 {
			t.Errorf("failed closures left %v", left)
		}
		if err := db.Read(t.Context(), func(tx *store.Tx) error { return add(tx, "e") }); err == nil {
			t.Error("a Read wrote")
		}
	})
}

// An error's text must not repeat what was being stored.
func TestErrorsHoldNoValue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		for _, query := range []string{
			"INSERT INTO things (id, name) VALUES (?, ?), (?, ?)",
			"INSERT INTO things (id, name, amount) VALUES (?, 'x', ?), (?, 'y', ?)",
		} {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(query, []byte{1}, "ann@example.com", []byte{2}, "ann@example.com")
				return err
			})
			if err == nil || strings.Contains(err.Error(), "ann@") {
				t.Errorf("the error is %v", err)
			}
		}
	})
}

func TestMigrate(t *testing.T) {
	const second = "-- +goose Up\nALTER TABLE things ADD COLUMN note TEXT;\n"
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		db := storetest.OpenConfig(t, c)
		things(t, db)
		things(t, db)
		if err := db.Migrate(t.Context(), "things", migrations(first, second)); err != nil {
			t.Fatal(err)
		}
		err := db.Migrate(t.Context(), "things", migrations(first))
		if avow.KindOf(err) != avow.Refused || !strings.Contains(err.Error(), "version 2") {
			t.Errorf("a newer schema: %v", err)
		}
		other := storetest.OpenConfig(t, c)
		errs := make(chan error)
		for _, db := range []*store.DB{db, other} {
			go func() {
				errs <- db.Migrate(t.Context(), "more", migrations("-- +goose Up\nCREATE TABLE more (id {{bigint}}){{strict}};\n"))
			}()
		}
		if err := errors.Join(<-errs, <-errs); err != nil {
			t.Errorf("two at once: %v", err)
		}
		if err := db.Migrate(t.Context(), "broken", migrations("-- +goose Up\nCREATE TABLE x (id {{bigint}}){{strict}};\nCREATE NONSENSE;\n")); err == nil {
			t.Error("a broken migration passed")
		}
		if err := db.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Query("SELECT id FROM x"); return err }); err == nil {
			t.Error("a broken migration left a table")
		}
	})
}

func TestNowNeverRunsBack(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		clock := time.Date(2026, 1, 2, 0, 0, 0, 123456789, time.UTC)
		c.Clock = func() time.Time { return clock }
		db := storetest.OpenConfig(t, c)
		now := func() (got time.Time) {
			t.Helper()
			if err := db.Write(t.Context(), func(tx *store.Tx) error { got = tx.Now(); return nil }); err != nil {
				t.Fatal(err)
			}
			return got
		}
		start := now()
		if !start.Equal(clock.Truncate(time.Microsecond)) {
			t.Errorf("now is %v", start)
		}
		clock = clock.Add(-time.Hour)
		if got := now(); !got.Equal(start) {
			t.Errorf("after the clock was set back: %v", got)
		}
		floor := start.Add(24 * time.Hour)
		db.Floor(func(*store.Tx) (time.Time, error) { return floor, nil })
		if got := now(); !got.Equal(floor) {
			t.Errorf("below the last event: %v", got)
		}
	})
}

// The clock was set back while the program was away: time goes on from the last event.
func TestNowAfterARestart(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		clock := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
		c.Clock = func() time.Time { return clock }
		start := func() *store.DB {
			db := storetest.OpenConfig(t, c)
			things(t, db)
			db.Floor(func(tx *store.Tx) (last time.Time, err error) {
				return last, tx.QueryRow("SELECT max(at) FROM things").Scan(store.IntoTime(&last))
			})
			return db
		}
		if err := start().Write(t.Context(), func(tx *store.Tx) error { return add(tx, "the last event") }); err != nil {
			t.Fatal(err)
		}
		last := clock
		clock = clock.Add(-48 * time.Hour)
		db := start()
		for range 3 {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				if !tx.Now().Equal(last) {
					t.Errorf("now is %v, the last event was at %v", tx.Now(), last)
				}
				return add(tx, avow.NewID(tx.Now()).String())
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestDatabaseClock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ask := func(run func(context.Context, func(*store.Tx) error) error) {
			t.Helper()
			err := run(t.Context(), func(tx *store.Tx) error {
				first := tx.Now()
				if d := time.Since(first).Abs(); d > time.Minute || tx.Now() != first {
					t.Errorf("now is off by %v", d)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		ask(db.Write)
		ask(db.Read)
	})
}

func TestPaths(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"plain.db", "sub/dir/avow.db", "a b?c#d%20é.db", filepath.Join(t.TempDir(), "x&y=z.db")} {
		db := storetest.OpenConfig(t, store.Config{Path: path})
		things(t, db)
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, "here") }); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: the file is not where it was asked to be: %v", path, err)
		}
	}
}

func TestFilesAreOursAlone(t *testing.T) {
	db := storetest.Open(t)
	things(t, db)
	dir := filepath.Dir(pathOf(t, db))
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 3 {
		t.Fatalf("%v %v", entries, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v", info.Mode())
	}
}

func pathOf(t *testing.T, db *store.DB) (path string) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path)
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestScrub(t *testing.T) {
	db := storetest.Open(t)
	things(t, db)
	const secret = "a-name-that-must-go"
	write := func(f func(tx *store.Tx) error) {
		t.Helper()
		if err := db.Write(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	write(func(tx *store.Tx) error { return add(tx, secret) })
	if !onDisk(t, db, secret) {
		t.Fatal("the test cannot see what is on disk")
	}
	write(func(tx *store.Tx) error { _, err := tx.Exec("DELETE FROM things"); return err })
	if err := db.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if onDisk(t, db, secret) {
		t.Error("a deleted value is still on disk")
	}
}

func onDisk(t *testing.T, db *store.DB, text string) bool {
	t.Helper()
	files, err := filepath.Glob(pathOf(t, db) + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), text) {
			return true
		}
	}
	return false
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("not a database", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config store.Config
		want   avow.ErrorKind
	}{
		"nothing":        {store.Config{}, avow.Invalid},
		"both":           {store.Config{Path: "x", DSN: "y"}, avow.Invalid},
		"not a database": {store.Config{Path: junk}, avow.Unavailable},
		"a directory":    {store.Config{Path: dir}, avow.Unavailable},
		"nobody there":   {store.Config{DSN: "postgres://a:secret@127.0.0.1:1/x?connect_timeout=2"}, avow.Unavailable},
		"bad string":     {store.Config{DSN: "postgres://a:secret@%%/x"}, avow.Invalid},
	} {
		db, err := store.Open(t.Context(), c.config)
		if err == nil {
			db.Close()
		}
		if err == nil || avow.KindOf(err) != c.want || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
