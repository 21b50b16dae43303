package gate

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// A check is one part of the data under the words of one version.
type check struct {
	*query
	table, today *table
	part         policy.FieldSet
	group        int
	day          *day // nil: the data is being collected, it has no history
	mode         mode
	agreement    *piece // in mode byAgreement
}

type mode uint8

const (
	ordinary mode = iota
	// exempt lets only the bases count that today's version decides for data of any
	// version: law, life, and what the person consented to since.
	exempt
	// byAgreement lets the agreement stand for the data and the basis of the
	// purpose's reasons. It waives no objection, restriction or special basis.
	byAgreement
)

// words finds whose words decide: the agreement's or the policy version's.
func (c *check) words(p *piece) Decision {
	if p == nil || p.agreement == nil || c.duty {
		return c.run()
	}
	a := p.agreement
	switch {
	case a.Denies.Has(c.purpose):
		return refuse(AgreementDenies, p.version, a.Clause)
	case a.Allows.Has(c.purpose):
		c.mode, c.agreement = byAgreement, p
		if c.table == nil || !c.declared(c.table) {
			c.table = c.today
		}
		return c.run()
	case a.Wins == "always":
		return refuse(AgreementSilent, p.version, a.Clause)
	}
	return c.run()
}

func (c *check) declared(t *table) bool {
	return c.purpose < len(t.purposes) && t.purposes[c.purpose].exists
}

// run applies rules 2 to 8 in the order of the design.
func (c *check) run() Decision {
	t := c.table
	if t == nil || !c.declared(t) {
		version := 0
		if t != nil {
			version = t.p.Number
		}
		return refuse(PurposeNotPromised, version, 0)
	}
	p := &t.purposes[c.purpose]
	if p.Kind == policy.DisclosureOnEvent {
		if why := c.disclosure(p); why != Undecided {
			return refuse(why, t.p.Number, p.Clause)
		}
	}
	if c.r.Role >= 0 || c.r.Place != "" {
		if why, clause := c.staff(p); why != Undecided {
			return refuse(why, t.p.Number, clause)
		}
	}
	if why, clause := c.never(); why != Undecided {
		return refuse(why, t.p.Number, clause)
	}
	if c.r.Recipient >= 0 || c.r.Act == avow.Disclose || c.r.Act == avow.Transfer {
		if out := c.out(p); out.Reason != Undecided {
			return out
		}
	}
	if c.objected(p.OnceLane) {
		return lane(refuse(DoneOnce, t.p.Number, p.Clause), p.OnceLane)
	}
	if p.OffUntil && !c.consented(p.ConsentLane) {
		return lane(refuse(SwitchedOff, t.p.Number, p.Clause), p.ConsentLane)
	}
	return c.reasons(p)
}

func lane(d Decision, lane int) Decision {
	d.Lane = lane
	return d
}

// disclosure: on its event, approved by whom the policy names, and for nothing else.
func (c *check) disclosure(p *purposeRule) Reason {
	switch {
	case c.r.Act != avow.Disclose && c.r.Act != avow.Transfer:
		return OnlyDisclosed
	case !c.r.Event:
		return NoEvent
	case p.ApprovedBy >= 0 && c.r.Role != p.ApprovedBy:
		return NotApproved
	}
	return Undecided
}

// staff: need-to-know, and place; own staff abroad is a transfer too. A role the
// deciding version does not know is today's: staff act on instructions.
func (c *check) staff(p *purposeRule) (Reason, int) {
	if c.r.Role < 0 {
		if c.r.Recipient < 0 && !c.rules.near(c.class, c.r.Place) {
			return StaffPlace, 0
		}
		return Undecided, 0
	}
	t := c.table
	if c.r.Role >= len(t.p.Roles) || !t.p.Roles[c.r.Role].Declared {
		t = c.today
	}
	role := &t.p.Roles[c.r.Role]
	if !role.For.Has(c.purpose) && !(p.Kind == policy.DisclosureOnEvent && p.ApprovedBy == c.r.Role) {
		return RoleDoesNotServe, role.Clause
	}
	if !c.staffPlace(t, role) {
		return StaffPlace, role.Clause
	}
	return Undecided, 0
}

func (c *check) staffPlace(t *table, role *policy.CompiledRole) bool {
	if c.r.Place == "" || c.r.Recipient >= 0 {
		return c.rules.reaches[t.index][c.class].roles&(1<<c.r.Role) != 0
	}
	if len(role.Places) > 0 && !role.Anywhere && !stated(c.r.Place, role.Places) {
		return false
	}
	return c.rules.near(c.class, c.r.Place) || c.rules.atlas.stands(&role.Safeguard, c.class)
}

// near reports whether a place needs no safeguard for a person.
func (s *Rules) near(person int, place avow.Region) bool {
	return s.atlas.within(person, s.atlas.class(place))
}

// never: the negative promises, and what may be brought together.
func (c *check) never() (Reason, int) {
	t := c.table
	if kept := c.part.And(t.p.NeverKept); c.r.Act == avow.Keep && !kept.Empty() {
		return NeverKept, t.p.Fields[first(kept)].Clause
	}
	if c.r.Act != avow.Combine {
		return Undecided, 0
	}
	if c.wouldName(t) {
		return NoPersonFrom, t.nameless
	}
	if t.p.CombineAll {
		return Undecided, 0
	}
	for i := range t.p.CombinePairs {
		if t.p.CombinePairs[i].Fields.Covers(c.data) {
			return Undecided, 0
		}
	}
	return NotCombined, t.combine
}

// wouldName reports whether the data together would say who is behind data from
// which the policy promises to learn nobody's identity.
func (c *check) wouldName(t *table) bool {
	return !c.data.And(t.p.NoPersonFrom).Empty() && !c.data.And(t.identifies).Empty()
}

// out: the recipient is declared, receives these data, for this purpose, where
// they may be. A processor acts on instructions: today's words.
func (c *check) out(p *purposeRule) Decision {
	t := c.table
	number := t.p.Number
	if c.r.Recipient < 0 {
		if p.Kind == policy.DisclosureOnEvent && p.To < 0 || c.r.Act == avow.Transfer && c.r.Place != "" {
			return Decision{}
		}
		return refuse(NoRecipient, number, p.Clause)
	}
	if now := &c.today.p.Recipients[c.r.Recipient]; now.Declared && now.Processor {
		t, number = c.today, c.today.p.Number
	}
	if c.r.Recipient >= len(t.p.Recipients) || !t.p.Recipients[c.r.Recipient].Declared {
		return refuse(RecipientNotThere, number, 0)
	}
	who := &t.p.Recipients[c.r.Recipient]
	if why := c.mayReceive(p, t, who); why != Undecided {
		return refuse(why, number, who.Clause)
	}
	if c.optOut && !who.Processor && who.Role != "group" && p.Kind != policy.DisclosureOnEvent && p.Kind != policy.Duty {
		return refuse(OptedOut, c.today.p.Number, c.today.gpc)
	}
	return Decision{}
}

func (c *check) mayReceive(p *purposeRule, t *table, who *policy.CompiledRecipient) Reason {
	onEvent := p.Kind == policy.DisclosureOnEvent
	switch {
	case !who.Receives.Covers(c.part) && !onEvent:
		return RecipientNotData
	case onEvent && p.To >= 0 && p.To != c.r.Recipient, !onEvent && !who.For.Has(c.purpose):
		return RecipientNotFor
	case onEvent && who.Role == "authority" && p.required&(1<<c.r.Act) != 0:
		return Undecided // what the law demands goes to the authority wherever it is
	case !c.recipientPlace(t, who):
		return RecipientPlace
	}
	return Undecided
}

func (c *check) recipientPlace(t *table, who *policy.CompiledRecipient) bool {
	if c.r.Place == "" || c.r.Role >= 0 {
		return c.rules.reaches[t.index][c.class].recipients.Has(c.r.Recipient)
	}
	if len(who.Places) == 0 && !who.Anywhere && !who.NotStated {
		return true
	}
	if len(who.Places) > 0 && !who.Anywhere && !stated(c.r.Place, who.Places) {
		return false
	}
	return c.rules.near(c.class, c.r.Place) || c.rules.atlas.stands(&who.Safeguard, c.class)
}

func first(s policy.FieldSet) int {
	i := 0
	for s[i>>6]&(1<<(i&63)) == 0 {
		i++
	}
	return i
}
