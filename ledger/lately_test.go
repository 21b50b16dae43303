package ledger_test

import (
	"slices"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
)

// Who follows the log is told the same whether events are remembered or read, and whoever appended them.
func TestLately(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		dir := t.TempDir()
		one, other := build(t, c, dir), build(t, c, dir)
		who := one.person("ann@example.com")
		total := int64(0)
		add := func(h *house, n int) {
			t.Helper()
			h.write(func(tx *store.Tx) error {
				for i := range n {
					e := given(who)
					if i%3 == 1 {
						e.Subject = avow.ID{}
					}
					if _, err := h.Append(tx, e); err != nil {
						return err
					}
				}
				return nil
			})
			total += int64(n)
		}
		compare := func() {
			t.Helper()
			for _, h := range []*house{one, other} {
				for from := range total + 2 {
					for _, limit := range []int{1, 3, 100} {
						var got, want []ledger.Brief
						err := h.db.Read(t.Context(), func(tx *store.Tx) (err error) {
							if got, err = h.Lately(tx, from, limit); err == nil {
								want, err = h.Briefs(tx, from, limit)
							}
							return err
						})
						if err != nil || !slices.Equal(got, want) {
							t.Fatalf("%d events from %d of %d: %v, want %v: %v", limit, from, total, got, want, err)
						}
					}
				}
			}
		}
		compare()
		for _, h := range []*house{one, one, other, one, other, other} {
			add(h, 4)
			compare()
		}
	})
}

// Events that are remembered are not read, and no more of them are kept than is useful.
func TestLatelyIsRemembered(t *testing.T) {
	each(t, func(h *house) {
		who := h.person("ann@example.com")
		const n = 9000
		h.write(func(tx *store.Tx) error {
			for range n {
				if _, err := h.Append(tx, ledger.Event{Type: ledger.UsedOnce, Subject: who}); err != nil {
					return err
				}
			}
			return nil
		})
		h.append(given(who))
		var last, early []ledger.Brief
		h.write(func(tx *store.Tx) error {
			if _, err := tx.Exec("UPDATE ledger_events SET type = 'erased'"); err != nil {
				return err
			}
			var err error
			if last, err = h.Lately(tx, n-1, 10); err == nil {
				early, err = h.Lately(tx, 0, 1)
			}
			return err
		})
		if len(last) != 2 || last[0].Type != ledger.UsedOnce || last[1].Type != ledger.ConsentGiven || last[1].Subject != who {
			t.Errorf("the last events: %v", last)
		}
		if len(early) != 1 || early[0].Type != ledger.Erased {
			t.Errorf("the first event is still remembered: %v", early)
		}
	})
}
