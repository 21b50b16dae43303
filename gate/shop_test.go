package gate

import (
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// A small shop's policy, in two versions, built by hand: what the reasons test
// and the examples below ask about.

const (
	fName = iota
	fEmail
	fHealth
	fRecord
	fClicks
	fScore // never kept
)

const (
	pAnswer = iota
	pNews
	pOrders
	pOld // ended by version 2
	pDemand
	pRequests // a duty
	pGame
	pRefer
	pPortal
	pAds // new in version 2
	pTrace
	pCare
)

const (
	rCRM = iota
	rBroker
	rPolice
	rAbroad
	rLate // new in version 2
)

const (
	roleSupport = iota
	roleLegal
	roleAbroad
	roleGone // not in version 2
)

const (
	factCustomer = 1 << iota
	factAsked
)

var (
	dayOne = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	dayTwo = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	noon   = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	ann    = avow.ID{1}
)

func fieldSet(list ...int) (s policy.FieldSet) {
	for _, i := range list {
		s.Add(i)
	}
	return s
}

func purposeSet(list ...int) (s policy.PurposeSet) {
	for _, i := range list {
		s.Add(i)
	}
	return s
}

// on gives the same grounds for every act; business nil is not applicable.
func on(individual, business []policy.Ground) (g [avow.Acts][3][]policy.Ground) {
	for act := range g {
		g[act] = [3][]policy.Ground{individual, individual, business}
	}
	return g
}

func both(b avow.Basis) [avow.Acts][3][]policy.Ground {
	list := []policy.Ground{{Basis: b, Lane: -1, Clause: 1}}
	return on(list, list)
}

func consent(lane int) []policy.Ground {
	return []policy.Ground{{Basis: avow.Consent, Lane: lane, Clause: 1}}
}

func shopPurpose(name string, reasons ...policy.CompiledReason) policy.CompiledPurpose {
	return policy.CompiledPurpose{Declared: true, Name: name, Title: "To " + name, Clause: 1, Reasons: reasons,
		ConsentLane: -1, OnceLane: -1, To: -1, ApprovedBy: -1}
}

func shopReason(basis avow.Basis, lane int, fields ...int) policy.CompiledReason {
	return policy.CompiledReason{Clause: 1, Fields: fieldSet(fields...), Grounds: both(basis), ObjectionLane: lane}
}

func shop(number int) *policy.Policy {
	p := &policy.Policy{Name: "shop", Number: number, Effective: dayOne, NewData: true, Regimes: []avow.Regime{"gdpr", "ccpa"},
		DNT: policy.SignalNoCookies, GPC: policy.SignalOptOut,
		Special: fieldSet(fHealth), Criminal: fieldSet(fRecord), NeverKept: fieldSet(fScore), NoPersonFrom: fieldSet(fClicks),
		CombinePairs: []policy.CombinePair{{Fields: fieldSet(fName, fEmail, fClicks)}},
		Clauses: []policy.Clause{{Key: "default"}, {Key: "purposes", Line: 12, Says: "What we do with it."},
			{Key: "signals.dnt", Line: 3, Says: "Do Not Track: no cookies."}, {Key: "signals.gpc", Line: 4}},
		Facts:      []policy.Fact{{Declared: true, Name: "customer"}, {Declared: true, Name: "asked-first"}},
		Sources:    []policy.CompiledSource{{Name: "you"}, {Name: "vendors"}},
		Agreements: []policy.CompiledAgreement{{Name: "service", Wins: "where-they-conflict", Allows: purposeSet(pPortal), Denies: purposeSet(pNews), Clause: 1}, {Name: "closed", Wins: "always", Clause: 1}},
		Retention:  []policy.CompiledRetention{{Name: "invoices", Fields: fieldSet(fName), OnlyFor: purposeSet(pOrders), Clause: 1}},
		Cookies:    []policy.CompiledCookie{{Pattern: "choice", Purpose: -1, Necessary: true, Clause: 1}, {Pattern: "ga*", Purpose: pTrace, Clause: 1}, {Pattern: "ga_x*", Purpose: pNews, Clause: 1}},
		Consents:   []policy.ConsentLane{{Purpose: pNews, Generation: 1, Since: 1, Current: true}},
		Objections: []policy.ObjectionLane{{Purpose: pNews, Topic: "products"}, {Purpose: pAnswer, Weighed: true}, {Purpose: pRefer, Once: true}},
	}
	if number == 2 {
		p.Effective = dayTwo
	}
	for _, name := range []string{"name", "email", "health", "record", "clicks", "score"} {
		p.Fields = append(p.Fields, policy.Field{Declared: true, Category: "contact", Name: name, Identifies: name == "email", Clause: 1})
	}
	p.Categories = []policy.CompiledCategory{{Name: "contact", Fields: fieldSet(fName, fEmail), Clause: 1}, {Name: "visits", Fields: fieldSet(fClicks)}}
	p.Purposes = shopPurposes(number)
	p.Recipients = shopRecipients(number)
	p.Roles = []policy.CompiledRole{
		{Declared: true, Name: "support", For: purposeSet(pAnswer, pNews), Places: []avow.Region{"GB", "FR"}},
		{Declared: true, Name: "legal", For: purposeSet(pRequests)},
		{Declared: true, Name: "abroad", For: purposeSet(pAnswer), Places: []avow.Region{"US"}},
		{Declared: number == 1, Name: "gone", For: purposeSet(pAnswer)},
	}
	return p
}

func shopPurposes(number int) []policy.CompiledPurpose {
	answer := shopPurpose("answer", shopReason(avow.LegitimateInterests, 1, fName, fEmail, fHealth, fRecord, fClicks))
	news := shopPurpose("news", shopReason(avow.LegitimateInterests, 0, fName, fEmail))
	news.ConsentLane, news.Reasons[0].Marketing, news.Obligations = 0, true, policy.MustCarryUnsubscribe
	mail := []policy.Ground{{Basis: avow.Consent, Lane: 0, Clause: 1}, {Basis: avow.LegitimateInterests, Lane: -1, Facts: factCustomer, Clause: 1}}
	news.Reasons[0].Grounds[avow.Send] = [3][]policy.Ground{mail, mail, mail}
	news.Reasons[0].SourceConditions = []policy.SourceCondition{{Source: 1, Says: "where the law permits"}}
	orders := shopPurpose("orders", shopReason(avow.Contract, -1, fName, fEmail))
	orders.Reasons[0].Grounds = on([]policy.Ground{{Basis: avow.Contract, Lane: -1, Facts: factAsked, Clause: 1}}, nil)
	old := shopPurpose("old", shopReason(avow.Notice, -1, fName))
	old.Declared, old.Ended = number == 1, number == 2
	demand := shopPurpose("demand", shopReason(avow.LegalObligation, -1, fName, fEmail))
	demand.Kind, demand.To, demand.ApprovedBy = policy.DisclosureOnEvent, rPolice, roleLegal
	requests := shopPurpose(policy.DutyAnswerRequests, shopReason(avow.LegalObligation, -1))
	requests.Kind = policy.Duty
	game := shopPurpose("game", shopReason(avow.Consent, -1, fName, fEmail))
	game.Reasons[0].Grounds, game.ConsentLane, game.OffUntil = on(consent(1), nil), 1, true
	refer := shopPurpose("refer", shopReason(avow.Notice, -1, fEmail))
	refer.Once, refer.OnceLane = true, 2
	portal := shopPurpose("portal", shopReason(avow.Contract, -1, fName))
	ads := shopPurpose("ads", shopReason(avow.LegitimateInterests, -1, fName, fEmail))
	ads.Declared = number == 2
	trace := shopPurpose("trace", shopReason(avow.NotStated, -1, fName, fEmail, fClicks))
	trace.Reasons[0].Profiling = true
	care := shopPurpose("care", shopReason(avow.Contract, -1, fHealth, fRecord))
	care.Reasons[0].SpecialGrounds = consent(2)
	list := []policy.CompiledPurpose{answer, news, orders, old, demand, requests, game, refer, portal, ads, trace, care}
	if number == 1 {
		list[pAds] = shopPurpose("ads")
		list[pAds].Declared = false
	}
	return list
}

func shopRecipients(number int) []policy.CompiledRecipient {
	list := []policy.CompiledRecipient{
		{Declared: true, Name: "crm", Role: "processor", Processor: true, Receives: fieldSet(fName, fEmail), For: purposeSet(pAnswer, pNews), Places: []avow.Region{"FR"}, Clause: 1},
		{Declared: true, Name: "broker", Title: "The Broker", Role: "controller", Receives: fieldSet(fName), For: purposeSet(pAnswer), Places: []avow.Region{"GB"}, Clause: 1},
		{Declared: true, Name: "police", Role: "authority", NotStated: true, Clause: 1},
		{Declared: true, Name: "abroad", Role: "controller", Receives: fieldSet(fName), For: purposeSet(pAnswer), Anywhere: true, Clause: 1},
	}
	if number == 2 {
		list = append(list, policy.CompiledRecipient{Declared: true, Name: "late", Role: "controller", Receives: fieldSet(fName), For: purposeSet(pAnswer), Places: []avow.Region{"GB"}, Clause: 1})
	}
	return list
}

// customer is somebody in Britain whose name and e-mail were collected today.
func customer() *State {
	return &State{Subject: ann, Kind: avow.Individual, Region: "GB", Facts: factCustomer,
		Holdings: []Holding{{Version: 2, Fields: fieldSet(fName, fEmail), Source: 0, Agreement: -1}}}
}

func openShop(t interface{ Fatal(...any) }) *Gate {
	g := New(Options{})
	for n := range 2 {
		if err := g.Publish(shop(n+1), noon); err != nil {
			t.Fatal(err)
		}
	}
	return g
}
