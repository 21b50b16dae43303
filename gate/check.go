package gate

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

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

func (q *query) declared() bool {
	return q.purpose < len(q.table.purposes) && q.table.purposes[q.purpose].exists
}

// run applies rules 2 to 8 in the order of the design.
func (q *query) run() bool {
	t, r := q.table, q.r
	if t == nil {
		return q.no(PurposeNotPromised, 0, 0)
	}
	if !q.declared() {
		return q.no(PurposeNotPromised, t.number, 0)
	}
	p := &t.purposes[q.purpose]
	if p.kind == policy.DisclosureOnEvent {
		if why := q.disclosure(p); why != Undecided {
			return q.no(why, t.number, p.Clause)
		}
	}
	if r.Role >= 0 || r.Place != "" {
		if why, clause := q.staff(p); why != Undecided {
			return q.no(why, t.number, clause)
		}
	}
	if r.Act == avow.Keep || r.Act == avow.Combine {
		if why, clause := q.never(); why != Undecided {
			return q.no(why, t.number, clause)
		}
	}
	if (r.Recipient >= 0 || r.Act == avow.Disclose || r.Act == avow.Transfer) && !q.recipient(p) {
		return false
	}
	if q.objected(int(p.onceLane)) {
		q.no(DoneOnce, t.number, p.Clause)
		q.out.Lane = p.OnceLane
		return false
	}
	if p.offUntil && !q.consented(int(p.consent)) {
		q.no(SwitchedOff, t.number, p.Clause)
		q.out.Lane = p.ConsentLane
		return false
	}
	return q.reasons(p)
}

// disclosure: on its event, approved by whom the policy names, and for nothing else.
func (q *query) disclosure(p *purposeRule) Reason {
	switch {
	case q.r.Act != avow.Disclose && q.r.Act != avow.Transfer:
		return OnlyDisclosed
	case !q.r.Event:
		return NoEvent
	case p.ApprovedBy >= 0 && q.r.Role != p.ApprovedBy:
		return NotApproved
	}
	return Undecided
}

// staff: need-to-know, and place; own staff abroad is a transfer too. A role the
// deciding version does not know is today's: staff act on instructions.
func (q *query) staff(p *purposeRule) (Reason, int) {
	if q.r.Role < 0 {
		if q.r.Recipient < 0 && !q.rules.near(q.class, q.r.Place) {
			return StaffPlace, 0
		}
		return Undecided, 0
	}
	t := q.table
	if q.r.Role >= len(t.p.Roles) || !t.p.Roles[q.r.Role].Declared {
		t = q.today
	}
	role := &t.p.Roles[q.r.Role]
	if !role.For.Has(q.purpose) && !(p.Kind == policy.DisclosureOnEvent && p.ApprovedBy == q.r.Role) {
		return RoleDoesNotServe, role.Clause
	}
	if !q.staffPlace(t, role) {
		return StaffPlace, role.Clause
	}
	return Undecided, 0
}

func (q *query) staffPlace(t *table, role *policy.CompiledRole) bool {
	if q.r.Place == "" || q.r.Recipient >= 0 {
		return q.rules.reaches[t.index][q.class].roles&(1<<q.r.Role) != 0
	}
	if len(role.Places) > 0 && !role.Anywhere && !stated(q.r.Place, role.Places) {
		return false
	}
	return q.rules.near(q.class, q.r.Place) || q.rules.atlas.stands(&role.Safeguard, q.class)
}

// near reports whether a place needs no safeguard for a person.
func (s *Rules) near(person int, place avow.Region) bool {
	return s.atlas.within(person, s.atlas.class(place))
}

// never: the negative promises, and what may be brought together.
func (q *query) never() (Reason, int) {
	t := q.table
	if q.r.Act == avow.Keep && meet(&q.part, &t.p.NeverKept) {
		return NeverKept, t.p.Fields[first(q.part.And(t.p.NeverKept))].Clause
	}
	if q.r.Act != avow.Combine {
		return Undecided, 0
	}
	if q.wouldName(t) {
		return NoPersonFrom, t.nameless
	}
	if t.p.CombineAll {
		return Undecided, 0
	}
	for i := range t.p.CombinePairs {
		if covers(&t.p.CombinePairs[i].Fields, &q.data) {
			return Undecided, 0
		}
	}
	return NotCombined, t.combine
}

// wouldName reports whether the data together would say who is behind data from
// which the policy promises to learn nobody's identity.
func (q *query) wouldName(t *table) bool {
	return meet(&q.data, &t.p.NoPersonFrom) && meet(&q.data, &t.identifies)
}

// recipient: it is declared, receives these data, for this purpose, where they
// may be. A processor acts on instructions: today's words.
func (q *query) recipient(p *purposeRule) bool {
	t := q.table
	if q.r.Recipient < 0 {
		if p.Kind == policy.DisclosureOnEvent && p.To < 0 || q.r.Act == avow.Transfer && q.r.Place != "" {
			return true
		}
		return q.no(NoRecipient, t.number, p.Clause)
	}
	if now := &q.today.p.Recipients[q.r.Recipient]; now.Declared && now.Processor {
		t = q.today
	}
	if q.r.Recipient >= len(t.p.Recipients) || !t.p.Recipients[q.r.Recipient].Declared {
		return q.no(RecipientNotThere, t.number, 0)
	}
	who := &t.p.Recipients[q.r.Recipient]
	if why := q.mayReceive(p, t, who); why != Undecided {
		return q.no(why, t.number, who.Clause)
	}
	if q.optOut && !who.Processor && who.Role != "group" && p.Kind != policy.DisclosureOnEvent && p.Kind != policy.Duty {
		return q.no(OptedOut, q.today.number, q.today.gpc)
	}
	return true
}

func (q *query) mayReceive(p *purposeRule, t *table, who *policy.CompiledRecipient) Reason {
	onEvent := p.Kind == policy.DisclosureOnEvent
	switch {
	case !covers(&who.Receives, &q.part) && !onEvent:
		return RecipientNotData
	case onEvent && p.To >= 0 && p.To != q.r.Recipient, !onEvent && !who.For.Has(q.purpose):
		return RecipientNotFor
	case onEvent && who.Role == "authority" && p.required&(1<<q.r.Act) != 0:
		return Undecided // what the law demands goes to the authority wherever it is
	case !q.recipientPlace(t, who):
		return RecipientPlace
	}
	return Undecided
}

func (q *query) recipientPlace(t *table, who *policy.CompiledRecipient) bool {
	if q.r.Place == "" || q.r.Role >= 0 {
		return q.rules.reaches[t.index][q.class].recipients.Has(q.r.Recipient)
	}
	if len(who.Places) == 0 && !who.Anywhere && !who.NotStated {
		return true
	}
	if len(who.Places) > 0 && !who.Anywhere && !stated(q.r.Place, who.Places) {
		return false
	}
	return q.rules.near(q.class, q.r.Place) || q.rules.atlas.stands(&who.Safeguard, q.class)
}

func first(s policy.FieldSet) int {
	i := 0
	for s[i>>6]&(1<<(i&63)) == 0 {
		i++
	}
	return i
}
