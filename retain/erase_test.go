package retain

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
)

// An erasure leaves what is held, for nothing but that, and says so; lifted, it goes at the
// next run. Who is not held is erased.
func TestHeldAgainstErasure(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.set(today)
		desk, err := rights.Open(t.Context(), rights.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Register: h.reg, Held: func(tx *store.Tx, subject avow.ID) (out []rights.Stop, err error) {
			list, err := h.desk.Of(tx, subject)
			for _, x := range list {
				out = append(out, rights.Stop{Because: x.Because, Until: x.Until, Data: x.Data})
			}
			return out, err
		}})
		h.check(err)
		a, b := h.person(ann), h.person(bob)
		for _, id := range []avow.ID{a, b} {
			h.put(id, "messages.text", "hello", "shop")
			h.put(id, "visits.page", "/boats", "shop")
		}
		placed, err := h.desk.Place(t.Context(), Hold{Kind: Complaint, Because: "A complaint.", By: "Kim", Person: []find.Identity{{Kind: "email", Value: ann}}, Data: []string{"messages"}})
		h.check(err)
		var done [2]rights.Erasure
		for i, id := range []avow.ID{a, b} {
			h.write(func(tx *store.Tx) (err error) {
				done[i], err = desk.EraseFor(tx, id, avow.NewID(tx.Now()))
				return err
			})
		}
		if len(done[1].Kept) != 0 || done[1].Values != 2 {
			t.Errorf("somebody else: %+v", done[1])
		}
		if k := done[0].Kept; len(k) != 1 || k[0].Because != "A complaint." || k[0].Fields[0] != "messages.text" || !strings.Contains(k[0].Until, "lifted") || done[0].Values != 1 {
			t.Errorf("kept: %+v", done[0])
		}
		h.wantHeld(a, "messages.text=hello for obey-law")
		h.run(Options{})
		h.wantHeld(a, "messages.text=hello for obey-law")
		_, err = h.desk.Lift(t.Context(), placed.ID, "Kim")
		h.check(err)
		h.run(Options{})
		h.wantHeld(a, "")
	})
}

// Of whom nothing but who they are is known, a hold on the person keeps that.
func TestHeldPersonWithoutValues(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.set(today)
		desk, err := rights.Open(t.Context(), rights.Config{DB: h.db, Vault: h.vault, Ledger: h.ledger, Register: h.reg, Held: func(*store.Tx, avow.ID) ([]rights.Stop, error) {
			return []rights.Stop{{Because: "A claim.", Until: today.AddDate(0, 1, 0)}}, nil
		}})
		h.check(err)
		id := h.person(ann)
		h.write(func(tx *store.Tx) error {
			done, err := desk.EraseFor(tx, id, avow.NewID(tx.Now()))
			if len(done.Kept) != 1 || done.Identities != 0 || !strings.HasPrefix(done.Kept[0].Until, "until 22 December 2026") {
				t.Errorf("kept: %+v", done)
			}
			return err
		})
		h.check(h.db.Read(t.Context(), func(tx *store.Tx) error {
			list, err := h.vault.Identities(tx, id)
			if len(list) != 1 {
				t.Errorf("identities: %v", list)
			}
			return err
		}))
	})
}

// Who is held is known again by an identity in another spelling, and by a row that is
// theirs when another identity led to it; nobody else is.
func TestAgainst(t *testing.T) {
	eachShop(t, func(h *house) {
		h.exec(`INSERT INTO customers (id, email, name) VALUES (1, 'ann@x.example', 'Ann'), (2, 'bob@x.example', 'Bob')`,
			`INSERT INTO messages VALUES (1, 1, 'old', '2020-01-01'), (2, 2, 'old', '2020-01-01')`)
		p, err := h.reg.Version("shop", 0)
		h.check(err)
		systems, err := h.systems(t.Context())
		h.check(err)
		s := systems[0].Search
		_, err = h.desk.Place(t.Context(), Hold{Kind: Legal, Because: "A claim.", By: "Kim", Person: []find.Identity{{Kind: "email", Value: "ANN@x.example"}}, Data: []string{"messages"}})
		h.check(err)
		_, err = h.desk.Place(t.Context(), Hold{Kind: Audit, Because: "An audit.", By: "Kim", Tables: []string{"shop.claims"}})
		h.check(err)
		for email, want := range map[string]string{ann: "A claim. An audit.", "ann@X.EXAMPLE": "A claim. An audit.", bob: "An audit."} {
			f, err := s.Find(t.Context(), []find.Person{{Identities: []find.Identity{{Kind: "email", Value: email}}}})
			h.check(err)
			list, err := h.desk.Against(t.Context(), p, s, f, avow.ID{})
			h.check(err)
			var got []string
			for _, x := range list {
				got = append(got, x.Because)
			}
			slices.Sort(got)
			if strings.Join(got, " ") != want {
				t.Errorf("%s: %q, want %q", email, got, want)
			}
			erased, err := plan.Erase(t.Context(), s, f, plan.Options{CaseKey: []byte("a key of a case of a test"), Now: today, Holds: list})
			h.check(err)
			kept := false
			for _, e := range erased.Entries(false) {
				kept = kept || e.Table == "messages" && e.Action == plan.Keep && e.Reason == "A claim."
			}
			if kept != (want != "An audit.") {
				t.Errorf("%s: %+v", email, erased.Entries(false))
			}
		}
		// A row that is both theirs, found for somebody of whom the hold does not know the identity.
		f, err := s.Find(t.Context(), []find.Person{{Identities: []find.Identity{{Kind: "email", Value: ann}}}})
		h.check(err)
		f.People[0].Identities = []find.Identity{{Kind: "phone", Value: "+31201234567"}}
		list, err := h.desk.Against(t.Context(), p, s, f, avow.ID{})
		h.check(err)
		if len(list) != 2 {
			t.Errorf("by a row: %+v", list)
		}
	})
}
