package vault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// What was stopped is remembered beside the keys, once each with its latest time.
func TestStops(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		c.Clock = func() time.Time { return now }
		db := storetest.OpenConfig(t, c)
		dir := t.TempDir()
		v, err := vault.Open(t.Context(), db, vault.Config{OrganisationKey: dir + "/org.json", Keys: dir + "/keys.db"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { v.Close() })
		keep := func(from, to int, then error) {
			t.Helper()
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				for i := from; i < to; i++ {
					if err := v.KeepStop(tx, fmt.Appendf(nil, "thing %04d", i), "newsletter"); err != nil {
						return err
					}
				}
				return then
			})
			if !errors.Is(err, then) {
				t.Fatal(err)
			}
		}
		keep(0, 1200, nil)
		if err := db.Write(t.Context(), func(tx *store.Tx) error { return v.KeepStop(tx, []byte("thing 0001"), "other words") }); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
		keep(600, 700, nil)
		keep(650, 660, nil)
		count := func(since time.Time) (n int) {
			t.Helper()
			seen := map[string]bool{}
			err := v.Stops(t.Context(), since, "news", func(page []vault.Stop) error {
				for _, s := range page {
					if seen[string(s.Thing)] || s.What != "newsletter" {
						t.Errorf("%s comes twice, or is %q", s.Thing, s.What)
					}
					seen[string(s.Thing)] = true
				}
				n += len(page)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(time.Time{}); n != 1200 {
			t.Errorf("%d things are remembered, want 1200", n)
		}
		if n := count(now); n != 100 {
			t.Errorf("%d things were stopped in the last hour, want 100", n)
		}
	})
}
