package main

import (
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/consent"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
	"github.com/avowhq/avow/store"
	"github.com/avowhq/avow/work"
)

// A switch counts in the gate when it is acknowledged. What is left to do follows its event as an effect, so that the
// switch neither waits for it nor fails with it: staff weigh the objection, and systems are marked.

// followSwitches registers the effect. It begins with what comes after the first start with it: what people switched
// before that counts in the gate, as it did.
func (s *server) followSwitches() {
	types := []ledger.Type{ledger.Objected, ledger.ObjectionEnded}
	if s.Systems != "" { // a consent that is taken back stops marketing there
		types = consent.Tells()
	}
	s.work.Effect("carry-out-switches", types, s.switched, work.FromNow())
}

// switched does what is left to do of one event.
func (s *server) switched(tx *store.Tx, e ledger.Entry) error {
	marks, err := s.atlas.marks(e.Policy)
	if err != nil || !marks.any() && !s.weighsAny(e.Policy) {
		return err
	}
	said, err := s.consent.Switched(tx, e)
	if avow.KindOf(err) == avow.NotFound && err != nil {
		return nil // erased since, or an address that nobody here has
	}
	if err != nil || said.Stops && seenTo(said, e.Type) {
		return err
	}
	for _, w := range wishes(said, e) {
		w.Systems = marks[w.Right]
		if err := s.requests.CarryOut(tx, w); err != nil {
			return err
		}
	}
	return nil
}

// seenTo tells whether something else carries out what was stopped: a request, or the import of a list, in which the systems
// that it comes from have it already.
func seenTo(said consent.Switched, what ledger.Type) bool {
	byRequest := what == ledger.Objected && said.Way == "request" && said.By == ""
	return byRequest || strings.HasPrefix(said.Way, "import from ")
}

// wishes are what was said, by the right that it is about. Objections that are to marketing alone stop that.
func wishes(said consent.Switched, e ledger.Entry) (out []cases.Wish) {
	var objects, marketing []string
	for _, x := range said.Stands {
		if x.Marketing {
			marketing = addNames(marketing, x.Purpose, x.Topic)
		} else {
			objects = addNames(objects, x.Purpose)
		}
	}
	named := said.Purpose + said.Topic // one of the two
	toMarketing, toOther := sorts(said)
	objection := e.Type == ledger.Objected || e.Type == ledger.ObjectionEnded
	base := cases.Wish{Event: e.ID, Subject: said.Subject, Policy: said.Policy.Name, Signal: strings.HasPrefix(said.Way, "Sec-GPC")}
	add := func(right law.Right, about bool, stands, other []string) {
		w := base
		w.Right, w.Stands, w.Else = right, stands, other
		if said.Stops && slices.Contains(stands, named) {
			w.Stops = []string{named}
		}
		if said.Stops && len(w.Stops) == 0 || !about {
			return // they have allowed it since, or it is none of this
		}
		out = append(out, w)
	}
	add(law.Object, objection && (toOther || !said.Stops), objects, marketing) // a request to object may be about marketing too
	add(law.StopMarketing, toMarketing, marketing, nil)
	return out
}

func addNames(list []string, names ...string) []string {
	for _, n := range names {
		if n != "" && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// sorts tells what an event is about: direct marketing, other uses that can be objected to, or both. A consent is about the marketing of its purpose.
func sorts(said consent.Switched) (marketing, other bool) {
	for i, l := range said.Policy.Objections {
		if l.Once || said.Topic != "" && l.Topic != said.Topic || said.Purpose != "" && said.Policy.Purposes[l.Purpose].Name != said.Purpose {
			continue
		}
		if l.Topic != "" || marketingLane(said.Policy.Purposes[l.Purpose], i) {
			marketing = true
		} else {
			other = true
		}
	}
	return marketing, other
}

// weighsAny tells whether some purpose of a policy has objections that are weighed.
func (s *server) weighsAny(name string) bool {
	p, err := s.consent.Version(name, 0)
	return err == nil && slices.ContainsFunc(p.Objections, func(l policy.ObjectionLane) bool { return l.Weighed })
}

// marking tells for which rights something is done in systems.
type marking map[law.Right]bool

func (m marking) any() bool { return m[law.Object] || m[law.StopMarketing] }

// marks tells what the systems of a policy mark.
func (a *atlas) marks(name string) (marking, error) {
	if a.dir == "" {
		return nil, nil
	}
	e, err := a.of(name)
	if err != nil {
		return nil, err
	}
	return marking{law.Object: e.Marks(law.Object), law.StopMarketing: e.Marks(law.StopMarketing)}, nil
}
