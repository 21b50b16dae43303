package gate

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// A query is a request with what is known of the subject. It lives on the stack.
type query struct {
	r          *Request
	rules      *Rules
	class      int
	purpose    int
	data       policy.FieldSet // all that is asked for
	consents   uint64
	objections [2]uint64
	restricted bool
	optOut     bool
	duty       bool // the purpose is a built-in duty
}

func (q *query) objected(lane int) bool {
	return lane >= 0 && lane < policy.MaxObjectionLanes && q.objections[lane>>6&1]&(1<<(lane&63)) != 0
}

func (q *query) consented(lane int) bool {
	return lane >= 0 && lane < policy.MaxConsentLanes && q.consents&(1<<(lane&63)) != 0
}

// visit decides about a visitor: what is asked about counts as collected now.
func (q *query) visit(today *table) Decision {
	if d, done := q.begin(today); done {
		return d
	}
	q.data = q.r.Data.Or(q.r.Whole)
	return q.piece(today, today, nil, 0, q.data, nil)
}

// decide decides about a stored subject on one day.
func (q *query) decide(d *day) Decision {
	if out, done := q.begin(d.today); done {
		return out
	}
	if q.r.Act == avow.Collect {
		q.data = q.r.Data.Or(q.r.Whole)
		return q.piece(d.today, d.today, nil, 0, q.data, nil)
	}
	held := q.held(d)
	if !held.Covers(q.r.Data) {
		return q.missing(d, q.r.Data.Minus(held))
	}
	q.data = q.r.Data.Or(q.r.Whole.And(held))
	if q.data.Empty() {
		if q.r.Cookie >= 0 {
			return q.piece(d.today, d.today, nil, 0, q.data, nil)
		}
		return q.missing(d, q.r.Whole)
	}
	return q.pieces(d)
}

// begin answers what needs no state: is the question whole, is its purpose one
// the policy has today, does a browser signal refuse the cookie.
func (q *query) begin(today *table) (Decision, bool) {
	r := q.r
	version := today.p.Number
	if r.Act >= avow.Act(avow.Acts) {
		return refuse(UnknownAct, 0, 0), true
	}
	if why := q.known(today); why != Undecided {
		return refuse(why, version, 0), true
	}
	if r.Signals != 0 {
		if clause, no := q.signals(today); no {
			return refuse(NoCookies, version, clause), true
		}
	}
	if q.purpose = r.Purpose; q.purpose < 0 && r.Cookie >= 0 {
		cookie := &today.p.Cookies[r.Cookie]
		if q.purpose = cookie.Purpose; q.purpose < 0 && cookie.Necessary {
			return Decision{Allowed: true, Reason: ByNecessity, Version: version, Clause: cookie.Clause, Lane: -1}, true
		}
	}
	if q.purpose < 0 || q.purpose >= len(today.purposes) {
		return refuse(UnknownPurpose, version, 0), true
	}
	p := &today.purposes[q.purpose]
	if p.Ended {
		return refuse(PurposeEnded, version, p.Clause), true
	}
	q.duty = p.Kind == policy.Duty
	if r.Cookie < 0 && r.Data.Empty() && r.Whole.Empty() {
		return refuse(NoData, version, 0), true
	}
	return Decision{}, false
}

func (q *query) known(today *table) Reason {
	r := q.r
	switch {
	case r.Recipient >= len(today.p.Recipients):
		return UnknownRecipient
	case r.Role >= len(today.p.Roles) || r.Role >= 0 && !today.p.Roles[r.Role].Declared:
		return UnknownRole
	case r.Cookie >= len(today.p.Cookies):
		return UnknownCookie
	}
	return Undecided
}

// signals applies what the browser asks for (design section 4 rule 8): it finds an
// opt-out, and tells whether a cookie is refused, by which clause.
func (q *query) signals(today *table) (clause int, refused bool) {
	if q.r.Signals&avow.DNT != 0 {
		if q.signal(today, today.p.DNT) {
			return today.dnt, true
		}
	}
	if q.r.Signals&avow.GPC != 0 {
		q.optOut = q.optOut || q.rules.reaches[today.index][q.class].optOut
		if q.signal(today, today.p.GPC) {
			return today.gpc, true
		}
	}
	return 0, false
}

func (q *query) signal(today *table, rule policy.SignalRule) (refused bool) {
	switch rule {
	case policy.SignalNoCookies:
		return q.r.Cookie >= 0
	case policy.SignalNoOptionalCookies:
		return q.r.Cookie >= 0 && !today.p.Cookies[q.r.Cookie].Necessary
	case policy.SignalOptOut:
		q.optOut = true
	}
	return false
}

// held is what is there for the purpose. A built-in duty reaches everything: a
// copy of one's data is a copy of all of it.
func (q *query) held(d *day) policy.FieldSet {
	if !d.limited {
		return d.free
	}
	if q.duty {
		return d.all
	}
	held := d.free
	for i := range d.pieces {
		if p := &d.pieces[i]; p.limited && p.onlyFor.Has(q.purpose) {
			held = held.Or(p.fields)
		}
	}
	return held
}

func (q *query) missing(d *day, fields policy.FieldSet) Decision {
	version := d.today.p.Number
	kept := d.all.And(fields)
	if kept.Empty() {
		return refuse(NotHeld, version, 0)
	}
	clause := 0
	for i := range d.today.p.Retention {
		if rule := &d.today.p.Retention[i]; !rule.OnlyFor.Empty() && !rule.Fields.And(kept).Empty() {
			clause = rule.Clause
			break
		}
	}
	return refuse(KeptForOthers, version, clause)
}

// pieces decides every group of pieces that holds some of the data: each must
// allow (design section 4 rule 1). The answer is that of the oldest words.
func (q *query) pieces(d *day) Decision {
	var out Decision
	var part policy.FieldSet
	for i := range d.pieces {
		p := &d.pieces[i]
		if !p.limited || q.duty || p.onlyFor.Has(q.purpose) {
			part = part.Or(p.fields.And(q.data))
		}
		if i+1 < len(d.pieces) && d.pieces[i+1].group == p.group || part.Empty() {
			continue
		}
		one := q.piece(p.table, d.today, p, p.group, part, d)
		if !one.Allowed {
			return one
		}
		if out.Reason == Undecided {
			out = one
		} else {
			out.Obligations |= one.Obligations
		}
		part = policy.FieldSet{}
	}
	return out
}

// piece decides about the part of the data that is under the same words: by the
// agreement, else by its version, else by what today's version is exempt for.
func (q *query) piece(t, today *table, p *piece, group int, part policy.FieldSet, d *day) Decision {
	c := check{query: q, table: t, today: today, part: part, group: group, day: d}
	out := c.words(p)
	if out.Allowed || t == today && (p == nil || p.agreement == nil) {
		return out
	}
	c.table, c.mode, c.agreement = today, exempt, nil
	if by := c.run(); by.Allowed {
		return by
	}
	return out
}
