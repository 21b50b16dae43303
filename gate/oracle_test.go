package gate

import (
	"slices"
	"strings"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// oracle is the rules of the gate read out loud: lists and loops, no masks, no
// tables made beforehand, one field at a time. The gate must always agree with it.
type oracle struct {
	versions []*policy.Policy
	subject  *State
	r        *Request
	now      *policy.Policy // the version in force
	asked    []int          // all fields asked for
}

// ask answers a request about a subject; nil is nobody stored.
func (o oracle) ask(s *State, r *Request) Decision {
	o.subject, o.r = s, r
	if r.At.IsZero() {
		return o.no(NoTime, nil)
	}
	if r.Subject.IsZero() && !r.Visitor {
		return o.no(NoSubject, nil)
	}
	for _, p := range o.versions {
		if !p.Effective.After(r.At) {
			o.now = p
		}
	}
	if o.now == nil {
		return o.no(NoVersion, nil)
	}
	if r.Visitor {
		o.subject = &State{Kind: r.Kind, Region: r.Region}
	} else if s == nil || s.Subject != r.Subject {
		return o.no(NotCached, nil)
	}
	if !o.subject.Until.IsZero() && !r.At.Before(o.subject.Until) {
		return o.no(Stale, nil)
	}
	return o.question()
}

func (o oracle) no(why Reason, p *policy.Policy) Decision {
	d := Decision{Reason: why, Lane: -1}
	if p != nil {
		d.Version = p.Number
	}
	return d
}

// question: is it one the policy can answer at all?
func (o oracle) question() Decision {
	r := *o.r
	o.r = &r
	switch {
	case int(r.Act) >= avow.Acts:
		return o.no(UnknownAct, nil)
	case r.Recipient >= len(o.now.Recipients):
		return o.no(UnknownRecipient, o.now)
	case r.Role >= 0 && (r.Role >= len(o.now.Roles) || !o.now.Roles[r.Role].Declared):
		return o.no(UnknownRole, o.now)
	case r.Cookie >= len(o.now.Cookies):
		return o.no(UnknownCookie, o.now)
	}
	if r.Cookie >= 0 {
		cookie := o.now.Cookies[r.Cookie]
		if o.refusesCookie(avow.DNT, o.now.DNT, cookie) || o.refusesCookie(avow.GPC, o.now.GPC, cookie) {
			return o.no(NoCookies, o.now)
		}
		if r.Purpose < 0 && cookie.Purpose < 0 && cookie.Necessary {
			return Decision{Allowed: true, Reason: ByNecessity, Version: o.now.Number, Clause: cookie.Clause, Lane: -1}
		}
		if r.Purpose < 0 {
			r.Purpose = cookie.Purpose
		}
	}
	if r.Purpose < 0 || r.Purpose >= len(o.now.Purposes) {
		return o.no(UnknownPurpose, o.now)
	}
	if o.now.Purposes[r.Purpose].Ended {
		return o.no(PurposeEnded, o.now)
	}
	if len(members(r.Data)) == 0 && len(members(r.Whole)) == 0 && r.Cookie < 0 {
		return o.no(NoData, o.now)
	}
	return o.data()
}

// A signal refuses cookies as the policy says.
func (o oracle) refusesCookie(signal avow.Signals, rule policy.SignalRule, c policy.CompiledCookie) bool {
	if o.r.Signals&signal == 0 {
		return false
	}
	return rule == policy.SignalNoCookies || rule == policy.SignalNoOptionalCookies && !c.Necessary
}

// GPC has at least the effect that a regime of the person gives it.
func (o oracle) optsOut() bool {
	if o.r.Signals&avow.DNT != 0 && o.now.DNT == policy.SignalOptOut {
		return true
	}
	if o.r.Signals&avow.GPC == 0 {
		return false
	}
	return o.now.GPC == policy.SignalOptOut || slices.ContainsFunc(o.regimes(o.now), func(f avow.RegimeFacts) bool { return f.GPC })
}

func (o oracle) regimes(p *policy.Policy) []avow.RegimeFacts {
	return avow.RegimesFor(o.region(), p.Regimes)
}

// A region that is none is unknown.
func (o oracle) region() avow.Region {
	if !o.subject.Region.Known() {
		return ""
	}
	return o.subject.Region
}

func members(s policy.FieldSet) (out []int) {
	for i := range policy.MaxFields {
		if s.Has(i) {
			out = append(out, i)
		}
	}
	return out
}

// there: what of a holding is there for the purpose? Kept for an invoice, it is
// not there for marketing; duties reach everything.
func (o oracle) there(h Holding) bool {
	return h.OnlyFor.Empty() || h.OnlyFor.Has(o.r.Purpose) || o.now.Purposes[o.r.Purpose].Kind == policy.Duty
}

// data: what is collected now is under today's words; anything else must be held.
func (o oracle) data() Decision {
	if o.r.Visitor || o.r.Act == avow.Collect {
		o.asked = members(o.r.Data.Or(o.r.Whole))
		return o.underVersion(part{decider: o.now, fields: o.asked, fresh: true}, o.now, false)
	}
	held, any := map[int]bool{}, map[int]bool{}
	for _, h := range o.subject.Holdings {
		for _, f := range members(h.Fields) {
			any[f] = true
			held[f] = held[f] || o.there(h)
		}
	}
	absent := func(fields []int) Decision {
		for _, f := range fields {
			if !held[f] && any[f] {
				return o.no(KeptForOthers, o.now)
			}
		}
		return o.no(NotHeld, o.now)
	}
	exact := members(o.r.Data)
	for _, f := range exact {
		if !held[f] {
			return absent(exact)
		}
	}
	for f := range policy.MaxFields {
		if o.r.Data.Has(f) || o.r.Whole.Has(f) && held[f] {
			o.asked = append(o.asked, f)
		}
	}
	if len(o.asked) == 0 {
		if o.r.Cookie >= 0 {
			return o.underVersion(part{decider: o.now, fresh: true}, o.now, false)
		}
		return absent(members(o.r.Whole))
	}
	return o.everyPart()
}

// A part is what of the data is under the same words.
type part struct {
	decider   *policy.Policy // nil: words nobody has
	collected int            // the version, when an agreement covers it
	agreement *policy.CompiledAgreement
	holdings  []Holding
	fields    []int
	fresh     bool // being collected now
}

// parts: an agreement that covers the datum, else the version it was collected
// under where that version or today's promises so, else today's.
func (o oracle) parts() (out []part) {
	for _, h := range o.subject.Holdings {
		if !o.there(h) {
			continue
		}
		p := part{decider: o.now}
		if h.Version >= 1 && h.Version <= len(o.versions) {
			own := o.versions[h.Version-1]
			if own.NewData || o.now.NewData {
				p.decider = own
			}
			if h.Agreement >= 0 && h.Agreement < len(own.Agreements) {
				p.agreement, p.collected = &own.Agreements[h.Agreement], h.Version
			}
		} else if o.now.NewData {
			p.decider = nil
		}
		i := slices.IndexFunc(out, func(x part) bool { return x.decider == p.decider && x.agreement == p.agreement })
		if i < 0 {
			i = len(out)
			out = append(out, p)
		}
		out[i].holdings = append(out[i].holdings, h)
	}
	for i := range out {
		for _, f := range o.asked {
			if slices.ContainsFunc(out[i].holdings, func(h Holding) bool { return h.Fields.Has(f) }) {
				out[i].fields = append(out[i].fields, f)
			}
		}
	}
	slices.SortStableFunc(out, older)
	return out
}

// older: the oldest words come first, an agreement after the policy's own.
func older(a, b part) int {
	number := func(p *policy.Policy) int {
		if p == nil {
			return 0
		}
		return p.Number
	}
	if c := number(a.decider) - number(b.decider); c != 0 {
		return c
	}
	if c := a.collected - b.collected; c != 0 {
		return c
	}
	if a.agreement != nil && b.agreement != nil {
		return strings.Compare(a.agreement.Name, b.agreement.Name)
	}
	return 0
}

// everyPart: all must allow.
func (o oracle) everyPart() Decision {
	var answer Decision
	first := true
	for _, p := range o.parts() {
		if len(p.fields) == 0 {
			continue
		}
		d := o.onePart(p)
		if !d.Allowed {
			return d
		}
		if first {
			answer, first = d, false
		}
		answer.Obligations |= d.Obligations
	}
	return answer
}

// onePart: by its own words, else by what today's version decides for all data.
func (o oracle) onePart(p part) Decision {
	d := o.ownWords(p)
	if d.Allowed {
		return d
	}
	plain := p
	plain.agreement = nil
	if e := o.underVersion(plain, o.now, true); e.Allowed {
		return e
	}
	return d
}

func (o oracle) ownWords(p part) Decision {
	a := p.agreement
	duty := o.now.Purposes[o.r.Purpose].Kind == policy.Duty
	if a == nil || duty {
		p.agreement = nil
		return o.underVersion(p, p.decider, false)
	}
	if a.Denies.Has(o.r.Purpose) {
		return Decision{Reason: AgreementDenies, Version: p.collected, Lane: -1}
	}
	if a.Allows.Has(o.r.Purpose) {
		if !promises(p.decider, o.r.Purpose) {
			return o.underVersion(p, o.now, false)
		}
		return o.underVersion(p, p.decider, false)
	}
	if a.Wins == "always" {
		return Decision{Reason: AgreementSilent, Version: p.collected, Lane: -1}
	}
	p.agreement = nil
	return o.underVersion(p, p.decider, false)
}

func promises(v *policy.Policy, purpose int) bool {
	return v != nil && purpose < len(v.Purposes) && v.Purposes[purpose].Declared && !v.Purposes[purpose].Ended
}

// underVersion: rules 2 to 8, by the words of one version. With an agreement in
// the part, that stands for the data and basis of the reasons. With exempt, only
// the bases count that hold for data of any version.
func (o oracle) underVersion(p part, v *policy.Policy, exempt bool) Decision {
	if !promises(v, o.r.Purpose) {
		return o.no(PurposeNotPromised, v)
	}
	use := v.Purposes[o.r.Purpose]
	out := o.r.Act == avow.Disclose || o.r.Act == avow.Transfer
	if use.Kind == policy.DisclosureOnEvent {
		switch {
		case !out:
			return o.no(OnlyDisclosed, v)
		case !o.r.Event:
			return o.no(NoEvent, v)
		case use.ApprovedBy >= 0 && use.ApprovedBy != o.r.Role:
			return o.no(NotApproved, v)
		}
	}
	if why := o.staff(v, use); why != Undecided {
		return o.no(why, v)
	}
	if why := o.never(p, v); why != Undecided {
		return o.no(why, v)
	}
	if o.r.Recipient >= 0 || out {
		if why, by := o.recipient(p, v, use); why != Undecided {
			return o.no(why, by)
		}
	}
	if o.subject.Objected(use.OnceLane) {
		return o.no(DoneOnce, v)
	}
	if use.OffUntil && !o.subject.Consented(use.ConsentLane) {
		return o.no(SwitchedOff, v)
	}
	return o.oneReason(p, v, use, exempt)
}

// staff: the role serves the purpose; its place, or the one named, is near the
// person or under a safeguard that stands.
func (o oracle) staff(v *policy.Policy, use policy.CompiledPurpose) Reason {
	place := o.r.Place
	if o.r.Role < 0 {
		if place != "" && o.r.Recipient < 0 && !avow.Adequate(o.region(), place) {
			return StaffPlace
		}
		return Undecided
	}
	role := o.now.Roles[o.r.Role]
	if o.r.Role < len(v.Roles) && v.Roles[o.r.Role].Declared {
		role = v.Roles[o.r.Role]
	}
	approves := use.Kind == policy.DisclosureOnEvent && use.ApprovedBy == o.r.Role
	if !role.For.Has(o.r.Purpose) && !approves {
		return RoleDoesNotServe
	}
	safe := o.stands(role.Safeguard)
	if place != "" && o.r.Recipient < 0 {
		if !role.Anywhere && len(role.Places) > 0 && !within(place, role.Places) || !safe && !avow.Adequate(o.region(), place) {
			return StaffPlace
		}
		return Undecided
	}
	if role.Anywhere && !safe || !safe && !o.allNear(role.Places) {
		return StaffPlace
	}
	return Undecided
}

func within(place avow.Region, places []avow.Region) bool {
	return slices.ContainsFunc(places, func(p avow.Region) bool {
		group := slices.Contains(avow.RegionGroups(), place)
		return place == p || !group && place.Within(p)
	})
}

func (o oracle) allNear(places []avow.Region) bool {
	return !slices.ContainsFunc(places, func(p avow.Region) bool { return !avow.Adequate(o.region(), p) })
}

func (o oracle) stands(s policy.Standing) bool {
	return s.Stands && (len(s.Regions) == 0 || slices.ContainsFunc(s.Regions, func(r avow.Region) bool { return o.region().Within(r) }))
}

// never: what is never kept is not kept; what may not name people does not meet
// what names them; only what the policy combines is combined.
func (o oracle) never(p part, v *policy.Policy) Reason {
	if o.r.Act == avow.Keep && slices.ContainsFunc(p.fields, v.NeverKept.Has) {
		return NeverKept
	}
	if o.r.Act != avow.Combine {
		return Undecided
	}
	if o.names(v) {
		return NoPersonFrom
	}
	for _, pair := range v.CombinePairs {
		if !slices.ContainsFunc(o.asked, func(f int) bool { return !pair.Fields.Has(f) }) {
			return Undecided
		}
	}
	if v.CombineAll {
		return Undecided
	}
	return NotCombined
}

func (o oracle) names(v *policy.Policy) bool {
	identifies := func(f int) bool { return f < len(v.Fields) && v.Fields[f].Identifies }
	return slices.ContainsFunc(o.asked, v.NoPersonFrom.Has) && slices.ContainsFunc(o.asked, identifies)
}

// recipient: declared, receives these data, for this purpose, where it may be.
// Processors act on instructions: today's words.
func (o oracle) recipient(p part, v *policy.Policy, use policy.CompiledPurpose) (Reason, *policy.Policy) {
	onEvent := use.Kind == policy.DisclosureOnEvent
	if o.r.Recipient < 0 {
		if onEvent && use.To < 0 || o.r.Act == avow.Transfer && o.r.Place != "" {
			return Undecided, v
		}
		return NoRecipient, v
	}
	if today := o.now.Recipients[o.r.Recipient]; today.Declared && today.Processor {
		v = o.now
	}
	if o.r.Recipient >= len(v.Recipients) || !v.Recipients[o.r.Recipient].Declared {
		return RecipientNotThere, v
	}
	who := v.Recipients[o.r.Recipient]
	if onEvent {
		if use.To >= 0 && use.To != o.r.Recipient {
			return RecipientNotFor, v
		}
	} else {
		if slices.ContainsFunc(p.fields, func(f int) bool { return !who.Receives.Has(f) }) {
			return RecipientNotData, v
		}
		if !who.For.Has(o.r.Purpose) {
			return RecipientNotFor, v
		}
	}
	if !(onEvent && who.Role == "authority" && o.demandedByLaw(p, use)) && !o.mayBeWhereItIs(who) {
		return RecipientPlace, v
	}
	if o.optsOut() && !onEvent && use.Kind != policy.Duty && !who.Processor && who.Role != "group" {
		return OptedOut, o.now
	}
	return Undecided, v
}

// demandedByLaw: some reason of the disclosure stands on a legal obligation.
func (o oracle) demandedByLaw(p part, use policy.CompiledPurpose) bool {
	for _, r := range use.Reasons {
		for _, g := range r.Grounds[o.r.Act][o.kind()] {
			if g.Basis == avow.LegalObligation && o.conditionMet(g, o.versionOf(use)) {
				return true
			}
		}
	}
	return false
}

func (o oracle) versionOf(use policy.CompiledPurpose) *policy.Policy {
	for _, v := range o.versions {
		for _, p := range v.Purposes {
			if p.Clause == use.Clause && len(p.Reasons) > 0 && len(use.Reasons) > 0 && &p.Reasons[0] == &use.Reasons[0] {
				return v
			}
		}
	}
	return nil
}

func (o oracle) mayBeWhereItIs(who policy.CompiledRecipient) bool {
	safe := o.stands(who.Safeguard)
	nowhere := len(who.Places) == 0 && !who.Anywhere && !who.NotStated // where its law holds
	if place := o.r.Place; place != "" && o.r.Role < 0 {
		if nowhere {
			return true
		}
		if len(who.Places) > 0 && !who.Anywhere && !within(place, who.Places) {
			return false
		}
		return safe || avow.Adequate(o.region(), place)
	}
	switch {
	case who.Anywhere:
		return safe
	case who.NotStated:
		return safe && o.region() != ""
	}
	return safe || o.allNear(who.Places)
}

// A subject of unknown kind is an individual.
func (o oracle) kind() avow.SubjectKind {
	if o.subject.Kind == avow.Business {
		return avow.Business
	}
	return avow.Individual
}
