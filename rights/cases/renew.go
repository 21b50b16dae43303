package cases

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/avowhq/avow/ledger"
	"github.com/avowhq/avow/store"
)

// Replanned is the event of a request of which a part was planned anew, because the map or
// the policy was corrected while it waited.
const Replanned ledger.Type = "request-planned-again"

// renew plans a system's part anew before it is done, when the rules are others than it was
// planned by; nil when they are not.
func (d *Desk) renew(ctx context.Context, r Request, s *step, captured []byte) (settle, error) {
	part, changed, err := d.Engine.Renew(ctx, r, s.About, captured)
	if err != nil || !changed {
		return nil, err
	}
	return func(tx *store.Tx, c *record, s *step) error { return d.renewed(tx, c, s, part) }, nil
}

// renewed puts a new part in the place of the old one. A plan that does other things than
// the one that was approved is approved again.
func (d *Desk) renewed(tx *store.Tx, c *record, s *step, part Part) error {
	p, err := plan(tx, c)
	if err != nil {
		return err
	}
	same := p.renew(part)
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if _, err := add(tx, c, step{Stage: s.Stage, Kind: kindPlan, About: s.About, State: stepDone, Done: tx.Now(), Outcome: string(text)}); err != nil {
		return err
	}
	list, err := steps(tx, c.ID, `round = ? AND about = ? AND done IS NULL AND kind IN (?, ?)`, c.round, s.About, kindRestrict, kindRun)
	if err != nil {
		return err
	}
	for _, each := range list {
		if err := d.keepPart(tx, c.ID, each.N, part.Captured); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`UPDATE rights_case_steps SET next = ?, trouble = '', trouble_kind = '', holder = NULL, leased = NULL WHERE case_id = ? AND n = ?`, tx.Now(), c.ID, s.N)
	if err != nil {
		return err
	}
	if err := d.event(tx, c, Replanned); err != nil || same {
		return err
	}
	return d.approveAgain(tx, c)
}

// approveAgain asks a second person once more, before the steps of this stage go on.
func (d *Desk) approveAgain(tx *store.Tx, c *record) error {
	two, err := d.twoPeople(c)
	if err != nil || !two || c.Door == Replay {
		return err
	}
	list, err := steps(tx, c.ID, `kind = ? AND done IS NULL`, kindApprove)
	if err != nil || len(list) > 0 {
		return err
	}
	c.approvedBy = ""
	_, err = add(tx, c, step{Stage: c.stage, Kind: kindApprove, Rank: -1, State: stepOpen, Who: "a second person",
		What: "The map was corrected, and the plan does something else than what was approved. Look at it and approve it."})
	if err != nil {
		return err
	}
	return d.move(tx, c, Approval)
}

// renew replaces the part of one system, and tells whether the same is done there as before.
func (p *planned) renew(part Part) (same bool) {
	next := plannedPart{System: part.System, Tables: part.Tables}
	i := slices.IndexFunc(p.Parts, func(x plannedPart) bool { return x.System == part.System && x.Task == nil })
	if i < 0 {
		p.Parts = append(p.Parts, next)
		return false
	}
	same = slices.Equal(acts(p.Parts[i].Tables), acts(next.Tables))
	p.Parts[i] = next
	return same
}

// plansMore tells whether a plan that is made again does something that no plan did which a second person approved.
func (d *Desk) plansMore(tx *store.Tx, c *record) (bool, error) {
	now, err := plan(tx, c)
	if err != nil {
		return false, err
	}
	before, err := steps(tx, c.ID, `kind = ? AND state = ? AND round IN (SELECT a.round FROM rights_case_steps a
		WHERE a.case_id = rights_case_steps.case_id AND a.kind = ? AND a.state = ?)`, kindPlan, stepDone, kindApprove, stepDone)
	if err != nil {
		return false, err
	}
	approved := map[string]bool{}
	for _, s := range before {
		var p planned
		if err := json.Unmarshal([]byte(cmp.Or(s.Outcome, "{}")), &p); err != nil {
			return false, err
		}
		for _, act := range p.acts() {
			approved[act] = true
		}
	}
	return slices.ContainsFunc(now.acts(), func(act string) bool { return !approved[act] }), nil
}

// acts are what is done in all systems.
func (p *planned) acts() (out []string) {
	for _, part := range p.Parts {
		for _, act := range acts(part.Tables) {
			out = append(out, part.System+"\x00"+act)
		}
	}
	return out
}

// acts are what is done in some tables, whatever the number of rows and the words about it.
func acts(tables []Touched) []string {
	var out []string
	for _, t := range tables {
		out = append(out, t.Table+"\x00"+t.Action+"\x00"+strings.Join(t.Columns, ","))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// begun tells whether the plan was approved once, and only what is left of it waits.
func (c *record) begun() bool { return c.stage != toApprove && c.State == Approval }

// plansFirst puts the plans before what was done by them: a part that was planned anew was
// planned after its step was put down.
func plansFirst(list []step) []step {
	rank := func(s step) int {
		if s.Kind == kindPlan {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b step) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}
