package vault_test

import (
	"slices"
	"testing"

	"github.com/avowhq/avow/store"
)

// Another program seals everything under one key with one constant nonce: who has two boxes
// has what is in both. No two boxes of ours begin alike, of one person or of several, and
// the same text is never the same box.
func TestNoNonceTwice(t *testing.T) {
	each(t, func(h *house) {
		for _, address := range []string{"ann@example.com", "bob@example.com"} {
			s := h.claim(email(address))
			for _, field := range []string{"name", "employer", "name"} {
				h.put(contact(s, field, "The same"))
			}
		}
		var begin []string
		err := h.db.Read(t.Context(), func(tx *store.Tx) error {
			for _, table := range []string{"vault_values", "vault_identities"} {
				if err := store.Each(tx, func(r *store.Rows) error {
					var box []byte
					if err := r.Scan(&box); err != nil {
						return err
					}
					if len(box) < 13 {
						t.Errorf("%s holds a box of %d bytes", table, len(box))
						return nil
					}
					begin = append(begin, string(box[:13])) // the version and the nonce
					return nil
				}, "SELECT sealed FROM "+table); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(begin)
		if n := len(begin); n < 6 || len(slices.Compact(begin)) != n {
			t.Errorf("of %d boxes some begin alike", n)
		}
	})
}
