package policy

// Security says how data is kept safe (gdpr:32).
type Security struct {
	Pos
	Administrative  Words `key:"administrative"`
	Technical       Words `key:"technical"`
	Physical        Words `key:"physical"`
	ProtectsAgainst Words `key:"protects-against"`
	// No system is promised to be perfectly safe.
	NoGuarantee Flag `key:"no-guarantee"`
	// Where to report that data may no longer be safe: a contact, or `dpo`.
	ReportAConcern Text `key:"report-a-concern"`
	// Where to report a flaw (rfc:9116).
	ReportAFlaw Text `key:"report-a-flaw"`
}

// Rights is what people may ask, as the policy words it.
type Rights struct {
	Pos
	// What they depend on.
	As Text `key:"as"`
	// The document that explains them.
	Page Ref `key:"page"`
	// Where to tell of changes in one's details.
	TellUsOfChanges Text           `key:"tell-us-of-changes"`
	Each            Entries[Right] `key:",rest"`
}

// Right is one right the policy names: `copy`, `correct`, `remove`, `move`,
// `restrict`, `object`, `withdraw`, `stop-marketing`, `human-review`.
type Right struct {
	Pos
	// How it is used: `request`, `written request`.
	When Text `key:"when"`
	Says Text `key:"says"`
}

// ComplaintStep is one place to complain.
type ComplaintStep struct {
	Pos
	Name  Text   `key:"name"`
	Page  Ref    `key:"page"`
	Email string `key:"email"`
	URL   string `key:"url"`
	Phone string `key:"phone"`
	Hours string `key:"hours"`
	Post  Text   `key:"post"`
	About Words  `key:"about"`
	Does  Text   `key:"does"`
	// Where the people it is for live.
	Serves Places `key:"serves"`
	Where  Places `key:"where"`
	// The step that comes before.
	After     Ref  `key:"after"`
	CostToYou Text `key:"cost-to-you"`
	// The schemes it belongs to.
	Under   Refs `key:"under"`
	Binding Flag `key:"binding"`
}
