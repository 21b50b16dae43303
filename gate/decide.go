package gate

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// A query is a request being decided. It lives on the stack; its methods say
// whether to go on, or whether it is allowed, and leave the answer in out.
type query struct {
	r     *Request
	rules *Rules
	today *table
	day   *day // nil: a visitor
	out   *Decision

	live
	class int // where the subject lives

	purpose int
	duty    bool // the purpose is a built-in duty
	optOut  bool // a browser signal opts out
	data    policy.FieldSet

	// of the part that is being decided
	part  policy.FieldSet
	group int // -1: the data is being collected, it has no history
	table *table
	mode  mode
	under *piece // the agreement, in mode byAgreement
}

func (q *query) objected(lane int) bool {
	return uint(lane) < policy.MaxObjectionLanes && q.objections[lane>>6&1]&(1<<(lane&63)) != 0
}

func (q *query) consented(lane int) bool {
	return uint(lane) < policy.MaxConsentLanes && q.consents&(1<<(lane&63)) != 0
}

// no refuses.
func (q *query) no(why Reason, version, clause int) bool {
	q.answer(why, avow.BasisNone, version, clause, -1)
	return false
}

// answer writes a refusal field by field: copying a whole Decision costs more than deciding.
func (q *query) answer(why Reason, basis avow.Basis, version, clause, lane int) {
	d := q.out
	d.Allowed, d.Reason, d.Basis, d.Obligations = false, why, basis, 0
	d.Version, d.Clause, d.Lane = version, clause, lane
}

// collected decides about what is being collected now: by today's words.
func (q *query) collected() bool {
	unite(&q.data, &q.r.Data, &q.r.Whole)
	return q.fresh()
}

// fresh decides by today's words about data without a history.
func (q *query) fresh() bool {
	become(&q.part, &q.data)
	q.group, q.table = -1, q.today
	return q.run()
}

// visit decides about a visitor.
func (q *query) visit() {
	if q.begin() {
		q.collected()
	}
}

// decide decides about a stored subject.
func (q *query) decide() {
	if !q.begin() {
		return
	}
	r, d := q.r, q.day
	if r.Act == avow.Collect {
		q.collected()
		return
	}
	held := &d.free
	if d.limited {
		h := q.there()
		held = &h
	}
	if !covers(held, &r.Data) {
		q.missing(r.Data.Minus(*held))
		return
	}
	become(&q.data, &r.Data)
	add(&q.data, &r.Whole, held)
	switch {
	case !empty(&q.data):
		q.pieces()
	case r.Cookie >= 0:
		q.fresh()
	default:
		q.missing(r.Whole)
	}
}

// begin answers what needs no state: is the question whole, is its purpose one
// the policy has today, does a browser signal refuse the cookie.
func (q *query) begin() bool {
	r, today := q.r, q.today
	if r.Act >= avow.Act(avow.Acts) {
		return q.no(UnknownAct, 0, 0)
	}
	if r.Recipient >= 0 || r.Role >= 0 || r.Cookie >= 0 {
		if why := q.known(); why != Undecided {
			return q.no(why, today.number, 0)
		}
	}
	if r.Signals != 0 {
		if clause, refused := q.signals(); refused {
			return q.no(NoCookies, today.number, clause)
		}
	}
	if q.purpose = r.Purpose; q.purpose < 0 && r.Cookie >= 0 && q.ownPurpose() {
		return false
	}
	if uint(q.purpose) >= uint(len(today.purposes)) {
		return q.no(UnknownPurpose, today.number, 0)
	}
	p := &today.purposes[q.purpose]
	if p.ended {
		return q.no(PurposeEnded, today.number, p.Clause)
	}
	q.duty = p.kind == policy.Duty
	if r.Cookie < 0 && empty(&r.Data) && empty(&r.Whole) {
		return q.no(NoData, today.number, 0)
	}
	return true
}

func (q *query) known() Reason {
	r, p := q.r, q.today.p
	switch {
	case r.Recipient >= len(p.Recipients):
		return UnknownRecipient
	case r.Role >= len(p.Roles) || r.Role >= 0 && !p.Roles[r.Role].Declared:
		return UnknownRole
	case r.Cookie >= len(p.Cookies):
		return UnknownCookie
	}
	return Undecided
}

// ownPurpose takes a cookie's own purpose. One that has none is decided by its
// necessity alone (eprivacy:5(3)).
func (q *query) ownPurpose() (decided bool) {
	cookie := &q.today.p.Cookies[q.r.Cookie]
	if q.purpose = cookie.Purpose; q.purpose >= 0 || !cookie.Necessary {
		return false
	}
	*q.out = Decision{Allowed: true, Reason: ByNecessity, Version: q.today.number, Clause: cookie.Clause, Lane: -1}
	return true
}

// signals applies what the browser asks for (design section 4 rule 8): it finds an
// opt-out, and tells whether a cookie is refused, by which clause.
func (q *query) signals() (clause int, refused bool) {
	if q.r.Signals&avow.DNT != 0 && q.signal(q.today.p.DNT) {
		return q.today.dnt, true
	}
	if q.r.Signals&avow.GPC == 0 {
		return 0, false
	}
	if q.rules.reaches[q.today.index][q.class].optOut {
		q.optOut = true
	}
	return q.today.gpc, q.signal(q.today.p.GPC)
}

func (q *query) signal(rule policy.SignalRule) (refused bool) {
	switch rule {
	case policy.SignalNoCookies:
		return q.r.Cookie >= 0
	case policy.SignalNoOptionalCookies:
		return q.r.Cookie >= 0 && !q.today.p.Cookies[q.r.Cookie].Necessary
	case policy.SignalOptOut:
		q.optOut = true
	}
	return false
}

// there is what is held for the purpose. A built-in duty reaches everything: a
// copy of one's data is a copy of all of it.
func (q *query) there() policy.FieldSet {
	if q.duty {
		return q.day.all
	}
	held := q.day.free
	for i := range q.day.pieces {
		if p := &q.day.pieces[i]; p.limited && p.onlyFor.Has(q.purpose) {
			held = held.Or(p.fields)
		}
	}
	return held
}

// missing refuses because of fields that are not there for the purpose.
func (q *query) missing(fields policy.FieldSet) {
	p := q.today.p
	kept := q.day.all.And(fields)
	if kept.Empty() {
		q.no(NotHeld, p.Number, 0)
		return
	}
	clause := 0
	for i := range p.Retention {
		if rule := &p.Retention[i]; !rule.OnlyFor.Empty() && !rule.Fields.And(kept).Empty() {
			clause = rule.Clause
			break
		}
	}
	q.no(KeptForOthers, p.Number, clause)
}

// pieces decides every group of pieces that holds some of the data: each must
// allow (design section 4 rule 1). The answer is that of the oldest words.
func (q *query) pieces() {
	d := q.day
	if d.single != nil {
		become(&q.part, &q.data)
		q.table = d.single
		q.version()
		return
	}
	var answer Decision
	q.part = policy.FieldSet{}
	for i := range d.pieces {
		p := &d.pieces[i]
		if !p.limited || q.duty || p.onlyFor.Has(q.purpose) {
			add(&q.part, &p.fields, &q.data)
		}
		if i+1 < len(d.pieces) && d.pieces[i+1].group == p.group || empty(&q.part) {
			continue
		}
		if !q.piece(p) {
			return
		}
		if answer.Allowed {
			answer.Obligations |= q.out.Obligations
		} else {
			answer = *q.out
		}
		q.part = policy.FieldSet{}
	}
	*q.out = answer
}

// piece decides about the part of the data that is under the same words: by the
// agreement, else by its version.
func (q *query) piece(p *piece) bool {
	q.group, q.table, q.mode = p.group, p.table, ordinary
	if p.agreement == nil {
		return q.version()
	}
	return q.agreed(p) || q.exempt()
}

// version decides by one version's words, else by what today's is exempt for.
func (q *query) version() bool {
	if q.run() || q.table == q.today {
		return q.out.Allowed
	}
	return q.exempt()
}

// exempt decides by the bases for which today's words hold whatever the data was
// collected under. When they do not, the refusal is the one that was there.
func (q *query) exempt() bool {
	refused := *q.out
	q.table, q.mode = q.today, exempt
	if !q.run() {
		*q.out = refused
	}
	return q.out.Allowed
}

// agreed decides by the agreement that covers the part, where it speaks.
func (q *query) agreed(p *piece) bool {
	a := p.agreement
	switch {
	case q.duty:
	case a.Denies.Has(q.purpose):
		return q.no(AgreementDenies, p.version, a.Clause)
	case a.Allows.Has(q.purpose):
		q.mode, q.under = byAgreement, p
		if q.table == nil || !q.declared() {
			q.table = q.today
		}
	case a.Wins == "always":
		return q.no(AgreementSilent, p.version, a.Clause)
	}
	return q.run()
}
