package policy

import (
	"os"
	"strings"
	"testing"
)

// mutants break one thing each in testdata/good.yaml: old becomes new, and the one
// problem found must have the code, at the line on which `at` stands (the first
// line of new where it is left out).
var mutants = []mutant{
	{codeUnknownName, "uses: [contact, loans, card]", "uses: [contact, loan, card]", ""},
	{codeUnknownName, "uses: [contact.email, contact.name]", "uses: [contact.mail, contact.name]", ""},
	{codeUnknownName, "may-have: [health.sight], for: [help], consent: [help]", "may-have: [health.sight], for: [helps], consent: [help]", ""},
	{codeUnknownName, "receives: [site], for: [pages], in: IE", "receives: [site], for: [page], in: IE", ""},
	{codeUnknownName, "basis: contract if member", "basis: contract if members", ""},
	{codeUnknownName, "safeguard: standard-clauses", "safeguard: standard-clause", ""},
	{codeUnknownName, "approved-by: desk", "approved-by: dusk", ""},
	{codeUnknownName, "{to: court, when", "{to: courts, when", ""},
	{codeUnknownName, "yields: [site]", "yields: [sites]", ""},
	{codeUnknownName, "part-of: loans", "part-of: loan", ""},
	{codeUnknownName, "makes: member", "makes: members", ""},
	{codeUnknownName, "{source: visits, automatic", "{source: visit, automatic", ""},
	{codeUnknownName, "needs: [friends.email]", "needs: [friends.mail]", ""},
	{codeUnknownName, "about: friends", "about: friend", ""},
	{codeUnknownName, "after: us}", "after: use}", ""},
	{codeUnknownName, "identifies: [email]}\n  loans", "identifies: [mail]}\n  loans", ""},
	{codeUnknownName, "combine: {contact: with loans}", "combine: {contact: with loan}", ""},
	{codeUnknownName, "by: video, for: pages", "by: vidoe, for: pages", ""},
	{codeUnknownName, "- identify-people-from: [site]", "- identify-people-from: [site.pages]", ""},
	{codeUnknownName, "letter: {confirm: by link}", "leter: {confirm: by link}", ""},
	{codeDuplicate, "fields: [title, due]", "fields: [title, due, title]", ""},
	{codeDuplicate, "      score:\n", "      lend:\n", "      lend:\n        title: Set"},
	{codeReservedName, "  by-law: {to", "  lend: {to", ""},
	{codeReservedName, "  by-law: {to", "  suppress: {to", ""},
	{codeCycle, "loans: {title: Loans, fields", "loans: {title: Loans, part-of: notes, fields", "loans: {title: Loans, part"},
	{codeCycle, "us: {email: privacy@library.example}", "us: {email: privacy@library.example, after: authority}", ""},
	{codeNoAddress, "    cookies: https://www.library.example/cookies\n", "", "policy: cookies"},

	{codeNoEffective, "updated: 2026-01-01\neffective: 2026-02-01", "updated: 2026-02-01", ""},
	{codeEffectiveBeforeUpdated, "updated: 2026-01-01", "updated: 2026-03-01", "effective:"},
	{codeAcceptedBy, "covers: [www", "accepted-by: reading this\ncovers: [www", ""},
	{codeRegimeEnded, "regimes: [gdpr]", "regimes: [gdpr, dpd-1995]", ""},
	{codeDNTNotStated, "dnt: no-cookies", "dnt: not-stated", ""},
	{codeNoContact, "  contact: {email: privacy@library.example}\n", "", "organisation:"},
	{codeServedTwice, "serves: [NO]", "serves: everyone-else", "    north:"},
	{codeNobodyServes, "serves: everyone-else", "serves: [NL]", ""},
	{codeChildren, "children: {under: 16, consent-by: parent}", "children: {under: 16}", "from-age: 12"},

	{codeNoFields, "friends: {title", "empty: {title: Nothing}\n  friends: {title", ""},
	{codeKeepsNeverKept, "may-have: [contact.phone, card]", "may-have: [contact.phone], keeps: [card.number]", ""},
	{codeBoughtNotTold, "bought: yes, tell-the-person: within 1 month", "bought: yes", ""},
	{codeOthersNotTold, "yields: [friends], tell-the-person: within 1 month", "yields: [friends]", ""},

	{codeEnrichBeyond, "consents:", "enrich:\n  taste: {from: [loans], learns: [taste], for: [letter]}\nconsents:", "  taste:"},

	{codeNoData, "        basis: legitimate-interests\n        uses: [loans]\n", "        basis: legitimate-interests\n", "      figures:"},
	{codeNoForSpecial, "        for-special: {basis: consent}\n", "", "      help:"},
	{codeNoForCriminal, `{law: "prisons-act:7"}`, "consent", "      help:"},
	{codeAnonymousPerson, "makes: aggregate", "makes: aggregate\n        identifies: person", "      figures:"},
	{codeServiceMarketing, "sends: service-messages", "sends: service-messages\n        direct-marketing: yes\n        topic: dues", "      remind:"},
	{codeDecidesAlone, ", human-review: the desk", "", "decides:"},
	{codeDecidesBasis, "basis: contract\n        uses: [loans]\n        decides", "basis: legitimate-interests\n        object-by: [the desk]\n        uses: [loans]\n        decides", "decides:"},
	{codeNothingElse, "uses: [contact, loans]\n", "uses: [contact, loans, friends]\n", "      remind:"},
	{codeStatedTwice, "title: Count loans", "title: See which pages are read", "      figures:"},
	{codeStatedTwice, "name: Video house", "name: Hosting house", "  video: {"},
	{codeStatedTwice, "choice: {by: us, necessary: yes}", "seen-again: {by: us, necessary: yes}", "seen*:"},

	{codeBasisDemanded, "basis: contract\n        uses: [loans]", "uses: [loans]", "      score:"},
	{codeBasisDemanded, "basis: contract\n        uses: [loans]", "basis: not-stated\n        uses: [loans]\n", "basis: not-stated"},
	{codeForNobody, "basis: contract\n        uses: [loans]", "basis: not-applicable\n        uses: [loans]", "      score:"},
	{codeNeverShown, ", shown-by: event membership", "", "contract if member"},

	{codeConsentNowhere, ", consent: [help]", "", "      help:"},
	{codeConsentIdle, "consent: [letter]", "consent: [letter, lend]", ""},
	{codeConsentIdle, "letter: {confirm: by link}", "letter: {confirm: by link}\n  lend: {confirm: by link}", "  lend: {confirm"},
	{codeBundledConsent, "letter: {confirm: by link}", "letter: {confirm: by link, requires: all cookies}", ""},
	{codeBundledConsent, "letter: {confirm: by link}", "letter: {confirm: by link, given-by: signing up}", ""},
	{codeNoTopic, "        topic: letter\n", "", "      letter:"},
	{codeMarketingUnmarked, "        direct-marketing: yes\n", "", "      letter:"},
	{codeMarketingUnmarked, "makes: aggregate", "makes: aggregate\n        topic: numbers", "topic: numbers"},
	{codeMarketingWeighed, "direct-marketing: yes", "direct-marketing: yes\n        objection: weighed", "      letter:"},

	{codeNoRole, "name: Print house, role: processor", "name: Print house, role: not-stated", "  press:"},
	{codeReceivesNothing, "role: controller, receives: [site], for", "role: controller, for", ""},
	{codeReceivesForNothing, "receives: [site], for: [pages], in: IE", "receives: [site], in: IE", ""},
	{codeReceivesMore, "receives: [contact.name], for", "receives: [contact.name, loans], for", ""},
	{codeTwoPlaces, "  desk: {for: [lend, remind], in: NL}", "  desk: {for: [lend, remind], in: NL}\n  host: {}", "host: {name"},
	{codeGivesMore, "gives: [contact]", "gives: [contact, loans]", ""},
	{codeNoSafeguard, ", safeguard: standard-clauses", "", "  press:"},
	{codeNoSafeguard, "for: [lend, remind], in: NL", "for: [lend, remind], in: US", ""},
	{codeNoSafeguard, "for: [lend, remind], in: DE", "for: [lend, remind]", "  host:"},
	{codeNoSafeguard, "for: [lend, remind], in: DE", "for: [lend, remind], in: anywhere", ""},
	{codeSafeguardFallen, "safeguard: standard-clauses", "safeguard: adequacy", ""},
	{codeOwnSafeguard, ", stands: yes", "", "  vault:"},
	{codeSchemeLapsed, "renew-by: 2027-01-01", "renew-by: 2026-01-01", ""},
	{codeSunNowhere, "remind], in: NL}", "remind], follow-the-sun: yes}", ""},
	{codeNoSmallestGroup, "statistics: {smallest-group: 20}\n", "", "name-people-in"},

	{codeNoRetention, "  site: {until: 30 days after collection, then: erase}\n", "", "  site: {title"},
	{codeRetentionNotStated, "30 days after collection, then: erase", "30 days after collection", ""},
	{codeRetentionNotStated, "{until: 30 days after collection, then", "{until: not-stated, then", ""},
	{codeKeptTwice, "  notes: {until", "  slips: {of: [loans.due], until: 5 years after return, then: erase}\n  notes: {until", ""},
	{codeForEver, "{until: 30 days after collection, then: erase}", "{until: for ever}", ""},
	{codeNoSchedule, "{until: 30 days after collection, then", "{until: as the schedule says, then", ""},
	{codeKeptForNothing, "notes: {until", "notes: {for: [pages], until", ""},
	{codeCookieForNothing, "choice: {by: us, necessary: yes}", "choice: {by: us}", ""},
	{codeCookieNoConsent, "choice: {by: us, necessary: yes}", "choice: {by: us, for: lend}", ""},
	{codeEmbedAtOnce, "load: when-asked", "load: at-once", ""},

	{codePointTakesNothing, ", keeps: [site.page]", "", "  visit: {source"},
	{codePointBeyondSource, "yields: [contact, loans, card, health]", "yields: [contact, loans, card, health.order]", "  needs: {source"},
	{codePointBeyondUse, "may-have: [health.sight], for", "may-have: [health.sight, loans.due], for", ""},
	{codePointForNothing, "keeps: [site.page], for: [pages]", "keeps: [site.page]", ""},
	{codeOthersUnmarked, "about: friends, needs", "needs", "  suggest:"},
	{codeOthersUnconfirmed, ", confirm: [your friend agrees]", "", "  suggest:"},
}

// more are the mutants that need a second change for the first to show alone.
var more = []struct {
	mutant
	also []string // pairs of old and new
}{
	{mutant{codeGPCRegime, "regimes: [gdpr]", "regimes: [gdpr, connecticut]", "signals:"}, []string{"gpc: opt-out", "gpc: ignored",
		"remind], in: NL}", "remind], in: NL, safeguard: binding-rules}", "remind], in: DE}", "remind], in: DE, safeguard: standard-clauses}", "in: IE}", "in: IE, safeguard: standard-clauses}"}},
	{mutant{codeGPCRegime, "regimes: [gdpr]", "regimes: [gdpr, connecticut]", "signals:"}, []string{"gpc: opt-out", "gpc: not-stated",
		"remind], in: NL}", "remind], in: NL, safeguard: binding-rules}", "remind], in: DE}", "remind], in: DE, safeguard: standard-clauses}", "in: IE}", "in: IE, safeguard: standard-clauses}"}},
	{mutant{codeChildren, "children: {under: 16, consent-by: parent}", "children: {meant-for-children: yes, consent-by: nobody}", ""}, []string{", from-age: 12", ""}},
	{mutant{codeUnusedCategory, "uses: [contact, loans, card]", "uses: [contact, loans]", "  card: {title"}, []string{"[contact.phone, card]", "[contact.phone]"}},
	{mutant{codeNoSource, "fields: [total], aggregate: yes", "fields: [total]", ""}, []string{"counts: {title", "counts: {title",
		"uses: [loans]\n", "uses: [loans, counts]\n", "  site: {until", "  counts: {until: 1 year after collection, then: erase}\n  site: {until"}},
	{mutant{codeBasisDemanded, "basis: contract\n        uses: [loans]", "uses: [loans]", "      score:"}, []string{"alone: yes", "alone: no"}},
	{mutant{codeNoBasis, "basis: contract\n        uses: [loans]", "uses: [loans]", "      score:"}, []string{"regimes: [gdpr]", "regimes: [singapore]",
		"remind], in: NL}", "remind], in: NL, safeguard: binding-rules}", "remind], in: DE}", "remind], in: DE, safeguard: standard-clauses}", "in: IE}", "in: IE, safeguard: standard-clauses}"}},
	{mutant{codeDefaultBasis, "basis: contract\n        uses: [loans]", "uses: [loans]", "default-basis"}, []string{"regimes: [gdpr]", "regimes: [singapore]",
		"consents:", "default-basis: notice\nconsents:",
		"remind], in: NL}", "remind], in: NL, safeguard: binding-rules}", "remind], in: DE}", "remind], in: DE, safeguard: standard-clauses}", "in: IE}", "in: IE, safeguard: standard-clauses}"}},
	{mutant{codeNoObjection, "        object-by: [the desk]\n        sends", "        sends", "      remind:"}, []string{"rights: {page: rights}\n", ""}},
	{mutant{codeDisclosureOpen, ", gives: [contact]", "", "  by-law:"}, []string{"receives: [contact]}", "receives: [contact], for: [lend]}"}},
	{mutant{codeRetentionOfNothing, "  friends: {title", "  shelf: {title: Shelf}\n  friends: {title", "  shelf: {until"}, []string{"  site: {until", "  shelf: {until: 1 year after collection, then: erase}\n  site: {until",
		"part-of: loans", "part-of: shelf", "uses: [contact, loans]\n", "uses: [contact, loans, notes]\n", "yields: [contact, loans", "yields: [contact, notes, loans"}},
	{mutant{codeCookieForNothing, "seen*: {by: us, for: pages, until", "seen*: {by: us, until", ""}, nil},
	{mutant{codePointWrongKind, "keeps: [site.page], for", "keeps: [site.page], as: business, for", "  visit: {source"}, []string{"        basis: consent\n        uses: [site]", "        basis: {individual: consent, business: not-applicable}\n        uses: [site]"}},

	{mutant{codeNeverInDoubt, "combine: {contact: with loans}", "combine: all-sources", ""}, nil},
	{mutant{codeNeverInDoubt, "receives: [contact.name], for: [letter]", "receives: [contact.name], for: [letter]", "  press:"}, []string{"- sell: [health]", "- transfer-outside: [EEA, US]", "in: US, safe", "safe", "standard-clauses}", "standard-clauses}"}},
	{mutant{codeNeverBroken, "basis: consent\n        uses: [site]", "basis: consent\n        uses: [site]\n        identifies: person", "      pages:"}, nil},
	{mutant{codeNeverBroken, "basis: consent\n        uses: [site]", "basis: consent\n        uses: [site]\n        profiling: yes", "      pages:"}, nil},
	{mutant{codeNeverBroken, "consents:", "enrich:\n  who: {from: [site], learns: [contact.email], for: [pages]}\nconsents:", "  who:"}, nil},
	{mutant{codeNeverBroken, "combine: {contact: with loans}", "combine: {site: with contact}", ""}, nil},
	{mutant{codeNeverBroken, "name: Print house, role: processor", "name: Print house, role: controller", "  press:"}, nil},
	{mutant{codeNeverBroken, "- use-for: {letter: [loans]}", "- use-for: {letter: [contact.name]}", "      letter:"}, nil},
	{mutant{codeNeverBroken, "- sell: [health]", "- decide-alone", "decides:"}, nil},
	{mutant{codeNeverInDoubt, "- sell: [health]", "- decide-alone", "decides:"}, []string{"alone: yes", "alone: maybe"}},
	{mutant{codeNeverBroken, "- sell: [health]", "- collect: [card.token]", "  you: {title"}, []string{"[contact.phone, card]", "[contact.phone]", "        uses: [contact, loans, card]", "        uses: [contact, loans, card.token]"}},
	{mutant{codeNeverBroken, "- sell: [health]", "- transfer-outside: [EEA]", "  press:"}, nil},
	{mutant{codeNeverBroken, "- sell: [health]", "- follow-across-sites", "  film:"}, []string{"regimes: [gdpr]\n", "", "load: when-asked", "load: at-once"}},
	{mutant{codeNeverBroken, "receives: [contact]}", "receives: [contact]}\n  web: {role: public, receives: [contact.email], for: [lend], in: NL}", "  web:"}, nil},
	{mutant{codeNeverBroken, "- sell: [health]", "- share-unless-stated: [site]", "  video:"}, []string{"receives: [site], for: [pages], in: IE", "receives: [site], in: IE"}},
}

// mutant is one change and the problem it must show.
type mutant struct{ code, old, new, at string }

func TestMutants(t *testing.T) {
	good := readGood(t)
	if _, ps := Load("good", good, nil); len(ps) > 0 {
		t.Fatalf("the good policy has problems:\n%s", ps.Error())
	}
	for _, m := range mutants {
		testMutant(t, mutate(t, string(good), m.old, m.new), m)
	}
	for _, m := range more {
		src := mutate(t, string(good), m.old, m.new)
		for i := 0; i < len(m.also); i += 2 {
			src = mutate(t, src, m.also[i], m.also[i+1])
		}
		testMutant(t, src, m.mutant)
	}
}

func testMutant(t *testing.T, src string, m mutant) {
	t.Run(m.code, func(t *testing.T) {
		p, ps := Load("f", []byte(src), nil)
		marker := m.at
		if marker == "" {
			marker, _, _ = strings.Cut(m.new, "\n")
		}
		wantOne(t, ps, m.code, markedLine(t, src, marker))
		if (p == nil) != ps.Errors() {
			t.Errorf("a policy: %t, errors: %t", p != nil, ps.Errors())
		}
	})
}

func readGood(t testing.TB) []byte {
	t.Helper()
	src, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func mutate(t *testing.T, src, old, new string) string {
	t.Helper()
	if strings.Count(src, old) == 0 {
		t.Fatalf("%q is not in the good policy", old)
	}
	return strings.Replace(src, old, new, 1)
}

func markedLine(t *testing.T, src, marker string) int {
	t.Helper()
	i := strings.Index(src, marker)
	if i < 0 {
		t.Fatalf("%q is not in the mutant", marker)
	}
	return 1 + strings.Count(src[:i], "\n")
}

func wantOne(t *testing.T, ps Problems, code string, line int) {
	t.Helper()
	if len(ps) != 1 || ps[0].Code != code || ps[0].Line != line {
		t.Errorf("wanted one %s at line %d, found:\n%s", code, line, ps.Error())
		return
	}
	for _, c := range Codes() {
		if c.Name == code && c.Warning != ps[0].Warning {
			t.Errorf("%s is a warning: %t, listed as one: %t", code, ps[0].Warning, c.Warning)
		}
	}
	if ps[0].Column < 1 || ps[0].Message == "" {
		t.Errorf("no column or message: %s", ps[0])
	}
}
