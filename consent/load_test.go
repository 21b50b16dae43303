package consent_test

import (
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

// What a filled gate answers is what the database says of each person, whatever they
// are: with old ids, of an import, with data left for some purposes only.
func TestLoadIsWhatTheDatabaseSays(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		people := h.allSorts()
		h.restart()
		held, err := h.Register.Load(bg)
		if err != nil || held != len(people) {
			t.Fatalf("%d of %d people are held, %v", held, len(people), err)
		}
		g, _ := h.Register.Gate("site")
		for name, who := range people {
			loaded := map[string]gate.Decision{}
			for _, purpose := range purposes {
				loaded[purpose] = h.ask(who, purpose, avow.Use, "contact.name")
			}
			st, err := h.Register.Refresh(bg, "site", who)
			h.Check(err)
			for _, purpose := range purposes {
				r := h.request(g, who, purpose, avow.Use, "contact.name")
				if want, got := g.DecideState(st, &r), loaded[purpose]; got.Allowed != want.Allowed || got.Reason != want.Reason || got.Version != want.Version {
					t.Errorf("%s, %s: the filled gate says %v, the database %v", name, purpose, got.Reason, want.Reason)
				}
			}
		}
	})
}

var purposes = []string{"answer", "payments", "accounts", "debts", "newsletter", "offers", "panel"}

// allSorts makes a person of every sort.
func (h *house) allSorts() map[string]avow.ID {
	h.t.Helper()
	people := map[string]avow.ID{}
	for _, name := range []string{"nothing said", "consented", "stopped", "restricted", "limited"} {
		people[name] = h.verified(name[:4]+"@mail.example", 1, "accounts", "newsletter")
	}
	h.give(people["consented"], "newsletter")
	h.give(people["stopped"], "newsletter")
	h.object(people["stopped"], topic("news"))
	h.object(people["stopped"], choice("debts"))
	h.do(people["restricted"], func(x *consent.Hand) error { _, err := x.Restrict("letter", "staff"); return err })
	h.write(func(tx *store.Tx) error {
		keep := map[avow.ID][]string{}
		values, err := h.Vault.Holdings(tx, people["limited"])
		for _, v := range values {
			keep[v.ID] = []string{"accounts"}
		}
		if err == nil {
			_, err = h.Vault.KeepOnly(tx, people["limited"], keep)
		}
		return err
	})
	h.person("join@mail.example", 1, "newsletter") // claimed, then held by who it is
	people["joined"] = h.joinedUnder("join@mail.example")
	imp := avow.NewID(h.Clock())
	h.write(func(tx *store.Tx) error {
		who, err := h.Vault.Stage(tx, imp, []vault.Identity{{Kind: vault.Email, Value: "list@mail.example", Verified: true}}, avow.Business)
		if err != nil {
			return err
		}
		people["imported"] = who
		if err := h.hold(tx, who, 1); err != nil {
			return err
		}
		return h.Vault.Flip(tx, imp)
	})
	return people
}

// joinedUnder has what was claimed under an address be its holder's, who said yes to something.
func (h *house) joinedUnder(address string) avow.ID {
	h.t.Helper()
	var holder avow.ID
	h.write(func(tx *store.Tx) error {
		v, err := h.Vault.Verify(tx, email(address))
		holder = v.Subject
		return err
	})
	again := h.person(address, 1)
	h.give(again, "panel")
	h.write(func(tx *store.Tx) error { return h.verify(tx, address) })
	return holder
}
