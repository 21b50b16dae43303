package systems

import (
	"context"
	"slices"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/datamap"
	"github.com/avowhq/avow/datamap/plan"
	"github.com/avowhq/avow/rights/cases"
)

// Sweep looks for the person in the texts of all tables, one reading for all. What no program
// can search is told, system by system and table by table; people look where personal data may stand there.
// A system that is away makes the sweep wait, and so does one that goes away meanwhile.
func (e *Engine) Sweep(ctx context.Context, r cases.Request, parts map[string][]byte) ([]cases.Hit, error) {
	w, err := e.look(ctx, r.Without)
	if err != nil {
		return nil, err
	}
	if err := w.allThere(); err != nil {
		return nil, err
	}
	whole, err := together(parts)
	if err != nil {
		return nil, err
	}
	if whole == nil {
		whole = &plan.Plan{}
	}
	swept, err := plan.Sweep(ctx, e.search(w, r, false), people(r), whole)
	if err != nil {
		return nil, err
	}
	out, err := e.notSwept(swept.Unread, r.Without)
	if err != nil {
		return nil, err
	}
	return addHits(out, swept), nil
}

// addHits adds what was found, a hit for each column.
func addHits(out []cases.Hit, swept *plan.Swept) []cases.Hit {
	for _, h := range swept.Hits {
		if h.Owned && h.Kept {
			continue // the plan says why it is there
		}
		same := func(o cases.Hit) bool {
			return o.System == h.System && o.Table == h.Table && o.Column == h.Column && o.Owned == h.Owned && o.Not == ""
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Rows++
			continue
		}
		out = append(out, cases.Hit{System: h.System, Table: h.Table, Column: h.Column, Rows: 1, Owned: h.Owned})
	}
	return out
}

// Why a whole system was not searched. People have a task for it already.
const (
	noProgram  = "no program reaches it; people look through it"
	didWithout = "it was decided to do without it; people look through it"
)

// notSwept says what no program could search.
func (e *Engine) notSwept(list []plan.Unread, without []string) (out []cases.Hit, err error) {
	for _, s := range e.Map.Systems {
		if s.Kind == string(datamap.Manual) {
			out = append(out, cases.Hit{System: s.Name.Text, Not: noProgram})
		}
	}
	for _, u := range list {
		switch {
		case slices.Contains(without, u.System):
			out = append(out, cases.Hit{System: u.System, Not: didWithout})
		case u.Table == "" || u.Away:
			return nil, avow.Errorf(avow.Unavailable, "%s cannot be read now: %s", u.System, u.Why)
		default:
			out = append(out, cases.Hit{System: u.System, Table: u.Table, Not: u.Why, Look: e.personal(u.System, u.Table)})
		}
	}
	return out, nil
}

// personal tells whether the map knows of something about people in a table. Where it does not, as of
// what only ties rows together, nobody need look.
func (e *Engine) personal(system, table string) bool {
	s := e.Map.System(system)
	if s == nil || s.Table(table) == nil {
		return true
	}
	t := s.Table(table)
	return len(t.Columns)+len(t.Identities)+len(t.FreeText) > 0
}
