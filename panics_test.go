package avow

import (
	"errors"
	"strings"
	"testing"
)

func TestUnpanicked(t *testing.T) {
	fault := errors.New("a fault")
	if err := Unpanicked(func() error { return fault }); err != fault {
		t.Errorf("the error is %v", err)
	}
	err := Unpanicked(func() error {
		var none []int
		return errors.New(string(rune(none[len(none)])))
	})
	var p *Panic
	if KindOf(err) != Internal || !errors.As(err, &p) || !strings.Contains(p.Error(), "TestUnpanicked") {
		t.Errorf("the panic became %v", err)
	}
	if err := Unpanicked(func() error { panic("ann@mail.example") }); strings.Contains(err.Error(), "ann@") {
		t.Errorf("it says somebody's address: %v", err)
	}
	if said := MessageOf(err); strings.Contains(said, "index") {
		t.Errorf("people are told %q", said)
	}
}
