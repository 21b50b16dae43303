package policy

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/avowhq/avow"
)

// decoded reads one value as it would stand behind a key.
func decoded[T any](t *testing.T, text string) T {
	t.Helper()
	r := &report{file: "decode"}
	root := parseTree(r, []byte("key: "+text+"\n"))
	if root == nil {
		t.Fatalf("%s: %v", text, r.sorted())
	}
	var v T
	newDecoder(r).value(reflect.ValueOf(&v).Elem(), root.pairs[0].value, root.pairs[0].key.Pos, "key", nil)
	if len(r.list.withoutWarnings()) > 0 {
		t.Fatalf("%s: %v", text, r.sorted())
	}
	return v
}

func (ps Problems) withoutWarnings() (out Problems) {
	for _, p := range ps {
		if !p.Warning {
			out = append(out, p)
		}
	}
	return out
}

// reads checks that a text is read as a value, places aside.
func reads[T any](t *testing.T, text string, want T) {
	t.Helper()
	got := decoded[T](t, text)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(Pos{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s is read differently (-want +got):\n%s", text, diff)
	}
}

func plainText(s string) Text { return Text{Plain: s} }

func refsTo(words ...string) Refs {
	var out Refs
	for _, w := range words {
		out = append(out, Ref{Name: w})
	}
	return out
}

func TestReadWords(t *testing.T) {
	reads(t, "NO", plainText("NO"))
	reads(t, "on", plainText("on"))
	reads(t, "~", plainText("~"))
	reads(t, "0x1F", plainText("0x1F"))
	reads(t, "1_000.50", plainText("1_000.50"))
	reads(t, "2026-01-01T00:00:00Z", plainText("2026-01-01T00:00:00Z"))
	reads(t, "{en: Hello, nl: Hallo, pt-BR: Alô}", Text{In: Entries[string]{{Key: "en", Is: "Hello"}, {Key: "nl", Is: "Hallo"}, {Key: "pt-BR", Is: "Alô"}}})
	reads(t, "one", Words{plainText("one")})
	reads(t, "[one, {en: two, nl: twee}]", Words{plainText("one"), {In: Entries[string]{{Key: "en", Is: "two"}, {Key: "nl", Is: "twee"}}}})
	reads(t, "|\n  one\n  two", plainText("one\ntwo\n"))
	reads(t, ">-\n  one\n  two", plainText("one two"))
}

func TestReadNames(t *testing.T) {
	reads(t, "embeds.share", Ref{Name: "embeds.share"})
	reads(t, "[a, b-c, ü1]", refsTo("a", "b-c", "ü1"))
	reads(t, "a", refsTo("a"))
	reads(t, "contact", DataRefs{{Category: "contact"}})
	reads(t, "[contact.email, all, only-what-is-needed]", DataRefs{{Category: "contact", Field: "email"}, {All: true}, {Needed: true}})
}

func TestReadPlaces(t *testing.T) {
	reads(t, "NO", Places{Regions: []avow.Region{"NO"}})
	reads(t, "[Europe, North America, Australia, South Africa, GB-SCT]", Places{Regions: []avow.Region{"Europe", "North America", "AU", "ZA", "GB-SCT"}})
	reads(t, "anywhere", Places{Anywhere: true})
	reads(t, "[NL, everyone-else]", Places{Regions: []avow.Region{"NL"}, EveryoneElse: true})
	reads(t, "your country or region", Places{Words: "your country or region"})
}

func TestReadValues(t *testing.T) {
	reads(t, "yes", Flag{Set: true, Yes: true})
	reads(t, `"true"`, Flag{Set: true, Yes: true})
	reads(t, "no", Flag{Set: true})
	reads(t, "false", Flag{Set: true})
	reads(t, "2026-11-30", Date{Year: 2026, Month: 11, Day: 30})
	reads(t, "2020-10", Date{Year: 2020, Month: 10})
	reads(t, "2024-02-29", Date{Year: 2024, Month: 2, Day: 29})
	reads(t, "20", Number{Set: true, N: 20})
	reads(t, "0", Number{Set: true})
	reads(t, "1 month", Period{N: 1, Unit: Months})
	reads(t, "within 72 hours", Period{N: 72, Unit: Hours})
	reads(t, "gdpr", RegimeRef{Regime: "gdpr"})
}

func TestReadBases(t *testing.T) {
	both := func(terms ...BasisTerm) Bases { return Bases{Given: true, Individual: terms, Business: terms} }
	reads(t, "consent", both(BasisTerm{Basis: avow.Consent}))
	reads(t, "[legitimate-interests, legal-obligation]", both(BasisTerm{Basis: avow.LegitimateInterests}, BasisTerm{Basis: avow.LegalObligation}))
	reads(t, "contract if party or asked-first", both(BasisTerm{Basis: avow.Contract, If: refsTo("party", "asked-first")}))
	reads(t, "{individual: [contract if party, consent], business: not-applicable}", Bases{Given: true, Split: true,
		Individual: []BasisTerm{{Basis: avow.Contract, If: refsTo("party")}, {Basis: avow.Consent}}, Business: []BasisTerm{{Basis: avow.NotApplicable}}})
	conditional := both(BasisTerm{Basis: avow.Consent, WhereLawAsks: true}, BasisTerm{Basis: avow.LegitimateInterests, Otherwise: true})
	reads(t, "consent where the law asks for it, otherwise legitimate-interests", conditional)
	reads(t, "{where-law-asks: consent, otherwise: legitimate-interests}", conditional)
	reads(t, "gdpr:9(2)(b)", both(BasisTerm{Law: "gdpr:9(2)(b)"}))
	reads(t, "gdpr:6(1)(f)", both(BasisTerm{Basis: avow.LegitimateInterests, Law: "gdpr:6(1)(f)"}))
	reads(t, `{law: "ttdsg:25(2)2"}`, both(BasisTerm{Law: "ttdsg:25(2)2"}))
	reads(t, `{law: "gdpr:10", if: [staff]}`, both(BasisTerm{Law: "gdpr:10", If: refsTo("staff")}))
}

func TestReadEnds(t *testing.T) {
	after := func(n int, unit Unit, event string) Until {
		return Until{Form: UntilPeriod, Period: Period{N: n, Unit: unit}, After: event}
	}
	reads(t, "30 days after collection", after(30, Days, "collection"))
	reads(t, "13 months", after(13, Months, "collection"))
	reads(t, "24 months after last-contact", after(24, Months, "last-contact"))
	reads(t, "the message is sent", Until{Form: UntilEvent, Event: "the message is sent"})
	reads(t, "as the schedule says", Until{Form: UntilSchedule})
	reads(t, "no longer needed for its purposes or by law", Until{Form: UntilNeeded})
	reads(t, "end of legal duty", Until{Form: UntilLegalDuty})
	reads(t, "for ever", Until{Form: UntilForEver})
	reads(t, "not-stated", Until{Form: UntilNotStated})
	reads(t, "{moves-to: staff-file}", Until{Form: UntilMoved, To: Ref{Name: "staff-file"}})
	reads(t, "{latest: [6 months after contract-end, end of legal duty]}", Until{Form: UntilLatest, Of: []Until{after(6, Months, "contract-end"), {Form: UntilLegalDuty}}})
	reads(t, "{turned down: 6 months after that, kept on file: {earliest: [24 months, consent withdrawn]}}", Until{Form: UntilCases, Cases: Entries[Until]{
		{Key: "turned down", Is: after(6, Months, "that")},
		{Key: "kept on file", Is: Until{Form: UntilEarliest, Of: []Until{after(24, Months, "collection"), {Form: UntilEvent, Event: "consent withdrawn"}}}}}})
}

func TestReadSharing(t *testing.T) {
	reads(t, "by-law", Safe{Given: true, AnyOf: refsTo("by-law")})
	reads(t, `[adequacy, "gdpr:49"]`, Safe{Given: true, AnyOf: refsTo("adequacy", "gdpr:49")})
	reads(t, "{any-of: [adequacy, standard-clauses]}", Safe{Given: true, AnyOf: refsTo("adequacy", "standard-clauses")})
	reads(t, "not-stated", Safe{Given: true, NotStated: true})
	reads(t, "[{sell: all}, follow-across-sites, {use-for: {marketing: [health]}}, {use-for: ads}, {transfer-outside: [EEA, Norway]}, {decide-alone: score}]", []Never{
		{Kind: NeverSell, Data: DataRefs{{All: true}}},
		{Kind: NeverFollow},
		{Kind: NeverUseFor, What: refsTo("marketing"), Data: DataRefs{{Category: "health"}}},
		{Kind: NeverUseFor, What: refsTo("ads")},
		{Kind: NeverTransferOutside, What: refsTo("EEA", "NO")},
		{Kind: NeverDecideAlone, What: refsTo("score")}})
	reads(t, "all-sources", Combine{All: true})
	reads(t, "{contact: with shops and fairs, visits: [shops]}", Combine{With: Entries[CombineWith]{{Key: "contact", Is: CombineWith{With: refsTo("shops", "fairs")}}, {Key: "visits", Is: CombineWith{With: refsTo("shops")}}}})
}

// TestPlaces checks that every part knows where it stands: structs at their key,
// values where they begin.
func TestPlaces(t *testing.T) {
	doc, ps := Parse("every_key.yaml", everyKey)
	if doc == nil {
		t.Fatal(ps)
	}
	group, _ := doc.PurposeGroups.Get("membership")
	invite, _ := group.Purposes.Get("invite")
	line := invite.Line
	if text := lineAt(everyKey, line); text != "      invite:" {
		t.Errorf("the purpose stands at line %d: %q", line, text)
	}
	if got := invite.ToSend.Pos; lineAt(everyKey, got.Line)[:got.Column+6] != "        to-send" {
		t.Errorf("its to-send stands at %v", got)
	}
	if got := invite.Reason.Pos; got != invite.Pos {
		t.Errorf("the reason written in place stands at %v, the purpose at %v", got, invite.Pos)
	}
	ref := invite.Uses[1]
	if text := lineAt(everyKey, ref.Line)[ref.Column-1:]; text != "visits]" {
		t.Errorf("the second of its data stands at %v: %q", ref.Pos, text)
	}
}

func lineAt(src []byte, n int) string {
	lines := strings.Split(string(src), "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return lines[n-1]
}
