package policy

import "github.com/avowhq/avow"

// Document is a policy file as written: every part typed, in the order of the
// file, with its place. The tag of a field is its key in the file; `,rest`
// collects the entries whose names the author chooses; `,required` must be there.
// The comment above a field is its entry in the language reference and the schema.
type Document struct {
	Pos
	// The language and its version: `v1`.
	Avow string `key:"avow,required" enum:"v1"`
	// The policy's short name, the same in all its versions: letters, digits and dashes.
	Policy Ref `key:"policy,required"`
	// The title people read.
	Title Text `key:"title,required"`
	// The day the text was last changed, when that is not the effective date.
	Updated Date `key:"updated"`
	// The day from which this version holds. It may be left out where `updated` stands: then it is that day.
	Effective Date `key:"effective,unless updated"`
	// What the policy is about: sites, apps, portals, practices.
	Covers Words `key:"covers"`
	// How readers are said to accept the policy. It is printed, and never counts as consent.
	AcceptedBy Text `key:"accepted-by"`
	// Policies this one builds on; both hold.
	Extends Refs `key:"extends"`
	// What happens to data collected earlier when the policy changes, and how people are told.
	Changes Changes `key:"changes"`
	// What the site does when a browser asks not to be tracked.
	Signals SignalRules `key:"signals"`
	// What a person loses who refuses cookies or similar means.
	OutcomeIfRefused Text `key:"outcome-if-refused"`
	// Whether people must give data, and what happens if they do not (gdpr:13(2)(e)).
	Provision Provision `key:"provision"`
	// Which language prevails where texts in several languages differ.
	Languages Languages `key:"languages"`
	// The organisation that makes the promises.
	Organisation Organisation `key:"organisation,required"`
	// Every word used after "if", with the fact that shows it.
	People Entries[Person] `key:"people"`
	// The categories of personal data and their fields.
	Data Entries[Category] `key:"data,required"`
	// Where data comes from.
	Sources Sources `key:"sources"`
	// Which data may be brought together in one profile.
	Combine Combine `key:"combine"`
	// What is learned from data already held.
	Enrich Entries[Enrichment] `key:"enrich"`
	// The basis of a purpose that names none: `notice` (because the policy says so, and you can say no).
	DefaultBasis Bases `key:"default-basis"`
	// What holds unless something else is said.
	Defaults Defaults `key:"defaults"`
	// The purposes, in the groups they are printed in.
	PurposeGroups Entries[PurposeGroup] `key:"purpose-groups"`
	// Practices that stand outside the tables of purposes; printed as text.
	UnlistedPurposes Entries[Purpose] `key:"unlisted-purposes"`
	// Purposes of an earlier version that end with this one, for data collected before too.
	Ends Refs `key:"ends"`
	// How consent to a purpose is asked for, where there is more to say.
	Consents Entries[ConsentRule] `key:"consents"`
	// The ways to stop marketing that hold for every purpose.
	Stop Words `key:"stop"`
	// Whether the service is meant for children, and who consents for them (gdpr:8).
	Children Children `key:"children"`
	// Who in the organisation works with the data, for what and where.
	Staff Entries[StaffRole] `key:"staff"`
	// Everybody outside who receives data.
	Recipients Entries[Recipient] `key:"recipients"`
	// What is handed over on an event, not day to day.
	Disclosures Entries[Disclosure] `key:"disclosures"`
	// Negative promises. Each is checked against everything else in the file, and enforced.
	Never []Never `key:"never"`
	// Agreements with customers that take precedence for the data they cover.
	Agreements Entries[Agreement] `key:"agreements"`
	// What a transfer out of somebody's country or region needs.
	Transfers Transfers `key:"transfers"`
	// The safeguards for transfers, declared by name.
	Safeguards Entries[Safeguard] `key:"safeguards"`
	// Certification schemes the organisation takes part in.
	Schemes Entries[Scheme] `key:"schemes"`
	// How long each category is kept, and what happens then.
	Retention Retention `key:"retention"`
	// Every cookie and similar means that may be set.
	Cookies Cookies `key:"cookies"`
	// Content of others that is shown inside the site.
	Embeds Entries[Embed] `key:"embeds"`
	// Links that leave the site.
	Links Links `key:"links"`
	// Places where visitors publish what they write.
	Forums Forums `key:"forums"`
	// Every way in. A field that is not declared here is refused.
	Collect Entries[CollectionPoint] `key:"collect"`
	// Statistics that are published.
	Statistics Statistics `key:"statistics"`
	// How data is kept safe (gdpr:32).
	Security Security `key:"security"`
	// What people may ask, as the policy words it; what the law grants is printed anyway.
	Rights Rights `key:"rights"`
	// Where to complain, as an order of steps.
	Complaints Entries[ComplaintStep] `key:"complaints"`
	// The laws that cover the people this policy is about.
	Regimes []RegimeRef `key:"regimes"`
	// Words explained to the reader.
	Glossary Entries[Text] `key:"glossary"`
	// Files that map the databases the data really lives in.
	Systems Words `key:"systems"`
}

// RegimeRef names a regime.
type RegimeRef struct {
	Pos
	Regime avow.Regime
}

// Changes says what a new version means for what was collected before.
type Changes struct {
	Pos
	// `new-data`: what was collected keeps the words it was collected under. `all-data`: today's words hold for everything.
	ApplyTo string `key:"apply-to" enum:"new-data|all-data"`
	// How long before it takes effect a change is announced.
	Notice Period `key:"notice"`
	// How people are told.
	ToldBy Words `key:"told-by"`
	// From when the new words hold for somebody.
	From Text `key:"from"`
}

// SignalRules says what browsers' signals do.
type SignalRules struct {
	Pos
	// Do Not Track: `no-cookies` (none at all), `no-optional-cookies`, or `ignored`.
	DNT string `key:"dnt" enum:"no-cookies|no-optional-cookies|ignored|not-stated"`
	// Global Privacy Control: `opt-out`, `ignored` or `not-stated`. Where a regime gives it legal effect it is at least an opt-out.
	GPC string `key:"gpc" enum:"opt-out|no-cookies|ignored|not-stated"`
}

// Provision says whether data must be given.
type Provision struct {
	Pos
	// `none`, `statutory`, or `contractual`.
	Duty string `key:"duty" enum:"none|statutory|contractual"`
	// What happens if it is not given.
	IfNotGiven Text `key:"if-not-given"`
}

// Languages says which language counts.
type Languages struct {
	Pos
	// The language tag whose text prevails.
	Prevails string `key:"prevails"`
}

// Defaults hold unless something else is said.
type Defaults struct {
	Pos
	// Where data is, unless a recipient or role says otherwise.
	In Places `key:"in"`
	// `none`: nobody receives a category unless a recipient is declared for it.
	Recipients string `key:"recipients" enum:"none"`
}

// Children says how the service treats children.
type Children struct {
	Pos
	// Whether the service is meant for them.
	For Flag `key:"meant-for-children"`
	// Below this age (years) a parent decides.
	Under Number `key:"under"`
	// Who consents for a child.
	ConsentBy string `key:"consent-by" enum:"parent|nobody"`
	// How the parent's consent is checked, or how children are kept out.
	How Text `key:"how"`
}

// Organisation is who makes the promises.
type Organisation struct {
	Pos
	// The name people know it by.
	Name Text `key:"name,required"`
	// Where to read more about it.
	About string `key:"about"`
	// How to reach it about this policy.
	Contact Contact `key:"contact"`
	// The data protection officer (gdpr:37).
	Officer Officer `key:"officer"`
	// The companies behind the name: the one you deal with goes by where you live.
	Entities Entries[Entity] `key:"entities"`
	// `whoever-collected`: the controller is the entity that collected the data. Otherwise it is the entity that serves the person.
	Controller string `key:"controller" enum:"whoever-collected|whoever-serves"`
	// The organisation's other documents, by short name: a policy, a page, a list.
	OtherPolicies Entries[string] `key:"other-policies"`
}

// Contact is how to reach the organisation.
type Contact struct {
	Pos
	// The e-mail address.
	Email string `key:"email"`
	// The telephone number.
	Phone string `key:"phone"`
	// The postal address.
	Post Text `key:"post"`
	// A page with a form.
	Page string `key:"page"`
	// Advice to whoever writes, such as not to mail anything confidential.
	Advice Text `key:"advice"`
}

// Officer is the data protection officer.
type Officer struct {
	Pos
	// What the office is called.
	Title Text `key:"title"`
	// The name of the officer, when it is published.
	Name string `key:"name"`
	// The e-mail address.
	Email string `key:"email"`
	// The telephone number.
	Phone string `key:"phone"`
}

// Entity is one company of the organisation.
type Entity struct {
	Pos
	// The registered name.
	Name Text `key:"name,required"`
	// Form and registration.
	Registered Text `key:"registered"`
	// The VAT number.
	VAT string `key:"vat"`
	// Where the office is.
	Office Text `key:"office"`
	// Where it is established.
	In Places `key:"in"`
	// Who deals with it, by where they live: `everyone-else` takes the rest.
	Serves Places `key:"serves"`
	// Where it is the representative of the others (gdpr:27).
	RepresentsIn Places `key:"represents-in"`
	// On whose behalf it provides the sites: `group` or `itself`.
	ProvidesSitesFor string `key:"provides-sites-for" enum:"group|itself"`
	// The governing law.
	Law Text `key:"law"`
	// The courts that decide.
	Courts Text `key:"courts"`
	// Special terms, each with its words.
	Terms Entries[Text] `key:"terms"`
	// Who has other law or courts.
	Except []EntityException `key:"except"`
}

// EntityException gives some people another law.
type EntityException struct {
	Pos
	// Whom the exception is for.
	Who Text `key:"who,required"`
	// Where they live.
	LivingIn Places `key:"living-in"`
	// The law that governs for them.
	Law Text `key:"law"`
	// The courts that decide for them.
	Courts Text `key:"courts"`
}

// Person is a word for people, used after "if".
type Person struct {
	Pos
	// Who is meant.
	Means Text `key:"means,required"`
	// What shows it: `event purchase`, `agreement service`, `portal account`, `import`, `staff`. Without it nobody is one.
	ShownBy Text `key:"shown-by"`
	// The kind of subject such a person is.
	Kind string `key:"kind" enum:"individual|business|business-contact|somebody-else"`
}

// EffectiveStated reports whether the file says from when it holds; if not, it is
// taken to hold from the day it was last changed.
func (d *Document) EffectiveStated() bool { return d.Effective.Pos != d.Updated.Pos }
