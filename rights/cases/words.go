package cases

import (
	"slices"
	"time"

	"github.com/avowhq/avow"
	"github.com/avowhq/avow/law"
	"github.com/avowhq/avow/ledger"
)

// State is where a request stands.
type State string

// The states. After Closed nothing is done any more but to forget; an appeal can reopen what was refused.
const (
	Received   State = "received"
	Verifying  State = "verifying"
	Planning   State = "planning"
	Approval   State = "approval"
	Running    State = "running"
	Checking   State = "checking"
	Delivering State = "delivering"
	Closed     State = "closed"
	Refused    State = "refused"
	Cancelled  State = "cancelled"
	Appealed   State = "appealed"
	Merged     State = "merged" // into an earlier one of the same person and right
	Lapsed     State = "lapsed" // nobody showed to be the person
)

// next says which states may follow which.
var next = map[State][]State{
	Received:   {Verifying, Planning, Running, Delivering, Refused, Cancelled, Merged},
	Verifying:  {Planning, Running, Delivering, Refused, Cancelled, Merged, Lapsed},
	Planning:   {Approval, Running, Checking, Delivering, Refused, Cancelled},
	Approval:   {Running, Refused, Cancelled, Planning},
	Running:    {Checking, Running, Delivering, Planning, Approval, Refused, Cancelled},
	Checking:   {Running, Delivering, Planning, Refused, Cancelled},
	Delivering: {Closed},
	Refused:    {Appealed, Closed},
	Appealed:   {Verifying, Planning, Running, Delivering, Refused},
	Closed:     {Appealed},
}

// May tells whether a request can go from one state to another.
func (s State) May(to State) bool { return s == to || slices.Contains(next[s], to) }

// Over tells whether nothing more is done.
func (s State) Over() bool {
	return slices.Contains([]State{Closed, Refused, Cancelled, Merged, Lapsed}, s)
}

// Door is how a request came in.
type Door string

// The doors.
const (
	Centre Door = "privacy-centre"
	API    Door = "api"
	Staff  Door = "staff"  // on behalf of the person, with evidence
	Agent  Door = "agent"  // authorised by the person
	Replay Door = "replay" // done before, and undone by a backup of a system
)

// Moved is the event of a request whose state changed.
const Moved ledger.Type = "request-moved"

// Level is what somebody shows before a right of theirs is served.
type Level uint8

// The levels.
const (
	Nothing Level = iota // the right asks for none
	Held                 // that they hold an address that is known here or in a system
	Both                 // that, and that they hold the new address as well
)

// levels is what each right asks for: none where an answer harms nobody and the law
// asks none (ccpa:1798.135), else an address that is known. What is not here asks for that too.
var levels = map[law.Right]Level{
	law.Copy: Held, law.Move: Held, law.Remove: Held, law.Correct: Held, law.Restrict: Held, law.Object: Held, law.Withdraw: Held,
	Lift: Held, law.HumanReview: Held, law.Recipients: Held, law.DeIndex: Held, law.Complain: Nothing,
	law.StopMarketing: Nothing, law.OptOut: Nothing, law.Limit: Nothing,
}

// Needs is what somebody shows for a right before it is served (gdpr:12(6)). A correction of an
// address needs the new one shown too.
func (c *Config) Needs(right law.Right, corrections []Correction) Level {
	level, ok := c.Level[RuledAs(right)]
	if !ok {
		if level, ok = levels[right]; !ok {
			level = Held
		}
	}
	if level == Held && newAddress(corrections) != "" {
		return Both
	}
	return level
}

// stage is a part of the way. The stages of a right come in the order of its recipe.
type stage string

const (
	toVerify   stage = "verify"
	toPlan     stage = "plan"
	toApprove  stage = "approve"
	toInform   stage = "inform"
	toRestrict stage = "restrict"
	toAct      stage = "act"
	toCheck    stage = "check"
	toSweep    stage = "sweep"
	toOwn      stage = "own"
	toAnswer   stage = "answer"
	toPack     stage = "pack"
	toDeliver  stage = "deliver"
	toForget   stage = "forget"
	over       stage = "over"
)

var stateOf = map[stage]State{toVerify: Verifying, toPlan: Planning, toApprove: Approval, toInform: Planning, toRestrict: Running, toAct: Running,
	toCheck: Checking, toSweep: Checking, toOwn: Running, toAnswer: Running, toPack: Running, toDeliver: Delivering, toForget: Closed, over: Closed}

var (
	stopping = []stage{toVerify, toOwn, toPlan, toAct, toDeliver, toForget, over}
	copying  = []stage{toVerify, toPlan, toAct, toPack, toDeliver, toForget, over}
	byHand   = []stage{toVerify, toAnswer, toDeliver, toForget, over}
)

// recipes are the stages of each right. Restriction comes first, the person's own record last (gdpr:18, gdpr:17); a
// restriction is lifted the other way round, after the person was told (gdpr:18(3)).
var recipes = map[law.Right][]stage{
	law.Remove:   {toVerify, toPlan, toApprove, toRestrict, toAct, toCheck, toSweep, toOwn, toDeliver, toForget, over},
	law.Correct:  {toVerify, toPlan, toApprove, toAct, toCheck, toOwn, toDeliver, toForget, over},
	law.Restrict: {toVerify, toPlan, toApprove, toOwn, toAct, toCheck, toDeliver, toForget, over},
	Lift:         {toVerify, toPlan, toApprove, toInform, toAct, toCheck, toOwn, toDeliver, toForget, over},
	law.Object:   {toVerify, toOwn, toPlan, toApprove, toAct, toDeliver, toForget, over},
	law.Copy:     copying, law.Move: copying,
	law.Withdraw: {toVerify, toOwn, toDeliver, toForget, over}, law.StopMarketing: stopping, law.OptOut: stopping, law.Limit: stopping,
	law.HumanReview: byHand, law.Recipients: byHand, law.DeIndex: byHand, law.Complain: byHand,
}

// after is the stage that follows another.
func after(right law.Right, s stage) stage {
	list := recipes[right]
	i := slices.Index(list, s)
	if i < 0 || i+1 >= len(list) {
		return over
	}
	return list[i+1]
}

// changes tells whether a step of a stage may change something, so that cancelling is over.
func (s stage) changes() bool { return s == toRestrict || s == toAct || s == toOwn }

// record is a request as it is kept.
type record struct {
	ID       avow.ID
	Number   string
	Right    law.Right
	Policy   string
	Version  int
	Region   avow.Region
	Regimes  []avow.Regime
	Door     Door
	State    State
	Outcome  string
	Subject  avow.ID
	Into     avow.ID // of a merged one
	Received time.Time
	Verified time.Time
	Changed  time.Time // when the first change began
	Closed   time.Time
	Due      time.Time // the first moment that is too late

	stage                                     stage
	round                                     int
	paused                                    string
	same                                      []byte
	openedBy, vouchedBy, approvedBy, refuseBy string
	sealed                                    []byte
	certificate                               string
	event                                     avow.ID
}
