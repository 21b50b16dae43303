package gate

import (
	"fmt"
	"testing"

	"github.com/avowhq/avow/policy"
)

// compared is the part of a decision that must be the same. Of a refusal the
// basis, clause and lane are told, not decided.
func compared(d Decision) Decision {
	d.Seen = 0
	if !d.Allowed {
		d.Basis, d.Clause, d.Lane, d.Obligations = 0, 0, 0, 0
	}
	return d
}

// compare asks gate and oracle the same and counts what they answer.
type comparison struct {
	t       testing.TB
	reasons [reasons]int
	asked   int
}

func (c *comparison) world(seed uint64, subjects, requests int) {
	c.t.Helper()
	g := newRandom(seed, 1)
	versions := g.series()
	gate := New(Options{})
	for _, p := range versions {
		if err := gate.Publish(p, versions[len(versions)-1].Effective); err != nil {
			c.t.Fatal(err)
		}
	}
	law := oracle{versions: versions}
	for range subjects {
		s := g.state()
		if !gate.Set(s) {
			c.t.Fatal("a subject was not held")
		}
		for range requests {
			r := g.request(s, versions)
			want := law.ask(s, &r)
			c.check(seed, "Decide", s, &r, versions, gate.Decide(&r), want)
			if c.asked%16 == 0 {
				c.check(seed, "Rules.Decide", s, &r, versions, gate.DecideState(s, &r), want)
				c.replay(seed, g, gate, law, s)
			}
			c.reasons[want.Reason]++
			c.asked++
		}
	}
}

// replay asks about a date on which an earlier version was in force.
func (c *comparison) replay(seed uint64, g random, gate *Gate, law oracle, s *State) {
	r := g.request(s, law.versions)
	r.At = dayZero.AddDate(0, g.IntN(3), g.IntN(28))
	c.check(seed, "replay", s, &r, law.versions, gate.DecideState(s, &r), law.ask(s, &r))
}

func (c *comparison) check(seed uint64, how string, s *State, r *Request, versions []*policy.Policy, got, want Decision) {
	c.t.Helper()
	if compared(got) == compared(want) {
		return
	}
	msg := fmt.Sprintf("seed %d: %s and the oracle disagree\n gate   %+v\n oracle %+v\n request %+v\n state %+v", seed, how, got, want, *r, *s)
	for _, v := range versions {
		if r.Purpose >= 0 && r.Purpose < len(v.Purposes) {
			msg += fmt.Sprintf("\n version %d purpose %+v", v.Number, v.Purposes[r.Purpose])
		}
	}
	c.t.Fatal(msg)
}

// The gate and the oracle agree on a million random questions.
func TestAgreesWithOracle(t *testing.T) {
	c := &comparison{t: t}
	count := worlds
	if testing.Short() {
		count = min(count, 40)
	}
	for seed := range count {
		c.world(uint64(seed), 25, 100)
	}
	allowed := c.reasons[ByReason] + c.reasons[ByAgreement] + c.reasons[ByNecessity]
	if allowed*50 < c.asked {
		t.Errorf("only %d of %d random questions are allowed: the comparison says little", allowed, c.asked)
	}
	for r := range reasons {
		t.Logf("%-22s %d", r, c.reasons[r])
	}
}

func FuzzDecide(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed * 7919)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		(&comparison{t: t}).world(seed, 4, 60)
	})
}
