package retain

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// eachOwn runs a test on avow's own records, in each database there is.
func eachOwn(t *testing.T, test func(h *house)) {
	t.Helper()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) { test(newHouse(t, c, today.AddDate(-10, 0, 0))) })
}

func (h *house) write(act func(tx *store.Tx) error) {
	h.t.Helper()
	h.check(h.db.Write(h.t.Context(), act))
}

// person makes somebody who is known here.
func (h *house) person(email string) (id avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		v, err := h.vault.Verify(tx, vault.Identity{Kind: vault.Email, Value: email})
		id = v.Subject
		return err
	})
	return id
}

func (h *house) restrict(id avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		hand, err := h.reg.In(tx, id)
		if err != nil {
			return err
		}
		if _, err := hand.Restrict("request", ""); err != nil {
			return err
		}
		return hand.Done()
	})
}

// put keeps a value as given now.
func (h *house) put(id avow.ID, field, data string, purposes ...string) {
	h.t.Helper()
	category, name, _ := strings.Cut(field, ".")
	h.write(func(tx *store.Tx) error {
		_, err := h.vault.Put(tx, vault.Value{Subject: id, Category: category, Field: name, Source: "you", Point: "purchase", Policy: "shop", Version: 1, Basis: avow.Contract, Purposes: purposes, Data: data})
		return err
	})
}

func (h *house) ago(years, months, days int) { h.set(today.AddDate(-years, -months, -days)) }

// held is what is held of somebody, sorted, with the purposes of what is limited.
func (h *house) held(id avow.ID) string {
	h.t.Helper()
	var out []string
	h.check(h.db.Read(h.t.Context(), func(tx *store.Tx) error {
		list, err := h.vault.Values(tx, id)
		for _, v := range list {
			text := v.Category + "." + v.Field + "=" + v.Data
			if v.Limited {
				text += " for " + strings.Join(v.Purposes, "+")
			}
			out = append(out, text)
		}
		return err
	}))
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (h *house) wantHeld(id avow.ID, want string) {
	h.t.Helper()
	if got := h.held(id); got != want {
		h.t.Errorf("held:\n got %s\nwant %s", got, want)
	}
}

// A value goes when no rule keeps it, and before that ends for the purposes of a rule that is over.
func TestValues(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.ago(8, 0, 0)
		id, other := h.person(ann), h.person(bob)
		h.put(id, "orders.amount", "5", "shop", "accounts")
		h.ago(3, 0, 0)
		h.put(id, "contact.name", "Ann", "shop", "accounts")
		h.put(id, "contact.email", ann, "shop")
		h.put(id, "messages.text", "hello", "shop")
		h.put(id, "visits.page", "/boats", "shop")
		h.put(id, "claims.file", "a claim", "shop")
		h.ago(0, 0, 40)
		h.put(id, "messages.text", "again", "shop")
		h.put(other, "contact.name", "Bob", "shop", "accounts")
		h.set(today)
		before := h.held(id)
		dry := h.run(Options{Dry: true})
		h.wantHeld(id, before)
		r := h.run(Options{})
		h.wantSaid(r,
			"avow.values contact: delete contact.email 1",
			"avow.values contact: update contact.name 1 (for accounts alone)",
			"avow.values messages: delete messages.text 1",
			"avow.values visits: delete visits.page 1, refused: shorten: avow has no shorter form of it, instead: it is erased")
		if !slices.Equal(said(dry), said(r)) {
			t.Errorf("a dry run said\n  %s", strings.Join(said(dry), "\n  "))
		}
		h.wantHeld(id, "claims.file=a claim, contact.name=Ann for accounts, messages.text=again, orders.amount=5")
		h.wantHeld(other, "contact.name=Bob")
		if again := h.run(Options{}); len(said(again)) > 0 || again.Batches > 0 {
			t.Errorf("a second run did %q", said(again))
		}
		if !slices.ContainsFunc(r.Entries, func(e Entry) bool {
			return e.Rule == "invoices" && e.Columns[0] == "orders.amount" && strings.HasPrefix(e.Refused, nobodyKnows)
		}) {
			t.Errorf("that nobody knows of the purchase is not said: %+v", r.Entries)
		}
	})
}

// A period after an event counts from when the fact that it shows was shown.
func TestAfterAnEvent(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.ago(8, 0, 0)
		id := h.person(ann)
		h.put(id, "orders.amount", "5", "accounts")
		h.showCustomer(id)
		h.ago(7, 0, -1)
		h.put(id, "contact.name", "Ann", "accounts")
		h.set(today)
		h.run(Options{})
		h.wantHeld(id, "contact.name=Ann")
		h.set(today.AddDate(0, 0, 3))
		h.run(Options{})
		h.wantHeld(id, "")
		h.check(h.db.Read(t.Context(), func(tx *store.Tx) error { // nobody was erased by it
			_, err := h.vault.Subject(tx, id)
			return err
		}))
	})
}

func (h *house) showCustomer(id avow.ID) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		hand, err := h.reg.In(tx, id)
		if err == nil {
			err = hand.ShowFact("shop", "customer", nil)
		}
		if err == nil {
			err = hand.Done()
		}
		return err
	})
}

// The last contact is what the person last did, not what was done about them.
func TestLastContact(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.ago(3, 0, 0)
		busy, silent := h.person(ann), h.person(bob)
		h.put(busy, "contact.phone", "1", "shop")
		h.put(silent, "contact.phone", "2", "shop")
		h.ago(1, 0, 0)
		h.event(busy, ledger.Collected)
		h.event(silent, ledger.LookedAt)
		h.set(today)
		h.run(Options{})
		h.wantHeld(busy, "contact.phone=1")
		h.wantHeld(silent, "")
		h.set(today.AddDate(1, 0, 2))
		h.run(Options{})
		h.wantHeld(busy, "")
	})
}

func (h *house) event(id avow.ID, what ledger.Type) {
	h.t.Helper()
	h.write(func(tx *store.Tx) error {
		_, err := h.ledger.Append(tx, ledger.Event{Type: what, Subject: id, Body: json.RawMessage(`{}`)})
		return err
	})
}

// Of a date the year is left when the schedule shortens it.
func TestShorten(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.ago(1, 0, 0)
		id := h.person(ann)
		h.put(id, "visits.ip", "192.0.2.7", "shop")
		h.put(id, "visits.page", "2020-05-06", "shop")
		h.set(today)
		h.run(Options{})
		h.wantHeld(id, "visits.page=2020")
		if again := h.run(Options{}); again.Batches > 0 {
			t.Errorf("a second run did %q", said(again))
		}
	})
}

// What is held stays in avow's own records too, of whom it is about alone.
func TestHeldValues(t *testing.T) {
	person := []find.Identity{{Kind: "email", Value: "ANN@x.example"}}
	for _, c := range []struct {
		name     string
		hold     *Hold
		ann, bob string
	}{
		{"nothing", nil, "", ""},
		{"a person", &Hold{Person: person}, "contact.phone=1, messages.text=x", ""},
		{"data of a person", &Hold{Person: person, Data: []string{"messages"}}, "messages.text=x", ""},
		{"data", &Hold{Data: []string{"contact.phone"}}, "contact.phone=1", "contact.phone=2"},
		{"a table elsewhere", &Hold{Tables: []string{"shop.orders"}}, "", ""},
		{"avow's own", &Hold{Tables: []string{"avow.values"}}, "contact.phone=1, messages.text=x", "contact.phone=2"},
		{"everything", &Hold{}, "contact.phone=1, messages.text=x", "contact.phone=2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachOwn(t, func(h *house) {
				h.ago(3, 0, 0)
				a, b := h.person(ann), h.person(bob)
				h.put(a, "contact.phone", "1", "shop")
				h.put(a, "messages.text", "x", "shop")
				h.put(b, "contact.phone", "2", "shop")
				h.set(today)
				if c.hold != nil {
					c.hold.Kind, c.hold.Because, c.hold.By, c.hold.Until = Legal, "A claim.", "Kim", today.AddDate(0, 1, 0)
					_, err := h.desk.Place(t.Context(), *c.hold)
					h.check(err)
				}
				r := h.run(Options{})
				h.wantHeld(a, c.ann)
				h.wantHeld(b, c.bob)
				if held := strings.Count(c.ann+" "+c.bob, "="); r.Held() != held {
					t.Errorf("held %d, want %d", r.Held(), held)
				}
				h.set(today.AddDate(0, 1, 1)) // the hold is over
				h.run(Options{})
				h.wantHeld(a, "")
				h.wantHeld(b, "")
			})
		})
	}
}

func TestRestrictedValues(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.ago(3, 0, 0)
		id := h.person(ann)
		h.put(id, "contact.phone", "1", "shop")
		h.restrict(id)
		h.set(today)
		r := h.run(Options{})
		h.wantHeld(id, "contact.phone=1")
		h.wantSaid(r, "avow.values contact: keep contact.phone 0, held 1: "+restricted)
	})
}

// Many values are ended in bounded transactions, each with an event for each person that an audit takes.
func TestManyValues(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.ago(3, 0, 0)
		var ids []avow.ID
		for i := range 8 {
			ids = append(ids, h.person(fmt.Sprintf("p%d@x.example", i)))
			h.put(ids[i], "contact.phone", fmt.Sprint(i), "shop")
		}
		h.set(today)
		r := h.run(Options{})
		if r.Batches != 3 || r.Done() != 8 {
			t.Errorf("%d values in %d transactions", r.Done(), r.Batches)
		}
		h.check(h.db.Read(t.Context(), func(tx *store.Tx) error {
			list, err := h.ledger.BySubject(tx, ids[0])
			h.check(err)
			last, err := h.ledger.Open(tx, list[len(list)-1])
			if err == nil && (last.Type != ledger.Expired || !strings.Contains(string(last.Body), "contact.phone")) {
				t.Errorf("the person's history ends with %s %s", last.Type, last.Body)
			}
			return err
		}))
		a, err := h.ledger.Audit(t.Context(), ledger.AuditOptions{})
		h.check(err)
		if len(a.Findings) > 0 {
			t.Errorf("an audit finds %+v", a.Findings)
		}
		found, err := h.reg.Check(t.Context(), nil)
		h.check(err)
		if len(found) > 0 {
			t.Errorf("what was said does not follow from the log: %+v", found)
		}
	})
}

// What is given again while a page is decided is not taken.
func TestGivenAgain(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.ago(3, 0, 0)
		id := h.person(ann)
		h.put(id, "messages.text", "1", "shop")
		h.set(today)
		r := &run{Desk: h.desk, now: today, versions: versions{d: h.desk}, report: &Report{}, bySystems: map[any]*guard{}}
		var err error
		r.stand, err = h.desk.stand(t.Context())
		h.check(err)
		list, _, err := r.page(t.Context(), avow.ID{})
		h.check(err)
		if len(list) != 1 {
			t.Fatalf("%d values are over", len(list))
		}
		h.put(id, "messages.text", "1", "shop")
		h.write(func(tx *store.Tx) error {
			did, err := r.do(tx, &list[0])
			if did {
				t.Error("it was taken")
			}
			return err
		})
		h.wantHeld(id, "messages.text=1")
	})
}

func TestCalendarOfValues(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.ago(3, 0, 0)
		id := h.person(ann)
		h.put(id, "messages.text", "1", "shop")
		h.ago(0, 5, 0)
		h.put(id, "messages.text", "2", "shop")
		h.set(today)
		list, _, err := h.desk.Calendar(t.Context(), 2)
		h.check(err)
		if got := fmt.Sprint(list); got != "[{avow values messages overdue 1 false 0} {avow values messages 2026-12 1 false 0}]" {
			t.Errorf("the calendar is %s", got)
		}
	})
}

func TestHoldsAreKept(t *testing.T) {
	eachOwn(t, func(h *house) {
		h.set(today)
		for _, bad := range []Hold{{Kind: "other", Because: "x", By: "k"}, {Kind: Legal, By: "k"}, {Kind: Legal, Because: "x"}, {Kind: Legal, Because: "x", By: "k", Until: today.Add(-time.Hour)},
			{Kind: Legal, Because: "x", By: "k", Data: []string{"a\nb"}}, {Kind: Legal, Because: "x", By: "k", Person: []find.Identity{{Kind: "email"}}}} {
			if _, err := h.desk.Place(t.Context(), bad); avow.KindOf(err) != avow.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		first, err := h.desk.Place(t.Context(), Hold{Kind: Legal, Because: "A claim.", By: "Kim", Person: []find.Identity{{Kind: "email", Value: ann}}})
		h.check(err)
		h.set(today.Add(time.Minute))
		_, err = h.desk.Place(t.Context(), Hold{Kind: Audit, Because: "An audit.", By: "Lee", Data: []string{"orders"}, Until: today.Add(time.Hour)})
		h.check(err)
		list, err := h.desk.Holds(t.Context(), false)
		h.check(err)
		if len(list) != 2 || list[0].What() != "one person" || list[1].What() != "orders" || list[0].Person != nil {
			t.Errorf("holds: %+v", list)
		}
		var sealed []byte
		h.check(h.db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow("SELECT sealed FROM retain_holds WHERE id = ?", first.ID).Scan(&sealed)
		}))
		if len(sealed) == 0 || strings.Contains(string(sealed), "ann") {
			t.Errorf("who is held stands as %q", sealed)
		}
		_, err = h.desk.Lift(t.Context(), first.ID, "Lee")
		h.check(err)
		h.check(h.db.Read(t.Context(), func(tx *store.Tx) error {
			if _, err := h.vault.Open(tx, first.ID, sealContext(first.ID), sealed); err == nil {
				t.Error("who was held can be read after it was lifted")
			}
			return nil
		}))
		h.set(today.Add(2 * time.Hour))
		list, err = h.desk.Holds(t.Context(), false)
		h.check(err)
		ended, err := h.desk.Holds(t.Context(), true)
		h.check(err)
		if len(list) != 0 || len(ended) != 2 || ended[1].LiftedBy != "Lee" {
			t.Errorf("after: %+v, all: %+v", list, ended)
		}
		if _, err := h.desk.Lift(t.Context(), avow.NewID(today), "Lee"); avow.KindOf(err) != avow.NotFound {
			t.Errorf("lifting none: %v", err)
		}
	})
}
