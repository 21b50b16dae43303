package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// inOneBatch has acts run in one batch: they wait while another write holds the writer.
func inOneBatch(t *testing.T, db *store.DB, acts int, act func(i int) error) []error {
	t.Helper()
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		db.Write(t.Context(), func(*store.Tx) error { held <- struct{}{}; <-hold; return nil })
	})
	<-held
	errs := make([]error, acts)
	var started sync.WaitGroup
	for i := range acts {
		started.Add(1)
		wg.Go(func() { started.Done(); errs[i] = act(i) })
	}
	started.Wait()
	close(hold)
	wg.Wait()
	return errs
}

// What is read ahead is what a closure would read for itself, whatever those before
// it in the batch have changed, and however they end.
func TestAhead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		ok(t, db.Write(t.Context(), func(tx *store.Tx) error {
			for i := range 32 {
				if err := add(tx, thing(i)); err != nil {
					return err
				}
			}
			return nil
		}))
		ahead := store.NewAhead(amounts)
		var found atomic.Int64
		for round := range 12 {
			errs := inOneBatch(t, db, 24, func(i int) error {
				return db.WriteWith(t.Context(), ahead.Need(thing(i)), func(tx *store.Tx) error {
					for _, name := range []string{thing(i), thing((i + 1) % 24)} {
						if n, ok := ahead.Find(tx, name); ok {
							found.Add(1)
							if is, err := amount(tx, name); err != nil || n != is {
								t.Errorf("%s was read ahead as %d and is %d, %v", name, n, is, err)
							}
						}
					}
					if (i+round)%6 > 0 {
						return nil
					}
					if _, err := tx.Exec("UPDATE things SET amount = amount + 1 WHERE name <> ?", thing(i)); err != nil {
						return err
					}
					if (i+round)%12 == 0 {
						return avow.Errorf(avow.Refused, "changed its mind")
					}
					return nil
				})
			})
			for i, err := range errs {
				if want := (i+round)%12 == 0; want != (err != nil) {
					t.Errorf("%d: %v", i, err)
				}
			}
		}
		if found.Load() == 0 {
			t.Error("nothing was ever read ahead")
		}
	})
}

// A panic in what is done for a whole batch ends the closure it is about, and nobody else's: neither the others nor the program.
func TestPanicForMany(t *testing.T) {
	places := map[string]func(db *store.DB) (need func(name string) store.Need, in func(tx *store.Tx, name string)){
		"ahead": func(*store.DB) (func(string) store.Need, func(*store.Tx, string)) {
			ahead := store.NewAhead(func(tx *store.Tx, names []string) (map[string]int, error) {
				if slices.Contains(names, "bad") {
					tx.Query("SELECT name FROM things") // left open
					panic("on purpose")
				}
				return amounts(tx, names)
			})
			return ahead.Need, func(*store.Tx, string) {}
		},
		"together": func(*store.DB) (func(string) store.Need, func(*store.Tx, string)) {
			ahead := store.NewAhead(func(tx *store.Tx, names []string) (found map[string]int, err error) {
				nothing := func(*store.Tx) error { return nil }
				return nil, tx.Together(nothing, func(*store.Tx) error {
					if slices.Contains(names, "bad") {
						panic("on purpose")
					}
					return nil
				})
			})
			return ahead.Need, func(*store.Tx, string) {}
		},
		"stage": func(db *store.DB) (func(string) store.Need, func(*store.Tx, string)) {
			stage := store.NewStage(db, store.Late, func(tx *store.Tx, names []string) error {
				if slices.Contains(names, "bad") {
					tx.Query("SELECT name FROM things")
					panic("on purpose")
				}
				return nil
			})
			return func(string) store.Need { return store.Need{} }, stage.Add
		},
	}
	for place, set := range places {
		t.Run(place, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				things(t, db)
				need, in := set(db)
				list := []string{"one", "bad", "two", "three"}
				said := make([]any, len(list))
				errs := inOneBatch(t, db, len(list), func(i int) error {
					defer func() { said[i] = recover() }()
					return db.WriteWith(t.Context(), need(list[i]), func(tx *store.Tx) error {
						in(tx, list[i])
						return add(tx, list[i])
					})
				})
				if err := errors.Join(errs...); err != nil {
					t.Error(err)
				}
				want := []string{"bad", "one", "three", "two"}
				if place == "stage" { // what is read ahead, a closure that is alone reads for itself
					want = []string{"one", "three", "two"}
					if said[1] == nil || !strings.Contains(fmt.Sprint(said[1]), "TestPanicForMany") {
						t.Errorf("the caller was told %v", said[1])
					}
				}
				if got := names(t, db); !slices.Equal(got, want) {
					t.Errorf("there are %q, want %q", got, want)
				}
			})
		})
	}
}

// Nothing is among no items.
func TestAmongNone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		ok(t, db.Write(t.Context(), func(tx *store.Tx) error {
			if err := add(tx, "one"); err != nil {
				return err
			}
			found, err := amounts(tx, nil)
			if len(found) > 0 {
				t.Errorf("found %v", found)
			}
			return err
		}))
	})
}

func thing(i int) string { return fmt.Sprintf("thing %02d", i) }

func amount(tx *store.Tx, name string) (n int, err error) {
	return n, tx.QueryRow("SELECT amount FROM things WHERE name = ?", name).Scan(&n)
}

func amounts(tx *store.Tx, names []string) (map[string]int, error) {
	marks, args := store.Among(names)
	found := map[string]int{}
	return found, store.Each(tx, func(r *store.Rows) error {
		var name string
		var n int
		err := r.Scan(&name, &n)
		found[name] = n
		return err
	}, "SELECT name, amount FROM things WHERE name IN ("+marks+")", args...)
}

// What is written behind is there for whoever flushes, counts only where its closure succeeded, and is written once.
func TestBehind(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		behind := store.NewBehind(db, func(tx *store.Tx, list []string) error {
			for _, name := range list {
				if err := add(tx, name); err != nil {
					return err
				}
			}
			return nil
		})
		var want []string
		for round := range 12 {
			errs := inOneBatch(t, db, 24, func(i int) error {
				name := fmt.Sprintf("%02d-%02d", round, i)
				return db.Write(t.Context(), func(tx *store.Tx) error {
					behind.Add(tx, name)
					if p, ok := behind.Pending(tx, func(s string) bool { return s == name }); !ok || p != name {
						t.Error("what was handed in is not pending")
					}
					if (i+round)%4 == 0 {
						if err := behind.Flush(tx); err != nil {
							return err
						}
						if _, err := amount(tx, name); err != nil {
							t.Errorf("%s was flushed: %v", name, err)
						}
					}
					if (i*round)%5 == 1 {
						return errors.New("on purpose")
					}
					return nil
				})
			})
			for i, err := range errs {
				if (err != nil) != ((i*round)%5 == 1) {
					t.Errorf("%d: %v", i, err)
				}
				if err == nil {
					want = append(want, fmt.Sprintf("%02d-%02d", round, i))
				}
			}
		}
		slices.Sort(want)
		if got := names(t, db); !slices.Equal(got, want) {
			t.Errorf("%d rows, want %d", len(got), len(want))
		}
	})
}

// Of what is written behind, what cannot be written fails its own closure only.
func TestBehindFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		things(t, db)
		behind := store.NewBehind(db, func(tx *store.Tx, list []string) error {
			if slices.Contains(list, "poison") {
				return avow.Errorf(avow.Refused, "poison")
			}
			var rows []any
			for i, name := range list {
				rows = append(rows, avow.ID{15: byte(i%2 + 1)}, name, tx.Now()) // of every two, the second is there already
			}
			return tx.Upsert("things", "id, name, at", "ON CONFLICT DO NOTHING", rows)
		})
		errs := inOneBatch(t, db, 12, func(i int) error {
			return db.Write(t.Context(), func(tx *store.Tx) error {
				name := thing(i)
				if i == 5 {
					name = "poison"
				}
				behind.Add(tx, name)
				return nil
			})
		})
		for i, err := range errs {
			if (err != nil) != (i == 5) {
				t.Errorf("%d: %v", i, err)
			}
		}
		if got := names(t, db); len(got) == 0 || len(got) > 2 {
			t.Errorf("%d rows", len(got))
		}
	})
}

// LockAll excludes Lock, whichever way round, and takes its locks in an order that meets no deadlock.
func TestLockAll(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		nodes := []*store.DB{storetest.OpenConfig(t, c), storetest.OpenConfig(t, c)}
		things(t, nodes[0])
		ok(t, nodes[0].Write(t.Context(), func(tx *store.Tx) error { return errors.Join(add(tx, "a"), add(tx, "b")) }))
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for range 10 {
					err := nodes[g%2].Write(t.Context(), func(tx *store.Tx) error {
						locks := [][]byte{[]byte("a"), []byte("b"), []byte("a")}
						if g >= 4 {
							slices.Reverse(locks[:2])
						}
						if err := tx.LockAll("things", locks); err != nil {
							return err
						}
						n, err := amount(tx, "a")
						if err != nil {
							return err
						}
						_, err = tx.Exec("UPDATE things SET amount = ? WHERE name = 'a'", n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		err := nodes[0].Read(t.Context(), func(tx *store.Tx) error {
			if n, err := amount(tx, "a"); err != nil || n != 80 {
				t.Errorf("the counter is %d, %v", n, err)
			}
			return nil
		})
		ok(t, err)
	})
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
