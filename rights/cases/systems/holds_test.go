package systems

import (
	"context"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/find"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// What is held since an erasure was planned makes it wait, before anything is opened; what
// the plan knows of does not, and nothing but an erasure is held.
func TestHeldSincePlanned(t *testing.T) {
	e := engineOf(t, letters)
	var now []plan.Hold
	e.Holds = func(_ context.Context, s *find.Search, f *find.Found, r cases.Request) ([]plan.Hold, error) {
		if s != nil || len(f.People) != 1 || f.People[0].Identities[0].Value != "ann@mail.example" || f.People[0].Identities[1].Value != "7" {
			t.Errorf("asked with %v, of %+v", s, f)
		}
		return now, nil
	}
	p, err := (&plan.Plan{For: plan.Erasure}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	of := func(right law.Right) error {
		return e.Free(t.Context(), cases.Request{Right: right, Identities: []cases.Identity{{Kind: "email", Value: "ann@mail.example"}},
			Met: []cases.Identity{{Kind: "member", Value: "7"}}}, captured{Plan: p}.bytes())
	}
	if err := of(law.Remove); err != nil {
		t.Errorf("nothing is held: %v", err)
	}
	now = []plan.Hold{{Because: "A claim."}}
	if err := of(law.Remove); avow.KindOf(err) != avow.Unavailable {
		t.Errorf("held since: %v", err)
	}
	if err := of(law.Correct); err != nil {
		t.Errorf("a correction: %v", err)
	}
	e.Holds = nil
	if err := of(law.Remove); err != nil {
		t.Errorf("nobody holds: %v", err)
	}
}
