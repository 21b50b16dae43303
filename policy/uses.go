package policy

// PurposeGroup is a table of purposes under one heading.
type PurposeGroup struct {
	Pos
	// The heading people read.
	Title Text `key:"title,required"`
	// A sentence under the heading.
	Says Text `key:"says"`
	// The purposes, by name.
	Purposes Entries[Purpose] `key:"purposes,required"`
}

// Purpose is something the organisation does with data. It has one reason, written
// in place, or several under `reasons`; a use needs one that covers all its data.
type Purpose struct {
	Pos
	// What is done, in a few words.
	Title Text `key:"title,required"`
	// Several reasons, each with its own basis and data.
	Reasons []Reason `key:"reasons"`
	Reason  `key:",inline"`
	// The groups in which the purpose is printed a second time: `{contract: {after: debts}}` says after which purpose.
	AlsoListedIn Listings `key:"also-listed-in"`
	// The name this purpose had in earlier versions: it is the same purpose.
	Formerly Refs `key:"formerly"`
	// What is recorded: calls, webinars.
	Records Words `key:"records"`
	// What is sent: `service-messages`, `marketing`, or `on-behalf` of somebody.
	Sends string `key:"sends" enum:"service-messages|marketing|on-behalf"`
	// Where such messages may be shown instead of sent.
	ShownIn Words `key:"shown-in"`
	// The result: `anonymous`, `aggregate`, `profile`.
	Makes string `key:"makes" enum:"anonymous|aggregate|profile"`
	// What it identifies.
	Identifies string `key:"identifies" enum:"organisation|person|nobody"`
	// How results come back.
	Reports Words `key:"reports"`
	// Once a person, then never again.
	Once Flag `key:"once"`
	// The data of this purpose is used for nothing else.
	NothingElse Flag `key:"and-nothing-else"`
	// Where to opt out, by name: a page of ours or of the trade.
	OptOut Entries[Page] `key:"opt-out"`
	// What remains after opting out.
	AfterOptOut Text `key:"after-opt-out"`
	// How to stop it.
	Stop Words `key:"stop"`
	// How to refuse it beforehand.
	RefuseBy Words `key:"refuse-by"`
	// Where to object to this purpose.
	ObjectBy Words `key:"object-by"`
	// What a person loses who refuses.
	OutcomeIfRefused Text `key:"outcome-if-refused"`
	// What sets it off.
	Starts Text `key:"starts"`
	// A feature that is off until the person switches it on.
	OffUntil Text `key:"off-until"`
	// When the use ends.
	Until Until `key:"until"`
	// Decisions made about people (gdpr:22).
	Decides Decision `key:"decides"`
	// Other bases for one operation on the data.
	ToCollect ActRule `key:"to-collect"`
	// The basis for keeping the data.
	ToKeep ActRule `key:"to-keep"`
	// The basis for sending something to people.
	ToSend ActRule `key:"to-send"`
	// Conditions on data from one source: `{vendors: where-permitted-by-law}`.
	FromSources Entries[Text] `key:"from-sources"`
}

// Listings are the groups a purpose is printed in beside its own: a name, a list of
// names, or a name with its place, `{contract: {after: debts}}`.
type Listings []Listing

// Listing is one of them.
type Listing struct {
	Pos
	Group string
	After Ref // the purpose of that group it is printed behind; at the end when none is named
}

// Page is a page by its address, or `{url: …, serves: [US]}` when it is for people of some places.
type Page struct {
	Pos
	URL    string
	Serves Places
}

// Reason is why the organisation does it, on which basis, with which data.
type Reason struct {
	Pos
	// Why.
	Because Text `key:"because"`
	// The lawful basis (gdpr:6(1)).
	Basis Bases `key:"basis"`
	// The data it uses.
	Uses DataRefs `key:"uses"`
	// The basis for special categories among the data, on top of the other (gdpr:9(2)).
	ForSpecial ActRule `key:"for-special"`
	// The law that allows use of data about convictions (gdpr:10).
	ForCriminal ActRule `key:"for-criminal"`
	// An objection stops it, whatever the basis (gdpr:21(3)).
	DirectMarketing Flag `key:"direct-marketing"`
	// Profiles are made of people.
	Profiling Flag `key:"profiling"`
	// What the preference centre shows.
	Topic Ref `key:"topic"`
	// What an objection does where it is not direct marketing: `stops` it, or is `weighed` by staff (gdpr:21(1)).
	Objection string `key:"objection" enum:"stops|weighed"`
	// Goes on under a restriction: legal claims (gdpr:18(2)).
	LegalClaims Flag `key:"legal-claims"`
	// `continues`: answering the person's own request is not stopped by it.
	UnderRestriction string `key:"under-restriction" enum:"continues|stops"`
}

// ActRule is a rule for one operation.
type ActRule struct {
	Pos
	// The basis for this operation.
	Basis Bases `key:"basis"`
	// Why, where it differs from the reason of the purpose.
	Because Text `key:"because"`
	// By which means: `email`, `other electronic means`.
	By Words `key:"by"`
	// What it is about.
	About Text `key:"about"`
	// To whom: `you`, or a word from `people`.
	To Refs `key:"to"`
}

// Decision is a decision about a person.
type Decision struct {
	Pos
	// What is decided.
	What Text `key:"what,required"`
	// Whether a machine decides alone: `yes`, `no`, `maybe`.
	Alone string `key:"alone" enum:"yes|no|maybe"`
	// Where to ask for a person to look at it.
	HumanReview Text `key:"human-review"`
	// How it is decided, and what follows for the person.
	Logic Text `key:"logic"`
	// What follows for the person.
	Effect Text `key:"effect"`
}

// ConsentRule says how one consent is asked for.
type ConsentRule struct {
	Pos
	// How it is confirmed (double opt-in): `by reply mail`, `by link`, or `none` when one act is enough.
	Confirm string `key:"confirm" enum:"by reply mail|by link|by code|none"`
	// Another consent or setting it needs. Bundled; a warning (gdpr:7(4)).
	Requires Text `key:"requires"`
	// An act that counts as consent. Bundled; a warning (gdpr:7(2)).
	GivenBy Text `key:"given-by"`
	// The words the person agrees to.
	Asks Text `key:"asks"`
	// How long it counts before it is asked again.
	LastsFor Period `key:"lasts-for"`
}

// StaffRole is a role in the organisation: what it works on and where.
type StaffRole struct {
	Pos
	// What the role is called.
	Title Text `key:"title"`
	// The purposes it serves. A role may ask for nothing else.
	For Refs `key:"for"`
	// Where its people are; outside the person's region it is a transfer.
	In Places `key:"in"`
	// The safeguard for that.
	Safeguard Safe `key:"safeguard"`
	// Work passes around the globe with the time of day.
	FollowTheSun Flag `key:"follow-the-sun"`
	// What binds them.
	BoundBy Words `key:"bound-by"`
	// What they are trained in.
	TrainedIn Words `key:"trained-in"`
	// Who counts as staff.
	Includes Words `key:"includes"`
}
