package consent

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/store"
)

// Doubts are the people of whom something seems wrong in one snapshot.
func (r *Register) Doubts(tx *store.Tx, ids ...avow.ID) ([]avow.ID, error) {
	_, doubts, err := r.checkPeople(tx, ids)
	return doubts, err
}

// CheckAgain looks at them again.
func (r *Register) CheckAgain(ctx context.Context, ids []avow.ID) ([]Finding, error) {
	return r.checkAgain(ctx, ids)
}
