package gate

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// ledgerOf is what a small ledger knows: an event for every sort of evidence.
type ledgerOf map[WantedKind]string

func (l ledgerOf) Find(_ context.Context, w Wanted) ([]Proof, error) {
	what, ok := l[w.What]
	if !ok {
		return nil, errors.New("the ledger is away")
	}
	return []Proof{{Event: avow.ID{7}, Index: 3, At: noon, What: what}}, nil
}

var everything = ledgerOf{WantConsent: "consent", WantObjection: "objection", WantRestriction: "restriction", WantCollection: "collection"}

// Every answer is told in one sentence that says yes or no, and every no says
// what would make it yes.
func TestEverySentence(t *testing.T) {
	g := openShop(t)
	for _, q := range questions {
		s, r := ask(q)
		x, err := g.Explain(context.Background(), s, r, everything)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-22s %s %s", x.Decision.Reason, x.Sentence, x.MakeYes)
		yes := x.Decision.Allowed
		if strings.HasPrefix(x.Sentence, "Yes: ") != yes || strings.HasPrefix(x.Sentence, "No: ") == yes {
			t.Errorf("%s: %q for %v", q.name, x.Sentence, x.Decision)
		}
		if strings.Count(x.Sentence, ". ") > 0 || !strings.HasSuffix(x.Sentence, ".") || strings.ContainsAny(x.Sentence+x.MakeYes, "{}") {
			t.Errorf("%s: not one sentence: %q %q", q.name, x.Sentence, x.MakeYes)
		}
		if (x.MakeYes == "") != yes {
			t.Errorf("%s: what would make it yes: %q", q.name, x.MakeYes)
		}
	}
}

func TestExplain(t *testing.T) {
	g := openShop(t)
	for _, c := range []struct {
		name     string
		with     func(s *State, r *Request)
		sentence string
		makeYes  string
		line     int
		evidence string
	}{
		{"a yes by consent", func(s *State, r *Request) { s.Consents, r.Purpose = 2, pGame },
			"Yes: the policy lets us use contact.name and contact.email for “To game”, on the person's consent: “What we do with it” (version 2, line 12).", "", 12, "consent"},
		{"a yes without", func(s *State, r *Request) { r.Data, r.Whole = fieldSet(), fieldSet(fName, fEmail) },
			"Yes: the policy lets us use contact for “To answer”, on legitimate interests: “What we do with it” (version 2, line 12).", "", 12, "collection"},
		{"only the missing field is named", func(s *State, r *Request) { r.Data = fieldSet(fName, fHealth) },
			"No: about this person we do not hold contact.health.", "Collect it first, at a collection point the policy declares.", 0, ""},
		{"only what is kept for others is named", func(s *State, r *Request) {
			s.Holdings = append(s.Holdings, Holding{Version: 2, Fields: fieldSet(fClicks), OnlyFor: purposeSet(pOrders), Source: -1, Agreement: -1})
			r.Data = fieldSet(fName, fClicks)
		}, "No: what we hold of contact.clicks is kept for other purposes only, so it is not there for “To answer”.", "Collect it again for “To answer”.", 0, "collection"},
		{"an objection to a topic", func(s *State, r *Request) { s.Objections[0], r.Purpose = 1, pNews },
			"No: the person objected to marketing about “products”, and that stops it whatever the basis: “What we do with it” (version 2, line 12).",
			"The person takes the objection back.", 12, "objection"},
		{"an objection to weigh", func(s *State, r *Request) { s.Objections[0] = 2 },
			"No: the person objected to “To answer”: “What we do with it” (version 2, line 12).",
			"The person takes the objection back, or staff record why it is overridden.", 12, "objection"},
		{"a restriction", func(s *State, r *Request) { s.Restricted = true },
			"No: the person's data is restricted, and “To answer” does not go on under a restriction: “What we do with it” (version 2, line 12).",
			"Lift the restriction, or obtain consent.", 12, "restriction"},
	} {
		s, r := ask(question{with: c.with})
		x, err := g.Explain(context.Background(), s, r, everything)
		if err != nil {
			t.Fatal(err)
		}
		if x.Sentence != c.sentence || x.MakeYes != c.makeYes || x.Line != c.line || x.Policy != "shop" {
			t.Errorf("%s: got\n %s\n %s\n line %d of %s", c.name, x.Sentence, x.MakeYes, x.Line, x.Policy)
		}
		if got := words(x.Evidence); got != c.evidence {
			t.Errorf("%s: evidence %q, want %q", c.name, got, c.evidence)
		}
	}
}

func words(list []Proof) (s string) {
	for _, p := range list {
		s += p.What
	}
	return s
}

// A ledger that cannot be read is an error, not an answer without evidence; and
// where there is none to look for, it is not asked.
func TestExplainWithoutLedger(t *testing.T) {
	g := openShop(t)
	s, r := ask(questions[0])
	if _, err := g.Explain(context.Background(), s, r, ledgerOf{}); err == nil {
		t.Error("a ledger that is away went unnoticed")
	}
	if x, err := g.Explain(context.Background(), s, r, nil); err != nil || !x.Decision.Allowed {
		t.Errorf("got %+v, %v", x, err)
	}
	v := visitor(r, pAnswer)
	if x, err := g.Explain(context.Background(), nil, &v, ledgerOf{}); err != nil || len(x.Evidence) != 0 {
		t.Errorf("a visitor has evidence: %+v, %v", x, err)
	}
}

// What a request names is told by its name, many things by the first few, and
// what is not there without a name.
func TestTelling(t *testing.T) {
	g := openShop(t)
	_, r := ask(questions[0])
	r.Data, r.Recipient, r.Role = fieldSet(0, 1, 2, 3, 4, 5), rBroker, roleSupport
	for reason, want := range map[Reason]string{
		RecipientNotFor:  "No: “The Broker” does not receive data for “To answer”.",
		NotHeld:          "No: about this person we do not hold contact.name, contact.email, contact.health, contact.record and 2 more.",
		RoleDoesNotServe: "No: the role “support” does not work on “To answer”.",
	} {
		if got := g.Sentence(Decision{Reason: reason, Version: 2, Lane: -1}, r); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for _, c := range []struct {
		kind   avow.SubjectKind
		reason Reason
		want   string
	}{
		{avow.Business, NotForThisKind, "No: “To orders” does not apply to businesses when it comes to using data."},
		{avow.Individual, NotForThisKind, "No: “To orders” does not apply to individuals when it comes to using data."},
		{avow.Individual, StaffPlace, "No: staff there is outside GB, and no safeguard stands for the transfer."},
	} {
		v := Visiting(c.kind, "GB", pOrders, noon)
		if got := g.Sentence(Decision{Reason: c.reason, Version: 2, Lane: -1}, &v); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	nothing := &Request{Purpose: 99, Recipient: 99, Role: 99, Data: policy.FieldSet{}}
	for reason := range reasons {
		d := Decision{Reason: reason, Version: 9, Clause: 99, Lane: 99}
		if s := g.Sentence(d, nothing) + g.MakeYes(d, nothing) + New(Options{}).Sentence(d, nothing); strings.ContainsAny(s, "{}") {
			t.Errorf("%v: %q", reason, s)
		}
	}
}
