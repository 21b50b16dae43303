package vault

import (
	"context"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// ShreddedSince gives the ids whose keys were destroyed at a time or later, page by
// page, to f: whom a backup of before that time still takes for people.
func (v *Vault) ShreddedSince(ctx context.Context, since time.Time, f func([]avow.ID) error) error {
	if since.IsZero() {
		since = time.Unix(0, 0)
	}
	after := avow.ID{}
	for {
		var page []avow.ID
		err := v.keys.Read(ctx, func(tx *store.Tx) (err error) {
			page, err = store.Collect(tx, scanID, "SELECT subject FROM vault_keys WHERE shredded >= ? AND subject > ? ORDER BY subject LIMIT ?",
				since, after[:], stopsPage)
			return err
		})
		if err != nil {
			return err
		}
		if err := f(page); err != nil || len(page) < stopsPage {
			return err
		}
		after = page[len(page)-1]
	}
}
