package gate

import (
	"context"
	"iter"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// (Bodies follow; the shape is final.)

// Gate holds one policy and its subjects. It is safe for concurrent use.
type Gate struct{}

// New makes an empty gate: it says no to everything until a version is published.
func New(o Options) *Gate { return &Gate{} }

// Publish adds the next version. now tells which version is in force.
func (g *Gate) Publish(p *policy.Policy, now time.Time) error { return nil }

// Set puts or replaces a subject's state. It reports false when the subject
// cannot be held (too many profiles): it is then not cached.
func (g *Gate) Set(s *State) bool { return false }

// Delete forgets a subject.
func (g *Gate) Delete(id avow.ID) {}

// Load sets many subjects, for the start of the program.
func (g *Gate) Load(states iter.Seq[*State]) (held int) { return 0 }

// Len counts the subjects held.
func (g *Gate) Len() int { return 0 }

// Decide answers from the table.
func (g *Gate) Decide(r *Request) Decision { return Decision{} }

// DecideState answers for a state that was just read from the database.
func (g *Gate) DecideState(s *State, r *Request) Decision { return Decision{} }

// Advance records that the head of the ledger was read: up to index, at that time.
func (g *Gate) Advance(index uint64, at time.Time) {}

// Seen is the ledger index the view has seen.
func (g *Gate) Seen() uint64 { return 0 }

// Fresh reports whether the head was read within the staleness.
func (g *Gate) Fresh(now time.Time) bool { return false }

// Versions gives the published versions, the first one first.
func (g *Gate) Versions() []*policy.Policy { return nil }

// InForce is the version in force at a time; nil: none.
func (g *Gate) InForce(at time.Time) *policy.Policy { return nil }

// Names is a question in words.
type Names struct {
	Purpose   string
	Data      []string // categories (asked for as a whole) and category.field (exactly)
	Recipient string   // empty: it stays in the house
	Role      string   // empty: the controller's own system
}

// Resolve fills a request's indexes from words. It returns Undecided when every
// word is known, else which is not.
func (g *Gate) Resolve(n *Names, r *Request) Reason { return Undecided }

// Ask is Resolve and Decide.
func (g *Gate) Ask(n *Names, r *Request) Decision { return Decision{} }

// DecideAt answers from explicit versions and state, for replays: what would the
// gate have said at r.At? s is nil for a visitor.
func DecideAt(versions []*policy.Policy, s *State, r *Request) Decision { return Decision{} }

// Wanted is what evidence is asked for.
type Wanted struct {
	Subject avow.ID
	What    WantedKind
	Lane    int             // of a consent or objection
	Fields  policy.FieldSet // of a collection
}

// WantedKind is a kind of evidence.
type WantedKind uint8

// The kinds of evidence.
const (
	WantConsent WantedKind = iota
	WantObjection
	WantRestriction
	WantCollection
)

// Proof is one event in the ledger that a decision rests on.
type Proof struct {
	Event avow.ID
	Index uint64 // in the ledger
	At    time.Time
	What  string // `consent given`, `consent withdrawn`, `objection`: a word, no personal value
}

// Evidence finds the events a decision rests on. The consent room has it.
type Evidence interface {
	Find(ctx context.Context, w Wanted) ([]Proof, error)
}

// Explanation is a decision with everything needed to check it.
type Explanation struct {
	Decision Decision
	Sentence string // why, in one sentence
	MakeYes  string // what would make it yes; empty for a yes
	Policy   string
	Version  int
	Key      string // of the clause
	Line     int
	Says     string // the policy's own words
	Basis    avow.Basis
	Evidence []Proof
}

// Explain fetches the evidence for a decision. ev may be nil: no evidence.
func (g *Gate) Explain(ctx context.Context, s *State, r *Request, ev Evidence) (Explanation, error) {
	return Explanation{}, nil
}

// Sentence says why in one sentence, without I/O.
func (g *Gate) Sentence(d Decision, r *Request) string { return "" }
