package policy

// Security says how data is kept safe (gdpr:32).
type Security struct {
	Pos
	// What is promised of it as a whole.
	Says Text `key:"says"`
	// Measures of organisation.
	Administrative Words `key:"administrative"`
	// Technical measures.
	Technical Words `key:"technical"`
	// Physical measures.
	Physical Words `key:"physical"`
	// What the measures are against.
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
	// What the policy says of it.
	Says Text `key:"says"`
	// Who must approve each request before anything is changed: a role of the staff.
	ApprovedBy Ref `key:"approved-by"`
}

// ComplaintStep is one place to complain.
type ComplaintStep struct {
	Pos
	// Who hears the complaint.
	Name Text `key:"name"`
	// The document of the organisation that explains it.
	Page Ref `key:"page"`
	// The e-mail address.
	Email string `key:"email"`
	// The web address.
	URL string `key:"url"`
	// The telephone number.
	Phone string `key:"phone"`
	// When the telephone is answered.
	Hours string `key:"hours"`
	// The postal address.
	Post Text `key:"post"`
	// What a complaint there may be about.
	About Words `key:"about"`
	// What it does with a complaint.
	Does Text `key:"does"`
	// Where the people it is for live.
	Serves Places `key:"serves"`
	// Where it is.
	Where Places `key:"where"`
	// The step that comes before.
	After Ref `key:"after"`
	// What it costs the person.
	CostToYou Text `key:"cost-to-you"`
	// The schemes it belongs to.
	Under Refs `key:"under"`
	// Its decision binds.
	Binding Flag `key:"binding"`
}
