package store_test

import (
	"errors"
	"testing"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// Two readings see one state: what was committed before the transaction, and what it has changed itself. Open
// reads do not keep them waiting, and the failure of either is the transaction's.
func TestTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		var one, other int
		count := func(n *int) func(*store.Tx) error {
			return func(tx *store.Tx) error { return tx.QueryRow("SELECT count(*) FROM things").Scan(n) }
		}
		both := func(tx *store.Tx, want int) {
			t.Helper()
			if err := tx.Together(count(&one), count(&other)); err != nil || one != want || other != want {
				t.Errorf("%d and %d, want %d; %v", one, other, want, err)
			}
		}
		for n := range 20 {
			ok(t, db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, thing(2*n)) }))
			ok(t, db.Read(t.Context(), func(reading *store.Tx) error {
				return db.Write(t.Context(), func(tx *store.Tx) error {
					both(tx, 2*n+1)
					if err := add(tx, thing(2*n+1)); err != nil {
						return err
					}
					both(tx, 2*n+2)
					return nil
				})
			}))
			ok(t, db.Read(t.Context(), func(tx *store.Tx) error { both(tx, 2*n+2); return nil }))
		}
		fault := errors.New("a fault")
		fails, passes := func(*store.Tx) error { return fault }, func(*store.Tx) error { return nil }
		for _, pair := range [][2]func(*store.Tx) error{{fails, passes}, {passes, fails}} {
			err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.Together(pair[0], pair[1]) })
			if !errors.Is(err, fault) {
				t.Errorf("the failure is %v", err)
			}
		}
	})
}
