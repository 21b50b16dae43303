package ledger_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// BenchmarkAppend is a durable event, sealed under its person's key, acknowledged.
func BenchmarkAppend(b *testing.B) {
	for _, k := range storetest.Kinds(b) {
		for _, flight := range []int{1, 64, 512} {
			b.Run(fmt.Sprintf("%s/%d-in-flight", k.Name, flight), func(b *testing.B) {
				db, l, ann := benchLedger(b, k)
				inFlight(b, flight, func() error {
					return db.Write(b.Context(), func(tx *store.Tx) error {
						_, err := l.Append(tx, ledger.Event{Type: ledger.ConsentGiven, Subject: ann, Policy: "website", Version: 1,
							Body: json.RawMessage(`{"purposes":["newsletter"]}`)})
						return err
					})
				})
			})
		}
	}
}

// inFlight does something from so many places at once, and reports the rate, and
// the processor's time, which neighbours on the machine change less.
func inFlight(b *testing.B, flight int, do func() error) {
	b.Helper()
	var wg sync.WaitGroup
	work := make(chan struct{})
	before := ledger.CPU()
	b.ResetTimer()
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
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((ledger.CPU()-before).Microseconds())/float64(b.N), "cpu-µs/event")
}

func benchLedger(b *testing.B, k storetest.Kind) (*store.DB, *ledger.Ledger, avow.ID) {
	b.Helper()
	dir := b.TempDir()
	db := storetest.OpenConfig(b, k.Config(b))
	v, err := vault.Open(b.Context(), db, vault.Config{OrganisationKey: filepath.Join(dir, "org.key"), Keys: filepath.Join(dir, "keys.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { v.Close() })
	l, err := ledger.Open(b.Context(), db, v, ledger.Config{})
	if err != nil {
		b.Fatal(err)
	}
	var ann avow.ID
	err = db.Write(b.Context(), func(tx *store.Tx) (err error) {
		ann, err = v.Claim(tx, vault.Identity{Kind: vault.Email, Value: "ann@example.com"})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return db, l, ann
}

// BenchmarkAudit is an event of a whole audit: its row, leaf, body and tiles.
func BenchmarkAudit(b *testing.B) {
	const events = 20_000
	for _, k := range storetest.Kinds(b) {
		b.Run(k.Name, func(b *testing.B) {
			db, l, ann := benchLedger(b, k)
			for range events / 1000 {
				err := db.Write(b.Context(), func(tx *store.Tx) error {
					for range 1000 {
						_, err := l.Append(tx, ledger.Event{Type: ledger.ConsentGiven, Subject: ann, Policy: "website", Version: 1,
							Body: json.RawMessage(`{"purposes":["newsletter"]}`)})
						if err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			before := ledger.CPU()
			b.ResetTimer()
			for b.Loop() {
				if a, err := l.Audit(b.Context(), ledger.AuditOptions{}); err != nil || !a.Sound() || a.Opened != events {
					b.Fatal(a, err)
				}
			}
			b.ReportMetric(float64((ledger.CPU()-before).Microseconds())/float64(b.N)/events, "cpu-µs/event")
		})
	}
}
