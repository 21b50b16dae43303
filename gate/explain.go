package gate

import (
	"context"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Evidence finds the events in the ledger that a decision rests on. The consent
// room has it. The newest event comes first; none found is an empty list.
type Evidence interface {
	Find(ctx context.Context, w Wanted) ([]Proof, error)
}

// Wanted is what evidence is asked for.
type Wanted struct {
	Subject avow.ID
	What    WantedKind
	Lane    int             // of a consent or an objection
	Fields  policy.FieldSet // of a collection
}

// WantedKind is a kind of evidence.
type WantedKind uint8

// The kinds of evidence.
const (
	WantConsent     WantedKind = iota // given to, or withdrawn from, a consent lane
	WantObjection                     // that set an objection lane
	WantRestriction                   // that restricted the data
	WantCollection                    // of the fields
)

// Proof is one event a decision rests on. It carries no personal value.
type Proof struct {
	Event avow.ID
	Index uint64 // in the ledger
	At    time.Time
	What  string // the event's type: `consent.given`, `objection.made`
}

// Explanation is a decision with all that is needed to check it.
type Explanation struct {
	Decision Decision
	Sentence string // why, in one sentence
	MakeYes  string // what would make it yes; empty for a yes
	Policy   string
	Version  int    // of the policy whose words decided; 0: none did
	Key      string // of the clause: `purpose-groups.marketing.purposes.marketing.to-send`
	Line     int
	Says     string // the policy's own words
	Basis    avow.Basis
	Evidence []Proof
}

// Explain decides and fetches the evidence. st is the subject's state, nil for a
// visitor; ev may be nil when there is no ledger to look in. The error is ev's.
func (s *Rules) Explain(ctx context.Context, st *State, r *Request, ev Evidence) (Explanation, error) {
	d := s.Decide(st, r)
	told := r
	if st != nil && d.Reason != NotCached {
		told = s.narrow(st, r, d)
	}
	x := Explanation{Decision: d, Sentence: s.Sentence(d, told), MakeYes: s.MakeYes(d, told), Version: d.Version, Basis: d.Basis}
	if s != nil && len(s.versions) > 0 {
		x.Policy = s.versions[0].Name
	}
	if c := s.clause(d); c != nil {
		x.Key, x.Line, x.Says = c.Key, c.Line, c.Says
	}
	if ev == nil || r.Visitor || r.Subject.IsZero() {
		return x, nil
	}
	w, wanted := want(d, r)
	if !wanted {
		return x, nil
	}
	var err error
	x.Evidence, err = ev.Find(ctx, w)
	return x, err
}

// narrow keeps of the data asked for what the sentence is about: what is missing
// when something is, else what is held under the words that decided.
func (s *Rules) narrow(st *State, r *Request, d Decision) *Request {
	out := *r
	out.Kind, out.Region = st.Kind, st.Region
	var held, others policy.FieldSet
	for i := range st.Holdings {
		h := &st.Holdings[i]
		held = held.Or(h.Fields)
		if !h.OnlyFor.Empty() && (r.Purpose < 0 || !h.OnlyFor.Has(r.Purpose)) {
			others = others.Or(h.Fields)
		}
	}
	switch d.Reason {
	case NotHeld:
		if missing := r.Data.Minus(held); !missing.Empty() {
			out.Data, out.Whole = missing, policy.FieldSet{}
		}
	case KeptForOthers:
		if kept := r.Data.Or(r.Whole).And(others); !kept.Empty() {
			out.Data, out.Whole = kept, policy.FieldSet{}
		}
	}
	return &out
}

// want says which evidence a decision rests on.
func want(d Decision, r *Request) (Wanted, bool) {
	w := Wanted{Subject: r.Subject, Lane: d.Lane, Fields: r.Data.Or(r.Whole)}
	switch d.Reason {
	case ByReason, ByAgreement:
		if d.Lane >= 0 {
			w.What = WantConsent
		} else {
			w.What = WantCollection
		}
	case NoConsent, SwitchedOff:
		w.What = WantConsent
	case Objected, DoneOnce:
		w.What = WantObjection
	case UnderRestriction:
		w.What = WantRestriction
	case NotCovered, PurposeNotPromised, RecipientNotThere, SourceNotAllowed, KeptForOthers, AgreementDenies, AgreementSilent:
		w.What = WantCollection
	default:
		return w, false
	}
	return w, w.What != WantConsent && w.What != WantObjection || w.Lane >= 0
}

// Explain decides about a state just read and fetches the evidence, see Rules.Explain.
func (g *Gate) Explain(ctx context.Context, st *State, r *Request, ev Evidence) (Explanation, error) {
	return g.rules.Load().Explain(ctx, st, r, ev)
}
