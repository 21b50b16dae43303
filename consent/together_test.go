package consent_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// beside is another node on the same database.
func (h *house) beside() *house {
	h.t.Helper()
	other := &house{h.Beside(), h.t}
	other.Open()
	return other
}

// Two nodes write what one person says at once: every choice counts once, after the
// one before it, and both come to see the same.
func TestOnePersonOnTwoNodes(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		ann := h.verified("ann@mail.example", 1)
		nodes := []*house{h, h.beside()}
		var wg sync.WaitGroup
		acts := []func(*consent.Hand) (*ledger.Receipt, error){
			func(x *consent.Hand) (*ledger.Receipt, error) { return x.Give(choice("newsletter")) },
			func(x *consent.Hand) (*ledger.Receipt, error) { return x.Withdraw(choice("newsletter")) },
			func(x *consent.Hand) (*ledger.Receipt, error) { return x.Object(topic("products")) },
			func(x *consent.Hand) (*ledger.Receipt, error) { return x.Allow(topic("products")) },
			func(x *consent.Hand) (*ledger.Receipt, error) { return x.Restrict("letter", "staff") },
		}
		before := h.size()
		const each, hands = 8, 3
		for _, n := range nodes {
			for range hands {
				wg.Go(func() {
					for range each {
						err := n.Register.Do(bg, ann, func(x *consent.Hand) error { _, err := acts[rand.N(len(acts))](x); return err })
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Go(func() {
				for range each {
					if err := n.Register.CatchUp(bg); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := h.size() - before; n != int64(len(nodes)*hands*each) {
			t.Errorf("%d events of %d acts", n, len(nodes)*hands*each)
		}
		h.consistent()
		for _, n := range nodes {
			h.Check(n.Register.CatchUp(bg))
		}
		for _, purpose := range []string{"newsletter", "offers", "answer"} {
			here, there := nodes[0].ask(ann, purpose, avow.Send, "contact.email"), nodes[1].ask(ann, purpose, avow.Send, "contact.email")
			if here.Allowed != there.Allowed || here.Reason != there.Reason {
				t.Errorf("%s: one node says %v, the other %v", purpose, here.Reason, there.Reason)
			}
		}
	})
}

// While one node finds that a claimed subject is the holder of the address, the other
// writes what the claimed one says: nothing is lost, and nothing stays with who is gone.
func TestJoinWhileTheOtherNodeWrites(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		other := h.beside()
		for i := range 6 {
			address := fmt.Sprintf("ann-%d@mail.example", i)
			ann := h.verified(address, 1)
			claimed := h.person(address, 1)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if err := other.Register.Do(bg, claimed, func(x *consent.Hand) error { _, err := x.Object(topic("products")); return err }); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Go(func() {
				if err := h.DB.Write(bg, func(tx *store.Tx) error { return h.verify(tx, address) }); err != nil {
					t.Error(err)
				}
			})
			wg.Wait()
			for _, n := range []*house{h, other} {
				h.Check(n.Register.CatchUp(bg))
				st, err := n.Register.Refresh(bg, "site", claimed)
				h.Check(err)
				if st.Subject != ann || st.Objections == [2]uint64{} {
					t.Errorf("the objection is lost: %+v", st)
				}
			}
		}
		h.consistent()
	})
}

// A gate that is being filled takes over what changes meanwhile, and nobody comes back.
func TestLoadBesideChanges(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		var people []avow.ID
		for i := range 30 {
			people = append(people, h.verified(fmt.Sprintf("p-%d@mail.example", i), 1))
			h.give(people[i], "newsletter")
		}
		other := h.beside()
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for _, f := range []func() error{
			func() error { _, err := other.Register.Load(bg); return err },
			func() error { return other.Register.CatchUp(bg) },
		} {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						if err := f(); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		for i, who := range people {
			switch i % 3 {
			case 0:
				h.withdraw(who, "newsletter")
			case 1:
				h.erase(who)
			}
		}
		close(stop)
		wg.Wait()
		h.Check(other.Register.CatchUp(bg))
		g, _ := other.Register.Gate("site")
		for i, who := range people {
			r := h.request(g, who, "newsletter", avow.Send, "contact.email")
			d, err := other.Register.Decide(bg, "site", &r)
			if h.Check(err); d.Allowed != (i%3 == 2) {
				t.Errorf("person %d: %v, %v", i, d.Allowed, d.Reason)
			}
		}
	})
}

// erase does to the register what the desk of the rights does: what was said goes, with an event, then the keys.
func (h *house) erase(who avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		if _, err := h.Register.Forget(tx, who); err != nil {
			return err
		}
		_, err := h.Ledger.Append(tx, ledger.Event{Type: ledger.Erased, Subject: who, Ours: true})
		return err
	})
	h.Check(h.Vault.Shred(bg, who))
}
