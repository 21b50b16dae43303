package rights_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/ledger"
)

// Each thing in a person's history that they can still read has a receipt that checks,
// and handing one over is in the history itself.
func TestReceiptOfOneEvent(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		session := h.enter(ann)
		before := h.see(session).History
		for _, happening := range before {
			r, err := h.desk.Receipt(bg, session, happening.ID)
			if err != nil || !happening.Opens {
				t.Fatalf("%s: %v", happening.Type, err)
			}
			if err := r.Check(); err != nil || r.ID != happening.ID || r.Proof.Index != happening.Index {
				t.Errorf("%s: %v, event %s at %d", happening.Type, err, r.ID, r.Proof.Index)
			}
		}
		after := h.see(session).History
		if got := len(after) - len(before); got != len(before) {
			t.Errorf("%d receipts were handed over, %d events tell of it", len(before), got)
		}
		newest := after[0]
		if newest.Type != ledger.CopyHandedOver || !strings.Contains(newest.Words, "receipt") || strings.Contains(newest.Words, "copy") {
			t.Errorf("the newest event is a %s: %q", newest.Type, newest.Words)
		}
		var body struct{ Request, By string }
		if err := json.Unmarshal(newest.Body, &body); err != nil || body.Request != "receipt" || body.By != "the person" {
			t.Errorf("it says %s (%v)", newest.Body, err)
		}
	})
}

// Nobody gets the receipt of somebody else's event, and learns nothing from the answer.
func TestReceiptIsOnesOwn(t *testing.T) {
	each(t, func(h *house) {
		h.people()
		bobs := h.see(h.enter(bob)).History
		session := h.enter(ann)
		events := len(h.see(session).History)
		_, nobodys := h.desk.Receipt(bg, session, avow.NewID(h.Clock()))
		for _, happening := range bobs {
			r, err := h.desk.Receipt(bg, session, happening.ID)
			if r != nil || avow.KindOf(err) != avow.NotFound || err.Error() != nobodys.Error() {
				t.Errorf("Ann asked for the receipt of Bob's %s: %v, %v", happening.Type, r, err)
			}
		}
		if _, err := h.desk.Receipt(bg, "no session", bobs[0].ID); avow.KindOf(err) != avow.Unauthorized {
			t.Errorf("without a session: %v", err)
		}
		if got := len(h.see(session).History); got != events {
			t.Errorf("what was not handed over left %d events", got-events)
		}
	})
}
