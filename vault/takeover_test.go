package vault_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

var (
	victim  = email("victim@example.com")
	mallory = vault.Identity{Kind: vault.Phone, Value: "+12015550123"}
)

// form is somebody sending the victim's address together with Mallory's telephone:
// the address is claimed, the telephone is a value.
func (h *house) form() avow.ID {
	h.t.Helper()
	s := h.claim(victim)
	h.put(contact(s, "phone", mallory.Value))
	return s
}

// Whatever the order in which forms are sent and identities are verified, the
// holder of the telephone never reads the victim's name, and the victim always does.
func TestTakeover(t *testing.T) {
	steps := map[string]func(h *house){
		"victim verifies":  func(h *house) { h.put(contact(h.verify(victim).Subject, "name", "Victoria")) },
		"form":             func(h *house) { h.form() },
		"mallory verifies": func(h *house) { h.verify(mallory) },
		"mallory claims":   func(h *house) { h.put(contact(h.claim(mallory), "email", victim.Value)) },
	}
	each(t, func(h *house) {
		names := []string{"victim verifies", "form", "mallory verifies", "mallory claims"}
		n := 0
		permute(names, func(order []string) {
			n++
			for _, step := range order {
				steps[step](h)
			}
			mine := h.verify(mallory).Subject
			hers := h.verify(victim).Subject
			if mine == hers {
				t.Fatalf("%v: two people became one", order)
			}
			if slices.Contains(data(h.values(mine)), "name=Victoria") {
				t.Errorf("%v: the holder of the telephone reads the victim's name", order)
			}
			if !slices.Contains(data(h.values(hers)), "name=Victoria") {
				t.Errorf("%v: the victim lost her name", order)
			}
			for _, s := range []avow.ID{mine, hers} {
				if err := h.Shred(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
		})
		if n != 24 {
			t.Errorf("%d orders", n)
		}
	})
}

func permute(list []string, f func([]string)) {
	var step func(int)
	step = func(i int) {
		if i == len(list) {
			f(list)
			return
		}
		for j := i; j < len(list); j++ {
			list[i], list[j] = list[j], list[i]
			step(i + 1)
			list[i], list[j] = list[j], list[i]
		}
	}
	step(0)
}

// A claim does not touch what a verified person has.
func TestClaimStaysApart(t *testing.T) {
	each(t, func(h *house) {
		hers := h.verify(victim).Subject
		h.put(contact(hers, "name", "Victoria"))
		claimed := h.claim(email("VICTIM@example.com"))
		if claimed == hers {
			t.Fatal("a claim attached to the verified person")
		}
		h.put(contact(claimed, "name", "Mallory"))
		if got := data(h.values(hers)); !slices.Equal(got, []string{"name=Victoria"}) {
			t.Errorf("the claim changed her values: %v", got)
		}
		if got := data(h.values(claimed)); !slices.Equal(got, []string{"name=Mallory"}) {
			t.Errorf("the claim read her values: %v", got)
		}
		var list []vault.Found
		h.write(func(tx *store.Tx) (err error) { list, err = h.Find(tx, victim); return err })
		if want := []vault.Found{{Subject: hers, Verified: true}, {Subject: claimed}}; !slices.Equal(list, want) {
			t.Errorf("found %v, want %v", list, want)
		}

		got := h.verify(victim)
		if got.Subject != hers || !slices.Equal(got.Absorbed, []avow.ID{claimed}) {
			t.Errorf("verified: %+v", got)
		}
		joined := data(h.values(claimed))
		slices.Sort(joined)
		if !slices.Equal(joined, []string{"name=Mallory", "name=Victoria"}) {
			t.Errorf("joined: %v", joined)
		}
		h.write(func(tx *store.Tx) error {
			family, err := h.Family(tx, claimed)
			if !slices.Equal(family, []avow.ID{hers, claimed}) {
				t.Errorf("family %v", family)
			}
			return err
		})
		if next := h.claim(victim); next == claimed || next == hers {
			t.Error("a later claim attached to the verified person")
		}
	})
}

// On a server that tells Ann@ from ann@, Ann@ is somebody else.
func TestAnotherSpellingIsNotVerified(t *testing.T) {
	each(t, func(h *house) {
		h.verify(email("ann@example.com"))
		err := h.db.Write(t.Context(), func(tx *store.Tx) error { _, err := h.Verify(tx, email("Ann@example.com")); return err })
		if avow.KindOf(err) != avow.Refused {
			t.Errorf("got %v", err)
		}
		claimed := h.claim(email("Ann@example.com"))
		h.write(func(tx *store.Tx) error {
			_, to, err := h.NewLink(tx, claimed, vault.Email, "confirm")
			if to.Value != "ann@example.com" {
				t.Errorf("the link goes to %s, not to who has the address verified", to.Value)
			}
			return err
		})
	})
}

func TestSubjects(t *testing.T) {
	each(t, func(h *house) {
		s := h.claim(email("Ann@example.com"))
		h.write(func(tx *store.Tx) error { return h.SetKind(tx, s, avow.Business) })
		h.write(func(tx *store.Tx) error {
			got, err := h.Subject(tx, s)
			if got.ID != s || got.Kind != avow.Business || got.Verified || !got.Made.Equal(h.now) {
				t.Errorf("%+v", got)
			}
			return err
		})
		h.verify(email("ANN@example.com"))
		h.write(func(tx *store.Tx) error {
			got, err := h.Identities(tx, s)
			if len(got) != 1 || got[0] != (vault.Identity{Kind: vault.Email, Value: "ANN@example.com", Verified: true}) {
				t.Errorf("identities %+v", got)
			}
			return err
		})
		err := h.db.Read(t.Context(), func(tx *store.Tx) error { _, err := h.Subject(tx, avow.NewID(h.now)); return err })
		if avow.KindOf(err) != avow.NotFound {
			t.Errorf("nobody: %v", err)
		}
		list := []vault.Found{{}}
		h.write(func(tx *store.Tx) (err error) { list, err = h.Find(tx, email("nobody@example.com")); return err })
		if len(list) != 0 {
			t.Errorf("found %v", list)
		}
	})
}

// Many forms at once with the same address make one subject; a verification among them loses nothing.
func TestClaimsAtOnce(t *testing.T) {
	each(t, func(h *house) {
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				err := h.db.Write(t.Context(), func(tx *store.Tx) error {
					if i == 16 {
						_, err := h.Verify(tx, victim)
						return err
					}
					s, err := h.Claim(tx, victim)
					if err != nil {
						return err
					}
					_, err = h.Put(tx, contact(s, "note", string(rune('a'+i))))
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := h.values(h.verify(victim).Subject); len(got) != 31 {
			t.Errorf("%d values, want 31", len(got))
		}
	})
}
