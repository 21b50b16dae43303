package vault_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

func (h *house) add(subject avow.ID, id vault.Identity) error {
	return h.db.Write(h.t.Context(), func(tx *store.Tx) error { return h.AddIdentity(tx, subject, id) })
}

func (h *house) remove(subject avow.ID, id vault.Identity) error {
	return h.db.Write(h.t.Context(), func(tx *store.Tx) error { _, err := h.RemoveIdentity(tx, subject, id); return err })
}

// verifyAs adds an identity, sends a link to it and uses it within the subject's session.
func (h *house) verifyAs(subject avow.ID, id vault.Identity) (v vault.Verification, err error) {
	h.t.Helper()
	err = h.db.Write(h.t.Context(), func(tx *store.Tx) error {
		if err := h.AddIdentity(tx, subject, id); err != nil {
			return err
		}
		token, _, err := h.NewLinkTo(tx, subject, id, "add")
		if err != nil {
			return err
		}
		l, err := h.UseLink(tx, token, "add")
		if err != nil {
			return err
		}
		v, err = h.VerifyAs(tx, subject, l.Identity)
		return err
	})
	return v, err
}

func TestSeveralIdentities(t *testing.T) {
	work, home, mobile := email("ann@work.example"), email("ann@home.example"), phone("+12015550100")
	each(t, func(h *house) {
		if err := h.add(h.claim(work), home); avow.KindOf(err) != avow.Refused {
			t.Errorf("an identity beside a claim: %v", err)
		}
		ann := h.verify(work).Subject
		h.put(contact(ann, "name", "Ann"))
		for range 2 {
			if err := h.add(ann, home); err != nil {
				t.Fatal(err)
			}
		}
		if got := h.told(home); got != "added: Ann" {
			t.Errorf("added: %q", got)
		}
		h.write(func(tx *store.Tx) error {
			_, to, err := h.NewLink(tx, ann, vault.Email, "see")
			if to.Value != work.Value {
				t.Errorf("a link to let her in goes to %v", to)
			}
			return err
		})

		// Somebody else uses the mistyped address: they are somebody else.
		stranger := h.verify(home).Subject
		if got := h.names(stranger); stranger == ann || got != "" {
			t.Errorf("the holder of an added address reads %q", got)
		}
		h.put(contact(stranger, "name", "Stranger"))
		// It was her after all: she acts as herself, and used the link.
		h.put(contact(h.claim(mobile), "name", "Claimed"))
		for _, id := range []vault.Identity{home, mobile} {
			if v, err := h.verifyAs(ann, id); err != nil || v.Subject != ann || len(v.Absorbed) != 1 {
				t.Errorf("%+v, %v", v, err)
			}
		}
		for _, id := range []vault.Identity{work, home, mobile} {
			if got := h.told(id); got != "verified: Ann Claimed Stranger" {
				t.Errorf("%v: %q", id, got)
			}
			if v := h.verify(id); v.Subject != ann || len(v.Absorbed) != 0 {
				t.Errorf("verified again: %+v", v)
			}
		}

		h.write(func(tx *store.Tx) error {
			token, _, err := h.NewLinkTo(tx, stranger, home, "see")
			if err != nil {
				return err
			}
			if _, err := h.RemoveIdentity(tx, stranger, home); err != nil {
				return err
			}
			if _, err := h.UseLink(tx, token, "see"); avow.KindOf(err) != avow.Unauthorized {
				t.Errorf("a link to an address removed: %v", err)
			}
			return nil
		})
		if err := h.remove(ann, work); err != nil {
			t.Error(err)
		}
		for _, c := range []struct {
			id   vault.Identity
			want avow.ErrorKind
		}{{mobile, avow.Refused}, {work, avow.NotFound}} {
			if err := h.remove(ann, c.id); avow.KindOf(err) != c.want {
				t.Errorf("%v: %v", c.id, err)
			}
		}
		if got := h.verify(work).Subject; got == ann {
			t.Error("an address that was removed still opens")
		}
		if _, err := h.verifyAs(h.claim(email("new@example.com")), home); avow.KindOf(err) != avow.Refused {
			t.Errorf("one who verified nothing: %v", err)
		}
	})
}

// Two sessions of two people verify each other's addresses; nobody is lost and nobody is two.
func TestVerifyAsJoinsBoth(t *testing.T) {
	each(t, func(h *house) {
		ann, anna := h.verify(email("ann@example.com")).Subject, h.verify(email("anna@example.com")).Subject
		h.put(contact(ann, "name", "Ann"))
		h.put(contact(anna, "name", "Anna"))
		h.write(func(tx *store.Tx) error { return h.SetKind(tx, ann, avow.Business) })
		h.write(func(tx *store.Tx) error { return h.SetKind(tx, anna, avow.Individual) })
		v, err := h.verifyAs(ann, email("anna@example.com"))
		if err != nil || v.Subject != ann || !slices.Equal(v.Absorbed, []avow.ID{anna}) {
			t.Fatalf("%+v, %v", v, err)
		}
		h.read(func(tx *store.Tx) error {
			s, err := h.Subject(tx, anna)
			if s.ID != ann || s.Kind != avow.Individual {
				t.Errorf("%+v", s)
			}
			ids, err2 := h.Identities(tx, ann)
			if len(ids) != 2 || err2 != nil {
				t.Errorf("%v, %v", ids, err2)
			}
			return err
		})
		if err := h.Shred(t.Context(), anna); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{"ann@example.com", "anna@example.com"} {
			if found := h.find(email(address)); len(found) != 0 {
				t.Errorf("%s still finds %v", address, found)
			}
		}
	})
}

func TestEmployers(t *testing.T) {
	each(t, func(h *house) {
		set := func(s avow.ID, name string) {
			h.t.Helper()
			h.write(func(tx *store.Tx) error { return h.SetEmployer(tx, s, name) })
		}
		employer := func(s avow.ID) (name string) {
			h.read(func(tx *store.Tx) (err error) { name, err = h.Employer(tx, s); return err })
			return name
		}
		employees := func(name string) (ids []avow.ID) {
			h.read(func(tx *store.Tx) (err error) { ids, err = h.Employees(tx, name); return err })
			return ids
		}
		ann, bob := h.verify(email("ann@example.com")).Subject, h.claim(email("bob@example.com"))
		if employer(ann) != "" {
			t.Error("an employer from nowhere")
		}
		set(ann, "Harbour  Straße GmbH ")
		set(bob, "HARBOUR STRASSE GmbH")
		both := []avow.ID{ann, bob}
		slices.SortFunc(both, func(a, b avow.ID) int { return slices.Compare(a[:], b[:]) })
		if got := employees("harbour strasse gmbh"); !slices.Equal(got, both) {
			t.Errorf("%v, want %v", got, both)
		}
		if got := employer(ann); got != "Harbour Straße GmbH" {
			t.Errorf("%q", got)
		}
		old := h.claim(email("ann@example.com"))
		h.now = h.now.Add(1)
		set(old, "Pier")
		h.verify(email("ann@example.com"))
		if got := employees("pier"); !slices.Equal(got, []avow.ID{ann}) {
			t.Errorf("of an alias: %v", got)
		}
		imp := avow.NewID(h.now)
		staged := h.stage(imp, "S", email("s@example.com"))
		set(staged, "Pier")
		if got := employees("pier"); len(got) != 1 {
			t.Errorf("with somebody staged: %v", got)
		}
		h.flip(imp)
		if got := employees("pier"); len(got) != 2 {
			t.Errorf("flipped: %v", got)
		}
		set(ann, "")
		if err := h.Shred(t.Context(), bob); err != nil {
			t.Fatal(err)
		}
		if len(employees("Harbour Strasse GmbH")) != 0 || employer(ann) != "" {
			t.Error("an employer stays that was removed")
		}
		for _, bad := range []string{"Har\u200bbour", string(make([]byte, 2000))} {
			err := h.db.Write(t.Context(), func(tx *store.Tx) error { return h.SetEmployer(tx, ann, bad) })
			if avow.KindOf(err) != avow.Invalid {
				t.Errorf("got %v", err)
			}
		}
	})
}

func (h *house) merge(into, other avow.ID) (v vault.Verification, err error) {
	err = h.db.Write(h.t.Context(), func(tx *store.Tx) error { v, err = h.Merge(tx, into, other, avow.NewID(h.now)); return err })
	return v, err
}

func (h *house) unmerge(old avow.ID) (s vault.Split, err error) {
	err = h.db.Write(h.t.Context(), func(tx *store.Tx) error { s, err = h.Unmerge(tx, old); return err })
	return s, err
}

// picture is all that can be seen of some people.
func (h *house) picture(subjects ...avow.ID) (out []string) {
	h.t.Helper()
	h.read(func(tx *store.Tx) error {
		for _, id := range subjects {
			s, err := h.Subject(tx, id)
			if err != nil {
				return err
			}
			line := s.Kind.String() + " " + s.Made.String()
			if s.Verified {
				line += " verified"
			}
			ids, err := h.Identities(tx, id)
			if err != nil {
				return err
			}
			for _, i := range ids {
				line += " " + i.Value
				if i.Verified {
					line += "!"
				}
			}
			family, err := h.Family(tx, id)
			if err != nil {
				return err
			}
			for _, f := range family {
				line += " " + f.String()
			}
			out = append(out, line+": "+h.names(id))
		}
		return nil
	})
	return out
}

// What staff merged is as before when it is undone, and what came meanwhile is with the one who stayed.
func TestMergeAndUnmerge(t *testing.T) {
	var a, b, c vault.Identity
	cases := map[string]func(h *house) (into, other avow.ID){
		"both verified": func(h *house) (avow.ID, avow.ID) { return h.verify(a).Subject, h.verify(b).Subject },
		"one claimed":   func(h *house) (avow.ID, avow.ID) { return h.verify(a).Subject, h.claim(b) },
		"both claimed":  func(h *house) (avow.ID, avow.ID) { return h.claim(a), h.claim(b) },
		"with aliases and added ones": func(h *house) (avow.ID, avow.ID) {
			into, other := h.verify(a).Subject, h.verify(b).Subject
			h.claim(b)
			h.verify(b)
			for _, s := range []avow.ID{into, other} {
				if err := h.add(s, c); err != nil {
					h.t.Fatal(err)
				}
			}
			if err := h.add(into, b); err != nil {
				h.t.Fatal(err)
			}
			return into, other
		},
		"of an import": func(h *house) (avow.ID, avow.ID) {
			imp := avow.NewID(h.now)
			into, other := h.stage(imp, "I", proved(a), c), h.stage(imp, "J", b, c)
			h.flip(imp)
			return into, other
		},
	}
	each(t, func(h *house) {
		n := 0
		for name, people := range cases {
			n++
			a, b, c = email(fmt.Sprintf("a%d@example.com", n)), email(fmt.Sprintf("b%d@example.com", n)), phone(fmt.Sprint("+1201555010", n))
			t.Run(name, func(t *testing.T) {
				into, other := people(h)
				h.put(contact(into, "note", "Into"))
				h.put(contact(other, "note", "Other"))
				h.write(func(tx *store.Tx) error { return h.SetKind(tx, into, avow.Business) })
				h.write(func(tx *store.Tx) error { return h.SetKind(tx, other, avow.Individual) })
				before := h.picture(into, other)
				v, err := h.merge(into, other)
				if err != nil || v.Subject != into || !slices.Contains(v.Absorbed, other) {
					t.Fatalf("%+v, %v", v, err)
				}
				merged := h.picture(into, other)
				if merged[0] != merged[1] {
					t.Errorf("not one: %v", merged)
				}
				h.put(contact(other, "note", "After"))
				split, err := h.unmerge(other)
				if err != nil || split.From != into || split.Subject != other || len(split.Absorbed) != 0 {
					t.Fatalf("%+v, %v", split, err)
				}
				var after avow.ID
				for _, value := range h.values(into) {
					if value.Data == "After" {
						after = value.ID
					}
				}
				h.write(func(tx *store.Tx) error {
					_, err := tx.Exec("DELETE FROM vault_values WHERE id = ?", after)
					return err
				})
				if got := h.picture(into, other); after.IsZero() || !slices.Equal(got, before) {
					t.Errorf("undone:\n%q\nwant\n%q", got, before)
				}
				if _, err := h.unmerge(other); avow.KindOf(err) != avow.NotFound || !strings.Contains(avow.MessageOf(err), "undone already") {
					t.Errorf("undone twice: %v", err)
				}
			})
		}
	})
}

// What only the other had claimed opens nothing of the two, and who claims it meanwhile is the other afterwards.
func TestMergedClaim(t *testing.T) {
	each(t, func(h *house) {
		hers, mine := h.verify(victim).Subject, h.claim(mallory)
		h.put(contact(hers, "name", "Victoria"))
		if _, err := h.merge(mine, hers); avow.KindOf(err) != avow.Refused {
			t.Errorf("into one who verified nothing: %v", err)
		}
		if _, err := h.merge(hers, mine); err != nil {
			t.Fatal(err)
		}
		again := h.claim(mallory)
		if again == hers || h.told(mallory) != "claimed: , added: Victoria" {
			t.Errorf("found %q", h.told(mallory))
		}
		split, err := h.unmerge(mine)
		if err != nil || !slices.Equal(split.Absorbed, []avow.ID{again}) {
			t.Errorf("%+v, %v", split, err)
		}
		if _, err := h.merge(hers, mine); err != nil {
			t.Fatal(err)
		}
		thief := h.verify(mallory).Subject
		if thief == hers || h.names(thief) != "" {
			t.Errorf("the holder of what was claimed reads %q", h.names(thief))
		}
		if _, err := h.unmerge(mine); err != nil {
			t.Fatal(err)
		}
		if got := h.told(mallory); got != "verified: , claimed: " {
			t.Errorf("%q", got)
		}
	})
}
