package gate

import (
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// State is all the gate knows of one subject under one policy. It is small and
// holds no personal value: which fields are held, never what is in them.
type State struct {
	Subject avow.ID
	Kind    avow.SubjectKind
	Region  avow.Region // where the subject lives; empty: unknown, and the strictest regime holds
	Facts   uint64      // the words under `people` that are shown, by index
	// Holdings is what is kept of the subject. Give it in one order (by version,
	// then as collected): states alike then share one profile.
	Holdings   []Holding
	Consents   uint64    // consent lanes given and not withdrawn since
	Objections [2]uint64 // objection lanes set
	Restricted bool      // gdpr:18
	// Until is the next moment at which time alone changes this state: a consent
	// runs out, a retention ends. After it the gate says no and Stale. Zero: none.
	Until time.Time
	Seen  uint64 // the ledger index this state was folded up to
}

// Holding is fields collected together: the same words, source and limits hold for them.
type Holding struct {
	Version int // of the policy they were last collected under
	Fields  policy.FieldSet
	Source  int // index in that version's Sources; -1 unknown
	// OnlyFor are the purposes they are still there for; empty: no such limit.
	OnlyFor   policy.PurposeSet
	Agreement int // index in that version's Agreements; -1 none
}

// Objected reports whether an objection lane is set.
func (s *State) Objected(lane int) bool {
	return lane >= 0 && lane < policy.MaxObjectionLanes && s.Objections[lane>>6]&(1<<(lane&63)) != 0
}

// Consented reports whether a consent lane is given.
func (s *State) Consented(lane int) bool {
	return lane >= 0 && lane < policy.MaxConsentLanes && s.Consents&(1<<lane) != 0
}
