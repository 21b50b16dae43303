package gate

import (
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// question is one case: how a customer and a plain question about answering
// differ, and what comes out.
type question struct {
	name string
	with func(s *State, r *Request)
	want Reason
}

var questions = []question{
	{"answering", func(s *State, r *Request) {}, ByReason},
	{"an agreement allows", func(s *State, r *Request) { s.Holdings[0].Agreement, r.Purpose = 0, pPortal }, ByAgreement},
	{"a necessary cookie", func(s *State, r *Request) { r.Purpose, r.Cookie, r.Data = -1, 0, fieldSet() }, ByNecessity},
	{"no time", func(s *State, r *Request) { r.At = noon.AddDate(-3000, 0, 0); *r = Request{Subject: ann} }, NoTime},
	{"nobody", func(s *State, r *Request) { r.Subject = avow.ID{} }, NoSubject},
	{"before the first version", func(s *State, r *Request) { r.At = dayOne.AddDate(0, 0, -1) }, NoVersion},
	{"somebody else", func(s *State, r *Request) { r.Subject = avow.ID{9} }, NotCached},
	{"time has moved on", func(s *State, r *Request) { s.Until = noon }, Stale},
	{"a purpose nobody stated", func(s *State, r *Request) { r.Purpose = 200 }, UnknownPurpose},
	{"an act nobody knows", func(s *State, r *Request) { r.Act = avow.Act(avow.Acts) }, UnknownAct},
	{"no data", func(s *State, r *Request) { r.Data = fieldSet() }, NoData},
	{"a recipient nobody named", func(s *State, r *Request) { r.Recipient = 77 }, UnknownRecipient},
	{"a role that is gone", func(s *State, r *Request) { r.Role = roleGone }, UnknownRole},
	{"a cookie nobody declared", func(s *State, r *Request) { r.Cookie = 7 }, UnknownCookie},
	{"an ended purpose", func(s *State, r *Request) { s.Holdings[0].Version, r.Purpose = 1, pOld }, PurposeEnded},
	{"collected before the purpose", func(s *State, r *Request) { s.Holdings[0].Version, r.Purpose = 1, pAds }, PurposeNotPromised},
	{"collected under no version", func(s *State, r *Request) { s.Holdings[0].Version = 9 }, PurposeNotPromised},
	{"do not track", func(s *State, r *Request) { r.Cookie, r.Signals = 0, avow.DNT }, NoCookies},
	{"a field nobody gave", func(s *State, r *Request) { r.Data = fieldSet(fName, fHealth) }, NotHeld},
	{"a category nobody gave", func(s *State, r *Request) { r.Data, r.Whole = fieldSet(), fieldSet(fHealth) }, NotHeld},
	{"kept for invoices", func(s *State, r *Request) { s.Holdings[0].OnlyFor = purposeSet(pOrders) }, KeptForOthers},
	{"an agreement denies", func(s *State, r *Request) { s.Holdings[0].Agreement, r.Purpose = 0, pNews }, AgreementDenies},
	{"an agreement is silent", func(s *State, r *Request) { s.Holdings[0].Agreement = 1 }, AgreementSilent},
	{"a disclosure that is not one", func(s *State, r *Request) { r.Purpose = pDemand }, OnlyDisclosed},
	{"a disclosure without event", func(s *State, r *Request) { r.Purpose, r.Act, r.Recipient = pDemand, avow.Disclose, rPolice }, NoEvent},
	{"a disclosure nobody approved", func(s *State, r *Request) {
		r.Purpose, r.Act, r.Recipient, r.Event = pDemand, avow.Disclose, rPolice, true
	}, NotApproved},
	{"a role for other things", func(s *State, r *Request) { r.Role = roleLegal }, RoleDoesNotServe},
	{"keeping what is never kept", func(s *State, r *Request) {
		s.Holdings[0].Fields.Add(fScore)
		r.Act, r.Data = avow.Keep, fieldSet(fScore)
	}, NeverKept},
	{"combining what stays apart", func(s *State, r *Request) {
		s.Holdings[0].Fields.Add(fHealth)
		r.Act, r.Data = avow.Combine, fieldSet(fName, fHealth)
	}, NotCombined},
	{"disclosing to nobody", func(s *State, r *Request) { r.Act = avow.Disclose }, NoRecipient},
	{"a recipient of later", func(s *State, r *Request) {
		s.Holdings[0].Version, r.Act, r.Recipient = 1, avow.Disclose, rLate
	}, RecipientNotThere},
	{"more than the recipient receives", func(s *State, r *Request) {
		r.Act, r.Recipient, r.Data = avow.Disclose, rBroker, fieldSet(fName, fEmail)
	}, RecipientNotData},
	{"not what the recipient is for", func(s *State, r *Request) {
		r.Act, r.Recipient, r.Purpose, r.Data = avow.Disclose, rBroker, pAds, fieldSet(fName)
	}, RecipientNotFor},
	{"a recipient anywhere", func(s *State, r *Request) {
		r.Act, r.Recipient, r.Data = avow.Disclose, rAbroad, fieldSet(fName)
	}, RecipientPlace},
	{"staff abroad", func(s *State, r *Request) { r.Role = roleAbroad }, StaffPlace},
	{"a machine abroad", func(s *State, r *Request) { r.Place = "US" }, StaffPlace},
	{"done already", func(s *State, r *Request) {
		s.Objections[0], r.Purpose, r.Data = 1<<2, pRefer, fieldSet(fEmail)
	}, DoneOnce},
	{"not switched on", func(s *State, r *Request) { r.Purpose = pGame }, SwitchedOff},
	{"more than the purpose uses", func(s *State, r *Request) { r.Purpose = pRefer }, NotCovered},
	{"only from vendors", func(s *State, r *Request) { s.Holdings[0].Source, r.Purpose = 1, pNews }, SourceNotAllowed},
	{"who is behind the clicks", func(s *State, r *Request) {
		s.Holdings[0].Fields.Add(fClicks)
		r.Purpose, r.Data = pTrace, fieldSet(fEmail, fClicks)
	}, NoPersonFrom},
	{"clicks combined with a name", func(s *State, r *Request) {
		s.Holdings[0].Fields.Add(fClicks)
		r.Act, r.Data = avow.Combine, fieldSet(fEmail, fClicks)
	}, NoPersonFrom},
	{"health", func(s *State, r *Request) {
		s.Holdings[0].Fields.Add(fHealth)
		r.Purpose, r.Data = pCare, fieldSet(fHealth)
	}, SpecialData},
	{"convictions", func(s *State, r *Request) {
		s.Holdings[0].Fields.Add(fRecord)
		r.Purpose, r.Data = pCare, fieldSet(fRecord)
	}, CriminalData},
	{"not for businesses", func(s *State, r *Request) { s.Kind, r.Purpose = avow.Business, pOrders }, NotForThisKind},
	{"a contract nobody asked for", func(s *State, r *Request) { r.Purpose = pOrders }, NoBasis},
	{"mail without consent", func(s *State, r *Request) { s.Facts, r.Purpose, r.Act = 0, pNews, avow.Send }, NoConsent},
	{"mail after an objection", func(s *State, r *Request) {
		s.Consents, s.Objections[0], r.Purpose, r.Act = 1, 1, pNews, avow.Send
	}, Objected},
	{"an objection to weigh", func(s *State, r *Request) { s.Objections[0] = 2 }, Objected},
	{"opting out by signal", func(s *State, r *Request) { r.Purpose, r.Signals = pNews, avow.GPC }, OptedOut},
	{"handing on after opting out", func(s *State, r *Request) {
		r.Act, r.Recipient, r.Data, r.Signals = avow.Disclose, rBroker, fieldSet(fName), avow.GPC
	}, OptedOut},
	{"restricted", func(s *State, r *Request) { s.Restricted = true }, UnderRestriction},

	{"a visitor is answered", func(s *State, r *Request) { *r = visitor(r, pAnswer) }, ByReason},
	{"a visitor without consent", func(s *State, r *Request) { *r = visitor(r, pGame) }, SwitchedOff},
	{"collecting what is not held yet", func(s *State, r *Request) { r.Act, r.Data = avow.Collect, fieldSet(fClicks) }, ByReason},
	{"the whole category", func(s *State, r *Request) { r.Data, r.Whole = fieldSet(), fieldSet(fName, fEmail, fClicks) }, ByReason},
	{"consented and switched on", func(s *State, r *Request) { s.Consents, r.Purpose = 2, pGame }, ByReason},
	{"consent given since", func(s *State, r *Request) {
		s.Holdings[0].Version, s.Consents, r.Purpose = 1, 2, pGame
	}, ByReason},
	{"given again under the new words", func(s *State, r *Request) { r.Purpose = pAds }, ByReason},
	{"both values must allow", func(s *State, r *Request) {
		s.Holdings = append(s.Holdings, Holding{Version: 1, Fields: fieldSet(fName), Source: 0, Agreement: -1})
		r.Purpose, r.Data = pAds, fieldSet(fName)
	}, PurposeNotPromised},
	{"a legal demand", func(s *State, r *Request) {
		r.Purpose, r.Act, r.Recipient, r.Event, r.Role = pDemand, avow.Disclose, rPolice, true, roleLegal
	}, ByReason},
	{"a restricted person's own request", func(s *State, r *Request) { s.Restricted, r.Purpose, r.Role = true, pRequests, roleLegal }, ByReason},
	{"a copy of what is kept for invoices", func(s *State, r *Request) { s.Holdings[0].OnlyFor, r.Purpose = purposeSet(pOrders), pRequests }, ByReason},
	{"restricted and kept", func(s *State, r *Request) { s.Restricted, r.Act = true, avow.Keep }, ByReason},
	{"a processor of today for data of before", func(s *State, r *Request) {
		s.Holdings[0].Version, r.Act, r.Recipient = 1, avow.Disclose, rCRM
	}, ByReason},
	{"staff near", func(s *State, r *Request) { r.Role, r.Place = roleSupport, "FR" }, ByReason},
	{"staff where it is not said to be", func(s *State, r *Request) { r.Role, r.Place = roleSupport, "CH" }, StaffPlace},
	{"unknown kind is an individual", func(s *State, r *Request) { s.Kind, r.Purpose = avow.KindUnknown, pOrders }, NoBasis},
	{"an optional cookie's own purpose", func(s *State, r *Request) {
		s.Holdings[0].Fields.Add(fClicks)
		r.Purpose, r.Cookie, r.Data = -1, 1, fieldSet(fClicks)
	}, ByReason},
}

func visitor(r *Request, purpose int) Request {
	v := Visiting(avow.Individual, "GB", purpose, r.At)
	v.Data = r.Data
	return v
}

func ask(q question) (*State, *Request) {
	s, r := customer(), About(ann, pAnswer, noon)
	r.Data = fieldSet(fName, fEmail)
	q.with(s, &r)
	return s, &r
}

// Every reason is given by some question, and the oracle gives the same.
func TestEveryReason(t *testing.T) {
	given := map[Reason]bool{Undecided: true, UnknownData: true} // the first is no answer; the second is Resolve's
	versions := []*policy.Policy{shop(1), shop(2)}
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			g := openShop(t)
			s, r := ask(q)
			g.Set(s)
			d := g.Decide(r)
			if d.Reason != q.want || d.Allowed != (q.want == ByReason || q.want == ByAgreement || q.want == ByNecessity) {
				t.Fatalf("got %+v, want %v", d, q.want)
			}
			if want := (oracle{versions: versions}).ask(s, r); compared(d) != compared(want) {
				t.Fatalf("the oracle says %+v, the gate %+v", want, d)
			}
			if replay, err := DecideAt(versions, s, r); err != nil || compared(replay) != compared(d) {
				t.Fatalf("a replay gives %+v (%v), the gate %+v", replay, err, d)
			}
			given[d.Reason] = true
		})
	}
	for r := range reasons {
		if !given[r] {
			t.Errorf("no question is answered with %v", r)
		}
	}
}

// No answer of any kind allocates.
func TestDecideAllocatesNothing(t *testing.T) {
	g := openShop(t)
	for _, q := range questions {
		s, r := ask(q)
		g.Set(s)
		if n := testing.AllocsPerRun(100, func() { g.Decide(r) }); n != 0 {
			t.Errorf("%s: %v allocations", q.name, n)
		}
	}
}

func TestAskAllocatesNothing(t *testing.T) {
	g := openShop(t)
	g.Set(customer())
	for _, n := range []Names{
		{Purpose: "answer", Data: []string{"contact"}},
		{Purpose: "news", Data: []string{"contact.email", "contact.name"}, Recipient: "crm", Role: "support"},
		{Cookie: "ga_xyz", Data: []string{"visits"}},
		{Purpose: "nothing"}, {Purpose: "answer", Data: []string{"nothing"}},
	} {
		r := About(ann, -1, noon)
		if allocs := testing.AllocsPerRun(100, func() { g.Ask(&n, &r) }); allocs != 0 {
			t.Errorf("%+v: %v allocations", n, allocs)
		}
	}
}

// Many at once are answered as each by itself is, without allocating; an empty
// gate has nothing to fetch.
func TestDecideAll(t *testing.T) {
	g := openShop(t)
	var requests []Request
	var want []Decision
	for i, q := range questions {
		s, r := ask(q)
		if s.Subject == r.Subject { // one of many, each with a state of its own
			s.Subject = subject(i)
			r.Subject = s.Subject
		}
		requests = append(requests, *r)
		g.Set(s)
		want = append(want, g.Decide(r))
	}
	got := make([]Decision, len(requests))
	if n := testing.AllocsPerRun(10, func() { g.DecideAll(requests, got) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: %+v, want %+v", questions[i].name, got[i], want[i])
		}
	}
	g.DecideAll(nil, nil)
	New(Options{}).DecideAll(requests, got)
	for i := range got {
		if got[i].Allowed {
			t.Errorf("an empty gate allows %s", questions[i].name)
		}
	}
}
