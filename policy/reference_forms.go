package policy

import (
	"fmt"
	"strings"

	"github.com/avowhq/avow"
)

// meaning is a word of the language and what it means.
type meaning struct{ word, means string }

// moreOf explains the words that a form knows, one on a line.
func moreOf(form string) string {
	switch form {
	case "bases":
		return bullets(basisMeanings()) + basisNotes
	case "end":
		return bullets(endMeanings())
	case "promise":
		return bullets(neverMeanings())
	case "safeguard-chosen":
		return bullets(safeguardMeanings())
	case "law":
		return bullets(lawMeanings())
	case "places":
		return placeNotes
	case "text":
		return textNotes
	}
	return ""
}

func bullets(all []meaning) string {
	var b strings.Builder
	for _, m := range all {
		fmt.Fprintf(&b, "- %s: %s\n", code(m.word), m.means)
	}
	return b.String() + "\n"
}

func basisMeanings() []meaning {
	return []meaning{
		{avow.Consent.String(), "the person said yes to it, and can take that back (gdpr:6(1)(a))"},
		{avow.Contract.String(), "needed for a contract with the person, or for steps before one that they ask for (gdpr:6(1)(b))"},
		{avow.LegalObligation.String(), "the law demands it (gdpr:6(1)(c))"},
		{avow.VitalInterests.String(), "somebody's life depends on it (gdpr:6(1)(d))"},
		{avow.PublicTask.String(), "needed for a task in the public interest (gdpr:6(1)(e))"},
		{avow.LegitimateInterests.String(), "an interest of yours that the person's own do not outweigh; they can object (gdpr:6(1)(f))"},
		{avow.Notice.String(), "because the policy says so, and the person can say no"},
		{avow.NotStated.String(), "the policy names no basis; `avow check` warns"},
		{avow.NotApplicable.String(), "there is no such use for this kind of people"},
	}
}

const basisNotes = `A condition may follow, with words declared under ` + "`people`: `contract if party or asked-first`" + `. An article of law may stand instead of a word:
` + "`gdpr:9(2)(b)` or `{law: \"ttdsg:25(2)2\"}`" + `. Where the law decides whether consent is needed, write
` + "`consent where the law asks for it, otherwise legitimate-interests` or `{where-law-asks: consent, otherwise: legitimate-interests}`" + `.

`

const placeNotes = "Countries are written as their two letters or by their English name, parts of countries as `US-CA` or `GB-SCT`. `EU`, `EEA`, `Europe` and `North America` are groups of countries.\n\n"

const textNotes = "A long text may stand below its key, behind `>`; its lines are then joined. Behind `|` they are kept apart.\n\n"

func endMeanings() []meaning {
	return []meaning{
		{"30 days after collection", "a period, and the event it counts from"},
		{"13 months", "a period alone counts from collection"},
		{"the message is sent", "any other words are an event"},
		{"{latest: [24 months after last-contact, end of legal duty]}", "when the last of these has come"},
		{"{earliest: [24 months, consent withdrawn]}", "when the first of these has come"},
		{"{turned down: 6 months after that, hired: {moves-to: staff-file}}", "by what became of it"},
		{"{moves-to: staff-file}", "from then on under another rule of `retention`"},
		{"as the schedule says", "in the document named under `retention.schedule`"},
		{"end of legal duty", "when no law demands that it be kept any longer"},
		{"no longer needed for its purposes or by law", "no period is promised"},
		{"for ever", "it has no end; `avow check` warns"},
		{"not-stated", "the policy does not say; `avow check` warns"},
	}
}

func neverMeanings() []meaning {
	return []meaning{
		{"sell: all", "these data are never given for money or other value"},
		{"rent: all", "nor lent for it"},
		{"share-for-their-marketing: [contact]", "never given to others for marketing of their own"},
		{"share-unless-stated: [contact]", "given only to the recipients the policy names"},
		{"identify-people-from: [visits]", "nobody's identity is learned from these data"},
		{"follow-across-sites", "nobody is followed to other sites"},
		{"name-people-in: statistics", "nobody can be made out in them"},
		{"override-interests: legitimate-interests", "no use where the person's interests outweigh yours"},
		{"use-for: {marketing: [health]}", "these data are never used for this purpose; without data, none are"},
		{"decide-alone", "no machine decides alone about anybody (gdpr:22)"},
		{"collect: [health]", "these data are never taken in"},
		{"transfer-outside: [EEA, GB]", "data stays in these places"},
	}
}

func safeguardMeanings() []meaning {
	return []meaning{
		{"adequacy", "the country's protection was found adequate (gdpr:45)"},
		{"standard-clauses", "standard contract clauses (gdpr:46(2)(c))"},
		{"binding-rules", "binding corporate rules (gdpr:47)"},
		{"certification", "a certification with binding promises (gdpr:46(2)(f))"},
		{"gdpr:49", "an exception for single cases"},
		{"[adequacy, standard-clauses]", "several, each of which stands by itself; `{any-of: […]}` says the same"},
		{"not-stated", "the policy does not say; data is not let out"},
	}
}

func lawMeanings() []meaning {
	var out []meaning
	for _, r := range avow.Regimes() {
		title := r.Title
		if r.Ended != "" {
			title += ", ended on " + r.Ended
		}
		out = append(out, meaning{string(r.Name), title})
	}
	return out
}
