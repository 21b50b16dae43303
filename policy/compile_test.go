package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avowhq/avow"
)

// grounds is what a purpose may rest on for individuals, act by act, as text.
func groundsText(t *testing.T, p *Policy, purpose string, act avow.Act) string {
	t.Helper()
	i, ok := p.Purpose(purpose)
	if !ok || len(p.Purposes[i].Reasons) == 0 {
		t.Fatalf("no purpose %s", purpose)
	}
	return groundNames(p, p.Purposes[i].Reasons[0].Grounds[act][avow.Individual])
}

// TestOneBasisForOneAct: what `to-…` says takes the place of the purpose's basis for that act alone.
func TestOneBasisForOneAct(t *testing.T) {
	p := load(t, replaced(t, good(t), "basis: contract\n        uses: [loans]",
		"basis: contract\n        to-collect: {basis: legal-obligation}\n        to-keep: {basis: public-task}\n        to-send: {basis: [consent, vital-interests]}\n        off-until: asked\n        uses: [loans]"), nil)
	for act, want := range map[avow.Act]string{avow.Use: "contract", avow.Combine: "contract", avow.Disclose: "contract",
		avow.Collect: "legal-obligation", avow.Keep: "public-task", avow.Send: "consent [lane 0], vital-interests"} {
		got := groundsText(t, p, "score", act)
		if act == avow.Send {
			got = strings.Replace(got, "lane 3", "lane 0", 1)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", act, got, want)
		}
	}
}

// TestArticles: a basis by its article is that basis; another article stands beside `not-stated`.
func TestArticles(t *testing.T) {
	for article, want := range map[string]avow.Basis{
		"gdpr:6(1)(b)": avow.Contract, "gdpr:6(1)(f)": avow.LegitimateInterests, "gdpr:9(2)(a)": avow.Consent, "ttdsg:25(2)2": avow.NotStated,
	} {
		p := load(t, replaced(t, good(t), "basis: contract\n        uses: [loans]", "basis: {law: \""+article+"\"}\n        object-by: [desk]\n        uses: [loans]"), nil)
		i, _ := p.Purpose("score")
		g := p.Purposes[i].Reasons[0].Grounds[avow.Use][avow.Business][0]
		if g.Basis != want || g.Law != article {
			t.Errorf("%s is %s (%s)", article, g.Basis, g.Law)
		}
	}
}

// TestReasonsInherit: what the purpose says holds for every reason that does not say otherwise.
func TestReasonsInherit(t *testing.T) {
	p := load(t, replaced(t, good(t), "basis: contract\n        uses: [loans]", `basis: contract
        uses: [loans]
        legal-claims: yes
        objection: weighed
        reasons:
          - {because: First.}
          - {because: Second., basis: legitimate-interests, uses: [contact], legal-claims: no}
          - {because: Third., basis: legitimate-interests, direct-marketing: yes, topic: points}`,
		"human-review: the desk}", "human-review: the desk}\n        object-by: [the desk]"), nil)
	i, _ := p.Purpose("score")
	r := p.Purposes[i].Reasons
	if len(r) != 3 || fieldNames(p, r[0].Fields) != "{loans notes}" || fieldNames(p, r[1].Fields) != "{contact}" {
		t.Fatalf("reasons: %+v", r)
	}
	if !r[0].LegalClaims || r[1].LegalClaims || !r[2].LegalClaims {
		t.Error("legal claims are not inherited, or not taken back")
	}
	if r[0].ObjectionLane != -1 || !r[1].Weighed || r[2].Weighed {
		t.Error("only what rests on interests is weighed, and marketing never is (gdpr:21(3))")
	}
	if r[1].ObjectionLane == r[2].ObjectionLane || p.Objections[r[2].ObjectionLane].Topic != "points" {
		t.Error("marketing has a lane of its own")
	}
}

// TestMixedWeighing: reasons that share a lane are weighed only when all of them are.
func TestMixedWeighing(t *testing.T) {
	p := load(t, replaced(t, good(t), "basis: contract\n        uses: [loans]", `basis: legitimate-interests
        uses: [loans]
        object-by: [desk]
        reasons: [{because: First., objection: weighed}, {because: Second., objection: stops}]`, "alone: yes", "alone: no"), nil)
	i, _ := p.Purpose("score")
	r := p.Purposes[i].Reasons
	if r[0].ObjectionLane != r[1].ObjectionLane || r[0].Weighed || r[1].Weighed || p.Objections[r[0].ObjectionLane].Weighed {
		t.Errorf("reasons %+v", r)
	}
}

// TestDuties: every policy has them, for all data and every act but combining.
func TestDuties(t *testing.T) {
	p := load(t, good(t), nil)
	for _, name := range Duties() {
		i, ok := p.Purpose(name)
		if !ok || p.Purposes[i].Kind != Duty || !p.Purposes[i].Declared {
			t.Fatalf("no duty %s", name)
		}
		r := p.Purposes[i].Reasons[0]
		if !r.Fields.Covers(p.declaredFields()) || len(r.Grounds[avow.Combine][avow.Individual]) != 0 || r.Grounds[avow.Send][avow.Business][0].Basis != avow.LegalObligation {
			t.Errorf("%s: %+v", name, r)
		}
		if goesOn := name == DutyAnswerRequests || name == DutyKeepProof || name == DutySuppress; r.Restricted != goesOn {
			t.Errorf("%s goes on under a restriction: %t", name, r.Restricted)
		}
	}
}

// TestDisclosuresOnly: a disclosure hands over and does nothing else.
func TestDisclosuresOnly(t *testing.T) {
	p := load(t, good(t), nil)
	i, _ := p.Purpose("by-law")
	q := p.Purposes[i]
	for act := range q.Reasons[0].Grounds {
		handsOver := avow.Act(act) == avow.Disclose || avow.Act(act) == avow.Transfer
		if (len(q.Reasons[0].Grounds[act][avow.Individual]) > 0) != handsOver {
			t.Errorf("%s by a disclosure", avow.Act(act))
		}
	}
	if q.To < 0 || p.Recipients[q.To].Name != "court" || q.ApprovedBy < 0 || q.Obligations&MustBeApproved == 0 {
		t.Errorf("disclosure %+v", q)
	}
}

func TestStanding(t *testing.T) {
	schemes := "  shield: {name: Shield, covers: [EEA], safeguard: yes, renew-by: 2027-01-01}\n  fallen: {covers: [EEA], safeguard: no}\n  lapsed: {safeguard: yes, renew-by: 2025-01-01}\n  swiss: {covers: [CH], safeguard: yes}\n"
	tests := []struct {
		safeguard string
		stands    bool
		name      string
		regions   int
	}{
		{"standard-clauses", true, "standard-clauses", 0},
		{"adequacy", false, "adequacy", 0},
		{"fallen", false, "fallen", 0},
		{"lapsed", false, "lapsed", 0},
		{"shield", true, "shield", 1},
		{"vault", true, "vault", 0},
		{"[fallen, standard-clauses]", true, "standard-clauses", 0},
		{"[shield, standard-clauses]", true, "standard-clauses", 0},
		{"[shield, swiss]", true, "shield", 2},
		{"{any-of: [fallen, lapsed]}", false, "fallen", 0},
		{"not-stated", false, "", 0},
	}
	for _, test := range tests {
		t.Run(test.safeguard, func(t *testing.T) {
			src := replaced(t, good(t), "safeguard: standard-clauses", "safeguard: "+test.safeguard, "  shield: {name: Shield, safeguard: yes, renew-by: 2027-01-01}\n", schemes)
			p := load(t, src, nil)
			i, _ := p.Recipient("press")
			if s := p.Recipients[i].Safeguard; s.Stands != test.stands || s.Name != test.name || s.Stands && len(s.Regions) != test.regions {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestSchemeProtectsWhomItCovers: a scheme that stands for some does not for others.
func TestSchemeProtectsWhomItCovers(t *testing.T) {
	scheme := "  shield: {name: Shield, covers: [EEA], safeguard: yes}\n"
	src := replaced(t, good(t), "safeguard: standard-clauses", "safeguard: shield", "  shield: {name: Shield, safeguard: yes, renew-by: 2027-01-01}\n", scheme)
	if _, ps := Load("f", []byte(src), nil); len(ps) > 0 {
		t.Errorf("people in the EEA are covered:\n%s", ps.Error())
	}
	_, ps := Load("f", []byte(replaced(t, src, "covers: [EEA]", "covers: [CH]")), nil)
	wantOne(t, ps, codeNoSafeguard, markedLine(t, src, "  press:"))
}

// TestPartsOfSources: a source inside another takes from it what it does not say.
func TestPartsOfSources(t *testing.T) {
	p := load(t, replaced(t, good(t), "lists: {title: Address lists, yields: [contact.email], bought: yes, tell-the-person: within 1 month}",
		"lists: {title: Address lists, part-of: members, bought: yes}"), nil)
	i, _ := p.FindSource("lists")
	if s := p.Sources[i]; s.TellThePerson.N != 1 || fieldNames(p, s.Yields) != "{friends}" {
		t.Errorf("%+v", s)
	}
}

// TestPartsOfCategories: who uses a category uses its parts, and a retention line of its own takes a part out of the whole's.
func TestPartsOfCategories(t *testing.T) {
	p := load(t, good(t), nil)
	whole, named, _ := p.Data("loans")
	if !named || fieldNames(p, whole) != "{loans notes}" {
		t.Errorf("loans are %s", fieldNames(p, whole))
	}
	if one, named, ok := p.Data("loans.title"); named || !ok || one.Len() != 1 {
		t.Error("one field is not a category")
	}
	i := slices.IndexFunc(p.Retention, func(r CompiledRetention) bool { return r.Name == "loans" })
	if got := fieldNames(p, p.Retention[i].Fields); got != "{loans}" {
		t.Errorf("the line of loans is about %s", got)
	}
}

// TestWhereRecipientsAre: a recipient is where it says, else where the defaults say, else nowhere that is stated.
func TestWhereRecipientsAre(t *testing.T) {
	src := replaced(t, good(t), "for: [lend, remind], in: DE", "for: [lend, remind]")
	p := load(t, src, nil)
	i, _ := p.Recipient("host")
	if r := p.Recipients[i]; !r.NotStated || len(r.Places) > 0 {
		t.Errorf("%+v", r)
	}
	p = load(t, replaced(t, src, "consents:", "defaults: {in: EU}\nconsents:"), nil)
	if r := p.Recipients[i]; r.NotStated || !slices.Equal(r.Places, []avow.Region{"EU"}) {
		t.Errorf("%+v", r)
	}
	court, _ := p.Recipient("court")
	if p.Recipients[court].NotStated && len(p.Recipients[court].Places) == 0 {
		t.Error("an authority is where its law holds")
	}
}

func TestEffective(t *testing.T) {
	p := load(t, replaced(t, good(t), "updated: 2026-01-01\n", ""), nil)
	if want := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC); !p.Effective.Equal(want) {
		t.Errorf("effective %s", p.Effective)
	}
}

// TestTheLanguageThatPrevails stands in clauses and titles.
func TestTheLanguageThatPrevails(t *testing.T) {
	text := "title: {nl: Leners, en: Lenders}\n    purposes:"
	for prevails, want := range map[string]string{"nl": "Leners", "en": "Lenders", "de": "Lenders"} {
		p := load(t, replaced(t, good(t), "title: Lending\n    purposes:", text, "consents:", "languages: {prevails: "+prevails+"}\nconsents:"), nil)
		if got := p.Clauses[p.Clause("purpose-groups.lending")].Says; got != want {
			t.Errorf("%s prevails: %s", prevails, got)
		}
	}
}

// TestBasisLeftOut: without `default-basis` a purpose without basis is not stated, and cited as such.
func TestBasisLeftOut(t *testing.T) {
	src := replaced(t, good(t), "basis: contract\n        uses: [loans]", "uses: [loans]")
	if got := groundsText(t, load(t, src, nil), "score", avow.Use); got != "not-stated" {
		t.Errorf("rests on %s", got)
	}
	p := load(t, replaced(t, src, "consents:", "default-basis: notice\nconsents:"), nil)
	if got := groundsText(t, p, "score", avow.Use); got != "notice" {
		t.Errorf("rests on %s", got)
	}
}

// TestCallerMayReuseTheBytes: a policy keeps its own copy of the source.
func TestCallerMayReuseTheBytes(t *testing.T) {
	src := readGood(t)
	p := load(t, string(src), nil)
	own, _ := Load("f", src, nil)
	src[0] = 'X'
	if !slices.Equal(own.Source, p.Source) {
		t.Error("the source changed under the policy")
	}
}

// TestEveryDecisionCanBeCited: what a decision can rest on has a clause with words and a line.
func TestEveryDecisionCanBeCited(t *testing.T) {
	p := load(t, good(t), nil)
	cite := func(what string, clause int) {
		t.Helper()
		if clause <= 0 || p.Clauses[clause].Says == "" || p.Clauses[clause].Line == 0 && !strings.HasPrefix(p.Clauses[clause].Key, "duties.") {
			t.Errorf("%s cites %+v", what, p.Clauses[max(clause, 0)])
		}
	}
	for i := range p.Purposes {
		q := &p.Purposes[i]
		cite(q.Name, q.Clause)
		for _, r := range q.Reasons {
			cite(q.Name, r.Clause)
		}
		eachGrounds(q, func(list []Ground) {
			for _, g := range list {
				cite(q.Name, g.Clause)
			}
		})
	}
	for _, r := range p.Recipients {
		cite(r.Name, r.Clause)
	}
	for _, r := range p.Roles {
		cite(r.Name, r.Clause)
	}
	for _, r := range p.Retention {
		cite(r.Name, r.Clause)
	}
	for _, key := range []string{"changes", "signals.dnt", "signals.gpc", "combine.contact", "never.sell", "never.identify-people-from", "cookies.choice", "consents.letter"} {
		cite(key, p.Clause(key))
	}
}
