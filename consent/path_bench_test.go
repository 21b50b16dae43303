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
				n, people := fill(b, k.Config(b), 4096)
				defer n.close(b)
				text := make([]byte, 0, 1100)
				text = append(append(text, `{"x":"`...), fmt.Appendf(nil, "%01024d", 0)...)
				text = append(text, `"}`...)
				b.Run("append", func(b *testing.B) {
					together(b, flight, people, func(who avow.ID) error {
						return n.db.Write(bg, func(tx *store.Tx) error {
							_, err := n.ledger.Append(tx, ledger.Event{Type: ledger.ConsentGiven, Subject: who, Policy: "site", Version: 1, Body: text})
							return err
						})
					})
				})
				b.Run("consent", func(b *testing.B) {
					together(b, flight, people, func(who avow.ID) error {
						return n.reg.Do(bg, who, change)
					})
				})
			})
		}
	}
}

// change gives a consent, and takes it back the next time.
func change(h *consent.Hand) error {
	said, err := h.Answered(choice("newsletter"))
	if err == nil && said == "given" {
		_, err = h.Withdraw(choice("newsletter"))
	} else if err == nil {
		_, err = h.Give(choice("newsletter"))
	}
	return err
}

// together runs b.N acts, so many at once, each place with people of its own.
func together(b *testing.B, places int, people []avow.ID, act func(avow.ID) error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	used := cpu(b)
	b.ResetTimer()
	var wg sync.WaitGroup
	for place := range places {
		wg.Go(func() {
			for who := place; left.Add(-1) >= 0; who = (who + places) % len(people) {
				if err := act(people[who]); err != nil {
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
