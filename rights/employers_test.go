package rights_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

func (h *house) employ(who avow.ID, name string) {
	h.t.Helper()
	h.Check(h.DB.Write(bg, func(tx *store.Tx) error { return h.Vault.SetEmployer(tx, who, name) }))
}

func TestCorrectTheEmployer(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		s := h.enter(ann)
		h.wants("nothing is held", h.desk.CorrectEmployer(bg, s, "Pier Ltd"), avow.Invalid)
		h.employ(h.Found(ann)[0].Subject, "Harbour Ltd")
		h.employ(h.Found(bob)[0].Subject, "Anchor Ltd")
		if page := string(h.copy(s)["index.html"]); !strings.Contains(page, "Harbour Ltd") || strings.Contains(page, "Anchor Ltd") {
			t.Error("the copy does not say for whom she acts")
		}
		h.wants("what cannot be seen", h.desk.CorrectEmployer(bg, s, "Har\u200bbour"), avow.Invalid)
		h.Check(h.desk.CorrectEmployer(bg, s, " Pier  Ltd"))
		rec := h.see(s)
		if rec.Employer != "Pier Ltd" || count(rec, ledger.Corrected) != 1 || !strings.Contains(asJSON(t, rec.History), "Data was corrected: employer") {
			t.Errorf("%q, %+v", rec.Employer, rec.History)
		}
		h.Check(h.desk.CorrectEmployer(bg, s, ""))
		if rec := h.see(s); rec.Employer != "" || strings.Contains(asJSON(t, rec), "Pier") {
			t.Errorf("removed: %+v", rec)
		}
		h.sound()
	})
}

func TestEmployees(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		annID, bobID := h.Found(ann)[0].Subject, h.Found(bob)[0].Subject
		h.employ(annID, "Harbour Ltd")
		h.employ(bobID, "HARBOUR ltd")
		for name, wrong := range map[string][3]string{"nobody": {"Harbour Ltd", " ", "ticket 7"}, "no reason": {"Harbour Ltd", "Kim", ""}, "no employer": {" ", "Kim", "ticket 7"}} {
			_, err := h.desk.Employees(bg, wrong[0], wrong[1], wrong[2])
			h.wants(name, err, avow.Invalid)
		}
		if ids, err := h.desk.Employees(bg, "Pier Ltd", "Kim", "ticket 7"); err != nil || len(ids) != 0 {
			t.Errorf("of an employer of nobody: %v, %v", ids, err)
		}
		if n := h.events(annID, ledger.LookedAt); n != 0 {
			t.Errorf("%d looks before anybody looked", n)
		}
		ids, err := h.desk.Employees(bg, "harbour ltd", "Kim", "ticket 7")
		h.Check(err)
		if len(ids) != 2 || !slices.Contains(ids, annID) || !slices.Contains(ids, bobID) {
			t.Errorf("%v", ids)
		}
		for _, who := range ids {
			if n := h.events(who, ledger.LookedAt); n != 1 {
				t.Errorf("%d looks are recorded", n)
			}
		}
		if text := asJSON(t, h.see(h.enter(ann)).History); !strings.Contains(text, "Staff looked at your data: employer (by: Kim)") || strings.Contains(text, "Harbour") {
			t.Errorf("her history: %s", text)
		}
		h.sound()
	})
}

// An erasure that must leave something leaves no employer.
func TestEraseTheEmployer(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		h.submit("purchase", nil, "contact.name", "Ann Buyer", "contact.email", ann, "contact.address", "1 Quay Street")
		s := h.enter(ann)
		h.employ(h.Found(ann)[0].Subject, "Harbour Ltd")
		done, err := h.desk.Erase(bg, s)
		h.Check(err)
		if rec := h.see(h.enter(ann)); len(done.Kept) == 0 || rec.Employer != "" {
			h.t.Errorf("%d kept, and the employer is %q", len(done.Kept), rec.Employer)
		}
		h.sound()
	})
}
