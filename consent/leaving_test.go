package consent_test

import (
	"errors"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/store"
)

// Between the transaction of an erasure and the end of the keys a person is not there any more: whatever they would say then
// nothing would take away again. It is refused alone and in a batch, and the audit finds nothing of it.
func TestNobodySpeaksWhoIsBeingErased(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		who, other := h.verified("ann@mail.example", 1), h.verified("bob@mail.example", 1)
		give := func(x *consent.Hand) error { _, err := x.Give(choice("newsletter")); return err }
		object := func(x *consent.Hand) error { _, err := x.Object(topic("products")); return err }
		h.Check(h.Register.Do(bg, who, give))
		h.write(func(tx *store.Tx) error {
			_, err := h.Register.Forget(tx, who)
			return errors.Join(err, h.Vault.Leave(tx, who))
		})
		if err := h.Register.Do(bg, who, object); avow.KindOf(err) != avow.NotFound {
			t.Errorf("somebody who is being erased objects: %v", err)
		}
		errs := h.inOneBatch([]func() error{
			func() error { return h.Register.Do(bg, who, object) },
			func() error { return h.Register.Do(bg, who, give) },
			func() error { return h.Register.Do(bg, other, object) },
		})
		for i, err := range errs {
			if gone := i < 2; gone != (avow.KindOf(err) == avow.NotFound && err != nil) || !gone && err != nil {
				t.Errorf("act %d in a batch: %v", i, err)
			}
		}
		h.Check(h.Register.Stop(bg, email("ann@mail.example"), topic("products")))
		h.Check(h.Register.TakeBack(bg, email("ann@mail.example"), choice("newsletter")))
		h.write(func(tx *store.Tx) error { // an erasure that is begun again
			_, err := h.Register.Forget(tx, who)
			return err
		})
		h.Check(h.Vault.Shred(bg, who))
	})
}

// What is taken back has to be something that was asked, whether the address finds anybody or not.
func TestTakeBackOfNothing(t *testing.T) {
	each(t, func(h *house) {
		h.publish("v1.yaml")
		h.verified("ann@mail.example", 1)
		for _, address := range []string{"ann@mail.example", "nobody@mail.example"} {
			err := h.Register.TakeBack(bg, email(address), choice("nothing"))
			var e *avow.Error
			if !errors.As(err, &e) || e.Kind != avow.Invalid || e.Field != "purpose" {
				t.Errorf("%s: %v", address, err)
			}
		}
	})
}
