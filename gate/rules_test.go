package gate

import (
	"testing"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Versions come in order, of one policy, and not backwards in time.
func TestPublishInOrder(t *testing.T) {
	other, early := shop(2), shop(2)
	other.Name = "other"
	early.Effective = dayOne.AddDate(0, 0, -1)
	for name, second := range map[string]*policy.Policy{"the same number": shop(1), "another policy": other, "an earlier date": early} {
		g := New(Options{})
		if err := g.Publish(shop(1), noon); err != nil {
			t.Fatal(err)
		}
		if err := g.Publish(second, noon); avow.KindOf(err) != avow.Conflict {
			t.Errorf("%s: got %v", name, err)
		}
		if n := len(g.Rules().Versions()); n != 1 {
			t.Errorf("%s: %d versions after a refused one", name, n)
		}
	}
	if _, err := DecideAt([]*policy.Policy{shop(2)}, nil, &Request{}); err == nil {
		t.Error("version 2 alone was taken")
	}
}

// An empty gate says no, and holds nobody.
func TestNothingPublished(t *testing.T) {
	g := New(Options{})
	q := About(ann, pAnswer, noon)
	if d := g.Decide(&q); d.Allowed || d.Reason != NoVersion {
		t.Errorf("got %+v", d)
	}
	rules, err := NewRules(nil)
	if err != nil || rules.InForce(noon) != nil {
		t.Errorf("no versions give %v, %v", rules, err)
	}
	if g.Set(customer()) || g.InForce(noon) != nil || g.Rules() != nil {
		t.Error("something is there before the first version")
	}
	if why := g.Resolve(&Names{Purpose: "answer"}, &q); why != NoVersion {
		t.Errorf("got %v", why)
	}
	if d := g.Ask(&Names{Purpose: "answer"}, &q); d.Reason != NoVersion || g.Sentence(d, &q) == "" {
		t.Errorf("got %+v", d)
	}
}

// A version published ahead of its date decides from that date on, without
// anything being done at that moment; and for the time before, not yet.
func TestPendingVersion(t *testing.T) {
	g := New(Options{})
	may := dayTwo.AddDate(0, 0, -20)
	for n := range 2 {
		if err := g.Publish(shop(n+1), may); err != nil {
			t.Fatal(err)
		}
	}
	s := customer()
	s.Holdings[0].Version = 1
	g.Set(s)
	for at, want := range map[time.Time]Reason{
		may: ByReason, dayTwo.Add(-time.Millisecond): ByReason, dayTwo: PurposeEnded, noon: PurposeEnded,
	} {
		q := About(ann, pOld, at)
		q.Data = fieldSet(fName)
		if d := g.Decide(&q); d.Reason != want {
			t.Errorf("at %v: %+v, want %v", at, d, want)
		}
	}
	if v := g.InForce(may); v == nil || v.Number != 1 {
		t.Errorf("in force in May: %v", v)
	}
	if v := g.InForce(noon); v == nil || v.Number != 2 {
		t.Errorf("in force in July: %v", v)
	}
}

// A past date is the database's: the table knows the subject as it is now.
func TestPastDateIsNotTheTables(t *testing.T) {
	g := openShop(t)
	s := customer()
	g.Set(s)
	q := About(ann, pAnswer, dayOne)
	q.Data = fieldSet(fName)
	if d := g.Decide(&q); d.Reason != Stale {
		t.Errorf("got %+v", d)
	}
	s.Holdings[0].Version = 1
	if d := g.DecideState(s, &q); !d.Allowed || d.Version != 1 {
		t.Errorf("the replay gives %+v", d)
	}
	if d := g.DecideState(nil, &q); d.Reason != NotCached {
		t.Errorf("nobody is allowed: %+v", d)
	}
}

// Where all data goes by the words of today, a later version decides for all of it.
func TestAllData(t *testing.T) {
	one, two := shop(1), shop(2)
	one.NewData, two.NewData = false, false
	s := customer()
	s.Holdings[0].Version = 1
	q := About(ann, pAds, noon)
	q.Data = fieldSet(fEmail)
	d, err := DecideAt([]*policy.Policy{one, two}, s, &q)
	if err != nil || !d.Allowed || d.Version != 2 {
		t.Errorf("got %+v, %v", d, err)
	}
	one.NewData = true // version 1 promised that what is collected keeps its words: version 2 cannot take that back
	if d, _ := DecideAt([]*policy.Policy{one, two}, s, &q); d.Allowed {
		t.Errorf("a later version took a promise back: %+v", d)
	}
}

// Where somebody lives comes to the same as asking the words room.
func TestAtlasAgreesWithRegions(t *testing.T) {
	a := atlasFor([]avow.Region{"US-NY", "DE-BY"})
	list := append([]avow.Region{"", "GB-SCT", "US-TX", "CA-ON", "XX", "us", "U", "USA", "US-", "FR-75"}, a.regions...)
	for _, from := range list {
		want := from
		if !from.Known() {
			want = ""
		}
		for _, to := range list {
			if isGroup(to) && to != "" && a.regions[a.class(to)] != to {
				continue
			}
			if to.Known() && a.within(a.class(from), a.class(to)) != avow.Adequate(want, to) {
				t.Fatalf("from %q to %q: the atlas says %v", from, to, !avow.Adequate(want, to))
			}
		}
		for _, f := range avow.Regimes() {
			if covered := len(avow.RegimesFor(want, []avow.Regime{f.Name})) > 0; want != "" && a.regimes[f.Name][a.class(from)] != covered {
				t.Fatalf("%q: covered by %s: the atlas says %v", from, f.Name, !covered)
			}
		}
	}
}

func TestResolve(t *testing.T) {
	g := openShop(t)
	for _, c := range []struct {
		names Names
		want  Request
		why   Reason
	}{
		{Names{Purpose: "answer", Data: []string{"contact"}}, Request{Purpose: pAnswer, Whole: fieldSet(fName, fEmail), Recipient: -1, Role: -1, Cookie: -1}, Undecided},
		{Names{Purpose: "news", Data: []string{"contact.email", "visits"}, Recipient: "crm", Role: "support"},
			Request{Purpose: pNews, Data: fieldSet(fEmail), Whole: fieldSet(fClicks), Recipient: rCRM, Role: roleSupport, Cookie: -1}, Undecided},
		{Names{Cookie: "ga_xyz"}, Request{Purpose: -1, Recipient: -1, Role: -1, Cookie: 2}, Undecided},
		{Names{Cookie: "gadget"}, Request{Purpose: -1, Recipient: -1, Role: -1, Cookie: 1}, Undecided},
		{Names{Cookie: "choices"}, Request{}, UnknownCookie},
		{Names{Purpose: "newss"}, Request{}, UnknownPurpose},
		{Names{}, Request{}, UnknownPurpose},
		{Names{Purpose: "news", Data: []string{"contact.shoe"}}, Request{}, UnknownData},
		{Names{Purpose: "news", Recipient: "nobody"}, Request{}, UnknownRecipient},
		{Names{Purpose: "news", Role: "nobody"}, Request{}, UnknownRole},
	} {
		r := Request{At: noon, Data: fieldSet(fHealth), Cookie: 5}
		why := g.Resolve(&c.names, &r)
		if why != c.why {
			t.Errorf("%+v: got %v, want %v", c.names, why, c.why)
		}
		if c.want.At = noon; why == Undecided && r != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.names, r, c.want)
		}
	}
	if why := g.Resolve(&Names{Purpose: "answer"}, &Request{At: dayOne.AddDate(0, 0, -1)}); why != NoVersion {
		t.Errorf("before the first version: %v", why)
	}
}

func TestReasonWords(t *testing.T) {
	seen := map[string]bool{}
	for r := range reasons {
		b, err := r.MarshalText()
		if err != nil || len(b) == 0 || seen[string(b)] || string(b) != r.String() {
			t.Errorf("reason %d is %q", r, b)
		}
		seen[string(b)] = true
	}
	if Reason(250).String() != "undecided" {
		t.Error("a reason that is none has a word")
	}
}
