package vault_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/vault"
)

func TestAmend(t *testing.T) {
	each(t, func(h *house) {
		s := h.claim(email("ann@example.com"))
		first, second := h.put(contact(s, "name", "Anne")), h.put(contact(s, "name", "An"))
		other := h.claim(email("bob@example.com"))
		before := h.values(s)
		h.write(func(tx *store.Tx) error {
			for what, c := range map[string]struct {
				subject, id avow.ID
				data        string
				want        avow.ErrorKind
			}{
				"somebody else's": {other, first, "Bob", avow.NotFound},
				"nothing":         {s, s, "Bob", avow.NotFound},
				"too long":        {s, first, strings.Repeat("a", 64<<10+1), avow.TooLarge},
			} {
				if err := h.Amend(tx, c.subject, c.id, c.data); avow.KindOf(err) != c.want {
					t.Errorf("%s: %v", what, err)
				}
			}
			return h.Amend(tx, s, first, "Ann")
		})
		after := h.values(s)
		for i, v := range after {
			want := before[i]
			if v.ID == first {
				want.Data = "Ann"
			}
			if v.ID != want.ID || v.Data != want.Data || v.Source != want.Source || v.Version != want.Version || !v.At.Equal(want.At) || !slices.Equal(v.Purposes, want.Purposes) {
				t.Errorf("%+v, want %+v", v, want)
			}
		}
		if again := h.put(contact(s, "name", "Ann")); again != first || second == first {
			t.Error("the amended value given again is another value")
		}
	})
}

func TestKeepOnly(t *testing.T) {
	each(t, func(h *house) {
		s := h.verify(email("ann@example.com")).Subject
		name, phone := h.put(contact(s, "name", "Ann")), h.put(contact(s, "phone", "+12015550100"))
		h.claim(email("ann@example.com"))
		old := h.put(contact(h.claim(email("ann@example.com")), "name", "Anna"))
		h.verify(email("ann@example.com"))
		bob := h.verify(email("bob@example.com")).Subject
		h.put(contact(bob, "name", "Bob"))
		var token string
		h.write(func(tx *store.Tx) (err error) {
			token, _, err = h.NewLink(tx, s, vault.Email, "see")
			return err
		})
		keep := map[avow.ID][]string{old: {"surveys"}, name: {"surveys", "newsletter"}}
		h.write(func(tx *store.Tx) error {
			n, err := h.KeepOnly(tx, s, keep)
			if n != 1 {
				t.Errorf("%d values were erased, want the one of %v", n, phone)
			}
			return err
		})
		for _, v := range h.values(s) {
			if !v.Limited || !slices.Equal(v.Purposes, keep[v.ID]) || v.Data != map[avow.ID]string{old: "Anna", name: "Ann"}[v.ID] {
				t.Errorf("left: %+v", v)
			}
		}
		if len(h.values(s)) != 2 || len(h.values(bob)) != 1 {
			t.Errorf("%d values of hers, %d of Bob's", len(h.values(s)), len(h.values(bob)))
		}
		err := h.db.Write(t.Context(), func(tx *store.Tx) error { _, err := h.UseLink(tx, token, "see"); return err })
		if avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("a link from before still works: %v", err)
		}
		h.put(contact(s, "name", "Ann"))
		for _, v := range h.values(s) {
			if v.ID == name && (v.Limited || !slices.Equal(v.Purposes, []string{"surveys", "newsletter"})) {
				t.Errorf("given again, it is still limited: %+v", v)
			}
		}
	})
}

// A value given again for something else is there for both.
func TestGivenAgainForSomethingElse(t *testing.T) {
	each(t, func(h *house) {
		s := h.claim(email("ann@example.com"))
		v := contact(s, "name", "Ann")
		for _, c := range []struct {
			policy, purposes, want string
		}{{v.Policy, "accounts", "accounts"}, {v.Policy, "newsletter accounts", "accounts newsletter"}, {"other", "study", "study"}} {
			v.Policy, v.Purposes = c.policy, strings.Fields(c.purposes)
			h.put(v)
			if got := h.values(s); len(got) != 1 || strings.Join(got[0].Purposes, " ") != c.want {
				t.Errorf("after %s: %+v, want %s", c.purposes, got, c.want)
			}
		}
	})
}

// Values given together are what they would be one by one, also where two of them are equal.
func TestPutAll(t *testing.T) {
	each(t, func(h *house) {
		s := h.claim(email("ann@example.com"))
		before := h.put(contact(s, "name", "Ann"))
		again, other := contact(s, "name", "Ann"), contact(s, "phone", "+44 20 7946 0000")
		again.Version, other.Purposes = 2, []string{"calls"}
		twice := other
		twice.Purposes = []string{"surveys"}
		var ids []avow.ID
		h.write(func(tx *store.Tx) error {
			who, err := h.Subject(tx, s)
			if err == nil {
				ids, err = h.PutAll(tx, who, []vault.Value{other, again, twice, contact(s, "name", "Anna"), twice})
			}
			return err
		})
		if len(ids) != 5 || ids[1] != before || ids[0] != ids[2] || ids[0] != ids[4] || ids[3] == before {
			t.Fatalf("ids %v", ids)
		}
		got := h.values(s)
		if want := []string{"name=Ann", "name=Anna", "phone=+44 20 7946 0000"}; !slices.Equal(slices.Sorted(slices.Values(data(got))), want) {
			t.Errorf("got %v, want %v", data(got), want)
		}
		for _, v := range got {
			switch v.ID {
			case before:
				if v.Version != 2 {
					t.Errorf("the value given again: %+v", v)
				}
			case ids[0]:
				if !slices.Equal(v.Purposes, []string{"calls", "surveys"}) {
					t.Errorf("the value given twice is there for %v", v.Purposes)
				}
			}
		}
	})
}
