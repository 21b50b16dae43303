package gate

import (
	"github.com/avowhq/avow"
	"github.com/avowhq/avow/policy"
)

// Decision is the answer. The zero Decision is a no.
type Decision struct {
	Allowed     bool
	Reason      Reason
	Basis       avow.Basis // relied on, or the one that failed
	Obligations policy.Obligations
	Version     int // of the policy whose words decided; 0: none did
	Clause      int // index in that version's Clauses; 0 is `default: no`
	// Lane is the consent lane a yes rests on, or the consent or objection lane a
	// no is about (see Reason); -1 none.
	Lane int
	Seen uint64 // the ledger index the view had seen
}

// Reason says in one word why a decision is what it is. Its text form is stable:
// it stands in the API and in metrics.
type Reason uint8

// The reasons. A yes has one of the three that begin with By.
const (
	Undecided          Reason = iota
	ByReason                  // a reason of the purpose covers the data and its basis holds
	ByAgreement               // the agreement the data is held under allows it
	ByNecessity               // a cookie the site does not work without, for what was asked for (eprivacy:5(3))
	NoTime                    // the request does not say when
	NoSubject                 // the request is about nobody
	NoVersion                 // no version of the policy was in force then
	NotCached                 // the gate does not hold this subject: ask the database
	Stale                     // time alone may have changed the answer: ask the database
	UnknownPurpose            // the purpose is in no version of the policy
	UnknownAct                // not an act the policy language knows
	UnknownData               // the data is in no version of the policy
	NoData                    // the request names no data
	UnknownRecipient          // a recipient no version of the policy names
	UnknownRole               // a role today's version does not have
	UnknownCookie             // a cookie the version in force does not declare
	PurposeEnded              // today's version ends the purpose, for everybody
	PurposeNotPromised        // the version that decides does not have the purpose
	NoCookies                 // a browser signal refuses the cookie
	NotHeld                   // the data is not held
	KeptForOthers             // it is kept, for other purposes only
	AgreementDenies           // the agreement the data is held under says no
	AgreementSilent           // that agreement alone decides, and does not speak of it
	OnlyDisclosed             // a declared disclosure is for disclosing only
	NoEvent                   // a declared disclosure without its event
	NotApproved               // a declared disclosure without its approver
	RoleDoesNotServe          // the asker's role does not serve the purpose
	NeverKept                 // data the policy promises never to keep
	NotCombined               // the policy does not bring these data together
	NoRecipient               // a disclosure without saying to whom
	RecipientNotThere         // the version that decides does not have the recipient
	RecipientNotData          // the recipient does not receive these data
	RecipientNotFor           // the recipient does not receive data for this purpose
	RecipientPlace            // the recipient is where no safeguard stands
	StaffPlace                // the staff is where no safeguard stands
	DoneOnce                  // done once, and for nothing else
	SwitchedOff               // off until the person switches it on
	NotCovered                // no reason of the purpose covers all these data
	SourceNotAllowed          // the data comes only from a source under an unmet condition
	NoPersonFrom              // nobody's identity may be learned from these data
	SpecialData               // special categories without their own basis (gdpr:9)
	CriminalData              // data about convictions without their own basis (gdpr:10)
	NotForThisKind            // the purpose does not exist for this kind of person
	NoBasis                   // the condition of the basis is not shown
	NoConsent                 // consent is the basis, and it is not given
	Objected                  // the person objected
	OptedOut                  // a browser signal opts out
	UnderRestriction          // the data is restricted (gdpr:18)
	reasons
)

var reasonNames = [reasons]string{
	"undecided", "by-reason", "by-agreement", "by-necessity", "no-time", "no-subject", "no-version", "not-cached", "stale",
	"unknown-purpose", "unknown-act", "unknown-data", "no-data", "unknown-recipient", "unknown-role", "unknown-cookie",
	"purpose-ended", "purpose-not-promised", "no-cookies", "not-held", "kept-for-others", "agreement-denies",
	"agreement-silent", "only-disclosed", "no-event", "not-approved", "role-does-not-serve", "never-kept",
	"not-combined", "no-recipient", "recipient-not-there", "recipient-not-data",
	"recipient-not-for", "recipient-place", "staff-place", "done-once", "switched-off", "not-covered",
	"source-not-allowed", "no-person-from", "special-data", "criminal-data", "not-for-this-kind", "no-basis", "no-consent",
	"objected", "opted-out", "under-restriction",
}

func (r Reason) String() string {
	if r < reasons {
		return reasonNames[r]
	}
	return reasonNames[Undecided]
}

// MarshalText writes the stable word.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// AskDatabase reports whether the answer is no only because the gate does not
// know enough: the caller loads the subject's state, sets it, and asks again.
func (r Reason) AskDatabase() bool { return r == NotCached || r == Stale }
