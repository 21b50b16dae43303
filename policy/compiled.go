package policy

import (
	"time"

	"github.com/avowhq/avow"
)

// The bounds of one policy over all its versions. A file past one is refused with
// the line that goes past it. They keep a subject's state at one cache line.
const (
	MaxFields         = 256 // fields of all categories
	MaxPurposes       = 256 // purposes, duties and disclosures
	MaxRecipients     = 256
	MaxRoles          = 64
	MaxFacts          = 64  // words under `people`
	MaxConsentLanes   = 64  // consents a person can give
	MaxObjectionLanes = 128 // objections a person can make
)

// FieldSet is a set of fields of one policy, by index.
type FieldSet [MaxFields / 64]uint64

// PurposeSet is a set of purposes of one policy, by index.
type PurposeSet [MaxPurposes / 64]uint64

// Policy is one compiled version of a policy. It is immutable. All indexes are
// shared by every version of the same policy: a later version extends them, so
// that a field, purpose, recipient, role, fact or lane has the same index for ever.
type Policy struct {
	Name      string
	Number    int       // 1 for the first version
	Effective time.Time // 00:00 UTC of the effective date
	Hash      [32]byte  // SHA-256 of Source
	Source    []byte    // the file as given
	Document  *Document

	NewData      bool // changes.apply-to is new-data: a value keeps the version it was collected under
	Regimes      []avow.Regime
	DNT          SignalRule
	GPC          SignalRule
	CombineAll   bool
	CombinePairs []CombinePair // each: data that may be in one profile

	// Tables by series-wide index. An entry of an earlier version that this one
	// no longer has keeps its place with Declared false.
	Fields     []Field
	Categories []CompiledCategory // in the order of this version's file; not indexed series-wide
	Purposes   []CompiledPurpose
	Recipients []CompiledRecipient
	Roles      []CompiledRole
	Facts      []Fact
	Consents   []ConsentLane
	Objections []ObjectionLane
	Topics     []Topic // in the order of the file

	Special   FieldSet // gdpr:9
	Criminal  FieldSet // gdpr:10
	NeverKept FieldSet
	// NoPersonFrom are the fields from which nobody's identity may be learned.
	NoPersonFrom FieldSet
	NeverSell    FieldSet // sold or rented: no path, whatever else is declared

	Agreements []CompiledAgreement
	Retention  []CompiledRetention
	Sources    []CompiledSource
	Points     []CompiledPoint
	Cookies    []CompiledCookie
	Clauses    []Clause // every sentence a decision can rest on; index 0 is `default: no`

	names *names // name → index, see Lookup
}

// SignalRule is what a browser's signal does.
type SignalRule uint8

// What a signal does.
const (
	SignalIgnored SignalRule = iota
	SignalNoOptionalCookies
	SignalNoCookies
	SignalOptOut
)

// CombinePair is data that may be brought together with data from some sources or
// categories. A combination is allowed when one pair covers all of it.
type CombinePair struct {
	Fields FieldSet
	Clause int
}

// Clause is a sentence of the policy, as a decision cites it.
type Clause struct {
	Key  string // `purpose-groups.marketing.purposes.marketing.to-send`
	Line int
	Says string // the words, in the prevailing language; for a purpose its title and reason
}

// Field is one field of one category.
type Field struct {
	Declared    bool
	Category    string
	Name        string
	Identifies  bool // it says who somebody is and can find them
	MayIdentify bool
	Others      bool // about somebody else than the giver
	KeptAs      string
	Clause      int
}

// Path is `category.field`.
func (f Field) Path() string { return f.Category + "." + f.Name }

// CompiledCategory is a category with everything that is part of it.
type CompiledCategory struct {
	Name   string
	Title  string
	Fields FieldSet
	Others bool
	Clause int
}

// PurposeKind sorts purposes by where they stand in the file.
type PurposeKind uint8

// The kinds of purposes.
const (
	Listed            PurposeKind = iota
	Unlisted                      // under `unlisted-purposes`
	Duty                          // built in: what no policy can waive
	DisclosureOnEvent             // under `disclosures`
)

// The built-in duties, which every policy has and prints.
const (
	DutyAnswerRequests = "answer-requests" // gdpr:12(3): answering people's requests
	DutyKeepProof      = "keep-proof"      // gdpr:5(2), gdpr:7(1): proof of consent and of what was done
	DutySuppress       = "suppress"        // gdpr:21(3): remembering who said stop
	DutySecure         = "secure"          // gdpr:32: security of the service
	DutyObeyLaw        = "obey-law"        // gdpr:6(1)(c): obeying law
)

// CompiledPurpose is a purpose, duty or disclosure of one version.
type CompiledPurpose struct {
	Declared bool // in this version
	Ended    bool // this version explicitly ends it (`ends:`)
	Name     string
	Title    string
	Kind     PurposeKind
	Clause   int
	Reasons  []CompiledReason
	// Lane of the consent people give to this purpose in this version, -1 when no
	// basis of it is consent. A widening opens a new lane.
	ConsentLane    int
	Once           bool
	OnceLane       int // objection lane that is set when it has been done; -1
	Sends          string
	ServiceMessage bool
	Anonymous      bool // what it makes is anonymous or aggregate
	OffUntil       bool // a feature off until switched on
	Obligations    Obligations
	// Disclosures:
	To         int // recipient index, -1
	ApprovedBy int // role index, -1
}

// CompiledReason is one reason: the data it covers and the grounds per act and kind.
type CompiledReason struct {
	Clause int
	Fields FieldSet
	// Grounds[act][kind] are the bases of which one must hold. The first index is
	// avow.Act, the second avow.SubjectKind; unknown kind holds the same as individual.
	Grounds [avow.Acts][3][]Ground
	// SpecialGrounds must hold on top when special categories are among the data,
	// CriminalGrounds when data about convictions is. Empty: such data is refused.
	SpecialGrounds  []Ground
	CriminalGrounds []Ground
	Marketing       bool // direct marketing: an objection stops it whatever the basis
	Profiling       bool
	Topic           string
	// ObjectionLane is the lane that stops this reason, -1 when nothing does.
	ObjectionLane int
	Weighed       bool // staff may record that it is overridden; the lane is then cleared
	Restricted    bool // goes on under a restriction
	LegalClaims   bool
	// FromSources limits the reason to data whose source is allowed: fields that
	// come only from a source with an unmet condition are refused. Nil: no condition.
	SourceConditions []SourceCondition
}

// SourceCondition limits the use of data from one source.
type SourceCondition struct {
	Source int // index in Policy.Sources
	Says   string
}

// Ground is one basis that may hold.
type Ground struct {
	Basis  avow.Basis
	Law    string // the article, where the file names one: beside NotStated it stands for the basis, and holds
	Facts  uint64 // any one of these facts must be shown; 0: no condition
	Lane   int    // for consent: the consent lane that must be given; else -1
	When   LawCondition
	Clause int
}

// LawCondition makes a ground depend on whether the person's regime asks for consent.
type LawCondition uint8

// The conditions.
const (
	Always LawCondition = iota
	WhereLawAsks
	WhereLawDoesNotAsk
)

// Obligations come with a yes.
type Obligations uint16

// What a yes may carry.
const (
	MustCarryUnsubscribe Obligations = 1 << iota // rfc:8058
	MustPseudonymise
	MustNotify // tell the person (gdpr:14)
	MustRecord // record the disclosure or the look
	MustMakeAnonymous
	MustUseOnce
	MustBeApproved // by the role the policy names
)

// CompiledRecipient is a recipient of one version.
type CompiledRecipient struct {
	Declared  bool
	Name      string
	Title     string
	Role      string
	Processor bool // acts on our instructions (processor, on-our-behalf)
	Receives  FieldSet
	For       PurposeSet
	Places    []avow.Region
	Anywhere  bool
	NotStated bool // no place is stated: outside every region
	Safeguard Standing
	Clause    int
}

// Standing is a safeguard as compiled: whether something stands.
type Standing struct {
	Stands bool
	Name   string // the one that stands, or the one that does not
	// Regions limits it, as a scheme covers some regions; empty: everywhere.
	Regions []avow.Region
}

// CompiledRole is a staff role.
type CompiledRole struct {
	Declared  bool
	Name      string
	For       PurposeSet
	Places    []avow.Region // empty: with the person, no transfer
	Anywhere  bool
	Safeguard Standing
	Clause    int
}

// Fact is a word under `people`.
type Fact struct {
	Declared bool
	Name     string
	Means    string
	ShownBy  string // `event purchase`; empty: nothing shows it
	Kind     avow.SubjectKind
	Clause   int
}

// ConsentLane is one consent a person can give: to one generation of one purpose.
type ConsentLane struct {
	Purpose    int
	Generation int    // 1 for the first; a widening of the purpose opens the next
	Since      int    // the version that opened it
	Current    bool   // the purpose's lane in this version
	Confirm    string // `none` when one act is enough, else how it is confirmed; empty is `by link`
	LastsFor   Period
}

// ObjectionLane is one thing a person can stop.
type ObjectionLane struct {
	Purpose int
	Topic   string // the topic, for direct marketing; empty for the rest of the purpose
	Once    bool   // set by use, not by the person
	Weighed bool
}

// Topic is what the preference centre shows: opting out of it stops all direct
// marketing under it.
type Topic struct {
	Name     string
	Title    string
	Purposes PurposeSet
}

// CompiledAgreement is an agreement that takes precedence.
type CompiledAgreement struct {
	Name   string
	Wins   string // `where-they-conflict` or `always`
	Allows PurposeSet
	Denies PurposeSet
	Clause int
}

// CompiledRetention is one rule of the schedule.
type CompiledRetention struct {
	Name    string
	Fields  FieldSet
	OnlyFor PurposeSet // kept for these purposes only; empty: for all
	Until   Until
	Then    string
	Clause  int
}

// CompiledSource is a source.
type CompiledSource struct {
	Name          string
	Title         string
	Yields        FieldSet
	Bought        bool
	Automatic     bool
	TellThePerson Period
	Clause        int
}

// CompiledPoint is a collection point.
type CompiledPoint struct {
	Name      string
	Title     string
	Source    int // index in Sources
	Needs     FieldSet
	May       FieldSet
	Keeps     FieldSet
	For       PurposeSet
	Consent   []int // purposes whose consent is asked for here
	As        avow.SubjectKind
	Others    bool // about other people than the giver
	Confirm   []string
	Makes     int // fact index, -1
	FromAge   int
	Public    bool
	Automatic bool
	Clause    int
}

// CompiledCookie is a cookie.
type CompiledCookie struct {
	Pattern   string // `*` at the end stands for any ending
	By        string
	Purpose   int // -1 when it serves none but its necessity
	Necessary bool
	Clause    int
}
