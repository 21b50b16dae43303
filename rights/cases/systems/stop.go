package systems

import (
	"context"
	"slices"

	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/policy"
	"github.com/avowhq/avow/rights/cases"
)

// What somebody stops counts at once in avow's own gate. Systems that decide by themselves mark
// it in the column that the map names for it; where one names none, people see to it, if the policy has
// anything there to stop.

// stops are the rights that systems at most mark, by the key of the map's stops.
var stops = map[law.Right]string{law.StopMarketing: "stop-marketing", law.OptOut: "opt-out", law.Limit: "limit"}

// stop plans the marks. Who typed an address has not shown to hold it: whether anybody was found under it must not be
// seen from what is left to do, so that depends on the map alone. No program takes such a mark back: people do, where rows of the person are.
func (e *Engine) stop(ctx context.Context, r cases.Request) ([]cases.Part, error) {
	what := stops[r.Right]
	marked, byHand := e.stopsIn(what, e.leaves(r.Right))
	parts := e.stopTasks(byHand, r)
	if !marked || len(r.Identities) == 0 {
		return parts, nil
	}
	s, f, err := e.find(ctx, r, false)
	if err != nil {
		return nil, err
	}
	p, err := plan.Stop(ctx, s, f, plan.Options{CaseKey: r.Key, Now: r.Now}, what)
	if err != nil {
		return nil, err
	}
	for _, sp := range p.Systems {
		if sp.Away != "" || !sp.Changes() {
			continue
		}
		if r.Lift {
			parts = append(parts, cases.Part{System: sp.System, Task: &cases.Task{Do: lifted(sp.System, r.Right)}})
			continue
		}
		part, err := e.part(p, nil, sp)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// Marks tells whether something is done in systems about what somebody stops: a column is marked, or people are asked to.
func (e *Engine) Marks(right law.Right) bool {
	what, only := stops[right]
	if !only {
		what = string(law.Object)
	}
	marked, others := e.stopsIn(what, true)
	return marked || !only && slices.ContainsFunc(others, func(s *datamap.System) bool { return s.Kind == string(datamap.Manual) })
}

// leaves tells whether the policy has something that a right stops beside what the gate decides alone: somebody of
// their own receives data (ccpa:1798.120), or sensitive data is used (ccpa:1798.121).
func (e *Engine) leaves(right law.Right) bool {
	switch right {
	case law.OptOut:
		return len(ThirdParties(e.Map.Policy)) > 0
	case law.Limit:
		return !e.Map.Policy.Special.Empty()
	}
	return false
}

// ThirdParties are the recipients who are neither processors nor of the group nor told on an event: to whom data can be sold or shared.
func ThirdParties(p *policy.Policy) (names []string) {
	for i := range p.Recipients {
		if r := &p.Recipients[i]; r.Declared && !r.Processor && r.Role != "group" && r.Role != "authority" && r.Role != "successor" {
			names = append(names, r.Name)
		}
	}
	return names
}

// stopsIn tells whether any system marks what is stopped, and which hold personal data and do not. without: it matters there too.
func (e *Engine) stopsIn(what string, without bool) (marked bool, byHand []*datamap.System) {
	for _, s := range e.Map.Systems {
		here := false
		for _, t := range s.All() {
			if _, ok := t.Mark(what); ok {
				here = true
			}
		}
		marked = marked || here
		if !here && without {
			byHand = append(byHand, s)
		}
	}
	return marked, byHand
}

func (e *Engine) stopTasks(list []*datamap.System, r cases.Request) (parts []cases.Part) {
	for _, s := range list {
		name := s.Name.Text
		task := &cases.Task{Do: "Look whether " + name + " knows the person by what they typed, and see that what they stopped (" + string(r.Right) +
			") is stopped there: its map names no column for it."}
		if s.Kind == string(datamap.Manual) {
			task = &cases.Task{Who: s.Task.Who.Text, Do: doIn(e.Map.Policy, s, r.Right), In: lasts(s.Task.Within)}
		}
		parts = append(parts, cases.Part{System: name, Task: task})
	}
	return parts
}
