package gate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Random policies, subjects and questions. Everything the compiled form can say
// occurs; nothing is made likely to be allowed except where all would be refused.

const (
	randomFields     = 9
	randomPurposes   = 10
	randomRecipients = 5
	randomRoles      = 3
	randomFacts      = 3
	randomLanes      = 6
)

var (
	randomRegions = []avow.Region{"", "GB", "FR", "US", "US-CA", "US-NY", "NL", "CH", "IN", "CA-QC", "EU", "GB-SCT", "??"}
	randomPlaces  = []avow.Region{"GB", "FR", "US", "IN", "EU", "CH", "US-CA", "CA"}
	dayZero       = time.Date(2021, 4, 26, 0, 0, 0, 0, time.UTC)
)

type random struct{ *rand.Rand }

func newRandom(a, b uint64) random { return random{rand.New(rand.NewPCG(a, b))} }

func (g random) one(in int) bool { return g.IntN(in) == 0 }

// fields is a random set; each field is in it once in so many.
func (g random) fields(in int) (s policy.FieldSet) {
	for i := range randomFields {
		if g.one(in) {
			s.Add(i)
		}
	}
	return s
}

func (g random) purposes(in int) (s policy.PurposeSet) {
	for i := range randomPurposes {
		if g.one(in) {
			s.Add(i)
		}
	}
	return s
}

func pick[T any](g random, list []T) T { return list[g.IntN(len(list))] }

// series makes one to three versions of a policy.
func (g random) series() []*policy.Policy {
	var out []*policy.Policy
	for n := range 1 + g.IntN(3) {
		out = append(out, g.version(n+1))
	}
	return out
}

func (g random) version(number int) *policy.Policy {
	p := &policy.Policy{Name: "random", Number: number, Effective: dayZero.AddDate(0, number-1, 0), NewData: !g.one(3),
		DNT: policy.SignalRule(g.IntN(4)), GPC: policy.SignalRule(g.IntN(4)), CombineAll: g.one(3)}
	p.Regimes = pick(g, [][]avow.Regime{nil, {"gdpr"}, {"gdpr", "uk-gdpr", "ccpa"}, {"ccpa"}, {"quebec", "pipeda", "fadp"}})
	p.Clauses = []policy.Clause{{Key: "default"}}
	p.Clauses = append(p.Clauses, policy.Clause{Key: "signals.dnt"}, policy.Clause{Key: "signals.gpc"}, policy.Clause{Key: "combine"},
		policy.Clause{Key: "never.identify-people-from"})
	for i := range randomFields {
		p.Fields = append(p.Fields, policy.Field{Declared: true, Category: string(rune('a' + i/3)), Name: fmt.Sprint(i), Identifies: i%4 == 0, Clause: g.clause(p)})
	}
	for i := range randomFields / 3 {
		var set policy.FieldSet
		for j := range 3 {
			set.Add(i*3 + j)
		}
		p.Categories = append(p.Categories, policy.CompiledCategory{Name: string(rune('a' + i)), Fields: set})
	}
	p.Special, p.Criminal, p.NeverKept, p.NoPersonFrom = g.rare(), g.rare(), g.rare(), g.rare()
	for range g.IntN(3) {
		p.CombinePairs = append(p.CombinePairs, policy.CombinePair{Fields: g.fields(2)})
	}
	for i := range randomFacts {
		p.Facts = append(p.Facts, policy.Fact{Declared: !g.one(8), Name: fmt.Sprint("fact", i)})
	}
	for i := range 3 {
		p.Sources = append(p.Sources, policy.CompiledSource{Name: fmt.Sprint("source", (i+number)%4)})
	}
	for i := range 2 {
		p.Agreements = append(p.Agreements, policy.CompiledAgreement{Name: fmt.Sprint("agreement", i), Allows: g.purposes(3), Denies: g.purposes(4),
			Wins: pick(g, []string{"where-they-conflict", "always"}), Clause: g.clause(p)})
	}
	for i := range min(randomPurposes, randomPurposes-3+number) {
		p.Purposes = append(p.Purposes, g.purpose(p, i))
	}
	for i := range randomRecipients - 1 + number/2 {
		p.Recipients = append(p.Recipients, g.recipient(p, i))
	}
	for i := range randomRoles {
		p.Roles = append(p.Roles, policy.CompiledRole{Declared: !g.one(6), Name: fmt.Sprint("role", i), For: g.purposes(2),
			Places: g.places(), Anywhere: g.one(5), Safeguard: g.standing(), Clause: g.clause(p)})
	}
	p.Retention = []policy.CompiledRetention{{Fields: g.fields(2), OnlyFor: g.purposes(3), Clause: g.clause(p)}}
	for i := range 3 {
		p.Cookies = append(p.Cookies, policy.CompiledCookie{Pattern: fmt.Sprint("c", i, "*"), Purpose: g.IntN(len(p.Purposes)+1) - 1, Necessary: g.one(2), Clause: g.clause(p)})
	}
	return p
}

func (g random) rare() policy.FieldSet {
	if g.one(2) {
		return policy.FieldSet{}
	}
	return g.fields(6)
}

func (g random) clause(p *policy.Policy) int {
	p.Clauses = append(p.Clauses, policy.Clause{Key: fmt.Sprint("clause.", len(p.Clauses)), Line: len(p.Clauses), Says: "As it says."})
	return len(p.Clauses) - 1
}

func (g random) places() (out []avow.Region) {
	for range g.IntN(3) {
		out = append(out, pick(g, randomPlaces))
	}
	return out
}

func (g random) standing() policy.Standing {
	s := policy.Standing{Stands: g.one(2), Name: "words"}
	if g.one(3) {
		s.Regions = []avow.Region{pick(g, []avow.Region{"EEA", "GB", "US-NY", "CH", "US"})}
	}
	return s
}

func (g random) recipient(p *policy.Policy, i int) policy.CompiledRecipient {
	r := policy.CompiledRecipient{Declared: !g.one(6), Name: fmt.Sprint("recipient", i), Role: pick(g, []string{"controller", "group", "authority", "processor"}),
		Receives: g.fields(2).Or(g.fields(2)).Or(g.fields(2)), For: g.purposes(2), Safeguard: g.standing(), Clause: g.clause(p)}
	r.Processor = r.Role == "processor"
	switch g.IntN(5) {
	case 0:
		r.Anywhere = true
	case 1:
		r.NotStated = true
	default:
		r.Places = g.places()
	}
	return r
}

func (g random) purpose(p *policy.Policy, i int) policy.CompiledPurpose {
	c := policy.CompiledPurpose{Declared: !g.one(12), Ended: g.one(40), Name: fmt.Sprint("purpose", i), Title: "A purpose", Clause: g.clause(p),
		ConsentLane: g.IntN(randomLanes+1) - 1, OnceLane: -1, Once: g.one(5), Anonymous: g.one(8), OffUntil: g.one(15), To: -1, ApprovedBy: -1}
	if g.one(6) {
		c.OnceLane = g.IntN(70)
	}
	switch i { // what sort of purpose it is never changes
	case 0:
		c.Kind, c.Name = policy.Duty, policy.DutyAnswerRequests
	case 1:
		c.Kind, c.Name = policy.Duty, policy.DutyObeyLaw
	case 2, 3:
		c.Kind, c.To, c.ApprovedBy = policy.DisclosureOnEvent, g.IntN(4)-1, g.IntN(randomRoles+1)-1
	}
	if c.Kind == policy.Duty {
		c.Declared, c.Ended = true, false
	}
	for range (2 + g.IntN(7)) / 2 {
		c.Reasons = append(c.Reasons, g.reason(p))
	}
	return c
}

func (g random) reason(p *policy.Policy) policy.CompiledReason {
	r := policy.CompiledReason{Clause: g.clause(p), Fields: g.fields(2).Or(g.fields(2)).Or(g.fields(3)), Marketing: g.one(4), Profiling: g.one(6),
		ObjectionLane: -1, Restricted: g.one(5), LegalClaims: g.one(8)}
	if !g.one(3) {
		r.ObjectionLane = g.IntN(70)
	}
	whole := [3][]policy.Ground{1: g.grounds(p), 2: g.grounds(p)}
	whole[0] = whole[1]
	for act := range r.Grounds {
		r.Grounds[act] = whole
	}
	if g.one(2) {
		other := g.grounds(p)
		r.Grounds[g.IntN(avow.Acts)] = [3][]policy.Ground{other, other, g.grounds(p)}
	}
	if g.one(2) {
		r.SpecialGrounds, r.CriminalGrounds = g.grounds(p), g.grounds(p)
	}
	if g.one(4) {
		r.SourceConditions = []policy.SourceCondition{{Source: g.IntN(3), Says: pick(g, []string{"where the law permits", "fact0", "fact1"})}}
	}
	return r
}

func (g random) grounds(p *policy.Policy) (out []policy.Ground) {
	for range (1 + g.IntN(11)) / 3 {
		b := policy.Ground{Basis: avow.Basis(1 + g.IntN(9)), Lane: -1, Clause: g.clause(p)}
		if g.one(3) {
			b.Basis = avow.Consent
		}
		if b.Basis == avow.Consent {
			b.Lane = g.IntN(randomLanes+1) - 1
		}
		if g.one(3) {
			b.Facts = g.Uint64() & (1<<randomFacts - 1)
		}
		if g.one(4) {
			b.When = policy.LawCondition(g.IntN(3))
		}
		out = append(out, b)
	}
	return out
}

func (g random) id() (id avow.ID) {
	for i := range id {
		id[i] = byte(g.Uint32())
	}
	return id
}

func (g random) state() *State {
	s := &State{Subject: g.id(), Kind: avow.SubjectKind(g.IntN(3)), Region: pick(g, randomRegions), Facts: g.Uint64() & (1<<randomFacts - 1),
		Consents: g.Uint64() & g.Uint64(), Restricted: g.one(5), Seen: g.Uint64() >> 1}
	if g.one(2) {
		s.Objections = [2]uint64{g.Uint64() & g.Uint64(), g.Uint64() & g.Uint64()}
	}
	if g.one(20) {
		s.Until = dayZero.AddDate(0, g.IntN(5), 0)
	}
	for range (1 + g.IntN(11)) / 3 {
		h := Holding{Version: 1 + g.IntN(3), Fields: g.fields(2).Or(g.fields(3)), Source: g.IntN(4) - 1, Agreement: -1}
		if g.one(30) {
			h.Version = g.IntN(6)
		}
		if g.one(6) {
			h.OnlyFor = g.purposes(3)
		}
		if g.one(5) {
			h.Agreement = g.IntN(3)
		}
		s.Holdings = append(s.Holdings, h)
	}
	return s
}

// request asks about a state, mostly about what is held and for today or later.
func (g random) request(s *State, versions []*policy.Policy) Request {
	last := versions[len(versions)-1]
	r := About(s.Subject, g.IntN(len(last.Purposes)), last.Effective.AddDate(0, 0, g.IntN(40)))
	if g.one(60) {
		r.Purpose = randomPurposes
	}
	if g.one(6) {
		r = Visiting(s.Kind, s.Region, r.Purpose, r.At)
	}
	r.Act = avow.Act(g.IntN(avow.Acts))
	if g.one(3) {
		r.Act = avow.Use
	}
	g.askFor(&r, s, last)
	g.toWhom(&r, last)
	if g.one(8) {
		r.Place = pick(g, randomPlaces)
	}
	r.Event = !g.one(4)
	if g.one(4) {
		r.Signals = avow.Signals(g.IntN(4))
	}
	if g.one(8) {
		r.Cookie = g.IntN(5) - 1
		if g.one(2) {
			r.Purpose = -1
		}
	}
	if g.one(200) {
		r.At = dayZero.AddDate(0, 0, -1)
	}
	return r
}

// toWhom: a recipient where one is needed, mostly one that is declared for it.
func (g random) toWhom(r *Request, p *policy.Policy) {
	out := r.Act == avow.Disclose || r.Act == avow.Transfer
	if out != g.one(10) {
		r.Recipient = g.IntN(len(p.Recipients))
		for i := range p.Recipients {
			if c := &p.Recipients[i]; c.Declared && r.Purpose < len(p.Purposes) && c.For.Has(r.Purpose) && g.one(2) {
				r.Recipient = i
			}
		}
	}
	if g.one(4) {
		r.Role = g.IntN(randomRoles)
	}
	if r.Purpose < len(p.Purposes) && p.Purposes[r.Purpose].ApprovedBy >= 0 && !g.one(4) {
		r.Role = p.Purposes[r.Purpose].ApprovedBy
	}
	if g.one(60) {
		r.Recipient, r.Role = randomRecipients+2, g.IntN(randomRoles+2)
	}
}

// askFor: anything, or some of what is held and a reason covers.
func (g random) askFor(r *Request, s *State, p *policy.Policy) {
	switch g.IntN(8) {
	case 0:
		r.Data = g.fields(4)
	case 1:
		r.Whole = g.fields(2)
	case 2:
		r.Data, r.Whole = g.fields(5), g.fields(3)
	default:
		if len(s.Holdings) > 0 {
			r.Data = pick(g, s.Holdings).Fields
		}
		if r.Purpose < len(p.Purposes) && len(p.Purposes[r.Purpose].Reasons) > 0 {
			r.Data = r.Data.And(pick(g, p.Purposes[r.Purpose].Reasons).Fields)
		}
		if g.one(2) {
			r.Data, r.Whole = policy.FieldSet{}, r.Data.Or(g.fields(3))
		} else if narrow := r.Data.And(g.fields(2)); !narrow.Empty() {
			r.Data = narrow
		}
	}
}
