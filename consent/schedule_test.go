package consent_test

import (
	"slices"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// What was said in a transaction is known to whoever asks in it, though it is written at its end.
func TestRestrictedAtOnce(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		who, other := h.person("ann@mail.example", 1), h.person("bo@mail.example", 1)
		h.Check(h.DB.Write(bg, func(tx *store.Tx) error {
			x, err := h.Register.In(tx, who)
			if err != nil {
				return err
			}
			if _, err := x.Restrict("by post", "staff"); err != nil {
				return err
			}
			if err := x.Done(); err != nil {
				return err
			}
			is, err := h.Register.IsRestricted(tx, other, who)
			if err != nil || !is {
				t.Errorf("restricted: %v, %v", is, err)
			}
			list, err := h.Register.AllRestricted(tx, avow.ID{}, 10)
			if !slices.Equal(list, []avow.ID{who}) {
				t.Errorf("all who are restricted: %v, want %v", list, who)
			}
			return err
		}))
	})
}
