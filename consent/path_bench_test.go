package consent_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// BenchmarkPath is the whole path of a consent (looked up, locked, sealed, recorded,
// folded, in the tree, on disk, in the gate) beside a bare sealed append of an event of the same size, with as many
// people in flight.
func BenchmarkPath(b *testing.B) {
	for _, k := range storetest.Kinds(b) {
		for _, flight := range []int{64, 512} {
			b.Run(fmt.Sprintf("%s/%d", k.Name, flight), func(b *testing.B) {
				n, people := fill(b, k.Config(b), flight)
				defer n.close(b)
				text := make([]byte, 0, 1100)
				text = append(append(text, `{"x":"`...), fmt.Appendf(nil, "%01024d", 0)...)
				text = append(text, `"}`...)
				b.Run("append", func(b *testing.B) {
					together(b, people, func(who avow.ID) error {
						return n.db.Write(bg, func(tx *store.Tx) error {
							_, err := n.ledger.Append(tx, ledger.Event{Type: ledger.ConsentGiven, Subject: who, Policy: "site", Version: 1, Body: text})
							return err
						})
					})
				})
				b.Run("consent", func(b *testing.B) {
					together(b, people, func(who avow.ID) error {
						return n.reg.Do(bg, who, func(h *consent.Hand) error { _, err := h.Give(choice("newsletter")); return err })
					})
				})
			})
		}
	}
}

// together runs b.N acts, as many at once as there are people.
func together(b *testing.B, people []avow.ID, act func(avow.ID) error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	used := cpu(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, who := range people {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := act(who); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((cpu(b)-used).Microseconds())/float64(b.N), "cpu-µs/op")
}

func fill(b *testing.B, c store.Config, people int) (node, []avow.ID) {
	dir := b.TempDir()
	n := openNode(b, c, dir)
	publishFirst(b, n)
	ids := make([]avow.ID, people)
	must(b, n.db.Write(bg, func(tx *store.Tx) error {
		for i := range ids {
			v, err := n.vault.Verify(tx, email(fmt.Sprintf("p-%d@mail.example", i)))
			if err != nil {
				return err
			}
			ids[i] = v.Subject
			for _, field := range []string{"email", "name"} {
				if _, err := n.vault.Put(tx, vault.Value{Subject: v.Subject, Category: "contact", Field: field, Source: "you", Point: "newsletter",
					Policy: "site", Version: 1, Basis: avow.Consent, Purposes: []string{"newsletter"}, Data: field}); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	return n, ids
}
