//go:build unix

package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

const benchTables = `-- +goose Up
CREATE TABLE people (id {{blob}} PRIMARY KEY, name TEXT NOT NULL, seen {{bigint}} NOT NULL){{strict}};
CREATE TABLE choices (person {{blob}} NOT NULL, topic TEXT NOT NULL, state {{bigint}} NOT NULL, at {{bigint}} NOT NULL, PRIMARY KEY (person, topic)){{strict}};
CREATE TABLE notes (id {{blob}} PRIMARY KEY, person {{blob}} NOT NULL, sealed {{blob}} NOT NULL, at {{bigint}} NOT NULL){{strict}};
CREATE INDEX notes_person ON notes (person);
`

// BenchmarkWrite is what a duty does: a closure of five small statements, two of
// which look something up, and one row handed to a stage; acknowledged when it is on disk.
func BenchmarkWrite(b *testing.B) {
	for _, k := range storetest.Kinds(b) {
		for _, flight := range []int{1, 64, 512} {
			b.Run(fmt.Sprintf("%s/%d-in-flight", k.Name, flight), func(b *testing.B) {
				db := storetest.OpenConfig(b, k.Config(b))
				if err := db.Migrate(b.Context(), "bench", migrations(benchTables)); err != nil {
					b.Fatal(err)
				}
				people := benchPeople(b, db)
				notes := store.NewStage(db, store.Last, insertNotes)
				var next atomic.Int64
				inFlight(b, flight, func() error {
					return db.Write(b.Context(), func(tx *store.Tx) error {
						return fiveStatements(tx, people[int(next.Add(1))%len(people)], notes)
					})
				})
			})
		}
	}
}

func fiveStatements(tx *store.Tx, person avow.ID, notes *store.Stage[avow.ID]) error {
	var name, topic string
	var state int64
	if err := tx.QueryRow("SELECT name FROM people WHERE id = ?", person).Scan(&name); err != nil {
		return err
	}
	if _, err := tx.Exec("UPDATE people SET seen = ? WHERE id = ?", tx.Now(), person); err != nil {
		return err
	}
	for _, t := range []string{"products", "events"} {
		if _, err := tx.Exec(`INSERT INTO choices (person, topic, state, at) VALUES (?, ?, ?, ?)
			ON CONFLICT (person, topic) DO UPDATE SET state = excluded.state, at = excluded.at`, person, t, 1, tx.Now()); err != nil {
			return err
		}
	}
	notes.Add(tx, person)
	return store.Each(tx, func(r *store.Rows) error { return r.Scan(&topic, &state) },
		"SELECT topic, state FROM choices WHERE person = ?", person)
}

// insertNotes is one statement for many rows, as the ledger's.
func insertNotes(tx *store.Tx, people []avow.ID) error {
	var args []any
	for _, p := range people {
		args = append(args, avow.NewID(tx.Now()), p, make([]byte, 200), tx.Now())
	}
	return tx.Insert("notes", "id, person, sealed, at", args)
}

func benchPeople(b *testing.B, db *store.DB) (people []avow.ID) {
	b.Helper()
	err := db.Write(b.Context(), func(tx *store.Tx) error {
		people = nil
		for range 5000 {
			id := avow.NewID(tx.Now())
			people = append(people, id)
			if _, err := tx.Exec("INSERT INTO people (id, name, seen) VALUES (?, ?, ?)", id, "somebody", tx.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return people
}

// BenchmarkRead is one look-up by key in a transaction of its own.
func BenchmarkRead(b *testing.B) {
	for _, k := range storetest.Kinds(b) {
		for _, flight := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/%d-in-flight", k.Name, flight), func(b *testing.B) {
				db := storetest.OpenConfig(b, k.Config(b))
				if err := db.Migrate(b.Context(), "bench", migrations(benchTables)); err != nil {
					b.Fatal(err)
				}
				people := benchPeople(b, db)
				var next atomic.Int64
				inFlight(b, flight, func() error {
					return db.Read(b.Context(), func(tx *store.Tx) error {
						var name string
						return tx.QueryRow("SELECT name FROM people WHERE id = ?", people[int(next.Add(1))%len(people)]).Scan(&name)
					})
				})
			})
		}
	}
}

// inFlight runs do b.N times, so many at once.
func inFlight(b *testing.B, flight int, do func() error) {
	b.Helper()
	b.ReportAllocs()
	var wg sync.WaitGroup
	work := make(chan struct{})
	b.ResetTimer()
	before := cpuTime(b)
	for range flight {
		wg.Go(func() {
			for range work {
				if err := do(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "closures/s")
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpuTime is what this process has used: it moves less than the clock when other programs run beside it.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
