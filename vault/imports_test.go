package vault_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

func phone(s string) vault.Identity { return vault.Identity{Kind: vault.Phone, Value: s} }

func proved(id vault.Identity) vault.Identity {
	id.Verified = true
	return id
}

func (h *house) stage(imp avow.ID, name string, ids ...vault.Identity) (subject avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		list, err := h.StageAll(tx, imp, []vault.Person{{Kind: avow.Individual, Identities: ids, Values: []vault.Value{contact(avow.ID{}, "name", name)}}})
		if err == nil {
			subject = list[0]
		}
		return err
	})
	return subject
}

func (h *house) flip(imp avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error { return h.Flip(tx, imp) })
}

// settle settles an import in steps of a size and returns who was joined with whom.
func (h *house) settle(imp avow.ID, step int) map[avow.ID]avow.ID {
	h.t.Helper()
	joined := map[avow.ID]avow.ID{}
	for more := true; more; {
		var err error
		more, err = h.Settle(h.t.Context(), imp, step, func(tx *store.Tx, into avow.ID, absorbed []avow.ID) error {
			for _, old := range absorbed {
				joined[old] = into
			}
			return nil
		})
		if err != nil {
			h.t.Fatal(err)
		}
	}
	return joined
}

func (h *house) find(id vault.Identity) (found []vault.Found) {
	h.t.Helper()
	h.read(func(tx *store.Tx) (err error) { found, err = h.Find(tx, id); return err })
	return found
}

func (h *house) read(f func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Read(h.t.Context(), f); err != nil {
		h.t.Fatal(err)
	}
}

// failing is how a read fails.
func (h *house) failing(f func(tx *store.Tx) error) avow.ErrorKind {
	h.t.Helper()
	err := h.db.Read(h.t.Context(), f)
	if err == nil {
		h.t.Error("it did not fail")
	}
	return avow.KindOf(err)
}

// Somebody staged is nobody to everyone but who staged them, until all are there at once.
func TestStaged(t *testing.T) {
	each(t, func(h *house) {
		imp := avow.NewID(h.now)
		ann := h.stage(imp, "Ann", email("Ann@example.com"), phone("+12015550100"))
		bob := h.stage(imp, "Bob", proved(phone("+12015550101")), email("bob@example.com"))
		h.put(contact(ann, "employer", "Harbour"))
		if got := data(h.values(ann)); !slices.Equal(got, []string{"employer=Harbour", "name=Ann"}) {
			t.Errorf("staged values: %v", got)
		}
		unseen := map[string]func(tx *store.Tx) error{
			"Subject":    func(tx *store.Tx) error { _, err := h.Subject(tx, ann); return err },
			"Family":     func(tx *store.Tx) error { _, err := h.Family(tx, ann); return err },
			"Identities": func(tx *store.Tx) error { _, err := h.Identities(tx, ann); return err },
		}
		for name, f := range unseen {
			if got := h.failing(f); got != avow.NotFound {
				t.Errorf("%s of somebody staged: %v", name, got)
			}
		}
		for _, id := range []vault.Identity{email("ann@example.com"), phone("+12015550100"), phone("+12015550101")} {
			if found := h.find(id); len(found) != 0 {
				t.Errorf("%v finds %v", id, found)
			}
		}
		if err := h.Shred(t.Context(), ann); avow.KindOf(err) != avow.NotFound {
			t.Errorf("shredding somebody staged: %v", err)
		}
		h.read(func(tx *store.Tx) error {
			s, err := h.Staged(tx, bob)
			if s.ID != bob || s.Kind != avow.Individual || !s.Verified {
				t.Errorf("staged: %+v", s)
			}
			return err
		})

		h.flip(imp)
		h.flip(imp)
		for i, when := range []string{"flipped", "settled"} {
			if i == 1 {
				if joined := h.settle(imp, 1); len(joined) != 0 {
					t.Errorf("joined %v", joined)
				}
			}
			for id, want := range map[vault.Identity]vault.Found{
				email("ann@example.com"): {Subject: ann}, phone("+12015550100"): {Subject: ann, Added: true},
				phone("+12015550101"): {Subject: bob, Verified: true}, email("bob@example.com"): {Subject: bob, Added: true},
			} {
				if found := h.find(id); !slices.Equal(found, []vault.Found{want}) {
					t.Errorf("%s: %v finds %v, want %v", when, id, found, want)
				}
			}
			for name, f := range unseen {
				if err := h.db.Read(t.Context(), f); err != nil {
					t.Errorf("%s: %s: %v", when, name, err)
				}
			}
			if got := data(h.values(ann)); !slices.Equal(got, []string{"employer=Harbour", "name=Ann"}) {
				t.Errorf("%s: %v", when, got)
			}
			if v := h.values(bob); len(v) != 1 || v[0].Claimed {
				t.Errorf("%s: %+v", when, v)
			}
		}
		if got := h.failing(func(tx *store.Tx) error { _, err := h.Staged(tx, ann); return err }); got != avow.NotFound {
			t.Errorf("still staged: %v", got)
		}
		for _, f := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error { _, err := h.Stage(tx, imp, []vault.Identity{victim}, 0); return err },
			func(tx *store.Tx) error { _, err := h.Stage(tx, avow.NewID(h.now), nil, 0); return err },
			func(tx *store.Tx) error {
				_, err := h.Stage(tx, avow.NewID(h.now), []vault.Identity{email("x")}, 0)
				return err
			},
			func(tx *store.Tx) error { return h.Flip(tx, avow.NewID(h.now)) },
		} {
			err := h.db.Write(t.Context(), f)
			if k := avow.KindOf(err); err == nil || k == avow.Internal {
				t.Errorf("%v", err)
			}
		}
	})
}

// Whoever was there, an imported person joins them by the rules of Claim and Verify.
func TestSettle(t *testing.T) {
	type names = map[string]vault.Identity
	claimed := func(name, who string) func(h *house, n names) {
		return func(h *house, n names) { h.put(contact(h.claim(n[who]), "name", name)) }
	}
	known := func(name, who string) func(h *house, n names) {
		return func(h *house, n names) { h.put(contact(h.verify(n[who]).Subject, "name", name)) }
	}
	type before = []func(h *house, n names)
	cases := []struct {
		name     string
		before   before     // who is there
		imported [][]string // identities, those with ! proved
		want     string     // subjects of the address after settling, with their names
		verified string     // what its holder reads once they verified it
	}{
		{"nobody", nil, [][]string{{"a"}}, "claimed: I0", "I0"},
		{"twice in the import", nil, [][]string{{"a"}, {"a"}}, "claimed: I0 I1", "I0 I1"},
		{"claimed meets claimed", before{claimed("C", "a")}, [][]string{{"a"}}, "claimed: C I0", "C I0"},
		{"claimed meets verified", before{known("V", "a")}, [][]string{{"a"}}, "verified: V, claimed: I0", "I0 V"},
		{"proved meets verified", before{known("V", "a")}, [][]string{{"!a"}}, "verified: I0 V", "I0 V"},
		{"proved meets claimed", before{claimed("C", "a")}, [][]string{{"!a"}}, "verified: C I0", "C I0"},
		{"proved meets both", before{known("V", "a"), claimed("C", "a")}, [][]string{{"!a"}}, "verified: C I0 V", "C I0 V"},
		{"proved and claimed in the import", nil, [][]string{{"a"}, {"!a"}}, "verified: I0 I1|verified: I1, claimed: I0", "I0 I1"}, // by whose id comes first
		{"proved in another spelling", before{known("V", "a")}, [][]string{{"!A"}}, "verified: V, claimed: I0", "I0 V"},
		{"a second identity joins nobody", before{claimed("C", "a")}, [][]string{{"b", "a"}}, "claimed: C, added: I0", "C"},
		{"two that are proved bring two together", before{known("V", "a"), known("O", "b")}, [][]string{{"!a", "!b"}}, "verified: I0 O V", "I0 O V"},
	}
	each(t, func(h *house) {
		run := 0
		for _, c := range cases {
			for _, how := range []string{"in steps of one", "at once", "by verifying"} {
				run++
				n := names{"a": email(fmt.Sprintf("a%d@example.com", run)), "A": email(fmt.Sprintf("A%d@example.com", run)), "b": phone(fmt.Sprintf("+120155501%02d", run))}
				for _, f := range c.before {
					f(h, n)
				}
				imp := avow.NewID(h.now)
				for i, ids := range c.imported {
					var list []vault.Identity
					for _, name := range ids {
						id := n[strings.TrimPrefix(name, "!")]
						id.Verified = strings.HasPrefix(name, "!")
						list = append(list, id)
					}
					h.stage(imp, fmt.Sprint("I", i), list...)
				}
				h.flip(imp)
				if how != "by verifying" {
					h.settle(imp, map[string]int{"in steps of one": 1, "at once": 500}[how])
					if got := h.told(n["a"]); !slices.Contains(strings.Split(c.want, "|"), got) {
						t.Errorf("%s, %s: found %q, want %q", c.name, how, got, c.want)
					}
				}
				v := h.verify(n["a"])
				for _, who := range append(v.Absorbed, v.Subject) {
					if got := h.names(who); got != c.verified {
						t.Errorf("%s, %s: the holder reads %q, want %q", c.name, how, got, c.verified)
					}
				}
				h.settle(imp, 500)
				if got := h.names(h.verify(n["a"]).Subject); got != c.verified {
					t.Errorf("%s, %s: settled afterwards, the holder reads %q, want %q", c.name, how, got, c.verified)
				}
			}
		}
	})
}

// told says in words whom an identity finds.
func (h *house) told(id vault.Identity) string {
	var parts []string
	for _, f := range h.find(id) {
		what := "claimed"
		if f.Verified {
			what = "verified"
		}
		if f.Added {
			what = "added"
		}
		parts = append(parts, what+": "+h.names(f.Subject))
	}
	return strings.Join(parts, ", ")
}

func (h *house) names(subject avow.ID) string {
	h.t.Helper()
	var names []string
	for _, v := range h.values(subject) {
		names = append(names, v.Data)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func TestDiscard(t *testing.T) {
	each(t, func(h *house) {
		imp, other := avow.NewID(h.now), avow.NewID(h.now)
		var staged []avow.ID
		for i := range 7 {
			staged = append(staged, h.stage(imp, fmt.Sprint("Discarded ", i), email(fmt.Sprintf("p%d@example.com", i))))
		}
		kept := h.stage(other, "Kept", email("kept@example.com"))
		steps := 0
		for more := true; more; steps++ {
			var err error
			if more, err = h.Discard(t.Context(), imp, 3); err != nil {
				t.Fatal(err)
			}
		}
		if steps != 4 {
			t.Errorf("%d steps", steps)
		}
		for _, id := range staged {
			if got := h.failing(func(tx *store.Tx) error { _, err := h.Values(tx, id); return err }); got != avow.NotFound {
				t.Errorf("discarded: %v", got)
			}
		}
		if got := h.names(kept); got != "Kept" {
			t.Errorf("another import: %q", got)
		}
		h.flip(other)
		for _, f := range []func() error{
			func() error { _, err := h.Discard(t.Context(), other, 3); return err },
			func() error { return h.db.Write(t.Context(), func(tx *store.Tx) error { return h.Flip(tx, imp) }) },
			func() error {
				return h.db.Write(t.Context(), func(tx *store.Tx) error { _, err := h.Stage(tx, imp, []vault.Identity{victim}, 0); return err })
			},
		} {
			if err := f(); avow.KindOf(err) != avow.Refused {
				t.Errorf("got %v", err)
			}
		}
	})
}

// Two nodes settle one import while forms come in and links are used: everybody is
// there once, and every value is read by the holder of its address.
func TestSettleAtOnce(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := build(t, c)
		c.Clock = func() time.Time { return h.now }
		nodes := []*store.DB{h.db, storetest.OpenConfig(t, c)}
		second, err := vault.Open(t.Context(), nodes[1], h.config())
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		vaults := []*vault.Vault{h.Vault, second}
		const people = 40
		address := func(i int) vault.Identity { return email(fmt.Sprintf("p%d@example.com", i)) }
		imp := avow.NewID(h.now)
		for i := range 2 * people {
			id := address(i % people)
			id.Verified = i%5 == 0
			h.stage(imp, fmt.Sprint("I", i), id, address((i+1)%people))
		}
		h.flip(imp)
		var wg sync.WaitGroup
		for n := range 2 {
			wg.Go(func() {
				for more := true; more; {
					var err error
					more, err = vaults[n].Settle(t.Context(), imp, 7, func(*store.Tx, avow.ID, []avow.ID) error { return nil })
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
			for i := range people {
				wg.Go(func() {
					err := nodes[n].Write(t.Context(), func(tx *store.Tx) error {
						s, err := vaults[n].Claim(tx, address(i))
						if err != nil {
							return err
						}
						_, err = vaults[n].Put(tx, contact(s, "name", fmt.Sprint("C", n, "-", i)))
						return err
					})
					if err == nil && i%3 == n {
						err = nodes[n].Write(t.Context(), func(tx *store.Tx) error { _, err := vaults[n].Verify(tx, address(i)); return err })
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		for i := range people {
			want := []string{fmt.Sprint("C0-", i), fmt.Sprint("C1-", i), fmt.Sprint("I", i), fmt.Sprint("I", i+people)}
			slices.Sort(want)
			if got := h.names(h.verify(address(i)).Subject); got != strings.Join(want, " ") {
				t.Errorf("%d reads %q, want %q", i, got, want)
			}
		}
	})
}
