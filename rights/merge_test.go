package rights_test

import (
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/rights"
	"github.com/avowhq/avow/store"
)

// Staff take two people for one, and it turns out that they are two.
func TestMergeAndUnmerge(t *testing.T) {
	each(t, func(h *house) {
		t := h.t
		h.people()
		h.enter(ann)
		h.enter(bob)
		annID, bobID := h.Found(ann)[0].Subject, h.Found(bob)[0].Subject
		h.Check(h.Register.Do(bg, annID, func(x *consent.Hand) error {
			_, err := x.Confirm(consent.Choice{Policy: "site", Purpose: "newsletter"})
			return err
		}))
		allowed := func(who avow.ID) bool {
			t.Helper()
			return h.decide(who, "newsletter", "contact.email").Allowed
		}
		if !allowed(annID) || allowed(bobID) {
			t.Fatal("only Ann consented to the newsletter")
		}
		for name, wrong := range map[string][2]string{"nobody": {"", "ticket 7"}, "no evidence": {"Kim", " "}} {
			if _, err := h.desk.Merge(bg, bobID, annID, wrong[0], wrong[1]); avow.KindOf(err) != avow.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		m, err := h.desk.Merge(bg, bobID, annID, "Kim", "ticket 7")
		h.Check(err)
		if m.Subject != bobID || m.Other != annID {
			t.Errorf("merged %+v", m)
		}
		if got := h.Found(ann); len(got) != 1 || got[0].Subject != bobID {
			t.Errorf("Ann's address finds %v", got)
		}
		if allowed(bobID) || allowed(annID) {
			t.Error("a consent of one of them counts for both")
		}
		if _, err := h.desk.Merge(bg, bobID, annID, "Kim", "ticket 7"); avow.KindOf(err) != avow.Conflict {
			t.Errorf("merging them again: %v", err)
		}

		_, err = h.desk.Unmerge(bg, annID, "Kim", "ticket 8: two people of one household")
		h.Check(err)
		if got := h.Found(ann); len(got) != 1 || got[0].Subject != annID {
			t.Errorf("Ann's address finds %v", got)
		}
		if !allowed(annID) || allowed(bobID) {
			t.Error("what each had said is not theirs again")
		}
		if _, err := h.desk.Unmerge(bg, annID, "Kim", "ticket 8"); avow.KindOf(err) != avow.NotFound {
			t.Errorf("undoing it again: %v", err)
		}
		found, err := h.Register.Check(bg, nil)
		h.Check(err)
		a, err := h.Ledger.Audit(bg, ledger.AuditOptions{})
		h.Check(err)
		if len(found)+len(a.Findings) > 0 {
			t.Errorf("the records do not agree: %v %v", found, a.Findings)
		}
		h.Check(h.DB.Read(bg, func(tx *store.Tx) error {
			list, err := h.Ledger.BySubject(tx, annID)
			if err == nil && list[len(list)-1].Type != rights.Unjoined {
				t.Errorf("Ann's last event is %s", list[len(list)-1].Type)
			}
			return err
		}))
	})
}
