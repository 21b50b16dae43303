package policy

// Safe is the safeguard of a transfer: a name from `safeguards` or `schemes`, one
// of the built-in ones, a list (each stands), `{any-of: […]}`, or `not-stated`.
// Built in: `adequacy` (gdpr:45), `standard-clauses` (gdpr:46(2)(c)),
// `binding-rules` (gdpr:47), `certification` (gdpr:46(2)(f)), `gdpr:49`.
type Safe struct {
	Pos
	Given     bool
	AnyOf     Refs
	NotStated bool
}

// Recipient is somebody who receives data.
type Recipient struct {
	Pos
	// The name people read.
	Name Text `key:"name"`
	// `processor`, `controller`, `joint-controller`, `group`, `authority`, `public`, `on-our-behalf`, `other-users`, `successor` or `not-stated`.
	Role string `key:"role" enum:"processor|controller|joint-controller|group|authority|public|on-our-behalf|other-users|successor|not-stated"`
	// What it does for us.
	Does Text `key:"does"`
	// The tasks it does.
	Tasks Words `key:"tasks"`
	// The document that lists them one by one.
	List Ref `key:"list"`
	// A class of recipients without names.
	Group Text `key:"group"`
	// What decides which of the class it is.
	DependsOn Text `key:"depends-on"`
	// The data it receives.
	Receives DataRefs `key:"receives"`
	// Not more than the task needs.
	Limited Flag `key:"limited"`
	// The purposes it receives for: names, or `all`.
	For Refs `key:"for"`
	// Where it is.
	In Places `key:"in"`
	// The safeguard of a transfer to it.
	Safeguard Safe `key:"safeguard"`
	// The recipients it passes data to.
	Uses Words `key:"uses"`
	// How long it keeps the data.
	Keeps Until `key:"keeps"`
	// It acts under its own policy.
	OwnPolicy Flag `key:"own-policy"`
	// Where its own policy stands: a name from `other-policies`, or an address.
	Policy string `key:"policy"`
	// What else it may do under that policy.
	MayAlso Text `key:"may-also"`
	// The event that starts it.
	When Text `key:"when"`
	// The setting of the person that opens it.
	IfYouSet Text `key:"if-you-set"`
	// The kinds of people whose data it receives: words from `people`, or plain words.
	About Words `key:"about"`
	// What binds it.
	BoundBy Words `key:"bound-by"`
	// It collects too.
	CollectsToo Flag `key:"collects-too"`
	// What lets it in: `embeds.share`.
	Via Ref `key:"via"`
}

// Disclosure is handing data over on an event.
type Disclosure struct {
	Pos
	// A recipient, or `successor`.
	To Ref `key:"to"`
	// The events.
	When Words `key:"when,required"`
	// What is handed over.
	Gives DataRefs `key:"gives"`
	// The purposes it serves.
	For Refs `key:"for"`
	// The staff role that must approve each one.
	ApprovedBy Ref `key:"approved-by"`
	// What it protects, and whose.
	ToProtect Words `key:"to-protect"`
	// Whose interests it protects.
	Of Words `key:"of"`
	// What passes with the data.
	AllOf Words `key:"all-of"`
	// What binds the receiver.
	BoundBy Text `key:"bound-by"`
	// Nothing is handed over otherwise.
	NeverOtherwise Flag `key:"never-otherwise"`
	// When a demand is challenged.
	Challenged Text `key:"challenged"`
}

// NeverKind is a negative promise the language knows.
type NeverKind string

// The negative promises.
const (
	NeverSell            NeverKind = "sell"                      // ccpa:1798.140(ad): for money or other value
	NeverRent            NeverKind = "rent"                      //
	NeverShareMarketing  NeverKind = "share-for-their-marketing" // for third parties' own marketing
	NeverShareUnstated   NeverKind = "share-unless-stated"       //
	NeverIdentifyFrom    NeverKind = "identify-people-from"      // learn who somebody is from these data
	NeverFollow          NeverKind = "follow-across-sites"       //
	NeverNamePeople      NeverKind = "name-people-in"            // statistics
	NeverOverride        NeverKind = "override-interests"        // where the person's interests outweigh ours
	NeverUseFor          NeverKind = "use-for"                   // a purpose: these data are never used for it
	NeverDecideAlone     NeverKind = "decide-alone"              // no decision by a machine alone (gdpr:22)
	NeverCollect         NeverKind = "collect"                   // these data
	NeverTransferOutside NeverKind = "transfer-outside"          // these regions
)

// Never is one negative promise: `sell: all`, `identify-people-from: [website]`, `follow-across-sites`.
type Never struct {
	Pos
	Kind NeverKind
	Data DataRefs // what it is about, when it is data
	What Refs     // what it is about otherwise: purposes, `statistics`, `legitimate-interests`, regions
}

// Agreement is a contract that takes precedence over the policy for what it covers.
type Agreement struct {
	Pos
	// The other side.
	With Text `key:"with,required"`
	// The data it covers.
	Covers Text `key:"covers"`
	// `where-they-conflict`: it decides what it speaks of. `always`: it alone decides.
	Wins string `key:"wins" enum:"where-they-conflict|always"`
	// What it says of purposes: `{answer: yes, marketing: no}`. What it does not speak of goes by the policy, unless it always wins.
	Says Entries[Flag] `key:"says"`
}

// Transfers says what a transfer out of somebody's region needs.
type Transfers struct {
	Pos
	// The place a transfer leaves.
	Outside Places `key:"outside"`
	// The safeguard that every such transfer needs.
	Need Safe `key:"need"`
}

// Safeguard is a declared way of protecting a transfer.
type Safeguard struct {
	Pos
	// What protects the data.
	Means Text `key:"means,required"`
	// What it commits to.
	Principles Words `key:"principles"`
	// `no` when it is not (or no longer) one; such a transfer is refused.
	Stands Flag `key:"stands"`
	// Where a copy can be had (gdpr:13(1)(f)).
	Copy Text `key:"copy"`
}

// Scheme is a certification the organisation takes part in.
type Scheme struct {
	Pos
	// The name of the scheme.
	Name Text `key:"name"`
	// Where the people it protects live.
	Covers Places `key:"covers"`
	// Where the data may go.
	To Places `key:"to"`
	// Whether it is a safeguard for transfers today. A scheme a court struck down is not.
	Safeguard Flag `key:"safeguard"`
	// What became of it, and when.
	Since Text `key:"since"`
	// Who watches over it.
	Authority Text `key:"authority"`
	// Whom the organisation cooperates with.
	CooperatesWith Words `key:"cooperates-with"`
	// What a complaint under it costs the person.
	CostToYou Text `key:"cost-to-you"`
	// What the organisation answers for under it.
	LiableFor Text `key:"liable-for"`
	// When the organisation certified, and until when that holds.
	Certified Date `key:"certified"`
	// When the certification ends.
	RenewBy Date `key:"renew-by"`
	// What it shows.
	Shows Text `key:"shows"`
	// Where to read about it: a name from `other-policies`, or an address.
	URL string `key:"url"`
}
