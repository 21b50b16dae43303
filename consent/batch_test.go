package consent_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/store"
)

// inOneBatch has acts wait while another write holds the writer, so that they share a transaction.
func (h *house) inOneBatch(acts []func() error) []error {
	h.t.Helper()
	hold, held := make(chan struct{}), make(chan struct{})
	var wg, started sync.WaitGroup
	wg.Go(func() {
		h.DB.Write(bg, func(*store.Tx) error { held <- struct{}{}; <-hold; return nil })
	})
	<-held
	errs := make([]error, len(acts))
	for i, act := range acts {
		started.Add(1)
		wg.Go(func() { started.Done(); errs[i] = act() })
	}
	started.Wait()
	close(hold)
	wg.Wait()
	return errs
}

var errPurposely = errors.New("on purpose")

// acts are what can meet in a batch, about one of some people with this address.
func (h *house) acts(who avow.ID, address string) []func() error {
	do := func(f func(x *consent.Hand) error) func() error {
		return func() error { return h.Register.Do(bg, who, f) }
	}
	give := func(x *consent.Hand) error { _, err := x.Give(choice("newsletter")); return err }
	withdraw := func(x *consent.Hand) error { _, err := x.Withdraw(choice("newsletter")); return err }
	object := func(x *consent.Hand) error { _, err := x.Object(topic("products")); return err }
	in := func(f func(tx *store.Tx, x *consent.Hand) error) func() error {
		return func() error {
			return h.DB.Write(bg, func(tx *store.Tx) error {
				x, err := h.Register.In(tx, who)
				if err != nil {
					return err
				}
				if err := f(tx, x); err != nil {
					return err
				}
				return x.Done()
			})
		}
	}
	return []func() error{
		do(give), do(withdraw), do(object),
		do(func(x *consent.Hand) error { return errors.Join(give(x), errPurposely) }),
		func() error { return h.Register.TakeBack(bg, email(address), choice("newsletter")) },
		func() error { return h.Register.TakeBack(bg, email(address), choice("newsletter")) },
		do(func(x *consent.Hand) error { _, err := x.Allow(topic("products")); return err }), // from here on, statements
		do(func(x *consent.Hand) error { return x.LivesIn("NL") }),
		in(func(_ *store.Tx, x *consent.Hand) error { return give(x) }),
		in(func(tx *store.Tx, x *consent.Hand) error {
			return errors.Join(h.hold(tx, who, 1), object(x), errPurposely)
		}),
		in(func(tx *store.Tx, x *consent.Hand) error { return h.hold(tx, who, 1) }),
		func() error {
			return h.DB.Write(bg, func(tx *store.Tx) error { return h.verify(tx, address) })
		},
	}
}

// Whatever meets in a batch, what is read for all of it and written for all of it is what
// each would have read and written for itself: the tables say what the events say,
// and the gates say what the tables say.
func TestManyInOneBatch(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		nodes := []*house{h, h.beside()}
		var people []avow.ID
		address := func(i int) string { return fmt.Sprintf("p-%d@mail.example", i/2) }
		for i := range 8 { // every second claims the address of the one before
			if i%2 == 0 {
				people = append(people, h.verified(address(i), 1))
			} else {
				people = append(people, h.person(address(i), 1))
			}
		}
		for round := range 12 {
			var wg sync.WaitGroup
			for n, node := range nodes[:1+round%2] {
				var acts []func() error
				for range 20 {
					i := rand.N(len(people))
					list := node.acts(people[i], address(i))
					switch {
					case round < 5:
						list = list[:6] // what is read ahead counts for all of them
					case round < 8:
						list = list[:len(list)-1] // nobody is joined yet
					}
					acts = append(acts, list[rand.N(len(list))])
				}
				wg.Go(func() {
					for _, err := range node.inOneBatch(acts) {
						if err != nil && !errors.Is(err, errPurposely) && avow.MessageOf(err) != avow.MessageOf(errPurposely) {
							t.Errorf("node %d: %v", n, err)
						}
					}
				})
			}
			wg.Wait()
			h.consistent()
			for _, node := range nodes {
				h.Check(node.Register.CatchUp(bg))
				node.gateSaysWhatTablesSay(people)
			}
		}
	})
}

func (h *house) gateSaysWhatTablesSay(people []avow.ID) {
	h.t.Helper()
	g, _ := h.Register.Gate("site")
	for _, who := range people {
		for _, purpose := range []string{"newsletter", "offers"} {
			r := h.request(g, who, purpose, avow.Send, "contact.email")
			said := g.Decide(&r)
			st, err := h.Register.Refresh(bg, "site", who)
			h.Check(err)
			if said.Reason.AskDatabase() || st.Subject != who {
				continue
			}
			if is := g.DecideState(st, &r); is.Allowed != said.Allowed || is.Reason != said.Reason {
				h.t.Errorf("%s for %v: the gate said %v, and the tables say %v", purpose, who, said.Reason, is.Reason)
			}
		}
	}
}

// Addresses that nobody here has may meet in a batch, alone and beside one that somebody has.
func TestNobodyInOneBatch(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		who := h.verified("ann@mail.example", 1)
		h.Check(h.Register.Do(bg, who, func(x *consent.Hand) error { _, err := x.Give(choice("newsletter")); return err }))
		for _, addresses := range [][]string{{"x@mail.example", "y@mail.example"}, {"x@mail.example", "ann@mail.example", "y@mail.example"}} {
			var acts []func() error
			for _, a := range addresses {
				acts = append(acts, func() error { return h.Register.TakeBack(bg, email(a), choice("newsletter")) })
			}
			h.Check(errors.Join(h.inOneBatch(acts)...))
		}
		g, _ := h.Register.Gate("site")
		r := h.request(g, who, "newsletter", avow.Send, "contact.email")
		if g.Decide(&r).Allowed {
			t.Error("what was taken back is allowed")
		}
		h.consistent()
	})
}
