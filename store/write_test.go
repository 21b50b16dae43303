package store_test

import (
	"context"
	"errors"
	"fmt"
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

// Many writers on two nodes, some of whose closures fail or panic: what was
// acknowledged is there once, and nothing else is.
func TestWriteTogether(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		nodes := []*store.DB{storetest.OpenConfig(t, c), storetest.OpenConfig(t, c)}
		things(t, nodes[0])
		var (
			wg        sync.WaitGroup
			mu        sync.Mutex
			want      []string
			committed atomic.Int64
		)
		for g := range 24 {
			wg.Go(func() {
				for i := range 20 {
					name := fmt.Sprintf("g%02d-%02d", g, i)
					err := tryAdd(t.Context(), nodes[g%2], name, i, &committed)
					switch {
					case i%5 == 3 && (err == nil || !strings.Contains(err.Error(), "on purpose")):
						t.Errorf("%s should have failed on purpose: %v", name, err)
					case i%5 != 3 && err != nil:
						t.Errorf("%s: %v", name, err)
					case err == nil:
						mu.Lock()
						want = append(want, name)
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		slices.Sort(want)
		if got := names(t, nodes[1]); !slices.Equal(got, want) {
			t.Errorf("%d rows, want %d", len(got), len(want))
		}
		if int(committed.Load()) != len(want) {
			t.Errorf("%d callbacks for %d rows", committed.Load(), len(want))
		}
	})
}

func tryAdd(ctx context.Context, db *store.DB, name string, i int, committed *atomic.Int64) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	return db.Write(ctx, func(tx *store.Tx) error {
		tx.OnCommit(func() { committed.Add(1) })
		if err := add(tx, name); err != nil {
			return err
		}
		switch {
		case i%10 == 3:
			return errors.New("on purpose")
		case i%10 == 8:
			panic("on purpose")
		}
		return nil
	})
}

// A counter read and written by closures on two nodes loses nothing when the row is locked.
func TestLock(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		nodes := []*store.DB{storetest.OpenConfig(t, c), storetest.OpenConfig(t, c)}
		things(t, nodes[0])
		if err := nodes[0].Write(t.Context(), func(tx *store.Tx) error { return add(tx, "counter") }); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for g := range 10 {
			wg.Go(func() {
				for range 10 {
					if err := nodes[g%2].Write(t.Context(), increment); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int
		err := nodes[0].Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT amount FROM things WHERE name = 'counter'").Scan(&n)
		})
		if err != nil || n != 100 {
			t.Errorf("the counter is %d, %v", n, err)
		}
	})
}

func increment(tx *store.Tx) error {
	if err := tx.Lock("things", []byte("counter")); err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow("SELECT amount FROM things WHERE name = 'counter'").Scan(&n); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE things SET amount = ? WHERE name = 'counter'", n+1)
	return err
}

// Two nodes that lock rows in opposite order meet in a deadlock; neither caller hears of it.
func TestDeadlocksAreNotShown(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		nodes := []*store.DB{storetest.OpenConfig(t, c), storetest.OpenConfig(t, c)}
		things(t, nodes[0])
		err := nodes[0].Write(t.Context(), func(tx *store.Tx) error { return errors.Join(add(tx, "a"), add(tx, "b")) })
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for g, order := range [][]string{{"a", "b"}, {"b", "a"}} {
			wg.Go(func() {
				for range 5 {
					err := nodes[g].Write(t.Context(), func(tx *store.Tx) error {
						for _, name := range order {
							if _, err := tx.Exec("UPDATE things SET amount = amount + 1 WHERE name = ?", name); err != nil {
								return err
							}
							time.Sleep(5 * time.Millisecond)
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
		var n int
		err = nodes[0].Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT sum(amount) FROM things").Scan(&n)
		})
		if err != nil || n != 20 {
			t.Errorf("the sum is %d, %v", n, err)
		}
	})
}

func TestStages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		var order []string
		last := store.NewStage(db, store.Last, func(tx *store.Tx, items []string) error {
			order = append(order, "last")
			for _, name := range items {
				if name == "poison" {
					return avow.Errorf(avow.Refused, "poison")
				}
				if err := add(tx, name); err != nil {
					return err
				}
			}
			return nil
		})
		early := store.NewStage(db, store.Early, func(*store.Tx, []int) error { order = append(order, "early"); return nil })
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			last.Add(tx, "one")
			early.Add(tx, 1)
			if _, ok := last.Pending(tx, func(s string) bool { return s == "one" }); !ok {
				t.Error("what was handed in is not pending")
			}
			return nil
		})
		if err != nil || !slices.Equal(order, []string{"early", "last"}) {
			t.Errorf("%v in order %v", err, order)
		}
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				name := fmt.Sprintf("name %02d", i)
				if i%10 == 0 {
					name = "poison"
				}
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					last.Add(tx, name)
					if i%10 == 1 {
						return avow.Errorf(avow.Refused, "changed its mind")
					}
					return nil
				})
				if refused := i%10 < 2; refused != (avow.KindOf(err) == avow.Refused && err != nil) {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if got := names(t, db); len(got) != 1+24 {
			t.Errorf("%d rows: %v", len(got), got)
		}
	})
}

func TestCanceledBeforeItBegan(t *testing.T) {
	db := storetest.Open(t)
	things(t, db)
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		db.Write(t.Context(), func(tx *store.Tx) error { close(held); <-hold; return nil })
	})
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- db.Write(ctx, func(tx *store.Tx) error { return add(tx, "late") }) }()
	cancel()
	if err := <-result; avow.KindOf(err) != avow.Canceled {
		t.Errorf("got %v", err)
	}
	close(hold)
	wg.Wait()
	if got := names(t, db); len(got) != 0 {
		t.Errorf("a write given up was done: %v", got)
	}
}

// Close finishes what it accepted; every caller gets an answer, and the answers are true.
func TestCloseUnderLoad(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		db, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		things(t, db)
		var wg sync.WaitGroup
		var kept atomic.Int64
		for g := range 16 {
			wg.Go(func() {
				for i := 0; ; i++ {
					err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, fmt.Sprintf("%d-%d", g, i)) })
					if err != nil {
						if avow.KindOf(err) != avow.Unavailable {
							t.Error(err)
						}
						return
					}
					kept.Add(1)
				}
			})
		}
		for kept.Load() < 50 {
			time.Sleep(time.Millisecond)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if got := names(t, storetest.OpenConfig(t, c)); len(got) != int(kept.Load()) {
			t.Errorf("%d rows, %d acknowledged", len(got), kept.Load())
		}
	})
}

func TestSnapshot(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		count := func(tx *store.Tx) (n int, err error) {
			err = tx.QueryRow("SELECT count(id) FROM things").Scan(&n)
			return n, err
		}
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			before, err := count(tx)
			if err != nil {
				return err
			}
			if err := db.Write(t.Context(), func(tx *store.Tx) error { return add(tx, "meanwhile") }); err != nil {
				return err
			}
			after, err := count(tx)
			if before != 0 || after != 0 {
				t.Errorf("the snapshot moved from %d to %d", before, after)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestTxEndsWithItsClosure(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		var kept *store.Tx
		if err := db.Write(t.Context(), func(tx *store.Tx) error { kept = tx; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := add(kept, "too late"); err == nil {
			t.Error("a transaction was used after its end")
		}
	})
}
