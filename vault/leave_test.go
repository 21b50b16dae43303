package vault_test

import (
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Between the first step of an erasure and the last, whoever comes under the same
// addresses is somebody new, and stays when the first is destroyed.
func TestLeave(t *testing.T) {
	work, home := email("ann@work.example"), email("ann@home.example")
	each(t, func(h *house) {
		first := h.verify(work).Subject
		h.put(contact(first, "name", "Ann"))
		if err := h.add(first, home); err != nil {
			t.Fatal(err)
		}
		h.write(func(tx *store.Tx) error {
			if err := h.Hold(tx, first); err != nil {
				return err
			}
			return h.Leave(tx, first)
		})
		if got := h.told(work) + h.told(home); got != "" {
			t.Errorf("who has left is found: %q", got)
		}
		second := h.verify(work).Subject
		if second == first {
			t.Fatal("somebody new is taken for who has left")
		}
		h.put(contact(second, "name", "Ann again"))
		if err := h.Shred(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if got := h.told(work); got != "verified: Ann again" {
			t.Errorf("after the end of the first: %q", got)
		}
		err := h.db.Write(t.Context(), func(tx *store.Tx) error { return h.Hold(tx, first) })
		if avow.KindOf(err) != avow.NotFound {
			t.Errorf("holding somebody who is gone: %v", err)
		}
	})
}
