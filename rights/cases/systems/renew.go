package systems

import (
	"context"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/rights/cases"
)

// Renew plans one system's part anew when the map or its policy is another than it was
// planned with. Other systems may be away: what they led to was captured.
func (e *Engine) Renew(ctx context.Context, r cases.Request, system string, text []byte) (part cases.Part, changed bool, err error) {
	c, ok := fromBytes(text)
	_, stops := stops[r.Right]
	if !ok || stops || c.Edition == "" || c.Edition == e.Map.Edition() || e.Map.System(system) == nil {
		return part, false, nil
	}
	old, err := plan.Decode(c.Plan)
	if err != nil {
		return part, false, err
	}
	w, err := e.look(ctx, r.Without)
	if err != nil {
		return part, false, err
	}
	if why := w.away[system]; why != nil {
		return part, false, why
	}
	s := e.search(w, r, false)
	f, err := s.Find(ctx, people(r))
	if err != nil {
		return part, false, err
	}
	o := plan.Options{CaseKey: r.Key, Now: r.Now, Objects: r.Objects}
	if r.Right == law.Remove {
		if o.Holds, err = e.holds(ctx, s, f, r); err != nil {
			return part, false, err
		}
	}
	p, err := plan.Renew(ctx, s, f, old, o, plan.Again{Corrections: corrections(r), Lift: r.Lift})
	if err != nil {
		return part, false, err
	}
	for _, sp := range p.Systems {
		if sp.System != system {
			continue
		}
		if sp.Away != "" {
			return part, false, avow.Errorf(avow.Unavailable, "%s cannot be planned anew now: %s", system, sp.Away)
		}
		part, err = e.part(p, nil, sp)
		if err == nil && len(c.Restrict) > 0 { // what was restricted stays what is restricted
			next, _ := fromBytes(part.Captured)
			next.Restrict = c.Restrict
			part.Captured, part.Restrict = next.bytes(), true
		}
		return part, err == nil, err
	}
	return part, false, nil
}
