package policy

// Retention is how long data is kept.
type Retention struct {
	Pos
	// The published document the periods stand in.
	Schedule Ref `key:"schedule"`
	// What keeps data longer.
	KeepLongerFor Words                  `key:"keep-longer-for"`
	Rules         Entries[RetentionRule] `key:",rest"`
}

// RetentionRule is one line of the schedule. Its name is a category, or any name when `of` says what it is about.
type RetentionRule struct {
	Pos
	// The data the rule is about, when its name is not a category.
	Of DataRefs `key:"of"`
	// The purposes it is kept for; kept for these it is there for nothing else.
	For Refs `key:"for"`
	// When keeping ends.
	Until Until `key:"until,required"`
	// `erase`, `anonymise`, `shorten`, or `not-stated`.
	Then string `key:"then" enum:"erase|anonymise|shorten|pseudonymise|not-stated"`
	// What stays behind.
	Leaves Words `key:"leaves"`
	// Why so long.
	Because Text `key:"because"`
}

// Cookies are the means that store or read something on a device (eprivacy:5(3)).
type Cookies struct {
	Pos
	// The document that lists them, when it is another.
	Policy Ref `key:"policy"`
	// How they are refused, in words: `browser`.
	RefuseBy Words           `key:"refuse-by"`
	Each     Entries[Cookie] `key:",rest"`
}

// Cookie is one cookie, by its name; `*` at the end stands for any ending.
type Cookie struct {
	Pos
	// `us`, or a recipient.
	By Ref `key:"by,required"`
	// The purpose it serves.
	For Ref `key:"for"`
	// The site does not work without it, for what the person asked for.
	Necessary Flag `key:"necessary"`
	// How long it stays on the device.
	Until Until `key:"until"`
	// What it does, said to the reader.
	Says Text `key:"says"`
	// What kind of storage: `cookie`, `local-storage`, `pixel`, `beacon`, `fingerprint`, `embedded-link`.
	Kind string `key:"kind" enum:"cookie|local-storage|session-storage|pixel|beacon|fingerprint|embedded-link"`
}

// Embed is content of others inside our pages.
type Embed struct {
	Pos
	// What it is, said to the reader.
	Title Text `key:"title"`
	// The hosts it loads from.
	Hosts []string `key:"hosts,required"`
	// The recipient behind it.
	By Ref `key:"by"`
	// The purpose it serves.
	For Ref `key:"for"`
	// `when-asked`: nothing loads before the visitor asks. `at-once`.
	Load string `key:"load" enum:"when-asked|at-once|with-consent"`
}

// Links says what links to elsewhere mean.
type Links struct {
	Pos
	// `marked`: they are shown to leave the policy's reach.
	Outside string `key:"outside" enum:"marked|not-marked"`
	// Who answers for what is there.
	Responsible Text `key:"responsible"`
}

// Forums are places where visitors publish.
type Forums struct {
	Pos
	// What is written there can be read by anybody.
	Public Flag `key:"public"`
	// What visitors are told before they write.
	Warning Text `key:"warning"`
}

// CollectionPoint is one way in.
type CollectionPoint struct {
	Pos
	// What the way in is called.
	Title Text `key:"title"`
	// The source, from `sources`.
	Source Ref `key:"source,required"`
	// Fields that must be given.
	Needs DataRefs `key:"needs"`
	// Fields that may be given.
	MayHave DataRefs `key:"may-have"`
	// Fields that arise without being typed.
	Keeps DataRefs `key:"keeps"`
	// What the data is collected for.
	For Refs `key:"for"`
	// The purposes consent is asked for here; each has its own box, unticked.
	Consent Refs `key:"consent"`
	// Who gives data here acts as: `individual` or `business`.
	As string `key:"as" enum:"individual|business"`
	// The data is about other people: `others`, or the category that says so.
	About Ref `key:"about"`
	// What the giver confirms.
	Confirm Words `key:"confirm"`
	// The word from `people` that the giver becomes.
	Makes Ref `key:"makes"`
	// Where it is: `sites`, `apps`, `partner portal`.
	Where Words `key:"where"`
	// By which channel.
	By Words `key:"by"`
	// Nobody types anything.
	Automatic Flag `key:"automatic"`
	// Calls or events are recorded: `always`, `sometimes`, `never`.
	Recorded string `key:"recorded" enum:"always|sometimes|never"`
	// What is given here becomes public.
	Public Flag `key:"public"`
	// The lowest age (years) of who may give data here.
	FromAge Number `key:"from-age"`
	// Fields asked for to contact the person, confirmed by a link before they count.
	Verify Flag `key:"verify"`
}

// Statistics says what is counted and published.
type Statistics struct {
	Pos
	// The smallest group a figure may describe.
	SmallestGroup Number `key:"smallest-group"`
	// What is counted, said to the reader.
	Says Text `key:"says"`
}
