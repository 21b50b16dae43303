package law

import "github.com/avowhq/avow"

// Right is what a person may ask. The first nine are the words of the policy
// language; the others exist in some laws only.
type Right string

const (
	Copy          Right = "copy"           // see what is held and get it
	Correct       Right = "correct"        // have it put right
	Remove        Right = "remove"         // have it erased
	Move          Right = "move"           // get it in a form another service can read
	Restrict      Right = "restrict"       // have it kept and not used
	Object        Right = "object"         // have a use stopped
	Withdraw      Right = "withdraw"       // take a consent back
	StopMarketing Right = "stop-marketing" // have direct marketing stopped
	HumanReview   Right = "human-review"   // have a person look at a machine's decision
	OptOut        Right = "opt-out"        // no sale, no sharing, no targeted advertising
	Limit         Right = "limit"          // sensitive data only for what was asked for
	Recipients    Right = "recipients"     // who received the data, by name
	DeIndex       Right = "de-index"       // no longer found by name
	Complain      Right = "complain"       // a complaint to the organisation itself
)

// Rights lists them all.
func Rights() []Right {
	return []Right{Copy, Correct, Remove, Move, Restrict, Object, Withdraw, StopMarketing, HumanReview, OptOut, Limit, Recipients, DeIndex, Complain}
}

// Source is where a rule stands. Confirmed tells that the text was read and says
// so; a rule that is not confirmed is used, and shown as unconfirmed wherever it is.
type Source struct {
	Cites     string // the article, as lawyers name it
	At        string // the address where it was read, or can be
	Confirmed bool
	Note      string // what is in doubt, or what else it says
}

// Regime is one law with its rules.
type Regime struct {
	Name      avow.Regime
	Title     string
	Zone      string                 // an IANA time zone for people whose own is not known
	Zones     map[avow.Region]string // of people who live where it is another
	Calendar  avow.Region            // whose holidays count for people whose region has no calendar here
	Authority Recourse               // who hears a complaint about the organisation
	Rules     []Rule
	File      string
}

// ZoneOf is the time zone of people in a region: of the region, else of its country, else the usual one.
func (g *Regime) ZoneOf(region avow.Region) string {
	for _, r := range []avow.Region{region, region.Country()} {
		if zone := g.Zones[r]; zone != "" {
			return zone
		}
	}
	return g.Zone
}

// Rule is how one law treats requests for some rights that were received in
// some time. A part the law does not have is nil.
type Rule struct {
	Name        string
	Title       string
	Rights      []Right
	From, Until Date // received on these days or between; a zero Until is still in force
	Acknowledge *Term
	Respond     *Term
	Pauses      []Pause
	Extend      *Extension
	Roll        *Roll
	Silence     *Silence
	Fee         *Fee
	Appeal      *Appeal
	Note        string
	Line        int // in the regime's file, from 1
}

// Term is a period and where it stands. It begins with the receipt.
type Term struct {
	Period Period
	Source Source
}

// Cause is why a clock waits or stops: what is asked of the person.
type Cause string

const (
	Identity      Cause = "identity"      // proof of who they are
	Clarification Cause = "clarification" // what exactly they ask for
	Payment       Cause = "fee"           // their word on a fee, or the fee
)

// Effect is what asking does to the clock.
type Effect string

const (
	Starts Effect = "starts" // the period begins with the answer
	Stops  Effect = "stops"  // the days from asking to the answer, both included, do not count
	Runs   Effect = "runs"   // the clock runs on, and the law says so
)

// Pause is what asking a person for something does.
type Pause struct {
	Cause  Cause
	Effect Effect
	Source Source
}

// Extension is how much more time there may be. The notice is due within the first period.
type Extension struct {
	By     Period
	Times  int
	When   string   // what it needs
	Says   []string // what the notice must say
	Source Source
}

// RollRule is what happens to a period that ends on a day off.
type RollRule string

const (
	ToWorkingDay RollRule = "working-day" // not a Saturday, Sunday or holiday
	PastSunday   RollRule = "not-sunday"  // not a Sunday or holiday; a Saturday is a day like others
)

// Roll moves the end of a period forward.
type Roll struct {
	Rule   RollRule
	Source Source
}

// Silence is what no answer in time counts as.
type Silence struct {
	Is     string // `refusal`
	Source Source
}

// Fee is what asking costs.
type Fee struct {
	Free   int    // how often within Per it is free; -1 is always
	Per    Period // zero when Free is -1
	Then   string // what may be charged or done otherwise
	Source Source
}

// Appeal is the organisation's own second look, with its own clock.
type Appeal struct {
	Within  string // when it must be lodged, in words
	Decide  Period // from the day the appeal is received
	Extend  Period // zero when there is none
	After   string // who hears a complaint about the outcome
	Source  Source
	Further string // what the notice of the outcome must say
}

// Recourse is who else hears a complaint.
type Recourse struct {
	Kind   string // `data-protection-authority`, `attorney-general`, `court`
	Name   string
	At     string
	Source Source
}

// NotCovered is a regime of the policy language without rules here, and why.
type NotCovered struct {
	Regime avow.Regime
	Why    string
}

// has reports whether the rule is about a right.
func (r *Rule) has(right Right) bool {
	for _, x := range r.Rights {
		if x == right {
			return true
		}
	}
	return false
}

// inForce reports whether what was received on a day falls under the rule.
func (r *Rule) inForce(on Date) bool {
	return !on.Before(r.From) && (r.Until.IsZero() || !on.After(r.Until))
}

// overlaps reports whether two rules could both govern one request.
func (r *Rule) overlaps(o *Rule) bool {
	return (r.Until.IsZero() || !o.From.After(r.Until)) && (o.Until.IsZero() || !r.From.After(o.Until))
}

func (r *Rule) pause(c Cause) *Pause {
	for i := range r.Pauses {
		if r.Pauses[i].Cause == c {
			return &r.Pauses[i]
		}
	}
	return nil
}
