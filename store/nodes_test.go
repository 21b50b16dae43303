package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

const writersPerNode = 32

// Several nodes with many writers each, all of which take a number from one head at
// the end of their batch, and change rows that others change too: nobody is shown an
// error, no change is lost, no number is given twice or left out, and no node waits
// while the others run.
func TestManyNodes(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		for _, nodes := range []int{2, 4} {
			t.Run(fmt.Sprint(nodes, " nodes"), func(t *testing.T) { manyNodes(t, c, nodes) })
		}
	})
}

func manyNodes(t *testing.T, c store.Config, nodes int) {
	const each = 30
	room := fmt.Sprintf("nodes%d", nodes)
	var dbs []*store.DB
	var stages []*store.Stage[string]
	for range nodes {
		db := storetest.OpenConfig(t, c)
		if err := db.Migrate(t.Context(), room, migrations(fmt.Sprintf(`-- +goose Up
CREATE TABLE %[1]s_head (one {{bigint}} PRIMARY KEY, size {{bigint}} NOT NULL);
CREATE TABLE %[1]s_events (idx {{bigint}} PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE %[1]s_counts (id {{bigint}} PRIMARY KEY, n {{bigint}} NOT NULL);
INSERT INTO %[1]s_head VALUES (1, 0);
INSERT INTO %[1]s_counts VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0);
`, room))); err != nil {
			t.Fatal(err)
		}
		dbs = append(dbs, db)
		stages = append(stages, store.NewStage(db, store.Last, func(tx *store.Tx, names []string) error { return number(tx, room, names) }))
	}
	var wg sync.WaitGroup
	done := make([]atomic.Int64, nodes)
	slowest := atomic.Int64{} // what the slowest had done when the fastest was through
	slowest.Store(-1)
	for g := range nodes * writersPerNode {
		node := g % nodes
		wg.Go(func() {
			for i := range each {
				err := dbs[node].Write(t.Context(), func(tx *store.Tx) error {
					stages[node].Add(tx, fmt.Sprintf("%d-%d", g, i))
					for _, id := range []int{(g + i) % 8, (g * 5) % 8} { // in no order: they meet in deadlocks
						if err := countUp(tx, room, id); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				if done[node].Add(1) == writersPerNode*each {
					slowest.CompareAndSwap(-1, least(done))
				}
			}
		})
	}
	wg.Wait()
	want := nodes * writersPerNode * each
	var size, events, last, sum int
	err := dbs[0].Read(t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(fmt.Sprintf("SELECT (SELECT size FROM %[1]s_head), (SELECT count(idx) FROM %[1]s_events), "+
			"(SELECT max(idx) FROM %[1]s_events), (SELECT sum(n) FROM %[1]s_counts)", room)).Scan(&size, &events, &last, &sum)
	})
	if err != nil || size != want || events != want || last != want-1 || sum != 2*want {
		t.Errorf("size %d, %d events up to %d, %d counted, want %d: %v", size, events, last, sum, want, err)
	}
	if n := slowest.Load(); n < writersPerNode*each/10 {
		t.Errorf("one node had done %d of %d when another was through", n, writersPerNode*each)
	}
}

func least(done []atomic.Int64) int64 {
	n := done[0].Load()
	for i := range done {
		n = min(n, done[i].Load())
	}
	return n
}

// number gives the events of a batch their places, as the ledger does.
func number(tx *store.Tx, room string, names []string) error {
	var size int
	err := tx.QueryRow("UPDATE "+room+"_head SET size = size + ? WHERE one = 1 RETURNING size", len(names)).Scan(&size)
	if err != nil {
		return err
	}
	var args []any
	for i, name := range names {
		args = append(args, size-len(names)+i, name)
	}
	return tx.Insert(room+"_events", "idx, name", args)
}

// countUp reads and writes under a lock: an update lost would be seen.
func countUp(tx *store.Tx, room string, id int) error {
	if err := tx.Lock(room, []byte{byte(id)}); err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow("SELECT n FROM "+room+"_counts WHERE id = ?", id).Scan(&n); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE "+room+"_counts SET n = ? WHERE id = ?", n+1, id)
	return err
}

// A node that met another takes a turn, while no other writes; but it does not wait for one for
// long, as when another has been stopped in the middle of a batch.
func TestTurnThatIsNotToBeHad(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		one, other := storetest.OpenConfig(t, c), storetest.OpenConfig(t, c)
		holds, through := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			err := one.Write(t.Context(), func(tx *store.Tx) error {
				err := tx.Lock("turn", []byte("a thing"))
				close(holds)
				<-through
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-holds
		runs := 0
		err := other.Write(t.Context(), func(tx *store.Tx) error {
			if runs++; runs > 1 {
				return nil
			}
			if _, err := tx.Exec("SET LOCAL lock_timeout = 20"); err != nil {
				return err
			}
			return tx.Lock("turn", []byte("a thing"))
		})
		close(through)
		wg.Wait()
		if err != nil || runs != 2 {
			t.Errorf("%v after %d runs", err, runs)
		}
	})
}

// A transaction that the server ended because its node stood still is run again, and nobody hears of it.
func TestStoodStill(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		db := storetest.OpenConfig(t, c)
		things(t, db)
		runs := 0
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			runs++
			if err := add(tx, "stood still"); err != nil || runs > 1 {
				return err
			}
			if _, err := tx.Exec("SET LOCAL idle_in_transaction_session_timeout = 20"); err != nil {
				return err
			}
			time.Sleep(200 * time.Millisecond)
			return add(tx, "and went on")
		})
		if err != nil || runs != 2 {
			t.Errorf("%v after %d runs", err, runs)
		}
		if got := names(t, db); len(got) != 1 {
			t.Errorf("rows %v", got)
		}
	})
}

// What PostgreSQL says of two transactions that met is tried again inside, and the closure's callers hear nothing.
func TestMeetingsAreTriedAgain(t *testing.T) {
	eachPostgres(t, func(t *testing.T, c store.Config) {
		db := storetest.OpenConfig(t, c)
		things(t, db)
		for _, code := range []string{"40001", "40P01", "55P03"} {
			runs := 0
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				runs++
				if err := add(tx, "met "+code); err != nil || runs > 2 {
					return err
				}
				_, err := tx.Exec("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '" + code + "'; END $$")
				return err
			})
			if err != nil || runs != 3 {
				t.Errorf("%s: %v after %d runs", code, err, runs)
			}
		}
		if got := names(t, db); len(got) != 3 {
			t.Errorf("rows %v", got)
		}
	})
}
