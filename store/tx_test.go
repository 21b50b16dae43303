package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// A closure that leaves rows open, or never looks at what it asked for, holds up nobody.
func TestRowsLeftOpen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		leave := func(tx *store.Tx) error {
			rows, err := tx.Query("SELECT name FROM things")
			if err != nil {
				return err
			}
			rows.Next()
			return nil
		}
		for range 12 { // more than there are connections
			for _, run := range []func(tx *store.Tx) error{leave, func(tx *store.Tx) error { tx.QueryRow("SELECT name FROM things"); return nil }} {
				if err := db.Write(t.Context(), run); err != nil {
					t.Fatal(err)
				}
				if err := db.Read(t.Context(), run); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, name := range []string{"a", "b"} {
			if err := db.Write(t.Context(), func(tx *store.Tx) error { return errors.Join(add(tx, name), leave(tx)) }); err != nil {
				t.Error(err)
			}
		}
		if got := names(t, db); len(got) != 2 {
			t.Errorf("rows %v", got)
		}
	})
}

// A query that breaks off half-way fails its closure, even one that does not ask.
func TestBrokenOffUnseen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if err := add(tx, "before"); err != nil {
				return err
			}
			broken := "SELECT abs(CASE n WHEN 3 THEN -9223372036854775807 - 1 ELSE n END) FROM " +
				"(SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) AS some"
			rows, err := tx.Query(broken)
			if err != nil {
				return nil // SQLite and PostgreSQL see it at different rows
			}
			for rows.Next() {
			}
			return nil
		})
		if err == nil {
			t.Error("a closure with a failed query was kept")
		}
		if got := names(t, db); len(got) != 0 {
			t.Errorf("it left %v", got)
		}
	})
}

// One text in several places at once, and more texts than a connection keeps.
func TestParsedStatements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 300 {
					run := db.Read
					if i%10 == 0 {
						run = db.Write
					}
					err := run(t.Context(), func(tx *store.Tx) error {
						var n, count int
						if err := tx.QueryRow(fmt.Sprintf("SELECT %d FROM (SELECT 1) AS one WHERE 0 < ?", i), 1).Scan(&n); err != nil {
							return err
						}
						if err := tx.QueryRow("SELECT count(name) FROM things WHERE name = ?", fmt.Sprint(g)).Scan(&count); err != nil {
							return err
						}
						if n != i || count != 0 {
							return fmt.Errorf("%d and %d", n, count)
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}

// A program goes on with the tables of a newer one, which only adds; and does not start on them.
func TestNewerSchemaMeanwhile(t *testing.T) {
	const second = "-- +goose Up\nALTER TABLE things ADD COLUMN note TEXT;\nCREATE TABLE others (id {{bigint}}){{strict}};\nCREATE INDEX things_at ON things (at);\n"
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		old := storetest.OpenConfig(t, c)
		things(t, old)
		work := func(name string) {
			t.Helper()
			if err := old.Write(t.Context(), func(tx *store.Tx) error { return add(tx, name) }); err != nil {
				t.Error(err)
			}
			names(t, old)
		}
		work("before")
		newer := storetest.OpenConfig(t, c)
		if err := newer.Migrate(t.Context(), "things", migrations(first, second)); err != nil {
			t.Fatal(err)
		}
		work("after")
		if err := newer.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec("UPDATE things SET note = 'new'")
			return err
		}); err != nil {
			t.Error(err)
		}
		work("later")
		if got := names(t, newer); len(got) != 3 {
			t.Errorf("rows %v", got)
		}
		again := storetest.OpenConfig(t, c)
		if err := again.Migrate(t.Context(), "things", migrations(first)); avow.KindOf(err) != avow.Refused {
			t.Errorf("the old program starts on the newer tables: %v", err)
		}
	})
}
