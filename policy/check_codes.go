package policy

import "slices"

// Code is a kind of problem: its stable name, how grave it is, and what it means.
type Code struct {
	Name    string
	Warning bool
	Says    string
}

// Codes of problems found in compiling and checking. They are stable: scripts
// and comments refer to them.
const (
	codeUnknownName    = "unknown-name"
	codeDuplicate      = "duplicate"
	codeReservedName   = "reserved-name"
	codeTooMany        = "too-many"
	codeCycle          = "cycle"
	codeRenamedPolicy  = "renamed-policy"
	codeEarlierVersion = "earlier-version"
	codeEndsLiving     = "ends-living"
	codeNoAddress      = "no-address"

	codeEffectiveBeforeUpdated = "effective-before-updated"
	codeAcceptedBy             = "accepted-by"
	codeRegimeEnded            = "regime-ended"
	codeDNTNotStated           = "dnt-not-stated"
	codeGPCRegime              = "gpc-has-effect"
	codeNoContact              = "no-contact"
	codeServedTwice            = "served-twice"
	codeNobodyServes           = "nobody-serves"
	codeChildren               = "children-without-parent"

	codeNoFields       = "no-fields"
	codeUnusedCategory = "unused-category"
	codeNoSource       = "no-source"
	codeKeepsNeverKept = "keeps-never-kept"
	codeBoughtNotTold  = "bought-not-told"
	codeOthersNotTold  = "others-not-told"

	codeNoData           = "no-data"
	codeNoForSpecial     = "no-for-special"
	codeNoForCriminal    = "no-for-criminal"
	codeAnonymousPerson  = "anonymous-person"
	codeServiceMarketing = "service-marketing"
	codeDecidesAlone     = "decides-alone"
	codeDecidesBasis     = "decides-without-basis"
	codeNothingElse      = "nothing-else-broken"
	codeStatedTwice      = "stated-twice"

	codeNoBasis       = "no-basis"
	codeDefaultBasis  = "default-basis"
	codeBasisDemanded = "basis-demanded"
	codeForNobody     = "for-nobody"
	codeNeverShown    = "never-shown"

	codeConsentNowhere    = "consent-nowhere"
	codeConsentIdle       = "consent-counts-for-nothing"
	codeBundledConsent    = "bundled-consent"
	codeNoObjection       = "no-objection"
	codeNoTopic           = "no-topic"
	codeMarketingUnmarked = "marketing-unmarked"
	codeMarketingWeighed  = "marketing-weighed"

	codeNoRole             = "no-role"
	codeReceivesNothing    = "receives-nothing"
	codeReceivesForNothing = "receives-for-nothing"
	codeReceivesMore       = "receives-more"
	codeTwoPlaces          = "in-two-places"
	codeDisclosureOpen     = "disclosure-open"
	codeGivesMore          = "gives-more"
	codeNoSafeguard        = "no-safeguard"
	codeSafeguardFallen    = "safeguard-fallen"
	codeOwnSafeguard       = "own-safeguard"
	codeSchemeLapsed       = "scheme-lapsed"
	codeSunNowhere         = "follow-the-sun-nowhere"
	codeNeverBroken        = "never-broken"
	codeNeverInDoubt       = "never-in-doubt"
	codeNoSmallestGroup    = "no-smallest-group"

	codeNoRetention        = "no-retention"
	codeRetentionNotStated = "retention-not-stated"
	codeRetentionOfNothing = "retention-of-nothing"
	codeKeptTwice          = "kept-twice"
	codeForEver            = "kept-for-ever"
	codeNoSchedule         = "no-schedule"
	codeCookieForNothing   = "cookie-for-nothing"
	codeCookieNoConsent    = "cookie-without-consent"
	codeEmbedAtOnce        = "embed-at-once"

	codePointTakesNothing = "collects-nothing"
	codePointBeyondSource = "beyond-source"
	codePointBeyondUse    = "beyond-purposes"
	codePointForNothing   = "collects-for-nothing"
	codePointWrongKind    = "wrong-kind"
	codeOthersUnmarked    = "others-unmarked"
	codeOthersUnconfirmed = "others-unconfirmed"
)

// Codes lists the kinds of problems that compiling and checking find, in the
// order of the reference.
func Codes() []Code { return slices.Clone(codes) }

var codes = []Code{
	{codeUnknownName, false, "A name stands here that is declared nowhere in the file."},
	{codeDuplicate, false, "The same thing is declared twice."},
	{codeReservedName, false, "The name belongs to the language, or to something else already."},
	{codeTooMany, false, "The policy passes a bound of the language, counted over all its versions."},
	{codeCycle, false, "Parts, sources or complaint steps refer to each other in a circle."},
	{codeRenamedPolicy, false, "A later version has another name than the one before it."},
	{codeEarlierVersion, false, "A later version takes effect before the one before it."},
	{codeEndsLiving, false, "A purpose is ended and declared in the same version."},
	{codeNoAddress, true, "Another document is named, and nothing says where it is; the notice cannot link it."},

	{codeEffectiveBeforeUpdated, true, "The version takes effect before its text was last changed."},
	{codeAcceptedBy, true, "The policy says that using the service accepts it. That is printed, and never counts as consent."},
	{codeRegimeEnded, true, "A law is named that is no longer in force."},
	{codeDNTNotStated, true, "Nothing says what happens when a browser asks not to be tracked."},
	{codeGPCRegime, true, "A law the policy names gives Global Privacy Control effect, and the policy does not follow it. It is followed all the same."},
	{codeNoContact, true, "There is no address to write to about the policy."},
	{codeServedTwice, false, "Two entities serve the people of one place, so that nobody there knows whom they deal with."},
	{codeNobodyServes, true, "Entities serve some places and none serves everyone else."},
	{codeChildren, true, "Children give data or consent, and no parent is asked."},

	{codeNoFields, true, "A category lists no fields, so nothing of it can be collected."},
	{codeUnusedCategory, true, "No purpose uses a category, so there is no reason to have it."},
	{codeNoSource, true, "A category comes from no source and no collection point."},
	{codeKeepsNeverKept, false, "A field that is never kept stands among what is kept."},
	{codeBoughtNotTold, true, "Data about people is bought, and nobody tells them."},
	{codeOthersNotTold, true, "Data about somebody else is taken in, and nothing says when that person is told."},

	{codeNoData, false, "A purpose or one of its reasons uses no data."},
	{codeNoForSpecial, true, "A purpose uses special categories of data and names nothing that allows it. The gate refuses such data."},
	{codeNoForCriminal, true, "A purpose uses data about convictions and names no law that allows it. The gate refuses such data."},
	{codeAnonymousPerson, false, "What a purpose makes is anonymous, and the purpose identifies persons."},
	{codeServiceMarketing, false, "A purpose sends service messages and is direct marketing."},
	{codeDecidesAlone, true, "A machine may decide about people alone, and they cannot ask for a person to look at it."},
	{codeDecidesBasis, true, "A machine decides about people alone on a basis that does not allow it."},
	{codeNothingElse, false, "Data that serves one purpose and nothing else serves another."},
	{codeStatedTwice, true, "One practice is stated two ways: two purposes, recipients or cookies that are the same."},

	{codeNoBasis, true, "A purpose states no lawful basis."},
	{codeDefaultBasis, true, "Purposes state no lawful basis and rest on the notice alone."},
	{codeBasisDemanded, true, "A law the policy names demands a lawful basis that is not stated. An error under `--strict`."},
	{codeForNobody, true, "A purpose applies to individuals as little as to businesses."},
	{codeNeverShown, true, "A basis holds only for people that nothing shows to be such."},

	{codeConsentNowhere, true, "A purpose needs consent that nobody is asked for."},
	{codeConsentIdle, true, "Consent is asked for where no basis is consent, so that it counts for nothing."},
	{codeBundledConsent, true, "Consent is tied to something else, or read out of another act."},
	{codeNoObjection, true, "A purpose rests on legitimate interests, and nothing says how to object."},
	{codeNoTopic, true, "A marketing purpose has no topic to show in the preference centre."},
	{codeMarketingUnmarked, true, "A purpose looks like direct marketing and does not say that it is."},
	{codeMarketingWeighed, true, "An objection to direct marketing is said to be weighed. It stops the marketing all the same."},

	{codeNoRole, true, "Nothing says what a recipient is: a processor, a controller or another."},
	{codeReceivesNothing, true, "Nothing says what a recipient receives."},
	{codeReceivesForNothing, true, "Nothing says what a recipient receives data for."},
	{codeReceivesMore, true, "A recipient receives more than the purposes it serves use."},
	{codeTwoPlaces, true, "One name is a staff role and a recipient."},
	{codeDisclosureOpen, true, "A disclosure does not say to whom, or what."},
	{codeGivesMore, true, "A disclosure gives more than its recipient is said to receive. The gate refuses the rest."},
	{codeNoSafeguard, true, "Data goes, or may go, out of a person's region with no safeguard. The gate refuses it."},
	{codeSafeguardFallen, true, "A transfer rests on a safeguard that does not stand. The gate refuses it."},
	{codeOwnSafeguard, true, "A safeguard is described in words of its own and names no mechanism of the law."},
	{codeSchemeLapsed, true, "A certification was to be renewed before the version takes effect."},
	{codeSunNowhere, true, "Work follows the sun, and nothing says to which places."},
	{codeNeverBroken, false, "Something in the file breaks a promise under `never`."},
	{codeNeverInDoubt, true, "Something in the file leaves a promise under `never` in doubt."},
	{codeNoSmallestGroup, true, "Statistics are to name nobody, and nothing says how small a group they may describe."},

	{codeNoRetention, true, "Nothing says how long data of a category is kept."},
	{codeRetentionNotStated, true, "A retention line leaves out how long, or what happens then."},
	{codeRetentionOfNothing, false, "A retention line is about no data."},
	{codeKeptTwice, false, "Two retention lines give the same data two different ends."},
	{codeForEver, true, "Data is kept for ever."},
	{codeNoSchedule, true, "Retention goes by a schedule that is not named."},
	{codeCookieForNothing, true, "A cookie is not necessary and serves no purpose."},
	{codeCookieNoConsent, true, "A cookie that is not necessary serves a purpose that does not ask for consent."},
	{codeEmbedAtOnce, true, "Content of others loads before anybody asks or consents."},

	{codePointTakesNothing, true, "A collection point collects nothing."},
	{codePointBeyondSource, true, "A collection point collects what its source is not said to yield."},
	{codePointBeyondUse, true, "A collection point collects what none of its purposes uses."},
	{codePointForNothing, true, "Nothing says what a collection point collects for."},
	{codePointWrongKind, false, "A collection point takes data from a kind of people its purpose does not apply to."},
	{codeOthersUnmarked, true, "A collection point takes data about somebody else and does not say so."},
	{codeOthersUnconfirmed, true, "A collection point takes data about others, and the giver confirms nothing."},
}

// Strict turns what a law demands from warnings into errors.
func (ps Problems) Strict() Problems {
	out := slices.Clone(ps)
	for i := range out {
		if out[i].Code == codeBasisDemanded {
			out[i].Warning = false
		}
	}
	return out
}
