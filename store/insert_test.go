package store_test

import (
	"fmt"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// insertThings inserts n rows of one prefix; two calls with the same collide.
func insertThings(tx *store.Tx, prefix string, n int) error {
	var args []any
	for i := range n {
		args = append(args, avow.NewID(tx.Now()), fmt.Sprintf("%s-%04d", prefix, i), i, i%2 == 0, tx.Now())
	}
	return tx.Insert("things", "id, name, amount, done, at", args)
}

func TestInsert(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		total := 0
		for _, n := range []int{0, 1, 3, 63, 64, 65, 200, 1000} {
			if err := db.Write(t.Context(), func(tx *store.Tx) error { return insertThings(tx, fmt.Sprint("n", n), n) }); err != nil {
				t.Fatalf("%d rows: %v", n, err)
			}
			total += n
			if got := names(t, db); len(got) != total {
				t.Fatalf("%d rows, want %d", len(got), total)
			}
		}
		for _, n := range []int{3, 200} { // as INSERT and as COPY
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				if err := insertThings(tx, "again", 1); err != nil {
					return err
				}
				return insertThings(tx, "n1000", n)
			})
			if avow.KindOf(err) != avow.Conflict {
				t.Errorf("%d rows that are there: %v", n, err)
			}
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.Insert("things", "id, name", []any{1, 2, 3}) })
		if avow.KindOf(err) != avow.Internal || err == nil {
			t.Errorf("three values in two columns: %v", err)
		}
		if got := names(t, db); len(got) != total {
			t.Errorf("failed inserts left %d rows", len(got)-total)
		}
		var sum int
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT sum(amount) FROM things WHERE name LIKE 'n200-%' AND done AND at IS NOT NULL").Scan(&sum)
		})
		if err != nil || sum != 9900 {
			t.Errorf("the even amounts are %d, %v", sum, err)
		}
	})
}

// Whose rows are there already fails alone: what its neighbours in the batch inserted stays.
func TestInsertAmongNeighbours(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		ok(t, db.Write(t.Context(), func(tx *store.Tx) error { return insertThings(tx, "there", 20) }))
		for range 2 { // the second batch has savepoints
			begun, release := make(chan struct{}), make(chan struct{})
			first := db.StartWrite(t.Context(), func(*store.Tx) error { close(begun); <-release; return nil })
			<-begun
			waits := map[string]func() error{}
			for _, prefix := range []string{"before", "there", "after"} {
				waits[prefix] = db.StartWrite(t.Context(), func(tx *store.Tx) error {
					if err := insertThings(tx, prefix+" anew", 3); err != nil {
						return err
					}
					return insertThings(tx, prefix, 20)
				})
			}
			close(release)
			ok(t, first())
			for prefix, wait := range waits {
				if err := wait(); (prefix == "there") != (avow.KindOf(err) == avow.Conflict && err != nil) || prefix != "there" && err != nil {
					t.Errorf("%s: %v", prefix, err)
				}
			}
			if got := names(t, db); len(got) != 20+2*23 {
				t.Errorf("%d rows, want %d", len(got), 20+2*23)
			}
			ok(t, db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec("DELETE FROM things WHERE name LIKE 'before%' OR name LIKE 'after%'")
				return err
			}))
		}
	})
}
