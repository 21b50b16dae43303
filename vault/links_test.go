package vault_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

func (h *house) link(subject avow.ID, purpose string) (token string) {
	h.t.Helper()
	h.write(func(tx *store.Tx) (err error) {
		token, _, err = h.NewLink(tx, subject, vault.Email, purpose)
		return err
	})
	return token
}

func (h *house) use(token, purpose string) (l vault.Link, err error) {
	err = h.db.Write(h.t.Context(), func(tx *store.Tx) error { l, err = h.UseLink(tx, token, purpose); return err })
	return l, err
}

func TestLinks(t *testing.T) {
	each(t, func(h *house) {
		s := h.claim(email("Ann@example.com"))
		good, other, late, gone := h.link(s, "see"), h.link(s, "see"), h.link(s, "see"), h.link(s, "see")
		h.now = h.now.Add(15*time.Minute - time.Second)
		l, err := h.use(good, "see")
		if err != nil || l.Subject != s || l.Identity.Value != "Ann@example.com" {
			t.Fatalf("%+v, %v", l, err)
		}
		texts := map[string]bool{}
		refused := func(name, token, purpose string) {
			t.Helper()
			_, err := h.use(token, purpose)
			if avow.KindOf(err) != avow.Unauthorized {
				t.Fatalf("%s: %v", name, err)
			}
			texts[err.Error()] = true
		}
		refused("used", good, "see")
		refused("another purpose", other, "erase")
		refused("made up", "made up", "see")
		if _, err := h.use(other, "see"); err != nil {
			t.Errorf("a try for another purpose used the link up: %v", err)
		}
		h.now = h.now.Add(2 * time.Second)
		refused("late", late, "see")
		if err := h.Shred(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		refused("erased", gone, "see")
		if len(texts) != 1 {
			t.Errorf("the answers differ: %v", texts)
		}
	})
}

func TestLinksAreFew(t *testing.T) {
	each(t, func(h *house) {
		s := h.verify(email("ann@example.com")).Subject
		claimed := h.claim(email("ANN@example.com"))
		for i := range 5 {
			h.link([]avow.ID{s, claimed}[i%2], "see")
		}
		for _, subject := range []avow.ID{s, claimed} {
			err := h.db.Write(t.Context(), func(tx *store.Tx) error { _, _, err := h.NewLink(tx, subject, vault.Email, "other"); return err })
			if avow.KindOf(err) != avow.TooMany {
				t.Errorf("a sixth link: %v", err)
			}
		}
		h.link(h.claim(email("bob@example.com")), "see")
		h.now = h.now.Add(time.Hour)
		h.link(s, "see")
	})
}

// One link, many hands: one of them gets it, on whichever node.
func TestLinkIsUsedOnce(t *testing.T) {
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		h := build(t, c)
		token := h.link(h.claim(email("ann@example.com")), "see")
		c.Clock = func() time.Time { return h.now }
		nodes := []*store.DB{h.db, storetest.OpenConfig(t, c)}
		second, err := vault.Open(t.Context(), nodes[1], h.config())
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		vaults := []*vault.Vault{h.Vault, second}
		var used atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				err := nodes[i%2].Write(t.Context(), func(tx *store.Tx) error { _, err := vaults[i%2].UseLink(tx, token, "see"); return err })
				switch {
				case err == nil:
					used.Add(1)
				case avow.KindOf(err) != avow.Unauthorized:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if used.Load() != 1 {
			t.Errorf("used %d times", used.Load())
		}
	})
}
