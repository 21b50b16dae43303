package store_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// A read whose caller went away is given up, wherever it was: what the driver then
// says of its connection is no outage of the database.
func TestReadGivenUp(t *testing.T) {
	const many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n"
	one := func(tx *store.Tx) error {
		var n int
		return tx.QueryRow("SELECT 1").Scan(&n)
	}
	reads := map[string]func(tx *store.Tx, leave func()) error{
		"before a statement": func(tx *store.Tx, leave func()) error {
			leave()
			return one(tx)
		},
		"amid rows": func(tx *store.Tx, leave func()) error {
			return store.Each(tx, func(r *store.Rows) error { leave(); return nil }, many)
		},
		"after rows that nobody read to the end": func(tx *store.Tx, leave func()) error {
			rows, err := tx.Query(many)
			if err != nil {
				return err
			}
			rows.Next()
			leave()
			runtime.Gosched() // the driver may come first, and leave no error but a dead connection
			rows.Close()
			return one(tx)
		},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for name, read := range reads {
			for range 50 {
				ctx, leave := context.WithCancel(t.Context())
				err := db.Read(ctx, func(tx *store.Tx) error { return read(tx, leave) })
				if leave(); avow.KindOf(err) != avow.Canceled {
					t.Fatalf("%s: %v: %v", name, avow.KindOf(err), err)
				}
			}
		}
		if err := db.Read(t.Context(), one); err != nil {
			t.Errorf("the next reader: %v", err)
		}
	})
}

// What a closure refuses stays refused, though its caller went away meanwhile.
func TestReadRefusedAndGivenUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, leave := context.WithCancel(t.Context())
		err := db.Read(ctx, func(tx *store.Tx) error {
			leave()
			return avow.Errorf(avow.Refused, "no")
		})
		if avow.KindOf(err) != avow.Refused {
			t.Errorf("%v: %v", avow.KindOf(err), err)
		}
	})
}

// A closed database is away. That is no fault of the program.
func TestAfterClose(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		db, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		nothing := func(*store.Tx) error { return nil }
		for name, err := range map[string]error{
			"Read":  db.Read(t.Context(), nothing),
			"Write": db.Write(t.Context(), nothing),
			"Ping":  db.Ping(t.Context()),
		} {
			if avow.KindOf(err) != avow.Unavailable {
				t.Errorf("%s: %v: %v", name, avow.KindOf(err), err)
			}
		}
	})
}
