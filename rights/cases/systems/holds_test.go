package systems

import (
	"context"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/rights/cases"
)

// What is held since an erasure was planned makes it wait, before anything is opened; what
// the plan knows of does not, and nothing but an erasure is held.
func TestHeldSincePlanned(t *testing.T) {
	e := engineOf(t, letters)
	var now []plan.Hold
	e.Holds = func(_ context.Context, s *find.Search, f *find.Found, r cases.Request) ([]plan.Hold, error) {
		if s != nil || len(f.People) != 1 || f.People[0].Identities[0].Value != "ann@mail.example" {
			t.Errorf("asked with %v, of %+v", s, f)
		}
		return now, nil
	}
	r := cases.Request{Identities: []cases.Identity{{Kind: "email", Value: "ann@mail.example"}}}
	of := func(w plan.Work) error { return e.stillFree(t.Context(), r, &plan.Plan{For: w}) }
	if err := of(plan.Erasure); err != nil {
		t.Errorf("nothing is held: %v", err)
	}
	now = []plan.Hold{{Because: "A claim."}}
	if err := of(plan.Erasure); avow.KindOf(err) != avow.Unavailable {
		t.Errorf("held since: %v", err)
	}
	if err := of(plan.Rectification); err != nil {
		t.Errorf("a correction: %v", err)
	}
	e.Holds = nil
	if err := of(plan.Erasure); err != nil {
		t.Errorf("nobody holds: %v", err)
	}
}
