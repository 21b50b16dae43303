package consent_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/gate"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/store/storetest"
	"github.com/avowhq/avow/vault"
)

// Whose key another program destroyed while nobody here could hear it is let go of as soon
// as it is said that news may have been lost; everybody else stays.
func TestEndsWhoseNewsWereLost(t *testing.T) {
	untouched(t, func(h *house) {
		h.publish("v1.yaml")
		ann, bob := h.verified("ann@mail.example", 1), h.verified("bob@mail.example", 1)
		h.give(ann, "newsletter")
		h.give(bob, "newsletter")
		h.want(ann, "newsletter", true, gate.ByReason)

		// Another program on the same files: on SQLite nothing of it is heard here.
		db := storetest.OpenConfig(h.t, h.Config)
		other, err := vault.Open(bg, db, vault.Config{OrganisationKey: filepath.Join(h.Dir, "organisation.key"), Keys: filepath.Join(h.Dir, "keys.db")})
		h.Check(err)
		defer other.Close()
		h.Check(other.Shred(bg, ann))

		ctx, stop := context.WithCancel(bg)
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.Register.Follow(ctx, time.Hour, func(err error) { t.Error(err) })
		}()
		defer func() { stop(); <-done }()
		deadline := time.Now().Add(20 * time.Second)
		for h.ask(ann, "newsletter", avow.Send, "contact.email").Allowed {
			if time.Now().After(deadline) {
				t.Fatal("somebody whose key is gone is still said yes for")
			}
			h.Check(h.DB.Write(bg, func(tx *store.Tx) error { tx.Tell("keys"); return nil })) // as of a connection that is new
			time.Sleep(5 * time.Millisecond)
		}
		h.want(bob, "newsletter", true, gate.ByReason)
	})
}
